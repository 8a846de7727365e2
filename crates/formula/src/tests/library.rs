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
