use serde_json::Value;
use url::form_urlencoded;

use crate::openapi::Parameter;

/// Adds a parameter to a query string.
pub(super) fn add(query: &mut form_urlencoded::Serializer<'_, String>, parameter: &Parameter, value: &Value) {
    let name = parameter.name.as_str();
    match value {
        Value::Array(items) if parameter.explode => {
            for item in items {
                query.append_pair(name, &plain(item));
            }
        }
        Value::Array(items) => {
            let joined: Vec<String> = items.iter().map(plain).collect();
            query.append_pair(name, &joined.join(","));
        }
        Value::Object(members) if parameter.deep_object => {
            for (member, value) in members {
                query.append_pair(&format!("{name}[{member}]"), &plain(value));
            }
        }
        Value::Object(members) if parameter.explode => {
            for (member, value) in members {
                query.append_pair(member, &plain(value));
            }
        }
        other => {
            query.append_pair(name, &plain(other));
        }
    }
}

/// Writes a value as text: a string as it is, everything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use url::form_urlencoded;

    use super::add;
    use crate::openapi::{Parameter, Place};

    fn query(explode: bool, deep_object: bool, value: &Value) -> String {
        let parameter = Parameter {
            name: "p".to_owned(),
            place: Place::Query,
            required: true,
            schema: Value::Null,
            example: None,
            explode,
            deep_object,
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        add(&mut query, &parameter, value);
        query.finish()
    }

    #[test]
    fn each_style_is_written_its_way() {
        assert_eq!(query(true, false, &json!([1, "b c"])), "p=1&p=b+c");
        assert_eq!(query(false, false, &json!([1, 2])), "p=1%2C2");
        assert_eq!(query(true, true, &json!({ "a": 1 })), "p%5Ba%5D=1");
        assert_eq!(query(true, false, &json!({ "a": true })), "a=true");
        assert_eq!(query(true, false, &json!("x&y")), "p=x%26y");
    }
}
