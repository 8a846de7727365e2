//! Reads one layer: a YAML file, the environment, a text. Checks each value against its key.

use std::fs;
use std::path::Path;

use crosscut_model::nearest;
use serde_json::{Number, Value};

use super::aliases;
use super::keys::{self, KEYS, Key, Kind};
use super::{Config, Origin, Sources};
use crate::error::AppError;

/// Our variables begin with this.
const PREFIX: &str = "CROSSCUT_";

/// Names the test-suite's data folder; not a setting of the product.
const NOT_A_SETTING: &str = "CROSSCUT_SHARED";

/// The key a path belongs to; names behind a [`Kind::Named`] key are free.
pub(super) fn known(path: &str) -> Result<&'static Key, AppError> {
    if let Some(key) = keys::find(path).filter(|key| key.kind != Kind::Named) {
        return Ok(key);
    }
    let named = |key: &&Key| {
        let name = path.strip_prefix(key.path).and_then(|rest| rest.strip_prefix('.'));
        key.kind == Kind::Named && name.is_some_and(|name| !name.is_empty() && !name.contains('.'))
    };
    KEYS.iter().find(named).ok_or_else(|| unknown(path))
}

/// The model a path leads into, and the rest of the path.
pub(super) fn inside_model(path: &str) -> Option<(&'static Key, &str)> {
    let inside = |key: &'static Key| Some((key, path.strip_prefix(key.path)?.strip_prefix('.')?));
    KEYS.iter().filter(|key| key.kind == Kind::Model).find_map(inside)
}

/// The error for a key that does not exist, with the nearest that does: same last word first, then by spelling.
fn unknown(path: &str) -> AppError {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let wanted = last(path);
    let same_word = KEYS.iter().find(|key| last(key.path) == wanted).map(|key| key.path);
    let by_spelling = || nearest(path, KEYS.iter().map(|key| key.path));
    let by_word = || {
        let words: Vec<String> = KEYS.iter().map(|key| last(key.path)).collect();
        let word = nearest(&wanted, words.iter().map(String::as_str))?;
        words.iter().position(|known| known == word).map(|at| KEYS[at].path)
    };
    let error = AppError::new(format!("unknown key `{path}`"));
    match same_word.or_else(by_spelling).or_else(by_word) {
        Some(key) => error.hint(format!("the nearest key is `{key}`; `crosscut config show` lists all")),
        None => error.hint("`crosscut config show` lists all keys"),
    }
}

/// Adds the keys of a YAML file.
pub(super) fn yaml_file(file: &Path, config: &mut Config) -> Result<(), AppError> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| {
        AppError::io("read the configuration", file, &error).hint("--config takes the path of a YAML file")
    })?;
    let options = serde_saphyr::options! { with_snippet: false };
    let value: Option<Value> = serde_saphyr::from_str_with_options(&text, options).map_err(|error| {
        // What the library says of its own options is of no use to who wrote the file.
        let words = error.to_string().replace(", set DuplicateKeyPolicy in Options if acceptable", "");
        let words = words.replace(" rejected by the configured policy", ": expected a finite number");
        AppError::new(format!("{name}: not valid YAML: {}", words.trim()))
    })?;
    match value {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Object(map)) => {
            map.iter().try_for_each(|(key, value)| yaml_entry(key.clone(), value, &name, config))
        }
        Some(other) => Err(AppError::new(format!("{name}: expected `key: value` lines, found {}", describe(&other)))),
    }
}

/// Adds one entry of a YAML file; mappings are walked down to the keys of the table.
fn yaml_entry(path: String, value: &Value, file: &str, config: &mut Config) -> Result<(), AppError> {
    let path = aliases::canonical(&path).to_owned();
    if let Value::Object(map) = value
        && keys::find(&path).is_none_or(|key| !matches!(key.kind, Kind::Model | Kind::Tree))
    {
        let deeper =
            |key: &Key| key.path.starts_with(&format!("{path}.")) || (key.path == path && key.kind == Kind::Named);
        if !KEYS.iter().any(deeper) {
            let error = match keys::find(&path) {
                Some(_) => AppError::new(format!("`{path}` is one value, found a mapping"))
                    .hint(format!("write `{path}` with a plain value; `crosscut config show` lists all keys")),
                None => unknown(&path),
            };
            return Err(error.during(file));
        }
        return map.iter().try_for_each(|(key, value)| yaml_entry(format!("{path}.{key}"), value, file, config));
    }
    // `params:` with nothing behind it is an empty mapping, and so is a section.
    let is_section = keys::find(&path).map_or_else(
        || KEYS.iter().any(|key| key.path.starts_with(&format!("{path}."))),
        |key| key.kind == Kind::Named,
    );
    if is_section && value.is_null() {
        return Ok(());
    }
    if is_section {
        let found = if value.is_array() { describe(value).to_owned() } else { format!("`{}`", super::plain(value)) };
        let text = format!("{file}: {path}: expected `key: value` lines, found {found}");
        return Err(AppError::new(text).hint("`crosscut config show` lists all keys"));
    }
    config.put_value(&path, value, Origin::File(file.to_owned()))
}

/// Adds the variables of `.env`, then those of the environment, which win.
pub(super) fn environment(sources: &Sources, config: &mut Config) -> Result<(), AppError> {
    if let Some((file, text)) = &sources.dot_env {
        for (variable, value) in dot_env_lines(file, text)? {
            if let Some(path) = variable_path(&variable).map_err(|error| error.during(file))? {
                config.put_text(&path, &value, Origin::DotEnv(file.clone(), variable))?;
            }
        }
    }
    let mut variables: Vec<_> = sources.environment.iter().collect();
    variables.sort();
    for (variable, value) in variables {
        if let Some(path) = variable_path(variable).map_err(|error| error.during("environment"))? {
            config.put_text(&path, value, Origin::Environment(variable.clone()))?;
        }
    }
    Ok(())
}

/// The key a variable stands for; `None` when it is not one of ours.
fn variable_path(variable: &str) -> Result<Option<String>, AppError> {
    if !variable.starts_with(PREFIX) || variable == NOT_A_SETTING {
        return Ok(None);
    }
    // `CROSSCUT_BACKTEST__CAPITAL` is how other tools write levels; it means the same here.
    let name = variable.replace("__", "_");
    for key in KEYS {
        let known = keys::environment_name(key.path);
        if key.kind == Kind::Named {
            if let Some(rest) = name.strip_prefix(&format!("{known}_")) {
                return Ok(Some(format!("{}.{}", key.path, rest.to_lowercase())));
            }
        } else if known == name {
            return Ok(Some(key.path.to_owned()));
        }
    }
    let names: Vec<String> = KEYS.iter().map(|key| keys::environment_name(key.path)).collect();
    let error = AppError::new(format!("unknown variable `{variable}`"));
    Err(match nearest(&name, names.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("the nearest variable is `{near}`")),
        None => error.hint("variables are CROSSCUT_ and a key of `crosscut config show`, such as CROSSCUT_HUB"),
    })
}

/// `NAME=value` lines; `#` comments, a leading `export` and quotes around the value are understood.
fn dot_env_lines(file: &str, text: &str) -> Result<Vec<(String, String)>, AppError> {
    let mut out = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| AppError::new(format!("{file}:{}: expected NAME=value, found `{line}`", number + 1)))?;
        let value = value.trim();
        let unquoted = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
        out.push((name.trim().to_owned(), unquoted.unwrap_or(value).to_owned()));
    }
    Ok(out)
}

/// A value written as text, in the type of its key. The error says what was expected and what was found.
pub(super) fn from_text(key: &Key, text: &str) -> Result<Value, String> {
    let wrong = |expected: &str| format!("expected {expected}, found `{text}`");
    match key.kind {
        Kind::Text if text.is_empty() && !key.default.is_empty() => {
            Err(format!("expected a value such as `{}`, found nothing", key.default))
        }
        Kind::Model | Kind::Tree if text.starts_with(['{', '[']) => {
            let options = serde_saphyr::options! { with_snippet: false };
            let value = serde_saphyr::from_str_with_options(text, options);
            value.map_err(|error| format!("not a mapping as YAML has it: {error}"))
        }
        Kind::Text | Kind::Named | Kind::Model | Kind::Tree => {
            Ok(if text.is_empty() { Value::Null } else { Value::from(text) })
        }
        Kind::Choice(words) => choice(words, text),
        Kind::Count => text.parse::<u64>().map(Value::from).map_err(|_| wrong("a whole number, 0 or more")),
        Kind::Number => {
            let number = text.parse().ok().and_then(Number::from_f64);
            number.map(Value::Number).ok_or_else(|| wrong("a number"))
        }
        Kind::Flag => match text.to_lowercase().as_str() {
            "true" | "yes" | "1" | "on" => Ok(Value::Bool(true)),
            "false" | "no" | "0" | "off" => Ok(Value::Bool(false)),
            _ => Err(wrong("true or false")),
        },
        Kind::List => {
            let text = text.trim_start_matches('[').trim_end_matches(']');
            Ok(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(Value::from).collect())
        }
    }
}

/// A value that already has a type, in the type of its key.
pub(super) fn from_value(key: &Key, value: &Value) -> Result<Value, String> {
    match (key.kind, value) {
        (Kind::List, Value::Array(values)) => {
            let word = |value: &Value| match value {
                Value::Array(_) | Value::Object(_) | Value::Null => {
                    Err(format!("expected names, found {}", describe(value)))
                }
                scalar => Ok(Value::from(super::plain(scalar))),
            };
            values.iter().map(word).collect()
        }
        (Kind::List, Value::Null) => Ok(Value::Array(Vec::new())),
        (Kind::Model | Kind::Tree, Value::Array(_) | Value::Object(_)) => Ok(value.clone()),
        (_, Value::Null) if key.default.is_empty() => Ok(Value::Null),
        (_, Value::Null) => Err(format!("expected a value such as `{}`, found nothing", key.default)),
        (_, Value::Array(_) | Value::Object(_)) => Err(format!("expected one value, found {}", describe(value))),
        (_, scalar) => from_text(key, &super::plain(scalar)),
    }
}

/// One of the words; `-` and letter case do not matter.
fn choice(words: &[&str], text: &str) -> Result<Value, String> {
    let written = text.to_lowercase().replace('-', "_");
    if let Some(word) = words.iter().find(|word| **word == written) {
        return Ok(Value::from(*word));
    }
    let hint = nearest(&written, words.iter().copied()).map(|word| format!("\nhint: did you mean `{word}`?"));
    Err(format!("expected one of {}, found `{text}`{}", words.join(", "), hint.unwrap_or_default()))
}

/// What kind of YAML value it is, in words.
fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
