//! Long tables: written in pieces by several threads, the same bytes as in one.

use super::fixture::{day, outcome, record};
use crate::outcome::{Exclusion, Selection};
use crate::results::{Archive, RunKind};

#[test]
fn a_long_summary_is_the_same_on_any_number_of_threads() {
    let mut long = outcome();
    long.selections = (0..170_000u32)
        .map(|row| Selection {
            timestamp: day(i64::from(row / 2)),
            symbol_idx: row % 2,
            rank: (row % 3 == 0).then_some(row),
            score: f64::from(row) / 7.0,
            target_weight: 0.05,
            filled_weight: f64::from(row) * 1e-9,
            excluded: (row % 3 != 0).then_some(Exclusion::NotSelected),
        })
        .collect();
    let bytes = |threads: usize| {
        let root = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let published = pool.install(|| Archive::new(root.path()).publish(&record(RunKind::Backtest), &long)).unwrap();
        std::fs::read(published.folder.join("trade_summary.csv")).unwrap()
    };
    let one = bytes(1);
    assert!(one == bytes(3));
    let text = String::from_utf8(one).unwrap();
    assert_eq!(text.lines().count(), 170_001);
    let last = text.lines().last().unwrap();
    assert_eq!(last, "2256-09-20T00:00:00Z,\u{5e01}USDT,,24285.571428571428,0.05,0.00016999900000000002,not selected");
}

/// Five years of hours with 500 symbols, rebalanced each week: the page stays a few megabytes.
#[test]
fn a_large_run_makes_a_page_of_a_few_megabytes() {
    const HOUR: i64 = 3_600_000_000;
    let (n_bars, n_symbols) = (43_800usize, 500u32);
    let mut large = outcome();
    large.symbols = (0..n_symbols).map(|idx| format!("S{idx:03}USDT")).collect();
    large.timeline = (0..n_bars as i64).map(|bar| day(0) + bar * HOUR).collect();
    large.available_at = large.timeline.iter().map(|label| label + HOUR).collect();
    let wave: Vec<f64> = (0..n_bars).map(|bar| 1000.0 + ((bar * 7919) % 1009) as f64).collect();
    for curve in
        [&mut large.equity, &mut large.cash, &mut large.gross_exposure, &mut large.net_exposure, &mut large.drawdown]
    {
        curve.clone_from(&wave);
    }
    large.benchmark = Some(wave);
    let selection = |row: u32| Selection {
        timestamp: day(i64::from(row / n_symbols) * 7),
        symbol_idx: row % n_symbols,
        rank: Some(row % n_symbols + 1),
        score: f64::from(row) / 7.0,
        target_weight: 0.002,
        filled_weight: 0.002,
        excluded: None,
    };
    large.selections = (0..260 * n_symbols).map(selection).collect();
    let (order, trade) = (large.orders[0].clone(), large.trades[0]);
    large.orders = (0..26_000u64)
        .map(|id| crosscut_model::Order {
            order_id: id + 1,
            symbol_idx: (id % u64::from(n_symbols)) as usize,
            ..order.clone()
        })
        .collect();
    large.trades =
        (0..13_000u32).map(|idx| crate::outcome::ClosedTrade { symbol_idx: idx % n_symbols, ..trade }).collect();
    large.ends = vec![crate::outcome::SymbolEnd { quantity: 1.0, price: 2.0, moved: 0.0 }; n_symbols as usize];
    let root = tempfile::tempdir().unwrap();
    let published = Archive::new(root.path()).publish(&record(RunKind::Backtest), &large).unwrap();
    let bytes = std::fs::metadata(published.folder.join("report.html")).unwrap().len();
    assert!(bytes < 3_000_000, "{bytes} bytes");
    println!("{bytes} bytes");
}
