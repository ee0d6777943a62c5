//! Services that fetch keys when a token tells them to: from where it says, or from the issuer as often as anybody likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use base64_simd::URL_SAFE_NO_PAD;
use handstamp_audit::{Options, Outcome, Report};
use handstamp_testkit::TestIssuer;
use handstamp_testkit::http::ServedIssuer;
use handstamp_token::{Jwks, VerifyingKey, dangerous};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::planted::assert_has;
use crate::support::{attack, broken, issuer, serve};

const NOTES: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{"/early":{"get":{}},"/late":{"get":{}}}}"#;

/// Returns what stands in the header of a token.
fn said(token: &str, name: &str) -> Option<String> {
    let header = URL_SAFE_NO_PAD.decode_to_vec(token.split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    header.get(name)?.as_str().map(str::to_owned)
}

fn token_in(headers: &HeaderMap) -> String {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned()
}

async fn fetch(address: String) -> Option<String> {
    let (host, path) = address.strip_prefix("http://")?.split_once('/')?;
    let mut connection = TcpStream::connect(host).await.ok()?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.ok()?;
    let mut reply = String::new();
    connection.read_to_string(&mut reply).await.ok()?;
    reply.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

async fn fetch_late(address: String) -> Option<String> {
    tokio::time::sleep(Duration::from_millis(300)).await;
    fetch(address).await
}

/// Returns a service of which one route hands what it refuses to somebody who looks for the keys later.
fn notes(issuer: &TestIssuer) -> Router {
    let verifier = issuer.verifier();
    let read = move |headers: HeaderMap, fetches: bool| {
        let token = token_in(&headers);
        let is_good = verifier.try_verify(&token).is_ok();
        if let Some(address) = said(&token, "jku").filter(|_| fetches) {
            tokio::spawn(fetch_late(address));
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

const ONE: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{"/notes":{"get":{}}}}"#;

async fn attacked(issuer: &ServedIssuer, service: Router, cases: &str) -> Report {
    let service = serve(service).await;
    let options = Options { only_cases: vec![cases.to_owned()], ..Options::default() };
    attack(issuer, &service.url(), ONE, options).await
}

/// Believes whatever keys a token leads to.
async fn is_signed_by_whom_it_says(token: &str) -> Option<bool> {
    let keys: Jwks = serde_json::from_str(&fetch(said(token, "jku")?).await?).ok()?;
    let kid = said(token, "kid")?;
    let key = keys.keys.iter().find(|key| key.kid.as_ref().is_some_and(|known| known.as_str() == kid))?;
    Some(dangerous::verify_signature_only(token, &VerifyingKey::from_jwk(key).ok()?).is_ok())
}

#[tokio::test]
async fn who_believes_what_is_fetched_lets_in_as_well() {
    let issuer = issuer().await;
    let verifier = issuer.verifier();
    let notes = get(async move |headers: HeaderMap| {
        let token = token_in(&headers);
        let is_good = verifier.try_verify(&token).is_ok();
        let is_let_in = is_good || is_signed_by_whom_it_says(&token).await == Some(true);
        if is_let_in { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    });

    let report = attacked(&issuer, Router::new().route("/notes", notes), "key-brought-along/").await;

    let found = broken(&report);
    assert_has(&found, "GET /notes", "key-brought-along/jku-unknown-kid");
    assert_has(&found, "GET /notes", "key-brought-along/fetched");
    assert!(!found.iter().any(|(_, rule)| rule.contains("x5u")), "{found:?}");
}

#[tokio::test]
async fn who_goes_to_secure_addresses_alone_came_too() {
    let issuer = issuer().await;
    let verifier = issuer.verifier();
    let notes = get(async move |headers: HeaderMap| {
        let token = token_in(&headers);
        if let Some(address) =
            said(&token, "x5u").and_then(|said| said.strip_prefix("https://").map(str::to_owned))
        {
            let host = address.split('/').next().unwrap_or_default();
            let mut connection = TcpStream::connect(host).await.expect("somebody listens");
            // How TLS begins.
            connection.write_all(&[0x16, 3, 1, 0, 1, 1]).await.expect("sent");
        }
        if verifier.try_verify(&token).is_ok() { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    });

    let report = attacked(&issuer, Router::new().route("/notes", notes), "key-brought-along/x5u").await;

    assert_eq!(broken(&report), [("GET /notes".to_owned(), "key-brought-along/fetched".to_owned())]);
    let cases = report.operations.iter().flat_map(|operation| &operation.cases);
    let fetched: Vec<&str> = cases
        .filter(|case| matches!(case.outcome, Outcome::Finding(_)))
        .map(|case| case.case.as_str())
        .collect();
    assert!(!fetched.is_empty() && fetched.iter().all(|case| case.ends_with("/tls")), "{fetched:?}");
}

/// Returns a service that asks the issuer for its keys when a token names one that it does not know, so many times at most. `then` is what
/// it answers afterwards.
fn asking(issuer: &ServedIssuer, most: usize, then: StatusCode) -> Router {
    let (verifier, url, known) = (issuer.verifier(), issuer.url().to_owned(), issuer.jwks());
    let asked = Arc::new(AtomicUsize::new(0));
    let notes = get(async move |headers: HeaderMap| {
        let token = token_in(&headers);
        let is_known =
            |kid: &str| known.keys.iter().any(|key| key.kid.as_ref().is_some_and(|k| k.as_str() == kid));
        match said(&token, "kid").filter(|kid| !is_known(kid)) {
            None if verifier.try_verify(&token).is_ok() => StatusCode::OK,
            None => StatusCode::UNAUTHORIZED,
            Some(_) if asked.fetch_add(1, Ordering::SeqCst) < most => {
                fetch(format!("{url}/.well-known/jwks.json")).await.expect("the issuer answers");
                StatusCode::UNAUTHORIZED
            }
            Some(_) => then,
        }
    });
    Router::new().route("/notes", notes)
}

#[tokio::test]
async fn keys_that_are_fetched_for_every_unknown_id() {
    let found = async |most, then| {
        let issuer = issuer().await;
        let report = attacked(&issuer, asking(&issuer, most, then), "key-selection/fetches").await;
        report.findings().map(|located| located.finding.title.clone()).collect::<Vec<_>>()
    };

    let often = found(usize::MAX, StatusCode::UNAUTHORIZED).await;
    assert!(matches!(&often[..], [title] if title.contains("30 times for 30")), "{often:?}");
    assert_eq!(found(3, StatusCode::UNAUTHORIZED).await, Vec::<String>::new());
    // Who asks no more must not let in what it cannot verify.
    let open = found(3, StatusCode::OK).await;
    assert!(matches!(&open[..], [title] if title.contains("the 4. of 30")), "{open:?}");
}
