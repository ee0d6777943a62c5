use handstamp_api_types::profile::profile_id;
use handstamp_api_types::revocation::{RevocationEvent, RevocationKind, RevocationLevel, SelectorHash};
use handstamp_core::model::{self, EventKind, Reason, Selector};
use handstamp_token::UnixTime;
use handstamp_verify::revocation::SelectorKey;
use jiff::Timestamp;

/// An event of the log the way it travels: selectors as keyed hashes of what stands in tokens. 80 bytes, and nothing elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) at: UnixTime,
    pub(super) forget_at: UnixTime,
    pub(super) sel: Option<SelectorHash>,
    pub(super) sub: Option<SelectorHash>,
    pub(super) org: Option<SelectorHash>,
    pub(super) level: RevocationLevel,
    pub(super) kind: RevocationKind,
    pub(super) reason: Reason,
}

impl Entry {
    pub(super) fn new(event: &model::RevocationEvent, key: &SelectorKey) -> Self {
        let model::RevocationEvent { seq, event } = event;
        let (level, value) = selector(&event.selector);
        let user = event.user.filter(|_| level != RevocationLevel::Subject);
        Self {
            seq: *seq,
            level,
            sel: value.map(|value| key.hash(level, &value)),
            kind: match event.kind {
                EventKind::Stale => RevocationKind::Stale,
                EventKind::Dead => RevocationKind::Dead,
            },
            reason: event.reason,
            at: UnixTime::from_secs(event.at.as_second()),
            forget_at: rounded_up(event.forget_at),
            sub: user.map(|user| key.hash(RevocationLevel::Subject, &user.to_string())),
            org: event.org_id.as_ref().map(|org| key.hash(RevocationLevel::Organization, org.as_str())),
        }
    }
}

impl From<&Entry> for RevocationEvent {
    fn from(entry: &Entry) -> Self {
        let Entry { seq, at, forget_at, sel, sub, org, level, kind, reason } = *entry;
        Self { seq, level, sel, kind, reason: reason.as_str().to_owned(), at, forget_at, sub, org }
    }
}

fn selector(selector: &Selector) -> (RevocationLevel, Option<String>) {
    match selector {
        Selector::Token(jti) => (RevocationLevel::Token, Some(jti.clone())),
        Selector::Session(sid) => (RevocationLevel::Session, Some(sid.to_string())),
        Selector::Subject(sub) => (RevocationLevel::Subject, Some(sub.to_string())),
        Selector::Profile(sub) => (RevocationLevel::Token, Some(profile_id(&sub.to_string()))),
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
