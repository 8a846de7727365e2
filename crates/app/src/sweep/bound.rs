//! What all sets of a sweep must have before any of them runs: strategies that there are, parameters that these take, a value
//! for each window of a formula, and a formula for each window.

use crosscut_backtest::sweep::{Axis, PARAMS, ParameterSet, STRATEGY};
use crosscut_trading::strategy;

use super::names::windows;
use crate::config::Config;
use crate::error::AppError;
use crate::many::{FORMULA, WINDOW};

/// Refuses axes of which some sets could make nothing.
///
/// # Errors
/// A strategy that does not exist; a parameter that one of the strategies does not take; a window without a value, or without
/// its place in one of the formulas.
pub(super) fn check_axes(config: &Config, axes: &[Axis]) -> Result<(), AppError> {
    if axes.is_empty() {
        return Ok(());
    }
    let listed = |key: &str| -> Vec<&str> {
        let varied = axes.iter().find(|axis| axis.key == key).map(Axis::listed);
        varied.map_or_else(
            || config.text(key).into_iter().collect(),
            |values| values.iter().map(String::as_str).collect(),
        )
    };
    let keys: Vec<&str> = axes.iter().map(|axis| axis.key.as_str()).collect();
    let hint = "sets that differ in their parameters have names of their own, under `parameter_sets`";
    for name in listed(STRATEGY) {
        check_params(name, &keys, hint)?;
    }
    for formula in listed(FORMULA) {
        check_windows(formula, &keys)?;
    }
    match (keys.iter().find_map(|key| key.strip_prefix(WINDOW)), listed(FORMULA).is_empty()) {
        (Some(window), true) => Err(no_formula(window)),
        _ => Ok(()),
    }
}

/// Refuses a set with a name that cannot be made into a run.
///
/// # Errors
/// As [`check_axes`].
pub(super) fn check_set(config: &Config, set: &ParameterSet) -> Result<(), AppError> {
    let value = |key: &str| set.get(key).or_else(|| config.text(key));
    let keys: Vec<&str> = set.values.iter().map(|(key, _)| key.as_str()).collect();
    let check = || {
        if let Some(name) = value(STRATEGY) {
            check_params(name, &keys, "")?;
        }
        match (value(FORMULA), keys.iter().find_map(|key| key.strip_prefix(WINDOW))) {
            (Some(formula), _) => check_windows(formula, &keys),
            (None, Some(window)) => Err(no_formula(window)),
            (None, None) => Ok(()),
        }
    };
    check().map_err(|error: AppError| error.during(set.name.as_deref().unwrap_or("a set without a name")))
}

/// The error for a window where there is no formula.
fn no_formula(window: &str) -> AppError {
    AppError::new(format!("`{window}` is a window of a formula, but there is none"))
        .hint(format!("give one: `formula: \"close / delay(close, {{{window}}}) - 1\"` under backtest"))
}

/// Refuses keys that are parameters which a strategy does not take.
fn check_params(name: &str, keys: &[&str], hint: &str) -> Result<(), AppError> {
    let template = strategy::template(name).map_err(|error| AppError::new(error.to_string()))?;
    match keys.iter().filter_map(|key| key.strip_prefix(PARAMS)).find(|param| !template.takes(param)) {
        None => Ok(()),
        Some(param) => {
            let known: Vec<&str> = template.params.iter().map(|spec| spec.name).collect();
            let known = format!("{name} takes {}", known.join(", "));
            let hint = if hint.is_empty() { known } else { format!("{known}; {hint}") };
            Err(AppError::new(format!("`{param}` is no parameter of {name}")).hint(hint))
        }
    }
}

/// Refuses windows of a formula that no key gives a value, and keys of windows that it does not have.
fn check_windows(formula: &str, keys: &[&str]) -> Result<(), AppError> {
    let there = windows(formula);
    let given: Vec<&str> = keys.iter().filter_map(|key| key.strip_prefix(WINDOW)).collect();
    if let Some(window) = there.iter().find(|window| !given.contains(&window.as_str())) {
        let error = format!("nothing gives `{{{window}}}` of the formula `{formula}` a value");
        return Err(AppError::new(error)
            .hint(format!("vary it, such as `{window}: [5, 10, 20]`, or write its number into the formula")));
    }
    match given.iter().find(|window| !there.iter().any(|known| known == **window)) {
        None => Ok(()),
        Some(window) => {
            Err(AppError::new(format!("the formula `{formula}` has no window `{{{window}}}` to be given a value"))
                .hint(format!("write {{{window}}} where the number goes, or leave `{window}` out")))
        }
    }
}
