//! How a model and its parameters are written: `per_share:rate=0.005,minimum=1` on the command line,
//! `{per_share: {rate: 0.005, minimum: 1}}` in YAML. Both become a [`Form`], which the model reads by name.
//!
//! A model with one main parameter takes it alone (`bps:5`, `{bps: 5}`); a model with several dated rows takes them
//! separated by `;`, in YAML as a list.

use std::fmt;

use crosscut_model::{format_iso, nearest, parse_iso};
use serde_json::Value;

/// A model as written: its name, and rows of named texts. A value without a name has the empty name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Name of the model.
    pub name: String,
    /// Parameters; most models have one row.
    pub rows: Vec<Vec<(String, String)>>,
}

/// A parameter of a model as it is declared for reading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Its name; the first of a list may be given without it.
    pub(super) name: &'static str,
    /// Whether it must be given.
    pub(super) is_required: bool,
    /// What its number may be.
    pub(super) range: Bounds,
}

/// What a number may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bounds {
    /// 0 or more.
    NotNegative,
    /// Above 0.
    Positive,
    /// From the first to below the second.
    Within(f64, f64),
    /// Above 0, at most 1.
    Share,
    /// A time, ISO-8601.
    Time,
}

impl Bounds {
    /// In words.
    fn describe(self) -> String {
        match self {
            Self::NotNegative => "a number of at least 0".to_owned(),
            Self::Positive => "a number above 0".to_owned(),
            Self::Within(least, below) => format!("a number from {least} to below {below}"),
            Self::Share => "a fraction above 0, at most 1".to_owned(),
            Self::Time => "a time such as 2024-06-01".to_owned(),
        }
    }

    /// The number in a text; times as microseconds.
    fn read(self, text: &str) -> Option<f64> {
        if let Self::Time = self {
            // Exact: times of this and the next centuries are below 2^53 microseconds.
            return parse_iso(text).ok().map(|micros| micros as f64);
        }
        let number: f64 = text.trim().parse().ok().filter(|number: &f64| number.is_finite())?;
        let holds = match self {
            Self::NotNegative => number >= 0.0,
            Self::Positive => number > 0.0,
            Self::Within(least, below) => number >= least && number < below,
            Self::Share => number > 0.0 && number <= 1.0,
            Self::Time => false,
        };
        holds.then_some(number)
    }
}

/// Numbers of one row in the order of their declarations; `None` where nothing was given.
pub(super) type Numbers = Vec<Option<f64>>;

impl Form {
    /// Reads `NAME`, `NAME:value` or `NAME:name=value,name=value;...`.
    pub fn parse(text: &str) -> Self {
        let (name, body) = text.split_once(':').unwrap_or((text, ""));
        let pair = |text: &str| match text.split_once('=') {
            Some((name, value)) => (word(name), value.trim().to_owned()),
            None => (String::new(), text.trim().to_owned()),
        };
        let row = |text: &str| text.split(',').filter(|part| !part.trim().is_empty()).map(pair).collect();
        Self { name: word(name), rows: body.split(';').filter(|part| !part.trim().is_empty()).map(row).collect() }
    }

    /// Reads what YAML gives: a text, or a mapping from the model's name to a value, to parameters, or to a list of them.
    ///
    /// # Errors
    /// What was expected, in words.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        let shape = || "a model such as `bps:5`, or one mapping such as {bps: 5}".to_owned();
        match value {
            Value::String(text) => Ok(Self::parse(text)),
            Value::Object(map) if map.len() == 1 => {
                let (name, body) = map.iter().next().ok_or_else(shape)?;
                let rows = match body {
                    Value::Null => Vec::new(),
                    Value::Array(rows) => rows.iter().map(row).collect::<Result<_, _>>()?,
                    other => vec![row(other)?],
                };
                Ok(Self { name: word(name), rows })
            }
            _ => Err(shape()),
        }
    }

    /// The numbers of each row, checked against the declarations; at least one row.
    ///
    /// # Errors
    /// What was expected, in words, with the parameter and the value.
    pub(super) fn numbers(&self, wanted: &[Wanted]) -> Result<Vec<Numbers>, String> {
        let none = [Vec::new()];
        let rows = if self.rows.is_empty() { &none[..] } else { &self.rows };
        rows.iter().map(|row| self.row_numbers(row, wanted)).collect()
    }

    /// The numbers of the only row.
    ///
    /// # Errors
    /// As [`Form::numbers`], and for several rows.
    pub(super) fn only_row(&self, wanted: &[Wanted]) -> Result<Numbers, String> {
        let mut rows = self.numbers(wanted)?;
        match rows.pop() {
            Some(row) if rows.is_empty() => Ok(row),
            _ => Err(format!("one set of parameters for {}, not {}", self.name, rows.len() + 1)),
        }
    }

    /// The numbers of one row.
    fn row_numbers(&self, row: &[(String, String)], wanted: &[Wanted]) -> Result<Numbers, String> {
        let mut numbers: Numbers = vec![None; wanted.len()];
        for (name, text) in row {
            let at = wanted.iter().position(|wanted| wanted.name == name || name.is_empty());
            let at = at.ok_or_else(|| self.no_parameter(name, wanted))?;
            let declared = wanted[at];
            let number = declared.range.read(text);
            let number = number.ok_or_else(|| {
                format!("{} of {} to be {}, not `{text}`", declared.name, self.name, declared.range.describe())
            })?;
            if numbers[at].replace(number).is_some() {
                return Err(format!("{} of {} only once", declared.name, self.name));
            }
        }
        match wanted.iter().zip(&numbers).find(|(wanted, number)| wanted.is_required && number.is_none()) {
            Some((wanted, _)) => {
                Err(format!("{} of {}, {}, to be given", wanted.name, self.name, wanted.range.describe()))
            }
            None => Ok(numbers),
        }
    }

    /// The error for a parameter that the model does not have.
    fn no_parameter(&self, name: &str, wanted: &[Wanted]) -> String {
        let names: Vec<&str> = wanted.iter().map(|wanted| wanted.name).collect();
        let hint = nearest(name, names.iter().copied()).map(|near| format!("\nhint: did you mean `{near}`?"));
        format!("of {} only {}, not `{name}`{}", self.name, names.join(", "), hint.unwrap_or_default())
    }

    /// The error for a name that is none of `names`.
    pub(super) fn no_model(&self, names: &[&str]) -> String {
        let hint = nearest(&self.name, names.iter().copied()).map(|near| format!("\nhint: did you mean `{near}`?"));
        format!("one of the models {}{}", names.join(", "), hint.unwrap_or_default())
    }
}

/// Writes `name=value` pairs, those that have a value, after a model's name.
pub(super) fn write_row(f: &mut fmt::Formatter<'_>, pairs: &[(&str, Option<f64>)]) -> fmt::Result {
    let given = pairs.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    for (at, (name, value)) in given.enumerate() {
        let comma = if at > 0 { "," } else { "" };
        if *name == "from" {
            write!(f, "{comma}from={}", format_iso(value as i64))?;
        } else {
            write!(f, "{comma}{name}={value}")?;
        }
    }
    Ok(())
}

/// A name as it is compared: lower case, `-` as `_`.
fn word(text: &str) -> String {
    text.trim().to_lowercase().replace('-', "_")
}

/// One row as YAML gives it: a mapping, or a single value.
fn row(value: &Value) -> Result<Vec<(String, String)>, String> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(format!("a number or a time, not `{other}`")),
    };
    match value {
        Value::Object(map) => map.iter().map(|(name, value)| Ok((word(name), scalar(value)?))).collect(),
        Value::Null => Ok(Vec::new()),
        other => Ok(vec![(String::new(), scalar(other)?)]),
    }
}
