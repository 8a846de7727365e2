//! Values near 1e9 with unit noise keep a relative accuracy of 1e-9 over a long series, and better.

use super::*;
use crate::Fit;

/// A fixed linear congruential generator in [-0.5, 0.5), so that the test needs no file.
pub(super) fn noise(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
        })
        .collect()
}

/// The largest relative error of a plan's results against the reference on a sample of rows.
fn worst(build: Build, window: u32, x: &[f64], y: &[f64], want: impl Fn(usize) -> f64) -> f64 {
    let out = run(&plan(build, window), [x, y], &[]);
    (window as usize..x.len()).step_by(97).map(|i| (out[i] / want(i) - 1.0).abs()).fold(0.0, f64::max)
}

#[test]
fn deviations_of_large_values() {
    let x: Vec<f64> = noise(1, 200_000).iter().map(|e| 1e9 + e).collect();
    let y: Vec<f64> = x.iter().zip(noise(2, 200_000)).map(|(x, e)| 3e9 - 0.7 * (x - 1e9) + e).collect();
    for window in [2, 5, 20, 60, 250, 1000] {
        let w = window as usize;
        let std = worst(|g, x, _, w| g.rolling_std(x, w), window, &x, &y, |i| reference::std(&x, i, w));
        assert!(std < 1e-13, "deviation over {window}: {std}");
        let corr = worst(|g, x, y, w| g.rolling_corr(x, y, w), window, &x, &y, |i| reference::corr(&x, &y, i, w));
        assert!(corr < 1e-9, "correlation over {window}: {corr}");
    }
}

#[test]
fn lines_through_large_values() {
    let x: Vec<f64> = noise(5, 100_000).iter().map(|e| 1e9 + e).collect();
    for window in [5, 20, 60, 250] {
        let w = window as usize;
        let slope =
            worst(|g, x, _, w| g.rolling_trend(x, w, Fit::Slope), window, &x, &x, |i| reference::trend_slope(&x, i, w));
        assert!(slope < 1e-9, "slope over {window}: {slope}");
        let rsquare = worst(
            |g, x, _, w| g.rolling_trend(x, w, Fit::Rsquare),
            window,
            &x,
            &x,
            |i| reference::trend_rsquare(&x, i, w),
        );
        assert!(rsquare < 1e-9, "share over {window}: {rsquare}");
    }
}

#[test]
fn deviations_of_a_random_walk_with_jumps() {
    let mut price = 60_000.0;
    let x: Vec<f64> = noise(3, 100_000)
        .iter()
        .enumerate()
        .map(|(i, e)| {
            price *= 1.0 + 0.01 * e;
            if i % 5_000 == 0 { 1e12 } else { price }
        })
        .collect();
    for window in [5, 20, 60] {
        let w = window as usize;
        let std = worst(|g, x, _, w| g.rolling_std(x, w), window, &x, &x, |i| reference::std(&x, i, w));
        assert!(std < 1e-13, "deviation over {window}: {std}");
    }
}

#[test]
fn equal_values_have_no_deviation() {
    let x = vec![0.1; 500];
    let out = run(&plan(|g, x, _, w| g.rolling_std(x, w), 60), [&x, &x], &[]);
    assert!(out[59..].iter().all(|v| *v == 0.0));
    let y = noise(4, 500);
    let out = run(&plan(|g, x, y, w| g.rolling_corr(x, y, w), 60), [&x, &y], &[]);
    assert!(out.iter().all(|v| v.is_nan()));
}

#[test]
fn two_rows_correlate_fully_or_not_at_all() {
    let (mut x, mut y) = (noise(7, 3000), noise(8, 3000));
    (x[10], y[20]) = (x[9], y[19]);
    let out = run(&plan(|g, x, y, w| g.rolling_corr(x, y, w), 2), [&x, &y], &[]);
    for (i, got) in out.iter().enumerate().skip(1) {
        let (up_x, up_y) = (x[i] - x[i - 1], y[i] - y[i - 1]);
        let want = if up_x == 0.0 || up_y == 0.0 { f64::NAN } else { up_x.signum() * up_y.signum() };
        assert!(*got == want || (got.is_nan() && want.is_nan()), "row {i}: {got} for {want}");
    }
}
