//! Numbers of `arch` 8.0.0, of numpy versions written from the papers, and of worked examples: `reference.py` makes them.

use super::superior::Superiority;
use super::*;
use crosscut_kernels::metrics::probability::{
    annual_scale, expected_max_sharpe, min_backtest_years, probability_above,
};

/// The tests of superiority as `reference.py` runs them.
fn superiority(returns: &[Vec<f64>], studentised: bool) -> Superiority {
    let resampling = Resampling { kind: BlockKind::Stationary, block: 10.0, n_draws: 1000, seed: 11 };
    let test = SuperiorityTest { resampling, studentised, centring: Centring::Consistent, level: 0.05 };
    test.run(&returns.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The smallest levels in the order of sets.
fn adjusted(found: &Superiority) -> Vec<f64> {
    found.adjusted_p.iter().map(|p| p.unwrap()).collect()
}

#[test]
fn the_market_is_the_one_of_the_reference() {
    let returns = market(7, 500, 0.3, &twelve(0.0004, 7.0));
    near(returns[11][499], -0.002_005_165_870_443_081, 1e-14);
    near(returns.concat().iter().sum(), -1.948_471_980_424_598_5, 1e-12);
}

#[test]
fn superiority_is_that_of_arch_and_of_hansens_paper() {
    let worthless = market(7, 500, 0.3, &twelve(0.0004, 7.0));
    let arch = superiority(&worthless, false);
    let p = |found: &Superiority| [found.spa_lower_p, found.spa_consistent_p, found.spa_upper_p].map(Option::unwrap);
    assert_eq!(p(&arch), [0.295, 0.368, 0.457]);
    assert_eq!(arch.reality_check_p, Some(0.457));
    assert_eq!(arch.superior, [0usize; 0]);
    let hansen = superiority(&worthless, true);
    assert_eq!(p(&hansen), [0.268, 0.319, 0.402]);
    let expected = [0.986, 0.986, 0.986, 0.986, 0.986, 0.725, 0.701, 0.435, 0.725, 0.701, 0.461, 0.319];
    assert_eq!(adjusted(&hansen), expected);
    let some_skill = market(5, 500, 0.3, &twelve(0.0007, 5.0));
    assert_eq!(superiority(&some_skill, false).superior, [7, 8, 9, 10, 11]);
    let hansen = superiority(&some_skill, true);
    let expected = [0.999, 0.999, 0.999, 0.999, 0.999, 0.698, 0.941, 0.034, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(adjusted(&hansen), expected);
    assert_eq!(hansen.superior, [7, 8, 9, 10, 11]);
}

#[test]
fn block_lengths_are_those_of_arch() {
    let returns = market(7, 500, 0.3, &twelve(0.0004, 7.0));
    let expected = [
        (0, 5.583_691_561_982_91, 6.391_731_257_026_698),
        (5, 5.066_709_857_925_707, 5.799_934_937_252_925),
        (11, 5.177_261_864_591_127, 5.926_485_393_825_684),
    ];
    for (set, stationary, circular) in expected {
        let found = block_length(&returns[set]);
        near(found.stationary, stationary, 1e-10);
        near(found.circular, circular, 1e-10);
    }
    let found = block_length(&market(3, 1500, 0.8, &[0.0])[0]);
    near(found.stationary, 27.002_503_281_178_992, 1e-10);
    near(found.circular, 30.910_150_090_558_673, 1e-10);
    assert_eq!(block_length(&[0.3; 40]), BlockLength { stationary: 1.0, circular: 1.0 });
}

#[test]
fn cross_validation_is_that_of_the_paper() {
    let returns = market(7, 500, 0.3, &twelve(0.0004, 7.0));
    // Blocks, periods, PBO, loss, slope, intercept, R2, sum of logits, median chosen, median judged.
    let expected = [
        (8, 496, [0.528_571_428_571_428_6, 0.485_714_285_714_285_7, -0.943_186_660_032_449, 0.140_843_871_515_378_83]),
        (10, 500, [0.519_841_269_841_269_9, 0.503_968_253_968_254, -1.125_682_461_235_703_5, 0.154_453_315_074_693_7]),
        (
            16,
            496,
            [0.538_772_338_772_338_8, 0.567_132_867_132_867_1, -0.961_134_249_730_177_4, 0.139_242_790_523_969_93],
        ),
    ];
    let more = [
        [0.596_197_837_361_744_9, -1.716_572_118_911_940_5, 0.154_571_301_776_614_24, 0.002_646_027_167_492_991_3],
        [0.488_177_785_021_089_77, -3.349_320_030_016_894_4, 0.145_701_807_027_731_6, -0.000_616_443_120_221_413_3],
        [0.457_158_257_359_836_2, -447.856_683_001_227_5, 0.157_715_212_631_262_2, -0.009_122_494_247_280_136],
    ];
    for ((n_blocks, n, [pbo, loss, slope, intercept]), [r2, logits, chosen, judged]) in expected.into_iter().zip(more) {
        let cut: Vec<Vec<f64>> = returns.iter().map(|set| set[..n].to_vec()).collect();
        let (sets, grid) = condensed(&cut, n_blocks, 1.0);
        let lengths: Vec<usize> = (0..n_blocks).map(|idx| grid.block(idx).len()).collect();
        let found = overfitting::overfitting(&sets.iter().collect::<Vec<_>>(), &lengths, 1.0).unwrap();
        near(found.probability, pbo, 1e-12);
        near(found.probability_of_loss, loss, 1e-12);
        let line = found.degradation.unwrap();
        near(line.slope, slope, 1e-9);
        near(line.intercept, intercept, 1e-9);
        near(line.r_squared, r2, 1e-9);
        near(found.splits.iter().map(|split| split.logit).sum(), logits, 1e-9);
        near(found.chosen_sharpe_median, chosen, 1e-9);
        near(found.judged_sharpe_median, judged, 1e-7);
        assert_eq!(found.splits.len(), if n_blocks == 16 { 12_870 } else { [70, 252][(n_blocks - 8) / 2] });
    }
}

#[test]
fn the_worked_example_of_the_deflated_ratio() {
    // Bailey and Lopez de Prado 2014: 100 trials with a variance of 1/2 a year, 1,250 days, skewness -3, kurtosis 10, a
    // ratio of 2.5 a year of 250 days: SR0 = 0.1132, deflated 0.9004.
    let threshold = expected_max_sharpe(100, (0.5f64 / 250.0).sqrt()).unwrap();
    near(threshold, 0.113_172_001_865_132_14, 1e-9);
    let found = probability_above(2.5 / 250f64.sqrt(), threshold, 1250, (-3.0, 10.0)).unwrap();
    near(found, 0.900_396_834_449_390_3, 1e-9);
}

#[test]
fn lengths_of_records_and_backtests() {
    // Five years of history and 45 trials: a ratio of 1 is expected of worthless sets (Bailey and others 2014, figure 2).
    near(min_backtest_years(45, 1.0).unwrap(), 5.0, 0.02);
    near(min_backtest_years(45, 2.0).unwrap(), min_backtest_years(45, 1.0).unwrap() / 4.0, 1e-12);
    assert_eq!(min_backtest_years(10, -1.0), None);
    // By hand: ratio 0.1, normal returns, z = 1.6448536: 1 + (1 + 2/4 0.01) (16.448536)^2 = 1 + 1.005 * 270.554345.
    near(min_track_record(0.1, 0.0, (0.0, 3.0), 0.95).unwrap(), 272.907_117, 1e-8);
    assert_eq!(min_track_record(0.1, 0.1, (0.0, 3.0), 0.95), None);
    // A record that long is worth just the confidence.
    let n = min_track_record(0.1, 0.02, (-0.4, 6.0), 0.9).unwrap();
    let z = (0.1 - 0.02) * (n - 1.0).sqrt() / (1.0f64 + 0.04 + 5.0 / 4.0 * 0.01).sqrt();
    near(crosscut_kernels::metrics::probability::normal_cdf(z), 0.9, 1e-12);
}

#[test]
fn autocorrelation_widens_the_year() {
    let returns = market(7, 500, 0.3, &twelve(0.0004, 7.0));
    let (sets, _) = condensed(&returns, 8, 12.0);
    near(sets[11].sharpe().unwrap(), 0.095_741_193_844_025_44, 1e-11);
    let scale = annual_scale(&sets[11].autocorrelations, 12.0).unwrap();
    near(sets[11].sharpe().unwrap() * scale, 0.262_133_731_204_653_7, 1e-9);
    near(annual_scale(&[], 12.0).unwrap(), 12f64.sqrt(), 1e-15);
    // Lo's own example of a first-order process: q = 2, rho = 0.5: 2 / sqrt(2 + 2 * 0.5).
    near(annual_scale(&[0.5, 0.25], 2.0).unwrap(), 2.0 / 3f64.sqrt(), 1e-15);
    assert_eq!(annual_scale(&[-1.0], 2.0), None);
}

#[test]
fn effective_trials_are_those_of_the_paper() {
    let returns = market(7, 500, 0.3, &twelve(0.0004, 7.0));
    let (sets, _) = condensed(&returns, 8, 1.0);
    let found = trials::trials(&sets.iter().collect::<Vec<_>>(), 1.0);
    near(found.mean_correlation.unwrap(), 0.003_446_714_410_273_470_6, 1e-9);
    near(found.n_effective, 11.962_086_141_486_992, 1e-11);
    near(found.sharpe_deviation.unwrap(), 0.125_214_161_486_559_28, 1e-10);
    near(found.sharpe_threshold.unwrap(), expected_max_sharpe(12, found.sharpe_deviation.unwrap()).unwrap(), 1e-12);
    assert_eq!(trials::effective(100, Some(0.4)), 0.4 + 0.6 * 100.0);
    assert_eq!(trials::effective(100, Some(-0.5)), 100.0);
    assert_eq!((trials::effective(3, Some(0.75)), trials::effective(3, Some(1.0))), (1.5, 1.0));
    // Sets alike but for their size are one trial, whose bar is 0; one that goes its own way adds more than one.
    let [first, .., last] = returns.as_slice() else { panic!("twelve sets") };
    let scaled = |by: f64| first.iter().map(|value| by * value).collect::<Vec<_>>();
    let of = |returns: &[Vec<f64>]| {
        let (sets, _) = condensed(returns, 8, 1.0);
        trials::trials(&sets.iter().collect::<Vec<_>>(), 1.0)
    };
    let alike = of(&[first.clone(), scaled(0.5), scaled(2.0)]);
    near(alike.n_effective, 1.0, 1e-12);
    assert_eq!(alike.sharpe_threshold, Some(0.0));
    let apart = of(&[first.clone(), scaled(0.5), last.clone()]);
    let rho = apart.mean_correlation.unwrap();
    near(apart.n_effective, rho + (1.0 - rho) * 3.0, 1e-12);
    assert!((2.2..2.5).contains(&apart.n_effective), "{apart:?}");
    near(apart.sharpe_threshold.unwrap(), expected_max_sharpe(2, apart.sharpe_deviation.unwrap()).unwrap(), 1e-12);
}
