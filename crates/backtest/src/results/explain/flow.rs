//! Orders, fills, cash and positions of one symbol, from `orders.csv`, `journal.csv` and `positions.csv`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crosscut_model::{OrderStatus, format_iso, parse_iso};
use serde::Serialize;

use super::super::audit::JOURNAL;
use super::super::error::ResultsError;
use super::super::rows::Rows;
use super::{CurveRow, Limit};

/// One order and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderStory {
    /// Its number in `orders.csv`.
    pub order_id: u64,
    /// Label of the bar in which it was filled, or else decided.
    pub bar: String,
    /// The same, microseconds UTC.
    #[serde(skip)]
    pub label: i64,
    /// `buy` or `sell`.
    pub side: String,
    /// Kind of order.
    #[serde(rename = "type")]
    pub order_type: String,
    /// Base units wanted.
    pub quantity: f64,
    /// Base units filled.
    pub filled_quantity: f64,
    /// Price paid or received, slippage included; `None` when nothing was filled.
    pub price: Option<f64>,
    /// Quote units.
    pub commission: f64,
    /// Quote units, in the price already.
    pub slippage: f64,
    /// What the fills did to cash: `-side * quantity * price - commission`.
    pub cash: f64,
    /// Where it stood in the end.
    pub status: String,
    /// Why it was made, or ended as it did.
    pub reason: String,
    /// What the audit trail says of it, in order.
    pub steps: Vec<Event>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Label of the bar it belongs to.
    pub bar: String,
    /// The same, microseconds UTC.
    #[serde(skip)]
    pub label: i64,
    /// The instant, when the audit trail tells it.
    pub at: Option<String>,
    /// The order it is about.
    pub order_id: Option<u64>,
    /// What: `decision`, `filled`, `cash`, ... as in `journal.csv`; `order` without a trail.
    pub event: String,
    /// In words.
    pub text: String,
    /// Cash it moved, quote units.
    pub cash: Option<f64>,
}

/// What is held of a symbol.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Holding {
    /// Base units; negative when short.
    pub quantity: f64,
    /// Label of the bar since which it has been held without being flat in between.
    pub since: String,
    /// Label of the bar in which the quantity last changed.
    pub changed: String,
    /// The last close in that bar.
    pub price: f64,
    /// `quantity * price` then.
    pub value: f64,
    /// `value` over that bar's equity.
    pub weight: f64,
}

/// Cash around a bar in which an order was filled.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CashFlow {
    /// The bar.
    pub bar: String,
    /// Cash after the bar before; `None` for the first bar.
    pub before: Option<f64>,
    /// What this symbol's orders of the decision moved.
    pub moved: f64,
    /// What everything else in the bar moved.
    pub others: Option<f64>,
    /// Cash after the bar.
    pub after: f64,
    /// Equity after the bar.
    pub equity: f64,
}

/// Which stretch of a run is looked at, labels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// The decision in force.
    pub(super) decided: Option<i64>,
    /// The next one.
    pub(super) next: Option<i64>,
    /// The one before it.
    pub(super) before: Option<i64>,
    /// Whether decisions are known from rankings; else from orders alone.
    pub(super) is_ranked: bool,
    /// The bar asked for.
    pub(super) now: i64,
}

/// Orders and events around the decision in force.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// Orders it led to.
    pub(super) orders: Vec<OrderStory>,
    /// Orders of earlier decisions that were not done when its bar began, by the labels of those decisions.
    pub(super) earlier: BTreeMap<i64, Vec<OrderStory>>,
    /// What else happened after it.
    pub(super) since: Vec<Event>,
}

/// A line of `journal.csv`.
struct Line {
    /// Label.
    label: i64,
    /// What happened.
    event: Event,
    /// The rule or reason.
    reason: String,
    /// Wanted and quantity.
    numbers: (Option<f64>, Option<f64>),
    /// Whether it is about this symbol; else about the whole account.
    is_own: bool,
}

/// Everything about a symbol and the account up to a bar, and the orders after it that were decided before.
pub(super) struct Flow {
    /// Orders of the symbol.
    orders: Vec<OrderStory>,
    /// Lines of the trail about the symbol or the account.
    lines: Vec<Line>,
    /// Whether there is a trail.
    pub(super) is_audited: bool,
}

/// Reads all there is of a symbol.
pub(super) fn read(folder: &Path, symbol: &str, now: i64) -> Result<Flow, ResultsError> {
    let orders = read_orders(folder, symbol)?;
    let journal = read_journal(folder, symbol, now)?;
    Ok(Flow { orders, is_audited: journal.is_some(), lines: journal.unwrap_or_default() })
}

impl Flow {
    /// Whether the run never traded the symbol.
    pub(super) fn is_empty(&self) -> bool {
        self.orders.is_empty() && !self.lines.iter().any(|line| line.is_own)
    }

    /// The last bar up to `now` at which an order was decided; without a trail, filled.
    pub(super) fn last_decision(&self, now: i64) -> Option<i64> {
        let decided = |line: &&Line| line.is_own && line.event.event == "decision" && line.label <= now;
        let of_trail = self.lines.iter().filter(decided).map(|line| line.label).max();
        of_trail.or_else(|| self.orders.iter().map(|order| order.label).filter(|label| *label <= now).max())
    }

    /// The instant of the last order decided in a bar; `None` without a trail.
    pub(super) fn ordered_at(&self, label: i64) -> Option<i64> {
        let decided = |line: &&Line| line.is_own && line.event.event == "decision" && line.label == label;
        self.lines.iter().rfind(decided).and_then(|line| parse_iso(line.event.at.as_deref()?).ok())
    }

    /// Limits on the symbol's weight at a decision; `None` without a trail.
    pub(super) fn limits_at(&self, label: i64) -> Option<Vec<Limit>> {
        let limit = |line: &Line| {
            let (wanted, allowed) = (line.numbers.0?, line.numbers.1?);
            Some(Limit { rule: line.reason.clone(), wanted, allowed })
        };
        let is_limit = |line: &&Line| line.is_own && line.label == label && line.event.event == "weighed";
        self.is_audited.then(|| self.lines.iter().filter(is_limit).filter_map(limit).collect())
    }

    /// The orders the decision in force led to and those of earlier ones that still worked, each with its steps, and what
    /// happened otherwise until now.
    pub(super) fn split(&self, window: Window, is_immediate: bool) -> Split {
        let Some(decided) = window.decided else {
            let since = self.events_between(i64::MIN, window.now, &BTreeSet::new());
            return Split { since, ..Split::default() };
        };
        let mut by_decision = if self.is_audited {
            self.by_decision(decided)
        } else {
            self.by_times(Window { decided: Some(decided), ..window }, is_immediate)
        };
        let told: BTreeSet<u64> = by_decision.values().flatten().map(|order| order.order_id).collect();
        Split {
            orders: by_decision.remove(&decided).unwrap_or_default(),
            earlier: by_decision,
            since: self.events_between(decided, window.now, &told),
        }
    }

    /// By the trail: the orders decided at `decided`, and those decided before that were not done by then, by the bars of
    /// their decisions.
    fn by_decision(&self, decided: i64) -> BTreeMap<i64, Vec<OrderStory>> {
        let own = |line: &&Line| line.is_own && line.event.order_id.is_some();
        // When each order was decided, and when it was last heard of.
        let mut spans: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
        for line in self.lines.iter().filter(own) {
            let Some(order_id) = line.event.order_id else { continue };
            spans.entry(order_id).or_insert((line.label, line.label)).1 = line.label;
        }
        let mut by_decision: BTreeMap<i64, Vec<OrderStory>> = BTreeMap::new();
        for order in &self.orders {
            let Some(&(made, heard)) = spans.get(&order.order_id) else { continue };
            let lasts = heard >= decided || order.status == OrderStatus::Working.name();
            if made == decided || (made < decided && lasts) {
                let steps = self.steps(order.order_id);
                by_decision.entry(made).or_default().push(OrderStory { steps, ..order.clone() });
            }
        }
        by_decision
    }

    /// By times alone: the orders of the decision in force, and those of the one before it that were filled in its bar.
    fn by_times(&self, window: Window, is_immediate: bool) -> BTreeMap<i64, Vec<OrderStory>> {
        let mut by_decision: BTreeMap<i64, Vec<OrderStory>> = BTreeMap::new();
        for order in &self.orders {
            let decided = window.decided.filter(|_| belongs(order, window, is_immediate));
            let before = Window { decided: window.before, next: window.decided, ..window };
            let is_last = window.before.is_some() && Some(order.label) == window.decided;
            let decided = decided.or(window.before.filter(|_| is_last && belongs(order, before, is_immediate)));
            if let Some(decided) = decided {
                by_decision.entry(decided).or_default().push(order.clone());
            }
        }
        by_decision
    }

    /// What the trail says of an order after its decision.
    fn steps(&self, order_id: u64) -> Vec<Event> {
        let of_order = |line: &&Line| line.event.order_id == Some(order_id) && line.event.event != "decision";
        self.lines.iter().filter(of_order).map(|line| line.event.clone()).collect()
    }

    /// What happened after `decided` and up to `now` that is not about the orders in `ids`.
    fn events_between(&self, decided: i64, now: i64, ids: &BTreeSet<u64>) -> Vec<Event> {
        let is_other = |id: Option<u64>| id.is_none_or(|id| !ids.contains(&id));
        if self.is_audited {
            let within = |line: &&Line| {
                let is_later = line.label > decided || (line.label == decided && line.event.order_id.is_some());
                is_later && line.label <= now && is_other(line.event.order_id) && line.event.event != "weighed"
            };
            return self.lines.iter().filter(within).map(|line| line.event.clone()).collect();
        }
        let within =
            |order: &&OrderStory| order.label > decided && order.label <= now && is_other(Some(order.order_id));
        self.orders.iter().filter(within).map(OrderStory::event).collect()
    }
}

/// Whether an order belongs to the decision of a window, as far as times tell: one that was never filled carries the
/// bar that decided it, a filled one the bar that filled it.
fn belongs(order: &OrderStory, window: Window, is_immediate: bool) -> bool {
    let Some(decided) = window.decided else { return false };
    let until = window.next.unwrap_or(i64::MAX);
    // Without rankings a decision is known by its order's own label.
    let is_at_once =
        !window.is_ranked || is_immediate || order.filled_quantity == 0.0 || order.reason.contains("at last close");
    if is_at_once { order.label == decided } else { order.label > decided && order.label <= until }
}

impl OrderStory {
    /// The bars in which its fills moved cash, and how much: by the trail where there is one.
    fn moves(&self) -> Vec<(i64, f64)> {
        let of_trail: Vec<(i64, f64)> = self.steps.iter().filter_map(|step| Some((step.label, step.cash?))).collect();
        if of_trail.is_empty() && self.filled_quantity != 0.0 { vec![(self.label, self.cash)] } else { of_trail }
    }

    /// The order as something that happened.
    fn event(&self) -> Event {
        let price = self.price.map_or(String::new(), |price| format!(" at {price}"));
        let (id, side, quantity) = (self.order_id, &self.side, self.filled_quantity);
        Event {
            bar: self.bar.clone(),
            label: self.label,
            at: None,
            order_id: Some(id),
            event: "order".to_owned(),
            text: format!("order {id}: {side} {quantity}{price}, {} ({})", self.status, self.reason),
            cash: (quantity != 0.0).then_some(self.cash),
        }
    }
}

/// The symbol's rows of `orders.csv`.
fn read_orders(folder: &Path, symbol: &str) -> Result<Vec<OrderStory>, ResultsError> {
    let columns = [
        "order_id",
        "timestamp",
        "symbol",
        "side",
        "type",
        "quantity",
        "filled_quantity",
        "price",
        "commission",
        "slippage",
        "status",
        "reason",
    ];
    let mut orders = Vec::new();
    let Some(mut rows) = Rows::open(folder, "orders.csv", &columns)? else { return Ok(orders) };
    while rows.next()? {
        if rows.text(2) != symbol {
            continue;
        }
        let label = rows.time(1)?;
        let number = |column: usize| Ok::<f64, ResultsError>(rows.number(column)?.unwrap_or(0.0));
        let (filled_quantity, price, commission) = (number(6)?, rows.number(7)?, number(8)?);
        let sign = if rows.text(3) == "buy" { 1.0 } else { -1.0 };
        orders.push(OrderStory {
            order_id: number(0)? as u64,
            bar: format_iso(label),
            label,
            side: rows.text(3).to_owned(),
            order_type: rows.text(4).to_owned(),
            quantity: number(5)?,
            filled_quantity,
            price,
            commission,
            slippage: number(9)?,
            cash: -sign * filled_quantity * price.unwrap_or(0.0) - commission,
            status: rows.text(10).to_owned(),
            reason: rows.text(11).to_owned(),
            steps: Vec::new(),
        });
    }
    Ok(orders)
}

/// The trail's lines about the symbol and the account: up to `now`, and for orders decided by then to their end. `None`
/// when there is no trail.
fn read_journal(folder: &Path, symbol: &str, now: i64) -> Result<Option<Vec<Line>>, ResultsError> {
    let columns = [
        "timestamp",
        "at",
        "symbol",
        "order_id",
        "event",
        "side",
        "type",
        "reason",
        "wanted",
        "quantity",
        "price",
        "commission",
        "slippage",
        "amount",
    ];
    let Some(mut rows) = Rows::open(folder, JOURNAL, &columns)? else { return Ok(None) };
    let mut lines = Vec::new();
    let mut ids = BTreeSet::new();
    while rows.next()? {
        let is_own = rows.text(2) == symbol;
        if !is_own && !rows.text(2).is_empty() {
            continue;
        }
        let label = rows.time(0)?;
        let order_id = rows.number(3)?.map(|id| id as u64);
        if label > now && order_id.is_none_or(|id| !ids.contains(&id)) {
            continue;
        }
        ids.extend(order_id);
        let event = Event {
            bar: format_iso(label),
            label,
            at: Some(rows.text(1).to_owned()),
            order_id,
            event: rows.text(4).to_owned(),
            text: line_text(&rows),
            cash: if matches!(rows.text(4), "filled" | "cash") { rows.number(13)? } else { None },
        };
        let numbers = (rows.number(8)?, rows.number(9)?);
        lines.push(Line { label, event, reason: rows.text(7).to_owned(), numbers, is_own });
    }
    Ok(Some(lines))
}

/// A line of the trail in words.
fn line_text(rows: &Rows) -> String {
    let field = |column: usize| rows.text(column);
    let (side, kind, reason) = (field(5), field(6), field(7));
    let (wanted, quantity, price) = (field(8), field(9), field(10));
    let order = if field(3).is_empty() { String::new() } else { format!("order {}: ", field(3)) };
    match field(4) {
        "decision" if price.is_empty() => format!("{order}{side} {quantity} {kind}"),
        "decision" => format!("{order}{side} {quantity} {kind} at {price}"),
        "weighed" => format!("{reason} cuts the weight {wanted} to {quantity}"),
        "limited" => format!("{order}{reason} lets {quantity} of {wanted} through"),
        "rounded" => format!("{order}{wanted} rounded to {quantity}"),
        "filled" => {
            format!("{order}{side} {quantity} filled at {price}, commission {}, slippage {}", field(11), field(12))
        }
        "split" => format!("1 split into {wanted}: {quantity} held, last price {price}"),
        "adjusted" => format!("{order}{quantity} left after a split of 1 into {wanted}"),
        "cash" => format!("{} {}", reason.replace('_', " "), field(13)),
        "halted" => format!("{reason} stops trading at equity {}", field(13)),
        "liquidated" => format!("liquidated at equity {}", field(13)),
        other if reason.is_empty() => format!("{order}{other}"),
        other => format!("{order}{other}, {reason}"),
    }
}

/// What is held of a symbol after a bar, from `positions.csv`.
pub(super) fn holding(folder: &Path, symbol: &str, now: CurveRow) -> Result<Option<Holding>, ResultsError> {
    let columns = ["timestamp", "symbol", "quantity", "price", "value", "weight"];
    let Some(mut rows) = Rows::open(folder, "positions.csv", &columns)? else { return Ok(None) };
    let mut held: Option<Holding> = None;
    while rows.next()? {
        let label = rows.time(0)?;
        if label > now.label {
            break;
        }
        if rows.text(1) != symbol {
            continue;
        }
        let number = |column: usize| Ok::<f64, ResultsError>(rows.number(column)?.unwrap_or(f64::NAN));
        let quantity = number(2)?;
        let is_same_side = |before: &Holding| before.quantity * quantity > 0.0;
        let since = match held.take() {
            Some(before) if is_same_side(&before) => before.since,
            _ => format_iso(label),
        };
        if quantity != 0.0 {
            let (price, value, weight) = (number(3)?, number(4)?, number(5)?);
            held = Some(Holding { quantity, since, changed: format_iso(label), price, value, weight });
        }
    }
    Ok(held)
}

/// Cash around each bar in which one of the orders was filled.
pub(super) fn cash(orders: &[OrderStory], curve: &[CurveRow]) -> Vec<CashFlow> {
    let moves: Vec<(i64, f64)> = orders.iter().flat_map(OrderStory::moves).collect();
    let labels: BTreeSet<i64> = moves.iter().map(|(label, _)| *label).collect();
    let flow = |label: i64| {
        let at = curve.binary_search_by_key(&label, |row| row.label).ok()?;
        let (row, before) = (curve[at], at.checked_sub(1).map(|before| curve[before].cash));
        let moved: f64 = moves.iter().filter(|(at, _)| *at == label).map(|(_, cash)| cash).sum();
        Some(CashFlow {
            bar: format_iso(label),
            before,
            moved,
            others: before.map(|before| row.cash - before - moved),
            after: row.cash,
            equity: row.equity,
        })
    };
    labels.into_iter().filter_map(flow).collect()
}
