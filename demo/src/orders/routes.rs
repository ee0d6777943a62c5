use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::IntoResponse;
use handstamp_verify::{OrgScope, Principal};
use http::{StatusCode, header};
use serde::Serialize;

use super::Service;
use super::model::{NewOrder, Order, OrderRequest};
use crate::http::{JsonBody, ServiceError};

/// `GET /orders`.
#[derive(Debug, Serialize)]
pub(super) struct OrderList {
    orders: Vec<Order>,
}

pub(super) async fn list(
    State(service): State<Service>,
    scope: OrgScope,
    request: Request,
) -> Result<Json<OrderList>, ServiceError> {
    let (caller, _) = request.into_parts();
    let (orders, names) = tokio::join!(service.orders.list(&scope), service.colleagues.names(&caller));
    let mut orders = orders?;
    for order in &mut orders {
        order.buyer_name = names.get(&order.buyer).cloned();
    }
    Ok(Json(OrderList { orders }))
}

pub(super) async fn show(
    State(service): State<Service>,
    scope: OrgScope,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Order>, ServiceError> {
    let mut order = find(&service, &scope, id).await?;
    let (caller, _) = request.into_parts();
    order.buyer_name = service.colleagues.names(&caller).await.remove(&order.buyer);
    Ok(Json(order))
}

pub(super) async fn add(
    State(service): State<Service>,
    scope: OrgScope,
    caller: Principal,
    JsonBody(request): JsonBody<OrderRequest>,
) -> Result<impl IntoResponse, ServiceError> {
    let new = NewOrder::try_from(request).map_err(ServiceError::Invalid)?;
    let order = service.orders.add(&scope, caller.sub().to_owned(), new).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/orders/{}", order.id))], Json(order)))
}

pub(super) async fn remove(
    State(service): State<Service>,
    scope: OrgScope,
    Path(id): Path<String>,
) -> Result<StatusCode, ServiceError> {
    let order = find(&service, &scope, id).await?;
    service.orders.remove(&scope, order.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a colleague added in a hurry, without a word on who may use it.
pub(super) async fn statistics(State(_): State<Service>) -> &'static str {
    "Every organisation's figures, for anybody who asks.\n"
}

/// An order of another organisation, an order that never was, and a number that is none look the same.
async fn find(service: &Service, scope: &OrgScope, id: String) -> Result<Order, ServiceError> {
    let found = match id.parse() {
        Ok(number) => service.orders.find(scope, number).await?,
        Err(_) => None,
    };
    found.ok_or(ServiceError::NotFound { what: "order", id })
}
