//! The CSV files of a run, column by column as design section 8 lists them.

use crosscut_model::Side;

use super::csv::{TimeText, push_integer, push_number, push_text};
use super::error::ResultsError;
use super::folder::HashedFile;
use crate::outcome::RunOutcome;

/// Curves, one row per bar of the timeline.
pub(super) fn equity_curve(outcome: &RunOutcome, file: &mut HashedFile) -> Result<(), ResultsError> {
    let head = "timestamp,equity,cash,gross_exposure,net_exposure,drawdown,benchmark";
    file.write_rows(head, outcome.timeline.len(), |rows, out| {
        let mut time = TimeText::default();
        for row in rows {
            time.push(out, outcome.timeline[row]);
            let benchmark = outcome.benchmark.as_ref().map_or(f64::NAN, |values| values[row]);
            let curves = [
                outcome.equity[row],
                outcome.cash[row],
                outcome.gross_exposure[row],
                outcome.net_exposure[row],
                outcome.drawdown[row],
                benchmark,
            ];
            push_numbers(out, &curves);
            out.push(b'\n');
        }
    })
}

/// A position after each bar in which it changed.
pub(super) fn positions(outcome: &RunOutcome, file: &mut HashedFile) -> Result<(), ResultsError> {
    let symbols = symbol_texts(outcome);
    file.write_rows("timestamp,symbol,quantity,price,value,weight", outcome.positions.len(), |rows, out| {
        let mut time = TimeText::default();
        for position in &outcome.positions[rows] {
            time.push(out, position.timestamp);
            out.push(b',');
            out.extend_from_slice(&symbols[position.symbol_idx as usize]);
            push_numbers(out, &[position.quantity, position.price, position.value, position.weight]);
            out.push(b'\n');
        }
    })
}

/// Every order, by the bar in which it was executed, or decided if it never was.
pub(super) fn orders(outcome: &RunOutcome, file: &mut HashedFile) -> Result<(), ResultsError> {
    let symbols = symbol_texts(outcome);
    let head = "order_id,timestamp,symbol,side,type,quantity,filled_quantity,price,commission,slippage,status,reason";
    file.write_rows(head, outcome.orders.len(), |rows, out| {
        let mut time = TimeText::default();
        for order in &outcome.orders[rows] {
            push_integer(out, order.order_id);
            out.push(b',');
            time.push(out, order.fill.map_or(order.decided_at, |fill| fill.filled_at));
            out.push(b',');
            out.extend_from_slice(&symbols[order.symbol_idx]);
            for word in [order.side.name(), order.order_type.name()] {
                out.push(b',');
                out.extend_from_slice(word.as_bytes());
            }
            // An order that was never filled has no price; it filled, cost and slipped nothing.
            let filled =
                order.fill.map_or([0.0, f64::NAN, 0.0, 0.0], |f| [f.quantity, f.price, f.commission, f.slippage]);
            push_numbers(out, &[order.quantity]);
            push_numbers(out, &filled);
            out.push(b',');
            out.extend_from_slice(order.status.name().as_bytes());
            out.push(b',');
            push_text(out, &order.reason);
            out.push(b'\n');
        }
    })
}

/// The closed trades, in order of closing.
pub(super) fn trades(outcome: &RunOutcome, file: &mut HashedFile) -> Result<(), ResultsError> {
    let symbols = symbol_texts(outcome);
    let head = "symbol,side,opened_at,closed_at,n_bars,quantity,entry_price,exit_price,pnl,commission,return,mae,mfe";
    file.write_rows(head, outcome.trades.len(), |rows, out| {
        let (mut opened, mut closed) = (TimeText::default(), TimeText::default());
        for trade in &outcome.trades[rows] {
            out.extend_from_slice(&symbols[trade.symbol_idx as usize]);
            out.push(b',');
            out.extend_from_slice(side_name(trade.side).as_bytes());
            for (time, at) in [(&mut opened, trade.opened_at), (&mut closed, trade.closed_at)] {
                out.push(b',');
                time.push(out, at);
            }
            out.push(b',');
            push_integer(out, trade.n_bars);
            push_numbers(out, &[trade.quantity, trade.entry_price, trade.exit_price]);
            push_numbers(out, &[trade.pnl, trade.commission, trade.return_, trade.mae, trade.mfe]);
            out.push(b'\n');
        }
    })
}

/// What a trade is called by the side it was opened on.
pub(super) fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "long",
        Side::Sell => "short",
    }
}

/// What each rebalance made of each symbol.
pub(super) fn trade_summary(outcome: &RunOutcome, file: &mut HashedFile) -> Result<(), ResultsError> {
    let symbols = symbol_texts(outcome);
    let head = "timestamp,symbol,rank,score,target_weight,filled_weight,excluded_reason";
    file.write_rows(head, outcome.selections.len(), |rows, out| {
        let mut time = TimeText::default();
        for selection in &outcome.selections[rows] {
            time.push(out, selection.timestamp);
            out.push(b',');
            out.extend_from_slice(&symbols[selection.symbol_idx as usize]);
            out.push(b',');
            if let Some(rank) = selection.rank {
                push_integer(out, u64::from(rank));
            }
            push_numbers(out, &[selection.score, selection.target_weight, selection.filled_weight]);
            out.push(b',');
            out.extend_from_slice(selection.excluded.map_or("", |exclusion| exclusion.reason()).as_bytes());
            out.push(b'\n');
        }
    })
}

/// Net asset value (equity, quote units) and its simple return since the row before, empty in the first row.
pub(super) fn nav_history(outcome: &RunOutcome, file: &mut HashedFile) -> Result<(), ResultsError> {
    file.write_rows("timestamp,nav,return", outcome.timeline.len(), |rows, out| {
        let mut time = TimeText::default();
        for row in rows {
            time.push(out, outcome.timeline[row]);
            let change = if row == 0 { f64::NAN } else { outcome.equity[row] / outcome.equity[row - 1] - 1.0 };
            push_numbers(out, &[outcome.equity[row], change]);
            out.push(b'\n');
        }
    })
}

/// Appends a comma and a number for each value.
fn push_numbers(out: &mut Vec<u8>, values: &[f64]) {
    for value in values {
        out.push(b',');
        push_number(out, *value);
    }
}

/// The symbols as CSV fields, quoted once for all rows.
pub(super) fn symbol_texts(outcome: &RunOutcome) -> Vec<Vec<u8>> {
    let field = |symbol: &String| {
        let mut out = Vec::new();
        push_text(&mut out, symbol);
        out
    };
    outcome.symbols.iter().map(field).collect()
}
