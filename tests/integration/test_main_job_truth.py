"""The whole main job over real sockets, judged by the simulators' own account of what their machines did."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby, pairwise

import pytest
from main_job import bench_simulators, iso, kpi, micros, module_database, served

from connectors.base import system_clock_us
from oee.collect.collector import run_collector
from oee.collect.endpoint import CollectorHealth
from oee.collect.plan import collection_plan
from oee.compute.service import ComputeService
from oee.config.plant import load_plant
from oee.store.database import Database
from oee.store.master import Master
from oee.store.samples import SampleStore
from simulators.opcua_server import TICK_S
from simulators.packml import Mode, State, simple_state
from simulators.truth import parts_between, parts_until, states_between

SECONDS = 26.0
INTERVAL_S = 0.25
SEED = 10  # its first half minute has faults, an abort, short stops and lacks of material on both machines
LINES = {"mixer": "mixing-line", "stamper": "stamping-line"}
SOURCE = {"mixer": "plc_opcua", "stamper": "plc_modbus"}
IDEAL_S = {"mixer": 0.3, "stamper": 0.4}
SMALL_STOP_MAX_US = 2_000_000  # of the bench's plant file
SLACK_US = 300_000  # a Modbus value is that of an instant between the request and its answer, on a busy computer


class Polls:
    """The real store; notes when each endpoint's polls came in."""

    def __init__(self, store):
        self._store = store
        self.at_us = defaultdict(list)

    def write(self, samples, alive, gaps, skews):
        self._store.write(samples, alive, gaps, skews)
        for record in alive:
            if record.machines:
                self.at_us[record.connector].append(record.through_us)

    def longest_us(self, source):
        """The longest time between two polls: what a transition can be seen late by."""
        return max(after - before for before, after in pairwise(self.at_us[source]))


@dataclass
class Run:
    """What is left of one run of the main job."""

    truth: object
    polls: Polls
    samples: dict = field(default_factory=dict)
    window_us: dict = field(default_factory=dict)
    items: dict = field(default_factory=dict)
    intervals: dict = field(default_factory=dict)
    shift: dict = field(default_factory=dict)
    report: dict = field(default_factory=dict)
    page: dict = field(default_factory=dict)


@pytest.fixture(scope="module")
def database(server, template):
    with module_database(server, template) as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def run(database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("truth")
    with Database(database) as db:
        store = Polls(SampleStore(db))
        with bench_simulators(folder, SEED) as bench:
            (folder / "plant.yaml").write_text(bench.plant(INTERVAL_S), encoding="utf-8")
            asyncio.run(_main_job(db, folder, store))
        found = Run(bench.truth(), store)
        for machine, line in LINES.items():
            found.samples[machine] = _samples(db, machine)
            instants = [ts for signal in ("good", "reject", "total") for ts, _ in found.samples[machine][signal]]
            found.window_us[machine] = min(instants), max(ts for ts, _ in found.samples[machine]["total"])
            assert min(instants) == min(ts for ts, _ in found.samples[machine]["total"]), line
        ComputeService(db).tick()  # live results of one instant, which readers take for some seconds
        with served(database) as client:
            _ask(client, found)
    return found


async def _main_job(db, folder, store):
    """Collect and compute at the same time, as `oee run` does."""
    plant = load_plant(folder / "plant.yaml")
    Master(db).apply((folder / "plant.yaml").read_text(encoding="utf-8"), None, system_clock_us())
    stop, service, health = asyncio.Event(), ComputeService(db), CollectorHealth()
    collecting = asyncio.create_task(
        run_collector(collection_plan(plant), folder / "spool", store, clock=system_clock_us, stop=stop, health=health)
    )
    end = asyncio.get_running_loop().time() + SECONDS
    while asyncio.get_running_loop().time() < end:
        await asyncio.to_thread(service.tick)
        await asyncio.sleep(1.0)
    stop.set()
    await collecting
    assert {e.state for e in health.endpoints.values()} == {"up"}
    assert all(e.reconnects_count == e.clock_skew_count == 0 for e in health.endpoints.values())
    assert health.spool_damaged_count == 0
    await asyncio.to_thread(service.tick)


def _samples(db, machine):
    """Stored samples per signal: (time [µs], value) in order."""
    with db.transaction() as conn:
        rows = conn.execute(
            "SELECT t.signal, (extract(epoch FROM s.ts) * 1000000)::bigint, s.value FROM sample s "
            "JOIN tag t USING (tag_id) JOIN machine m USING (machine_id) WHERE m.id = %s AND s.quality = 0 "
            "ORDER BY t.signal, s.ts",
            (machine,),
        ).fetchall()
    return {signal: [(ts, value) for _, ts, value in group] for signal, group in groupby(rows, key=lambda row: row[0])}


def _ask(client, found):
    for machine, line in LINES.items():  # the running shift first, all within the seconds that a live result is taken
        now = system_clock_us()
        found.shift[machine] = client.get(
            "/api/v1/kpis",
            params={"line": line, "from": iso(now - 5 * 3_600_000_000), "to": iso(now), "group_by": "shift"},
        ).json()["items"][-1]
        item = found.shift[machine]
        place = f"lines/{line}/shifts/{item['production_date']}/{item['shift']}"
        found.report[machine] = client.get(f"/api/v1/{place}/report", params={"format": "json"}).json()
        found.page[machine] = {name: client.get(name).text for name in (f"/lines/{line}", f"/{place}", "/")}
    for machine, line in LINES.items():
        start, end = found.window_us[machine]
        found.items[machine] = kpi(client, line, start, end)
        answer = client.get(f"/api/v1/lines/{line}/intervals", params={"from": iso(start), "to": iso(end)})
        found.intervals[machine] = answer.json()["items"]


def _shown(machine, change):
    """What the machine's state signal says in a state of the truth."""
    return str(change.state if machine == "mixer" else simple_state(change.state, change.mode))


def _true_states(run, machine):
    """(from, to, shown state) over the window, neighbours different."""
    stretches = [(a, b, _shown(machine, c)) for a, b, c in states_between(run.truth, machine, *run.window_us[machine])]
    groups = (list(group) for _, group in groupby(stretches, key=lambda s: s[2]))
    return [(group[0][0], group[-1][1], group[0][2]) for group in groups]


def _late_us(run, machine):
    """What one transition can be seen late by: a poll interval as it was, and the OPC UA device's own refresh."""
    return run.polls.longest_us(SOURCE[machine]) + (round(2 * TICK_S * 1e6) if machine == "mixer" else 0)


def test_the_polls_kept_their_interval(run):
    for source in SOURCE.values():
        assert len(run.polls.at_us[source]) > 0.8 * SECONDS / INTERVAL_S
        assert run.polls.longest_us(source) < 4 * INTERVAL_S * 1e6


@pytest.mark.parametrize("signal", ["good", "reject", "total"])
def test_opcua_samples_show_the_true_count_at_their_source_time(run, signal):
    stored = run.samples["mixer"][signal]
    assert len(stored) >= 3
    for ts, value in (stored[0], stored[-1]):
        assert value == getattr(parts_until(run.truth, "mixer", ts), signal)
    late = round(2 * TICK_S * 1e6) + SLACK_US  # samples that close a pause carry the time of the poll that proved it
    for ts, value in stored:
        least = getattr(parts_until(run.truth, "mixer", max(ts - late, run.truth.start_us)), signal)
        assert least <= value <= getattr(parts_until(run.truth, "mixer", ts), signal)


@pytest.mark.parametrize("signal", ["good", "reject", "total"])
def test_modbus_samples_show_the_count_of_an_instant_between_request_and_answer(run, signal):
    stored = run.samples["stamper"][signal]
    assert len(stored) >= 3
    for ts, value in stored:
        least = getattr(parts_until(run.truth, "stamper", max(ts - SLACK_US, run.truth.start_us)), signal)
        assert least <= value <= getattr(parts_until(run.truth, "stamper", ts), signal)


@pytest.mark.parametrize("machine", LINES)
def test_parts_between_the_first_and_the_last_sample_are_exact(run, machine):
    (start, first), (end, last) = run.samples[machine]["total"][0], run.samples[machine]["total"][-1]
    elements = run.items[machine]["elements"]
    assert elements["total_count"] == last - first > 30
    assert elements["no_data_count"] == elements["unscheduled_count"] == 0
    assert elements["good_count"] + elements["reject_count"] == elements["total_count"]
    if machine == "mixer":
        true = parts_between(run.truth, machine, start, end)
        assert (elements["total_count"], elements["good_count"], elements["reject_count"]) == true
        return
    most = parts_between(run.truth, machine, max(start - SLACK_US, run.truth.start_us), end)
    least = parts_between(run.truth, machine, start, end - SLACK_US)
    for signal in ("total", "good", "reject"):
        assert getattr(least, signal) <= elements[f"{signal}_count"] <= getattr(most, signal)


@pytest.mark.parametrize("machine", LINES)
def test_each_states_time_is_within_one_poll_interval_per_transition(run, machine):
    true_us, edges, known_us = defaultdict(int), defaultdict(int), defaultdict(int)
    stretches = _true_states(run, machine)
    for start, end, state in stretches:
        true_us[state] += end - start
    for (_, _, left), (_, _, entered) in pairwise(stretches):
        edges[left] += 1
        edges[entered] += 1
    for item in run.intervals[machine]:
        known_us[item["state"]] += micros(item["end"]) - micros(item["start"])
    start, end = run.window_us[machine]
    assert sum(known_us.values()) == sum(true_us.values()) == end - start
    assert len(stretches) >= 4
    assert known_us.keys() <= true_us.keys()  # a state shorter than a poll may be missed, none is invented
    for state, true in true_us.items():
        assert abs(known_us[state] - true) <= edges[state] * _late_us(run, machine), state


@pytest.mark.parametrize("machine", LINES)
def test_oee_is_as_exact_as_the_counts_and_availability_as_the_transitions(run, machine):
    """OEE = ideal × good / K, and K is the whole window, as nothing of it is unknown: no poll interval enters.

    So for OPC UA OEE equals the truth's; for Modbus it may be off by the parts of one request at each end.
    A = 1 - (long standstills) / K. Each edge of a standstill is seen late by at most L, so its length is off by L at
    most; one whose length lies within L of the limit for small stops may be judged the other way, whole.
    """
    item, (start, end) = run.items[machine], run.window_us[machine]
    window_s, late = (end - start) / 1e6, _late_us(run, machine)
    assert item["coverage"] == 1.0
    slack = 0 if machine == "mixer" else 2 * (SLACK_US / (IDEAL_S[machine] * 1e6) + 1)
    true_good = parts_between(run.truth, machine, start, end).good
    assert abs(item["oee"] - IDEAL_S[machine] * true_good / window_s) <= IDEAL_S[machine] * slack / window_s + 1e-12
    assert item["oee"] == pytest.approx(item["availability"] * item["performance"] * item["quality"], rel=1e-12)

    stills = _standstills(run, machine)
    long_us = sum(b - a for a, b in stills if b - a > SMALL_STOP_MAX_US)
    doubtful_us = sum(b - a for a, b in stills if abs(b - a - SMALL_STOP_MAX_US) <= late)
    bound = (len(stills) * late + doubtful_us) / (end - start)
    assert abs(item["availability"] - (1 - long_us / (end - start))) <= bound
    assert bound < 0.5, "the bound would let anything pass"


def _standstills(run, machine):
    """Stretches of the truth in which the machine does not execute; no planned stop is among them."""
    stretches = states_between(run.truth, machine, *run.window_us[machine])
    assert all(c.mode == Mode.PRODUCE for *_, c in stretches), "this seed has no changeover in its first half minute"
    groups = groupby(stretches, key=lambda s: s[2].state == State.EXECUTE)
    found = [list(group) for executes, group in groups if not executes]
    return [(group[0][0], group[-1][1]) for group in found]


@pytest.mark.parametrize("machine", LINES)
def test_api_report_and_pages_show_the_same_numbers(run, machine):
    item, report = run.shift[machine], run.report[machine]
    assert item["status"] == "live"
    assert report["kpi"] == item
    assert item["elements"]["total_count"] == run.items[machine]["elements"]["total_count"]
    assert report["header"]["shift"] == item["shift"]
    assert sum(hour["elements"]["total_count"] for hour in report["hours"]) == item["elements"]["total_count"]
    for place, page in run.page[machine].items():
        words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
        shown = ("oee",) if place == "/" else ("availability", "performance", "quality", "oee")
        for name in shown:
            assert f" {item[name] * 100:.1f} % " in words, (place, name)
        assert f" {item['elements']['good_count']} " in words, place
