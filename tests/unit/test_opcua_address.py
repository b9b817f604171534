"""OPC UA node addresses, without a server."""

from __future__ import annotations

from uuid import UUID

import pytest

from connectors import status
from connectors.base import AddressError, usable
from connectors.opcua.address import NodeAddress, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("nsu=urn:acme;s=Filler.State", NodeAddress("urn:acme", 0, "Filler.State")),
        ("nsu=http://acme.example/UA/;i=7", NodeAddress("http://acme.example/UA/", 0, 7)),
        ("ns=2;s=a;b=c", NodeAddress(None, 2, "a;b=c")),
        ("i=2258", NodeAddress(None, 0, 2258)),
        (
            "ns=3;g=09087e75-8e5e-499b-954f-f2a9603db28a",
            NodeAddress(None, 3, UUID("09087e75-8e5e-499b-954f-f2a9603db28a")),
        ),
    ],
)
def test_the_forms_of_a_node(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "Filler.State", "ns=2", "ns=x;s=a", "nsu=urn:a;q=1", "i=-1", "i=4294967296", "g=1"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(AddressError):
        parse_address(text)


@pytest.mark.parametrize(
    ("value", "code", "want"),
    [
        (1.5, 0, (1.5, 0)),
        (True, 0, (True, 0)),
        (2**64 - 1, 0, (2**64 - 1, 0)),
        (7, status.UNCERTAIN, (7, status.UNCERTAIN)),
        (7, status.BAD_DEVICE_FAILURE, (None, status.BAD_DEVICE_FAILURE)),
        (2**64, 0, (None, status.BAD_OUT_OF_RANGE)),
        (float("nan"), 0, (None, status.BAD_OUT_OF_RANGE)),
        (float("inf"), 0, (None, status.BAD_OUT_OF_RANGE)),
        ("x" * 4001, 0, (None, status.BAD_ENCODING_LIMITS_EXCEEDED)),
        (None, 0, (None, status.BAD_NO_DATA)),
        ([1, 2], 0, (None, status.BAD_TYPE_MISMATCH)),
    ],
)
def test_what_is_no_usable_value_is_bad(value, code, want):
    assert usable(value, code) == want
