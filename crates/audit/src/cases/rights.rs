//! Good tokens of people who may do other things, but not this one: what the operation asks for is taken out, or is another word.

use handstamp_testkit::recipe::Severity;
use serde_json::{Map, Value};

use super::{Plans, Scene};
use crate::engine::{Expected, Plan};
use crate::source::GoodToken;

const MISSING: &str = "rights/missing";

/// The claims in which tokens carry scopes (RFC 9068 §2.2.3; `scp` at Entra and Okta).
const SCOPES: [&str; 2] = ["scope", "scp"];

/// The claims that the recipe's own cases of this class change.
const OF_THE_RECIPE: [&str; 2] = ["roles", "scope"];

/// The claims that say who and for whom. A right of the same name stands elsewhere.
const NO_RIGHTS: [&str; 11] =
    ["iss", "sub", "aud", "azp", "client_id", "jti", "sid", "org_id", "act", "name", "preferred_username"];

const WHY: &str =
    "Signed in is not allowed: what the description says this operation asks for is missing from the token.";
const FIX: &str = "Declare the scope or role beside the route, compare whole words, and answer 403.";

/// Claims as a token has them.
type Claims = Map<String, Value>;

pub(super) fn plan(scene: &Scene<'_>, plans: &mut Plans) {
    let asked = scene.carrier.asks(&scene.operation.access);
    let good = scene.owner.unverified_claims();
    if asked.is_empty() {
        return say_that_nothing_is_asked(scene, &good, plans);
    }
    let names: Vec<&str> = unique(asked.iter().copied().flatten().map(String::as_str));
    if let Some(name) = names.iter().find(|name| !holds(&good, name)) {
        let because = format!("the description asks for {name:?}, and the owner's token has it nowhere");
        return plans.leave_out(scene, MISSING, because);
    }
    let Some(key) = scene.signing_key else {
        return plans.leave_out(scene, MISSING, "it takes the issuer's signing key");
    };
    let typ =
        scene.owner.unverified_header().get("typ").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut add = |rule: String, title: String, claims: &Claims| match key.sign(&typ, claims) {
        Ok(token) => plans.attempts.push(attempt(scene, rule, title, &token)),
        Err(cause) => plans.leave_out(scene, &rule, cause.to_string()),
    };
    // Of several ways in, each has to be closed.
    let in_all: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| asked.iter().all(|list| list.iter().any(|one| one == name)))
        .collect();
    for name in &in_all {
        add(format!("{MISSING}/{name}"), format!("a good token without {name:?}"), &without(&good, &[name]));
    }
    if in_all.is_empty() {
        let title = format!("a good token without any of {}", names.join(", "));
        add(MISSING.to_owned(), title, &without(&good, &names));
    }
    let is_scope =
        |name: &str| SCOPES.iter().any(|claim| good.get(*claim).is_some_and(|value| has(value, name)));
    let each_asks = |of: &dyn Fn(&str) -> bool| asked.iter().all(|list| list.iter().any(|name| of(name)));
    // A right that another claim names as well is not gone with the scopes, and a service may go by that claim.
    if each_asks(&|name| is_scope(name) && beside_scopes(&good, name).is_none()) {
        for (rule, title, change) in OTHER_SCOPES {
            add(rule.to_owned(), title.to_owned(), &with_scopes(&good, |word| change(word, &names)));
        }
    } else if each_asks(&is_scope)
        && let Some(claim) = names.iter().find_map(|name| beside_scopes(&good, name))
    {
        for (rule, _, _) in OTHER_SCOPES {
            plans.leave_out(scene, rule, left_as_it_is(claim));
        }
    }
}

/// What becomes of one word of a scope. `names` are those asked for.
type Change = fn(&str, &[&str]) -> Vec<String>;

const OTHER_SCOPES: [(&str, &str, Change); 3] = [
    ("rights/no-scope", "a good token without scopes, roles and all", |_, _| Vec::new()),
    ("rights/other-scope", "a good token with a scope that nothing asks for", |_, _| {
        vec!["nothing-asks-for-this".to_owned()]
    }),
    (
        "rights/longer-scope",
        "a good token with scopes that begin and end like the one asked for",
        |word, names| {
            if names.contains(&word) {
                vec![format!("{word}-not"), format!("not-{word}")]
            } else {
                vec![word.to_owned()]
            }
        },
    ),
];

fn attempt(scene: &Scene<'_>, rule: String, title: String, token: &str) -> Plan {
    let (carrier, sent) = (scene.carrier.clone(), GoodToken::new(token));
    Plan::new(rule, Severity::High, title, Expected::Forbidden, move |shot| carrier.put(sent.reveal(), shot))
        .because(WHY, FIX)
        .forged(token)
}

/// A token with scopes that the description never speaks of: what they open is not known here.
fn say_that_nothing_is_asked(scene: &Scene<'_>, good: &Claims, plans: &mut Plans) {
    let has_scopes =
        SCOPES.iter().any(|claim| good.get(*claim).is_some_and(|value| !words(value).is_empty()));
    let is_silent =
        scene.document.operations().iter().all(|operation| scene.carrier.asks(&operation.access).is_empty());
    if has_scopes && is_silent && !scene.operation.access.is_optional() {
        plans.leave_out(scene, MISSING, "the description does not say which scope an operation asks for");
    }
}

/// Returns a claim beside those of the recipe in which a name stands that an operation asks for: without the roles alone, such a
/// token still has the right.
pub(super) fn held_elsewhere(good: &Claims, asked: &[&[String]]) -> Option<String> {
    let elsewhere = rights(good).filter(|(claim, _)| !OF_THE_RECIPE.contains(&claim.as_str()));
    let mut holding =
        elsewhere.filter(|(_, value)| asked.iter().copied().flatten().any(|name| has(value, name)));
    holding.next().map(|(claim, _)| claim.clone())
}

/// Returns a right that it takes to get in and that a token does not have; none where it has all that one of the ways in asks for.
pub(super) fn missing<'a>(claims: &Claims, asked: &[&'a [String]]) -> Option<&'a str> {
    let mut missing = asked.iter().map(|list| list.iter().find(|name| !holds(claims, name)));
    let first = missing.next()??;
    missing.all(|name| name.is_some()).then_some(first.as_str())
}

/// Returns a claim that is no scope and names a right.
fn beside_scopes<'a>(good: &'a Claims, name: &str) -> Option<&'a str> {
    let mut holding =
        rights(good).filter(|(claim, value)| !SCOPES.contains(&claim.as_str()) && has(value, name));
    holding.next().map(|(claim, _)| claim.as_str())
}

/// Says why a case is left out that changes one claim of several.
pub(super) fn left_as_it_is(claim: &str) -> String {
    format!("the owner's token names the right in {claim:?} too, which this case leaves as it is")
}

fn rights(claims: &Claims) -> impl Iterator<Item = (&String, &Value)> {
    claims.iter().filter(|(claim, _)| !NO_RIGHTS.contains(&claim.as_str()))
}

fn holds(claims: &Claims, name: &str) -> bool {
    rights(claims).any(|(_, value)| has(value, name))
}

/// Returns whether a name stands in a value: as a word of a text, in a list, or deeper (`realm_access.roles` of Keycloak).
fn has(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => text.split(' ').any(|word| word == name),
        Value::Array(items) => items.iter().any(|item| has(item, name)),
        Value::Object(members) => members.values().any(|member| has(member, name)),
        _ => false,
    }
}

/// Returns the claims without these names, wherever they stand.
fn without(good: &Claims, names: &[&str]) -> Claims {
    let mut claims = good.clone();
    for (_, value) in claims.iter_mut().filter(|(claim, _)| !NO_RIGHTS.contains(&claim.as_str())) {
        take_out(value, names);
    }
    claims
}

fn take_out(value: &mut Value, names: &[&str]) {
    match value {
        Value::String(text) if text.split(' ').any(|word| names.contains(&word)) => {
            let kept: Vec<&str> = text.split(' ').filter(|word| !names.contains(word)).collect();
            *text = kept.join(" ");
        }
        Value::Array(items) => {
            items.retain(|item| !item.as_str().is_some_and(|item| names.contains(&item)));
            for item in items {
                take_out(item, names);
            }
        }
        Value::Object(members) => {
            for member in members.values_mut() {
                take_out(member, names);
            }
        }
        _ => {}
    }
}

/// Returns the claims with other scopes. Without any the claim is not there.
fn with_scopes(good: &Claims, change: impl Fn(&str) -> Vec<String>) -> Claims {
    let mut claims = good.clone();
    for claim in SCOPES {
        let Some(value) = claims.get_mut(claim) else { continue };
        let changed = unique(words(value).into_iter().flat_map(&change));
        if changed.is_empty() {
            claims.remove(claim);
        } else {
            *value = if value.is_array() { changed.into() } else { changed.join(" ").into() };
        }
    }
    claims
}

fn words(scopes: &Value) -> Vec<&str> {
    match scopes {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().flat_map(str::split_whitespace).collect(),
    }
}

fn unique<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.fold(Vec::new(), |mut known, one| {
        if !known.contains(&one) {
            known.push(one);
        }
        known
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Claims, OTHER_SCOPES, held_elsewhere, holds, missing, with_scopes, without};

    fn claims(value: Value) -> Claims {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_name_is_taken_out_wherever_it_stands_and_nothing_else_is() {
        let good = claims(json!({
            "aud": "write", "roles": ["keeper", "write"], "scope": "read write", "scp": ["write"],
            "realm_access": { "roles": ["write", "writer"] },
        }));

        let left = without(&good, &["write"]);

        assert!(holds(&good, "write") && !holds(&left, "write"));
        assert_eq!(
            Value::Object(left),
            json!({
                "aud": "write", "roles": ["keeper"], "scope": "read", "scp": [],
                "realm_access": { "roles": ["writer"] },
            })
        );
    }

    #[test]
    fn scopes_are_changed_in_the_form_they_have() {
        let good = claims(json!({ "roles": ["read"], "scope": "read write", "scp": ["write"] }));
        let changed = OTHER_SCOPES.map(|(rule, _, change)| {
            let claims = with_scopes(&good, |word| change(word, &["write"]));
            assert_eq!(claims["roles"], json!(["read"]), "{rule}");
            (claims.get("scope").cloned(), claims.get("scp").cloned())
        });

        assert_eq!(
            changed,
            [
                (None, None),
                (Some(json!("nothing-asks-for-this")), Some(json!(["nothing-asks-for-this"]))),
                (Some(json!("read write-not not-write")), Some(json!(["write-not", "not-write"]))),
            ]
        );
    }

    #[test]
    fn a_right_is_missing_where_no_way_in_is_open() {
        let (both, other) = (["read".to_owned(), "write".to_owned()], ["admin".to_owned()]);
        let asked: [&[String]; 2] = [&both, &other];
        let of = |value| missing(&claims(value), &asked);

        assert_eq!(of(json!({ "roles": ["read"] })), Some("write"));
        assert_eq!(of(json!({ "scope": "read write" })), None);
        assert_eq!(of(json!({ "roles": ["admin"] })), None);
        assert_eq!(missing(&claims(json!({})), &[]), None);
    }

    #[test]
    fn a_right_that_the_recipe_would_leave_is_noticed() {
        let asked = ["keeper".to_owned()];
        let elsewhere = |value| held_elsewhere(&claims(value), &[&asked]);

        assert_eq!(elsewhere(json!({ "roles": ["keeper"], "scope": "keeper", "sub": "keeper" })), None);
        assert_eq!(elsewhere(json!({ "permissions": ["keeper"] })).as_deref(), Some("permissions"));
    }
}
