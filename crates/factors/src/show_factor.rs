//! What is known of single factors, of the library and of published sets: formula, lookback, inputs, stage, rules for
//! missing data, source. Everything is derived from the formulas; nothing is computed.

use crosscut_formula::library::{self, Family};
use crosscut_formula::{FactorSpec, FormulaError, Lookback, Parts, Program};
use crosscut_hub::{ColumnProof, ColumnQuality, FactorMetadata, Hub};
use crosscut_model::bar::BAR_COLUMNS;
use crosscut_model::nearest;
use serde::Serialize;

use crate::config::Config;
use crate::error::{FactorsError, Place};
use crate::groups::TIMESTAMP;

mod expansion;

pub use expansion::NamedFormula;

/// What is known of one factor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactorCard {
    /// Column name.
    pub name: String,
    /// The family or published set it belongs to, in words.
    pub of: String,
    /// Its formula, windows filled in.
    pub formula: String,
    /// The formula with the names it uses written out; `None` when it uses none, or when that would fill pages.
    pub expanded: Option<String>,
    /// The names it uses, directly or through one another, with their formulas.
    pub uses: Vec<NamedFormula>,
    /// How far back it looks.
    pub lookback: LookbackCard,
    /// The columns it reads.
    pub inputs: Vec<String>,
    /// Its stage: the farthest any of its operators goes.
    pub stage: String,
    /// What its operators do about missing values.
    pub missing: Vec<MissingRule>,
    /// Where the formula comes from, when it is known.
    pub source: Option<String>,
    /// What it means.
    pub notes: Option<String>,
    /// How it is asked for.
    pub usage: String,
    /// How complete the published column is.
    pub quality: Option<ColumnQuality>,
    /// What was proved of the published column.
    pub proof: Option<ColumnProof>,
}

/// How far back a factor looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LookbackCard {
    /// Rows before the current one; for a factor that carries numbers, rows before its first value.
    pub rows: usize,
    /// Whether numbers are carried from the first row on.
    pub unbounded: bool,
}

/// The rule for missing values of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingRule {
    /// How the operator is written.
    pub operator: String,
    /// The rule.
    pub rule: String,
}

/// A column of a published set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnCard {
    /// Its name.
    pub name: String,
    /// Its formula.
    pub formula: Option<String>,
    /// Its stage; `None` when this program cannot read the formula.
    pub stage: Option<String>,
    /// How far back it looks; `None` when this program cannot read the formula.
    pub lookback: Option<LookbackCard>,
    /// How complete it is.
    pub quality: Option<ColumnQuality>,
    /// What was proved of it.
    pub proof: Option<ColumnProof>,
}

/// A factor of the library, or the template of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LibraryEntry {
    /// The family.
    pub family: String,
    /// Name, with `{w}` for the window.
    pub name: String,
    /// Formula.
    pub formula: String,
    /// The windows it has when none are given.
    pub windows: Vec<usize>,
    /// What it means.
    pub notes: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
}

/// The factors of one family, or of all.
///
/// # Errors
/// An unknown family; the nearest is named.
pub fn library_entries(family: Option<&str>) -> Result<Vec<LibraryEntry>, FactorsError> {
    let families: Vec<&Family> = match family {
        None => library::families().iter().collect(),
        Some(name) => vec![library::family(name).ok_or_else(|| {
            let names = library::families().iter().map(|family| family.name);
            unknown(format!("there is no family `{name}` in the library"), nearest(name, names))
        })?],
    };
    let mut entries = Vec::new();
    for family in families {
        for spec in family.factors(None).map_err(|error| broken(family.name, error))? {
            entries.push(LibraryEntry {
                family: family.name.to_owned(),
                name: spec.name,
                formula: spec.formula,
                windows: spec.windows,
                notes: spec.notes,
                source: spec.source,
            });
        }
    }
    Ok(entries)
}

/// The factors of the library that a name means: `sma_20` and `sma` (with the family's windows, or with `windows`) in
/// every family that has it, with `windows` in every one that takes them, `talib:sma_20` in one. Where there is none,
/// those that are so called but for letter case, `_` and leading zeros (`SMA_20`, `alpha#48`), or whose names begin so
/// (`adx`, `ichimoku`). Empty when there is none either.
///
/// # Errors
/// Windows where only families with fixed ones have the name, or windows that cannot be.
pub fn library_factors(name: &str, windows: Option<&[usize]>) -> Result<Vec<FactorCard>, FactorsError> {
    let (wanted, name) = match name.split_once(':') {
        Some((family, name)) => (Some(family), name),
        None => (None, name),
    };
    let families = library::families().iter().filter(|family| wanted.is_none_or(|wanted| wanted == family.name));
    let families: Vec<&Family> = families.collect();
    let takes_windows = |family: &&&Family| family.windows_are_free;
    let named = named_factors(&families, name, None)?;
    match windows {
        None if named.is_empty() => similar_factors(&families, name),
        Some(_) if families.iter().any(|family| takes_windows(&family)) => {
            let free: Vec<&Family> = families.iter().filter(takes_windows).copied().collect();
            let free = named_factors(&free, name, windows)?;
            if free.is_empty() && !named.is_empty() { named_factors(&families, name, windows) } else { Ok(free) }
        }
        Some(_) => named_factors(&families, name, windows),
        None => Ok(named),
    }
}

/// The factors of some families that have a name.
fn named_factors(
    families: &[&'static Family],
    name: &str,
    windows: Option<&[usize]>,
) -> Result<Vec<FactorCard>, FactorsError> {
    let mut cards = Vec::new();
    for family in families {
        let specs = family.factors(None).map_err(|error| broken(family.name, error))?;
        let plain = specs.iter().find(|spec| spec.windows.is_empty() && spec.name == name);
        let mut spec = match plain.or_else(|| specs.iter().find(|spec| means(spec, family, name))) {
            Some(spec) => spec.clone(),
            None => continue,
        };
        if !spec.windows.is_empty() {
            let own = window_of(&spec, name).map(|window| vec![window]);
            if windows.is_some() && !family.windows_are_free {
                family.factors(windows).map_err(|error| broken(family.name, error))?;
            }
            spec.windows = windows.map(<[usize]>::to_vec).or(own).unwrap_or(spec.windows);
        }
        cards.extend(family_cards(family, &spec)?);
    }
    Ok(cards)
}

/// The most factors that are shown of those whose names begin alike.
const MAX_ALIKE: usize = 12;

/// The factors whose names are the same but for how they are written, or begin with `name`.
fn similar_factors(families: &[&'static Family], name: &str) -> Result<Vec<FactorCard>, FactorsError> {
    let (wanted, mut same, mut begin) = (plain(name), Vec::new(), Vec::new());
    for family in families {
        let specs = family.factors(None).map_err(|error| broken(family.name, error))?;
        for spec in specs {
            let expanded = spec.expand().map_err(|error| broken(family.name, error))?;
            let is_same = plain(&stem(&spec)) == wanted || expanded.iter().any(|one| plain(&one.name) == wanted);
            if is_same {
                same.push((*family, spec));
            } else if spec.name.starts_with(&format!("{}_", name.to_ascii_lowercase())) {
                begin.push((*family, spec));
            }
        }
    }
    let found = if same.is_empty() { begin } else { same };
    if wanted.is_empty() || found.len() > MAX_ALIKE {
        return Ok(Vec::new());
    }
    let mut cards = Vec::new();
    for (family, spec) in found {
        let all = family_cards(family, &spec)?;
        let one: Vec<FactorCard> = all.iter().filter(|card| plain(&card.name) == wanted).cloned().collect();
        cards.extend(if one.is_empty() { all } else { one });
    }
    Ok(cards)
}

/// A name without what people write differently: letter case, signs, zeros before a number.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    let mut rest = name.chars().filter(char::is_ascii_alphanumeric).peekable();
    while let Some(c) = rest.next() {
        let is_leading = c == '0' && !plain.ends_with(|last: char| last.is_ascii_digit());
        if !(is_leading && rest.peek().is_some_and(char::is_ascii_digit)) {
            plain.push(c.to_ascii_lowercase());
        }
    }
    plain
}

/// Names of the library's factors, for messages: windows filled in, and templates without them.
pub fn library_names() -> Vec<String> {
    let specs = library::families().iter().filter_map(|family| family.factors(None).ok()).flatten();
    let mut names: Vec<String> = specs
        .flat_map(|spec| spec.expand().unwrap_or_default().into_iter().map(|spec| spec.name).chain([stem(&spec)]))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The columns of a published set. What this program cannot read of it (formulas of another version) stays unknown.
pub fn published_columns(hub: &Hub, metadata: &FactorMetadata) -> Vec<ColumnCard> {
    let compiled = Config::from_metadata(metadata).ok().and_then(|config| compile(hub, metadata, &config).ok());
    let formulas = metadata.config["factors"].as_array();
    let card = |name: &String| {
        let entry = formulas.and_then(|list| list.iter().find(|entry| entry["name"] == name.as_str()));
        let at = compiled.as_ref().and_then(|program| program.outputs().iter().position(|output| output == name));
        let known = compiled.as_ref().zip(at);
        ColumnCard {
            name: name.clone(),
            formula: entry.and_then(|entry| entry["formula"].as_str()).map(str::to_owned),
            stage: known.map(|(program, at)| program.stages()[at].word().to_owned()),
            lookback: known.map(|(program, at)| program.lookbacks()[at].into()),
            quality: metadata.quality.get(name).copied(),
            proof: metadata.proof.get(name).cloned(),
        }
    };
    metadata.columns.iter().map(card).collect()
}

/// One column of a published set.
///
/// # Errors
/// When the set has no such column (the nearest is named), or its formulas cannot be read by this program.
pub fn published_factor(hub: &Hub, metadata: &FactorMetadata, column: &str) -> Result<FactorCard, FactorsError> {
    let set = format!("factor set {} ({})", metadata.factor_set, metadata.timeframe);
    if !metadata.columns.iter().any(|known| known == column) {
        let near = nearest(column, metadata.columns.iter().map(String::as_str));
        return Err(unknown(format!("{set} has no column `{column}`"), near));
    }
    let config = Config::from_metadata(metadata)?;
    let program = compile(hub, metadata, &config).map_err(|error| broken(&set, error))?;
    let at = program.outputs().iter().position(|output| output == column);
    let at = at.ok_or_else(|| unknown(format!("{set}: the definition has no formula of `{column}`"), None))?;
    let spec = &program.factors()[at];
    let known = library_entry_like(spec);
    let told = config.carried.notes.iter().find_map(|note| note.strip_prefix(&format!("{column}: ")));
    let (uses, expanded) = expansion::expand(&config, column);
    Ok(FactorCard {
        expanded,
        uses,
        source: known.as_ref().and_then(|entry| entry.source.clone()),
        notes: told.map(str::to_owned).or_else(|| known.and_then(|entry| entry.notes)),
        usage: format!("crosscut backtest --factor-set {} --param factor={column}", metadata.factor_set),
        quality: metadata.quality.get(column).copied(),
        proof: metadata.proof.get(column).cloned(),
        ..card(&program, at, set)
    })
}

/// Compiles the formulas of a published set. The columns are those that its bars have now.
fn compile(hub: &Hub, metadata: &FactorMetadata, config: &Config) -> Result<Program, FormulaError> {
    let mut available: Vec<String> = BAR_COLUMNS.iter().map(|&column| column.to_owned()).collect();
    available.extend(config.groups.iter().map(|group| group.column.clone()));
    available.push(TIMESTAMP.to_owned());
    for symbol in metadata.tables.keys() {
        // A symbol whose bars have gone since has no columns to offer.
        let columns =
            hub.bar_info(&config.venue, &config.bars, symbol).map_or_else(|_| Vec::new(), |info| info.columns);
        for column in columns {
            if !available.contains(&column) && column != "available_at" && column != "bar_seq" {
                available.push(column);
            }
        }
    }
    let available: Vec<&str> = available.iter().map(String::as_str).collect();
    let lets: Vec<(String, String)> =
        config.lets.iter().map(|entry| (entry.name.clone(), entry.formula.clone())).collect();
    let specs: Vec<FactorSpec> =
        config.factors.iter().map(|entry| FactorSpec::new(entry.name.clone(), entry.formula.clone())).collect();
    Program::compile(&lets, &specs, &available, CONSTANTS)
}

/// The constants of formulas; their values do not matter to what is shown.
const CONSTANTS: &[(&str, f64)] = &[(crate::plan::PERIODS_PER_YEAR, 365.0)];

/// The cards of one factor of a family, one per window.
fn family_cards(family: &Family, spec: &FactorSpec) -> Result<Vec<FactorCard>, FactorsError> {
    let mut available: Vec<String> = BAR_COLUMNS.iter().map(|&column| column.to_owned()).collect();
    available.push(TIMESTAMP.to_owned());
    let names: Vec<&str> =
        available.iter().map(String::as_str).chain(CONSTANTS.iter().map(|(name, _)| *name)).collect();
    let (_, unusable) = family.usable(None, &names).map_err(|error| broken(family.name, error))?;
    available.extend(unusable.into_iter().find(|other| other.name == spec.name).map_or_else(Vec::new, |o| o.missing));
    let available: Vec<&str> = available.iter().map(String::as_str).collect();
    let specs = std::slice::from_ref(spec);
    let program = Program::compile(&[], specs, &available, CONSTANTS).map_err(|error| broken(family.name, error))?;
    let windows = spec.windows.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let usage = match (spec.windows.is_empty(), family.windows_are_free) {
        (false, true) => format!("library: [{{{}: {{windows: [{windows}]}}}}]", family.name),
        _ => format!("library: {}", family.name),
    };
    let cards = (0..program.outputs().len()).map(|at| FactorCard {
        source: spec.source.clone(),
        notes: spec.notes.clone(),
        usage: format!("{usage}, in a factor-set file"),
        ..card(&program, at, format!("family {}", family.name))
    });
    Ok(cards.collect())
}

/// What a program says of one output.
fn card(program: &Program, at: usize, of: String) -> FactorCard {
    let parts = &program.parts()[at];
    FactorCard {
        name: program.outputs()[at].clone(),
        of,
        formula: program.factors()[at].formula.clone(),
        expanded: None,
        uses: Vec::new(),
        lookback: program.lookbacks()[at].into(),
        inputs: parts.columns.clone(),
        stage: program.stages()[at].word().to_owned(),
        missing: missing_rules(parts),
        source: None,
        notes: None,
        usage: String::new(),
        quality: None,
        proof: None,
    }
}

/// The rules for missing values of the operators of a factor.
fn missing_rules(parts: &Parts) -> Vec<MissingRule> {
    let rule = |operator: &&'static crosscut_formula::Operator| MissingRule {
        operator: operator.usage(),
        rule: match operator.missing {
            crosscut_formula::Missing::Own => operator.summary.to_owned(),
            other => other.rule().to_owned(),
        },
    };
    parts.operators.iter().map(rule).collect()
}

/// The library's factor that has this name and formula.
fn library_entry_like(spec: &FactorSpec) -> Option<FactorSpec> {
    let families = library::families().iter().filter_map(|family| Some((family, family.factors(None).ok()?)));
    let mut like = families.flat_map(|(family, specs)| {
        specs.into_iter().filter(|known| known.name == spec.name || means(known, family, &spec.name))
    });
    like.find(|known| {
        let window = window_of(known, &spec.name).map_or(String::new(), |window| window.to_string());
        known.formula.replace("{w}", &window) == spec.formula
    })
}

/// Whether a name means a template of a family: `sma_{w}`, `sma`, or `sma_20` with a window that it may have.
fn means(spec: &FactorSpec, family: &Family, name: &str) -> bool {
    if spec.windows.is_empty() {
        return false;
    }
    let allowed = |window: usize| family.windows_are_free || spec.windows.contains(&window);
    spec.name == name || stem(spec) == name || window_of(spec, name).is_some_and(allowed)
}

/// The name of a template without its window: `sma` of `sma_{w}`.
fn stem(spec: &FactorSpec) -> String {
    spec.name.replace("_{w}", "").replace("{w}", "")
}

/// The window in a name, if the name is one of a template.
fn window_of(spec: &FactorSpec, name: &str) -> Option<usize> {
    let (before, after) = spec.name.split_once("{w}")?;
    let digits = name.strip_prefix(before)?.strip_suffix(after)?;
    let plain = !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

impl From<Lookback> for LookbackCard {
    fn from(lookback: Lookback) -> Self {
        Self { rows: lookback.rows, unbounded: lookback.unbounded }
    }
}

/// An error about formulas that cannot be read.
fn broken(origin: &str, error: FormulaError) -> FactorsError {
    FactorsError::Formula { place: Place { file: origin.to_owned(), line: 0 }, error: Box::new(error) }
}

/// An error about something that is not there.
fn unknown(message: String, near: Option<&str>) -> FactorsError {
    let hint = near.map_or(String::new(), |near| format!("\nhint: did you mean `{near}`?"));
    FactorsError::Unknown(format!("{message}{hint}"))
}
