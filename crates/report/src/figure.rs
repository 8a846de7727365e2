//! Pictures that are not series over time: bars by category with error bars, points or lines in a plane, outlines of
//! distributions, and tables of shaded numbers. All but the tables are drawn by `page.js`, like charts.

use crate::chart::{ValueFormat, push_list};
use crate::escape::{push_html, push_json_number, push_json_text};

/// One named series of a figure.
#[derive(Debug, Clone, PartialEq)]
struct Group {
    /// Name in the legend.
    name: String,
    /// One value per category; NaN is a gap.
    values: Vec<f64>,
    /// Lower and upper ends of error bars; empty for none.
    errors: Vec<(f64, f64)>,
}

/// Bars by category, or points.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it shows.
    title: String,
    /// Names of the categories; empty for points.
    categories: Vec<String>,
    /// Horizontal places of points; empty for bars.
    x: Vec<f64>,
    /// What the horizontal axis of points is.
    x_name: String,
    /// Whether a line through the origin with slope 1 is drawn.
    diagonal: bool,
    /// Whether points are joined.
    joined: bool,
    /// Series in the order of drawing.
    groups: Vec<Group>,
    /// How values are written.
    format: ValueFormat,
}

impl Figure {
    /// Bars by category.
    pub fn bars(title: impl Into<String>, categories: Vec<String>) -> Self {
        Self {
            title: title.into(),
            categories,
            x: Vec::new(),
            x_name: String::new(),
            diagonal: false,
            joined: false,
            groups: Vec::new(),
            format: ValueFormat::Number,
        }
    }

    /// Points at these horizontal places.
    pub fn points(title: impl Into<String>, x_name: impl Into<String>, x: &[f64]) -> Self {
        Self { x: x.to_vec(), x_name: x_name.into(), ..Self::bars(title, Vec::new()) }
    }

    /// Adds a series; `errors` holds the ends of error bars, or nothing.
    ///
    /// # Panics
    /// If there is not one value per category or point.
    pub fn series(mut self, name: impl Into<String>, values: &[f64], errors: &[(f64, f64)]) -> Self {
        let n = self.categories.len().max(self.x.len());
        assert!(values.len() == n && (errors.is_empty() || errors.len() == n), "a series has one value per place");
        self.groups.push(Group { name: name.into(), values: values.to_vec(), errors: errors.to_vec() });
        self
    }

    /// Writes values as percentages.
    pub fn percent(mut self) -> Self {
        self.format = ValueFormat::Percent;
        self
    }

    /// Draws the line on which both coordinates are equal.
    pub fn diagonal(mut self) -> Self {
        self.diagonal = true;
        self
    }

    /// Joins the points of each series.
    pub fn joined(mut self) -> Self {
        self.joined = true;
        self
    }

    /// Appends the figure as HTML.
    pub(crate) fn render(&self, out: &mut String) {
        let has_data = self.groups.iter().any(|group| group.values.iter().any(|value| value.is_finite()));
        if !begin(out, &self.title, has_data) {
            return;
        }
        out.push_str("<div class=\"controls\">");
        for (idx, group) in self.groups.iter().enumerate() {
            out.push_str(&format!("<span class=\"key c{}\">", idx % 8));
            push_html(out, &group.name);
            out.push_str("</span>");
        }
        out.push_str("</div>\n");
        plot(out, &self.title, |out| self.render_data(out));
    }

    /// Appends the values as JSON.
    fn render_data(&self, out: &mut String) {
        let format = if self.format == ValueFormat::Percent { "percent" } else { "number" };
        out.push_str(&format!(
            "{{\"format\":\"{format}\",\"diagonal\":{},\"joined\":{},\"xName\":",
            self.diagonal, self.joined
        ));
        push_json_text(out, &self.x_name);
        out.push_str(",\"categories\":[");
        push_list(out, self.categories.iter(), |out, name| push_json_text(out, name));
        out.push_str("],\"x\":[");
        push_list(out, self.x.iter(), |out, x| push_json_number(out, *x));
        out.push_str("],\"groups\":[");
        push_list(out, self.groups.iter(), |out, group| {
            out.push_str("{\"name\":");
            push_json_text(out, &group.name);
            out.push_str(",\"values\":[");
            push_list(out, group.values.iter(), |out, value| push_json_number(out, *value));
            out.push_str("],\"low\":[");
            push_list(out, group.errors.iter(), |out, error| push_json_number(out, error.0));
            out.push_str("],\"high\":[");
            push_list(out, group.errors.iter(), |out, error| push_json_number(out, error.1));
            out.push_str("]}");
        });
        out.push_str("]}");
    }
}

/// Appends the head of a figure; `false`, and the whole figure, when it has no data.
fn begin(out: &mut String, title: &str, has_data: bool) -> bool {
    out.push_str("<figure class=\"chart\">\n<figcaption>");
    push_html(out, title);
    out.push_str("</figcaption>\n");
    if !has_data {
        out.push_str("<p class=\"none\">no data</p>\n</figure>\n");
    }
    has_data
}

/// Appends the place of a drawing, its data and the end of the figure.
fn plot(out: &mut String, title: &str, data: impl FnOnce(&mut String)) {
    out.push_str("<div class=\"plot\" style=\"height:240px\" tabindex=\"0\" role=\"img\" aria-label=\"");
    push_html(out, title);
    out.push_str("\"></div>\n<script type=\"application/json\">");
    data(out);
    out.push_str("</script>\n</figure>\n");
}

/// One distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Violin {
    /// What it is the distribution of.
    pub name: String,
    /// Where the first and the last bin begin and end.
    pub ends: (f64, f64),
    /// Shares of the values in bins of equal width.
    pub shares: Vec<f64>,
    /// The values below which a quarter, a half and three quarters lie.
    pub quartiles: [f64; 3],
}

/// Outlines of distributions side by side, each as wide as values are frequent; values are percentages.
#[derive(Debug, Clone, PartialEq)]
pub struct Violins {
    /// What they show.
    title: String,
    /// The distributions.
    list: Vec<Violin>,
}

impl Violins {
    /// Distributions side by side.
    pub fn new(title: impl Into<String>, list: Vec<Violin>) -> Self {
        Self { title: title.into(), list }
    }

    /// Appends the figure as HTML.
    pub(crate) fn render(&self, out: &mut String) {
        if begin(out, &self.title, !self.list.is_empty()) {
            plot(out, &self.title, |out| self.render_data(out));
        }
    }

    /// Appends the distributions as JSON.
    fn render_data(&self, out: &mut String) {
        out.push_str("{\"format\":\"percent\",\"violins\":[");
        push_list(out, self.list.iter(), |out, violin| {
            out.push_str("{\"name\":");
            push_json_text(out, &violin.name);
            out.push_str(",\"ends\":[");
            push_list(out, [violin.ends.0, violin.ends.1].iter(), |out, end| push_json_number(out, *end));
            out.push_str("],\"shares\":[");
            push_list(out, violin.shares.iter(), |out, share| push_json_number(out, *share));
            out.push_str("],\"quartiles\":[");
            push_list(out, violin.quartiles.iter(), |out, value| push_json_number(out, *value));
            out.push_str("]}");
        });
        out.push_str("]}");
    }
}

/// Numbers in rows and columns, each shaded by its size.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// What it shows.
    title: String,
    /// Heads of the columns.
    columns: Vec<String>,
    /// Heads and values of the rows; NaN is empty.
    rows: Vec<(String, Vec<f64>)>,
    /// Decimals of a number.
    decimals: usize,
}

impl Heat {
    /// A table without rows.
    pub fn new(title: impl Into<String>, columns: Vec<String>, decimals: usize) -> Self {
        Self { title: title.into(), columns, rows: Vec::new(), decimals }
    }

    /// Appends a row.
    ///
    /// # Panics
    /// If the number of values is not the number of columns.
    pub fn row(&mut self, name: impl Into<String>, values: Vec<f64>) {
        assert_eq!(values.len(), self.columns.len(), "a row has one value per column");
        self.rows.push((name.into(), values));
    }

    /// Appends the table as HTML: the largest size is shaded most, positive and negative in two colours.
    pub(crate) fn render(&self, out: &mut String) {
        let largest = self.rows.iter().flat_map(|(_, values)| values).filter(|v| v.is_finite());
        let largest = largest.fold(0.0f64, |most, value| value.abs().max(most));
        out.push_str("<figure class=\"chart\">\n<figcaption>");
        push_html(out, &self.title);
        out.push_str("</figcaption>\n<div class=\"scroll long\"><table class=\"heat\"><thead><tr><th></th>");
        for name in &self.columns {
            out.push_str("<th scope=\"col\" class=\"r\">");
            push_html(out, name);
            out.push_str("</th>");
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for (name, values) in &self.rows {
            out.push_str("<tr><th scope=\"row\">");
            push_html(out, name);
            out.push_str("</th>");
            for value in values {
                self.render_cell(*value, largest, out);
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table></div>\n</figure>\n");
    }

    /// Appends one cell.
    fn render_cell(&self, value: f64, largest: f64, out: &mut String) {
        if !value.is_finite() {
            out.push_str("<td></td>");
            return;
        }
        let share = if largest > 0.0 { (value.abs() / largest * 60.0).round() } else { 0.0 };
        let colour = if value < 0.0 { 1 } else { 0 };
        let decimals = self.decimals;
        out.push_str(&format!(
            "<td class=\"r\" style=\"background:color-mix(in srgb,var(--c{colour}) {share}%,transparent)\">{value:.decimals$}</td>"
        ));
    }
}
