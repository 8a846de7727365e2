//! The end of a run: curves from the tape, counts, remarks.

use crosscut_model::calendar::periods_per_year;
use crosscut_trading::rules::Execution;

use super::Engine;
use crate::outcome::{RunOutcome, SymbolEnd};

impl Engine<'_> {
    /// Hands over the outcome.
    pub(super) fn finish(mut self) -> RunOutcome {
        self.count();
        let rows = self.rows.clone();
        let timeline = self.panel.timeline()[rows.clone()].to_vec();
        let ends = self.ends();
        let tape = self.tape;
        let equity: Vec<f64> = tape.cash.iter().zip(&tape.net).map(|(cash, net)| cash + net).collect();
        let over_equity = |values: &[f64]| values.iter().zip(&equity).map(|(value, equity)| value / equity).collect();
        let benchmark = self.panel.benchmark().map(|close| benchmark_value(&close[rows.clone()], self.config.capital));
        RunOutcome {
            symbols: self.panel.symbols().to_vec(),
            available_at: self.panel.available_at()[rows].to_vec(),
            gross_exposure: over_equity(&tape.gross),
            net_exposure: over_equity(&tape.net),
            drawdown: drawdown(&equity, self.config.capital),
            cash: tape.cash,
            equity,
            benchmark,
            positions: self.records.positions,
            orders: self.records.orders,
            selections: self.records.selections,
            trades: self.ledger.into_closed(),
            turnover: self.records.turnover,
            ends,
            moved: Vec::new(),
            journal: Vec::new(),
            annualisation: periods_per_year(&timeline, self.panel.timeframe()),
            timeline,
            data_quality: self.records.quality,
            log: self.records.log,
        }
    }

    /// What is held of each symbol at the end, and its last close then.
    fn ends(&self) -> Vec<SymbolEnd> {
        let last_row = self.rows.clone().last();
        let end = |symbol_idx: u32| {
            let pos = last_row.and_then(|row| self.last_bar(symbol_idx, row));
            let price = pos.map_or(f64::NAN, |pos| self.panel.series(symbol_idx).close()[pos]);
            SymbolEnd { quantity: self.ledger.quantity(symbol_idx), price, moved: 0.0 }
        };
        (0..self.panel.symbols().len() as u32).map(end).collect()
    }

    /// Completes the counts and remarks.
    fn count(&mut self) {
        let quality = &mut self.records.quality;
        quality.add("symbols", self.panel.symbols().len() as u64);
        quality.add("bars", self.panel.n_bars() as u64);
        quality.add("rebalances", self.schedule.n_decisions() as u64);
        quality.add("open_positions_at_end", self.ledger.held().len() as u64);
        quality.add("working_orders_at_end", self.working.len() as u64);
        if self.config.execution == Execution::Close {
            quality.notes.push(
                "orders execute at the very close that was seen to decide them (execution close): optimistic"
                    .to_owned(),
            );
        }
        if self.schedule.n_decisions() == 0 {
            quality
                .notes
                .push(format!("no bar of the run begins a period of the rebalance rule {}", self.config.rebalance));
        }
    }
}

/// Equity over its highest so far, the capital included, minus 1.
fn drawdown(equity: &[f64], capital: f64) -> Vec<f64> {
    let mut peak = capital;
    equity
        .iter()
        .map(|&equity| {
            peak = peak.max(equity);
            equity / peak - 1.0
        })
        .collect()
}

/// The value of the capital put into the benchmark at its first price; the capital before that.
fn benchmark_value(close: &[f64], capital: f64) -> Vec<f64> {
    let first = close.iter().copied().find(|close| close.is_finite());
    close
        .iter()
        .map(|close| match first {
            Some(first) if close.is_finite() => capital * (close / first),
            _ => capital,
        })
        .collect()
}
