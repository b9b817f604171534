"""What `oee check` says of a plant file."""

from pathlib import Path

from oee.config.faults import PlantFileError
from oee.config.plant import load_plant


def check_report(path: str | Path) -> list[str]:
    """Return every fault of a plant file as ``FILE:LINE: key: what; …``, in the order of its lines; none is fine."""
    try:
        load_plant(path)
    except PlantFileError as error:
        return list(error.faults)
    return []
