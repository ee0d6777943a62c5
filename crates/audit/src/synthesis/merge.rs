use std::cell::Cell;

use serde_json::{Map, Value};

use crate::openapi::Resolver;

/// How deep `allOf` in `allOf` is followed.
const MAX_DEPTH: usize = 16;

/// So many schemas are looked at for one value: a few that each name the next one ten times stand for more than there is time for.
const MAX_SCHEMAS: u32 = 20_000;

/// So many parts are copied for one request. Lists of lists of sixty-four, or a text of a megabyte in each of a thousand members,
/// are no request anybody means, and more than there is memory for.
const MAX_COPIES: u64 = 2_000_000;

/// A text counts as one part for so many bytes.
const BYTES: usize = 64;

/// How much may still be looked at and copied.
#[derive(Debug)]
pub(super) struct Budget {
    schemas: Cell<u32>,
    copies: Cell<u64>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { schemas: Cell::new(MAX_SCHEMAS), copies: Cell::new(MAX_COPIES) }
    }

    fn look(&self) -> Result<(), String> {
        self.schemas.set(self.schemas.get().checked_sub(1).ok_or_else(too_much)?);
        Ok(())
    }

    /// Asks whether a value may be there so many times.
    pub(super) fn copy(&self, value: &Value, times: u64) -> Result<(), String> {
        let left = self.copies.get().checked_sub(parts(value).saturating_mul(times));
        self.copies.set(left.ok_or_else(too_much)?);
        Ok(())
    }
}

fn too_much() -> String {
    "the schema stands for too much".to_owned()
}

fn parts(value: &Value) -> u64 {
    match value {
        Value::String(text) => 1 + u64::try_from(text.len() / BYTES).unwrap_or(u64::MAX),
        Value::Array(items) => items.iter().fold(1, |sum, item| parts(item).saturating_add(sum)),
        Value::Object(members) => members.values().fold(1, |sum, member| parts(member).saturating_add(sum)),
        _ => 1,
    }
}

/// Returns the schema with references followed, `allOf` put together, and of `oneOf` and `anyOf` the first that is not `null`.
pub(super) fn flat(schema: &Value, resolver: Resolver<'_>, budget: &Budget) -> Result<Value, String> {
    flat_at(schema, resolver, budget, 0)
}

fn flat_at(schema: &Value, resolver: Resolver<'_>, budget: &Budget, depth: usize) -> Result<Value, String> {
    budget.look()?;
    if depth > MAX_DEPTH {
        return Err("the schema contains itself without end".to_owned());
    }
    let target = resolver.resolve(schema)?;
    budget.copy(target, 1)?;
    let Some(members) = target.as_object() else { return Ok(target.clone()) };
    // In 3.1 a schema may say more beside its reference; what stands nearer wins.
    let mut whole = members.clone();
    if let Some(beside) = schema.as_object().filter(|schema| schema.contains_key("$ref")) {
        for (name, value) in beside.iter().filter(|(name, _)| *name != "$ref") {
            whole.insert(name.clone(), value.clone());
        }
    }
    for part in list(&mut whole, "allOf") {
        let part = flat_at(&part, resolver, budget, depth + 1)?;
        add(&mut whole, part);
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(chosen) = first(list(&mut whole, choice)) {
            let told = whole.get("discriminator").and_then(|how| told_by(how, &chosen));
            let chosen = flat_at(&chosen, resolver, budget, depth + 1)?;
            if let Some((property, name)) = told {
                tell(&mut whole, &chosen, property, &name);
            }
            add(&mut whole, chosen);
        }
    }
    Ok(Value::Object(whole))
}

/// Returns the property by which a choice is told, and what it says for this one (OpenAPI 3.1 §4.8.25).
fn told_by(discriminator: &Value, chosen: &Value) -> Option<(String, String)> {
    let property = discriminator.get("propertyName")?.as_str()?.to_owned();
    let reference = chosen.get("$ref")?.as_str()?;
    let schema = reference.rsplit('/').next()?;
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    let named =
        mapping.into_iter().flatten().find(|(_, leads_to)| **leads_to == reference || **leads_to == schema);
    Some((property, named.map_or(schema, |(name, _)| name.as_str()).to_owned()))
}

/// Says which choice it is, where the choice itself does not.
fn tell(schema: &mut Map<String, Value>, chosen: &Value, property: String, name: &str) {
    let said = chosen.get("properties").and_then(|properties| properties.get(&property));
    if said.is_some_and(|said| said.get("const").is_some() || said.get("enum").is_some()) {
        return;
    }
    if let Value::Array(required) = schema.entry("required").or_insert_with(|| Value::Array(Vec::new())) {
        required.push(property.as_str().into());
    }
    if let Value::Object(properties) = schema.entry("properties").or_insert_with(|| Map::new().into()) {
        properties.insert(property, serde_json::json!({ "const": name }));
    }
}

fn list(schema: &mut Map<String, Value>, member: &str) -> Vec<Value> {
    match schema.remove(member) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}

fn first(choices: Vec<Value>) -> Option<Value> {
    let at = choices
        .iter()
        .position(|choice| choice.get("type").and_then(Value::as_str) != Some("null"))
        .unwrap_or(0);
    choices.into_iter().nth(at)
}

/// Adds what another schema demands. Of two demands on one thing the first stands, but properties and required names add up.
fn add(schema: &mut Map<String, Value>, other: Value) {
    let Value::Object(other) = other else { return };
    for (name, value) in other {
        match (schema.get_mut(&name), value) {
            (Some(Value::Object(here)), Value::Object(there)) if name == "properties" => {
                for (property, described) in there {
                    here.entry(property).or_insert(described);
                }
            }
            (Some(Value::Array(here)), Value::Array(there)) if name == "required" => here.extend(there),
            (Some(_), _) => {}
            (None, value) => drop(schema.insert(name, value)),
        }
    }
}
