//! The names a formula may use.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::FormulaError;
use crate::expression::{Expression, ExpressionId, Expressions};

/// What a name stands for, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// A bar column.
    Column,
    /// A number given with the program.
    Constant,
    /// A named intermediate.
    Let,
    /// An earlier factor.
    Factor,
}

/// A function of the user: read anew for each different list of arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its place among the functions, which tells it from others.
    pub(crate) number: usize,
    /// Name and parameters as written, for messages.
    pub(crate) usage: String,
    /// Parameter names.
    pub(crate) parameters: Vec<String>,
    /// What it stands for.
    pub(crate) body: String,
}

/// Names and what they stand for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// All names.
    names: BTreeMap<String, (NameKind, ExpressionId)>,
    /// Functions of the user.
    functions: BTreeMap<String, Function>,
    /// Names that are defined further on, the one that is being defined among them.
    later: BTreeSet<String>,
    /// The name that is being defined.
    current: String,
}

impl Scope {
    /// The columns and constants of a program. A constant hides nothing: a column of the same name wins.
    pub(crate) fn new(
        columns: &[&str],
        constants: &[(&str, f64)],
        expressions: &mut Expressions,
    ) -> Result<Self, FormulaError> {
        let mut scope = Self::default();
        for &(name, value) in constants {
            if !value.is_finite() {
                return Err(FormulaError::definition(format!("constant `{name}` is {value}, which is not a number")));
            }
            scope.names.insert(name.to_owned(), (NameKind::Constant, expressions.add_number(value)));
        }
        for (at, &name) in columns.iter().enumerate() {
            scope.names.insert(name.to_owned(), (NameKind::Column, expressions.add(Expression::Column(at))));
        }
        Ok(scope)
    }

    /// What a name stands for.
    pub(crate) fn get(&self, name: &str) -> Option<ExpressionId> {
        self.names.get(name).map(|&(_, id)| id)
    }

    /// All names in alphabetical order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Names that are going to be defined, so that a use before that can be told from a slip.
    pub(crate) fn announce<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        self.later.extend(names.map(str::to_owned));
    }

    /// Begins the definition of an announced name; the one before is through.
    pub(crate) fn begin(&mut self, name: &str) {
        self.later.remove(&std::mem::replace(&mut self.current, name.to_owned()));
    }

    /// What to say of a name that is used before it is defined.
    pub(crate) fn later(&self, name: &str) -> Option<String> {
        let is_itself = name == self.current;
        self.later.contains(name).then(|| match is_itself {
            true => "a definition cannot use itself".to_owned(),
            false => format!("`{name}` is defined further on; a formula can use what stands before it"),
        })
    }

    /// A function of the user.
    pub(crate) fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name)
    }

    /// The names of the user's functions in alphabetical order.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// Adds a function for the formulas after it; its name must be new.
    pub(crate) fn add_function(&mut self, name: &str, function: Function) -> Result<(), FormulaError> {
        let owner = format!("let `{}`", function.usage);
        if self.names.contains_key(name) || self.functions.insert(name.to_owned(), function).is_some() {
            let message = format!("{owner}: the name `{name}` is taken; expected a new name");
            return Err(FormulaError::definition(message));
        }
        Ok(())
    }

    /// The number of functions.
    pub(crate) fn n_functions(&self) -> usize {
        self.functions.len()
    }

    /// Adds a named intermediate, which must be a new name.
    pub(crate) fn add_let(&mut self, name: &str, id: ExpressionId) -> Result<(), FormulaError> {
        if self.functions.contains_key(name) {
            return Err(FormulaError::definition(format!("let `{name}`: the name is a function; expected a new name")));
        }
        if let Some((kind, _)) = self.names.insert(name.to_owned(), (NameKind::Let, id)) {
            let what = match kind {
                NameKind::Column => "a bar column",
                NameKind::Constant => "a constant",
                NameKind::Let | NameKind::Factor => "defined twice",
            };
            return Err(FormulaError::definition(format!("let `{name}`: the name is {what}; expected a new name")));
        }
        Ok(())
    }

    /// Adds a factor for those after it. A name that means something already keeps its meaning: a factor set may
    /// well publish a column under its own name.
    pub(crate) fn add_factor(&mut self, name: &str, id: ExpressionId) {
        self.names.entry(name.to_owned()).or_insert((NameKind::Factor, id));
    }
}
