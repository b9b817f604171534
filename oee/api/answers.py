"""Successful answers: JSON bytes with a strong ETag, so that a poller pays only for news."""

from __future__ import annotations

import hashlib
import json

from fastapi import Request, Response

_HEADERS = {
    # Private figures may be kept by the asker alone, and are asked for again each time (which costs a 304).
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Authorization, Cookie",
}


def json_answer(request: Request, body: object) -> Response:
    """Answer plain data as JSON, or 304 where the asker has it already."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return answer(request, text.encode(), "application/json")


def answer(request: Request, content: bytes, media_type: str) -> Response:
    """Answer bytes under an ETag of their own, or 304 where ``If-None-Match`` names it."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {**_HEADERS, "ETag": etag}
    if _matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


def _matches(if_none_match: str, etag: str) -> bool:
    """Compare weakly, as RFC 9110 asks of If-None-Match: a proxy may have marked our tag as weak."""
    named = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in named or "*" in named
