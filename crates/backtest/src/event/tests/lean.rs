//! Two published regression runs of LEAN: buy SPY with everything and hold.
//!
//! Its conventions, and how they are met here: prices are adjusted with the factor file; 0.25 % of the account is kept
//! back when a target weight is sized, and the fee, in whole shares; a share costs 0.005 dollars, at least 1 an order. On
//! minutes a market order fills at the ask just quoted, and the account is valued at trades: the ask bars execute here with
//! `close` execution, the trade bars are a second feed. On days it fills at the next open.

use crosscut_model::time::{DAY, HOUR, MINUTE};
use crosscut_model::{Bars, OrderRequest, Side, parse_iso};
use crosscut_trading::Desk;
use crosscut_trading::cost::{BpsSlippage, Costs, PerShare};
use crosscut_trading::market::Data;
use crosscut_trading::order::Update;
use crosscut_trading::rules::Execution;
use crosscut_trading::venue::VenueRules;

use super::*;

/// The price factor of October 2013.
const FACTOR: f64 = 0.864_626_6;

/// Buys with everything at its first chance, by the price of one feed.
struct BuyAndHold {
    feed_idx: u32,
}

impl Strategy for BuyAndHold {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        let is_waiting = desk.quantity(0) == 0.0 && desk.open_orders().is_empty();
        if is_waiting && data.feed_idx() == self.feed_idx {
            let value = desk.equity() * (1.0 - 0.0025);
            let shares = ((value - 0.005 * value / data.price()) / data.price()).floor();
            desk.submit(OrderRequest::market(0, Side::Buy, shares));
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

/// The account of both runs.
fn account(market: Execution) -> FloorConfig {
    let commission = Box::new(PerShare { rate: 0.005, minimum: 1.0, maximum: None });
    FloorConfig {
        funds: Funds::Cash,
        costs: Costs::new(commission, Box::new(BpsSlippage { rate: 0.0 })),
        venue: VenueRules { market, ..VenueRules::default() },
        ..config(100_000.0, 1)
    }
}

/// A run's expected figure, without its signs.
fn expected(shared: &Path, run: &str, figure: &str) -> f64 {
    let document: serde_json::Value =
        serde_json::from_str(&text(&shared.join("data/golden/lean_expected_statistics.json"))).unwrap();
    document[run]["expected"][figure].as_str().unwrap().trim_matches(['$', '%']).parse().unwrap()
}

/// Adjusted prices of four columns in ten-thousandths.
fn adjusted(row: &[&str], columns: [usize; 4]) -> [f64; 4] {
    columns.map(|column| row[column].parse::<f64>().unwrap() / 10_000.0 * FACTOR)
}

#[test]
fn minutes() {
    let Some(shared) = shared() else { return };
    let (mut asks, mut trades) = (Bars::default(), Bars::default());
    for day in 7..=11 {
        // Midnight in New York is four in the morning here.
        let midnight = parse_iso("2013-10-01").unwrap() + (day - 1) * DAY + 4 * HOUR;
        for (kind, columns, bars) in [("quote", [6, 7, 8, 9], &mut asks), ("trade", [1, 2, 3, 4], &mut trades)] {
            let file = format!("data/golden/lean_spy/minute/201310{day:02}_{kind}.zip");
            for line in zipped(&shared.join(file)).lines() {
                let row: Vec<&str> = line.split(',').collect();
                let millis: i64 = row[0].parse().unwrap();
                // From half past nine to four.
                if (34_200_000..57_600_000).contains(&millis) {
                    let open = midnight + millis * 1000;
                    push(bars, (open, open + MINUTE), adjusted(&row, columns), 0.0);
                }
            }
        }
    }
    let feeds = vec![Feed::Bars { symbol: "SPY", bars: &asks }, Feed::Bars { symbol: "SPY", bars: &trades }];
    let market = Market { symbols: vec!["SPY".to_owned()], feeds, ..Market::default() };
    let mut strategy = BuyAndHold { feed_idx: 1 };
    let options = EventOptions::default();
    let outcome = replay_events(market, account(Execution::Close), options, &mut strategy).unwrap();
    let equity = outcome.cash + outcome.quantities[0] * trades.close.last().unwrap();
    let run = "BasicTemplateAlgorithm";
    assert!((equity - expected(&shared, run, "End Equity")).abs() < 0.005, "{equity}");
    assert!((outcome.commission - expected(&shared, run, "Total Fees")).abs() < 0.005);
    assert!((equity / 1000.0 - 100.0 - expected(&shared, run, "Net Profit")).abs() < 0.0005);
    assert_eq!(outcome.quantities, [688.0]);
}

#[test]
fn days() {
    let Some(shared) = shared() else { return };
    let mut bars = Bars::default();
    let file = zipped(&shared.join("data/equities/lean_us_daily/daily/spy.zip"));
    for line in file.lines().filter(|line| line.starts_with("201310")) {
        let row: Vec<&str> = line.split(',').collect();
        let day: i64 = row[0][6..8].parse().unwrap();
        if (8..=17).contains(&day) {
            let open = parse_iso("2013-10-01").unwrap() + (day - 1) * DAY;
            push(&mut bars, (open, open + DAY), adjusted(&row, [1, 2, 3, 4]), row[5].parse().unwrap());
        }
    }
    let feeds = vec![Feed::Bars { symbol: "SPY", bars: &bars }];
    let market = Market { symbols: vec!["SPY".to_owned()], feeds, ..Market::default() };
    let mut strategy = BuyAndHold { feed_idx: 0 };
    let options = EventOptions::default();
    let outcome = replay_events(market, account(Execution::NextOpen), options, &mut strategy).unwrap();
    let run = "BasicTemplateDailyAlgorithm";
    assert!((outcome.equity - expected(&shared, run, "End Equity")).abs() < 0.005, "{}", outcome.equity);
    // 697 shares cost 3.485, which they print as 3.49.
    assert!((outcome.commission - expected(&shared, run, "Total Fees")).abs() < 0.005 + 1e-9);
    assert!((outcome.equity / 1000.0 - 100.0 - expected(&shared, run, "Net Profit")).abs() < 0.0005);
}
