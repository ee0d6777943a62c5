//! Services that fetch what a token names, but not before they have answered.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use base64_simd::URL_SAFE_NO_PAD;
use handstamp_audit::{Options, Outcome};
use handstamp_testkit::TestIssuer;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{attack, broken, issuer, serve};

const NOTES: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{"/early":{"get":{}},"/late":{"get":{}}}}"#;

/// Returns the address of keys in the header of a token.
fn address_in(token: &str) -> Option<String> {
    let header = URL_SAFE_NO_PAD.decode_to_vec(token.split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    header.get("jku")?.as_str().map(str::to_owned)
}

async fn fetch(address: String) -> Option<()> {
    let (host, path) = address.strip_prefix("http://")?.split_once('/')?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut connection = TcpStream::connect(host).await.ok()?;
    connection.write_all(format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.ok()
}

/// Returns a service of which one route hands what it refuses to somebody who looks for the keys later.
fn notes(issuer: &TestIssuer) -> Router {
    let verifier = issuer.verifier();
    let read = move |headers: HeaderMap, fetches: bool| {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let is_good = verifier.try_verify(token).is_ok();
        if let Some(address) = address_in(token).filter(|_| fetches) {
            tokio::spawn(fetch(address));
        }
        async move { if is_good { StatusCode::OK } else { StatusCode::UNAUTHORIZED } }
    };
    let early = read.clone();
    Router::new()
        .route("/early", get(move |headers| early(headers, true)))
        .route("/late", get(move |headers| read(headers, false)))
}

#[tokio::test]
async fn who_comes_after_the_last_answer_came_all_the_same() {
    let issuer = issuer().await;
    let service = serve(notes(&issuer)).await;
    let only_cases = vec!["key-brought-along/jku".to_owned()];

    let report = attack(&issuer, &service.url(), NOTES, Options { only_cases, ..Options::default() }).await;

    // Both that name an address, and nothing at the route that was asked when the visitors came.
    assert_eq!(broken(&report), [("GET /early".to_owned(), "key-brought-along/fetched".to_owned())]);
    let early = report.operations.iter().find(|operation| operation.operation == "GET /early").unwrap();
    let mut fetched: Vec<&str> = early
        .cases
        .iter()
        .filter(|case| matches!(case.outcome, Outcome::Finding(_)))
        .map(|case| case.case.as_str())
        .collect();
    fetched.sort_unstable();
    assert_eq!(fetched.len(), 2, "{fetched:?}");
    assert!(fetched.iter().all(|case| case.starts_with("key-brought-along/jku")), "{fetched:?}");
}
