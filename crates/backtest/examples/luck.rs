//! What the statistics of a sweep cost, and what they find where the truth is known:
//! `cargo run --release -p crosscut-backtest --example luck -- [n_sets] [n_periods] [n_seeds]`.

#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::time::Instant;

use crosscut_backtest::statistics::simulated::worthless;
use crosscut_backtest::statistics::{Condensed, Grid, LuckOptions, assess};

/// Seeds are so far apart.
const APART: u64 = 7919;

/// Times the stage, then counts over many seeds.
fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let at = |idx: usize, default: usize| numbers.get(idx).copied().unwrap_or(default);
    let (n_sets, n_periods, n_seeds) = (at(0, 1000), at(1, 17_519), at(2, 0));
    let options = LuckOptions { periods_per_year: 8760.0, ..LuckOptions::default() };
    for rho in [0.0, 0.5] {
        let returns = worthless(APART, n_sets, n_periods, rho);
        for _ in 0..3 {
            let began = Instant::now();
            let grid = Grid::new(n_periods, 16).expect("16 blocks are allowed");
            let sets: Vec<Condensed> = {
                use rayon::prelude::*;
                returns.par_iter().map(|returns| Condensed::new(returns, &grid, 8760.0)).collect()
            };
            let condensed = began.elapsed();
            let refs: Vec<&Condensed> = sets.iter().collect();
            let report = assess(&refs, &grid, None, &options);
            let (total, best) = (began.elapsed(), report.sets[report.best.expect("there are sets")]);
            println!("rho {rho}: condensed {condensed:?}, with the statistics {total:?}");
            println!("  {best:?}\n  {:?}", report.trials);
            let (cscv, tests) = (report.overfitting.expect("two sets"), report.superiority);
            println!("  pbo {} spa {:?} block {}", cscv.probability, tests.spa_consistent_p, report.block);
        }
        let (mut pbo, mut passed, mut named) = (0.0, 0, 0);
        for seed in 0..n_seeds as u64 {
            let returns = worthless((1000 + seed) * APART, n_sets, n_periods, rho);
            let grid = Grid::new(n_periods, 16).expect("16 blocks are allowed");
            let sets: Vec<Condensed> = returns.iter().map(|returns| Condensed::new(returns, &grid, 8760.0)).collect();
            let refs: Vec<&Condensed> = sets.iter().collect();
            let report = assess(&refs, &grid, None, &LuckOptions { n_draws: 500, ..options });
            pbo += report.overfitting.map_or(0.0, |found| found.probability) / n_seeds as f64;
            let deflated = report.best.and_then(|idx| report.sets[idx].deflated_sharpe);
            passed += usize::from(deflated.is_some_and(|deflated| deflated > 0.95));
            named += usize::from(!report.superiority.superior.is_empty());
        }
        println!(
            "rho {rho}, {n_seeds} seeds: mean pbo {pbo:.4}, deflated above 0.95 in {passed}, any superior in {named}"
        );
    }
}
