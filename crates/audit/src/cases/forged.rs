//! The recipe's bad tokens: every one that can be made from what is known.

use handstamp_testkit::recipe::{Case, Material, Missing, Recipe};
use handstamp_token::dangerous;
use serde_json::{Value, json};

use super::{Plans, Scene, rights};
use crate::carrier::Carrier;
use crate::engine::{Expected, Plan};
use crate::wire::Shot;

/// The case whose header holds the forger's key.
const BRINGS_ITS_KEY: &str = "key-brought-along/jwk";

/// Under this id the recipe looks for the forger's key elsewhere.
const KEY_ELSEWHERE: &str = "brought-along";

/// The cases about what stands before the token, which is nothing in a header of its own.
const SCHEMES: &str = "credentials/scheme/";

/// What the verify layer calls a request that a browser was tricked into.
const TRICKED: &str = "csrf_rejected";

pub(super) fn plan(scene: &Scene<'_>, plans: &mut Plans) {
    let asked = scene.carrier.asks(&scene.operation.access);
    let kept = rights::held_elsewhere(&scene.owner.unverified_claims(), &asked);
    for case in Recipe::built_in().cases().filter(|case| is_about(case, scene, !asked.is_empty())) {
        if let Some(claim) = kept.as_ref().filter(|_| case.is_for_roles()) {
            plans.leave_out(scene, case.name(), rights::left_as_it_is(claim));
            continue;
        }
        let Some(canary) = scene.canary else {
            add(scene, case, case.name().to_owned(), None, plans);
            continue;
        };
        let leads_here = add(scene, case, case.name().to_owned(), Some(canary.address()), plans);
        if leads_here {
            // Keys are to be fetched from secure addresses (RFC 7515 §4.1.2, §4.1.5), and some fetch from no other.
            add(scene, case, format!("{}/tls", case.name()), Some(canary.secure_address()), plans);
        }
    }
}

/// Returns whether a case is about such operations, and about tokens that are carried so.
fn is_about(case: &Case, scene: &Scene<'_>, asks_for_rights: bool) -> bool {
    case.is_for_mode(scene.carrier.mode())
        && (!case.is_for_unsafe_methods() || !scene.operation.is_safe())
        && (!case.is_for_roles() || asks_for_rights)
        // Whoever comes without anything is let in on purpose there.
        && (!case.is_without_credentials() || !scene.operation.access.is_optional())
        && !(matches!(scene.carrier, Carrier::Header(_)) && case.name().starts_with(SCHEMES))
        // Tried with whole endings, which are timed (`aftermath`).
        && case.class().name() != "revoked"
}

/// Adds a case whose addresses, where it names any, lead to this one. Returns whether it does.
fn add(
    scene: &Scene<'_>,
    case: &'static Case,
    rule: String,
    lure: Option<String>,
    plans: &mut Plans,
) -> bool {
    let material = match &lure {
        Some(address) => &scene.material.clone().elsewhere(address),
        None => scene.material,
    };
    let forged = match case.make(material) {
        Ok(forged) => forged,
        // Not about such tokens or such keys: there is nothing to try.
        Err(Missing::Elsewhere | Missing::PublicForm { .. }) => return false,
        Err(missing) => {
            plans.leave_out(scene, &rule, missing.to_string());
            return false;
        }
    };
    let carrier = scene.carrier.clone();
    let token = forged.token().to_owned();
    let is_of_a_page = case.code() == Some(TRICKED);
    let change = move |shot: &mut Shot| {
        if is_of_a_page {
            shot.leave_out_what_pages_may_not_say();
        }
        carrier.put_forged(&forged, shot)
    };
    let plan = Plan::new(rule, case.severity(), case.title(), Expected::Recipe(case), change)
        .because(case.why(), case.fix());
    let lure = lure.filter(|address| names(&token, address));
    let leads_here = lure.is_some();
    let plan = match lure {
        Some(address) => plan.lure(address),
        None => plan,
    };
    plans.attempts.push(plan.forged(token));
    leads_here
}

/// Returns whether a token says an address anywhere.
fn names(token: &str, address: &str) -> bool {
    dangerous::decode_unverified(token).is_ok_and(|decoded| {
        decoded.unverified_header.contains(address) || decoded.unverified_payload.contains(address)
    })
}

/// Returns the forger's keys as a JWK Set, for a listener to hand out to whoever believes an address in a token.
pub(crate) fn forger_keys(material: &Material) -> Option<String> {
    let forged = Recipe::built_in().case(BRINGS_ITS_KEY)?.make(material).ok()?;
    let decoded = dangerous::decode_unverified(forged.token()).ok()?;
    let header: Value = serde_json::from_str(&decoded.unverified_header).ok()?;
    let key = header.get("jwk")?;
    let mut elsewhere = key.clone();
    elsewhere.as_object_mut()?.insert("kid".to_owned(), KEY_ELSEWHERE.into());
    Some(json!({ "keys": [key, elsewhere] }).to_string())
}
