"""Real tokens, good and bad, for the tests of a service. It starts `handstamp dev-issuer` and asks it.

    with DevIssuer.start(audience="orders") as issuer:
        token = issuer.token(sub="ann", roles=["admin"], org_id="acme")
        assert issuer.attack(url, ["GET /orders"], token=token) == []
"""

from __future__ import annotations

import atexit
import json
import os
import re
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

__all__ = ["DevIssuer", "Operation"]

_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
_REFUSALS = {401, 403}
_AFTER_BAD_ONES = (
    "after the bad ones, so it shows nothing that it refused those: "
    "does it count failures, or end the session that it is called in?"
)


@dataclass(frozen=True)
class Operation:
    """What is attacked: `Operation("POST /orders", body={…}, role=True)`, where `role` says that it asks for one."""

    name: str
    body: Any = None
    role: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no operation."""
        if not re.fullmatch(r"[A-Z]+ /\S*", self.name):
            message = f'{self.name!r} is no operation: write a method, a space and a path, as in "GET /orders/1"'
            raise ValueError(message)

    @property
    def method(self) -> str:
        """The method."""
        return self.name.split(" ")[0]

    @property
    def path(self) -> str:
        """The path, perhaps with a query."""
        return self.name.split(" ")[1]


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
        try:
            issuer = cls(process, json.loads(line))
        except ValueError as cause:
            with process:
                process.kill()
            said = f"says {line!r}" if line else f"ended with {process.returncode}"
            raise RuntimeError(f"{command} is not handstamp, or it cannot run: it {said}. Set HANDSTAMP to the program") from cause
        # A test that ends in another way than by `stop` leaves no issuer behind.
        atexit.register(process.terminate)
        return issuer

    def stop(self) -> None:
        """End it."""
        atexit.unregister(self._process.terminate)
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
        """Send every bad token to every operation of a service, after a good one that has to get in, and again in the end.

        Return what was not refused, in words: an empty list is what a test wants. `modes` is where the service takes tokens: leave
        out `"cookie"` where it takes none. `without` names cases that the service lets pass on purpose. `strict` also sends what
        careful libraries differ in: a matter of strictness, by which alone nobody gets in.
        """
        targets = [Operation(written) if isinstance(written, str) else written for written in operations]
        if not targets or not modes:
            raise ValueError("nothing is attacked: name operations, and modes")
        token = token or self.token(roles=["admin"], org_id="acme")
        sets = [(mode, self.post("/dev/invalid-tokens", {"token": token, "mode": mode, "cookie": cookie})) for mode in modes]
        skipped = set(without)

        def is_wanted(bad: dict[str, Any], operation: Operation) -> bool:
            return (strict or bad["severity"] != "note") and bad["name"] not in skipped and _applies(bad, operation)

        found = []
        patience = _Patience()
        for operation in targets:
            for turn, (mode, tokens) in enumerate(sets):
                place = f"in the cookie {cookie}" if mode == "cookie" else "as bearer"
                answered = _status(service, operation, tokens["good_headers"])
                nothing = _shows_nothing(answered, turn, place)
                if nothing:
                    found.append(f"{operation.name} {nothing}")
                    break
                for bad in tokens["invalid"]:
                    if not is_wanted(bad, operation):
                        continue
                    answered = _judged(service, operation, bad, patience)
                    if _is_refused(bad, answered):
                        continue
                    did = "cannot be sent" if answered is None else f"answered {answered} to"
                    what = f"{bad['name']}, {bad['title']}: expected {bad['status']}. {bad['fix']}"
                    found.append(f"{operation.name} ({mode}) {did} {what}")
                answered = _status(service, operation, tokens["good_headers"])
                if answered in _REFUSALS:
                    found.append(f"{operation.name} answered {answered} to the good token {place} {_AFTER_BAD_ONES}")
                    break
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


class _Patience:
    """A service hears of what was taken back in a moment, or when it next asks: three seconds in all."""

    def __init__(self) -> None:
        self._waits = 100

    def is_left(self) -> bool:
        self._waits -= 1
        if self._waits < 0:
            return False
        time.sleep(0.03)
        return True


def _shows_nothing(answered: int | None, turn: int, place: str) -> str | None:
    """Return why the answer to a good token makes the answers to bad ones worthless, if it does."""
    if answered is None:
        return f"cannot be sent the good token {place}: it has characters that a request cannot have"
    if answered in _REFUSALS:
        cookies = ". Name the cookie it reads, or leave the mode out where it reads none" if turn else ""
        return f"answered {answered} to the good token {place}, so it shows nothing that it refuses bad ones{cookies}"
    # What the first good token was about may be gone when the second comes.
    if turn == 0 and answered in {404, 405}:
        return (
            f"answered {answered} to the good token, as where nothing is: "
            "name an operation that is there, on something that is there"
        )
    return None


def _applies(bad: dict[str, Any], operation: Operation) -> bool:
    return (operation.role or not bad["role"]) and (operation.method in _UNSAFE or not bad["unsafe_method"])


def _is_refused(bad: dict[str, Any], answered: int | None) -> bool:
    return answered in {bad["status"], *bad["also"]}


def _judged(service: str, operation: Operation, bad: dict[str, Any], patience: _Patience) -> int | None:
    """Send a bad token, and one that was taken back again until that is known."""
    answered = _status(service, operation, bad["headers"], bad.get("query"))
    while bad["class"] == "revoked" and not _is_refused(bad, answered) and patience.is_left():
        answered = _status(service, operation, bad["headers"], bad.get("query"))
    return answered


def _connect(url: str) -> HTTPConnection:
    return HTTPConnection(urlsplit(url).netloc, timeout=10)


def _status(service: str, operation: Operation, headers: list[list[str]], query: str | None = None) -> int | None:
    """Return the status, or `None` where this client cannot send the headers."""
    body = None if operation.body is None else json.dumps(operation.body).encode()
    joint = "&" if "?" in operation.path else "?"
    connection = _connect(service)
    try:
        connection.putrequest(operation.method, f"{operation.path}{joint}{query}" if query else operation.path)
        try:
            for name, value in headers:
                connection.putheader(name, value)
        except ValueError:
            # A value with a line break, or beyond Latin-1.
            return None
        if body is not None:
            connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)
        return connection.getresponse().status
    except OSError as cause:
        raise RuntimeError(f"{operation.name} cannot be asked at {service}: {cause}") from cause
    finally:
        connection.close()
