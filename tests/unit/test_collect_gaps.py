"""R4: who is not collected is told of, from its last proof of life on and with the reason; what publications prove."""

from __future__ import annotations

import pytest

from connectors import status
from connectors.base import Batch, Reading, TagSpec
from oee.collect.endpoint import ConnectorPlan, EndpointHealth, PlannedTag
from oee.collect.exception import TagRole
from oee.collect.losses import Losses
from oee.collect.readings import ReadingLog
from oee.spool import Spool, SpoolAlive, SpoolGap, SpoolLoss, SpoolSample
from oee.store.gaps import LOST

S = 1_000_000
BAD = status.BAD_DEVICE_FAILURE
KEYS = [f"l/{m}/{s}" for m in ("a", "b") for s in ("state", "good")]


def _log(mode="poll"):
    roles = {"state": TagRole.VALUE, "good": TagRole.COUNTER}
    tags = tuple(PlannedTag(k, k.rpartition("/")[0], TagSpec(k, ""), roles[k.rpartition("/")[2]]) for k in KEYS)
    return ReadingLog(ConnectorPlan("plc", "x", {}, 1.0, 1.0, tags, mode), EndpointHealth("plc", "x"))


def _reading(key, value, at, *, source=None, code=0):
    return Reading(key, None if code & 0x80000000 else value, code, source, None if source is None else at, at)


def _poll(at, bad=(), code=BAD):
    return [_reading(k, 1, at, code=code if k.split("/")[1] in bad else 0) for k in KEYS]


def _batch(through, received, **values):
    """A publication of l/a's tags: values as (source time, value), or StatusCodes that are Bad."""
    readings = [
        _reading(f"l/a/{name}", v[1], received, source=v[0])
        if isinstance(v, tuple)
        else _reading(f"l/a/{name}", None, received, code=v)
        for name, v in values.items()
    ]
    return Batch(tuple(readings), through, received)


def _gaps(records):
    return [(r.from_us, r.machines, r.reason) for r in records if isinstance(r, SpoolGap)]


def _life(records):
    return [(r.from_us, r.through_us, r.machines) for r in records if isinstance(r, SpoolAlive)]


def _samples(records):
    return [(r.ts_us, r.value) for r in records if isinstance(r, SpoolSample)]


def test_a_lost_connection_is_one_gap_of_all_its_machines_from_the_last_poll_on():
    log = _log()
    log.polled(_poll(10), 10)
    log.polled(_poll(20), 20)
    assert _gaps(log.missed(35, "no connection")) == [(20, ("l/a", "l/b"), "no connection")]
    assert _gaps(log.missed(40, "still none")) == []
    assert _gaps(log.polled(_poll(60), 60)) == []
    assert _gaps(log.missed(70, "again")) == [(60, ("l/a", "l/b"), "again")]


def test_a_device_that_is_off_at_the_start_is_a_gap_from_the_first_attempt_on():
    assert _gaps(_log().missed(5, "off")) == [(5, ("l/a", "l/b"), "off")]


@pytest.mark.parametrize("code", [status.BAD_DEVICE_FAILURE, status.BAD_TIMEOUT])
def test_a_machine_without_any_good_value_is_a_gap_of_its_own(code):
    log = _log()
    log.polled(_poll(10), 10)
    name = {status.BAD_DEVICE_FAILURE: "BadDeviceFailure", status.BAD_TIMEOUT: "BadTimeout"}[code]
    assert _gaps(log.polled(_poll(20, ("b",), code), 20)) == [(10, ("l/b",), f"no value is Good ({name})")]
    assert _gaps(log.polled(_poll(30, ("b",)), 30)) == []
    assert _gaps(log.missed(40, "off")) == [(30, ("l/a",), "off")]


def test_one_bad_value_among_good_ones_is_no_gap():
    log = _log()
    readings = [_reading(k, 1, 10, code=BAD if k == "l/a/state" else 0) for k in KEYS]
    assert _gaps(log.polled(readings, 10)) == []


def test_the_gap_stands_before_the_watermark_that_passes_it():
    kinds = [type(r) for r in _log().missed(5, "off")]
    assert kinds == [SpoolGap, SpoolAlive]


def test_a_collector_that_stood_still_proves_no_life_for_that_time():
    log = _log()
    log.polled(_poll(10 * S), 10 * S)
    late = log.polled(_poll(12 * S), 12 * S)
    assert (_gaps(late), _life(late)) == ([], [(10 * S, 12 * S, ("l/a", "l/b"))])
    records = log.polled(_poll(60 * S), 60 * S)
    assert _gaps(records) == [(12 * S, ("l/a", "l/b"), "no poll: the collector stood still")]
    assert _life(records) == [(60 * S, 60 * S, ("l/a", "l/b"))]


def test_a_publication_proves_life_up_to_its_watermark_and_no_further():
    log = _log("subscribe")
    first = log.published(_batch(10 * S, 11 * S, state=(3 * S, 6), good=(9 * S, 4)))
    assert _samples(first) == [(3 * S, 6), (10 * S, 6), (9 * S, 4), (10 * S, 4)]
    assert _life(first) == [(10 * S, 10 * S, ("l/a",))]
    kept = log.published(Batch((), 12 * S, 14 * S))
    assert _life(kept) == [(10 * S, 12 * S, ("l/a",))]
    assert _samples(kept) == []
    assert _gaps(kept) == [(12 * S, ("l/b",), "no value has come")]


def test_a_machine_that_is_good_again_is_alive_from_then_on_once_that_is_sure():
    log = _log("subscribe")
    log.published(_batch(10 * S, 10 * S, state=(3 * S, 6)))
    assert _gaps(log.published(_batch(12 * S, 14 * S, state=BAD)))[0] == (
        10 * S, ("l/a",), "no value is Good (BadDeviceFailure)"
    )  # fmt: skip
    assert _life(log.published(_batch(15 * S, 17 * S, state=(16 * S, 6)))) == [(15 * S, 15 * S, ())]
    assert _life(log.published(Batch((), 18 * S, 20 * S))) == [(17 * S, 18 * S, ("l/a",))]


def test_s7_a_counter_that_stood_is_closed_at_the_last_keep_alive_before_its_change():
    log = _log("subscribe")
    log.published(_batch(10 * S, 10 * S, good=(9 * S, 4)))
    log.published(Batch((), 20 * S, 22 * S))
    log.published(Batch((), 30 * S, 32 * S))
    moved = log.published(_batch(31 * S, 33 * S, good=(31_500_000, 5)))
    assert _samples(moved) == [(30 * S, 4), (31_500_000, 5)]


def test_s7_the_closing_value_never_comes_after_the_change_though_the_devices_clock_is_behind():
    log = _log("subscribe")
    log.published(_batch(10 * S, 10 * S, good=(9 * S, 4)))
    log.published(Batch((), 30 * S, 32 * S))
    moved = log.published(_batch(31 * S, 33 * S, good=(29 * S, 5)))
    assert _samples(moved) == [(29 * S - 1, 4), (29 * S, 5)]


def test_s7_a_counter_is_not_said_to_have_stood_across_a_lost_connection():
    log = _log("subscribe")
    log.published(_batch(10 * S, 10 * S, good=(9 * S, 4)))
    log.published(Batch((), 20 * S, 22 * S))
    log.missed(40 * S, "off")
    log.published(Batch((), 60 * S, 60 * S))
    moved = log.published(_batch(60 * S, 61 * S, good=(50 * S, 90)))
    assert _samples(moved) == [(20 * S, 4), (50 * S, 90)]


def test_several_values_of_one_publication_keep_their_times():
    log = _log("subscribe")
    log.published(_batch(10 * S, 10 * S, state=(3 * S, 6)))
    readings = [_reading("l/a/state", v, 12 * S, source=at) for at, v in ((11 * S, 10), (11_200_000, 6))]
    assert _samples(log.published(Batch(tuple(readings), 11 * S, 12 * S))) == [(11 * S, 10), (11_200_000, 6)]


def test_a_change_in_the_publication_that_brings_the_first_value_keeps_its_time():
    log = _log("subscribe")
    readings = [_reading("l/a/state", v, 12 * S, source=at) for at, v in ((3 * S, 6), (11 * S, 10))]
    assert _samples(log.published(Batch(tuple(readings), 10 * S, 12 * S))) == [(3 * S, 6), (10 * S, 6), (11 * S, 10)]


def test_values_that_a_server_dropped_are_counted():
    health = EndpointHealth("plc", "x")
    tag = PlannedTag("l/a/state", "l/a", TagSpec("l/a/state", ""))
    log = ReadingLog(ConnectorPlan("plc", "x", {}, 1.0, 1.0, (tag,), "subscribe"), health)
    log.published(Batch((_reading("l/a/state", 1, 5, code=0x480), _reading("l/a/state", 2, 6)), 5, 6))
    assert health.overflows_count == 1


def test_r7_records_lost_on_the_disk_are_a_gap_of_every_endpoint_and_prove_no_life(tmp_path):
    def alive(name, start, end):
        return SpoolAlive(name, start, end, (f"l/{name}",))

    kept = [alive("a", 0, 10), alive("b", 0, 10), alive("a", 10, 20)]
    lost = SpoolSample("l/a/state", 25, "LOST", 0)
    after = [alive("a", 20, 30), alive("b", 10, 30), alive("a", 30, 40), alive("b", 30, 40)]
    with Spool.open(tmp_path) as spool:
        spool.append_batch([*kept, lost, *after])
        spool.commit()
    [segment] = tmp_path.glob("*.seg")
    data = segment.read_bytes()
    segment.write_bytes(data.replace(b"LOST", b"LAST"))
    with Spool.open(tmp_path) as spool:
        records, _ = spool.read(100)
        assert spool.damaged_count == 1
    told = Losses().told(records)
    assert told[:3] == kept
    assert _gaps(told) == [(20, ("l/a",), LOST), (10, ("l/b",), LOST)]
    assert _life(told[3:]) == [(30, 30, ("l/a",)), (30, 30, ("l/b",)), (30, 40, ("l/a",)), (30, 40, ("l/b",))]


def test_what_nothing_was_lost_of_passes_as_it_is():
    records = [SpoolGap("a", 5, ("l/a",), "off"), SpoolAlive("a", 6, 6, ()), SpoolSample("l/a/state", 7, 1, 0)]
    assert Losses().told(records) == records
    assert Losses().told([SpoolLoss(), *records]) == records
