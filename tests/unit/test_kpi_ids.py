"""S-53: the id of any item is read back for what it names, however lines, machines and products are called."""

from __future__ import annotations

from datetime import date

import pytest

from oee.compute.kpi_ids import StoredId, SumId, WindowId, read_kpi_id
from oee.compute.stored import DAY, MONTH, WEEK
from oee.errors import NotFoundError
from oee.store.results import kpi_id

PLANT = [("line-1", "m"), ("line-1", "m-2"), ("line-1-m", "x"), ("7", "0")]


@pytest.mark.parametrize("wanted", [StoredId(12, 0, 3), StoredId(12, 4, None)])
def test_s53_ids_of_shifts(wanted: StoredId) -> None:
    assert read_kpi_id(kpi_id(wanted.instance_id, wanted.machine_id, wanted.revision), PLANT) == wanted


@pytest.mark.parametrize(
    ("text", "line", "machine", "day", "period"),
    [
        ("line-1-line-2026-03-02", "line-1", None, date(2026, 3, 2), DAY),
        ("line-1-m-2-2026-W10", "line-1", "m-2", date(2026, 3, 2), WEEK),
        ("line-1-m-x-2026-03", "line-1-m", "x", date(2026, 3, 1), MONTH),
    ],
)
def test_s53_ids_of_sums(text: str, line: str, machine: str | None, day: date, period: object) -> None:
    assert read_kpi_id(text, PLANT) == SumId(line, machine, day, period)


@pytest.mark.parametrize(
    ("rest", "key"),
    [("", None), ("-product-A/B 3-4", "product"), ("-order-2026-03", "order"), ("-product-\n", "product")],
)
def test_s53_ids_of_windows(rest: str, key: str | None) -> None:
    assert read_kpi_id(f"line-1-line-1000-2000{rest}", PLANT) == WindowId("line-1", None, 1000, 2000, key)


@pytest.mark.parametrize(
    "text",
    ["", "live", "1-2-", "line-1-line-2000-1000", "line-1-m-2026-W54", "line-2-line-2026-03-02", "1-99999999999-1"],
)
def test_s53_what_is_no_id_is_told(text: str) -> None:
    with pytest.raises(NotFoundError, match="there are no figures with the id"):
        read_kpi_id(text, PLANT)
