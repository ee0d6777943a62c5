"""Reads Token Status Lists (draft-ietf-oauth-status-list), so that a token whose session has ended is refused."""

import asyncio
import logging
import time
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import jwt

from orders_service.auth.issuer import FAILURE_COOLDOWN_SECONDS, Issuer, UnavailableError, fetch
from orders_service.auth.signed import claims_of

log = logging.getLogger(__name__)

MAX_UNPACKED = 4 << 20
"""Sixteen times the list of a million sessions with two bits. What unpacks to more is meant to hurt."""


class MisplacedStatusError(Exception):
    """The token says of no place in a list of its issuer where its status is. The token's fault, or its issuer's."""


@dataclass(frozen=True)
class StatusList:
    """A list that was verified."""

    bits: int
    statuses: bytes
    fresh_until: float
    """By the monotonic clock. From then on another one is asked for."""
    expires: float
    """By the wall clock. From then on it is not believed."""

    def status(self, index: int) -> int:
        """Return the status at a place: the lowest bits of a byte come first."""
        byte, bit = divmod(index * self.bits, 8)
        if byte >= len(self.statuses):
            raise MisplacedStatusError
        return self.statuses[byte] >> bit & ((1 << self.bits) - 1)


class StatusLists:
    """The lists of one issuer. Each is kept for its `ttl`, and while no other can be had until its `exp`."""

    def __init__(
        self,
        issuer: Issuer,
        client: httpx2.AsyncClient,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Know no list yet."""
        self._issuer = issuer
        self._client = client
        self._monotonic = monotonic
        self._wall = wall
        self._lists: dict[str, StatusList] = {}
        self._fetching: dict[str, asyncio.Lock] = {}
        self._failed_at: dict[str, float] = {}

    async def is_good(self, claims: Mapping[str, Any]) -> bool:
        """Return whether nothing is known against a verified token."""
        match claims.get("status"):
            case {"status_list": {"uri": str(uri), "idx": int(index)}} if index >= 0:
                # Or a token could make us fetch from anywhere.
                if not uri.startswith(f"{self._issuer.url.rstrip('/')}/status-lists/"):
                    raise MisplacedStatusError
                return (await self._list(uri)).status(index) == 0
            case _:
                raise MisplacedStatusError

    async def _list(self, uri: str) -> StatusList:
        kept = self._lists.get(uri)
        if kept is None or not self._is_fresh(kept):
            async with self._fetching.setdefault(uri, asyncio.Lock()):
                # Another request may have fetched while this one waited.
                kept = self._lists.get(uri)
                if kept is None or not self._is_fresh(kept):
                    kept = await self._renew(uri, kept)
        return kept

    async def _renew(self, uri: str, kept: StatusList | None) -> StatusList:
        if self._monotonic() - self._failed_at.get(uri, float("-inf")) >= FAILURE_COOLDOWN_SECONDS:
            try:
                kept = await self._fetch(uri)
                believed = {other: held for other, held in self._lists.items() if self._is_believed(held)}
                self._lists = {**believed, uri: kept}
            except (UnavailableError, jwt.InvalidTokenError) as error:
                log.warning("%s cannot be renewed: %s", uri, error)
                self._failed_at[uri] = self._monotonic()
        if kept is None or not self._is_believed(kept):
            raise UnavailableError(f"{uri} cannot be had")
        return kept

    def _is_fresh(self, kept: StatusList) -> bool:
        return self._monotonic() < kept.fresh_until and self._is_believed(kept)

    def _is_believed(self, kept: StatusList) -> bool:
        return self._wall() < kept.expires

    async def _fetch(self, uri: str) -> StatusList:
        asked_at = self._monotonic()
        document = await fetch(self._client, uri, "application/statuslist+jwt")
        claims = await claims_of(
            document.decode("ascii", "replace").strip(),
            self._issuer,
            typ="statuslist+jwt",
            require=["ttl", "status_list"],
        )
        match claims:
            case {"status_list": {"bits": 1 | 2 | 4 | 8 as bits, "lst": str(packed)}, "ttl": int(ttl)} if claims["sub"] == uri:
                return StatusList(bits, _unpack(packed), asked_at + ttl, claims["exp"])
            case _:
                raise jwt.InvalidTokenError("it is not the status list that was asked for")


def _unpack(packed: str) -> bytes:
    try:
        unpacker = zlib.decompressobj()
        statuses = unpacker.decompress(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), MAX_UNPACKED)
    except (ValueError, zlib.error) as error:
        raise jwt.InvalidTokenError("its list cannot be unpacked") from error
    if not unpacker.eof:
        raise jwt.InvalidTokenError("its list is cut short, or too long")
    return statuses
