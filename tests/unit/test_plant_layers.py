"""What is written by API over the applied plant files (S-54): the newest word wins, by the file's own readers."""

import json
from datetime import date, timedelta

from oee.config import laying
from oee.config.layers import ALWAYS_US, Applied, Word, faults_of, layered
from oee.config.plant import load_plant_text, read_plant

FILE = """\
version: 1
plant: {id: p, timezone: UTC}
calendars:
  default:
    shifts: {early: {start: "06:00", end: "14:00"}, late: {start: "14:00", end: "22:00"}}
    week: {mon: [early, late]}
    exceptions: [{date: 2026-03-02, closed: true}, {date: 2026-03-09, closed: true}]
products:
  A: {ideal_cycle_s: 10}
lines:
  one:
    calendar: default
    targets: {oee: 0.7}
    machines:
      m: {signals: {state: {profile: packml}, good: {}}}
"""


def file(number: int, effective_us: int = ALWAYS_US, source: str = FILE) -> Applied:
    return Applied(number, effective_us, source, load_plant_text(source, "p"))


def word(number: int, kind, name: str, body, effective_us: int = ALWAYS_US, *, after: int = 1, date: str = "") -> Word:
    return Word(number, after, kind, name, json.dumps(body), effective_us, date)


def exception(number: int, date: str, *said, after: int = 1) -> Word:
    return word(number, "exception", "default", [{"date": date, **e} for e in said], after=after, date=date)


def oee_targets(files, words):
    return [(since, plant.lines["one"].targets.oee) for _, since, plant in layered(files, words)]


def test_s54_without_words_the_files_stand_as_they_are():
    one = file(1)
    assert layered([one], []) == ((1, ALWAYS_US, one.plant),)


def test_s54_targets_are_in_force_from_their_instant_on():
    words = [word(1, "targets", "one", {"oee": 0.8}, 100), word(2, "targets", "one", {"oee": 0.9}, 50)]
    assert oee_targets([file(1)], words) == [(ALWAYS_US, 0.7), (50, 0.9), (100, 0.8)]


def test_s54_a_file_that_repeats_itself_takes_nothing_back_and_one_that_says_otherwise_does():
    words = [word(1, "targets", "one", {"oee": 0.8}, 100)]
    renamed = file(2, 200, FILE.replace("id: p", "id: q"))
    assert oee_targets([file(1), renamed], words)[-1] == (200, 0.8)
    other = file(3, 300, FILE.replace("oee: 0.7", "oee: 0.6"))
    again = file(4, 400, FILE.replace("oee: 0.7", "oee: 0.6"))
    assert oee_targets([file(1), renamed, other, again], words)[-2:] == [(300, 0.6), (400, 0.6)]


def test_s33_an_exception_holds_in_every_configuration_and_replaces_the_dates_own():
    later = file(2, 500, FILE.replace("oee: 0.7", "oee: 0.6"))
    found = layered([file(1), later], [exception(1, "2026-03-02", {"shifts": ["late"]}, after=2)])
    for _, _, plant in found:
        said = {str(e.date): e.shifts for e in plant.calendars["default"].exceptions}
        assert said == {"2026-03-09": None, "2026-03-02": ("late",)}
    lifted = layered([file(1)], [exception(1, "2026-03-02")])[0][2]
    assert [str(e.date) for e in lifted.calendars["default"].exceptions] == ["2026-03-09"]
    withdrawn = Word(1, 1, "exception", "default", "null", date="2026-03-02")
    assert layered([file(1)], [withdrawn])[0][2] == file(1).plant


def test_s33_a_newer_file_wins_on_the_dates_of_which_it_says_something_new():
    listed = FILE.replace("{date: 2026-03-09, closed: true}", "{date: 2026-03-09, shifts: [early]}")
    words = [exception(1, day, {"shifts": ["late"]}) for day in ("2026-03-02", "2026-03-09")]
    before, after = layered([file(1), file(2, 10, listed)], words)
    for (_, _, plant), expected in ((before, ("late",)), (after, ("early",))):
        said = {str(e.date): e.shifts for e in plant.calendars["default"].exceptions}
        assert said == {"2026-03-02": ("late",), "2026-03-09": expected}


def test_s33_an_exception_that_a_later_file_has_no_shift_for_has_no_effect_there():
    without = FILE.replace(', late: {start: "14:00", end: "22:00"}', "").replace("[early, late]", "[early]")
    found = layered([file(1), file(2, 10, without)], [exception(1, "2026-03-16", {"shift": "late", "cancelled": True})])
    counts = [len(plant.calendars["default"].exceptions) for _, _, plant in found]
    assert counts == [3, 2]


def test_s12_a_products_cycle_is_resolved_by_the_files_readers():
    (_, _, plant), (_, _, later) = layered([file(1)], [word(1, "product", "A", {"ideal_cycle_s": 4}, 100)])
    assert (plant.lines["one"].machines["m"].ideal_cycle_s, later.lines["one"].machines["m"].ideal_cycle_s) == (10, 4)
    at_machine = {"ideal_cycle_s": 4, "machines": {"one/m": {"ideal_rate_per_h": 1200}}}
    ((_, _, plant),) = layered([file(1)], [word(1, "product", "A", at_machine)])
    assert plant.lines["one"].machines["m"].ideal_cycle_s == 3


def test_s12_a_new_product_does_not_change_what_machines_make_by_default():
    ((_, _, plant),) = layered([file(1)], [word(1, "product", "B", {"name": "Bee", "ideal_cycle_s": 3})])
    machine = plant.lines["one"].machines["m"]
    assert (machine.product, machine.ideal_cycle_s, plant.products["B"].name) == ("A", 10, "Bee")
    none = file(1, source=FILE.replace("products:\n  A: {ideal_cycle_s: 10}\n", ""))
    ((_, _, plant),) = layered([none], [word(1, "product", "B", {"ideal_cycle_s": 3})])
    machine = plant.lines["one"].machines["m"]
    assert (machine.product, machine.ideal_cycle_s) == (None, None)


def test_s54_equal_parts_of_configurations_are_the_same_objects():
    found = layered([file(1), file(2, 10, FILE + "# again\n")], [word(1, "targets", "one", {"oee": 0.8}, 100)])
    assert len({id(plant.calendars["default"]) for _, _, plant in found}) == 1


def test_s54_one_more_word_costs_one_reading_however_many_there_are(monkeypatch):
    read: list[int] = []

    def counted(root, faults):
        read.append(1)
        return read_plant(root, faults)

    monkeypatch.setattr(laying, "read_plant", counted)
    words = [word(n, "product", "A", {"ideal_cycle_s": 1 + n}, 1000 + n) for n in range(400)]
    days = [str(date(2027, 1, 4) + timedelta(weeks=n)) for n in range(40)]
    closed = [exception(400 + n, day, {"closed": True}) for n, day in enumerate(days)]
    found = layered([file(1)], [*words[:-1], *closed])
    assert [p.lines["one"].machines["m"].ideal_cycle_s for _, _, p in found] == [10, *range(1, 400)]
    assert {tuple(str(e.date) for e in p.calendars["default"].exceptions[2:]) for _, _, p in found} == {tuple(days)}
    count = len(read)
    assert count <= 401  # each step, the calendars, and the file alone
    layered([file(1)], [*words, *closed])
    assert len(read) == count + 1


def test_s33_an_exception_that_runs_into_that_of_the_day_before_has_no_effect():
    night = FILE.replace('end: "22:00"}', 'end: "22:00"}, night: {start: "22:00", end: "07:00"}')
    words = [exception(1, "2026-03-03", {"shifts": ["night"]}), exception(2, "2026-03-04", {"shifts": ["early"]})]
    ((_, _, plant),) = layered([file(1, source=night)], words)
    assert [str(e.date) for e in plant.calendars["default"].exceptions] == ["2026-03-02", "2026-03-09", "2026-03-03"]


def test_faults_are_told_by_their_place_in_what_was_written():
    one = file(1)
    moved = {"shift": "early", "start": "7", "end": "15:00"}
    ((path, what),) = faults_of(one, [], exception(1, "2026-03-02", {"closed": True, "name": "x"}, moved))[:1]
    assert path == ("[1]", "start")
    assert "HH:MM" in what
    assert faults_of(one, [], word(1, "targets", "one", {"oee": 75}))[0][0] == ("oee",)
    ((path, _),) = faults_of(one, [], word(1, "product", "A", {"machines": {"one/m": {"ideal_cycle_s": -1}}}))
    assert path == ("machines", "one/m", "ideal_cycle_s")
    assert faults_of(one, [], exception(1, "2026-03-02", {"closed": True})) == []
