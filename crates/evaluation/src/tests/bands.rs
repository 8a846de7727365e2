//! Bootstrap bands and Newey-West errors of series whose true mean is known: how often they hold it.

use crosscut_kernels::bootstrap::Random;

use super::properties::uniform;
use crate::series::MeanStatistics;

/// Sums of `bars` neighbouring independent values of mean 0 around a true mean: returns over overlapping periods.
fn overlapping(n: usize, bars: usize, random: &mut Random) -> Vec<f64> {
    let noise: Vec<f64> = (0..n + bars).map(|_| uniform(random) + uniform(random) + uniform(random) - 1.5).collect();
    noise.windows(bars).take(n).map(|window| 0.3 + window.iter().sum::<f64>()).collect()
}

/// The shares of 300 series of 500 values whose band, and whose mean with 1.96 errors on each side, hold the true mean.
fn coverage(bars: usize) -> (f64, f64) {
    let mut random = Random::new(5);
    let (mut in_band, mut in_error) = (0, 0);
    for seed in 0..300 {
        let series = overlapping(500, bars, &mut random);
        let one = MeanStatistics::of_finite(&series, bars).with_band(&series, bars, (400, seed));
        let (low, high) = one.band.unwrap();
        in_band += usize::from((low..=high).contains(&0.3));
        in_error += usize::from((one.mean.unwrap() - 0.3).abs() <= 1.96 * one.error.unwrap());
    }
    (in_band as f64 / 300.0, in_error as f64 / 300.0)
}

#[test]
fn bands_hold_the_true_mean_about_as_often_as_they_say() {
    for bars in [1, 5, 10] {
        let (band, error) = coverage(bars);
        // Of 300 series 2.5 % more or less (two deviations). Errors fall somewhat short of 95 % where neighbours overlap: 90
        // to 93 % in numpy as well.
        assert!((0.925..=0.975).contains(&band), "band, {bars} bars: {band}");
        assert!((0.87..=0.98).contains(&error), "error, {bars} bars: {error}");
        // Taken as independent, overlapping values say far too much.
        if bars == 10 {
            let mut random = Random::new(5);
            let naive = (0..300).filter(|_| {
                let one = MeanStatistics::of_finite(&overlapping(500, bars, &mut random), 1);
                (one.mean.unwrap() - 0.3).abs() <= 1.96 * one.plain_error.unwrap()
            });
            assert!(naive.count() < 180);
        }
    }
}
