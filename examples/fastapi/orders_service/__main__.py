"""Runs the service: `python -m orders_service`."""

import asyncio
import os
import socket

import uvicorn

from orders_service.app import create_app
from orders_service.auth.access_token import AccessTokens
from orders_service.auth.issuer import Issuer, http_client
from orders_service.auth.status_list import StatusLists
from orders_service.settings import Settings
from orders_service.store import Orders


async def main() -> None:
    """Listen until told to stop."""
    settings = Settings.read(os.environ)
    async with http_client() as client:
        issuer = Issuer(settings.issuer, client)
        tokens = AccessTokens(issuer, settings.audience, StatusLists(issuer, client))
        app = create_app(tokens, issuer.has_keys, Orders(), settings.cookie_name, settings.allowed_origins)
        config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=5)
        with socket.create_server((settings.host, settings.port)) as listener:
            host, port = listener.getsockname()
            print(f"listening on http://{host}:{port}", flush=True)  # noqa: T201 - what whoever started it waits for
            await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(main())
