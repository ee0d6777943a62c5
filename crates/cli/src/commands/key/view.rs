use std::io::Write;

use handstamp_core::flows::keys::{KeyList, ListedKey};
use handstamp_core::key_rotation::Outlook;
use handstamp_core::model::{ClientId, KeyPurpose, KeyState, LogPosition, StoredKey, VerifierReport};
use handstamp_token::VerifyingKey;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::words::{at, next_step};
use crate::failure::Failure;
use crate::output::{self, OutputArgs, Table, words};

/// Prints every key: what it is for, where it is in its life, and who does not hold it. Never the key itself.
pub(super) fn print(list: &KeyList, now: Timestamp, output: OutputArgs) -> Result<(), Failure> {
    if output.json {
        let secrets = list.secrets.iter().enumerate().map(|(index, key)| secret_to_json(key, index == 0));
        let keys = in_order(list).into_iter().map(|key| to_json(key, list.head, now));
        return output::json(&secrets.chain(keys).collect::<Vec<Value>>());
    }
    let mut table = Table::new(&["KEY", "FOR", "ALGORITHM", "STATE", "SINCE", "HELD BY", "THEN"]);
    for (index, secret) in list.secrets.iter().enumerate() {
        let (state, then) =
            if index == 0 { ("active", "the operator's") } else { ("retired", "the operator's") };
        let (kid, alg) = (secret.key_id().to_string(), secret.algorithm().to_string());
        table.row([kid, "access_token".into(), alg, state.into(), "-".into(), "-".into(), then.into()]);
    }
    for listed in in_order(list) {
        let ListedKey { key, held_by, behind, .. } = listed;
        let (state, since) = life(key);
        let reporting = held_by + behind.len();
        table.row([
            key.id.to_string(),
            key.purpose.as_str().to_owned(),
            key.algorithm.to_string(),
            state.to_owned(),
            at(since),
            if reporting == 0 { "-".to_owned() } else { format!("{held_by} of {reporting}") },
            next_step(listed, now),
        ]);
    }
    let mut out = output::stdout();
    table.print(&mut out)?;
    print_behind(list, now, &mut out)
}

/// Returns the keys by what they are for, those that sign first.
fn in_order(list: &KeyList) -> Vec<&ListedKey> {
    let mut keys: Vec<_> = list.keys.iter().collect();
    keys.sort_by_key(|listed| {
        let purpose = KeyPurpose::ALL.iter().position(|purpose| *purpose == listed.key.purpose);
        let state = match listed.key.state {
            KeyState::Active { .. } => 0,
            KeyState::Next { .. } => 1,
            KeyState::Retired { .. } => 2,
            KeyState::Revoked { .. } => 3,
        };
        (purpose, state)
    });
    keys
}

/// Who is behind: only where somebody is.
fn print_behind(list: &KeyList, now: Timestamp, out: &mut output::Styled<impl Write>) -> Result<(), Failure> {
    let behind: Vec<_> = in_order(list)
        .into_iter()
        .flat_map(|key| key.behind.iter().map(move |report| (&key.key, report)))
        .collect();
    if behind.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["WITHOUT KEY", "SERVICE", "PROCESS", "EVENTS BEHIND", "REPORTED"]);
    for (key, report) in behind {
        table.row([
            key.id.to_string(),
            report.client.as_ref().map_or("-", ClientId::as_str).to_owned(),
            report.instance.to_string(),
            events_behind(report, list.head).map_or_else(|| "all".to_owned(), |events| events.to_string()),
            format!("{} ago", words::length(now.duration_since(report.reported_at))),
        ]);
    }
    writeln!(out)?;
    table.print(out)?;
    Ok(())
}

/// Prints a key that was revoked just now.
pub(super) fn print_revoked(key: &StoredKey, output: OutputArgs) -> Result<(), Failure> {
    let (state, since) = life(key);
    if output.json {
        return output::json(&json!([{
            "kid": key.id.as_str(),
            "purpose": key.purpose.as_str(),
            "alg": key.algorithm.name(),
            "state": state,
            "since": since.as_second(),
        }]));
    }
    output::line(format_args!("{} is revoked: whatever it signed is refused.", key.id))
}

fn to_json(listed: &ListedKey, head: LogPosition, now: Timestamp) -> Value {
    let ListedKey { key, outlook, held_by, behind } = listed;
    let (state, since) = life(key);
    let seconds = |at: Option<Timestamp>| at.map(Timestamp::as_second);
    let until = match key.state {
        KeyState::Retired { remove_at, .. } => Some(remove_at),
        KeyState::Active { .. } => outlook.as_ref().and_then(Outlook::switches_at),
        _ => None,
    };
    let is_next = key.state.is_next();
    let outlook = outlook.as_ref().filter(|_| is_next);
    json!({
        "kid": key.id.as_str(),
        "purpose": key.purpose.as_str(),
        "alg": key.algorithm.name(),
        "state": state,
        "since": since.as_second(),
        "until": seconds(until),
        "created_at": key.created_at.as_second(),
        "signs_from": seconds(outlook.and_then(Outlook::switches_at)),
        "signs_at_the_latest": seconds(outlook.filter(|outlook| outlook.wanted_from.is_some()).map(|outlook| outlook.waits_until)),
        "ready": outlook.map(|outlook| outlook.is_ready(now)),
        "held_by": held_by,
        "behind": behind.iter().map(|report| report_to_json(report, head, now)).collect::<Vec<_>>(),
    })
}

fn secret_to_json(key: &VerifyingKey, signs: bool) -> Value {
    json!({
        "kid": key.key_id().as_str(),
        "purpose": "access_token",
        "alg": key.algorithm().name(),
        "state": if signs { "active" } else { "retired" },
        "configured": true,
    })
}

fn report_to_json(report: &VerifierReport, head: LogPosition, now: Timestamp) -> Value {
    json!({
        "service": report.client.as_ref().map(ClientId::as_str),
        "instance": report.instance.as_str(),
        "events_behind": events_behind(report, head),
        "lag_ms": u64::try_from(report.lag.as_millis()).unwrap_or(u64::MAX),
        "reported_seconds_ago": now.duration_since(report.reported_at).as_secs().max(0),
    })
}

/// Returns how many events of the log the process had not heard of; `None` when it knows another log.
fn events_behind(report: &VerifierReport, head: LogPosition) -> Option<u64> {
    (report.position.epoch == head.epoch).then(|| head.seq.saturating_sub(report.position.seq))
}

fn life(key: &StoredKey) -> (&'static str, Timestamp) {
    match key.state {
        KeyState::Next { .. } => ("next", key.created_at),
        KeyState::Active { since } => ("active", since),
        KeyState::Retired { at, .. } => ("retired", at),
        KeyState::Revoked { at } => ("revoked", at),
    }
}
