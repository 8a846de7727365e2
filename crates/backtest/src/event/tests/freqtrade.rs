//! The ledger against 179 closed trades of freqtrade: profit and ratio from rates and fees.
//!
//! In this file the absolute profits and the balance leave fees out and the ratios, rounded to eight places, do not.

use crosscut_model::{Fill, Side};
use crosscut_trading::ledger::Ledger;

use super::*;

#[test]
fn profits_follow_from_rates_and_fees() {
    let Some(shared) = shared() else { return };
    let document: serde_json::Value =
        serde_json::from_str(&zipped(&shared.join("data/golden/freqtrade_backtest_result.zip"))).unwrap();
    let trades = document["strategy"]["StrategyTestV3"]["trades"].as_array().unwrap();
    assert_eq!(trades.len(), 179);
    let mut ledger = Ledger::new(0.01, 1);
    for trade in trades {
        let number = |name: &str| trade[name].as_f64().unwrap();
        assert_eq!(trade["is_short"].as_bool(), Some(false));
        let quantity = number("amount");
        for (side, rate, fee) in [(Side::Buy, "open_rate", "fee_open"), (Side::Sell, "close_rate", "fee_close")] {
            let price = number(rate);
            let commission = number(fee) * quantity * price;
            ledger.book(0, side, &Fill { filled_at: 0, quantity, price, commission, slippage: 0.0 }, 0);
        }
        let ours = ledger.closed().last().unwrap();
        assert!((ours.pnl + ours.commission - number("profit_abs")).abs() < 1e-15, "{ours:?} {trade}");
        // They relate the profit to the stake with its fee, we to the stake.
        let with_fee = ours.pnl / (ours.quantity * ours.entry_price * (1.0 + number("fee_open")));
        assert!((with_fee - number("profit_ratio")).abs() < 1e-8, "{with_fee} {trade}");
    }
    let final_balance = document["strategy"]["StrategyTestV3"]["final_balance"].as_f64().unwrap();
    let fees: f64 = ledger.closed().iter().map(|trade| trade.commission).sum();
    assert!((ledger.cash() + fees - final_balance).abs() < 1e-12, "{}", ledger.cash());
}
