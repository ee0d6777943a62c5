use handstamp_core::model::{KeyState, StoredKey};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{self, OutputArgs, Table};

/// Prints keys: what they are for and where they are in their lives. Never the key itself.
pub(super) fn print(keys: &[StoredKey], output: OutputArgs) -> Result<(), Failure> {
    if output.json {
        return output::json(&keys.iter().map(to_json).collect::<Vec<Value>>());
    }
    let mut table = Table::new(&["KEY", "FOR", "ALGORITHM", "STATE", "SINCE", "UNTIL"]);
    for key in keys {
        let (state, since, until) = life(key);
        let shown = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), seconds);
        table.row([
            key.id.to_string(),
            key.purpose.as_str().to_owned(),
            key.algorithm.to_string(),
            state.to_owned(),
            seconds(since),
            shown(until),
        ]);
    }
    table.print(&mut output::stdout())?;
    Ok(())
}

fn to_json(key: &StoredKey) -> Value {
    let (state, since, until) = life(key);
    json!({
        "kid": key.id.as_str(),
        "purpose": key.purpose.as_str(),
        "alg": key.algorithm.name(),
        "state": state,
        "since": since.as_second(),
        "until": until.map(Timestamp::as_second),
        "created_at": key.created_at.as_second(),
    })
}

fn life(key: &StoredKey) -> (&'static str, Timestamp, Option<Timestamp>) {
    match key.state {
        KeyState::Next => ("next", key.created_at, None),
        KeyState::Active { since } => ("active", since, None),
        KeyState::Retired { at, remove_at } => ("retired", at, Some(remove_at)),
        KeyState::Revoked { at } => ("revoked", at, None),
    }
}

/// Whole seconds are what people compare with their logs.
fn seconds(at: Timestamp) -> String {
    at.round(jiff::Unit::Second).unwrap_or(at).to_string()
}
