//! What must hold for every operator and every built-in factor.

use super::*;
use crate::library::families;
use crate::operators::{Operator, ParameterKind, Stage, operators};

/// A call of an operator with series for its values and `window` for its rows.
fn call(operator: &Operator, window: u32) -> String {
    let mut series = ["close - 100", "volume / open", "high"].into_iter();
    let arguments: Vec<String> = operator
        .parameters
        .iter()
        .map(|parameter| match parameter.kind {
            ParameterKind::Value | ParameterKind::Series => format!("({})", series.next().unwrap()),
            ParameterKind::Rows { min } => window.max(min).to_string(),
            ParameterKind::Span => window.to_string(),
            ParameterKind::Probability | ParameterKind::Share => "0.3".to_owned(),
            ParameterKind::Positive => "0.1".to_owned(),
            ParameterKind::Whole { min } => min.max(3).to_string(),
            ParameterKind::Percent => "30".to_owned(),
            ParameterKind::OneOf { .. } => "2".to_owned(),
        })
        .collect();
    match (operator.is_function(), arguments.as_slice()) {
        (true, arguments) => format!("{}({})", operator.name, arguments.join(", ")),
        (false, [a]) => format!("{}{a}", operator.name),
        (false, arguments) => arguments.join(operator.name),
    }
}

/// All time-series operators and all library factors, one factor each.
fn everything(window: u32) -> Vec<FactorSpec> {
    let of_series = operators().filter(|operator| !operator.is_across()).enumerate();
    let mut factors: Vec<FactorSpec> =
        of_series.map(|(at, operator)| FactorSpec::new(format!("op_{at}"), call(operator, window))).collect();
    factors.extend_from_slice(library());
    factors
}

/// The library's factors that look at one symbol only. Families may share names; a prefix keeps them apart.
fn library() -> &'static [FactorSpec] {
    static LIBRARY: std::sync::OnceLock<Vec<FactorSpec>> = std::sync::OnceLock::new();
    LIBRARY.get_or_init(|| {
        let own_name = |family: &str, factor: FactorSpec| {
            let name = format!("{family}_{}", factor.name);
            FactorSpec { name, ..factor }
        };
        let of_family = |family: &'static crate::library::Family| {
            family.factors(None).unwrap().into_iter().map(|factor| own_name(family.name, factor))
        };
        let factors = families().iter().flat_map(of_family);
        factors.filter(|factor| compile(std::slice::from_ref(factor)).session().is_some()).collect()
    })
}

/// Asserts that all outputs are the same bits, and names the first that is not.
fn assert_same(program: &Program, one: &[Vec<f64>], two: &[Vec<f64>]) {
    for (factor, (one, two)) in program.factors().iter().zip(one.iter().zip(two)) {
        assert_eq!(bits(one), bits(two), "{}: {}", factor.name, factor.formula);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_cut_gives_the_same_bits(seed: u64, n in 0usize..400, window in 1u32..70, cuts in cuts()) {
        let program = compile(&everything(window));
        let bars = bars(seed, n);
        assert_same(&program, &run(&program, &bars, &[]), &run(&program, &bars, &cuts));
    }

    #[test]
    fn a_stored_state_continues_with_the_same_bits(seed: u64, n in 1usize..300, window in 1u32..70, at in 0.0..1.0) {
        let factors = everything(window);
        let program = compile(&factors);
        let (bars, at) = (bars(seed, n), (at * n as f64) as usize);
        let (before, after): (Vec<_>, Vec<_>) = bars.iter().map(|c| (c[..at].to_vec(), c[at..].to_vec())).unzip();
        let mut outputs = vec![Vec::new(); program.outputs().len()];
        let mut session = program.session().unwrap();
        session.update(&inputs(&program, &before), &mut outputs);
        // Another process: compiled anew, the numbers through their bytes.
        let stored: Vec<[u8; 8]> = session.state().iter().map(|x| x.to_le_bytes()).collect();
        let numbers: Vec<f64> = stored.into_iter().map(f64::from_le_bytes).collect();
        let mut session = compile(&factors).session().unwrap();
        session.restore(&numbers).unwrap();
        session.update(&inputs(&program, &after), &mut outputs);
        assert_same(&program, &run(&program, &bars, &[]), &outputs);
        prop_assert!(session.restore(&numbers[1..]).is_err());
    }

    #[test]
    fn later_rows_change_nothing_before(seed: u64, n in 1usize..300, window in 1u32..70, at in 0.0..1.0) {
        let program = compile(&everything(window));
        let at = (at * n as f64) as usize;
        let (bars, noise) = (bars(seed, n), bars(seed ^ 1, n));
        let mut other = bars.clone();
        for (column, noise) in other.iter_mut().zip(&noise) {
            column[at..].copy_from_slice(&noise[at..]);
        }
        let cut = |outputs: Vec<Vec<f64>>| outputs.into_iter().map(|o| o[..at].to_vec()).collect::<Vec<_>>();
        assert_same(&program, &cut(run(&program, &bars, &[])), &cut(run(&program, &other, &[])));
    }

    #[test]
    fn rows_before_the_lookback_change_nothing(seed: u64, window in 1u32..70) {
        let program = compile(&everything(window));
        let bars = bars(seed, 200);
        let all = run(&program, &bars, &[]);
        for (at, lookback) in program.lookbacks().iter().enumerate().filter(|(_, lookback)| !lookback.unbounded) {
            let begin = 199 - lookback.rows;
            let tail: Vec<Vec<f64>> = bars.iter().map(|column| column[begin..].to_vec()).collect();
            let factor = &program.factors()[at];
            let late = run(&compile(std::slice::from_ref(factor)), &tail, &[]);
            let (got, want) = (late[0][lookback.rows], all[at][199]);
            prop_assert_eq!(got.to_bits(), want.to_bits(), "{}: {} for {}", factor.formula, got, want);
        }
    }
}

#[test]
fn stages_agree_with_lookbacks() {
    for operator in operators().filter(|operator| !operator.is_across()) {
        let program = compile(&[FactorSpec::new("f", call(operator, 7))]);
        let carries = program.lookback().unbounded;
        let may_carry = [Stage::Accumulator, Stage::Target].contains(&operator.stage);
        assert!(carries <= may_carry, "{} is no accumulator", operator.name);
        assert!(carries || operator.stage != Stage::Accumulator, "{} carries nothing", operator.name);
    }
}

#[test]
fn planned_together_or_alone_is_the_same() {
    let factors = everything(9);
    let bars = bars(5, 2500);
    let together = compile(&factors);
    let outputs = run(&together, &bars, &[]);
    for (at, factor) in together.factors().iter().enumerate() {
        let alone = compile(std::slice::from_ref(factor));
        assert_eq!(bits(&run(&alone, &bars, &[])[0]), bits(&outputs[at]), "{}", factor.formula);
    }
}
