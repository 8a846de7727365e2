//! Operators across symbols.

use proptest::prelude::*;

use super::series;
use crate::cross_section::{
    GroupScratch, RankScratch, bucket, by_group, demean, mean, rank, residual, scale, winsorize, zscore,
};

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

/// Asserts equal numbers, a missing one equal to a missing one.
fn same(got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len());
    assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-14 || (a.is_nan() && b.is_nan())), "{got:?} {want:?}");
}

#[test]
fn moved_and_fitted_by_hand() {
    let nan = f64::NAN;
    let values = [3.0, nan, 1.0, 4.0, -2.0, 2.0];
    // Absolute values sum to 12.
    same(&apply(&values, scale), &[0.25, nan, 1.0 / 12.0, 1.0 / 3.0, -1.0 / 6.0, 1.0 / 6.0]);
    // Sorted -2 1 2 3 4: the quantile 0.125 lies half way from -2 to 1, 0.875 half way from 3 to 4.
    let clipped = apply(&values, |v, out| winsorize(v, 0.125, &mut RankScratch::default(), out));
    same(&clipped, &[3.0, nan, 1.0, 3.5, -0.5, 2.0]);
    // Ranks 4 2 5 1 3 of 5 into two: ceil(0.4 rank).
    let halves = apply(&values, |v, out| bucket(v, 2.0, &mut RankScratch::default(), out));
    same(&halves, &[2.0, nan, 1.0, 2.0, 1.0, 2.0]);
    // y on x over three rows: means 2 and 2, slope ((-1)(-1) + 0 + (1)(1)) / 2 = 1 on y = 1 3 2 with x = 1 2 3 is 0.5.
    let fit = apply(&[1.0, 3.0, 2.0, 9.0], |y, out| residual(y, &[1.0, 2.0, 3.0, nan], out));
    same(&fit, &[-0.5, 1.0, -0.5, nan]);
    same(&apply(&[1.0, 2.0], |y, out| residual(y, &[5.0, 5.0], out)), &[nan, nan]);
    same(&apply(&values, mean), &[1.6, nan, 1.6, 1.6, 1.6, 1.6]);
    same(&apply(&[nan; 2], |v, out| winsorize(v, 0.1, &mut RankScratch::default(), out)), &[nan; 2]);
    same(&apply(&[0.0; 2], scale), &[nan; 2]);
}

#[test]
fn groups_by_hand() {
    let nan = f64::NAN;
    let (values, groups) = ([3.0, 5.0, 1.0, nan, 8.0, 7.0], [1.0, 2.0, 1.0, 1.0, nan, 2.0]);
    let mut scratch = GroupScratch::default();
    let mut out = [0.0; 6];
    by_group(&values, &groups, &mut scratch, &mut out, demean);
    same(&out, &[1.0, -1.0, -1.0, nan, nan, 1.0]);
    let mut ranks = RankScratch::default();
    by_group(&values, &groups, &mut scratch, &mut out, |values, out| rank(values, &mut ranks, out));
    same(&out, &[1.0, 0.5, 0.5, nan, nan, 1.0]);
}

proptest! {
    #[test]
    fn groups_are_cross_sections_of_their_own(values in series(60), seed in 0u32..7) {
        let groups: Vec<f64> = (0..values.len() as u32).map(|at| f64::from(at * 7919 % 13 % (seed + 1))).collect();
        let got = apply(&values, |v, out| by_group(v, &groups, &mut GroupScratch::default(), out, demean));
        for group in 0..=seed {
            let members: Vec<usize> = (0..values.len()).filter(|&at| groups[at] == f64::from(group)).collect();
            let own: Vec<f64> = members.iter().map(|&at| values[at]).collect();
            let own: Vec<u64> = apply(&own, demean).iter().map(|x| x.to_bits()).collect();
            prop_assert_eq!(own, members.iter().map(|&at| got[at].to_bits()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn buckets_count_smaller_values(values in series(60), buckets in 1u32..12) {
        let got = apply(&values, |v, out| bucket(v, f64::from(buckets), &mut RankScratch::default(), out));
        let finite: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        for (&x, &got) in values.iter().zip(&got).filter(|(x, _)| x.is_finite()) {
            let twice_rank = 2 * finite.iter().filter(|v| **v < x).count() + finite.iter().filter(|v| **v == x).count() + 1;
            let want = (twice_rank * buckets as usize).div_ceil(2 * finite.len());
            prop_assert_eq!(got, want as f64);
        }
    }

    #[test]
    fn residuals_are_orthogonal(pairs in prop::collection::vec((-1e3..1e3, -1e3..1e3), 3..50)) {
        let (y, x): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let left = apply(&y, |y, out| residual(y, &x, out));
        let sum: f64 = left.iter().sum();
        let product: f64 = left.iter().zip(&x).map(|(l, x)| l * x).sum();
        prop_assert!(sum.abs() < 1e-6 && product.abs() < 1e-3, "{sum} {product}");
    }

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
    fn ranks_of_long_lists_count_too(values in series(900), repeats in 1usize..4, step in prop::sample::select(vec![0.0, 1e-13, 1e-3])) {
        // Near-equal values share their leading bits.
        let near = |at: usize| values.iter().map(move |x| x * (1.0 + step * at as f64));
        let values: Vec<f64> = (0..repeats).flat_map(near).collect();
        let got = ranked(&values);
        let mut sorted: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        sorted.sort_by(|a, b| a.partial_cmp(b).unwrap());
        for (&x, &rank) in values.iter().zip(&got) {
            if x.is_finite() {
                let less = sorted.partition_point(|v| *v < x);
                let equal = sorted.partition_point(|v| *v <= x) - less;
                prop_assert_eq!(rank, (less as f64 + (equal as f64 + 1.0) / 2.0) / sorted.len() as f64);
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
