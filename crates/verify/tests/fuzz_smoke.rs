//! The fuzz targets on a stable compiler: good inputs, damaged in many ways, from a fixed seed.

#[path = "../../../fuzz/src/damage.rs"]
#[expect(unreachable_pub, reason = "shared with the smoke test of another crate")]
mod damage;

#[path = "../../../fuzz/src/verify.rs"]
#[expect(unreachable_pub, reason = "a crate of its own when it is fuzzed")]
mod targets;

use proptest::prelude::*;

/// What these parsers trip over.
const TRAPS: &[&[u8]] = &[
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b": ",
    b"data:",
    b"event: other\n",
    b"; __Host-at=x",
    b"__Host-at=\n",
    b" ",
    b"\t",
    b"\0",
    b"\xff",
    b"s:none\n",
    b"o:https://app.example\n",
    b"x:1\n",
    b"18446744073709551615",
    b"-1",
];

#[test]
fn cookies_and_the_headers_of_browsers() {
    let good: [&[u8]; 6] = [
        b"a=1; __Host-at=token; b=2\ns:same-origin",
        b"a=1\n__Host-at=token\no:https://app.example\ns:cross-site",
        b"__Host-at=\nx:1",
        b"__Host-at=one; __Host-at=two\ns:none\ns:none",
        b"https://app.example",
        b"https://[::1]:8443",
    ];
    damage::run(good.map(<[u8]>::to_vec).to_vec(), TRAPS, targets::cookies);
}

#[test]
fn the_stream_of_the_feed() {
    let batch = |epoch: u32, after: u64, events: &str| {
        let head = after + 2;
        format!(
            r#"{{"iss":"i","aud":"handstamp-revocations","iat":1800000000,"exp":1800000600,"time_ms":1800000000000,"epoch":{epoch},"after":{after},"through":{head},"head":{head},"events":[{events}],"selector_key":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}}"#
        )
    };
    let event = |seq: u64, level: &str| {
        format!(
            r#"{{"seq":{seq},"level":"{level}","sel":"BwcHBwcHBwcHBwcHBwcHBw","kind":"dead","reason":"r","at":1800000000,"forget_at":1800000660,"sub":"CAgICAgICAgICAgICAgICA"}}"#
        )
    };
    let first = batch(1, 0, &format!("{},{}", event(1, "sid"), event(2, "kid")));
    let second = batch(1, 2, &event(3, "jti"));
    let rebuilt = batch(2, 0, &event(2, "sub"));
    let stream = format!(
        ": hello\n\nevent: batch\nid: 1.2\ndata: {first}\n\ndata:{second}\r\n\r\ndata: {rebuilt}\r\r"
    );
    let other = format!("event: other\ndata: {first}\n\nevent: batch\ndata: {second}\n\ndata: unfinished\n");
    damage::run(
        vec![stream.into_bytes(), other.into_bytes(), b"data\ndata:\n\n".to_vec()],
        TRAPS,
        targets::revocation_feed,
    );
}

#[test]
fn the_life_of_a_log() {
    damage::run_on(prop::collection::vec(any::<u8>(), 0..64), targets::revocation_log);
}

#[test]
fn lists_of_statuses() {
    // The examples of the specification, of one bit and of two.
    let texts = ["eNrbuRgAAhcBXQ", "eNo76fITAAPfAgc"];
    let mut good: Vec<Vec<u8>> = texts.map(|text| text.as_bytes().to_vec()).to_vec();
    good.extend(texts.map(|text| base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text).expect("base64url")));
    damage::run(good, TRAPS, targets::status_list);
}
