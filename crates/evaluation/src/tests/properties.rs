//! What must not change a rank statistic, and what must be noticed.

use crosscut_kernels::bootstrap::Random;

use super::{judge, market, matrix, rules};
use crate::horizon::Horizon;
use crate::matrix::Matrix;
use crate::quantile::QuantileRule;
use crate::section::{Rows, SectionRules};

/// Two horizons.
const HORIZONS: [Horizon; 2] = [Horizon::Bars(1), Horizon::Bars(3)];

/// A uniform number in [0, 1).
pub(super) fn uniform(random: &mut Random) -> f64 {
    random.below(1 << 30) as f64 / f64::from(1 << 30)
}

/// Prices and a factor of so many times and names, with holes.
pub(super) fn noise(n_times: usize, width: usize, seed: u64) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let mut random = Random::new(seed);
    let mut level = vec![100.0; width];
    let (mut prices, mut factor) = (Vec::new(), Vec::new());
    for _ in 0..n_times {
        level.iter_mut().for_each(|price| *price *= 0.98 + 0.04 * uniform(&mut random));
        let mut hole = |value: f64| if random.below(20) == 0 { f64::NAN } else { value };
        prices.push(level.iter().map(|price| hole(*price)).collect());
        // Few different values, so that there are ties.
        let values: Vec<f64> = (0..width).map(|_| random.below(40) as f64 - 20.0).collect();
        let mut hole = |value: f64| if random.below(20) == 0 { f64::NAN } else { value };
        factor.push(values.into_iter().map(&mut hole).collect());
    }
    (prices, factor)
}

#[test]
fn a_monotone_transform_changes_no_rank_statistic() {
    let (prices, factor) = noise(60, 30, 1);
    let cubed: Vec<Vec<f64>> = factor.iter().map(|row| row.iter().map(|x| x * x * x + 7.0).collect()).collect();
    for rule in [QuantileRule::Rank, QuantileRule::Ordinal] {
        let (a, one) = judge(&market(&prices), &matrix(&factor), (&HORIZONS, rules(5, rule)));
        let (b, two) = judge(&market(&prices), &matrix(&cubed), (&HORIZONS, rules(5, rule)));
        assert_eq!((a.ranks, a.quantiles), (b.ranks, b.quantiles));
        for (a, b) in one.horizons.iter().zip(&two.horizons) {
            assert_eq!((a.rank_ic, &a.quantiles, a.spread), (b.rank_ic, &b.quantiles, b.spread));
        }
        assert_eq!(one.rank_autocorrelation_1, two.rank_autocorrelation_1);
    }
}

#[test]
fn the_order_of_symbols_changes_nothing() {
    let (prices, factor) = noise(40, 25, 2);
    let turned = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
        rows.iter().map(|row| (0..25).map(|at| row[(at * 7 + 3) % 25]).collect()).collect()
    };
    let (a, one) = judge(&market(&prices), &matrix(&factor), (&HORIZONS, rules(5, QuantileRule::Rank)));
    let (b, two) =
        judge(&market(&turned(&prices)), &matrix(&turned(&factor)), (&HORIZONS, rules(5, QuantileRule::Rank)));
    for (a, b) in a.rows.iter().zip(&b.rows) {
        for (a, b) in a.outcomes.iter().zip(&b.outcomes) {
            // Rank statistics have the same bits; sums of floating-point numbers may be rounded otherwise.
            assert_eq!(a.rank_ic.to_bits(), b.rank_ic.to_bits());
            let same = |a: f64, b: f64| (a - b).abs() < 1e-12 || (a.is_nan() && b.is_nan());
            assert!(same(a.ic, b.ic) && same(a.weighted, b.weighted));
        }
    }
    let close = |a: Option<f64>, b: Option<f64>| (a.unwrap() - b.unwrap()).abs() < 1e-12;
    assert!(close(one.horizons[1].spread.mean, two.horizons[1].spread.mean));
    assert!(close(one.horizons[1].portfolios[0].traded, two.horizons[1].portfolios[0].traded));
}

#[test]
fn what_happens_later_changes_nothing_before() {
    let (prices, factor) = noise(50, 20, 3);
    let (mut later_prices, mut later_factor) = (prices.clone(), factor.clone());
    for t in 30..50 {
        later_prices[t].iter_mut().for_each(|price| *price *= 2.0);
        later_factor[t].iter_mut().for_each(|value| *value = -*value);
    }
    let (a, _) = judge(&market(&prices), &matrix(&factor), (&HORIZONS, rules(5, QuantileRule::Rank)));
    let (b, _) = judge(&market(&later_prices), &matrix(&later_factor), (&HORIZONS, rules(5, QuantileRule::Rank)));
    for t in 0..27 {
        assert_eq!(format!("{:?}", a.rows[t]), format!("{:?}", b.rows[t]), "time {t}");
    }
    assert_ne!(format!("{:?}", a.rows[28]), format!("{:?}", b.rows[28]), "its three-bar return ends after the change");
}

/// A factor that is the next bar's return, seen a bar too early.
fn oracle(prices: &[Vec<f64>]) -> Matrix {
    let mut out = Matrix::filled(prices.len(), prices[0].len(), f64::NAN);
    for (t, pair) in prices.windows(2).enumerate() {
        for (name, (now, next)) in pair[0].iter().zip(&pair[1]).enumerate() {
            out.set(t, name, next / now - 1.0);
        }
    }
    out
}

#[test]
fn a_factor_from_the_future_is_caught() {
    let (prices, factor) = noise(60, 30, 4);
    let (_, honest) = judge(&market(&prices), &matrix(&factor), (&HORIZONS, rules(5, QuantileRule::Rank)));
    assert_eq!(crate::evaluate::impossible(&honest), None);
    let (_, oracle) = judge(&market(&prices), &oracle(&prices), (&HORIZONS, rules(5, QuantileRule::Rank)));
    assert!((oracle.horizons[0].rank_ic.mean.unwrap() - 1.0).abs() < 1e-12);
    let warning = crate::evaluate::impossible(&oracle).unwrap();
    assert!(warning.contains("knows the future") && warning.contains("over 1 "), "{warning}");
}

#[test]
fn threads_change_nothing() {
    let (prices, factor) = noise(300, 20, 5);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            format!("{:?}", judge(&market(&prices), &matrix(&factor), (&HORIZONS, rules(5, QuantileRule::Rank))))
        })
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn every_row_is_used_or_dropped_for_one_reason() {
    let (mut prices, factor) = noise(80, 12, 6);
    // Some times with few prices.
    for t in [20, 41, 60] {
        prices[t][2..].fill(f64::NAN);
    }
    for (rows, min_names) in [(Rows::Each, 11), (Rows::Each, 4), (Rows::Common, 9)] {
        let rules = SectionRules { n_quantiles: 3, rule: QuantileRule::Rank, rows, min_names };
        let (sections, summary) = judge(&market(&prices), &matrix(&factor), (&HORIZONS, rules));
        let used: u64 = sections.rows.iter().filter_map(|s| s.outcomes.first()).map(|o| u64::from(o.n)).sum();
        let (dropped, missing) = (sections.dropped, sections.missing[0].total());
        let for_returns = if rows == Rows::Common { dropped.incomplete } else { missing };
        assert!(dropped.too_few_names > 0 || min_names == 4);
        assert_eq!(dropped.n_values, used + dropped.too_few_names + for_returns, "{rows:?}: {dropped:?}");
        let told: u64 =
            summary.drops().split(&[' ', ',', ':'][..]).skip(2).filter_map(|word| word.parse::<u64>().ok()).sum();
        assert_eq!(told + used, dropped.n_values, "{}", summary.drops());
    }
}
