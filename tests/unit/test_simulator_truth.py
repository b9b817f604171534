"""The truth file says exactly what the model did, also after a kill."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from simulators.bench import BENCH
from simulators.model import Plant
from simulators.truth import (
    Truth,
    TruthWriter,
    lot_at,
    parts_between,
    parts_until,
    production_between,
    state_time_us,
    states_between,
    transitions_between,
)

START_US = 1_772_434_800_000_000
BEGIN_US = START_US + 100_000_000
END_US = START_US + 400_000_000


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Plant, Path]:
    plant = Plant.at(4, BENCH, START_US)
    plant.advance(BEGIN_US)
    path = tmp_path / "truth.jsonl"
    with TruthWriter(path, plant) as writer:
        for now_us in range(BEGIN_US, END_US + 1, 1_700_000):
            plant.advance(now_us)
            writer.write()
        plant.advance(END_US)
    return plant, path


def test_parts_and_states_equal_the_model(recorded) -> None:
    plant, path = recorded
    truth = Truth.load(path)
    assert (truth.scenario, truth.seed, truth.start_us, truth.until_us) == ("bench", 4, BEGIN_US, END_US)
    for name, log in plant.logs.items():
        edges = np.array([BEGIN_US, BEGIN_US + 33_333_333, BEGIN_US + 200_000_000, END_US])
        total, good = log.counts(edges)
        for i, j in [(0, 1), (1, 2), (0, 3)]:
            made = parts_between(truth, name, int(edges[i]), int(edges[j]))
            assert made == (total[j] - total[i], good[j] - good[i], (total - good)[j] - (total - good)[i])
        assert parts_until(truth, name, END_US) == (total[3], good[3], total[3] - good[3])
        for from_us, to_us, change in states_between(truth, name, BEGIN_US, END_US):
            assert log.change_at(from_us)[1:] == change[1:]
            assert log.change_at(to_us - 1)[1:] == change[1:]


def test_state_times_sum_to_the_window(recorded) -> None:
    truth = Truth.load(recorded[1])
    for start_us, end_us in [(BEGIN_US, END_US), (BEGIN_US + 12_345, BEGIN_US + 99_999_999), (BEGIN_US, BEGIN_US)]:
        assert sum(state_time_us(truth, "mixer", start_us, end_us).values()) == end_us - start_us
    assert len(state_time_us(truth, "mixer", BEGIN_US, END_US)) > 4
    assert transitions_between(truth, "mixer", BEGIN_US, END_US) > 20


def test_a_part_at_the_very_end_of_a_window_belongs_to_it(recorded) -> None:
    truth = Truth.load(recorded[1])
    made_us = truth.machines["mixer"].good_us[5]
    assert parts_between(truth, "mixer", made_us - 1, made_us).good == 1
    assert parts_between(truth, "mixer", made_us, made_us + 1).good == 0


def test_nothing_is_lost_or_doubled_that_happens_at_the_very_instant_of_a_write(tmp_path: Path) -> None:
    plant = Plant.at(4, BENCH, START_US)
    plant.advance(END_US)
    log = plant.logs["mixer"]
    instants = sorted({change.at_us for change in log.changes(START_US, END_US)} | set(log.parts(START_US, END_US)[0]))
    plant = Plant.at(4, BENCH, START_US)
    path = tmp_path / "truth.jsonl"
    with TruthWriter(path, plant) as writer:
        for at_us in instants:
            plant.advance(at_us)
            writer.write()
    known = Truth.load(path).machines["mixer"]
    assert known.changes[1:] == log.changes(START_US, instants[-1])
    assert (known.good_us, known.reject_us) == log.parts(START_US, instants[-1])


def test_lots_divide_the_parts_without_rest(recorded) -> None:
    plant, path = recorded
    truth = Truth.load(path)
    for name, log in plant.logs.items():
        made = production_between(truth, name, BEGIN_US, END_US)
        assert tuple(map(sum, zip(*made.values(), strict=True))) == parts_between(truth, name, BEGIN_US, END_US)
        lots = [log.lot_at(BEGIN_US)._replace(at_us=BEGIN_US), *log.lots(BEGIN_US, END_US)]
        assert truth.machines[name].lots == lots
        assert list(made) == [("", lot.order) for lot in lots]
        assert len(lots) > 3
        for lot, (_, until_us) in zip(lots, pairwise([*(lot.at_us for lot in lots), END_US]), strict=True):
            assert lot_at(truth, name, lot.at_us) == lot_at(truth, name, until_us - 1) == lot


def test_a_torn_last_line_counts_as_not_written(recorded) -> None:
    _, path = recorded
    text = path.read_text()
    path.write_text(text[:-40])
    truth = Truth.load(path)
    assert END_US - 3_400_000 < truth.until_us < END_US
    with pytest.raises(ValueError, match="truth is known from"):
        parts_between(truth, "mixer", BEGIN_US, END_US)


@pytest.mark.parametrize("text", ["", "{}\n", '{"format":"other"}\n'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match="no truth file"):
        Truth.load(path)
