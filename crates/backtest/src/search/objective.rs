//! What a search makes large or small: a metric, a weighted sum of metrics, or several that are weighed by nobody.

use crosscut_model::nearest;
use serde_json::Value;

use crate::error::BacktestError;
use crate::results::metric_names;

/// Metrics of which less is better.
const LESS_IS_BETTER: &[&str] = &[
    "volatility",
    "downside_deviation",
    "max_drawdown_days",
    "longest_drawdown_days",
    "ulcer_index",
    "longest_losing_streak",
    "turnover",
    "turnover_yearly",
    "commission",
    "slippage",
    "funding",
    "borrow",
    "liquidation_fee",
    "tracking_error",
    "down_capture",
];

/// Written as a negative share, and spoken of by its size: made small, it is near 0.
const BY_SIZE: &str = "max_drawdown";

/// A metric and its direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Weighted metrics whose sum is made large. A metric to be made small has a weight below 0.
    pub terms: Vec<(String, f64)>,
}

/// What a search is for: one goal, or several of which none is worth another.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// At least one.
    pub goals: Vec<Goal>,
}

impl Objective {
    /// Reads an objective: `sharpe` (in its own better direction), `minimise turnover`, `maximise kurtosis`; a mapping
    /// `{sharpe: 1, turnover_yearly: -0.01}` for a weighted sum that is made large; a list of either for several goals. A
    /// drawdown is made small by its size; in a sum it is the negative number that it is in `metrics.json`.
    ///
    /// # Errors
    /// [`BacktestError::Search`] for a metric that does not exist and for anything else.
    pub fn read(value: &Value) -> Result<Self, BacktestError> {
        let goals = match value {
            Value::Array(goals) => goals.iter().map(goal).collect::<Result<_, _>>()?,
            value => vec![goal(value)?],
        };
        if goals.is_empty() {
            return Err(wrong("a metric, found an empty list"));
        }
        Ok(Self { goals })
    }

    /// What is to be made small, one number per goal; `None` where a metric is undefined.
    pub fn losses(&self, metric: &dyn Fn(&str) -> Option<f64>) -> Option<Vec<f64>> {
        self.goals.iter().map(|goal| goal.value(metric).map(|value| -value)).collect()
    }
}

impl Goal {
    /// What is to be made large; `None` where a metric is undefined or infinite.
    pub fn value(&self, metric: &dyn Fn(&str) -> Option<f64>) -> Option<f64> {
        let mut sum = 0.0;
        for (name, weight) in &self.terms {
            sum += weight * metric(name)?;
        }
        sum.is_finite().then_some(sum)
    }

    /// The loss at which a value is reached, given as the metric's value (a drawdown's also by its size), or as the sum's.
    pub fn target_loss(&self, value: f64) -> f64 {
        match self.terms.as_slice() {
            [(name, weight)] if name == BY_SIZE && *weight == 1.0 => value.abs(),
            [(_, weight)] => -value * weight.signum(),
            _ => -value,
        }
    }

    /// As it is written: `sharpe`, `minimise turnover`, `1 x sharpe - 0.5 x turnover`.
    pub fn text(&self) -> String {
        match self.terms.as_slice() {
            [(name, weight)] if *weight == 1.0 && name == BY_SIZE => format!("minimise {name}"),
            [(name, weight)] if *weight == 1.0 => format!("maximise {name}"),
            [(name, weight)] if *weight == -1.0 => format!("minimise {name}"),
            terms => {
                let parts: Vec<String> = terms.iter().map(|(name, weight)| format!("{weight} x {name}")).collect();
                format!("maximise {}", parts.join(" + "))
            }
        }
    }
}

/// Reads one goal.
fn goal(value: &Value) -> Result<Goal, BacktestError> {
    match value {
        Value::String(text) => {
            let (direction, name) = match text.trim().split_once(char::is_whitespace) {
                Some(("maximise" | "maximize", name)) => (Some(1.0), name.trim()),
                Some(("minimise" | "minimize", name)) => (Some(-1.0), name.trim()),
                _ => (None, text.trim()),
            };
            let name = known(name)?;
            if name == BY_SIZE {
                let size = "a small drawdown, by its size: `max_drawdown` or `minimise max_drawdown`";
                return match direction {
                    Some(1.0) => Err(wrong(&format!("{size}, found `{text}`"))),
                    _ => Ok(Goal { terms: vec![(name, 1.0)] }),
                };
            }
            let natural = if LESS_IS_BETTER.contains(&name.as_str()) { -1.0 } else { 1.0 };
            Ok(Goal { terms: vec![(name, direction.unwrap_or(natural))] })
        }
        Value::Object(map) if !map.is_empty() => {
            let term = |(name, weight): (&String, &Value)| {
                let weight = weight.as_f64().filter(|weight| weight.is_finite() && *weight != 0.0);
                let weight = weight.ok_or_else(|| wrong(&format!("a weight other than 0 for `{name}`")))?;
                if name == BY_SIZE && weight < 0.0 {
                    let why = "a drawdown is a negative number, so that it is small where it is high";
                    return Err(wrong(&format!("a weight above 0 for `{name}`, found {weight}\nhint: {why}")));
                }
                Ok((known(name)?, weight))
            };
            Ok(Goal { terms: map.iter().map(term).collect::<Result<_, BacktestError>>()? })
        }
        other => Err(wrong(&format!("a metric, `minimise METRIC` or {{metric: weight}}, found {other}"))),
    }
}

/// A metric of the dictionary.
fn known(name: &str) -> Result<String, BacktestError> {
    if metric_names().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let names: Vec<&str> = metric_names().collect();
    let near = nearest(name, names.iter().copied()).map(|near| format!("\nhint: did you mean `{near}`?"));
    Err(wrong(&format!("a metric of metrics.json, found `{name}`{}", near.unwrap_or_default())))
}

/// The error.
fn wrong(expected: &str) -> BacktestError {
    BacktestError::Search { problem: format!("expected {expected}") }
}
