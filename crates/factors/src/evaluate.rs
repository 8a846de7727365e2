//! Bars through formulas: one symbol by itself, or all symbols together where they are compared with one another.

use crosscut_formula::{FormulaError, PanelInput, Program};
use rayon::prelude::*;

use crate::bars::SymbolBars;
use crate::config::Outliers;
use crate::outliers::Cleaner;
use crate::plan::{Place, Plan};

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

/// Evaluates one symbol; `across` are the outputs of the plan's cross-sectional program for it, none without one.
pub(crate) fn symbol(plan: &Plan, bars: &SymbolBars, across: Vec<Vec<f64>>) -> SymbolFactors {
    let mut local = plan.local.as_ref().map_or_else(Vec::new, |program| series(program, bars));
    let mut across = across;
    let mut take = |place: &Place| match *place {
        Place::Local(at) => std::mem::take(&mut local[at]),
        Place::Across(at) => std::mem::take(&mut across[at]),
    };
    let mut columns: Vec<Vec<f64>> = plan.places.iter().map(&mut take).collect();
    let expression = if columns.len() > plan.columns.len() { columns.pop() } else { None };
    let tradable = tradable(plan, bars, expression);
    SymbolFactors { columns, tradable }
}

/// Runs a program without cross-sectional operators over one symbol.
fn series(program: &Program, bars: &SymbolBars) -> Vec<Vec<f64>> {
    let mut session = program.session().expect("the plan's local program looks at one symbol only");
    let inputs = inputs(program, bars);
    let mut outputs = empty_outputs(program, bars.len());
    for from in (0..bars.len()).step_by(ROWS_PER_UPDATE) {
        let to = (from + ROWS_PER_UPDATE).min(bars.len());
        let rows: Vec<&[f64]> = inputs.iter().map(|column| &column[from..to]).collect();
        session.update(&rows, &mut outputs);
    }
    outputs
}

/// The outputs of any program for each symbol, and how many values an outlier rule changed in each of the first
/// `n_columns`.
pub(crate) type Panel = (Vec<Vec<Vec<f64>>>, Vec<u64>);

/// Runs any program over all symbols together and applies an outlier rule to the first `n_columns` outputs.
///
/// # Errors
/// When a symbol's times are not strictly increasing.
pub(crate) fn panel(
    program: &Program,
    symbols: &[SymbolBars],
    outliers: Outliers,
    n_columns: usize,
) -> Result<Panel, FormulaError> {
    let mut session = program.panel(symbols.len());
    let columns: Vec<Vec<&[f64]>> = symbols.iter().map(|bars| inputs(program, bars)).collect();
    let mut outputs: Vec<Vec<Vec<f64>>> = symbols.iter().map(|bars| empty_outputs(program, bars.len())).collect();
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
        session.update(&rows, &mut outputs)?;
    }
    let n_changed = clean(outliers, symbols, &mut outputs, n_columns);
    Ok((outputs, n_changed))
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

/// Whether each bar could be traded, given the values of the tradable expression, if there is one.
fn tradable(plan: &Plan, bars: &SymbolBars, expression: Option<Vec<f64>>) -> Vec<bool> {
    let mut tradable: Vec<bool> = match expression {
        Some(values) => values.iter().map(|&value| value.is_finite() && value != 0.0).collect(),
        None => vec![true; bars.len()],
    };
    for name in &plan.inputs {
        let column = bars.column(name).expect("the source reads every input of the plan");
        let mut given = false;
        for (flag, value) in tradable.iter_mut().zip(column) {
            given |= value.is_finite();
            *flag &= value.is_finite() || !given;
        }
    }
    for (flag, invented) in tradable.iter_mut().zip(&bars.invented) {
        *flag &= !invented;
    }
    tradable
}
