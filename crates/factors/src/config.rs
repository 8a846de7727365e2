//! The factor-set file, checked: design section 9.
//!
//! [`Config::parse`] refuses unknown keys (with the nearest valid one and the line), bad names, windows without a
//! `{w}` and the reverse. It does not know formulas, families or the hub: [`crate::plan`] does.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crosscut_formula::operators::MAX_WINDOW;
use crosscut_model::bar::BAR_COLUMNS;
use crosscut_model::{BarSpec, Timeframe, check_symbol};
use serde_saphyr::{Location, Spanned};

use crate::error::{FactorsError, Place};

mod document;
mod published;
mod weights;
mod yaml;

use document::{Choice, Document, Factor, Families, Symbols as SymbolsShape};

/// A factor set as its file describes it, before families are expanded and formulas compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Name of the set; a version is part of it by convention (`core_momentum__2025-10-07`).
    pub factor_set: String,
    /// Timeframe under which the set is published.
    pub timeframe: Timeframe,
    /// Venue whose bars are read.
    pub venue: String,
    /// Bars that are read.
    pub bars: BarSpec,
    /// Symbols that are read.
    pub symbols: Symbols,
    /// What is done about missing bars.
    pub fill: Fill,
    /// What is done about extreme factor values.
    pub outliers: Outliers,
    /// When a row may be traded; `None`: whenever its inputs are there.
    pub tradable: Option<Formula>,
    /// Built-in families, in order.
    pub library: Vec<Family>,
    /// Category columns that group files give.
    pub groups: Vec<Group>,
    /// Named intermediates, in order.
    pub lets: Vec<Formula>,
    /// The user's own factors, in order.
    pub factors: Vec<Factors>,
    /// What is said of the set beyond this file: a set read back from its metadata has no families any more that left
    /// factors out, and no factors that carry remarks.
    pub carried: Carried,
    /// The file it came from, as the user named it; for messages.
    pub file: String,
}

/// Which symbols a set covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Symbols {
    /// All that have the bars.
    All,
    /// These, sorted.
    List(Vec<String>),
    /// The members of an asset pool.
    Pool(String),
}

/// What is done about missing time bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Nothing: gaps are gaps, a window counts the bars there are.
    None,
    /// At most this many missing bars after each bar are invented: prices carried, volumes zero, never tradable.
    Forward(u32),
}

/// What is done about extreme factor values. Both rules compare the symbols of one timestamp with one another, so
/// that no later value can touch an earlier one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outliers {
    /// Nothing.
    Keep,
    /// Values below the `p` or above the `1 - p` quantile of the timestamp are moved to that quantile.
    Winsorize(f64),
    /// Values further than this many median absolute deviations from the timestamp's median become missing.
    DropBeyondMad(f64),
}

/// A named formula and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    /// Its name.
    pub name: String,
    /// Its text.
    pub formula: String,
    /// Line in the file.
    pub line: u64,
}

/// A built-in family that a set includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// Windows in place of the family's own.
    pub windows: Option<Vec<usize>>,
    /// Line in the file.
    pub line: u64,
}

/// A category column that a file gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Name of the column.
    pub column: String,
    /// The file; a relative path of the factor-set file begins at its folder.
    pub file: PathBuf,
    /// Line in the file.
    pub line: u64,
}

/// Remarks that an earlier run published with the set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried {
    /// What the user wrote about factors.
    pub notes: Vec<String>,
    /// Factors of families that the bars had no columns for, in words.
    pub left_out: Vec<String>,
}

/// One entry of `factors`: one column, or one for each window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factors {
    /// Column name, with `{w}` when there are windows.
    pub name: String,
    /// Formula, with `{w}` when there are windows; the sum that the weights stand for when there are weights.
    pub formula: String,
    /// The factors that are weighted, as they are named; empty for an entry with a formula of its own.
    pub weighted: Vec<String>,
    /// Window lengths in bars; empty when the entry is one column.
    pub windows: Vec<usize>,
    /// What the factor means, in the user's words.
    pub notes: Option<String>,
    /// Line in the file.
    pub line: u64,
}

/// Names that no factor may have: the other columns of a factor table, and the key `tradable`.
const RESERVED: [&str; 6] = ["timestamp", "available_at", "symbol", "tradable_flag", "bar_seq", "tradable"];

/// The longest fill that is believed, in bars.
const MAX_FILL: u32 = 1_000_000;

impl Config {
    /// Reads and checks a factor-set file.
    ///
    /// # Errors
    /// [`FactorsError::Unreadable`], or what [`Config::parse`] finds.
    pub fn read(file: &Path) -> Result<Self, FactorsError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| FactorsError::Unreadable { file: file.to_owned(), source })?;
        Self::parse(&text, &file.display().to_string())
    }

    /// Checks the text of a factor-set file; `file` is its name in messages.
    ///
    /// # Errors
    /// [`FactorsError::Config`] with the line, the value seen and what was expected.
    pub fn parse(text: &str, file: &str) -> Result<Self, FactorsError> {
        let options = serde_saphyr::options! { with_snippet: false };
        let document: Document =
            serde_saphyr::from_str_with_options(text, options).map_err(|error| yaml::error(file, text, &error))?;
        Checker { file }.config(document)
    }
}

/// The line of a location; 0 when it is not known.
fn line(at: &Location) -> u64 {
    if *at == Location::UNKNOWN { 0 } else { at.line() }
}

/// Whether a text is the name of a folder of the hub: `[a-z0-9_.-]+`, no leading dot.
fn is_folder_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
    !text.is_empty() && text.len() <= 100 && !text.starts_with('.') && text.chars().all(allowed)
}

/// Turns the shapes of a file into a [`Config`], naming the file in each complaint.
struct Checker<'a> {
    /// The file as the user named it.
    file: &'a str,
}

impl Checker<'_> {
    /// A complaint about `line`.
    fn error(&self, line: u64, message: String) -> FactorsError {
        FactorsError::Config { place: Place { file: self.file.to_owned(), line }, message }
    }

    /// The whole file.
    fn config(&self, document: Document) -> Result<Config, FactorsError> {
        let timeframe: Timeframe = self.parsed(&document.timeframe, "timeframe")?;
        let bars: BarSpec = self.parsed(&document.source.bars, "source.bars")?;
        if let Some(frame) = bars.timeframe().filter(|frame| *frame != timeframe) {
            let message = format!("timeframe is {timeframe} but source.bars are of {frame}; they must agree");
            return Err(self.error(line(&document.timeframe.referenced), message));
        }
        let fill = document.fill.map_or(Ok(Fill::None), |choice| self.fill(&choice, bars))?;
        let factors = document.factors.into_iter().map(|entry| self.factors(entry)).collect::<Result<Vec<_>, _>>()?;
        let library = document.library.map_or(Ok(Vec::new()), |families| self.library(families))?;
        if factors.is_empty() && library.is_empty() {
            return Err(self.error(0, "no factors: give `library`, `factors` or both".to_owned()));
        }
        Ok(Config {
            factor_set: self.set_name(&document.factor_set)?,
            timeframe,
            venue: self.folder_name(&document.source.venue, "source.venue")?,
            bars,
            symbols: document.symbols.map_or(Ok(Symbols::All), |shape| self.symbols(shape))?,
            fill,
            outliers: document.outliers.map_or(Ok(Outliers::Keep), |choice| self.outliers(&choice))?,
            tradable: document.tradable.map(|text| Formula {
                name: "tradable".to_owned(),
                line: line(&text.referenced),
                formula: text.value,
            }),
            library,
            groups: self.groups(document.groups.0)?,
            lets: document.lets.0.into_iter().map(|entry| self.intermediate(entry)).collect::<Result<_, _>>()?,
            factors,
            carried: Carried::default(),
            file: self.file.to_owned(),
        })
    }

    /// A value with a text form, such as a timeframe.
    fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, text: &Spanned<String>, key: &str) -> Result<T, FactorsError> {
        text.value.parse().map_err(|error: T::Err| self.error(line(&text.referenced), format!("{key}: {error}")))
    }

    /// The set's name: a folder of the hub.
    fn set_name(&self, name: &Spanned<String>) -> Result<String, FactorsError> {
        self.folder_name(name, "factor_set")
    }

    /// A name that becomes a folder of the hub: `[a-z0-9_.-]+`, no leading dot.
    fn folder_name(&self, name: &Spanned<String>, key: &str) -> Result<String, FactorsError> {
        let text = &name.value;
        if !is_folder_name(text) {
            let message =
                format!("{key}: `{text}` is not a name; expected lower-case letters, digits, `_`, `-` and `.`");
            return Err(self.error(line(&name.referenced), message));
        }
        Ok(text.clone())
    }

    /// The `symbols` part.
    fn symbols(&self, shape: Spanned<SymbolsShape>) -> Result<Symbols, FactorsError> {
        let at = line(&shape.referenced);
        let mut list = match shape.value {
            SymbolsShape::Word(word) if word == "all" => return Ok(Symbols::All),
            SymbolsShape::Word(word) if is_folder_name(&word) => return Ok(Symbols::Pool(word)),
            SymbolsShape::Word(word) => {
                let message = format!("symbols: `{word}` is neither `all` nor the name of a pool");
                return Err(self.error(at, format!("{message}\nhint: one symbol is written `symbols: [{word}]`")));
            }
            SymbolsShape::List(list) => list,
        };
        for symbol in &list {
            check_symbol(symbol).map_err(|error| self.error(at, format!("symbols: {error}")))?;
        }
        list.sort();
        if let Some(twice) = list.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(self.error(at, format!("symbols: `{}` is listed twice", twice[0])));
        }
        if list.is_empty() {
            return Err(self.error(at, "symbols: the list is empty; write `all` for all symbols".to_owned()));
        }
        Ok(Symbols::List(list))
    }

    /// The `fill` part.
    fn fill(&self, choice: &Spanned<Choice>, bars: BarSpec) -> Result<Fill, FactorsError> {
        let at = line(&choice.referenced);
        match (choice.value.word.as_str(), choice.value.number) {
            ("none", None) => Ok(Fill::None),
            ("forward", Some(n)) if n.fract() == 0.0 && (1.0..=f64::from(MAX_FILL)).contains(&n) => {
                if bars.is_event() {
                    let message =
                        format!("fill: `{bars}` bars close on events and cannot be missing; use `fill: none`");
                    return Err(self.error(at, message));
                }
                Ok(Fill::Forward(n as u32))
            }
            _ => Err(self.choice_error(choice, "fill", "none or {forward: N} with N from 1 to 1000000")),
        }
    }

    /// The `outliers` part.
    fn outliers(&self, choice: &Spanned<Choice>) -> Result<Outliers, FactorsError> {
        match (choice.value.word.as_str(), choice.value.number) {
            ("keep", None) => Ok(Outliers::Keep),
            ("winsorize", Some(p)) if p > 0.0 && p < 0.5 => Ok(Outliers::Winsorize(p)),
            ("drop_beyond_mad", Some(x)) if x > 0.0 && x.is_finite() => Ok(Outliers::DropBeyondMad(x)),
            _ => {
                let expected = "keep, {winsorize: p} with 0 < p < 0.5, or {drop_beyond_mad: x} with x > 0";
                Err(self.choice_error(choice, "outliers", expected))
            }
        }
    }

    /// A complaint about a choice.
    fn choice_error(&self, choice: &Spanned<Choice>, key: &str, expected: &str) -> FactorsError {
        let Choice { word, number } = &choice.value;
        let seen = number.map_or(word.clone(), |number| format!("{{{word}: {number}}}"));
        self.error(line(&choice.referenced), format!("{key}: `{seen}` is not a choice; expected {expected}"))
    }

    /// The `library` part.
    fn library(&self, families: Spanned<Families>) -> Result<Vec<Family>, FactorsError> {
        let outer = line(&families.referenced);
        let mut out = Vec::new();
        for family in families.value.0 {
            let at = match line(&family.referenced) {
                0 => outer,
                at => at,
            };
            let windows = family.value.options.windows.map(|windows| self.windows(&windows, at)).transpose()?;
            out.push(Family { name: family.value.name, windows, line: at });
        }
        Ok(out)
    }

    /// The `groups` part.
    fn groups(&self, entries: Vec<(Spanned<String>, String)>) -> Result<Vec<Group>, FactorsError> {
        let folder = Path::new(self.file).parent().unwrap_or(Path::new(""));
        let group = |(name, file): (Spanned<String>, String)| {
            let at = line(&name.referenced);
            self.column_name(&name.value, "groups", at)?;
            if BAR_COLUMNS.contains(&name.value.as_str()) {
                let message = format!("groups: `{}` is a column of every bar table; choose another name", name.value);
                return Err(self.error(at, message));
            }
            if file.is_empty() {
                return Err(self.error(at, format!("groups: {}: the name of the file is empty", name.value)));
            }
            Ok(Group { column: name.value, file: folder.join(file), line: at })
        };
        entries.into_iter().map(group).collect()
    }

    /// One entry of `let`.
    fn intermediate(&self, entry: (Spanned<String>, String)) -> Result<Formula, FactorsError> {
        let (name, formula) = entry;
        let at = line(&name.referenced);
        // A function is named `f(x, n)`; the formula reader checks its parameters.
        let (head, _) = name.value.split_once('(').unwrap_or((&name.value, ""));
        self.column_name(head.trim_end(), "let", at)?;
        Ok(Formula { name: name.value, formula, line: at })
    }

    /// One entry of `factors`.
    fn factors(&self, entry: Spanned<Factor>) -> Result<Factors, FactorsError> {
        let at = line(&entry.referenced);
        let Factor { name, formula, weights, standardise, windows, notes } = entry.value;
        self.column_name(&name.replace("{w}", "1"), "factor", at)?;
        let (formula, weighted) = match (formula, weights) {
            (Some(formula), None) if standardise.is_none() => (formula, Vec::new()),
            (None, Some(weights)) => weights::formula(&weights.0, standardise.as_deref())
                .map_err(|message| self.error(at, format!("factor `{name}`: {message}")))?,
            (formula, _) => {
                let problem = match formula {
                    None => "the key `formula` is missing; give `formula` or `weights`",
                    Some(_) => {
                        "`formula` excludes `weights` and `standardise`; put the formula under a name and weigh that"
                    }
                };
                return Err(self.error(at, format!("factor `{name}`: {problem}")));
            }
        };
        let windowed = name.contains("{w}");
        let windows = windows.map(|windows| self.windows(&windows, at)).transpose()?;
        match &windows {
            Some(_) if windowed => {}
            Some(_) => {
                let message =
                    format!("factor `{name}`: there are windows but no {{w}} in the name; write `{name}_{{w}}`");
                return Err(self.error(at, message));
            }
            None if windowed || formula.contains("{w}") => {
                let message =
                    format!("factor `{name}`: {{w}} is used but there are no windows; add `windows: [5, 20]`");
                return Err(self.error(at, message));
            }
            None => {}
        }
        Ok(Factors { name, formula, weighted, windows: windows.unwrap_or_default(), notes, line: at })
    }

    /// Window lengths: some, whole, from 1 to the longest of the language, none twice.
    fn windows(&self, windows: &[f64], at: u64) -> Result<Vec<usize>, FactorsError> {
        if windows.is_empty() {
            return Err(self.error(at, "windows: the list is empty".to_owned()));
        }
        let is_window = |w: f64| w.fract() == 0.0 && (1.0..=f64::from(MAX_WINDOW)).contains(&w);
        if let Some(bad) = windows.iter().find(|w| !is_window(**w)) {
            let message =
                format!("windows: {bad} is not a window; expected a whole number from 1 to {MAX_WINDOW} bars");
            return Err(self.error(at, message));
        }
        if let Some((_, twice)) = windows.iter().enumerate().find(|(i, w)| windows[..*i].contains(w)) {
            return Err(self.error(at, format!("windows: {twice} is listed twice")));
        }
        Ok(windows.iter().map(|&w| w as usize).collect())
    }

    /// A column name: lower_snake, none of the table's own columns.
    fn column_name(&self, name: &str, what: &str, at: u64) -> Result<(), FactorsError> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let first_is_letter = name.starts_with(|c: char| c.is_ascii_lowercase());
        if !first_is_letter || name.len() > 128 || !name.chars().all(allowed) {
            let message = format!("{what} `{name}` is not a column name; expected lower_snake such as `return_20`");
            return Err(self.error(at, message));
        }
        if RESERVED.contains(&name) {
            return Err(self.error(at, format!("{what} `{name}`: the name is taken; choose another")));
        }
        Ok(())
    }
}
