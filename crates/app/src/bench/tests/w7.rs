//! W7 on a market made up in the test, against figures of the kit's polars script on the same market.
//!
//! `w7_factor.py polars --job equity|hourly` (polars 1.x) was run on files written by the same generator in Python; of its
//! rank autocorrelations those that are not defined, at times with two names, were left out as it does for the IC.

use std::path::Path;

use crosscut_hub::parquet_file;
use crosscut_model::time::{DAY, HOUR};
use crosscut_model::{Column, Table, parse_iso};
use serde_json::Value;

use super::{Workload, request, run};

/// Park and Miller's minimal standard generator: uniform numbers in (0, 1).
fn uniform(state: &mut i64) -> f64 {
    *state = *state * 48_271 % 2_147_483_647;
    *state as f64 / 2_147_483_647.0
}

/// Rows and closes of each symbol: listed one after another, every fifth delisted early, with holes when asked.
fn panel(seed: i64, n_symbols: i64, n: i64, has_holes: bool) -> Vec<Vec<(i64, f64)>> {
    let mut state = seed;
    let symbol = |k: i64| {
        let mut price = 50.0 + k as f64;
        let living = k * 7 % 60..if k % 5 == 0 { n - 40 } else { n };
        let row = |at: i64| {
            price *= 0.97 + 0.06 * uniform(&mut state);
            let is_hole = uniform(&mut state) < 0.02;
            (living.contains(&at) && !(has_holes && is_hole)).then_some((at, price))
        };
        (0..n).filter_map(row).collect()
    };
    (0..n_symbols).map(symbol).collect()
}

/// A table of labels at distances of `step` and closes.
fn table(rows: &[(i64, f64)], label: &str, step: i64) -> Table {
    let first = parse_iso("2020-01-01").unwrap();
    let mut out = Table::default();
    out.push(label, Column::I64(rows.iter().map(|(at, _)| first + at * step).collect()));
    out.push("close", Column::F64(rows.iter().map(|(_, close)| *close).collect()));
    out
}

/// Fails unless the figures of a job are these to 1e-12: IC means and deviations, mean returns of the outer portfolios,
/// their turnover, rank autocorrelation.
fn check(data: &Path, job: &str, n_rows: u64, expected: [&[f64]; 5], autocorrelation: f64) {
    let mut request = request(Workload::W7, data);
    request.job = job.to_owned();
    let line = run(&request).unwrap();
    assert_eq!(line["items"], n_rows);
    let same = |name: &str, ours: &Value, theirs: f64| {
        let ours = ours.as_f64().unwrap();
        assert!((ours - theirs).abs() < 1e-12, "{job}: {name}: {ours}, theirs {theirs}");
    };
    for (name, theirs) in ["ic_mean", "ic_std", "q1", "q5", "turnover"].into_iter().zip(expected) {
        let ours = line["check"][name].as_array().unwrap();
        assert_eq!(ours.len(), theirs.len());
        ours.iter().zip(theirs).for_each(|(ours, theirs)| same(name, ours, *theirs));
    }
    same("autocorr", &line["check"]["autocorr"], autocorrelation);
}

#[test]
fn the_daily_panel_gives_the_figures_of_polars() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("equity")).unwrap();
    let symbols = panel(1, 40, 150, false);
    let rows: Vec<(i64, f64)> = symbols.concat();
    let mut daily = table(&rows, "date", DAY);
    let names = symbols.iter().enumerate().flat_map(|(k, rows)| vec![format!("E{k:04}"); rows.len()]);
    daily.push("symbol", Column::Text(names.collect()));
    parquet_file::write(&folder.path().join("equity/daily_3000x20.parquet"), &daily, &["date"]).unwrap();
    let expected: [&[f64]; 5] = [
        &[0.016141488785873383, 0.05535536528749249, 0.050148485523878635],
        &[0.25620487961179794, 0.24296172570891333, 0.24876153621308042],
        &[-0.00014278017759876204, -0.003492447972901829, -0.0070253892369449905],
        &[0.000197985065350784, -0.0005935045048630678, -0.005110641306847385],
        &[0.21661664665866343, 0.1957289055973267],
    ];
    check(folder.path(), "equity", 3340, expected, 0.9344881959663629);
}

#[test]
fn the_hourly_panel_gives_the_figures_of_polars() {
    let folder = tempfile::tempdir().unwrap();
    for (k, rows) in panel(2, 25, 200, true).iter().enumerate() {
        let symbol = format!("S{k:03}USDT");
        let inside = folder.path().join("panel").join(&symbol);
        std::fs::create_dir_all(&inside).unwrap();
        let path = inside.join(format!("{symbol}_time_bar_1h.parquet"));
        parquet_file::write(&path, &table(rows, "start_time", HOUR), &["start_time"]).unwrap();
    }
    let expected: [&[f64]; 5] = [
        &[0.020554503862377276, 0.05788369476226902, 0.09117038165493684],
        &[0.31363683311014845, 0.3166101268009928, 0.28813676577034575],
        &[-4.248404109071989e-05, -0.0035168461982175176, -0.011823025301400442],
        &[0.0003778327187821946, 0.0008614370957711572, -0.0010382831466406342],
        &[0.2734714003944773, 0.2758909853249476],
    ];
    check(folder.path(), "hourly", 3053, expected, 0.9290887621407304);
}
