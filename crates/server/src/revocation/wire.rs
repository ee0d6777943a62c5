use handstamp_api_types::revocation::{RevocationEvent, RevocationKind, RevocationLevel};
use handstamp_core::model::{self, EventKind, Selector};
use handstamp_token::UnixTime;
use handstamp_verify::revocation::SelectorKey;
use jiff::Timestamp;

/// Says an event of the log the way it travels: selectors as keyed hashes of what stands in tokens.
pub(super) fn event(event: &model::RevocationEvent, key: &SelectorKey) -> RevocationEvent {
    let (level, value) = selector(&event.event.selector);
    RevocationEvent {
        seq: event.seq,
        level,
        sel: value.map(|value| key.hash(level, &value)),
        kind: match event.event.kind {
            EventKind::Stale => RevocationKind::Stale,
            EventKind::Dead => RevocationKind::Dead,
        },
        reason: event.event.reason.as_str().to_owned(),
        at: UnixTime::from_secs(event.event.at.as_second()),
        forget_at: rounded_up(event.event.forget_at),
        sub: None,
        org: None,
    }
}

fn selector(selector: &Selector) -> (RevocationLevel, Option<String>) {
    match selector {
        Selector::Token(jti) => (RevocationLevel::Token, Some(jti.clone())),
        Selector::Session(sid) => (RevocationLevel::Session, Some(sid.to_string())),
        Selector::Subject(sub) => (RevocationLevel::Subject, Some(sub.to_string())),
        Selector::Organization(org) => (RevocationLevel::Organization, Some(org.to_string())),
        Selector::Client(client) => (RevocationLevel::Client, Some(client.to_string())),
        Selector::Key(kid) => (RevocationLevel::Key, Some(kid.as_str().to_owned())),
        Selector::Everything => (RevocationLevel::All, None),
    }
}

/// An event forgotten a moment too early would bring a token back.
fn rounded_up(time: Timestamp) -> UnixTime {
    let part = i64::from(time.subsec_nanosecond() > 0);
    UnixTime::from_secs(time.as_second().saturating_add(part))
}
