"""Cases by the way that a plant takes: one plant file, `oee apply`, `oee import`, `oee recompute`, the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
from golden_case import DAY_S, Answer, Case, midnight_us, plant_text, us
from main_job import iso, kpi, micros, oee, served

from oee.model import US_PER_S

TODAY = datetime.now(UTC).date()


def placed(case: Case) -> date:
    """The last day since which all of the case lies in the past: the fewer days until now, the less to compute.

    A case that says something of days of the week starts on a Monday, one of another zone on its own day.
    """
    if case.zone != "UTC":
        assert case.day is not None
        return case.day
    lasts = timedelta(days=int(max(float(t) for t, *_ in case.rows) // DAY_S) + 1)
    latest = TODAY - lasts
    return latest - timedelta(days=latest.weekday() if case.week else 0)


@dataclass(frozen=True)
class Imported:
    """Cases in a served database, each a line."""

    client: httpx.Client
    cases: Mapping[str, Case]
    recompute: Callable[[], object]

    def window_us(self, line: str, n: int) -> tuple[int, int]:
        """A window of a case [µs UTC]."""
        zero = midnight_us(self.cases[line], placed(self.cases[line]))
        start, end = self.cases[line].windows[n]
        return zero + us(start), zero + us(end)

    def answers(self, line: str, *, segments: bool = False) -> list[Answer]:
        """Ask for a case's windows."""
        zero = midnight_us(self.cases[line], placed(self.cases[line]))
        found = []
        for n in range(len(self.cases[line].windows)):
            window = self.window_us(line, n)
            told = self._segments(line, window, zero) if segments else []
            found.append(Answer(kpi(self.client, line, *window), told, None))
        return found

    def _segments(self, line: str, window: tuple[int, int], zero: int) -> Sequence[tuple[Fraction, Fraction, str]]:
        query = {"from": iso(window[0]), "to": iso(window[1])}
        items = self.client.get(f"/api/v1/lines/{line}/intervals", params=query).raise_for_status().json()["items"]

        def at(text: str) -> Fraction:
            return Fraction(micros(text) - zero, US_PER_S)

        return [(at(i["start"]), at(i["end"]), i["category"]) for i in items]


def import_rows(cases: Mapping[str, Case]) -> list[list[str]]:
    """Rows of the files to import; what comes after a silence comes in the next file, as life is proven by file."""
    files: list[list[str]] = [[]]
    for line, case in cases.items():
        zero = midnight_us(case, placed(case))
        for at_s, machine, signal, value in case.rows:
            file = sum(at_s >= end for _, end in case.silences)
            files += [[] for _ in range(file + 1 - len(files))]
            files[file].append(f"{iso(zero + us(at_s))},{line}/{machine},{signal},{value}")
    return files


@contextmanager
def imported(cases: Mapping[str, Case], database: str, folder: Path) -> Iterator[Imported]:
    """Apply, import, recompute, serve."""
    (zone,) = {case.zone for case in cases.values()}
    plant = folder / "plant.yaml"
    plant.write_text(plant_text(cases, {line: placed(case) for line, case in cases.items()}, zone), encoding="utf-8")
    run: dict[str, Any] = {"database": database, "data_dir": folder}
    _done(oee("apply", plant, **run))
    for n, rows in enumerate(import_rows(cases)):
        path = folder / f"{n}.csv"
        path.write_text("\n".join(["ts,machine,signal,value", *rows]) + "\n", encoding="utf-8")
        said = _done(oee("import", path, **run))
        assert f"new {len(set(rows))}," in said, said
        assert "rejected 0" in said, said

    def recompute() -> str:
        return _done(oee("recompute", **run))

    recompute()
    with served(database) as client:
        yield Imported(client, cases, recompute)


def _done(result: Any) -> str:
    assert result.returncode == 0, result.stderr
    return str(result.stdout)
