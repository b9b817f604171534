"""Who may do what: every route declares its policy as a dependency; addresses are never compared as text."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, urlsplit

from fastapi import Request
from starlette.requests import HTTPConnection

from oee.api.problems import ProblemError, mark_page
from oee.api.throttle import Throttle
from oee.store.accounts import Principal, Role

COOKIE = "oee_session"
EVERY_ROLE = frozenset(Role)
_LOOPBACK = Principal("loopback", Role.ADMIN, "loopback")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_LOCAL_HOST = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)


class AccountBook(Protocol):
    """What log-in needs of the accounts; `oee.store.accounts.Accounts` has it."""

    def anybody(self) -> bool:
        """Whether any account or key exists."""

    def authenticate(self, name: str, password: str) -> Principal | None:
        """Whose name and password these are."""

    def check_key(self, token: str) -> Principal | None:
        """Whose key this is."""

    def new_session(self, name: str) -> str:
        """Open a session and return its token."""

    def session_account(self, token: str) -> Principal | None:
        """Whose session this is."""

    def end_session(self, token: str) -> None:
        """Forget a session."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What all policies share; hangs on the application as ``app.state.gate``."""

    accounts: AccountBook
    cookie_secure: bool = False
    throttle: Throttle = field(default_factory=Throttle)


class LoginNeeded(Exception):
    """A person opened a page without being logged in; ``next_path`` is where to go afterwards."""

    def __init__(self, next_path: str) -> None:
        super().__init__(next_path)
        self.next_path = next_path


def gate_of(connection: HTTPConnection) -> Gate:
    """Return the gate of the application that serves this request."""
    gate = connection.app.state.gate
    assert isinstance(gate, Gate)
    return gate


async def public() -> None:
    """Policy: everybody, without log-in."""


class ApiAccess:
    """Policy: these roles and this scope; others get 401 or 403 as problems."""

    def __init__(self, roles: frozenset[Role] = EVERY_ROLE, scope: str = "read") -> None:
        self.roles = roles
        self.scope = scope

    def __call__(self, request: Request) -> Principal:
        """Let in, or raise `ProblemError`."""
        principal = identify(request)
        if principal.kind != "key":
            refuse_foreign_origin(request)
        if principal.role not in self.roles or not principal.has_scope(self.scope):
            raise ProblemError(403, self._refusal(principal))
        return principal

    def _refusal(self, principal: Principal) -> str:
        said = f"The {principal.kind} {principal.name} may not do this"
        if principal.role not in self.roles:
            return f"{said}: it is {principal.role.value}; this takes {', '.join(sorted(r.value for r in self.roles))}."
        return f"{said}: it lacks the scope {self.scope}."


class PageAccess(ApiAccess):
    """Policy of pages: like `ApiAccess`, but who isn't logged in is sent to the log-in page."""

    def __call__(self, request: Request) -> Principal:
        """Let in, or raise `LoginNeeded` or `ProblemError`; errors from here on are shown as pages."""
        mark_page(request)
        try:
            return super().__call__(request)
        except ProblemError as error:
            if error.status != 401:
                raise
            query = f"?{request.url.query}" if request.url.query else ""
            raise LoginNeeded(f"{quote(request.scope['path'])}{query}") from None


class OperatorAccess(ApiAccess):
    """Policy of figures about the service itself: free on this machine, a log-in or key from elsewhere."""

    def __call__(self, request: Request) -> Principal:
        """Let in, or raise `ProblemError`."""
        return _LOOPBACK if is_local(request) else super().__call__(request)


def identify(request: Request) -> Principal:
    """Tell who asks, by key, by session, or as somebody on this machine while no account exists; else 401."""
    gate = gate_of(request)
    if not gate.accounts.anybody():
        if is_local(request):
            return _LOOPBACK
        raise unauthenticated(
            "No account exists yet, so only this machine itself is let in: add one by `oee user add`."
        )
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return _by_key(gate.accounts, authorization)
    token = request.cookies.get(COOKIE)
    principal = gate.accounts.session_account(token) if token else None
    if principal is None:
        raise unauthenticated("Send a key as `Authorization: Bearer KEY`, or log in at /login.")
    return principal


def _by_key(accounts: AccountBook, authorization: str) -> Principal:
    scheme, _, key = authorization.partition(" ")
    principal = accounts.check_key(key.strip()) if scheme.lower() == "bearer" else None
    if principal is None:
        raise unauthenticated("The key is unknown, expired or revoked.", ', error="invalid_token"')
    return principal


def unauthenticated(detail: str, more: str = "") -> ProblemError:
    """Refuse somebody unknown, saying how to make oneself known."""
    return ProblemError(401, detail, headers={"WWW-Authenticate": f'Bearer realm="oee"{more}'})


def is_local(request: Request) -> bool:
    """Whether the request comes from this machine itself, asking for this machine.

    A proxy's headers betray requests from elsewhere. The host asked for must be local too, or a web page could point
    a name of its own at 127.0.0.1 and read through the browser of somebody who sits here (DNS rebinding).
    """
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    return is_loopback(request.client.host) and _LOCAL_HOST.fullmatch(request.headers.get("host", "")) is not None


def is_loopback(address: str) -> bool:
    """Whether an IP address is of this machine alone; names are not."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def refuse_foreign_origin(request: Request) -> None:
    """Refuse changes that another web site makes a browser ask for; programs send neither header and pass."""
    if request.method in _SAFE_METHODS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        same = site in ("same-origin", "none")
    else:
        same = origin is None or urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
    if not same:
        raise ProblemError(403, "Another web site asked for this change; it is refused.")


def login_address(next_path: str) -> str:
    """Return where to log in, coming back afterwards."""
    return f"/login?next={quote(local_path(next_path), safe='/')}"


def local_path(text: str) -> str:
    """Return the path if it stays on this service, else ``/``; browsers read ``//`` and backslashes as other hosts."""
    stays = re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", text)
    return text if stays else "/"
