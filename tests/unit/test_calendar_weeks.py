"""Weeks and months of production days (S-41): Monday first, inclusive bounds."""

from datetime import date

import pytest

from oee.calendar import month_of, week_of


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 8)),
        (date(2026, 3, 8), date(2026, 3, 2), date(2026, 3, 8)),
        (date(2027, 1, 1), date(2026, 12, 28), date(2027, 1, 3)),
    ],
)
def test_week_of_a_production_day_is_its_iso_week_s41(day: date, first: date, last: date) -> None:
    assert week_of(day) == (first, last)


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2024, 2, 29), date(2024, 2, 1), date(2024, 2, 29)),
        (date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_month_of_a_production_day_s41(day: date, first: date, last: date) -> None:
    assert month_of(day) == (first, last)
