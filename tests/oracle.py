"""``make oracle``: the engine against the rules told slowly, over many random cases; each is known by its seed.

A case that differs is made smaller, one sample, break or setting at a time, for as long as it still differs.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from pprint import pformat
from random import Random

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "property"))

from cases import random_case
from engine_answers import ShiftsOverlapError, differences
from reference.case import Case


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="?", type=int, default=10_000, help="how many (default 10,000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--small", action="store_true", help="make the first case smaller and show it")
    args = parser.parse_args()
    if args.small:
        case = smallest(random_case(Random(args.seed)))
        print(pformat(case, width=120), *found(case), sep="\n")
        return 0
    return compare(args.seed, args.cases)


def compare(first: int, cases: int) -> int:
    """Tell of every case that differs, and how fast it went; calendars that a plant file may not have don't count."""
    began, differ, seed, compared = time.monotonic(), [], first, 0
    while compared < cases:
        try:
            what = found(random_case(Random(seed)))
            compared += 1
        except ShiftsOverlapError:
            what = []
        if what:
            differ.append(seed)
            print(f"seed {seed}: {len(what)} differences, such as\n  {what[0][:600]}", flush=True)
        seed += 1
    seconds = time.monotonic() - began
    print(f"{cases} cases (seeds {first} to {seed - 1}) in {seconds:.0f} s, {cases / seconds:.0f}/s")
    print(f"{len(differ)} differ" + (f": seeds {', '.join(map(str, differ))}" if differ else ""))
    return bool(differ)


def found(case: Case) -> list[str]:
    """All differences; a crash of either side is one as well."""
    try:
        return list(differences(case))
    except ShiftsOverlapError:
        raise
    except Exception:  # noqa: BLE001 -- whatever breaks is what is looked for
        return [traceback.format_exc(limit=-2)]


def smallest(case: Case) -> Case:
    """Leave out what the difference does not need."""
    while True:
        for smaller in less(case):
            try:
                if found(smaller):
                    case = smaller
                    break
            except ShiftsOverlapError:
                continue
        else:
            return case


def less(case: Case) -> Iterator[Case]:
    """The case with one thing less."""
    for n in range(len(case.windows)):
        if len(case.windows) > 1:
            yield replace(case, windows=case.windows[:n] + case.windows[n + 1 :])
    for name in ("entries", "bookings", "later"):
        rows = getattr(case, name)
        yield from (replace(case, **{name: rows[:n] + rows[n + 1 :]}) for n in range(len(rows)))
    for name in ("words", "readings", "alive"):
        rows_of = getattr(case, name)
        for key, rows in rows_of.items():
            for n in range(len(rows)):
                smaller = replace(case, **{name: {**rows_of, key: rows[:n] + rows[n + 1 :]}})
                if any((*smaller.words.values(), *smaller.readings.values())) and smaller.first_us >= case.first_us:
                    first_us = smaller.first_us
                    life = {k: tuple(s for s in v if s[0] >= first_us) for k, v in smaller.alive.items()}
                    yield replace(smaller, alive=life)
    calendar = case.calendar
    for part in ("exceptions", "maintenance"):
        rows = getattr(calendar, part)
        for n in range(len(rows)):
            yield with_calendar(case, **{part: rows[:n] + rows[n + 1 :]})
    for name, shift in calendar.shifts.items():
        if shift.breaks:
            yield with_calendar(case, shifts={**calendar.shifts, name: replace(shift, breaks=shift.breaks[1:])})


def with_calendar(case: Case, **changes: object) -> Case:
    (key,) = case.plant.calendars
    return replace(case, plant=replace(case.plant, calendars={key: replace(case.calendar, **changes)}))


if __name__ == "__main__":
    raise SystemExit(main())
