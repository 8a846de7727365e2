//! Each figure of a report against its formula written out once more, on years, groups and ties that the references do not
//! have: every one of these breaks when a sign, a count, a year or a side is taken wrongly.

use crosscut_kernels::metrics::probability::{normal_cdf, normal_quantile};

use super::*;

/// Periods of a year in these tests: none of the factors of a report is 1 by accident.
const YEAR: f64 = 252.0;

/// Options of such a year.
fn options(n_draws: usize) -> LuckOptions {
    LuckOptions { periods_per_year: YEAR, n_draws, ..LuckOptions::default() }
}

/// Mean, sample deviation, skewness and raw kurtosis, as a textbook has them.
fn plain(returns: &[f64]) -> [f64; 4] {
    let n = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / n;
    let moment = |power: i32| returns.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / n;
    let second = moment(2);
    [mean, (second * n / (n - 1.0)).sqrt(), moment(3) / second.powf(1.5), moment(4) / (second * second)]
}

#[test]
fn ratios_of_a_year_and_what_luck_leaves_of_them() {
    let mut returns = market(7, 500, 0.3, &twelve(0.0004, 7.0));
    // A few large gains: skewness and kurtosis count.
    for (nth, set) in returns.iter_mut().enumerate() {
        set[40 + nth] += 0.06;
    }
    let report = assessed(&returns, 8, &options(0));
    let ratios: Vec<f64> = returns.iter().map(|set| plain(set)).map(|[mean, deviation, ..]| mean / deviation).collect();
    let [mean, deviation, ..] = plain(&ratios);
    near(report.trials.sharpe_mean.unwrap(), mean * YEAR.sqrt(), 1e-9);
    near(report.trials.sharpe_deviation.unwrap(), deviation * YEAR.sqrt(), 1e-9);
    // The best of n normal draws, by the two quantiles of the paper.
    let n = report.trials.n_effective.round();
    let quantile = |share: f64| normal_quantile(1.0 - share).unwrap();
    let euler = 0.577_215_664_901_532_9;
    let highest = deviation * ((1.0 - euler) * quantile(1.0 / n) + euler * quantile(1.0 / (n * std::f64::consts::E)));
    near(report.trials.sharpe_threshold.unwrap(), highest * YEAR.sqrt(), 1e-9);
    for (set, luck) in returns.iter().zip(&report.sets) {
        let [mean, deviation, skewness, kurtosis] = plain(set);
        let ratio = mean / deviation;
        let spread = 1.0 - skewness * ratio + (kurtosis - 1.0) / 4.0 * ratio * ratio;
        let above = |bar: f64| normal_cdf((ratio - bar) * (set.len() as f64 - 1.0).sqrt() / spread.sqrt());
        assert!((luck.sharpe.unwrap() - ratio * YEAR.sqrt()).abs() < 1e-9);
        assert!((luck.probabilistic_sharpe.unwrap() - above(0.0)).abs() < 1e-9);
        assert!((luck.deflated_sharpe.unwrap() - above(highest)).abs() < 1e-9);
        let rho = |lag: usize| {
            let own: f64 = set.iter().map(|value| (value - mean).powi(2)).sum();
            set[lag..].iter().zip(set).map(|(later, now)| (later - mean) * (now - mean)).sum::<f64>() / own
        };
        let year = YEAR + 2.0 * (1..=11).map(|lag| (YEAR - lag as f64) * rho(lag)).sum::<f64>();
        assert!((luck.sharpe_autocorrelated.unwrap() - ratio * YEAR / year.sqrt()).abs() < 1e-9);
        let years = (ratio > 0.0).then(|| (1.0 + spread * (quantile(0.05) / ratio).powi(2)) / YEAR);
        assert_eq!(luck.min_track_record_years.is_some(), years.is_some());
        if let Some(years) = years {
            near(luck.min_track_record_years.unwrap(), years, 1e-9);
        }
    }
    let best = report.sets[report.best.unwrap()].sharpe.unwrap();
    near(report.min_backtest_years.unwrap(), (highest / deviation / best).powi(2), 1e-9);
}

#[test]
fn sets_without_a_ratio_are_trials_too() {
    let mut returns = market(3, 300, 0.0, &[0.0; 6]);
    returns.extend([vec![0.0; 300], vec![0.0; 300]]);
    let report = assessed(&returns, 8, &options(0));
    let (rho, n) = (report.trials.mean_correlation.unwrap(), 8.0);
    near(report.trials.n_effective, (rho + (1.0 - rho) * n).clamp(1.0, n), 1e-12);
    assert!(report.trials.n_effective > 6.5, "{}", report.trials.n_effective);
}

#[test]
fn no_more_lags_than_a_year_has() {
    let returns = market(3, 20_000, 0.2, &[0.0]);
    let lags = |per_year: f64| condensed(&returns, 8, per_year).0[0].autocorrelations.len();
    // Lags that a year does not reach count for nothing: 2 / sqrt(2 + 2 * 0.5), whatever the third lag.
    let scale = annual_scale(&[0.5, 0.25, 0.9], 2.0);
    near(scale.unwrap(), 2.0 / 3f64.sqrt(), 1e-15);
    // floor(4 (n / 100)^(2/9)) is 12.
    assert_eq!([lags(4.0), lags(12.0), lags(13.0), lags(365.0)], [3, 11, 12, 12]);
}

#[test]
fn independent_sets_are_as_many_by_eigenvalues_too() {
    // Chance correlations of short series are taken off: without that there would be hardly half as many.
    let report = assessed(&market(5, 60, 0.0, &[0.0; 50]), 8, &options(0));
    let found = report.trials.n_effective_eigen.unwrap();
    assert!((40.0..=50.0).contains(&found), "{found}");
}

#[test]
fn bands_of_independent_returns_are_those_of_the_normal_distribution() {
    // Groups of four periods; the ratio per period has an error of 1 / sqrt(n).
    let n = 4096;
    let returns = market(11, n, 0.0, &[0.0004, -0.0002]);
    let report = assessed(&returns, 8, &LuckOptions { block: Some(4.0), ..options(2000) });
    assert_eq!(report.periods_per_group, 4.0);
    let error = 1.644_853_626_951_472_7 * (YEAR / n as f64).sqrt();
    for luck in &report.sets {
        let middle = luck.sharpe.unwrap();
        for (line, expected) in [(luck.sharpe_low, middle - error), (luck.sharpe_high, middle + error)] {
            assert!((line.unwrap() - expected).abs() < 0.1 * error, "{luck:?}: {expected}");
        }
    }
    let bands = report.bands.unwrap();
    let (middle, lines) = (report.sets[bands.set_idx].sharpe.unwrap(), bands.sharpe.unwrap());
    let quarter = 0.674_489_750_196_081_7 * (YEAR / n as f64).sqrt();
    let expected = [middle - error, middle - quarter, middle, middle + quarter, middle + error];
    assert!(lines.iter().zip(expected).all(|(line, expected)| (line - expected).abs() < 0.1 * error), "{lines:?}");
    // What compounds is the logarithm: half a variance less each period, of a deviation of 0.01.
    let score = middle / (YEAR / n as f64).sqrt() - 0.5 * 0.01 * (n as f64).sqrt();
    assert!((bands.probability_of_loss - normal_cdf(-score)).abs() < 0.05, "{}", bands.probability_of_loss);
}

#[test]
fn a_band_of_equal_returns_is_its_own_curve() {
    let resampling = Resampling { kind: BlockKind::Circular, block: 1.0, n_draws: 20, seed: 3 };
    let ends: Vec<usize> = (1..=200).map(|group| 3 * group).collect();
    let found = bands::bands(5, &[0.01; 200], &resampling, YEAR, &ends).unwrap();
    // Of 200 groups every second is a point; the last is the end.
    assert_eq!((found.set_idx, found.period_idx.len(), found.period_idx[0]), (5, 100, 6));
    assert_eq!(found.period_idx[99], 600);
    near(found.curve[0][2], 1.01f64.powi(2), 1e-12);
    near(found.curve[99][4], 1.01f64.powi(200), 1e-12);
    near(found.total_return.unwrap()[0], 1.01f64.powi(200) - 1.0, 1e-12);
    assert_eq!((found.max_drawdown, found.probability_of_loss), (Some([0.0; 5]), 0.0));
    // Ruin is the end: what comes after it earns nothing, and nobody owes.
    let ruined = bands::bands(0, &[-1.5; 4], &resampling, YEAR, &[1, 2, 3, 4]).unwrap();
    assert_eq!((ruined.total_return, ruined.probability_of_loss), (Some([-1.0; 5]), 1.0));
    assert!(ruined.curve.iter().flatten().all(|value| *value == 0.0));
}

#[test]
fn blocks_are_counted_in_periods_and_drawn_in_groups() {
    let returns = market(17, 4096, 0.9, &[0.0, 0.0003, 0.0006]);
    let (sets, grid) = condensed(&returns, 8, YEAR);
    let refs: Vec<&Condensed> = sets.iter().collect();
    let report = assess(&refs, &grid, None, &options(300));
    // Sets 0, 1, 2, and the best of them once more.
    let asked = [0, 1, 2, report.best.unwrap()].map(|at| block_length(&sets[at].group_sums).stationary);
    near(report.block, median(asked.to_vec()).unwrap() * 4.0, 1e-12);
    assert!(report.block > 16.0, "{}", report.block);
    let resampling = Resampling { kind: BlockKind::Stationary, block: report.block / 4.0, n_draws: 300, seed: 0 };
    let test = SuperiorityTest { resampling, studentised: true, centring: Centring::Consistent, level: 0.05 };
    assert_eq!(report.superiority, test.run(&sets.iter().map(|set| set.group_sums.as_slice()).collect::<Vec<_>>()));
}

#[test]
fn sets_are_named_superior_up_to_the_level() {
    let report = assessed(&market(5, 500, 0.0, &twelve(0.0003, 5.0)), 8, &options(400));
    let at_level = |(idx, p): (usize, &Option<f64>)| (p.unwrap() <= 0.05).then_some(idx);
    let expected: Vec<usize> = report.superiority.adjusted_p.iter().enumerate().filter_map(at_level).collect();
    assert!(!expected.is_empty() && expected.len() < 12, "{expected:?}");
    assert_eq!(report.superiority.superior, expected);
    assert_eq!(report.sets.iter().map(|set| set.step_down_p).collect::<Vec<_>>(), report.superiority.adjusted_p);
    // A benchmark as good as the best leaves none; one far below lets all stand.
    let returns = market(6, 400, 0.0, &[0.004, 0.004, 0.004]);
    let (sets, grid) = condensed(&returns, 8, YEAR);
    let refs: Vec<&Condensed> = sets.iter().collect();
    let low = Condensed::new(&market(90, 400, 0.0, &[-0.004])[0], &grid, YEAR);
    assert_eq!(assess(&refs, &grid, Some(&low), &options(200)).superiority.superior, [0, 1, 2]);
    let high = Condensed::new(&market(90, 400, 0.0, &[0.012])[0], &grid, YEAR);
    assert!(assess(&refs, &grid, Some(&high), &options(200)).superiority.superior.is_empty());
}

#[test]
fn a_set_whose_level_is_the_level_is_named() {
    let returns = market(5, 300, 0.0, &twelve(0.0003, 5.0));
    let columns: Vec<&[f64]> = returns.iter().map(Vec::as_slice).collect();
    let resampling = Resampling { kind: BlockKind::Stationary, block: 2.0, n_draws: 200, seed: 4 };
    let at = |level| SuperiorityTest { resampling, studentised: true, centring: Centring::Consistent, level };
    let levels = at(0.05).run(&columns).adjusted_p;
    let level = levels.iter().flatten().copied().fold(1.0, |least, p| if p > 0.0 { f64::min(least, p) } else { least });
    let named = at(level).run(&columns).superior;
    assert!(level < 1.0 && named.iter().any(|&set| levels[set] == Some(level)), "{level}: {levels:?}");
}

#[test]
fn rounding_is_no_skill() {
    // The same return each period: its blocks differ by rounding alone, whose ratio would be the highest of all.
    let mut returns = market(4, 333, 0.0, &[0.001; 3]);
    returns.extend((1..60).map(|part| vec![f64::from(part) / 61.0; 333]));
    let splits = assessed(&returns, 8, &options(0)).overfitting.unwrap().splits;
    assert!(splits.iter().all(|split| split.set_idx < 3 || split.chosen == 0.0));
    assert!(splits.iter().all(|split| split.chosen.abs() < 50.0));
}

#[test]
fn ties_count_as_the_middle() {
    let one = market(9, 400, 0.2, &[0.001]).remove(0);
    let report = assessed(&[one.clone(), one.clone(), one], 8, &options(0));
    // Of three equal sets the chosen one has rank 2 of 4: a logit of 0 is no skill.
    let overfitting = report.overfitting.unwrap();
    assert_eq!((overfitting.probability, overfitting.logit_median, report.best), (1.0, 0.0, Some(0)));
    assert!(overfitting.splits.iter().all(|split| split.set_idx == 0));
}

#[test]
fn circular_blocks_have_the_nearest_whole_length() {
    let resampling = Resampling { kind: BlockKind::Circular, block: 2.6, n_draws: 1, seed: 1 };
    let blocks = resampling.blocks(0, 31);
    assert!(blocks[..10].iter().all(|(_, length)| *length == 3) && blocks[10].1 == 1, "{blocks:?}");
    // Lengths of random blocks are geometric from 1 on: their mean is what was asked for.
    let random = Resampling { kind: BlockKind::Stationary, block: 5.0, n_draws: 1, seed: 1 };
    let blocks = random.blocks(0, 100_000);
    let mean = 100_000.0 / blocks.len() as f64;
    assert!((mean - 5.0).abs() < 0.1 && blocks.iter().any(|(_, length)| *length == 1), "{mean}");
}

#[test]
fn where_a_plateau_begins() {
    let line = |values: &[f64]| {
        let parameters: Vec<Vec<String>> = (0..values.len()).map(|at| vec![at.to_string()]).collect();
        surface(&parameters, &values.iter().copied().map(Some).collect::<Vec<_>>())
    };
    // The middle of all is 0; a top of 4 whose neighbours have 2 (and 1) in the middle.
    let half = line(&[0.0, 0.0, 2.0, 4.0, 2.0, 0.0, 0.0]);
    assert_eq!((half[3].score, half[3].ground()), (Some(0.5), Ground::Plateau));
    let less = line(&[0.0, 0.0, 2.0, 4.0, 1.0, 0.0, 0.0]);
    assert_eq!((less[3].score, less[3].ground()), (Some(0.375), Ground::Spike));
    // What stands at the middle of all stands above nothing.
    assert_eq!((half[0].score, half[0].n_neighbours, half[3].n_neighbours), (None, 1, 2));
    // Far from the grid the nearest four count, each parameter by its own range: a step of one is all of the first, a third of
    // the second. The last set, of another word, only shows that 100 is a value.
    let points = [(0, 0, "x"), (1, 0, "x"), (0, 200, "x"), (0, 200, "x"), (0, 300, "x"), (1, 200, "x"), (0, 100, "y")];
    let texts = |(a, b, word): &(i32, i32, &str)| vec![a.to_string(), b.to_string(), (*word).to_owned()];
    let parameters: Vec<Vec<String>> = points.iter().map(texts).collect();
    let found = surface(&parameters, &[9.0, 1.0, 2.0, 4.0, 3.0, 50.0, 70.0].map(Some));
    assert_eq!((found[0].n_neighbours, found[0].median, found[0].lowest), (4, Some(2.5), Some(1.0)));
}

#[test]
fn a_set_without_a_value_leaves_the_others_their_neighbours() {
    let line = |texts: &[&str]| -> Vec<Vec<String>> { texts.iter().map(|text| vec![(*text).to_owned()]).collect() };
    let values = [0.0, 2.0, 4.0, 3.0, 0.0, 9.0].map(Some);
    let among = surface(&line(&["1", "2", "3", "4", "5", ""]), &values);
    // The middle of all is 2.5; beside the top of the line are 2 and 3.
    assert_eq!((among[2].n_neighbours, among[2].median, among[2].score), (2, Some(2.5), Some(0.0)));
    assert_eq!((among[5].n_neighbours, among[5].score), (0, None), "it has no place of its own");
    let words = surface(&line(&["a", "b", "c", "d", "e", ""]), &values);
    assert!(words.iter().all(|one| one.n_neighbours == 0));
}
