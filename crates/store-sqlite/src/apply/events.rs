use std::borrow::Cow;

use handstamp_core::model::{EventKind, NewEvent, Selector};
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::query::execute;
use crate::times::to_sql;

/// Adds an event under its number.
pub(super) fn add(connection: &Connection, seq: u64, event: &NewEvent) -> Result<(), Failure> {
    let (selector, target) = selector(&event.selector);
    let kind = match event.kind {
        EventKind::Stale => "stale",
        EventKind::Dead => "dead",
    };
    let sql = "INSERT INTO revocation_events (seq, selector, target, kind, reason, at, forget_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let row = params![
        number(seq),
        selector,
        target,
        kind,
        event.reason.as_str(),
        to_sql(event.at),
        to_sql(event.forget_at)
    ];
    execute(connection, sql, row).map(drop)
}

/// Moves the log to the newest number of this transaction.
pub(crate) fn advance_log(connection: &Connection, seq: u64) -> Result<(), Failure> {
    execute(connection, "UPDATE revocation_log SET seq = ?1 WHERE only_row = 1", [number(seq)]).map(drop)
}

fn selector(selector: &Selector) -> (&'static str, Option<Cow<'_, str>>) {
    match selector {
        Selector::Token(jti) => ("token", Some(jti.into())),
        Selector::Session(sid) => ("session", Some(sid.to_string().into())),
        Selector::Subject(sub) => ("subject", Some(sub.to_string().into())),
        Selector::Organization(org_id) => ("organization", Some(org_id.as_str().into())),
        Selector::Client(client_id) => ("client", Some(client_id.as_str().into())),
        Selector::Key(kid) => ("key", Some(kid.as_str().into())),
        Selector::Everything => ("everything", None),
    }
}

/// A million events a second take 292,000 years to get past the end.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
