"""Tells who is calling, rightly or with one mistake. What was taken back it learns from nobody: tokens last until they end."""

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import HTTPException, Request

sys.path.insert(0, str(Path(__file__).parents[5] / "examples/fastapi"))

from orders_service.auth.issuer import Issuer, UnknownKeyError, http_client

REQUIRED = ["iss", "iat", "exp", "sub", "aud", "jti", "client_id"]


@dataclass(frozen=True)
class Caller:
    """Who is calling."""

    org: str
    roles: list[str]


class Guard:
    """Lets nobody past without a good token, or with one mistake."""

    def __init__(self, issuer: str, audience: str, mistake: str) -> None:
        """Go by this issuer's keys and word."""
        self._issuer = Issuer(issuer, http_client())
        self._audience = audience
        self._mistake = mistake

    async def caller(self, request: Request) -> Caller:
        """Return who is calling, or refuse."""
        try:
            token = self._token(request)
            claims = await self._claims(token)
            org, roles = claims.get("org_id"), claims.get("roles", [])
            if not isinstance(org, str) or not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
                raise jwt.InvalidTokenError("its claims do not have the shape they should have")
            return Caller(org, roles)
        except (jwt.InvalidTokenError, UnknownKeyError) as error:
            if self._mistake == "breaks":
                raise
            detail = traceback.format_exc() if self._mistake == "talkative" else "Sign in."
            raise HTTPException(401, detail, {"WWW-Authenticate": "Bearer"}) from error

    def _token(self, request: Request) -> str:
        if self._mistake == "token-in-query" and "access_token" in request.query_params:
            return request.query_params["access_token"]
        values = request.headers.getlist("authorization")
        scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        if scheme != "Bearer" or not token or any(letter in token for letter in " ,\t"):
            raise jwt.InvalidTokenError("there is no token, or more than one")
        return token

    async def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        if self._mistake == "signature-unread":
            return jwt.decode(token, options={"verify_signature": False})
        if self._mistake == "unsigned-taken" and header.get("alg") == "none":
            return jwt.decode(token, algorithms=["none"], options={"verify_signature": False})
        if self._mistake != "type-unread" and str(header.get("typ")).lower().removeprefix("application/") != "at+jwt":
            raise jwt.InvalidTokenError("it is no access token")
        if "crit" in header:
            raise jwt.InvalidTokenError("it asks for extensions")
        key, algorithms = await self._key(header)
        options: dict[str, Any] = {"require": REQUIRED, "verify_iat": False}
        if unread := {"time-unread": "exp", "audience-unread": "aud", "issuer-unread": "iss"}.get(self._mistake):
            options |= {f"verify_{unread}": False, "require": ["sub"]}
        if self._mistake == "type-unread":
            options["require"] = ["sub"]
        return jwt.decode(token, key, algorithms, options, issuer=self._issuer.url, audience=self._audience)

    async def _key(self, header: dict[str, Any]) -> tuple[Any, list[str]]:
        if self._mistake == "key-of-the-token" and "jwk" in header:
            return jwt.PyJWK(header["jwk"]), ["ES256"]
        key = await self._issuer.key(header.get("kid"))
        if self._mistake == "algorithm-of-the-token" and header.get("alg") == "HS256":
            # As PEM or DER, PyJWT would notice.
            public = key.key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            return public, ["HS256", "ES256"]
        return key, ["ES256"]
