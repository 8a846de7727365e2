//! Where each number of a program lies while a block of time runs through its levels.
//!
//! - A *lane* matrix holds what the cross-sectional operators read of a level's series: eight symbols side by side,
//!   time by time, so that one task fills it for its symbols and another reads it for its times.
//! - A *result* matrix holds what the cross-sectional operators of a level gave, time by time.
//! - *Kept* series are those of a level's plan that later plans or the outputs read, symbol by symbol.

use crate::levels::{Level, Source, Value};
use crate::program::Compiled;

/// Where an operand of a cross-sectional operator lies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operand {
    /// In the lanes of a level.
    Lane {
        /// Which level.
        level: usize,
        /// Which of its lanes.
        lane: usize,
    },
    /// In the results of a level.
    Result(ResultPlace),
}

/// A result of a cross-sectional operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResultPlace {
    /// Which level.
    pub(super) level: usize,
    /// Which of its operators.
    pub(super) step: usize,
}

/// What a plan, or an output, reads of one symbol.
#[derive(Debug, Clone, Copy)]
pub(super) enum Series {
    /// An input column.
    Input(usize),
    /// A kept series.
    Kept(usize),
    /// A result of the plan of the last level.
    Last(usize),
    /// A column read from the results: its number among the level's `columns`.
    Column(usize),
}

/// A series that goes into the lanes of its level.
#[derive(Debug, Clone, Copy)]
pub(super) enum LaneSource {
    /// An input column.
    Input(usize),
    /// A result of the level's plan.
    Planned(usize),
}

/// The ways of one level.
#[derive(Debug, Default)]
pub(super) struct LevelRoute {
    /// For each cross-sectional operator where its operands lie.
    pub(super) operands: Vec<Vec<Operand>>,
    /// Results of cross-sectional operators that are read symbol by symbol at this level, each once.
    pub(super) columns: Vec<ResultPlace>,
    /// What the plan reads.
    pub(super) inputs: Vec<Series>,
    /// What goes into the lanes.
    pub(super) lanes: Vec<LaneSource>,
    /// Results of the plan that are kept, and where.
    pub(super) kept: Vec<(usize, usize)>,
}

/// The ways of a program.
#[derive(Debug)]
pub(super) struct Route {
    /// Level by level.
    pub(super) levels: Vec<LevelRoute>,
    /// What each output of the program reads, at the last level.
    pub(super) outputs: Vec<Series>,
    /// Number of kept series.
    pub(super) n_kept: usize,
}

/// Who gave a value.
#[derive(Debug, Clone, Copy)]
enum Origin {
    /// A cross-sectional operator.
    Cross(ResultPlace),
    /// The plan of a level: its level and result.
    Plan(usize, usize),
}

impl Route {
    /// The ways of a compiled program.
    pub(super) fn new(compiled: &Compiled) -> Self {
        let levels = (0..compiled.levels.len()).map(|_| LevelRoute::default()).collect();
        let mut route = Self { levels, outputs: Vec::new(), n_kept: 0 };
        for (at, level) in compiled.levels.iter().enumerate() {
            for step in &level.cross {
                let operands = step.from.iter().map(|&source| route.operand(source, &compiled.levels)).collect();
                route.levels[at].operands.push(operands);
            }
            for &source in &level.plan_inputs {
                let series = match source {
                    Source::Input(input) => Series::Input(input),
                    Source::Value(value) => route.series(value, at, &compiled.levels),
                };
                route.levels[at].inputs.push(series);
            }
        }
        for &value in &compiled.results {
            let series = route.series(value, compiled.levels.len() - 1, &compiled.levels);
            route.outputs.push(series);
        }
        route
    }

    /// Numbers held per row of a symbol in a block.
    pub(super) fn n_held(&self) -> usize {
        let matrices = self.levels.iter().map(|level| level.operands.len() + level.lanes.len());
        self.n_kept + matrices.sum::<usize>()
    }

    /// Where a cross-sectional operator finds an operand; a series is given a lane when it has none.
    fn operand(&mut self, source: Source, levels: &[Level]) -> Operand {
        let (level, of_lane) = match source {
            Source::Input(input) => (0, LaneSource::Input(input)),
            Source::Value(value) => match origin(value, levels) {
                Origin::Cross(place) => return Operand::Result(place),
                Origin::Plan(level, output) => (level, LaneSource::Planned(output)),
            },
        };
        let same = |lane: &LaneSource| match (*lane, of_lane) {
            (LaneSource::Input(a), LaneSource::Input(b)) | (LaneSource::Planned(a), LaneSource::Planned(b)) => a == b,
            _ => false,
        };
        let lanes = &mut self.levels[level].lanes;
        let lane = lanes.iter().position(same).unwrap_or_else(|| {
            lanes.push(of_lane);
            lanes.len() - 1
        });
        Operand::Lane { level, lane }
    }

    /// Where level `at` finds a value of one symbol; a series of an earlier plan is kept from then on.
    fn series(&mut self, value: Value, at: usize, levels: &[Level]) -> Series {
        match origin(value, levels) {
            Origin::Cross(place) => {
                let columns = &mut self.levels[at].columns;
                let column = columns.iter().position(|known| *known == place).unwrap_or_else(|| {
                    columns.push(place);
                    columns.len() - 1
                });
                Series::Column(column)
            }
            Origin::Plan(level, output) if level == at => Series::Last(output),
            Origin::Plan(level, output) => {
                let kept = &mut self.levels[level].kept;
                if let Some(&(_, slot)) = kept.iter().find(|(known, _)| *known == output) {
                    return Series::Kept(slot);
                }
                kept.push((output, self.n_kept));
                self.n_kept += 1;
                Series::Kept(self.n_kept - 1)
            }
        }
    }
}

/// Who gave a value.
fn origin(value: Value, levels: &[Level]) -> Origin {
    let level = levels.partition_point(|level| level.first_value <= value.0) - 1;
    let within = value.0 - levels[level].first_value;
    match within.checked_sub(levels[level].cross.len()) {
        None => Origin::Cross(ResultPlace { level, step: within }),
        Some(output) => Origin::Plan(level, output),
    }
}
