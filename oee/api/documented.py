"""What OpenAPI says of every address beside its answer: errors, 304, how to log in."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from oee.api.models import Problem
from oee.api.problems import MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]
_REF = "#/components/schemas/"
_ERRORS = {
    401: "Neither a key nor a session, or one that is not valid.",
    403: "The role or the scopes do not allow it.",
    404: "There is no such line, machine or shift.",
    422: "A parameter can't be taken; `errors` names each.",
    503: "The database can't be reached now; see Retry-After.",
}


def error_response(description: str) -> dict[str, Any]:
    """Describe one error for OpenAPI."""
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}


READ_RESPONSES: Responses = {
    304: {"description": "Unchanged since the ETag in If-None-Match."},
    **{status: error_response(text) for status, text in _ERRORS.items()},
}
"""For every address that reads."""

WRITE_RESPONSES: Responses = {status: error_response(text) for status, text in _ERRORS.items()}
"""For every address that changes something."""


def openapi(app: FastAPI) -> dict[str, Any]:
    """Build the OpenAPI 3.1 document, once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            openapi_version="3.1.0",
        )
        components = document.setdefault("components", {})
        schema = Problem.model_json_schema(ref_template=_REF + "{model}")
        components.setdefault("schemas", {}).update({**schema.pop("$defs"), "Problem": schema})
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "A key made by `oee key add`."},
            "session": {"type": "apiKey", "in": "cookie", "name": "oee_session"},
        }
        document["security"] = [{"key": []}, {"session": []}, {}]
        app.openapi_schema = document
    return app.openapi_schema
