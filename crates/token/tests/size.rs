use handstamp_token::{SizeReport, SystemEntropy, TokenBuilder};

use crate::support::{AUDIENCE, ISSUER, NOW, key};

#[test]
fn the_report_names_the_largest_claim() {
    let token = TokenBuilder::access_token(ISSUER, AUDIENCE)
        .lifetime("1h")
        .claim("roles", vec!["administrator"; 40])
        .sign(&key(), NOW, &SystemEntropy)
        .expect("signed");
    let report = token.size_report();
    assert_eq!(report.total, token.as_str().len());
    assert_eq!(report.total, report.header + report.payload + report.signature + 2);
    assert!(report.fits());
    insta::assert_snapshot!(report, @"1,142 of 3,800 bytes; largest claim: roles (867 bytes)");
    assert!(!report.clone().with_budget(1_000).fits());
    let sum: usize = report.claims.iter().map(|(_, size)| size).sum();
    assert!(sum.abs_diff(report.payload) < 16, "{sum} of {}", report.payload);
}

#[test]
fn any_text_has_a_report() {
    for text in ["", ".", "a.b", "a.!!.c", "a.b.c.d.e", "\u{1F600}"] {
        assert_eq!(SizeReport::of_parts(text).total, text.len());
    }
}
