"""The OPC UA status codes that connectors make themselves, and the two bits that matter of all others.

Source: OPC UA Part 4, 7.39 (severity in the top two bits) and Part 6, table A.2 (codes).
"""

from __future__ import annotations

GOOD = 0x0000_0000
UNCERTAIN = 0x4000_0000
BAD_RESOURCE_UNAVAILABLE = 0x8004_0000
BAD_DECODING_ERROR = 0x8007_0000
BAD_ENCODING_LIMITS_EXCEEDED = 0x8008_0000
BAD_TIMEOUT = 0x800A_0000
BAD_NO_COMMUNICATION = 0x8031_0000
BAD_NODE_ID_UNKNOWN = 0x8034_0000
BAD_OUT_OF_RANGE = 0x803C_0000
BAD_NOT_SUPPORTED = 0x803D_0000
BAD_TYPE_MISMATCH = 0x8074_0000
BAD_DEVICE_FAILURE = 0x808B_0000
BAD_NO_DATA = 0x809B_0000


_OVERFLOW = 0x0480
_NAMES = {code: name for name, code in list(globals().items()) if isinstance(code, int) and not name.startswith("_")}


def describe(code: int) -> str:
    """Return a StatusCode's name as OPC UA writes it (BadTimeout), or its number where it has none here."""
    name = _NAMES.get(code & 0xFFFF_0000)
    return name.title().replace("_", "") if name else f"0x{code:08X}"


def has_overflow(code: int) -> bool:
    """Tell whether the server dropped values of a full queue before (or after) this one: Part 4, 7.39.1."""
    return code & _OVERFLOW == _OVERFLOW


def severity(code: int) -> int:
    """Return the class of a StatusCode: 0 Good, 1 Uncertain, 2 (or the reserved 3) Bad."""
    return code >> 30 & 3


def is_good(code: int) -> bool:
    """Tell whether a StatusCode is of the class Good."""
    return severity(code) == 0


def is_bad(code: int) -> bool:
    """Tell whether a StatusCode is Bad (or of the reserved class, which is no better)."""
    return severity(code) >= 2
