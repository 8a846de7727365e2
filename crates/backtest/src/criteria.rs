//! Go-live criteria: what a strategy must show before money is put on it, as conditions on named metrics.
//!
//! `win_rate >= 0.6`, `annual_return >= 0.3`, `max_drawdown <= 0.2`, `deflated_sharpe > 0.95`. Names are those of the
//! dictionary; `annual_return` is `cagr`, and drawdowns are compared by their size. A metric that is undefined fulfils
//! nothing: what cannot be shown is not shown.

use crosscut_model::nearest;
use serde::Serialize;

use crate::error::BacktestError;
use crate::results::metric_names;

/// Names besides those of the dictionary, and what they stand for.
const ALSO: [(&str, &str); 3] = [("annual_return", "cagr"), ("annual_volatility", "volatility"), (DEFLATED, DEFLATED)];

/// The deflated Sharpe ratio: it is no metric of one run's files, for it depends on the ledger.
pub const DEFLATED: &str = "deflated_sharpe";

/// How a metric is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
    /// `<`
    Below,
}

/// All comparisons as they are written; longer ones first, for the shorter ones begin like them.
const WRITTEN: [(&str, Comparison); 4] =
    [(">=", Comparison::AtLeast), ("<=", Comparison::AtMost), (">", Comparison::Above), ("<", Comparison::Below)];

/// One condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Criterion {
    /// The metric as written.
    pub metric: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub bound: f64,
}

/// What came of a condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The condition, as written.
    pub criterion: String,
    /// The value found; `None` when it is undefined.
    pub value: Option<f64>,
    /// Whether the condition holds.
    pub passed: bool,
}

impl Criterion {
    /// Reads `metric >= 0.6`; percents may be written: `60%`.
    ///
    /// # Errors
    /// Texts of another form; names of no metric.
    pub fn parse(text: &str) -> Result<Self, BacktestError> {
        let refuse = |expected: String| BacktestError::Setting {
            key: "stress.criteria",
            value: text.trim().to_owned(),
            expected,
        };
        let form = || refuse("a metric, one of >= > <= <, and a number, such as `sharpe >= 1.5`".to_owned());
        let found = WRITTEN.iter().find_map(|(sign, comparison)| Some((text.split_once(sign)?, *comparison)));
        let ((metric, bound), comparison) = found.ok_or_else(form)?;
        let (metric, bound) = (metric.trim(), bound.trim());
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        let bound = match bound.strip_suffix('%') {
            Some(percent) => number(percent).map(|percent| percent / 100.0),
            None => number(bound),
        };
        let bound = bound.ok_or_else(form)?;
        let known = || metric_names().chain(ALSO.iter().map(|(name, _)| *name));
        if !known().any(|name| name == metric) {
            let near = nearest(metric, known()).map_or(String::new(), |name| format!("; the nearest is `{name}`"));
            return Err(refuse(format!("the name of a metric{near}")));
        }
        Ok(Self { metric: metric.to_owned(), comparison, bound })
    }

    /// The name by which its value is looked up.
    pub fn lookup(&self) -> &str {
        ALSO.iter().find(|(name, _)| *name == self.metric).map_or(&self.metric, |(_, meant)| meant)
    }

    /// Whether a value fulfils it.
    pub fn judge(&self, value: Option<f64>) -> Verdict {
        // A drawdown is stored as a negative share, and spoken of by its size.
        let is_drawdown = self.metric == "max_drawdown" && self.bound >= 0.0;
        let value = value.filter(|value| value.is_finite()).map(|value| if is_drawdown { value.abs() } else { value });
        let holds = |value: f64| match self.comparison {
            Comparison::AtLeast => value >= self.bound,
            Comparison::Above => value > self.bound,
            Comparison::AtMost => value <= self.bound,
            Comparison::Below => value < self.bound,
        };
        Verdict { criterion: self.to_string(), value, passed: value.is_some_and(holds) }
    }
}

impl std::fmt::Display for Criterion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = WRITTEN.iter().find(|(_, comparison)| *comparison == self.comparison).map_or("", |(sign, _)| sign);
        write!(f, "{} {sign} {}", self.metric, self.bound)
    }
}

#[cfg(test)]
mod tests {
    //! Conditions as people write them.

    use super::*;

    /// What a condition makes of a value.
    fn passes(text: &str, value: f64) -> bool {
        Criterion::parse(text).unwrap().judge(Some(value)).passed
    }

    #[test]
    fn conditions_hold_or_not() {
        assert!(passes("win_rate >= 0.6", 0.6) && !passes("win_rate > 0.6", 0.6) && passes("win_rate>=60%", 0.61));
        assert!(passes("max_drawdown <= 0.2", -0.19) && !passes("max_drawdown <= 0.2", -0.21));
        assert!(passes("max_drawdown >= -0.2", -0.19) && !passes("max_drawdown >= -0.2", -0.21));
        assert!(passes("annual_return >= 0.3", 0.35) && !passes("deflated_sharpe > 0.95", 0.95));
        assert_eq!(Criterion::parse("annual_return >= 0.3").unwrap().lookup(), "cagr");
        assert!(!Criterion::parse("sharpe < 9").unwrap().judge(None).passed, "what is undefined fulfils nothing");
        assert!(!passes("sharpe < 9", f64::NAN));
    }

    #[test]
    fn slips_are_named() {
        for (text, expected) in [
            ("sharp >= 1", "the nearest is `sharpe`"),
            ("sharpe = 1", "a metric, one of >= > <= <"),
            ("sharpe >= much", "a metric, one of >= > <= <"),
            ("", "a metric, one of >= > <= <"),
            ("sharpe >= inf", "a metric, one of >= > <= <"),
        ] {
            let error = Criterion::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
