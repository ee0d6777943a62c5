//! The recipe's bad tokens: every one that can be made from what is known.

use handstamp_testkit::recipe::{Material, Missing, Recipe};
use handstamp_token::dangerous;
use serde_json::{Value, json};

use super::{Plans, Scene};
use crate::engine::{Expected, Plan};
use crate::openapi::{Access, Alternative};

/// The case whose header holds the forger's key.
const BRINGS_ITS_KEY: &str = "key-brought-along/jwk";

/// Under this id the recipe looks for the forger's key elsewhere.
const KEY_ELSEWHERE: &str = "brought-along";

pub(super) fn plan(scene: &Scene<'_>, plans: &mut Plans) {
    let asks_for_role = asks_for_rights(&scene.operation.access);
    for case in Recipe::built_in().cases() {
        let is_about_this = case.is_for_mode(scene.carrier.mode())
            && (!case.is_for_unsafe_methods() || !scene.operation.is_safe())
            && (!case.is_for_roles() || asks_for_role)
            // Whoever comes without anything is let in on purpose there.
            && (!case.is_without_credentials() || !scene.operation.access.is_optional())
            // Tried with whole endings, which are timed (`aftermath`).
            && case.class().name() != "revoked";
        if !is_about_this {
            continue;
        }
        match case.make(scene.material) {
            // Not about such tokens or such keys: there is nothing to try.
            Err(Missing::Elsewhere | Missing::PublicForm { .. }) => {}
            Err(missing) => plans.leave_out(scene, case.name(), missing.to_string()),
            Ok(forged) => {
                let carrier = scene.carrier.clone();
                let token = forged.token().to_owned();
                let change = move |shot: &mut _| carrier.put_forged(&forged, shot);
                plans.attempts.push(
                    Plan::new(case.name(), case.severity(), case.title(), Expected::Recipe(case), change)
                        .because(case.why(), case.fix())
                        .forged(token),
                );
            }
        }
    }
}

fn asks_for_rights(access: &Access) -> bool {
    let Access::Needs { alternatives, .. } = access else { return false };
    alternatives.iter().any(|alternative| match alternative {
        Alternative::Bearer { scopes }
        | Alternative::Cookie { scopes, .. }
        | Alternative::Header { scopes, .. } => !scopes.is_empty(),
        Alternative::Other { .. } => false,
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
