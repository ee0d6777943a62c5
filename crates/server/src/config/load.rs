use std::collections::HashMap;

use serde::Deserialize;
use toml::{
    Table, Value,
    de::{DeTable, DeValue},
};

use super::{Config, ConfigError, Override, Problems, keys};

impl Config {
    /// Reads a configuration: defaults, then the file (its name and its text), then the overrides in their order.
    ///
    /// Finds every mistake, not only the first.
    pub fn load(file: Option<(&str, &str)>, overrides: &[Override]) -> Result<Self, ConfigError> {
        let mut problems = Problems::default();
        let mut draft = Draft::default();
        if let Some((name, text)) = file {
            draft.read(name, text, &mut problems);
        }
        for change in overrides {
            draft.apply(change, &mut problems);
        }
        let config = draft.build(&mut problems);
        // Rules that span settings make sense once each of them makes sense alone.
        if problems.is_empty() {
            config.check(&mut problems);
        }
        problems.locate(|key| draft.places.get(key).cloned());
        problems.into_result()?;
        Ok(config)
    }
}

/// Values by dotted key, and where each was written.
#[derive(Default)]
struct Draft {
    values: Vec<(String, Value)>,
    places: HashMap<String, String>,
}

impl Draft {
    fn read(&mut self, name: &str, text: &str, problems: &mut Problems) {
        let parsed = match DeTable::parse(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let place =
                    error.span().map_or_else(|| name.to_owned(), |span| place(name, text, span.start));
                return problems.add(None, Some(place), format!("this is not TOML: {}", error.message()));
            }
        };
        let values: Table = match toml::from_str(text) {
            Ok(values) => values,
            Err(error) => {
                return problems.add(
                    None,
                    Some(name.to_owned()),
                    format!("this is not TOML: {}", error.message()),
                );
            }
        };
        let sections: Vec<&str> = section_names();
        for (section, content) in parsed.get_ref() {
            let here = place(name, text, section.span().start);
            let section = section.get_ref().as_ref();
            if !sections.contains(&section) {
                problems.add(Some(section), Some(here), unknown_section(section, &sections));
                continue;
            }
            let DeValue::Table(content) = content.get_ref() else {
                problems.add(
                    Some(section),
                    Some(here),
                    format!("this is a section: write [{section}] and its settings below it"),
                );
                continue;
            };
            for key in content.keys() {
                let dotted = format!("{section}.{}", key.get_ref());
                let here = place(name, text, key.span().start);
                if !keys::all().iter().any(|known| known.dotted() == dotted) {
                    problems.add(Some(&dotted), Some(here), unknown_key(section, key.get_ref()));
                    continue;
                }
                if let Some(value) =
                    values.get(section).and_then(|section| section.get(key.get_ref().as_ref()))
                {
                    self.set(&dotted, value.clone(), here);
                }
            }
        }
    }

    fn apply(&mut self, change: &Override, problems: &mut Problems) {
        let Some(key) = keys::all().iter().find(|key| key.dotted() == change.key) else {
            let (section, name) = change.key.split_once('.').unwrap_or(("", &change.key));
            return problems.add(Some(&change.key), Some(change.place.clone()), unknown_key(section, name));
        };
        match change.to_value(key.kind) {
            Ok(value) => self.set(&change.key, value, change.place.clone()),
            Err(message) => problems.add(Some(&change.key), Some(change.place.clone()), message),
        }
    }

    fn set(&mut self, dotted: &str, value: Value, place: String) {
        self.values.retain(|(key, _)| key != dotted);
        self.values.push((dotted.to_owned(), value));
        self.places.insert(dotted.to_owned(), place);
    }

    /// Puts the values together, each tried alone first, so that a mistake is charged to its own key.
    fn build(&self, problems: &mut Problems) -> Config {
        let mut whole = Table::new();
        for (dotted, value) in &self.values {
            let Some((section, name)) = dotted.split_once('.') else { continue };
            let alone = Table::from_iter([(
                section.to_owned(),
                Value::Table(Table::from_iter([(name.to_owned(), value.clone())])),
            )]);
            if let Err(error) = Config::deserialize(alone) {
                problems.wrong(dotted, error.message());
                continue;
            }
            if let Value::Table(section) =
                whole.entry(section.to_owned()).or_insert_with(|| Value::Table(Table::new()))
            {
                section.insert(name.to_owned(), value.clone());
            }
        }
        Config::deserialize(whole).unwrap_or_else(|error| {
            problems.add(None, None, error.message());
            Config::default()
        })
    }
}

fn section_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = keys::all().iter().map(|key| key.section.as_str()).collect();
    names.dedup();
    names
}

fn unknown_section(given: &str, sections: &[&str]) -> String {
    // A setting written above the first section header is the usual cause.
    if let Some(key) = keys::all().iter().find(|key| key.name == given) {
        return format!("this is not a section: did you mean {}, below [{}]?", key.dotted(), key.section);
    }
    match keys::nearest(given, sections.iter().copied()) {
        Some(near) => format!("there is no such section: did you mean [{near}]?"),
        None => format!("there is no such section: they are {}", sections.join(", ")),
    }
}

fn unknown_key(section: &str, given: &str) -> String {
    let in_section: Vec<&str> =
        keys::all().iter().filter(|key| key.section == section).map(|key| key.name.as_str()).collect();
    if let Some(elsewhere) = keys::all().iter().find(|key| key.name == given) {
        return format!("there is no such setting here: did you mean {}?", elsewhere.dotted());
    }
    match keys::nearest(given, in_section.iter().copied()) {
        Some(near) => format!("there is no such setting: did you mean {section}.{near}?"),
        None => format!("there is no such setting: [{section}] has {}", in_section.join(", ")),
    }
}

fn place(name: &str, text: &str, offset: usize) -> String {
    let line = text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
    format!("{name} line {line}")
}
