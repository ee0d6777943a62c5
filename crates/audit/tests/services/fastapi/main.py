"""A small service: lamps that belong to organisations. Correct, or with the mistake that an argument names.

Each mistake is a service of its own, whose address is printed on a line of its own.
"""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Path, Request, Response, Security
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from guard import Caller, Guard

MISTAKES = (
    "none",
    "forgotten-route",
    "signature-unread",
    "unsigned-taken",
    "algorithm-of-the-token",
    "key-of-the-token",
    "time-unread",
    "audience-unread",
    "issuer-unread",
    "type-unread",
    "any-organisation",
    "everybodys-list",
    "roles-unread",
    "token-in-query",
    "encoded-opens",
    "breaks",
    "talkative",
)

# What the description says. The guard reads the header itself: this one takes the first of two.
bearer = HTTPBearer(scheme_name="bearer", auto_error=False)


class Name(BaseModel):
    """What a lamp is called."""

    name: str = Field(min_length=1, max_length=60)


class Lamp(Name):
    """A lamp."""

    id: str
    org_id: str


class Lamps(BaseModel):
    """Several."""

    lamps: list[Lamp]


def create_app(guard: Guard, mistake: str) -> FastAPI:
    """Return the service."""
    app = FastAPI(title="Lamps", docs_url=None, redoc_url=None, redirect_slashes=False)
    kept: dict[str, Lamp] = {}

    async def signed_in(request: Request, _: Annotated[object, Depends(bearer)]) -> Caller:
        if mistake == "encoded-opens":
            return getattr(request.state, "caller", None) or Caller("acme", ["keeper"])
        return await guard.caller(request)

    async def keeper(caller: Annotated[Caller, Depends(signed_in)]) -> Caller:
        if mistake != "roles-unread" and "keeper" not in caller.roles:
            raise HTTPException(403)
        return caller

    Anybody = Annotated[Caller, Security(signed_in)]
    Keeper = Annotated[Caller, Security(keeper, scopes=["keeper"])]
    Id = Annotated[str, Path(alias="id")]

    def find(caller: Caller, lamp_id: str) -> Lamp:
        lamp = kept.get(lamp_id)
        if lamp is None or (lamp.org_id != caller.org and mistake != "any-organisation"):
            raise HTTPException(404)
        return lamp

    @app.get("/health", response_class=PlainTextResponse, openapi_extra={"security": []})
    async def health() -> str:
        return "fine\n"

    @app.get("/lamps")
    async def every(caller: Anybody) -> Lamps:
        is_shown = lambda lamp: mistake == "everybodys-list" or lamp.org_id == caller.org  # noqa: E731
        return Lamps(lamps=[lamp for lamp in kept.values() if is_shown(lamp)])

    @app.post("/lamps", status_code=201)
    async def add(caller: Keeper, body: Name) -> Lamp:
        add.last += 1
        lamp = Lamp(id=str(add.last), org_id=caller.org, name=body.name)
        kept[lamp.id] = lamp
        return lamp

    add.last = 0

    @app.get("/lamps/{id}")
    async def show(caller: Anybody, lamp_id: Id) -> Lamp:
        return find(caller, lamp_id)

    @app.put("/lamps/{id}", status_code=204)
    async def change(caller: Keeper, lamp_id: Id, body: Name) -> None:
        find(caller, lamp_id).name = body.name

    if mistake == "forgotten-route":

        @app.delete("/lamps/{id}", status_code=204, openapi_extra={"security": [{"bearer": ["keeper"]}]})
        async def remove_anyhow(lamp_id: Id) -> None:
            if kept.pop(lamp_id, None) is None:
                raise HTTPException(404)
    else:

        @app.delete("/lamps/{id}", status_code=204)
        async def remove(caller: Keeper, lamp_id: Id) -> None:
            del kept[find(caller, lamp_id).id]

    if mistake == "encoded-opens":

        @app.middleware("http")
        async def by_path(request: Request, then: Callable[[Request], Awaitable[Response]]) -> Response:
            # The path as it was sent; routes are found by what it means.
            if request.scope["raw_path"].startswith(b"/lamps"):
                try:
                    request.state.caller = await guard.caller(request)
                except HTTPException as refusal:
                    return JSONResponse({"detail": refusal.detail}, refusal.status_code, refusal.headers)
            return await then(request)

    return app


async def main() -> None:
    """Listen until stopped."""
    issuer, audience, *mistakes = sys.argv[1:]
    if unknown := set(mistakes) - set(MISTAKES):
        raise SystemExit(f"there is no mistake {', '.join(unknown)}: there are {', '.join(MISTAKES)}")
    async with asyncio.TaskGroup() as services:
        for mistake in mistakes:
            services.create_task(serve(create_app(Guard(issuer, audience, mistake), mistake)))


async def serve(app: FastAPI) -> None:
    """Listen on a free port, and print the address."""
    config = uvicorn.Config(app, log_level="critical", server_header=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # What it accepts inherits this. asyncio leaves it out for a listener made like this, and each answer waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        await uvicorn.Server(config).serve(sockets=[listener])


asyncio.run(main())
