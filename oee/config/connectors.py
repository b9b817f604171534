"""Connectors of the plant file: where to collect from."""

import re

from oee.config.faults import Faults, Refusal
from oee.config.model import ConnectorConfig
from oee.config.scalars import choice, flag, number, text, whole
from oee.config.section import Item, Section

KINDS = ("opcua", "modbus")
MODES = ("poll", "subscribe")
MODBUS_PORT = 502
_ENDPOINT = re.compile(r"opc\.tcp://(\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+)(:\d{1,5})?(/\S*)?")
_ACCEPT_NONE = "`security: {policy: None, accept_none: true}`"


def read_connector(item: Item, faults: Faults) -> ConnectorConfig:
    """Read one connector; its kind decides which keys it has."""
    with Section(item, faults) as section:
        kind = section.need("kind", choice(KINDS), "", "kind: opcua")
        mode = section.take("mode", choice(MODES), "poll")
        interval_s = float(section.take("interval_s", number(above=0, most=86_400), 1))
        timeout_s = float(section.take("timeout_s", number(above=0, most=86_400), 5))
        if kind == "opcua":
            return _opcua(section, mode, interval_s, timeout_s)
        if kind == "modbus":
            if mode == "subscribe":
                section.fault(section.get("mode") or section.item, "Modbus devices only answer; use `mode: poll`")
            section.refuse(("sampling_s",), "belongs to OPC UA with `mode: subscribe`; remove it")
            host = section.need("host", text, "", "host: 192.168.0.10")
            port = section.take("port", whole(1, 65_535), MODBUS_PORT)
            return ConnectorConfig(item.name, kind, None, host, port, mode, interval_s, timeout_s)
        section.remaining()  # of no kind that we know: its other keys can't be judged
    return ConnectorConfig(item.name, kind)


def _opcua(section: Section, mode: str, interval_s: float, timeout_s: float) -> ConnectorConfig:
    sampling_s = _sampling(section, mode, interval_s)
    endpoint = section.need("endpoint", _endpoint, "", 'endpoint: "opc.tcp://192.168.0.10:4840"')
    if section.get("security") is None:
        section.fault(section.item, f"says nothing of security; an open connection needs {_ACCEPT_NONE}")
    with section.section("security") as security:
        policy = security.take("policy", choice(("None",)), "None")
        accepted = security.take("accept_none", flag, None)
        if accepted is False or (accepted is None and section.get("security") and not security.has_fault):
            what = f"policy None is open to all on the network; accept that with {_ACCEPT_NONE}"
            security.fault(security.item, what)
    return ConnectorConfig(
        section.item.name,
        "opcua",
        endpoint,
        None,
        None,
        mode,
        interval_s,
        timeout_s,
        policy,
        bool(accepted),
        sampling_s,
    )


def _sampling(section: Section, mode: str, interval_s: float) -> float | None:
    """Read how often the server looks at a value between two publications."""
    if mode != "subscribe":
        section.refuse(("sampling_s",), "has no effect when polling; use `mode: subscribe` or remove it")
        return None
    sampling_s = float(section.take("sampling_s", number(above=0, most=86_400), 0)) or interval_s
    if sampling_s > interval_s:
        what = "must not be more than `interval_s`, at which the values are published; lower it"
        section.fault(section.get("sampling_s") or section.item, what)
    return sampling_s


def _endpoint(item: Item) -> str:
    value = text(item)
    if not _ENDPOINT.fullmatch(value):
        raise Refusal(f"`{value}` is no OPC UA endpoint; write it like opc.tcp://192.168.0.10:4840")
    return value
