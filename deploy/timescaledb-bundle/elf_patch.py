"""Let a shared library built for a new glibc load on glibc 2.28 and later, without a compiler.

Debian's ``timescaledb-*.so`` asks for three functions of GLIBC_2.38 and, without a version, for OpenSSL.
None of them is really needed:

* ``__isoc23_strtol`` and ``__isoc23_sscanf`` have older twins of the same signature, ``strtol`` and ``sscanf``
  (the new ones also read C23's ``0b`` literals). A symbol's name is an offset into a table of NUL-ended
  strings, and the older name is the end of the newer one, so that moving the offset renames the symbol.
* ``strlcpy`` is also exported by the ``postgres`` program itself; it only has to lose its version.
* OpenSSL serves telemetry alone, which is off; a weak symbol may stay undefined.

The dynamic loader insists on every version that the library lists as needed unless the entry is marked weak.
All changes are made in place: nothing moves, no section grows. Layouts: System V ABI, ELF-64, and the Linux
Standard Base's chapter on symbol versioning.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

SHT_DYNSYM, SHT_GNU_VERNEED, SHT_GNU_VERSYM = 11, 0x6FFFFFFE, 0x6FFFFFFF
SHN_UNDEF, STB_WEAK, VER_FLG_WEAK, VER_NDX_GLOBAL = 0, 2, 2, 1
SYMBOL_BYTES = 24
C23_PREFIX = "__isoc23_"
OPENSSL = re.compile(r"(SSL|ERR|TLS)_")
GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")
OLDEST_GLIBC = (2, 28)


class NotPatchable(ValueError):
    """The file is not a little-endian 64-bit ELF library with versioned symbols."""


@dataclass(frozen=True)
class Change:
    """One symbol or needed version that was changed, and how."""

    name: str
    became: str


@dataclass(frozen=True)
class _Section:
    kind: int
    offset: int
    size: int
    link: int


@dataclass(frozen=True)
class _Library:
    """The tables of one ELF image that the patch reads and writes."""

    image: bytearray
    symbols: _Section
    strings: _Section
    versions: _Section
    needed: _Section

    def string(self, at: int) -> str:
        start = self.strings.offset + at
        return self.image[start : self.image.index(0, start)].decode()


def patched(library: bytes, oldest_glibc: tuple[int, int] = OLDEST_GLIBC) -> tuple[bytes, tuple[Change, ...]]:
    """Return the library made loadable on `oldest_glibc`, and what was changed.

    Parameters
    ----------
    library
        A little-endian 64-bit ELF shared library of any machine type.
    oldest_glibc
        The oldest glibc, (major, minor), that must accept the result.

    Raises
    ------
    NotPatchable
        If `library` is not such a file.
    """
    elf = _parse(bytearray(library))
    changes: list[Change] = []
    too_new = set()
    for entry, index, name in list(_needed_versions(elf)):
        if _is_newer(name, oldest_glibc) and not _flags(elf, entry) & VER_FLG_WEAK:
            struct.pack_into("<H", elf.image, entry + 4, _flags(elf, entry) | VER_FLG_WEAK)
            too_new.add(index)
            changes.append(Change(name, "weak version"))
    for position in range(elf.symbols.size // SYMBOL_BYTES):
        changes += _patch_symbol(elf, position, too_new)
    return bytes(elf.image), tuple(changes)


def insisted_versions(library: bytes) -> frozenset[str]:
    """Return the versions (such as ``GLIBC_2.17``) without which the loader refuses the library."""
    elf = _parse(bytearray(library))
    return frozenset(name for entry, _, name in _needed_versions(elf) if not _flags(elf, entry) & VER_FLG_WEAK)


def _patch_symbol(elf: _Library, position: int, too_new: set[int]) -> Iterator[Change]:
    at = elf.symbols.offset + position * SYMBOL_BYTES
    st_name, info, _, section = struct.unpack_from("<IBBH", elf.image, at)
    name = elf.string(st_name)
    if section == SHN_UNDEF and OPENSSL.match(name) and info >> 4 != STB_WEAK:
        elf.image[at + 4] = STB_WEAK << 4 | info & 15
        yield Change(name, "weak")
    version_at = elf.versions.offset + 2 * position
    (version,) = struct.unpack_from("<H", elf.image, version_at)
    if version & 0x7FFF in too_new:
        struct.pack_into("<H", elf.image, version_at, VER_NDX_GLOBAL)
        if name.startswith(C23_PREFIX):
            struct.pack_into("<I", elf.image, at, st_name + len(C23_PREFIX))
        yield Change(name, name.removeprefix(C23_PREFIX) + ", any version")


def _parse(image: bytearray) -> _Library:
    if image[:6] != b"\x7fELF\x02\x01":
        raise NotPatchable("not a little-endian 64-bit ELF file")
    (table,) = struct.unpack_from("<Q", image, 0x28)
    entry_bytes, count = struct.unpack_from("<HH", image, 0x3A)
    sections = [_section(image, table + i * entry_bytes) for i in range(count)]
    by_kind = {section.kind: section for section in sections}
    try:
        symbols = by_kind[SHT_DYNSYM]
        versions, needed = by_kind[SHT_GNU_VERSYM], by_kind[SHT_GNU_VERNEED]
    except KeyError as missing:
        raise NotPatchable(f"no section of type {missing}: not a library with versioned symbols") from None
    return _Library(image, symbols, sections[symbols.link], versions, needed)


def _section(image: bytearray, at: int) -> _Section:
    _, kind, _, _, offset, size, link = struct.unpack_from("<IIQQQQI", image, at)
    return _Section(kind, offset, size, link)


def _needed_versions(elf: _Library) -> Iterator[tuple[int, int, str]]:
    """Yield (offset of the entry, version index, version name) of every version asked of another library."""
    group = elf.needed.offset
    while True:
        _, count, _, first, next_group = struct.unpack_from("<HHIII", elf.image, group)
        entry = group + first
        for _ in range(count):
            _, _, index, name, next_entry = struct.unpack_from("<IHHII", elf.image, entry)
            yield entry, index, elf.string(name)
            entry += next_entry
        if not next_group:
            return
        group += next_group


def _flags(elf: _Library, entry: int) -> int:
    flags: int = struct.unpack_from("<H", elf.image, entry + 4)[0]
    return flags


def _is_newer(version: str, oldest_glibc: tuple[int, int]) -> bool:
    match = GLIBC.fullmatch(version)
    return match is not None and (int(match[1]), int(match[2])) > oldest_glibc
