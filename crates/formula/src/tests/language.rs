//! What formulas mean: text and rows in, values out.

use super::*;

/// The last values of a formula over the columns `close` and `open`, as text.
fn check(formula: &str, close: &[f64], open: &[f64], expected: &str) {
    let factor = FactorSpec::new("f", formula);
    let program = Program::compile(&[], &[factor], &["open", "close"], &[]).unwrap_or_else(|e| panic!("{e}"));
    let mut session = program.session().unwrap();
    let columns: Vec<&[f64]> = program.inputs().iter().map(|name| if name == "open" { open } else { close }).collect();
    let mut outputs = vec![Vec::new()];
    session.update(&columns, &mut outputs);
    let texts: Vec<String> = outputs[0].iter().map(|x| format!("{x}")).collect();
    assert_eq!(texts.join(" "), expected, "{formula}");
}

/// A formula on the four closes 2, 8, 4, 6 and the four opens 1, 2, 3, missing.
fn simple(formula: &str, expected: &str) {
    check(formula, &[2.0, 8.0, 4.0, 6.0], &[1.0, 2.0, 3.0, f64::NAN], expected);
}

/// The same up to a rounding error.
fn near(formula: &str, expected: &str) {
    let program = Program::compile(&[], &[FactorSpec::new("f", formula)], &["open", "close"], &[]).unwrap();
    let columns: [&[f64]; 2] = [&[1.0, 2.0, 3.0, f64::NAN], &[2.0, 8.0, 4.0, 6.0]];
    let columns: Vec<&[f64]> = program.inputs().iter().map(|name| columns[usize::from(name == "close")]).collect();
    let mut outputs = vec![Vec::new()];
    program.session().unwrap().update(&columns, &mut outputs);
    let want: Vec<f64> = expected.split(' ').map(|text| text.parse().unwrap()).collect();
    let agree = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12 || (a.is_nan() && b.is_nan());
    assert!(outputs[0].iter().zip(&want).all(agree), "{formula}: {:?} for {expected}", outputs[0]);
}

#[test]
fn arithmetic_and_strength() {
    simple("close + 2 * 3", "8 14 10 12");
    simple("(close + 2) * 3", "12 30 18 24");
    simple("close - 1 - 1", "0 6 2 4");
    simple("close / 2 / 2", "0.5 2 1 1.5");
    simple("-close ^ 2", "-4 -64 -16 -36");
    simple("2 ^ 3 ^ 0 * close", "4 16 8 12");
    simple("2 ^ -1 * close", "1 4 2 3");
    simple("+close - -close", "4 16 8 12");
    simple("close ** 0.5 - sqrt(close)", "0 0 0 0");
    simple("1.5e1 + .5 * close", "16 19 17 18");
    simple("close - open", "1 6 1 NaN");
}

#[test]
fn comparison_and_logic() {
    simple("close > 4", "0 1 0 1");
    simple("close >= 4 and close < 8", "0 0 1 1");
    simple("close > 4 & open == 2 | close == 4", "0 1 1 NaN");
    simple("not close > 4", "1 0 1 0");
    simple("!(close != 4)", "0 0 1 0");
    simple("close <= open", "0 0 0 NaN");
    simple("where(close > 4, close, -1)", "-1 8 -1 6");
    simple("if(open > 1, open, close)", "2 2 3 NaN");
    simple("where(close > 100, open, close)", "2 8 4 6");
    simple("where(close > 4, close, open)", "1 8 3 6");
}

#[test]
fn functions_of_the_row() {
    simple("abs(close - 5)", "3 3 1 1");
    simple("sign(close - 4)", "-1 1 0 1");
    simple("max(close, 5) - min(close, 5)", "3 3 1 1");
    simple("max(open, close)", "2 8 4 NaN");
    simple("log(exp(close)) - close", "0 0 0 0");
    simple("ln(close - 2)", "NaN 1.791759469228055 0.6931471805599453 1.3862943611198906");
    simple("1 / (close - 4)", "-0.5 0.25 NaN 0.5");
    simple("1 / (1 / (close - 4))", "-2 4 NaN 2");
    simple("sqrt(close - 4)", "NaN 2 0 1.4142135623730951");
    simple("pow(close, 3)", "8 512 64 216");
    simple("signed_power(4 - close, 2)", "4 -16 0 -4");
}

#[test]
fn delays_and_windows() {
    simple("delay(close, 1)", "NaN 2 8 4");
    simple("delay(close, 0)", "2 8 4 6");
    simple("delta(close, 2)", "NaN NaN 2 -2");
    simple("ts_sum(close, 3)", "NaN NaN 14 18");
    simple("ts_mean(close, 2)", "NaN 5 6 5");
    simple("ts_var(close, 2)", "NaN 18 8 2");
    simple("ts_std(close, 2) ^ 2 - 2 < 1e-12", "NaN 0 0 1");
    simple("ts_min(close, 3)", "NaN NaN 2 4");
    simple("ts_max(close, 3)", "NaN NaN 8 8");
    simple("ts_argmax(close, 3)", "NaN NaN 2 1");
    simple("ts_argmin(close, 3)", "NaN NaN 1 2");
    simple("ts_rank(close, 4)", "NaN NaN NaN 0.75");
    simple("ts_median(close, 4)", "NaN NaN NaN 5");
    simple("ts_quantile(close, 4, 1)", "NaN NaN NaN 8");
    simple("ts_corr(close, 2 * close, 3)", "NaN NaN 1 1");
    simple("ts_corr(close, -close, 3)", "NaN NaN -1 -1");
    simple("ts_cov(close, open, 2)", "NaN 3 -2 NaN");
    simple("decay_linear(close, 3)", "NaN NaN 5 5.666666666666667");
    simple("cumsum(open)", "1 3 6 NaN");
    simple("ema(close, 3)", "NaN NaN 4.5 5.25");
    simple("wilder(close, 2)", "NaN 5 4.5 5.25");
    simple("ts_sum(open, 2)", "NaN 3 5 NaN");
    simple("ts_mean(close, 2 * 2)", "NaN NaN NaN 5");
}

#[test]
fn names_of_other_families() {
    simple("Ref($close, 1) / $close", "NaN 0.25 2 0.6666666666666666");
    simple("Mean($close, 2) - mean(close, 2)", "NaN 0 0 0");
    simple("Max($close, 3) - Greater($close, 5)", "NaN NaN 3 2");
    simple("Min($close, 3) - Less($close, 5)", "NaN NaN -2 -1");
    simple("If(Gt($close, 4), Add($open, 1), Sub(0, 1))", "-1 3 -1 NaN");
    simple("Rank($close, 4)", "NaN NaN NaN 0.75");
    simple("Quantile($close, 4, 1) - Med($close, 4)", "NaN NaN NaN 3");
    simple("IdxMax($close, 3) * 10 + IdxMin($close, 3)", "NaN NaN 21 12");
    simple("And(Ge($close, 4), Not(Eq($close, 8)))", "0 0 1 1");
    simple("Or(Lt($close, 3), Le($close, 4))", "1 0 1 0");
    simple("Abs(Sign(Delta($close, 1))) * Power($close, 2)", "NaN 64 16 36");
    simple("WMA($close, 3) - decay_linear(close, 3)", "NaN NaN 0 0");
    simple("Count($open, 2)", "NaN 2 2 1");
    simple("returns", "NaN 3 -0.5 0.5");
    simple("SignedPower(4 - close, 2)", "4 -16 0 -4");
    simple("stddev(close, 2) - Std($close, 2)", "NaN 0 0 0");
    simple("product(close, 3) / sum(close, 3)", "NaN NaN 4.571428571428571 10.666666666666666");
    simple("close > 4 ? 1 : close > 3 ? 2 : 3", "3 1 2 1");
    simple("(close > 4 ? 1 : 2) * 10", "20 10 20 10");
}

#[test]
fn lines_and_shapes() {
    // Closes 2 8 4: slope 1 per row, mean 14/3, so the line ends at 17/3. Closes 8 4 6: slope -1, line ends at 5.
    near("ts_slope(close, 3)", "NaN NaN 1 -1");
    near("ts_line(close, 3)", "NaN NaN 5.666666666666667 5");
    near("ts_line_start(close, 3)", "NaN NaN 3.666666666666667 7");
    near("ts_residual(close, 3) + ts_line(close, 3) - close", "NaN NaN 0 0");
    // Squares sum to 56/3 and 8 around the means, the lines explain 2 of them.
    near("ts_rsquare(close, 3)", "NaN NaN 0.10714285714285714 0.25");
    // On 1 2 3 the closes 2 8 4 have the same line.
    near("ts_beta(close, open, 3)", "NaN NaN 1 NaN");
    near("ts_alpha(close, open, 3)", "NaN NaN 2.666666666666667 NaN");
    near("ts_regression_residual(close, open, 3) - ts_residual(close, 3)", "NaN NaN 0 NaN");
    // Around 14/3: 8/3, 10/3, 2/3; around 6: 2 2 0.
    near("ts_mad(close, 3)", "NaN NaN 2.2222222222222223 1.3333333333333333");
    near("ts_zscore(close, 2) ^ 2", "NaN 0.5 0.5 0.5");
    near("ts_age_max(close, 3) * 10 + ts_age_min(close, 3)", "NaN NaN 12 21");
    // Deviations -3 3 -1 1: variance 20/3, fourth powers 164; 20/6 * 164 / (20/3)^2 - 27/2.
    near("ts_kurt(close, 4)", "NaN NaN NaN -1.2");
    near("ts_skew(close, 4)", "NaN NaN NaN 0");
    // Deviations -8/3 10/3 -2/3: cubes sum to 160/9, variance 28/3; 3/2 of their ratio.
    near("ts_skew(close, 3)", "NaN NaN 0.9352195295828235 0");
}

#[test]
fn carried_numbers() {
    near("cummax(close) * 10 + cummin(close)", "22 82 82 82");
    near("cumprod(close) + first(open)", "3 17 65 NaN");
    near("ewma(close, 0.5)", "2 5 4.5 5.25");
    // Weights 1, then 1 and 1/3, then 1, 1/3 and 1/9.
    near("EMA(close, 2)", "2 6.5 4.769230769230769 5.6");
    near("ema_seeded(close, 2)", "NaN 5 4.333333333333333 5.444444444444445");
    near("wilder_seeded(close, 2)", "NaN 5 4.5 5.25");
    near("wilder_sum(close, 2)", "NaN 9 8.5 10.25");
    // From the close before the first share.
    near("adaptive_mean(close, 0 * close + 0.5)", "NaN 5 4.5 5.25");
    near("fill(open, 7) + fill(delay(close, 1), 0)", "NaN 4 11 11");
    near("has_value(open)", "1 1 1 0");
    // A session ends before each close above 5.
    near("session_sum(close, cumsum(close > 5))", "2 8 12 6");
    near("session_max(close, close > 5) - session_min(close, close > 5)", "0 0 0 0");
    near("session_first(close, 0 * close) + session_count(close, 0 * close)", "3 4 5 6");
    near("utc_day(close * 86400e6 - 1)", "1 7 3 5");
}

#[test]
fn functions_of_the_user() {
    let lets = [
        ("momentum(x, n)", "x / delay(x, n) - 1"),
        ("twice(x)", "2 * x"),
        ("mixed(x, n)", "twice(momentum(x, n)) + shift"),
    ];
    let lets = [&lets[..2], &[("shift", "1 + 0")], &lets[2..]].concat();
    let lets: Vec<(String, String)> = lets.iter().map(|(name, body)| ((*name).into(), (*body).into())).collect();
    let factors = [FactorSpec::new("f", "mixed(close, 1 + 1)"), FactorSpec::new("g", "momentum(f, 1)")];
    let program = Program::compile(&lets, &factors, &["close"], &[]).unwrap();
    let mut outputs = vec![Vec::new(); 2];
    program.session().unwrap().update(&[&[2.0, 8.0, 4.0, 6.0]], &mut outputs);
    assert_eq!(outputs[0][2..], [3.0, 0.5]);
    assert_eq!(outputs[1][3], 0.5 / 3.0 - 1.0);
}

#[test]
fn lets_windows_constants_and_earlier_factors() {
    let lets = [("ret1".to_owned(), "close / delay(close, 1) - 1".to_owned()), ("n".to_owned(), "1 + 1".to_owned())];
    let factors = [
        FactorSpec { windows: vec![1, 2], ..FactorSpec::new("sum_{w}", "ts_sum(ret1, {w})") },
        FactorSpec::new("twice", "n * sum_2 * year"),
        FactorSpec::new("close", "close"),
    ];
    let program = Program::compile(&lets, &factors, &["open", "close"], &[("year", 10.0)]).unwrap();
    assert_eq!(program.inputs(), ["close"]);
    assert_eq!(program.outputs(), ["sum_1", "sum_2", "twice", "close"]);
    assert_eq!(program.factors()[1].formula, "ts_sum(ret1, 2)");
    let mut outputs = vec![Vec::new(); 4];
    program.session().unwrap().update(&[&[2.0, 4.0, 6.0]], &mut outputs);
    assert_eq!(outputs[0][1..], [1.0, 0.5]);
    assert_eq!(outputs[1][2], 1.5);
    assert_eq!(outputs[2][2], 30.0);
    assert_eq!(outputs[3], [2.0, 4.0, 6.0]);
}

#[test]
fn lookback_and_stage_follow_from_the_formula() {
    let factors = [
        FactorSpec::new("a", "close"),
        FactorSpec::new("b", "ts_mean(delay(close, 3), 20)"),
        FactorSpec::new("c", "ema(close, 5)"),
        FactorSpec::new("d", "ts_sum(cs_rank(ts_mean(close, 20)), 5)"),
        FactorSpec::new("e", "cs_rank(c)"),
    ];
    let program = compile(&factors);
    let rows: Vec<_> = program.lookbacks().iter().map(|l| (l.rows, l.unbounded)).collect();
    assert_eq!(rows, [(0, false), (22, false), (4, true), (23, false), (4, true)]);
    use crate::Stage::{Accumulator, Scorer, Transformer};
    assert_eq!(program.stages(), [Transformer, Transformer, Accumulator, Scorer, Scorer]);
    assert!(program.has_cross_section());
    assert!(program.session().is_none());
    assert_eq!(program.lookback(), crate::Lookback { rows: 23, unbounded: true });
}

#[test]
fn what_an_output_is_made_of() {
    let program = compile(&[FactorSpec::new("f", "cs_rank(ema(close, 5) / ts_mean($open, 5) + returns)")]);
    let parts = &program.parts()[0];
    assert_eq!(parts.columns, ["open", "close"]);
    let names: Vec<&str> = parts.operators.iter().map(|operator| operator.name).collect();
    assert_eq!(names, ["+", "-", "/", "delay", "ts_mean", "ema", "cs_rank"]);
    use crate::Missing::{Carried, LeftOut, Operand, Window};
    assert_eq!(parts.missing(), [Operand, Window, Carried, LeftOut]);
    assert_eq!(Window.rule(), "missing unless all rows of the window have a value");
}

#[test]
fn a_long_chain_needs_no_deep_stack() {
    let formula = vec!["close"; 1600].join("+");
    let program = compile(&[FactorSpec::new("f", formula)]);
    let outputs = run(&program, &vec![vec![1.0]; COLUMNS.len()], &[]);
    assert_eq!(outputs[0], [1600.0]);
}

#[test]
fn every_operator_has_a_usage_and_names_are_unique() {
    let mut names = std::collections::BTreeSet::new();
    for operator in crate::operators::operators() {
        assert!(!operator.summary.is_empty() && !operator.usage().is_empty());
        for name in [operator.name].iter().chain(operator.aliases) {
            assert!(names.insert((*name, operator.parameters.len())), "{name}");
        }
    }
}
