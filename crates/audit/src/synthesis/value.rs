use handstamp_token::UnixTime;
use serde_json::{Map, Value};

use super::merge::{self, Budget};
use super::{Mark, Variant, number, text};
use crate::openapi::Resolver;

/// From here on only what must be there is: schemas may contain themselves.
const OPTIONAL_DEPTH: usize = 6;

/// A schema that must contain itself has no value.
const MAX_DEPTH: usize = 24;

/// A list longer than this is no request anybody means.
const MAX_ITEMS: u64 = 64;

/// Makes values that fit schemas.
#[derive(Clone, Copy)]
pub(super) struct Maker<'a> {
    pub(super) resolver: Resolver<'a>,
    pub(super) variant: Variant,
    pub(super) mark: &'a Mark,
    pub(super) now: UnixTime,
    pub(super) budget: &'a Budget,
}

impl Maker<'_> {
    /// Returns a value that fits the schema.
    pub(super) fn value(self, schema: &Value) -> Result<Value, String> {
        self.make(schema, 0)
    }

    fn make(self, schema: &Value, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err("the schema contains itself without end".to_owned());
        }
        let schema = merge::flat(schema, self.resolver, self.budget)?;
        let Some(schema) = schema.as_object() else {
            // `true`: anything at all.
            return Ok(Value::from(self.mark.as_str()));
        };
        if let Some(given) = self.given(schema) {
            return Ok(given);
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "integer" => Ok(number::integer(schema)),
            "number" => Ok(number::number(schema)),
            "boolean" => Ok(Value::Bool(true)),
            "null" => Ok(Value::Null),
            _ => {
                let text = Value::String(text::string(schema, self.mark, self.now));
                self.budget.copy(&text, 1)?;
                Ok(text)
            }
        }
    }

    /// What the schema itself says a value could be.
    fn given(self, schema: &Map<String, Value>) -> Option<Value> {
        if let Some(only) = schema.get("const") {
            return Some(only.clone());
        }
        if let Some(choice) = schema.get("enum").and_then(Value::as_array) {
            return choice.iter().find(|value| !value.is_null()).or(choice.first()).cloned();
        }
        if !self.variant.examples {
            return None;
        }
        let listed = schema.get("examples").and_then(Value::as_array).and_then(|all| all.first());
        schema
            .get("example")
            .or(listed)
            .or_else(|| schema.get("default").filter(|value| !value.is_null()))
            .cloned()
    }

    fn object(self, schema: &Map<String, Value>, depth: usize) -> Result<Value, String> {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let whole = self.variant.whole && depth < OPTIONAL_DEPTH;
        let mut object = Map::new();
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let needed = required.contains(&name.as_str());
            if !(needed || whole) || is_read_only(member, self.resolver) {
                continue;
            }
            match self.make(member, depth + 1) {
                Ok(value) => drop(object.insert(name.clone(), value)),
                Err(problem) if needed => return Err(problem),
                Err(_) => {}
            }
        }
        // Required without a description: anything.
        for name in required {
            object.entry(name).or_insert_with(|| Value::from(self.mark.as_str()));
        }
        Ok(Value::Object(object))
    }

    fn array(self, schema: &Map<String, Value>, depth: usize) -> Result<Value, String> {
        let count = |member: &str| schema.get(member).and_then(Value::as_u64);
        let least = count("minItems").unwrap_or(0);
        let most = count("maxItems").unwrap_or(MAX_ITEMS).min(MAX_ITEMS);
        let items = schema.get("items").cloned().unwrap_or(Value::Bool(true));
        let first = match self.make(&items, depth + 1) {
            Ok(first) => first,
            Err(_) if least == 0 => return Ok(Value::Array(Vec::new())),
            Err(problem) => return Err(problem),
        };
        let wanted = usize::try_from(least.max(1).min(most)).unwrap_or(1);
        self.budget.copy(&first, u64::try_from(wanted).unwrap_or(u64::MAX))?;
        let mut list = vec![first; wanted];
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            tell_apart(&mut list);
        }
        Ok(Value::Array(list))
    }
}

/// Readers fill these in; whoever writes leaves them out.
fn is_read_only(schema: &Value, resolver: Resolver<'_>) -> bool {
    resolver.resolve(schema).is_ok_and(|schema| schema.get("readOnly") == Some(&Value::Bool(true)))
}

fn tell_apart(list: &mut [Value]) {
    for (index, value) in list.iter_mut().enumerate().skip(1) {
        match value {
            Value::String(text) => text.push_str(&index.to_string()),
            Value::Number(number) => {
                if let Some(whole) = number.as_i64() {
                    *value = Value::from(whole.saturating_add(i64::try_from(index).unwrap_or(0)));
                }
            }
            _ => {}
        }
    }
}

/// Returns the type of a schema, which may say it by its keywords alone.
fn kind(schema: &Map<String, Value>) -> &str {
    let named = match schema.get("type") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    };
    let has = |names: &[&str]| names.iter().any(|name| schema.contains_key(*name));
    named.unwrap_or_else(|| {
        if has(&["properties", "required", "additionalProperties"]) {
            "object"
        } else if has(&["items", "minItems", "maxItems"]) {
            "array"
        } else if has(&["minimum", "maximum", "multipleOf"]) {
            "number"
        } else {
            "string"
        }
    })
}

#[cfg(test)]
mod tests {
    use handstamp_token::UnixTime;
    use serde_json::{Value, json};

    use super::{Budget, Maker};
    use crate::openapi::Resolver;
    use crate::synthesis::{Mark, Variant};

    fn made(root: &Value, whole: bool, examples: bool) -> Result<Value, String> {
        let maker = Maker {
            resolver: Resolver::new(root),
            variant: Variant { whole, examples, media: 0 },
            mark: &Mark::new("r", 1),
            now: UnixTime::from_secs(1_800_000_000),
            budget: &Budget::new(),
        };
        maker.value(&root["schema"])
    }

    #[test]
    fn what_must_be_there_is_there_and_the_rest_when_asked_for() {
        let root = json!({ "schema": { "type": "object", "required": ["item"], "properties": {
            "id": { "type": "integer", "readOnly": true },
            "item": { "type": "string" },
            "colour": { "enum": ["red", "blue"] },
        }}});

        assert_eq!(made(&root, false, true), Ok(json!({ "item": "audit-r-0000001" })));
        assert_eq!(made(&root, true, true), Ok(json!({ "item": "audit-r-0000001", "colour": "red" })));
    }

    #[test]
    fn examples_come_first_unless_they_did_not_help() {
        let root = json!({ "schema": { "type": "object", "required": ["n"], "properties": {
            "n": { "type": "integer", "example": 12, "minimum": 3 },
        }}});

        assert_eq!(made(&root, false, true), Ok(json!({ "n": 12 })));
        assert_eq!(made(&root, false, false), Ok(json!({ "n": 3 })));
    }

    #[test]
    fn all_of_is_one_schema_and_one_of_its_first() {
        let root = json!({
            "schema": { "allOf": [{ "$ref": "#/named" }, { "required": ["size"], "properties": {
                "size": { "oneOf": [{ "type": "null" }, { "type": "integer", "minimum": 5 }] } } }] },
            "named": { "type": "object", "required": ["name"], "properties": { "name": { "const": "lamp" } } },
        });

        assert_eq!(made(&root, false, true), Ok(json!({ "name": "lamp", "size": 5 })));
    }

    #[test]
    fn a_choice_says_which_it_is() {
        let root = |discriminator: Value| {
            json!({
                "schema": { "oneOf": [{ "$ref": "#/Petrol" }, { "$ref": "#/Electric" }], "discriminator": discriminator },
                "Petrol": { "type": "object", "required": ["litres"], "properties": {
                    "kind": { "type": "string" }, "litres": { "type": "integer" } } },
            })
        };
        let told = |discriminator| made(&root(discriminator), false, true).map(|value| value["kind"].clone());

        assert_eq!(told(json!({ "propertyName": "kind" })), Ok(json!("Petrol")));
        let mapping = json!({ "electric": "#/Electric", "petrol": "#/Petrol" });
        assert_eq!(told(json!({ "propertyName": "kind", "mapping": mapping })), Ok(json!("petrol")));
        let mut own = root(json!({ "propertyName": "kind" }));
        own["Petrol"]["properties"]["kind"] = json!({ "enum": ["P"] });
        assert_eq!(made(&own, true, true).map(|value| value["kind"].clone()), Ok(json!("P")));
    }

    #[test]
    fn a_schema_that_contains_itself_ends_where_it_may_and_fails_where_it_must_not() {
        let tree = json!({ "schema": { "$ref": "#/schema/definition" } });
        assert!(made(&tree, true, true).is_err(), "a reference to nothing");

        let may =
            json!({ "schema": { "type": "object", "properties": { "child": { "$ref": "#/schema" } } } });
        assert!(made(&may, true, true).is_ok());

        let must = json!({ "schema": { "type": "object", "required": ["child"], "properties": { "child": { "$ref": "#/schema" } } } });
        assert!(made(&must, true, true).unwrap_err().contains("contains itself"));
    }

    #[test]
    fn a_list_has_as_many_items_as_it_needs_and_no_two_alike_where_that_is_asked() {
        let root = json!({ "schema": { "type": "array", "minItems": 3, "uniqueItems": true, "items": { "type": "integer" } } });

        assert_eq!(made(&root, false, true), Ok(json!([1, 2, 3])));
    }

    #[test]
    fn an_endless_list_is_cut() {
        let root = json!({ "schema": { "type": "array", "minItems": 9_000_000_000_u64, "items": { "type": "integer" } } });

        assert_eq!(made(&root, false, true).unwrap().as_array().unwrap().len(), 64);
    }

    #[test]
    fn a_few_schemas_that_stand_for_very_many_are_given_up() {
        let bomb = |link: fn(Vec<Value>) -> Value| {
            let mut root = json!({ "schema": { "$ref": "#/l0" }, "l15": { "type": "object" } });
            for level in 0..15 {
                let next = json!({ "$ref": format!("#/l{}", level + 1) });
                root[format!("l{level}")] = link(vec![next; 10]);
            }
            made(&root, true, true)
        };
        let parts = bomb(|next| json!({ "allOf": next }));
        let members = bomb(|next| {
            let names: Vec<String> = (0..next.len()).map(|number| format!("m{number}")).collect();
            let properties: serde_json::Map<String, Value> = names.iter().cloned().zip(next).collect();
            json!({ "type": "object", "required": names, "properties": properties })
        });

        let mut lists = json!({ "type": "string" });
        for _ in 0..6 {
            lists = json!({ "type": "array", "minItems": 64, "items": lists });
        }
        let lists = made(&json!({ "schema": lists }), true, true);
        let long = json!({ "type": "string", "minLength": 100_000 });
        let names: Vec<String> = (0..2_000).map(|number| format!("m{number}")).collect();
        let properties: serde_json::Map<String, Value> =
            names.iter().map(|name| (name.clone(), long.clone())).collect();
        let texts = json!({ "type": "object", "required": names, "properties": properties });
        let texts = made(&json!({ "schema": texts }), true, true);

        for refused in [parts, members, lists, texts] {
            assert_eq!(refused, Err("the schema stands for too much".to_owned()));
        }
    }
}
