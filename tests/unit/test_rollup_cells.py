"""S-13, S-40: cells of a counting machine, booked in the constraint's time."""

from __future__ import annotations

from oee.kernels.counting import rebook
from oee.kernels.products import ProductRun
from oee.model import Cell

S_US = 1_000_000


def cell(start_s: int, end_s: int, good: int, reject: int = 0, product: str | None = "own") -> Cell:
    return Cell(start_s * S_US, end_s * S_US, good + reject, good, reject, 0, product, "own order")


def test_s12_parts_are_of_the_product_and_order_that_the_constraint_makes() -> None:
    runs = [ProductRun(0, "A", "1"), ProductRun(60 * S_US, "B", "2", change=True)]
    found = rebook([cell(0, 60, 5), cell(60, 120, 7)], [0], runs)
    assert [(c.product, c.order, c.good_count) for c in found] == [("A", "1", 5), ("B", "2", 7)]


def test_s40_a_constraint_that_says_no_product_has_its_own_for_all() -> None:
    assert [(c.product, c.order) for c in rebook([cell(0, 60, 5)], [0], [])] == [(None, None)]


def test_s13_a_cell_is_cut_where_the_constraint_changes_and_no_part_is_lost() -> None:
    found = rebook([cell(0, 60, 10, 1)], [0, 20 * S_US, 50 * S_US, 60 * S_US], [ProductRun(50 * S_US, "B", None)])
    assert [(c.start_us // S_US, c.end_us // S_US, c.product) for c in found] == [
        (0, 20, None),
        (20, 50, None),
        (50, 60, "B"),
    ]
    assert [(c.total_count, c.good_count, c.reject_count) for c in found] == [(3, 3, 0), (5, 5, 0), (3, 2, 1)]


def test_s09_a_cell_that_takes_parts_back_stays_whole_in_sum() -> None:
    found = rebook([cell(0, 60, -1, 1)], [0, 30 * S_US], [])
    assert (sum(c.good_count for c in found), sum(c.reject_count for c in found)) == (-1, 1)
    assert all(c.total_count == c.good_count + c.reject_count for c in found)
