use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use handstamp_api_types::ErrorCode;
use handstamp_verify::{OrgScope, Principal};
use http::{StatusCode, header};
use serde::Serialize;

use super::Service;
use super::attachment::Attachment;
use super::events::News;
use super::form::OrderForm;
use super::model::Order;
use super::store::{Buyer, Placed};
use crate::http::{IdempotencyKey, ServiceError};

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

pub(super) async fn attachment(
    State(service): State<Service>,
    scope: OrgScope,
    Path(id): Path<String>,
) -> Result<Attachment, ServiceError> {
    let order = find(&service, &scope, id.clone()).await?;
    let found = service.orders.attachment(&scope, order.id).await?;
    found.ok_or(ServiceError::NotFound { what: "attachment of the order", id })
}

pub(super) async fn add(
    State(service): State<Service>,
    scope: OrgScope,
    caller: Principal,
    request: Option<IdempotencyKey>,
    form: OrderForm,
) -> Result<Response, ServiceError> {
    let buyer = Buyer { sub: caller.sub().to_owned(), request };
    let order = match service.orders.add(&scope, buyer, form).await? {
        Placed::New(order) => {
            service.news.tell(&scope, News::placed(&order, &caller));
            order
        }
        Placed::Before(order) => order,
        Placed::KeyTaken => {
            let detail = "This Idempotency-Key stands for another order.".to_owned();
            return Err(ServiceError::Refused { code: ErrorCode::ValidationFailed, detail });
        }
    };
    let location = format!("/orders/{}", order.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(order)).into_response())
}

pub(super) async fn remove(
    State(service): State<Service>,
    scope: OrgScope,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, ServiceError> {
    let order = find(&service, &scope, id).await?;
    if service.orders.remove(&scope, order.id).await? {
        service.news.tell(&scope, News::removed(&order, &caller));
    }
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
