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
    /// What they gave, per level: stretch by stretch of times, operator by operator, tile by tile, time by time, symbol
    /// by symbol.
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

/// Room for one stretch of times.
#[derive(Default)]
struct StretchRoom {
    /// For the operators.
    scratch: Scratch,
    /// Operands, time by time.
    gathered: Vec<f64>,
    /// Results, time by time.
    out: Vec<f64>,
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
        stretches.enumerate().for_each_init(StretchRoom::default, |room, (stretch, results)| {
            let n_times = results.len() / (level.cross.len() * width);
            room.out.resize(n_times * width, f64::NAN);
            let of_steps = results.chunks_exact_mut(n_times * width);
            for ((step, operands), results) in level.cross.iter().zip(&route.operands).zip(of_steps) {
                self.gather(operands, (stretch, n_times), &mut room.gathered);
                for (time, out) in room.out.chunks_exact_mut(width).enumerate() {
                    let of_operands = room.gathered.chunks_exact(n_times * width);
                    let rows: Vec<&[f64]> = of_operands.map(|rows| &rows[time * width..][..n_members]).collect();
                    let at_time = AtOneTime { series: &rows, numbers: &step.numbers };
                    (step.operator)(&at_time, &mut room.scratch, &mut out[..n_members]);
                }
                for (tile, results) in results.chunks_exact_mut(n_times * TILE).enumerate() {
                    for (out, result) in room.out.chunks_exact(width).zip(results.chunks_exact_mut(TILE)) {
                        result.copy_from_slice(&out[tile * TILE..][..TILE]);
                    }
                }
            }
        });
        self.results[at] = results;
    }

    /// Gathers the operands of a cross-sectional operator for a stretch of so many times: operand by operand, time by
    /// time, symbol by symbol.
    fn gather(&self, operands: &[Operand], (stretch, n_times): (usize, usize), out: &mut Vec<f64>) {
        let width = self.n_tiles * TILE;
        let begin = stretch * STRETCH_TIMES;
        out.resize(operands.len() * n_times * width, f64::NAN);
        for (operand, out) in operands.iter().zip(out.chunks_exact_mut(n_times * width)) {
            match *operand {
                Operand::Lane { level, lane } => {
                    let n_lanes = self.lanes[level].len() / (self.n_times * width);
                    let series = self.lanes[level].chunks_exact(self.n_times * TILE).skip(lane).step_by(n_lanes);
                    let of_stretch = series.map(|series| &series[begin * TILE..][..n_times * TILE]);
                    gather_tiles(of_stretch, out, width);
                }
                Operand::Result(ResultPlace { level, step }) => {
                    let n_steps = self.results[level].len() / (self.n_times * width);
                    let of_stretch = &self.results[level][(begin * n_steps + n_times * step) * width..];
                    gather_tiles(of_stretch[..n_times * width].chunks_exact(n_times * TILE), out, width);
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
            let stretches = ground.results[place.level].chunks(n_steps * width * STRETCH_TIMES);
            for (begin, stretch) in (0..).step_by(STRETCH_TIMES).zip(stretches) {
                let of_tile = stretch.len() / (n_steps * width) * TILE;
                let (rows, _) = stretch[place.step * of_tile / TILE * width + tile * of_tile..][..of_tile].as_chunks();
                transpose_out(rows, columns, begin);
            }
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
            let planned = &self.planned;
            let rows = |at: usize| -> &[f64] {
                match *source {
                    LaneSource::Input(input) => work[at].columns[input],
                    LaneSource::Planned(output) => &planned[at][output],
                }
            };
            // A symbol with a row at every time needs no copy.
            for (at, spread) in self.spread.chunks_exact_mut(n_times).enumerate() {
                match work.get(at) {
                    Some(work) if work.member.rows.len() == n_times => {}
                    Some(work) => work.member.spread(rows(at), spread),
                    None => spread.fill(f64::NAN),
                }
            }
            let columns: [&[f64]; TILE] = std::array::from_fn(|at| match work.get(at) {
                Some(work) if work.member.rows.len() == n_times => rows(at),
                _ => &self.spread[at * n_times..][..n_times],
            });
            for (time, row) in lane.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
                for (value, column) in row.iter_mut().zip(&columns) {
                    *value = column[time];
                }
            }
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

/// Copies tiles, each time by time, to rows of all symbols at one time.
fn gather_tiles<'a>(tiles: impl Iterator<Item = &'a [f64]>, out: &mut [f64], width: usize) {
    for (at, tile) in tiles.enumerate() {
        for (values, out) in tile.chunks_exact(TILE).zip(out.chunks_exact_mut(width)) {
            out[at * TILE..][..TILE].copy_from_slice(values);
        }
    }
}

/// A tile time by time in, from row `begin` of each of its symbols' columns out.
fn transpose_out(rows: &[[f64; TILE]], columns: &mut [f64], begin: usize) {
    let n_times = columns.len() / TILE;
    for (at, column) in columns.chunks_exact_mut(n_times).enumerate() {
        for (value, row) in column[begin..].iter_mut().zip(rows) {
            *value = row[at];
        }
    }
}
