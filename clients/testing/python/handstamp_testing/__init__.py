"""Real tokens, good and bad, for the tests of a service. It starts `handstamp dev-issuer` and asks it.

    with DevIssuer.start(audience="orders") as issuer:
        token = issuer.token(sub="ann", roles=["admin"], org_id="acme")
        assert issuer.attack(url, ["GET /orders"], token=token) == []
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

__all__ = ["DevIssuer", "Operation"]

_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Operation:
    """What is attacked: `Operation("POST /orders", body={…}, role=True)`, where `role` says that it asks for one."""

    name: str
    body: Any = None
    role: bool = False


class DevIssuer:
    """An issuer in a process of its own. Nothing that matters may ever trust it."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        """Use `start`."""
        self._process = process
        self.url: str = ready["issuer"]
        self.audience: str = ready["audience"]

    @classmethod
    def start(cls, audience: str = "test-service", algorithm: str = "ES256", command: str | None = None) -> DevIssuer:
        """Start one. The program is `handstamp` in the path, unless the variable `HANDSTAMP` names another."""
        command = command or os.environ.get("HANDSTAMP", "handstamp")
        options = ["--audience", audience, "--algorithm", algorithm, "--listen", "127.0.0.1:0", "--json"]
        try:
            process = subprocess.Popen([command, "dev-issuer", *options], stdout=subprocess.PIPE, text=True)  # noqa: S603
        except OSError as cause:
            raise RuntimeError(f"{command} cannot be started: set HANDSTAMP to the program") from cause
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError(f"handstamp dev-issuer ended with {process.wait()}")
        return cls(process, json.loads(line))

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def __enter__(self) -> DevIssuer:
        """Return the issuer, which ends with the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self.stop()

    def token(self, **says: Any) -> str:
        """Make a token of `sub`, `roles`, `org_id`, `sid`, `audience`, `expires_in`, `claims` and so on, or none of them."""
        return str(self.post("/dev/tokens", says)["access_token"])

    def revoke(self, **what: Any) -> None:
        """Take tokens back: `token=…`, or `level="sid", value=…, kind="dead"`."""
        self.post("/dev/revocations", what)

    def advance(self, seconds: int) -> None:
        """Move the issuer's clock. The service's own does not move."""
        self.post("/dev/clock", {"advance": seconds})

    def invalid_tokens(self, token: str, mode: str = "bearer", cookie: str = "__Host-Http-at") -> list[dict[str, Any]]:
        """Return every class of bad token made of this good one, each with what to send and what to expect."""
        reply = self.post("/dev/invalid-tokens", {"token": token, "mode": mode, "cookie": cookie})
        return list(reply["invalid"])

    def attack(
        self,
        service: str,
        operations: Iterable[str | Operation],
        *,
        token: str | None = None,
        modes: Sequence[str] = ("bearer", "cookie"),
        cookie: str = "__Host-Http-at",
        without: Iterable[str] = (),
        strict: bool = False,
    ) -> list[str]:
        """Send every bad token to every operation of a service, after a good one that has to get in.

        Return what was not refused, in words: an empty list is what a test wants. `without` names cases that the service lets
        pass on purpose. `strict` also sends what careful libraries differ in: a matter of strictness, by which alone nobody gets in.
        """
        token = token or self.token(roles=["admin"], org_id="acme")
        sets = [(mode, self.invalid_tokens(token, mode, cookie)) for mode in modes]
        skipped = set(without)

        def is_wanted(bad: dict[str, Any], operation: Operation) -> bool:
            return (strict or bad["severity"] != "note") and bad["name"] not in skipped and _applies(bad, operation)

        found = []
        # A service hears of what was taken back in a moment, or when it next asks: three seconds in all.
        waits = 100
        for written in operations:
            operation = Operation(written) if isinstance(written, str) else written
            control = _status(service, operation, [["authorization", f"Bearer {token}"]])
            if control in {401, 403}:
                found.append(f"{operation.name} answered {control} to the good token, so it shows nothing that it refuses bad ones")
                continue
            for mode, bad in ((mode, bad) for mode, tokens in sets for bad in tokens):
                if not is_wanted(bad, operation):
                    continue
                refused = {None, bad["status"], *bad["also"]}
                answered = _status(service, operation, bad["headers"], bad.get("query"))
                while bad["class"] == "revoked" and answered not in refused and waits > 0:
                    waits -= 1
                    time.sleep(0.03)
                    answered = _status(service, operation, bad["headers"], bad.get("query"))
                if answered in refused:
                    continue
                what = f"{bad['name']}, {bad['title']}: expected {bad['status']}. {bad['fix']}"
                found.append(f"{operation.name} ({mode}) answered {answered} to {what}")
        return found

    def post(self, path: str, body: Any) -> dict[str, Any]:
        """Send JSON to the issuer, and return the answer."""
        connection = _connect(self.url)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            reply = connection.getresponse()
            answer: dict[str, Any] = json.load(reply)
        finally:
            connection.close()
        if reply.status != 200:  # noqa: PLR2004
            raise RuntimeError(f"{path}: {answer.get('detail', reply.status)}")
        return answer


def _applies(bad: dict[str, Any], operation: Operation) -> bool:
    method = operation.name.split(" ")[0]
    return (operation.role or not bad["role"]) and (method in _UNSAFE or not bad["unsafe_method"])


def _connect(url: str) -> HTTPConnection:
    return HTTPConnection(urlsplit(url).netloc, timeout=10)


def _status(service: str, operation: Operation, headers: list[list[str]], query: str | None = None) -> int | None:
    """Return the status, or `None` where the headers cannot be sent."""
    method, path = operation.name.split(" ")
    body = None if operation.body is None else json.dumps(operation.body).encode()
    connection = _connect(service)
    try:
        connection.putrequest(method, f"{path}?{query}" if query else path)
        # A value with a line break, or beyond Latin-1.
        with suppress(ValueError):
            for name, value in headers:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            return connection.getresponse().status
        return None
    finally:
        connection.close()
