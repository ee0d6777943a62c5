//! Cases that differ in one value alone are written once.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::case::{Case, CaseClass, Severity};
use super::steps::{Carry, Edit, Encodings, Sign, Steps, When};

/// A case as it stands in the file, perhaps for several.
#[derive(Debug, Clone)]
pub(super) struct Written {
    head: Head,
    /// All of it, with `{"$each": true}` in it where `head.each` says so.
    whole: Value,
}

/// What has to be known before the rest can be read.
#[derive(Debug, Clone, Deserialize)]
struct Head {
    name: String,
    class: String,
    /// The end of each case's name, and its value.
    each: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    #[serde(rename = "class")]
    _class: String,
    #[serde(rename = "each")]
    _each: Option<serde::de::IgnoredAny>,
    title: String,
    why: Option<String>,
    severity: Option<Severity>,
    #[serde(default = "unauthorized")]
    status: u16,
    #[serde(default)]
    also: Vec<u16>,
    code: Option<String>,
    #[serde(default)]
    when: When,
    #[serde(default)]
    header: Edit,
    #[serde(default)]
    claims: Edit,
    #[serde(default)]
    encoding: Encodings,
    #[serde(default)]
    sign: Sign,
    token: Option<Value>,
    carry: Option<Carry>,
}

fn unauthorized() -> u16 {
    401
}

impl Written {
    pub(super) fn name(&self) -> &str {
        &self.head.name
    }

    pub(super) fn class(&self) -> &str {
        &self.head.class
    }

    /// Returns the case, or one for each value.
    pub(super) fn expand(self, class: &Arc<CaseClass>) -> Result<Vec<Case>, serde_json::Error> {
        let Some(each) = self.head.each else { return Ok(vec![case(self.whole, class)?]) };
        each.into_iter()
            .map(|(end, value)| {
                let mut whole = self.whole.clone();
                if let Some(members) = whole.as_object_mut() {
                    members.remove("each");
                    members.insert("name".to_owned(), format!("{}/{end}", self.head.name).into());
                }
                put(&mut whole, &value);
                case(whole, class)
            })
            .collect()
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = Value::deserialize(deserializer)?;
        let head = Head::deserialize(&whole).map_err(serde::de::Error::custom)?;
        Ok(Self { head, whole })
    }
}

fn case(whole: Value, class: &Arc<CaseClass>) -> Result<Case, serde_json::Error> {
    let body: Body = serde_json::from_value(whole)?;
    Ok(Case {
        name: body.name,
        class: Arc::clone(class),
        title: body.title,
        why: body.why,
        severity: body.severity,
        status: body.status,
        also: body.also,
        code: body.code,
        when: body.when,
        steps: Steps {
            header: body.header,
            claims: body.claims,
            encoding: body.encoding,
            sign: body.sign,
            token: body.token,
            carry: body.carry,
        },
    })
}

/// Puts the value in the place of every `{"$each": true}`, and its text in the place of `{each}` in strings.
fn put(into: &mut Value, value: &Value) {
    match into {
        Value::Object(members) if members.len() == 1 && members.contains_key("$each") => {
            *into = value.clone();
        }
        Value::Object(members) => members.values_mut().for_each(|member| put(member, value)),
        Value::Array(elements) => elements.iter_mut().for_each(|element| put(element, value)),
        Value::String(text) if text.contains("{each}") => {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            *text = text.replace("{each}", &shown);
        }
        _ => {}
    }
}
