"""Errors as RFC 9457 problem details: one shape for every mishap, with a sentence for the person who reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from oee.api.headers import SECURITY_HEADERS
from oee.api.templating import render
from oee.errors import ConflictError, DatabaseUnavailable, InputError, MigrationError, NotFoundError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5

_KINDS = {
    400: ("malformed", "The request is malformed"),
    401: ("unauthenticated", "Log-in needed"),
    403: ("forbidden", "Not allowed"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "This address does not take that method"),
    406: ("not-acceptable", "Not available in that format"),
    409: ("conflict", "The request does not fit the state of things"),
    413: ("too-large", "The request is too large"),
    415: ("unsupported-media-type", "The request's format is not taken"),
    422: ("invalid", "The request can't be taken"),
    429: ("too-many-requests", "Too many requests"),
    500: ("internal", "The service failed"),
    501: ("not-there-yet", "Not there yet in this version"),
    503: ("unavailable", "Not available now"),
}


class ProblemError(Exception):
    """A mishap with a status of its own; raised by routes and dependencies, answered as a problem."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, pointer: str | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.errors: tuple[dict[str, str], ...] = () if pointer is None else (fault(pointer, detail),)


def fault(pointer: str, detail: str) -> dict[str, str]:
    """One entry of ``errors``: a JSON pointer into the request, such as ``/query/from``, and what is wrong there."""
    return {"pointer": pointer, "detail": detail}


def invalid(pointer: str, detail: str) -> ProblemError:
    """Refuse one field of the request (422)."""
    return ProblemError(422, detail, pointer=pointer)


def mark_page(request: Request) -> None:
    """Remember that a person looks at this address: its errors shall be readable in a browser."""
    request.state.page = True


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Build the answer; ``type`` is stable and meant for programs, ``detail`` for people."""
    kind, title = _KINDS.get(status, _KINDS[400] if status < 500 else _KINDS[500])
    headers = {"Cache-Control": "no-store", **(headers or {})}
    if getattr(request.state, "page", False):
        return HTMLResponse(render("problem.html", title=title, detail=detail), status, headers)
    body: dict[str, Any] = {"type": f"urn:oee:problem:{kind}", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = list(errors)
    return Response(json.dumps(body, ensure_ascii=False).encode(), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""
    handlers: dict[type[Exception], Any] = {
        ProblemError: _stated,
        HTTPException: _http,
        RequestValidationError: _validation,
        NotFoundError: _not_found,
        ConflictError: _conflict,
        InputError: _input,
        DatabaseUnavailable: _unavailable,
        MigrationError: _unavailable,
        Exception: _crash,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _stated(request: Request, error: ProblemError) -> Response:
    return problem(request, error.status, error.detail, errors=error.errors, headers=error.headers)


async def _http(request: Request, error: HTTPException) -> Response:
    """Errors of the framework itself: unknown addresses and methods, bodies that can't be read."""
    said = str(error.detail)
    if said == HTTPStatus(error.status_code).phrase:
        plain = {404: f"There is nothing at {request.url.path}.", 405: f"{request.method} is not taken here."}
        said = plain.get(error.status_code, said)
    return problem(request, error.status_code, said, headers=error.headers)


async def _validation(request: Request, error: RequestValidationError) -> Response:
    errors = [_field_fault(e, _body_fields(request)) for e in error.errors()]
    return problem(request, 422, " ".join(e["detail"] for e in errors), errors=errors)


def _body_fields(request: Request) -> list[str]:
    """Fields of the body that an address takes, where it takes one object."""
    field = getattr(request.scope.get("route"), "body_field", None)
    shape = getattr(getattr(field, "field_info", None), "annotation", None)
    return [f.alias or name for name, f in getattr(shape, "model_fields", {}).items()]


def _field_fault(error: Mapping[str, Any], fields: Sequence[str]) -> dict[str, str]:
    place = [str(part) for part in error["loc"]]
    strange = "is not a parameter of this address."
    if place[0] == "body" and len(place) == 2 and fields:
        strange = f"is no field of this body; it takes {', '.join(fields)}."
    sentences = {"missing": "is missing.", "extra_forbidden": strange}
    said = sentences.get(error["type"], f"{error['msg']}.".replace("..", ".").removeprefix("Value error, "))
    if error["type"] == "json_invalid":
        return fault("/body", f"The body is no JSON: {error.get('ctx', {}).get('error', 'it can not be read')}.")
    pointer = "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)
    return fault(pointer, f"{place[-1]}: {said}")


async def _not_found(request: Request, error: NotFoundError) -> Response:
    return problem(request, 404, str(error))


async def _conflict(request: Request, error: ConflictError) -> Response:
    return problem(request, 409, str(error))


async def _input(request: Request, error: InputError) -> Response:
    return problem(request, 422, str(error))


async def _unavailable(request: Request, _: Exception) -> Response:
    # The error's own text may name hosts and users of the database: it belongs in the log, not in an answer.
    detail = "The database can't be reached or is being upgraded; nothing is lost, try again shortly."
    return problem(request, 503, detail, headers={"Retry-After": str(RETRY_AFTER_S)})


async def _crash(request: Request, _: Exception) -> Response:
    # Starlette answers crashes outside of all middleware, so the headers must be set here.
    return problem(request, 500, "Something went wrong in the service; its log says what.", headers=SECURITY_HEADERS)
