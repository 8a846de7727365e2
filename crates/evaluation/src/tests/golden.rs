//! The tables of alphalens-reloaded 0.5.1 on 80 perpetuals, to 1e-9: its quantile edges, its row drop, a lag of 0.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crosscut_hub::parquet_file;
use crosscut_model::parse_iso;
use crosscut_model::time::DAY;
use serde_json::Value;

use super::{judge, market, schedule};
use crate::grouped::{Grouped, Grouping};
use crate::horizon::Horizon;
use crate::matrix::Matrix;
use crate::quantile::QuantileRule;
use crate::section::{Pass, Rows, SectionRules, Sections};
use crate::stability::among;
use crate::summary::{FactorSummary, judged};

/// Where the shared data lies, when it is there.
fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("CROSSCUT_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let found = shared.join("data/golden/computed/alphalens/summary.json").is_file();
    if !found {
        println!("skipped: shared data not found");
    }
    found.then(|| shared.join("data"))
}

/// The three factors of the reference from closes by time and symbol.
fn factors(close: &Matrix) -> BTreeMap<&'static str, Matrix> {
    let (n, width) = (close.n_rows(), close.width());
    let change = |t: usize, s: usize, lag: usize| close.at(t, s) / close.at(t - lag, s) - 1.0;
    let mut out = BTreeMap::new();
    for name in ["mom20", "rev5", "lowvol20"] {
        let mut factor = Matrix::filled(n, width, f64::NAN);
        for t in if name == "rev5" { 5 } else { 20 }..n {
            for s in 0..width {
                let value = match name {
                    "mom20" => change(t, s, 20),
                    "rev5" => -change(t, s, 5),
                    _ => {
                        let returns: Vec<f64> = (t - 19..=t).map(|t| change(t, s, 1)).collect();
                        -crosscut_kernels::metrics::deviation(&returns).unwrap()
                    }
                };
                factor.set(t, s, value);
            }
        }
        out.insert(name, factor);
    }
    out
}

/// Closes of the reference's names from its first day on, and the first day.
fn closes(data: &Path, universe: &[&str]) -> (Matrix, i64) {
    let table =
        parquet_file::read(&data.join("crypto/binance_um_perp_1d.parquet"), &["symbol", "open_time", "close"]).unwrap();
    let first = parse_iso("2024-07-01").unwrap();
    // Milliseconds.
    let times: Vec<i64> = table.i64("open_time").unwrap().iter().map(|ms| ms * 1000).collect();
    let symbols = table.text("symbol").unwrap();
    let closes = table.f64("close").unwrap();
    let last = times.iter().max().unwrap();
    let mut out = Matrix::filled(((last - first) / DAY + 1) as usize, universe.len(), f64::NAN);
    for ((symbol, time), close) in symbols.iter().zip(&times).zip(closes) {
        if let (Ok(name), true) = (universe.binary_search(&symbol.as_str()), *time >= first) {
            out.set(((time - first) / DAY) as usize, name, *close);
        }
    }
    (out, first)
}

/// Fails unless both are equal to 1e-9.
#[track_caller]
fn same(what: &str, ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-9, "{what}: ours {ours}, theirs {theirs}");
}

/// Three columns of numbers from a compressed CSV file, the first being the date.
fn table(path: &Path) -> Vec<Vec<String>> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn alphalens() {
    let Some(data) = shared() else { return };
    let folder = data.join("golden/computed/alphalens");
    let text = std::fs::read_to_string(folder.join("summary.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    let universe: Vec<&str> = golden["universe"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    let (close, first) = closes(&data, &universe);
    let factors = factors(&close);
    let rows: Vec<Vec<f64>> = (0..close.n_rows()).map(|t| close.row(t).to_vec()).collect();
    let market = market(&rows);
    let rules = SectionRules { n_quantiles: 5, rule: QuantileRule::Interpolated, rows: Rows::Common, min_names: 2 };
    let horizons = [Horizon::Bars(1), Horizon::Bars(5), Horizon::Bars(10)];
    for (name, factor) in &factors {
        let (sections, summary) = judge(&market, factor, (&horizons, rules));
        summaries(&golden["results"][name], &summary);
        series(&folder, name, (&sections, first));
        sample(&folder.join(format!("{name}_factor_data_sample.csv.gz")), (&sections, first), &universe);
        by_group(name, factor, &Pass { market: &market, schedule: &schedule(&market, 0, &horizons), rules }, &sections);
    }
}

/// The figures of `summary.json`.
fn summaries(golden: &Value, ours: &FactorSummary) {
    assert_eq!(
        ours.coverage.mean_names.unwrap() * ours.coverage.times_judged as f64,
        golden["n_obs"].as_f64().unwrap()
    );
    let figure = |path: [&str; 3]| golden[path[0]][path[1]][path[2]].as_f64().unwrap_or(f64::NAN);
    for (h, period) in ours.horizons.iter().zip(["1D", "5D", "10D"]) {
        let bars = h.horizon.as_str();
        let top = |key: &str| golden[key][period].as_f64().unwrap_or(f64::NAN);
        same("IC mean", h.rank_ic.mean.unwrap(), top("ic_mean"));
        same("IC deviation", h.rank_ic.deviation.unwrap(), top("ic_std"));
        same("ICIR", h.rank_ic.ratio.unwrap(), top("ic_ir"));
        same(
            "rank autocorrelation",
            h.rank_autocorrelation.unwrap(),
            golden["rank_autocorr_mean"][bars].as_f64().unwrap(),
        );
        same("factor return", h.portfolios[3].gross.mean.unwrap(), top("factor_returns_mean"));
        let fit = h.market_fit.unwrap();
        same("alpha", fit.alpha_annual.unwrap(), figure(["alpha_beta", period, "Ann. alpha"]));
        same("beta", fit.beta, figure(["alpha_beta", period, "beta"]));
        for quantile in &h.quantiles {
            let q = quantile.quantile.to_string();
            let figure = |key: &str| figure([key, period, &q]);
            same("mean", quantile.mean.unwrap(), figure("mean_return_by_quantile_raw"));
            same("demeaned mean", quantile.demeaned_mean.unwrap(), figure("mean_return_by_quantile_demeaned"));
            // Theirs are means over days of the days' means; every day has 16 names in each portfolio.
            same("mean by time", quantile.by_time.mean.unwrap(), figure("mean_return_by_quantile_raw"));
            same("error", quantile.demeaned_by_time.plain_error.unwrap(), figure("std_error_by_quantile_demeaned"));
            same("turnover", quantile.turnover.unwrap(), golden["quantile_turnover_mean"][bars][&q].as_f64().unwrap());
        }
    }
}

/// The IC and the factor's return of every day.
fn series(folder: &Path, name: &str, (sections, first): (&Sections, i64)) {
    for (file, value) in [("ic", true), ("factor_returns", false)] {
        let lines = table(&folder.join(format!("{name}_{file}.csv.gz")));
        assert_eq!(lines.len(), judged(sections).count());
        for (line, (t, section)) in lines.iter().zip(judged(sections)) {
            assert_eq!(parse_iso(&line[0][..10]).unwrap(), first + t as i64 * DAY);
            for (text, outcome) in line[1..].iter().zip(&section.outcomes) {
                same(file, if value { outcome.rank_ic } else { outcome.weighted }, text.parse().unwrap());
            }
        }
    }
}

/// The portfolios of the sample of the factor data.
fn sample(path: &Path, (sections, first): (&Sections, i64), universe: &[&str]) {
    for line in table(path) {
        let t = (parse_iso(&line[0][..10]).unwrap() - first) / DAY;
        let name = universe.binary_search(&line[1].as_str()).unwrap();
        let quantile = line.last().unwrap().split('.').next().unwrap().parse::<u8>().unwrap();
        assert_eq!(sections.quantiles.at(t as usize, name), quantile, "{} {}", line[0], line[1]);
    }
}

/// Groups of very different sizes, by the place of a name in the sorted universe: 5, 15, 30 and 30 of 80.
fn group(place: usize) -> usize {
    match place % 16 {
        0 => 0,
        1..=3 => 1,
        at if at % 2 == 0 => 2,
        _ => 3,
    }
}

/// The tables by group, with portfolios of all names and within groups, with and without the groups' means.
fn by_group(name: &str, factor: &Matrix, pass: &Pass<'_>, sections: &Sections) {
    let names = ["a", "b", "c", "d"].map(str::to_owned);
    let horizons = ["1", "5", "10"].map(str::to_owned);
    let label = |_, name| Some(group(name));
    let grouping = Grouping { pass: *pass, sections, factor, names: &names };
    let found: Vec<Grouped> = grouping.horizons(&horizons, label);
    let ic = among(pass, sections, &names, label);
    let mut n_compared = 0;
    for line in include_str!("alphalens_groups.csv").lines().filter(|line| line.starts_with(name)) {
        let cells: Vec<&str> = line.split(',').collect();
        let h = horizons.iter().position(|bars| format!("{bars}D") == cells[1]).unwrap();
        let (grouped, place) = (&found[h], names.iter().position(|name| name == cells[4]));
        let quantile: usize = cells[5].parse().unwrap();
        let (mean, second): (f64, f64) = (cells[6].parse().unwrap(), cells[7].parse().unwrap());
        let (ours, error) = match cells[3] {
            "ic" => (ic[place.unwrap()].rank_ic[h].mean, Some(0.0)),
            "ic_adjusted" => (grouped.rank_ic_adjusted.mean, grouped.rank_ic_adjusted.deviation),
            "weighted" => (grouped.weighted.mean, grouped.weighted.deviation),
            kind => {
                let formed = if cells[2] == "whole" { &grouped.of_all } else { &grouped.within_groups };
                let all = place.map_or(&formed.quantiles, |place| &formed.groups[place].quantiles);
                let one = &all[quantile - 1];
                let mean = match kind {
                    "raw" => one.raw,
                    "demeaned" => one.demeaned,
                    _ => one.adjusted,
                };
                (mean.mean, mean.plain_error)
            }
        };
        same(line, ours.unwrap(), mean);
        same(line, error.unwrap(), second);
        n_compared += 1;
    }
    assert!(n_compared == 156 || name == "lowvol20", "{name}: {n_compared}");
}
