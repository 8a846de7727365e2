//! Ranks, rank correlations and resampling by hand and against slow versions.

use crate::bootstrap::{Bootstrap, Random, interval};
use crate::ranks::{Ranker, correlation, rank_correlation};

/// Doubled average ranks by comparing all with all.
fn slow(values: &[f64]) -> Vec<u32> {
    let rank = |x: &f64| {
        let smaller = values.iter().filter(|y| *y < x).count() as u32;
        let equal = values.iter().filter(|y| *y == x).count() as u32;
        if x.is_finite() { 2 * smaller + equal + 1 } else { 0 }
    };
    values.iter().map(rank).collect()
}

#[test]
fn ranks_are_those_of_the_slow_version() {
    let mut random = Random::new(7);
    let (mut ranker, mut out, mut again) = (Ranker::default(), Vec::new(), Vec::new());
    for n in [0, 1, 2, 5, 50, 199, 200, 700] {
        let values: Vec<f64> = (0..n).map(|_| random.below(n / 2 + 1) as f64 * 0.37 - 3.0).collect();
        ranker.rank(&values, &mut out);
        assert_eq!(out, slow(&values), "{n} values");
        let kept: Vec<usize> = (0..n).filter(|at| at % 3 != 1).collect();
        let ranks: Vec<u32> = kept.iter().map(|at| out[*at]).collect();
        ranker.rank_again(&ranks, &mut again);
        assert_eq!(again, slow(&kept.iter().map(|at| values[*at]).collect::<Vec<f64>>()), "part of {n} values");
    }
    ranker.rank(&[2.0, f64::NAN, -0.0, 0.0, f64::INFINITY], &mut out);
    assert_eq!(out, [6, 0, 3, 3, 0]);
}

#[test]
fn correlations_by_hand() {
    // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
    assert_eq!(rank_correlation(&[2, 5, 5, 8], &[2, 4, 6, 8]), Some(4.5 / (4.5f64 * 5.0).sqrt()));
    assert_eq!(rank_correlation(&[2, 4, 6], &[6, 4, 2]), Some(-1.0));
    assert_eq!((rank_correlation(&[], &[]), rank_correlation(&[2], &[2])), (None, None));
    assert_eq!(rank_correlation(&[4, 4, 4], &[2, 4, 6]), None);
    assert!(
        (correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 7.0]).unwrap() - 5.0 / (2.0f64 * 38.0 / 3.0).sqrt()).abs() < 1e-15
    );
    assert_eq!((correlation(&[1.0, 1.0], &[1.0, 2.0]), correlation(&[1.0], &[1.0])), (None, None));
    // Large names: nothing overflows.
    let many: Vec<u32> = (1..=60_000).map(|r| 2 * r).collect();
    assert_eq!(rank_correlation(&many, &many), Some(1.0));
}

#[test]
fn draws_are_means_of_blocks() {
    let values: Vec<f64> = (0..10).map(f64::from).collect();
    let bootstrap = Bootstrap { n_draws: 200, block: 3, seed: 5 };
    let draws = bootstrap.means(&[&values, &values]);
    assert_eq!((draws.len(), &draws), (200, &bootstrap.means(&[&values, &values])));
    assert!(draws.iter().all(|draw| draw[0] == draw[1] && (0.0..=9.0).contains(&draw[0])));
    let other = Bootstrap { seed: 6, ..bootstrap }.means(&[&values, &values]);
    assert_ne!(draws, other);
    // A block as long as the series is the series, wherever it begins.
    let whole = Bootstrap { block: 10, ..bootstrap }.means(&[&values]);
    assert!(whole.iter().all(|draw| draw[0] == 4.5));
    assert!(bootstrap.means(&[&[]]).is_empty());
    let (low, high) = interval(draws.iter().map(|draw| draw[0]), 0.025, 0.975).unwrap();
    assert!(low < 4.5 && high > 4.5 && low < high);
    assert_eq!(interval(std::iter::empty(), 0.0, 1.0), None);
}
