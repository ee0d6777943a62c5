use std::collections::HashMap;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use toml::{
    Spanned, Table, Value,
    de::{DeTable, DeValue},
};

use crate::keys::{self, Keys};
use crate::{ConfigError, Override, Problems};

/// The settings of a program: one struct for each section, every key with a default.
pub trait Settings: Default + DeserializeOwned + JsonSchema {
    /// Returns every setting there is. Kept by the type, because reading them off the schema takes a while.
    fn keys() -> &'static Keys;

    /// Finds what does not go together, once each setting makes sense alone.
    fn check(&self, problems: &mut Problems);
}

/// Where settings come from: defaults, then the file, then the overrides in their order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Source<'a> {
    /// The file: its name and its text.
    pub file: Option<(&'a str, &'a str)>,
    /// What variables and flags say.
    pub overrides: &'a [Override],
    /// What other programs set in the same file and by the same variables. It is passed over, unless it is misspelt.
    pub others: Option<&'a Keys>,
}

impl Source<'_> {
    /// Reads the settings of a program. Finds every mistake, not only the first.
    pub fn load<T: Settings>(&self) -> Result<T, ConfigError> {
        let mut problems = Problems::default();
        let mut draft =
            Draft { keys: T::keys(), others: self.others, values: Vec::new(), places: HashMap::new() };
        if let Some((name, text)) = self.file {
            draft.read(&File { name, text }, &mut problems);
        }
        for change in self.overrides {
            draft.apply(change, &mut problems);
        }
        let settings: T = draft.build(&mut problems);
        // Rules that span settings make sense once each of them makes sense alone.
        if problems.is_empty() {
            settings.check(&mut problems);
        }
        problems.locate(|key| draft.place_of(key));
        problems.into_result()?;
        Ok(settings)
    }
}

/// Values by their place in the file, and where each was written.
struct Draft<'a> {
    keys: &'a Keys,
    others: Option<&'a Keys>,
    values: Vec<(Vec<String>, Value)>,
    places: HashMap<String, String>,
}

/// The file, as it is read.
struct File<'a> {
    name: &'a str,
    text: &'a str,
}

/// A section of the file, and whose it is.
#[derive(Clone, Copy)]
struct Section<'a> {
    path: &'a [&'a str],
    keys: &'a Keys,
    is_ours: bool,
}

/// Something in the file: with the places of its parts, and as it is kept.
#[derive(Clone, Copy)]
struct Content<'a> {
    parsed: &'a Spanned<DeValue<'a>>,
    value: &'a Value,
}

impl<'a> Draft<'a> {
    fn read(&mut self, file: &File<'_>, problems: &mut Problems) {
        let parsed = match DeTable::parse(file.text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let place = error.span().map_or_else(|| file.name.to_owned(), |span| file.place(span.start));
                return problems.add(None, Some(place), format!("this is not TOML: {}", error.message()));
            }
        };
        let values: Table = match toml::from_str(file.text) {
            Ok(values) => values,
            Err(error) => {
                let message = format!("this is not TOML: {}", error.message());
                return problems.add(None, Some(file.name.to_owned()), message);
            }
        };
        for (name, parsed) in parsed.get_ref() {
            let (section, here) = (name.get_ref().as_ref(), file.place(name.span().start));
            let Some(value) = values.get(section) else { continue };
            let Some((keys, is_ours)) = self.owner_of(section) else {
                problems.add(Some(section), Some(here), self.unknown_section(section));
                continue;
            };
            let section = Section { path: &[section], keys, is_ours };
            self.read_section(file, section, Content { parsed, value }, here, problems);
        }
    }

    /// Returns whose section it is: ours, or another program's.
    fn owner_of(&self, section: &str) -> Option<(&'a Keys, bool)> {
        if self.keys.has_section(section) {
            return Some((self.keys, true));
        }
        self.others.filter(|others| others.has_section(section)).map(|others| (others, false))
    }

    /// Reads a section, or a list of them.
    fn read_section(
        &mut self,
        file: &File<'_>,
        section: Section<'_>,
        content: Content<'_>,
        here: String,
        problems: &mut Problems,
    ) {
        let is_list = section.keys.iter().any(|key| key.is_listed_at(section.path));
        match (content.parsed.get_ref(), content.value) {
            (DeValue::Table(parsed), Value::Table(values)) if !is_list => {
                // An entry with a name is there although nothing stands in it.
                self.set(section, section.path, Value::Table(Table::new()), here);
                self.read_table(file, section, parsed, values, problems);
            }
            (DeValue::Array(parsed), Value::Array(values)) if is_list => {
                for (index, (parsed, value)) in parsed.iter().zip(values).enumerate() {
                    let number = format!("[{index}]");
                    let path = [section.path, &[number.as_str()]].concat();
                    let here = file.place(parsed.span().start);
                    let section = Section { path: &path, ..section };
                    self.read_section(file, section, Content { parsed, value }, here, problems);
                }
            }
            _ => problems.add(Some(&dotted(section.path)), Some(here), expected(section)),
        }
    }

    /// Reads what stands in a section, and in those below it.
    fn read_table(
        &mut self,
        file: &File<'_>,
        section: Section<'_>,
        parsed: &DeTable<'_>,
        values: &Table,
        problems: &mut Problems,
    ) {
        for (key, parsed) in parsed {
            let (name, here) = (key.get_ref().as_ref(), file.place(key.span().start));
            let path = [section.path, &[name]].concat();
            let Some(value) = values.get(name) else { continue };
            if section.keys.iter().any(|key| key.is_at(&path)) {
                self.set(section, &path, value.clone(), here);
            } else if section.keys.iter().any(|key| key.is_below(&path)) {
                let below = Section { path: &path, ..section };
                self.read_section(file, below, Content { parsed, value }, here, problems);
            } else {
                problems.add(Some(&dotted(&path)), Some(here), unknown_key(section, name));
            }
        }
    }

    fn apply(&mut self, change: &Override, problems: &mut Problems) {
        let path: Vec<&str> = change.key.split('.').collect();
        let section = |path| Section { path, keys: self.keys, is_ours: true };
        let Some(key) = self.keys.iter().find(|key| key.is_at(&path)) else {
            if self.others.is_some_and(|others| others.iter().any(|key| key.is_at(&path))) {
                return;
            }
            let message = match path.split_last() {
                Some((name, path)) if !path.is_empty() => unknown_key(section(path), name),
                _ => self.unknown_section(&change.key),
            };
            return problems.add(Some(&change.key), Some(change.place.clone()), message);
        };
        match change.to_value(key.kind) {
            Ok(value) => self.set(section(&path), &path, value, change.place.clone()),
            Err(message) => problems.add(Some(&change.key), Some(change.place.clone()), message),
        }
    }

    fn set(&mut self, section: Section<'_>, path: &[&str], value: Value, place: String) {
        if section.is_ours {
            self.values.retain(|(other, _)| other != path);
            self.values.push((path.iter().map(|part| (*part).to_owned()).collect(), value));
            self.places.insert(dotted(path), place);
        }
    }

    /// Returns where a setting was written; where one is missing, where its section begins.
    fn place_of(&self, dotted: &str) -> Option<String> {
        let mut at = dotted;
        loop {
            if let Some(place) = self.places.get(at) {
                return Some(place.clone());
            }
            at = &at[..at.rfind(['.', '['])?];
        }
    }

    /// Puts the values together, each tried alone first, so that a mistake is charged to its own key.
    fn build<T: Settings>(&self, problems: &mut Problems) -> T {
        let mut whole = Table::new();
        for (path, value) in &self.values {
            let mut alone = Table::new();
            insert(&mut alone, &first_items(path), value.clone());
            match T::deserialize(alone) {
                Ok(_) => insert(&mut whole, path, value.clone()),
                Err(error) => {
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    problems.wrong(&dotted(&path), error.message());
                }
            }
        }
        T::deserialize(whole).unwrap_or_else(|error| {
            problems.add(None, None, error.message());
            T::default()
        })
    }

    fn unknown_section(&self, given: &str) -> String {
        // A setting written above the first section header is the usual cause.
        if let Some(key) = self.keys.iter().find(|key| key.name == given) {
            let (dotted, header) = (keys::shown(&key.dotted()), key.header());
            return format!("this is not a section: did you mean {dotted}, below {header}?");
        }
        let others = self.others.into_iter().flat_map(Keys::sections);
        if let Some(near) = keys::nearest(given, self.keys.sections().chain(others)) {
            return format!("there is no such section: did you mean [{near}]?");
        }
        let known: Vec<_> = self.keys.sections().collect();
        format!("there is no such section: they are {}", known.join(", "))
    }
}

/// Returns a place of the file as people write it: `gateway.routes[0].access`.
fn dotted(path: &[&str]) -> String {
    path.join(".").replace(".[", "[")
}

fn is_item(part: &str) -> bool {
    part.starts_with('[')
}

/// Returns the place of the same thing in a file in which every list has one table.
fn first_items(path: &[String]) -> Vec<String> {
    path.iter().map(|part| if is_item(part) { "[0]".to_owned() } else { part.clone() }).collect()
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
        [name, item, below @ ..] if is_item(item) => {
            let list = table.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
            let index: usize = item.trim_matches(['[', ']']).parse().unwrap_or_default();
            let Value::Array(list) = list else { return };
            if index >= list.len() {
                list.resize(index + 1, Value::Table(Table::new()));
            }
            if let Some(Value::Table(table)) = list.get_mut(index) {
                insert(table, below, value);
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

/// Says how a section is written that was given as something else.
fn expected(section: Section<'_>) -> String {
    let is_own = section.keys.iter().any(|key| key.is_in(section.path))
        && !section.path.iter().any(|part| is_item(part));
    let below = section.keys.iter().find(|key| key.is_below(section.path));
    let header =
        below.filter(|_| !is_own).map_or_else(|| format!("[{}]", dotted(section.path)), keys::Key::header);
    format!("this is a section: write {header} and its settings below it")
}

fn unknown_key(section: Section<'_>, given: &str) -> String {
    let shown = dotted(section.path);
    if let Some(elsewhere) = section.keys.iter().find(|key| key.name == given) {
        return format!("there is no such setting here: did you mean {}?", keys::shown(&elsewhere.dotted()));
    }
    let in_section: Vec<&str> =
        section.keys.iter().filter(|key| key.is_in(section.path)).map(|key| key.name.as_str()).collect();
    match keys::nearest(given, in_section.iter().copied()) {
        Some(near) => format!("there is no such setting: did you mean {shown}.{near}?"),
        None => format!("there is no such setting: [{shown}] has {}", in_section.join(", ")),
    }
}

impl File<'_> {
    fn place(&self, offset: usize) -> String {
        let line = self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
        format!("{} line {line}", self.name)
    }
}
