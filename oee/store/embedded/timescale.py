"""The TimescaleDB bundles that come with oee: which one fits here, and how it is checked and unpacked.

They are Debian's packages made loadable on older systems; ``deploy/timescaledb-bundle/rebuild.py`` makes them.
Tests run the x86-64 one. The aarch64 one was made in the same way, and no test of ours has started it.
"""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from oee.store.embedded.errors import EmbeddedDatabaseError

OLDEST_GLIBC = (2, 28)
FOLDER = Path(__file__).parent / "bundle"
UNSUPPORTED = (
    "The embedded database is plain PostgreSQL here, since oee brings TimescaleDB along for Linux on x86-64 and "
    "arm64 with glibc 2.28 or later only: everything works, but samples are not kept in chunks."
)


@dataclass(frozen=True)
class Bundle:
    """One archive with TimescaleDB's libraries and SQL for PostgreSQL 18, and the checksum it must have."""

    version: str
    path: Path
    sha256: str

    def verified(self) -> bytes:
        """Return the archive.

        Raises
        ------
        EmbeddedDatabaseError
            If it is missing or not, to the byte, the one that was released.
        """
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise EmbeddedDatabaseError(f"{self.path} can't be read ({error.strerror}): install oee again.") from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise EmbeddedDatabaseError(
                f"{self.path} is damaged or was tampered with (its sha256 is wrong): install oee again."
            )
        return content

    def unpack(self, target: Path) -> None:
        """Check the archive and unpack it into the folder `target`."""
        with tarfile.open(fileobj=BytesIO(self.verified()), mode="r:xz") as archive:
            # one by one: extractall()'s safe form is missing in Python before 3.11.4, such as Debian 12's
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    path = target / member.name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content.read())


VERSION = "2.31.0"
_SHA256 = {
    "x86_64": "738f191090a298eda3c0c6e69d7d8282c33321f1333cf291747bb0570834b498",
    "aarch64": "9e3a17811cfe16b0772fb3aabffc63b012695c8bdd4a921b6ad249e72e131cc2",
}
BUNDLES = {
    machine: Bundle(VERSION, FOLDER / f"timescaledb-{VERSION}-pg18-linux-{machine}.tar.xz", sha256)
    for machine, sha256 in _SHA256.items()
}


def bundle_for(system: str, machine: str, libc: tuple[str, str]) -> Bundle | None:
    """Return the bundle for a platform, named as the functions of the module `platform` do, or None.

    Parameters
    ----------
    system, machine
        Such as ``Linux`` and ``x86_64``.
    libc
        Name and version of the C library, such as ``("glibc", "2.36")``.
    """
    name, version = libc
    if system != "Linux" or name != "glibc":
        return None
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_GLIBC:
        return None
    return BUNDLES.get(machine)
