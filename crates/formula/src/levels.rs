//! Splits a program where operators look across symbols.
//!
//! An expression's level is the number of cross-sectional operators on the longest way down to the columns. Level by
//! level: first the cross-sectional operators that lead into the level, time by time; then everything else of the
//! level in one plan, symbol by symbol. What later levels or outputs read is a *value*, kept for the rows at hand;
//! values are numbered in the order in which they come to be.

use std::collections::HashMap;
use std::sync::Arc;

use crosscut_kernels::{Graph, Lookback, Plan, Term};

use crate::expression::{Expression, ExpressionId, Expressions};
use crate::operators::{Arguments, CrossSection, ParameterKind, Run};

/// A value by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value(pub(crate) usize);

/// Where numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// An input of the program.
    Input(usize),
    /// An earlier value.
    Value(Value),
}

/// A cross-sectional operator at work.
#[derive(Debug, Clone)]
pub(crate) struct CrossStep {
    /// What to do.
    pub(crate) operator: CrossSection,
    /// On what series, in the order of the parameters.
    pub(crate) from: Vec<Source>,
    /// The numbers that come with it, in the order of the parameters.
    pub(crate) numbers: Vec<f64>,
}

/// A cross-sectional operator as it is called.
struct CrossCall {
    /// What to do.
    operator: CrossSection,
    /// On what.
    series: Vec<ExpressionId>,
    /// The numbers that come with it.
    numbers: Vec<f64>,
}

/// One level. Its values are first those of `cross`, in order, then those of `plan`, in order.
#[derive(Debug)]
pub(crate) struct Level {
    /// The number of its first value.
    pub(crate) first_value: usize,
    /// The cross-sectional operators that lead into the level.
    pub(crate) cross: Vec<CrossStep>,
    /// What the plan reads, in the order of its input columns.
    pub(crate) plan_inputs: Vec<Source>,
    /// The rest of the level.
    pub(crate) plan: Arc<Plan>,
    /// Number of values the plan gives.
    pub(crate) n_plan_outputs: usize,
}

/// All levels of a program.
#[derive(Debug)]
pub(crate) struct Planned {
    /// Levels in order; at least one.
    pub(crate) levels: Vec<Level>,
    /// The value of each output of the program.
    pub(crate) results: Vec<Value>,
    /// Lookback of each output of the program.
    pub(crate) lookbacks: Vec<Lookback>,
}

/// What planning knows so far.
struct Planner<'a> {
    /// All expressions.
    expressions: &'a Expressions,
    /// The expressions to compute, operands first.
    wanted: &'a [ExpressionId],
    /// Input number of each available column in use.
    inputs: HashMap<usize, usize>,
    /// Level of each wanted expression.
    level_of: Vec<usize>,
    /// Whether a later level, a cross-sectional operator or an output reads the expression.
    is_kept: Vec<bool>,
    /// Value of each kept expression planned so far.
    value_of: Vec<Option<Value>>,
    /// Lookback of each value.
    value_lookbacks: Vec<Lookback>,
}

/// Plans `outputs`. `used` lists the available columns that become inputs, in order.
pub(crate) fn plan_levels(
    expressions: &Expressions,
    wanted: &[ExpressionId],
    outputs: &[ExpressionId],
    used: &[usize],
) -> Planned {
    let mut planner = Planner {
        expressions,
        wanted,
        inputs: used.iter().enumerate().map(|(input, &column)| (column, input)).collect(),
        level_of: vec![0; expressions.len()],
        is_kept: vec![false; expressions.len()],
        value_of: vec![None; expressions.len()],
        value_lookbacks: Vec::new(),
    };
    planner.assign_levels(outputs);
    let n_levels = wanted.iter().map(|id| planner.level_of[id.0] + 1).max().unwrap_or(1);
    let levels: Vec<Level> = (0..n_levels).map(|level| planner.plan_level(level, outputs)).collect();
    let results: Vec<Value> = match levels.as_slice() {
        // A program of one level gives its outputs one by one, equal ones twice, so that they need no copying.
        [_] => (0..outputs.len()).map(Value).collect(),
        _ => outputs.iter().map(|id| planner.value(*id)).collect(),
    };
    let lookbacks = results.iter().map(|value| planner.value_lookbacks[value.0]).collect();
    Planned { levels, results, lookbacks }
}

impl Planner<'_> {
    /// Finds the level of every expression and who is read across levels.
    fn assign_levels(&mut self, outputs: &[ExpressionId]) {
        let (expressions, wanted) = (self.expressions, self.wanted);
        for &id in wanted {
            let Expression::Call { operator, operands } = expressions.get(id) else { continue };
            let below = operands.iter().map(|operand| self.level_of[operand.0]).max().unwrap_or(0);
            let is_cross = matches!(operator.run, Run::CrossSection(_));
            self.level_of[id.0] = below + usize::from(is_cross);
            for operand in operands {
                let is_call = matches!(expressions.get(*operand), Expression::Call { .. });
                let crosses = is_cross || self.level_of[operand.0] < self.level_of[id.0];
                self.is_kept[operand.0] |= is_call && (crosses || self.is_cross_section(*operand));
            }
        }
        for output in outputs {
            self.is_kept[output.0] = true;
        }
    }

    /// Whether an expression is a call of a cross-sectional operator.
    fn is_cross_section(&self, id: ExpressionId) -> bool {
        let Expression::Call { operator, .. } = self.expressions.get(id) else { return false };
        matches!(operator.run, Run::CrossSection(_))
    }

    /// The cross-sectional operator an expression is, with its operands.
    fn cross_section(&self, id: ExpressionId) -> Option<CrossCall> {
        let Expression::Call { operator: called, operands } = self.expressions.get(id) else { return None };
        let Run::CrossSection(operator) = called.run else { return None };
        let is_series = |at: usize| called.parameters[at].kind == ParameterKind::Series;
        let (series, numbers): (Vec<usize>, Vec<usize>) = (0..operands.len()).partition(|&at| is_series(at));
        let numbers = numbers.into_iter().filter_map(|at| self.expressions.number(operands[at])).collect();
        Some(CrossCall { operator, series: series.into_iter().map(|at| operands[at]).collect(), numbers })
    }

    /// The value of a kept expression.
    fn value(&self, id: ExpressionId) -> Value {
        self.value_of[id.0].expect("what is read across levels has been planned before")
    }

    /// Where a lower level's expression or a column is read.
    fn source(&self, id: ExpressionId) -> Source {
        match self.expressions.get(id) {
            Expression::Column(column) => Source::Input(self.inputs[column]),
            _ => Source::Value(self.value(id)),
        }
    }

    /// How far back a source looks.
    fn lookback(&self, source: Source) -> Lookback {
        match source {
            Source::Input(_) => Lookback::default(),
            Source::Value(value) => self.value_lookbacks[value.0],
        }
    }

    /// Notes a new value.
    fn add_value(&mut self, id: ExpressionId, lookback: Lookback) {
        self.value_of[id.0] = Some(Value(self.value_lookbacks.len()));
        self.value_lookbacks.push(lookback);
    }

    /// Plans one level; all lower ones have been planned.
    fn plan_level(&mut self, level: usize, outputs: &[ExpressionId]) -> Level {
        let first_value = self.value_lookbacks.len();
        let here: Vec<ExpressionId> = self.wanted.iter().copied().filter(|id| self.level_of[id.0] == level).collect();
        let mut cross = Vec::new();
        for &id in &here {
            if let Some(CrossCall { operator, series, numbers }) = self.cross_section(id) {
                let from: Vec<Source> = series.into_iter().map(|operand| self.source(operand)).collect();
                let lookback =
                    from.iter().map(|&source| self.lookback(source)).fold(Lookback::default(), Lookback::max);
                self.add_value(id, lookback);
                cross.push(CrossStep { operator, from, numbers });
            }
        }
        let mut builder = LevelBuilder::default();
        for &id in here.iter().filter(|&&id| !self.is_cross_section(id)) {
            self.build(&mut builder, id);
        }
        let is_only = self.wanted.iter().all(|id| self.level_of[id.0] == 0);
        let kept: Vec<ExpressionId> = if is_only {
            outputs.to_vec()
        } else {
            here.iter().copied().filter(|&id| self.is_kept[id.0] && !self.is_cross_section(id)).collect()
        };
        let terms: Vec<Term> = kept.iter().map(|id| builder.terms[id]).collect();
        let lookbacks: Vec<Lookback> = builder.inputs.iter().map(|&source| self.lookback(source)).collect();
        let plan = Arc::new(Plan::new(&builder.graph, &terms, &lookbacks));
        for (&id, &lookback) in kept.iter().zip(plan.lookbacks()) {
            self.add_value(id, lookback);
        }
        Level { first_value, cross, plan_inputs: builder.inputs, plan, n_plan_outputs: terms.len() }
    }

    /// Adds one expression of the level to its graph; its operands of the same level are there.
    fn build(&self, builder: &mut LevelBuilder, id: ExpressionId) {
        let term = match self.expressions.get(id) {
            Expression::Column(_) => builder.input(self.source(id)),
            Expression::Number(value) => builder.graph.constant(value.0),
            Expression::Call { operator, operands } => {
                let terms: Vec<Term> = operands.iter().map(|operand| self.operand(builder, *operand)).collect();
                let numbers: Vec<Option<f64>> = operands.iter().map(|&id| self.expressions.number(id)).collect();
                let arguments = Arguments { terms: &terms, numbers: &numbers };
                operator.build(&mut builder.graph, &arguments).expect("cross-sections are not built")
            }
        };
        builder.terms.insert(id, term);
    }

    /// An operand within a level: built here, or read from outside.
    fn operand(&self, builder: &mut LevelBuilder, id: ExpressionId) -> Term {
        match (builder.terms.get(&id), self.expressions.get(id)) {
            (Some(&term), _) => term,
            (None, Expression::Number(value)) => builder.graph.constant(value.0),
            (None, _) => builder.input(self.source(id)),
        }
    }
}

/// The graph of one level under construction.
#[derive(Default)]
struct LevelBuilder {
    /// The graph.
    graph: Graph,
    /// Expressions of this level built so far.
    terms: HashMap<ExpressionId, Term>,
    /// What the graph's input columns are.
    inputs: Vec<Source>,
}

impl LevelBuilder {
    /// The graph's input for a source.
    fn input(&mut self, source: Source) -> Term {
        let at = self.inputs.iter().position(|known| *known == source).unwrap_or_else(|| {
            self.inputs.push(source);
            self.inputs.len() - 1
        });
        self.graph.input(u32::try_from(at).expect("a level has fewer than 2^32 inputs"))
    }
}
