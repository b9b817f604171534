"""S-42, S-51: data in pieces between what people enter say what all of it at once says; undone, nothing stays."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from corrections_fixture import Corrected, at
from main_job import module_database

from oee.compute.service import mark_again
from oee.store.database import Database
from oee.store.entries import add_entry, listed_entries

REASONS = ("MECH", "JAM", "CLEAN", "SETUP", "SUPPLY", None)


def day(r: Random) -> list[str]:
    """Four hours of states, each at a second of its own, and a count every ten minutes."""
    moments = sorted(r.sample(range(4 * 3600), 24))
    states = [(s, "state", r.choice(["RUN", "RUN", "DOWN", "WAIT"])) for s in moments]
    faults = [(s + 1, "fault", r.choice(["0", "17"])) for s in r.sample(moments, 3)]
    counts = [(s, "good", s // 3) for s in range(0, 4 * 3600 + 1, 600)]
    return [f"{clock(s)} {signal} {value}" for s, signal, value in [(0, "state", "RUN"), *states, *faults, *counts]]


def clock(second: int) -> str:
    return f"{6 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def correct(r: Random, plant: Corrected) -> None:
    """Whatever the stops that are there now allow."""
    stops = plant.stops()
    if not stops:
        return
    k = r.randrange(len(stops))
    match r.choice(["reason", "reason", "split", "merge", "undo"]):
        case "reason":
            plant.say(stops[k]["id"], reason=r.choice(REASONS))
        case "split" if stops[k]["end"]:
            start_us, end_us = (at(stops[k][edge][11:19]) for edge in ("start", "end"))
            middle = clock((r.randrange(start_us, end_us) - at("06:00")) // 1_000_000 + 1)
            tried(plant, f"/stops/{stops[k]['id']}/split", {"at": f"{stops[k]['start'][:11]}{middle}Z"})
        case "merge" if k:
            plant.ask("POST", "/stops:merge", {"stops": [s["id"] for s in stops[k - 1 : k + 1]]})
        case "undo" if said := entries(plant):
            tried(plant, f"/entries/{r.choice(said).number}:undo", {})


def tried(plant: Corrected, path: str, body: Any) -> None:
    """Ask for what may be refused: a split in a break, an undo of an undo."""
    answer = asyncio.run(plant._answer("POST", f"/api/v1{path}", body, None))
    assert answer.status_code in (200, 422), answer.text
    plant.compute.recompute()


def entries(plant: Corrected) -> list[Any]:
    with plant.db.transaction() as conn:
        return [e for e, _ in listed_entries(conn, 1, at("00:00"), at("23:00"), 0, 1000)]


def newest(plant: Corrected) -> dict[tuple[str, str | None], Any]:
    """What the newest revisions say, by shift and machine."""
    documents = plant.documents()
    last = {
        (name, machine): max(n for a, b, n in documents if (a, b) == (name, machine)) for name, machine, _ in documents
    }
    return {key: documents[*key, n] for key, n in last.items()}


@pytest.mark.parametrize("seed", range(4))
def test_s42_pieces_between_corrections_are_the_whole_and_s51_undo_leaves_nothing(
    server: str, template: str, tmp_path: Path, seed: int
) -> None:
    r = Random(seed)
    rows = day(r)
    pieces = [[row for n, row in enumerate(rows) if n % 3 == k] for k in r.sample(range(3), 3)]
    with opened(server, template, tmp_path) as plant, opened(server, template, tmp_path) as whole:
        for piece in pieces:
            plant.rows(*piece)
            for _ in range(3):
                correct(r, plant)
        said = entries(plant)
        bare = newest_of(whole, rows)
        with whole.db.transaction() as conn:
            for entry in said:
                add_entry(conn, entry)
        mark_again(whole.db, ["line-1"], at("00:00"), at("23:00"))
        whole.compute.recompute()
        assert newest(plant) == newest(whole)
        assert newest(plant) != bare
        for entry in said:
            tried(plant, f"/entries/{entry.number}:undo", {})
        assert newest(plant) == bare


def newest_of(plant: Corrected, rows: list[str]) -> dict[tuple[str, str | None], Any]:
    """What all rows at once say."""
    plant.rows(*rows)
    return newest(plant)


@contextmanager
def opened(server: str, template: str, folder: Path) -> Iterator[Corrected]:
    with module_database(server, template) as database, Database(database) as db:
        yield Corrected(db, folder, "12:00")
