"""Closes the whole service to whoever shows no good token."""

import logging
from collections.abc import Collection
from typing import Annotated, Protocol

from fastapi import Depends, Request
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders_service.auth.access_token import Principal
from orders_service.auth.credential import find
from orders_service.auth.csrf import refuse_forgery
from orders_service.problem import Code, Problem

log = logging.getLogger(__name__)


class Verifier(Protocol):
    """Turns tokens into principals."""

    async def verify(self, token: str) -> Principal:
        """Return whom a token speaks for, or raise a `Problem`."""


class SignedIn:
    """Lets nobody past without a good token, and tells the routes who is calling.

    A middleware and no dependency: it stands before the body is read and before any route, those that are added later included.
    """

    def __init__(
        self,
        app: ASGIApp,
        verifier: Verifier,
        cookie_name: str,
        allowed_origins: Collection[str],
        public_paths: Collection[str],
    ) -> None:
        """Stand before an app, of which these paths are open to everybody."""
        self._app = app
        self._verifier = verifier
        self._cookie_name = cookie_name
        self._allowed_origins = allowed_origins
        self._public_paths = public_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan" or (scope["type"] == "http" and scope["path"] in self._public_paths):
            await self._app(scope, receive, send)
            return
        try:
            scope.setdefault("state", {})["caller"] = await self._caller(HTTPConnection(scope))
        except Problem as problem:
            if problem.__cause__ is not None and problem.code is Code.UNAVAILABLE:
                log.warning("a token cannot be judged: %s", problem.__cause__)
            await problem.response()(scope, receive, send)
            return

        async def send_uncached(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_uncached)

    async def _caller(self, request: HTTPConnection) -> Principal:
        credential = find(request, self._cookie_name)
        if credential.from_cookie:
            refuse_forgery(request, self._allowed_origins)
        return await self._verifier.verify(credential.unverified)


async def in_org(request: Request) -> Principal:
    """Let people in who belong to an organisation."""
    caller = getattr(request.state, "caller", None)
    if not isinstance(caller, Principal):
        # An app without the middleware is closed, not open.
        raise Problem(Code.TOKEN_MISSING)
    if not caller.is_person:
        raise Problem(Code.CALLER_MISMATCH, "This is for people who are signed in.")
    if not caller.org_id:
        raise Problem(Code.ORG_MISMATCH)
    return caller


class Role:
    """Lets people in who belong to an organisation and hold a role."""

    def __init__(self, name: str) -> None:
        """Ask for this role."""
        self._name = name

    async def __call__(self, caller: Annotated[Principal, Depends(in_org)]) -> Principal:
        """Return the caller, if they hold it."""
        if self._name not in caller.roles:
            raise Problem(Code.ROLE_REQUIRED, f"Needs one of these roles: {self._name}.")
        return caller
