use std::fmt::Write;

use serde_json::{Map, Value};

use crate::edge::settings;

/// Writes the page that lists every setting, as Markdown.
pub(super) fn page() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         Generated from the schema (`handstamp config schema`) by `cargo run -q -p handstamp --example reference`; a test compares.\n\n\
         `handstamp.toml`, overridden by variables, overridden by flags. The variable of a setting is `HANDSTAMP_`, its section and its\n\
         name: `[tokens] lifetime = \"10m\"` is `HANDSTAMP_TOKENS_LIFETIME=10m`. Unknown names are errors that say the nearest known one;\n\
         `handstamp config check` finds every mistake at once.\n",
    );
    for (name, definition) in members(&settings::schema()) {
        match entry(&definition) {
            Some(entry) => section(&mut page, &format!("{name}.NAME"), entry),
            None => section(&mut page, &name, &definition),
        }
    }
    page
}

/// Writes a section, and those below it.
fn section(page: &mut String, name: &str, definition: &Value) {
    // Writing to a string cannot fail.
    let _ =
        write!(page, "\n## `[{name}]`\n\n{}\n\n| setting | default | |\n|---|---|---|\n", words(definition));
    let (below, settings): (Vec<_>, Vec<_>) = members(definition)
        .into_iter()
        .partition(|(_, setting)| !members(setting).is_empty() || !members(&setting["items"]).is_empty());
    for (name, setting) in settings {
        let _ = writeln!(page, "| `{name}` | {} | {} |", default(&setting), words(&setting));
    }
    for (inner, definition) in below {
        let name = format!("{name}.{inner}");
        match &definition["items"] {
            Value::Object(_) => section(page, &format!("[{name}]"), &definition["items"]),
            _ => section(page, &name, &definition),
        }
    }
}

/// Returns what each entry holds, in a section whose entries have names.
fn entry(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|entry| entry.get("properties").is_some())
}

fn members(schema: &Value) -> Map<String, Value> {
    schema["properties"].as_object().cloned().unwrap_or_default()
}

fn words(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    let choices: Vec<String> = schema["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|choice| choice["const"].as_str())
        .map(|choice| format!("`{choice}`"))
        .collect();
    if !choices.is_empty() {
        let _ = write!(words, " One of {}.", choices.join(", "));
    }
    words
}

fn default(setting: &Value) -> String {
    match &setting["default"] {
        Value::Null => String::new(),
        Value::String(text) => format!("`\"{text}\"`"),
        other => format!("`{other}`"),
    }
}
