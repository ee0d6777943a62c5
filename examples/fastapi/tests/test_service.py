"""What people may do, and from where."""

import pytest

from .conftest import COOKIE
from .test_tokens import bearer, refusal

LAMP = {"item": "Lamp", "quantity": 2}


def code(reply):
    return reply.status_code, reply.json()["code"]


def cookie(token):
    return {"Cookie": f"{COOKIE}={token}"}


def test_a_request_in_which_it_cannot_be_told_whose_token_counts_is_refused(service, auth):
    one, other = auth.token(), auth.token(sub="eve")

    assert code(service.get("/orders", headers={**bearer(one), **cookie(other)})) == (401, "token_invalid")
    assert service.get("/orders", headers={**bearer(one), **cookie(one)}).status_code == 200
    assert code(service.get("/orders", headers=cookie(f"{one}; {COOKIE}={other}"))) == (401, "token_malformed")
    assert code(service.get("/orders", headers=[*bearer(one).items(), *bearer(other).items()])) == (401, "token_malformed")
    assert code(service.get("/orders", headers={"Cookie": f"\t{COOKIE}={one}"})) == (401, "token_missing")
    assert code(service.get(f"/orders?access%5Ftoken={one}")) == (401, "token_invalid")
    assert code(service.get("/orders", headers={"Authorization": "Basic eDp5"})) == (401, "token_missing")


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "https://app.example"}, {"X-Handstamp": "1"}],
)
def test_a_page_of_ours_may_post_by_cookie(service, auth, headers):
    assert service.post("/orders", json=LAMP, headers={**cookie(auth.token()), **headers}).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "X-Handstamp": "1"},
        {"Origin": "https://evil.example", "X-Handstamp": "1"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_site_may_not(service, auth, headers):
    assert code(service.post("/orders", json=LAMP, headers={**cookie(auth.token()), **headers})) == (403, "csrf_rejected")


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("https://app.example", 200)])
def test_a_web_socket_begins_with_a_get_and_is_not_safe(service, auth, origin, status):
    handshake = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": origin}
    assert service.get("/orders", headers={**cookie(auth.token()), **handshake}).status_code == status


def test_roles_decide_who_orders_and_who_deletes(service, auth):
    nobody, buyer, admin = (bearer(auth.token(roles=roles)) for roles in (None, ["buyer"], ["admin"]))

    refused = service.post("/orders", json=LAMP, headers=nobody)
    assert refusal(refused) == (403, "role_required", 'Bearer error="insufficient_scope", error_description="role_required"')
    placed = service.post("/orders", json=LAMP, headers=buyer)
    assert (placed.status_code, placed.headers["location"], placed.json()["buyer"]) == (201, "/orders/7", "ben")
    assert placed.headers["cache-control"] == "no-store"
    assert code(service.delete("/orders/7", headers=buyer)) == (403, "role_required")
    assert service.delete("/orders/7", headers=admin).status_code == 204
    assert code(service.get("/orders/7", headers=admin)) == (404, "not_found")


@pytest.mark.parametrize("path", ["/orders/4", "/orders/99", "/orders/x", "/orders/\u0661"])
def test_the_orders_of_another_organisation_are_not_there(service, auth, path):
    admin = bearer(auth.token(roles=["admin"]))

    assert code(service.get(path, headers=admin)) == (404, "not_found")
    assert code(service.delete(path, headers=admin)) == (404, "not_found")
    assert service.get("/orders/4", headers=bearer(auth.token(org_id="globex"))).status_code == 200


def test_people_without_an_organisation_and_machines_have_no_orders(service, auth):
    assert code(service.get("/orders", headers=bearer(auth.token(org_id=None)))) == (403, "org_mismatch")
    assert code(service.get("/orders", headers=bearer(auth.token(sub="handstamp")))) == (403, "caller_mismatch")


def test_a_body_that_cannot_be_taken_is_told_what_is_wrong_with_it(service, auth):
    headers = {**bearer(auth.token()), "Content-Type": "application/json"}

    assert code(service.post("/orders", content="{", headers=headers)) == (400, "body_malformed")
    assert code(service.post("/orders", data=LAMP, headers=bearer(auth.token()))) == (415, "unsupported_media_type")
    assert code(service.post("/orders", json={"item": "x" * 20_000}, headers=headers)) == (413, "body_too_large")
    wrong = service.post("/orders", json={"item": " ", "quantity": "2", "org_id": "globex"}, headers=headers)
    assert code(wrong) == (422, "validation_failed")
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"/item", "/quantity", "/org_id"}
    assert code(service.post("/orders", json={"item": "a\u0007b"}, headers=headers)) == (422, "validation_failed")


def test_who_is_calling_is_asked_before_anything_else(service, auth):
    assert code(service.post("/orders", content="{")) == (401, "token_missing")
    assert code(service.get("/statistics")) == (401, "token_missing")
    assert code(service.get("/statistics", headers=bearer(auth.token()))) == (404, "not_found")
    assert code(service.put("/orders", json={}, headers=bearer(auth.token()))) == (405, "method_not_allowed")
    assert service.get("/health/live").status_code == 200
