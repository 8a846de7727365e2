//! Monthly rotation against the library bt 1.4.1 (`SelectMomentum`, `WeighEqually` and `WeighInvVol`) on a made-up market.
//!
//! `docs/validation/strategies.md` says how; the numbers are bt's portfolio values.

use std::collections::BTreeMap;

use crosscut_model::time::{DAY, midnight};
use crosscut_trading::rules::Execution;

use crate::config::BacktestConfig;
use crate::panel::{Extras, PanelBuilder, SeriesInput, SymbolRules};
use crate::replay::replay;

/// Closes of six symbols over 700 days: a 64-bit linear congruence, its upper 53 bits as a number in [0, 1).
fn closes() -> Vec<Vec<f64>> {
    let mut state = 61_u64;
    let mut number = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut out = vec![Vec::new(); 6];
    let mut last = [100.0; 6];
    for _ in 0..700 {
        for (last, out) in last.iter_mut().zip(&mut out) {
            *last *= 1.0 + (number() - 0.48) * 0.06;
            out.push(*last);
        }
    }
    out
}

/// Equity at the end of a rotation from April 2020 on.
fn final_equity(params: &[(&str, &str)], at: usize) -> f64 {
    let first = midnight(2020, 1, 1);
    let common = [("lookbacks", "60"), ("absolute", "none")];
    let params = common.iter().chain(params).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let config = BacktestConfig {
        strategy: "rotation".to_owned(),
        params: params.collect::<BTreeMap<_, _>>(),
        timeframe: "1d".parse().unwrap(),
        start: Some(midnight(2020, 4, 1)),
        execution: Execution::Close,
        rebalance: "MS".parse().unwrap(),
        commission_bps: 0.0,
        slippage_bps: 0.0,
        ..BacktestConfig::default()
    };
    let builder = PanelBuilder::new(&config).unwrap();
    assert_eq!(builder.earliest_needed(&config), None, "the bars before the start are looked back on");
    let series = closes().into_iter().enumerate().map(|(at, close)| {
        let timestamps = (0..700).map(|day| first + day * DAY).collect();
        let input = SeriesInput { symbol: format!("S{at}"), timestamps, close, ..SeriesInput::default() };
        builder.series(input, SymbolRules::default()).unwrap()
    });
    let series = series.collect();
    let panel = builder.build(series, Extras::default()).unwrap();
    replay(&panel, &config).unwrap().equity[at]
}

#[test]
fn rotation_is_bts() {
    let days_before = 31 + 29 + 31;
    for (params, at, expected) in [
        (&[("top_n", "2")][..], 699 - days_before, 1_725_575.684_682_490_8),
        (&[("top_n", "2")], 365 - days_before, 1_192_211.190_212_228),
        (
            &[("top_n", "3"), ("weighting", "inverse_volatility"), ("vol_lookback", "30")],
            699 - days_before,
            2_262_564.231_697_322,
        ),
    ] {
        let equity = final_equity(params, at);
        assert!((equity / expected - 1.0).abs() < 1e-9, "{params:?} {at}: {equity} {expected}");
    }
}
