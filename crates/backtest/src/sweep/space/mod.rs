//! What a sweep goes through: axes, how points are taken from them, conditions, and sets with a name of their own.
//!
//! [`Space::draw`] gives the sets in an order that depends on nothing but the space: named sets first, then the points of
//! the grid or the drawn ones. Points that break a constraint or repeat an earlier one are left out and counted.

mod axis;
mod draw;
pub(super) mod sobol;

use std::collections::BTreeSet;

pub use axis::Axis;

use super::{Constraint, ParameterSet};
use crate::error::BacktestError;

/// Most sets of a sweep.
pub const SETS_MAX: usize = 200_000;

/// How points are taken from the axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// Every combination.
    #[default]
    Grid,
    /// Independent draws.
    Random,
    /// A Latin hypercube: each axis cut into as many slices as there are points, each slice drawn once.
    LatinHypercube,
    /// The Sobol sequence, shifted by the seed unless that is 0.
    Sobol,
}

impl Method {
    /// All names.
    pub const NAMES: [&'static str; 4] = ["grid", "random", "latin_hypercube", "sobol"];

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Grid, Self::Random, Self::LatinHypercube, Self::Sobol];
        all.into_iter().find(|method| method.name() == name)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// What a sweep goes through.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Space {
    /// What is varied.
    pub axes: Vec<Axis>,
    /// How points are taken.
    pub method: Method,
    /// Number of points wanted; not used by a grid.
    pub n: usize,
    /// Seed of the draws.
    pub seed: u64,
    /// Conditions every set must meet, named ones too. Their names are keys of the sets.
    pub constraints: Vec<Constraint>,
    /// Sets with a name.
    pub named: Vec<ParameterSet>,
}

/// The sets of a sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The sets in their order.
    pub sets: Vec<ParameterSet>,
    /// Points that broke a constraint.
    pub n_refused: usize,
    /// Points that were there already.
    pub n_repeated: usize,
}

impl Space {
    /// Takes the points. `base` gives the value of a key that no axis varies.
    ///
    /// # Errors
    /// [`BacktestError::Search`] for axes that cannot be used with the method, too many points, and constraints that
    /// (nearly) no point meets.
    pub fn draw(&self, base: &dyn Fn(&str) -> Option<String>) -> Result<Drawn, BacktestError> {
        self.check()?;
        let mut taken = Taken { space: self, base, drawn: Drawn::default(), seen: BTreeSet::new() };
        for set in &self.named {
            taken.take(set.clone(), true)?;
        }
        if !self.axes.is_empty() {
            match self.method {
                Method::Grid => draw::grid(self, &mut taken)?,
                Method::Random => draw::random(self, &mut taken)?,
                Method::LatinHypercube => draw::latin_hypercube(self, &mut taken)?,
                Method::Sobol => draw::sobol(self, &mut taken)?,
            }
        }
        if taken.drawn.sets.is_empty() {
            let why = if taken.drawn.n_refused > 0 {
                format!("none of {} points meets the constraints", taken.drawn.n_refused)
            } else {
                "it varies nothing: give `sweep.parameters`, such as `k: [5, 10, 20]`, or `parameter_sets`".to_owned()
            };
            return Err(BacktestError::Search { problem: format!("the sweep has no set to run: {why}") });
        }
        Ok(taken.drawn)
    }

    /// Checks what can be checked before any point is taken.
    fn check(&self) -> Result<(), BacktestError> {
        let problem = |problem: String| Err(BacktestError::Search { problem });
        for (at, axis) in self.axes.iter().enumerate() {
            if self.axes[..at].iter().any(|other| other.key == axis.key) {
                return problem(format!("parameter `{}` is given twice", axis.key));
            }
        }
        let needs_n = self.method != Method::Grid && !self.axes.is_empty();
        if needs_n && self.n == 0 {
            return problem(format!("method {} needs `n`, the number of points", self.method.name()));
        }
        if self.n > SETS_MAX {
            return problem(format!("n is {}; at most {SETS_MAX} points", self.n));
        }
        if self.method == Method::Sobol && self.axes.len() > sobol::DIMENSIONS_MAX {
            let (n, most) = (self.axes.len(), sobol::DIMENSIONS_MAX);
            return problem(format!("method sobol takes at most {most} parameters, found {n}"));
        }
        Ok(())
    }

    /// The set at chosen values, one per axis.
    fn set(&self, values: Vec<String>) -> ParameterSet {
        ParameterSet::new(self.axes.iter().map(|axis| axis.key.clone()).zip(values))
    }
}

/// Points on their way into a sweep.
struct Taken<'a> {
    /// What they are taken from.
    space: &'a Space,
    /// Values of keys no axis varies.
    base: &'a dyn Fn(&str) -> Option<String>,
    /// What was taken.
    drawn: Drawn,
    /// Values that were taken.
    seen: BTreeSet<Vec<(String, String)>>,
}

impl Taken<'_> {
    /// Takes a set unless it breaks a constraint or is there already; says whether it was taken.
    fn offer(&mut self, set: ParameterSet) -> Result<bool, BacktestError> {
        self.take(set, false)
    }

    /// [`Taken::offer`], of a set with a name or a point.
    fn take(&mut self, set: ParameterSet, is_named: bool) -> Result<bool, BacktestError> {
        let value = |key: &str| set.get(key).map(str::to_owned).or_else(|| (self.base)(key));
        // A named set need not give every key: what it does not give, a constraint cannot be about.
        let says = |constraint: &&Constraint| !is_named || constraint.names().iter().all(|key| value(key).is_some());
        for constraint in self.space.constraints.iter().filter(says) {
            if !constraint.holds(&value)? {
                self.drawn.n_refused += 1;
                return Ok(false);
            }
        }
        if !self.seen.insert(set.values.clone()) {
            self.drawn.n_repeated += 1;
            return Ok(false);
        }
        self.drawn.sets.push(set);
        Ok(true)
    }
}
