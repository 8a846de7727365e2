//! Bars before the start: the first decisions of a run are those of one that has run for long.

use std::collections::BTreeMap;

use crosscut_model::time::HOUR;
use crosscut_trading::market::{Data, FactorValue};
use crosscut_trading::order::Update;
use crosscut_trading::strategy::{Made, Resolved, resolve};
use crosscut_trading::{Desk, Strategy};

use super::one_engine::walks;
use super::*;

/// Symbols.
const N_SYMBOLS: usize = 6;

/// Writes down what is held at each bar before it asks another strategy.
struct Spy<S> {
    inner: S,
    /// Label, symbol and the sign of what is held.
    held: Vec<(i64, u32, i8)>,
}

impl<S: Strategy> Strategy for Spy<S> {
    fn on_data(&mut self, data: &Data, desk: &mut Desk) {
        if let Data::Bar(bar) = data {
            let quantity = desk.quantity(bar.symbol_idx);
            self.held.push((bar.timestamp, bar.symbol_idx, if quantity == 0.0 { 0 } else { quantity.signum() as i8 }));
        }
        self.inner.on_data(data, desk);
    }

    fn on_order(&mut self, update: &Update, desk: &mut Desk) {
        self.inner.on_order(update, desk);
    }

    fn evaluate(&mut self, desk: &mut Desk) {
        self.inner.evaluate(desk);
    }
}

/// What a strategy holds from `start` on when it has been told `n_before` bars before it; `None`: when it began at the first.
fn held(strategy: &Resolved, walks: &[Bars], start: i64, n_before: Option<usize>) -> Vec<(i64, u32, i8)> {
    let symbols: Vec<String> = (0..N_SYMBOLS).map(|at| format!("S{at}")).collect();
    let from = n_before.map_or(0, |n_before| (start / HOUR) as usize - n_before);
    let later = |bars: &Bars| Bars {
        timestamp: bars.timestamp[from..].to_vec(),
        available_at: bars.available_at[from..].to_vec(),
        open: bars.open[from..].to_vec(),
        high: bars.high[from..].to_vec(),
        low: bars.low[from..].to_vec(),
        close: bars.close[from..].to_vec(),
        ..Bars::default()
    };
    let told: Vec<Bars> = walks.iter().map(later).collect();
    let feeds = symbols.iter().zip(&told).map(|(symbol, bars)| Feed::Bars { symbol, bars }).collect();
    let market = Market { symbols: symbols.clone(), feeds, ..Market::default() };
    let Made::PerSymbol(signals) = &strategy.made else { panic!("it acts at every bar") };
    let feeds: Vec<u32> = (0..N_SYMBOLS as u32).collect();
    let mut spy = Spy { inner: signals.strategy(&feeds, 0), held: Vec::new() };
    let options = EventOptions { start: n_before.map(|_| start), ..EventOptions::default() };
    let outcome = replay_events(market, config(10_000.0, N_SYMBOLS), options, &mut spy).unwrap();
    if n_before.is_some() {
        assert!(outcome.journal.iter().all(|record| record.at > start), "nothing is ordered before the start");
        assert_eq!(outcome.curves.label[0], start);
        assert_eq!(outcome.n_events, (outcome.curves.label.len() * N_SYMBOLS) as u64);
    }
    spy.held.retain(|(label, _, _)| *label >= start);
    spy.held
}

/// Compares what is held from the bar after the first on, for each symbol from when the long run was flat.
fn differences(long: &[(i64, u32, i8)], short: &[(i64, u32, i8)], start: i64, waits_for_flat: bool) -> (usize, usize) {
    assert_eq!(long.len(), short.len());
    let (mut n_compared, mut n_different) = (0, 0);
    for symbol_idx in 0..N_SYMBOLS as u32 {
        let of_symbol = |held: &[(i64, u32, i8)]| -> Vec<(i64, i8)> {
            held.iter().filter(|row| row.1 == symbol_idx).map(|row| (row.0, row.2)).collect()
        };
        let pairs = of_symbol(long).into_iter().zip(of_symbol(short));
        // What is decided at the first bar's close is held at the next.
        let pairs = pairs.filter(|((label, _), _)| *label > start);
        let pairs = pairs.skip_while(|((_, long), (_, short))| waits_for_flat && (*long != 0 || *short != 0));
        for (long, short) in pairs {
            n_compared += 1;
            n_different += usize::from(long != short);
        }
    }
    (n_compared, n_different)
}

#[test]
fn the_first_decision_is_that_of_a_longer_run() {
    for (name, params, waits_for_flat) in [
        ("sma_cross", [("fast", "7"), ("slow", "50")], false),
        ("ema_cross", [("fast", "5"), ("slow", "20")], false),
        ("breakout", [("entry", "40"), ("exit", "11")], true),
        ("mean_reversion", [("window", "33"), ("enter", "1.3")], true),
        ("rsi", [("window", "9"), ("low", "35")], true),
    ] {
        let params: BTreeMap<String, String> =
            params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let strategy = resolve(name, &params).unwrap();
        let n_before = strategy.warm_up_bars();
        let mut n_cold = 0;
        for seed in 1..4 {
            let walks = walks(seed, 900);
            let start = 600 * HOUR;
            let long = held(&strategy, &walks, start, None);
            let (n_compared, n_different) =
                differences(&long, &held(&strategy, &walks, start, Some(n_before)), start, waits_for_flat);
            assert!(n_compared > 900, "{name}: {n_compared}");
            assert_eq!(n_different, 0, "{name} seed {seed} with {n_before} bars before the start");
            n_cold += differences(&long, &held(&strategy, &walks, start, Some(0)), start, waits_for_flat).1;
        }
        assert!(n_cold > 0, "{name}: without bars before the start it is another run");
    }
}

#[test]
fn a_factor_is_looked_at_when_its_bar_has_closed() {
    // The column says 1 up to bar 10, then 9: above the mean of the last 4 from the close of bar 11 on, for three bars.
    let params = [("fast", "1"), ("slow", "4"), ("factor", "f")];
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let strategy = resolve("sma_cross", &params).unwrap();
    let Made::PerSymbol(signals) = &strategy.made else { panic!("it acts at every bar") };
    let bars = &walks(3, 30)[..1];
    let values: Vec<f64> = (0..30).map(|bar| if bar <= 10 { 1.0 } else { 9.0 }).collect();
    let run = |late: i64, missing: usize| {
        let mut rows = FactorRows {
            timestamp: bars[0].timestamp.clone(),
            available_at: bars[0].available_at.iter().map(|at| at + late).collect(),
            columns: vec![values.clone()],
        };
        rows.columns[0][missing] = f64::NAN;
        let feeds = vec![Feed::Bars { symbol: "A", bars: &bars[0] }, Feed::Factors { symbol: "A", rows: &rows }];
        let market = Market { symbols: vec!["A".to_owned()], feeds, ..Market::default() };
        let mut spy = Spy { inner: signals.strategy(&[0], 0), held: Vec::new() };
        replay_events(market, config(10_000.0, 1), EventOptions::default(), &mut spy).unwrap();
        spy.held.iter().filter(|row| row.2 > 0).map(|row| row.0 / HOUR).collect::<Vec<_>>()
    };
    assert_eq!(run(0, 0), [12, 13, 14]);
    // A bar whose value is missing is passed over: neither counted nor acted upon.
    assert_eq!(run(0, 12), [12, 13, 14, 15]);
    assert_eq!(run(0, 11), [13, 14, 15]);
    // Rows that come after their bars belong to no bar that is acted upon.
    assert!(run(HOUR / 2, 0).is_empty());
    let value = FactorValue { symbol_idx: 4, column: 0, timestamp: 5, available_at: 7, value: 1.0 };
    let data = Data::Factor(value);
    assert_eq!((data.symbol_idx(), data.available_at(), data.price().is_nan()), (4, 7, true));
}
