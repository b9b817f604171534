"""SQL lives in files under ``sql/``; this is how the code gets at it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

SQL_ROOT = Path(__file__).resolve().parents[2] / "sql"
"""Beside the package, in a checkout as in an installation."""


@cache
def query(name: str) -> str:
    """Return the text of ``sql/queries/NAME.sql``, for instance ``accounts/key``."""
    return (SQL_ROOT / "queries" / f"{name}.sql").read_text(encoding="utf-8")
