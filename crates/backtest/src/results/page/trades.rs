//! Statistics of closed trades, all together and by side, and the best and worst of them.

use crosscut_kernels::metrics as formula;
use crosscut_kernels::metrics::{tail, trades};
use crosscut_model::Side;
use crosscut_report::{Align, Cell, Section, Table};

use super::super::attribution;
use super::super::figures::{UNDEFINED, moment, number, percent, significant};
use super::super::metrics::excursion_share;
use super::super::tables::side_name;
use crate::outcome::{ClosedTrade, RunOutcome};

/// Trades shown of the best, and of the worst.
const EXTREMES_SHOWN: usize = 10;

/// The section.
pub(super) fn trades(section: &mut Section, outcome: &RunOutcome) {
    if outcome.trades.is_empty() {
        section.note("No trade was closed.");
        return;
    }
    section.table(statistics(outcome));
    let mut sorted: Vec<&ClosedTrade> = outcome.trades.iter().collect();
    sorted.sort_by(|a, b| {
        b.pnl.total_cmp(&a.pnl).then(a.closed_at.cmp(&b.closed_at)).then(a.symbol_idx.cmp(&b.symbol_idx))
    });
    let n = sorted.len();
    if n > 2 * EXTREMES_SHOWN {
        section.note(format!(
            "The best {EXTREMES_SHOWN} and the worst {EXTREMES_SHOWN} of {} closed trades:",
            number(n as f64, 0)
        ));
        sorted.drain(EXTREMES_SHOWN..n - EXTREMES_SHOWN);
    }
    section.table(list(outcome, &sorted));
    section.note(
        "MAE and MFE: the lowest and highest profit before commission while the trade was open, over the value opened, from the \
         highs and lows of bars held from open to close, the closes of others, and the trade's own fills. All trades are in \
         trades.csv.",
    );
}

/// One row per statistic, columns for all, long and short.
fn statistics(outcome: &RunOutcome) -> Table {
    let groups = [None, Some(Side::Buy), Some(Side::Sell)];
    let profits = groups.map(|side| attribution::closed(outcome, side));
    let bars = groups.map(|side| {
        let is_wanted = |trade: &&ClosedTrade| side.is_none_or(|side| side == trade.side);
        outcome.trades.iter().filter(is_wanted).map(|trade| trade.n_bars as f64).collect::<Vec<f64>>()
    });
    let mut table = Table::new(&[
        ("closed trades", Align::Left),
        ("all", Align::Right),
        ("long", Align::Right),
        ("short", Align::Right),
    ]);
    let mut row = |name: &str, values: [Option<f64>; 3], text: fn(f64) -> String| {
        let cell =
            |value: Option<f64>| Cell::number(value.unwrap_or(f64::NAN), value.map_or(UNDEFINED.to_owned(), text));
        let [all, long, short] = values.map(cell);
        table.row(vec![name.into(), all, long, short]);
    };
    let of = |metric: fn(&[f64]) -> Option<f64>| [0, 1, 2].map(|at| metric(&profits[at]));
    let amount = |value: f64| number(value, 2);
    row("number", of(|profits| Some(profits.len() as f64)), |value| number(value, 0));
    row("profit", of(|profits| Some(profits.iter().sum())), amount);
    row("win rate", of(formula::win_rate), percent);
    row("profit factor", of(formula::profit_factor), |value| number(value, 3));
    row("payoff ratio", of(formula::payoff), |value| number(value, 3));
    row("expectancy", of(formula::expectancy), amount);
    row("average win", of(trades::average_win), amount);
    row("average loss", of(trades::average_loss), amount);
    row("best", of(trades::best), amount);
    row("worst", of(trades::worst), amount);
    row("mean bars held", [0, 1, 2].map(|at| formula::mean(&bars[at])), |value| number(value, 1));
    row("median bars held", [0, 1, 2].map(|at| tail::median(&bars[at])), |value| number(value, 1));
    let excursion = |of: fn(&ClosedTrade) -> f64| {
        groups.map(|side| {
            let is_wanted = |trade: &&ClosedTrade| side.is_none_or(|side| side == trade.side);
            let shares = outcome.trades.iter().filter(is_wanted).map(|trade| excursion_share(trade, of));
            formula::mean(&shares.collect::<Vec<f64>>())
        })
    };
    row("mean adverse excursion (MAE)", excursion(|trade| trade.mae), percent);
    row("mean favourable excursion (MFE)", excursion(|trade| trade.mfe), percent);
    let streak = |is_won: bool| {
        [0, 1, 2].map(|at| {
            let is_of_it = |profit: f64| if is_won { profit > 0.0 } else { profit < 0.0 };
            Some(trades::longest_streak(&profits[at], is_of_it) as f64)
        })
    };
    row("longest winning streak", streak(true), |value| number(value, 0));
    row("longest losing streak", streak(false), |value| number(value, 0));
    table
}

/// Trades one by one.
fn list(outcome: &RunOutcome, trades: &[&ClosedTrade]) -> Table {
    let excursion = |trade: &ClosedTrade, of: fn(&ClosedTrade) -> f64| {
        let share = excursion_share(trade, of);
        Cell::number(share, percent(share))
    };
    let mut table = Table::new(&[
        ("symbol", Align::Left),
        ("side", Align::Left),
        ("opened", Align::Line),
        ("closed", Align::Line),
        ("bars", Align::Right),
        ("entry", Align::Right),
        ("exit", Align::Right),
        ("profit", Align::Right),
        ("return", Align::Right),
        ("MAE", Align::Right),
        ("MFE", Align::Right),
    ])
    .sortable();
    for trade in trades {
        table.row(vec![
            outcome.symbols[trade.symbol_idx as usize].clone().into(),
            side_name(trade.side).into(),
            moment(trade.opened_at).into(),
            moment(trade.closed_at).into(),
            Cell::number(trade.n_bars as f64, number(trade.n_bars as f64, 0)),
            Cell::number(trade.entry_price, significant(trade.entry_price)),
            Cell::number(trade.exit_price, significant(trade.exit_price)),
            Cell::number(trade.pnl, number(trade.pnl, 2)),
            Cell::number(trade.return_, percent(trade.return_)),
            excursion(trade, |trade| trade.mae),
            excursion(trade, |trade| trade.mfe),
        ]);
    }
    table
}
