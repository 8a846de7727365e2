//! Who meets a price: the prices orders meet at a moment, and which orders are there, act, or had their chance.

use crosscut_model::{OrderKind, Side};

use super::book::{Reach, Working};
use super::rules::{LimitFill, VenueRules};
use crate::rules::Execution;

/// Which of a bar's prices orders meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its first.
    Open,
    /// Those between.
    Path,
    /// Its last.
    Close,
    /// A single trade.
    Trade,
}

/// The prices orders meet at the moment, and who may meet them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene {
    /// The symbol.
    pub(super) symbol_idx: u32,
    /// Which prices.
    pub(super) phase: Phase,
    /// The only side that acts; `None`: both.
    pub(super) side: Option<Side>,
    /// Orders must have arrived by now, microseconds.
    pub(super) arrived_by: i64,
    /// Those that arrived until then have met earlier prices of the bar.
    pub(super) bar_began: i64,
    /// Orders must last at least until now, microseconds.
    pub(super) lasts_until: i64,
    /// The time of fills, microseconds.
    pub(super) at: i64,
    /// Volume traded, base units.
    pub(super) volume: f64,
    /// Whether on-open or on-close orders act in this phase.
    pub(super) is_session_edge: bool,
}

/// Whether an order is there when the prices of a scene are met.
#[inline]
pub(super) fn is_present(order: &Working, scene: Scene) -> bool {
    order.is_active
        && order.arrives_at <= scene.arrived_by
        && order.expires_at > scene.lasts_until - i64::from(matches!(scene.phase, Phase::Path | Phase::Close))
        && scene.side.is_none_or(|side| side == order.request.side)
}

/// Whether a present order acts at a single price.
#[inline]
pub(super) fn acts(order: &Working, price: f64, scene: Scene, rules: &VenueRules) -> bool {
    let is_late = order.arrives_at > scene.bar_began;
    match order.request.kind {
        OrderKind::Market => match (scene.phase, rules.market) {
            // What `close` did not fill at the close just seen meets the next one.
            (Phase::Trade, _) | (Phase::Open, Execution::NextOpen) | (Phase::Close, Execution::Close) => true,
            (Phase::Close, Execution::NextClose) => !is_late,
            (Phase::Close, Execution::NextOpen) => is_late,
            _ => false,
        },
        OrderKind::MarketOnOpen => scene.is_session_edge && matches!(scene.phase, Phase::Open | Phase::Trade),
        OrderKind::MarketOnClose => scene.is_session_edge && scene.phase == Phase::Close,
        OrderKind::LimitOnOpen { price: limit } => {
            let is_open = matches!(scene.phase, Phase::Open | Phase::Trade);
            scene.is_session_edge && is_open && is_within(order.request.side, price, limit)
        }
        OrderKind::LimitOnClose { price: limit } => {
            scene.is_session_edge && scene.phase == Phase::Close && is_within(order.request.side, price, limit)
        }
        // The others have met the close at the end of the path, unless they came while the bar was open.
        _ if scene.phase == Phase::Close && !is_late => false,
        _ => order.reach(rules.limit_fill).includes(price),
    }
}

/// Whether `price` is `limit` or better.
fn is_within(side: Side, price: f64, limit: f64) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}

/// Whether a present order that has not been filled after a scene had its only chance in it.
pub(super) fn had_its_chance(order: &Working, scene: Scene, rules: &VenueRules) -> bool {
    let is_open = matches!(scene.phase, Phase::Open | Phase::Trade);
    match order.request.kind {
        OrderKind::LimitOnOpen { .. } | OrderKind::MarketOnOpen => scene.is_session_edge && is_open,
        OrderKind::LimitOnClose { .. } | OrderKind::MarketOnClose => {
            scene.is_session_edge && scene.phase == Phase::Close
        }
        OrderKind::Market if !is_open => order.is_immediate(),
        OrderKind::Market => {
            order.is_immediate() && (scene.phase == Phase::Trade || acts(order, f64::NAN, scene, rules))
        }
        _ => order.is_immediate(),
    }
}

/// The order that a move of the price from `from` to `to` reaches first, and where; of two at one price the older.
pub(super) fn nearest(
    book: &[Working],
    (from, to): (f64, f64),
    (scene, pass, limit_fill): (Scene, u64, LimitFill),
) -> Option<(usize, f64)> {
    let mut best: Option<(usize, f64)> = None;
    for (at, order) in book.iter().enumerate() {
        if order.pass == pass || order.request.kind == OrderKind::Market || !is_present(order, scene) {
            continue;
        }
        let reach = order.reach(limit_fill);
        let price = if reach.includes(from) { Some(from) } else { reach_on_the_way(reach, from, to) };
        let Some(price) = price else {
            continue;
        };
        if best.is_none_or(|(_, other)| (price - from).abs() < (other - from).abs()) {
            best = Some((at, price));
        }
    }
    best
}

/// Where a move from `from` to `to` in the right direction sets an order off.
fn reach_on_the_way(reach: Reach, from: f64, to: f64) -> Option<f64> {
    let is_towards = match reach {
        Reach::Falls { .. } => to < from,
        Reach::Rises { .. } => to > from,
        Reach::Phase | Reach::Now => false,
    };
    reach.met(to).filter(|_| is_towards)
}
