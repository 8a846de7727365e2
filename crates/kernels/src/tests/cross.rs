//! Operators across symbols.

use proptest::prelude::*;

use super::series;
use crate::cross_section::{RankScratch, demean, rank, zscore};

/// Runs one operator on a slice.
fn apply(values: &[f64], operator: impl FnOnce(&[f64], &mut [f64])) -> Vec<f64> {
    let mut out = vec![0.0; values.len()];
    operator(values, &mut out);
    out
}

/// The percentile rank.
fn ranked(values: &[f64]) -> Vec<f64> {
    apply(values, |values, out| rank(values, &mut RankScratch::default(), out))
}

#[test]
fn worked_by_hand() {
    let values = [3.0, f64::NAN, 1.0, 3.0, -2.0];
    let got = ranked(&values);
    // 4 values: -2 is 1st, 1 is 2nd, the two 3 share 3rd and 4th.
    assert_eq!((got[0], got[2], got[3], got[4]), (0.875, 0.5, 0.875, 0.25));
    assert!(got[1].is_nan());
    // Mean 1.25; deviations 1.75 -0.25 1.75 -3.25; squares sum to 16.75; deviation sqrt(16.75 / 3).
    let deviation = (16.75f64 / 3.0).sqrt();
    let got = apply(&values, zscore);
    assert_eq!((got[0], got[4]), (1.75 / deviation, -3.25 / deviation));
    let got = apply(&values, demean);
    assert_eq!((got[0], got[2], got[4]), (1.75, -0.25, -3.25));
    assert!(got[1].is_nan());
}

#[test]
fn too_few_or_equal_values() {
    assert_eq!(ranked(&[7.0]), [1.0]);
    assert!(ranked(&[]).is_empty());
    assert!(ranked(&[f64::INFINITY])[0].is_nan());
    assert!(apply(&[7.0], zscore)[0].is_nan());
    assert!(apply(&[0.1, 0.1, 0.1], zscore).iter().all(|v| v.is_nan()));
    assert_eq!(ranked(&[0.0, -0.0]), [0.75, 0.75]);
}

proptest! {
    #[test]
    fn rank_counts_smaller_and_equal(values in series(60)) {
        let got = ranked(&values);
        let finite: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        for (&x, &rank) in values.iter().zip(&got) {
            if x.is_finite() {
                let less = finite.iter().filter(|v| **v < x).count() as f64;
                let equal = finite.iter().filter(|v| **v == x).count() as f64;
                prop_assert_eq!(rank, (less + (equal + 1.0) / 2.0) / finite.len() as f64);
            } else {
                prop_assert!(rank.is_nan());
            }
        }
    }

    #[test]
    fn scores_have_mean_zero_and_deviation_one(values in prop::collection::vec(-1e3..1e3, 2..60)) {
        let scores = apply(&values, zscore);
        let n = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / n;
        let var = scores.iter().map(|s| (s - mean) * (s - mean)).sum::<f64>() / (n - 1.0);
        prop_assert!(mean.abs() < 1e-9 && (var - 1.0).abs() < 1e-9);
    }
}
