//! The names of a sweep file: what may be varied, and how it may be called.
//!
//! A name is a key of `--set` with or without `backtest.`, a flag, a parameter of the strategy, `factor`, or a window of
//! the formula. Every name becomes one key, so that constraints and results call a thing by one name.

use std::collections::BTreeSet;

use crosscut_backtest::sweep::PARAMS;
use crosscut_model::nearest;
use crosscut_trading::strategy::{self, Template, templates};

use crate::config::{Config, KEYS, Kind, aliases};
use crate::error::AppError;
use crate::many::{FORMULA, WINDOW};

/// The section whose keys may be varied.
const SECTION: &str = "backtest.";

/// Turns names into keys.
pub(super) struct Names {
    /// Strategies of the sweep; all there are where it names none that exists.
    strategies: Vec<&'static Template>,
    /// Windows of the formula.
    windows: BTreeSet<String>,
}

impl Names {
    /// The names of a sweep over these strategies and formulas.
    pub(super) fn new(config: &Config, strategies: &[String], formulas: &[String]) -> Self {
        let base = config.text("backtest.strategy").unwrap_or_default().to_owned();
        // Sets that name none are of the base.
        let wanted: BTreeSet<&String> = strategies.iter().chain([&base]).collect();
        let found: Vec<&Template> = wanted.into_iter().filter_map(|name| strategy::template(name).ok()).collect();
        let strategies = if found.is_empty() { templates().to_vec() } else { found };
        let base = config.text(FORMULA).map(str::to_owned);
        let windows = formulas.iter().chain(&base).flat_map(|formula| windows(formula)).collect();
        Self { strategies, windows }
    }

    /// The key of a name.
    ///
    /// # Errors
    /// A name that stands for nothing, with the nearest that does.
    pub(super) fn key(&self, name: &str) -> Result<String, AppError> {
        let name = name.trim();
        let short = name.strip_prefix(SECTION).unwrap_or(name);
        let short = short.strip_prefix("strategy.").unwrap_or(short).replace('-', "_");
        let short = short.strip_prefix("pool.").map_or(short.clone(), |rest| format!("pool_{rest}"));
        if short == "venue" {
            return Ok(short);
        }
        if short == "factor" {
            return Ok(format!("{PARAMS}factor"));
        }
        if let Some(param) = short.strip_prefix("params.") {
            return if self.has_param(param) { Ok(format!("{PARAMS}{param}")) } else { Err(self.unknown(name)) };
        }
        if let Some(window) =
            short.strip_prefix("formula.").or(Some(short.as_str()).filter(|w| self.windows.contains(*w)))
        {
            let is_known = self.windows.contains(window);
            return if is_known { Ok(format!("{WINDOW}{window}")) } else { Err(self.unknown(name)) };
        }
        let path = format!("{SECTION}{short}");
        let path = aliases::canonical(&path);
        let flag = short.replace('_', "-");
        let of_section = || KEYS.iter().filter(|key| key.path.starts_with(SECTION) && key.kind != Kind::Named);
        let is_inside_model = of_section().any(|key| key.kind == Kind::Model && is_inside(path, key.path));
        if is_inside_model || of_section().any(|key| key.path == path) {
            return Ok(path.to_owned());
        }
        if self.has_param(&short) {
            return Ok(format!("{PARAMS}{short}"));
        }
        if let Some(key) = of_section().find(|key| key.flag == flag) {
            return Ok(key.path.to_owned());
        }
        Err(self.unknown(name))
    }

    /// Whether some strategy of the sweep has a parameter.
    fn has_param(&self, name: &str) -> bool {
        self.strategies.iter().any(|template| template.takes(name))
    }

    /// The error for a name that stands for nothing.
    fn unknown(&self, name: &str) -> AppError {
        let mut known: BTreeSet<String> = KEYS
            .iter()
            .filter(|key| key.kind != Kind::Named)
            .filter_map(|key| key.path.strip_prefix(SECTION).map(str::to_owned))
            .collect();
        known.extend(self.strategies.iter().flat_map(|template| template.params).map(|spec| spec.name.to_owned()));
        known.extend(self.windows.iter().cloned());
        let wanted = name.strip_prefix(SECTION).unwrap_or(name);
        let wanted = wanted.strip_prefix("params.").unwrap_or(wanted);
        let error = AppError::new(format!("`{name}` is nothing a sweep can vary"));
        // What is written like a part of a key that has none.
        let outer = || wanted.split_once('.').map(|(outer, _)| outer).filter(|outer| known.contains(*outer));
        match nearest(wanted, known.iter().map(String::as_str)).or_else(outer) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => {
                let mut params: Vec<&str> = Vec::new();
                for spec in self.strategies.iter().flat_map(|template| template.params) {
                    if !params.contains(&spec.name) {
                        params.push(spec.name);
                    }
                }
                error.hint(format!(
                    "parameters of the strategy are {}; other keys are those of `crosscut config show` under backtest",
                    params.join(", ")
                ))
            }
        }
    }
}

/// Whether a path leads into another.
fn is_inside(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}

/// The names in braces in a formula.
pub(crate) fn windows(formula: &str) -> Vec<String> {
    let parts = formula.split('{').skip(1).filter_map(|part| part.split_once('}'));
    parts.map(|(name, _)| name.trim().to_owned()).collect()
}
