"""S-54, S-51: a reason is what the tree in force at the stop makes of it, and a change of the tree is rehearsed."""

from pathlib import Path

from corrections_fixture import DAY_US, PLANT, Corrected, at, stop_at

from oee.compute.master_data import rehearse_apply
from oee.compute.service import mark_again
from oee.store.database import Database
from oee.store.master import Master
from oee.store.times import from_us

STOPPED = (
    "06:00 state RUN",
    "06:00 good 0",
    "07:40 state DOWN",
    "07:50 state RUN",
    "10:00 good 3600",
    "10:00 state RUN",
)


def tree(name: str, category: str) -> str:
    return PLANT + f"  - {{code: NEW, name: {name}, category: {category}}}\n"


class Plant(Corrected):
    """A stop in a shift before the reason NEW was known, which it was given after: a planned stop."""

    def __init__(self, db: Database, folder: Path) -> None:
        super().__init__(db, folder, "12:00")
        self.rows(*STOPPED)
        self.apply("planned_stop")
        assert self.say(stop_at("07:40"), reason="NEW")["category"] == "planned_stop"

    def apply(self, category: str, since: str | None = None) -> None:
        effective = None if since is None else from_us(at(since))
        assert Master(self.db).apply(tree(category, category), effective, self.now_us)
        self.restart()
        self.compute.recompute()

    def rehearsed(self, category: str, since: str) -> list[str]:
        found = rehearse_apply(self.db, tree(category, category), at(since), self.now_us)
        return [s.after.instance.name for s in found.shifts]


def test_s54_a_later_tree_does_not_change_what_a_reason_made_of_stops_before_it(db: Database, tmp_path: Path) -> None:
    plant = Plant(db, tmp_path)
    before = plant.documents()
    plant.now_us = at("13:00")
    plant.apply("external_stop")
    mark_again(db, ["line-1"], DAY_US, at("23:00"))
    plant.compute.recompute()
    assert plant.documents() == before
    assert plant.shift("early")["elements"]["planned_stop_s"] == 600


def test_s54_a_tree_that_reaches_back_revises_and_a_rehearsal_tells_which_shifts(db: Database, tmp_path: Path) -> None:
    plant = Plant(db, tmp_path)
    plant.now_us = at("13:00")
    for since, told, category in (("09:00", [], "planned"), ("01:00", ["early"], "external")):
        count = len(plant.revisions())
        assert plant.rehearsed("external_stop", since) == told
        plant.apply("external_stop", since)
        assert len(plant.revisions()) == count + len(told)
        assert plant.shift("early")["elements"][f"{category}_stop_s"] == 600
        mark_again(db, ["line-1"], DAY_US, at("23:00"))
        plant.compute.recompute()
        assert len(plant.revisions()) == count + len(told)
