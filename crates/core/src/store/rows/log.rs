//! The revocation log: where it stands, its events, and the epochs that it goes on from.

use std::borrow::Cow;

use handstamp_token::KeyId;

use super::{Fields, Unreadable};
use crate::model::{EventKind, LogPosition, NewEvent, Reason, RevocationEvent, Selector, UserId};

/// Returns the name of a kind.
pub const fn kind(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Stale => "stale",
        EventKind::Dead => "dead",
    }
}

/// Returns the name of a selector, and what it names.
pub fn selector(selector: &Selector) -> (&'static str, Option<Cow<'_, str>>) {
    match selector {
        Selector::Token(jti) => ("token", Some(jti.into())),
        Selector::Session(sid) => ("session", Some(sid.to_string().into())),
        Selector::Subject(sub) => ("subject", Some(sub.to_string().into())),
        Selector::Profile(sub) => ("profile", Some(sub.to_string().into())),
        Selector::Organization(org_id) => ("organization", Some(org_id.as_str().into())),
        Selector::Client(client_id) => ("client", Some(client_id.as_str().into())),
        Selector::Key(kid) => ("key", Some(kid.as_str().into())),
        Selector::Everything => ("everything", None),
    }
}

/// Takes the columns of the log's one row.
pub fn decode(fields: &mut Fields<'_>) -> Result<LogPosition, Unreadable> {
    let fields = fields.of("revocation_log");
    Ok(LogPosition { epoch: fields.number("epoch")?, seq: fields.number("seq")? })
}

/// Takes the two columns that say where an epoch ended.
pub fn decode_epoch(fields: &mut Fields<'_>) -> Result<LogPosition, Unreadable> {
    let fields = fields.of("revocation_epochs");
    Ok(LogPosition { epoch: fields.number("epoch")?, seq: fields.number("last_seq")? })
}

/// Takes an event's columns.
pub fn decode_event(fields: &mut Fields<'_>) -> Result<RevocationEvent, Unreadable> {
    let fields = fields.of("revocation_events");
    Ok(RevocationEvent {
        seq: fields.number("seq")?,
        event: NewEvent {
            selector: decode_selector(fields)?,
            kind: fields.name("kind", |name| match name {
                "stale" => Some(EventKind::Stale),
                "dead" => Some(EventKind::Dead),
                _ => None,
            })?,
            reason: fields.name("reason", Reason::from_name)?,
            at: fields.time("at")?,
            forget_at: fields.time("forget_at")?,
            user: fields.optional_id("user_id")?.map(UserId::from_bytes),
            org_id: fields.optional_parsed("org_id")?,
        },
    })
}

fn decode_selector(fields: &mut Fields<'_>) -> Result<Selector, Unreadable> {
    let name = fields.text("selector")?;
    Ok(match name {
        "token" => Selector::Token(fields.text("target")?.to_owned()),
        "session" => Selector::Session(fields.parsed("target")?),
        "subject" => Selector::Subject(fields.parsed("target")?),
        "profile" => Selector::Profile(fields.parsed("target")?),
        "organization" => Selector::Organization(fields.parsed("target")?),
        "client" => Selector::Client(fields.parsed("target")?),
        "key" => Selector::Key(fields.name("target", |id| KeyId::new(id).ok())?),
        "everything" => {
            fields.skip(1);
            Selector::Everything
        }
        _ => return Err(fields.unknown_name("selector", name)),
    })
}
