//! Bars through formulas: one symbol by itself, or all symbols together where they are compared with one another.

use crosscut_formula::{PanelInput, Program};
use rayon::prelude::*;

use crate::bars::SymbolBars;
use crate::config::Outliers;
use crate::error::{FactorsError, Place};
use crate::outliers::Cleaner;
use crate::plan::Plan;

/// Rows fed at a time: a program's columns of this length stay in the processor's cache.
const ROWS_PER_UPDATE: usize = 2048;

/// What a set says about one symbol, one row per bar.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SymbolFactors {
    /// Factor values in the order of the plan's columns; missing is NaN.
    pub columns: Vec<Vec<f64>>,
    /// Whether the bar could be traded.
    pub tradable: Vec<bool>,
}

/// The inputs of a program in its order.
fn inputs<'a>(program: &Program, bars: &'a SymbolBars) -> Vec<&'a [f64]> {
    let find = |name: &String| bars.column(name).expect("the source reads every input of the plan");
    program.inputs().iter().map(find).collect()
}

/// Runs a plan without cross-sectional parts over one symbol.
///
/// # Panics
/// If the plan is cross-sectional.
pub(crate) fn symbol(plan: &Plan, bars: &SymbolBars) -> SymbolFactors {
    let mut session = plan.program.session().expect("the plan is not cross-sectional");
    let inputs = inputs(&plan.program, bars);
    let mut outputs = empty_outputs(&plan.program, bars.len());
    for from in (0..bars.len()).step_by(ROWS_PER_UPDATE) {
        let to = (from + ROWS_PER_UPDATE).min(bars.len());
        let rows: Vec<&[f64]> = inputs.iter().map(|column| &column[from..to]).collect();
        session.update(&rows, &mut outputs);
    }
    finish(plan, bars, outputs)
}

/// Runs any plan over all symbols, applies its outlier rule, and counts what that rule changed in each column.
///
/// # Errors
/// When a symbol's times are not strictly increasing.
pub(crate) fn panel(
    plan: &Plan,
    outliers: Outliers,
    symbols: &[SymbolBars],
) -> Result<(Vec<SymbolFactors>, Vec<u64>), FactorsError> {
    let mut session = plan.program.panel(symbols.len());
    let columns: Vec<Vec<&[f64]>> = symbols.iter().map(|bars| inputs(&plan.program, bars)).collect();
    let mut outputs: Vec<Vec<Vec<f64>>> = symbols.iter().map(|bars| empty_outputs(&plan.program, bars.len())).collect();
    let labels = labels(symbols);
    let mut from = vec![0; symbols.len()];
    for block in labels.chunks(ROWS_PER_UPDATE) {
        let last = block[block.len() - 1];
        let rows: Vec<PanelInput<'_>> = symbols
            .iter()
            .zip(&columns)
            .zip(&mut from)
            .map(|((bars, columns), from)| {
                let to = *from + bars.timestamp[*from..].partition_point(|&time| time <= last);
                let range = std::mem::replace(from, to)..to;
                PanelInput {
                    times: &bars.timestamp[range.clone()],
                    columns: columns.iter().map(|column| &column[range.clone()]).collect(),
                }
            })
            .collect();
        session.update(&rows, &mut outputs).map_err(|error| FactorsError::Formula {
            place: Place { file: "panel".to_owned(), line: 0 },
            error: Box::new(error),
        })?;
    }
    let n_changed = clean(outliers, symbols, &mut outputs, plan.columns.len());
    let finished = symbols.iter().zip(outputs).map(|(bars, outputs)| finish(plan, bars, outputs)).collect();
    Ok((finished, n_changed))
}

/// One vector for each output of a program.
fn empty_outputs(program: &Program, n_rows: usize) -> Vec<Vec<f64>> {
    program.outputs().iter().map(|_| Vec::with_capacity(n_rows)).collect()
}

/// All times at which some symbol has a bar, sorted.
fn labels(symbols: &[SymbolBars]) -> Vec<i64> {
    let mut labels: Vec<i64> = symbols.iter().flat_map(|bars| bars.timestamp.iter().copied()).collect();
    labels.par_sort_unstable();
    labels.dedup();
    labels
}

/// Applies an outlier rule to the first `n_columns` outputs, label by label over all symbols; returns how many values
/// it changed in each column.
fn clean(policy: Outliers, symbols: &[SymbolBars], outputs: &mut [Vec<Vec<f64>>], n_columns: usize) -> Vec<u64> {
    if policy == Outliers::Keep {
        return vec![0; n_columns];
    }
    // Every (label, symbol, row), so that each column visits the rows of one label together.
    let mut members: Vec<(i64, u32, u32)> = Vec::new();
    for (symbol, bars) in symbols.iter().enumerate() {
        members.extend(bars.timestamp.iter().enumerate().map(|(row, &label)| (label, symbol as u32, row as u32)));
    }
    members.par_sort_unstable();
    let mut by_column: Vec<Vec<&mut Vec<f64>>> = (0..n_columns).map(|_| Vec::new()).collect();
    for symbol in outputs {
        for (column, values) in by_column.iter_mut().zip(symbol) {
            column.push(values);
        }
    }
    by_column.par_iter_mut().map(|column| clean_column(policy, &members, column)).collect()
}

/// Applies an outlier rule to one column of all symbols.
fn clean_column(policy: Outliers, members: &[(i64, u32, u32)], column: &mut [&mut Vec<f64>]) -> u64 {
    let mut cleaner = Cleaner::new(policy);
    let mut values = Vec::with_capacity(column.len());
    let mut n_changed = 0;
    for together in members.chunk_by(|a, b| a.0 == b.0) {
        values.clear();
        values.extend(together.iter().map(|&(_, symbol, row)| column[symbol as usize][row as usize]));
        n_changed += cleaner.clean(&mut values);
        for (&(_, symbol, row), &value) in together.iter().zip(&values) {
            column[symbol as usize][row as usize] = value;
        }
    }
    n_changed
}

/// Separates the tradable expression from the columns and works out the flag.
fn finish(plan: &Plan, bars: &SymbolBars, mut outputs: Vec<Vec<f64>>) -> SymbolFactors {
    let expression = if outputs.len() > plan.columns.len() { outputs.pop() } else { None };
    let mut tradable: Vec<bool> = match expression {
        Some(values) => values.iter().map(|&value| value.is_finite() && value != 0.0).collect(),
        None => vec![true; bars.len()],
    };
    for column in inputs(&plan.program, bars) {
        let mut given = false;
        for (flag, value) in tradable.iter_mut().zip(column) {
            given |= value.is_finite();
            *flag &= value.is_finite() || !given;
        }
    }
    for (flag, invented) in tradable.iter_mut().zip(&bars.invented) {
        *flag &= !invented;
    }
    SymbolFactors { columns: outputs, tradable }
}
