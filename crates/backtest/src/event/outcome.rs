//! An event replay as a run like any other, for the archive and its report.
//!
//! Orders, positions and closed trades are told by bar labels. An order filled in several executions becomes one with
//! their sum, at their mean price. What only a cross-section has (selections) stays empty.

use crosscut_model::calendar::periods_per_year;
use crosscut_model::{Order, Timeframe};
use crosscut_trading::account::CashKind;
use crosscut_trading::journal::{Entry, Record};
use crosscut_trading::ledger::ClosedTrade;
use crosscut_trading::order::Reason;

use super::EventOutcome;
use crate::outcome::{AuditLine, DataQuality, LogLevel, LogLine, RunOutcome, SymbolEnd, dropped_note, moved_note};
use crate::tally::Tally;

impl EventOutcome {
    /// The run, of bars of this length. Needs a journal and samples at bars: without them there are curves at best.
    pub fn into_run(self, timeframe: Timeframe) -> RunOutcome {
        let (orders, trades) = self.told();
        let equity = &self.curves.equity;
        let over_equity = |values: &[f64]| values.iter().zip(equity).map(|(value, equity)| value / equity).collect();
        let mut peak = self.capital;
        let drawdown = equity
            .iter()
            .map(|&equity| {
                peak = peak.max(equity);
                equity / peak - 1.0
            })
            .collect();
        RunOutcome {
            gross_exposure: over_equity(&self.curves.gross),
            net_exposure: over_equity(&self.curves.net),
            drawdown,
            benchmark: None,
            orders,
            selections: Vec::new(),
            trades,
            turnover: self.turnover(),
            n_rebalances: 0,
            ends: self.ends(),
            moved: self.moved.clone(),
            journal: self.labelled().map(|(timestamp, &record)| AuditLine { timestamp, record }).collect(),
            annualisation: periods_per_year(&self.curves.label, timeframe),
            data_quality: self.quality(),
            log: self.log(),
            symbols: self.symbols,
            timeline: self.curves.label,
            available_at: self.curves.at,
            equity: self.curves.equity,
            cash: self.curves.cash,
            positions: self.positions,
        }
    }

    /// Half the value traded over equity, of each bar with fills.
    fn turnover(&self) -> Vec<(i64, f64)> {
        let mut out: Vec<(i64, f64)> = Vec::new();
        for (label, record) in self.labelled() {
            let Entry::Filled { quantity, price, .. } = record.entry else { continue };
            let row = self.curves.label.partition_point(|&other| other < label).min(self.curves.label.len().max(1) - 1);
            let share = 0.5 * quantity * price / self.curves.equity.get(row).copied().unwrap_or(f64::NAN);
            match out.last_mut().filter(|last| last.0 == label) {
                Some(last) => last.1 += share,
                None => out.push((label, share)),
            }
        }
        out
    }

    /// The journal's records with their labels.
    fn labelled(&self) -> impl Iterator<Item = (i64, &Record)> {
        self.labels.iter().copied().zip(&self.journal)
    }

    /// How each symbol stands at the end. What cash moved for a symbol is told by the journal.
    fn ends(&self) -> Vec<SymbolEnd> {
        let end = |(&quantity, &price): (&f64, &f64)| SymbolEnd { quantity, price, moved: 0.0 };
        let mut ends: Vec<SymbolEnd> = self.quantities.iter().zip(&self.prices).map(end).collect();
        for record in &self.journal {
            if let (Entry::Cash { amount, .. }, Some(end)) = (record.entry, ends.get_mut(record.symbol_idx as usize)) {
                end.moved += amount;
            }
        }
        ends
    }

    /// Orders by number, each with what became of it, and closed trades whose times are labels.
    fn told(&self) -> (Vec<Order>, Vec<ClosedTrade>) {
        let mut tally = Tally::new(self.symbols.len());
        self.labelled().for_each(|(label, record)| tally.take(label, record));
        let (orders, mut trades) = tally.finish(&self.trades);
        // Where single trades execute there are no bars to count but those the curves are sampled at.
        for trade in trades.iter_mut().filter(|trade| trade.n_bars == 0) {
            let row = |label: i64| self.curves.label.partition_point(|&other| other < label);
            trade.n_bars = row(trade.closed_at).saturating_sub(row(trade.opened_at)) as u64;
        }
        (orders, trades)
    }

    /// Counts a reader of the results should know.
    fn quality(&self) -> DataQuality {
        let mut quality = DataQuality::default();
        quality.add("symbols", self.symbols.len() as u64);
        quality.add("events", self.n_events);
        quality.add("orders_rounded", self.dropped.n_rounded);
        quality.add("orders_below_one_lot", self.dropped.n_below_one_lot);
        quality.add("orders_below_min_quantity", self.dropped.n_below_min_quantity);
        quality.add("orders_below_min_notional", self.dropped.n_below_min_notional);
        let open = self.quantities.iter().filter(|quantity| **quantity != 0.0).count();
        quality.add("open_positions_at_end", open as u64);
        for (_, record) in self.labelled() {
            match record.entry {
                Entry::Limited { .. } => quality.add("orders_limited", 1),
                Entry::Rejected(_) => quality.add("orders_rejected", 1),
                Entry::Halted { .. } => quality.add("halts", 1),
                Entry::Liquidated { .. } => quality.add("liquidations", 1),
                Entry::Cash { kind: CashKind::Dividend, .. } => quality.add("dividends_booked", 1),
                Entry::Split { .. } => quality.add("splits_booked", 1),
                Entry::Adjusted { .. } => quality.add("orders_split", 1),
                _ => {}
            }
        }
        if self.dropped.quantity_value > 0.0 {
            quality.notes.push(dropped_note(self.dropped.quantity_value));
        }
        for (kind, amount) in self.moved.iter().filter(|(_, amount)| *amount != 0.0) {
            quality.notes.push(moved_note(*kind, *amount));
        }
        quality
    }

    /// What the guard and liquidations did.
    fn log(&self) -> Vec<LogLine> {
        let is_worth_telling = |entry: &Entry| {
            match entry {
                Entry::Limited { .. } | Entry::Halted { .. } | Entry::Liquidated { .. } => true,
                // That the guard lets nothing through is told by its limit.
                Entry::Rejected(reason) => !matches!(reason, Reason::Guard(_)),
                _ => false,
            }
        };
        self.labelled()
            .filter(|(_, record)| is_worth_telling(&record.entry))
            .map(|(timestamp, record)| {
                let symbol = self.symbols.get(record.symbol_idx as usize);
                let text = symbol.map_or_else(|| record.text(), |symbol| format!("{symbol}: {}", record.text()));
                LogLine { timestamp, level: LogLevel::Warning, text }
            })
            .collect()
    }
}
