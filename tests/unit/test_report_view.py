"""View models: ribbon, hour board, loss bridge and downtime close, unknown is never zero."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from pages_fixture import PagesSource
from pages_plant import NOW_US, ZONE, at

from oee.model import Category, Elements, ProductOutput, Segment, ShiftInstance, ShiftResult, Stop, WindowResult
from oee.report import figures as f
from oee.report.kpi import result_ratios
from oee.report.live import line_now
from oee.report.losses import bridge
from oee.report.measures import Measure
from oee.report.overview import overview
from oee.report.view import ShiftView, report_view, shift_view

LINES = ("filling-1", "filling-2", "filling-3", "canning-1", "packing-1", "packing-2")
EARLY = ("2026-11-18", "early")


def results(line: str) -> list[ShiftResult]:
    source = PagesSource()
    live = source.current(line)
    assert live is not None
    return [live, source.shift(line, *EARLY), source.shift(line, "2026-11-18", "late")]


def view(line: str = "filling-2") -> ShiftView:
    return shift_view(results(line)[0], PagesSource().plant())


def with_elements(result: ShiftResult, **changes: object) -> ShiftResult:
    window = result.window
    return replace(result, window=replace(window, elements=replace(window.elements, **changes)))


@pytest.mark.parametrize("line", LINES)
def test_ribbon_tiles_what_has_elapsed_and_the_legend_closes(line: str) -> None:
    for result in results(line):
        ribbon = shift_view(result, PagesSource().plant()).ribbon
        assert ribbon.stretches[0].x == 0
        assert all(a.end_us == b.start_us for a, b in pairwise(ribbon.stretches))
        end = ribbon.stretches[-1].x + ribbon.stretches[-1].width
        assert end == pytest.approx(100 if ribbon.now_x is None else ribbon.now_x, abs=0.002)
        assert sum(row.share for row in ribbon.legend) == 1000
        assert sum(row.tenths for row in ribbon.legend) == ribbon.total_tenths
        assert sum(s.tenths for s in ribbon.stretches) == ribbon.total_tenths


def test_states_look_as_they_are_no_data_is_hatched_a_break_is_a_gap() -> None:
    fills = {s.kind.word: s.kind.fill for s in view().ribbon.stretches}
    assert fills["No data"] == "none"
    assert fills["Break"] == "break"
    assert fills["Changeover"] == "change"
    assert fills["Planned stop"] == "plan"
    assert view().ribbon.coming[0].label.startswith("Break 12:00")


def test_neighbours_that_look_alike_are_one_stretch() -> None:
    result = results("filling-1")[0]
    run = result.window.segments[1]
    middle = (run.start_us + run.end_us) // 2
    halves = (replace(run, end_us=middle, state="6"), replace(run, start_us=middle, state="16"))
    segments = (result.window.segments[0], *halves, *result.window.segments[2:])
    split = replace(result, window=replace(result.window, segments=segments))
    plant = PagesSource().plant()
    assert shift_view(split, plant).ribbon == shift_view(result, plant).ribbon


def test_an_open_stop_reads_so_far() -> None:
    last = view().ribbon.stretches[-1]
    assert last.ends == "so far"
    assert last.label == "Down: No reason, 11:35\u201311:42, 6.4\u00a0min so far"


@pytest.mark.parametrize("line", LINES)
def test_hour_board_adds_up_to_the_shift(line: str) -> None:
    for result in results(line):
        board = shift_view(result, PagesSource().plant()).board
        begun = [row for row in board.rows if row.phase != "todo"]
        assert sum(row.target or 0 for row in begun) == board.target == f.rounded(result.target_good_count or 0)
        assert sum(row.good or 0 for row in begun) == board.good == result.window.elements.good_count
        assert sum(row.stopped_tenths or 0 for row in begun) == board.stopped_tenths
        assert begun[-1].sum_delta == board.delta
        assert board.delta in (None, (board.good or 0) - (board.target or 0))


def test_the_running_hour_asks_only_for_its_elapsed_part() -> None:
    rows = view().board.rows
    now = next(row for row in rows if row.phase == "now")
    assert (now.start_us, now.end_us, now.target) == (at("2026-11-19T11:00"), NOW_US, 2856)
    assert [(row.target, row.good) for row in rows if row.phase == "todo"] == [(2040, None), (4080, None)]


def closes(result: ShiftResult) -> None:
    steps = bridge(result).steps
    level, pieces = steps[0].tenths, steps[0].pieces
    for step in steps[1:]:
        if step.level:
            assert (step.tenths, step.pieces) == (level, pieces)
        else:
            level += step.tenths
            pieces = None if pieces is None or step.pieces is None else pieces + step.pieces


@pytest.mark.parametrize("line", LINES)
def test_loss_bridge_closes_in_minutes_and_pieces(line: str) -> None:
    for result in results(line):
        closes(result)
        last = bridge(result).steps[-1]
        assert (last.label, last.pieces) == ("Fully productive time", result.window.elements.good_count)


def test_bridge_shows_speed_above_the_ideal_as_a_gain_and_still_closes() -> None:
    result = results("filling-1")[1]
    output = result.window.elements.output[0]
    fast = with_elements(result, output=(replace(output, ideal_cycle_us=(output.ideal_cycle_us or 0) * 2),))
    closes(fast)
    speed = next(s for s in bridge(fast).steps if s.label == "Reduced speed")
    assert speed.tenths > 0
    assert 0 <= speed.x <= 100


def test_bridge_ends_where_knowledge_ends() -> None:
    result = results("filling-2")[1]
    blind = replace(result, window=replace(result.window, quality_known=False))
    closes(blind)
    assert bridge(blind).steps[-1].label == "Net run time"
    assert "rejects" in bridge(blind).note
    cycleless = replace(result, window=replace(result.window, ideal_known=False))
    closes(cycleless)
    assert bridge(cycleless).steps[-1].label == "Short stops"
    assert "ideal cycle" in bridge(cycleless).note


def test_downtime_names_the_share_without_a_reason() -> None:
    table = view().downtime
    assert sum(d.share for d in table.top) + (table.rest.share if table.rest else 0) == 1000
    assert sum(d.tenths for d in table.top) == table.total.tenths
    assert table.unexplained is not None
    assert (table.unexplained.reason, table.unexplained.tenths, table.unexplained.count) == ("No reason", 173, 2)


def test_long_stops_count_from_ten_minutes_on_with_their_whole_length() -> None:
    start, end = at("2026-11-19T05:40"), at("2026-11-19T06:05")
    result = results("filling-2")[0]
    carried = Stop(start, end, Category.UNPLANNED_STOP, None, end - start, 5 * f.US_PER_MIN)
    stops = (carried, *result.window.stops)
    shown = shift_view(replace(result, window=replace(result.window, stops=stops)), PagesSource().plant()).long_stops
    assert (shown[0].tenths, shown[0].in_shift_tenths) == (250, 50)
    assert all(s.tenths > 100 for s in shown)


def test_shown_indicators_are_the_ratios_of_the_result() -> None:
    result = results("filling-2")[0]
    derived = result_ratios(result)
    for measure in view().measures:
        assert measure.value == f.ratio_tenths(getattr(derived, measure.name))
    availability = view().measures[0]
    assert (availability.low, availability.high) == (764, 776)


@pytest.mark.parametrize(
    ("elements", "known", "why"),
    [
        (Elements(calendar_us=60, excluded_us=60), {}, "no planned time"),
        (Elements(calendar_us=60, no_data_us=60), {}, "no data"),
        (Elements(calendar_us=60, run_us=60), {"quality_known": False}, "rejects unknown"),
        (Elements(calendar_us=60, run_us=60), {"ideal_known": False}, "ideal cycle missing"),
        (Elements(), {}, "just begun"),
    ],
)
def test_a_missing_oee_is_a_dash_with_its_reason(elements: Elements, known: dict[str, bool], why: str) -> None:
    result = results("filling-1")[0]
    window = WindowResult(result.window.start_us, result.window.end_us, elements, **known)
    shown = shift_view(replace(result, window=window), PagesSource().plant()).measures[3]
    assert (shown.text, shown.why, shown.delta, shown.bad) == ("\u2013", why, None, False)


def test_nothing_good_made_in_known_planned_time_is_zero_and_not_a_dash() -> None:
    result = results("filling-1")[0]
    window = WindowResult(
        result.window.start_us, result.window.end_us, Elements(calendar_us=6 * 10**8, unplanned_stop_us=6 * 10**8)
    )
    shown = shift_view(replace(result, window=window), PagesSource().plant()).measures[3]
    assert (shown.text, shown.why) == ("0.0", "")


def test_red_is_kept_for_a_miss_beyond_the_tolerance() -> None:
    assert not Measure("oee", "OEE", 830, 850).bad
    assert Measure("oee", "OEE", 829, 850).bad
    assert not Measure("good", "Good", 980, 1000, percent=False).bad
    assert Measure("good", "Good", 979, 1000, percent=False).bad


def test_performance_above_100_is_told_raw_and_its_bar_ends_at_100() -> None:
    measure = Measure("performance", "Performance", 1042, 950)
    assert (measure.text, measure.bullet.bar, measure.delta_text) == ("104.2", 100.0, "+9.2\u00a0pp")


def test_who_needs_help_comes_first() -> None:
    source = PagesSource()
    plant = source.plant()
    live = [r for i in plant.lines if (r := source.current(i)) is not None]
    shown = overview(source.moments(), plant, source.now_us(), "help")
    words = [(line.line_id, line.state.kind.word) for line in shown.lines]
    assert words == [
        ("filling-2", "Down"),
        ("canning-1", "No data"),
        ("packing-1", "Starved or blocked"),
        ("filling-3", "Changeover"),
        ("packing-2", "Running"),
        ("filling-1", "Running"),
    ]
    by_name = overview(source.moments(), plant, source.now_us(), "name")
    assert [line.name for line in by_name.lines] == sorted(line.name for line in plant.lines.values())
    sums = sum((r.window.elements for r in live), Elements())
    assert shown.oee == f.ratio_tenths(result_ratios(replace(live[0], window=WindowResult(0, 0, sums))).oee)


@pytest.mark.parametrize("line", LINES)
def test_a_tile_says_what_the_line_page_says(line: str) -> None:
    source = PagesSource()
    plant = source.plant()
    tile = next(t for t in overview(source.moments(), plant, source.now, "help").lines if t.line_id == line)
    now = line_now(plant, source.state(line), source.current(line), source.now)
    assert now.shift is not None
    measures = {m.name: m for m in now.shift.measures}
    assert (tile.oee, tile.good) == (measures.pop("oee"), now.shift.output.good)
    assert tile.others == tuple(measures.values())
    assert (tile.state, tile.need, tile.age_s, tile.products) == (
        now.state,
        now.need,
        now.age_s,
        now.shift.product_words,
    )
    assert (tile.coverage, tile.unexplained) == (now.shift.quality.coverage, len(now.shift.unexplained))
    top = now.shift.losses.top[0]
    assert tile.top_loss == (top.reason, top.tenths)


def test_no_part_in_the_first_seconds_is_no_percentage() -> None:
    source = PagesSource()
    live = results("filling-1")[0]
    begun = replace(live, window=replace(live.window, elements=Elements(calendar_us=9_000_000, run_us=9_000_000)))
    shown = {m.name: m for m in shift_view(begun, source.plant()).measures}
    assert [(shown[n].value, shown[n].why) for n in ("oee", "performance")] == [(None, "no part yet")] * 2
    assert shown["availability"].value == 1000
    later = replace(begun, window=replace(begun.window, elements=Elements(calendar_us=10**8, run_us=10**8)))
    assert shift_view(later, source.plant()).measures[3].value == 0
    assert result_ratios(begun).oee == 0


def test_a_silent_source_is_named_with_its_last_answer() -> None:
    source = PagesSource()
    state = source.state("canning-1")
    now = line_now(source.plant(), state, source.current("canning-1"), source.now_us())
    assert now.banners[0].head == "Data is 33 minutes old."
    assert "last answered at 11:08:24" in now.banners[0].text
    never = line_now(source.plant(), replace(state, alive_us=None), None, source.now_us())
    assert never.banners[0].head == "No data yet."
    assert never.empty.startswith("No figures yet.")


def test_a_line_without_data_is_compared_with_nothing() -> None:
    shown = shift_view(results("canning-1")[0], PagesSource().plant())
    assert (shown.output.good.text, shown.output.good.delta, shown.output.good.bullet.gap) == ("76,851", None, None)
    assert (shown.output.efficiency, shown.board.delta) == (None, None)
    now = next(row for row in shown.board.rows if row.phase == "now")
    assert (now.delta, now.sum_delta) == (None, None)
    assert shown.board.rows[0].delta is not None


def test_off_time_says_when_the_next_shift_starts() -> None:
    source = PagesSource(at("2026-11-19T23:10"))
    coming = next(i for i in source.instances("filling-1", source.now, source.now + 10**11) if i.planned)
    now = line_now(source.plant(), source.state("filling-1"), source.current("filling-1"), source.now, coming)
    assert now.empty == "No shift is scheduled now. Early shift starts at 06:00 on Fri 20 Nov."
    assert now.shift is not None
    assert {s.kind.fill for s in now.shift.ribbon.stretches} == {"off"}


def test_a_stop_that_crosses_the_end_of_a_closed_shift_goes_on_and_is_not_so_far() -> None:
    result = results("filling-2")[1]
    end_us, stop = result.window.end_us, result.window.stops[-1]
    crossing = replace(stop, start_us=end_us - 16 * f.US_PER_MIN, end_us=None, length_us=25 * f.US_PER_MIN)
    last = replace(result.window.segments[-1], open=True)
    window = replace(
        result.window,
        stops=(*result.window.stops[:-1], crossing),
        segments=(*result.window.segments[:-1], last),
    )
    shown = shift_view(replace(result, window=window), PagesSource().plant())
    assert shown.stops[-1].span == "13:44\u201314:00, goes on"
    assert shown.ribbon.stretches[-1].label.endswith("14:00, 9.0\u00a0min, goes on")
    live = shift_view(results("filling-2")[0], PagesSource().plant())
    assert live.stops[-1].span == "11:35\u2013so far"


def test_silence_is_counted_from_the_last_proof_of_life_whatever_the_calendar_put_between() -> None:
    source = PagesSource()
    state = source.state("canning-1")
    proven, after_break = at("2026-11-19T08:30"), at("2026-11-19T09:15")
    cut = replace(state, since_us=after_break, alive_us=proven)
    now = line_now(source.plant(), cut, source.current("canning-1"), source.now_us())
    assert (now.state.until, now.state.clock) == ("08:30", f.running_clock(source.now_us() - proven))
    assert now.need[1] == proven
    yesterday = replace(cut, alive_us=proven - 24 * f.US_PER_H)
    before = line_now(source.plant(), yesterday, source.current("canning-1"), source.now_us())
    assert before.state.until == "Wed 18 Nov, 08:30"
    unmapped = replace(state, since_us=after_break, alive_us=source.now_us())
    assert line_now(source.plant(), unmapped, None, source.now_us()).state.until == "09:15"


def test_off_time_names_no_reason_of_its_own_and_what_was_made_in_it() -> None:
    source = PagesSource(at("2026-11-19T23:10"))
    state, current = replace(source.state("filling-1"), reason="off"), source.current("filling-1")
    assert current is not None
    made = with_elements(current, unscheduled=(ProductOutput("ORANGE", Fraction(750_000), 1207, 1207, 0),))
    now = line_now(source.plant(), state, made, source.now)
    assert now.state.reason == ""
    assert now.empty == "No shift is scheduled now. 1,207 pieces were made in this time all the same."


def test_lanes_of_a_pooled_line_are_named_and_not_numbered() -> None:
    source = PagesSource()
    result = results("filling-1")[1]
    segments = tuple(replace(s, machine="m") for s in result.window.segments)
    pooled = replace(result, window=replace(result.window, segments=segments))
    plant = source.plant()
    (name, stretches) = shift_view(pooled, plant).ribbon.lanes[0]
    assert name == plant.lines["filling-1"].machines["m"].name != "m"
    assert {s.machine for s in stretches} == {name}


def test_an_autumn_night_of_nine_hours_has_its_axis_and_its_length() -> None:
    start, end = at("2026-10-24T22:00"), at("2026-10-25T06:00")
    assert end - start == 9 * f.US_PER_H
    instance = ShiftInstance("filling-1", "2026-10-24", "night", start, end)
    elements = Elements(calendar_us=end - start, run_us=end - start)
    result = replace(
        results("filling-1")[1],
        instance=instance,
        window=WindowResult(start, end, elements, (Segment(start, end, Category.RUN),)),
        hours=(),
    )
    shown = shift_view(result, PagesSource().plant())
    assert shown.head.length == "9\u00a0h\u00a000\u00a0min"
    texts = [m.text for m in shown.ribbon.marks]
    assert texts[3:7] == ["01:00", "02:00\u00a0CEST", "02:00\u00a0CET", "03:00"]
    two = at("2026-10-25T01:00") + f.US_PER_H
    night = [f.span(two + n * f.US_PER_H, two + (n + 1) * f.US_PER_H, ZONE) for n in (-1, 0, 1, 2)]
    assert night == [
        "01:00\u201302:00\u00a0CEST",
        "02:00\u00a0CEST\u201302:00\u00a0CET",
        "02:00\u00a0CET\u201303:00",
        "03:00\u201304:00",
    ]
    words = report_view(result, PagesSource().plant()).zone_words
    assert words == "CEST (UTC+02:00), at its end UTC+01:00"


def test_report_compares_with_the_same_shift_before_and_names_the_cause() -> None:
    source = PagesSource()
    now, before = source.shift("filling-2", *EARLY), source.shift("filling-2", "2026-11-17", "early")
    report = report_view(now, source.plant(), source.revisions("filling-2", *EARLY), before)
    assert report.comparisons[0].measure.name == "oee"
    assert report.comparisons[0].before == "Tue 17 Nov 69.3, 0.0\u00a0pp"
    assert report.cause.startswith("Revision 2 replaces revision 1 of 14:05, Wed 18 Nov. Cause: 60 parts of scrap")
    assert report.without_reason == "Without a reason: 2 stops, 28.7\u00a0min, 48.5\u00a0% of downtime."


def test_parts_outside_planned_time_stand_beside_the_products() -> None:
    result = with_elements(results("filling-2")[1], unscheduled=(ProductOutput("ORANGE", Fraction(750_000), 7, 7, 0),))
    shown = shift_view(result, PagesSource().plant())
    assert shown.quality.unscheduled_count == 7
    assert sum(line.total for line in shown.products) == result.window.elements.total_count


def test_fixture_itself_is_consistent() -> None:
    for line in LINES:
        for result in results(line):
            segments, e = result.window.segments, result.window.elements
            assert segments[0].start_us == result.window.start_us
            assert segments[-1].end_us == result.window.end_us
            assert e.calendar_us == result.window.end_us - result.window.start_us
            assert sum((h.elements for h in result.hours), Elements()).total_count == e.total_count
    assert f.local(NOW_US, ZONE).hour == 11


def test_bridge_closes_over_work_in_process() -> None:
    """S-40: 1000 parts were made, 900 found good and 40 bad; the other 60 are neither yet."""
    result = results("filling-1")[1]
    output = replace(
        result.window.elements.output[0], total_count=1000, good_count=900, reject_count=40, rework_count=0
    )
    counted = with_elements(result, output=(output,), counted_apart=True)
    closes(counted)
    steps = {s.label: s for s in bridge(counted).steps}
    assert steps["Work in process"].pieces == -60
    assert steps["Production rejects"].pieces == -40
    assert steps["Fully productive time"].pieces == 900
    assert steps["Net run time"].pieces == 1000
