"""What systemd would start: units of our own commands, and a recipe that makes every file that they name."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from main_job import ROOT
from test_cli_containers import parsed

from oee.config.environment import VARIABLES

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
HARDENED = (
    "NoNewPrivileges=true", "ProtectSystem=strict", "ProtectHome=true", "PrivateTmp=true", "Restart=always",
    "StateDirectory=oee", "User=oee", "CapabilityBoundingSet=",
)  # fmt: skip


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.stem)
def test_each_unit_runs_a_command_of_ours_with_nothing_it_does_not_need(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    (started,) = (line.removeprefix("ExecStart=/opt/oee/bin/oee ") for line in lines if line.startswith("ExecStart="))
    parsed(started.split())
    assert path.stem == f"oee-{started.split()[0]}"
    assert set(HARDENED) <= set(lines)
    for name in re.findall(r"(OEE_\w+)=", "\n".join(lines)):
        assert name in VARIABLES


def test_systemd_takes_the_units(tmp_path):
    """`systemd-analyze verify`, where there is one, on units whose program and user exist here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/oee/bin/oee", sys.executable)
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.glob("*.service"))],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    about = [line for line in said.stderr.splitlines() if str(tmp_path) in line or "oee-" in line]
    assert about == []


RECIPE = (
    (ROOT / "deploy" / "systemd" / "README.md").read_text(encoding="utf-8").partition("```sh\n")[2].partition("```")[0]
)


def test_every_file_that_the_units_name_is_made_by_the_recipe_before_they_start():
    """By the recipe's own `install` lines, run below another root by who runs the tests."""
    before, starts, _ = RECIPE.partition("systemctl enable")
    assert starts
    named = {found for unit in UNITS for found in re.findall(r"/etc/[\w./-]+", unit.read_text(encoding="utf-8"))}
    assert named == {"/etc/oee/oee.env", "/etc/oee/database_password", "/etc/oee/plant.yaml"}
    assert named <= set(re.findall(r"/etc/oee/[\w./-]+$", before, re.MULTILINE))
    assert "/opt/oee/bin/pip install" in before
    assert "useradd --system --user-group --home-dir /var/lib/oee" in before


def test_the_recipe_makes_its_files_with_modes_that_let_only_those_read_who_must(tmp_path):
    (tmp_path / "etc" / "systemd" / "system").mkdir(parents=True)
    lines = [line for line in RECIPE.splitlines() if "install -" in line and "pip" not in line]
    script = re.sub(r"-o \w+ -g \w+ ", "", "\n".join(lines)).replace(" /etc/", f" {tmp_path}/etc/")
    script = script.replace(" plant.yaml ", " docs/example-plant.yaml ")
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, check=True)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "etc" / "oee").iterdir()}
    assert modes == {"plant.yaml": 0o640, "oee.env": 0o640, "database_password": 0o600}
    assert (tmp_path / "etc" / "oee").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "etc" / "oee" / "oee.env").read_text(encoding="ascii").startswith("OEE_DATABASE_URL=postgresql:")
    assert sorted(path.name for path in (tmp_path / "etc/systemd/system").iterdir()) == [unit.name for unit in UNITS]
    owned = re.findall(r"-o root -g (\w+) .*/etc/oee/(\S+)$", "\n".join(lines), re.MULTILINE)
    owners = {name: group for group, name in owned}
    assert owners == {"plant.yaml": "oee", "oee.env": "oee", "database_password": "root"}


def test_nobody_is_told_to_install_a_package_of_that_name_from_the_public_index():
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/**/*.md"), *ROOT.glob("oee/**/*.py")]
    for path in texts:
        assert not re.search(r"pip install (-\S+ )*['\"]?oee\b", path.read_text(encoding="utf-8")), path


def test_there_are_three_units_and_their_page_names_them():
    assert [unit.stem for unit in UNITS] == ["oee-collect", "oee-compute", "oee-serve"]
    page = Path(UNITS[0].parent / "README.md").read_text(encoding="utf-8")
    assert all(unit.stem in page for unit in UNITS)
