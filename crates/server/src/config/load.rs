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
        problems.locate(|key| draft.place_of(key));
        problems.into_result()?;
        Ok(config)
    }
}

/// Values by their place in the file, and where each was written.
#[derive(Default)]
struct Draft {
    values: Vec<(Vec<String>, Value)>,
    places: HashMap<String, String>,
}

/// The file, as it is read.
struct Source<'a> {
    name: &'a str,
    text: &'a str,
}

impl Draft {
    fn read(&mut self, name: &str, text: &str, problems: &mut Problems) {
        let source = Source { name, text };
        let parsed = match DeTable::parse(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let place = error.span().map_or_else(|| name.to_owned(), |span| source.place(span.start));
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
        self.read_table(&source, &[], parsed.get_ref(), &values, problems);
    }

    /// Reads what stands in a section, and in those below it.
    fn read_table(
        &mut self,
        source: &Source<'_>,
        section: &[&str],
        parsed: &DeTable<'_>,
        values: &Table,
        problems: &mut Problems,
    ) {
        for (key, content) in parsed {
            let name = key.get_ref().as_ref();
            let path = [section, &[name]].concat();
            let (dotted, here) = (path.join("."), source.place(key.span().start));
            let Some(value) = values.get(name) else { continue };
            if keys::all().iter().any(|key| key.is_at(&path)) {
                self.set(&path, value.clone(), here);
            } else if let Some(below) = keys::all().iter().find(|key| key.is_below(&path)) {
                let (DeValue::Table(content), Value::Table(values)) = (content.get_ref(), value) else {
                    let section = if below.is_in(&path) { dotted.clone() } else { below.shown_section() };
                    let message = format!("this is a section: write [{section}] and its settings below it");
                    problems.add(Some(&dotted), Some(here), message);
                    continue;
                };
                // An entry with a name is there although nothing stands in it.
                self.set(&path, Value::Table(Table::new()), here);
                self.read_table(source, &path, content, values, problems);
            } else if section.is_empty() {
                problems.add(Some(&dotted), Some(here), unknown_section(name, &section_names()));
            } else {
                problems.add(Some(&dotted), Some(here), unknown_key(section, name));
            }
        }
    }

    fn apply(&mut self, change: &Override, problems: &mut Problems) {
        let path: Vec<&str> = change.key.split('.').collect();
        let Some(key) = keys::all().iter().find(|key| key.is_at(&path)) else {
            let message = match path.split_last() {
                Some((name, section)) if !section.is_empty() => unknown_key(section, name),
                _ => unknown_section(&change.key, &section_names()),
            };
            return problems.add(Some(&change.key), Some(change.place.clone()), message);
        };
        match change.to_value(key.kind) {
            Ok(value) => self.set(&path, value, change.place.clone()),
            Err(message) => problems.add(Some(&change.key), Some(change.place.clone()), message),
        }
    }

    fn set(&mut self, path: &[&str], value: Value, place: String) {
        self.values.retain(|(other, _)| other != path);
        self.values.push((path.iter().map(|part| (*part).to_owned()).collect(), value));
        self.places.insert(path.join("."), place);
    }

    /// Returns where a setting was written; where one is missing, where its section begins.
    fn place_of(&self, dotted: &str) -> Option<String> {
        let mut at = dotted;
        loop {
            if let Some(place) = self.places.get(at) {
                return Some(place.clone());
            }
            at = at.rsplit_once('.')?.0;
        }
    }

    /// Puts the values together, each tried alone first, so that a mistake is charged to its own key.
    fn build(&self, problems: &mut Problems) -> Config {
        let mut whole = Table::new();
        for (path, value) in &self.values {
            let mut alone = Table::new();
            insert(&mut alone, path, value.clone());
            match Config::deserialize(alone) {
                Ok(_) => insert(&mut whole, path, value.clone()),
                Err(error) => problems.wrong(&path.join("."), error.message()),
            }
        }
        Config::deserialize(whole).unwrap_or_else(|error| {
            problems.add(None, None, error.message());
            Config::default()
        })
    }
}

/// Puts a value into a table below tables, which are made where they are missing.
fn insert(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            let is_section = value.as_table().is_some_and(Table::is_empty);
            if !(is_section && table.contains_key(name)) {
                table.insert(name.clone(), value);
            }
        }
        [section, below @ ..] => {
            let section = table.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(section) = section {
                insert(section, below, value);
            }
        }
    }
}

fn section_names() -> Vec<&'static str> {
    let top = |key: &'static keys::Key| key.section.split('.').next().unwrap_or_default();
    let mut names: Vec<&str> = keys::all().iter().map(top).collect();
    names.dedup();
    names
}

fn unknown_section(given: &str, sections: &[&str]) -> String {
    // A setting written above the first section header is the usual cause.
    if let Some(key) = keys::all().iter().find(|key| key.name == given) {
        let (dotted, section) = (keys::shown(&key.dotted()), key.shown_section());
        return format!("this is not a section: did you mean {dotted}, below [{section}]?");
    }
    match keys::nearest(given, sections.iter().copied()) {
        Some(near) => format!("there is no such section: did you mean [{near}]?"),
        None => format!("there is no such section: they are {}", sections.join(", ")),
    }
}

fn unknown_key(section: &[&str], given: &str) -> String {
    let shown = section.join(".");
    let in_section: Vec<&str> =
        keys::all().iter().filter(|key| key.is_in(section)).map(|key| key.name.as_str()).collect();
    if let Some(elsewhere) = keys::all().iter().find(|key| key.name == given) {
        return format!("there is no such setting here: did you mean {}?", keys::shown(&elsewhere.dotted()));
    }
    match keys::nearest(given, in_section.iter().copied()) {
        Some(near) => format!("there is no such setting: did you mean {shown}.{near}?"),
        None => format!("there is no such setting: [{shown}] has {}", in_section.join(", ")),
    }
}

impl Source<'_> {
    fn place(&self, offset: usize) -> String {
        let line = self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
        format!("{} line {line}", self.name)
    }
}
