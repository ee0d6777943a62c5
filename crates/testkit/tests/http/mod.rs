//! The issuer that listens, as services in other processes see it.

mod browser;
mod control;
mod services;

use handstamp_testkit::TestIssuer;
use handstamp_testkit::http::ServedIssuer;
use reqwest::StatusCode;
use serde_json::Value;

pub(crate) async fn served() -> ServedIssuer {
    TestIssuer::builder().audience("orders").serve().await.unwrap()
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build().unwrap()
}

pub(crate) async fn get(issuer: &ServedIssuer, path: &str) -> (StatusCode, Value) {
    answer(client().get(format!("{}{path}", issuer.url()))).await
}

pub(crate) async fn post(issuer: &ServedIssuer, path: &str, body: &Value) -> (StatusCode, Value) {
    answer(client().post(format!("{}{path}", issuer.url())).json(body)).await
}

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap_or_default())
}
