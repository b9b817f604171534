"""How figures are written: shown parts add to the shown whole, unknown is a dash, minus is U+2212."""

from __future__ import annotations

from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oee.report import figures as f

BERLIN = ZoneInfo("Europe/Berlin")
parts = st.lists(st.fractions(min_value=-1000, max_value=1000, max_denominator=10_000), max_size=30)


@given(parts, st.sampled_from([Fraction(1), Fraction(1, 10), Fraction(6_000_000)]))
def test_shown_parts_add_to_the_shown_whole(values: list[Fraction], unit: Fraction) -> None:
    shown = f.apportion(values, unit)
    assert sum(shown) == f.rounded(sum(values, Fraction(0)), unit)
    assert all(abs(n - value / unit) < 1 for n, value in zip(shown, values, strict=True))


def test_largest_remainder_gets_the_missing_unit() -> None:
    assert f.apportion([Fraction("33.4"), Fraction("33.4"), Fraction("33.2")]) == [34, 33, 33]
    assert f.apportion([Fraction(1, 2)] * 3) == [1, 1, 0]


@given(st.lists(st.integers(min_value=0, max_value=10**12), min_size=1, max_size=20))
def test_shares_close_at_100_0_percent(values: list[int]) -> None:
    assert sum(f.shares(values)) == (1000 if sum(values) else 0)


def test_halves_round_away_from_zero_so_that_loss_and_gain_look_alike() -> None:
    assert (f.rounded(Fraction(5, 2)), f.rounded(Fraction(-5, 2))) == (3, -3)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (f.pieces(26027), "26,027"),
        (f.pieces(-3972), "\u22123,972"),
        (f.pieces(None), "\u2013"),
        (f.tenths(773), "77.3"),
        (f.tenths(-127), "\u221212.7"),
        (f.tenths(None), "\u2013"),
        (f.minutes(0), "0"),
        (f.minutes(4), "0.4"),
        (f.signed("79"), "+79"),
        (f.signed("\u221279"), "\u221279"),
        (f.signed("0"), "0"),
        (f.signed("\u2013"), "\u2013"),
        (f.running_clock(384_000_000), "6:24"),
        (f.running_clock(8_820_000_000), "2:27:00"),
        (f.length(8 * f.US_PER_H), "8\u00a0h\u00a000\u00a0min"),
        (f.production_day("2026-11-19"), "Thu 19 Nov 2026"),
    ],
)
def test_figures_are_written_as_the_design_says(shown: str, text: str) -> None:
    assert shown == text


def test_zone_labels_say_what_holds_at_that_instant() -> None:
    winter, summer = 1_763_500_000_000_000, 1_751_500_000_000_000
    assert (f.zone_label(winter, BERLIN), f.zone_label(summer, BERLIN)) == ("CET", "CEST")
    assert f.utc_offset(summer, BERLIN) == "UTC+02:00"
    assert f.zone_label(winter, ZoneInfo("America/Sao_Paulo")) == "UTC\u221203:00"
