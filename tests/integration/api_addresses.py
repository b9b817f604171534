"""Every address that is read, from the service's own description, and the pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from api_plant import DAY, local

PAGES = {
    "/": ("sort",),
    "/lines": (),
    "/lines/{line}": ("date", "shift"),
    "/lines/{line}/shifts/{date}/{shift}": ("revision",),
    "/health": (),
    "/reports": ("line", "by"),
    "/login": ("next",),
}
GOOD = {
    "line": "pressing",
    "machine": "press",
    "date": str(DAY),
    "kpi": f"pressing-line-{DAY}",
    "production_date": str(DAY),
    "shift": "early",
    "from": quote(local("06:00")),
    "to": quote(local("14:00")),
    "since": quote(local("06:00")),
    "group_by": "shift",
    "limit": "10",
    "format": "json",
    "revision": "1",
    "by": "day",
    "sort": "name",
    "next": "/",
}


def addresses(document: dict[str, Any]) -> list[tuple[str, list[str], list[str]]]:
    """Each address that is read: its template, and its parameters in the path and in the query."""
    found = []
    for path, operations in document["paths"].items():
        told = operations.get("get", {}).get("parameters", ())
        places = {place: [p["name"] for p in told if p["in"] == place] for place in ("path", "query")}
        found += [(path, places["path"], places["query"])] if "get" in operations else []
    pages = [
        (path, [part[1:-1] for part in path.split("/") if part[:1] == "{"], list(query))
        for path, query in PAGES.items()
    ]
    return [*found, *pages]


def address_of(template: str, in_path: list[str], in_query: list[str], changed: dict[str, str]) -> str:
    """Write an address with good values, some of them changed."""
    values = {**GOOD, **changed}
    for name in in_path:
        template = template.replace(f"{{{name}}}", values.get(name, "1"))
    query = "&".join(f"{name}={values[name]}" for name in in_query if name in values)
    return f"{template}?{query}" if query else template
