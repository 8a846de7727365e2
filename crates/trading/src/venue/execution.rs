//! One execution: the price an order meets, what it costs, and how much of it the account can pay for.

use crosscut_model::{Fill, Side};

use crate::cost::{Charge, Costs, Impact};
use crate::rules::Execution;
use crate::sizing::DUST;

/// The prices of one bar that an order may execute at; NaN where the source gives none.
#[derive(Debug, Clone, Copy)]
pub struct BarPrices {
    /// First price.
    pub open: f64,
    /// Last price.
    pub close: f64,
    /// Volume-weighted average price.
    pub vwap: f64,
}

impl Execution {
    /// The reference price of an order that executes on this bar; `None` when the bar has no such price, as a bar
    /// without trades has no vwap: the order then waits for the next bar.
    pub fn reference(self, bar: BarPrices) -> Option<f64> {
        let price = match self {
            Self::NextOpen => bar.open,
            Self::Close | Self::NextClose => bar.close,
            Self::NextVwap => bar.vwap,
        };
        Some(price).filter(|price| price.is_finite() && *price > 0.0)
    }
}

/// An order meeting a price.
#[derive(Debug, Clone, Copy)]
pub struct Meeting {
    /// Buy or sell.
    pub side: Side,
    /// Base units wanted, positive.
    pub quantity: f64,
    /// Price before slippage, quote units.
    pub reference: f64,
    /// When, microseconds.
    pub at: i64,
    /// Smallest quantity step; a quantity cut to the cash is cut to whole lots. `None`: sizes are fractional.
    pub lot_size: Option<f64>,
    /// What else its costs depend on.
    pub terms: Terms,
}

/// What the costs of an execution depend on beside its price and quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Whether slippage applies; a limit order names its price.
    pub has_slippage: bool,
    /// Whether the order was resting and the other side came to it.
    pub is_maker: bool,
    /// Volume of the bar or trade, base units; infinite for a market deep enough, NaN where the data do not say.
    pub volume: f64,
    /// Difference between the best offers, quote units; NaN where the data do not say.
    pub spread: f64,
    /// Smallest price step; `None` when unknown.
    pub tick_size: Option<f64>,
    /// Base units of one unit that fees are charged by: 1, or those of a contract.
    pub unit: f64,
    /// Base units of the same order filled before.
    pub filled_before: f64,
    /// Commission of the same order so far, quote units.
    pub charged_before: f64,
    /// Value the account has traded in the thirty days before, quote units.
    pub traded_before: f64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            has_slippage: true,
            is_maker: false,
            volume: f64::INFINITY,
            spread: f64::NAN,
            tick_size: None,
            unit: 1.0,
            filled_before: 0.0,
            charged_before: 0.0,
            traded_before: 0.0,
        }
    }
}

impl Meeting {
    /// The price paid or received for `quantity`.
    fn price(&self, quantity: f64, costs: &Costs) -> f64 {
        if !self.terms.has_slippage {
            return self.reference;
        }
        let Terms { volume, spread, tick_size, .. } = self.terms;
        costs.price(&Impact { side: self.side, reference: self.reference, quantity, volume, tick_size, spread })
    }

    /// The commission of `quantity` at `price`.
    fn commission(&self, quantity: f64, price: f64, costs: &Costs) -> f64 {
        let Terms { is_maker, unit, filled_before, charged_before, traded_before, .. } = self.terms;
        let (at, side) = (self.at, self.side);
        let (quantity, price, filled_before) = (quantity / unit, price * unit, filled_before / unit);
        costs.commission(&Charge { at, side, quantity, price, is_maker, filled_before, charged_before, traded_before })
    }
}

/// What the account allows a buy to cost.
#[derive(Debug, Clone, Copy)]
pub enum Purse {
    /// Cash may become negative.
    Unlimited,
    /// A buy may cost at most this much, commission included, quote units.
    Cash(f64),
}

/// Executes an order, cut to what the purse affords; `None` when it affords nothing.
pub fn execute(meeting: Meeting, purse: Purse, costs: &Costs) -> Option<Fill> {
    let quantity = match (meeting.side, purse) {
        (Side::Sell, _) | (Side::Buy, Purse::Unlimited) => meeting.quantity,
        (Side::Buy, Purse::Cash(cash)) => {
            let quantity = affordable(&meeting, cash, costs);
            // What is affordable as it is stays as it is: it may close a position that is no whole number of lots.
            match meeting.lot_size.filter(|lot| *lot > 0.0 && quantity < meeting.quantity) {
                // Rounded down without allowance: cash must not go below zero.
                Some(lot) => (quantity / lot).floor() * lot,
                None => quantity,
            }
        }
    };
    let price = meeting.price(quantity, costs);
    (quantity > 0.0).then(|| Fill {
        filled_at: meeting.at,
        quantity,
        price,
        commission: meeting.commission(quantity, price, costs),
        slippage: (price - meeting.reference).abs() * quantity,
    })
}

/// The largest quantity up to what is wanted whose price and commission do not exceed `cash`; 0 when that is next to
/// nothing.
fn affordable(meeting: &Meeting, cash: f64, costs: &Costs) -> f64 {
    let wanted = meeting.quantity;
    let mut quantity = wanted;
    // Commission need not be proportional, so that one division need not be enough; each pass only shrinks.
    for _ in 0..50 {
        let price = meeting.price(quantity, costs);
        let cost = quantity * price + meeting.commission(quantity, price, costs);
        if cost <= cash {
            return if quantity < wanted * DUST { 0.0 } else { quantity };
        }
        if cash <= 0.0 {
            return 0.0;
        }
        // The last factor keeps rounding from leaving the cost a hair above the cash for ever.
        quantity *= cash / cost * (1.0 - 1e-15);
    }
    0.0
}

#[cfg(test)]
mod tests {
    //! Executions worked out by hand.

    use super::*;

    fn buy(quantity: f64) -> Meeting {
        Meeting { side: Side::Buy, quantity, reference: 100.0, at: 7, lot_size: None, terms: Terms::default() }
    }

    #[test]
    fn a_buy_is_cut_to_the_cash_there_is() {
        let costs = Costs::from_bps(10.0, 0.0).unwrap();
        let fill = execute(buy(10.0), Purse::Cash(500.5), &costs).unwrap();
        assert!((fill.quantity - 5.0).abs() < 1e-12);
        assert!(fill.quantity * fill.price + fill.commission <= 500.5);
        assert_eq!(execute(buy(10.0), Purse::Cash(0.0), &costs), None);
        assert_eq!(execute(buy(10.0), Purse::Cash(-5.0), &costs), None);
        assert_eq!(execute(buy(10.0), Purse::Unlimited, &costs).unwrap().quantity, 10.0);
        let sell = Meeting { side: Side::Sell, ..buy(10.0) };
        assert_eq!(execute(sell, Purse::Cash(-5.0), &costs).unwrap().quantity, 10.0);
    }

    #[test]
    fn a_cut_buy_is_cut_to_whole_lots() {
        let costs = Costs::from_bps(10.0, 0.0).unwrap();
        let order = Meeting { lot_size: Some(2.0), ..buy(10.0) };
        assert_eq!(execute(order, Purse::Cash(500.5), &costs).unwrap().quantity, 4.0);
        assert_eq!(execute(order, Purse::Cash(150.0), &costs), None);
        assert_eq!(execute(Meeting { quantity: 3.0, ..order }, Purse::Cash(500.5), &costs).unwrap().quantity, 3.0);
    }

    #[test]
    fn rounding_left_in_cash_buys_nothing() {
        // Regression: orders filled before had left 1e-9 of cash, which bought a trillionth of what was wanted.
        let costs = Costs::from_bps(5.0, 3.0).unwrap();
        assert_eq!(execute(buy(661.86), Purse::Cash(1e-9), &costs), None);
        assert!(execute(buy(661.86), Purse::Cash(1.0), &costs).is_some());
    }

    #[test]
    fn slippage_is_told_apart() {
        let costs = Costs::from_bps(0.0, 10.0).unwrap();
        let fill = execute(Meeting { side: Side::Sell, ..buy(2.0) }, Purse::Unlimited, &costs).unwrap();
        assert!((fill.price - 99.9).abs() < 1e-12 && (fill.slippage - 0.2).abs() < 1e-12);
    }

    #[test]
    fn a_bar_without_the_price_makes_the_order_wait() {
        let bar = BarPrices { open: 1.0, close: 2.0, vwap: f64::NAN };
        assert_eq!(Execution::NextOpen.reference(bar), Some(1.0));
        assert_eq!(Execution::NextClose.reference(bar), Some(2.0));
        assert_eq!(Execution::NextVwap.reference(bar), None);
    }
}
