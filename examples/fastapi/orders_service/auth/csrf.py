"""Decides whether an unsafe request may rely on a cookie."""

from collections.abc import Collection

from starlette.requests import HTTPConnection

from orders_service.problem import Code, Problem

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}


def refuse_forgery(request: HTTPConnection, allowed_origins: Collection[str]) -> None:
    """Refuse an unsafe request whose cookie a foreign page may have made the browser send.

    Other pages choose neither `Sec-Fetch-Site` nor `Origin`, so those decide. `same-site` alone is never trusted: a sibling host
    may be somebody else's. Without either, a header of our own makes browsers ask first before they send it across origins.
    """
    # A WebSocket has no method, or is a GET to a server that knows none, and is not safe: it carries whatever the page says.
    if request.scope.get("method") in SAFE_METHODS and "sec-websocket-key" not in request.headers:
        return
    site = _only(request, "sec-fetch-site")
    if site in {"same-origin", "none"}:
        return
    origin = _only(request, "origin")
    if origin is not None:
        if origin in allowed_origins:
            return
        raise Problem(Code.CSRF_REJECTED, f'The origin "{origin}" is not on the allow-list.')
    if site is None and _only(request, "x-handstamp") == "1":
        return
    raise Problem(Code.CSRF_REJECTED)


def _only(request: HTTPConnection, name: str) -> str | None:
    values = request.headers.getlist(name)
    if len(values) > 1:
        raise Problem(Code.CSRF_REJECTED, f"The header {name} is there more than once.")
    return values[0] if values else None
