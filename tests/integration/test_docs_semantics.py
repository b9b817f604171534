"""docs/semantics.md, run: its plant and samples through commands, every number of its tables against the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import httpx
import pytest
from main_job import ROOT, module_database, oee, served

from oee.kernels.ratios import Ratios

PAGE = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
WRITTEN = "2026-03-02"
# A recent Monday stands in for the page's: all shifts from the first row to now are computed.
DAY = next(d for d in (datetime.now(UTC).date() - timedelta(days=n) for n in range(2, 10)) if d.weekday() == 0)


def today(text: str) -> str:
    """The page's dates, moved to the test's Monday."""
    return text.replace(WRITTEN, str(DAY)).replace("2026-03-03", str(DAY + timedelta(days=1)))


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return today(found)


@dataclass(frozen=True)
class Claim:
    """A row of a table: which field of which item of which answer is worked out how, and is what."""

    address: str
    item: int
    field: str
    calculation: str
    value: str


def claims() -> Iterator[Claim]:
    """All rows that begin with a field and end with a value, under the address named last."""
    address, item = "", 0
    for line in PAGE.splitlines():
        asked = re.search(r"`GET (/api/v1/kpis\?[^`]+)`, item (\d)", line)
        if asked:
            address, item = today(asked[1]), int(asked[2])
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and address and len(cells) in (4, 5):
            yield Claim(address, item, cells[0].strip("`"), cells[-2], cells[-1])


CLAIMS = list(claims())


@pytest.fixture(scope="module")
def run(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, str]]:
    """The page's example, applied, imported and computed; served, and explained by the command."""
    folder = tmp_path_factory.mktemp("semantics")
    (folder / "plant.yaml").write_text(block("yaml"), encoding="utf-8")
    (folder / "samples.csv").write_text(block("csv"), encoding="utf-8")
    explain = ("explain", "filling", "--date", str(DAY), "--shift", "early")
    with module_database(server, template) as database:
        for words in (("apply", folder / "plant.yaml"), ("import", folder / "samples.csv"), ("recompute",), explain):
            done = oee(*words, database=database, data_dir=folder)
            assert done.returncode == 0, done.stderr
        with served(database) as client:
            yield client, done.stdout


def worked_out(calculation: str) -> Fraction:
    """A calculation as the page writes it, exactly: numbers, + − × / and brackets."""
    plain = calculation.replace("−", "-").replace("×", "*")
    assert re.fullmatch(r"[\d+\-*/(). ]+", plain), calculation
    result = eval(re.sub(r"\d+", r"Fraction(\g<0>)", plain), {"Fraction": Fraction})
    assert isinstance(result, Fraction)
    return result


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: f"{c.address.split('group_by=')[1]}-{c.item}-{c.field}")
def test_each_figure_of_the_page_is_what_comes_out(run: tuple[httpx.Client, str], claim: Claim) -> None:
    answer = run[0].get(claim.address)
    assert answer.status_code == 200, answer.text
    found: Any = answer.json()["items"][claim.item - 1]
    for part in claim.field.split("."):
        found = found[part]
    if claim.value == "null":
        assert found is None
        return
    assert round(float(worked_out(claim.calculation)), 6) == float(claim.value)
    assert found == pytest.approx(float(worked_out(claim.calculation)), abs=1e-12)


def test_every_indicator_stands_on_the_page() -> None:
    names = {name.replace("_us", "_s") for name in Ratios.__slots__}
    assert names <= {c.field for c in CLAIMS}
    assert len(CLAIMS) > 55


def test_the_explanation_of_the_example_says_what_the_page_says(run: tuple[httpx.Client, str]) -> None:
    client, text = run
    body = client.get(f"/api/v1/lines/filling/shifts/{DAY}/early/explain").json()
    figures = {f["name"]: f["exact"] for f in body["figures"]}
    assert (figures["scrap_ratio"], figures["rework_ratio"]) == (str(Fraction(55, 1390)), str(Fraction(10, 1390)))
    assert "A = APT / K = 9,450 s / 12,600 s = 0.75" in text
    assert {"S-12", "S-22", "S-23", "S-25"} <= {rule["rule"] for rule in body["rules"]}
    assert body["exact"]
    assert max(map(len, text.splitlines())) <= 100


def test_every_rule_has_its_place_and_its_test() -> None:
    """Files that the table of rules names exist, and each test in it tells of the rule."""
    rows = re.findall(r"^\| (S-[^|]+)\|[^|]+\|([^|]+)\|([^|]+)\|$", PAGE, re.MULTILINE)
    assert len(rows) > 20
    for rules, code, tests in rows:
        named = [int(number) for number in re.findall(r"S-(\d+)", rules)]
        for path in re.findall(r"`([^`]+)`", code):
            assert (ROOT / "oee" / path).is_file(), path
        said = [(ROOT / "tests" / path).read_text(encoding="utf-8") for path in re.findall(r"`([^`]+)`", tests)]
        for rule in named:
            assert any(re.search(rf"s-?0?{rule}(?!\d)", text, re.IGNORECASE) for text in said), (rule, tests)
