//! Reading settings of every shape.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use handstamp_settings::{ConfigError, Keys, Override, Problems, Settings, Source, duration};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    shop: Shop,
    partners: BTreeMap<String, Partner>,
}

#[derive(Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Shop {
    name: String,
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    open_for: Duration,
    shelves: Vec<Shelf>,
}

#[derive(Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Shelf {
    path: String,
    boards: u32,
    labels: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Partner {
    city: String,
}

impl Settings for Config {
    fn keys() -> &'static Keys {
        static KEYS: LazyLock<Keys> = LazyLock::new(Keys::of::<Config>);
        &KEYS
    }

    fn check(&self, problems: &mut Problems) {
        for (index, shelf) in self.shop.shelves.iter().enumerate() {
            if shelf.path.is_empty() {
                problems.wrong(&format!("shop.shelves[{index}].path"), "where is it?");
            }
        }
    }
}

/// Another program's settings, in the same file.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its description is looked at")]
struct Others {
    bakery: Bakery,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its description is looked at")]
struct Bakery {
    ovens: u32,
}

static OTHERS: LazyLock<Keys> = LazyLock::new(Keys::of::<Others>);

fn load(text: &str) -> Result<Config, ConfigError> {
    Source { file: Some(("shop.toml", text)), others: Some(&*OTHERS), ..Source::default() }.load()
}

fn mistakes(text: &str) -> Vec<String> {
    load(text).unwrap_err().problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_list_of_tables_is_read_in_its_order() {
    let config = load(
        r#"
        [shop]
        name = "Corner"
        [[shop.shelves]]
        path = "left"
        boards = 3
        [[shop.shelves]]
        path = "right"
        labels = ["tea", "rice"]
        "#,
    )
    .unwrap();

    assert_eq!(config.shop.name, "Corner");
    let shelves = &config.shop.shelves;
    assert_eq!((shelves[0].path.as_str(), shelves[0].boards), ("left", 3));
    assert_eq!((shelves[1].path.as_str(), shelves[1].labels.len()), ("right", 2));
}

#[test]
fn a_list_of_tables_can_stand_in_one_line() {
    let config = load("[shop]\nshelves = [{ path = \"left\" }, { path = \"right\" }]").unwrap();

    assert_eq!(config.shop.shelves[1].path, "right");
}

#[test]
fn a_misspelt_setting_in_a_list_says_in_which_table() {
    let text = "[[shop.shelves]]\npath = \"left\"\n\n[[shop.shelves]]\npaht = \"right\"\n";

    assert_eq!(
        mistakes(text),
        [
            "shop.shelves[1].paht: there is no such setting: did you mean shop.shelves[1].path? (shop.toml line 5)"
        ]
    );
}

#[test]
fn a_wrong_value_in_a_list_is_charged_to_its_place() {
    let mistakes =
        mistakes("[[shop.shelves]]\npath = \"left\"\n[[shop.shelves]]\npath = \"r\"\nboards = \"many\"\n");

    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert!(
        mistakes[0].starts_with("shop.shelves[1].boards: ") && mistakes[0].ends_with("(shop.toml line 5)")
    );
}

#[test]
fn what_is_missing_in_a_table_is_told_with_the_place_where_the_table_begins() {
    let text = "[[shop.shelves]]\npath = \"left\"\n\n[[shop.shelves]]\nboards = 2\n";

    assert_eq!(mistakes(text), ["shop.shelves[1].path: where is it? (shop.toml line 4)"]);
}

#[test]
fn a_table_of_a_list_may_be_empty_and_is_there_all_the_same() {
    assert_eq!(mistakes("[[shop.shelves]]\n"), ["shop.shelves[0].path: where is it? (shop.toml line 1)"]);
}

#[test]
fn a_list_of_tables_that_is_something_else_says_how_it_is_written() {
    let expected = "this is a section: write [[shop.shelves]] and its settings below it";

    assert_eq!(
        mistakes("[shop.shelves]\npath = \"x\"\n"),
        [format!("shop.shelves: {expected} (shop.toml line 1)")]
    );
    assert_eq!(
        mistakes("[shop]\nshelves = \"x\"\n"),
        [format!("shop.shelves: {expected} (shop.toml line 2)")]
    );
    assert_eq!(
        mistakes("[shop]\nshelves = [\"x\"]\n"),
        [format!("shop.shelves[0]: {expected} (shop.toml line 2)")]
    );
}

#[test]
fn a_setting_of_a_list_has_no_variable() {
    let variables = [("HANDSTAMP_SHOP_SHELVES".to_owned(), "x".to_owned())];

    let error = Override::from_variables(&[Config::keys()], variables, &[]).unwrap_err().to_string();

    assert!(error.starts_with("the variable HANDSTAMP_SHOP_SHELVES names no setting"), "{error}");
}

#[test]
fn another_programs_section_is_passed_over() {
    let config = load("[bakery]\novens = 3\n[shop]\nname = \"Corner\"\n").unwrap();

    assert_eq!(config.shop.name, "Corner");
}

#[test]
fn a_misspelt_setting_of_another_program_is_told_all_the_same() {
    assert_eq!(
        mistakes("[bakery]\noven = 3\n"),
        ["bakery.oven: there is no such setting: did you mean bakery.ovens? (shop.toml line 2)"]
    );
    assert_eq!(
        mistakes("[bakry]\novens = 3\n"),
        ["bakry: there is no such section: did you mean [bakery]? (shop.toml line 1)"]
    );
}

#[test]
fn a_variable_of_another_program_is_passed_over() {
    let variables = [("HANDSTAMP_BAKERY_OVENS", "3"), ("HANDSTAMP_SHOP_OPEN_FOR", "8h")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));

    let overrides = Override::from_variables(&[Config::keys(), &OTHERS], variables, &[]).unwrap();
    let source = Source { overrides: &overrides, others: Some(&*OTHERS), ..Source::default() };

    assert_eq!(source.load::<Config>().unwrap().shop.open_for, Duration::from_hours(8));
}

#[test]
fn a_secret_of_an_entry_is_no_setting() {
    let secret = [("HANDSTAMP_PARTNERS_ACME_SECRET".to_owned(), "s".to_owned())];
    let from = |reserved: &[&str]| Override::from_variables(&[Config::keys()], secret.clone(), reserved);

    assert_eq!(from(&["HANDSTAMP_PARTNERS_*_SECRET"]), Ok(Vec::new()));
    assert!(from(&["HANDSTAMP_PARTNERS_*_KEY"]).is_err());
}

#[test]
fn an_entry_is_found_by_its_variable() {
    let variables = [("HANDSTAMP_PARTNERS_ACME_CITY".to_owned(), "Ulm".to_owned())];

    let overrides = Override::from_variables(&[Config::keys()], variables, &[]).unwrap();
    let config: Config = Source { overrides: &overrides, ..Source::default() }.load().unwrap();

    assert_eq!(config.partners["acme"].city, "Ulm");
}
