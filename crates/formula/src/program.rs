//! A compiled set of factors: read, shared, split into levels, planned.

use std::sync::Arc;

use crosscut_kernels::Lookback;

use crate::error::{Fault, FormulaError};
use crate::expression::{Expression, ExpressionId, Expressions};
use crate::levels::{Level, Value, plan_levels};
use crate::operators::{self, Missing, Operator, Stage};
use crate::panel::PanelSession;
use crate::reader;
use crate::scope::{Function, Scope};
use crate::session::Session;
use crate::spec::FactorSpec;

/// The longest lookback of an output, in rows: ten of the longest windows on top of one another.
pub const MAX_LOOKBACK: usize = 1_000_000;

/// The most numbers a program may keep per symbol between updates: 64 MB.
pub const MAX_STATE: usize = 8_000_000;

/// Many factors planned as one graph. Cheap to clone; immutable.
#[derive(Debug, Clone)]
pub struct Program {
    /// What all sessions share.
    pub(crate) compiled: Arc<Compiled>,
}

/// The parts of a compiled program.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// Column names to feed.
    inputs: Vec<String>,
    /// Names of the results.
    outputs: Vec<String>,
    /// Factors after expansion, one per output.
    factors: Vec<FactorSpec>,
    /// Stage of each output.
    stages: Vec<Stage>,
    /// Whether each output needs other symbols.
    across: Vec<bool>,
    /// Lookback of each output.
    lookbacks: Vec<Lookback>,
    /// What each output is made of.
    parts: Vec<Parts>,
    /// What to run, in order.
    pub(crate) levels: Vec<Level>,
    /// Where each output is found.
    pub(crate) results: Vec<Value>,
}

/// What an output is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The columns it reads, in the order of the columns available.
    pub columns: Vec<String>,
    /// The operators it uses, each once, in the order of help.
    pub operators: Vec<&'static Operator>,
}

impl Parts {
    /// The rules for missing values that apply to it, each once.
    pub fn missing(&self) -> Vec<Missing> {
        let rules: std::collections::BTreeSet<Missing> = self.operators.iter().map(|o| o.missing).collect();
        rules.into_iter().collect()
    }
}

impl Program {
    /// Compiles `factors`, which may use the bar columns in `available`, the named intermediates `lets` (name and
    /// formula; each may use those before it; a name with parameters, `momentum(x, n)`, is a function), earlier factors by name, and the named numbers in `constants`
    /// (`periods_per_year`). Factors with windows are expanded to one output each.
    ///
    /// # Errors
    /// The first formula that cannot be read, with the place and the nearest valid name; names used twice; a program
    /// that looks back farther than [`MAX_LOOKBACK`] or keeps more than [`MAX_STATE`] numbers per symbol.
    pub fn compile(
        lets: &[(String, String)],
        factors: &[FactorSpec],
        available: &[&str],
        constants: &[(&str, f64)],
    ) -> Result<Self, FormulaError> {
        let mut expressions = Expressions::default();
        let mut scope = Scope::new(available, constants, &mut expressions)?;
        let head = |name: &'_ str| name.split('(').next().unwrap_or_default().trim_end().to_owned();
        let heads: Vec<String> = lets.iter().map(|(name, _)| head(name)).collect();
        let factors = expand(factors)?;
        scope.announce(heads.iter().chain(factors.iter().map(|factor| &factor.name)).map(String::as_str));
        for ((name, formula), head) in lets.iter().zip(&heads) {
            scope.begin(head);
            if let Some(function) = reader::declaration(name, formula, &scope)? {
                add_function(function, &mut scope, &mut expressions)?;
                continue;
            }
            check_let_name(name)?;
            let id = reader::read(formula, &scope, &mut expressions)
                .map_err(|fault| fault.in_formula(format!("let `{name}`"), formula))?;
            scope.add_let(name, id)?;
        }
        let mut outputs = Vec::with_capacity(factors.len());
        for factor in &factors {
            scope.begin(&factor.name);
            let id = reader::read(&factor.formula, &scope, &mut expressions)
                .map_err(|fault| fault.in_formula(format!("factor `{}`", factor.name), &factor.formula))?;
            if let Some(value) = expressions.number(id) {
                let whole = 0..factor.formula.chars().count();
                let fault = Fault::new(whole, format!("the formula reads no column: it is always {value}"));
                return Err(fault.in_formula(format!("factor `{}`", factor.name), &factor.formula));
            }
            scope.add_factor(&factor.name, id);
            outputs.push(id);
        }
        Self::plan(&expressions, factors, &outputs, available)
    }

    /// Plans expressions that have been read.
    fn plan(
        expressions: &Expressions,
        factors: Vec<FactorSpec>,
        outputs: &[ExpressionId],
        available: &[&str],
    ) -> Result<Self, FormulaError> {
        let wanted = wanted(expressions, outputs);
        let used: Vec<usize> = (0..available.len())
            .filter(|&column| {
                wanted.iter().any(|&id| matches!(expressions.get(id), Expression::Column(at) if *at == column))
            })
            .collect();
        let planned = plan_levels(expressions, &wanted, outputs, &used);
        let stages = stages(expressions, &wanted);
        let across = across(expressions, &wanted);
        let compiled = Compiled {
            inputs: used.iter().map(|&column| available[column].to_owned()).collect(),
            outputs: factors.iter().map(|factor| factor.name.clone()).collect(),
            stages: outputs.iter().map(|id| stages[id.0]).collect(),
            across: outputs.iter().map(|id| across[id.0]).collect(),
            lookbacks: planned.lookbacks,
            parts: outputs.iter().map(|&output| parts(expressions, output, available)).collect(),
            levels: planned.levels,
            results: planned.results,
            factors,
        };
        compiled.check_bounds()?;
        Ok(Self { compiled: Arc::new(compiled) })
    }

    /// The columns to feed, in this order: those of `available` that some factor uses.
    pub fn inputs(&self) -> &[String] {
        &self.compiled.inputs
    }

    /// The names of the results, in the order of the factors after expansion.
    pub fn outputs(&self) -> &[String] {
        &self.compiled.outputs
    }

    /// The factor of each output, windows filled in.
    pub fn factors(&self) -> &[FactorSpec] {
        &self.compiled.factors
    }

    /// The longest lookback of all outputs.
    pub fn lookback(&self) -> Lookback {
        self.compiled.lookbacks.iter().copied().fold(Lookback::default(), Lookback::max)
    }

    /// The lookback of each output.
    pub fn lookbacks(&self) -> &[Lookback] {
        &self.compiled.lookbacks
    }

    /// The stage of each output: the farthest any of its operators goes.
    pub fn stages(&self) -> &[Stage] {
        &self.compiled.stages
    }

    /// Whether each output needs the values of other symbols. A target may or may not: `long_above` looks at its own row.
    pub fn across(&self) -> &[bool] {
        &self.compiled.across
    }

    /// The columns and operators of each output.
    pub fn parts(&self) -> &[Parts] {
        &self.compiled.parts
    }

    /// Whether some operator looks across symbols, so that only a [`PanelSession`] can run the program.
    pub fn has_cross_section(&self) -> bool {
        self.compiled.levels.len() > 1
    }

    /// A fresh session for one symbol; `None` if the program has cross-sectional operators.
    pub fn session(&self) -> Option<Session> {
        (!self.has_cross_section()).then(|| Session::new(Arc::clone(&self.compiled)))
    }

    /// A fresh session for `n_symbols` symbols. Works for every program, cross-sectional or not.
    pub fn panel(&self, n_symbols: usize) -> PanelSession {
        PanelSession::new(Arc::clone(&self.compiled), n_symbols)
    }
}

impl Compiled {
    /// Number of columns to feed.
    pub(crate) fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    /// Number of results.
    pub(crate) fn n_outputs(&self) -> usize {
        self.factors.len()
    }

    /// Refuses programs that need too many rows or too much memory.
    fn check_bounds(&self) -> Result<(), FormulaError> {
        for (factor, lookback) in self.factors.iter().zip(&self.lookbacks) {
            if lookback.rows > MAX_LOOKBACK {
                let message = format!("factor `{}` looks back {} rows", factor.name, lookback.rows);
                return Err(FormulaError::definition(format!("{message}; expected at most {MAX_LOOKBACK}")));
            }
        }
        let kept: usize = self.levels.iter().map(|level| level.plan.state_len()).sum();
        if kept > MAX_STATE {
            let message = format!("the program keeps {kept} numbers per symbol; expected at most {MAX_STATE}");
            let hint = Some("use shorter windows or split the factor set".to_owned());
            return Err(FormulaError::Definition { message, hint });
        }
        Ok(())
    }
}

/// All factors with their windows filled in; names must differ.
fn expand(factors: &[FactorSpec]) -> Result<Vec<FactorSpec>, FormulaError> {
    let mut expanded: Vec<FactorSpec> = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for factor in factors {
        for factor in factor.expand()? {
            if !names.insert(factor.name.clone()) {
                return Err(FormulaError::definition(format!("factor `{}` is defined twice", factor.name)));
            }
            expanded.push(factor);
        }
    }
    Ok(expanded)
}

/// Adds a function of the user after checking what can be checked before it is called.
fn add_function(function: Function, scope: &mut Scope, expressions: &mut Expressions) -> Result<(), FormulaError> {
    let name = function.usage.split('(').next().unwrap_or_default().to_owned();
    check_let_name(&name)?;
    reader::check_body(&function, scope, expressions)
        .map_err(|fault| fault.in_formula(format!("let `{}`", function.usage), &function.body))?;
    scope.add_function(&name, function)
}

/// Whether a let can be referred to: an identifier that is no word of the language.
fn check_let_name(name: &str) -> Result<(), FormulaError> {
    if operators::function(name).or_else(|| operators::sign(name, 1)).or_else(|| operators::sign(name, 2)).is_some() {
        return Err(FormulaError::definition(format!("let `{name}`: the name is an operator; expected a new name")));
    }
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if valid {
        return Ok(());
    }
    let expected = "expected letters, digits and `_`, not beginning with a digit";
    Err(FormulaError::definition(format!("let name `{}`: {expected}", name.escape_debug())))
}

/// The expressions the outputs need, operands first.
fn wanted(expressions: &Expressions, outputs: &[ExpressionId]) -> Vec<ExpressionId> {
    let mut is_wanted = vec![false; expressions.len()];
    for output in outputs {
        is_wanted[output.0] = true;
    }
    for at in (0..expressions.len()).rev() {
        if let (true, Expression::Call { operands, .. }) = (is_wanted[at], expressions.get(ExpressionId(at))) {
            for operand in operands {
                is_wanted[operand.0] = true;
            }
        }
    }
    (0..expressions.len()).filter(|&at| is_wanted[at]).map(ExpressionId).collect()
}

/// The columns and operators of an output.
fn parts(expressions: &Expressions, output: ExpressionId, available: &[&str]) -> Parts {
    let mut columns = std::collections::BTreeSet::new();
    let mut used = std::collections::HashSet::new();
    for id in wanted(expressions, &[output]) {
        match expressions.get(id) {
            Expression::Column(column) => _ = columns.insert(*column),
            Expression::Call { operator, .. } => _ = used.insert(*operator),
            Expression::Number(_) => {}
        }
    }
    let columns = columns.into_iter().map(|column| available[column].to_owned()).collect();
    Parts { columns, operators: operators::operators().filter(|operator| used.contains(operator)).collect() }
}

/// The stage of every wanted expression: the farthest of its own operator and its operands.
fn stages(expressions: &Expressions, wanted: &[ExpressionId]) -> Vec<Stage> {
    let mut stages = vec![Stage::Transformer; expressions.len()];
    for &id in wanted {
        if let Expression::Call { operator, operands } = expressions.get(id) {
            stages[id.0] = operands.iter().map(|operand| stages[operand.0]).fold(operator.stage, Stage::max);
        }
    }
    stages
}

/// Whether every wanted expression needs the values of other symbols.
fn across(expressions: &Expressions, wanted: &[ExpressionId]) -> Vec<bool> {
    let mut across = vec![false; expressions.len()];
    for &id in wanted {
        if let Expression::Call { operator, operands } = expressions.get(id) {
            across[id.0] = operator.is_across() || operands.iter().any(|operand| across[operand.0]);
        }
    }
    across
}
