//! What a benchmark prints.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::machine;

/// Tables with the words that are needed to read them.
pub struct Report {
    title: String,
    machine: String,
    facts: Vec<String>,
    goals: Vec<String>,
    tables: Vec<Table>,
    notes: Vec<String>,
}

/// One table. The first column is text, the others are figures.
pub struct Table {
    caption: String,
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A ratio: printed as `1.03x`.
    Ratio(f64),
    /// Nanoseconds: printed with a fitting unit.
    Nanos(f64),
    /// A count or a rate: printed with commas.
    Count(f64),
    /// Not measured, or not offered by this contestant.
    Nothing,
}

impl Report {
    /// Starts a report, before anything is measured: it says how idle the machine was.
    pub fn new(title: impl Into<String>) -> Self {
        let machine = format!("{}; {}", machine::description(), machine::state());
        let (facts, goals, tables, notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { title: title.into(), machine, facts, goals, tables, notes }
    }

    /// Says how it was measured.
    pub fn fact(&mut self, fact: impl Into<String>) {
        self.facts.push(fact.into());
    }

    /// Says what is to be reached.
    pub fn goal(&mut self, goal: impl Into<String>) {
        self.goals.push(goal.into());
    }

    /// Adds a table.
    pub fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// Adds what one must know besides: who is missing.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Returns the aligned text.
    pub fn to_text(&self, quick: bool) -> String {
        let mut out = format!("{}\n{}\n", self.title, self.machine);
        for fact in &self.facts {
            let _ = writeln!(out, "{fact}");
        }
        for goal in &self.goals {
            let _ = writeln!(out, "goal: {goal}");
        }
        if self.goals.is_empty() {
            out.push_str("no goal is set\n");
        }
        if quick {
            out.push_str("--quick: a smoke test, the figures mean nothing\n");
        }
        for table in &self.tables {
            out.push('\n');
            table.write_text(&mut out);
        }
        if !self.notes.is_empty() {
            out.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(out, "- {note}");
        }
        out
    }

    /// Returns the same as JSON.
    pub fn to_json(&self, quick: bool) -> String {
        let tables: Vec<Value> = self.tables.iter().map(Table::to_json).collect();
        let report = json!({
            "title": self.title, "machine": self.machine, "quick": quick,
            "facts": self.facts, "goals": self.goals, "tables": tables, "notes": self.notes,
        });
        format!("{report:#}")
    }
}

impl Table {
    /// Starts a table.
    pub fn new<S: Into<String>>(caption: impl Into<String>, columns: impl IntoIterator<Item = S>) -> Self {
        Self {
            caption: caption.into(),
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; cells that are missing at the end stay empty.
    pub fn row(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(std::iter::once(Cell::Text(name.into())).chain(cells).collect());
    }

    fn write_text(&self, out: &mut String) {
        let body: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(Cell::to_text).collect()).collect();
        let width = |index: usize| {
            let cells = body.iter().filter_map(|row| row.get(index)).chain(self.columns.get(index));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let _ = writeln!(out, "{}", self.caption);
        for row in std::iter::once(&self.columns).chain(&body) {
            let mut line = String::new();
            for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let _ = if index == 0 {
                    write!(line, "  {cell:<width$}")
                } else {
                    write!(line, "  {cell:>width$}")
                };
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }

    fn to_json(&self) -> Value {
        let rows: Vec<Value> =
            self.rows.iter().map(|row| Value::Array(row.iter().map(Cell::to_json).collect())).collect();
        json!({ "caption": self.caption, "columns": self.columns, "rows": rows })
    }
}

impl Cell {
    fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Ratio(ratio) if *ratio >= 10.0 => format!("{ratio:.0}x"),
            Self::Ratio(ratio) => format!("{ratio:.2}x"),
            Self::Nanos(nanos) if *nanos < 1_000.0 => format!("{nanos:.0} ns"),
            Self::Nanos(nanos) if *nanos < 1e6 => format!("{:.1} µs", nanos / 1e3),
            Self::Nanos(nanos) => format!("{:.1} ms", nanos / 1e6),
            Self::Count(count) => grouped(*count),
            Self::Nothing => "–".to_owned(),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Ratio(value) => json!({ "ratio": value }),
            Self::Nanos(value) => json!({ "nanoseconds": value }),
            Self::Count(value) => json!(value),
            Self::Nothing => Value::Null,
        }
    }
}

fn grouped(count: f64) -> String {
    let digits = format!("{count:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_figures_have_units() {
        let mut table = Table::new("verify", ["", "HS256", "ES256"]);
        table.row("floor", [Cell::Nanos(754.2), Cell::Nanos(82_512.0)]);
        table.row("a longer name", [Cell::Ratio(2.284), Cell::Nothing]);
        table.row("rate", [Cell::Count(1_234_567.0)]);
        let mut text = String::new();
        table.write_text(&mut text);
        assert_eq!(
            text,
            "verify\n                     HS256    ES256\n  floor             754 ns  82.5 µs\n  a longer name      2.28x        –\n  rate           1,234,567\n"
        );
    }
}
