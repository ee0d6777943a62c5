"""Knows the auth service by its address. The rest is discovered (RFC 8414) when it is first needed."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
from jwt import PyJWK
from jwt.exceptions import PyJWTError

TIMEOUT_SECONDS = 5
MAX_DOCUMENT = 4 << 20

KEYS_LAST_SECONDS = 300
"""Keys are published ahead of their use. A third of that time is how long they may be kept, so that none is missed."""

UNKNOWN_KEY_COOLDOWN_SECONDS = 5
"""Tokens that name unknown keys must not make us fetch without end."""

FAILURE_COOLDOWN_SECONDS = 1
"""Nor must every request wait for an auth service that is away."""

ALGORITHM = "ES256"
"""What tokens are signed with. One algorithm, chosen by us: never the one that a token asks for."""


class UnavailableError(Exception):
    """The auth service did not answer, or not with what was asked for. No token's fault."""


class UnknownKeyError(Exception):
    """The issuer publishes no key of that id."""


def http_client() -> httpx2.AsyncClient:
    """Return a client that follows no redirect: what is fetched is believed because of where it is fetched from."""
    return httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)


async def fetch(client: httpx2.AsyncClient, url: str, accept: str) -> bytes:
    """Return a document of a size that documents have."""
    body = bytearray()
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS), client.stream("GET", url, headers={"Accept": accept}) as reply:
            if reply.status_code != httpx2.codes.OK:
                raise UnavailableError(f"{url} answered {reply.status_code}")
            async for chunk in reply.aiter_bytes():
                body += chunk
                if len(body) > MAX_DOCUMENT:
                    raise UnavailableError(f"{url} is too long")
    except (httpx2.HTTPError, TimeoutError) as error:
        raise UnavailableError(f"{url} cannot be reached") from error
    return bytes(body)


async def fetch_object(client: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    """Return a JSON document that is an object."""
    try:
        document = json.loads(await fetch(client, url, "application/json"))
    except ValueError as error:
        raise UnavailableError(f"{url} is not JSON") from error
    if not isinstance(document, dict):
        raise UnavailableError(f"{url} is no JSON object")
    return document


class Issuer:
    """An auth service, and its public keys."""

    def __init__(self, url: str, client: httpx2.AsyncClient, clock: Callable[[], float] = time.monotonic) -> None:
        """Know an issuer by its URL, exactly as in the `iss` of its tokens. Nothing is asked for yet."""
        self.url = url
        self._client = client
        self._clock = clock
        self._jwks_uri: str | None = None
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at = float("-inf")
        self._failed_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def key(self, kid: object) -> PyJWK:
        """Return the key of this id, after fetching the set where it is old or does not have it."""
        await self._fetch_if(lambda: self._is_old() or (kid not in self._keys and self._may_ask_again()))
        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise UnknownKeyError
        return key

    async def has_keys(self) -> bool:
        """Return whether anything can be verified."""
        try:
            await self._fetch_if(self._is_old)
        except UnavailableError:
            return False
        return True

    def _is_old(self) -> bool:
        return self._clock() - self._fetched_at >= KEYS_LAST_SECONDS

    def _may_ask_again(self) -> bool:
        return self._clock() - self._fetched_at >= UNKNOWN_KEY_COOLDOWN_SECONDS

    async def _fetch_if(self, is_needed: Callable[[], bool]) -> None:
        if is_needed():
            async with self._fetching:
                # Another request may have fetched while this one waited.
                if is_needed():
                    await self._fetch()

    async def _fetch(self) -> None:
        now = self._clock()
        if now - self._failed_at < FAILURE_COOLDOWN_SECONDS:
            raise UnavailableError("the auth service was away a moment ago")
        try:
            if self._jwks_uri is None:
                self._jwks_uri = await self._discover()
            keys = dict(_usable_keys(await fetch_object(self._client, self._jwks_uri)))
        except UnavailableError:
            # As of now, and not of the question: those who waited meanwhile shall not wait once more each.
            self._failed_at = self._clock()
            raise
        self._keys = keys
        self._fetched_at = now

    async def _discover(self) -> str:
        at = urlsplit(self.url)
        # RFC 8414 §3.1: the issuer's path, where it has one, comes last.
        url = at._replace(path=f"/.well-known/oauth-authorization-server{at.path.rstrip('/')}").geturl()
        metadata = await fetch_object(self._client, url)
        # RFC 8414 §3.3: a document that speaks for somebody else must not be used.
        if metadata.get("issuer") != self.url:
            raise UnavailableError(f"{url} speaks for {metadata.get('issuer')}")
        jwks_uri = metadata.get("jwks_uri")
        if not isinstance(jwks_uri, str):
            raise UnavailableError(f"{url} names no keys")
        return jwks_uri


def _usable_keys(document: dict[str, Any]) -> Iterator[tuple[str, PyJWK]]:
    keys = document.get("keys")
    if not isinstance(keys, list) or not all(isinstance(jwk, dict) for jwk in keys):
        raise UnavailableError("what is there is no key set")
    for jwk in keys:
        try:
            key = PyJWK(jwk)
        except (PyJWTError, TypeError, ValueError):
            # A key of another kind is for somebody else (RFC 7517 §5). PyJWKError is not said of all of them.
            continue
        if key.algorithm_name == ALGORITHM and key.public_key_use in {None, "sig"} and key.key_id:
            yield key.key_id, key
