//! A graph of operations on series, built bottom up; equal nodes are one node.
//!
//! A [`Term`] is a node seen some rows ago, so a delay costs nothing: it is a lag on whoever reads it. Before the
//! first row every series is missing, which gives each window its warm-up without a rule of its own.

use std::collections::HashMap;

use crate::maps;
use crate::operation::{Operation, Scalar};
use crate::windows::Part;

/// A node of a graph, seen `lag` rows ago. Valid only for the graph that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Term {
    /// Position of the node.
    pub(crate) node: u32,
    /// Rows ago.
    pub(crate) lag: u32,
}

/// The most operands an operation has.
pub(crate) const MAX_OPERANDS: usize = 4;

/// An operation with its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    /// What is computed.
    pub(crate) operation: Operation,
    /// From what; the first `arity` count.
    pub(crate) operands: [Term; MAX_OPERANDS],
    /// Number of operands.
    pub(crate) arity: usize,
}

impl Node {
    /// The operands in use.
    pub(crate) fn operands(&self) -> &[Term] {
        &self.operands[..self.arity]
    }
}

/// How far back a value looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lookback {
    /// Rows before the current one that are read; for an operation that carries numbers, rows before its first result.
    pub rows: usize,
    /// Whether numbers are carried from the first row on: no finite number of rows gives the same bits.
    pub unbounded: bool,
}

impl Lookback {
    /// The farther of two.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { rows: self.rows.max(other.rows), unbounded: self.unbounded || other.unbounded }
    }

    /// The same, `rows` rows ago.
    #[must_use]
    pub fn lagged(self, rows: usize) -> Self {
        Self { rows: self.rows + rows, ..self }
    }
}

/// A graph under construction.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// Nodes; operands come before those that use them.
    nodes: Vec<Node>,
    /// Position of each node.
    known: HashMap<Node, u32>,
    /// Window parts built before. Only a shortcut: building them again would find the same nodes, but the number of
    /// ways to reach a part grows with the window.
    parts: HashMap<(Part, [Term; 2], u32), Term>,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The input column `column`.
    pub fn input(&mut self, column: u32) -> Term {
        self.node(Operation::Input(column), &[])
    }

    /// A number.
    pub fn constant(&mut self, value: f64) -> Term {
        let value = if value.is_finite() { value } else { f64::NAN };
        self.intern(Node { operation: Operation::Constant(Scalar(value)), operands: Default::default(), arity: 0 })
    }

    /// The number a term is, if it is one.
    pub fn as_constant(&self, term: Term) -> Option<f64> {
        match self.nodes[term.node as usize].operation {
            Operation::Constant(value) => Some(value.0),
            _ => None,
        }
    }

    /// The result of `operation` on `operands`. Operations on numbers alone are done here and now. A lag that all
    /// operands share is moved to the result, so that a delayed expression and an expression of delayed values are
    /// one node.
    ///
    /// # Panics
    /// If there are more operands than any operation has.
    pub fn node(&mut self, operation: Operation, operands: &[Term]) -> Term {
        let mut node = Node { operation, operands: Default::default(), arity: operands.len() };
        node.operands[..operands.len()].copy_from_slice(operands);
        if !operands.is_empty()
            && operation.is_pure_of_row()
            && let Some(value) = self.fold(operation, operands)
        {
            return self.constant(value);
        }
        let varying = |graph: &Self, term: &Term| graph.as_constant(*term).is_none();
        let shared = operands.iter().filter(|term| varying(self, term)).map(|term| term.lag).min().unwrap_or(0);
        for term in &mut node.operands[..operands.len()] {
            term.lag = term.lag.saturating_sub(shared);
        }
        Term { lag: shared, ..self.intern(node) }
    }

    /// A term seen `rows` rows earlier; a number is the same at all times. A lag beyond what a `u32` holds stays
    /// there: no plan with such a lag can be run anyway.
    pub(crate) fn lagged(&self, term: Term, rows: u32) -> Term {
        let is_number = self.as_constant(term).is_some();
        if is_number { term } else { Term { lag: term.lag.saturating_add(rows), ..term } }
    }

    /// The result on numbers, if all operands are numbers.
    fn fold(&self, operation: Operation, operands: &[Term]) -> Option<f64> {
        let mut values = [[0.0]; MAX_OPERANDS];
        for (value, &operand) in values.iter_mut().zip(operands) {
            value[0] = self.as_constant(operand)?;
        }
        let mut out = [0.0];
        maps::run(operation, &mut out, [&values[0], &values[1], &values[2], &values[3]]);
        Some(out[0])
    }

    /// The position of a node, added if it is new.
    fn intern(&mut self, node: Node) -> Term {
        let next = u32::try_from(self.nodes.len()).expect("a graph has fewer than 2^32 nodes");
        let position = *self.known.entry(node).or_insert(next);
        if position == next {
            self.nodes.push(node);
        }
        Term { node: position, lag: 0 }
    }

    /// The window part `(part, of, window)`, built if it is new.
    pub(crate) fn remember(
        &mut self,
        part: Part,
        of: [Term; 2],
        window: u32,
        build: impl FnOnce(&mut Self) -> Term,
    ) -> Term {
        let key = (part, of, window);
        if let Some(&term) = self.parts.get(&key) {
            return term;
        }
        let term = build(self);
        self.parts.insert(key, term);
        term
    }

    /// All nodes, operands before those that use them.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The lookback of each of `terms`, where input column `i` itself looks back by `inputs[i]`.
    pub fn lookbacks(&self, terms: &[Term], inputs: &[Lookback]) -> Vec<Lookback> {
        let mut known: Vec<Lookback> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let reach = node.operation.reach() as usize;
            let of = |term: &Term| known[term.node as usize].lagged(term.lag as usize + reach);
            let mut lookback = node.operands().iter().map(of).fold(Lookback::default(), Lookback::max);
            match node.operation {
                Operation::Input(column) => lookback = inputs.get(column as usize).copied().unwrap_or_default(),
                Operation::Recurrence(recurrence) => {
                    lookback.unbounded = true;
                    lookback.rows += recurrence.warm_up() as usize;
                }
                _ => {}
            }
            known.push(lookback);
        }
        terms.iter().map(|term| known[term.node as usize].lagged(term.lag as usize)).collect()
    }
}
