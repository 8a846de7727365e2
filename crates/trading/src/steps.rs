//! Price and quantity steps, the least order value and the spread of each instrument, with the dates from which they hold.

use crosscut_model::{Instrument, OrderKind, OrderRequest, Side};

use crate::order::Reason;
use crate::sizing::{LOTS_MAX, whole_lots};

/// The steps of an instrument from a date on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Step {
    /// From when they hold, microseconds UTC.
    pub from: i64,
    /// Smallest price step, quote units; `None`: prices are free.
    pub tick_size: Option<f64>,
    /// Smallest quantity step, base units; `None`: sizes are fractional.
    pub lot_size: Option<f64>,
    /// Least order quantity, base units; `None`: none.
    pub min_quantity: Option<f64>,
    /// Least order value, quote units; `None`: none.
    pub min_notional: Option<f64>,
    /// Base units of one contract, where the instrument is traded in contracts; fees per share are per contract then.
    pub multiplier: Option<f64>,
}

/// The difference between an instrument's best offers from a time on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// From when it holds, microseconds UTC.
    pub from: i64,
    /// A fraction of the price; NaN: not known from then on.
    pub fraction: f64,
}

/// The steps of all symbols of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Steps {
    /// By symbol, each ascending by date; empty when nothing is known of any.
    by_symbol: Vec<Vec<Step>>,
    /// Spreads by symbol, each ascending by date; empty when nothing is known of any.
    spreads: Vec<Vec<Spread>>,
}

impl Steps {
    /// The steps of `symbols` (sorted) as an instruments table tells them.
    pub fn from_instruments(symbols: &[String], instruments: &[Instrument]) -> Self {
        let mut by_symbol = vec![Vec::new(); symbols.len()];
        for row in instruments {
            if let Ok(at) = symbols.binary_search(&row.symbol) {
                by_symbol[at].push(Step::of(row));
            }
        }
        Self::new(by_symbol)
    }

    /// Steps by symbol, in any order of dates.
    pub fn new(mut by_symbol: Vec<Vec<Step>>) -> Self {
        for steps in &mut by_symbol {
            steps.sort_by_key(|step| step.from);
        }
        Self { by_symbol, spreads: Vec::new() }
    }

    /// The same with spreads by symbol, each ascending by time.
    #[must_use]
    pub fn with_spreads(self, spreads: Vec<Vec<Spread>>) -> Self {
        Self { spreads, ..self }
    }

    /// The spreads without the steps, for runs in which sizes and prices are free.
    #[must_use]
    pub fn only_spreads(self) -> Self {
        Self { by_symbol: Vec::new(), ..self }
    }

    /// The spread of a symbol at a time, a fraction of the price; NaN where it is not known.
    #[inline]
    pub fn spread(&self, symbol_idx: u32, at: i64) -> f64 {
        let Some(spreads) = self.spreads.get(symbol_idx as usize) else { return f64::NAN };
        let after = spreads.partition_point(|spread| spread.from <= at);
        after.checked_sub(1).map_or(f64::NAN, |at| spreads[at].fraction)
    }

    /// What holds for a symbol at a time; before the first date nothing is known.
    #[inline]
    pub fn at(&self, symbol_idx: u32, at: i64) -> Step {
        let Some(steps) = self.by_symbol.get(symbol_idx as usize) else {
            return Step::default();
        };
        let after = steps.partition_point(|step| step.from <= at);
        after.checked_sub(1).map_or_else(Step::default, |at| steps[at])
    }
}

impl Step {
    /// The steps that a row of the instruments table tells. Quantities of a run are base units: a contract of 50 units of
    /// which one can be traded is a lot of 50, and its value, margin and fees by value are those of 50 units.
    pub fn of(row: &Instrument) -> Self {
        let multiplier = row.multiplier.filter(|multiplier| *multiplier > 0.0 && multiplier.is_finite());
        let units = |contracts: Option<f64>| contracts.map(|contracts| contracts * multiplier.unwrap_or(1.0));
        Self {
            from: row.valid_from.unwrap_or(i64::MIN),
            tick_size: row.tick_size,
            lot_size: units(row.lot_size),
            min_quantity: units(row.min_quantity),
            min_notional: row.min_notional,
            multiplier,
        }
    }

    /// Base units of one unit that fees are charged by: a share, a coin, a contract.
    pub fn unit(&self) -> f64 {
        self.multiplier.unwrap_or(1.0)
    }

    /// A quantity in whole lots, toward zero.
    pub fn quantity(&self, quantity: f64) -> f64 {
        whole_lots(quantity, self.lot_size)
    }

    /// Terms whose prices are whole ticks: a limit on its passive side (a buy down, a sell up), a trigger at the nearest.
    pub fn kind(&self, kind: OrderKind, side: Side) -> OrderKind {
        let limit = |price: f64| self.tick_size.map_or(price, |tick| passive(price, tick, side));
        let nearest = |price: f64| match self.tick_size {
            Some(tick) if price / tick < LOTS_MAX => (price / tick).round() * tick,
            _ => price,
        };
        match kind {
            OrderKind::Limit { price } => OrderKind::Limit { price: limit(price) },
            OrderKind::LimitOnOpen { price } => OrderKind::LimitOnOpen { price: limit(price) },
            OrderKind::LimitOnClose { price } => OrderKind::LimitOnClose { price: limit(price) },
            OrderKind::Stop { trigger } => OrderKind::Stop { trigger: nearest(trigger) },
            OrderKind::StopLimit { trigger, price } => {
                OrderKind::StopLimit { trigger: nearest(trigger), price: limit(price) }
            }
            OrderKind::Market | OrderKind::TrailingStop { .. } | OrderKind::MarketOnOpen | OrderKind::MarketOnClose => {
                kind
            }
        }
    }

    /// A request after a split into `ratio` units each: whole lots and ticks again.
    pub fn after_split(&self, request: OrderRequest, ratio: f64) -> OrderRequest {
        OrderRequest {
            quantity: self.quantity(request.quantity * ratio),
            kind: self.kind(request.kind.after_split(ratio), request.side),
            ..request
        }
    }

    /// Why an order of this size at this price is too small; `None` when it is not.
    pub fn too_small(&self, quantity: f64, price: f64) -> Option<Reason> {
        // The allowance keeps 0.1 * 50 = 5.000000000000001 and its neighbours at 5.
        let is_below = |value: f64, least: Option<f64>| least.is_some_and(|least| value < least * (1.0 - 1e-12));
        if is_below(quantity, self.min_quantity) {
            return Some(Reason::BelowMinQuantity);
        }
        is_below(quantity * price, self.min_notional).then_some(Reason::BelowMinNotional)
    }
}

/// A price in whole ticks on the passive side; prices that are whole ticks but for rounding stay where they are.
fn passive(price: f64, tick: f64, side: Side) -> f64 {
    let ticks = price / tick;
    if ticks.is_nan() || ticks >= LOTS_MAX {
        return price;
    }
    let nearest = ticks.round();
    let whole = if (ticks - nearest).abs() <= 1e-9 * ticks.abs().max(1.0) {
        nearest
    } else if side == Side::Buy {
        ticks.floor()
    } else {
        ticks.ceil()
    };
    whole * tick
}

#[cfg(test)]
mod tests {
    //! Steps worked out by hand.

    use super::*;

    #[test]
    fn steps_hold_from_their_dates() {
        let step = |from, lot| Step { from, lot_size: Some(lot), ..Step::default() };
        let steps = Steps::new(vec![vec![step(100, 1.0), step(10, 0.1)], vec![]]);
        assert_eq!(steps.at(0, 9), Step::default());
        assert_eq!(steps.at(0, 10).quantity(2.57), 2.5);
        assert_eq!(steps.at(0, 100).quantity(2.57), 2.0);
        assert_eq!(steps.at(1, 100), Step::default());
        assert_eq!(Steps::default().at(7, 0), Step::default());
    }

    #[test]
    fn contracts_are_lots_of_their_units() {
        let row = Instrument {
            lot_size: Some(1.0),
            min_quantity: Some(2.0),
            multiplier: Some(50.0),
            ..Instrument::named("ES")
        };
        let step = Step::of(&row);
        assert_eq!((step.quantity(149.0), step.unit()), (100.0, 50.0));
        assert_eq!(
            (step.too_small(50.0, 4000.0), step.too_small(100.0, 4000.0)),
            (Some(Reason::BelowMinQuantity), None)
        );
        let none = Step::of(&Instrument { multiplier: Some(0.0), ..row });
        assert_eq!((none.quantity(149.5), none.unit()), (149.0, 1.0));
    }

    #[test]
    fn limits_round_to_their_passive_side() {
        let step = Step { tick_size: Some(0.5), min_notional: Some(5.0), ..Step::default() };
        let limit = |price| OrderKind::Limit { price };
        assert_eq!(step.kind(limit(10.3), Side::Buy), limit(10.0));
        assert_eq!(step.kind(limit(10.3), Side::Sell), limit(10.5));
        assert_eq!(step.kind(limit(10.5), Side::Buy), limit(10.5));
        assert_eq!(step.kind(OrderKind::Stop { trigger: 10.3 }, Side::Sell), OrderKind::Stop { trigger: 10.5 });
        assert_eq!((step.too_small(0.1, 50.0), step.too_small(0.1, 49.9)), (None, Some(Reason::BelowMinNotional)));
        let cent = Step { tick_size: Some(0.01), ..Step::default() };
        let OrderKind::Limit { price } = cent.kind(limit(0.29), Side::Sell) else { unreachable!() };
        assert!((price - 0.29).abs() < 1e-12);
        let none = Step { tick_size: Some(1e-320), ..Step::default() };
        assert_eq!(none.kind(limit(0.29), Side::Sell), limit(0.29));
        assert_eq!(none.kind(OrderKind::Stop { trigger: 0.29 }, Side::Buy), OrderKind::Stop { trigger: 0.29 });
    }
}
