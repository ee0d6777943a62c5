use serde_json::{Map, Value};

/// What an upstream says of somebody: its ID token first, because that is signed, and what its userinfo endpoint adds.
#[derive(Debug, Default)]
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    pub(crate) fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Adds what is not said yet.
    pub(super) fn add(&mut self, members: Map<String, Value>) {
        for (name, value) in members {
            self.0.entry(name).or_insert(value);
        }
    }

    /// Returns what stands at a path: a claim of this very name, or names with dots between them. `null` says nothing.
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        // Names of claims are often addresses, with dots of their own.
        let value = self.0.get(path).or_else(|| {
            let (first, rest) = path.split_once('.')?;
            rest.split('.').try_fold(self.0.get(first)?, |value, name| value.get(name))
        });
        value.filter(|value| !value.is_null())
    }

    /// Returns a text.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.at(path).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
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

    /// Returns whether something is so. Some servers write it as a text.
    pub(super) fn is_true(&self, path: &str) -> bool {
        match self.at(path) {
            Some(Value::Bool(yes)) => *yes,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Claims;

    fn claims(value: Value) -> Claims {
        let Value::Object(members) = value else { panic!("claims are an object") };
        Claims::new(members)
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
        let claims = claims(
            json!({ "yes": true, "text": "true", "no": false, "one": 1, "Yes": "True", "null": null }),
        );

        assert!(claims.is_true("yes") && claims.is_true("text"));
        for path in ["no", "one", "Yes", "null", "missing"] {
            assert!(!claims.is_true(path), "{path}");
        }
    }

    #[test]
    fn what_was_signed_is_not_replaced_by_what_was_not() {
        let mut claims = claims(json!({ "sub": "1", "email": null }));
        let Value::Object(more) = json!({ "sub": "2", "email": "x@example.org", "name": "Ann" }) else {
            unreachable!()
        };
        claims.add(more);

        assert_eq!(
            (claims.text("sub"), claims.text("email"), claims.text("name")),
            (Some("1"), None, Some("Ann"))
        );
    }
}
