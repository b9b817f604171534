"""``python -m oee.cli.demo_history FOLDER``: weeks behind simulated machines that run elsewhere (docker-compose.yml).

They keep in ``simulators.json`` of the folder when their plant began and when they first ran. What lies between is told
once more and imported; ended at any time, it goes on where it was, and once it is complete it has nothing to do.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from oee.cli.common import database, plant_text, say
from oee.cli.demo_past import APART_US, Past, fill
from oee.compute.service import clock_us
from oee.errors import InputError, OeeError
from oee.store.master import Master


def main() -> None:
    """Fill in what no collector could see; a fault is told in one sentence."""
    folder = Path(sys.argv[1])
    try:
        past = _past(folder)
        with database() as db:
            Master(db).apply(plant_text(folder / "plant.yaml"), None, clock_us())
            fill(folder, db, past, stopped=lambda: False)
    except (OeeError, OSError) as error:
        sys.exit(f"oee: {error}")
    say("history is complete")


def _past(folder: Path) -> Past:
    """What is left to fill in, as noted; at first all from the plant's beginning to the machines' first start."""
    if not (folder / "demo.json").exists():
        try:
            kept = json.loads((folder / "simulators.json").read_text(encoding="utf-8"))
            since_us, until_us = int(kept["epoch_us"]), int(kept["started_us"]) - APART_US
            unfilled = ((since_us, until_us),) if since_us < until_us else ()
            Past(since_us, int(kept["seed"]), until_us, unfilled).save(folder)
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{folder} holds no simulators.json that tells when the machines began") from error
    return Past.of(folder, 0, clock_us())


if __name__ == "__main__":
    main()
