use handstamp_token::{Part, Rejection};
use serde::Deserialize;

use crate::support::{NOW, access_validator, claims, header, keys, signed_text, verify_payload};

/// The good claims as text, with more members in front.
fn with_members(members: &str) -> String {
    let claims = claims().to_string();
    format!("{{{members},{}", &claims[1..])
}

fn refused(payload: impl AsRef<[u8]>) -> bool {
    matches!(verify_payload(payload).err(), Some(Rejection::Json { part: Part::Payload, .. }))
}

#[test]
fn duplicate_names_are_refused_at_every_level() {
    for members in [
        r#""sub":"a""#,
        r#""a":1,"a":2"#,
        r#""a":{"b":1,"b":1}"#,
        r#""a":[{"b":{"c":[{"d":1,"d":2}]}}]"#,
        r#""":1,"":2"#,
        r#""a":1,"\u0061":2"#,
        r#""\u0061":1,"a":2"#,
        r#""a\/b":1,"a/b":2"#,
        r#""\ud83d\ude00":1,"😀":2"#,
    ] {
        assert!(refused(with_members(members)), "{members}");
    }
    assert!(verify_payload(with_members(r#""A":1,"a":1,"a ":1,"á":{"a":1}"#)).is_ok(), "these differ");
}

#[test]
fn a_duplicate_among_many_names_is_refused() {
    for count in [10_usize, 31, 32, 33, 200] {
        let many: Vec<String> = (0..count).map(|index| format!(r#""name-{index}":{index}"#)).collect();
        assert!(verify_payload(with_members(&many.join(","))).is_ok(), "{count} different names");
        for twice in [0, count / 2, count - 1] {
            let members = format!(r#"{},"name-{twice}":0"#, many.join(","));
            assert!(refused(with_members(&members)), "name-{twice} of {count}");
        }
    }
}

#[test]
fn invalid_utf8_is_refused_also_in_members_nobody_reads() {
    let mut payload = with_members(r#""ignored":"?""#).into_bytes();
    let at = payload.iter().position(|byte| *byte == b'?').expect("the mark");
    for bad in [0xff, 0xc0, 0x80] {
        payload[at] = bad;
        assert!(refused(&payload), "{bad:#x}");
    }
}

#[test]
fn nesting_is_limited_also_in_members_nobody_reads() {
    let nested = |depth: usize| format!(r#""ignored":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(verify_payload(with_members(&nested(15))).is_ok());
    assert!(refused(with_members(&nested(16))));
    assert!(refused(with_members(&nested(5_000))));
    assert!(refused(format!("{{\"a\":{}", "[".repeat(10_000))));
}

#[test]
fn breadth_is_limited() {
    let list = |count: usize| format!(r#""ignored":[{}]"#, vec!["0"; count].join(","));
    assert!(verify_payload(with_members(&list(1_024))).is_ok());
    assert!(refused(with_members(&list(1_025))));
}

#[test]
fn what_is_not_json_is_refused() {
    let good = claims().to_string();
    for payload in [
        String::new(),
        "{".to_owned(),
        format!("{good}{good}"),
        format!("{good}x"),
        format!("\u{feff}{good}"),
        good.replace(',', ",,"),
        good.replace('}', ",}"),
        good.replace('"', "'"),
        format!("{good}\0"),
        with_members("// comment\n\"a\":1"),
        with_members(r#""a":undefined"#),
        with_members(r#""a":True"#),
        with_members(r"a:1"),
        with_members(r#""a" 1"#),
        with_members(r#""a":[1 2]"#),
        with_members(r#""a":[1,]"#),
        with_members(r#""a":"#),
        with_members("\"a\":\"\u{1}\""),
        with_members("\"a\":\"line\nbreak\""),
    ] {
        assert!(refused(&payload), "{payload:?}");
    }
    assert!(verify_payload(format!(" \t\r\n{good}\n")).is_ok(), "white space is JSON");
}

#[test]
fn broken_escapes_are_refused() {
    for text in [
        r"\x41",
        r"\u12",
        r"\u12g4",
        r"\",
        r"\ud800",
        r"\udc00",
        r"\ud800\u0041",
        r"\ud800x",
        r"\uD83D\uD83D",
    ] {
        assert!(refused(with_members(&format!(r#""a":"{text}""#))), "{text}");
    }
    assert!(verify_payload(with_members(r#""a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#)).is_ok());
}

#[test]
fn numbers_are_numbers() {
    for number in [
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x10",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "--1",
        "1_000",
    ] {
        assert!(refused(with_members(&format!(r#""a":{number}"#))), "{number}");
    }
    for number in [
        "0",
        "-0",
        "-1",
        "1.5",
        "1e3",
        "1E-3",
        "18446744073709551615",
        "-9223372036854775808",
        "123456789012345678901234567890",
    ] {
        assert!(verify_payload(with_members(&format!(r#""a":{number}"#))).is_ok(), "{number}");
    }
}

// serde's derived structs accept a sequence in the order of their fields.
#[derive(Debug, Deserialize)]
struct Claims {
    #[expect(dead_code, reason = "read by serde")]
    role: String,
}

#[derive(Debug, Deserialize)]
struct Outer {
    #[expect(dead_code, reason = "read by serde")]
    inner: Claims,
}

#[test]
fn an_array_is_never_taken_for_claims() {
    let token = signed_text(header().to_string(), r#"["admin"]"#);
    let refused = access_validator().verify::<Claims>(&token, &keys(), NOW).err();
    assert_eq!(refused, Some(Rejection::NotAnObject { part: Part::Payload, actual: "an array" }));
    let token = signed_text(header().to_string(), with_members(r#""inner":["admin"]"#));
    let refused = access_validator().verify::<Outer>(&token, &keys(), NOW).err();
    let Some(Rejection::Claims { problem }) = refused else { panic!("{refused:?}") };
    insta::assert_snapshot!(problem, @"inner: invalid type: sequence, expected struct Claims");
}

#[test]
fn other_values_are_no_claims_either() {
    for (payload, actual) in
        [("null", "null"), ("1", "a number"), (r#""x""#, "a string"), ("true", "a boolean")]
    {
        let refused = verify_payload(payload).err();
        assert_eq!(refused, Some(Rejection::NotAnObject { part: Part::Payload, actual }));
    }
}
