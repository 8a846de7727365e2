//! Excursions of trades against a slow count over fills and bars.

use crosscut_model::time::HOUR;
use crosscut_trading::account::Funds;
use crosscut_trading::journal::Entry;
use crosscut_trading::rules::Execution;

use super::market::Market;
use super::properties::for_all;
use crate::config::BacktestConfig;
use crate::outcome::RunOutcome;

/// A fill: its instant, whether it came in the open of its bar, what it changed the quantity by, and its price.
type Filled = (i64, bool, f64, f64);

/// The fills of a symbol in order.
fn fills(outcome: &RunOutcome, symbol_idx: usize) -> Vec<Filled> {
    let of_symbol = outcome.journal.iter().filter(|line| line.record.symbol_idx as usize == symbol_idx);
    let fill = |line: &crate::outcome::AuditLine| match line.record.entry {
        Entry::Filled { quantity, price, .. } => {
            Some((line.record.at, line.record.at == line.timestamp, line.record.side.sign() * quantity, price))
        }
        _ => None,
    };
    of_symbol.filter_map(fill).collect()
}

/// The trades of a symbol as (lowest, highest) profit before commission, counted one price after the other.
/// A fill at the close just seen comes after that close.
fn counted(market: &Market, (symbol, is_at_seen): (&str, bool), fills: &[Filled]) -> Vec<(f64, f64)> {
    let (input, _) = market.symbol(symbol);
    let (mut held, mut paid, mut extremes, mut out) = (0.0f64, 0.0f64, (0.0f64, 0.0f64), Vec::new());
    for (at, &(from, is_open, change, price)) in fills.iter().enumerate() {
        let mut note = |held: f64, paid: f64, price: f64| {
            let profit = held * price - paid;
            extremes = (extremes.0.min(profit), extremes.1.max(profit));
        };
        let after = held + change;
        // What rounding leaves of a closed position; a small order that opens one is far above it.
        let is_over = after.abs() < 1e-9 * held.abs().max(change.abs());
        if held * after < 0.0 && !is_over {
            // Turned around: the trade ends, the next begins with what is left.
            note(held, paid, price);
            out.push(extremes);
            (extremes, paid, held) = ((0.0, 0.0), after * price, after);
        } else {
            note(held, paid, price);
            (paid, held) = (paid + change * price, if is_over { 0.0 } else { after });
            note(held, paid, price);
        }
        if is_over {
            out.push(extremes);
            (extremes, paid, held) = ((0.0, 0.0), 0.0, 0.0);
            continue;
        }
        let (until, ends_open) = fills.get(at + 1).map_or((i64::MAX, true), |next| (next.0, next.1));
        for (row, &label) in input.timestamps.iter().enumerate() {
            let close = label + HOUR;
            let mut note = |price: f64| {
                let profit = held * price - paid;
                extremes = (extremes.0.min(profit), extremes.1.max(profit));
            };
            if label >= from && close <= until {
                note(input.low[row]);
                note(input.high[row]);
            }
            let is_after = close > from || (close == from && !is_open && !is_at_seen);
            if is_after && (close < until || (close == until && (ends_open || is_at_seen))) {
                note(input.close[row]);
            }
        }
    }
    out
}

#[test]
fn trades_know_how_far_they_went() {
    let mut n_trades = 0;
    for_all(|market: &Market, config: &BacktestConfig| {
        let prepared = config.prepare().unwrap();
        // Stops and liquidations end positions within a bar: those are worked out by hand in `trading`.
        if prepared.needs_path() || matches!(prepared.funds, Funds::Margin(_)) {
            return;
        }
        let outcome = market.run(config);
        for (symbol_idx, symbol) in outcome.symbols.iter().enumerate() {
            // Bars are counted in the units of the day; over a split the ledger's own test stands.
            let is_split = |line: &&crate::outcome::AuditLine| {
                matches!(line.record.entry, Entry::Split { .. }) && line.record.symbol_idx as usize == symbol_idx
            };
            if outcome.journal.iter().any(|line| is_split(&line)) {
                continue;
            }
            let ours: Vec<_> = outcome.trades.iter().filter(|one| one.symbol_idx as usize == symbol_idx).collect();
            let theirs = counted(market, (symbol, config.execution == Execution::Close), &fills(&outcome, symbol_idx));
            assert_eq!(ours.len(), theirs.len(), "{symbol} {config:?}: {ours:?} {:?}", fills(&outcome, symbol_idx));
            for (trade, (mae, mfe)) in ours.iter().zip(theirs) {
                let unit = 1e-9 * (trade.quantity * trade.entry_price).max(1.0);
                assert!(
                    (trade.mae - mae).abs() < unit && (trade.mfe - mfe).abs() < unit,
                    "{symbol} {config:?} {trade:?}: {mae} {mfe}"
                );
                assert!(trade.mae <= 0.0 && trade.mfe >= 0.0);
                n_trades += 1;
            }
        }
    });
    assert!(n_trades > 2_000, "{n_trades}");
}
