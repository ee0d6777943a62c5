//! A service without a mistake: everything is judged, and nothing is found.

use std::net::SocketAddr;

use handstamp_audit::{OperationName, Options, Outcome, Verdict};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::lamps::{self, DESCRIPTION, Mistake};
use crate::support::{attack, broken, issuer, serve, unjudged};

#[tokio::test]
async fn a_service_that_refuses_everything_is_closed() {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, Mistake::None)).await;

    let report = attack(&issuer, &service.url(), DESCRIPTION, Options::default()).await;

    assert_eq!(broken(&report), []);
    assert_eq!(unjudged(&report), []);
    assert_eq!(report.verdict(), Verdict::Closed, "{}", report.to_text(&handstamp_audit::Plain));
    let totals = report.totals();
    assert_eq!((totals.judged, totals.public), (5, 1));
    assert!(totals.refused > 2000, "{totals:?}");
}

#[tokio::test]
async fn tokens_that_are_taken_back_are_ended_before_its_eyes() {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, Mistake::None)).await;
    let options = Options { only_cases: vec!["revoked/".to_owned()], ..Options::default() };

    let report = attack(&issuer, &service.url(), DESCRIPTION, options).await;

    let list = report.operations.iter().find(|operation| operation.operation == "GET /lamps").unwrap();
    let mut refused: Vec<_> = list
        .cases
        .iter()
        .filter(|case| matches!(case.outcome, Outcome::Refused { .. }))
        .map(|case| case.case.as_str())
        .collect();
    refused.sort_unstable();
    assert_eq!(
        refused,
        [
            "revoked/account-disabled",
            "revoked/roles-changed",
            "revoked/session-ended",
            "revoked/token-revoked"
        ]
    );
}

#[tokio::test]
async fn what_was_made_for_the_attack_is_removed_again() {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, Mistake::None)).await;
    let options = Options { only_cases: vec!["signature/flipped".to_owned()], ..Options::default() };

    let report = attack(&issuer, &service.url(), DESCRIPTION, options).await;

    assert_eq!(report.totals().judged, 5, "{}", report.to_text(&handstamp_audit::Plain));
    let token = issuer.token().sub("bea").org("acme").role("keeper").mint();
    assert_eq!(get(service.address, "/lamps", &token).await, r#"{"lamps":[]}"#);
}

async fn get(address: SocketAddr, path: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("text");
    reply.split_once("\r\n\r\n").expect("a body").1.to_owned()
}

#[tokio::test]
async fn what_was_there_before_is_not_removed() {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, Mistake::None)).await;
    let only: OperationName = "DELETE /lamps/{id}".parse().unwrap();
    let options = Options { only_operations: vec![only], ..Options::default() };

    let report = attack(&issuer, &service.url(), DESCRIPTION, options).await;

    // Without the operation that makes lamps there is none to remove, and somebody else's is not touched.
    let [(operation, because)] = unjudged(&report)[..] else { panic!("{:?}", unjudged(&report)) };
    assert_eq!(operation, "DELETE /lamps/{id}");
    assert!(because.contains("no object of this run's own"), "{because}");
    assert_eq!(report.verdict(), Verdict::Inconclusive);
}

#[tokio::test]
async fn a_good_token_that_is_refused_proves_nothing() {
    let issuer = issuer().await;
    let other = self::issuer().await;
    let service = serve(lamps::service(&other, Mistake::None)).await;

    let report = attack(&issuer, &service.url(), DESCRIPTION, Options::default()).await;

    assert_eq!(report.verdict(), Verdict::Inconclusive);
    let lists = unjudged(&report).into_iter().filter(|(operation, _)| operation.ends_with("/lamps"));
    let reasons: Vec<_> = lists.map(|(_, because)| because.contains("a good token gets 401")).collect();
    assert_eq!(reasons, [true, true]);
    assert_eq!(report.totals().refused, 0, "no refusal counts");
}
