"""Turns access tokens into whoever they speak for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jwt

from orders_service.auth.issuer import Issuer, UnavailableError
from orders_service.auth.signed import claims_of
from orders_service.auth.status_list import MisplacedStatusError
from orders_service.problem import Code, Problem


@dataclass(frozen=True)
class Principal:
    """Whoever is calling, as far as this service wants to know."""

    sub: str
    org_id: str | None
    roles: frozenset[str]
    is_person: bool
    """False for a machine that came in its own name."""


class Revocations(Protocol):
    """Tells what was taken back."""

    async def is_good(self, claims: Mapping[str, Any]) -> bool:
        """Return whether nothing is known against a verified token."""


class AccessTokens:
    """Verifies the access tokens of one issuer to one audience."""

    def __init__(self, issuer: Issuer, audience: str, revocations: Revocations) -> None:
        """Go by this issuer's keys and word."""
        self._issuer = issuer
        self._audience = audience
        self._revocations = revocations

    async def verify(self, token: str) -> Principal:
        """Return whom a token speaks for, or raise a `Problem`."""
        try:
            claims = await claims_of(
                token, self._issuer, typ="at+jwt", audience=self._audience, require=["aud", "jti", "client_id"]
            )
            principal = _principal(claims)
            is_good = await self._revocations.is_good(claims)
        except UnavailableError as error:
            # The token's fault is 401; that keys or lists cannot be had is ours, and says nothing about the token.
            raise Problem(Code.UNAVAILABLE) from error
        except jwt.ExpiredSignatureError as error:
            raise Problem(Code.TOKEN_EXPIRED) from error
        except jwt.DecodeError as error:
            # A wrong signature is one of these for PyJWT, and so is what cannot be read.
            is_wrong_signature = isinstance(error, jwt.InvalidSignatureError)
            raise Problem(Code.TOKEN_INVALID if is_wrong_signature else Code.TOKEN_MALFORMED) from error
        except (jwt.InvalidTokenError, MisplacedStatusError) as error:
            raise Problem(Code.TOKEN_INVALID) from error
        if not is_good:
            raise Problem(Code.TOKEN_REVOKED)
        return principal


def _principal(claims: Mapping[str, Any]) -> Principal:
    match claims:
        case {"sub": str(sub), "client_id": str(client_id)} if sub and client_id:
            org_id, roles = claims.get("org_id"), claims.get("roles", [])
        case _:
            raise jwt.InvalidTokenError("its claims do not have the shape they should have")
    if not (org_id is None or isinstance(org_id, str)) or not isinstance(roles, list):
        raise jwt.InvalidTokenError("its claims do not have the shape they should have")
    # RFC 9068 §2.2: where no person is involved, the subject is the client itself.
    return Principal(sub, org_id, frozenset(role for role in roles if isinstance(role, str)), is_person=sub != client_id)
