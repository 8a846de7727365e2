//! Tables of text cells, which the reader may sort by a click on a column's head.

use crate::escape::push_html;

/// Rows from which on a table gets a scroll bar of its own.
const LONG: usize = 60;

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Words that stay in one line, such as dates.
    Line,
    /// Numbers.
    Right,
}

/// One cell: what is shown, and what it is sorted by.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// What is shown; empty for a missing value.
    pub text: String,
    /// What to sort by, when that is a number; a missing one (`None` or not finite) sorts last.
    pub order: Option<f64>,
    /// What is drawn behind or instead of the text.
    pub mark: CellMark,
}

/// What is drawn in a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum CellMark {
    /// Nothing.
    #[default]
    None,
    /// A ground shaded by a share from -1 to 1, the sign by its colour.
    Heat(f64),
    /// A bar from the middle, as long as a share from -1 to 1.
    Bar(f64),
}

impl CellMark {
    /// Class and style of the cell, the share in whole percent; nothing for what is no number.
    fn attributes(self) -> (&'static str, Option<i64>) {
        let percent = |share: f64| (share.clamp(-1.0, 1.0).abs() * 100.0).round() as i64;
        match self {
            Self::Heat(share) if share.is_finite() => {
                (if share < 0.0 { "heat down" } else { "heat up" }, Some(percent(share)))
            }
            Self::Bar(share) if share.is_finite() => {
                (if share < 0.0 { "bar down" } else { "bar up" }, Some(percent(share)))
            }
            _ => ("", None),
        }
    }
}

impl Cell {
    /// A cell sorted by its text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), order: None, mark: CellMark::None }
    }

    /// A cell that shows `text` and is sorted by `value`.
    pub fn number(value: f64, text: impl Into<String>) -> Self {
        Self { text: text.into(), order: Some(value), mark: CellMark::None }
    }

    /// The cell on a ground shaded by a share from -1 to 1.
    #[must_use]
    pub fn heat(self, share: f64) -> Self {
        Self { mark: CellMark::Heat(share), ..self }
    }

    /// The cell with a bar from its middle, as long as a share from -1 to 1.
    #[must_use]
    pub fn bar(self, share: f64) -> Self {
        Self { mark: CellMark::Bar(share), ..self }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

/// A table: columns, rows, and whether it can be sorted.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Head and setting of each column.
    columns: Vec<(String, Align)>,
    /// Rows of one cell per column.
    rows: Vec<Vec<Cell>>,
    /// Whether heads are buttons that sort.
    sortable: bool,
    /// Whether cells stand close together, as in a heat map.
    dense: bool,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns.iter().map(|(name, align)| ((*name).to_owned(), *align)).collect();
        Self { columns, rows: Vec::new(), sortable: false, dense: false }
    }

    /// Sets cells close together.
    pub fn dense(mut self) -> Self {
        self.dense = true;
        self
    }

    /// Lets the reader sort it.
    pub fn sortable(mut self) -> Self {
        self.sortable = true;
        self
    }

    /// Appends a row.
    ///
    /// # Panics
    /// If the number of cells is not the number of columns.
    pub fn row(&mut self, cells: Vec<Cell>) {
        assert_eq!(cells.len(), self.columns.len(), "a row has one cell per column");
        self.rows.push(cells);
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Appends the table as HTML; a table without rows says so.
    pub(crate) fn render(&self, out: &mut String) {
        let class = if self.rows.len() > LONG { "scroll long" } else { "scroll" };
        out.push_str(&format!("<div class=\"{class}\"><table"));
        out.push_str(if self.dense { " class=\"dense\"" } else { "" });
        out.push_str(if self.sortable { " data-sortable>" } else { ">" });
        self.render_head(out);
        out.push_str("<tbody>\n");
        for row in &self.rows {
            self.render_row(row, out);
        }
        if self.rows.is_empty() {
            out.push_str(&format!("<tr><td class=\"none\" colspan=\"{}\">none</td></tr>\n", self.columns.len()));
        }
        out.push_str("</tbody></table></div>\n");
    }

    /// Appends the head.
    fn render_head(&self, out: &mut String) {
        out.push_str("<thead><tr>");
        for (name, align) in &self.columns {
            out.push_str(match *align {
                Align::Right => "<th scope=\"col\" class=\"r\">",
                Align::Left | Align::Line => "<th scope=\"col\">",
            });
            out.push_str(if self.sortable { "<button type=\"button\">" } else { "" });
            push_html(out, name);
            out.push_str(if self.sortable { "</button>" } else { "" });
            out.push_str("</th>");
        }
        out.push_str("</tr></thead>\n");
    }

    /// Appends one row.
    fn render_row(&self, row: &[Cell], out: &mut String) {
        out.push_str("<tr>");
        for (cell, (_, align)) in row.iter().zip(&self.columns) {
            out.push_str("<td");
            let (class, share) = cell.mark.attributes();
            let aligned = class_name(*align);
            let classes =
                [aligned, class].iter().filter(|class| !class.is_empty()).copied().collect::<Vec<_>>().join(" ");
            if !classes.is_empty() {
                out.push_str(&format!(" class=\"{classes}\""));
            }
            if let Some(share) = share {
                out.push_str(&format!(" style=\"--share:{share}%\""));
            }
            if let Some(order) = cell.order.filter(|_| self.sortable) {
                out.push_str(" data-v=\"");
                if order.is_finite() {
                    out.push_str(&format!("{order}"));
                }
                out.push('"');
            }
            out.push('>');
            push_html(out, &cell.text);
            out.push_str("</td>");
        }
        out.push_str("</tr>\n");
    }
}

/// The class of a column's cells; empty for none.
fn class_name(align: Align) -> &'static str {
    match align {
        Align::Left => "",
        Align::Line => "w",
        Align::Right => "r",
    }
}
