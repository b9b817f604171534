"""What no database can hold never leaves the collector: it becomes a Bad reading, and the others go on."""

import pytest

from connectors import status
from connectors.base import Reading, TagSpec, usable
from oee.collect.endpoint import ConnectorPlan, EndpointHealth, PlannedTag
from oee.collect.readings import ReadingLog

UNUSABLE = {
    "a NUL": ("RUN\0", status.BAD_DECODING_ERROR),
    "half a surrogate pair": ("\ud800", status.BAD_DECODING_ERROR),
    "too long for an index, in bytes": ("\N{SNOWMAN}" * 700, status.BAD_ENCODING_LIMITS_EXCEEDED),
    "more than 64 bits": (2**64, status.BAD_OUT_OF_RANGE),
    "less than 64 bits": (-(2**63) - 1, status.BAD_OUT_OF_RANGE),
    "no number": (float("nan"), status.BAD_OUT_OF_RANGE),
    "no value at all": (object(), status.BAD_TYPE_MISMATCH),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_value_that_can_not_be_stored_is_bad(name):
    value, code = UNUSABLE[name]
    assert usable(value, status.GOOD) == (None, code)


@pytest.mark.parametrize("value", ["", "RUN", "Störung", "x" * 2000, 2**64 - 1, -(2**63), 0.5, True])
def test_other_values_pass_as_they_are(value):
    assert usable(value, status.UNCERTAIN) == (value, status.UNCERTAIN)


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_third_partys_connector_is_held_to_it_too(name):
    value, code = UNUSABLE[name]
    keys = ("line/press/state", "line/press/total")
    tags = tuple(PlannedTag(key, "line/press", TagSpec(key, "-")) for key in keys)
    log = ReadingLog(ConnectorPlan("c", "third", {}, 1.0, 1.0, tags), EndpointHealth("c", "third"))
    readings = [Reading(key, v, 0, None, None, 1_000) for key, v in zip(keys, (value, 5), strict=True)]
    bad, good, _life = log.polled(readings, 1_000)
    assert (bad.value, bad.status) == (None, code)
    assert (good.value, good.status) == (5, 0)
