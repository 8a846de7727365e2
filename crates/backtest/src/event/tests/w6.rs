//! The kit's W6 figures.

use crosscut_hub::parquet_file;
use crosscut_model::time::MINUTE;
use crosscut_model::{Bars, Trades};

use super::*;
use crate::w6;

#[test]
fn bars_are_the_kits() {
    let Some(shared) = shared() else { return };
    let file = shared.join("bench/golden/in_min_50000.parquet");
    let table = parquet_file::read(&file, &["open", "high", "low", "close", "volume"]).unwrap();
    let column = |name: &str| table.f64(name).unwrap().to_vec();
    let timestamp: Vec<i64> = (0..table.len() as i64).map(|bar| bar * MINUTE).collect();
    let bars = Bars {
        available_at: timestamp.iter().map(|open| open + MINUTE).collect(),
        timestamp,
        open: column("open"),
        high: column("high"),
        low: column("low"),
        close: column("close"),
        volume: column("volume"),
        ..Bars::default()
    };
    let golden: serde_json::Value = serde_json::from_str(&text(&shared.join("bench/golden/golden.json"))).unwrap();
    let theirs = &golden["w6_bars_numba"];
    for keeps_journal in [false, true] {
        let check = w6::bars(&bars, keeps_journal).unwrap();
        let nav = theirs["nav"].as_f64().unwrap();
        assert!((check.nav - nav).abs() < 1e-9 * nav, "{} {nav}", check.nav);
        assert_eq!(check.orders, theirs["orders"].as_u64().unwrap());
        // Decision, acceptance and fill of each order.
        assert_eq!(check.records as u64, if keeps_journal { 3 * check.orders } else { 0 });
    }
}

#[test]
fn ticks_are_all_seen() {
    let mut trades = Trades::default();
    for at in 0..10_000i64 {
        trades.timestamp.push(at * 1000);
        trades.price.push(100.0 + ((at * 7919) % 101) as f64 * 0.01);
        trades.quantity.push(1.0);
        trades.is_buyer_maker.push(None);
    }
    let mut ema = 0.0;
    for price in &trades.price {
        ema += 0.01 * (price - ema);
    }
    let run = |has_orders| w6::ticks(Box::new(InMemory::new(trades.clone())), has_orders).unwrap();
    let (without, with) = (run(false), run(true));
    assert_eq!((without.seen, without.ema, without.fills), (10_000, ema, 0));
    assert_eq!((with.seen, with.ema), (10_000, ema));
    assert!(with.fills > 1);
}
