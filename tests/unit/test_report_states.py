"""Names of state numbers agree with the profiles that judge them."""

from __future__ import annotations

import pytest

from oee.kernels.profiles import STATES
from oee.report.states import NAMES, state_word


@pytest.mark.parametrize("profile", NAMES)
def test_s20_a_state_number_and_its_name_are_judged_alike(profile: str) -> None:
    table, names = STATES[profile], NAMES[profile]
    assert {n for n in table if n.isdigit()} == set(names)
    assert all(table[number] is table[name] for number, name in names.items())


def test_a_state_without_a_profile_stands_for_itself() -> None:
    assert state_word("packml", "11") == "Held (11)"
    assert state_word("packml_tmc", "4") == "Execute (4)"
    assert state_word("custom", "11") == "11"
    assert state_word(None, "Lack") == "Lack"
