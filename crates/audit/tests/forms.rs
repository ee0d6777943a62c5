//! The forms in which a report is handed out.

use std::time::Duration;

use handstamp_audit::{
    CaseReport, Finding, OperationReport, Options, Outcome, Plain, Received, Report, Sent, Severity,
    Standing, TokenView,
};
use serde_json::Value;

use crate::lamps::{self, DESCRIPTION, Mistake};
use crate::support::{attack, issuer, serve};

async fn report() -> Report {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, Mistake::ForgottenRoute)).await;
    let only_cases = vec!["credentials/".to_owned(), "time/".to_owned()];
    attack(&issuer, &service.url(), DESCRIPTION, Options { only_cases, ..Options::default() }).await
}

#[tokio::test]
async fn people_are_told_what_is_wrong_first_and_how_to_mend_it() {
    let text = report().await.to_text(&Plain);

    let wrong = text.find("CRITICAL  DELETE /lamps/{id}  lets in:").expect("the finding");
    assert!(wrong < text.find("\nOperations\n").expect("the list"), "{text}");
    assert!(text.contains("  why   ") && text.contains("  fix   "), "{text}");
    assert!(text.contains("GET /lamps          closed: "), "{text}");
    assert!(text.contains("GET /health         public"), "{text}");
}

#[tokio::test]
async fn machines_are_told_the_same() {
    let json = report().await.to_json();

    assert_eq!((json["form"].as_u64(), json["verdict"].as_str()), (Some(1), Some("open")));
    assert_eq!(json["totals"]["operations"], 6);
    let delete =
        json["operations"].as_array().unwrap().iter().find(|each| each["operation"] == "DELETE /lamps/{id}");
    assert_eq!(delete.unwrap()["standing"], "judged");
}

#[tokio::test]
async fn a_code_host_is_told_by_sarif() {
    let sarif = report().await.to_sarif(Some("api/openapi.yaml"));

    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["level"], "error");
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "api/openapi.yaml");
    let rules: Vec<&Value> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| &rule["id"]).collect();
    for result in run["results"].as_array().unwrap() {
        assert!(rules.contains(&&result["ruleId"]), "{} is not described", result["ruleId"]);
    }
}

#[tokio::test]
async fn a_ci_is_told_by_junit() {
    let report = report().await;
    let xml = report.to_junit();

    assert!(xml.starts_with("<?xml version=\"1.0\""), "{xml}");
    assert_eq!(xml.matches("<failure ").count(), report.totals().findings);
    assert_eq!(xml.matches("<testsuite ").count(), 6);
    assert!(xml.contains("classname=\"DELETE /lamps/{id}\" name=\"credentials/none [bearer]\""), "{xml}");
}

#[tokio::test]
async fn no_report_holds_a_good_token() {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, Mistake::Talkative)).await;
    let options = Options {
        show_forged: true,
        only_cases: vec!["transport/".to_owned(), "revoked/".to_owned()],
        ..Options::default()
    };

    let report = attack(&issuer, &service.url(), DESCRIPTION, options).await;

    let texts = [
        report.to_text(&Plain),
        report.to_json().to_string(),
        report.to_sarif(None).to_string(),
        report.to_junit(),
    ];
    let keys = issuer.jwks();
    for text in texts {
        for word in text
            .split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)))
            .filter(|word| word.matches('.').count() == 2)
        {
            let key = handstamp_token::VerifyingKey::from_jwk(&keys.keys[0]).unwrap();
            assert!(
                handstamp_token::dangerous::verify_signature_only(word, &key).is_err(),
                "a good token: {word}"
            );
        }
    }
}

/// Returns a report in which everything that a description or a service may have written clears the screen.
fn report_of_others_words() -> Report {
    let evil = || "\u{1b}[2J\r\u{9b}31m\u{202e}/x\n  /y  closed".to_owned();
    let finding = |severity| {
        let token = TokenView { header: evil(), claims: evil(), length: 1, raw: Some(evil()) };
        let sent = Sent { line: evil(), headers: vec![(evil(), evil())], body: evil(), token: Some(token) };
        let received = Received { status: evil(), headers: vec![(evil(), evil())], body: evil() };
        let (rule, title, why, fix) = (evil(), evil(), evil(), evil());
        Outcome::Finding(Box::new(Finding { rule, severity, title, why, fix, sent, received }))
    };
    let outcomes = [
        finding(Severity::High),
        finding(Severity::Note),
        Outcome::NotTried { because: evil() },
        Outcome::Inconclusive { because: evil() },
    ];
    let case = |outcome| CaseReport { case: evil(), carrier: evil(), outcome };
    let report = |standing, cases| OperationReport { operation: evil(), line: None, standing, cases };
    Report {
        target: evil(),
        source: evil(),
        operations: vec![
            report(Standing::Judged, outcomes.map(case).into()),
            report(Standing::Inconclusive { because: evil() }, Vec::new()),
        ],
        cut_short: Some(evil()),
        remarks: vec![evil()],
        requests: 1,
        took: Duration::from_secs(1),
    }
}

#[test]
fn the_same_note_of_several_operations_is_one_line() {
    let note = || {
        let sent = Sent { line: String::new(), headers: Vec::new(), body: String::new(), token: None };
        let received = Received { status: "200 OK".to_owned(), headers: Vec::new(), body: String::new() };
        let (rule, title) = ("size/deep-claims".to_owned(), "lets in: deep claims".to_owned());
        let (why, fix) = (String::new(), String::new());
        Outcome::Finding(Box::new(Finding {
            rule,
            severity: Severity::Note,
            title,
            why,
            fix,
            sent,
            received,
        }))
    };
    let case = || CaseReport { case: String::new(), carrier: "bearer".to_owned(), outcome: note() };
    let operations = ["GET /a", "GET /b", "GET /c"].map(|name| OperationReport {
        operation: name.to_owned(),
        line: None,
        standing: Standing::Judged,
        cases: vec![case(), case()],
    });
    let report = Report { operations: operations.into(), ..report_of_others_words() };

    let text = report.to_text(&Plain);

    let line = "  GET /a, and 2 more  lets in: deep claims, and 1 more like it  size/deep-claims\n";
    assert_eq!(text.matches("size/deep-claims").count(), 1, "{text}");
    assert!(text.contains(line), "{text}");
}

#[test]
fn nothing_that_others_wrote_moves_a_terminals_cursor() {
    let report = report_of_others_words();
    let text = report.to_text(&Plain);

    assert!(text.chars().all(|c| (c == '\n' || !c.is_control()) && c != '\u{202e}'), "{text:?}");
    assert!(!text.contains("\n  /y"), "no line is somebody else's: {text}");
    assert!(text.contains(r"\u{1b}[2J\r\u{9b}31m\u{202e}/x\n"), "{text}");
}
