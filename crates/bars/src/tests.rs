//! Tests of the crate: by hand, by property, and against tables that other programs made.

mod golden;
mod hand;
mod properties;

use crosscut_model::{BarSpec, Bars, Trades};

use crate::{BarBuilder, SideRule};

/// Bars of all of `trades`.
fn build(spec: &str, side_rule: SideRule, trades: &Trades, covered_until: Option<i64>) -> Bars {
    let spec: BarSpec = spec.parse().unwrap();
    let mut builder = BarBuilder::new(spec, side_rule).unwrap();
    let mut bars = Bars::default();
    builder.push(trades, &mut bars);
    builder.finish(covered_until, &mut bars);
    bars
}

/// Trades of `(seconds, price, quantity, side)` with the side written `b`, `s` or `-`.
fn trades(rows: &[(f64, f64, f64, char)]) -> Trades {
    let mut trades = Trades::default();
    for &(seconds, price, quantity, side) in rows {
        trades.timestamp.push((seconds * 1e6) as i64);
        trades.price.push(price);
        trades.quantity.push(quantity);
        trades.is_buyer_maker.push(match side {
            'b' => Some(false),
            's' => Some(true),
            _ => None,
        });
    }
    trades
}
