"""Every published worked example and every edge case, through the pure facades of the engine.

Adapters turn inputs into plant files and samples; the figures are the engine's. Where our rules say otherwise than a
source, `vector_answers` has what they say and which rule it is.
"""

from __future__ import annotations

import pytest
from adapters import example
from golden_case import answers
from vector_answers import ALL, BY_API, INAPPLICABLE, OURS, VECTORS, check, found_by


@pytest.mark.parametrize("vector_id", sorted(ALL - INAPPLICABLE.keys() - BY_API.keys()))
def test_vector(vector_id: str) -> None:
    vector = VECTORS[vector_id]
    if vector["kind"] == "calendar":
        check(vector, found_by(vector))
        return
    built = example(vector)
    told = [answer for case in built.cases for answer in answers(case)]
    check(vector, built.read(told))


def test_every_vector_runs_or_is_listed() -> None:
    assert len(ALL) == 66 + 30
    assert INAPPLICABLE.keys() <= ALL
    assert {vector_id for vector_id, _ in OURS} <= ALL
