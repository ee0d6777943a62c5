"""Finds the one token of a request."""

import re
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection

from orders_service.problem import Code, Problem

# RFC 6265 §4.1.1: what a cookie's value may be made of.
COOKIE_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")
BEARER_TOKEN = re.compile(r" +([^\s,]+) *")


@dataclass(frozen=True)
class Credential:
    """A token as it arrived, believed by nobody yet."""

    unverified: str
    from_cookie: bool
    """Whether a browser may have attached it by itself."""


def find(request: HTTPConnection, cookie_name: str) -> Credential:
    """Return the one token of a request.

    A request in which it cannot be told whose token counts is refused: each rule here has been somebody's vulnerability.
    """
    if "access_token" in QueryParams(request.scope["query_string"]):
        raise Problem(Code.TOKEN_INVALID, "A token stands in the query string, where none is accepted.")
    bearer = _bearer(request.headers.getlist("authorization"))
    cookie = _cookie(request.headers.getlist("cookie"), cookie_name)
    if bearer and cookie and bearer != cookie:
        raise Problem(Code.TOKEN_INVALID, "The cookie and the Authorization header hold different tokens.")
    # A foreign page cannot set the header, so with the same token in both it is the header that counts.
    if bearer:
        return Credential(bearer, from_cookie=False)
    if cookie:
        return Credential(cookie, from_cookie=True)
    raise Problem(Code.TOKEN_MISSING)


def _bearer(values: list[str]) -> str | None:
    if not values:
        return None
    scheme = values[0].partition(" ")[0]
    if len(values) == 1 and scheme.lower() != "bearer":
        # Another scheme is for somebody else.
        return None
    token = BEARER_TOKEN.fullmatch(values[0][len(scheme) :])
    if len(values) > 1 or not token:
        raise Problem(Code.TOKEN_MALFORMED, "The Authorization header is malformed.")
    return token[1]


def _cookie(headers: list[str], name: str) -> str | None:
    # Not by a library: two cookies of one name have to be seen, and names are compared byte for byte.
    pairs = [pair.removeprefix(" ") for header in headers for pair in header.split(";")]
    values = [pair.removeprefix(f"{name}=") for pair in pairs if pair.startswith(f"{name}=")]
    if len(values) > 1 or not all(COOKIE_VALUE.fullmatch(value) for value in values):
        raise Problem(Code.TOKEN_MALFORMED, "The cookie was refused.")
    return values[0] if values else None
