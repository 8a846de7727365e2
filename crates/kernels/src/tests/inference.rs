//! Newey-West errors, regressions and adjusted p-values against statsmodels 0.15.0 and scipy 1.17.1; the series are those
//! of a small generator that both sides know. `docs/validation/evaluation.md` has the script.

use crate::bootstrap::{Bootstrap, automatic_block};
use crate::inference::{default_lags, false_discovery, mean_test, ols};
use crate::ranks::{Ranker, correlation, rank_correlation};

/// Numbers in (0, 1): the minimal standard generator.
fn uniform(n: usize, seed: u64) -> Vec<f64> {
    const MODULUS: u64 = (1 << 31) - 1;
    let mut state = seed;
    let mut next = || {
        state = state * 48271 % MODULUS;
        state as f64 / MODULUS as f64
    };
    (0..n).map(|_| next()).collect()
}

/// A series whose neighbours depend on one another, and two regressors.
fn series() -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut y: Vec<f64> = uniform(400, 1).into_iter().map(|e| e - 0.5).collect();
    for i in 1..400 {
        y[i] = 0.6 * y[i - 1] + y[i] + 0.02;
    }
    let x1 = uniform(400, 2);
    let x2 = x1.iter().zip(uniform(400, 3)).map(|(a, b)| a * 0.5 + b).collect();
    (y, x1, x2)
}

/// Fails unless both are equal to 1e-12 relative.
#[track_caller]
fn same(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-12 * theirs.abs(), "ours {ours}, theirs {theirs}");
}

#[test]
fn newey_west_of_a_mean() {
    let (y, _, _) = series();
    for (lags, error, t) in [
        (0, 0.01812234344626237, 2.1356134446201467),
        (1, 0.022975271598027668, 1.684520687676404),
        (5, 0.030841952174835666, 1.2548596175905957),
        (9, 0.03378179178277201, 1.1456562328230049),
        (30, 0.036247029309024556, 1.0677377167078865),
    ] {
        let test = mean_test(&y, lags).unwrap();
        same(test.mean, 0.03870232031186172);
        same(test.error, error);
        same(test.t, t);
    }
}

#[test]
fn means_without_an_error() {
    assert_eq!(mean_test(&[], 3), None);
    assert_eq!(mean_test(&[1.0], 3), None);
    assert_eq!(mean_test(&[0.1; 50], 3), None, "values that do not vary say nothing");
    // By hand: distances -1, 0, 1: sqrt(2) / 3 without lags; with one, 2 + 2 * 1/2 * 0.
    let test = mean_test(&[1.0, 2.0, 3.0], 0).unwrap();
    assert_eq!((test.mean, test.error), (2.0, 2f64.sqrt() / 3.0));
    assert_eq!(mean_test(&[1.0, 2.0, 3.0], 1).unwrap().error, 2f64.sqrt() / 3.0);
    assert_eq!(mean_test(&[1.0, 2.0], 99).unwrap().lags, 1);
    assert_eq!((default_lags(100), default_lags(1000), default_lags(0)), (4, 6, 0));
}

#[test]
fn regressions() {
    let (y, x1, x2) = series();
    let z: Vec<f64> = (0..400).map(|i| 1.0 + 2.0 * x1[i] - 3.0 * x2[i] + y[i]).collect();
    let coefficients = [0.6625485286180474, 2.3266784700616676, -2.71712607805405];
    for (lags, errors) in [
        (0, [0.03867979512754444, 0.05871272905850666, 0.05411051176147415]),
        (4, [0.04387966922817829, 0.05718327568482199, 0.055363765855518166]),
        (12, [0.045390528336593024, 0.05306060089277983, 0.057174567410380274]),
    ] {
        let fit = ols(&z, &[&x1, &x2], lags).unwrap();
        fit.coefficients.iter().zip(coefficients).for_each(|(ours, theirs)| same(*ours, theirs));
        fit.errors.iter().zip(errors).for_each(|(ours, theirs)| same(*ours, theirs));
        same(fit.r_squared, 0.8570685843350319);
        assert!(fit.residuals.iter().sum::<f64>().abs() < 1e-12);
        same(fit.t()[1], coefficients[1] / errors[1]);
    }
}

#[test]
fn regressions_that_say_nothing() {
    let (y, x1, _) = series();
    assert_eq!(ols(&y, &[&x1, &x1], 0), None, "the same column twice");
    assert_eq!(ols(&y, &[&[3.0; 400]], 0), None, "a constant beside the intercept");
    assert_eq!(ols(&y[..1], &[&x1[..1]], 0), None);
    let shifted: Vec<f64> = x1.iter().map(|x| x + 1e6).collect();
    let (near, far) = (ols(&y, &[&x1], 2).unwrap(), ols(&y, &[&shifted], 2).unwrap());
    assert!((near.coefficients[1] - far.coefficients[1]).abs() < 1e-8, "a large mean costs nothing");
}

#[test]
fn false_discoveries() {
    let p = [Some(0.01), Some(0.04), None, Some(0.03), Some(0.005), Some(0.5), Some(0.9)];
    let expected = [Some(0.03), Some(0.06), None, Some(0.06), Some(0.03), Some(0.6), Some(0.9)];
    for (ours, theirs) in false_discovery(&p).iter().zip(expected) {
        assert_eq!(ours.is_some(), theirs.is_some());
        assert!((ours.unwrap_or(0.0) - theirs.unwrap_or(0.0)).abs() < 1e-15);
    }
    assert_eq!(false_discovery(&[]), []);
}

#[test]
fn spearman_and_pearson() {
    let (_, x1, x2) = series();
    same(correlation(&x1, &x2).unwrap(), 0.545515416072856);
    let (mut ranker, mut a, mut b) = (Ranker::default(), Vec::new(), Vec::new());
    // numpy rounds halves to even; none of these products is one.
    let rounded = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| (x * 20.0).round()).collect() };
    ranker.rank(&rounded(&x1), &mut a);
    ranker.rank(&rounded(&x2), &mut b);
    same(rank_correlation(&a, &b).unwrap(), 0.5039701613737451);
}

#[test]
fn automatic_blocks() {
    // arch 8.0.0, `optimal_block_length`, the column `circular`: 14.742, 0.947, 30.171, 3.637.
    let (y, x1, _) = series();
    let sums: Vec<f64> = uniform(509, 4).windows(10).map(|window| window.iter().sum()).collect();
    assert_eq!([&y, &x1, &sums].map(|series| automatic_block(series)), [15, 1, 31]);
    assert_eq!([automatic_block(&y[..30]), automatic_block(&[1.0; 50]), automatic_block(&y[..3])], [4, 1, 1]);
}

#[test]
fn studentised_bands() {
    let (y, x1, _) = series();
    let bootstrap = Bootstrap { n_draws: 4000, block: 1, seed: 3 };
    // Independent values: the band is that of Student, mean and 1.96 errors, to the draws' precision.
    let (low, high) = bootstrap.studentised(&x1, 0.025, 0.975).unwrap();
    let test = mean_test(&x1, 0).unwrap();
    assert!((low - (test.mean - 1.96 * test.error)).abs() < 0.1 * test.error, "{low} {test:?}");
    assert!((high - (test.mean + 1.96 * test.error)).abs() < 0.1 * test.error, "{high} {test:?}");
    // Neighbours that go together: blocks make it wider, moving and turning the series moves and turns it.
    let wide = Bootstrap { block: 30, ..bootstrap };
    let (low, high) = wide.studentised(&y, 0.025, 0.975).unwrap();
    let narrow = bootstrap.studentised(&y, 0.025, 0.975).unwrap();
    assert!(high - low > 1.5 * (narrow.1 - narrow.0));
    let moved: Vec<f64> = y.iter().map(|value| 2.0 * value + 5.0).collect();
    let (a, b) = wide.studentised(&moved, 0.025, 0.975).unwrap();
    assert!((a - (2.0 * low + 5.0)).abs() < 1e-9 && (b - (2.0 * high + 5.0)).abs() < 1e-9);
    // Too few blocks, or nothing that varies: none.
    assert_eq!(wide.studentised(&y[..119], 0.025, 0.975), None);
    assert_eq!(bootstrap.studentised(&[2.0; 40], 0.025, 0.975), None);
    assert_eq!(bootstrap.studentised(&[], 0.025, 0.975), None);
}
