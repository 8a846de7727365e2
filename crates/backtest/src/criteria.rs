//! Go-live criteria: what a strategy must show before money is put on it, as conditions on named metrics.
//!
//! `win_rate >= 0.6`, `annual_return >= 0.3`, `max_drawdown <= 0.2`, `deflated_sharpe > 0.95`. Names are those of the
//! dictionary; `annual_return` is `cagr`, and drawdowns are compared by their size. A metric that is undefined fulfils
//! nothing: what cannot be shown is not shown. A number that a kind of result does not have is no verdict, and no pass.

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

/// How a condition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// It holds.
    Passed,
    /// It does not hold, or its metric is undefined.
    Failed,
    /// This kind of result has no number of the name.
    NoVerdict,
}

/// What came of a condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The condition, as written.
    pub criterion: String,
    /// The value found; `None` when it is undefined, or not there.
    pub value: Option<f64>,
    /// How it stands.
    pub verdict: Ruling,
    /// Whether the condition holds.
    pub passed: bool,
    /// Why there is no value; `None` where there is one.
    pub reason: Option<String>,
}

impl Verdict {
    /// The verdict for people.
    pub fn text(&self) -> String {
        let word = match self.verdict {
            Ruling::Passed => "passed",
            Ruling::Failed => "failed",
            Ruling::NoVerdict => "no verdict",
        };
        self.reason.as_ref().map_or_else(|| word.to_owned(), |reason| format!("{word}: {reason}"))
    }

    /// The condition as one that is not met is told beside others.
    pub fn missed(&self) -> String {
        match self.verdict {
            Ruling::NoVerdict => format!("{} (no verdict)", self.criterion),
            _ => self.criterion.clone(),
        }
    }
}

/// Verdicts in short, for tables of several results: how many criteria are met, and which are not. Empty without criteria.
pub fn told(verdicts: &[Verdict]) -> String {
    let n_passed = verdicts.iter().filter(|one| one.passed).count();
    let missed: Vec<String> = verdicts.iter().filter(|one| !one.passed).map(Verdict::missed).collect();
    match (verdicts.len(), missed.is_empty()) {
        (0, _) => String::new(),
        (n, true) => format!("{n} of {n}"),
        (n, false) => format!("{n_passed} of {n}; {}", missed.join(", ")),
    }
}

/// What a result says of a metric: its value, `None` where it is undefined; or why results of this kind have none.
pub type Looked = Result<Option<f64>, String>;

/// Holds a result against criteria. `look` is asked for metrics by the names of the dictionary, and for [`DEFLATED`].
pub fn verdicts(criteria: &[Criterion], look: &dyn Fn(&str) -> Looked) -> Vec<Verdict> {
    let one = |criterion: &Criterion| match look(criterion.lookup()) {
        Ok(value) => criterion.judge(value),
        Err(reason) => criterion.no_verdict(reason),
    };
    criteria.iter().map(one).collect()
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
        let passed = value.is_some_and(holds);
        Verdict {
            criterion: self.to_string(),
            verdict: if passed { Ruling::Passed } else { Ruling::Failed },
            passed,
            reason: value.is_none().then(|| "undefined".to_owned()),
            value,
        }
    }

    /// That a kind of result has no number to compare.
    fn no_verdict(&self, reason: String) -> Verdict {
        Verdict {
            criterion: self.to_string(),
            value: None,
            verdict: Ruling::NoVerdict,
            passed: false,
            reason: Some(reason),
        }
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
    fn what_is_not_there_is_told_and_no_pass() {
        let criteria: Vec<Criterion> =
            ["sharpe < 9", "beta < 9", "win_rate < 9"].map(|text| Criterion::parse(text).unwrap()).into();
        let look = |name: &str| match name {
            "sharpe" => Ok(Some(1.0)),
            "beta" => Ok(None),
            _ => Err(format!("there is no {name} here")),
        };
        let found = verdicts(&criteria, &look);
        assert_eq!([found[0].passed, found[1].passed, found[2].passed], [true, false, false]);
        let texts: Vec<String> = found.iter().map(Verdict::text).collect();
        assert_eq!(texts, ["passed", "failed: undefined", "no verdict: there is no win_rate here"]);
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
