//! Expressions as a graph of the language's operators; equal expressions are one.

use std::collections::HashMap;

use crosscut_kernels::{Graph, Scalar};

use crate::operators::{Arguments, Operator, Stage};

/// Position of an expression. Operands have smaller positions than what uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ExpressionId(pub(crate) usize);

/// One expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Expression {
    /// An input column, by its position among the available ones.
    Column(usize),
    /// A number.
    Number(Scalar),
    /// An operator on operands.
    Call {
        /// The operator.
        operator: &'static Operator,
        /// Its operands, checked against its parameters.
        operands: Vec<ExpressionId>,
    },
}

/// All expressions of a program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expressions {
    /// Expressions, operands first.
    all: Vec<Expression>,
    /// Position of each.
    known: HashMap<Expression, ExpressionId>,
    /// Results of the calls of user functions, by the function's number and its arguments.
    calls: HashMap<(usize, Vec<ExpressionId>), ExpressionId>,
}

impl Expressions {
    /// Number of expressions.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// An expression by position.
    pub(crate) fn get(&self, id: ExpressionId) -> &Expression {
        &self.all[id.0]
    }

    /// The number an expression is, if it is one.
    pub(crate) fn number(&self, id: ExpressionId) -> Option<f64> {
        match self.get(id) {
            Expression::Number(value) => Some(value.0),
            _ => None,
        }
    }

    /// Adds an expression unless it is known.
    pub(crate) fn add(&mut self, expression: Expression) -> ExpressionId {
        if let Some(&id) = self.known.get(&expression) {
            return id;
        }
        let id = ExpressionId(self.all.len());
        self.all.push(expression.clone());
        self.known.insert(expression, id);
        id
    }

    /// The result of a call of a user function, if it was read before.
    pub(crate) fn result_of(&self, function: usize, arguments: &[ExpressionId]) -> Option<ExpressionId> {
        self.calls.get(&(function, arguments.to_vec())).copied()
    }

    /// Remembers the result of a call of a user function.
    pub(crate) fn add_result(&mut self, function: usize, arguments: Vec<ExpressionId>, result: ExpressionId) {
        self.calls.insert((function, arguments), result);
    }

    /// Adds a number.
    pub(crate) fn add_number(&mut self, value: f64) -> ExpressionId {
        self.add(Expression::Number(Scalar(value)))
    }

    /// Adds a call; one on numbers alone becomes its result, which is NaN where there is none.
    pub(crate) fn add_call(&mut self, operator: &'static Operator, operands: Vec<ExpressionId>) -> ExpressionId {
        match self.fold(operator, &operands) {
            Some(value) => self.add_number(value),
            None => self.add(Expression::Call { operator, operands }),
        }
    }

    /// The result of an operator of the row on numbers.
    fn fold(&self, operator: &Operator, operands: &[ExpressionId]) -> Option<f64> {
        let numbers: Vec<Option<f64>> = operands.iter().map(|&id| self.number(id)).collect();
        if operator.stage != Stage::Transformer || numbers.iter().any(Option::is_none) {
            return None;
        }
        let mut graph = Graph::new();
        let terms: Vec<_> = numbers.iter().flatten().map(|&value| graph.constant(value)).collect();
        let result = operator.build(&mut graph, &Arguments { terms: &terms, numbers: &numbers })?;
        graph.as_constant(result)
    }
}
