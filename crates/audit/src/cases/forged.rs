//! The recipe's bad tokens: every one that can be made from what is known.

use handstamp_testkit::recipe::{Material, Missing, Recipe};
use handstamp_token::dangerous;
use serde_json::{Value, json};

use super::{Plans, Scene, rights};
use crate::engine::{Expected, Plan};
use crate::wire::Canary;

/// The case whose header holds the forger's key.
const BRINGS_ITS_KEY: &str = "key-brought-along/jwk";

/// Under this id the recipe looks for the forger's key elsewhere.
const KEY_ELSEWHERE: &str = "brought-along";

pub(super) fn plan(scene: &Scene<'_>, plans: &mut Plans) {
    let asked = scene.carrier.asks(&scene.operation.access);
    let kept = rights::held_elsewhere(&scene.owner.unverified_claims(), &asked);
    for case in Recipe::built_in().cases() {
        let is_about_this = case.is_for_mode(scene.carrier.mode())
            && (!case.is_for_unsafe_methods() || !scene.operation.is_safe())
            && (!case.is_for_roles() || !asked.is_empty())
            // Whoever comes without anything is let in on purpose there.
            && (!case.is_without_credentials() || !scene.operation.access.is_optional())
            // Tried with whole endings, which are timed (`aftermath`).
            && case.class().name() != "revoked";
        if !is_about_this {
            continue;
        }
        if let Some(claim) = kept.as_ref().filter(|_| case.is_for_roles()) {
            plans.leave_out(scene, case.name(), rights::left_as_it_is(claim));
            continue;
        }
        let lure = scene.canary.map(Canary::address);
        let material = match &lure {
            Some(address) => &scene.material.clone().elsewhere(address),
            None => scene.material,
        };
        match case.make(material) {
            // Not about such tokens or such keys: there is nothing to try.
            Err(Missing::Elsewhere | Missing::PublicForm { .. }) => {}
            Err(missing) => plans.leave_out(scene, case.name(), missing.to_string()),
            Ok(forged) => {
                let carrier = scene.carrier.clone();
                let token = forged.token().to_owned();
                let change = move |shot: &mut _| carrier.put_forged(&forged, shot);
                let plan =
                    Plan::new(case.name(), case.severity(), case.title(), Expected::Recipe(case), change)
                        .because(case.why(), case.fix());
                let plan = match lure.filter(|address| names(&token, address)) {
                    Some(address) => plan.lure(address),
                    None => plan,
                };
                plans.attempts.push(plan.forged(token));
            }
        }
    }
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
