//! The worked example of every operator, run. Help and the reference page print the same texts.

use super::*;
use crate::PanelInput;
use crate::operators::{Operator, operators};

/// Numbers, fractions, `-` for a missing one, `5*3` for three fives.
fn numbers(text: &str) -> Vec<f64> {
    let number = |text: &str| match (text, text.split_once('/')) {
        ("-", _) => f64::NAN,
        (_, Some((a, b))) => a.parse::<f64>().unwrap() / b.parse::<f64>().unwrap(),
        (text, None) => text.parse().unwrap_or_else(|_| panic!("`{text}` is no number")),
    };
    let repeated = |text: &str| match text.split_once('*') {
        Some((text, n)) => vec![number(text); n.parse().unwrap()],
        None => vec![number(text)],
    };
    text.split_whitespace().flat_map(repeated).collect()
}

/// Runs an operator's example, with the formula given.
fn run(operator: &Operator, formula: &str) -> Vec<f64> {
    let parts = operator.example.input.split(';').map(|column| column.split_once(':').expect("`name: numbers`"));
    let columns: Vec<(&str, Vec<f64>)> = parts.map(|(name, values)| (name.trim(), numbers(values))).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let program =
        Program::compile(&[], &[FactorSpec::new("f", formula)], &names, &[]).unwrap_or_else(|e| panic!("{e}"));
    assert!(program.parts()[0].operators.contains(&operator), "{formula} does not use it");
    assert_eq!(program.stages()[0], operator.stage, "{formula}");
    assert_eq!(program.across()[0], operator.is_across(), "{formula}");
    assert_eq!(program.inputs().len(), columns.len(), "{formula} does not use all columns");
    let column = |name: &String| columns.iter().find(|(known, _)| known == name).unwrap().1.as_slice();
    let inputs: Vec<&[f64]> = program.inputs().iter().map(column).collect();
    if operator.is_across() {
        let n_symbols = inputs[0].len();
        let symbol = |at: usize| PanelInput { times: &[1], columns: inputs.iter().map(|c| &c[at..=at]).collect() };
        let mut outputs = vec![vec![Vec::new()]; n_symbols];
        program.panel(n_symbols).update(&(0..n_symbols).map(symbol).collect::<Vec<_>>(), &mut outputs).unwrap();
        return outputs.concat().concat();
    }
    let mut outputs = vec![Vec::new()];
    program.session().unwrap().update(&inputs, &mut outputs);
    outputs.remove(0)
}

/// What a formula gives, if that is not what the example says.
fn problem(operator: &Operator, formula: &str) -> Option<String> {
    let (got, want) = (run(operator, formula), numbers(operator.example.output));
    let agree = |(got, want): (&f64, &f64)| {
        (got.is_nan() && want.is_nan()) || (got - want).abs() <= 1e-12 * want.abs().max(1.0)
    };
    let is_good = got.len() == want.len() && got.iter().zip(&want).all(agree);
    let is_clean = got.iter().all(|x| x.to_bits() != (-0.0f64).to_bits());
    (!is_good || !is_clean).then(|| format!("{formula}: {got:?}, not {want:?}"))
}

#[test]
fn every_operator_gives_what_its_example_says() {
    let mut problems = Vec::new();
    for operator in operators() {
        assert!(!operator.example.formula.is_empty(), "`{}` has no example", operator.usage());
        assert!(numbers(operator.example.output).iter().any(|x| x.is_finite()), "{} shows nothing", operator.name);
        problems.extend(problem(operator, operator.example.formula));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_alias_is_the_same_operator() {
    for operator in operators() {
        for alias in operator.aliases {
            let formula = operator.example.formula;
            let formula = match operator.is_function() {
                true => formula.replacen(&format!("{}(", operator.name), &format!("{alias}("), 1),
                false => formula.replacen(operator.name, &format!(" {alias} "), 1),
            };
            assert!(formula.contains(alias), "{formula}");
            assert_eq!(problem(operator, &formula), None);
        }
    }
}

#[test]
fn examples_show_a_missing_value() {
    let silent: Vec<&str> = operators()
        .filter(|o| !o.example.input.contains('-') && !o.example.output.contains('-'))
        .map(|o| o.name)
        .collect();
    assert_eq!(silent, [""; 0], "an example should show what is missing");
}

#[test]
fn kinds_of_parameters_are_told_in_words() {
    for operator in operators() {
        for parameter in operator.parameters {
            assert!(!parameter.kind.describe(operator.parameters).is_empty());
        }
    }
}
