//! Reports for code hosts, against the schema of SARIF 2.1.0 as OASIS has it.

use boon::{Compiler, Schemas};
use handstamp_audit::{CaseReport, OperationReport, Options, Outcome, Report, Standing};
use serde_json::Value;

use crate::lamps::{self, DESCRIPTION, Mistake};
use crate::support::{attack, issuer, serve};

const SCHEMA: &str = include_str!("sarif/sarif-schema-2.1.0.json");

fn assert_fits(sarif: &Value) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    let name = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/schema.json";
    compiler.add_resource(name, serde_json::from_str(SCHEMA).expect("JSON")).expect("a schema");
    let schema = compiler.compile(name, &mut schemas).expect("a schema");
    if let Err(problem) = schemas.validate(sarif, schema) {
        panic!("{problem:#}");
    }
}

/// Returns where results are, without repetition. Code hosts show none without a place.
fn places(sarif: &Value) -> Vec<&str> {
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let mut places: Vec<&str> = results.iter().map(|result| place_of(result).expect("a place")).collect();
    places.dedup();
    places
}

fn place_of(result: &Value) -> Option<&str> {
    result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str()
}

async fn report(mistake: Mistake, options: Options) -> (String, Report) {
    let issuer = issuer().await;
    let service = serve(lamps::service(&issuer, mistake)).await;
    (service.url(), attack(&issuer, &service.url(), DESCRIPTION, options).await)
}

#[tokio::test]
async fn findings_fit_the_schema_wherever_the_description_is() {
    let (url, report) = report(Mistake::ForgottenRoute, Options::default()).await;

    for (description, place) in [
        (Some("api/my openapi.yaml"), "api/my%20openapi.yaml"),
        (Some("https://ada:pw@lamps.example/openapi.json?key=1"), "https://lamps.example/openapi.json"),
        (None, url.as_str()),
    ] {
        let sarif = report.to_sarif(description);

        assert_fits(&sarif);
        let place = if description.is_none() { format!("{place}/") } else { place.to_owned() };
        assert_eq!(places(&sarif), [place], "{description:?}");
    }
}

#[tokio::test]
async fn a_finding_leads_to_the_line_of_its_operation() {
    let only_cases = vec!["credentials/none".to_owned()];
    let (_, report) = report(Mistake::ForgottenRoute, Options { only_cases, ..Options::default() }).await;
    let line = |description| {
        let sarif = report.to_sarif(description);
        sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"].clone()
    };

    let expected = DESCRIPTION.lines().position(|line| line == "    delete:").expect("the operation") + 1;
    assert_eq!(line(Some("api/openapi.yaml")), expected);
    // The address of the service has no lines.
    assert_eq!(line(None), 1);
}

#[test]
fn cases_without_a_conclusion_are_told_beside_no_results() {
    let case = |case: &str| CaseReport {
        case: case.to_owned(),
        carrier: "bearer".to_owned(),
        outcome: Outcome::Inconclusive { because: "the service asked for patience".to_owned() },
    };
    let report = Report {
        target: "http://127.0.0.1:8080".to_owned(),
        source: "a key".to_owned(),
        operations: vec![OperationReport {
            operation: "GET /lamps".to_owned(),
            line: None,
            standing: Standing::Judged,
            cases: vec![case("signature/short"), case("signature/long")],
        }],
        cut_short: None,
        remarks: vec!["Fetching was not looked at.".to_owned()],
        requests: 1,
        took: std::time::Duration::from_secs(1),
    };

    let sarif = report.to_sarif(None);

    assert_fits(&sarif);
    let told = sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().expect("some");
    let told: Vec<&str> = told.iter().filter_map(|one| one["message"]["text"].as_str()).collect();
    assert_eq!(
        told,
        [
            "GET /lamps, signature/short and 1 more: the service asked for patience",
            "Fetching was not looked at."
        ]
    );
}

#[tokio::test]
async fn what_was_not_judged_fits_the_schema_and_is_no_success() {
    let max_time = std::time::Duration::ZERO;
    let (_, report) = report(Mistake::None, Options { max_time, ..Options::default() }).await;

    let sarif = report.to_sarif(None);

    assert_fits(&sarif);
    let invocation = &sarif["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let told = invocation["toolExecutionNotifications"].as_array().expect("notifications");
    assert!(
        told[0]["message"]["text"].as_str().is_some_and(|text| text.starts_with("Cut short: ")),
        "{told:?}"
    );
    assert_eq!(told.len(), 6, "{told:?}");
}

#[test]
fn the_schema_finds_what_does_not_fit() {
    let wrong = serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": {} } }] });

    assert!(std::panic::catch_unwind(|| assert_fits(&wrong)).is_err());
}
