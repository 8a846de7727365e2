//! The event replay against other engines, by hand, and by property.

mod actions;
mod backtesting_py;
mod backtrader;
mod freqtrade;
mod funding;
mod lean;
mod limit_brackets;
mod merging;
mod one_engine;
mod pyfolio;
mod vectorbt;
mod w6;
mod warm_up;
mod written;

use std::io::Read;
use std::path::{Path, PathBuf};

use crosscut_model::Bars;
use crosscut_trading::account::Funds;
use crosscut_trading::cost::Costs;
use crosscut_trading::journal::Entry;
use crosscut_trading::venue::VenueRules;

use super::*;

/// The folder of shared reference data, if it is there.
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("CROSSCUT_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: shared data not found");
    None
}

/// The text of a file, inflated when its name ends in `.gz`.
fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_none_or(|extension| extension != "gz") {
        return String::from_utf8(bytes).unwrap();
    }
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    text
}

/// The text of the one file in a ZIP archive.
fn zipped(path: &Path) -> String {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// Compares every fill of a run, and its equity at the end, with the rows of another engine's table: symbol, strategy, bar,
/// side, quantity, price; the row with `end` for its bar has the equity for its price.
fn check_fills(outcome: &EventOutcome, bars: &Bars, fills: &str, (symbol, name): (&str, &str), at_least: usize) {
    let bar_of = |label: i64| bars.timestamp.partition_point(|&timestamp| timestamp < label);
    let mut ours = outcome.labels.iter().zip(&outcome.journal).filter_map(|(label, record)| match record.entry {
        Entry::Filled { quantity, price, .. } => Some((bar_of(*label), record.side.name(), quantity, price)),
        _ => None,
    });
    let mut n_fills = 0;
    for row in rows(fills).into_iter().filter(|row| row[0] == symbol && row[1] == name) {
        let price: f64 = row[5].parse().unwrap();
        if row[2] == "end" {
            assert!((outcome.equity - price).abs() < 1e-9 * price, "{symbol} {name} {} {price}", outcome.equity);
            continue;
        }
        let (bar, side, quantity, our_price) = ours.next().unwrap();
        assert_eq!((bar, side, quantity), (row[2].parse().unwrap(), row[3], row[4].parse().unwrap()), "{row:?}");
        assert!((our_price - price).abs() < 1e-9 * price, "{our_price} {row:?}");
        n_fills += 1;
    }
    assert_eq!(ours.next(), None, "{symbol} {name}");
    assert!(n_fills >= at_least, "{symbol} {name} {n_fills}");
}

/// Rows of a CSV text without its header, cut at commas.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

/// Adds a bar.
fn push(bars: &mut Bars, (timestamp, available_at): (i64, i64), prices: [f64; 4], volume: f64) {
    bars.timestamp.push(timestamp);
    bars.available_at.push(available_at);
    for (column, price) in [&mut bars.open, &mut bars.high, &mut bars.low, &mut bars.close].into_iter().zip(prices) {
        column.push(price);
    }
    bars.volume.push(volume);
}

/// A floor without costs or rules for an account that may owe anything.
fn config(capital: f64, n_symbols: usize) -> FloorConfig {
    FloorConfig::new(capital, n_symbols, Costs::from_bps(0.0, 0.0).unwrap())
}
