//! Values compared bit by bit, and what follows for each column.

use std::collections::BTreeMap;

use crosscut_formula::Lookback;
use crosscut_hub::{ColumnProof, ProofResult};
use crosscut_model::format_iso;
use serde::Serialize;

use super::AuditedColumn;
use super::sample::Sample;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Later rows change nothing earlier.
    Causal,
    /// Updates give the bits of a full run.
    Incremental,
    /// One row at a time gives the bits of all at once.
    Streaming,
}

impl Check {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Causal => "causal",
            Self::Incremental => "incremental",
            Self::Streaming => "streaming",
        }
    }
}

/// Where a column failed first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditFailure {
    /// The column.
    pub column: String,
    /// What was tried.
    pub check: Check,
    /// The symbol.
    pub symbol: String,
    /// Time of the row, ISO-8601.
    pub time: String,
    /// The value that should have come; missing is `null`.
    pub expected: f64,
    /// The value that came.
    pub found: f64,
    /// The trial, in words.
    pub trial: String,
}

impl AuditFailure {
    /// The failure in one line.
    pub fn words(&self) -> String {
        let value = |value: f64| if value.is_nan() { "missing".to_owned() } else { value.to_string() };
        let Self { column, check, symbol, time, trial, .. } = self;
        let (expected, found) = (value(self.expected), value(self.found));
        format!("{column} is not {}: {symbol} at {time}: {found} instead of {expected} ({trial})", check.word())
    }
}

/// The values of a column of a symbol at some times.
#[derive(Clone, Copy)]
pub(super) struct Series<'a> {
    /// Position of the column.
    pub column: usize,
    /// The symbol.
    pub symbol: &'a str,
    /// The times.
    pub times: &'a [i64],
    /// The values.
    pub values: &'a [f64],
}

/// What was tried so far.
#[derive(Debug)]
pub(super) struct Trials {
    /// The columns.
    columns: Vec<String>,
    /// Seed of the trials.
    seed: u64,
    /// Trials of each check.
    n_cuts: BTreeMap<Check, u64>,
    /// Finite values compared, by check and column.
    n_values: BTreeMap<(Check, usize), u64>,
    /// The first failure of each column and check.
    failures: BTreeMap<(Check, usize), AuditFailure>,
    /// Failures of what is no factor: missing or further rows, flags.
    others: Vec<AuditFailure>,
    /// Why a check could not be done at all.
    not_done: BTreeMap<Check, String>,
}

impl Trials {
    /// Before the first trial.
    pub fn new(columns: &[String], seed: u64) -> Self {
        Self {
            columns: columns.to_vec(),
            seed,
            n_cuts: BTreeMap::new(),
            n_values: BTreeMap::new(),
            failures: BTreeMap::new(),
            others: Vec::new(),
            not_done: BTreeMap::new(),
        }
    }

    /// Counts a cut that was tried.
    pub fn count(&mut self, check: Check) {
        *self.n_cuts.entry(check).or_default() += 1;
    }

    /// Says why a check could not be done; the first reason stays.
    pub fn not_done(&mut self, check: Check, why: String) {
        self.not_done.entry(check).or_insert(why);
    }

    /// Compares the values of a column with those expected at the same times.
    pub fn compare(&mut self, check: Check, expected: Series<'_>, found: &[f64], trial: &dyn Fn() -> String) {
        let at = expected.column;
        let finite = expected.values.iter().filter(|value| value.is_finite()).count() as u64;
        *self.n_values.entry((check, at)).or_default() += finite;
        let differs = |(a, b): (&f64, &f64)| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan());
        let n = expected.values.len().min(found.len());
        let row =
            expected.values.iter().zip(found).position(differs).or((expected.values.len() != found.len()).then_some(n));
        let Some(row) = row else { return };
        self.failures.entry((check, at)).or_insert_with(|| AuditFailure {
            column: self.columns[at].clone(),
            check,
            symbol: expected.symbol.to_owned(),
            time: expected.times.get(row).map_or("its end".to_owned(), |&time| format_iso(time)),
            expected: expected.values.get(row).copied().unwrap_or(f64::NAN),
            found: found.get(row).copied().unwrap_or(f64::NAN),
            trial: trial(),
        });
    }

    /// Notes a failure of what is no factor.
    pub fn other(&mut self, failure: AuditFailure) {
        if !self.others.iter().any(|known| known.column == failure.column && known.check == failure.check) {
            self.others.push(failure);
        }
    }

    /// What follows for each column, and the failures.
    pub fn finish(
        self,
        sample: &Sample,
        lookbacks: &BTreeMap<String, Lookback>,
    ) -> (Vec<AuditedColumn>, Vec<AuditFailure>) {
        let column = |(at, name): (usize, &String)| AuditedColumn {
            name: name.clone(),
            proof: ColumnProof {
                causal: self.result(Check::Causal, at, (sample, lookbacks)),
                incremental: self.result(Check::Incremental, at, (sample, lookbacks)),
                streaming: self.result(Check::Streaming, at, (sample, lookbacks)),
            },
        };
        let columns = self.columns.iter().enumerate().map(column).collect();
        (columns, self.failures.into_values().chain(self.others).collect())
    }

    /// What was found of a column by a check.
    fn result(
        &self,
        check: Check,
        at: usize,
        (sample, lookbacks): (&Sample, &BTreeMap<String, Lookback>),
    ) -> ProofResult {
        let result = |passed, n_cuts, detail| ProofResult { passed, n_cuts, seed: self.seed, detail };
        let n_cuts = self.n_cuts.get(&check).copied().unwrap_or(0);
        if let Some(failure) = self.failures.get(&(check, at)) {
            return result(false, n_cuts.max(1), Some(failure.words()));
        }
        if let Some(why) = self.not_done.get(&check).filter(|_| n_cuts == 0) {
            return result(false, 0, Some(format!("not tested: {why}")));
        }
        if n_cuts > 0 && self.n_values.get(&(check, at)).copied().unwrap_or(0) > 0 {
            return result(true, n_cuts, None);
        }
        let n_labels = sample.labels.len();
        let rows = lookbacks.get(&self.columns[at]).map_or(0, |lookback| lookback.rows);
        let why = if rows >= n_labels {
            format!("it looks back {rows} rows, the sample has {n_labels}")
        } else {
            format!("it has no finite value in the sample of {} symbols", sample.symbols.len())
        };
        result(false, 0, Some(format!("not tested: {why}")))
    }
}
