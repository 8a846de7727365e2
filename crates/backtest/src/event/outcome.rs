//! An event replay as a run like any other, for the archive and its report.
//!
//! Orders, positions and closed trades are told by bar labels. An order filled in several executions becomes one with
//! their sum, at their mean price. What only a cross-section has (selections, turnover at rebalances) stays empty.

use std::collections::BTreeMap;

use crosscut_model::calendar::periods_per_year;
use crosscut_model::{Fill, Order, OrderId, OrderStatus, Timeframe};
use crosscut_trading::account::CashKind;
use crosscut_trading::journal::{Entry, Record};
use crosscut_trading::ledger::{ClosedTrade, Ledger};

use super::EventOutcome;
use crate::outcome::{AuditLine, DataQuality, LogLevel, LogLine, RunOutcome, SymbolEnd};

impl EventOutcome {
    /// The run, of bars of this length. Needs a journal and samples at bars: without them there are curves at best.
    pub fn into_run(self, timeframe: Timeframe) -> RunOutcome {
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
            orders: self.orders(),
            selections: Vec::new(),
            trades: self.labelled_trades(),
            turnover: Vec::new(),
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

    /// Orders by number, each with what became of it.
    fn orders(&self) -> Vec<Order> {
        let mut orders: BTreeMap<OrderId, Order> = BTreeMap::new();
        for (label, record) in self.labelled() {
            if let Entry::Decision { order_type, quantity, .. } = record.entry {
                orders.insert(
                    record.order_id,
                    Order {
                        order_id: record.order_id.0,
                        decided_at: label,
                        symbol_idx: record.symbol_idx as usize,
                        side: record.side,
                        order_type,
                        quantity,
                        status: OrderStatus::Working,
                        reason: "strategy".to_owned(),
                        fill: None,
                    },
                );
            } else if let Some(order) = orders.get_mut(&record.order_id) {
                take_in(order, label, record.entry);
            }
        }
        orders.into_values().collect()
    }

    /// Closed trades whose times are labels.
    fn labelled_trades(&self) -> Vec<ClosedTrade> {
        let mut ledger = Ledger::new(self.capital, self.symbols.len());
        for (label, record) in self.labelled() {
            if let Entry::Filled { quantity, price, commission, slippage } = record.entry {
                let fill = Fill { filled_at: label, quantity, price, commission, slippage };
                ledger.book(record.symbol_idx, record.side, &fill, 0);
            }
        }
        // The same fills in the same order close the same trades; their lengths are in the symbols' own bars.
        let mut trades = ledger.into_closed();
        for (trade, counted) in trades.iter_mut().zip(&self.trades) {
            trade.n_bars = counted.n_bars;
        }
        trades
    }

    /// Counts a reader of the results should know.
    fn quality(&self) -> DataQuality {
        let mut quality = DataQuality::default();
        quality.add("symbols", self.symbols.len() as u64);
        quality.add("events", self.n_events);
        quality.add("orders_rounded", self.dropped.n_rounded);
        quality.add("orders_below_one_lot", self.dropped.n_below_one_lot);
        quality.add("orders_below_min_notional", self.dropped.n_below_min_notional);
        let open = self.quantities.iter().filter(|quantity| **quantity != 0.0).count();
        quality.add("open_positions_at_end", open as u64);
        for (_, record) in self.labelled() {
            match record.entry {
                Entry::Limited { .. } => quality.add("orders_limited", 1),
                Entry::Rejected(_) => quality.add("orders_rejected", 1),
                Entry::Halted { .. } => quality.add("halts", 1),
                Entry::Liquidated { .. } => quality.add("liquidations", 1),
                _ => {}
            }
        }
        if self.dropped.quantity_value > 0.0 {
            quality
                .notes
                .push(format!("rounding to lots and least values left {} untraded", self.dropped.quantity_value));
        }
        for (kind, amount) in self.moved.iter().filter(|(_, amount)| *amount != 0.0) {
            quality.notes.push(format!("{}: {amount} in all", kind_name(*kind)));
        }
        quality
    }

    /// What the guard and liquidations did.
    fn log(&self) -> Vec<LogLine> {
        let is_worth_telling = |entry: &Entry| {
            matches!(
                entry,
                Entry::Limited { .. } | Entry::Halted { .. } | Entry::Liquidated { .. } | Entry::Rejected(_)
            )
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

/// The name of a kind of cash in words.
fn kind_name(kind: CashKind) -> String {
    kind.name().replace('_', " ")
}

/// Adds to an order what a record says of it.
fn take_in(order: &mut Order, label: i64, entry: Entry) {
    match entry {
        Entry::Filled { quantity, price, commission, slippage } => {
            let before =
                order.fill.unwrap_or(Fill { filled_at: label, quantity: 0.0, price, commission: 0.0, slippage: 0.0 });
            let filled = before.quantity + quantity;
            let mean = if before.quantity == 0.0 {
                price
            } else {
                (before.quantity * before.price + quantity * price) / filled
            };
            order.fill = Some(Fill {
                filled_at: label,
                quantity: filled,
                price: mean,
                commission: before.commission + commission,
                slippage: before.slippage + slippage,
            });
            // A modified order may fill more than it was decided with.
            order.quantity = order.quantity.max(filled);
            let is_done = filled >= order.quantity * (1.0 - 1e-9);
            order.status = if is_done { OrderStatus::Filled } else { OrderStatus::Partial };
        }
        Entry::Limited { rule, .. } => rule.text().clone_into(&mut order.reason),
        Entry::Rounded { quantity, .. } => order.quantity = quantity,
        Entry::Rejected(reason) => {
            order.status = OrderStatus::Rejected;
            reason.text().clone_into(&mut order.reason);
        }
        Entry::Cancelled(reason) => {
            let is_partial = order.fill.is_some();
            order.status = if is_partial { OrderStatus::Partial } else { OrderStatus::Cancelled };
            reason.text().clone_into(&mut order.reason);
        }
        _ => {}
    }
}
