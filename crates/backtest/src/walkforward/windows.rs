//! Training and test windows that walk through a history.

use crate::error::BacktestError;

/// Most windows.
const WINDOWS_MAX: i64 = 10_000;

/// A stretch of time, microseconds UTC, the end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First moment.
    pub start: i64,
    /// End, exclusive.
    pub end: i64,
}

/// Where parameters are chosen, and where what was chosen is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Where sets are compared.
    pub train: Span,
    /// Where the chosen one runs; no training window that chose it reaches into it.
    pub test: Span,
}

/// How windows walk. Lengths in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Length of a training window; of the first one when they are anchored.
    pub train: i64,
    /// Length of a test window.
    pub test: i64,
    /// From one window to the next; the length of a test window unless given. Tests may not overlap.
    pub step: i64,
    /// Whether training begins at the start of the history, however far the test has gone.
    pub is_anchored: bool,
    /// How long what a decision is judged by lies in its future: training ends so long before its test begins.
    pub label: i64,
    /// Further time left out between training and test.
    pub embargo: i64,
}

impl Walk {
    /// The windows of a history. The last test is cut at the end of the history.
    ///
    /// # Errors
    /// [`BacktestError::Search`] for lengths that are not above 0, tests that overlap, too many windows, and histories too
    /// short for one.
    pub fn windows(&self, history: Span) -> Result<Vec<Window>, BacktestError> {
        let problem = |text: String| Err(BacktestError::Search { problem: text });
        if self.train <= 0 || self.test <= 0 || self.step <= 0 || self.label < 0 || self.embargo < 0 {
            return problem(
                "walkforward: train, test and step must be above 0; label and embargo 0 or more".to_owned(),
            );
        }
        if self.step < self.test {
            return problem(
                "walkforward.step: a step shorter than a test makes tests overlap\nhint: leave `step` out".to_owned(),
            );
        }
        let gap = self.label.saturating_add(self.embargo);
        let n_windows = (history.end - history.start).saturating_sub(gap).saturating_sub(self.train) / self.step;
        if n_windows > WINDOWS_MAX {
            return problem(format!("walkforward.step: {n_windows} windows; expected at most {WINDOWS_MAX}"));
        }
        let mut windows = Vec::new();
        let mut test_start = history.start.saturating_add(self.train).saturating_add(gap);
        while test_start < history.end {
            let train_end = test_start - gap;
            let start = if self.is_anchored { history.start } else { train_end - self.train };
            windows.push(Window {
                train: Span { start, end: train_end },
                test: Span { start: test_start, end: test_start.saturating_add(self.test).min(history.end) },
            });
            test_start = test_start.saturating_add(self.step);
        }
        if windows.is_empty() {
            return problem(format!(
                "walkforward: {:.1} days of history are too short for {:.1} days of training, a gap of {:.1} and a test",
                days(history.end - history.start),
                days(self.train),
                days(gap)
            ));
        }
        Ok(windows)
    }
}

/// Days of 24 hours.
fn days(micros: i64) -> f64 {
    micros as f64 / crosscut_model::time::DAY as f64
}
