"""The pages' own files, read once: one stylesheet, one script, one icon. Nothing comes from elsewhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

STYLE_PARTS = ("tokens.css", "base.css", "pages.css")
MEDIA_TYPES = {"oee.css": "text/css", "live.js": "text/javascript", "icon.svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as served; its address holds the digest, so that it may be kept for ever."""

    body: str
    media_type: str
    digest: str


@cache
def asset(name: str) -> Asset:
    """Read a file of ``static/``; ``oee.css`` is the three style files one after the other.

    Raises
    ------
    KeyError : no such file is served.
    """
    media_type = MEDIA_TYPES[name]
    folder = files("oee.web") / "static"
    parts = STYLE_PARTS if name == "oee.css" else (name,)
    body = "\n".join((folder / part).read_text(encoding="utf-8") for part in parts)
    return Asset(body, media_type, hashlib.sha256(body.encode()).hexdigest()[:16])


def asset_url(name: str) -> str:
    """Return the address of a file, which changes whenever the file does."""
    return f"/static/{name}?v={asset(name).digest}"


def stylesheet() -> str:
    """Return the one stylesheet, for reports that are files of their own."""
    return asset("oee.css").body


def static_files() -> APIRouter:
    """Serve the files; they need no log-in, because the log-in page needs them."""
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{name}")
    def static_file(request: Request, name: str) -> Response:
        if name not in MEDIA_TYPES:
            return Response("There is no such file.", 404, media_type="text/plain")
        found = asset(name)
        kept = FOREVER if request.query_params.get("v") == found.digest else "no-cache"
        headers = {"Cache-Control": kept, "ETag": f'"{found.digest}"', "X-Content-Type-Options": "nosniff"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(found.body, media_type=found.media_type, headers=headers)

    return router
