//! What `handstamp-verify` reads of browsers and of the auth service. `crates/verify/tests/fuzz_smoke.rs` runs them on a stable
//! compiler.

use std::time::Duration;

use base64_simd::URL_SAFE_NO_PAD;
use handstamp_api_types::Rev;
use handstamp_api_types::revocation::{
    BATCH_AUDIENCE, MAX_EARLIER_EPOCHS, RevocationBatch, RevocationEvent, RevocationKind, RevocationLevel,
    SelectorKeyText,
};
use handstamp_token::UnixTime;
use handstamp_verify::cookies::{CookieError, Cookies};
use handstamp_verify::csrf::{AllowedOrigins, decide};
use handstamp_verify::revocation::status_list::{ListError, Status, StatusList};
use handstamp_verify::revocation::{
    FollowError, FollowOptions, Follower, Memo, Moment, Progress, Revocations, SelectorKey, SilencePolicy,
    TokenIdentity, Verdict,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

// The feed's reader is nobody's interface, so it is compiled in here once more: it is the first to see what the network sends.
#[path = "../../crates/verify/src/revocation/feed/sse.rs"]
mod sse;

const COOKIE: &str = "__Host-at";
const NOW: Moment = Moment { elapsed: Duration::ZERO, wall: UnixTime::from_secs(1_800_000_000) };
const KEY: [u8; 32] = [7; 32];

/// Lines as request headers: `s:` is `Sec-Fetch-Site`, `o:` is `Origin`, `x:` is `X-Handstamp`, any other line a `Cookie`.
pub fn cookies(data: &[u8]) {
    let mut headers = HeaderMap::new();
    let mut lines: Vec<&[u8]> = Vec::new();
    for line in data.split(|byte| *byte == b'\n') {
        let (name, value) = match line {
            [b's', b':', value @ ..] => (HeaderName::from_static("sec-fetch-site"), value),
            [b'o', b':', value @ ..] => (header::ORIGIN, value),
            [b'x', b':', value @ ..] => (HeaderName::from_static("x-handstamp"), value),
            // HTTP has taken the white space around a value away.
            _ => (header::COOKIE, line.trim_ascii()),
        };
        let Ok(read) = HeaderValue::from_bytes(value) else { continue };
        if name == header::COOKIE {
            lines.push(value);
        }
        headers.append(name, read);
    }
    one_cookie(&headers, &lines);
    one_decision(&headers);
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(origins) = AllowedOrigins::new([text])
    {
        assert!(origins.contains(text), "an origin is kept as it was given");
        assert_eq!(AllowedOrigins::new(origins.iter()), Ok(origins.clone()));
    }
}

/// Counts the cookies by another road, and looks whether the header may be split, as HTTP/2 does.
fn one_cookie(headers: &HeaderMap, lines: &[&[u8]]) {
    let found = Cookies::new(headers).get(COOKIE);
    let mut joined = HeaderMap::new();
    let whole = HeaderValue::from_bytes(&lines.join(&b"; "[..])).expect("each line is a value");
    joined.append(header::COOKIE, whole);
    assert_eq!(found, Cookies::new(&joined).get(COOKIE), "one header or many");

    let named = format!("{COOKIE}=").into_bytes();
    let values: Vec<&[u8]> = lines
        .iter()
        .flat_map(|line| line.split(|byte| *byte == b';'))
        .filter_map(|pair| pair.strip_prefix(b" ").unwrap_or(pair).strip_prefix(named.as_slice()))
        .collect();
    match found {
        Ok(None) => assert!(values.is_empty() || values == [b""]),
        Ok(Some(value)) => {
            assert_eq!(values, [value.as_bytes()]);
            assert!(value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)));
        }
        Err(CookieError::Duplicate { .. }) => assert!(values.len() > 1),
        Err(refused) => {
            assert_eq!(values.len(), 1);
            assert!(!refused.to_string().contains('\n'));
        }
    }
}

/// The rule of the documentation, written a second time.
fn one_decision(headers: &HeaderMap) {
    let allowed = AllowedOrigins::new(["https://app.example"]).expect("an origin");
    let all = |name: &str| headers.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
    let (sites, origins, custom) = (all("sec-fetch-site"), all("origin"), all("x-handstamp"));
    let may_pass = match (&sites[..], &origins[..]) {
        ([b"same-origin" | b"none"], _) | ([] | [_], [b"https://app.example"]) => true,
        ([], []) => custom == [&b"1"[..]],
        _ => false,
    };
    let decided = decide(&Method::POST, headers, &allowed);
    assert_eq!(decided.is_ok(), may_pass, "{headers:?}");
    if let Err(refused) = decided {
        assert!(!refused.to_string().contains('\n'), "{refused}");
    }
    assert!(decide(&Method::GET, headers, &allowed).is_ok());
}

/// Any bytes as an event stream, and what is in its events as batches whose signature is good.
pub fn revocation_feed(data: &[u8]) {
    let whole = read_in_pieces(data, data.len().max(1));
    for size in [1, 2, 7] {
        assert_eq!(whole, read_in_pieces(data, size), "the same events in pieces of {size}");
    }
    let (_, mut follower) = Revocations::follow(FollowOptions { max_events: 8 });
    for text in whole.unwrap_or_default() {
        assert!(!text.contains('\r'), "a line ends there");
        let Ok(batch) = serde_json::from_str::<RevocationBatch>(&text) else { continue };
        let written = serde_json::to_string(&batch).expect("written");
        assert_eq!(serde_json::from_str::<RevocationBatch>(&written).expect("what we write, we read"), batch);
        apply(&mut follower, &batch);
    }
}

fn read_in_pieces(data: &[u8], size: usize) -> Result<Vec<String>, sse::TooLong> {
    let mut reader = sse::EventReader::default();
    let pieces: Result<Vec<_>, _> = data.chunks(size).map(|piece| reader.push(piece)).collect();
    Ok(pieces?.concat())
}

fn apply(follower: &mut Follower, batch: &RevocationBatch) {
    let before = follower.position();
    match follower.apply_local(batch, NOW) {
        Ok(progress) => {
            let position = follower.position().expect("a batch was applied");
            assert_eq!(position.epoch, batch.epoch);
            assert!(
                progress == Progress::Behind || position.seq >= batch.head,
                "current, and not at the head"
            );
        }
        Err(FollowError::Malformed(problem)) => {
            assert_eq!(follower.position(), before, "nothing of it is used");
            assert!(!problem.to_string().contains('\n'));
        }
        Err(FollowError::Gap { after, .. }) => assert_eq!(after, batch.after),
        Err(refused) => assert!(!refused.to_string().contains('\n'), "{refused}"),
    }
    follower.tick(NOW);
}

/// Bytes as the life of a log, two at a time: an event is written, a stretch of the log is delivered, in any order and any number
/// of times, or the database goes back and a new epoch begins. Whatever arrived, nobody who is revoked passes, and nobody else is
/// refused.
pub fn revocation_log(data: &[u8]) {
    let (roomy, mut roomy_follower) = Revocations::follow(FollowOptions::default());
    let (cramped, mut cramped_follower) = Revocations::follow(FollowOptions { max_events: 3 });
    let mut log = Log::default();
    // A long log adds nothing but time.
    for step in data.chunks_exact(2).take(96) {
        let (what, how) = (step[0], u64::from(step[1]));
        match what {
            0x7f => log.begin_epoch(step[1] % 4),
            0..0x7f => log.events.push(event(log.head() + 1, what, step[1])),
            0x80.. => {
                let after = how % (log.head() + 1);
                let through = after + u64::from(what & 0x7f) % (log.head() - after + 1);
                let batch = log.batch(after, through);
                for follower in [&mut roomy_follower, &mut cramped_follower] {
                    apply(follower, &batch);
                }
            }
        }
    }
    let (fresh, mut fresh_follower) = Revocations::follow(FollowOptions::default());
    let everything = log.batch(0, log.head());
    for follower in [&mut roomy_follower, &mut cramped_follower, &mut fresh_follower] {
        assert_eq!(follower.apply_local(&everything, NOW), Ok(Progress::Current));
    }
    for at in log.positions() {
        for who in 0..3 {
            let names = names(who);
            let token = token_of(&names, at);
            let expected = log.by_the_book(&names, at);
            assert_eq!(check(&fresh, &token), expected, "{who} at {at}");
            // What the database has lost is still held by who was told of it.
            let told = check(&roomy, &token);
            assert!(told == expected || (log.has_lost && told > expected), "{who} at {at}: {told:?}");
            // Widened for lack of room, never narrowed.
            assert!(check(&cramped, &token) >= expected.map(|_| RevocationKind::Stale), "{who} at {at}");
        }
    }
}

/// A log as an issuer keeps it.
#[derive(Default)]
struct Log {
    events: Vec<RevocationEvent>,
    /// The epochs that were left, each with where the next one goes on from.
    earlier: Vec<Rev>,
    has_lost: bool,
}

impl Log {
    fn epoch(&self) -> u32 {
        self.earlier.last().map_or(1, |last| last.epoch + 1)
    }

    fn head(&self) -> u64 {
        self.events.last().map_or(0, |event| event.seq)
    }

    /// The database loses its last events and goes on in a new epoch, if there is room for one more.
    fn begin_epoch(&mut self, lost: u8) {
        if self.earlier.len() == MAX_EARLIER_EPOCHS {
            return;
        }
        let border = self.earlier.last().map_or(0, |last| last.seq);
        for _ in 0..lost {
            // An older backup than the last one has lost that epoch too, which is another story.
            if self.head() > border {
                self.events.pop();
                self.has_lost = true;
            }
        }
        let end = Rev { epoch: self.epoch(), seq: self.head().max(border) };
        self.earlier.push(end);
        let mut rebuilt = event(end.seq + 1_000, 6, 0x40);
        rebuilt.kind = RevocationKind::Stale;
        self.events.push(rebuilt);
    }

    /// Returns every position of the last epochs that a token can have, and some that nothing is known of.
    fn positions(&self) -> Vec<Rev> {
        let epochs = self.earlier.iter().map(|rev| rev.epoch).chain([self.epoch()]);
        let seqs = || self.events.iter().map(|event| event.seq).chain([0, self.head() + 1]);
        epochs.flat_map(|epoch| seqs().map(move |seq| Rev { epoch, seq })).take(200).collect()
    }

    fn batch(&self, after: u64, through: u64) -> RevocationBatch {
        let wanted = self.events.iter().filter(|event| event.seq > after && event.seq <= through);
        RevocationBatch {
            iss: "https://auth.example".to_owned(),
            aud: BATCH_AUDIENCE.to_owned(),
            iat: NOW.wall,
            exp: NOW.wall.saturating_add(Duration::from_mins(10)),
            time_ms: 1_800_000_000_000,
            epoch: self.epoch(),
            earlier: self.earlier.clone(),
            after,
            through,
            head: self.head(),
            events: wanted.cloned().collect(),
            nonce: None,
            selector_key: Some(SelectorKeyText(KEY)),
        }
    }

    /// The worst of all events that match and are newer than the token. A number belongs to the epoch that gave it out.
    fn by_the_book(&self, names: &[String; 7], at: Rev) -> Option<RevocationKind> {
        let key = SelectorKey::from_bytes(KEY);
        let hits = |event: &&RevocationEvent| {
            let place =
                RevocationLevel::ALL.iter().position(|level| *level == event.level).expect("all are there");
            event.sel.is_none_or(|sel| sel == key.hash(event.level, &names[place]))
        };
        let given_out_in = |seq: u64| {
            self.earlier.iter().find(|border| seq <= border.seq).map_or(self.epoch(), |border| border.epoch)
        };
        let counts = |event: &&RevocationEvent| {
            (given_out_in(event.seq), event.seq) > (at.epoch, at.seq) || event.level == RevocationLevel::Key
        };
        self.events.iter().filter(counts).filter(hits).map(|event| event.kind).max()
    }
}

/// The names of one of three tokens, in the order of [`RevocationLevel::ALL`]. The second and third share all but the narrowest.
fn names(who: u8) -> [String; 7] {
    RevocationLevel::ALL.map(|level| match level {
        RevocationLevel::Token | RevocationLevel::Session => format!("{}-{who}", level.as_str()),
        _ => format!("{}-{}", level.as_str(), who.min(1)),
    })
}

fn token_of(names: &[String; 7], rev: Rev) -> TokenIdentity<'_> {
    let [jti, sid, sub, org_id, client_id, kid, _] = names;
    TokenIdentity {
        rev: Some(rev),
        kid,
        jti,
        sid: Some(sid),
        sub,
        org_id: Some(org_id),
        client_id: Some(client_id),
        iat: NOW.wall,
    }
}

fn event(seq: u64, level: u8, who: u8) -> RevocationEvent {
    let level = RevocationLevel::ALL[usize::from(level) % RevocationLevel::ALL.len()];
    let names = names(who % 3);
    let key = SelectorKey::from_bytes(KEY);
    let hash = |level: RevocationLevel| {
        let at = RevocationLevel::ALL.iter().position(|other| *other == level).expect("all are there");
        key.hash(level, &names[at])
    };
    let is_narrow = matches!(level, RevocationLevel::Token | RevocationLevel::Session);
    RevocationEvent {
        seq,
        level,
        sel: (level != RevocationLevel::All).then(|| hash(level)),
        kind: if who & 0x40 == 0 { RevocationKind::Dead } else { RevocationKind::Stale },
        reason: "operator".to_owned(),
        at: NOW.wall,
        forget_at: NOW.wall.saturating_add(Duration::from_mins(11)),
        sub: (is_narrow && who & 0x20 == 0).then(|| hash(RevocationLevel::Subject)),
        org: (is_narrow && who & 0x10 == 0).then(|| hash(RevocationLevel::Organization)),
    }
}

fn check(revocations: &Revocations, token: &TokenIdentity<'_>) -> Option<RevocationKind> {
    match revocations.check(token, &Memo::default(), SilencePolicy::refuse(), NOW.wall) {
        Verdict::Pass => None,
        Verdict::Stale { .. } => Some(RevocationKind::Stale),
        Verdict::Dead => Some(RevocationKind::Dead),
        Verdict::Unavailable { .. } => panic!("the list is there, and news is fresh"),
    }
}

/// Any text as the `lst` of a status list, and any bytes as what is compressed in it.
pub fn status_list(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        read_list(text);
    }
    read_list(&URL_SAFE_NO_PAD.encode_to_string(data));
}

fn read_list(text: &str) {
    let bytes = match StatusList::read(8, text) {
        Ok(list) => list,
        Err(refused) => {
            assert!(!refused.to_string().contains('\n'));
            assert_eq!(StatusList::read(1, text), Err(refused), "the width has no say in it");
            return;
        }
    };
    for width in [1, 2, 4] {
        let list = StatusList::read(width, text).expect("read as bytes");
        let per_byte = 8 / width;
        assert_eq!(list.len(), bytes.len() * per_byte);
        assert_eq!(list.is_empty(), bytes.is_empty());
        let out_of_range = ListError::OutOfRange { idx: list.len(), len: list.len() };
        assert_eq!(list.status(list.len()), Err(out_of_range));
        for at in 0..bytes.len().min(64) {
            let values = (0..per_byte).map(|i| value(&list, at * per_byte + i) << (i * width));
            assert_eq!(values.fold(0, |byte, bits| byte | bits), value(&bytes, at), "byte {at}");
        }
    }
}

fn value(list: &StatusList, idx: u64) -> u8 {
    match list.status(idx).expect("within the list") {
        Status::Valid => 0,
        Status::Invalid => 1,
        Status::Suspended => 2,
        Status::Other(other) => other,
    }
}
