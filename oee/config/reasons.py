"""The tree of stop reasons, and the policies."""

from collections.abc import Iterable, Iterator

from oee.config.faults import Faults
from oee.config.model import Policies, ReasonConfig
from oee.config.scalars import LONGEST_S, choice, flag, identifier, text, whole
from oee.config.section import Item, Section

REASON_CATEGORIES = ("planned_stop", "unplanned_stop", "external_stop", "small_stop", "excluded")
"""What a person or a fault code may make of a stop: never run, never unscheduled, never unknown (S-24)."""

NO_ORDER = ("unplanned_stop", "planned_stop", "external_stop", "excluded")
CHANGEOVER = ("planned_stop", "unplanned_stop", "none")
"""`none`: a change of product or order says nothing of a standstill. Never excluded: it is a loss (S-25)."""

_EXAMPLE = "category: unplanned_stop"


def read_reasons(items: Iterable[Item], faults: Faults) -> tuple[ReasonConfig, ...]:
    """Read the tree of reasons; each code may stand in it once."""
    taken: dict[str, int] = {}
    return tuple(_reason(item, None, taken, faults) for item in items)


def codes(reasons: Iterable[ReasonConfig]) -> Iterator[str]:
    """Yield the codes of a tree of reasons, parents first."""
    for reason in reasons:
        yield reason.code
        yield from codes(reason.children)


def _reason(item: Item, parent: ReasonConfig | None, taken: dict[str, int], faults: Faults) -> ReasonConfig:
    with Section(item, faults) as section:
        code = section.need("code", identifier, "", "code: JAM")
        _once(section, code, taken)
        name = section.take("name", text, code)
        category = _category(section, parent)
        setup = section.take("setup", flag, parent is not None and parent.setup and parent.category == category)
        if setup and category not in ("planned_stop", ""):
            section.fault(item, f"marks {category} as setup; setup belongs to `category: planned_stop`")
            setup = False  # told once, not for each child
        reason = ReasonConfig(code, name, category, setup)
        children = tuple(_reason(i, reason, taken, faults) for i in section.listed("children"))
        return ReasonConfig(code, name, category, setup, children)


def _category(section: Section, parent: ReasonConfig | None) -> str:
    read = choice(REASON_CATEGORIES)
    if parent is None:
        return section.need("category", read, "", _EXAMPLE)
    return section.take("category", read, parent.category)


def _once(section: Section, code: str, taken: dict[str, int]) -> None:
    item = section.get("code")
    if not code or item is None:
        return
    if code in taken:
        section.fault(item, f"`{code}` is taken in line {taken[code]}; give each reason its own code")
    taken.setdefault(code, item.line)


def read_policies(root: Section) -> Policies:
    """Read the policies; some take only their default in this version (`not_yet`)."""
    default = Policies()
    with root.section("policies") as section:
        return Policies(
            no_order=section.take("no_order", choice(NO_ORDER), default.no_order),
            changeover=section.take("changeover", choice(CHANGEOVER), default.changeover),
            break_run=section.take("break_run", choice(("counts_as_planned", "excluded")), default.break_run),
            maintenance=section.take("maintenance", choice(("planned_stop", "excluded")), default.maintenance),
            lateness_s=section.take("lateness_s", whole(0, LONGEST_S), default.lateness_s),
            derive_k=section.take("derive_k", whole(1), default.derive_k),
            retention_days=section.take("retention_days", whole(1, 36_525), default.retention_days),
        )
