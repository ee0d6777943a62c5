"""Every bad token against every operation, sent to the service as it runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from handstamp_testing import DevIssuer, Operation

OPERATIONS = [
    "GET /orders",
    "GET /orders/1",
    Operation("POST /orders", body={"item": "Lamp", "quantity": 2}, role=True),
    Operation("DELETE /orders/1", role=True),
]


@pytest.fixture
def auth() -> Iterator[DevIssuer]:
    with DevIssuer.start(audience="orders") as issuer:
        yield issuer


@pytest.fixture
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

    # Status lists do not tell of changed roles: the guide has the table.
    assert auth.attack(url, OPERATIONS, token=token, without=["revoked/roles-changed"]) == []


def test_an_operation_that_is_open_on_purpose_is_found(auth: DevIssuer, url: str) -> None:
    found = auth.attack(url, ["GET /health/live"])

    assert any("credentials/none" in line for line in found)
