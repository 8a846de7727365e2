//! Numbers worked out elsewhere ([`references`]), simulations whose truth is known ([`simulations`]), and what unusual
//! input does.

mod formulas;
mod references;
mod simulations;

use crosscut_kernels::bootstrap::Random;

use super::*;

/// Draws that are nearly normal: twelve uniform numbers less 6.
fn normals(seed: u64, n: usize) -> Vec<f64> {
    let mut random = Random::new(seed);
    let mut uniform = || (random.bits() >> 11) as f64 / (1u64 << 53) as f64;
    (0..n).map(|_| (0..12).fold(0.0, |sum, _| sum + uniform()) - 6.0).collect()
}

/// Returns of sets that depend on their past by `phi`, deviation 0.01 before that, each with a drift of its own.
fn market(seed: u64, n: usize, phi: f64, drifts: &[f64]) -> Vec<Vec<f64>> {
    let set = |(set_idx, drift): (usize, &f64)| {
        let mut value = 0.0;
        let next = |noise: &f64| {
            value = phi * value + noise * 0.01;
            value + drift
        };
        normals(seed + 1000 * set_idx as u64, n).iter().map(next).collect()
    };
    drifts.iter().enumerate().map(set).collect()
}

/// Twelve drifts in even steps.
fn twelve(step: f64, zero_at: f64) -> Vec<f64> {
    (0..12).map(|k| step * (f64::from(k) - zero_at)).collect()
}

/// The sets condensed, and their grid.
fn condensed(returns: &[Vec<f64>], n_blocks: usize, per_year: f64) -> (Vec<Condensed>, Grid) {
    let grid = Grid::new(returns[0].len(), n_blocks).unwrap();
    (returns.iter().map(|returns| Condensed::new(returns, &grid, per_year)).collect(), grid)
}

/// Everything about the sets.
fn assessed(returns: &[Vec<f64>], n_blocks: usize, options: &LuckOptions) -> LuckReport {
    let (sets, grid) = condensed(returns, n_blocks, options.periods_per_year);
    assess(&sets.iter().collect::<Vec<_>>(), &grid, None, options)
}

/// Asserts that two numbers agree to `tolerance` of the second.
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} is not {expected}");
}

#[test]
fn hardly_any_history_or_sets() {
    let options = LuckOptions { n_draws: 20, ..LuckOptions::default() };
    let none = assess(&[], &Grid::new(100, 16).unwrap(), None, &options);
    assert_eq!(
        (none.best, none.trials.n_sets, none.overfitting, none.superiority.spa_consistent_p),
        (None, 0, None, None)
    );
    for n in 0..6 {
        let report = assessed(&[normals(1, n), normals(2, n), vec![0.0; n]], 16, &options);
        assert_eq!(report.sets.len(), 3);
        assert_eq!(report.sets[2], SetLuck::default(), "{n}");
        assert_eq!(report.overfitting.is_some(), n >= 4, "{n}");
    }
    let one = assessed(&[market(1, 200, 0.0, &[0.002]).remove(0)], 16, &options);
    assert_eq!(one.trials.sharpe_threshold, Some(0.0));
    assert_eq!(one.sets[0].deflated_sharpe, one.sets[0].probabilistic_sharpe);
    assert_eq!(one.overfitting, None);
}

#[test]
fn odd_numbers_of_blocks_are_refused() {
    for n in [0, 1, 15, 22] {
        let error = Grid::new(1000, n).unwrap_err().to_string();
        assert!(error.contains("an even number from 2 to 20"), "{error}");
    }
    assert_eq!(Grid::new(9, 16).unwrap().n_blocks(), 4);
}

#[test]
fn sets_that_never_trade_or_are_ruined_are_trials_without_a_ratio() {
    let mut returns = market(4, 300, 0.0, &[0.001; 3]);
    returns.push(vec![0.0; 300]);
    returns[1][250..].fill(f64::NAN);
    let report = assessed(&returns, 8, &LuckOptions { n_draws: 50, ..LuckOptions::default() });
    assert_eq!((report.trials.n_sets, report.trials.n_undefined), (4, 2));
    assert_eq!(report.sets[1].deflated_sharpe, None);
    assert_eq!(report.sets[3].step_down_p, None);
    assert_eq!(report.superiority.n_flat, 1);
    assert!(report.overfitting.unwrap().splits.iter().all(|split| split.logit.is_finite() && split.chosen.is_finite()));
}

#[test]
fn copies_of_one_set_are_one_trial() {
    let one = market(9, 400, 0.2, &[0.001]).remove(0);
    let report = assessed(&vec![one; 20], 8, &LuckOptions { n_draws: 50, ..LuckOptions::default() });
    near(report.trials.mean_correlation.unwrap(), 1.0, 1e-9);
    near(report.trials.n_effective, 1.0, 1e-6);
    near(report.trials.n_effective_eigen.unwrap(), 1.0, 0.1);
    near(report.sets[0].deflated_sharpe.unwrap(), report.sets[0].probabilistic_sharpe.unwrap(), 1e-9);
}

#[test]
fn threads_and_the_order_of_sets_change_nothing() {
    let returns = market(2, 700, 0.1, &[0.0002; 40]);
    let options = LuckOptions { n_draws: 300, seed: 5, ..LuckOptions::default() };
    let with = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    let (one, three) =
        (with(1).install(|| assessed(&returns, 8, &options)), with(3).install(|| assessed(&returns, 8, &options)));
    assert_eq!(one, three);
    let other = assessed(&returns, 8, &LuckOptions { seed: 6, ..options });
    assert_ne!(one.superiority.spa_upper_p, other.superiority.spa_upper_p);
    let mut turned = returns.clone();
    turned.rotate_left(7);
    let turned = assessed(&turned, 8, &options);
    // The length of blocks asks sets spread over all of them; all else is the same.
    if turned.block == one.block {
        assert_eq!(turned.superiority.spa_consistent_p, one.superiority.spa_consistent_p);
    }
    assert_eq!(turned.overfitting.unwrap().probability, one.overfitting.unwrap().probability);
    near(turned.trials.n_effective, one.trials.n_effective, 1e-12);
}

#[test]
fn long_histories_are_condensed_without_losing_a_period() {
    let grid = Grid::new(10_007, 16).unwrap();
    assert_eq!(grid.n_groups(), condense::MAX_GROUPS);
    let ends: Vec<usize> = (0..grid.n_groups()).map(|idx| grid.group(idx).end).collect();
    assert!((1..ends.len()).all(|idx| grid.group(idx).start == ends[idx - 1] && grid.group(idx).len() >= 9));
    assert_eq!(*ends.last().unwrap(), 10_007);
    let returns = &market(3, 10_007, 0.0, &[0.0005])[0];
    let set = Condensed::new(returns, &grid, 8760.0);
    near(set.group_sums.iter().sum::<f64>(), returns.iter().sum(), 1e-12);
    near(set.moments.deviation, crosscut_kernels::metrics::deviation(returns).unwrap(), 1e-12);
    let (skewness, kurtosis) = crosscut_kernels::metrics::probability::shape(returns).unwrap();
    near(set.moments.skewness, skewness, 1e-9);
    near(set.moments.kurtosis, kurtosis, 1e-9);
    near(set.sharpe().unwrap(), crosscut_kernels::metrics::sharpe(returns, 1.0, 0.0).unwrap(), 1e-11);
}

#[test]
fn a_benchmark_is_taken_off() {
    let returns = market(6, 400, 0.0, &[0.002, 0.002, 0.002]);
    let (sets, grid) = condensed(&returns, 8, 365.0);
    let options = LuckOptions { n_draws: 400, ..LuckOptions::default() };
    let refs: Vec<&Condensed> = sets.iter().collect();
    assert!(assess(&refs, &grid, None, &options).superiority.spa_consistent_p.unwrap() < 0.05);
    let beside = assess(&refs[..1], &grid, Some(&sets[0]), &options).superiority;
    assert_eq!((beside.spa_consistent_p, beside.n_flat), (None, 1));
}

#[test]
fn a_plateau_and_a_spike() {
    let grid: Vec<(i32, i32)> = (1..=5).flat_map(|a| (1..=5).map(move |b| (a, b))).collect();
    let parameters: Vec<Vec<String>> =
        grid.iter().map(|(a, b)| vec![(a * 10).to_string(), format!("{b}.50")]).collect();
    let value = |of: fn(i32, i32) -> f64| grid.iter().map(|&(a, b)| Some(of(a, b))).collect::<Vec<_>>();
    // A hill: 10 at (3, 3), less by one for each step; its 8 neighbours have 9, 9, 9, 9, 8, 8, 8, 8; the middle is 8.
    let hill = surface(&parameters, &value(|a, b| 10.0 - f64::from((a - 3).abs() + (b - 3).abs())));
    let top = hill[12];
    assert_eq!((top.n_neighbours, top.median, top.lowest, top.score), (8, Some(8.5), Some(8.0), Some(0.25)));
    // A plateau of 1 in the middle of zeros, and a lone 1.
    let flat =
        surface(&parameters, &value(|a, b| if (2..=4).contains(&a) && (1..=5).contains(&b) { 1.0 } else { 0.0 }));
    assert_eq!(flat[12].ground(), Ground::Unknown, "the middle of all is 1: nothing stands above it");
    let wide = surface(&parameters, &value(|a, b| f64::from((2..=4).contains(&a) && (2..=4).contains(&b))));
    assert_eq!((wide[12].score, wide[12].ground()), (Some(1.0), Ground::Plateau));
    let lone = surface(&parameters, &value(|a, b| f64::from((a, b) == (3, 3))));
    assert_eq!((lone[12].score, lone[12].ground()), (Some(0.0), Ground::Spike));
}

#[test]
fn words_have_no_neighbours_and_random_sets_have_near_ones() {
    let words = |list: &[&str]| list.iter().map(|text| vec![(*text).to_owned()]).collect::<Vec<_>>();
    let found = surface(&words(&["open", "close", "vwap"]), &[Some(1.0), Some(2.0), Some(3.0)]);
    assert!(found.iter().all(|one| one.n_neighbours == 0 && one.ground() == Ground::Unknown));
    let random: Vec<Vec<String>> =
        normals(1, 50).iter().zip(normals(2, 50)).map(|(a, b)| vec![a.to_string(), b.to_string()]).collect();
    let smooth: Vec<Option<f64>> = normals(1, 50).iter().map(|a| Some(*a)).collect();
    let found = surface(&random, &smooth);
    assert!(found.iter().all(|one| one.n_neighbours >= 2));
    assert_eq!(surface(&[], &[]), []);
    assert!(surface(&words(&["1", "2"]), &[None, Some(1.0)]).iter().all(|one| one.score.is_none()));
}

#[test]
fn each_value_of_each_parameter() {
    let names = ["k".to_owned(), "costs.commission_bps".to_owned(), "fixed".to_owned()];
    let row = |k: &str, bps: &str| vec![k.to_owned(), bps.to_owned(), "1".to_owned()];
    let parameters = [row("10", "5"), row("9", "5"), row("10", "10"), row("9", "10")];
    let found = sensitivities(&names, &parameters, &[Some(1.0), Some(3.0), None, Some(-1.0)]);
    let text: Vec<String> = found
        .iter()
        .map(|one| {
            format!(
                "{} {} {} {} {:?} {:?} {:?}",
                one.parameter, one.value, one.n_sets, one.n_undefined, one.median, one.lowest, one.highest
            )
        })
        .collect();
    assert_eq!(
        text,
        [
            "k 9 2 0 Some(1.0) Some(-1.0) Some(3.0)",
            "k 10 2 1 Some(1.0) Some(1.0) Some(1.0)",
            "costs.commission_bps 5 2 0 Some(2.0) Some(1.0) Some(3.0)",
            "costs.commission_bps 10 2 1 Some(-1.0) Some(-1.0) Some(-1.0)",
        ]
    );
}

/// A set that earned well until it lost everything stays a trial, in the null of the tests too, and is worth nothing itself.
#[test]
fn a_ruined_set_is_a_trial_without_a_ratio() {
    let mut returns = market(7, 400, 0.0, &[0.0, 0.0, 0.02]);
    let options = LuckOptions { n_draws: 200, block: Some(1.0), ..LuckOptions::default() };
    assert_eq!(assessed(&returns, 4, &options).superiority.superior, [2]);
    returns[2][350] = -1.5;
    for after in &mut returns[2][351..] {
        *after = f64::NAN;
    }
    let report = assessed(&returns, 4, &options);
    assert_eq!((report.trials.n_sets, report.trials.n_undefined, report.superiority.n_flat), (3, 1, 0));
    assert_ne!(report.best, Some(2));
    assert_eq!(report.sets[2], SetLuck { step_down_p: Some(1.0), ..SetLuck::default() });
    assert!(report.superiority.superior.is_empty(), "{report:?}");
    // What it earned is not the best any more, and stays among what luck could have shown.
    let alone = assessed(&returns[..2], 4, &options).superiority;
    assert!(alone.spa_lower_p > Some(0.0) && report.superiority.spa_lower_p >= alone.spa_lower_p, "{report:?}");
}
