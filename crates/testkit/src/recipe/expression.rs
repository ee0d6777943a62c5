//! Values that depend on the good token, on the time or on keys: an object with one member whose name begins with `$`.

use std::fmt::Write as _;

use serde_json::Value;

use super::certificate;
use super::material::{Material, Missing};

/// What can be wrong with an expression is caught by the test that makes every case; to a runner it is a case it cannot make.
fn unreadable(expression: &Value) -> Missing {
    Missing::Unreadable { expression: expression.to_string() }
}

/// Returns the value that an expression stands for; anything else stands for itself.
pub(super) fn value(expression: &Value, material: &Material) -> Result<Value, Missing> {
    match expression {
        Value::Object(members) => {
            if let Some((word, argument)) = only_word(members) {
                return word_value(word, argument, expression, material);
            }
            let members = members.iter().map(|(name, member)| Ok((name.clone(), value(member, material)?)));
            Ok(Value::Object(members.collect::<Result<_, Missing>>()?))
        }
        Value::Array(elements) => elements
            .iter()
            .map(|element| value(element, material))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        other => Ok(other.clone()),
    }
}

/// Returns the text that an expression stands for.
pub(super) fn text(expression: &Value, material: &Material) -> Result<String, Missing> {
    match value(expression, material)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        // What the good token does not have.
        Value::Null => Err(Missing::Elsewhere),
        _ => Err(unreadable(expression)),
    }
}

fn only_word(members: &serde_json::Map<String, Value>) -> Option<(&str, &Value)> {
    let mut all = members.iter();
    match (all.next(), all.next()) {
        (Some((name, argument)), None) => name.strip_prefix('$').map(|word| (word, argument)),
        _ => None,
    }
}

fn word_value(
    word: &str,
    argument: &Value,
    expression: &Value,
    material: &Material,
) -> Result<Value, Missing> {
    let name = || argument.as_str().ok_or_else(|| unreadable(expression));
    let seconds = || argument.as_i64().ok_or_else(|| unreadable(expression));
    Ok(match word {
        "now" | "in" => material.now.as_secs().saturating_add(seconds()?).into(),
        "ago" => material.now.as_secs().saturating_sub(seconds()?).into(),
        "first" => match value(argument, material)? {
            Value::Array(elements) => elements.into_iter().next().unwrap_or(Value::Null),
            other => other,
        },
        "header" => material.header.get(name()?).cloned().unwrap_or(Value::Null),
        "claim" => material.claims.get(name()?).cloned().unwrap_or(Value::Null),
        "header-json" => Value::Object(material.header.clone()).to_string().into(),
        "claims-json" => Value::Object(material.claims.clone()).to_string().into(),
        "claims-json-escaped" => escaped(&Value::Object(material.claims.clone()))?.into(),
        "text" => text(argument, material)?.into(),
        "upper" => text(argument, material)?.to_uppercase().into(),
        "join" => {
            let parts = argument.as_array().ok_or_else(|| unreadable(expression))?;
            parts.iter().map(|part| text(part, material)).collect::<Result<String, _>>()?.into()
        }
        "repeat" => {
            let unit = argument.get("text").and_then(Value::as_str);
            let times =
                argument.get("times").and_then(Value::as_u64).and_then(|times| usize::try_from(times).ok());
            let (Some(unit), Some(times)) = (unit, times) else { return Err(unreadable(expression)) };
            unit.repeat(times).into()
        }
        "foreign-jwk" => material.foreign_jwk()?,
        "foreign-certificate" => certificate::of(&material.foreign()?)?.into(),
        "elsewhere" => format!("{}{}", material.elsewhere, name()?).into(),
        _ => return Err(unreadable(expression)),
    })
}

/// Writes JSON so that it can stand in a token and in a header as it is: without dots (RFC 7797 §5.2), and with what a header or a
/// cookie cannot have as escapes. Outside of texts nothing of the kind occurs but the dot of a fraction, which has no other spelling.
fn escaped(json: &Value) -> Result<String, Missing> {
    let mut text = String::new();
    for letter in json.to_string().chars() {
        if letter.is_ascii_graphic() && !['.', ';'].contains(&letter) {
            text.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    let is_same = serde_json::from_str::<Value>(&text).is_ok_and(|read| read == *json);
    is_same.then_some(text).ok_or(Missing::Elsewhere)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn escaped_json_says_the_same_in_letters_that_a_header_can_have() {
        let claims =
            json!({ "iss": "https://a.test", "scope": "a b;c", "name": "\u{e9}\u{1f511}", "exp": 1 });

        let text = escaped(&claims).unwrap();

        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains(['.', ';']), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), claims);
    }

    #[test]
    fn a_fraction_has_a_dot_and_no_escape() {
        assert_eq!(escaped(&json!({ "exp": 1.5 })), Err(Missing::Elsewhere));
    }
}
