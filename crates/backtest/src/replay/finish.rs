//! The end of a run: curves from the tape, counts, remarks.

use crosscut_model::calendar::periods_per_year_on;
use crosscut_trading::account::CashKind;
use crosscut_trading::rules::Execution;

use super::engine::Engine;
use crate::outcome::{RunOutcome, SymbolEnd, dropped_note, moved_note};

impl Engine<'_> {
    /// Hands over the outcome.
    pub(super) fn finish(mut self) -> RunOutcome {
        self.count();
        let rows = self.rows.clone();
        let timeline = self.setup.panel.timeline()[rows.clone()].to_vec();
        let ends = self.ends();
        let account = self.floor.account();
        let moved = CashKind::ALL.iter().map(|&kind| (kind, account.moved(kind)));
        let moved = moved.filter(|(_, amount)| *amount != 0.0).collect();
        let (orders, trades) = self.recorder.tally.finish(&account.take_closed());
        let (panel, records) = (self.setup.panel, self.strategy.records);
        let tape = self.tape;
        let equity: Vec<f64> = tape.cash.iter().zip(&tape.net).map(|(cash, net)| cash + net).collect();
        let over_equity = |values: &[f64]| values.iter().zip(&equity).map(|(value, equity)| value / equity).collect();
        let benchmark = panel.benchmark().map(|close| benchmark_value(&close[rows.clone()], self.setup.config.capital));
        RunOutcome {
            symbols: panel.symbols().to_vec(),
            available_at: panel.available_at()[rows].to_vec(),
            gross_exposure: over_equity(&tape.gross),
            net_exposure: over_equity(&tape.net),
            drawdown: drawdown(&equity, self.setup.config.capital),
            cash: tape.cash,
            equity,
            benchmark,
            positions: self.recorder.positions,
            orders,
            selections: records.selections,
            trades,
            n_rebalances: records.turnover.len(),
            turnover: records.turnover,
            ends,
            moved,
            journal: self.recorder.journal,
            annualisation: periods_per_year_on(&timeline, panel.timeframe(), panel.sessions()),
            timeline,
            data_quality: records.quality,
            log: records.log,
        }
    }

    /// What is held of each symbol at the end, its last close then, and the cash it moved.
    fn ends(&self) -> Vec<SymbolEnd> {
        let last_row = self.rows.clone().last();
        let end = |(symbol_idx, &moved): (usize, &f64)| {
            let symbol_idx = symbol_idx as u32;
            let pos = last_row.and_then(|row| self.setup.last_bar(symbol_idx, row));
            let price = pos.map_or(f64::NAN, |pos| self.setup.panel.series(symbol_idx).close()[pos]);
            SymbolEnd { quantity: self.floor.desk().quantity(symbol_idx), price, moved }
        };
        self.recorder.moved.iter().enumerate().map(end).collect()
    }

    /// Completes the counts and remarks.
    fn count(&mut self) {
        let (desk, dropped) = (self.floor.desk(), self.floor.dropped());
        let quality = &mut self.strategy.records.quality;
        quality.add("symbols", self.setup.panel.symbols().len() as u64);
        quality.add("bars", self.setup.panel.n_bars() as u64);
        quality.add("rebalances", self.schedule.n_decisions() as u64);
        quality.add("open_positions_at_end", desk.held().len() as u64);
        quality.add("working_orders_at_end", desk.open_orders().len() as u64);
        quality.add("changes_rounded_to_lots", dropped.n_rounded);
        quality.add("changes_below_one_lot", dropped.n_below_one_lot);
        quality.add("changes_below_min_quantity", dropped.n_below_min_quantity);
        quality.add("changes_below_min_notional", dropped.n_below_min_notional);
        if dropped.quantity_value > 0.0 {
            quality.notes.push(dropped_note(dropped.quantity_value));
        }
        for (kind, amount) in CashKind::ALL.map(|kind| (kind, desk.account().moved(kind))) {
            if amount != 0.0 {
                quality.notes.push(moved_note(kind, amount));
            }
        }
        if self.setup.config.execution == Execution::Close {
            quality.notes.push(
                "orders execute at the very close that was seen to decide them (execution close): optimistic"
                    .to_owned(),
            );
        }
        if self.schedule.n_decisions() == 0 {
            let rule = self.setup.config.rebalance;
            quality.notes.push(format!("no bar of the run begins a period of the rebalance rule {rule}"));
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
pub(crate) fn benchmark_value(close: &[f64], capital: f64) -> Vec<f64> {
    let first = close.iter().copied().find(|close| close.is_finite());
    close
        .iter()
        .map(|close| match first {
            Some(first) if close.is_finite() => capital * (close / first),
            _ => capital,
        })
        .collect()
}
