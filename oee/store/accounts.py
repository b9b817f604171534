"""People, keys and sessions: who may come in. The only place that reads or writes the tables of log-ins."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Literal

import psycopg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from oee.errors import InputError
from oee.store.database import Database, Row
from oee.store.sql import query

SESSION_LENGTH = timedelta(hours=12)
"""Longer than a shift, shorter than a day: nobody is thrown out in mid-shift, and no log-in outlives its day."""
SCOPES = ("read", "write")
MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 1024
_NAME = re.compile(r"[\w.@+-]{1,64}")
_KEY = re.compile(r"oee_([0-9a-f]{8})_([0-9a-f]{64})")
# Each argon2 check takes 64 MiB and a core for some 50 ms: a flood of log-ins must not take all of the machine.
_HASHING = threading.BoundedSemaphore(2)


class Role(StrEnum):
    """What somebody is in the plant; what a role may do stands at each route."""

    VIEWER = "viewer"
    SUPERVISOR = "supervisor"
    ENGINEER = "engineer"
    ADMIN = "admin"
    MES = "mes"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. ``scopes`` narrow the role; empty means all that the role may."""

    name: str
    role: Role
    kind: Literal["account", "key", "loopback"]
    scopes: frozenset[str] = frozenset()

    def has_scope(self, scope: str) -> bool:
        """Whether the scopes allow reading or writing."""
        return not self.scopes or scope in self.scopes


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _normal(password: str) -> str:
    """Compose the password: keyboards of different systems send ``é`` as one character or as two."""
    return unicodedata.normalize("NFC", password)


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InputError(f"name {name!r}: use 1 to 64 letters, digits and . _ @ + -")
    return name


def _checked_role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise InputError(f"role {role!r}: use one of {', '.join(Role)}") from None


def _checked_scopes(scopes: tuple[str, ...]) -> list[str]:
    for scope in scopes:
        if scope not in SCOPES:
            raise InputError(f"scope {scope!r}: use one of {', '.join(SCOPES)}")
    return sorted(set(scopes))


class Accounts:
    """Accounts, keys and sessions in the database.

    Parameters
    ----------
    database : migrated.
    hasher : argon2id with its cost; the default is RFC 9106's choice for small memory.
    now : the clock, as aware UTC.

    Raises
    ------
    DatabaseUnavailable
        By every method, when the database can't be reached.
    """

    def __init__(
        self,
        database: Database,
        hasher: PasswordHasher | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = database
        self._hasher = hasher or PasswordHasher()
        self._now = now
        self._somebody = False

    def anybody(self) -> bool:
        """Whether any account or key exists, even a disabled or revoked one."""
        # Rows are never deleted, so a yes stays a yes and costs no query any more.
        self._somebody = self._somebody or bool(self._rows("anybody")[0][0])
        return self._somebody

    def add_user(self, name: str, role: str, password: str) -> None:
        """Add an account; `InputError` names what can't be taken."""
        _checked_name(name), _checked_role(role)
        if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
            raise InputError(f"password: use {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters")
        password_hash = self._hasher.hash(_normal(password))
        try:
            self._rows("add_account", name=name, role=role, password_hash=password_hash)
        except psycopg.errors.UniqueViolation:
            raise InputError(f"account {name!r} exists already") from None

    def authenticate(self, name: str, password: str) -> Principal | None:
        """Whose name and password these are; None for any mismatch, an unknown name after the same time as a known."""
        rows = self._rows("account", name=name) if _NAME.fullmatch(name) else []
        if not self._verify(rows[0][2] if rows else self._nobodys_hash, password) or not rows:
            return None
        return Principal(rows[0][0], Role(rows[0][1]), "account")

    def add_key(self, name: str, role: str, scopes: tuple[str, ...] = (), expires_at: datetime | None = None) -> str:
        """Add a key and return it; nobody can read it again."""
        prefix, secret = secrets.token_hex(4), secrets.token_hex(32)
        self._rows(
            "add_key",
            prefix=prefix,
            name=_checked_name(name),
            secret_sha256=_sha256(secret),
            role=_checked_role(role),
            scopes=_checked_scopes(scopes),
            expires_at=expires_at,
        )
        return f"oee_{prefix}_{secret}"

    def check_key(self, token: str) -> Principal | None:
        """Whose key this is; None when it is malformed, unknown, wrong, expired or revoked."""
        match = _KEY.fullmatch(token)
        if match is None:
            return None
        rows = self._rows("key", prefix=match[1])
        if not rows or not hmac.compare_digest(bytes(rows[0][3]), _sha256(match[2])):
            return None
        name, role, scopes, _, use_is_news = rows[0]
        if use_is_news:
            self._rows("touch_key", prefix=match[1])
        return Principal(name, Role(role), "key", frozenset(scopes))

    def new_session(self, name: str) -> str:
        """Open a session for an account that has just been authenticated; return the token for its cookie."""
        token = secrets.token_urlsafe(32)
        self._rows("add_session", token_sha256=_sha256(token), name=name, expires_at=self._now() + SESSION_LENGTH)
        return token

    def session_account(self, token: str) -> Principal | None:
        """Whose session this is; None when it is unknown, ended or expired, or its account is disabled."""
        rows = self._rows("session", token_sha256=_sha256(token))
        return Principal(rows[0][0], Role(rows[0][1]), "account") if rows else None

    def end_session(self, token: str) -> None:
        """Forget a session; unknown ones are nobody's loss."""
        self._rows("end_session", token_sha256=_sha256(token))

    @cached_property
    def _nobodys_hash(self) -> str:
        return self._hasher.hash(secrets.token_hex(16))

    def _verify(self, password_hash: str, password: str) -> bool:
        if len(password) > MAX_PASSWORD_LENGTH:
            return False
        with _HASHING:
            try:
                return self._hasher.verify(password_hash, _normal(password))
            except (VerificationError, InvalidHashError):
                return False

    def _rows(self, statement: str, /, **values: object) -> list[Row]:
        """Run one query of ``sql/queries/accounts`` in a transaction of its own."""
        with self._database.transaction() as connection:
            cursor = connection.execute(query(f"accounts/{statement}").encode(), {"now": self._now(), **values})
            return [] if cursor.description is None else cursor.fetchall()
