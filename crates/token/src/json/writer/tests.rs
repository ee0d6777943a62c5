//! The writer writes what `serde_json` does, and doubts what the tape refuses.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Unwritable, Writer};
use crate::json::{Document, Limits};

fn written<T: Serialize + ?Sized>(claims: &T) -> Result<(String, bool), Unwritable> {
    let mut writer = Writer::new();
    writer.members(claims)?;
    let (json, doubtful) = writer.finish();
    Ok((String::from_utf8(json).expect("JSON is text"), doubtful))
}

fn writes_the_same<T: Serialize>(claims: &T) {
    let (json, doubtful) = written(claims).expect("an object");
    assert_eq!(json, serde_json::to_string(claims).expect("JSON"));
    assert!(!doubtful, "{json}");
}

fn refuses(json: &str) -> bool {
    Document::parse(json.as_bytes(), Limits { depth: 16, children: 1024 }).is_err()
}

#[derive(Serialize)]
struct Every {
    text: &'static str,
    letter: char,
    yes: bool,
    small: i8,
    least: i64,
    most: u64,
    huge: u128,
    half: f64,
    no_number: f64,
    nothing: (),
    none: Option<u8>,
    some: Option<u8>,
    unit: Unit,
    newtype: Newtype,
    pair: (u8, &'static str),
    variants: Vec<Variant>,
    by_number: BTreeMap<i32, bool>,
    by_letter: BTreeMap<char, Vec<u8>>,
    by_answer: BTreeMap<bool, u8>,
    empty: [u8; 0],
    inner: BTreeMap<&'static str, Value>,
    #[serde(flatten)]
    rest: BTreeMap<&'static str, u8>,
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Newtype(u8);

#[derive(Serialize)]
enum Variant {
    Plain,
    Wrapped(u8),
    Pair(u8, u8),
    Named { a: u8, b: u8 },
}

#[test]
fn every_kind_of_value_is_written_as_serde_json_writes_it() {
    writes_the_same(&Every {
        text: "quote\" backslash\\ \u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f} é 😀 /",
        letter: '"',
        yes: true,
        small: -128,
        least: i64::MIN,
        most: u64::MAX,
        huge: u128::MAX,
        half: 0.5,
        no_number: f64::NAN,
        nothing: (),
        none: None,
        some: Some(1),
        unit: Unit,
        newtype: Newtype(7),
        pair: (1, "two"),
        variants: vec![
            Variant::Plain,
            Variant::Wrapped(1),
            Variant::Pair(1, 2),
            Variant::Named { a: 1, b: 2 },
        ],
        by_number: [(-1, true), (2, false)].into(),
        by_letter: [('x', vec![1, 2]), ('é', vec![])].into(),
        by_answer: [(true, 1), (false, 0)].into(),
        empty: [],
        inner: [("empty", json!({})), ("deep", json!([[{ "a": [] }]]))].into(),
        rest: [("flat", 1), ("flatter", 2)].into(),
    });
    writes_the_same(&json!({}));
    writes_the_same(&Variant::Wrapped(1));
    writes_the_same(&Variant::Named { a: 1, b: 2 });
    writes_the_same(&Variant::Pair(1, 2));
}

#[test]
fn only_an_object_can_be_written() {
    let refused = Err(Unwritable::NotAnObject);
    assert_eq!(written(&7), refused);
    assert_eq!(written("text"), refused);
    assert_eq!(written(&[1, 2]), refused);
    assert_eq!(written(&Variant::Plain), refused);
    assert_eq!(written(&()), refused);
    assert_eq!(written(&0.5), refused);
    assert!(matches!(written(&BTreeMap::from([((1, 2), 3)])), Err(Unwritable::Problem(_))));
    assert!(matches!(written(&BTreeMap::from([((), 3)])), Err(Unwritable::Problem(_))));
}

#[test]
fn members_come_one_by_one_and_together() {
    let mut writer = Writer::new();
    writer.member("a", "1").expect("written");
    writer.members(&json!({})).expect("written");
    writer.members(&json!({ "b": { "a": 1 }, "c": [] })).expect("written");
    writer.member("d", &json!({ "a": 2 })).expect("written");
    let (json, doubtful) = writer.finish();
    assert_eq!(String::from_utf8_lossy(&json), r#"{"a":"1","b":{"a":1},"c":[],"d":{"a":2}}"#);
    assert!(!doubtful);
}

/// Writes its pairs as an object, whatever their names.
#[derive(Debug, Clone)]
struct Pairs(Vec<(String, Value)>);

impl Serialize for Pairs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[test]
fn what_the_tape_refuses_is_doubted() {
    let doubted = |claims: &Pairs| written(claims).expect("written").1;
    let pairs = |names: &[&str]| Pairs(names.iter().map(|name| ((*name).to_owned(), json!(1))).collect());
    assert!(doubted(&pairs(&["a", "b", "a"])));
    assert!(doubted(&pairs(&["a\"", "b", "a\""])));
    let inside = BTreeMap::from([("x", pairs(&["a", "a"]))]);
    assert!(written(&inside).expect("written").1);
    let deep = (0..16).fold(json!(1), |inner, _| json!([inner]));
    assert!(doubted(&Pairs(vec![("deep".to_owned(), deep)])));
    assert!(doubted(&Pairs(vec![("broad".to_owned(), json!(vec![0; 1025]))])));
    let mut writer = Writer::new();
    writer.member("a", &1).expect("written");
    writer.members(&pairs(&["b", "a"])).expect("written");
    assert!(writer.finish().1);
}

#[test]
fn what_nests_far_too_deep_is_written_to_its_end_and_doubted() {
    let deep = (0..300).fold(json!(1), |inner, _| json!([{ "a": inner }]));
    let claims = Pairs(vec![("deep".to_owned(), deep), ("next".to_owned(), json!({}))]);
    let (json, doubtful) = written(&claims).expect("written");
    assert_eq!(json, serde_json::to_string(&claims).expect("JSON"));
    assert!(doubtful);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(18, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn any_claims_are_written_as_serde_json_writes_them(
        pairs in prop::collection::vec(("[ab\"\\\\é\n]{0,2}", value()), 0..40).prop_map(Pairs)
    ) {
        let (json, doubtful) = written(&pairs).expect("written");
        prop_assert_eq!(&json, &serde_json::to_string(&pairs).expect("JSON"));
        prop_assert!(doubtful || !refuses(&json), "{} is refused by the tape", json);
    }
}
