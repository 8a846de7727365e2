//! Each built-in factor at one row, worked out by hand.

use super::*;
use crate::library::{families, family};

/// Four bars in the order of [`COLUMNS`].
fn four_bars() -> Vec<Vec<f64>> {
    vec![
        vec![100.0, 100.0, 110.0, 99.0],      // open
        vec![110.0, 121.0, 121.0, 110.0],     // high
        vec![100.0, 100.0, 100.0, 100.0],     // low
        vec![100.0, 110.0, 99.0, 108.9],      // close
        vec![10.0, 20.0, 30.0, 50.0],         // volume
        vec![5.0, 10.0, 12.0, 30.0],          // buy_volume
        vec![5.0, 10.0, 18.0, 20.0],          // sell_volume
        vec![100.0, 110.0, 90.0, 110.0],      // vwap
        vec![1000.0, 2200.0, 2970.0, 5445.0], // dollar_volume
        vec![10.0, 10.0, 20.0, 20.0],         // tick_count
        vec![0.5, 0.6, 0.2, 0.4],             // up_move_ratio
        vec![100.0, 100.0, 100.0, 100.0],     // medium_price
        vec![1.0, 2.0, 3.0, 5.0],             // reversals
        vec![1.0; 4],                         // sector
        vec![1.0; 4],                         // industry
        vec![1.0; 4],                         // subindustry
        vec![1e6; 4],                         // cap
        vec![0.0, 1e6, 2e6, 3e6],             // timestamp
    ]
}

/// Asserts the values of a family's factors at the last of the four bars.
fn check(program: &Program, expected: &[(&str, f64)]) {
    let outputs = run(program, &four_bars(), &[]);
    for (name, want) in expected {
        let at = program.outputs().iter().position(|output| output == name).unwrap_or_else(|| panic!("{name}"));
        let got = outputs[at][3];
        assert!((got / want - 1.0).abs() < 1e-13, "{name}: {got} for {want}");
    }
}

#[test]
fn features_by_hand() {
    let program = compile(&family("features").unwrap().factors(Some(&[2])).unwrap());
    let expected = [
        // One-bar returns are 0.1, -0.1, 0.1.
        ("return_1", 0.1),
        ("log_return_1", 0.095_310_179_804_324_93), // ln 1.1
        ("buy_ratio", 0.6),
        ("imbalance", 0.2),
        ("vwap_deviation", -0.01),
        ("vwap_median_dev", 0.1),
        ("return_2", -0.01),
        ("log_return_2", -0.010_050_335_853_501_45), // ln 0.99
        // Returns -0.1 and 0.1: mean 0, squares sum to 0.02, over 1.
        ("volatility_2", 0.141_421_356_237_309_5),
        ("volatility_ann_2", std::f64::consts::SQRT_2), // times sqrt(100)
        // ln(1.21) = 2 ln(1.1): squares 4 a and a with a = ln(1.1)^2; 2.5 a / (4 ln 2), root.
        ("parkinson_2", 0.090_503_748_445_625_75),
        ("momentum_2", -1.1),
        ("sma_2", 103.95),
        // alpha 2/3: 100, 320/3, 914/9, 106.45185...
        ("ema_2", 106.451_851_851_851_85),
        ("price_sma_2", 1.047_619_047_619_047_6), // 22/21
        // Deviation 9.9 / sqrt 2; 0.5 + 4.95 sqrt 2 / 39.6.
        ("bb_pos_2", 0.676_776_695_296_636_9),
        // Gains 10, 0, 9.9 and losses 0, 11, 0 with alpha 1/2: 7.45 against 2.75.
        ("rsi_2", 73.039_215_686_274_51),
        ("volume_sma_2", 40.0),
        ("volume_ratio_2", 1.25),
        ("dollar_vol_sma_2", 4207.5),
        ("up_ratio_sma_2", 0.3),
        ("reversal_rate_2", 0.2),
        // (0.1 / 2970 + 0.1 / 5445) / 2 * 1e6
        ("amihud_2", 26.017_753_290_480_564),
    ];
    assert_eq!(program.outputs(), expected.map(|(name, _)| name));
    check(&program, &expected);
}

#[test]
fn default_windows_and_names() {
    let features = compile(&family("features").unwrap().factors(None).unwrap());
    assert_eq!(features.outputs().len(), 6 + 17 * 4);
    assert_eq!(features.outputs()[6..10], ["return_5", "return_10", "return_20", "return_60"]);
    let kit = compile(&family("kit_w3").unwrap().factors(None).unwrap());
    assert_eq!(kit.outputs().len(), 80);
    assert_eq!(kit.outputs()[..3], ["ret_5", "logret_5", "vol_5"]);
    assert_eq!(kit.outputs()[79], "vwapdev_60");
    assert!(family("kit_w3").unwrap().factors(Some(&[7])).is_err());
    assert!(family("features").unwrap().factors(Some(&[])).is_err());
    assert!(family("alpha999").is_none());
    assert!(families().iter().all(|family| !family.summary.is_empty()));
}

#[test]
fn the_kit_maps_onto_the_features() {
    let names = [
        ("ret", "return"),
        ("logret", "log_return"),
        ("vol", "volatility"),
        ("annvol", "volatility_ann"),
        ("parkinson", "parkinson"),
        ("mom", "momentum"),
        ("sma", "sma"),
        ("ema", "ema"),
        ("psma", "price_sma"),
        ("bb", "bb_pos"),
        ("rsi", "rsi"),
        ("vsma", "volume_sma"),
        ("vratio", "volume_ratio"),
        ("dvsma", "dollar_vol_sma"),
        ("upsma", "up_ratio_sma"),
        ("revr", "reversal_rate"),
        ("amihud", "amihud"),
    ];
    let kit = compile(&family("kit_w3").unwrap().factors(None).unwrap());
    let specs = family("features").unwrap().factors(None).unwrap();
    let features = Program::compile(&[], &specs, &COLUMNS, &[("periods_per_year", 8760.0)]).unwrap();
    let bars = bars(11, 300);
    let (kit_values, values) = (run(&kit, &bars, &[]), run(&features, &bars, &[]));
    let at = |program: &Program, name: String| program.outputs().iter().position(|n| *n == name).unwrap();
    for window in [5, 10, 20, 60] {
        for (short, long) in names {
            let one = &kit_values[at(&kit, format!("{short}_{window}"))];
            let two = &values[at(&features, format!("{long}_{window}"))];
            assert_eq!(bits(one), bits(two), "{short}_{window}");
        }
    }
}

#[test]
fn the_kits_own_columns_by_hand() {
    let mut factors = family("kit_w3").unwrap().factors(None).unwrap();
    factors.retain(|factor| factor.windows == [5] && ["buyr_{w}", "imb_{w}", "vwapdev_{w}"].contains(&&*factor.name));
    for factor in &mut factors {
        factor.windows = vec![2];
    }
    // 42 of 80 bought, 38 sold; close over vwap - 1 is 0.1 and -0.01.
    check(&compile(&factors), &[("buyr_2", 0.525), ("imb_2", 0.05), ("vwapdev_2", 0.045)]);
}

#[test]
fn rsi_at_its_ends() {
    let factor = FactorSpec { windows: vec![2], ..family("features").unwrap().factors(None).unwrap()[16].clone() };
    assert_eq!(factor.name, "rsi_{w}");
    let program = compile(&[factor]);
    let rsi = |closes: [f64; 4]| {
        let mut bars = four_bars();
        bars[3] = closes.to_vec();
        run(&program, &bars, &[])[0][3]
    };
    assert_eq!(rsi([1.0, 2.0, 3.0, 4.0]), 100.0);
    assert_eq!(rsi([4.0, 3.0, 2.0, 1.0]), 0.0);
    assert!(rsi([1.0; 4]).is_nan());
}

/// A family's factors on the windows given instead of its own.
fn with_windows(name: &str, windows: &[usize]) -> Program {
    let mut factors = family(name).unwrap().factors(None).unwrap();
    let mut names = std::collections::BTreeSet::new();
    factors.retain(|factor| names.insert(factor.name.clone()));
    factors.iter_mut().filter(|factor| !factor.windows.is_empty()).for_each(|factor| factor.windows = windows.to_vec());
    compile(&factors)
}

#[test]
fn alphas_by_hand() {
    let alone = ["alpha_012", "alpha_041", "alpha_054", "alpha_101"];
    let mut factors = family("alpha101").unwrap().factors(None).unwrap();
    factors.retain(|factor| alone.contains(&factor.name.as_str()));
    let expected = [
        ("alpha_012", -9.9),
        ("alpha_041", -5.119_115_182_984_466),   // sqrt(11000) - 110
        ("alpha_054", -0.552_619_977_522_648_1), // -0.89 / 1.1^5
        ("alpha_101", 9.9 / 10.001),
    ];
    check(&compile(&factors), &expected);
}

#[test]
fn the_features_of_qlib_by_hand() {
    let program = with_windows("alpha158", &[2]);
    let expected = [
        ("kmid", 0.1),
        ("kup", 1.1 / 99.0),
        ("klow2", -1.0 / (10.0 + 1e-12)), // the open lies below the low
        ("roc2", 110.0 / 108.9),
        ("ma2", 103.95 / 108.9),
        ("beta2", 9.9 / 108.9),
        ("rsqr2", 1.0),
        ("max2", 121.0 / 108.9),
        ("qtlu2", (99.0 + 0.8 * 9.9) / 108.9),
        ("rank2", 1.0),
        ("rsv2", 8.9 / 21.0),
        ("imax2", 0.5),
        ("corr2", 1.0),
        ("cntp2", 0.5),
        ("sump2", 9.9 / 20.9),
        ("sumd2", -1.1 / 20.9),
        ("vma2", 0.8),
        ("vsump2", 1.0),
    ];
    check(&program, &expected);
    let names = compile(&family("alpha158").unwrap().factors(None).unwrap()).outputs().to_vec();
    assert_eq!((names.len(), &*names[0], &*names[13], &*names[157]), (158, "kmid", "roc5", "vsumd60"));
    let program = compile(&family("alpha360").unwrap().factors(None).unwrap());
    let names = program.outputs();
    assert_eq!((names.len(), &*names[0], &*names[59], &*names[60]), (360, "close59", "close0", "open59"));
    assert_eq!(names[359], "volume0");
    check(&program, &[("close1", 99.0 / 108.9), ("high3", 110.0 / 108.9), ("volume2", 0.4), ("vwap0", 110.0 / 108.9)]);
}

#[test]
fn indicators_by_hand() {
    let program = with_windows("talib", &[2]);
    let expected = [
        ("sma_2", 103.95),
        // 105, then 101, then two thirds of the way to 108.9.
        ("ema_2", 101.0 + 7.9 * 2.0 / 3.0),
        ("wma_2", (2.0 * 108.9 + 99.0) / 3.0),
        ("stddev_2", 4.95),
        ("linearreg_2", 108.9),
        ("linearreg_slope_2", 9.9),
        ("min_2", 100.0),
        ("max_2", 121.0),
        ("roc_2", -1.0),
        ("correl_cv_2", 1.0),
        ("trange", 11.0),
        ("obv", 50.0), // 10 + 20 - 30 + 50
        ("ad", -10.0 - 20.0 / 21.0 - 690.0 / 21.0 + 39.0),
        ("bop", 0.99),
    ];
    check(&program, &expected);
    assert_eq!(compile(&family("talib").unwrap().factors(None).unwrap()).outputs().len(), 67);
    // Averaged bodies: closes 102.5 107.75 107.5 104.475; opens 100 101.25 104.5 106.
    let program = with_windows("indicators", &[]);
    let expected = [
        ("heikin_ashi_open", 106.0),
        ("heikin_ashi_close", 104.475),
        ("heikin_ashi_high", 110.0),
        ("heikin_ashi_low", 100.0),
    ];
    check(&program, &expected);
}

#[test]
fn sessions_by_hand() {
    // Typical prices 310/3 331/3 320/3 106.3 on volumes 10 20 30 50.
    let expected = [
        ("session_vwap", 11_755.0 / 110.0),
        ("session_return", 0.089),
        ("session_range_place", 8.9 / 21.0),
        ("session_volume", 110.0),
    ];
    check(&with_windows("sessions", &[]), &expected);
    // A day later everything begins anew.
    let program = compile(&[FactorSpec::new("f", "session_sum(volume, utc_day(timestamp))")]);
    let mut bars = four_bars();
    bars[17] = vec![0.0, 86_399e6, 86_400e6, 90_000e6];
    assert_eq!(run(&program, &bars, &[])[0], [10.0, 30.0, 30.0, 80.0]);
}

#[test]
fn every_built_in_factor_says_what_it_is() {
    for family in families() {
        let mut names = std::collections::BTreeSet::new();
        for factor in family.factors(None).unwrap() {
            assert!(names.insert((factor.name.clone(), factor.windows.clone())), "{}", factor.name);
            assert!(factor.notes.is_some_and(|notes| !notes.is_empty()), "{}", factor.name);
        }
    }
}
