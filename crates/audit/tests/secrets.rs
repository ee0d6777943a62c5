//! What a source hands out stands in no report.

use std::sync::Arc;

use async_trait::async_trait;
use handstamp_audit::{GivenTokens, GoodToken, Options, Outcome, Plain, SourceError, TokenSource, Who};
use handstamp_verify::SystemClock;

use crate::lamps::{self, DESCRIPTION, Mistake};
use crate::support::{attack_with, issuer, serve};

const REFRESH: &str = "hsrt_kZ8vQ2m4x6n8b0v2c4x6z8l0k2j4h6g8";

/// A good token, and the one that brings the next.
struct SignedIn(GoodToken);

#[async_trait]
impl TokenSource for SignedIn {
    async fn token(&self, who: Who) -> Result<Option<GoodToken>, SourceError> {
        Ok((who == Who::Owner).then(|| self.0.clone()))
    }

    async fn refresh_token(&self) -> Result<Option<GoodToken>, SourceError> {
        Ok(Some(GoodToken::new(REFRESH)))
    }

    fn description(&self) -> String {
        "somebody who signed in".to_owned()
    }
}

#[tokio::test]
async fn a_refresh_token_is_as_good_as_a_good_token() {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, Mistake::ForgottenRoute)).await;
    let good = issuer.token().sub("ada").org("acme").role("keeper").mint();
    let options =
        Options { only_cases: vec!["type/refresh".to_owned()], show_forged: true, ..Options::default() };

    let source = Arc::new(SignedIn(GoodToken::new(good)));
    let report = attack_with(source, Arc::new(SystemClock), &service.url(), DESCRIPTION, options).await;

    assert!(report.totals().findings > 0, "{}", report.to_text(&Plain));
    for text in [
        report.to_text(&Plain),
        report.to_json().to_string(),
        report.to_sarif(None).to_string(),
        report.to_junit(),
    ] {
        assert!(!text.contains(REFRESH), "{text}");
    }
}

#[tokio::test]
async fn a_source_says_itself_that_it_cannot_end_tokens() {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, Mistake::None)).await;
    let good = issuer.token().sub("ada").org("acme").role("keeper").mint();
    let options = Options { only_cases: vec!["revoked/".to_owned()], ..Options::default() };

    let source = Arc::new(GivenTokens::new(GoodToken::new(good)));
    let report = attack_with(source, Arc::new(SystemClock), &service.url(), DESCRIPTION, options).await;

    let reasons: Vec<&str> = report
        .operations
        .iter()
        .flat_map(|operation| &operation.cases)
        .filter_map(|case| match &case.outcome {
            Outcome::NotTried { because } => Some(because.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(reasons.len(), 8, "{reasons:?}");
    assert!(
        reasons.iter().all(
            |because| because.starts_with("tokens that were given: ") && because.contains("--dev-issuer")
        ),
        "{reasons:?}"
    );
}
