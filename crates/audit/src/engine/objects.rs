use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::shelf::Shelf;
use crate::openapi::{Operation, Place, braces};

/// So many ways to fill in a path are tried.
const MAX_WAYS: usize = 6;

/// The values of parameters, by name.
pub(crate) type Known = BTreeMap<String, String>;

/// The last name in a path's braces, and the path of what lists such things.
pub(crate) struct LastName<'a> {
    pub(crate) collection: &'a str,
    pub(crate) name: &'a str,
}

/// Returns what the path of an operation ends on; none where it has no braces.
pub(crate) fn last_name(template: &str) -> Option<LastName<'_>> {
    let (at, name) = braces(template).last()?;
    let collection = template.get(..at)?.trim_end_matches('/');
    Some(LastName { collection, name })
}

/// Returns whether an operation changes or removes the object that its path names, or makes something of it.
pub(crate) fn works_on_one(operation: &Operation) -> bool {
    !operation.is_safe() && last_name(&operation.name.path).is_some()
}

/// Returns whether an operation changes or removes something that has no name in its path, and so was there before: a whole list, the
/// settings, an account.
pub(crate) fn replaces_what_is_there(operation: &Operation) -> bool {
    let is_other = !operation.is_safe() && operation.name.method != http::Method::POST;
    is_other && last_name(&operation.name.path).is_none()
}

/// Fills in what is known; a name that is not stays in its braces.
pub(crate) fn filled(template: &str, known: &Known) -> String {
    known.iter().fold(template.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
}

/// Returns the ways to fill in the path of an operation, the best first: what somebody said, what earlier answers told of, what the
/// owner's own token says. A name without any of these is left to the schema.
pub(crate) fn ways(
    operation: &Operation,
    shelf: &Shelf,
    claims: &Map<String, Value>,
    given: &Known,
    ours_only: bool,
) -> Vec<Known> {
    let template = operation.name.path.as_str();
    let last = last_name(template).map(|last| last.name.to_owned());
    let mut ways = vec![given.clone()];
    for (at, name) in braces(template) {
        let prefix = template.get(..at).unwrap_or_default().trim_end_matches('/');
        let ours_only = ours_only && last.as_deref() == Some(name);
        ways = ways
            .into_iter()
            .flat_map(|way| {
                if way.contains_key(name) {
                    return vec![way];
                }
                let mut ids = shelf.ids(&filled(prefix, &way), name, ours_only);
                if ids.is_empty() && !ours_only {
                    ids.extend(own(name, claims));
                }
                if ids.is_empty() {
                    return vec![way];
                }
                let with = |id: String| {
                    way.iter().map(|(k, v)| (k.clone(), v.clone())).chain([(name.to_owned(), id)]).collect()
                };
                ids.into_iter().take(MAX_WAYS).map(with).collect()
            })
            .take(MAX_WAYS)
            .collect();
    }
    ways
}

/// Returns whether a path's last name has a value that somebody or an answer gave.
pub(crate) fn is_named(operation: &Operation, way: &Known) -> bool {
    last_name(&operation.name.path).is_none_or(|last| way.contains_key(last.name))
}

/// Returns whether a path's last name has a value that is not made up: besides, the description may give one. What that stands for
/// was there before.
pub(crate) fn is_known(operation: &Operation, way: &Known) -> bool {
    let Some(last) = last_name(&operation.name.path) else { return true };
    is_named(operation, way)
        || operation.parameters.iter().any(|parameter| {
            parameter.place == Place::Path && parameter.name == last.name && parameter.example.is_some()
        })
}

/// What the owner's token says of themselves, under the names that paths use.
fn own(name: &str, claims: &Map<String, Value>) -> Option<String> {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let claim = match plain.as_str() {
        "org" | "orgid" | "organization" | "organizationid" | "organisation" | "organisationid"
        | "tenant" | "tenantid" => "org_id",
        "sub" | "subject" | "user" | "userid" | "account" | "accountid" | "me" => "sub",
        "username" => "preferred_username",
        _ => return None,
    };
    claims.get(claim)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Known, is_known, ways};
    use crate::engine::shelf::Shelf;
    use crate::openapi::Document;

    fn document() -> Document {
        let text = r#"{"openapi":"3.1.0","paths":{"/orgs/{org}/orders/{id}":{"delete":{}}}}"#;
        Document::parse(text.as_bytes()).unwrap()
    }

    fn claims() -> Map<String, Value> {
        json!({ "org_id": "acme", "sub": "u1" }).as_object().unwrap().clone()
    }

    fn known(pairs: &[(&str, &str)]) -> Known {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_path_is_filled_in_from_the_left() {
        let document = document();
        let operation = &document.operations()[0];
        let mut shelf = Shelf::default();
        shelf.note("/orgs/acme/orders", &json!([{ "id": 7 }, { "id": 8 }]), false);

        let found = ways(operation, &shelf, &claims(), &Known::new(), false);

        assert_eq!(found, [known(&[("id", "8"), ("org", "acme")]), known(&[("id", "7"), ("org", "acme")])]);
        assert!(is_known(operation, &found[0]));
    }

    #[test]
    fn what_somebody_said_wins() {
        let document = document();
        let given = known(&[("id", "1"), ("org", "globex")]);

        let found = ways(&document.operations()[0], &Shelf::default(), &claims(), &given, true);

        assert_eq!(found, [given]);
    }

    #[test]
    fn where_only_objects_of_this_run_may_be_touched_no_other_is() {
        let document = document();
        let operation = &document.operations()[0];
        let mut shelf = Shelf::default();
        shelf.note("/orgs/acme/orders", &json!([{ "id": 7 }]), false);

        let found = ways(operation, &shelf, &claims(), &Known::new(), true);

        assert_eq!(found, [known(&[("org", "acme")])]);
        assert!(!is_known(operation, &found[0]));
    }
}
