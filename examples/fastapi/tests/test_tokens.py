"""Which tokens are taken."""

import hmac
import json
import time
from base64 import urlsafe_b64encode

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .conftest import COOKIE, ISSUER


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def refusal(reply: httpx2.Response):
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json()["status"] == reply.status_code
    return reply.status_code, reply.json()["code"], reply.headers.get("www-authenticate")


def invalid(code):
    return 401, code, f'Bearer error="invalid_token", error_description="{code}"'


def b64(value):
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def text(value):
    return b64(json.dumps(value).encode())


@pytest.mark.parametrize("headers", [bearer, lambda token: {"Cookie": f"{COOKIE}={token}"}])
def test_a_good_token_opens_the_orders_of_its_organisation(service, auth, headers):
    reply = service.get("/orders", headers=headers(auth.token()))

    assert reply.status_code == 200
    assert [order["id"] for order in reply.json()["orders"]] == [3, 2, 1]


def test_without_a_token_there_is_a_challenge_without_an_error(service):
    assert refusal(service.get("/orders")) == (401, "token_missing", "Bearer")


@pytest.mark.parametrize("token", ["x", "a.b.c", "a.b.c.d.e"])
def test_what_is_no_token_is_malformed(service, token):
    assert refusal(service.get("/orders", headers=bearer(token))) == invalid("token_malformed")


def test_an_expired_token(service, auth):
    assert refusal(service.get("/orders", headers=bearer(auth.token(exp=1)))) == invalid("token_expired")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": f"{ISSUER}/"},
        {"aud": "profiles"},
        {"aud": []},
        {"roles": "admin"},
        {"org_id": 7},
        {"sub": ""},
        {"nbf": 4_000_000_000},
        *({name: None} for name in ["iss", "aud", "exp", "iat", "sub", "jti", "client_id", "status"]),
    ],
)
def test_a_token_that_is_not_for_us_or_does_not_say_what_it_must(service, auth, claims):
    assert refusal(service.get("/orders", headers=bearer(auth.token(**claims)))) == invalid("token_invalid")


@pytest.mark.parametrize("typ", ["JWT", "statuslist+jwt", None])
def test_other_documents_of_the_issuer_are_no_access_tokens(service, auth, typ):
    assert refusal(service.get("/orders", headers=bearer(auth.token(typ=typ)))) == invalid("token_invalid")


def test_a_token_of_a_foreign_key_of_another_algorithm_or_of_none(service, auth):
    # By hand: PyJWT would not sign it.
    public_key = auth.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    unsigned = f"{text({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'k1'})}.{auth.token().split('.')[1]}"
    by_public_key = f"{unsigned}.{b64(hmac.digest(public_key, unsigned.encode(), 'sha256'))}"
    for token in [
        auth.token(key=ec.generate_private_key(ec.SECP256R1())),
        auth.token(headers={"kid": "k2"}),
        auth.token(headers={"kid": "other"}, key=b"secret of thirty-two bytes or so..", alg="HS256"),
        auth.token(key=rsa.generate_private_key(65537, 2048), alg="RS256"),
        by_public_key,
        auth.token(key="", alg="none"),
    ]:
        assert refusal(service.get("/orders", headers=bearer(token))) == invalid("token_invalid"), jwt.get_unverified_header(
            token
        )


def test_a_token_that_asks_for_extensions_nobody_knows(service, auth):
    token = auth.token(headers={"crit": ["x"], "x": 1})
    assert service.get("/orders", headers=bearer(token)).status_code == 401


def test_a_token_that_was_changed(service, auth):
    header, _, signature = auth.token().split(".")
    changed = f"{header}.{text({'iss': ISSUER, 'aud': 'orders', 'sub': 'eve', 'exp': time.time() + 60})}.{signature}"

    assert refusal(service.get("/orders", headers=bearer(changed))) == invalid("token_invalid")


def test_keys_that_cannot_be_had_are_not_the_tokens_fault(service, auth):
    assert service.get("/health/ready").status_code == 200
    auth.is_away = True
    assert service.get("/orders", headers=bearer(auth.token())).status_code == 503


def test_a_service_that_cannot_reach_the_auth_service_is_not_ready_and_takes_nobody(service, auth, clocks):
    auth.is_away = True
    assert service.get("/health/ready").status_code == 503
    reply = service.get("/orders", headers=bearer(auth.token()))
    assert refusal(reply) == (503, "unavailable", None)
    assert reply.headers["retry-after"] == "1"
    assert len(auth.asked) == 1, "not every request waits for it"

    auth.is_away, clocks.passed = False, 1
    assert service.get("/orders", headers=bearer(auth.token())).status_code == 200


def test_those_who_waited_for_an_answer_that_never_came_do_not_wait_once_more_each(service, auth, clocks):
    def time_out():
        clocks.passed += 5

    auth.is_away, auth.when_away = True, time_out
    for _ in range(10):
        assert service.get("/orders", headers=bearer(auth.token())).status_code == 503
    assert len(auth.asked) == 1


def test_a_document_that_speaks_for_another_issuer_is_not_used(service, auth):
    auth.metadata["issuer"] = "https://evil.example"

    assert service.get("/orders", headers=bearer(auth.token())).status_code == 503


@pytest.mark.parametrize(
    "jwk",
    [{}, {"kty": "AKP"}, {"kty": "AKP", "alg": "ML-DSA-44"}, {"kty": "EC", "crv": "P-999"}, {"kty": "EC", "x": "AAAA"}],
)
def test_a_key_of_another_kind_is_for_somebody_else(service, auth, jwk):
    auth.other_keys = [jwk]

    assert service.get("/orders", headers=bearer(auth.token())).status_code == 200


def test_what_is_no_key_set_is_not_the_tokens_fault_and_not_asked_for_on_every_request(service, auth):
    auth.other_keys = ["k1"]

    for _ in range(10):
        assert service.get("/orders", headers=bearer(auth.token())).status_code == 503
    assert auth.asked.count("/jwks") == 1


def test_a_new_key_is_followed_and_an_unknown_one_not_asked_for_on_every_request(service, auth, clocks):
    assert service.get("/orders", headers=bearer(auth.token())).status_code == 200
    auth.kid = "k2"
    for _ in range(10):
        assert service.get("/orders", headers=bearer(auth.token())).status_code == 401
    assert auth.asked.count("/jwks") == 1

    clocks.passed = 5
    assert service.get("/orders", headers=bearer(auth.token())).status_code == 200
