use std::collections::BTreeSet;

use handstamp_testkit::recipe::Recipe;
use handstamp_testkit::{InvalidToken, TestIssuer};
use handstamp_token::{Algorithm, Rejection};
use handstamp_verify::Verifier;

use super::verdict;
use crate::deaf;

/// Returns the bad tokens that a verifier takes, or refuses with another code than the recipe says.
fn wrong(verifier: &Verifier, all: &[InvalidToken]) -> Vec<String> {
    let judged = all.iter().filter(|bad| !bad.is_about_sending()).filter_map(|bad| {
        let verdict = verdict(verifier, bad.token());
        let is_wrong = verdict == "accepted" || bad.code().is_some_and(|code| code != verdict);
        is_wrong.then(|| format!("{}: {verdict}, expected {:?}", bad.name(), bad.code()))
    });
    judged.collect()
}

#[test]
fn a_verifier_refuses_every_invalid_token_with_the_code_of_the_recipe() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa, Algorithm::Hs256] {
        let issuer = TestIssuer::builder().algorithm(algorithm).start();

        let wrong = wrong(&issuer.verifier(), &issuer.invalid_tokens());

        assert!(wrong.is_empty(), "{algorithm}\n{}", wrong.join("\n"));
    }
}

#[test]
fn what_a_token_does_not_name_is_not_taken_back_and_a_machine_stays_one() {
    let issuer = TestIssuer::start();
    let taken_back = |good: &str| {
        let invalid = issuer.invalid_tokens_like(good).unwrap();
        assert_eq!(wrong(&issuer.verifier(), &invalid), [""; 0]);
        invalid.into_iter().filter(|bad| bad.case().class().name() == "revoked").collect::<Vec<_>>()
    };

    let machines = taken_back(&issuer.token().machine("importer", "orders:write").mint());
    let users = taken_back(&issuer.token().org("acme").mint());

    let names = |all: &[InvalidToken]| all.iter().map(InvalidToken::name).collect::<BTreeSet<_>>();
    assert_eq!(names(&users).difference(&names(&machines)).collect::<Vec<_>>(), [&"revoked/org-suspended"]);
    let removed = machines.iter().find(|bad| bad.name() == "revoked/client-removed").unwrap();
    assert!(deaf(&issuer).try_verify(removed.token()).unwrap().is_client());
}

#[test]
fn many_tests_at_once_share_an_issuer_and_what_one_makes_bad_is_good_in_another() {
    let issuer = TestIssuer::start();
    let threads = (0..8).map(|number| {
        let issuer = issuer.clone();
        std::thread::spawn(move || {
            let good = issuer.token().sub(format!("user-{number}")).role("admin").mint();

            let invalid = issuer.invalid_tokens_like(&good).unwrap();

            assert_eq!(wrong(&issuer.verifier(), &invalid), [""; 0]);
            assert_eq!(verdict(&issuer.verifier(), &good), "accepted");
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
}

#[test]
fn bad_tokens_of_one_that_an_older_key_has_signed_are_signed_by_that_key_too() {
    let issuer = TestIssuer::start();
    let old = issuer.token().sub("ann").role("admin").org("acme").mint();
    issuer.rotate_key();

    let invalid = issuer.invalid_tokens_like(&old).unwrap();

    assert_eq!(wrong(&issuer.verifier(), &invalid), [""; 0]);
    let deaf = deaf(&issuer);
    let revoked = invalid.iter().filter(|bad| bad.name().starts_with("revoked/"));
    assert_eq!(revoked.map(|bad| verdict(&deaf, bad.token())).collect::<Vec<_>>(), ["accepted"; 6]);
}

#[test]
fn no_bad_tokens_are_made_of_one_that_this_issuer_has_not_signed() {
    let (issuer, other) = (TestIssuer::start(), TestIssuer::start());
    let good = issuer.token().mint();
    let (signed, _) = good.rsplit_once('.').unwrap();

    let refused = |token: &str| issuer.invalid_tokens_like(token).unwrap_err();

    assert!(matches!(refused(&other.token().mint()), Rejection::UnknownKey { .. }));
    assert!(matches!(refused(&format!("{signed}.AAAA")), Rejection::BadSignature));
    assert!(matches!(refused("no token"), Rejection::NotThreeParts { .. }));
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
    let without = deaf(&issuer);

    for bad in bad.iter().filter(|bad| bad.name().starts_with("revoked/")) {
        assert_eq!(verdict(&without, bad.token()), "accepted", "{}", bad.name());
        assert_ne!(verdict(&issuer.verifier(), bad.token()), "accepted", "{}", bad.name());
    }
}
