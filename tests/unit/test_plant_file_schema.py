"""The plant file's JSON Schema says what the readers take: generated, never stale, neither more nor less."""

import ast
import json
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from oee.config.check import check_report
from oee.config.faults import Faults
from oee.config.heard import Heard, node_at, without
from oee.config.not_yet import NOT_YET
from oee.config.plant import read_plant
from oee.config.schema import SPECIMEN, plant_file_schema
from oee.config.tree import Items, Keys, Node, parse
from simulators.bench import bench_plant_yaml
from simulators.demo import demo_plant_yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BROKEN = sorted((ROOT / "tests" / "golden" / "plant_files").glob("*.bad.yaml"))
SCHEMA = dict(plant_file_schema())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
BEYOND = {
    "empty": "no file at all",
    "duplicate-keys": "keys that stand twice",
    "open-bracket": "no YAML",
    "second-colon": "no YAML",
    "tab": "no YAML",
}
"""Broken files whose faults a schema can't express."""
_LINE = """version: 1
plant: {{id: p, name: P, timezone: UTC}}
calendars: {{day: {{shifts: {{day: {{start: "06:00", end: "14:00"}}}}, week: {{mon: [day]}}}}}}
lines: {{l: {{calendar: day, {rollup}machines: {{a: {{signals: {{state: {{profile: packml}}, good: {{}}}}}}{more}}}}}}}
"""
_B = ", b: {signals: {state: {profile: packml}, good: {}, reject: {}}}"
ROLLUPS = {
    "no rollup": _LINE.format(rollup="", more=""),
    "constraint of one machine": _LINE.format(rollup="rollup: {method: constraint}, ", more=""),
    "constraint": _LINE.format(rollup="rollup: {method: constraint, machine: a}, ", more=_B),
    "constraint by default": _LINE.format(rollup="rollup: {machine: a}, ", more=_B),
    "counting machines": _LINE.format(
        rollup="rollup: {machine: a, count_total: a, count_good: b, count_reject: b}, ", more=_B
    ),
    "pooled": _LINE.format(rollup="rollup: {method: pooled}, ", more=_B),
    "single": _LINE.format(rollup="rollup: {method: single}, ", more=""),
    "single by name": _LINE.format(rollup="rollup: {method: single, machine: a}, ", more=""),
}
"""S-40: each way to roll up, as its smallest good file."""
OUT_OF_PLACE = {
    "machine of a pooled line": _LINE.format(rollup="rollup: {method: pooled, machine: a}, ", more=_B),
    "counting machine of a pooled line": _LINE.format(rollup="rollup: {method: pooled, count_good: a}, ", more=_B),
    "counting machine of a single one": _LINE.format(rollup="rollup: {method: single, count_total: a}, ", more=""),
}
GOOD = {
    **ROLLUPS,
    "example": (DOCS / "example-plant.yaml").read_text(encoding="utf-8"),
    "specimen": SPECIMEN.read_text(encoding="utf-8"),
    "demo": demo_plant_yaml(4840, 5020, 1_790_000_000_000_000),
    "bench": bench_plant_yaml(4840, 5020),
}


def as_json(node: Node | None) -> Any:
    """The tree as an editor's YAML 1.2 reader sees it."""
    if isinstance(node, Keys):
        return {key.text: as_json(value) for key, value in node.pairs}
    if isinstance(node, Items):
        return [as_json(item) for item in node.nodes]
    if node is None or node.kind == "null":
        return None
    if node.kind == "bool":
        return node.text.lower() == "true"
    return {"int": int, "float": float}.get(node.kind, str)(node.text)


def errors(text: str) -> list[str]:
    root = parse(text, Faults("p.yaml"))
    return [f"{e.json_path}: {e.message}" for e in VALIDATOR.iter_errors(as_json(root))] if root else []


def test_it_is_a_schema_and_its_committed_copy_is_fresh() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    committed = (DOCS / "plant-file.schema.json").read_text(encoding="utf-8")
    assert json.loads(committed) == SCHEMA, "run `make schema`"
    assert GOOD["example"].startswith("# yaml-language-server: $schema=plant-file.schema.json\n")


@pytest.mark.parametrize("name", GOOD)
def test_good_files_are_valid(name: str) -> None:
    assert errors(GOOD[name]) == []


@pytest.mark.parametrize("name", [*ROLLUPS, *OUT_OF_PLACE])
def test_s40_schema_and_check_agree_about_each_roll_up(name: str, tmp_path: Path) -> None:
    text = (ROLLUPS | OUT_OF_PLACE)[name]
    (tmp_path / "plant.yaml").write_text(text, encoding="utf-8")
    assert (check_report(tmp_path / "plant.yaml") == []) == (errors(text) == []) == (name in ROLLUPS)


@pytest.mark.parametrize("path", BROKEN, ids=lambda p: p.name)
def test_broken_files_are_refused_where_a_schema_can_tell(path: Path) -> None:
    told = path.name.removesuffix(".bad.yaml") not in BEYOND
    assert told == bool(errors(path.read_text(encoding="utf-8")))


SLIPS = {
    "unknown key": ("reasons:", "reason:", "reason"),
    "unknown key of a machine": ("min_stop_s: 10 ", "minstop_s: 10 ", "minstop_s"),
    "per cent": ("oee: 0.75", "oee: 75", "75"),
    "an hour that is none": ('"22:00", end: "06:00"', '"22:00", end: "6:00"', "6:00"),
    "a type": ("type: uint32", "type: uint33", "uint33"),
    "a number in quotes": ("interval_s: 1.0\n", 'interval_s: "1"\n', "number"),
    "a required key missing": ("  timezone: Europe/Budapest", "  day_start: '06:00' #", "timezone"),
    "another kind's key": ("host: 127.0.0.1,", "host: 127.0.0.1, endpoint: x,", "False"),
    "a category": ("false: unplanned_stop", "false: down", "down"),
    "an id with a space": ("filler:\n", "fil ler:\n", "fil ler"),
    "a start-up below 0": ("parts_per_count: 1", "startup_s: -60", "-60"),
    "custom without map": ("profile: custom, map: {true: run, false: unplanned_stop}", "profile: custom", "map"),
    "modbus key at a signal of none": ("scale: 1,", "scal: 1,", "scal"),
    "an exception that is not closed": ("closed: true", "closed: false", "True"),
    "a child without code": ("children: [{code: JAM,", "children: [{", "code"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_seen_in_the_editor(slip: str) -> None:
    before, after, said = SLIPS[slip]
    assert before in GOOD["example"]
    found = errors(GOOD["example"].replace(before, after, 1))
    assert found
    assert any(said in error for error in found), found


def keys_of(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set(chain.from_iterable(map(keys_of, schema)))
    if not isinstance(schema, dict):
        return set()
    own = {key for key, value in schema.get("properties", {}).items() if value is not False}
    return own | set(chain.from_iterable(keys_of(value) for value in schema.values()))


ASKING = {"take", "need", "section", "listed", "named", "get", "_by_value", "_some"}


def asked_in_source() -> set[str]:
    """Every key that stands as text in a call by which the readers ask for one."""
    found = set()
    for path in (ROOT / "oee" / "config").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, (ast.Attribute, ast.Name)):
                name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
                texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                if name in ASKING and path.stem not in ("schema", "heard", "tree", "environment"):
                    found |= {t for t in texts[:1] if t.isidentifier()}
    return found


def test_every_key_the_readers_ask_for_is_in_it_and_none_more() -> None:
    heard = Heard()
    root = parse(GOOD["specimen"], heard)
    assert isinstance(root, Keys)
    read_plant(root, heard)
    heard.raise_any()
    asked = set(chain.from_iterable(heard.keys.values()))
    assert len(asked) > 70
    assert keys_of(SCHEMA) == asked
    assert asked_in_source() <= asked, "oee/config/specimen.yaml must show these"


def test_what_has_no_effect_yet_is_not_offered() -> None:
    whole = {e.where[-1] for e in NOT_YET if not e.effective} - {"mode", "speed"}
    assert not whole & keys_of(SCHEMA)


def test_most_keys_are_described() -> None:
    text = json.dumps(SCHEMA)
    assert text.count('"description"') > 60
    machine = SCHEMA["properties"]["lines"]["patternProperties"]
    (line,) = machine.values()
    (filler,) = line["properties"]["machines"]["patternProperties"].values()
    assert filler["properties"]["min_stop_s"]["default"] == 10
    assert "S-22" in filler["properties"]["min_stop_s"]["description"]
    assert (
        "max_rate_per_s"
        in filler["properties"]["signals"]["properties"]["good"]["properties"]["counter"]["description"]
    )


def test_required_is_what_the_reader_misses(tmp_path: Path) -> None:
    """Each required key of the example: without it both refuse the file, and both take the file as it is."""
    root = parse(GOOD["example"], Faults("p.yaml"))
    assert isinstance(root, Keys)
    for place in (("plant", "id"), ("lines", "line-1", "calendar"), ("connectors", "plc1", "security"), ("version",)):
        heard = Heard()
        smaller = without(root, place)
        assert node_at(smaller, place) is None
        read_plant(smaller, heard)
        assert heard.told
        assert list(VALIDATOR.iter_errors(as_json(smaller)))
    assert check_report(DOCS / "example-plant.yaml") == []
