"""The orders service."""

import re
from collections.abc import Awaitable, Callable, Collection
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from orders_service.auth.access_token import Principal
from orders_service.auth.middleware import Role, SignedIn, Verifier, in_org
from orders_service.body import BodyLimit, OrderRequest, invalid_body
from orders_service.problem import Code, Problem
from orders_service.store import Order, Orders, OwnOrders

InOrg = Annotated[Principal, Depends(in_org)]
Buyer = Annotated[Principal, Depends(Role("buyer"))]
Admin = Annotated[Principal, Depends(Role("admin"))]

ORDER_ID = re.compile(r"[0-9]{1,18}")


def create_app(
    verifier: Verifier,
    is_ready: Callable[[], Awaitable[bool]],
    orders: Orders,
    cookie_name: str,
    allowed_origins: Collection[str],
) -> FastAPI:
    """Return the service. The pages that describe it are off: they would be open to everybody, or to nobody."""
    app = FastAPI(title="Orders", docs_url=None, redoc_url=None, openapi_url=None)
    # The one that is added last stands first: who is calling is asked before the body is.
    app.add_middleware(BodyLimit)
    app.add_middleware(
        SignedIn,
        verifier=verifier,
        cookie_name=cookie_name,
        allowed_origins=allowed_origins,
        public_paths={"/health/live", "/health/ready"},
    )
    app.include_router(_health(is_ready))
    app.include_router(_routes(orders))
    _tell_errors_as_problems(app)
    return app


def _health(is_ready: Callable[[], Awaitable[bool]]) -> APIRouter:
    router = APIRouter(prefix="/health")

    @router.get("/live")
    async def live() -> PlainTextResponse:
        return PlainTextResponse("live\n")

    @router.get("/ready")
    async def ready() -> PlainTextResponse:
        if await is_ready():
            return PlainTextResponse("ready\n")
        return PlainTextResponse("not yet\n", HTTPStatus.SERVICE_UNAVAILABLE)

    return router


def _routes(orders: Orders) -> APIRouter:
    router = APIRouter(prefix="/orders")

    def own(caller: Principal) -> OwnOrders:
        # `in_org` stands before every route: nobody without an organisation gets here.
        return orders.of(caller.org_id or "")

    def find(caller: Principal, order_id: str) -> Order:
        order = own(caller).find(int(order_id)) if ORDER_ID.fullmatch(order_id) else None
        if order is None:
            raise Problem(Code.NOT_FOUND, f'There is no order "{order_id}" in your organisation.')
        return order

    @router.get("")
    async def list_orders(caller: InOrg) -> dict[str, list[Order]]:
        return {"orders": own(caller).newest_first()}

    @router.get("/{order_id}")
    async def show_order(caller: InOrg, order_id: str) -> Order:
        return find(caller, order_id)

    @router.post("", status_code=HTTPStatus.CREATED)
    async def add_order(caller: Buyer, body: OrderRequest, response: Response) -> Order:
        order = own(caller).add(body.item, body.quantity, buyer=caller.sub)
        response.headers["Location"] = f"/orders/{order.id}"
        return order

    @router.delete("/{order_id}", status_code=HTTPStatus.NO_CONTENT)
    async def remove_order(caller: Admin, order_id: str) -> None:
        own(caller).remove(find(caller, order_id).id)

    return router


def _tell_errors_as_problems(app: FastAPI) -> None:
    by_status = {HTTPStatus.NOT_FOUND: Code.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED: Code.METHOD_NOT_ALLOWED}

    @app.exception_handler(Problem)
    async def problem(_request: Request, problem: Problem) -> JSONResponse:
        return problem.response()

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return invalid_body(request, error).response()

    @app.exception_handler(HTTPException)
    async def framework(_request: Request, error: HTTPException) -> JSONResponse:
        # FastAPI wraps what goes wrong while a body is read.
        if isinstance(error.__cause__, Problem):
            return error.__cause__.response()
        return Problem(by_status.get(HTTPStatus(error.status_code), Code.BODY_MALFORMED)).response()

    @app.exception_handler(Exception)
    async def unexpected(_request: Request, _error: Exception) -> JSONResponse:
        # What nobody expected says nothing about itself; the server logs it.
        return Problem(Code.INTERNAL).response()
