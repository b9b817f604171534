"""The environment: the only place that reads its variables."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from oee.errors import ConfigError

SECRETS = ("OEE_DATABASE_URL", "OEE_DATABASE_PASSWORD", "OEE_PASSWORD")
"""Each may also be given as the name of a file that holds it, in ``<name>_FILE``."""
VARIABLES = (*SECRETS, *(f"{name}_FILE" for name in SECRETS), "OEE_DATA_DIR", "OEE_PLANT", "OEE_LOG")
"""All that the service knows."""


def default_data_dir() -> Path:
    """Return the folder for the spool, certificates and the embedded database, as an absolute path.

    ``OEE_DATA_DIR``; without it ``/var/lib/oee`` for root, else the platform's folder for a user's data.
    """
    chosen = os.environ.get("OEE_DATA_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform != "win32" and os.geteuid() == 0:
        return Path("/var/lib/oee")
    return user_data_folder(sys.platform, Path.home(), os.environ) / "oee"


def user_data_folder(system: str, home: Path, environ: Mapping[str, str]) -> Path:
    """Return where programs of one user keep their data on `system`, named as `sys.platform` does."""
    if system == "darwin":
        return home / "Library" / "Application Support"
    if system == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    named = environ.get("XDG_DATA_HOME", "")
    # the XDG specification: a relative path is invalid and to be ignored
    return Path(named) if Path(named).is_absolute() else home / ".local" / "share"


def database_url() -> str | None:
    """Return the database's address from ``OEE_DATABASE_URL`` or ``OEE_DATABASE_URL_FILE``, if any."""
    return secret("OEE_DATABASE_URL")


def database_password() -> str | None:
    """Return the password for that address from ``OEE_DATABASE_PASSWORD`` or its ``_FILE``, if it stands apart."""
    return secret("OEE_DATABASE_PASSWORD")


def account_password() -> str | None:
    """Return the password of the account to add from ``OEE_PASSWORD`` or ``OEE_PASSWORD_FILE``, if any."""
    return secret("OEE_PASSWORD")


def secret(name: str) -> str | None:
    """Return a secret from the variable `name`, or from the file that ``<name>_FILE`` names; None if neither is set.

    An empty variable counts as unset; a line end at the end of the file is not part of the secret.

    Raises
    ------
    ConfigError
        If both are set, or the file can't be read or is empty.
    """
    value, file = os.environ.get(name) or None, os.environ.get(f"{name}_FILE")
    if not file:
        return value
    if value is not None:
        raise ConfigError(f"Both {name} and {name}_FILE are set: keep one of them.")
    try:
        content = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_FILE names {file}, which can't be read: {error}.") from error
    if not content:
        raise ConfigError(f"{name}_FILE names {file}, which is empty.")
    return content
