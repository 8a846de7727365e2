//! Small made-up hubs for the tests of runs.

use std::path::Path;

use crosscut_hub::{IngestPublisher, Origin, TableSource};
use crosscut_model::time::HOUR;
use crosscut_model::{BarSpec, Bars};

/// The venue of all test hubs.
pub const VENUE: &str = "test";

/// Hourly bars.
pub fn hourly() -> BarSpec {
    "1h".parse().unwrap()
}

/// Bars at the given hours since 2024-01-01 with prices that differ by symbol (`seed`) and wander without a pattern.
pub fn bars(seed: u64, hours: &[i64]) -> Bars {
    let start = crosscut_model::parse_iso("2024-01-01").unwrap();
    let mut bars = Bars::default();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    let mut close = 100.0 + seed as f64;
    for &hour in hours {
        let open = close;
        close = open * (1.0 + 0.02 * noise());
        let (high, low) = (open.max(close) * 1.001, open.min(close) * 0.999);
        let (volume, buy) = (100.0 + 50.0 * noise(), 0.5 + 0.2 * noise());
        let vwap = (open + close) / 2.0;
        bars.timestamp.push(start + hour * HOUR);
        bars.available_at.push(start + (hour + 1) * HOUR);
        let row = [
            open,
            high,
            low,
            close,
            volume,
            volume * buy,
            volume * (1.0 - buy),
            vwap,
            volume * vwap,
            40.0,
            0.5 + 0.1 * noise(),
            vwap,
            (10.0 + 8.0 * noise()).round(),
        ];
        for (column, value) in bars.columns_mut().into_iter().zip(row) {
            column.push(value);
        }
    }
    bars
}

/// Publishes hourly bars of a symbol.
pub fn publish(root: &Path, symbol: &str, bars: &Bars) {
    publish_as(root, "1h", symbol, bars);
}

/// Publishes bars of a symbol as bars of the given kind.
pub fn publish_as(root: &Path, bar: &str, symbol: &str, bars: &Bars) {
    let source = TableSource {
        origin: Origin::Generated,
        inputs: Vec::new(),
        code_version: "test".to_owned(),
        covered_until: None,
        notes: Vec::new(),
    };
    IngestPublisher::create(root).unwrap().publish_bars(VENUE, &bar.parse().unwrap(), symbol, bars, &source).unwrap();
}

/// A hub of three symbols: AAA whole, BBB listed later, CCC with gaps.
pub fn hub() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let gaps: Vec<i64> = (0..400).filter(|h| h % 50 != 7 && !(200..206).contains(h)).collect();
    publish(root.path(), "AAA", &bars(1, &(0..400).collect::<Vec<_>>()));
    publish(root.path(), "BBB", &bars(2, &(100..400).collect::<Vec<_>>()));
    publish(root.path(), "CCC", &bars(3, &gaps));
    root
}
