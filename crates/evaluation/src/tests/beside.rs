//! Factors beside others: correlations, residuals and joins against slow versions.

use crosscut_kernels::inference::ols;
use crosscut_kernels::ranks::{Ranker, correlation, rank_correlation};

use super::properties::noise;
use crate::others::last_known;
use crate::pairwise::{Again, correlations};
use crate::redundancy::{between, joint};
use crate::sample::{Sample, SampledFactor};
use crate::schedule::NONE;
use crate::section::NAMES_MAX;

/// All times of some rows.
fn sample(n_times: usize, width: usize) -> Sample {
    Sample::new((n_times, width, 2), usize::MAX, |_| true)
}

/// Sampled ranks of rows of values.
fn ranked(sample: &Sample, rows: &[Vec<f64>]) -> SampledFactor {
    sample.ranked(|at, row| row.extend_from_slice(&rows[sample.times[at]]))
}

/// Ranks as numbers of the names that have all of some factors at a time.
fn ranks_among(rows: &[&[f64]]) -> Vec<Vec<f64>> {
    let names: Vec<usize> = (0..rows[0].len()).filter(|name| rows.iter().all(|row| row[*name].is_finite())).collect();
    let ranks = |row: &&[f64]| {
        let mut out = Vec::new();
        Ranker::default().rank(&names.iter().map(|name| row[*name]).collect::<Vec<f64>>(), &mut out);
        out.into_iter().map(f64::from).collect()
    };
    rows.iter().map(ranks).collect()
}

/// Factors with holes of their own: those of a family share them, as factors of one window do.
fn family(n: usize, (n_times, width): (usize, usize)) -> Vec<Vec<Vec<f64>>> {
    let one = |at: usize| {
        let (mut rows, _) = noise(n_times, width, 100 + at as u64);
        let (holes, _) = noise(n_times, width, 200 + at as u64 / 2);
        for (row, holes) in rows.iter_mut().zip(&holes) {
            row.iter_mut().zip(holes).filter(|(_, hole)| hole.is_nan()).for_each(|(value, _)| *value = f64::NAN);
        }
        rows
    };
    (0..n).map(one).collect()
}

#[test]
fn correlations_are_those_among_common_names() {
    let (n_times, width) = (35, 70);
    let all = family(5, (n_times, width));
    let sample = sample(n_times, width);
    let sampled: Vec<SampledFactor> = all.iter().map(|rows| ranked(&sample, rows)).collect();
    let matrix = correlations(&sampled, &sample);
    let mut n_holes = 0;
    for i in 0..5 {
        for j in 0..5 {
            let by_time: Vec<f64> = (0..n_times)
                .map(|t| {
                    let ranks = ranks_among(&[&all[i][t], &all[j][t]]);
                    n_holes += usize::from(ranks[0].len() < width);
                    correlation(&ranks[0], &ranks[1]).unwrap()
                })
                .collect();
            let mean = by_time.iter().sum::<f64>() / n_times as f64;
            assert!((matrix[i][j] - mean).abs() < 1e-12, "{i} {j}: {} {mean}", matrix[i][j]);
            let ours = between(&sampled[i], &sampled[j], &sample);
            assert!(ours.iter().zip(&by_time).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
    assert!(n_holes > 100);
    assert!((0..5).all(|i| matrix[i][i] == 1.0), "of oneself exactly 1");
}

#[test]
fn residuals_are_those_of_a_regression() {
    let (n_times, width) = (30, 45);
    let all = family(4, (n_times, width));
    let (_, returns) = noise(n_times, width, 7);
    let sample = sample(n_times, width);
    let sampled: Vec<SampledFactor> = all.iter().map(|rows| ranked(&sample, rows)).collect();
    let r = ranked(&sample, &returns);
    for others in [&[1][..], &[1, 2, 3]] {
        let regressors: Vec<&SampledFactor> = others.iter().map(|at| &sampled[*at]).collect();
        let found = joint(&sampled[0], &regressors, (&r, 1), &sample).unwrap();
        let of_time = |t: usize| {
            let mut rows: Vec<&[f64]> = vec![&all[0][t], &returns[t]];
            rows.extend(others.iter().map(|at| &all[*at][t][..]));
            let ranks = ranks_among(&rows);
            let columns: Vec<&[f64]> = ranks[2..].iter().map(Vec::as_slice).collect();
            correlation(&ols(&ranks[0], &columns, 0).unwrap().residuals, &ranks[1]).unwrap()
        };
        let mean = (0..n_times).map(of_time).sum::<f64>() / n_times as f64;
        assert!((found.incremental.mean.unwrap() - mean).abs() < 1e-12, "{found:?} {mean}");
        assert_eq!(found.incremental.n, n_times);
    }
    assert_eq!(joint(&sampled[0], &[&sampled[0]], (&r, 1), &sample), None, "nothing is left beside oneself");
    assert_eq!(joint(&sampled[0], &[], (&r, 1), &sample), None);
}

#[test]
fn large_cross_sections_do_not_overflow() {
    // 20,000 names: products of ranks are 4e8, 80 times what 32 bits hold after 16 of them.
    let width = 20_000;
    let row: Vec<f64> = (0..width).map(f64::from).collect();
    let turned: Vec<f64> = (0..width).map(|name| f64::from((name * 7919) % width)).collect();
    let sample = sample(1, width as usize);
    let [a, b] = [&row, &turned].map(|row| ranked(&sample, std::slice::from_ref(row)));
    let ranks = |row: &[f64]| {
        let mut out = Vec::new();
        Ranker::default().rank(row, &mut out);
        out
    };
    let expected = rank_correlation(&ranks(&row), &ranks(&turned)).unwrap();
    assert!((between(&a, &b, &sample)[0] - expected).abs() < 1e-12);
    assert_eq!(between(&a, &a, &sample)[0], 1.0);
}

#[test]
fn the_last_row_known_is_taken() {
    // Known at 10, 20, then 50 (late), then 30 and twice at 60.
    let known = [10, 20, 50, 30, 60, 60];
    let rows = |moments: &[i64], age| last_known(&known, moments, age);
    assert_eq!(rows(&[9, 10, 19, 20, 29, 30, 50, 59, 60, 100], 1000), [NONE, 0, 0, 1, 1, 3, 3, 3, 5, 5]);
    assert_eq!(rows(&[20, 29, 30, 35, 40, 66], 5), [1, NONE, 3, 3, NONE, NONE]);
    assert_eq!(last_known(&[], &[1, 2], 5), [NONE, NONE]);
}

#[test]
fn sums_of_the_largest_cross_section_do_not_overflow() {
    let names: Vec<u32> = (0..NAMES_MAX as u32).collect();
    let rising: Vec<u16> = names.iter().map(|name| 2 * (*name as u16 + 1)).collect();
    let falling: Vec<u16> = rising.iter().rev().copied().collect();
    let mut again = Again::default();
    let (rising, falling) = (again.among(&rising, &names), again.among(&falling, &names));
    assert_eq!((rising.correlation(&rising), rising.correlation(&falling)), (1.0, -1.0));
}
