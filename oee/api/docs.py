"""``/openapi.json`` and ``/docs``: the same document for programs and for people, without scripts and without a CDN."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.responses import HTMLResponse

from oee.api.access import public
from oee.api.answers import answer, json_answer
from oee.api.documented import openapi
from oee.api.templating import render

_STYLE = (Path(__file__).parent / "static" / "docs.css").read_bytes()


def docs_router(app: FastAPI) -> APIRouter:
    """Build the routes that describe all others."""
    router = APIRouter(dependencies=[Depends(public)], include_in_schema=False)

    @router.get("/openapi.json")
    def document(request: Request) -> Response:
        return json_answer(request, openapi(app))

    @router.get("/docs")
    def docs() -> Response:
        return HTMLResponse(render("docs.html", document=openapi(app)))

    @router.get("/docs/docs.css")
    def style(request: Request) -> Response:
        return answer(request, _STYLE, "text/css")

    return router
