//! What the settings under `sweep` say: the space, what is kept, what is made of it.

use crosscut_backtest::criteria::Criterion;
use crosscut_backtest::results::metric_names;
use crosscut_backtest::sweep::{Axis, Constraint, Method, ParameterSet, Space};
use crosscut_model::nearest;
use serde_json::Value;

use super::bound;
use super::names::Names;
use crate::config::{Config, plain};
use crate::criteria;
use crate::desk::Desk;
use crate::error::AppError;

/// A set as it is written: its name, keys and values.
type WrittenSet = (Option<String>, Vec<(String, Value)>);

/// Whose equity curves are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Nobody's.
    None,
    /// Those of the sets with a folder.
    Best,
    /// All.
    All,
}

/// A sweep as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    /// What is gone through.
    pub(super) space: Space,
    /// The metric sets are ordered by.
    pub(super) by: String,
    /// Number of best sets with a folder.
    pub(super) best: usize,
    /// Further sets with a folder: numbers or names.
    pub(super) folders: Vec<String>,
    /// Whose equity curves are kept.
    pub(super) equity: Kept,
    /// Part of the time that counts as out of sample.
    pub(super) out_of_sample: f64,
    /// Go-live criteria.
    pub(super) criteria: Vec<Criterion>,
}

/// Reads the settings.
///
/// # Errors
/// Names that stand for nothing, values and constraints that cannot be read; each with the key.
pub(super) fn read(desk: &Desk<'_>) -> Result<Asked, AppError> {
    let config = &desk.config;
    let written: Vec<(&String, &Value)> = entries(config, "sweep.parameters")?;
    let sets: Vec<WrittenSet> = named_sets(config)?;
    let texts_of = |wanted: &str| -> Vec<String> {
        let of_axes = written.iter().map(|(key, value)| (key.as_str(), *value));
        let of_sets = sets.iter().flat_map(|(_, pairs)| pairs.iter().map(|(key, value)| (key.as_str(), value)));
        let found = of_axes.chain(of_sets).filter(|(key, _)| key.trim_start_matches("backtest.") == wanted);
        found
            .flat_map(|(_, value)| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]))
            .map(|v| plain(&v))
            .collect()
    };
    let mut strategies = texts_of("strategy");
    // Where sets alone name a strategy, points have that of the settings.
    if !written.iter().any(|(key, _)| key.trim_start_matches("backtest.") == "strategy") {
        strategies.extend(config.text("backtest.strategy").map(str::to_owned));
    }
    let names = Names::new(config, &strategies, &texts_of("formula"));
    let axis = |(name, value): &(&String, &Value)| -> Result<Axis, AppError> {
        let key = names.key(name)?;
        Ok(Axis::read(&key, value)?)
    };
    let axes = written.iter().map(axis).collect::<Result<Vec<_>, _>>();
    let axes = axes.and_then(|axes| bound::check_axes(config, &axes).map(|()| axes));
    let axes = axes.map_err(|error| error.during(&config.place("sweep.parameters")))?;
    let named = |(name, pairs): WrittenSet| -> Result<ParameterSet, AppError> {
        let set = named_set(&names, name, pairs)?;
        bound::check_set(config, &set).map(|()| set)
    };
    let named = sets.into_iter().map(named).collect::<Result<Vec<_>, _>>();
    let named = named.and_then(distinct).map_err(|error| error.during(&config.place("sweep.parameter_sets")))?;
    let constraints = constraints(config, &names)?;
    let by = config.text("sweep.by").unwrap_or("sharpe").to_owned();
    if !metric_names().any(|name| name == by) {
        let error = config.refuse("sweep.by", &format!("`{by}` is no metric"));
        return Err(match nearest(&by, metric_names()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("metrics are those of a run's metrics.json, such as sharpe, cagr, calmar"),
        });
    }
    let out_of_sample = config.number("sweep.out_of_sample").unwrap_or(0.3);
    if !(0.0..1.0).contains(&out_of_sample) {
        return Err(
            config.refuse("sweep.out_of_sample", &format!("expected a part from 0 to below 1, found {out_of_sample}"))
        );
    }
    let method = config.text("sweep.method").and_then(Method::named).unwrap_or_default();
    let n = config.count("sweep.n").map_or(0, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let seed = config.count("sweep.seed").unwrap_or(0);
    check_values(config, &axes)?;
    Ok(Asked {
        criteria: criteria::read(config)?,
        space: Space { axes, method, n, seed, constraints, named },
        by,
        best: config.count("sweep.best").map_or(5, |n| usize::try_from(n).unwrap_or(usize::MAX)),
        folders: config.list("sweep.folders"),
        equity: match config.text("sweep.equity") {
            Some("none") => Kept::None,
            Some("all") => Kept::All,
            _ => Kept::Best,
        },
        out_of_sample,
    })
}

/// Refuses values that their key cannot have, once per key instead of once per set.
fn check_values(config: &Config, axes: &[Axis]) -> Result<(), AppError> {
    for axis in axes.iter().filter(|axis| !axis.key.starts_with(crate::many::WINDOW)) {
        for value in axis.listed() {
            let pair = (axis.key.clone(), value.clone());
            config.overlaid(&[pair]).map_err(|error| error.during(&config.place("sweep.parameters")))?;
        }
    }
    Ok(())
}

/// The entries of a mapping.
fn entries<'a>(config: &'a Config, path: &str) -> Result<Vec<(&'a String, &'a Value)>, AppError> {
    match config.model(path) {
        None => Ok(Vec::new()),
        Some(Value::Object(map)) => Ok(map.iter().collect()),
        Some(other) => Err(config.refuse(path, &format!("expected `key: values` lines, found `{}`", plain(other)))),
    }
}

/// Sets with a name: a mapping from names to settings, or a list of settings each with a `name`.
fn named_sets(config: &Config) -> Result<Vec<WrittenSet>, AppError> {
    let path = "sweep.parameter_sets";
    let of = |name: &str, value: &Value| match value {
        Value::Object(map) => Ok(flat(map)),
        _ => Err(config.refuse(path, &format!("{name}: expected `key: value` lines, found `{}`", plain(value)))),
    };
    match config.model(path) {
        None => Ok(Vec::new()),
        Some(Value::Object(map)) => {
            map.iter().map(|(name, value)| Ok((Some(name.clone()), of(name, value)?))).collect()
        }
        Some(Value::Array(list)) => {
            let one = |(at, value): (usize, &Value)| {
                let mut pairs = of(&format!("entry {}", at + 1), value)?;
                let name = pairs.iter().position(|(key, _)| key == "name").map(|at| plain(&pairs.remove(at).1));
                Ok((name, pairs))
            };
            list.iter().enumerate().map(one).collect()
        }
        Some(other) => Err(config.refuse(path, &format!("expected sets by name, found `{}`", plain(other)))),
    }
}

/// A mapping as keys with dots; models keep their parameters.
fn flat(map: &serde_json::Map<String, Value>) -> Vec<(String, Value)> {
    let mut pairs = Vec::new();
    for (key, value) in map {
        match value {
            Value::Object(inner) if !["commission", "slippage"].contains(&key.as_str()) => {
                pairs.extend(flat(inner).into_iter().map(|(rest, value)| (format!("{key}.{rest}"), value)));
            }
            _ => pairs.push((key.clone(), value.clone())),
        }
    }
    pairs
}

/// A set with a name of its own.
fn named_set(names: &Names, name: Option<String>, pairs: Vec<(String, Value)>) -> Result<ParameterSet, AppError> {
    let during = || name.clone().unwrap_or_else(|| "a set without a name".to_owned());
    let mut set = ParameterSet { name: name.clone(), values: Vec::with_capacity(pairs.len()) };
    for (written, value) in pairs {
        let key = names.key(&written).map_err(|error| error.during(&during()))?;
        if set.get(&key).is_some() {
            return Err(AppError::new(format!("{}: `{key}` is given twice, also as `{written}`", during())));
        }
        let text = if value.is_object() { value.to_string() } else { plain(&value) };
        set.values.push((key, text));
    }
    Ok(set)
}

/// Sets of which each name is one set's alone.
fn distinct(sets: Vec<ParameterSet>) -> Result<Vec<ParameterSet>, AppError> {
    for (at, set) in sets.iter().enumerate() {
        match &set.name {
            Some(name) if name.trim().is_empty() => return Err(AppError::new("a name is empty")),
            Some(name) if sets[..at].iter().any(|other| other.name == set.name) => {
                return Err(AppError::new(format!("two sets are called `{name}`")));
            }
            _ => {}
        }
    }
    Ok(sets)
}

/// The constraints, their names turned into keys.
fn constraints(config: &Config, names: &Names) -> Result<Vec<Constraint>, AppError> {
    let texts: Vec<String> = match config.model("sweep.constraints") {
        None => Vec::new(),
        Some(Value::Array(list)) => list.iter().map(plain).collect(),
        Some(one) => vec![plain(one)],
    };
    let read = |text: &String| -> Result<Constraint, AppError> {
        Constraint::parse(text)?
            .bind(&mut |name| names.key(name))
            .map_err(|error| error.during(&format!("constraint `{text}`")))
    };
    let read = texts.iter().map(read).collect::<Result<_, _>>();
    read.map_err(|error| error.during(&config.place("sweep.constraints")))
}
