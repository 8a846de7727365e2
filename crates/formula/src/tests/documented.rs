//! The texts that the language's description promises, in both families of names.

use super::*;
use crate::{PanelInput, Stage};

/// The first symbol's values of formulas over a small panel of generated bars.
fn panel_values(formulas: &[&str]) -> Vec<Vec<u64>> {
    let factors: Vec<FactorSpec> =
        formulas.iter().enumerate().map(|(at, formula)| FactorSpec::new(format!("f{at}"), *formula)).collect();
    let program = compile(&factors);
    let symbols: Vec<Vec<Vec<f64>>> = (0..5).map(|seed| bars(seed + 40, 150)).collect();
    let times: Vec<i64> = (0..150).collect();
    let rows: Vec<PanelInput<'_>> =
        symbols.iter().map(|columns| PanelInput { times: &times, columns: inputs(&program, columns) }).collect();
    let mut outputs = vec![vec![Vec::new(); formulas.len()]; symbols.len()];
    program.panel(symbols.len()).update(&rows, &mut outputs).unwrap();
    outputs[0].iter().map(|values| bits(values)).collect()
}

/// Asserts that formulas mean the same and give something.
fn same(formulas: &[&str]) {
    let values = panel_values(formulas);
    assert!(values[0].iter().any(|&x| f64::from_bits(x).is_finite()), "{} gives nothing", formulas[0]);
    for (formula, other) in formulas.iter().zip(&values) {
        assert_eq!(*other, values[0], "{formula} is not {}", formulas[0]);
    }
}

/// Ways to write the same, one meaning a line: the names of this language, of the formulaic alphas, and of qlib.
const SAME: &str = "
ts_mean(close, 20); mean(close, 20); Mean($close, 20)
delay(close, 5); ts_delay(close, 5); Ref($close, 5)
delta(close, 5); ts_delta(close, 5); Delta($close, 5)
ts_sum(volume, 5); sum(volume, 5); Sum($volume, 5)
ts_std(close, 5); stddev(close, 5); Std($close, 5)
ts_var(close, 5); stddev(close, 5) * 0 + ts_var(close, 5); Var($close, 5)
ts_min(low, 5); Ts_Min(low, 5); Min($low, 5)
ts_max(high, 5); Ts_Max(high, 5); Max($high, 5)
ts_argmin(low, 5); Ts_ArgMin(low, 5); IdxMin($low, 5)
ts_argmax(high, 5); Ts_ArgMax(high, 5); IdxMax($high, 5)
ts_rank(close, 5); Ts_Rank(close, 5); Rank($close, 5)
ts_corr(close, volume, 9); correlation(close, volume, 9); Corr($close, $volume, 9)
ts_cov(close, volume, 9); covariance(close, volume, 9); Cov($close, $volume, 9)
decay_linear(close, 9); ts_decay_linear(close, 9); WMA($close, 9)
signed_power(returns, 2); signedpower(returns, 2); SignedPower(returns, 2)
ts_product(1 + returns, 3); product(1 + returns, 3); product(1 + ($close / Ref($close, 1) - 1), 3)
cs_rank(returns); rank(returns); rank($close / Ref($close, 1) - 1)
cs_scale(returns); scale(returns); scale(returns, 1)
group_neutralize(returns, sector); indneutralize(returns, sector); IndNeutralize(returns, IndClass.sector)
ts_median(close, 5); ts_quantile(close, 5, 0.5); Med($close, 5)
ts_mad(close, 5); Mad(close, 5); Mad($close, 5)
ts_quantile(close, 5, 0.8); Quantile(close, 5, 0.8); Quantile($close, 5, 0.8)
ts_slope(close, 5); Slope(close, 5); Slope($close, 5)
ts_rsquare(close, 5); Rsquare(close, 5); Rsquare($close, 5)
ts_residual(close, 5); Resi(close, 5); Resi($close, 5)
ts_skew(returns, 9); Skew(returns, 9); Skew($close / Ref($close, 1) - 1, 9)
ts_kurt(returns, 9); Kurt(returns, 9); Kurt($close / Ref($close, 1) - 1, 9)
ts_count(close, 5); Count(close, 5); Count($close, 5)
ewm_mean(close, 5); EMA(close, 5); EMA($close, 5)
max(close, open); close > open ? close : open; Greater($close, $open)
min(close, open); where(close < open, close, open); Less($close, $open)
if(close > open, 1, 2); close > open ? 1 : 2; If(Gt($close, $open), 1, 2)
close >= open and not close == low; close >= open && !(close == low); And(Ge($close, $open), Not(Eq($close, $low)))
close < open or close <= low; close < open || close <= low; Or(Lt($close, $open), Le($close, $low))
abs(sign(log(close))); abs(sign(ln(close))); Abs(Sign(Log($close)))
(close + 1) * 2 / (open - 1); div(mul(add(close, 1), 2), sub(open, 1)); Div(Mul(Add($close, 1), 2), Sub($open, 1))
close ^ 3; close ** 3; Power($close, 3)
close != open; ne(close, open); Ne($close, $open)
adv20; sum(volume, 20) / 20 * 0 + adv20; Mean($volume, 20)
cummean(close); cummean($close); Mean($close, 0)
cumstd(close); cumstd(close + 0); Std($close, 0)
cumsum(volume); cumsum($volume); Sum($volume, 0)
cummax(close); cummax($close); Max($close, 0)
cumargmin(close); cumargmin($close); IdxMin($close, 0)
cumcorr(close, volume); cumcorr($close, volume); Corr($close, $volume, 0)
cumslope(close); cumslope($close); Slope($close, 0)
first(close); close - cumdelta(close); Ref($close, 0)
cumdelta(close); close - first(close); Delta($close, 0)
ewm_mean(close, 0.1); ewm_mean(close, 19); EMA($close, 0.1)
";

#[test]
fn both_families_of_names_mean_the_same() {
    let meanings: Vec<Vec<&str>> = SAME.trim().lines().map(|line| line.split("; ").collect()).collect();
    assert_eq!((meanings.len(), meanings.iter().all(|formulas| formulas.len() == 3)), (49, true));
    meanings.iter().for_each(|formulas| same(formulas));
}

#[test]
fn the_texts_of_the_description() {
    let stage = |formula: &str| {
        let program = compile(&[FactorSpec::new("f", formula)]);
        (program.stages()[0], program.lookback().rows, program.lookback().unbounded)
    };
    use Stage::{Accumulator, Scorer, Target, Transformer};
    for (formula, expected) in [
        ("ts_mean(close, 20)", (Transformer, 19, false)),
        ("cs_rank(delta(close, 5))", (Scorer, 5, false)),
        ("decay_linear(cs_rank(ts_corr(close, volume, 10)), 4)", (Scorer, 12, false)),
        ("ts_argmax(signed_power(ts_rank(close, 5), 2), 3)", (Transformer, 6, false)),
        ("group_neutralize(ts_mean(returns, 3), sector)", (Scorer, 3, false)),
        ("Ref($close, 5)/$close - 1", (Transformer, 5, false)),
        ("If($close > Mean($close, 5), Std($close, 5), Quantile($close, 5, 0.8))", (Transformer, 4, false)),
        ("Corr($close, Log($volume + 1), 5) + Slope($close, 5) + Rsquare($close, 5)", (Transformer, 4, false)),
        ("ema(close, 12) - ema(close, 26)", (Accumulator, 25, true)),
        ("wilder(max(delta(close, 1), 0), 14)", (Accumulator, 14, true)),
        ("close / session_first(open, utc_day(timestamp)) - 1", (Accumulator, 0, true)),
        ("cs_residual(cs_winsorize(returns, 0.01), cs_zscore(log(cap)))", (Scorer, 1, false)),
        ("cs_scale(cs_demean(cs_quantile(returns, 5)))", (Scorer, 1, false)),
        ("long_top(cs_rank(returns), 10) + short_bottom(cs_rank(returns), 10)", (Target, 1, false)),
        ("long_above(0.6 * cs_zscore(returns) + 0.4 * cs_zscore(-volume), 1)", (Target, 1, false)),
        ("-cs_rank(ts_sum(close / delay(close, 1) - 1, 5))", (Scorer, 5, false)),
    ] {
        assert_eq!(stage(formula), expected, "{formula}");
    }
}

#[test]
fn a_window_list_gives_one_column_each() {
    let factor =
        FactorSpec { windows: vec![5, 10, 20, 60], ..FactorSpec::new("return_{w}", "close/delay(close,{w})-1") };
    let program = compile(&[factor]);
    assert_eq!(program.outputs(), ["return_5", "return_10", "return_20", "return_60"]);
    let rows: Vec<usize> = program.lookbacks().iter().map(|lookback| lookback.rows).collect();
    assert_eq!(rows, [5, 10, 20, 60]);
}

#[test]
fn a_mistake_is_marked_in_the_window_that_was_filled_in() {
    let factor = FactorSpec { windows: vec![5], ..FactorSpec::new("r_{w}", "close / dealy(close, {w})") };
    let text = Program::compile(&[], &[factor], &COLUMNS, &[]).unwrap_err().to_string();
    let expected = "factor `r_5`: there is no function `dealy` (column 9)\n  close / dealy(close, 5)\n          ^^^^^\nhint: did \
                    you mean `delay`?";
    assert_eq!(text, expected);
}
