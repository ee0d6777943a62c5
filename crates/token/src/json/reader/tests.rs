//! The reader reads what the tape reads, or gives up.
#![expect(clippy::zero_sized_map_values, reason = "what is read counts here, not what is kept")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;

use proptest::prelude::*;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Expected, ExpectedNames, Limits, Passed, Watch, read, read_watched};
use crate::json::{Document, Span};

const LIMITS: Limits = Limits { depth: 6, children: 40 };

/// Writes down the members it sees.
#[derive(Debug, Default, PartialEq)]
struct Notes(Vec<(String, Option<Span>)>);

impl Watch for Notes {
    fn place(name: &str) -> u8 {
        name.bytes().fold(0, u8::wrapping_add)
    }

    fn name(&mut self, name: &str) {
        self.0.push((name.to_owned(), None));
    }

    fn value(&mut self, place: u8, _: Passed, span: Span) {
        assert_eq!(self.0.last().map(|(name, _)| Self::place(name)), Some(place));
        self.0.last_mut().expect("a name comes first").1 = Some(span);
    }
}

fn by_tape<T: DeserializeOwned>(text: &str) -> Option<T> {
    Document::parse_text(text, LIMITS).ok()?.root().deserialize().ok()
}

/// Reads in every way there is; `None` where the reader gives up. What it reads must be what the tape reads.
fn agreed<T: DeserializeOwned + PartialEq + Debug>(text: &str) -> Option<T> {
    let value = read::<T>(text, LIMITS).ok();
    for object in ["{}", EVERYTHING, r#"{"a":1,"b":2,"x":3,"sub":4,"k":5,"y":6}"#] {
        agreed_watched::<T>(text, expecting(object).as_slice());
    }
    if let Some(value) = &value {
        assert_eq!(Some(value), by_tape(text).as_ref(), "{text}");
    }
    value
}

/// What there is to expect after this object.
fn expecting(text: &str) -> ExpectedNames {
    ExpectedNames::like::<Notes>(&Document::parse_text(text, LIMITS).expect("a document"))
}

fn agreed_watched<T: DeserializeOwned + PartialEq + Debug>(text: &str, expected: &[Expected]) {
    let mut notes = Notes::default();
    let watched = read_watched::<T, _>(text, LIMITS, expected, &mut notes).ok();
    if let Some(watched) = &watched {
        assert_eq!(Some(watched), by_tape(text).as_ref(), "{text}");
        let document = Document::parse_text(text, LIMITS).expect("read by the tape as well");
        let scalar =
            |value: crate::json::Value<'_, '_>| value.elements().next().is_none() && !value.is_object();
        let source = |value: crate::json::Value<'_, '_>| scalar(value).then(|| value.span());
        let members = document.root().members().map(|(name, value)| (name.into_owned(), source(value)));
        let passed = notes.0.iter().map(|(name, span)| (name.clone(), span.expect("a value follows")));
        let members: Vec<(String, Option<Span>)> = members.collect();
        for ((name, span), (member, node)) in passed.zip(&members) {
            assert_eq!(&name, member);
            let Some(node) = node else { continue };
            // Spans on the tape leave out the quotes.
            let span = if span.of(text).starts_with('"') { span.inside() } else { span };
            assert!(span == *node || span.of(text) == "[]", "{span:?} is not {node:?} in {text}");
        }
        assert_eq!(notes.0.len(), members.len());
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    count: Option<u32>,
    #[serde(default)]
    ratio: f64,
    #[serde(default)]
    yes: bool,
    #[serde(default)]
    letter: Option<char>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    pair: Option<(i64, String)>,
    #[serde(default)]
    level: Option<Level>,
    #[serde(default)]
    inner: BTreeMap<String, Inner>,
    #[serde(default)]
    any: Value,
    #[serde(default)]
    ignored: IgnoredAny,
    #[serde(default)]
    nothing: (),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Low,
    High,
    Exactly(u8),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Inner(i8);

const EVERYTHING: &str = r#" { "sub" : "ada" , "count":7,"ratio":-1.5e3,"yes":true,"letter":"é","roles":["a","b\n"],
    "pair":[-9223372036854775808,"x"],"level":"high","inner":{"a":1,"b":-128},"any":{"deep":[[1],{"x":null}],"n":18446744073709551615},
    "ignored":{"a":[{},{"b":[false]}],"c":"\ud83d\ude00","d":-0.5},"nothing":null,"unknown":[{"a":1}] } "#;

#[test]
fn every_kind_of_value_is_read_as_the_tape_reads_it() {
    let claims: Claims = agreed(EVERYTHING).expect("nothing unusual");
    assert_eq!(claims.sub, "ada");
    assert_eq!(claims.roles, ["a", "b\n"]);
    assert!(agreed::<Value>(EVERYTHING).is_some());
    assert!(agreed::<IgnoredAny>(EVERYTHING).is_some());
    assert!(agreed::<Option<BTreeMap<String, Value>>>(EVERYTHING).is_some());
    for number in ["0", "-0", "1", "-1", "123456789012345678", "9223372036854775808", "1e3", "0.25"] {
        assert!(agreed::<Value>(&format!(r#"{{"n":{number}}}"#)).is_some(), "{number}");
    }
}

#[test]
fn what_is_out_of_the_ordinary_is_left_to_the_tape() {
    let names: Vec<String> = (0..33).map(|name| format!(r#""n{name}":0"#)).collect();
    let many = format!("{{{}}}", names.join(","));
    for text in [r#"{"\u0061":1}"#, many.as_str()] {
        assert_eq!(agreed::<Value>(text), None, "{text}");
        assert!(by_tape::<Value>(text).is_some(), "{text}");
    }
    assert_eq!(agreed::<Claims>(r#"{"sub":"ada","level":{"exactly":3}}"#), None);
}

#[test]
fn what_the_tape_refuses_the_reader_does_not_read() {
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(6), "]".repeat(6));
    let broad = format!(r#"{{"a":[0{}]}}"#, ",0".repeat(40));
    let texts = [
        "",
        "{",
        "{}x",
        "{} {}",
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":1}"#,
        r#"{"a":{"b":1,"b":1}}"#,
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        "{a:1}",
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":1e999}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\ud800"}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":tru}"#,
        r#"{"a":[1 2]}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":nul}"#,
        r#"{"a":-}"#,
        "{,}",
        &deep,
        &broad,
    ];
    for text in texts {
        assert!(by_tape::<Value>(text).is_none(), "{text}");
        assert_eq!(agreed::<Value>(text), None, "{text}");
        assert_eq!(agreed::<IgnoredAny>(text), None, "{text}");
        assert_eq!(agreed::<BTreeMap<String, IgnoredAny>>(text), None, "{text}");
    }
}

#[test]
fn names_that_were_expected_are_still_compared() {
    let reads = |text: &str| {
        let expected = expecting(r#"{"a":1,"b":2,"c":3,"d":4}"#);
        let all = read_watched::<Value, _>(text, LIMITS, expected.as_slice(), &mut Notes::default());
        all.is_ok_and(|all| all.as_object().is_some_and(|all| all.len() == text.matches(':').count()))
    };
    for good in [
        r#"{"a":1,"b":2,"c":3,"d":4}"#,
        r#"{"a":1,"b":2}"#,
        r#"{"b":1,"c":2}"#,
        r#"{"d":1,"c":2,"b":3,"a":4}"#,
        r#"{"a":1,"x":2,"b":3}"#,
        r#"{"b":1,"a":2,"c":3}"#,
        r#"{ "a" : 1, "b": 2, "c" :3}"#,
        "{}",
        r#"{"ab":1,"A":2,"a":3}"#,
    ] {
        assert!(reads(good), "{good}");
    }
    for bad in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"a":1,"b":2,"c":3,"d":4,"d":5}"#,
        r#"{"b":1,"c":2,"b":3}"#,
        r#"{"d":1,"a":2,"d":3}"#,
        r#"{"c":1,"a":2,"b":3,"c":4}"#,
        r#"{"x":1,"a":2,"x":3,"b":4}"#,
        r#"{"b":1,"a":2,"c":3,"a":4}"#,
    ] {
        assert!(!reads(bad), "{bad}");
    }
    assert_eq!(
        expecting(&format!("{{{}}}", (0..40).map(|n| format!(r#""{n}":0"#)).collect::<Vec<_>>().join(",")))
            .as_slice()
            .len(),
        32
    );
}

/// Reads a `T`, or nothing where that fails.
#[derive(Debug, PartialEq, Default)]
struct Lenient<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(T::deserialize(deserializer).ok()))
    }
}

#[test]
fn a_type_that_swallows_errors_cannot_make_the_reader_lose_its_place() {
    type Swallowing = BTreeMap<String, Lenient<Vec<u8>>>;
    // After the error inside the array, a reader that went on would take the rest for members.
    assert_eq!(agreed::<Swallowing>(r#"{"a":[1,"x","k":[2]}"#), None);
    assert_eq!(agreed::<Swallowing>(r#"{"a":[1,"x"],"k":[2]}"#), None);
    assert!(by_tape::<Swallowing>(r#"{"a":[1,"x"],"k":[2]}"#).is_some());
    assert_eq!(agreed::<BTreeMap<String, Lenient<u8>>>(r#"{"a":"x","b":1}"#), None);
    assert!(agreed::<Swallowing>(r#"{"a":[1],"k":[2]}"#).is_some());
    // An error that comes at the very end leaves nothing behind it that would tell.
    for unfinished in [r#"{"a":1"#, r#"{"sub":"x","a":[1]"#, r#"{"a":1,"a":2"#] {
        assert_eq!(agreed::<Lenient<IgnoredAny>>(unfinished), None, "{unfinished}");
        assert_eq!(agreed::<Lenient<Hasty<true>>>(unfinished), None, "{unfinished}");
    }
    assert!(agreed::<Lenient<Hasty<true>>>(r#"{"a":1,"b":2}"#).is_some());
}

/// Never looks at what it is read from.
#[derive(Debug, PartialEq)]
struct Blind;

impl<'de> Deserialize<'de> for Blind {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

/// Takes the first name and no more, or the first member.
#[derive(Debug, PartialEq)]
struct Hasty<const WITH_VALUE: bool>(Option<String>);

impl<'de, const WITH_VALUE: bool> Deserialize<'de> for Hasty<WITH_VALUE> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct First<const WITH_VALUE: bool>;
        impl<'de, const WITH_VALUE: bool> Visitor<'de> for First<WITH_VALUE> {
            type Value = Hasty<WITH_VALUE>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let name = map.next_key()?;
                if WITH_VALUE && name.is_some() {
                    map.next_value::<IgnoredAny>()?;
                }
                Ok(Hasty(name))
            }
        }
        deserializer.deserialize_map(First)
    }
}

/// Takes one element and no more.
#[derive(Debug, PartialEq)]
struct FirstOnly<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for FirstOnly<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct First<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for First<T> {
            type Value = FirstOnly<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                seq.next_element().map(FirstOnly)
            }
        }
        deserializer.deserialize_seq(First(PhantomData))
    }
}

#[test]
fn a_type_that_stops_early_leaves_nothing_unchecked() {
    let good = r#"{"x":{"a":1,"b":[2]},"y":{}}"#;
    assert!(agreed::<BTreeMap<String, Hasty<true>>>(good).is_some());
    assert!(agreed::<BTreeMap<String, Hasty<false>>>(good).is_some());
    assert!(agreed::<Hasty<false>>(good).is_some());
    for bad in
        [r#"{"x":{"a":1,"b":[2,]},"y":{}}"#, r#"{"x":{"a":1,"a":2},"y":{}}"#, r#"{"x":{"a":tru},"y":{}}"#]
    {
        assert_eq!(agreed::<BTreeMap<String, Hasty<true>>>(bad), None, "{bad}");
        assert_eq!(agreed::<BTreeMap<String, Hasty<false>>>(bad), None, "{bad}");
        assert_eq!(agreed::<Hasty<true>>(bad), None, "{bad}");
    }
    assert_eq!(agreed::<BTreeMap<String, FirstOnly<u8>>>(r#"{"x":[1,2]}"#), None);
    assert!(agreed::<BTreeMap<String, FirstOnly<u8>>>(r#"{"x":[1],"y":[]}"#).is_some());
    assert_eq!(agreed::<BTreeMap<String, Blind>>(r#"{"x":1}"#), None);
    assert_eq!(agreed::<Blind>("{}"), None);
}

/// A text like JSON: pieces of it in any order, or a good one with a byte changed.
fn almost_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just("\"a\""),
        Just("\"sub\""),
        Just("\"b\\n\""),
        Just("1"),
        Just("-0.5"),
        Just("true"),
        Just("null"),
        Just(" "),
        Just("\"a\":"),
        Just("{\"a\":1}"),
        Just("[]"),
        Just("\""),
    ];
    let pieces = prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat());
    let object = pieces.clone().prop_map(|inside| format!(r#"{{"sub":"x",{inside}}}"#));
    let changed = (0..EVERYTHING.len(), any::<char>(), 0..3_usize).prop_map(|(at, new, cut)| {
        let chars: Vec<char> = EVERYTHING.chars().collect();
        let (head, tail) = chars.split_at(at.min(chars.len()));
        head.iter().chain([&new]).chain(tail.iter().skip(cut)).collect()
    });
    prop_oneof![pieces, object, changed]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn reader_and_tape_never_disagree(text in almost_json()) {
        agreed::<Value>(&text);
        agreed::<IgnoredAny>(&text);
        agreed::<Claims>(&text);
        agreed::<BTreeMap<String, Lenient<Vec<u8>>>>(&text);
        agreed::<BTreeMap<String, Hasty<false>>>(&text);
        agreed::<BTreeMap<String, Blind>>(&text);
    }
}
