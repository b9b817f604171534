"""What the plant file's format knows and this version does not do yet: refused, never ignored.

A version that gives one of these its effect deletes its entry here, and nothing else.
"""

from dataclasses import dataclass

from oee.config.faults import is_near
from oee.config.tree import Node, Scalar

_SIGNAL = ("lines", "*", "machines", "*", "signals", "*")


@dataclass(frozen=True, slots=True)
class NotYet:
    """One refusal.

    Attributes
    ----------
    where : parts of the key, `*` for any name.
    mend : what to write instead.
    effective : the values that do have effect; none means that the whole key has no effect.
    """

    where: tuple[str, ...]
    mend: str = "remove it"
    effective: tuple[str, ...] = ()


def _keys(prefix: tuple[str, ...], *names: str, mend: str = "remove it") -> tuple[NotYet, ...]:
    return tuple(NotYet((*prefix, name), mend) for name in names)


NOT_YET: tuple[NotYet, ...] = (
    NotYet(("connectors", "*", "kind"), "use `opcua` or `modbus`", ("opcua", "modbus")),
    NotYet(("connectors", "*", "security", "policy"), "use `policy: None` with `accept_none: true`", ("None",)),
    *_keys(("connectors", "*", "security"), "mode", "certificate", "private_key", "server_certificate"),
    *_keys(("connectors", "*"), "user", "password"),
    *_keys(
        ("connectors", "*"),
        *("serial", "baudrate", "parity", "stopbits", "bytesize", "framer", "transport", "tls"),
        mend="remove it and reach the device by Modbus TCP with `host` and `port`",
    ),
    *_keys(_SIGNAL[:-1], "speed"),
    *_keys(_SIGNAL, "offset"),
    *_keys(_SIGNAL, "derive", "above", mend="remove it and give the machine a `state` signal"),
    NotYet(("policies", "derive_k"), "use `3`", ("3",)),
)


def refusal(path: tuple[str, ...], node: Node) -> str | None:
    """Return why the key at `path` with this value is refused, or None where it has its effect."""
    for entry in NOT_YET:
        if _matches(entry.where, path) and (what := _refused(entry, path[-1], node)):
            return f"{what} no effect yet in this version; {entry.mend}"
    return None


def _matches(where: tuple[str, ...], path: tuple[str, ...]) -> bool:
    return len(where) == len(path) and all(w in ("*", p) for w, p in zip(where, path, strict=True))


def _refused(entry: NotYet, key: str, node: Node) -> str | None:
    if not entry.effective:
        return f"`{key}` has"
    if not isinstance(node, Scalar) or node.kind == "null":
        return None  # a wrong type or an empty value: told as such
    if len(entry.effective) > 1 and is_near(node.text, entry.effective):
        return None  # a slip of the pen: told with the word that was meant
    return None if node.canonical in entry.effective else f"`{node.text}` has"
