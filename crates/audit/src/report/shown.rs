use std::fmt::Write as _;

/// Returns text with what moves a terminal's cursor, paints it or turns its lines around written as an escape: `\u{1b}`.
///
/// Descriptions and services are written by others, and whoever reads a report must see what they wrote.
pub(super) fn shown(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if c.is_control() || turns_lines(c) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "{}", c.escape_default());
        } else {
            shown.push(c);
        }
        shown
    })
}

/// Line separators, and marks that change the direction in which a line is read (UAX #9).
fn turns_lines(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_a_terminal_obeys_is_written_out_and_the_rest_stays() {
        assert_eq!(shown("/a\u{1b}[2J\r\n\u{9b}31m\u{202e}b"), r"/a\u{1b}[2J\r\n\u{9b}31m\u{202e}b");
        assert_eq!(shown("GET /Straße/{id} → 200 …"), "GET /Straße/{id} → 200 …");
    }
}
