"""Whatever is wrong with a plant file: one clear sentence with file and line, never a traceback."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from oee.config.check import check_report
from oee.config.faults import PlantFileError
from oee.config.not_yet import NOT_YET
from oee.config.plant import load_plant, load_plant_text
from oee.errors import ConfigError

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "docs" / "example-plant.yaml").read_text(encoding="utf-8")
FAULT = re.compile(r"p\.yaml:(\d+): [^ ].*: .+")
ODD_VALUES = (
    "",
    "[]",
    "{}",
    "[a, [b]]",
    "{a: {b: c}}",
    "true",
    "-1",
    "1e99",
    "1_0",
    "0x1F",
    '""',
    "'5'",
    "é",
    "!x y",
    "!!int z",
)
STRIDE = 7  # coprime to the odd values: every place and every value comes up, in seconds
ODD_TEXTS = (
    "a: *nobody",
    "a: &a [*a]",
    "[" * 1200,
    "a: 'open",
    "? [a]\n: b",
    "{{a}}: b",
    "--- a\n--- b",
    "a: \x01",
    "!!binary x",
    "%YAML 3.0\n---\na: b",
    "version: 1\nreasons: &r\n  - {code: A, children: *r}",
)


def sole_fault(path: Path) -> str:
    with pytest.raises(PlantFileError) as caught:
        load_plant(path)
    assert isinstance(caught.value, ConfigError)
    assert check_report(path) == list(caught.value.faults)
    assert len(caught.value.faults) == 1
    return caught.value.faults[0].removeprefix(str(path))


def faults_of(text: str) -> tuple[str, ...]:
    try:
        load_plant_text(text, "p.yaml")
    except PlantFileError as error:
        return error.faults
    return ()


def test_example_is_fine() -> None:
    assert check_report(ROOT / "docs" / "example-plant.yaml") == []


def test_missing_file(tmp_path: Path) -> None:
    assert sole_fault(tmp_path / "none.yaml") == ":1: file: does not exist; give the path of a plant file"


def test_folder(tmp_path: Path) -> None:
    assert sole_fault(tmp_path) == ":1: file: is a folder; give the path of a plant file in it"


def test_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("version: 1\n# Gyártósor\n".encode("iso8859-2"))
    assert sole_fault(path) == ":2: file: is not UTF-8 text; save it as UTF-8"


def test_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode())
    assert check_report(path) == []


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_yaml_is_told_with_its_line(text: str) -> None:
    faults = faults_of(text)
    assert faults
    assert all(FAULT.fullmatch(fault) for fault in faults)


def _mutations() -> Iterator[str]:
    bare = re.sub(r" *#.*", "", EXAMPLE)
    for match in re.finditer(r"(?<=: )[^\s,{}\[\]][^,{}\[\]\n]*", bare):
        for odd in ODD_VALUES:
            yield f"{bare[: match.start()]}{odd}{bare[match.end() :]}"


def test_any_value_replaced_by_an_odd_one_is_taken_or_told() -> None:
    told = [faults_of(text) for text in list(_mutations())[::STRIDE]]
    assert len(told) > 150
    assert all(FAULT.fullmatch(fault) for faults in told for fault in faults)


@pytest.mark.parametrize("line", range(1, EXAMPLE.count("\n") + 1))
def test_file_without_one_of_its_lines_is_taken_or_told(line: int) -> None:
    lines = EXAMPLE.splitlines(keepends=True)
    faults = faults_of("".join(lines[: line - 1] + lines[line:]))
    assert all(FAULT.fullmatch(fault) for fault in faults)


def test_faults_come_all_at_once_and_by_line() -> None:
    text = EXAMPLE.replace("Europe/Budapest", "Mars/Base").replace("oee: 0.75", "oee: 75").replace("900", "-1")
    with pytest.raises(PlantFileError) as caught:
        load_plant_text(text, "p.yaml")
    lines = [int(match[1]) for fault in caught.value.faults if (match := FAULT.fullmatch(fault))]
    assert len(lines) == 3
    assert lines == sorted(lines)
    assert str(caught.value) == "\n".join(caught.value.faults)


@pytest.mark.parametrize("where", [entry.where for entry in NOT_YET], ids=".".join)
def test_everything_without_effect_is_in_the_golden_file(where: tuple[str, ...]) -> None:
    expected = (ROOT / "tests/golden/plant_files/no-effect-yet.txt").read_text(encoding="utf-8")
    key = r"\.".join(re.escape(part).replace(r"\*", r"[^.\s]+") for part in where)
    assert re.search(rf"\d: {key}: .* no effect yet in this version; \w+ .*$", expected, re.MULTILINE)
