//! Charts of series over time. The page holds the points as JSON; `page.js` draws them to the width there is.

use crate::escape::{push_html, push_json_number, push_json_text};
use crate::thin;

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A line through the points.
    Line,
    /// A line that keeps each value until the next point, for counts and balances.
    Step,
    /// A line and the space between it and zero.
    Area,
    /// A filled step stacked on the earlier ones of its sign: parts of a whole over time.
    Stack,
    /// A stem from zero to each point, for values that belong to moments.
    Stem,
    /// The space between two values, made by [`Chart::band`].
    Band,
}

impl Mark {
    /// The name the script knows it by.
    fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Step => "step",
            Self::Area => "area",
            Self::Stack => "stack",
            Self::Stem => "stem",
            Self::Band => "band",
        }
    }
}

/// How values are written on the axis and under the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueFormat {
    /// As they are, with thousands separated.
    Number,
    /// Times 100, with `%`.
    Percent,
}

/// One named series of a chart.
#[derive(Debug, Clone, PartialEq)]
struct Series {
    /// Name in the legend.
    name: String,
    /// How it is drawn.
    mark: Mark,
    /// One value per time; NaN is a gap.
    values: Vec<f64>,
    /// The lower ends of a band, one per time; empty for other marks.
    base: Vec<f64>,
}

/// Several series over one time axis (UTC).
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What it shows.
    title: String,
    /// Microseconds UTC, ascending.
    times: Vec<i64>,
    /// Series in the order of drawing.
    series: Vec<Series>,
    /// How values are written.
    format: ValueFormat,
    /// Whether a switch to a logarithmic axis is wanted.
    log_switch: bool,
    /// Height of the drawing, CSS pixels.
    height: u32,
}

impl Chart {
    /// A chart over `times`: microseconds UTC, ascending.
    pub fn new(title: impl Into<String>, times: &[i64]) -> Self {
        Self {
            title: title.into(),
            times: times.to_vec(),
            series: Vec::new(),
            format: ValueFormat::Number,
            log_switch: false,
            height: 260,
        }
    }

    /// Adds a series, drawn over the earlier ones; NaN and infinite values are gaps.
    ///
    /// # Panics
    /// If there is not one value per time.
    pub fn series(mut self, name: impl Into<String>, mark: Mark, values: &[f64]) -> Self {
        let name = name.into();
        assert_eq!(values.len(), self.times.len(), "series `{name}` has one value per time");
        self.series.push(Series { name, mark, values: values.to_vec(), base: Vec::new() });
        self
    }

    /// Adds the space between two values, drawn over the earlier series; a gap where either is missing.
    ///
    /// # Panics
    /// If there is not one of both per time.
    pub fn band(mut self, name: impl Into<String>, low: &[f64], high: &[f64]) -> Self {
        assert_eq!(low.len(), self.times.len(), "a band has one lower end per time");
        self = self.series(name, Mark::Band, high);
        self.series.last_mut().expect("a series was just added").base = low.to_vec();
        self
    }

    /// Writes values as percentages.
    pub fn percent(mut self) -> Self {
        self.format = ValueFormat::Percent;
        self
    }

    /// Offers a switch between a linear and a logarithmic axis; it appears only if every value is positive.
    pub fn log_switch(mut self) -> Self {
        self.log_switch = true;
        self
    }

    /// Sets the height of the drawing, CSS pixels.
    pub fn height(mut self, pixels: u32) -> Self {
        self.height = pixels;
        self
    }

    /// Whether some value can be drawn.
    fn has_points(&self) -> bool {
        self.series.iter().any(|series| series.values.iter().any(|value| value.is_finite()))
    }

    /// Whether a logarithmic axis is wanted and possible.
    fn can_log(&self) -> bool {
        self.log_switch && self.series.iter().flat_map(|s| &s.values).all(|value| !value.is_finite() || *value > 0.0)
    }

    /// Appends the chart as HTML.
    pub(crate) fn render(&self, out: &mut String) {
        out.push_str("<figure class=\"chart\">\n<figcaption>");
        push_html(out, &self.title);
        out.push_str("</figcaption>\n");
        if !self.has_points() {
            out.push_str("<p class=\"none\">no data</p>\n</figure>\n");
            return;
        }
        let lists = self.series.iter().flat_map(|series| [&series.values, &series.base]);
        let values: Vec<&[f64]> = lists.filter(|values| !values.is_empty()).map(Vec::as_slice).collect();
        let positions = thin::positions(&self.times, &values, thin::POINTS_MAX);
        self.render_controls(out);
        out.push_str(&format!(
            "<div class=\"plot\" style=\"height:{}px\" tabindex=\"0\" role=\"img\" aria-label=\"",
            self.height
        ));
        push_html(out, &self.title);
        out.push_str("\"></div>\n");
        if positions.len() < self.times.len() {
            out.push_str(&format!(
                "<p class=\"small\">Drawn from {} of {} points: the lowest and highest of each stretch of time.</p>\n",
                positions.len(),
                self.times.len()
            ));
        }
        out.push_str("<script type=\"application/json\">");
        self.render_data(&positions, out);
        out.push_str("</script>\n</figure>\n");
    }

    /// Appends the legend, whose entries switch series off and on, and the axis switch.
    fn render_controls(&self, out: &mut String) {
        out.push_str("<div class=\"controls\">");
        for (idx, series) in self.series.iter().enumerate() {
            out.push_str(&format!(
                "<button type=\"button\" class=\"key c{}\" data-series=\"{idx}\" aria-pressed=\"true\">",
                idx % N_COLOURS
            ));
            push_html(out, &series.name);
            out.push_str("</button>");
        }
        if self.can_log() {
            out.push_str("<button type=\"button\" class=\"log\" aria-pressed=\"false\">log scale</button>");
        }
        out.push_str("</div>\n");
    }

    /// Appends the points as JSON: times as whole steps since the point before, values with eight digits.
    fn render_data(&self, positions: &[usize], out: &mut String) {
        let times: Vec<i64> = positions.iter().map(|&at| self.times[at]).collect();
        let first = times.first().copied().unwrap_or(0);
        let step = times.windows(2).fold(0, |step, pair| gcd(step, pair[1].abs_diff(pair[0]))).max(1);
        out.push_str("{\"format\":");
        push_json_text(
            out,
            match self.format {
                ValueFormat::Number => "number",
                ValueFormat::Percent => "percent",
            },
        );
        out.push_str(&format!(",\"first\":{first},\"step\":{step},\"times\":["));
        push_list(
            out,
            times.iter().scan(first, |before, &time| {
                let steps = (time - *before) / i64::try_from(step).unwrap_or(i64::MAX);
                *before = time;
                Some(steps)
            }),
            |out, steps| out.push_str(&steps.to_string()),
        );
        out.push_str("],\"series\":[");
        push_list(out, self.series.iter(), |out, series| {
            out.push_str("{\"name\":");
            push_json_text(out, &series.name);
            out.push_str(&format!(",\"mark\":\"{}\",\"values\":[", series.mark.name()));
            push_list(out, positions.iter(), |out, &at| push_json_number(out, series.values[at]));
            if !series.base.is_empty() {
                out.push_str("],\"base\":[");
                push_list(out, positions.iter(), |out, &at| push_json_number(out, series.base[at]));
            }
            out.push_str("]}");
        });
        out.push_str("]}");
    }
}

/// Colours `page.css` defines, used in turn.
const N_COLOURS: usize = 8;

/// Appends items with commas between them.
pub(crate) fn push_list<T>(out: &mut String, items: impl Iterator<Item = T>, mut push: impl FnMut(&mut String, T)) {
    for (idx, item) in items.enumerate() {
        if idx > 0 {
            out.push(',');
        }
        push(out, item);
    }
}

/// Greatest common divisor; of zero and `b`, `b`.
fn gcd(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
