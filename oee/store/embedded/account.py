"""The system user the server runs as: the caller, or, since PostgreSQL refuses to run as root, a powerless one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from oee.store.embedded.errors import EmbeddedDatabaseError

if sys.platform != "win32":
    import pwd

FOR_ROOT = ("oee", "nobody")
# variables such as PGPORT or PGDATA, and the locale of whoever comes first, must not reach the server
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """A system user; `drops` says that root must become that user to start a program as it."""

    name: str
    uid: int
    gid: int
    drops: bool

    def run(
        self, *command: str | Path, text: str = "", keep_open: tuple[int, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this user, out of reach of the terminal's Ctrl-C.

        Parameters
        ----------
        command
            The program and its arguments.
        text
            What it reads on its standard input.
        keep_open
            File descriptors that it, and the server it may leave behind, inherit.
        """
        try:
            return subprocess.run(  # noqa: S603 - our own programs, no shell
                [os.fspath(word) for word in command],
                input=text, capture_output=True, text=True, check=False,
                cwd="/", env=ENVIRONMENT, pass_fds=keep_open, start_new_session=True,
                user=self.uid if self.drops else None,
                group=self.gid if self.drops else None,
                extra_groups=[] if self.drops else None,
            )  # fmt: skip
        except PermissionError:
            raise EmbeddedDatabaseError(self._unreachable(Path(command[0]))) from None

    def _unreachable(self, program: Path) -> str:
        closed = [folder for folder in reversed(program.parents) if not folder.stat().st_mode & stat.S_IXOTH]
        if self.drops and closed:
            return (f"Started by root, the embedded database runs as the user {self.name}, who may not enter "
                    f"{closed[0]}: choose another OEE_DATA_DIR, or allow it with: chmod o+x {closed[0]}")  # fmt: skip
        return f"{program} may not be run (is its disk mounted with noexec?): choose another OEE_DATA_DIR."

    def own_private_folder(self, folder: Path) -> Path:
        """Make sure that `folder` exists, belongs to this user and is closed to all others; return it.

        Raises
        ------
        EmbeddedDatabaseError
            If something else stands in its place, such as another user's folder.
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {self.uid, os.geteuid()}:
            raise EmbeddedDatabaseError(f"{folder} is not a folder of the user {self.name}: remove it.")
        folder.chmod(0o700)
        if found.st_uid != self.uid:
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)
        return folder


def server_account(cluster: Path) -> Account:
    """Return the user that the server of `cluster` runs as.

    Raises
    ------
    EmbeddedDatabaseError
        If there is none: a nameless user id, or data that belong to somebody else.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        return _account(os.geteuid(), drops=False)
    if owner is not None:
        return _account(owner, drops=True)
    for name in FOR_ROOT:
        try:
            return _account(pwd.getpwnam(name).pw_uid, drops=True)
        except KeyError:
            continue
    raise EmbeddedDatabaseError("PostgreSQL does not run as root: create a system user named oee for it.")


def caller_name() -> str:
    """Return the name of the user this process runs as."""
    return _account(os.geteuid(), drops=False).name


def _account(uid: int, *, drops: bool) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise EmbeddedDatabaseError(
            f"PostgreSQL needs a user with a name, but user id {uid} has none on this system."
        ) from None
    return Account(entry.pw_name, uid, entry.pw_gid, drops)
