//! What one replay produced, before anything is written: curves, orders, positions, selections, closed trades.
//!
//! Holds numbers only; formatting, files and run ids belong to `results`. Every time in here is a bar label (the
//! `timestamp` of the glossary, microseconds UTC) of the run's timeline, so that rows of different files can be joined.

use std::collections::BTreeMap;

use crosscut_model::Order;
use crosscut_model::calendar::Annualisation;
use crosscut_trading::account::CashKind;
use crosscut_trading::journal::Record;
pub use crosscut_trading::ledger::ClosedTrade;
pub use crosscut_trading::strategy::Exclusion;

/// Everything one replay produced.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOutcome {
    /// Instrument ids of the run, sorted; `symbol_idx` fields point into this list.
    pub symbols: Vec<String>,
    /// Bar labels from the start to the end of the run, the union over symbols, ascending.
    pub timeline: Vec<i64>,
    /// When the bars of each timeline row could be known (the latest of them), microseconds UTC.
    pub available_at: Vec<i64>,
    /// Cash plus the value of all positions after each row's fills, quote units.
    pub equity: Vec<f64>,
    /// Cash after each row's fills, quote units; negative only with shorts or allowed borrowing.
    pub cash: Vec<f64>,
    /// Sum of absolute position values over equity.
    pub gross_exposure: Vec<f64>,
    /// Sum of signed position values over equity.
    pub net_exposure: Vec<f64>,
    /// Equity over its running maximum, minus 1: 0 at a new high, negative below it.
    pub drawdown: Vec<f64>,
    /// The benchmark's value had the capital been put into it at the first row where it has a price; `None` without one.
    pub benchmark: Option<Vec<f64>>,
    /// The position of a symbol after each row in which it changed, in time order, symbols ascending within a row.
    pub positions: Vec<PositionChange>,
    /// All orders by running number.
    pub orders: Vec<Order>,
    /// One row per rebalance and symbol, in time order, symbols ascending; empty when not asked for.
    pub selections: Vec<Selection>,
    /// Positions opened and closed again, in order of closing, symbols ascending.
    pub trades: Vec<ClosedTrade>,
    /// One-sided turnover `0.5 * sum |w_target - w_drifted|` of each rebalance, by its row's label; of a strategy that acts at
    /// every bar, half the value traded over equity, of each bar with fills.
    pub turnover: Vec<(i64, f64)>,
    /// How often the portfolio was decided anew; 0 for a strategy that acts at every bar.
    pub n_rebalances: usize,
    /// How each symbol stands at the end, in the order of `symbols`; what its fills, this and its cash come to is its profit.
    pub ends: Vec<SymbolEnd>,
    /// Cash moved without a trade over the run, by kind, quote units; negative was paid.
    pub moved: Vec<(CashKind, f64)>,
    /// What was decided, cut by a rule, filled and booked, in order; empty when no audit was kept.
    pub journal: Vec<AuditLine>,
    /// Periods per year of the timeline, and why.
    pub annualisation: Annualisation,
    /// What was missing, dropped, filled or stale.
    pub data_quality: DataQuality,
    /// Decisions worth telling, in time order.
    pub log: Vec<LogLine>,
}

/// How a symbol stands at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SymbolEnd {
    /// Base units held; negative when short.
    pub quantity: f64,
    /// The price by which they are valued, quote units; NaN for a symbol that never had one.
    pub price: f64,
    /// Cash moved for the symbol without a trade (funding, borrow, dividends), quote units; negative was paid.
    pub moved: f64,
}

/// A line of the audit trail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AuditLine {
    /// Label of the bar it belongs to: in which an order was executed, or at whose close it was decided.
    pub timestamp: i64,
    /// What it says; its time is the instant itself.
    pub record: Record,
}

/// A symbol's position after a row in which it changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PositionChange {
    /// Label of the row.
    pub timestamp: i64,
    /// Position in the sorted symbol list.
    pub symbol_idx: u32,
    /// Base units now held; negative when short, 0 when closed.
    pub quantity: f64,
    /// The symbol's last close at that row, quote units.
    pub price: f64,
    /// `quantity * price`.
    pub value: f64,
    /// `value` over the row's equity.
    pub weight: f64,
}

/// What a rebalance made of one symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection {
    /// Label of the bar at which it was decided.
    pub timestamp: i64,
    /// Position in the sorted symbol list.
    pub symbol_idx: u32,
    /// Place among the eligible names, from 1 for the highest score; `None` when not eligible.
    pub rank: Option<u32>,
    /// The strategy's score; NaN when there is none.
    pub score: f64,
    /// The weight aimed at, a fraction of equity, after limits; negative is short.
    pub target_weight: f64,
    /// What is held after the rebalance's orders were executed (or given up), by the executing bar's prices, over equity.
    pub filled_weight: f64,
    /// Why the symbol got no weight of its own; `None` when it was chosen.
    pub excluded: Option<Exclusion>,
}

/// What was missing, dropped, filled or stale in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataQuality {
    /// Counts by name (`lower_snake`); names with a count of 0 may be absent.
    pub counts: BTreeMap<String, u64>,
    /// Remarks a reader of the results should know.
    pub notes: Vec<String>,
}

impl DataQuality {
    /// Adds `n` to the count called `name`.
    pub fn add(&mut self, name: &str, n: u64) {
        if n > 0 {
            *self.counts.entry(name.to_owned()).or_insert(0) += n;
        }
    }
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogLevel {
    /// As planned.
    Info,
    /// Something a reader should look at.
    Warning,
}

impl LogLevel {
    /// The name in `logs.txt`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
        }
    }
}

/// One remark of the engine, in simulated time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Label of the bar it is about.
    pub timestamp: i64,
    /// How much it matters.
    pub level: LogLevel,
    /// One sentence.
    pub text: String,
}

/// The remark on what rounding dropped, quote units.
pub(crate) fn dropped_note(value: f64) -> String {
    format!("rounding to lots and least values left {value} untraded")
}

/// The remark on cash that moved without a trade, quote units.
pub(crate) fn moved_note(kind: CashKind, amount: f64) -> String {
    format!("{}: {amount} in all", kind.name().replace('_', " "))
}
