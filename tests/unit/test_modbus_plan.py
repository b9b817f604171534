"""Modbus addresses and the planner of requests, without a device."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import AddressError, TagSpec
from connectors.modbus.address import Address, Table, parse_address
from connectors.modbus.plan import locate, plan_blocks, without_gaps


@pytest.mark.parametrize(
    ("text", "table", "wire"),
    [
        ("holding:40011", Table.HOLDING, 10),
        ("holding:400011", Table.HOLDING, 10),
        ("holding:465536", Table.HOLDING, 65535),
        ("input:30001", Table.INPUT, 0),
        ("discrete:10001", Table.DISCRETE, 0),
        ("coil:00001", Table.COIL, 0),
        ("holding:0", Table.HOLDING, 0),
        ("holding:9999", Table.HOLDING, 9999),
        ("coil:0", Table.COIL, 0),
        ("discrete:7", Table.DISCRETE, 7),
    ],
)
def test_documentation_numbers_count_from_one_and_small_numbers_from_zero(text, table, wire):
    assert parse_address(text) == Address(table, wire)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("holding:30001", "would be input"),
        ("holding:12345", "would be discrete"),
        ("input:40001", "would be holding"),
        ("holding:40000", "counts from 40001"),
        ("holding:465537", "counts from 400001"),
        ("holding:0001", "from 0 or from 1"),
        ("holding:4000011", "beyond"),
        ("holding:60001", "beyond"),
        ("register:1", "is no Modbus address"),
        ("holding:-1", "is no Modbus address"),
        ("holding", "is no Modbus address"),
        ("holding:١", "is no Modbus address"),
    ],
)
def test_an_ambiguous_address_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(AddressError, match=sentence):
        parse_address(text)


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        (TagSpec("k", "holding:9999", "string"), "type 'string'"),
        (TagSpec("k", "holding:465536", "uint32"), "beyond the last register"),
        (TagSpec("k", "holding:1", "uint32", "ABDC"), "byte order 'ABDC'"),
        (TagSpec("k", "coil:1", "uint16"), "single bit"),
        (TagSpec("k", "holding:1", unit=256), "unit 256"),
    ],
)
def test_a_tag_that_cannot_be_read_is_refused(tag, sentence):
    with pytest.raises(AddressError, match=sentence):
        locate(tag)


def test_neighbours_share_a_request_and_units_and_tables_do_not():
    tags = [
        TagSpec("a", "holding:0", "uint32"),
        TagSpec("b", "holding:2"),
        TagSpec("c", "holding:2", unit=2),
        TagSpec("d", "input:2"),
        TagSpec("e", "holding:40", "float64"),
    ]
    blocks = plan_blocks(tags, max_gap=8)
    assert [(b.unit, b.table.function_code, b.start, b.count) for b in blocks] == [
        (1, 3, 0, 3),
        (1, 3, 40, 4),
        (1, 4, 2, 1),
        (2, 3, 2, 1),
    ]


def test_a_gapped_block_can_be_read_without_its_holes():
    [block] = plan_blocks([TagSpec("a", "holding:0"), TagSpec("b", "holding:5")], max_gap=8)
    assert block.is_gapped
    assert block.count == 6
    assert [(b.start, b.count, b.is_gapped) for b in without_gaps(block)] == [(0, 1, False), (5, 1, False)]


_TAGS = st.lists(
    st.tuples(
        st.sampled_from(["holding", "input", "coil", "discrete"]),
        st.integers(0, 600),
        st.sampled_from([None, "int16", "uint32", "float64"]),
        st.integers(1, 2),
    ),
    max_size=60,
)


@given(_TAGS, st.integers(0, 200))
def test_every_tag_is_read_once_within_the_protocols_limits(given_tags, max_gap):
    tags = [
        TagSpec(str(n), f"{table}:{wire}", None if table in ("coil", "discrete") else kind, unit=unit)
        for n, (table, wire, kind, unit) in enumerate(given_tags)
    ]
    blocks = plan_blocks(tags, max_gap)
    read = {}
    for block in blocks:
        assert 1 <= block.count <= block.table.max_count
        for field, tag in zip(block.fields, block.tags, strict=True):
            item = locate(tag)
            assert (item.unit, item.table, item.start) == (block.unit, block.table, block.start + field.offset)
            assert field.offset + item.count <= block.count
            assert field.key not in read
            read[field.key] = block
    assert len(read) == len(tags)


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        (TagSpec("a", "holding:0", "string"), "needs a length"),
        (TagSpec("a", "holding:0", "string", "CDAB", length=4), "none of ABCD, BADC"),
        (TagSpec("a", "holding:0", "string", length=126), "takes 126 registers; one request reads 125"),
        (TagSpec("a", "holding:465530", "string", length=8), "beyond the last register"),
    ],
)
def test_a_text_that_no_request_can_read_is_refused(tag, why):
    with pytest.raises(AddressError, match=why):
        locate(tag)
