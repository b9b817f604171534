"""When a plant began and by which seed: what makes a restart go on with the same plant."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Beginning:
    """Of a plant: its first instant [µs UTC], its seed, and when it was first run [µs UTC]."""

    epoch_us: int
    seed: int
    started_us: int

    @classmethod
    def some_days_ago(cls, days: int, seed: int, now_us: int) -> Self:
        """A plant that began at midnight (UTC), so many days ago; one of no days begins now."""
        return cls(now_us // DAY_US * DAY_US - days * DAY_US if days else now_us, seed, now_us)

    def kept_in(self, path: Path) -> Beginning:
        """Return the beginning that a file keeps; where there is none yet, it keeps this one from now on.

        Raises
        ------
        ValueError, TypeError
            The file holds something else.
        """
        try:
            return Beginning(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            new = path.with_name(path.name + ".new")
            with new.open("w", encoding="utf-8") as file:
                json.dump(asdict(self), file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
            return self
