"""How an OPC UA node is written: `nsu=<namespace URI>;s=…`, `ns=2;s=…`, or `i=2258` in namespace 0.

The URI form is the one to use: a server may renumber its namespaces at every restart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from connectors.base import AddressError

_PATTERN = re.compile(r"(?:nsu=(?P<uri>[^;]+);|ns=(?P<index>\d{1,5});)?(?P<kind>[isg])=(?P<name>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """A node: by namespace `uri` or by `index` (one of them), and an identifier: text, number or GUID."""

    uri: str | None
    index: int
    identifier: str | int | UUID


def parse_address(text: str) -> NodeAddress:
    """Read a node address.

    Raises
    ------
    AddressError
        It is none of the forms.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise AddressError(f"'{text}' is no OPC UA address; write one like nsu=urn:maker:machine;s=Filler.State")
    identifier = _identifier(text, match["kind"], match["name"])
    return NodeAddress(match["uri"], int(match["index"] or 0), identifier)


def _identifier(text: str, kind: str, name: str) -> str | int | UUID:
    if kind == "s":
        return name
    try:
        if kind == "g":
            return UUID(name)
        number = int(name) if name.isascii() and name.isdigit() else -1
    except ValueError:
        raise AddressError(f"'{text}': after g= comes a GUID like 09087e75-8e5e-499b-954f-f2a9603db28a") from None
    if not 0 <= number < 2**32:
        raise AddressError(f"'{text}': after i= comes a number from 0 to {2**32 - 1}")
    return number
