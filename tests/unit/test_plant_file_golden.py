"""Broken plant files and what is said of them, line by line (tests/golden/plant_files)."""

from pathlib import Path

import pytest

from oee.config.check import check_report

FOLDER = Path(__file__).parents[1] / "golden" / "plant_files"
BROKEN = sorted(FOLDER.glob("*.bad.yaml"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda p: p.name)
def test_broken_file_names_line_key_and_mend(path: Path) -> None:
    expected = path.with_name(path.name.replace(".bad.yaml", ".txt")).read_text(encoding="utf-8").splitlines()
    assert [fault.removeprefix(f"{FOLDER}/") for fault in check_report(path)] == expected


def test_every_broken_file_has_faults_and_every_expectation_its_file() -> None:
    assert len(BROKEN) >= 10
    assert {p.name.removesuffix(".bad.yaml") for p in BROKEN} == {p.stem for p in FOLDER.glob("*.txt")}
    assert all(path.read_text(encoding="utf-8").strip() for path in FOLDER.glob("*.txt"))
