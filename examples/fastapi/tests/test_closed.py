"""Every bad token against every operation, sent to the service as it runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from handstamp_testing import DevIssuer, Operation

OPERATIONS = [
    "GET /orders",
    "GET /orders/1",
    Operation("POST /orders", body={"item": "Lamp", "quantity": 2}, role=True),
    Operation("DELETE /orders/1", role=True),
]


# Status lists do not tell of changed roles: the guide has the table.
NOT_TOLD = ["revoked/roles-changed"]


@pytest.fixture(scope="module")
def auth() -> Iterator[DevIssuer]:
    with DevIssuer.start(audience="orders") as issuer:
        yield issuer


@pytest.fixture(scope="module")
def url(auth: DevIssuer) -> Iterator[str]:
    variables = {**os.environ, "ISSUER": auth.url, "PORT": "0"}
    command = [sys.executable, "-m", "orders_service"]
    folder = Path(__file__).parents[1]
    with subprocess.Popen(command, env=variables, cwd=folder, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout
        yield service.stdout.readline().removeprefix("listening on ").strip()
        service.terminate()


def test_no_operation_lets_a_bad_token_pass(auth: DevIssuer, url: str) -> None:
    token = auth.token(sub="ben", org_id="acme", roles=["buyer", "admin"])

    assert auth.attack(url, OPERATIONS, token=token, without=NOT_TOLD) == []


@pytest.mark.parametrize(
    ("operation", "cookie", "expected"),
    [
        ("GET /health/live", "__Host-Http-at", "credentials/none"),
        ("GET /ordres", "__Host-Http-at", "answered 404 to the good token"),
        (Operation("GET /orders", role=True), "__Host-Http-at", "rights/no-roles"),
        ("GET /orders", "another", "answered 401 to the good token in the cookie another"),
        ("GET /orders", "no name\n", "cannot be sent the good token"),
    ],
)
def test_what_is_open_is_not_there_or_cannot_be_judged_is_found(
    auth: DevIssuer, url: str, operation: str | Operation, cookie: str, expected: str
) -> None:
    found = auth.attack(url, [operation], cookie=cookie, without=NOT_TOLD)

    assert any(expected in line for line in found), found


class Lock(BaseHTTPRequestHandler):
    """Nobody ever looks at the token: the first request is let in, whoever sends it, and none after that."""

    is_locked = False

    def do_GET(self) -> None:
        self.send_response(401 if Lock.is_locked else 200)
        self.end_headers()
        Lock.is_locked = True

    def log_message(self, *_: object) -> None:
        pass


def test_a_service_that_refuses_the_good_token_in_the_end_has_shown_nothing(auth: DevIssuer) -> None:
    with HTTPServer(("127.0.0.1", 0), Lock) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        found = auth.attack(f"http://127.0.0.1:{server.server_port}", ["GET /"], modes=["bearer"])
        server.shutdown()

    assert len(found) == 1
    assert found[0].startswith("GET / answered 401 to the good token as bearer after the bad ones")


def test_an_attack_on_nothing_is_a_mistake_and_so_is_an_operation_without_a_method(auth: DevIssuer) -> None:
    with pytest.raises(ValueError, match="nothing is attacked"):
        auth.attack("http://127.0.0.1:1", [])
    with pytest.raises(ValueError, match="'/orders' is no operation"):
        auth.attack("http://127.0.0.1:1", ["/orders"])
    with pytest.raises(RuntimeError, match="GET /orders cannot be asked"):
        auth.attack("http://127.0.0.1:1", ["GET /orders"])


def test_a_program_that_is_not_there_or_another_one_is_named() -> None:
    with pytest.raises(RuntimeError, match="/nowhere/handstamp cannot be started: set HANDSTAMP"):
        DevIssuer.start(command="/nowhere/handstamp")
    with pytest.raises(RuntimeError, match=r"echo is not handstamp.*says 'dev-issuer"):
        DevIssuer.start(command="echo")
