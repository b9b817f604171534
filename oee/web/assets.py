"""The pages' own files: three stylesheets that read as one, a script, an icon. Nothing comes from elsewhere."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
"""The folder to serve as ``/static``, without log-in, because the log-in page needs it too."""
STYLE_FILES = ("tokens.css", "base.css", "pages.css")


@cache
def asset_url(name: str) -> str:
    """Return the address of a file; it holds a digest, so that a browser never keeps an old one."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def style_urls() -> list[str]:
    """Return the addresses of the stylesheets, in their order."""
    return [asset_url(name) for name in STYLE_FILES]


@cache
def stylesheet() -> str:
    """Return all style as one text, for reports that are files of their own."""
    return "\n".join((STATIC / name).read_text(encoding="utf-8") for name in STYLE_FILES)
