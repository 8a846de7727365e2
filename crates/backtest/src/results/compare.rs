//! Two stored runs side by side.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::divergence::{self, Divergence, TradePairs};
use super::error::ResultsError;
use super::stored::StoredRun;

/// What is the same and what is not between two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first run.
    pub a: String,
    /// The second run.
    pub b: String,
    /// All metrics of either, in the order of the first.
    pub metrics: Vec<MetricPair>,
    /// Settings that differ, by dotted path.
    pub config: Vec<Difference>,
    /// Input tables whose content differs or that only one run read.
    pub inputs: Vec<Difference>,
    /// Where the equity of the two parts.
    pub divergence: Divergence,
    /// Closed trades.
    pub trades: TradePairs,
}

/// One metric of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricPair {
    /// Its name.
    pub name: String,
    /// Of the first run; `None` when undefined or absent.
    pub a: Option<f64>,
    /// Of the second run.
    pub b: Option<f64>,
    /// `b - a`; `None` unless both are defined.
    pub difference: Option<f64>,
}

/// Something two runs do not share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Setting or table.
    pub name: String,
    /// In the first run; `None` when absent there.
    pub a: Option<String>,
    /// In the second run.
    pub b: Option<String>,
}

/// Compares two runs.
///
/// # Errors
/// When a file of either is missing or malformed.
pub fn compare(a: &StoredRun, b: &StoredRun) -> Result<Comparison, ResultsError> {
    Ok(Comparison {
        a: a.id(),
        b: b.id(),
        metrics: metric_pairs(a, b),
        config: differences(flatten(a.config()), flatten(b.config())),
        inputs: differences(a.inputs(), b.inputs()),
        divergence: divergence::divergence(a, b)?,
        trades: divergence::trade_pairs(a, b)?,
    })
}

/// Leaves of a configuration by dotted path, in the order of the configuration; texts without quotes, lists as JSON.
pub(super) fn flatten(config: &Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    push_leaves(String::new(), config, &mut out);
    out
}

/// Appends the leaves below `value`.
fn push_leaves(path: String, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (key, inner) in object {
                push_leaves(if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, inner, out);
            }
        }
        Value::String(text) => out.push((path, text.clone())),
        Value::Null => out.push((path, "none".to_owned())),
        other => out.push((path, other.to_string())),
    }
}

/// Metrics of either run.
fn metric_pairs(a: &StoredRun, b: &StoredRun) -> Vec<MetricPair> {
    let values = |run: &StoredRun| -> BTreeMap<String, Option<f64>> {
        run.metrics.iter().map(|metric| (metric.name.clone(), metric.value)).collect()
    };
    let (in_a, in_b) = (values(a), values(b));
    let only_b = b.metrics.iter().filter(|metric| !in_a.contains_key(&metric.name));
    let names = a.metrics.iter().chain(only_b).map(|metric| metric.name.clone());
    names
        .map(|name| {
            let value = |of: &BTreeMap<String, Option<f64>>| of.get(&name).copied().flatten();
            let (a, b) = (value(&in_a), value(&in_b));
            MetricPair { a, b, difference: a.zip(b).map(|(a, b)| b - a), name }
        })
        .collect()
}

/// Names whose values differ, sorted.
fn differences(a: Vec<(String, String)>, b: Vec<(String, String)>) -> Vec<Difference> {
    let mut both: BTreeMap<String, (Option<String>, Option<String>)> = BTreeMap::new();
    for (name, value) in a {
        both.entry(name).or_default().0 = Some(value);
    }
    for (name, value) in b {
        both.entry(name).or_default().1 = Some(value);
    }
    both.retain(|_, (a, b)| a != b);
    both.into_iter().map(|(name, (a, b))| Difference { name, a, b }).collect()
}
