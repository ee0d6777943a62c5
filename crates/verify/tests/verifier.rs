use std::time::Duration;

use handstamp_api_types::{ErrorCode, Rev};
use handstamp_token::{Algorithm, Rejection, TokenBuilder, UnixTime};
use handstamp_verify::revocation::{FollowOptions, Revocations, SilencePolicy};
use handstamp_verify::{AuthError, BuildError, Credential, SharedKeys, Verifier};
use serde::Deserialize;

use crate::support::{self, HandClock, ISSUER, KEY, NOW, ada, bob, builder, key_set, signed, verifier};

#[test]
fn a_good_token_says_who_is_calling() {
    let token =
        signed(ada().claim("preferred_username", "Ada").claim("email", "ada@example").claim("amr", ["pwd"]));

    let caller = verifier().try_verify(&token).unwrap();

    assert_eq!((caller.sub(), caller.sid(), caller.org_id()), ("ada", Some("s1"), Some("acme")));
    assert_eq!((caller.roles(), caller.client_id()), (&["buyer".to_owned()][..], Some("web")));
    assert_eq!((caller.preferred_username(), caller.email()), (Some("Ada"), Some("ada@example")));
    assert_eq!((caller.amr(), caller.auth_time()), (&["pwd".to_owned()][..], None));
    assert_eq!(caller.expires_at(), UnixTime::from_secs(NOW + 600));
    assert_eq!(caller.rev(), Some(Rev { epoch: 1, seq: 0 }));
    assert_eq!(caller.credential(), Credential::Bearer);
    assert_eq!(caller.key_id(), KEY.key_id().as_str());
}

#[test]
fn tokens_of_another_issuer_audience_kind_or_key_are_invalid() {
    let wrong_issuer = TokenBuilder::access_token("https://other.example", "orders");
    let wrong_audience = TokenBuilder::access_token(ISSUER, "profiles");
    let wrong_kind = TokenBuilder::typed("handstamp-rev+jwt", ISSUER, "orders");
    for wrong in [wrong_issuer, wrong_audience, wrong_kind] {
        let token = signed(wrong.subject("ada").lifetime("10m"));

        assert_eq!(verifier().try_verify(&token).unwrap_err().code(), ErrorCode::TokenInvalid);
    }
    let foreign_key = support::signed_by(&support::new_key(), ada());
    let error = verifier().try_verify(&foreign_key).unwrap_err();
    assert!(matches!(error, AuthError::Rejected(Rejection::UnknownKey { .. })), "{error:?}");
}

#[test]
fn an_expired_token_is_refused_once_the_leeway_has_passed() {
    let clock = HandClock::new();
    let verifier = builder(&clock).leeway(Duration::from_secs(5)).build_with_keys(key_set(&[&KEY])).unwrap();
    let token = signed(ada());

    clock.advance(604);
    assert!(verifier.try_verify(&token).is_ok());
    clock.advance(1);
    assert_eq!(verifier.try_verify(&token).unwrap_err().code(), ErrorCode::TokenExpired);
}

#[test]
fn what_is_no_token_is_malformed() {
    for text in ["", "x", "a.b", "a.b.c", "a.b.c.d.e.f", "\u{1f600}"] {
        assert_eq!(verifier().try_verify(text).unwrap_err().code(), ErrorCode::TokenMalformed, "{text:?}");
    }
}

#[test]
fn custom_claims_are_read_as_the_services_own_type() {
    #[derive(Debug, Clone, Deserialize, PartialEq)]
    struct Plan {
        plan: String,
    }
    let with_plan = verifier().try_verify(&signed(ada().claim("plan", "gold"))).unwrap();
    let without = verifier().try_verify(&signed(ada())).unwrap();

    for _ in 0..2 {
        assert_eq!(with_plan.with_claims::<Plan>().unwrap().claims(), &Plan { plan: "gold".to_owned() });
    }
    let error = without.with_claims::<Plan>().unwrap_err();
    assert!(matches!(&error, AuthError::CustomClaims { problem } if problem.contains("plan")), "{error:?}");
    assert_eq!(error.code(), ErrorCode::TokenInvalid);
}

#[test]
fn two_types_of_custom_claims_do_not_disturb_each_other() {
    #[derive(Clone, Deserialize)]
    struct Plan {
        plan: String,
    }
    #[derive(Clone, Deserialize)]
    struct Seats {
        seats: u32,
    }
    let caller = verifier().try_verify(&signed(ada().claim("plan", "gold").claim("seats", 3))).unwrap();

    assert_eq!(caller.with_claims::<Plan>().unwrap().claims().plan, "gold");
    assert_eq!(caller.with_claims::<Seats>().unwrap().claims().seats, 3);
    assert_eq!(caller.with_claims::<Plan>().unwrap().claims().plan, "gold");
}

#[test]
fn a_missing_role_is_required() {
    let caller = verifier().try_verify(&signed(ada())).unwrap();

    assert_eq!(caller.require_role("buyer"), Ok(()));
    assert_eq!(caller.require_any_role(&["admin", "buyer"]), Ok(()));
    assert_eq!(
        caller.require_role("admin"),
        Err(AuthError::RoleRequired { needed: vec!["admin".to_owned()] })
    );
    assert!(caller.require_role("Buyer").is_err());
}

#[test]
fn only_a_member_of_an_organisation_has_a_scope() {
    let scope = verifier().try_verify(&signed(ada())).unwrap().org_scope().unwrap();

    assert_eq!(scope.org_id(), "acme");
    assert_eq!(scope.require("acme"), Ok(()));
    assert_eq!(scope.require("umbrella"), Err(AuthError::OrgMismatch));
    assert_eq!(verifier().try_verify(&signed(bob())).unwrap().org_scope(), Err(AuthError::OrgMismatch));
}

#[test]
fn an_old_or_unknown_sign_in_needs_a_step_up() {
    let limit = Duration::from_mins(5);
    let now = UnixTime::from_secs(NOW);
    let fresh = verifier().try_verify(&signed(ada().claim("auth_time", NOW - 300))).unwrap();
    let old = verifier().try_verify(&signed(ada().claim("auth_time", NOW - 301))).unwrap();
    let unknown = verifier().try_verify(&signed(ada())).unwrap();

    assert_eq!(fresh.require_recent_sign_in(limit, now), Ok(()));
    for caller in [old, unknown] {
        assert_eq!(
            caller.require_recent_sign_in(limit, now),
            Err(AuthError::StepUpRequired { max_age: limit })
        );
    }
}

#[test]
fn nothing_is_built_without_issuer_audience_algorithms_and_a_word_on_revocations() {
    let keys = || SharedKeys::new(key_set(&[&KEY]));
    let es256 = &[Algorithm::Es256];

    for incomplete in [
        Verifier::builder("").audience("orders").algorithms(es256),
        Verifier::builder(ISSUER).algorithms(es256),
        Verifier::builder(ISSUER).audience("orders"),
    ] {
        assert!(matches!(
            incomplete.without_revocations().build_with_keys(keys()),
            Err(BuildError::Validator(_))
        ));
    }
    let undecided = Verifier::builder(ISSUER).audience("orders").algorithms(es256).build_with_keys(keys());
    assert_eq!(undecided.unwrap_err(), BuildError::RevocationsUndecided);
}

/// Two words on revocations would leave it to their order whether a sign-out counts.
#[test]
fn contradicting_words_on_revocations_are_refused() {
    let (revocations, _follower) = Revocations::follow(FollowOptions::default());
    let built = Verifier::builder(ISSUER)
        .audience("orders")
        .algorithms(&[Algorithm::Es256])
        .revocations(revocations, SilencePolicy::refuse())
        .without_revocations()
        .build_with_keys(key_set(&[&KEY]));

    assert_eq!(built.unwrap_err(), BuildError::RevocationsContradict { times: 2 });
}

#[test]
fn a_leeway_beyond_the_memory_of_revocations_is_refused() {
    let too_large = Duration::from_secs(61);
    let built = builder(&HandClock::new()).leeway(too_large).build_with_keys(key_set(&[&KEY]));

    assert_eq!(built.unwrap_err(), BuildError::LeewayTooLarge { given: too_large });
}

#[test]
fn debug_output_holds_no_token() {
    let token = signed(ada());
    let caller = verifier().try_verify(&token).unwrap();

    let shown = format!("{caller:?} {:?}", verifier());
    assert!(shown.contains("ada") && !shown.contains(&token[token.len() - 20..]), "{shown}");
}
