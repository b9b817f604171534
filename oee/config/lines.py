"""Lines of the plant file: machines in the order of the parts, roll-up, targets."""

from collections.abc import Mapping

from oee.config.faults import Faults
from oee.config.machines import read_machine
from oee.config.model import LineConfig, MachineConfig, Rollup, Targets
from oee.config.scalars import choice, ratio, reference, text
from oee.config.section import Item, Section
from oee.config.signals import COUNTERS, Catalog

METHODS = ("constraint", "pooled", "single")
COUNTS = ("count_total", "count_good", "count_reject")


def read_line(item: Item, catalog: Catalog, faults: Faults) -> LineConfig:
    """Read one line with its machines."""
    with Section(item, faults) as section:
        name = section.take("name", text, item.name)
        known = reference("calendar", catalog.calendars)
        calendar = section.need("calendar", known, "", f"calendar: {next(iter(catalog.calendars), 'default')}")
        machines = {i.name: read_machine(i, section, item.name, catalog) for i in section.named("machines")}
        if not machines and not section.has_fault:
            section.fault(item, "has no machines; add one below `machines:`")
        rollup = _rollup(section, machines)
        _check_states(section, machines, rollup)
        return LineConfig(item.name, name, calendar, rollup, _targets(section), machines)


def _rollup(line: Section, machines: Mapping[str, MachineConfig]) -> Rollup:
    """Read how machines make the line's figures; a line of one machine is that machine (S-40)."""
    with line.section("rollup") as section:
        method = section.take("method", choice(METHODS), "constraint")
        if method == "single" and len(machines) > 1:
            at = section.get("method") or section.item
            section.fault(at, "single is for a line of one machine; use `method: constraint`")
        if method == "pooled":
            section.refuse(
                ("machine", *COUNTS), "has no effect with `method: pooled`, which sums all machines; remove it"
            )
            return Rollup(method, next(iter(machines), ""))
        only = next(iter(machines)) if len(machines) == 1 else None
        machine = section.take("machine", reference("machine", machines), only)
        if machine is None and machines and not section.has_fault:
            what = f"is missing; name the machine that limits the line, one of {', '.join(machines)}"
            section.faults.add(section.item.line, (*section.item.path, "machine"), what)
        if method == "single":
            section.refuse(COUNTS, "has no effect with `method: single`; remove it")
            return Rollup(method, machine or "")
        return Rollup(method, machine or "", *(_counting(section, key, machines) for key in COUNTS))


def _check_states(line: Section, machines: Mapping[str, MachineConfig], rollup: Rollup) -> None:
    """Check that counters know when their machine runs, unless they only count for the line (S-40)."""
    counting = {rollup.count_total, rollup.count_good, rollup.count_reject} - {rollup.machine}
    for item in line.named("machines"):
        signals = machines[item.name].signals if item.name in machines else {}
        if signals.keys() & set(COUNTERS) and "state" not in signals and item.name not in counting:
            what = "has counters without `state`; add a `state` signal, or `state: {derive: counter}`"
            line.fault(item, what)


def _counting(section: Section, key: str, machines: Mapping[str, MachineConfig]) -> str | None:
    """Read a machine that counts for the line: one that has a counter."""
    machine = section.take(key, reference("machine", machines), None)
    item = section.get(key)
    if item is not None and machine is not None and not machines[machine].signals.keys() & set(COUNTERS):
        section.fault(item, f"{machine} has no counter; give it one of the signals {', '.join(COUNTERS)}")
    elif item is not None and machine is not None and key == "count_reject" and not _counts_rejects(machines[machine]):
        section.fault(item, f"nothing counts the rejects of {machine}; give it `reject`, or `total` and `good`")
    return machine


def _counts_rejects(machine: MachineConfig) -> bool:
    """Whether a machine's rejects are measured: counted, or the third of total and good (S-9)."""
    return "reject" in machine.signals or {"total", "good"} <= machine.signals.keys()


def _targets(line: Section) -> Targets:
    with line.section("targets") as section:
        return Targets(
            oee=section.take("oee", ratio, None),
            availability=section.take("availability", ratio, None),
            performance=section.take("performance", ratio, None),
            quality=section.take("quality", ratio, None),
        )
