"""What a body may be, and how it is told what is wrong with it."""

from http import HTTPMethod
from typing import Annotated

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, StringConstraints
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders_service.problem import Code, FieldError, Problem

MAX_BODY = 16 << 10


class OrderRequest(BaseModel, extra="forbid", strict=True):
    """The body of `POST /orders`."""

    item: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")
    ]
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1


class BodyLimit:
    """Refuses bodies that are too large or no JSON before they are read into memory."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http" or scope["method"] in {HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.DELETE}:
            await self._app(scope, receive, send)
            return
        media_type = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            await Problem(Code.UNSUPPORTED_MEDIA_TYPE).response()(scope, receive, send)
            return
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY:
                raise Problem(Code.BODY_TOO_LARGE)
            return message

        await self._app(scope, receive_limited, send)


def invalid_body(_request: Request, error: RequestValidationError) -> Problem:
    """Name every wrong place at once, in the form of every other error."""
    wrong = error.errors()
    if any(place["type"] == "json_invalid" for place in wrong):
        return Problem(Code.BODY_MALFORMED)
    errors = [FieldError(pointer=_pointer(place["loc"]), detail=f"{place['msg']}.") for place in wrong]
    return Problem(Code.VALIDATION_FAILED, errors=errors)


def _pointer(location: tuple[str | int, ...]) -> str:
    """Write a place as a JSON Pointer (RFC 6901). The first part says where the value came from: the body."""
    return "".join(f"/{str(part)[:100].replace('~', '~0').replace('/', '~1')}" for part in location[1:])
