//! Tables of plain text with aligned columns.

/// How a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows of texts below headings.
pub struct TextTable {
    /// Heading and alignment of each column.
    columns: Vec<(String, Align)>,
    /// One text per column.
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table without rows. A heading that begins with `>` makes a column of numbers.
    pub fn new(headings: &[&str]) -> Self {
        let column = |heading: &&str| match heading.strip_prefix('>') {
            Some(name) => (name.to_owned(), Align::Right),
            None => ((*heading).to_owned(), Align::Left),
        };
        Self { columns: headings.iter().map(column).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as lines, columns two spaces apart, no white space at the ends of lines.
    pub fn render(&self) -> String {
        let width_of = |text: &String| text.chars().count();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|at| {
                let cells = self.rows.iter().filter_map(|row| row.get(at));
                cells.map(width_of).max().unwrap_or(0).max(width_of(&self.columns[at].0))
            })
            .collect();
        let headings: Vec<String> = self.columns.iter().map(|(heading, _)| heading.clone()).collect();
        let mut out = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for (at, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[at] - width_of(cell));
                match self.columns[at].1 {
                    Align::Left => line.push_str(&format!("{cell}{pad}  ")),
                    Align::Right => line.push_str(&format!("{pad}{cell}  ")),
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    //! One table, as text.

    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = TextTable::new(&["name", ">rows"]);
        table.row(["BTCUSDT".to_owned(), "7".to_owned()]);
        table.row(["X".to_owned(), "12345".to_owned()]);
        assert_eq!(table.render(), "name      rows\nBTCUSDT      7\nX        12345\n");
    }
}
