//! Every operator of the table against a second, slow and obvious version of it. An operator without one fails here.

pub(crate) mod across;
mod carried;
mod expanding;
mod rows;
mod windows;

use super::*;
use crate::PanelInput;
use crate::operators::{Operator, ParameterKind, operator_families, operators};

/// A slow version. It sees the arguments that are series and, apart, those that are numbers, each in their order; what
/// is not finite in a series is a NaN.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Slow {
    /// The result of row `i` of one symbol.
    Row(fn(&[&[f64]], &[f64], usize) -> f64),
    /// The results of all rows of one symbol.
    Rows(fn(&[&[f64]], &[f64]) -> Vec<f64>),
    /// The results at one time: each series holds one value per symbol.
    Across(fn(&[&[f64]], &[f64]) -> Vec<f64>),
}

/// Names of operators that mean the same, how many parameters they have, how far the two versions may lie apart
/// relative to one plus the size of the value, and the slow version.
pub(crate) type Entry = (&'static [&'static str], usize, f64, Slow);

/// The slow version of an operator.
fn slow(operator: &Operator) -> Option<&'static Entry> {
    let tables = [rows::TABLE, windows::TABLE, carried::TABLE, expanding::TABLE, across::TABLE];
    let tables = tables.into_iter().chain(operator_families().iter().map(|family| family.slow));
    let is_it = |entry: &&Entry| entry.0.contains(&operator.name) && entry.1 == operator.parameters.len();
    tables.flatten().find(is_it)
}

/// Numbers for one case: what each kind of parameter is given.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    rows: u32,
    probability: f64,
    whole: u32,
    positive: f64,
}

/// The columns that stand for series, in order.
const SERIES: [&str; 4] = ["close", "open", "high", "low"];

/// A call of the operator, its numbers, and how many series it takes.
fn call(operator: &Operator, numbers: Numbers) -> (String, Vec<f64>, usize) {
    let (mut given, mut n_series) = (Vec::new(), 0);
    let mut texts = Vec::new();
    for parameter in operator.parameters {
        let number = match parameter.kind {
            ParameterKind::Value | ParameterKind::Series => {
                texts.push(SERIES[n_series].to_owned());
                n_series += 1;
                continue;
            }
            ParameterKind::Rows { min } => f64::from(numbers.rows.max(min)),
            ParameterKind::Span if numbers.rows.is_multiple_of(2) => f64::from(numbers.rows),
            ParameterKind::Probability | ParameterKind::Share | ParameterKind::Span => numbers.probability,
            ParameterKind::Whole { min } => f64::from(numbers.whole.max(min)),
            ParameterKind::Positive => numbers.positive,
            ParameterKind::Percent => 100.0 * numbers.probability,
            ParameterKind::OneOf { .. } => f64::from(numbers.whole.div_ceil(2)),
        };
        given.push(number);
        texts.push(number.to_string());
    }
    let text = match (operator.is_function(), texts.as_slice()) {
        (true, texts) => format!("{}({})", operator.name, texts.join(", ")),
        (false, [a]) => format!("{}{a}", operator.name),
        (false, texts) => texts.join(&format!(" {} ", operator.name)),
    };
    (text, given, n_series)
}

/// Asserts that a result is the slow version's.
fn check(text: &str, at: usize, got: f64, want: f64, tolerance: f64) {
    let agree = if want.is_finite() { (got - want).abs() <= tolerance * (1.0 + want.abs()) } else { got.is_nan() };
    assert!(agree, "{text}, row {at}: {got} for {want}");
}

/// What is not finite is missing.
fn clean(values: &[f64]) -> Vec<f64> {
    values.iter().map(|&x| if x.is_finite() { x } else { f64::NAN }).collect()
}

/// One operator on one symbol.
fn check_series(operator: &Operator, numbers: Numbers, columns: &[Vec<f64>]) {
    let (text, given, n_series) = call(operator, numbers);
    let Some((.., tolerance, slow)) = slow(operator) else { panic!("`{text}` has no slow version") };
    let program = Program::compile(&[], &[FactorSpec::new("f", &text)], &SERIES, &[]).unwrap();
    let mut out = vec![Vec::new()];
    let used: Vec<&[f64]> = program.inputs().iter().map(|name| columns[position(name)].as_slice()).collect();
    program.session().unwrap().update(&used, &mut out);
    let cleaned: Vec<Vec<f64>> = columns[..n_series].iter().map(|column| clean(column)).collect();
    let series: Vec<&[f64]> = cleaned.iter().map(Vec::as_slice).collect();
    let n = columns[0].len();
    let want = match slow {
        Slow::Row(slow) => (0..n).map(|i| slow(&series, &given, i)).collect(),
        Slow::Rows(slow) => slow(&series, &given),
        Slow::Across(_) => panic!("`{text}` looks at one symbol only"),
    };
    for (at, (got, want)) in out[0].iter().zip(want).enumerate() {
        check(&text, at, *got, want, *tolerance);
    }
}

/// Where a column of [`SERIES`] stands.
fn position(name: &str) -> usize {
    SERIES.iter().position(|column| *column == name).unwrap()
}

/// One operator on several symbols, of which `here(symbol, time)` says who has a row.
fn check_panel(operator: &Operator, numbers: Numbers, symbols: &[Vec<Vec<f64>>], here: impl Fn(usize, usize) -> bool) {
    let (text, given, n_series) = call(operator, numbers);
    let Some((.., tolerance, Slow::Across(slow))) = slow(operator) else {
        panic!("`{text}` has no slow version across symbols")
    };
    let program = Program::compile(&[], &[FactorSpec::new("f", &text)], &SERIES, &[]).unwrap();
    let n_times = symbols.iter().map(|columns| columns[0].len()).min().unwrap_or(0);
    let times: Vec<Vec<i64>> = (0..symbols.len())
        .map(|symbol| (0..n_times).filter(|&time| here(symbol, time)).map(|time| time as i64).collect())
        .collect();
    let rows: Vec<Vec<Vec<f64>>> = symbols
        .iter()
        .zip(&times)
        .map(|(columns, times)| columns.iter().map(|c| times.iter().map(|&time| c[time as usize]).collect()).collect())
        .collect();
    let inputs: Vec<PanelInput<'_>> = times
        .iter()
        .zip(&rows)
        .map(|(times, rows)| PanelInput {
            times,
            columns: program.inputs().iter().map(|name| rows[position(name)].as_slice()).collect(),
        })
        .collect();
    let mut out = vec![vec![Vec::new()]; symbols.len()];
    program.panel(symbols.len()).update(&inputs, &mut out).unwrap();
    let mut next = vec![0; symbols.len()];
    for time in 0..n_times {
        let present: Vec<usize> = (0..symbols.len()).filter(|&symbol| here(symbol, time)).collect();
        let values = |column: usize| clean(&present.iter().map(|&s| symbols[s][column][time]).collect::<Vec<_>>());
        let values: Vec<Vec<f64>> = (0..n_series).map(values).collect();
        let series: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        for (symbol, want) in present.iter().zip(slow(&series, &given)) {
            check(&text, time, out[*symbol][0][next[*symbol]], want, *tolerance);
            next[*symbol] += 1;
        }
    }
}

/// Values with ties, constant stretches, zeros, missing and infinite ones.
fn values(n: usize) -> impl Strategy<Value = Vec<f64>> {
    let one = prop_oneof![
        8 => -3.0..3.0,
        6 => (-4i32..5).prop_map(|x| f64::from(x) / 2.0),
        1 => Just(f64::NAN),
    ];
    let stretch = prop_oneof![
        6 => prop::collection::vec(one, 1..60),
        2 => (-5i32..5, 1usize..20).prop_map(|(value, n)| vec![f64::from(value); n]),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).prop_map(|x| vec![x]),
    ];
    prop::collection::vec(stretch, 1..12).prop_map(move |stretches: Vec<Vec<f64>>| {
        let values = stretches.concat();
        values.iter().copied().cycle().take(n).collect()
    })
}

/// Numbers of all kinds.
fn numbers() -> impl Strategy<Value = Numbers> {
    (1u32..40, 0.02..0.98, 1u32..7, 0.01..0.4).prop_map(|(rows, probability, whole, positive)| Numbers {
        rows,
        probability,
        whole,
        positive,
    })
}

/// Whether an operator looks at one symbol only.
fn is_of_one_symbol(operator: &Operator) -> bool {
    let (text, ..) = call(operator, Numbers { rows: 5, probability: 0.5, whole: 2, positive: 0.1 });
    Program::compile(&[], &[FactorSpec::new("f", text)], &SERIES, &[]).unwrap().session().is_some()
}

#[test]
fn every_operator_has_a_slow_version() {
    let without: Vec<String> =
        operators().filter(|operator| slow(operator).is_none()).map(|operator| operator.usage()).collect();
    assert!(without.is_empty(), "no slow version in crates/formula/src/tests/slow: {}", without.join(", "));
    let across = |operator: &&Operator| matches!(slow(operator), Some((.., Slow::Across(_))));
    for operator in operators() {
        assert_eq!(is_of_one_symbol(operator), !across(&operator), "{}", operator.usage());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn operators_of_one_symbol((a, b, c, d) in (values(160), values(160), values(160), values(160)), numbers in numbers()) {
        let columns = [a, b, c, d];
        for operator in operators().filter(|operator| is_of_one_symbol(operator)) {
            check_series(operator, numbers, &columns);
        }
    }

    #[test]
    fn operators_across_symbols(flat in values(4 * 12 * 30), n_symbols in 1usize..13, gaps in 2usize..9, numbers in numbers()) {
        let column = |at: usize| flat[at * 30..(at + 1) * 30].to_vec();
        let symbols: Vec<Vec<Vec<f64>>> =
            (0..n_symbols).map(|symbol| (0..4).map(|at| column(symbol * 4 + at)).collect()).collect();
        for operator in operators().filter(|operator| !is_of_one_symbol(operator)) {
            check_panel(operator, numbers, &symbols, |symbol, time| (symbol * 7 + time * 3) % gaps != 1);
        }
    }
}
