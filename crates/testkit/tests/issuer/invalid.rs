use std::collections::BTreeSet;

use handstamp_testkit::TestIssuer;
use handstamp_testkit::recipe::Recipe;
use handstamp_token::Algorithm;

use super::verdict;

#[test]
fn a_verifier_refuses_every_invalid_token_with_the_code_of_the_recipe() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa, Algorithm::Hs256] {
        let issuer = TestIssuer::builder().algorithm(algorithm).start();
        let verifier = issuer.verifier();
        let mut wrong = Vec::new();
        for bad in issuer.invalid_tokens().iter().filter(|bad| !bad.is_about_sending()) {
            let verdict = verdict(&verifier, bad.token());
            if verdict == "accepted" || bad.code().is_some_and(|code| code != verdict) {
                wrong.push(format!("{}: {verdict}, expected {:?}", bad.name(), bad.code()));
            }
        }
        assert!(wrong.is_empty(), "{algorithm}\n{}", wrong.join("\n"));
    }
}

#[test]
fn the_issuer_makes_every_case_but_those_about_other_kinds_of_keys() {
    let made = |algorithm| {
        let issuer = TestIssuer::builder().algorithm(algorithm).start();
        issuer.invalid_tokens().iter().map(|bad| bad.name().to_owned()).collect::<BTreeSet<_>>()
    };
    let (ec, rsa) = (made(Algorithm::Es256), made(Algorithm::Rs256));

    let all: BTreeSet<String> = Recipe::built_in().cases().map(|case| case.name().to_owned()).collect();
    let nowhere: Vec<&String> =
        all.iter().filter(|name| !ec.contains(*name) && !rsa.contains(*name)).collect();

    assert_eq!(nowhere, ["foreign-key/rsa-as/rs256"], "what an RS256 key is for, and an EC key never");
}

#[test]
fn the_good_token_stays_good_while_bad_ones_are_made_of_it() {
    let issuer = TestIssuer::start();
    let good = issuer.token().sub("ann").sid("s1").role("admin").mint();

    issuer.invalid_tokens_like(&good).unwrap();

    assert_eq!(verdict(&issuer.verifier(), &good), "accepted");
}

#[test]
fn tokens_that_were_taken_back_are_good_but_for_that() {
    let issuer = TestIssuer::start();
    let bad = issuer.invalid_tokens();
    let without = handstamp_verify::Verifier::builder(issuer.url())
        .audience(issuer.audience())
        .algorithms(&[issuer.algorithm()])
        .clock(issuer.clock())
        .without_revocations()
        .build_with_keys(issuer.keys())
        .unwrap();

    for bad in bad.iter().filter(|bad| bad.name().starts_with("revoked/")) {
        assert_eq!(verdict(&without, bad.token()), "accepted", "{}", bad.name());
        assert_ne!(verdict(&issuer.verifier(), bad.token()), "accepted", "{}", bad.name());
    }
}
