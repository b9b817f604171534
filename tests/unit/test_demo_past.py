"""The demo's note of its past: whenever it is killed, nothing is lost and nothing is told twice."""

import json
from pathlib import Path

import pytest

from oee.cli.demo_past import APART_US, DAY_US, MODEL, SEED, Past
from oee.errors import InputError

NOON_US = 20_000 * DAY_US + DAY_US // 2
EPOCH_US = NOON_US - DAY_US // 2 - 14 * DAY_US


def first_run(folder: Path) -> Past:
    past = Past.of(folder, 14, NOON_US).unseen(0, NOON_US)
    past.save(folder)
    return past


def test_a_new_demo_began_at_midnight_so_many_days_ago_and_all_of_it_is_unfilled(tmp_path: Path) -> None:
    assert Past.of(tmp_path, 14, NOON_US) == Past(EPOCH_US, SEED, EPOCH_US)
    assert first_run(tmp_path).unfilled == ((EPOCH_US, NOON_US - APART_US),)
    assert Past.of(tmp_path, 3, NOON_US + DAY_US).epoch_us == EPOCH_US, "the plant begins once"


def test_killed_in_its_first_seconds_before_any_value_the_time_in_between_is_told_as_well(tmp_path: Path) -> None:
    first_run(tmp_path)
    again_us = NOON_US + 7_000_000
    past = Past.of(tmp_path, 14, again_us).unseen(0, again_us)
    assert past.unfilled == ((EPOCH_US, NOON_US - APART_US), (NOON_US - APART_US, again_us - APART_US))


def test_killed_in_mid_history_what_was_collected_stays_apart_from_what_is_filled_in(tmp_path: Path) -> None:
    past = first_run(tmp_path).filled(EPOCH_US + DAY_US)
    past.save(tmp_path)
    collected_us, again_us = NOON_US + 30_000_000, NOON_US + 60_000_000
    past = Past.of(tmp_path, 14, again_us).unseen(collected_us, again_us)
    rest = (EPOCH_US + DAY_US, NOON_US - APART_US)
    assert past.unfilled == (rest, (collected_us + APART_US, again_us - APART_US))


def test_killed_again_and_again_every_stretch_is_still_known(tmp_path: Path) -> None:
    past, now_us = first_run(tmp_path), NOON_US
    for _ in range(5):
        collected_us, now_us = now_us + 20_000_000, now_us + DAY_US
        past = Past.of(tmp_path, 14, now_us).unseen(collected_us, now_us)
        past.save(tmp_path)
    assert len(past.unfilled) == 6
    edges = [us for span in past.unfilled for us in span]
    assert edges == sorted(edges)
    while past.unfilled:
        past = past.filled(past.unfilled[0][1])
        past.save(tmp_path)
        assert Past.of(tmp_path, 14, now_us) == past


@pytest.mark.parametrize("back_us", [0, DAY_US])
def test_a_clock_that_steps_back_makes_nothing_to_fill_in(tmp_path: Path, back_us: int) -> None:
    past = first_run(tmp_path)
    assert past.unseen(NOON_US + 1, NOON_US - back_us) == past


@pytest.mark.parametrize("text", ["", "{", "[]", '{"epoch_us": 1, "seed": 7}', json.dumps({"model": MODEL + 1})])
def test_the_folder_of_another_version_is_refused_not_made_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "demo.json").write_text(text)
    with pytest.raises(InputError, match="another version"):
        Past.of(tmp_path, 14, NOON_US)
    assert (tmp_path / "demo.json").read_text() == text
