"""Errors as the auth service tells them: application/problem+json (RFC 9457) with a stable code, and RFC 6750's challenge."""

from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import TypedDict

from starlette.responses import JSONResponse

RETRY_AFTER_SECONDS = "1"


class Code(StrEnum):
    """What clients branch on. docs/reference/errors.md has all of them."""

    TOKEN_MISSING = "token_missing"
    TOKEN_MALFORMED = "token_malformed"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_REVOKED = "token_revoked"
    TOKEN_INVALID = "token_invalid"
    CSRF_REJECTED = "csrf_rejected"
    ROLE_REQUIRED = "role_required"
    CALLER_MISMATCH = "caller_mismatch"
    ORG_MISMATCH = "org_mismatch"
    VALIDATION_FAILED = "validation_failed"
    BODY_MALFORMED = "body_malformed"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


MEANING: dict[Code, tuple[HTTPStatus, str]] = {
    Code.TOKEN_MISSING: (HTTPStatus.UNAUTHORIZED, "No credentials were sent."),
    Code.TOKEN_MALFORMED: (HTTPStatus.UNAUTHORIZED, "What was sent is not a token."),
    Code.TOKEN_EXPIRED: (HTTPStatus.UNAUTHORIZED, "The token has expired."),
    Code.TOKEN_REVOKED: (HTTPStatus.UNAUTHORIZED, "The token was revoked."),
    Code.TOKEN_INVALID: (HTTPStatus.UNAUTHORIZED, "The token is not valid here."),
    Code.CSRF_REJECTED: (HTTPStatus.FORBIDDEN, "The request did not come from an allowed origin."),
    Code.ROLE_REQUIRED: (HTTPStatus.FORBIDDEN, "A role is missing for this."),
    Code.CALLER_MISMATCH: (HTTPStatus.FORBIDDEN, "This is for another kind of caller."),
    Code.ORG_MISMATCH: (HTTPStatus.FORBIDDEN, "This belongs to another organisation."),
    Code.VALIDATION_FAILED: (HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not valid."),
    Code.BODY_MALFORMED: (HTTPStatus.BAD_REQUEST, "The body could not be read."),
    Code.BODY_TOO_LARGE: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large."),
    Code.UNSUPPORTED_MEDIA_TYPE: (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json."),
    Code.NOT_FOUND: (HTTPStatus.NOT_FOUND, "There is nothing here."),
    Code.METHOD_NOT_ALLOWED: (HTTPStatus.METHOD_NOT_ALLOWED, "This method is not allowed here."),
    Code.UNAVAILABLE: (HTTPStatus.SERVICE_UNAVAILABLE, "The service cannot answer just now. Try again."),
    Code.INTERNAL: (HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side."),
}

TOO_FEW_RIGHTS = {Code.ROLE_REQUIRED, Code.CALLER_MISMATCH, Code.ORG_MISMATCH}


class FieldError(TypedDict):
    """A wrong place in a body, by a JSON Pointer."""

    pointer: str
    detail: str


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """What a request is refused with. Its `__cause__` is for the log; clients never see it."""

    def __init__(self, code: Code, detail: str | None = None, errors: Sequence[FieldError] = ()) -> None:
        """Refuse with this code, and say more about this one occurrence where that helps."""
        super().__init__(detail or code)
        self.code = code
        self.detail = detail
        self.errors = errors

    @property
    def status(self) -> HTTPStatus:
        """The status that goes with the code."""
        return MEANING[self.code][0]

    @property
    def challenge(self) -> str | None:
        """What goes into `WWW-Authenticate` (RFC 6750 §3), where the refusal is about credentials."""
        if self.code is Code.TOKEN_MISSING:
            return "Bearer"
        if self.status is HTTPStatus.UNAUTHORIZED:
            return f'Bearer error="invalid_token", error_description="{self.code}"'
        if self.code in TOO_FEW_RIGHTS:
            return f'Bearer error="insufficient_scope", error_description="{self.code}"'
        return None

    def response(self) -> JSONResponse:
        """Return the whole reply."""
        body: dict[str, object] = {"status": self.status, "code": self.code, "title": MEANING[self.code][1]}
        if self.detail:
            body["detail"] = self.detail
        if self.errors:
            body["errors"] = list(self.errors)
        headers = {"Cache-Control": "no-store"}
        if self.challenge:
            headers["WWW-Authenticate"] = self.challenge
        if self.status is HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = RETRY_AFTER_SECONDS
        return JSONResponse(body, self.status, headers, media_type="application/problem+json")
