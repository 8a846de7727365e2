//! Targets and statistics across symbols against slow, obvious versions, on values with ties and gaps.

use super::*;
use crate::{PanelInput, Stage};

/// The results of a formula over `x` and `g` for symbols that all have a row at one time.
fn at_one_time(formula: &str, values: &[f64], groups: &[f64]) -> Vec<f64> {
    let program = Program::compile(&[], &[FactorSpec::new("f", formula)], &["x", "g"], &[]).unwrap();
    let column = |name: &str| if name == "x" { values } else { groups };
    let symbol = |at: usize| PanelInput {
        times: &[1],
        columns: program.inputs().iter().map(|name| &column(name)[at..=at]).collect(),
    };
    let mut outputs = vec![vec![Vec::new()]; values.len()];
    let symbols: Vec<PanelInput<'_>> = (0..values.len()).map(symbol).collect();
    program.panel(values.len()).update(&symbols, &mut outputs).unwrap();
    outputs.concat().concat()
}

/// Values with many ties, gaps, and both zeros.
fn values() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![
        6 => (-3i32..4).prop_map(f64::from),
        2 => -3.0..3.0,
        1 => Just(f64::NAN),
        1 => Just(-0.0),
        1 => Just(f64::INFINITY),
    ];
    prop::collection::vec(value, 0..40)
}

/// Whether a finite value is chosen, by counting.
type Chosen<'a> = dyn Fn(f64) -> bool + 'a;

/// What becomes of a value that is chosen or not.
type Form = fn(f64, bool) -> f64;

/// A number of finite values in order.
type Statistic = fn(&[f64]) -> f64;

/// Asserts the long, short and kept forms of a choice.
fn check(call: &str, values: &[f64], chosen: &Chosen<'_>) -> Result<(), TestCaseError> {
    let forms: [(&str, Form); 3] = [
        ("long", |_, is_in| f64::from(u8::from(is_in))),
        ("short", |_, is_in| if is_in { -1.0 } else { 0.0 }),
        ("keep", |x, is_in| if is_in { x } else { f64::NAN }),
    ];
    for (word, form) in forms {
        let want = |x: &f64| if x.is_finite() { form(*x, chosen(*x)) } else { f64::NAN };
        let want: Vec<f64> = values.iter().map(want).collect();
        let got = at_one_time(&format!("{word}_{call}"), values, values);
        let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
        prop_assert!(got.iter().zip(&want).all(same), "{}_{}: {:?} for {:?}, not {:?}", word, call, got, values, want);
    }
    Ok(())
}

proptest! {
    #[test]
    fn choices_equal_a_slow_version(values in values(), n in 1usize..12, percent in 1u32..101, q in 1usize..6, k in 1usize..6) {
        let k = k.min(q);
        let finite: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        let larger = |x: f64| finite.iter().filter(|y| **y > x).count();
        let smaller = |x: f64| finite.iter().filter(|y| **y < x).count();
        check(&format!("top(x, {n})"), &values, &|x| larger(x) < n)?;
        check(&format!("bottom(x, {n})"), &values, &|x| smaller(x) < n)?;
        let share = (finite.len() * percent as usize / 100).max(1);
        check(&format!("top_percent(x, {percent})"), &values, &|x| larger(x) < share)?;
        check(&format!("bottom_percent(x, {percent})"), &values, &|x| smaller(x) < share)?;
        check(&format!("above(x, {n} / 3 - 2)"), &values, &|x| x > n as f64 / 3.0 - 2.0)?;
        check(&format!("below(x, {n} / 3 - 2)"), &values, &|x| x < n as f64 / 3.0 - 2.0)?;
        // Twice the average rank is smaller + 1 + (smaller + equal), a whole number.
        let equal = |x: f64| finite.iter().filter(|y| **y == x).count();
        let bucket = |x: f64| ((2 * smaller(x) + 1 + equal(x)) * q).div_ceil(2 * finite.len());
        check(&format!("quantile(x, {q}, {k})"), &values, &|x| bucket(x) == k)?;
    }

    #[test]
    fn the_order_of_symbols_does_not_matter(values in values(), n in 1usize..12, shift in 0usize..40) {
        for call in ["long_top(x, N)", "short_bottom(x, N)", "keep_top_percent(x, N)", "long_quantile(x, 12, N)"] {
            let formula = call.replace('N', &n.to_string());
            let mut other = values.clone();
            let mut straight = at_one_time(&formula, &values, &values);
            other.rotate_left(shift % values.len().max(1));
            straight.rotate_left(shift % values.len().max(1));
            prop_assert_eq!(bits(&at_one_time(&formula, &other, &other)), bits(&straight), "{}", formula);
        }
    }

    #[test]
    fn statistics_equal_a_slow_version(values in values(), n_groups in 1usize..4) {
        let groups: Vec<f64> = (0..values.len()).map(|at| (at % n_groups) as f64).collect();
        for (name, of) in STATISTICS {
            let slow = |members: &[f64]| {
                let mut finite: Vec<f64> = members.iter().copied().filter(|x| x.is_finite()).collect();
                finite.sort_by(f64::total_cmp);
                of(&finite)
            };
            let of_group = |group: f64| {
                let members: Vec<f64> = values.iter().zip(&groups).filter(|(_, g)| **g == group).map(|(x, _)| *x).collect();
                slow(&members)
            };
            let all = slow(&values);
            let (across, grouped) = (at_one_time(&format!("cs_{name}(x)"), &values, &groups), at_one_time(&format!("group_{name}(x, g)"), &values, &groups));
            for (at, x) in values.iter().enumerate() {
                let near = |got: f64, want: f64| (got - want).abs() < 1e-12 || (got.is_nan() && (want.is_nan() || !x.is_finite()));
                prop_assert!(near(across[at], all), "cs_{}: {} for {}", name, across[at], all);
                let want = of_group(groups[at]);
                prop_assert!(near(grouped[at], want), "group_{}: {} for {}", name, grouped[at], want);
            }
        }
    }

    #[test]
    fn a_position_is_kept(rows in prop::collection::vec((0u8..3, 0u8..3), 0..60)) {
        // 2 stands for missing.
        let truth = |x: u8| if x == 2 { f64::NAN } else { f64::from(x) };
        let (enter, stay): (Vec<f64>, Vec<f64>) = rows.iter().map(|&(e, s)| (truth(e), truth(s))).unzip();
        let program = Program::compile(&[], &[FactorSpec::new("f", "keep_while(a, b)")], &["a", "b"], &[]).unwrap();
        let mut outputs = vec![Vec::new()];
        program.session().unwrap().update(&[&enter, &stay], &mut outputs);
        for (at, got) in outputs[0].iter().enumerate() {
            let known: Vec<(u8, u8)> = rows[..=at].iter().copied().filter(|&(e, s)| e != 2 && s != 2).collect();
            // Held: since the last row that did not stay, some row entered.
            let run = known.iter().rev().take_while(|(_, stay)| *stay == 1);
            let want = run.clone().any(|(enter, _)| *enter == 1);
            let is_missing = rows[at].0 == 2 || rows[at].1 == 2;
            prop_assert!(if is_missing { got.is_nan() } else { *got == f64::from(u8::from(want)) }, "row {}: {}", at, got);
        }
    }
}

/// Statistics by name, of finite values in order.
const STATISTICS: [(&str, Statistic); 7] = [
    ("mean", |x| x.iter().sum::<f64>() / x.len() as f64),
    ("sum", |x| x.iter().sum()),
    ("count", |x| x.len() as f64),
    ("max", |x| x.last().copied().unwrap_or(f64::NAN)),
    ("min", |x| x.first().copied().unwrap_or(f64::NAN)),
    ("median", |x| if x.is_empty() { f64::NAN } else { (x[(x.len() - 1) / 2] + x[x.len() / 2]) / 2.0 }),
    ("std", |x| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let squares: f64 = x.iter().map(|x| (x - mean) * (x - mean)).sum();
        if x.len() < 2 { f64::NAN } else { (squares / (x.len() as f64 - 1.0)).sqrt() }
    }),
];

#[test]
fn sides_add_up_and_factors_combine() {
    let x = [5.0, 4.0, 3.0, 2.0, 1.0, f64::NAN];
    let both = at_one_time("long_top(x, 2) + short_bottom(x, 1)", &x, &x);
    assert_eq!(both[..5], [1.0, 1.0, 0.0, 0.0, -1.0]);
    assert!(both[5].is_nan());
    let combined = at_one_time("long_top(0.6 * cs_zscore(x) + 0.4 * cs_rank(-g), 1)", &x, &x);
    assert_eq!(combined[..5], [1.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn a_target_is_across_symbols_only_if_it_must_be() {
    let stage = |formula: &str| {
        let program = compile(&[FactorSpec::new("f", formula)]);
        (program.stages()[0], program.across()[0], program.session().is_some())
    };
    assert_eq!(stage("long_above(ts_zscore(close, 20), 1)"), (Stage::Target, false, true));
    assert_eq!(stage("keep_while(close > open, close > low)"), (Stage::Target, false, true));
    assert_eq!(stage("long_top(close, 3)"), (Stage::Target, true, false));
    assert_eq!(stage("long_above(cs_rank(close), 0.9)"), (Stage::Target, true, false));
    assert_eq!(stage("ts_mean(long_top(close, 3), 5)"), (Stage::Target, true, false));
    assert_eq!(stage("cs_rank(close)"), (Stage::Scorer, true, false));
}
