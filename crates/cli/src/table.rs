//! Aligned columns for a person to read.

use std::fmt;

use anstyle::Style;
use daypass_client::printable;

use crate::output::BOLD;

/// Between two columns.
const GAP: &str = "  ";

/// One cell: a text that fits on one line, and how it looks.
pub(crate) struct Cell {
    text: String,
    style: Style,
}

/// Rows of cells, each column as wide as its widest cell; the last one is not filled up.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
    indent: &'static str,
    at_least: &'static [usize],
}

impl Cell {
    /// A text in a style. Whatever a terminal would obey is taken out of it: much of what is shown was written by
    /// strangers.
    pub(crate) fn new(text: &str, style: Style) -> Self {
        Self { text: printable(text), style }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text, Style::new())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(&text, Style::new())
    }
}

impl Table {
    /// A table with a heading for each column.
    pub(crate) fn with_head(head: &[&str]) -> Self {
        let mut table = Self::default();
        table.head(head);
        table
    }

    /// A table without headings, each line of which begins with `indent`.
    pub(crate) fn indented(indent: &'static str) -> Self {
        Self { indent, ..Self::default() }
    }

    /// A part of a table that grows, whose columns are at least so wide.
    pub(crate) fn with_widths(at_least: &'static [usize]) -> Self {
        Self { at_least, ..Self::default() }
    }

    /// Adds the heading of each column.
    pub(crate) fn head(&mut self, head: &[&str]) {
        self.rows.push(head.iter().map(|title| Cell::new(title, BOLD)).collect());
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Adds a row of a name and what it has, if it has something.
    pub(crate) fn pair(&mut self, name: &str, value: Option<impl Into<Cell>>) {
        if let Some(value) = value {
            self.row([Cell::from(name), value.into()]);
        }
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.at_least.to_vec();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }
}

impl fmt::Display for Table {
    /// Without a line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (at, row) in self.rows.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            f.write_str(self.indent)?;
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let (style, text) = (cell.style, &cell.text);
                if column > 0 {
                    f.write_str(GAP)?;
                }
                write!(f, "{style}{text}{style:#}")?;
                if column.saturating_add(1) < row.len() {
                    write!(f, "{:fill$}", "", fill = width.saturating_sub(cell.width()))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_the_last_has_no_blanks_behind_it() {
        let mut table = Table::indented("| ");
        table.row(["a".into(), "größer".into(), "x".into()]);
        table.row(["bbb".into(), "c".into()]);
        table.pair("name", Some("value"));
        table.pair("absent", None::<&str>);
        assert_eq!(table.to_string(), "| a     größer  x\n| bbb   c\n| name  value");
    }

    #[test]
    fn what_a_stranger_wrote_stays_in_its_cell() {
        let mut table = Table::default();
        table.row(["a\u{1b}[31m\nb".into()]);
        assert_eq!(table.to_string(), "a\u{fffd}[31m\u{fffd}b");
    }
}
