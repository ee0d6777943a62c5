"""Verifies what the issuer has signed: access tokens and status lists, which one key set is for."""

from collections.abc import Iterable
from typing import Any

import jwt

from orders_service.auth.issuer import ALGORITHM, Issuer, UnknownKeyError


async def claims_of(
    document: str,
    issuer: Issuer,
    *,
    typ: str,
    require: Iterable[str],
    audience: str | None = None,
) -> dict[str, Any]:
    """Return the claims of a document, or raise `jwt.InvalidTokenError`."""
    header = jwt.get_unverified_header(document)
    # RFC 8725 §3.11: documents of one issuer are told apart by their type, or one kind passes for another.
    unverified_typ = header.get("typ")
    if not isinstance(unverified_typ, str) or unverified_typ.lower().removeprefix("application/") != typ:
        raise jwt.InvalidTokenError(f"its type is not {typ}")
    # RFC 7515 §4.1.11: an extension that is not understood must not be ignored, and none is understood.
    if "crit" in header:
        raise jwt.InvalidTokenError("it asks for extensions")
    try:
        key = await issuer.key(header.get("kid"))
    except UnknownKeyError as error:
        raise jwt.InvalidTokenError("its key is unknown") from error
    return jwt.decode(
        document,
        key,
        algorithms=[ALGORITHM],
        issuer=issuer.url,
        audience=audience,
        # A clock that is a little behind the issuer's is no reason to refuse what it has just signed.
        options={"require": ["iss", "iat", "exp", "sub", *require], "verify_iat": False},
    )
