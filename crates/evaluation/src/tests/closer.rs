//! Combined scores, neutral variants, what others leave of a factor, stability, betas.

use super::properties::noise;
use super::{judge, market, matrix, rules, schedule};
use crate::around::around;
use crate::combine::{Combination, HISTORY_MIN, past_means};
use crate::contents::values;
use crate::exposure::rolling_beta;
use crate::grouped::Grouping;
use crate::horizon::Horizon;
use crate::matrix::Matrix;
use crate::neutral::{BetaNeutral, GroupNeutral, Groups};
use crate::quantile::QuantileRule;
use crate::schedule::NONE;
use crate::section::{FactorRows, Pass};
use crate::stability::{decay, months, years};

/// Three bars ahead.
const THREE: [Horizon; 1] = [Horizon::Bars(3)];

/// The scores of two factors on a market.
fn combined(prices: &[Vec<f64>], factors: [&[Vec<f64>]; 2]) -> (Matrix<f32>, Matrix<f32>, Vec<Option<f64>>) {
    let market = market(prices);
    let schedule = schedule(&market, 0, &THREE);
    let pass = Pass { market: &market, schedule: &schedule, rules: rules(5, QuantileRule::Rank) };
    let mut combination = Combination::new(prices.len(), prices[0].len());
    let sections = factors.map(|factor| pass.run(&matrix(factor)));
    sections.iter().for_each(|sections| combination.add(&pass, sections));
    let (equal, weighted) = combination.finish();
    (equal, weighted, past_means(&pass, &sections[0]))
}

#[test]
fn weights_know_only_what_was_realised() {
    let (prices, factor) = noise(80, 20, 11);
    let (_, other) = noise(80, 20, 12);
    let (equal, weighted, weights) = combined(&prices, [&factor, &other]);
    // The rank IC of time s is known when its exit, s + 3, is the bar just known.
    assert!(weights[..HISTORY_MIN + 2].iter().all(Option::is_none));
    assert!(weights[HISTORY_MIN + 2].is_some());
    assert!(weighted.row(HISTORY_MIN + 1).iter().all(|score| score.is_nan()));
    let mut later = prices.clone();
    later[60..].iter_mut().flatten().for_each(|price| *price *= 1.7);
    later[60].iter_mut().enumerate().for_each(|(name, price)| *price *= 1.0 + name as f64);
    let (equal_later, weighted_later, weights_later) = combined(&later, [&factor, &other]);
    assert_eq!(weights[..60], weights_later[..60]);
    assert_ne!(weights[60], weights_later[60]);
    for t in 0..60 {
        let bits = |row: &[f32]| row.iter().map(|score| score.to_bits()).collect::<Vec<u32>>();
        assert_eq!(bits(equal.row(t)), bits(equal_later.row(t)));
        assert_eq!(bits(weighted.row(t)), bits(weighted_later.row(t)));
    }
}

#[test]
fn weights_go_on_after_a_gap() {
    let (prices, factor) = noise(80, 20, 13);
    let market = market(&prices);
    let mut schedule = schedule(&market, 0, &THREE);
    // No price lies at the horizon's distance from the thirtieth entry: a gap of the whole market.
    schedule.exits[0][30] = NONE;
    let pass = Pass { market: &market, schedule: &schedule, rules: rules(5, QuantileRule::Rank) };
    let sections = pass.run(&matrix(&factor));
    let realised: Vec<f64> =
        (0..=76).map(|t| sections.rows[t].outcomes[0].rank_ic).filter(|ic| ic.is_finite()).collect();
    assert_eq!(realised.len(), 76);
    let expected = realised.iter().sum::<f64>() / 76.0;
    assert!((past_means(&pass, &sections)[79].unwrap() - expected).abs() < 1e-12);
}

#[test]
fn equal_weights_by_hand() {
    let prices = vec![vec![1.0; 3]; 4];
    let nan = f64::NAN;
    let a = vec![vec![1.0, 2.0, 3.0]; 4];
    let b = vec![vec![5.0, nan, 4.0]; 4];
    let (equal, _, _) = combined(&prices, [&a, &b]);
    // Ranks 1, 2, 3 of 3 lie at -1/3, 0, 1/3; ranks 2 and 1 of 2 at 1/4 and -1/4; half of the factors are enough.
    let expected = [-1.0 / 3.0 + 0.25, 0.0, 1.0 / 3.0 - 0.25];
    equal.row(0).iter().zip(expected).for_each(|(ours, theirs)| assert!((ours - theirs as f32).abs() < 1e-6));
}

#[test]
fn neutral_factors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.csv");
    std::fs::write(&path, "symbol,category,from\nS000,a,\nS001,a,\nS002,b,\nS003,b,\nS003,,1970-01-02\n").unwrap();
    let market = market(&[vec![1.0; 4], vec![1.0; 4]]);
    let groups = Groups::read(&path, &market.symbols).unwrap();
    let factor = matrix(&[vec![1.0, 3.0, 10.0, 20.0], vec![1.0, 3.0, 10.0, 20.0]]);
    let neutral = GroupNeutral { factor: &factor, groups: &groups, times: &market.times };
    let mut room = Vec::new();
    assert_eq!(neutral.row(0, &mut room), [-1.0, 1.0, -5.0, 5.0]);
    // From the second day on the last name has no group.
    let row = neutral.row(1, &mut room).to_vec();
    assert!(row[..3] == [-1.0, 1.0, 0.0] && row[3].is_nan());
    for (text, line) in [("symbol,category\nS000\n", 2), ("a,b\n", 1), ("symbol,category\nZ,a\n", 1)] {
        std::fs::write(&path, text).unwrap();
        let error = Groups::read(&path, &market.symbols).unwrap_err().to_string();
        assert!(error.contains(&format!("line {line}")), "{error}");
    }
    let mut beta = Matrix::filled(2, 4, f32::NAN);
    beta.row_mut(0).copy_from_slice(&[0.0, 1.0, 2.0, f32::NAN]);
    let row = BetaNeutral { factor: &matrix(&[vec![1.0, 3.0, 5.0, 9.0]]), beta: &beta }.row(0, &mut room).to_vec();
    // What rounding leaves has no order: it is 0.
    assert!(row[..3] == [0.0; 3] && row[3].is_nan(), "{row:?}");
    beta.row_mut(0).copy_from_slice(&[0.3, 1.1, f32::NAN, f32::NAN]);
    let row = BetaNeutral { factor: &matrix(&[vec![0.1, 0.7, 5.0, 9.0]]), beta: &beta }.row(0, &mut room).to_vec();
    assert_eq!(row[..2], [0.0; 2]);
}

#[test]
fn betas_are_those_of_the_slow_version() {
    let (prices, _) = noise(120, 2, 31);
    let column = |name: usize| -> Vec<f64> {
        (0..120).map(|t| if t == 0 { f64::NAN } else { prices[t][name] / prices[t - 1][name] - 1.0 }).collect()
    };
    let (r, m) = (column(0), column(1));
    let fast = rolling_beta(&r, &m, 25);
    for (t, &fast) in fast.iter().enumerate() {
        let pairs: Vec<(f64, f64)> = (t.saturating_sub(24)..=t).map(|at| (r[at], m[at])).collect();
        let pairs: Vec<_> = pairs.into_iter().filter(|(r, m)| r.is_finite() && m.is_finite()).collect();
        if 2 * pairs.len() < 25 {
            assert!(fast.is_nan(), "time {t}");
            continue;
        }
        let n = pairs.len() as f64;
        let (mr, mm) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
        let slope = pairs.iter().map(|p| (p.0 - mr) * (p.1 - mm)).sum::<f64>()
            / pairs.iter().map(|p| (p.1 - mm) * (p.1 - mm)).sum::<f64>();
        assert!((fast - slope).abs() < 1e-10, "time {t}: {fast} {slope}");
    }
}

#[test]
fn a_name_that_stands_still_has_no_beta_left_of_what_it_did_before() {
    let (prices, _) = noise(120, 2, 7);
    let column = |name: usize| -> Vec<f64> { (1..120).map(|t| prices[t][name] / prices[t - 1][name] - 1.0).collect() };
    let (mut r, m) = (column(0), column(1));
    r[40..].fill(0.0);
    let betas = rolling_beta(&r, &m, 25);
    assert!(betas[63] != 0.0, "the last move is in the window");
    assert!(betas[64..].iter().all(|beta| *beta == 0.0), "{:?}", &betas[64..]);
}

#[test]
fn parts_of_the_data() {
    let (prices, factor) = noise(400, 12, 41);
    let market = market(&prices);
    let horizons = [Horizon::Bars(1)];
    let schedule = schedule(&market, 0, &horizons);
    let pass = Pass { market: &market, schedule: &schedule, rules: rules(3, QuantileRule::Rank) };
    let (sections, summary) = judge(&market, &matrix(&factor), (&horizons, pass.rules));
    let years = years(&pass, &sections);
    assert_eq!(years.iter().map(|part| part.name.as_str()).collect::<Vec<_>>(), ["1970", "1971"]);
    assert_eq!(years.iter().map(|part| part.rank_ic[0].n).sum::<usize>(), summary.horizons[0].rank_ic.n);
    let months = months(&pass, &sections);
    assert_eq!((months.len(), months[0].month.as_str(), months[13].month.as_str()), (14, "1970-01", "1971-02"));
    let (late, _) = decay(&pass, &sections);
    assert_eq!(late[0].bars_late, 0);
    assert!((late[0].rank_ic.mean.unwrap() - summary.horizons[0].rank_ic.mean.unwrap()).abs() < 1e-12);
}

#[test]
fn around_decisions_by_hand() {
    // Two names; the factor holds A above B at every time. A doubles from the first price to the third and stands still.
    let mut rows = vec![vec![400.0, 100.0]; 30];
    rows[0][0] = 100.0;
    rows[1][0] = 200.0;
    let market = market(&rows);
    let schedule = schedule(&market, 0, &[Horizon::Bars(1)]);
    let pass = Pass { market: &market, schedule: &schedule, rules: rules(2, QuantileRule::Rank) };
    let sections = pass.run(&matrix(&vec![vec![2.0, 1.0]; 30]));
    let around = around(&pass, &sections, &[2]);
    let top = &around[1];
    let at = |bars: i64| top.mean[top.offsets.iter().position(|offset| *offset == bars).unwrap()];
    // From 400 back to 200 and 100: -50 % and -75 %, of which half is the mean of both names.
    assert_eq!([at(-3), at(-2), at(-1), at(0), at(15)], [None, Some(-0.375), Some(-0.25), Some(0.0), Some(0.0)]);
    assert_eq!(around[0].mean[8], Some(0.375));
}

#[test]
fn contents_of_portfolios_by_hand() {
    let market = market(&[vec![100.0; 4], vec![101.0, 102.0, 103.0, 104.0]]);
    let factor = matrix(&[vec![1.0, 2.0, 5.0, 9.0], vec![f64::NAN; 4]]);
    let (sections, summary) = judge(&market, &factor, (&[Horizon::Bars(1)], rules(2, QuantileRule::Rank)));
    let values = values(&sections, &factor, 2);
    assert_eq!((values[1].n, values[1].min, values[1].max, values[1].mean), (2, Some(5.0), Some(9.0), Some(7.0)));
    assert_eq!(values[1].share, Some(0.5));
    assert!((values[1].deviation.unwrap() - 8f64.sqrt()).abs() < 1e-12);
    let schedule = schedule(&market, 0, &[Horizon::Bars(1)]);
    let pass = Pass { market: &market, schedule: &schedule, rules: rules(2, QuantileRule::Rank) };
    // Groups: a has the first and the last name, b the two between. The mean of all is 2.5 %.
    let names = ["a".to_owned(), "b".to_owned()];
    let grouping = Grouping { pass, sections: &sections, factor: &factor, names: &names };
    let found = grouping.horizons(&["1".to_owned()], |_, name| Some(usize::from(name == 1 || name == 2))).remove(0);
    let means = |formed: &crate::grouped::Formed, group: usize| -> Vec<f64> {
        let all = formed.groups[group].quantiles.iter();
        all.flat_map(|q| [q.raw, q.demeaned, q.adjusted].map(|mean| mean.mean.unwrap_or(f64::NAN))).collect()
    };
    // Raw, less the mean of all, less 2.5 % of each group: 1 and 4 %, 2 and 3 %. Within groups the same, as both have one
    // name in each half of all.
    for formed in [&found.of_all, &found.within_groups] {
        for (group, expected) in
            [[0.01, -0.015, -0.015, 0.04, 0.015, 0.015], [0.02, -0.005, -0.005, 0.03, 0.005, 0.005]].iter().enumerate()
        {
            for (ours, theirs) in means(formed, group).into_iter().zip(expected) {
                assert!((ours - theirs).abs() < 1e-12, "{found:?}");
            }
        }
    }
    // Each group half of the capital, half of that on each side: (1.5 % + 1.5 % + 0.5 % + 0.5 %) / 4.
    assert!((found.weighted.mean.unwrap() - 0.01).abs() < 1e-12);
    assert!((found.rank_ic_adjusted.mean.unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(summary.horizons[0].rank_ic_shape.skewness, None, "one time has no shape");
}
