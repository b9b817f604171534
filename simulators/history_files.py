"""``python -m simulators.history_files``: the demo plant's past as sample files, one a day, as they are wanted."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from simulators.history import Row, history, write_csv
from simulators.model import Plant
from simulators.scenarios import SCENARIOS

DAY_US = 86_400_000_000


def main() -> None:
    """Write a file a day; print its path and the time that it reaches to [µs UTC]."""
    parser = argparse.ArgumentParser(prog="python -m simulators.history_files")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="demo")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--interval-s", type=float, default=5.0)
    for name in ("--seed", "--epoch-us", "--from-us", "--to-us"):
        parser.add_argument(name, type=int, required=True)
    a = parser.parse_args()
    plant = Plant.at(a.seed, SCENARIOS[a.scenario](a.epoch_us), a.epoch_us)
    plant.advance(a.from_us)
    edges = [*range(a.from_us, a.to_us, DAY_US), a.to_us]
    for n, (start_us, end_us) in enumerate(itertools.pairwise(edges)):
        path = a.folder / f"day-{n:04}.csv"
        write_csv(path, _alive_to_the_end(history(plant, start_us, end_us, a.interval_s), end_us))
        sys.stdout.write(f"{path} {end_us}\n")
        sys.stdout.flush()


def _alive_to_the_end(rows: Iterable[Row], end_us: int) -> Iterator[Row]:
    """Repeat each machine's last state at the end: a collector proves life of a machine that changes nothing, too."""
    last: dict[str, Row] = {}
    for row in rows:
        if row.signal == "state":
            last[row.machine] = row
        yield row
    for row in last.values():
        if row.ts_us < end_us - 1:
            yield row._replace(ts_us=end_us - 1)


if __name__ == "__main__":
    main()
