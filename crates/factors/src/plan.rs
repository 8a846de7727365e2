//! A factor set resolved: every column with its formula and lookback, the bar columns they need, and the definition
//! that is published with the set. Needs no data: the CLI shows a plan before there is any.

use crosscut_formula::library::{self, Family};
use crosscut_formula::{FactorSpec, FormulaError, Lookback, Program, Stage};
use crosscut_model::nearest;
use serde_json::Value;

use crate::config::{self, Config, Outliers};
use crate::definition::definition;
use crate::error::{self, FactorsError};

/// A factor set ready to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Factor columns in the order they are stored.
    pub columns: Vec<PlannedColumn>,
    /// Bar columns the formulas need, the tradable expression included.
    pub inputs: Vec<String>,
    /// Whether values of one symbol depend on other symbols: cross-sectional operators or an outlier rule.
    pub cross_sectional: bool,
    /// Everything that can change a number, as it is published and hashed.
    pub definition: Value,
    /// Remarks published with the set: what the user wrote about factors.
    pub notes: Vec<String>,
    /// Factors of families that the bars have no columns for, in words.
    pub left_out: Vec<String>,
    /// All formulas: the columns in their order and after them the tradable expression, if there is one.
    pub(crate) program: Program,
}

/// One column of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedColumn {
    /// Column name.
    pub name: String,
    /// Its formula after window expansion.
    pub formula: String,
    /// How far back it looks.
    pub lookback: Lookback,
    /// What kind of operators it is made of.
    pub stage: Stage,
}

/// The constant of formulas that tells how many bars a year has.
pub(crate) const PERIODS_PER_YEAR: &str = "periods_per_year";

/// What a plan needs to know of the market.
#[derive(Debug, Clone, Copy)]
pub struct Market<'a> {
    /// Bar columns that formulas may use.
    pub available: &'a [&'a str],
    /// The constant `periods_per_year` of formulas, from the calendar of the data.
    pub periods_per_year: f64,
}

impl Plan {
    /// Expands families and windows and compiles all formulas.
    ///
    /// # Errors
    /// An unknown family (the nearest is named), a formula error (with the factor and the character), or a name used
    /// twice.
    pub fn new(config: &Config, market: Market<'_>) -> Result<Self, FactorsError> {
        let (mut specs, mut left_out) = (Vec::new(), config.carried.left_out.clone());
        for wanted in &config.library {
            let (usable, unusable) = family_factors(config, wanted, market.available)?;
            add_family(config, wanted, usable, &mut specs)?;
            left_out.extend(unusable);
        }
        for entry in &config.factors {
            check_weighted(config, entry, &specs)?;
            specs.push(user_factor(entry));
        }
        let lets: Vec<(String, String)> =
            config.lets.iter().map(|entry| (entry.name.clone(), entry.formula.clone())).collect();
        if let Some(tradable) = &config.tradable {
            specs.push(FactorSpec::new(tradable.name.clone(), tradable.formula.clone()));
        }
        let constants = [(PERIODS_PER_YEAR, market.periods_per_year)];
        let program = Program::compile(&lets, &specs, market.available, &constants)
            .map_err(|error| formula_error(config, error))?;
        let columns = planned_columns(config, &program);
        Ok(Self {
            inputs: program.inputs().to_vec(),
            cross_sectional: program.has_cross_section() || config.outliers != Outliers::Keep,
            definition: definition(config, &columns),
            notes: notes(config),
            left_out,
            columns,
            program,
        })
    }

    /// Whether a formula counts with the bars of a year.
    pub(crate) fn uses_periods_per_year(&self) -> bool {
        ["let", "factors", "tradable"].iter().any(|part| self.definition[part].to_string().contains(PERIODS_PER_YEAR))
    }
}

/// The columns of a compiled program, without the tradable expression.
fn planned_columns(config: &Config, program: &Program) -> Vec<PlannedColumn> {
    let n_columns = program.outputs().len() - usize::from(config.tradable.is_some());
    (0..n_columns)
        .map(|at| PlannedColumn {
            name: program.outputs()[at].clone(),
            formula: program.factors()[at].formula.clone(),
            lookback: program.lookbacks()[at],
            stage: program.stages()[at],
        })
        .collect()
}

/// Adds the factors of a family. One that an earlier family has too stands once, if the formulas are the same.
fn add_family(
    config: &Config,
    wanted: &config::Family,
    factors: Vec<FactorSpec>,
    specs: &mut Vec<FactorSpec>,
) -> Result<(), FactorsError> {
    let place = || error::Place { file: config.file.clone(), line: wanted.line };
    let before = specs.len();
    for factor in factors {
        let expanded = factor.expand().map_err(|e| FactorsError::Formula { place: place(), error: Box::new(e) })?;
        for factor in expanded {
            match specs[..before].iter().find(|other| other.name == factor.name) {
                None => specs.push(factor),
                Some(other) if other.formula == factor.formula => {}
                Some(other) => {
                    let message = format!(
                        "library: {} has a factor `{}` that a family before it has with another formula: `{}`, not `{}`",
                        wanted.name, factor.name, factor.formula, other.formula
                    );
                    return Err(FactorsError::Config { place: place(), message });
                }
            }
        }
    }
    Ok(())
}

/// The factors of a built-in family that the available columns are enough for, and in words which are left out.
fn family_factors(
    config: &Config,
    wanted: &config::Family,
    available: &[&str],
) -> Result<(Vec<FactorSpec>, Option<String>), FactorsError> {
    let place = error::Place { file: config.file.clone(), line: wanted.line };
    let Some(family) = library::family(&wanted.name) else {
        let names = library::families().iter().map(|family| family.name);
        let known = names.clone().collect::<Vec<_>>().join(", ");
        let hint = nearest(&wanted.name, names).map_or(String::new(), |name| format!("\nhint: did you mean `{name}`?"));
        let message = format!("library: there is no family `{}`; there are {known}{hint}", wanted.name);
        return Err(FactorsError::Config { place, message });
    };
    let known: Vec<&str> = available.iter().copied().chain([PERIODS_PER_YEAR]).collect();
    let (usable, unusable) = Family::usable(family, wanted.windows.as_deref(), &known)
        .map_err(|error| FactorsError::Formula { place, error: Box::new(error) })?;
    let lacks = |factor: &library::Unusable| format!("{} ({})", factor.name, factor.missing.join(", "));
    let words = unusable.iter().map(lacks).collect::<Vec<_>>().join(", ");
    let left_out = format!("library {}: left out for columns that the bars lack: {words}", wanted.name);
    Ok((usable, (!unusable.is_empty()).then_some(left_out)))
}

/// Demands that what an entry weighs are factors before it or names of `let`.
fn check_weighted(config: &Config, entry: &config::Factors, before: &[FactorSpec]) -> Result<(), FactorsError> {
    if entry.weighted.is_empty() {
        return Ok(());
    }
    let expand = |name: &String, windows: &[usize]| -> Vec<String> {
        let windows = windows.iter().map(|w| name.replace("{w}", &w.to_string()));
        if name.contains("{w}") { windows.collect() } else { vec![name.clone()] }
    };
    let factors = before.iter().flat_map(|spec| expand(&spec.name, &spec.windows));
    let known: Vec<String> = config.lets.iter().map(|entry| entry.name.clone()).chain(factors).collect();
    for name in entry.weighted.iter().flat_map(|name| expand(name, &entry.windows)) {
        if !known.contains(&name) {
            let near = nearest(&name, known.iter().map(String::as_str));
            let hint = near.map_or(String::new(), |near| format!("\nhint: did you mean `{near}`?"));
            let message = format!("factor `{}`: weights: there is no factor `{name}` before it{hint}", entry.name);
            let place = error::Place { file: config.file.clone(), line: entry.line };
            return Err(FactorsError::Config { place, message });
        }
    }
    Ok(())
}

/// One entry of the file as the formula crate takes it.
fn user_factor(entry: &config::Factors) -> FactorSpec {
    FactorSpec {
        name: entry.name.clone(),
        formula: entry.formula.clone(),
        windows: entry.windows.clone(),
        notes: entry.notes.clone(),
        source: None,
    }
}

/// Adds to an error the line of the formula whose name it gives between back ticks.
fn formula_error(config: &Config, error: FormulaError) -> FactorsError {
    let told = match &error {
        FormulaError::Formula(faulty) => &faulty.owner,
        FormulaError::Definition { message, .. } | FormulaError::Rows { message } => message,
    };
    let line = told.split('`').nth(1).map_or(0, |name| line_of(config, name));
    FactorsError::Formula { place: error::Place { file: config.file.clone(), line }, error: Box::new(error) }
}

/// The line that defines a column, a `let` or the tradable expression; 0 for a built-in one.
fn line_of(config: &Config, name: &str) -> u64 {
    let formulas = config.lets.iter().chain(&config.tradable).map(|entry| (entry.name.clone(), entry.line));
    let factors = config.factors.iter().flat_map(|entry| {
        let expanded = entry.windows.iter().map(|w| entry.name.replace("{w}", &w.to_string()));
        expanded.chain([entry.name.clone()]).map(|name| (name, entry.line))
    });
    formulas.chain(factors).find(|(known, _)| known == name).map_or(0, |(_, line)| line)
}

/// What the user wrote about factors, `name: text`.
fn notes(config: &Config) -> Vec<String> {
    let noted = config.factors.iter().filter_map(|entry| entry.notes.as_ref().map(|notes| (&entry.name, notes)));
    config.carried.notes.iter().cloned().chain(noted.map(|(name, notes)| format!("{name}: {notes}"))).collect()
}
