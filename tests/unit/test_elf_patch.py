"""The patch that lets TimescaleDB's libraries load on older systems, on a hand-made library and on those we ship."""

from __future__ import annotations

import struct
import sys
import tarfile
from pathlib import Path

import pytest

from oee.store.embedded.timescale import BUNDLES

sys.path.insert(0, str(Path(__file__).parents[2] / "deploy" / "timescaledb-bundle"))
from elf_patch import Change, NotPatchable, insisted_versions, patched

GLOBAL, WEAK, FUNCTION = 1, 2, 2
OLD, NEW = 2, 3  # version indices in the hand-made library


def library(symbols: list[tuple[str, int, int]]) -> bytes:
    """Make an ELF-64 library with `symbols` (name, section index, version index) that needs GLIBC_2.17 and 2.38."""
    strings = bytearray(b"\0")

    def string(text: str) -> int:
        strings.extend(text.encode() + b"\0")
        return len(strings) - len(text) - 1

    table = b"".join(struct.pack("<IBBHQQ", string(n), GLOBAL << 4 | FUNCTION, 0, s, 0, 0) for n, s, _ in symbols)
    versions = b"".join(struct.pack("<H", v) for _, _, v in symbols)
    needed = struct.pack("<HHIII", 1, 2, string("libc.so.6"), 16, 0)
    needed += struct.pack("<IHHII", 0, 0, OLD, string("GLIBC_2.17"), 16)
    needed += struct.pack("<IHHII", 0, 0, NEW, string("GLIBC_2.38"), 0)
    bodies = [(0, b"", 0), (11, table, 2), (3, bytes(strings), 0), (0x6FFFFFFF, versions, 1), (0x6FFFFFFE, needed, 2)]
    image, headers = bytearray(64), b""
    for kind, body, link in bodies:
        headers += struct.pack("<IIQQQQIIQQ", 0, kind, 0, 0, len(image), len(body), link, 0, 1, 0)
        image += body
    image[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<Q", image, 0x28, len(image))
    struct.pack_into("<HHH", image, 0x3A, 64, len(bodies), 0)
    return bytes(image) + headers


def test_a_new_glibc_symbol_is_renamed_to_its_old_twin_and_the_version_becomes_optional() -> None:
    before = library([("__isoc23_strtol", 0, NEW), ("memcpy", 0, OLD)])
    after, changes = patched(before)
    assert insisted_versions(before) == {"GLIBC_2.17", "GLIBC_2.38"}
    assert insisted_versions(after) == {"GLIBC_2.17"}
    assert changes == (Change("GLIBC_2.38", "weak version"), Change("__isoc23_strtol", "strtol, any version"))
    assert after == patched(library([("__isoc23_strtol", 0, NEW), ("memcpy", 0, OLD)]))[0]


def test_the_renamed_symbol_points_at_the_end_of_its_old_name() -> None:
    before = library([("__isoc23_sscanf", 0, NEW)])
    after, _ = patched(before)
    table = 64  # the symbol table comes first, straight after the header
    moved = struct.unpack_from("<I", after, table)[0] - struct.unpack_from("<I", before, table)[0]
    assert "__isoc23_sscanf"[moved:] == "sscanf"


def test_a_symbol_the_server_exports_itself_only_loses_its_version() -> None:
    before = library([("strlcpy", 0, NEW)])
    after, changes = patched(before)
    assert Change("strlcpy", "strlcpy, any version") in changes
    assert after[64:88] == before[64:88]


def test_openssl_becomes_weak_only_where_it_is_wanted_from_outside() -> None:
    _, changes = patched(library([("SSL_read", 0, 1), ("SSL_own", 4, 1), ("palloc", 0, 1)]))
    assert changes == (Change("GLIBC_2.38", "weak version"), Change("SSL_read", "weak"))


def test_nothing_moves_and_a_second_time_changes_nothing() -> None:
    before = library([("__isoc23_strtol", 0, NEW), ("SSL_read", 0, 1)])
    once, _ = patched(before)
    assert len(once) == len(before)
    assert patched(once) == (once, ())


def test_versions_as_old_as_asked_for_are_left_alone() -> None:
    before = library([("__isoc23_strtol", 0, NEW)])
    assert patched(before, oldest_glibc=(2, 38)) == (before, ())


@pytest.mark.parametrize("content", [b"", b"MZ", b"\x7fELF\x01\x01" + bytes(200), b"\x7fELF\x02\x02" + bytes(200)])
def test_another_kind_of_file_is_refused(content: bytes) -> None:
    with pytest.raises(NotPatchable):
        patched(content)


def test_a_library_without_versions_is_refused() -> None:
    with pytest.raises(NotPatchable, match="versioned symbols"):
        patched(b"\x7fELF\x02\x01" + bytes(0x36) + struct.pack("<HH", 64, 0) + bytes(2))


@pytest.mark.parametrize("machine", sorted(BUNDLES))
def test_the_libraries_we_ship_insist_on_nothing_newer_than_glibc_2_28(machine: str) -> None:
    with tarfile.open(BUNDLES[machine].path) as archive:
        members = [member for member in archive if member.name.endswith(".so")]
        assert len(members) == 2
        for member in members:
            content = archive.extractfile(member).read()
            assert patched(content) == (content, ())
            assert insisted_versions(content)


@pytest.mark.parametrize("machine", sorted(BUNDLES))
def test_each_bundle_says_what_was_changed_and_carries_its_licences(machine: str) -> None:
    with tarfile.open(BUNDLES[machine].path) as archive:
        assert [member.name for member in archive] == sorted(
            ["LICENSE-APACHE", "NOTICE", "copyright", "lib/timescaledb.so", "lib/timescaledb-2.31.0.so",
             "share/extension/timescaledb.control", "share/extension/timescaledb--2.31.0.sql"]
        )  # fmt: skip
        notice = archive.extractfile("NOTICE").read().decode()
        assert {member.mtime for member in archive} == {0}
    assert "MODIFIED FILES" in notice
    assert "timescaledb-2.31.0.so: __isoc23_strtol -> strtol, any version" in notice
    assert "Copyright (c) 2017-2026  Timescale, Inc." in notice
