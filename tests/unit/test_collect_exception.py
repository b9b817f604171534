"""Report by exception, event time (R11) and proof of life."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Reading, TagSpec
from oee.collect.clock import SKEW_LIMIT_US, event_time
from oee.collect.endpoint import ConnectorPlan, EndpointHealth, PlannedTag
from oee.collect.exception import ExceptionFilter, TagRole
from oee.collect.readings import ReadingLog
from oee.spool import SpoolAlive, SpoolSample

SECOND = 1_000_000
BAD = 0x8000_0000
KEY = "line/machine/signal"


def _reading(value, at, *, source=None, server=None, status=0, key=KEY):
    return Reading(key, None if status & BAD else value, status, source, server, at)


def _feed(role, readings):
    log = ExceptionFilter(role)
    out = [log.samples(r, event_time(r).ts_us, r.receive_ts_us) for r in readings]
    return [[(s.ts_us, s.value) for s in samples] for samples in out]


def test_r11_an_old_source_time_counts():
    old = 10**15 - 30 * 86_400_000_000
    assert event_time(_reading(1, 10**15, source=old, server=10**15)) == (old, False)


def test_a_server_that_stamps_unwritten_values_with_1601_dates_nothing_back() -> None:
    ancient = -11_644_473_600_000_000
    assert event_time(_reading(1, 10**15, source=ancient, server=10**15)) == (10**15, True)


def test_r11_a_device_clock_beyond_the_limit_gives_receive_time_and_the_flag():
    now = 10**15
    for error in (SKEW_LIMIT_US, -SKEW_LIMIT_US):
        assert event_time(_reading(1, now, source=now - 5, server=now + error)) == (now - 5, False)
    for error in (SKEW_LIMIT_US + 1, -SKEW_LIMIT_US - 1):
        assert event_time(_reading(1, now, source=now - 5, server=now + error)) == (now, True)


def test_r11_the_future_and_an_unknown_clock_give_receive_time_and_the_flag():
    assert event_time(_reading(1, 100, source=101, server=100)) == (100, True)
    assert event_time(_reading(1, 100, source=50)) == (100, True)


def test_a_protocol_without_time_has_receive_time_unflagged():
    assert event_time(_reading(1, 100)) == (100, False)


def test_values_are_stored_when_they_change():
    polls = [_reading(v, t) for t, v in enumerate([4, 4, 4, 6, 6, 4], start=1)]
    assert _feed(TagRole.VALUE, polls) == [[(1, 4)], [], [], [(4, 6)], [], [(6, 4)]]


def test_a_counter_that_stood_is_closed_at_its_last_unchanged_poll():
    polls = [_reading(v, t) for t, v in enumerate([4, 4, 4, 6, 7], start=1)]
    assert _feed(TagRole.COUNTER, polls) == [[(1, 4)], [], [], [(3, 4), (4, 6)], [(5, 7)]]


def test_a_closing_sample_never_comes_behind_its_change_though_the_devices_clock_is_behind():
    polls = [
        _reading(4, 1 * SECOND, source=1 * SECOND, server=1 * SECOND),
        _reading(4, 9 * SECOND, source=1 * SECOND, server=9 * SECOND),
        _reading(5, 10 * SECOND, source=7 * SECOND, server=7 * SECOND),
    ]
    assert _feed(TagRole.COUNTER, polls)[2] == [(7 * SECOND - 1, 4), (7 * SECOND, 5)]


def test_s11_two_values_at_one_instant_the_later_gets_a_microsecond_more():
    polls = [_reading(v, t, source=s, server=t) for v, s, t in [(1, 50, 100), (2, 150, 200), (3, 150, 300)]]
    assert _feed(TagRole.VALUE, polls)[1:] == [[(150, 2)], [(151, 3)]]


def test_a_first_reading_is_stored_when_it_arose_and_as_holding_now():
    assert _feed(TagRole.VALUE, [_reading(6, 500, source=20, server=500)]) == [[(20, 6), (500, 6)]]
    assert _feed(TagRole.DELTA, [_reading(6, 500, source=20, server=500)]) == [[(20, 6)]]


def test_bad_with_an_old_source_time_does_not_unmake_the_good_time_before_it():
    polls = [
        _reading(6, 100, source=90, server=100),
        _reading(6, 200, source=90, server=200),
        _reading(6, 300, source=90, server=300, status=BAD),
        _reading(6, 400, source=90, server=400),
    ]
    assert _feed(TagRole.VALUE, polls) == [[(90, 6), (100, 6)], [], [(300, None)], [(400, 6)]]


def test_another_code_of_the_same_class_is_no_news():
    polls = [_reading(6, 100, status=BAD), _reading(6, 200, status=BAD | 0x00310000), _reading(6, 300)]
    assert _feed(TagRole.VALUE, polls) == [[(100, None)], [], [(300, 6)]]


def test_s8_the_same_delta_at_another_time_counts_again():
    polls = [_reading(5, t, source=s, server=t) for s, t in [(10, 100), (10, 200), (250, 300)]]
    assert _feed(TagRole.DELTA, polls) == [[(10, 5)], [], [(250, 5)]]


_POLLS = st.lists(st.tuples(st.integers(0, 3), st.integers(-50, 0), st.booleans()), min_size=1, max_size=40)


@given(_POLLS, st.sampled_from(list(TagRole)))
def test_stored_times_rise_and_the_last_one_holds_the_current_value(polls, role):
    log = ExceptionFilter(role)
    stored = []
    for n, (value, age, is_bad) in enumerate(polls, start=1):
        now = 100 + 10 * n
        reading = _reading(value, now, source=now + age, server=now, status=BAD if is_bad else 0)
        stored += log.samples(reading, event_time(reading).ts_us, reading.receive_ts_us)
        assert (stored[-1].value, stored[-1].status) == (reading.value, reading.status)
    times = [sample.ts_us for sample in stored]
    assert times == sorted(set(times))


@given(st.lists(st.integers(0, 3), min_size=2, max_size=40))
def test_s7_a_counters_line_through_its_samples_meets_every_poll(rises):
    """What was read at each poll is what interpolation between the stored samples gives there."""
    log = ExceptionFilter(TagRole.COUNTER)
    total, read, stored = 0, {}, []
    for n, rise in enumerate(rises, start=1):
        total += rise
        read[n * 10] = total
        stored += log.samples(_reading(total, n * 10), n * 10, n * 10)
    known = [(s.ts_us, s.value) for s in stored]
    for at, value in read.items():
        before = max(k for k in known if k[0] <= at)
        after = [k for k in known if k[0] >= at]
        assert before[1] == value
        assert not after or after[0][1] >= value


def _log():
    tags = tuple(
        PlannedTag(f"l/{m}/{s}", f"l/{m}", TagSpec(f"l/{m}/{s}", "")) for m in ("a", "b") for s in ("state", "good")
    )
    return ReadingLog(ConnectorPlan("plc", "x", {}, 1.0, 1.0, tags), EndpointHealth("plc", "x"))


def _poll(at, bad=()):
    return [
        _reading(1, at, key=f"l/{m}/{s}", status=BAD if m in bad else 0) for m in ("a", "b") for s in ("state", "good")
    ]


def test_life_is_proved_between_two_polls_and_never_across_a_gap():
    log = _log()

    def life(records):
        return [(r.from_us, r.through_us, r.machines) for r in records if isinstance(r, SpoolAlive)]

    assert life(log.polled(_poll(10), 10)) == [(10, 10, ("l/a", "l/b"))]
    assert life(log.polled(_poll(20), 20)) == [(10, 20, ("l/a", "l/b"))]
    assert life(log.polled(_poll(30, bad=("b",)), 30)) == [(20, 30, ("l/a",))]
    assert life(log.polled(_poll(40), 40)) == [(30, 40, ("l/a",)), (40, 40, ("l/b",))]
    assert life(log.missed(50, "off")) == [(50, 50, ())]
    assert life(log.polled(_poll(60), 60)) == [(60, 60, ("l/a", "l/b"))]
    assert life(log.polled(_poll(70, bad=("a", "b")), 70)) == [(70, 70, ())]


def test_r14_the_watermark_comes_behind_the_samples_of_its_poll():
    records = _log().polled(_poll(10), 10)
    kinds = [type(record) for record in records]
    assert kinds == [SpoolSample] * 4 + [SpoolAlive]
