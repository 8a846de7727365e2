//! A factor without what groups or betas explain of it, time by time.

use std::collections::BTreeSet;
use std::path::Path;

use crosscut_hub::hash_file;
use crosscut_kernels::cross_section::{GroupScratch, by_group, demean, residual};
use crosscut_model::parse_groups;

use crate::error::EvaluationError;
use crate::load::Input;
use crate::matrix::Matrix;
use crate::section::FactorRows;

/// Share of the largest value below which what a line leaves over is rounding.
const ROUNDING: f64 = 1e-13;

/// The group of each symbol over time.
#[derive(Debug, Clone)]
pub struct Groups {
    /// Names of the groups, sorted: a code is a place in it.
    pub names: Vec<String>,
    /// For each symbol from which time on it has which code; NaN for none.
    spans: Vec<Vec<(i64, f64)>>,
    /// Symbols the file does not name.
    n_without: usize,
    /// Symbols of the file that are not judged.
    n_strange: usize,
    /// The file.
    pub input: Input,
}

impl Groups {
    /// Reads a group file for these symbols.
    ///
    /// # Errors
    /// A file that cannot be read or understood, or that knows none of the symbols.
    pub fn read(path: &Path, symbols: &[String]) -> Result<Self, EvaluationError> {
        let text = std::fs::read_to_string(path).map_err(EvaluationError::io("read", path))?;
        let bad = |line: usize, message: String| EvaluationError::GroupFile { path: path.to_owned(), line, message };
        let lines = parse_groups(&text).map_err(|error| bad(error.line, error.message))?;
        let names: BTreeSet<&str> =
            lines.iter().map(|line| line.category.as_str()).filter(|name| !name.is_empty()).collect();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let mut spans = vec![Vec::new(); symbols.len()];
        for line in &lines {
            if let Ok(symbol) = symbols.binary_search(&line.symbol) {
                let code = names.binary_search(&line.category).map_or(f64::NAN, |code| code as f64);
                spans[symbol].push((line.from, code));
            }
        }
        if spans.iter().all(Vec::is_empty) {
            return Err(bad(1, "no line is about a symbol of the factor set".to_owned()));
        }
        spans.iter_mut().for_each(|spans| spans.sort_by_key(|(from, _)| *from));
        let known = |symbol: &&str| symbols.binary_search_by(|one| one.as_str().cmp(symbol)).is_ok();
        let named: BTreeSet<&str> = lines.iter().map(|line| line.symbol.as_str()).collect();
        let n_strange = named.iter().filter(|symbol| !known(symbol)).count();
        let n_without = spans.iter().filter(|spans| spans.is_empty()).count();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let input = Input { table: format!("groups/{name}"), content_hash: hash_file(path)? };
        Ok(Self { names, spans, n_without, n_strange, input })
    }

    /// Remarks on symbols without a group, and on groups without a symbol.
    pub fn notes(&self) -> Vec<String> {
        let (without, all) = (self.n_without, self.spans.len());
        let here = (without > 0).then(|| {
            format!("{without} of {all} symbols are not in the group file and take no part in what is done by group")
        });
        let there = match self.n_strange {
            0 => None,
            1 => Some("1 symbol of the group file is not judged".to_owned()),
            n => Some(format!("{n} symbols of the group file are not judged")),
        };
        here.into_iter().chain(there).collect()
    }

    /// The place of a symbol's group among the names; `None` for none.
    pub fn place(&self, symbol: usize, time: i64) -> Option<usize> {
        Some(self.code(symbol, time)).filter(|code| code.is_finite()).map(|code| code as usize)
    }

    /// The code of a symbol's group at a time; NaN for none.
    pub fn code(&self, symbol: usize, time: i64) -> f64 {
        let spans = &self.spans[symbol];
        match spans.partition_point(|(from, _)| *from <= time) {
            0 => f64::NAN,
            after => spans[after - 1].1,
        }
    }
}

/// The factor less the mean of its group at the time.
pub struct GroupNeutral<'a> {
    /// The factor.
    pub factor: &'a Matrix,
    /// The groups.
    pub groups: &'a Groups,
    /// Labels.
    pub times: &'a [i64],
}

impl FactorRows for GroupNeutral<'_> {
    fn row<'a>(&'a self, t: usize, room: &'a mut Vec<f64>) -> &'a [f64] {
        let values = self.factor.row(t);
        let codes: Vec<f64> = (0..values.len()).map(|symbol| self.groups.code(symbol, self.times[t])).collect();
        room.clear();
        room.resize(values.len(), f64::NAN);
        by_group(values, &codes, &mut GroupScratch::default(), room, demean);
        room
    }
}

/// What a line of the factor on betas leaves over at the time.
pub struct BetaNeutral<'a> {
    /// The factor.
    pub factor: &'a Matrix,
    /// Betas.
    pub beta: &'a Matrix<f32>,
}

impl FactorRows for BetaNeutral<'_> {
    fn row<'a>(&'a self, t: usize, room: &'a mut Vec<f64>) -> &'a [f64] {
        let values = self.factor.row(t);
        let betas: Vec<f64> = self.beta.row(t).iter().map(|beta| f64::from(*beta)).collect();
        room.clear();
        room.resize(values.len(), f64::NAN);
        residual(values, &betas, room);
        // What is left by rounding alone has no order.
        let size = values.iter().zip(&*room).filter(|(_, left)| left.is_finite()).map(|(value, _)| value.abs());
        let least = ROUNDING * size.fold(0.0, f64::max);
        room.iter_mut().filter(|left| left.abs() <= least).for_each(|left| *left = 0.0);
        room
    }
}
