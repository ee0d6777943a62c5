//! The fuzz targets on a stable compiler: good inputs, damaged in many ways, from a fixed seed.

#[path = "../../../fuzz/src/verify.rs"]
#[expect(unreachable_pub, reason = "a crate of its own when it is fuzzed")]
mod targets;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

const CASES: u32 = 400;

/// Bytes replaced, pieces cut out, doubled or spliced in from a list of what parsers trip over.
fn damage(good: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    const TRAPS: [&[u8]; 18] = [
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
    let piece = prop_oneof![
        prop::sample::select(TRAPS.to_vec()).prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    let edit = (any::<prop::sample::Index>(), 0..8_usize, piece);
    (prop::sample::select(good), prop::collection::vec(edit, 0..4)).prop_map(|(mut bytes, edits)| {
        for (at, removed, piece) in edits {
            let start = at.index(bytes.len() + 1);
            let end = bytes.len().min(start + removed);
            bytes.splice(start..end, piece);
        }
        bytes
    })
}

fn run(good: Vec<Vec<u8>>, target: fn(&[u8])) {
    for input in &good {
        target(input);
    }
    run_on(damage(good), target);
}

fn run_on(inputs: impl Strategy<Value = Vec<u8>>, target: fn(&[u8])) {
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[17; 32]);
    let outcome = TestRunner::new_with_rng(config, rng).run(&inputs, |input| {
        target(&input);
        Ok(())
    });
    outcome.expect("the target holds");
}

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
    run(good.map(<[u8]>::to_vec).to_vec(), targets::cookies);
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
    run(vec![stream.into_bytes(), other.into_bytes(), b"data\ndata:\n\n".to_vec()], targets::revocation_feed);
}

#[test]
fn the_life_of_a_log() {
    run_on(prop::collection::vec(any::<u8>(), 0..64), targets::revocation_log);
}

#[test]
fn lists_of_statuses() {
    // The examples of the specification, of one bit and of two.
    let texts = ["eNrbuRgAAhcBXQ", "eNo76fITAAPfAgc"];
    let mut good: Vec<Vec<u8>> = texts.map(|text| text.as_bytes().to_vec()).to_vec();
    good.extend(texts.map(|text| base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text).expect("base64url")));
    run(good, targets::status_list);
}
