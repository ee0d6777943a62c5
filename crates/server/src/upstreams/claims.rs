use serde_json::{Map, Value};

/// What an upstream says of somebody: its ID token first, because that is signed, and what its userinfo endpoint adds.
#[derive(Debug, Default)]
pub(crate) struct Claims(Vec<Map<String, Value>>);

impl Claims {
    pub(crate) fn new(members: Map<String, Value>) -> Self {
        Self(vec![members])
    }

    /// Adds what is heard where it was not said yet.
    pub(super) fn add(&mut self, members: Map<String, Value>) {
        self.0.push(members);
    }

    /// Returns what stands at a path: a claim of this very name, or names with dots between them. `null` says nothing.
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        self.0.iter().find_map(|members| at(members, path))
    }

    /// Returns a text.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.at(path).and_then(trimmed)
    }

    /// Returns a list of texts: one text alone is a list of one, and an object is the list of its names.
    pub(super) fn texts(&self, path: &str) -> Vec<&str> {
        match self.at(path) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(Value::Object(named)) => named.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns whether an address is verified, by the word of whoever names it: what the userinfo endpoint has verified may be
    /// another address than the one in the ID token.
    pub(super) fn is_verified(&self, email: &str, verified: &str) -> bool {
        let Some(address) = self.at(email).and_then(trimmed) else { return false };
        let mut of_it = self.0.iter().filter(|members| at(members, email).and_then(trimmed) == Some(address));
        of_it.find_map(|members| at(members, verified)).is_some_and(is_true)
    }
}

fn at<'m>(members: &'m Map<String, Value>, path: &str) -> Option<&'m Value> {
    // Names of claims are often addresses, with dots of their own.
    let value = members.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        rest.split('.').try_fold(members.get(first)?, |value, name| value.get(name))
    });
    value.filter(|value| !value.is_null())
}

fn trimmed(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// Some servers write it as a text.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::String(text) => text == "true",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::Claims;

    fn members(value: Value) -> Map<String, Value> {
        let Value::Object(members) = value else { panic!("claims are an object") };
        members
    }

    fn claims(value: Value) -> Claims {
        Claims::new(members(value))
    }

    #[test]
    fn a_path_leads_into_objects_and_a_name_with_dots_is_a_name() {
        let claims = claims(json!({
            "realm_access": { "roles": ["staff"] },
            "https://corp.example/org": "acme",
            "empty": "  ",
            "nothing": null,
        }));

        assert_eq!(claims.texts("realm_access.roles"), ["staff"]);
        assert_eq!(claims.text("https://corp.example/org"), Some("acme"));
        for path in ["realm_access.rolls", "realm_access.roles.x", "empty", "nothing", "nothing.x", ".", ""] {
            assert_eq!(claims.text(path), None, "{path}");
        }
    }

    #[test]
    fn a_list_may_be_a_text_or_the_names_of_an_object() {
        let claims =
            claims(json!({ "one": "a", "many": ["a", 7, "b"], "named": { "a": {}, "b": {} }, "number": 7 }));

        assert_eq!(claims.texts("one"), ["a"]);
        assert_eq!(claims.texts("many"), ["a", "b"]);
        assert_eq!(claims.texts("named"), ["a", "b"]);
        assert!(claims.texts("number").is_empty() && claims.texts("missing").is_empty());
    }

    #[test]
    fn only_true_is_true() {
        let is_verified = |verified: Value| {
            claims(json!({ "email": "ann@example.org", "ok": verified })).is_verified("email", "ok")
        };

        assert!(is_verified(json!(true)) && is_verified(json!("true")));
        for wrong in [json!(false), json!(1), json!("True"), json!(null)] {
            assert!(!is_verified(wrong.clone()), "{wrong}");
        }
        assert!(!claims(json!({ "ok": true })).is_verified("email", "ok"), "there is no address");
    }

    #[test]
    fn what_was_signed_is_not_replaced_by_what_was_not() {
        let mut claims = claims(json!({ "sub": "1", "email": null, "realm": { "name": "x" } }));
        claims.add(members(json!({ "sub": "2", "email": "x@example.org", "realm": { "roles": ["staff"] } })));

        assert_eq!((claims.text("sub"), claims.text("realm.name")), (Some("1"), Some("x")));
        // What was not said, on the other hand, is heard.
        assert_eq!(
            (claims.text("email"), claims.texts("realm.roles")),
            (Some("x@example.org"), vec!["staff"])
        );
    }

    /// An ID token may name an address that somebody has typed in there, beside a userinfo endpoint that vouches for another.
    #[test]
    fn nobody_vouches_for_an_address_that_somebody_else_has_named() {
        let verified = |signed: Value, added: Value| {
            let mut claims = claims(signed);
            claims.add(members(added));
            claims.is_verified("email", "email_verified")
        };
        let (typed_in, own) = ("victim@example.org", "mallory@example.org");

        assert!(!verified(json!({ "email": typed_in }), json!({ "email": own, "email_verified": true })));
        assert!(!verified(json!({ "email": typed_in }), json!({ "email_verified": true })));
        assert!(!verified(json!({ "email_verified": true }), json!({ "email": typed_in })));
        assert!(!verified(
            json!({ "email": own, "email_verified": false }),
            json!({ "email": own, "email_verified": true })
        ));
        assert!(verified(json!({ "email": own }), json!({ "email": own, "email_verified": true })));
        assert!(verified(json!({}), json!({ "email": own, "email_verified": true })));
    }
}
