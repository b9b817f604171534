"""Glances as short JSON texts beside the live results."""

from __future__ import annotations

import json

from oee.glance import Glance
from oee.model import Category
from oee.store.documents import result_document, result_of

VERSION = 2
"""Of the shape of the text; a glance of another version is made anew with the next live result."""


def glance_text(glance: Glance) -> str:
    """Write a glance."""
    document = {
        "version": VERSION,
        "result": result_document(glance.result),
        "lost": glance.lost,
        "unexplained": glance.unexplained_count,
        "products": glance.products,
        "paths": glance.paths,
        "boxes": glance.boxes,
    }
    return json.dumps(document, separators=(",", ":"))


def glance_of(text: str, result_id: str, computed_us: int, definition: str) -> Glance | None:
    """Read a glance, with what stands beside it; None for one of another version."""
    said = json.loads(text)
    if said.get("version") != VERSION:
        return None
    return Glance(
        result=result_of(
            said["result"],
            result_id=result_id,
            status="live",
            revision=None,
            computed_us=computed_us,
            definition=definition,
            cause="live",
        ),
        lost=tuple((Category(x[0]), x[1], x[2], x[3], x[4]) for x in said["lost"]),
        unexplained_count=said["unexplained"],
        products=tuple(said["products"]),
        paths=tuple(((p[0][0], p[0][1]), p[1], p[2], p[3]) for p in said["paths"]),
        boxes=tuple(((b[0][0], b[0][1]), b[1], b[2], b[3], b[4]) for b in said["boxes"]),
    )
