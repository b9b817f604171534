"""Addresses of the interface that this version does not serve yet: refused with that sentence, never with "not found".

A version that serves one of them deletes its entry here, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from fastapi import APIRouter, Depends, Response

from oee.api.access import EVERY_ROLE, ApiAccess
from oee.api.documented import error_response
from oee.api.problems import ProblemError
from oee.store.accounts import Role

_CHANGES = ApiAccess(EVERY_ROLE - {Role.VIEWER}, "write")


@dataclass(frozen=True, slots=True)
class NotYet:
    """One method of one address below ``/api/v1``, and what it is going to do."""

    method: str
    path: str
    what: str


NOT_YET: tuple[NotYet, ...] = (
    NotYet("GET", "/webhooks", "Listing webhooks"),
    NotYet("POST", "/webhooks", "Adding webhooks"),
)

REPORT_FORMATS: dict[str, str] = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
"""Formats of the shift report by name, with their media types; the command line refuses the same ones."""


def not_yet_router() -> APIRouter:
    """Build the routes: all answer 501, to those who will be let in."""
    router = APIRouter(prefix="/api/v1", tags=["Not there yet"])
    for entry in NOT_YET:
        router.add_api_route(
            entry.path,
            _refusing(entry),
            methods=[entry.method],
            status_code=501,
            response_model=None,
            response_class=Response,
            summary=f"{entry.what} (not there yet)",
            description="Not there yet in this version.",
            dependencies=[Depends(ApiAccess() if entry.method == "GET" else _CHANGES)],
            responses={501: error_response("Not there yet in this version.")},
            operation_id=f"not_yet_{entry.method}_{entry.path}",
        )
    return router


def _refusing(entry: NotYet) -> Callable[[], NoReturn]:
    def refuse() -> NoReturn:
        raise ProblemError(501, f"{entry.what} is not there yet in this version.")

    return refuse
