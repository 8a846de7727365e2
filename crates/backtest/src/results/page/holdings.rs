//! What was held over time, and where the profit came from.

use std::collections::{BTreeMap, BTreeSet};

use crosscut_model::Side;
use crosscut_report::{Align, Cell, Chart, Mark, Section, Table};

use super::super::attribution::{self, SymbolProfit};
use super::super::figures::{number, percent};
use crate::outcome::RunOutcome;

/// Symbols drawn by name; the others are summed.
const NAMES_DRAWN: usize = 7;

/// Moments drawn at most.
const MOMENTS_DRAWN: usize = 500;

/// Symbols in the table of profits.
const SYMBOLS_SHOWN: usize = 600;

/// Weights over time, the largest names by themselves.
pub(super) fn over_time(section: &mut Section, outcome: &RunOutcome) {
    let (times, weights) = if outcome.selections.is_empty() { of_changes(outcome) } else { of_selections(outcome) };
    if times.is_empty() {
        section.note("Nothing was held.");
        return;
    }
    let (times, weights) = to_the_end(outcome, times, weights);
    let mut sizes: Vec<(f64, u32)> = weights
        .iter()
        .map(|(&symbol_idx, values)| (values.iter().map(|value| value.abs()).sum::<f64>(), symbol_idx))
        .filter(|(size, _)| *size > 0.0)
        .collect();
    sizes.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut chart = Chart::new("Weights, share of equity", &times).percent().height(260);
    let (named, others) = sizes.split_at(sizes.len().min(NAMES_DRAWN));
    for (_, symbol_idx) in named {
        chart = chart.series(&outcome.symbols[*symbol_idx as usize], Mark::Stack, &weights[symbol_idx]);
    }
    if !others.is_empty() {
        let mut sum = vec![0.0; times.len()];
        for (_, symbol_idx) in others {
            sum.iter_mut().zip(&weights[symbol_idx]).for_each(|(sum, weight)| *sum += weight);
        }
        chart = chart.series(format!("{} more, net", others.len()), Mark::Stack, &sum);
    }
    section.chart(chart);
    section.note(if outcome.selections.is_empty() {
        "Weights as they were when a position last changed."
    } else {
        "Weights after each rebalance's orders; in between they drift with prices."
    });
}

/// Times, and weights by symbol.
type Weights = (Vec<i64>, BTreeMap<u32, Vec<f64>>);

/// The weights once more at the end of the run, so that the last ones have a width.
fn to_the_end(outcome: &RunOutcome, mut times: Vec<i64>, mut weights: BTreeMap<u32, Vec<f64>>) -> Weights {
    if let Some(&end) = outcome.timeline.last().filter(|end| times.last().is_some_and(|last| last < *end)) {
        times.push(end);
        for row in weights.values_mut() {
            row.push(row.last().copied().unwrap_or(0.0));
        }
    }
    (times, weights)
}

/// Every so many of the times, so that there are not too many.
fn spaced(times: Vec<i64>) -> Vec<i64> {
    let stride = times.len().div_ceil(MOMENTS_DRAWN).max(1);
    times.into_iter().step_by(stride).collect()
}

/// Weights after each rebalance.
fn of_selections(outcome: &RunOutcome) -> Weights {
    let all: BTreeSet<i64> = outcome.selections.iter().map(|selection| selection.timestamp).collect();
    let times = spaced(all.into_iter().collect());
    let mut weights: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for selection in outcome.selections.iter().filter(|selection| selection.filled_weight != 0.0) {
        if let Ok(at) = times.binary_search(&selection.timestamp) {
            let row = weights.entry(selection.symbol_idx).or_insert_with(|| vec![0.0; times.len()]);
            row[at] = selection.filled_weight;
        }
    }
    (times, weights)
}

/// Weights after each change of a position, each kept until its next change.
fn of_changes(outcome: &RunOutcome) -> Weights {
    let all: BTreeSet<i64> = outcome.positions.iter().map(|change| change.timestamp).collect();
    let times = spaced(all.into_iter().collect());
    let mut weights: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for change in &outcome.positions {
        let from = times.partition_point(|&time| time < change.timestamp);
        let row = weights.entry(change.symbol_idx).or_insert_with(|| vec![0.0; times.len()]);
        row[from..].fill(change.weight);
    }
    (times, weights)
}

/// Profit by symbol, by side, by kind of cost.
pub(super) fn attribution(section: &mut Section, capital: f64, outcome: &RunOutcome) {
    let symbols = attribution::by_symbol(outcome);
    let total: f64 = symbols.iter().map(SymbolProfit::total).sum();
    let profit = outcome.equity.last().map_or(0.0, |last| last - capital);
    section.note(format!("Profit {} in quote units; the symbols add up to {}.", number(profit, 2), number(total, 2)));
    by_side(section, capital, outcome, &symbols);
    by_kind(section, capital, outcome, &symbols);
    by_symbol(section, outcome, &symbols);
}

/// Long and short, and what moved without a trade.
fn by_side(section: &mut Section, capital: f64, outcome: &RunOutcome, symbols: &[SymbolProfit]) {
    let mut table = Table::new(&[
        ("by side", Align::Left),
        ("profit", Align::Right),
        ("of capital", Align::Right),
        ("closed trades", Align::Right),
        ("of them won", Align::Right),
    ]);
    let sum = |part: fn(&SymbolProfit) -> f64| symbols.iter().map(part).sum::<f64>();
    let rows = [
        ("long", sum(|symbol| symbol.long), Some(Side::Buy)),
        ("short", sum(|symbol| symbol.short), Some(Side::Sell)),
        ("cash without a trade", sum(|symbol| symbol.moved), None),
    ];
    for (name, profit, side) in rows {
        let trades = side.map(|side| attribution::closed(outcome, Some(side)));
        let n_trades = trades.as_ref().map_or(String::new(), |trades| number(trades.len() as f64, 0));
        let won = trades.and_then(|trades| crosscut_kernels::metrics::win_rate(&trades));
        table.row(vec![
            name.into(),
            Cell::number(profit, number(profit, 2)),
            Cell::number(profit / capital, percent(profit / capital)),
            n_trades.into(),
            won.map_or(String::new(), percent).into(),
        ]);
    }
    section.table(table);
}

/// Commission, slippage, funding and the like.
fn by_kind(section: &mut Section, capital: f64, outcome: &RunOutcome, symbols: &[SymbolProfit]) {
    let mut table =
        Table::new(&[("by cost kind", Align::Left), ("amount", Align::Right), ("of capital", Align::Right)]);
    for (kind, amount) in attribution::by_kind(outcome, symbols) {
        table.row(vec![
            kind.into(),
            Cell::number(amount, number(amount, 2)),
            Cell::number(amount / capital, percent(amount / capital)),
        ]);
    }
    section.table(table);
}

/// Each symbol that was traded, the largest profits first.
fn by_symbol(section: &mut Section, outcome: &RunOutcome, symbols: &[SymbolProfit]) {
    let mut traded: Vec<usize> = (0..symbols.len()).filter(|&idx| symbols[idx].n_fills > 0).collect();
    traded.sort_by(|&a, &b| symbols[b].total().total_cmp(&symbols[a].total()).then(a.cmp(&b)));
    let n_left_out = traded.len().saturating_sub(SYMBOLS_SHOWN);
    if n_left_out > 0 {
        // The middle is where nothing happened.
        traded.drain(SYMBOLS_SHOWN / 2..SYMBOLS_SHOWN / 2 + n_left_out);
        section.note(format!("{n_left_out} symbols with small profits and losses are left out."));
    }
    let largest = traded.iter().fold(0.0, |most: f64, &idx| most.max(symbols[idx].total().abs()));
    let mut table = Table::new(&[
        ("symbol", Align::Left),
        ("profit", Align::Right),
        ("beside others", Align::Left),
        ("long", Align::Right),
        ("short", Align::Right),
        ("cash moved", Align::Right),
        ("commission", Align::Right),
        ("slippage", Align::Right),
        ("traded", Align::Right),
        ("fills", Align::Right),
    ])
    .sortable();
    for idx in traded {
        let (symbol, total) = (&symbols[idx], symbols[idx].total());
        let amount = |value: f64| Cell::number(value, number(value, 2));
        let share = if largest > 0.0 { total / largest } else { 0.0 };
        table.row(vec![
            outcome.symbols[idx].clone().into(),
            amount(total),
            Cell::number(total, "").bar(share),
            amount(symbol.long),
            amount(symbol.short),
            amount(symbol.moved),
            amount(symbol.commission),
            amount(symbol.slippage),
            Cell::number(symbol.traded, number(symbol.traded, 0)),
            Cell::number(symbol.n_fills as f64, number(symbol.n_fills as f64, 0)),
        ]);
    }
    section.table(table);
}
