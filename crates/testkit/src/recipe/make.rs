//! From the good token to the bad one.

use base64_simd::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::case::Case;
use super::forged::Forged;
use super::material::{Material, Missing};
use super::steps::{Edit, Encoding, When};
use super::{expression, sign};

impl Case {
    /// Makes the token, or says what it takes that is not there.
    pub fn make(&self, material: &Material) -> Result<Forged, Missing> {
        if !applies(&self.when, material) {
            return Err(Missing::Elsewhere);
        }
        let steps = &self.steps;
        let token = match &steps.token {
            // A text that names none of the parts needs none of the keys.
            Some(template) if !names_a_part(template) => fill(template, &[], material)?,
            template => {
                let parts = self.parts(material)?;
                match template {
                    Some(template) => fill(template, &parts, material)?,
                    None => parts.each_ref().map(|(_, text)| text.as_str()).join("."),
                }
            }
        };
        Ok(Forged::new(token, material.good.clone(), steps.carry.clone()))
    }

    /// Returns header, claims and signature, each under its name in templates.
    fn parts(&self, material: &Material) -> Result<[(&'static str, String); 3], Missing> {
        let steps = &self.steps;
        let mut good = material.good.split('.');
        let mut good = || good.next().unwrap_or_default();
        let (good_header, good_claims, good_signature) = (good(), good(), good());
        let header = edited(&steps.header, steps.encoding.header, good_header, &material.header, material)?;
        let claims = edited(&steps.claims, steps.encoding.claims, good_claims, &material.claims, material)?;
        let message = format!("{header}.{claims}");
        let good_signature = URL_SAFE_NO_PAD.decode_to_vec(good_signature).unwrap_or_default();
        let signature = sign::signature(&steps.sign, message.as_bytes(), &good_signature, material)?;
        let signature = encoded(&signature, steps.encoding.signature);
        Ok([("{header}", header), ("{claims}", claims), ("{signature}", signature)])
    }
}

fn applies(when: &When, material: &Material) -> bool {
    let text = |name| material.header.get(name).and_then(Value::as_str).unwrap_or_default();
    let alg_fits = when.alg.is_empty() || when.alg.iter().any(|start| text("alg").starts_with(start));
    let alg_fits = alg_fits && when.other_alg.as_deref() != Some(text("alg"));
    alg_fits && when.typ.as_ref().is_none_or(|typ| without_prefix(text("typ")).eq_ignore_ascii_case(typ))
}

/// A type may be written as the whole media type: `application/at+jwt` is `at+jwt` (RFC 7515 §4.1.9, RFC 9068 §4).
fn without_prefix(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => typ,
    }
}

fn names_a_part(template: &Value) -> bool {
    let text = template.to_string();
    ["{header}", "{claims}", "{signature}"].iter().any(|part| text.contains(part))
}

/// Fills a template with parts, the good token (`{good}`) and ready-made ones (`{made:session-ended}`).
fn fill(template: &Value, parts: &[(&str, String)], material: &Material) -> Result<String, Missing> {
    let mut text = expression::text(template, material)?;
    if let Some(name) = text.strip_prefix("{made:").and_then(|rest| rest.strip_suffix('}')) {
        return material.made_token(name).map(str::to_owned);
    }
    for (name, part) in parts {
        text = text.replace(name, part);
    }
    Ok(text.replace("{good}", &material.good))
}

fn edited(
    edit: &Edit,
    encoding: Encoding,
    good: &str,
    object: &Map<String, Value>,
    material: &Material,
) -> Result<String, Missing> {
    if edit.changes_nothing() && encoding == Encoding::Base64url {
        return Ok(good.to_owned());
    }
    let bytes = match (&edit.hex, &edit.text) {
        (Some(digits), _) => sign::unhex(digits)?,
        (None, Some(text)) => expression::text(text, material)?.into_bytes(),
        (None, None) => object_text(edit, object, material)?.into_bytes(),
    };
    Ok(encoded(&bytes, encoding))
}

fn object_text(edit: &Edit, object: &Map<String, Value>, material: &Material) -> Result<String, Missing> {
    let mut object = object.clone();
    for name in &edit.remove {
        object.remove(name);
    }
    for (name, value) in &edit.set {
        object.insert(name.clone(), expression::value(value, material)?);
    }
    let text = Value::Object(object).to_string();
    let members = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
    let first = edit.first.as_ref().map(|first| expression::text(first, material)).transpose()?;
    let last = edit.last.as_ref().map(|last| expression::text(last, material)).transpose()?;
    let all: Vec<&str> = [first.as_deref(), Some(members), last.as_deref()]
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .collect();
    Ok(format!("{{{}}}", all.join(",")))
}

fn encoded(bytes: &[u8], encoding: Encoding) -> String {
    match encoding {
        Encoding::Base64url => URL_SAFE_NO_PAD.encode_to_string(bytes),
        Encoding::Padded => {
            let text = URL_SAFE.encode_to_string(bytes);
            if text.ends_with('=') { text } else { text + "====" }
        }
        Encoding::Standard => {
            let text = STANDARD_NO_PAD.encode_to_string(bytes);
            if text.contains(['+', '/']) { text } else { STANDARD.encode_to_string(bytes) + "+" }
        }
        Encoding::SpareBits => with_spare_bit(URL_SAFE_NO_PAD.encode_to_string(bytes)),
        Encoding::Plain => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Sets the lowest bit of the last character, which stands for nothing where the bytes do not fill it.
fn with_spare_bit(mut text: String) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if text.len().is_multiple_of(4) {
        return text + "A";
    }
    let last = text.pop().and_then(|last| ALPHABET.iter().position(|digit| char::from(*digit) == last));
    let next = last.and_then(|index| ALPHABET.get(index | 1)).copied().unwrap_or(b'_');
    text.push(char::from(next));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spare_bit_is_one_that_a_lenient_reader_does_not_see() {
        assert_eq!(encoded(b"f", Encoding::Base64url), "Zg");
        assert_eq!(encoded(b"f", Encoding::SpareBits), "Zh");
        assert_eq!(encoded(b"foo", Encoding::SpareBits), "Zm9vA");
    }

    #[test]
    fn every_other_encoding_is_another_text() {
        let encodings = [Encoding::Padded, Encoding::Standard, Encoding::SpareBits, Encoding::Plain];
        for bytes in [&b"f"[..], b"fo", b"foo", b"{\"a\":\"\xff\xfe>?\"}"] {
            for encoding in encodings {
                assert_ne!(encoded(bytes, encoding), encoded(bytes, Encoding::Base64url), "{encoding:?}");
            }
        }
    }

    #[test]
    fn texts_before_and_after_the_members_make_one_object() {
        let good = "e30.e30.";
        let material = Material::of_token(good, handstamp_token::UnixTime::from_secs(0)).unwrap();
        let edit = |json| serde_json::from_value::<Edit>(json).unwrap();
        let text = |json| object_text(&edit(json), &Map::new(), &material).unwrap();

        assert_eq!(text(serde_json::json!({ "first": "\"a\":1" })), r#"{"a":1}"#);
        assert_eq!(
            text(serde_json::json!({ "first": "\"a\":1", "set": { "b": 2 }, "last": "\"a\":3" })),
            r#"{"a":1,"b":2,"a":3}"#
        );
    }
}
