"""Log-in and log-out of people."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from oee.api.access import COOKIE, Gate, gate_of, local_path, public, refuse_foreign_origin
from oee.store.accounts import SESSION_LENGTH

LoginPage = Callable[[str, str | None], str]
"""Renders the log-in page from (next path, error sentence or None)."""


def login_router(render_login: LoginPage) -> APIRouter:
    """Build ``/login`` and ``/logout``."""
    router = APIRouter(dependencies=[Depends(public)], include_in_schema=False)

    @router.get("/login")
    def show(next: str = "/") -> Response:  # noqa: A002 - the name in the address
        return _page(render_login(local_path(next), None), 200)

    @router.post("/login")
    def log_in(
        request: Request,
        name: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "/",  # noqa: A002 - the name in the form
    ) -> Response:
        refuse_foreign_origin(request)
        gate, address = gate_of(request), request.client.host if request.client else ""
        keys = f"name {name[:64].lower()}", f"address {address}"
        wait_s = math.ceil(gate.throttle.attempt(*keys))
        if wait_s:
            page = render_login(local_path(next), f"Too many attempts: wait {wait_s} s, then try again.")
            return _page(page, 429, {"Retry-After": str(wait_s)})
        principal = gate.accounts.authenticate(name, password)
        if principal is None:
            return _page(render_login(local_path(next), "This name and password do not fit."), 401)
        gate.throttle.succeed(clear=keys[0], undo=keys[1])
        return _enter(request, gate, principal.name, local_path(next))

    @router.post("/logout")
    def log_out(request: Request) -> Response:
        refuse_foreign_origin(request)
        _end(request)
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE, path="/")
        return response

    return router


def _enter(request: Request, gate: Gate, name: str, next_path: str) -> Response:
    """Open a fresh session, never the one that the browser came with: somebody may have planted that."""
    _end(request)
    response = RedirectResponse(next_path, 303)
    response.set_cookie(
        COOKIE,
        gate.accounts.new_session(name),
        max_age=int(SESSION_LENGTH.total_seconds()),
        path="/",
        secure=gate.cookie_secure or request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return response


def _end(request: Request) -> None:
    token = request.cookies.get(COOKIE)
    if token:
        gate_of(request).accounts.end_session(token)


def _page(html: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return HTMLResponse(html, status, {"Cache-Control": "no-store", **(headers or {})})
