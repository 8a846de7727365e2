//! Many rows of parameters and measures to look through: parallel coordinates, a heat map of any two parameters, the
//! distribution of any measure. What is looked at is chosen in the page; `explorer.js` draws it.

use crate::chart::push_list;
use crate::escape::{push_html, push_json_number, push_json_text};

/// The script, put into pages that have an explorer.
pub(crate) const SCRIPT: &str = include_str!("explorer.js");

/// One column.
#[derive(Debug, Clone, PartialEq)]
struct Column {
    /// What it is called.
    name: String,
    /// Its different texts, in the order in which axes show them.
    words: Vec<String>,
    /// One number per row: a place among `words`, or the value itself when there are none; NaN is missing.
    values: Vec<f64>,
    /// Values to mark, each with its name.
    marks: Vec<(String, f64)>,
}

/// Rows to look through.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explorer {
    /// What it shows.
    title: String,
    /// What rows are called, such as `set 12`.
    rows: Vec<String>,
    /// What was varied.
    parameters: Vec<Column>,
    /// What came of it; the first is looked at first.
    measures: Vec<Column>,
}

impl Explorer {
    /// Rows by their names.
    pub fn new(title: impl Into<String>, rows: Vec<String>) -> Self {
        Self { title: title.into(), rows, ..Self::default() }
    }

    /// Adds a parameter, one text per row. Texts that are all numbers are ordered by size, others as words.
    ///
    /// # Panics
    /// If there is not one text per row.
    pub fn parameter(&mut self, name: impl Into<String>, texts: &[&str]) {
        assert_eq!(texts.len(), self.rows.len(), "a parameter has one text per row");
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        let mut words: Vec<&str> = texts.to_vec();
        let all_numbers = words.iter().all(|text| number(text).is_some());
        if all_numbers {
            words.sort_by(|a, b| number(a).partial_cmp(&number(b)).unwrap_or(std::cmp::Ordering::Equal));
        } else {
            words.sort_unstable_by(|a, b| natural(a).cmp(&natural(b)).then(a.cmp(b)));
        }
        words.dedup();
        // So many different numbers are a range, not a list.
        let is_range = all_numbers && words.len() > 40;
        let values = texts.iter().map(|text| {
            let place = || words.iter().position(|word| word == text).map_or(f64::NAN, |at| at as f64);
            if is_range { number(text).unwrap_or(f64::NAN) } else { place() }
        });
        let values = values.collect();
        let words = if is_range { Vec::new() } else { words.into_iter().map(str::to_owned).collect() };
        self.parameters.push(Column { name: name.into(), words, values, marks: Vec::new() });
    }

    /// Adds a measure, one number per row; NaN is missing. `marks` are values that its distribution shows by name.
    ///
    /// # Panics
    /// If there is not one number per row.
    pub fn measure(&mut self, name: impl Into<String>, values: &[f64], marks: &[(&str, f64)]) {
        assert_eq!(values.len(), self.rows.len(), "a measure has one number per row");
        let marks = marks.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        self.measures.push(Column { name: name.into(), words: Vec::new(), values: values.to_vec(), marks });
    }

    /// Appends it as HTML.
    pub(crate) fn render(&self, out: &mut String) {
        out.push_str("<figure class=\"explorer\">\n<figcaption>");
        push_html(out, &self.title);
        out.push_str("</figcaption>\n");
        if self.rows.is_empty() || self.measures.is_empty() {
            out.push_str("<p class=\"none\">no data</p>\n</figure>\n");
            return;
        }
        out.push_str("<div class=\"view\"></div>\n<script type=\"application/json\">{\"rows\":[");
        push_list(out, self.rows.iter(), |out, name| push_json_text(out, name));
        for (name, columns) in [("parameters", &self.parameters), ("measures", &self.measures)] {
            out.push_str(&format!("],\"{name}\":["));
            push_list(out, columns.iter(), |out, column| column.render(out));
        }
        out.push_str("]}</script>\n</figure>\n");
    }
}

/// A text as its stretches without digits and the numbers behind each, so that `return_6` comes before `return_30`.
fn natural(text: &str) -> Vec<(&str, u64)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()));
        let (digits, after) = after.split_at(after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len()));
        parts.push((word, digits.parse().unwrap_or(u64::MAX)));
        rest = after;
    }
    parts
}

impl Column {
    /// Appends it as JSON.
    fn render(&self, out: &mut String) {
        out.push_str("{\"name\":");
        push_json_text(out, &self.name);
        out.push_str(",\"words\":[");
        push_list(out, self.words.iter(), |out, word| push_json_text(out, word));
        out.push_str("],\"values\":[");
        push_list(out, self.values.iter(), |out, value| push_json_number(out, *value));
        out.push_str("],\"marks\":[");
        push_list(out, self.marks.iter(), |out, (name, value)| {
            out.push_str("{\"name\":");
            push_json_text(out, name);
            out.push_str(",\"value\":");
            push_json_number(out, *value);
            out.push('}');
        });
        out.push_str("]}");
    }
}

#[cfg(test)]
mod tests {
    //! The order of values.

    use super::*;

    #[test]
    fn words_with_numbers_go_by_the_numbers() {
        let mut explorer = Explorer::new("", vec![String::new(); 6]);
        explorer.parameter("factor", &["return_30", "return_6", "return_120", "(base)", "return", "return_6"]);
        let column = &explorer.parameters[0];
        assert_eq!(column.words, ["(base)", "return", "return_6", "return_30", "return_120"]);
        assert_eq!(column.values, [3.0, 2.0, 4.0, 0.0, 1.0, 2.0]);
    }
}
