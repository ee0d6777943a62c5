//! People, machines, and machines that act for people.

use std::time::Duration;

use handstamp_token::TokenBuilder;
use handstamp_verify::access::{self, Access};
use handstamp_verify::{AuthError, Principal};
use serde_json::json;

use crate::support::{ISSUER, NOW, ada, signed, verifier};

/// A machine's own token.
fn machine(scope: &str) -> TokenBuilder {
    TokenBuilder::access_token(ISSUER, "orders")
        .subject("reports")
        .client_id("reports")
        .lifetime("10 minutes")
        .claim("scope", scope)
}

/// Ada's token, with which the orders service acts for her.
fn on_behalf() -> TokenBuilder {
    TokenBuilder::access_token(ISSUER, "orders")
        .subject("ada")
        .client_id("orders")
        .lifetime("10 minutes")
        .claim("sid", "s1")
        .claim("act", json!({ "sub": "orders", "act": { "sub": "gateway" } }))
}

fn caller(token: TokenBuilder) -> Principal {
    verifier().try_verify(&signed(token)).unwrap()
}

fn judged(access: &Access, caller: &Principal) -> Result<(), AuthError> {
    access.judge(Some(caller), verifier().now())
}

#[test]
fn a_machines_own_token_says_so_and_names_its_scopes() {
    let machine = caller(machine("orders:read orders:write"));

    assert!(machine.is_client());
    assert_eq!(machine.scopes().collect::<Vec<_>>(), ["orders:read", "orders:write"]);
    assert!(machine.has_scope("orders:read") && !machine.has_scope("orders"));
    assert!(machine.actor().is_none());
    assert!(!caller(ada()).is_client());
}

#[test]
fn a_machine_is_never_taken_for_somebody_who_is_signed_in() {
    let machine = caller(machine("orders:read").claim("roles", ["admin"]).claim("org_id", "acme"));

    for rule in [
        access::signed_in(),
        access::role("admin"),
        access::in_org(),
        access::optional(),
        access::signed_in().scope("orders:read"),
        access::optional().role("admin"),
    ] {
        assert_eq!(judged(&rule, &machine), Err(AuthError::PersonRequired), "{rule}");
    }
    assert_eq!(machine.require_person(), Err(AuthError::PersonRequired));
}

#[test]
fn machines_enter_by_a_rule_that_names_them_or_a_scope() {
    let machine = caller(machine("orders:read"));
    let missing = Err(AuthError::ScopeRequired { needed: "orders:write".to_owned() });

    assert_eq!(judged(&access::client(), &machine), Ok(()));
    assert_eq!(judged(&access::scope("orders:read"), &machine), Ok(()));
    assert_eq!(judged(&access::client().scope("orders:read"), &machine), Ok(()));
    assert_eq!(judged(&access::client().scope("orders:write"), &machine), missing);
    assert_eq!(judged(&access::scope("orders:read").scope("orders:write"), &machine), missing);
}

#[test]
fn somebody_who_is_signed_in_does_not_enter_where_machines_do() {
    let (ada, on_behalf) = (caller(ada()), caller(on_behalf()));

    for person in [&ada, &on_behalf] {
        assert_eq!(judged(&access::client(), person), Err(AuthError::ClientRequired));
        let needed = "orders:read".to_owned();
        assert_eq!(judged(&access::scope("orders:read"), person), Err(AuthError::ScopeRequired { needed }));
    }
}

#[test]
fn what_else_is_asked_of_machines_lets_no_person_in() {
    let ada = caller(ada().claim("auth_time", NOW));
    let machine = caller(machine("orders:read").claim("org_id", "acme"));

    assert_eq!(
        judged(&access::in_org().role("buyer").signed_in_within(Duration::from_mins(5)), &ada),
        Ok(())
    );
    for rule in [
        access::client().role("buyer"),
        access::client().in_org(),
        access::client().signed_in_within(Duration::from_mins(5)),
    ] {
        assert_eq!(judged(&rule, &ada), Err(AuthError::ClientRequired), "{rule}");
    }
    assert_eq!(judged(&access::client().in_org(), &machine), Ok(()));
    let needed = vec!["buyer".to_owned()];
    assert_eq!(judged(&access::client().role("buyer"), &machine), Err(AuthError::RoleRequired { needed }));
}

#[test]
fn nobody_at_all_enters_neither() {
    for rule in [access::client(), access::scope("orders:read"), access::public().scope("orders:read")] {
        assert_eq!(rule.judge(None, verifier().now()), Err(AuthError::Missing), "{rule}");
    }
}

#[test]
fn whoever_acts_for_a_user_is_named_and_the_user_is_signed_in() {
    let caller = caller(on_behalf());

    assert_eq!(caller.sub(), "ada");
    assert_eq!(caller.actor().unwrap().chain().collect::<Vec<_>>(), ["orders", "gateway"]);
    assert_eq!(judged(&access::signed_in(), &caller), Ok(()));
}

#[test]
fn refusals_are_about_rights_and_say_what_to_do() {
    for (error, code, detail) in [
        (AuthError::PersonRequired, "caller_mismatch", "This is for people who are signed in."),
        (AuthError::ClientRequired, "caller_mismatch", "This is for machine clients."),
        (AuthError::ScopeRequired { needed: "a:b".to_owned() }, "scope_required", "Needs the scope a:b."),
    ] {
        assert_eq!((error.code().as_str(), error.code().status()), (code, 403));
        assert_eq!(error.problem().detail.as_deref(), Some(detail));
        let challenge = format!("Bearer error=\"insufficient_scope\", error_description=\"{code}\"");
        assert_eq!(error.www_authenticate(), Some(challenge));
        assert_eq!(error.retry_after(), None::<Duration>);
    }
}

#[test]
fn rules_are_told_in_words() {
    assert_eq!(access::client().scope("a:b").to_string(), "client, scope a:b");
    assert_eq!(access::scope("a:b").to_string(), "any token, scope a:b");
}
