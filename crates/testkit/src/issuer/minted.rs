use std::collections::BTreeMap;

use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{RevocationKind, RevocationLevel};
use handstamp_token::UnixTime;
use serde_json::{Map, Value, json};

use super::TestIssuer;

/// The list has at least as many places ahead of the tokens that were made. Empty, they take nothing on the wire.
#[cfg(feature = "http")]
const ROOM: u64 = 1 << 16;

/// The tokens that were made, as far as a status list has to know them. Empty where nobody listens: a list has an address.
#[derive(Debug, Default)]
pub(crate) struct Minted {
    next: u64,
    alive: BTreeMap<u64, Record>,
}

#[derive(Debug)]
struct Record {
    names: BTreeMap<RevocationLevel, String>,
    rev: Rev,
    exp: UnixTime,
    is_over: bool,
}

impl Minted {
    /// Gives a token its place in the list, where there is a list.
    pub(super) fn place(&mut self, claims: &mut Map<String, Value>, issuer: &TestIssuer, rev: Rev) {
        let Some(uri) = list_uri(issuer) else { return };
        if claims.contains_key("status") {
            return;
        }
        let text = |name| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let levels = [
            RevocationLevel::Token,
            RevocationLevel::Session,
            RevocationLevel::Subject,
            RevocationLevel::Organization,
            RevocationLevel::Client,
        ];
        let names = levels.into_iter().filter_map(|level| Some((level, text(level.as_str())?)));
        let exp =
            claims.get("exp").and_then(Value::as_i64).map_or(UnixTime::MAX_IN_TOKEN, UnixTime::from_secs);
        let record = Record { names: names.collect(), rev, exp, is_over: false };
        let place = self.next;
        self.next += 1;
        // What has expired is refused without a look at the list.
        let now = issuer.now().saturating_sub(handstamp_verify::MAX_LEEWAY);
        self.alive.retain(|_, record| record.exp >= now);
        self.alive.insert(place, record);
        claims.insert("status".to_owned(), json!({ "status_list": { "idx": place, "uri": uri } }));
    }

    /// Ends those that an event hits. A list has no word for "stale".
    pub(super) fn revoke(&mut self, level: RevocationLevel, value: &str, kind: RevocationKind, rev: Rev) {
        if kind == RevocationKind::Stale {
            return;
        }
        for record in self.alive.values_mut().filter(|record| record.rev.seq < rev.seq) {
            record.is_over |=
                level == RevocationLevel::All || record.names.get(&level).is_some_and(|name| name == value);
        }
    }

    /// Returns the list, one bit for each place, lowest first (Token Status List §4.1), with room for those that come while a reader
    /// keeps it: a place that is not there is one that readers have to refuse.
    #[cfg(feature = "http")]
    pub(crate) fn bits(&self) -> Vec<u8> {
        let len = (self.next / ROOM + 2) * ROOM / 8;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        for (place, _) in self.alive.iter().filter(|(_, record)| record.is_over) {
            let byte = usize::try_from(place / 8).ok().and_then(|index| bytes.get_mut(index));
            if let Some(byte) = byte {
                *byte |= 1 << (place % 8);
            }
        }
        bytes
    }
}

#[cfg(feature = "http")]
fn list_uri(issuer: &TestIssuer) -> Option<String> {
    issuer.inner().http.is_served().then(|| crate::http::status_list_uri(issuer))
}

#[cfg(not(feature = "http"))]
fn list_uri(_: &TestIssuer) -> Option<String> {
    None
}
