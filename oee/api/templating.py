"""The few pages of the API itself: its documentation and its errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def render(name: str, **values: object) -> str:
    """Render a template of ``oee/api/templates``; everything is escaped."""
    return _TEMPLATES.get_template(name).render(values)


def type_name(schema: dict[str, Any]) -> str:
    """Say a JSON schema in a few words, such as ``number or null`` or ``list of Kpi``."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(type_name(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {type_name(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of names to {type_name(schema['additionalProperties'])}"
    return str(schema.get("format") or schema.get("type", "anything"))


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["type_name"] = type_name
