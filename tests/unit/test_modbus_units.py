"""A silent unit is asked again after 10 s, then 20, 40, and every 60."""

from itertools import pairwise

from connectors.modbus.units import SilentUnits


def test_pauses_double_up_to_a_minute_and_begin_anew_after_an_answer():
    units, asked_s = SilentUnits(), []
    for tenth in range(3000):
        if units.may_be_asked(2, tenth / 10):
            asked_s.append(tenth / 10)
            units.fell_silent(2, tenth / 10)
    assert [b - a for a, b in pairwise(asked_s)] == [10, 20, 40, 60, 60, 60]
    assert 2 in units
    assert units.may_be_asked(1, 0.0)
    units.answered(2)
    assert 2 not in units
    units.fell_silent(2, 300.0)
    assert not units.may_be_asked(2, 309.9)
    assert units.may_be_asked(2, 310.0)
