//! Runs that end before everything was tried: they end soon, and are no pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use handstamp_audit::{
    Carrier, DevIssuerSource, Ending, GoodToken, Options, Outcome, Plain, Report, SourceError, TokenSource,
    Verdict, Who,
};
use handstamp_verify::SystemClock;
use tokio::net::TcpListener;

use crate::lamps::{self, DESCRIPTION, Mistake};
use crate::support::{attack, attack_with, issuer, person, serve};

fn impatient() -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "0")]).into_response()
}

fn why(report: &Report) -> &str {
    report.cut_short.as_deref().unwrap_or_default()
}

fn not_tried(report: &Report) -> usize {
    let cases = report.operations.iter().flat_map(|operation| &operation.cases);
    cases.filter(|case| matches!(case.outcome, Outcome::NotTried { .. })).count()
}

fn many_operations() -> String {
    let paths: Vec<String> = (0..40).map(|number| format!(r#""/lamps{number}":{{"get":{{}}}}"#)).collect();
    format!(r#"{{"openapi":"3.1.0","paths":{{{}}}}}"#, paths.join(","))
}

#[tokio::test]
async fn a_service_that_stays_silent_is_given_up() {
    let issuer = issuer().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(connection) = listener.accept().await {
            held.push(connection);
        }
    });
    let options = Options { patience: Duration::from_millis(100), ..Options::default() };

    let report = attack(&issuer, &url, &many_operations(), options).await;

    silent.abort();
    assert!(why(&report).contains("no answer to 10 requests"), "{:?}", report.cut_short);
    assert_eq!((report.requests, report.verdict()), (10, Verdict::Inconclusive));
    assert!(report.to_text(&Plain).contains("\nCut short: the service gave no answer"));
}

#[tokio::test]
async fn a_service_that_always_asks_to_come_back_later_is_given_up() {
    let issuer = issuer().await;
    let service = serve(Router::new().fallback(async || impatient())).await;

    let report = attack(&issuer, &service.url(), &many_operations(), Options::default()).await;

    assert!(why(&report).contains("10 requests in a row to come back later"), "{:?}", report.cut_short);
    // Each was asked again three times.
    assert_eq!((report.requests, report.verdict()), (40, Verdict::Inconclusive));
}

#[tokio::test]
async fn one_operation_that_asks_for_patience_is_left_and_the_others_are_judged() {
    let issuer = issuer().await;
    let service = lamps::service(&issuer, Mistake::None).route("/often", post(async || impatient()));
    let service = serve(service).await;
    let description = DESCRIPTION.replace("paths:\n", "paths:\n  /often:\n    post: {}\n");
    let only_cases = vec!["signature/".to_owned(), "credentials/".to_owned()];

    let options = Options { only_cases, ..Options::default() };
    let report = attack(&issuer, &service.url(), &description, options).await;

    assert_eq!((why(&report), report.verdict()), ("", Verdict::Inconclusive));
    assert_eq!((report.totals().judged, report.totals().inconclusive), (5, 1), "{}", report.to_text(&Plain));
    let often = report.operations.iter().find(|operation| operation.operation == "POST /often").unwrap();
    assert!(
        often.cases.iter().all(|case| matches!(case.outcome, Outcome::NotTried { .. })),
        "{:?}",
        often.cases
    );
    assert!(!often.cases.is_empty());
}

#[tokio::test]
async fn when_the_time_is_over_the_rest_is_not_tried_and_nothing_is_a_pass() {
    let issuer = issuer().await;
    let service = lamps::service(&issuer, Mistake::None).layer(axum::middleware::from_fn(
        async |request: axum::extract::Request, next: axum::middleware::Next| {
            tokio::time::sleep(Duration::from_millis(50)).await;
            next.run(request).await
        },
    ));
    let service = serve(service).await;
    let options = Options { max_time: Duration::from_secs(1), ..Options::default() };

    let report = attack(&issuer, &service.url(), DESCRIPTION, options).await;

    assert!(why(&report).contains("the time of the run was over"), "{:?}", report.cut_short);
    assert!(report.took < Duration::from_secs(5), "{:?}", report.took);
    assert_eq!((report.verdict(), report.totals().judged), (Verdict::Inconclusive, 0));
    assert!(not_tried(&report) > 100, "{:?}", report.totals());
    assert_eq!(report.to_sarif(None)["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

/// Hands out tokens until there are no more.
struct Running {
    tokens: DevIssuerSource,
    left: AtomicUsize,
}

#[async_trait]
impl TokenSource for Running {
    async fn token(&self, who: Who) -> Result<Option<GoodToken>, SourceError> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_err(|_| SourceError::new("the issuer is gone"))?;
        self.tokens.token(who).await
    }

    async fn doomed(&self, ending: Ending) -> Result<Option<GoodToken>, SourceError> {
        self.tokens.doomed(ending).await
    }

    async fn end(&self, token: &GoodToken, ending: Ending) -> Result<(), SourceError> {
        self.tokens.end(token, ending).await
    }

    fn description(&self) -> String {
        "tokens that run out".to_owned()
    }
}

/// Nobody gets through `/shut`, and everybody through `/open`.
const DOORS: &str = r#"{"openapi":"3.1.0","security":[{"bearer":[]}],
    "components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"}}},
    "paths":{"/open":{"get":{}},"/shut":{"get":{}}}}"#;

/// Attacks doors with an issuer that is gone after so many tokens.
async fn attack_with_tokens(left: usize, description: &str, options: Options) -> Report {
    let issuer = issuer().await;
    let service = serve(
        Router::new()
            .route("/open", get(async || "lamps"))
            .route("/shut", get(async || StatusCode::UNAUTHORIZED)),
    )
    .await;
    let tokens =
        DevIssuerSource::connect(issuer.url(), None, person("ada", "acme"), None, Arc::new(SystemClock));
    let source = Running { tokens: tokens.await.expect("the issuer answers"), left: AtomicUsize::new(left) };
    attack_with(Arc::new(source), Arc::new(SystemClock), &service.url(), description, options).await
}

fn assert_found_before_the_issuer_was_gone(report: &Report) {
    assert_eq!(report.verdict(), Verdict::Open, "{}", report.to_text(&Plain));
    let why = why(report);
    assert!(why.contains("no good token any more") && why.contains("the issuer is gone"), "{why}");
}

#[tokio::test]
async fn what_was_found_is_told_when_the_issuer_is_gone() {
    // One to begin with, and two for the first operation: the control's, and the outsider's that is none.
    let options = Options { only_cases: vec!["credentials/none".to_owned()], ..Options::default() };

    assert_found_before_the_issuer_was_gone(&attack_with_tokens(3, DOORS, options).await);
}

#[tokio::test]
async fn what_was_found_with_tokens_in_one_place_is_told_when_there_are_none_for_the_next() {
    let only_cases = vec!["signature/flipped".to_owned()];
    let carriers = vec![Carrier::Bearer, Carrier::Cookie("at".to_owned())];
    let options = Options { only_cases, carriers, ..Options::default() };

    assert_found_before_the_issuer_was_gone(&attack_with_tokens(3, DOORS, options).await);
}

#[tokio::test]
async fn a_token_that_is_taken_back_and_let_in_is_told_when_the_issuer_is_gone() {
    let description = DOORS.replace(r#","/shut":{"get":{}}"#, "");
    let only_cases = vec!["revoked/session-ended".to_owned()];
    let options = Options { only_cases, revocation_delay: Duration::ZERO, ..Options::default() };

    assert_found_before_the_issuer_was_gone(&attack_with_tokens(3, &description, options).await);
}
