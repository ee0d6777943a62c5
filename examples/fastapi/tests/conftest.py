"""An issuer that signs whatever a test asks for, and services that believe it."""

import asyncio
import json
import time
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient

from orders_service.app import create_app
from orders_service.auth.access_token import AccessTokens
from orders_service.auth.issuer import Issuer
from orders_service.auth.status_list import StatusLists
from orders_service.store import Orders

ISSUER = "https://auth.example"
LIST = f"{ISSUER}/status-lists/l1"
COOKIE = "__Host-Http-at"


class AuthService:
    """An auth service, as its documents show it. It signs good tokens, but for what a test changes."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.is_away = False
        self.when_away: Callable[[], None] = lambda: None
        self.asked: list[str] = []
        self.statuses = bytearray(64)
        self.bits = 1
        self.list_claims: dict[str, Any] = {}
        self.list_typ = "statuslist+jwt"
        self.metadata = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"}
        self.kid = "k1"
        self.other_keys: Any = [{"kty": "oct", "k": "AAAA", "kid": "other"}]

    def token(
        self, *, typ: str | None = "at+jwt", headers: Mapping[str, Any] = {}, key: Any = None, alg: str = "ES256", **claims: Any
    ) -> str:
        now = int(time.time())
        good = {
            "iss": ISSUER,
            "aud": ["orders", "profiles"],
            "sub": "ben",
            "client_id": "handstamp",
            "sid": "s1",
            "jti": "j1",
            "org_id": "acme",
            "roles": ["buyer"],
            "iat": now,
            "exp": now + 60,
            "status": {"status_list": {"uri": LIST, "idx": 9}},
        }
        says = {name: value for name, value in {**good, **claims}.items() if value is not None}
        return self.sign(says, {"typ": typ, "kid": self.kid, **headers}, key, alg)

    def sign(self, claims: dict[str, Any], headers: dict[str, Any], key: Any = None, alg: str = "ES256") -> str:
        return jwt.encode(claims, self.key if key is None else key, alg, headers)

    def status_list(self) -> str:
        now = int(time.time())
        lst = urlsafe_b64encode(zlib.compress(bytes(self.statuses))).rstrip(b"=").decode()
        claims = {
            "iss": ISSUER,
            "sub": LIST,
            "iat": now,
            "exp": now + 180,
            "ttl": 60,
            "status_list": {"bits": self.bits, "lst": lst},
        }
        return self.sign({**claims, **self.list_claims}, {"typ": self.list_typ, "kid": self.kid})

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.path)
        if self.is_away:
            self.when_away()
            raise httpx2.ConnectError("refused")
        match request.url.path:
            case "/.well-known/oauth-authorization-server":
                return httpx2.Response(200, json=self.metadata)
            case "/jwks":
                jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
                return httpx2.Response(200, json={"keys": [*self.other_keys, {**jwk, "kid": self.kid}]})
            case "/status-lists/l1":
                return httpx2.Response(200, text=self.status_list())
            case _:
                return httpx2.Response(404)


class Clocks:
    """A monotonic and a wall clock that stand where a test puts them."""

    def __init__(self) -> None:
        self.passed = 0.0
        self._began = time.time()

    def monotonic(self) -> float:
        return 1000 + self.passed

    def wall(self) -> float:
        return self._began + self.passed


@pytest.fixture
def auth() -> AuthService:
    return AuthService()


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def client(auth: AuthService) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.MockTransport(auth.answer))


@pytest.fixture
def issuer(client: httpx2.AsyncClient, clocks: Clocks) -> Issuer:
    return Issuer(ISSUER, client, clocks.monotonic)


@pytest.fixture
def lists(issuer: Issuer, client: httpx2.AsyncClient, clocks: Clocks) -> StatusLists:
    return StatusLists(issuer, client, clocks.monotonic, clocks.wall)


@pytest.fixture
def service(issuer: Issuer, lists: StatusLists) -> Iterator[TestClient]:
    app = create_app(AccessTokens(issuer, "orders", lists), issuer.has_keys, Orders(), COOKIE, {"https://app.example"})
    with TestClient(app, base_url="https://orders.example") as client:
        yield client


@pytest.fixture
def run() -> Callable[[Any], Any]:
    return asyncio.run
