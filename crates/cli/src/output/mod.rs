//! How results look: JSON for machines, aligned tables and a little colour for people.

mod progress;
mod style;
mod table;
pub(crate) mod words;

use std::fmt;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

pub(crate) use progress::Progress;
pub(crate) use style::{Style, Styled};
pub(crate) use table::Table;

use crate::failure::Failure;

/// `--json`, for every command whose result a machine may read.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct OutputArgs {
    /// Print the result as JSON, for machines
    #[arg(long)]
    pub(crate) json: bool,
}

/// Prints to stdout, styled only where a person is looking.
pub(crate) fn stdout() -> Styled<io::StdoutLock<'static>> {
    let stdout = io::stdout();
    let style = Style::for_stream(stdout.is_terminal());
    Styled::new(stdout.lock(), style)
}

/// Returns whether a person reads stdout, and no `--json` asks for what a machine would get.
pub(crate) fn is_for_a_person(json: bool) -> bool {
    !json && io::stdout().is_terminal()
}

/// Prints one JSON document and a line feed to stdout: indented for a terminal, on one line for a pipe.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    if io::stdout().is_terminal() { line(readable_json(value)?) } else { json_line(value) }
}

/// Returns JSON for people: indented, and with escapes in the place of what would move the cursor or paint the terminal. JSON itself
/// asks for few of them (RFC 8259 §7).
pub(crate) fn readable_json(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|cause| not_json(&cause))?;
    Ok(with_escapes(&text))
}

fn with_escapes(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut shown, letter| {
        if letter.is_control() && letter != '\n' {
            // Writing to a string cannot fail.
            let _ = fmt::Write::write_fmt(&mut shown, format_args!("\\u{:04x}", u32::from(letter)));
        } else {
            shown.push(letter);
        }
        shown
    })
}

/// Prints one JSON document on one line to stdout, wherever that goes.
pub(crate) fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|cause| not_json(&cause))?;
    line(text)
}

/// Prints a JSON text and a line feed to stdout: to a pipe byte for byte, to a terminal indented.
pub(crate) fn json_text(text: &[u8]) -> Result<(), Failure> {
    if io::stdout().is_terminal() {
        let value: serde_json::Value = serde_json::from_slice(text).map_err(|cause| not_json(&cause))?;
        return json(&value);
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(text)?;
    stdout.write_all(b"\n")?;
    stdout.flush()?;
    Ok(())
}

fn not_json(cause: &serde_json::Error) -> Failure {
    Failure::because("cannot write the result as JSON", cause)
}

/// Says something to a person on stderr. Silent when nobody is there to read it.
pub(crate) fn note(text: impl std::fmt::Display) {
    let stderr = io::stderr();
    if stderr.is_terminal() {
        // A note is worth nothing to a closed terminal.
        let _ = writeln!(stderr.lock(), "{text}");
    }
}

/// Says something on stderr that must be seen, terminal or not.
pub(crate) fn notice(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Returns text that cannot move the cursor or paint the terminal, whoever wrote it.
pub(crate) fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// Prints one line to stdout.
pub(crate) fn line(text: impl std::fmt::Display) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    // Whoever waits for this line may not get another one for hours.
    stdout.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{readable_json, with_escapes};

    #[test]
    fn json_for_people_cannot_paint_the_terminal_and_is_the_same_json() {
        // CSI in one character, as terminals read it too; DEL; and a line break, which JSON escapes by itself.
        let value = serde_json::json!({ "name": "a\u{9b}31mred\u{7f}\nb" });

        let shown = readable_json(&value).unwrap();

        assert_eq!(shown, "{\n  \"name\": \"a\\u009b31mred\\u007f\\nb\"\n}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        assert_eq!(with_escapes("é 漢 \u{1f511}"), "é 漢 \u{1f511}");
    }
}
