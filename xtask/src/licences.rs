//! Compares every dependency's licence with `deny.toml`, offline.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::process::{output, root};

/// Fails when a dependency has no licence, or one that `deny.toml` does not allow.
pub(crate) fn check() -> Result<(), String> {
    let allowed = allowed()?;
    let metadata = output("cargo", &["metadata", "--format-version", "1", "--all-features", "--locked"])?;
    let metadata: Value = serde_json::from_slice(&metadata).map_err(|error| error.to_string())?;
    let mut refused = BTreeSet::new();
    let mut count = 0;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        count += 1;
        let name = package["name"].as_str().unwrap_or("?");
        let Some(licence) = package["license"].as_str() else {
            refused.insert(format!("{name}: names no licence"));
            continue;
        };
        if !is_allowed(licence, &allowed)? {
            refused.insert(format!("{name}: {licence}"));
        }
    }
    if refused.is_empty() {
        eprintln!("licences: {count} packages, all allowed");
        return Ok(());
    }
    let list: Vec<_> = refused.into_iter().collect();
    Err(format!("licences that deny.toml does not allow:\n  {}", list.join("\n  ")))
}

fn allowed() -> Result<BTreeSet<String>, String> {
    let path = root().join("deny.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let policy: toml::Table = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
    let list =
        policy.get("licenses").and_then(|section| section.get("allow")).and_then(toml::Value::as_array);
    let list = list.ok_or("deny.toml has no [licenses] allow")?;
    Ok(list.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
}

fn is_allowed(licence: &str, allowed: &BTreeSet<String>) -> Result<bool, String> {
    // Old packages write "MIT/Apache-2.0"; lax parsing reads it as OR, which is what they mean.
    let expression = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX)
        .map_err(|error| format!("{licence:?} is not an SPDX expression: {error}"))?;
    Ok(expression.evaluate(|requirement| allowed.contains(&requirement.to_string())))
}
