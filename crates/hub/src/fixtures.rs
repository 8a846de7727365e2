//! Small made-up tables for the tests of this crate.

use std::path::PathBuf;

use crosscut_model::time::{HOUR, MINUTE, midnight};
use crosscut_model::{BarSpec, Bars, Trades};
use tempfile::TempDir;

use crate::provenance::{InputFile, Origin, TableSource};
use crate::publisher::IngestPublisher;
use crate::reader::Hub;

/// A hub in a folder that goes away with it.
pub(crate) struct Scratch {
    /// The folder.
    dir: TempDir,
    /// A reader.
    pub(crate) hub: Hub,
    /// A writer.
    pub(crate) publisher: IngestPublisher,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let publisher = IngestPublisher::create(dir.path()).unwrap();
        Self { hub: Hub::open(dir.path()).unwrap(), publisher, dir }
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.dir.path().join(inside)
    }
}

pub(crate) fn spec(text: &str) -> BarSpec {
    text.parse().unwrap()
}

pub(crate) fn source(origin: Origin) -> TableSource {
    TableSource {
        origin,
        inputs: vec![InputFile {
            n_out_of_order: 0,
            file: "BTCUSDT-1h-2024-01.zip".to_owned(),
            size: 12_345,
            sha256: "ab".repeat(32),
            rows: 744,
            first: midnight(2024, 1, 1),
            last: midnight(2024, 2, 1) - HOUR,
            covers_until: Some(midnight(2024, 2, 1)),
            venue: None,
        }],
        code_version: "0.1.0".to_owned(),
        covered_until: None,
        notes: vec!["made up".to_owned()],
    }
}

/// `n` hourly bars from 2024-01-01; prices depend on `seed`, some numbers are missing.
pub(crate) fn hourly(n: usize, seed: f64) -> Bars {
    let mut bars = Bars::default();
    for i in 0..n {
        let open = midnight(2024, 1, 1) + i as i64 * HOUR;
        bars.timestamp.push(open);
        bars.available_at.push(open + HOUR);
        for (k, column) in bars.columns_mut().into_iter().enumerate() {
            column.push(if k == 11 && i % 5 == 0 { f64::NAN } else { seed + i as f64 / 7.0 + k as f64 });
        }
    }
    bars
}

/// `n` event bars, several of which share a time.
pub(crate) fn events(n: usize) -> Bars {
    let mut bars = hourly(n, 50.0);
    for i in 0..n {
        bars.timestamp[i] = midnight(2024, 1, 1) + (i as i64 / 3) * MINUTE;
        bars.available_at[i] = bars.timestamp[i];
        bars.bar_seq.push(i as i64);
    }
    bars
}

/// `n` aggregated trades, one a second, from the given time and id.
pub(crate) fn trades(n: usize, from: i64, id: i64) -> Trades {
    let mut out = Trades::default();
    for i in 0..n as i64 {
        out.trade_id.push(id + i);
        out.timestamp.push(from + i / 2 * 1_000_000);
        out.price.push(100.0 + (i % 37) as f64 * 0.01);
        out.quantity.push(0.001 * (1 + i % 11) as f64);
        out.is_buyer_maker.push(if i % 13 == 5 { None } else { Some(i % 3 == 0) });
        out.first_trade_id.push(2 * (id + i));
        out.last_trade_id.push(2 * (id + i) + 1);
    }
    out
}

/// Equality bit for bit, so that NaN equals NaN.
pub(crate) fn assert_same_bars(a: &Bars, b: &Bars) {
    let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!((&a.timestamp, &a.available_at, &a.bar_seq), (&b.timestamp, &b.available_at, &b.bar_seq));
    for (x, y) in a.columns().into_iter().zip(b.columns()) {
        assert_eq!(bits(x), bits(y));
    }
    assert_eq!(a.extra.len(), b.extra.len());
    for (x, y) in a.extra.iter().zip(&b.extra) {
        assert_eq!((&x.0, bits(&x.1)), (&y.0, bits(&y.1)));
    }
}
