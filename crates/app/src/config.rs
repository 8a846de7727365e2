//! Layered settings: flags, then the environment and `.env`, then YAML files, then defaults; each with its origin.
//!
//! Every layer is turned into `(key, value)` pairs checked against the table in [`keys`]; an unknown key is an error
//! that names the nearest valid one. Nothing here knows what a setting is for. Start reading at [`Config::resolve`].

pub(crate) mod aliases;
pub mod keys;
mod layers;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde_json::Value;

use crate::error::AppError;
use crate::factors::STORE_KEY;

pub use keys::{KEYS, Key, Kind};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The table of keys.
    Default,
    /// The defaults of one command, by its name.
    CommandDefault(&'static str),
    /// A YAML file, by the name the user gave.
    File(String),
    /// A line of a `.env` file: file and variable.
    DotEnv(String, String),
    /// An environment variable.
    Environment(String),
    /// `--set`.
    Set,
    /// The values of a parameter set, which mean what `--set` of them would.
    Values,
    /// A flag of its own, without the dashes.
    Flag(&'static str),
}

impl Origin {
    /// Whether it was given with the command at hand, not in a file or the environment.
    pub fn is_of_this_command(&self) -> bool {
        matches!(self, Self::Set | Self::Values | Self::Flag(_))
    }

    /// Place among the layers, the one that wins last.
    fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::CommandDefault(_) => 1,
            Self::File(_) => 2,
            Self::DotEnv(..) => 3,
            Self::Environment(_) => 4,
            Self::Set | Self::Values => 5,
            Self::Flag(_) => 6,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::CommandDefault(command) => write!(f, "default of {command}"),
            Self::File(name) => write!(f, "{name}"),
            Self::DotEnv(file, variable) => write!(f, "{file}: {variable}"),
            Self::Environment(variable) => write!(f, "environment: {variable}"),
            Self::Set => write!(f, "--set"),
            Self::Values => write!(f, "values of a set"),
            Self::Flag(flag) => write!(f, "--{flag}"),
        }
    }
}

/// What one command line gives by name. Of two different values for one name none is meant more than the other.
#[derive(Debug, Default)]
struct Once {
    /// The values by option and name.
    given: BTreeMap<(String, String), String>,
}

impl Once {
    /// Takes note of a value.
    fn give(&mut self, option: &str, name: &str, value: &str) -> Result<(), AppError> {
        match self.given.insert((option.to_owned(), name.to_owned()), value.to_owned()) {
            Some(first) if first != value => Err(AppError::new(format!(
                "`{option} {name}={first}` and `{option} {name}={value}` give one name two values"
            ))
            .hint("leave one of the two")),
            _ => Ok(()),
        }
    }
}

/// One value given on the command line for a key of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Path of the key.
    pub path: &'static str,
    /// The value as typed; for named values `name=value`.
    pub text: String,
}

/// What the layers are read from. The doors collect it; nobody below reads the environment.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Values of dedicated flags, in the order typed.
    pub flags: Vec<Given>,
    /// Texts of `--set`, `key.path=value`.
    pub set: Vec<String>,
    /// The process's environment; variables without our prefix are ignored.
    pub environment: Vec<(String, String)>,
    /// Name and text of a `.env` file.
    pub dot_env: Option<(String, String)>,
    /// YAML files, later wins.
    pub files: Vec<PathBuf>,
    /// Defaults of the command that runs, over those of the table: command, path, value.
    pub command_defaults: &'static [(&'static str, &'static str, &'static str)],
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq)]
struct Setting {
    /// The value in the type its key asks for; `Null` when there is none.
    value: Value,
    /// Where it came from.
    origin: Origin,
}

/// One line of `config show`.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Path of the key, with the name behind it for named values.
    pub key: String,
    /// The value; `Null` when there is none.
    pub value: Value,
    /// Where it came from.
    pub origin: String,
}

/// All settings, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// By path; named values by `path.name`.
    settings: BTreeMap<String, Setting>,
}

impl Config {
    /// Lays the layers over one another.
    ///
    /// # Errors
    /// Unknown keys, values of the wrong type, unreadable or malformed files; each names key and origin.
    pub fn resolve(sources: &Sources) -> Result<Self, AppError> {
        let mut config = Self { settings: BTreeMap::new() };
        for key in KEYS.iter().filter(|key| key.kind != Kind::Named) {
            let value = if key.default.is_empty() && key.kind != Kind::List {
                Value::Null
            } else {
                layers::from_text(key, key.default).map_err(AppError::new)?
            };
            config.settings.insert(key.path.to_owned(), Setting { value, origin: Origin::Default });
        }
        for (command, path, text) in sources.command_defaults {
            config.put_text(path, text, Origin::CommandDefault(command))?;
        }
        for file in &sources.files {
            layers::yaml_file(file, &mut config)?;
        }
        layers::environment(sources, &mut config)?;
        let mut once = Once::default();
        for text in &sources.set {
            let (path, value) = text.split_once('=').ok_or_else(|| {
                AppError::new(format!("--set `{text}`: expected key.path=value"))
                    .hint("write for example --set backtest.capital=50000")
            })?;
            once.give("--set", aliases::canonical(path.trim()), value.trim())?;
            config.put_text(path.trim(), value.trim(), Origin::Set)?;
        }
        for given in &sources.flags {
            let key = keys::find(given.path).expect("the doors build their options from the table");
            let origin = Origin::Flag(key.flag);
            if key.kind == Kind::Named {
                let (name, value) = given
                    .text
                    .split_once('=')
                    .ok_or_else(|| AppError::new(format!("--{} `{}`: expected name=value", key.flag, given.text)))?;
                once.give(&format!("--{}", key.flag), name.trim(), value.trim())?;
                config.put_text(&format!("{}.{}", key.path, name.trim()), value.trim(), origin)?;
            } else {
                config.put_text(key.path, &given.text, origin)?;
            }
        }
        Ok(config)
    }

    /// These settings with others over them, as `--set` would give them.
    ///
    /// # Errors
    /// Unknown keys and values of the wrong type.
    pub fn overlaid(&self, values: &[(String, String)]) -> Result<Self, AppError> {
        let mut config = self.clone();
        values.iter().try_for_each(|(path, text)| config.put_text(path, text, Origin::Values))?;
        Ok(config)
    }

    /// These settings as if those whose path is one of some had not been given.
    pub fn without(&self, is_left_out: impl Fn(&str) -> bool) -> Self {
        let kept = self.settings.iter().filter(|(path, _)| !is_left_out(path));
        Self { settings: kept.map(|(path, setting)| (path.clone(), setting.clone())).collect() }
    }

    /// Sets a value written as text.
    fn put_text(&mut self, path: &str, text: &str, origin: Origin) -> Result<(), AppError> {
        let path = aliases::canonical(path);
        if let Some((key, rest)) = layers::inside_model(path) {
            return self.put_in_model(key, rest, text, origin);
        }
        let key = layers::known(path).map_err(|error| error.during(&origin.to_string()))?;
        let value = layers::from_text(key, text).map_err(|why| AppError::new(format!("{origin}: {path}: {why}")))?;
        self.settings.insert(path.to_owned(), Setting { value, origin });
        Ok(())
    }

    /// Sets one parameter of a model, `rest` being `model.parameter`. Parameters of the same model given before stay.
    fn put_in_model(&mut self, key: &Key, rest: &str, text: &str, origin: Origin) -> Result<(), AppError> {
        let (model, parameter) = rest.split_once('.').unwrap_or((rest, ""));
        let before = self.setting(key.path).value.get(model).and_then(Value::as_object).cloned();
        let body = if parameter.is_empty() {
            Value::from(text)
        } else if parameter.contains('.') {
            return Err(self.refuse(key.path, &format!("expected {}.MODEL.PARAMETER, found `{rest}`", key.path)));
        } else {
            let mut body = before.unwrap_or_default();
            body.insert(parameter.to_owned(), Value::from(text));
            Value::Object(body)
        };
        let value = Value::Object([(model.to_owned(), body)].into_iter().collect());
        self.settings.insert(key.path.to_owned(), Setting { value, origin });
        Ok(())
    }

    /// Sets a value that already has a type, as YAML files give them.
    fn put_value(&mut self, path: &str, value: &Value, origin: Origin) -> Result<(), AppError> {
        let path = aliases::canonical(path);
        let key = layers::known(path).map_err(|error| error.during(&origin.to_string()))?;
        let value = layers::from_value(key, value).map_err(|why| AppError::new(format!("{origin}: {path}: {why}")))?;
        let is_second = |before: &Setting| before.origin == origin && before.value != value;
        if self.settings.get(path).is_some_and(is_second) {
            return Err(AppError::new(format!("{origin}: `{path}` is given twice, under two of its names"))
                .hint("keep one of them"));
        }
        self.settings.insert(path.to_owned(), Setting { value, origin });
        Ok(())
    }

    /// The setting at a path of the table.
    fn setting(&self, path: &str) -> &Setting {
        self.settings.get(path).expect("every key of the table has a setting")
    }

    /// A text; `None` when there is none.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.setting(path).value.as_str()
    }

    /// A number; `None` when there is none.
    pub fn number(&self, path: &str) -> Option<f64> {
        self.setting(path).value.as_f64()
    }

    /// A count; `None` when there is none.
    pub fn count(&self, path: &str) -> Option<u64> {
        self.setting(path).value.as_u64()
    }

    /// A flag; unset is `false`.
    pub fn flag(&self, path: &str) -> bool {
        self.setting(path).value.as_bool().unwrap_or(false)
    }

    /// A list of texts; unset is empty.
    pub fn list(&self, path: &str) -> Vec<String> {
        let texts = |values: &Vec<Value>| values.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
        self.setting(path).value.as_array().map(texts).unwrap_or_default()
    }

    /// A text read as some type of the words; `None` when there is none.
    ///
    /// # Errors
    /// The type's own message, with key and origin in front.
    pub fn parsed<T>(&self, path: &str) -> Result<Option<T>, AppError>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let read = |text: &str| text.parse().map_err(|error: T::Err| self.refuse(path, &error.to_string()));
        self.text(path).map(read).transpose()
    }

    /// The value of a [`Kind::Model`] or [`Kind::Tree`] setting; `None` when there is none.
    pub fn model(&self, path: &str) -> Option<&Value> {
        Some(&self.setting(path).value).filter(|value| !value.is_null())
    }

    /// Of two settings that say the same thing, the one that counts: that of the higher layer.
    ///
    /// # Errors
    /// Both are given in one layer.
    pub fn prevailing<'a>(&self, first: &'a str, second: &'a str) -> Result<&'a str, AppError> {
        let rank = |path| self.setting(path).origin.rank();
        match rank(first).cmp(&rank(second)) {
            Ordering::Less => Ok(second),
            Ordering::Equal if self.is_given(first) => {
                let origin = &self.setting(second).origin;
                Err(self
                    .refuse(first, &format!("{second} (from {origin}) says the same thing"))
                    .hint("give one of them"))
            }
            _ => Ok(first),
        }
    }

    /// Named values in the order of their names, each as text.
    pub fn named(&self, path: &str) -> Vec<(String, String)> {
        let prefix = format!("{path}.");
        let settings = self.settings.iter().filter(|(_, setting)| !setting.value.is_null());
        settings
            .filter_map(|(key, setting)| Some((key.strip_prefix(&prefix)?.to_owned(), plain(&setting.value))))
            .collect()
    }

    /// Where a setting came from; `None` for a name nobody gave.
    pub fn origin(&self, path: &str) -> Option<&Origin> {
        self.settings.get(path).map(|setting| &setting.origin)
    }

    /// Whether somebody gave this setting, rather than a default.
    pub fn is_given(&self, path: &str) -> bool {
        !matches!(self.setting(path).origin, Origin::Default | Origin::CommandDefault(_))
    }

    /// An error about the value of a setting.
    pub fn refuse(&self, path: &str, why: &str) -> AppError {
        AppError::new(why).during(&self.place(path))
    }

    /// A setting and where it came from, in words.
    pub fn place(&self, path: &str) -> String {
        match self.origin(path) {
            Some(origin) => format!("{path} (from {origin})"),
            None => path.to_owned(),
        }
    }

    /// Every setting in the order of the table, named values behind their key. An address is shown without its password.
    pub fn show(&self) -> Vec<Shown> {
        let mut out = Vec::new();
        let mut push = |key: &str, setting: &Setting| {
            let value = match &setting.value {
                Value::String(address) if key == STORE_KEY => Value::String(crosscut_hub::shown_address(address)),
                other => other.clone(),
            };
            let origin = setting.origin.to_string();
            out.push(Shown { key: key.to_owned(), value, origin });
        };
        for key in KEYS {
            let prefix = format!("{}.", key.path);
            if key.kind == Kind::Named {
                self.settings.iter().filter(|(path, _)| path.starts_with(&prefix)).for_each(|(p, s)| push(p, s));
            } else {
                push(key.path, self.setting(key.path));
            }
        }
        out
    }
}

/// A scalar as a user would type it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
