"""Simulated machines that are started again are the same plant: their counters go on, their plant file's dates stay."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager

import pytest
from main_job import ROOT

from simulators.beginning import DAY_US, Beginning

NOW_US = 1_790_000_000_000_000


@contextmanager
def simulators(folder, *more):
    """What they say when they are up."""
    command = [sys.executable, "-m", "simulators", "--keep", str(folder / "kept.json"), *more]
    command += ["--plant-file", str(folder / "plant.yaml"), "--end-with-input"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        yield json.loads(process.stdout.readline())
        process.stdin.close()


def test_a_restart_goes_on_with_the_same_plant_whatever_the_command_line_says(tmp_path):
    with simulators(tmp_path, "--days", "1", "--seed", "5") as first:
        ports = ["--opcua-port", str(first["opcua_port"]), "--modbus-port", str(first["modbus_port"])]
    plant = (tmp_path / "plant.yaml").read_text(encoding="utf-8")
    with simulators(tmp_path, "--days", "4", "--seed", "6", *ports) as second:
        assert second == first
    assert (tmp_path / "plant.yaml").read_text(encoding="utf-8") == plant
    assert first["epoch_us"] % DAY_US == 0


def test_a_beginning_is_kept_once_and_what_is_no_beginning_is_refused(tmp_path):
    asked = Beginning.some_days_ago(14, 7, NOW_US)
    assert asked == Beginning(NOW_US // DAY_US * DAY_US - 14 * DAY_US, 7, NOW_US)
    assert Beginning.some_days_ago(0, 7, NOW_US).epoch_us == NOW_US
    path = tmp_path / "kept.json"
    assert asked.kept_in(path) == asked
    assert Beginning(0, 0, 0).kept_in(path) == asked
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(TypeError):
        asked.kept_in(path)
