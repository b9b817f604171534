"""The plant file's page names every key that the readers ask for, and every refusal."""

from pathlib import Path

import pytest

from oee.config.not_yet import NOT_YET
from oee.config.plant import load_plant
from oee.config.section import Item, Section

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "plant-file.md").read_text(encoding="utf-8")


def test_every_key_that_is_read_is_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    get = Section.get

    def recording(self: Section, key: str) -> Item | None:
        asked.add(key)
        return get(self, key)

    monkeypatch.setattr(Section, "get", recording)
    load_plant(DOCS / "example-plant.yaml")
    assert len(asked) > 60
    weekdays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
    assert {key for key in asked - weekdays if f"`{key}" not in PAGE and f".{key}`" not in PAGE} == set()


def test_every_value_without_effect_is_told_on_the_page() -> None:
    refused = PAGE[PAGE.index("## Refused") :]
    told = {
        "policy": "security policies",
        "kind": "other kinds",
        "mode": "security policies",
    }
    grouped = {"certificate", "private_key", "server_certificate"} | {
        *("serial", "baudrate", "parity", "stopbits", "bytesize", "framer", "transport", "tls")
    }
    for key in {entry.where[-1] for entry in NOT_YET} - grouped:
        assert told.get(key, f"`{key}`") in refused
