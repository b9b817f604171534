"""Tags → the fewest requests that read them: blocks of one unit and one function code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from connectors.base import AddressError, TagSpec
from connectors.modbus.address import WIRE_SPAN, Table, parse_address
from connectors.modbus.decode import Decoder, Field, check_byte_order, compile_bits, compile_registers, register_count


@dataclass(frozen=True, slots=True)
class Item:
    """A tag's place: `start` and `count` in items of its table."""

    unit: int
    table: Table
    start: int
    count: int
    tag: TagSpec


@dataclass(frozen=True, slots=True)
class Block:
    """One request and how to read its answer. `is_gapped`: it reads items nobody asked for, which may not exist."""

    unit: int
    table: Table
    start: int
    count: int
    fields: tuple[Field, ...]
    tags: tuple[TagSpec, ...]
    is_gapped: bool
    decode: Decoder


def locate(tag: TagSpec) -> Item:
    """Return where a tag is.

    Raises
    ------
    AddressError
        Address, type, byte order or unit can't be used.
    """
    address = parse_address(tag.address)
    check_byte_order(tag.byte_order, tag.type)
    if not 0 <= tag.unit <= 255:
        raise AddressError(f"unit {tag.unit} is none; Modbus units are 0 to 255")
    if address.table.holds_bits and tag.type not in (None, "bool"):
        raise AddressError(f"'{tag.address}' is a single bit; its type is bool, not {tag.type}")
    count = 1 if address.table.holds_bits else register_count(_type(tag), tag.length)
    if count > address.table.max_count:
        raise AddressError(f"'{tag.address}' takes {count} registers; one request reads {address.table.max_count}")
    if address.wire + count > WIRE_SPAN:
        raise AddressError(f"'{tag.address}' as {_type(tag)} runs beyond the last register")
    return Item(tag.unit, address.table, address.wire, count, tag)


def plan_blocks(tags: Iterable[TagSpec], max_gap: int) -> tuple[Block, ...]:
    """Coalesce tags into requests.

    Parameters
    ----------
    tags
        What to read.
    max_gap
        The most unasked items that a request may read between two asked ones.

    Returns
    -------
    tuple of Block
        Each within the protocol's limit (125 registers, 2000 bits), ordered by unit, function code, address.

    Raises
    ------
    AddressError
        A tag can't be read.
    """
    items = sorted(map(locate, tags), key=lambda i: (i.unit, i.table.function_code, i.start, i.count))
    blocks = []
    for _, group in groupby(items, key=lambda i: (i.unit, i.table)):
        blocks += [_block(run) for run in _runs(list(group), max_gap)]
    return tuple(blocks)


def without_gaps(block: Block) -> tuple[Block, ...]:
    """Return the blocks that read the same tags and nothing else."""
    return plan_blocks(block.tags, max_gap=0)


def _runs(items: Sequence[Item], max_gap: int) -> list[list[Item]]:
    runs: list[list[Item]] = []
    start = end = 0
    for item in items:
        stop = item.start + item.count
        fits = runs and item.start <= end + max_gap and max(end, stop) - start <= item.table.max_count
        if fits:
            runs[-1].append(item)
            end = max(end, stop)
        else:
            runs.append([item])
            start, end = item.start, stop
    return runs


def _block(run: Sequence[Item]) -> Block:
    first = run[0]
    end = max(item.start + item.count for item in run)
    fields = tuple(
        Field(item.tag.key, item.start - first.start, _type(item.tag), item.tag.byte_order, item.count) for item in run
    )
    asked = {place for item in run for place in range(item.start, item.start + item.count)}
    return Block(
        unit=first.unit,
        table=first.table,
        start=first.start,
        count=end - first.start,
        fields=fields,
        tags=tuple(item.tag for item in run),
        is_gapped=len(asked) < end - first.start,
        decode=compile_bits(fields) if first.table.holds_bits else compile_registers(fields),
    )


def _type(tag: TagSpec) -> str:
    return tag.type or "uint16"
