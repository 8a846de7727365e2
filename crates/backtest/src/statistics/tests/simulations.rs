//! Markets whose truth is known: many sets without skill, alike or not, and one with skill among them.

use super::*;
use crate::statistics::simulated::worthless;

/// The report of a simulation, with few draws: they are the slow part.
fn report(returns: &[Vec<f64>], n_draws: usize) -> LuckReport {
    assessed(returns, 8, &LuckOptions { n_draws, ..LuckOptions::default() })
}

/// The best set's deflated ratio.
fn best_deflated(report: &LuckReport) -> f64 {
    report.sets[report.best.unwrap()].deflated_sharpe.unwrap()
}

#[test]
fn noise_is_overfitted_in_half_the_splits_and_its_best_set_does_not_pass() {
    let seeds = 20;
    let (mut pbo, mut passed, mut undeflated) = (0.0, 0, 0);
    for seed in 0..seeds {
        let report = report(&worthless(seed, 1000, 256, 0.0), 0);
        pbo += report.overfitting.as_ref().unwrap().probability / seeds as f64;
        passed += usize::from(best_deflated(&report) > 0.95);
        undeflated += usize::from(report.sets[report.best.unwrap()].probabilistic_sharpe.unwrap() > 0.95);
        assert!((report.trials.n_effective - 1000.0).abs() < 20.0, "{}", report.trials.n_effective);
    }
    assert!((pbo - 0.5).abs() < 0.1, "mean probability of overfitting {pbo}");
    assert_eq!(passed, 0);
    assert_eq!(undeflated, seeds as usize, "without deflation each of them would pass");
}

#[test]
fn noise_that_moves_together_does_not_pass_either() {
    // What they share is the luck of one strategy, which the level allows for.
    let seeds = 200u64;
    let passes = |&seed: &u64| best_deflated(&report(&worthless(100 + seed, 60, 128, 0.5), 0)) > 0.95;
    let passed = (0..seeds).filter(passes).count();
    assert!(passed <= 10, "{passed} of {seeds}");
}

#[test]
fn a_planted_effect_is_found() {
    for seed in 0..3 {
        let mut returns = worthless(seed, 300, 500, 0.2);
        for value in &mut returns[77] {
            *value += 0.003;
        }
        let report = report(&returns, 200);
        assert_eq!(report.best, Some(77));
        assert!(best_deflated(&report) > 0.95, "{}", best_deflated(&report));
        assert!(report.overfitting.unwrap().probability < 0.05);
        assert!(report.superiority.spa_consistent_p.unwrap() < 0.05);
        assert!(report.superiority.reality_check_p.unwrap() < 0.05);
        assert_eq!(report.superiority.superior, [77]);
        let bands = report.bands.unwrap();
        assert!(bands.sharpe.unwrap()[0] > 0.0 && bands.probability_of_loss < 0.01);
        assert!(bands.curve.windows(2).all(|pair| pair[0][2] < pair[1][2] * 1.2));
    }
}

#[test]
fn noise_is_rarely_called_superior() {
    let named: usize = (0..10)
        .filter(|&seed| !report(&worthless(200 + seed, 100, 256, 0.1), 200).superiority.superior.is_empty())
        .count();
    assert!(named <= 2, "{named} of 10");
}
