//! What an audit tries: the real thing, behind a trait so that tests can put something in its place that cheats.

use std::path::Path;

use crate::bars::SymbolBars;
use crate::config::Config;
use crate::error::FactorsError;
use crate::evaluate::{self, Alone, Together};
use crate::plan::Plan;
use crate::run::{self, RunOptions, Summary};
use crosscut_model::Silent;

/// Values by symbol, column and row.
pub(super) type Values = Vec<Vec<Vec<f64>>>;

/// What makes factors out of bars.
pub(super) trait Engine: Sync {
    /// All rows at once.
    fn all_at_once(&self, config: &Config, plan: &Plan, symbols: &[SymbolBars]) -> Result<Values, FactorsError>;

    /// One row at a time: of one symbol, or of all that have one where symbols are compared.
    fn one_at_a_time(&self, config: &Config, plan: &Plan, symbols: &[SymbolBars]) -> Result<Values, FactorsError>;

    /// A full run, published in a hub.
    fn full(&self, config: &Config, hub_root: &Path, options: &RunOptions) -> Result<Summary, FactorsError>;

    /// An update, published in a hub.
    fn update(&self, config: &Config, hub_root: &Path, options: &RunOptions) -> Result<Summary, FactorsError>;
}

/// The engine that every run uses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Real;

impl Engine for Real {
    fn all_at_once(&self, config: &Config, plan: &Plan, symbols: &[SymbolBars]) -> Result<Values, FactorsError> {
        let symbols: Vec<&SymbolBars> = symbols.iter().collect();
        let values = evaluate::in_memory(plan, config.outliers, &symbols).map_err(FactorsError::of_panel)?;
        Ok(values.into_iter().map(|outputs| columns_of(plan, outputs)).collect())
    }

    fn one_at_a_time(&self, config: &Config, plan: &Plan, symbols: &[SymbolBars]) -> Result<Values, FactorsError> {
        if plan.cross_sectional {
            return together(config, plan, symbols);
        }
        let one = |bars: &SymbolBars| {
            let mut alone = Alone::new(plan);
            let mut values = vec![Vec::with_capacity(bars.len()); plan.columns.len()];
            for row in 0..bars.len() {
                alone.update(&rows_of(bars, row..row + 1));
                extend(&mut values, &alone.outputs);
            }
            values
        };
        Ok(symbols.iter().map(one).collect())
    }

    fn full(&self, config: &Config, hub_root: &Path, options: &RunOptions) -> Result<Summary, FactorsError> {
        run::run(config, hub_root, options, &Silent)
    }

    fn update(&self, config: &Config, hub_root: &Path, options: &RunOptions) -> Result<Summary, FactorsError> {
        run::update(config, hub_root, options, &Silent)
    }
}

/// All symbols, one time after another.
fn together(config: &Config, plan: &Plan, symbols: &[SymbolBars]) -> Result<Values, FactorsError> {
    let mut labels: Vec<i64> = symbols.iter().flat_map(|bars| bars.timestamp.iter().copied()).collect();
    labels.sort_unstable();
    labels.dedup();
    let mut together = Together::new(plan, config.outliers, symbols.len());
    let mut next = vec![0; symbols.len()];
    let mut values = vec![vec![Vec::new(); plan.columns.len()]; symbols.len()];
    for label in labels {
        let rows: Vec<SymbolBars> = symbols
            .iter()
            .zip(&mut next)
            .map(|(bars, next)| {
                let from = *next;
                *next += usize::from(bars.timestamp.get(from) == Some(&label));
                rows_of(bars, from..*next)
            })
            .collect();
        together.update(&rows.iter().collect::<Vec<_>>()).map_err(FactorsError::of_panel)?;
        values.iter_mut().zip(&together.outputs).for_each(|(values, outputs)| extend(values, outputs));
    }
    Ok(values)
}

/// Some rows of a symbol.
fn rows_of(bars: &SymbolBars, rows: std::ops::Range<usize>) -> SymbolBars {
    SymbolBars {
        timestamp: bars.timestamp[rows.clone()].to_vec(),
        available_at: bars.available_at[rows.clone()].to_vec(),
        bar_seq: bars.bar_seq.get(rows.clone()).map_or_else(Vec::new, <[i64]>::to_vec),
        columns: bars.columns.iter().map(|(name, values)| (name.clone(), values[rows.clone()].to_vec())).collect(),
        invented: bars.invented.get(rows).map_or_else(Vec::new, <[bool]>::to_vec),
    }
}

/// Appends the columns among some outputs.
fn extend(values: &mut [Vec<f64>], outputs: &[Vec<f64>]) {
    values.iter_mut().zip(outputs).for_each(|(values, output)| values.extend_from_slice(output));
}

/// The columns among the outputs of a program: they come first.
fn columns_of(plan: &Plan, mut outputs: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    outputs.truncate(plan.columns.len());
    outputs
}
