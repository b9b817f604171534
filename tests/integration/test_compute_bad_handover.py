"""S-28, S-54: a state that is Bad when a new configuration takes force stays unknown; the value before it is past."""

from __future__ import annotations

import pytest
from test_compute_configurations import HOUR, MIN, Played, at, plant

from oee.spool import SpoolAlive, SpoolSample
from oee.store.database import Database
from oee.store.samples import SampleStore

BAD = 0x80000000


@pytest.mark.parametrize("is_handed_over", [False, True])
def test_a_state_that_is_bad_at_a_handover_stays_unknown(db: Database, is_handed_over: bool) -> None:
    played = Played(db, plant())
    played.run_from("l1", 6, 7)
    bad = SpoolSample("l1/m/state", at(7), None, BAD)
    SampleStore(db).write([bad], [SpoolAlive(plc, at(7), at(8), ("l1/m",)) for plc in ("plc1", "plc2")])
    if is_handed_over:
        played.apply(plant().replace("2: unplanned_stop", "2: planned_stop"), effective_us=at(7.5))
    played.now = at(8)
    played.service.recompute()
    elements = played.results.window("l1", at(6), at(8)).window.elements
    assert (elements.run_us, elements.no_data_us) == (HOUR + MIN, HOUR - MIN)
