//! What went wrong in other engines, by name, through both replays: the panel's (stopping where something can happen, and at
//! every bar) and the event replay on the same bars.

use crosscut_hub::parquet_file;
use crosscut_model::time::{DAY, HOUR};
use crosscut_model::{Bars, OrderRequest, Side, parse_iso};
use crosscut_trading::account::CashKind;
use crosscut_trading::cost::Costs;
use crosscut_trading::funding::{FundingRow, FundingRules, Marks, MissingMark, MissingRow, plan};
use crosscut_trading::journal::Entry;
use crosscut_trading::market::Data;
use crosscut_trading::order::Update;
use crosscut_trading::{Desk, FloorConfig, Strategy};

use super::golden::{by_symbol, shared};
use super::market::{Market, START, config};
use crate::config::{BacktestConfig, FundingConfig, FundingSource};
use crate::event::{self, EventOptions, EventOutcome, Feed, replay_events};
use crate::outcome::RunOutcome;
use crate::replay::{Driving, ReplayOptions, replay_with};

/// Replays a panel both ways; what they give must be the same.
fn panel_run(market: &Market, config: &BacktestConfig) -> RunOutcome {
    let panel = market.panel(config);
    let run = |driving| replay_with(&panel, config, ReplayOptions { driving, ..ReplayOptions::default() }).unwrap();
    let (events, every_bar) = (run(Driving::Events), run(Driving::EveryBar));
    assert_eq!(format!("{events:?}"), format!("{every_bar:?}"));
    events
}

/// Buys a quantity of each symbol after its first bar and holds it.
struct Hold(Vec<f64>);

impl Strategy for Hold {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        let quantity = std::mem::take(&mut self.0[data.symbol_idx() as usize]);
        if quantity > 0.0 {
            desk.submit(OrderRequest::market(data.symbol_idx(), Side::Buy, quantity));
        }
    }

    fn on_order(&mut self, _update: &Update, _desk: &mut Desk) {}

    fn evaluate(&mut self, _desk: &mut Desk) {}
}

/// Replays the same bars as events for a strategy that holds `quantities`; orders meet the next open.
fn event_run(market: &Market, timeframe: i64, quantities: &[f64]) -> EventOutcome {
    let bars = market.symbols.iter().map(|(input, _)| {
        let price = |at: fn(f64, f64) -> f64| input.open.iter().zip(&input.close).map(|(a, b)| at(*a, *b)).collect();
        Bars {
            timestamp: input.timestamps.clone(),
            available_at: input.timestamps.iter().map(|label| label + timeframe).collect(),
            open: input.open.clone(),
            high: price(f64::max),
            low: price(f64::min),
            close: input.close.clone(),
            ..Bars::default()
        }
    });
    let bars: Vec<Bars> = bars.collect();
    let symbols: Vec<String> = market.symbols.iter().map(|(input, _)| input.symbol.clone()).collect();
    let feeds = symbols.iter().zip(&bars).map(|(symbol, bars)| Feed::Bars { symbol, bars }).collect();
    let rules = || market.symbols.iter().map(|(_, rules)| rules);
    let world = event::Market {
        symbols: symbols.clone(),
        feeds,
        funding: rules().map(|rules| rules.funding.clone()).collect(),
        delisted_at: rules().map(|rules| rules.delisted_at).collect(),
        actions: rules().map(|rules| rules.actions.clone()).collect(),
        ..event::Market::default()
    };
    let floor = FloorConfig::new(1000.0, symbols.len(), Costs::from_bps(0.0, 0.0).unwrap());
    replay_events(world, floor, EventOptions::default(), &mut Hold(quantities.to_vec())).unwrap()
}

/// The time of an hour of the market.
fn hour(hour: i64) -> i64 {
    parse_iso(START).unwrap() + hour * HOUR
}

/// Rows of 1 % every hour, without intervals.
fn hourly_rows(hours: std::ops::RangeInclusive<i64>) -> Vec<FundingRow> {
    hours.map(|at| FundingRow { at: hour(at), rate: 0.01, interval: None }).collect()
}

/// A configuration that buys the only symbol at the second bar's open and pays funding.
fn funded() -> BacktestConfig {
    let funding = FundingConfig { source: FundingSource::Table, ..FundingConfig::default() };
    BacktestConfig { funding, ..config("top_k", "k=1 rebalance=1000 execution=next_open") }
}

/// Funding paid, and how often, through both replays: 100 units bought at 10 after the first bar.
fn funding_paid(market: &Market) -> (f64, usize) {
    let outcome = panel_run(market, &funded());
    let amounts = outcome.journal.iter().filter_map(|line| match line.record.entry {
        Entry::Cash { kind: CashKind::Funding, amount } => Some(amount),
        _ => None,
    });
    let amounts: Vec<f64> = amounts.collect();
    let events = event_run(market, HOUR, &[100.0]);
    let (_, paid) = events.moved[0];
    assert!((paid - amounts.iter().sum::<f64>()).abs() < 1e-9, "{paid} {amounts:?}");
    (paid, amounts.len())
}

#[test]
fn a_perpetual_pays_no_funding_after_its_delisting() {
    let mut market = Market::default().with("A", "10@1 10@1 10@1 10@1 10@1").delisted(3);
    let rules =
        FundingRules { missing_row: MissingRow::Error, missing_mark: MissingMark::LastPrice, mark_age_max: HOUR };
    let planned = plan("A", &hourly_rows(1..=9), Marks::default(), Some(hour(3)), rules).unwrap();
    assert_eq!(planned.n_after_delisting, 6);
    market.symbols[0].1.funding = planned.due;
    // Bought at hour 1, where the payment is due before the open; hours 2 and 3 pay 1 % of 1000.
    assert_eq!(funding_paid(&market), (-20.0, 2));
    // Rows that a careless source goes on with find nothing to pay on.
    let endless = plan("A", &hourly_rows(1..=9), Marks::default(), None, rules).unwrap();
    market.symbols[0].1.funding = endless.due;
    assert_eq!(funding_paid(&market), (-20.0, 2));
}

#[test]
fn funding_rows_without_an_interval_pay() {
    let mut market = Market::default().with("A", "10@1 10@1 10@1 10@1 10@1");
    let rules = FundingRules { missing_row: MissingRow::Error, missing_mark: MissingMark::Error, mark_age_max: HOUR };
    let times: Vec<i64> = (0..=5).map(hour).collect();
    let marks = Marks { available_at: &times, price: &[11.0; 6] };
    market.symbols[0].1.funding = plan("A", &hourly_rows(1..=5), marks, None, rules).unwrap().due;
    // Four payments of 1 % of 100 units at a mark of 11.
    assert_eq!(funding_paid(&market), (-44.0, 4));
}

#[test]
fn a_missing_mark_is_not_zero() {
    let mut market = Market::default().with("A", "10@1 10@1 20@1 20@1");
    let rules =
        FundingRules { missing_row: MissingRow::Error, missing_mark: MissingMark::LastPrice, mark_age_max: HOUR };
    let marks = Marks { available_at: &[hour(2), hour(3)], price: &[0.0, f64::NAN] };
    let strict = FundingRules { missing_mark: MissingMark::Error, ..rules };
    assert!(plan("A", &hourly_rows(2..=3), marks, None, strict).is_err());
    let planned = plan("A", &hourly_rows(2..=3), marks, None, rules).unwrap();
    assert_eq!(planned.n_missing_marks, 2);
    market.symbols[0].1.funding = planned.due;
    // At the last traded prices: 10 at hour 2, 20 at hour 3.
    assert_eq!(funding_paid(&market), (-30.0, 2));
}

#[test]
fn a_market_order_in_a_gap_waits_for_a_price() {
    let market = Market::default().with("A", "10@1 - - - 16/15@1").with("B", "1@0 1@0 1@0 1@0 1@0");
    let outcome = panel_run(&market, &config("top_k", "k=1 rebalance=1000 execution=next_open"));
    let fill = outcome.orders[0].fill.unwrap();
    assert_eq!((fill.filled_at, fill.price), (hour(4), 16.0));
    let events = event_run(&market, HOUR, &[50.0, 0.0]);
    let filled = events.journal.iter().find(|record| matches!(record.entry, Entry::Filled { .. })).unwrap();
    assert_eq!(
        (filled.at, filled.text()),
        (hour(4), "order 1: buy 50 filled at 16, commission 0, slippage 0".to_owned())
    );
}

#[test]
fn no_bar_that_decides_an_order_fills_it() {
    for seed in 0..6 {
        let market = Market::random(seed * 13 + 5, 7, 300);
        for execution in ["next_open", "next_close", "next_vwap"] {
            let words = format!("long_count=2 short_count=2 rebalance=3 execution={execution}");
            let outcome = panel_run(&market, &config("long_short", &words));
            let mut decided = std::collections::BTreeMap::new();
            for line in &outcome.journal {
                match line.record.entry {
                    Entry::Decision { .. } => drop(decided.insert(line.record.order_id, line)),
                    Entry::Filled { .. } if line.record.text().contains("filled") => {
                        let decision = decided[&line.record.order_id];
                        let is_closing =
                            outcome.orders[line.record.order_id.0 as usize - 1].reason.contains("delisted");
                        let is_later = line.timestamp > decision.timestamp && line.record.at >= decision.record.at;
                        assert!(is_later || is_closing, "{decision:?} {line:?}");
                    }
                    _ => {}
                }
            }
            assert!(decided.len() > 20);
        }
    }
}

/// Real daily bars of one name between two dates, as an instrument.
fn instrument(market: &mut Market, (name, id): (&str, &str), (from, until): (&str, Option<&str>)) {
    let file = shared().unwrap().join("data/crypto/binance_spot_1d_with_delistings_2021_2023.parquet");
    let table = parquet_file::read(&file, &["symbol", "open_time", "open", "close"]).unwrap();
    let rows = by_symbol(&table, "open_time", &["open", "close"]);
    let (times, columns) = &rows[name];
    let mut input = crate::panel::SeriesInput { symbol: id.to_owned(), ..crate::panel::SeriesInput::default() };
    let until = until.map(|until| parse_iso(until).unwrap());
    for (row, time) in times.iter().map(|time| time * 1000).enumerate() {
        if time >= parse_iso(from).unwrap() && until.is_none_or(|until| time < until) {
            input.timestamps.push(time);
            input.open.push(columns[0][row]);
            input.close.push(columns[1][row]);
            input.factor.push(1.0);
        }
    }
    let rules = crate::panel::SymbolRules { delisted_at: until, ..crate::panel::SymbolRules::default() };
    market.symbols.push((input, rules));
}

#[test]
fn luna_dies_and_bnx_is_split() {
    if shared().is_none() {
        return;
    }
    let from = "2022-04-01";
    let mut market = Market::default();
    instrument(&mut market, ("BNXUSDT", "BNXUSDT"), ("2023-02-22", None));
    instrument(&mut market, ("BNXUSDT", "BNXUSDT~20211104"), (from, Some("2023-02-17")));
    instrument(&mut market, ("BTCUSDT", "BTCUSDT"), (from, None));
    instrument(&mut market, ("LUNAUSDT", "LUNAUSDT"), ("2022-05-31", None));
    instrument(&mut market, ("LUNAUSDT", "LUNAUSDT~20200821"), (from, Some("2022-05-14")));
    let config = BacktestConfig {
        timeframe: "1d".parse().unwrap(),
        capital: 900.0,
        on_short: "scale".parse().unwrap(),
        start: Some(parse_iso(from).unwrap()),
        ..config("top_k", "k=3 rebalance=100000 execution=close")
    };
    let outcome = panel_run(&market, &config);
    let close = |id: &str, date: &str| {
        let (input, _) = market.symbol(id);
        input.close[input.timestamps.binary_search(&parse_iso(date).unwrap()).unwrap()]
    };
    // 300 each into old BNX, BTC and old LUNA on the first day; what dies or is split is cashed at its own last price.
    let grown = |id: &str, until: &str| 300.0 * close(id, until) / close(id, from);
    let (luna, bnx) = (grown("LUNAUSDT~20200821", "2022-05-13"), grown("BNXUSDT~20211104", "2023-02-16"));
    let at = |date: &str| outcome.equity[outcome.timeline.binary_search(&parse_iso(date).unwrap()).unwrap()];
    let expect = |date: &str, bnx: f64| {
        let expected = luna + bnx + grown("BTCUSDT", date);
        assert!((at(date) - expected).abs() < 1e-9 * expected, "{date}: {} {expected}", at(date));
    };
    assert!(luna < 0.001);
    // The new LUNA is none of ours, and the new BNX is not the old one at a hundredth.
    expect("2022-05-31", grown("BNXUSDT~20211104", "2022-05-31"));
    expect("2023-02-16", bnx);
    expect("2023-02-22", bnx);
    expect("2023-12-29", bnx);
    assert_eq!(outcome.data_quality.counts["delisted_while_held"], 2);
    assert_eq!(outcome.trades.len(), 2);

    let quantities: Vec<f64> = [0.0, 300.0, 300.0, 0.0, 300.0]
        .iter()
        .zip(&market.symbols)
        .map(|(amount, (input, _))| amount / input.close[0])
        .collect();
    let events = event_run(&market, DAY, &quantities);
    assert_eq!(events.quantities.iter().filter(|quantity| **quantity != 0.0).count(), 1);
    let trades: Vec<(u32, f64)> = events.trades.iter().map(|trade| (trade.symbol_idx, trade.exit_price)).collect();
    assert_eq!(trades, [(4, 0.00005), (1, 175.5)]);
}
