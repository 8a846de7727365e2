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
