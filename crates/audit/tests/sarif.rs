//! Reports for code hosts, against the schema of SARIF 2.1.0 as OASIS has it.

use boon::{Compiler, Schemas};
use handstamp_audit::{Options, Report};
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
