"""Accounts, keys and sessions in a real database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from argon2 import PasswordHasher

from oee.errors import DatabaseUnavailable, InputError
from oee.store.accounts import SESSION_LENGTH, Accounts, Principal, Role
from oee.store.database import Database

PASSWORD = "correct horse"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 6, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class CountingHasher(PasswordHasher):
    """Real argon2id at its least cost, counting checks."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.checks_count = 0

    def verify(self, *args, **kwargs):
        self.checks_count += 1
        return super().verify(*args, **kwargs)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def accounts(database: str, hasher: CountingHasher, clock: Clock) -> Iterator[Accounts]:
    with Database(database) as db:
        yield Accounts(db, hasher, clock)


def shut_out(database: str) -> None:
    """Disable all accounts and revoke all keys that there are."""
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE account SET disabled_at = now()")
        connection.execute("UPDATE api_key SET revoked_at = now()")


def stored(database: str) -> str:
    """Everything that the tables of log-ins hold, as text."""
    with psycopg.connect(database) as connection:
        tables = ("account", "api_key", "session")
        rows = [connection.execute(f"SELECT t::text FROM {table} t").fetchall() for table in tables]
    return repr(rows)


def test_a_person_is_known_by_name_in_any_case_and_password(accounts):
    accounts.add_user("Anna", "supervisor", PASSWORD)
    anna = Principal("Anna", Role.SUPERVISOR, "account")
    assert accounts.authenticate("Anna", PASSWORD) == anna
    assert accounts.authenticate("anna", PASSWORD) == anna
    assert accounts.authenticate("Anna", PASSWORD.upper()) is None
    assert accounts.authenticate("Anna", "") is None
    assert accounts.authenticate("Berta", PASSWORD) is None


def test_a_password_is_the_same_however_the_keyboard_composes_it(accounts):
    accounts.add_user("anna", "viewer", "caf\u00e9 cr\u00e8me")
    assert accounts.authenticate("anna", "cafe\u0301 cre\u0300me") is not None


@pytest.mark.parametrize(
    ("name", "role", "password", "words"),
    [
        ("Anna", "viewer", PASSWORD, "exists already"),
        ("anna", "viewer", PASSWORD, "exists already"),
        ("", "viewer", PASSWORD, "1 to 64 letters"),
        ("a b", "viewer", PASSWORD, "1 to 64 letters"),
        ("a\x00", "viewer", PASSWORD, "1 to 64 letters"),
        ("berta", "boss", PASSWORD, "viewer, supervisor, engineer, admin, mes"),
        ("berta", "viewer", "short", "8 to 1024"),
        ("berta", "viewer", "x" * 1025, "8 to 1024"),
    ],
)
def test_what_can_not_be_an_account_is_refused_with_the_mend(accounts, name, role, password, words):
    accounts.add_user("Anna", "viewer", PASSWORD)
    with pytest.raises(InputError, match=words):
        accounts.add_user(name, role, password)


@pytest.mark.parametrize("name", ["nobody", "a\x00b", "x" * 100, "' OR 1=1 --"])
def test_unknown_names_cost_as_much_as_known_ones(accounts, hasher, name):
    accounts.add_user("anna", "viewer", PASSWORD)
    for who in ("anna", name):
        hasher.checks_count = 0
        assert accounts.authenticate(who, "wrong password") is None
        assert hasher.checks_count == 1


def test_passwords_are_kept_as_argon2id_and_no_secret_can_be_read_back(accounts, database):
    accounts.add_user("anna", "viewer", PASSWORD)
    key, token = accounts.add_key("mes", "mes"), accounts.new_session("anna")
    text = stored(database)
    assert "$argon2id$" in text
    for secret in (PASSWORD, key, key.split("_")[2], token):
        assert secret not in text


def test_a_key_opens_with_its_role_and_scopes(accounts):
    key = accounts.add_key("line-mes", "mes", ("write", "read"))
    start, prefix, secret = key.split("_")
    assert (start, len(prefix), len(secret)) == ("oee", 8, 64)
    assert accounts.check_key(key) == Principal("line-mes", Role.MES, "key", frozenset({"read", "write"}))
    wrong = f"oee_{prefix}_{secret[:-1]}{'0' if secret[-1] != '0' else '1'}"
    for other in (wrong, key[:-1], f" {key}", key.upper(), f"oee_{'0' * 8}_{secret}", "oee__", "", "\x00"):
        assert accounts.check_key(other) is None


def test_keys_with_unknown_roles_or_scopes_are_refused(accounts):
    with pytest.raises(InputError, match="read, write"):
        accounts.add_key("mes", "mes", ("fly",))
    with pytest.raises(InputError, match="supervisor"):
        accounts.add_key("mes", "boss")


def test_a_key_ends_when_it_expires(accounts, clock):
    key = accounts.add_key("mes", "mes", expires_at=clock.now + timedelta(days=1))
    clock.now += timedelta(days=1) - timedelta(microseconds=1)
    assert accounts.check_key(key) is not None
    clock.now += timedelta(microseconds=1)
    assert accounts.check_key(key) is None


def test_a_key_ends_when_it_is_revoked(accounts, database):
    key = accounts.add_key("mes", "mes")
    shut_out(database)
    assert accounts.check_key(key) is None
    assert accounts.check_key(accounts.add_key("mes", "mes")) is not None


def test_the_last_use_of_a_key_is_noted_to_the_minute(accounts, clock, database):
    key = accounts.add_key("mes", "mes")
    seen = []
    for pause_s in (0, 30, 31):
        clock.now += timedelta(seconds=pause_s)
        accounts.check_key(key)
        with psycopg.connect(database) as connection:
            seen += connection.execute("SELECT last_used_at FROM api_key").fetchone()
    assert [(t - seen[0]).total_seconds() for t in seen] == [0, 0, 61]


def test_a_session_lasts_its_time_and_ends_with_log_out(accounts, clock):
    accounts.add_user("anna", "engineer", PASSWORD)
    first, second = accounts.new_session("anna"), accounts.new_session("ANNA")
    assert first != second
    assert accounts.session_account(first) == Principal("anna", Role.ENGINEER, "account")
    accounts.end_session(first)
    assert accounts.session_account(first) is None
    clock.now += SESSION_LENGTH - timedelta(microseconds=1)
    assert accounts.session_account(second) is not None
    clock.now += timedelta(microseconds=1)
    assert accounts.session_account(second) is None
    assert accounts.session_account("") is None


def test_expired_sessions_are_swept_out(accounts, clock, database):
    accounts.add_user("anna", "engineer", PASSWORD)
    for _ in range(3):
        accounts.new_session("anna")
    clock.now += SESSION_LENGTH
    accounts.new_session("anna")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM session").fetchone() == (1,)


def test_a_disabled_account_is_out_at_once(accounts, database):
    accounts.add_user("anna", "admin", PASSWORD)
    token = accounts.new_session("anna")
    shut_out(database)
    assert accounts.authenticate("anna", PASSWORD) is None
    assert accounts.session_account(token) is None
    assert accounts.session_account(accounts.new_session("anna")) is None


@pytest.mark.parametrize("kind", ["account", "key"])
def test_the_door_never_opens_again(accounts, database, kind):
    assert not accounts.anybody()
    if kind == "account":
        accounts.add_user("anna", "admin", PASSWORD)
    else:
        accounts.add_key("mes", "mes")
    shut_out(database)
    assert accounts.anybody()
    with Database(database) as db:
        assert Accounts(db).anybody()


def test_the_database_away_is_said_so():
    with Database("postgresql://127.0.0.1:1/none", wait_s=0.2) as db, pytest.raises(DatabaseUnavailable):
        Accounts(db).anybody()
