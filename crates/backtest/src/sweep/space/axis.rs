//! One axis: a key and the values it goes through.

use serde_json::{Value, json};

use crate::error::BacktestError;
use crate::search::Dimension;

/// Significant digits of a number that is computed, so that 3 steps of 0.1 are 0.3.
const DIGITS: usize = 12;

/// Most values of one axis.
const VALUES_MAX: usize = 1_000_000;

/// A key and the values it goes through.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The key.
    pub key: String,
    /// The values.
    pub(super) values: Values,
}

/// The values of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    /// These texts.
    List(Vec<String>),
    /// Any number of a range.
    Range(Range),
}

/// Numbers from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    /// The lowest.
    from: f64,
    /// The highest.
    to: f64,
    /// Whether equal ratios are equally likely, instead of equal differences.
    is_log: bool,
    /// Whether only whole numbers are meant.
    is_whole: bool,
}

impl Axis {
    /// Reads what a file gives for a key: a value, a list of values, or a range `{from, to}` with `step` or `n` for points at
    /// equal distances, `scale: log`, `whole`.
    ///
    /// # Errors
    /// [`BacktestError::Search`] with the key and what was expected.
    pub fn read(key: &str, value: &Value) -> Result<Self, BacktestError> {
        let values = match value {
            Value::Array(values) => Values::List(values.iter().map(scalar).collect()),
            Value::Object(map) if map.contains_key("values") && map.len() == 1 => {
                return Self::read(key, &map["values"]);
            }
            Value::Object(map) => Written { key, map }.values()?,
            Value::Null => return Err(wrong(key, "at least one value, found nothing")),
            value => Values::List(vec![scalar(value)]),
        };
        match &values {
            Values::List(list) if list.is_empty() => Err(wrong(key, "at least one value, found an empty list")),
            _ => Ok(Self { key: key.to_owned(), values }),
        }
    }

    /// The values of a list; none of a range without points.
    pub fn listed(&self) -> &[String] {
        match &self.values {
            Values::List(values) => values,
            Values::Range(_) => &[],
        }
    }

    /// The values of a grid.
    ///
    /// # Errors
    /// [`BacktestError::Search`] for a range without points that is not of whole numbers.
    pub(super) fn points(&self) -> Result<Vec<String>, BacktestError> {
        match &self.values {
            Values::List(values) => Ok(values.clone()),
            Values::Range(range) if range.is_whole && range.to - range.from < VALUES_MAX as f64 => {
                let n = (range.to - range.from) as usize;
                Ok((0..=n).map(|at| (range.from + at as f64).to_string()).collect())
            }
            Values::Range(range) => {
                let Range { from, to, .. } = range;
                Err(wrong(&self.key, &format!("`step` or `n` beside `from: {from}` and `to: {to}`, for a grid")))
            }
        }
    }

    /// What the axis is to a search that learns.
    pub fn dimension(&self) -> Dimension {
        match &self.values {
            Values::List(values) => {
                let is_ordered = values.iter().all(|value| value.parse::<f64>().is_ok());
                Dimension { n_values: Some(values.len()), is_ordered }
            }
            Values::Range(range) if range.is_whole && !range.is_log && range.to - range.from < VALUES_MAX as f64 => {
                Dimension { n_values: Some((range.to - range.from) as usize + 1), is_ordered: true }
            }
            Values::Range(_) => Dimension { n_values: None, is_ordered: true },
        }
    }

    /// The value at a place from 0 to below 1.
    pub fn at(&self, place: f64) -> String {
        match &self.values {
            Values::List(values) => values[((place * values.len() as f64) as usize).min(values.len() - 1)].clone(),
            Values::Range(range) => text(range.at(place)),
        }
    }
}

impl Axis {
    /// The axis for a program: its key, and its values or the ends of its range.
    pub fn described(&self) -> Value {
        let is_ordered = self.dimension().is_ordered;
        match &self.values {
            Values::List(values) => json!({"name": self.key, "values": values, "is_ordered": is_ordered}),
            Values::Range(range) => json!({
                "name": self.key, "from": range.from, "to": range.to, "whole": range.is_whole,
                "scale": if range.is_log { "log" } else { "linear" },
            }),
        }
    }

    /// A place from 0 to below 1 at which a value lies; `None` for one that is not on the axis.
    pub fn place_of(&self, value: &Value) -> Option<f64> {
        let wanted = scalar(value);
        let number = wanted.parse::<f64>().ok();
        match &self.values {
            Values::List(values) => {
                let is_it = |known: &String| *known == wanted || number.is_some_and(|n| known.parse() == Ok(n));
                Some((values.iter().position(is_it)? as f64 + 0.5) / values.len() as f64)
            }
            Values::Range(range) => range.place_of(number?),
        }
    }
}

impl Range {
    /// The place of a number; of whole ones the middle of its part.
    fn place_of(&self, number: f64) -> Option<f64> {
        if !(self.from..=self.to).contains(&number) || (self.is_whole && number.fract() != 0.0) {
            return None;
        }
        let share = if self.is_whole && !self.is_log {
            (number - self.from + 0.5) / (self.to - self.from + 1.0)
        } else if self.from == self.to {
            0.0
        } else if self.is_log {
            libm::log(number / self.from) / libm::log(self.to / self.from)
        } else {
            (number - self.from) / (self.to - self.from)
        };
        Some(share.clamp(0.0, 1.0 - f64::EPSILON))
    }

    /// The number at a place from 0 to below 1; of whole numbers each has a part of the places.
    fn at(&self, place: f64) -> f64 {
        let (from, to) = if self.is_whole && !self.is_log { (self.from, self.to + 1.0) } else { (self.from, self.to) };
        let number = if self.is_log {
            // Whole numbers are what lies nearest.
            libm::exp(libm::log(from) + place * (libm::log(to) - libm::log(from)))
        } else {
            from + place * (to - from)
        };
        match (self.is_whole, self.is_log) {
            (true, false) => number.floor().min(self.to),
            (true, true) => number.round().clamp(self.from, self.to),
            _ => number,
        }
    }
}

/// A range as it is written.
struct Written<'a> {
    /// The key of the axis.
    key: &'a str,
    /// What is written.
    map: &'a serde_json::Map<String, Value>,
}

impl Written<'_> {
    /// The values it stands for.
    fn values(&self) -> Result<Values, BacktestError> {
        const KNOWN: [&str; 6] = ["from", "to", "step", "n", "scale", "whole"];
        if let Some(unknown) = self.map.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            let near = crosscut_model::nearest(unknown, KNOWN).map(|near| format!("\nhint: did you mean `{near}`?"));
            let expected = format!("only {}, found `{unknown}`{}", KNOWN.join(", "), near.unwrap_or_default());
            return Err(wrong(self.key, &expected));
        }
        let (from, to) = (self.number("from")?, self.number("to")?);
        let (Some(from), Some(to)) = (from, to) else { return Err(wrong(self.key, "a range with `from` and `to`")) };
        let is_log = match self.map.get("scale").and_then(Value::as_str) {
            None if !self.map.contains_key("scale") => false,
            Some("linear") => false,
            Some("log") => true,
            _ => return Err(wrong(self.key, "scale to be linear or log")),
        };
        let is_written_whole = |key: &str| self.map.get(key).is_none_or(|value| value.is_i64() || value.is_u64());
        let is_whole = match self.map.get("whole") {
            None => ["from", "to", "step"].iter().all(|key| is_written_whole(key)),
            Some(Value::Bool(whole)) => *whole,
            Some(_) => return Err(wrong(self.key, "whole to be true or false")),
        };
        if from > to || (is_log && from <= 0.0) {
            let least = if is_log { " and above 0" } else { "" };
            return Err(wrong(self.key, &format!("`from` at most `to`{least}, found {from} and {to}")));
        }
        if !(to - from).is_finite() {
            return Err(wrong(self.key, &format!("a narrower range, found {from:e} and {to:e}")));
        }
        if is_whole && (from.fract() != 0.0 || to.fract() != 0.0) {
            return Err(wrong(self.key, &format!("whole numbers, found {from} and {to}")));
        }
        let range = Range { from, to, is_log, is_whole };
        match (self.number("step")?, self.number("n")?) {
            (None, None) => Ok(Values::Range(range)),
            (Some(_), Some(_)) => Err(wrong(self.key, "`step` or `n`, not both")),
            (Some(step), None) if step > 0.0 && !is_log && (to - from) / step < VALUES_MAX as f64 => {
                let n_steps = ((to - from) / step + 1e-9).floor() as usize;
                self.list((0..=n_steps).map(|at| from + at as f64 * step), is_whole)
            }
            (Some(step), None) if step > 0.0 && !is_log => {
                let n = (to - from) / step;
                Err(wrong(self.key, &format!("at most {VALUES_MAX} steps, found {n:.0} of {step}")))
            }
            (Some(step), None) => Err(wrong(self.key, &format!("a step above 0, on a linear scale, found {step}"))),
            (None, Some(n)) if n >= 1.0 && n.fract() == 0.0 && n <= VALUES_MAX as f64 => {
                let share = |at: usize| if n == 1.0 { 0.0 } else { at as f64 / (n - 1.0) };
                let ratio = if is_log { libm::log(to / from) } else { 0.0 };
                let point =
                    |at| if is_log { from * libm::exp(share(at) * ratio) } else { from + share(at) * (to - from) };
                self.list((0..n as usize).map(point), is_whole)
            }
            (None, Some(n)) => Err(wrong(self.key, &format!("`n`, a whole number from 1 to {VALUES_MAX}, found {n}"))),
        }
    }

    /// Numbers as texts, each once.
    fn list(&self, numbers: impl Iterator<Item = f64>, is_whole: bool) -> Result<Values, BacktestError> {
        let mut texts: Vec<String> =
            numbers.map(|number| text(if is_whole { number.round() } else { number })).collect();
        texts.dedup();
        Ok(Values::List(texts))
    }

    /// A number of the range; `None` when it is not given.
    fn number(&self, name: &str) -> Result<Option<f64>, BacktestError> {
        match self.map.get(name) {
            None => Ok(None),
            Some(value) => match value.as_f64().filter(|number| number.is_finite()) {
                Some(number) => Ok(Some(number)),
                None => Err(wrong(self.key, &format!("{name} to be a number, found {value}"))),
            },
        }
    }
}

/// A number without the dust of its computation.
fn text(number: f64) -> String {
    let rounded: f64 = format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number);
    (rounded + 0.0).to_string()
}

/// A value as `--set` takes it.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => String::new(),
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().map(scalar).collect();
            texts.join(",")
        }
        // A model with parameters, such as {per_share: {rate: 0.005}}: the reader of texts takes it as YAML.
        Value::Object(_) => value.to_string(),
    }
}

/// The error for a key.
fn wrong(key: &str, expected: &str) -> BacktestError {
    BacktestError::Search { problem: format!("parameter `{key}`: expected {expected}") }
}
