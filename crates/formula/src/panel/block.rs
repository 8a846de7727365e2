//! One block of time through the levels of a program.

use crosscut_kernels::{Plan, State};
use rayon::prelude::*;

use super::grid::{Grid, Member};
use super::route::{LaneSource, LevelRoute, Operand, ResultPlace, Route, Series};
use super::{RowSink, Workspaces};
use crate::levels::Level;
use crate::operators::{AtOneTime, Scratch};

/// Symbols side by side in a tile: a cache line of their values at one time.
const TILE: usize = 8;

/// Times one thread works on at once.
const STRETCH_TIMES: usize = 8;

/// The numbers of a block on their way through the levels; what they were before a block does not matter.
#[derive(Debug)]
pub(super) struct Buffers {
    /// Times of the block.
    n_times: usize,
    /// Tiles of symbols.
    n_tiles: usize,
    /// What cross-sectional operators read, per level: tile by tile, series by series, time by time, symbol by symbol.
    lanes: Vec<Vec<f64>>,
    /// What they gave, per level: time by time, operator by operator, symbol by symbol.
    results: Vec<Vec<f64>>,
    /// Series of earlier plans, per symbol of the block.
    kept: Vec<Vec<Vec<f64>>>,
}

/// What a plan does for one symbol of the block.
pub(super) struct Work<'a, S> {
    /// The symbol.
    pub(super) member: &'a Member,
    /// Its rows of the input columns.
    pub(super) columns: Vec<&'a [f64]>,
    /// What it carries.
    pub(super) state: &'a mut State,
    /// Who takes the outputs, at the last level.
    pub(super) sink: Option<&'a mut S>,
}

/// The plan of a level at work.
pub(super) struct PlanStep<'a, S> {
    /// The plan.
    pub(super) plan: &'a Plan,
    /// Number of its results.
    pub(super) n_planned: usize,
    /// The ways of the program.
    pub(super) route: &'a Route,
    /// Buffers for the plan.
    pub(super) workspaces: &'a Workspaces,
    /// For each symbol of the block what to do.
    pub(super) work: Vec<Work<'a, S>>,
}

/// Room for one tile.
#[derive(Default)]
struct TileRoom {
    /// Columns read from the results: column by column, symbol by symbol, time by time.
    columns: Vec<f64>,
    /// Results of the plan, symbol by symbol.
    planned: Vec<Vec<Vec<f64>>>,
    /// A series at all times, symbol by symbol, where it has gaps.
    spread: Vec<f64>,
}

/// What the plan of a level reads besides the symbol's own input columns, and how wide the block is.
struct Ground<'a> {
    /// Times of the block.
    n_times: usize,
    /// Symbols of the block, rounded up to whole tiles.
    width: usize,
    /// Results of all levels.
    results: &'a [Vec<f64>],
    /// The ways of the level.
    level: &'a LevelRoute,
    /// The ways of all levels.
    route: &'a Route,
}

impl Buffers {
    /// Buffers for a program of so many levels.
    pub(super) fn new(n_levels: usize) -> Self {
        let empty = vec![Vec::new(); n_levels];
        Self { n_times: 0, n_tiles: 0, lanes: empty.clone(), results: empty, kept: Vec::new() }
    }

    /// Makes room for a block.
    pub(super) fn fit(&mut self, grid: &Grid, route: &Route) {
        self.n_times = grid.n_times;
        self.n_tiles = grid.members.len().div_ceil(TILE);
        let cells = self.n_times * self.n_tiles * TILE;
        for ((lanes, results), level) in self.lanes.iter_mut().zip(&mut self.results).zip(&route.levels) {
            lanes.resize(cells * level.lanes.len(), f64::NAN);
            results.resize(cells * level.operands.len(), f64::NAN);
        }
        if self.kept.len() < grid.members.len() {
            self.kept.resize(grid.members.len(), vec![Vec::new(); route.n_kept]);
        }
    }

    /// Runs the cross-sectional operators that lead into a level.
    pub(super) fn run_cross_section(&mut self, at: usize, level: &Level, route: &LevelRoute, grid: &Grid) {
        if level.cross.is_empty() {
            return;
        }
        let width = self.n_tiles * TILE;
        let n_members = grid.members.len();
        let mut results = std::mem::take(&mut self.results[at]);
        let stretches = results.par_chunks_mut(STRETCH_TIMES * level.cross.len() * width);
        let room = || (Scratch::default(), Vec::new());
        stretches.enumerate().for_each_init(room, |(scratch, gathered), (stretch, results)| {
            let begin = stretch * STRETCH_TIMES;
            let n_times = results.len() / (level.cross.len() * width);
            for (step_at, (step, operands)) in level.cross.iter().zip(&route.operands).enumerate() {
                self.gather(operands, begin..begin + n_times, gathered);
                for time in 0..n_times {
                    let rows: Vec<&[f64]> =
                        gathered.chunks_exact(n_times * width).map(|rows| &rows[time * width..][..n_members]).collect();
                    let at_time = AtOneTime { series: &rows, numbers: &step.numbers };
                    let out = (time * level.cross.len() + step_at) * width;
                    (step.operator)(&at_time, scratch, &mut results[out..out + n_members]);
                }
            }
        });
        self.results[at] = results;
    }

    /// Gathers the operands of a cross-sectional operator for some times: operand by operand, time by time, symbol by
    /// symbol.
    fn gather(&self, operands: &[Operand], times: std::ops::Range<usize>, out: &mut Vec<f64>) {
        let width = self.n_tiles * TILE;
        out.resize(operands.len() * times.len() * width, f64::NAN);
        for (operand, out) in operands.iter().zip(out.chunks_exact_mut(times.len() * width)) {
            match *operand {
                Operand::Lane { level, lane } => {
                    let n_lanes = self.lanes[level].len() / (self.n_times * width);
                    let series = self.lanes[level].chunks_exact(self.n_times * TILE).skip(lane).step_by(n_lanes);
                    for (tile, series) in series.enumerate() {
                        let (of_times, _) = series[times.start * TILE..times.end * TILE].as_chunks::<TILE>();
                        for (values, out) in of_times.iter().zip(out.chunks_exact_mut(width)) {
                            out[tile * TILE..][..TILE].copy_from_slice(values);
                        }
                    }
                }
                Operand::Result(ResultPlace { level, step }) => {
                    let n_steps = self.results[level].len() / (self.n_times * width);
                    for (time, out) in times.clone().zip(out.chunks_exact_mut(width)) {
                        out.copy_from_slice(&self.results[level][(time * n_steps + step) * width..][..width]);
                    }
                }
            }
        }
    }

    /// Runs the plan of a level.
    pub(super) fn run_plan<S: RowSink>(&mut self, at: usize, step: PlanStep<'_, S>) {
        let PlanStep { plan, n_planned, route, workspaces, mut work } = step;
        let level = &route.levels[at];
        let ground = Ground { n_times: self.n_times, width: self.n_tiles * TILE, results: &self.results, level, route };
        // A chunk for every tile, though an idle one where the level has no lanes.
        let mut no_lanes = vec![0.0; self.n_tiles];
        let lanes = if level.lanes.is_empty() { &mut no_lanes } else { &mut self.lanes[at] };
        let lanes_of_tile = lanes.len() / self.n_tiles;
        let tiles = work.par_chunks_mut(TILE).zip(self.kept.par_chunks_mut(TILE));
        let tiles = tiles.zip(lanes.par_chunks_mut(lanes_of_tile)).enumerate();
        tiles.for_each_init(TileRoom::default, |room, (tile, ((work, kept), lanes))| {
            room.planned.resize_with(TILE, || vec![Vec::new(); n_planned]);
            room.read_columns(&ground, tile, work);
            let TileRoom { columns, planned, .. } = &mut *room;
            for (at, (work, (kept, planned))) in work.iter_mut().zip(kept.iter().zip(planned)).enumerate() {
                planned.iter_mut().for_each(Vec::clear);
                let own = Own { at, member: work.member, columns: &work.columns, kept, planned: &[], read: columns };
                let inputs: Vec<&[f64]> = level.inputs.iter().map(|&series| ground.series(series, &own)).collect();
                workspaces.with(|workspace| plan.advance(work.state, workspace, &inputs, planned));
            }
            room.fill_lanes(&ground, work, lanes);
            for (at, (work, kept)) in work.iter_mut().zip(kept).enumerate() {
                room.finish(&ground, (at, work, kept));
            }
        });
    }
}

/// All that a symbol of a tile can read.
struct Own<'a> {
    /// Its position in the tile.
    at: usize,
    /// The symbol.
    member: &'a Member,
    /// Its rows of the input columns.
    columns: &'a [&'a [f64]],
    /// Its kept series.
    kept: &'a [Vec<f64>],
    /// The results of the level's plan, once it has run.
    planned: &'a [Vec<f64>],
    /// The tile's columns read from the results.
    read: &'a [f64],
}

impl Ground<'_> {
    /// A series of one symbol.
    fn series<'a>(&self, series: Series, own: &Own<'a>) -> &'a [f64] {
        match series {
            Series::Input(input) => own.columns[input],
            Series::Kept(slot) => &own.kept[slot],
            Series::Last(output) => &own.planned[output],
            Series::Column(column) => {
                let all_times = &own.read[(column * TILE + own.at) * self.n_times..][..self.n_times];
                &all_times[own.member.picked()]
            }
        }
    }
}

impl TileRoom {
    /// Reads the level's columns of a tile from the results, the rows of each symbol side by side.
    fn read_columns<S>(&mut self, ground: &Ground<'_>, tile: usize, work: &[Work<'_, S>]) {
        let Ground { n_times, width, .. } = *ground;
        self.columns.resize(ground.level.columns.len() * TILE * n_times, f64::NAN);
        for (place, columns) in ground.level.columns.iter().zip(self.columns.chunks_exact_mut(TILE * n_times)) {
            let n_steps = ground.route.levels[place.level].operands.len();
            let rows = ground.results[place.level].chunks_exact(n_steps * width);
            let rows = rows.map(|row| &row[place.step * width + tile * TILE..][..TILE]);
            transpose_out(rows, columns, n_times);
            for (work, column) in work.iter().zip(columns.chunks_exact_mut(n_times)) {
                work.member.pick(column);
            }
        }
    }

    /// Puts what later cross-sectional operators read into the lanes.
    fn fill_lanes<S>(&mut self, ground: &Ground<'_>, work: &[Work<'_, S>], lanes: &mut [f64]) {
        let n_times = ground.n_times;
        self.spread.resize(TILE * n_times, f64::NAN);
        for (source, lane) in ground.level.lanes.iter().zip(lanes.chunks_exact_mut(TILE * n_times)) {
            for (at, spread) in self.spread.chunks_exact_mut(n_times).enumerate() {
                match (work.get(at), *source) {
                    (Some(work), LaneSource::Input(input)) => work.member.spread(work.columns[input], spread),
                    (Some(work), LaneSource::Planned(output)) => work.member.spread(&self.planned[at][output], spread),
                    (None, _) => spread.fill(f64::NAN),
                }
            }
            transpose_in(&self.spread, lane, n_times);
        }
    }

    /// Keeps what later levels read of a symbol, or hands over the outputs.
    fn finish<S: RowSink>(
        &mut self,
        ground: &Ground<'_>,
        (at, work, kept): (usize, &mut Work<'_, S>, &mut Vec<Vec<f64>>),
    ) {
        for &(output, slot) in &ground.level.kept {
            std::mem::swap(&mut self.planned[at][output], &mut kept[slot]);
        }
        let Some(sink) = &mut work.sink else { return };
        let (planned, read) = (&self.planned[at], &self.columns);
        let own = Own { at, member: work.member, columns: &work.columns, kept, planned, read };
        let outputs: Vec<&[f64]> = ground.route.outputs.iter().map(|&series| ground.series(series, &own)).collect();
        sink.take(&outputs);
    }
}

/// Time by time in, symbol by symbol out.
fn transpose_out<'a>(rows: impl Iterator<Item = &'a [f64]>, columns: &mut [f64], n_times: usize) {
    for (time, row) in rows.enumerate() {
        for (at, &value) in row.iter().enumerate() {
            columns[at * n_times + time] = value;
        }
    }
}

/// Symbol by symbol in, time by time out.
fn transpose_in(columns: &[f64], rows: &mut [f64], n_times: usize) {
    for (time, row) in rows.chunks_exact_mut(TILE).enumerate() {
        for (at, value) in row.iter_mut().enumerate() {
            *value = columns[at * n_times + time];
        }
    }
}
