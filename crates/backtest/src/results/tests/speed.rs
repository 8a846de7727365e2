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
