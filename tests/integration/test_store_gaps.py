"""R4 in the database: a gap is opened with the batch that tells of it, and closed by the one that brings life."""

from __future__ import annotations

import pytest

from oee.spool import SpoolAlive, SpoolGap, SpoolSample
from oee.store.gaps import DataGap, gaps
from oee.store.life import NOT_RUNNING
from oee.store.master import Master
from oee.store.samples import SampleStore

T0 = 1_772_000_000_000_000
S = 1_000_000
M = "l/m"


def _alive(start, end, machine=M, source="plc"):
    return SpoolAlive(source, T0 + start * S, T0 + end * S, (machine,))


def _gap(at, reason, machine=M):
    return SpoolGap("plc", T0 + at * S, (machine,), reason)


@pytest.fixture
def told(db):
    """Write batches of life and gaps; return what the database tells of the machine, in seconds."""

    def write(*batches, start=-1000, end=1000):
        store = SampleStore(db)
        for batch in batches:
            alive = [r for r in batch if isinstance(r, SpoolAlive)]
            store.write([], alive, [r for r in batch if isinstance(r, SpoolGap)])
        with db.transaction() as conn:
            found = gaps(conn, Master(db).ids().machines["l", "m"], T0 + start * S, T0 + end * S)
        return [((g.from_us - T0) / S, None if g.to_us is None else (g.to_us - T0) / S, g.reason) for g in found]

    return write


HISTORY = ([_alive(0, 10), _alive(10, 20)], [_gap(20, "off")], [_alive(60, 60)], [_alive(60, 70)])


def test_a_gap_lasts_until_life_returns(told):
    assert told(*HISTORY[:2]) == [(20, None, "off")]
    assert told(*HISTORY[2:]) == [(20, 60, "off")]


@pytest.mark.parametrize("count", range(1, 5))
def test_r2_writing_batches_again_changes_nothing(told, count):
    again = told(*HISTORY, *HISTORY[-count:])
    assert again == [(20, 60, "off")]


def test_all_of_it_in_one_batch_is_the_same(told):
    assert told([record for batch in HISTORY for record in batch]) == [(20, 60, "off")]


def test_a_machine_that_was_never_alive_has_an_open_gap_from_the_start_on(told):
    assert told([_gap(5, "off")], [_gap(9, "still off")]) == [(5, None, "off")]


def test_a_collector_that_was_killed_left_a_gap(told):
    assert told([_alive(0, 20)], [_alive(90, 95)]) == [(20, 90, NOT_RUNNING)]


def test_a_collector_that_comes_back_to_a_dead_device_leaves_two(told):
    assert told([_alive(0, 20)], [_gap(90, "off")], [_alive(95, 99)]) == [(20, 90, NOT_RUNNING), (90, 95, "off")]


def test_a_collector_killed_within_a_gap_does_not_end_it(told):
    assert told([_alive(0, 20), _gap(20, "off")], [_gap(90, "off now")], [_alive(95, 99)]) == [(20, 95, "off")]


def test_a_restart_within_two_intervals_is_none(told):
    assert told([_alive(0, 20)], [_alive(22, 30)]) == []
    slow = SpoolAlive("plc", T0 + 60 * S, T0 + 60 * S, (M,), interval_us=20 * S)
    assert told([slow]) == []


def test_life_without_a_past_has_no_gap_before_it(told):
    assert told([_alive(0, 20)]) == []


def test_sources_and_machines_have_gaps_of_their_own(told):
    assert told([_alive(0, 20), _alive(0, 20, source="other"), _alive(0, 20, "l/n")], [_gap(20, "off")]) == [
        (20, None, "off")
    ]
    assert told([_alive(20, 60, source="other"), _alive(20, 60, "l/n")]) == [(20, None, "off")]


def test_a_clock_that_is_set_back_leaves_no_gap_open_and_none_of_negative_length(told):
    assert told([_alive(0, 100)], [_gap(100, "off")], [_alive(50, 50), _alive(50, 150)]) == []


def test_only_gaps_that_reach_into_the_window_are_told(told):
    assert told(*HISTORY, [_gap(70, "on")], start=60, end=70) == []
    assert told(start=59, end=60) == [(20, 60, "off")]
    assert told(start=70, end=71) == [(70, None, "on")]


def test_a_gap_that_fails_with_its_batch_is_not_there(db):
    store = SampleStore(db)
    with pytest.raises(Exception, match="NUL"):
        store.write([SpoolSample("l/m/fault", T0, "\0", 0)], [], [_gap(0, "off")])
    with db.transaction() as conn:
        assert gaps(conn, Master(db).ids().machines["l", "m"], 0, T0 + S) == []
    store.write([], [], [_gap(0, "off")])
    with db.transaction() as conn:
        assert [type(g) for g in gaps(conn, Master(db).ids().machines["l", "m"], 0, T0 + S)] == [DataGap]
