"""What the one true answer to a Modbus TCP request looks like, byte for byte.

The library takes answers that are shorter than asked, and stale ones with transaction id 0 (pymodbus 3.16).
Here nothing passes but a frame that can only be the answer to the request just sent.
Source: Modbus Messaging on TCP/IP 1.0b, 3.1.3; Modbus Application Protocol 1.1b3, 6.1 to 6.4 and 7.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_REFUSED = 0x80


@dataclass(frozen=True, slots=True)
class Expected:
    """The headers of an answer (followed by `size` bytes of data) and of a refusal (followed by its code)."""

    answer: bytes
    size: int
    refusal: bytes

    def fits(self, frame: bytes) -> bool:
        """Tell whether `frame` is such an answer or refusal, or the beginning of one."""
        return _begins(frame, self.answer, self.size) or _begins(frame, self.refusal, 1)

    def refusal_code(self, frame: bytes) -> int | None:
        """Return the exception code of a refusal, None for an answer."""
        return frame[-1] if frame[:-1] == self.refusal else None


def expected_answer(request: bytes) -> Expected:
    """Return what must answer a reading request.

    Parameters
    ----------
    request
        The whole frame as sent: transaction, protocol, length, unit, function code, start, count.
    """
    transaction, _, _, unit, function_code, _, count = struct.unpack(">HHHBBHH", request)
    size = (count + 7) // 8 if function_code <= 2 else 2 * count
    return Expected(
        answer=struct.pack(">HHHBBB", transaction, 0, 3 + size, unit, function_code, size),
        size=size,
        refusal=struct.pack(">HHHBB", transaction, 0, 3, unit, function_code | _REFUSED),
    )


def _begins(frame: bytes, header: bytes, size: int) -> bool:
    return frame[: len(header)] == header[: len(frame)] and len(frame) <= len(header) + size
