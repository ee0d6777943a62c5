use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Style, Styled};

/// A table: a heading and rows of the same number of cells, every column as wide as its widest cell.
pub(crate) struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Starts a table.
    pub(crate) fn new(heading: &[&'static str]) -> Self {
        Self { heading: heading.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| super::printable(&cell)).collect());
    }

    /// Prints the table; nothing but the heading when it is empty.
    pub(crate) fn print<W: Write>(&self, to: &mut Styled<W>) -> io::Result<()> {
        let widths: Vec<usize> = (0..self.heading.len()).map(|column| self.width(column)).collect();
        let heading: Vec<String> = self.heading.iter().map(|name| (*name).to_owned()).collect();
        print_row(to, &heading, &widths, Style::dim)?;
        self.rows.iter().try_for_each(|row| print_row(to, row, &widths, |_, text| text))
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(self.heading.get(column).map(|name| name.len())).max().unwrap_or(0)
    }
}

fn print_row<W: Write>(
    to: &mut Styled<W>,
    cells: &[String],
    widths: &[usize],
    paint: impl Fn(Style, String) -> String,
) -> io::Result<()> {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let gap = if line.is_empty() { "" } else { "  " };
        // Writing to a string cannot fail.
        let _ = write!(line, "{gap}{cell:width$}");
    }
    let painted = paint(to.style, line.trim_end().to_owned());
    writeln!(to, "{painted}")
}

#[cfg(test)]
mod tests {
    use super::{Style, Styled, Table};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["NAME", "ROLES"]);
        table.row(["ada".into(), "admin buyer".into()]);
        table.row(["benedict".into(), String::new()]);
        let mut printed = Vec::new();

        table.print(&mut Styled::new(&mut printed, Style::Plain)).unwrap();

        assert_eq!(String::from_utf8(printed).unwrap(), "NAME      ROLES\nada       admin buyer\nbenedict\n");
    }

    #[test]
    fn a_cell_cannot_paint_the_terminal() {
        let mut table = Table::new(&["DEVICE"]);
        table.row(["\u{1b}[31mred\n".into()]);
        let mut printed = Vec::new();

        table.print(&mut Styled::new(&mut printed, Style::Plain)).unwrap();

        assert!(!printed.contains(&0x1b));
        assert_eq!(String::from_utf8(printed).unwrap().lines().count(), 2);
    }
}
