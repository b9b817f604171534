"""The server's configuration files, written anew at each start.

``ALTER SYSTEM`` still works for settings of one's own: PostgreSQL reads its file after these.
"""

from __future__ import annotations

from pathlib import Path

from oee.store.embedded.account import caller_name

HEADER = "# Written by oee at each start: changes made here are lost. Use ALTER SYSTEM.\n"
ALWAYS = {
    "listen_addresses": "",  # no TCP at all
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # sized for a machine with 2 GB that does other things too
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "synchronous_commit": "on",
    "random_page_cost": "1.1",
    # the server's own life only: failed statements are told to whoever sent them
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
TIMESCALE = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",  # must be: the bundle has no OpenSSL behind it
    "timescaledb.max_background_workers": "0",  # the Apache edition has no jobs to run
}
# a crash of the machine may destroy the data: for tests alone
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


def write(folder: Path, *, socket_folder: Path, account: str, durable: bool, timescale: bool) -> None:
    """Write ``postgresql.conf``, ``pg_hba.conf`` and ``pg_ident.conf`` into `folder`.

    Parameters
    ----------
    folder
        Made if it does not exist; belongs to whoever starts the server, not to the server.
    socket_folder
        Where the server's socket goes.
    account
        The system user that the server runs as; it and the caller may connect.
    durable, timescale
        Whether to survive a crash of the machine; whether to load TimescaleDB.
    """
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)
    chosen = {
        **ALWAYS,
        **(TIMESCALE if timescale else {}),
        **({} if durable else NOT_DURABLE),
        "unix_socket_directories": str(socket_folder),
        "hba_file": str(folder / "pg_hba.conf"),
        "ident_file": str(folder / "pg_ident.conf"),
    }
    lines = [f"{name} = {_quoted(value)}\n" for name, value in chosen.items()]
    _write(folder / "postgresql.conf", "".join(lines))
    _write(folder / "pg_hba.conf", "local all all peer map=oee\n")
    allowed = sorted({account, caller_name()})
    _write(folder / "pg_ident.conf", "".join(f'oee "{name}" all\n' for name in allowed))


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _write(path: Path, text: str) -> None:
    path.write_text(HEADER + text, encoding="utf-8")
    path.chmod(0o644)
