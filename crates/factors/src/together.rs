//! A generation of a set that compares symbols: all symbols together, one segment of time after another.
//!
//! Of a segment, the rows of every symbol are read, fed to the formulas, cleaned of outliers and appended to the tables;
//! then they are forgotten, so that memory does not grow with the length of the history. At the ends of segments
//! everything that is carried is saved as a checkpoint. An update begins at the last checkpoint before the earliest
//! change of any symbol: it takes the rows up to there over and makes the rest anew.
//!
//! Segments lie on a fixed grid of time, so that where the data begins or ends does not move them. Of the checkpoints
//! those stay that are about 1, 2, 4, 8, ... segments before the end, and the end itself: the end serves the daily
//! update, the others a late or corrected bar at twice its distance at most.

use crosscut_hub::TableBuilder;
use rayon::prelude::*;

use crate::bars::SymbolBars;
use crate::error::FactorsError;
use crate::evaluate::{Tally, Together};
use crate::produce::{Done, Produced, Work};
use crate::rows::{Position, Rows};
use crate::state::{Carried, Checkpoints, Layout, Snapshot, checkpoint_name};

/// Makes all tables and states.
///
/// # Errors
/// Damaged bars, a state that cannot be continued, a file that cannot be written.
pub(crate) fn produce(work: &Work<'_>) -> Result<Produced, FactorsError> {
    let start = Start::find(work)?;
    let mut segments = Segments::open(work, &start)?;
    segments.run(&start)?;
    segments.finish(&start)
}

/// Where a generation begins.
struct Start {
    /// Everything up to this label is taken over; the smallest number for nothing.
    until: i64,
    /// What is carried from there.
    snapshot: Snapshot,
    /// Microseconds of a segment.
    span: i64,
    /// Checkpoints of the generation before that lie no later.
    earlier: Vec<i64>,
}

impl Start {
    /// The last checkpoint before the earliest change, or the beginning.
    fn find(work: &Work<'_>) -> Result<Self, FactorsError> {
        let nothing =
            Self { until: i64::MIN, snapshot: Snapshot::default(), span: new_span(work), earlier: Vec::new() };
        let Some(basis) = work.basis else { return Ok(nothing) };
        let Layout::Checkpoints(Checkpoints { until, span }) = &basis.index.layout else {
            return Err(FactorsError::State { message: "its state is that of a set of another kind".to_owned() });
        };
        let change = basis.earliest_change(work.source)?.unwrap_or(i64::MAX);
        let earlier: Vec<i64> = until.iter().copied().filter(|until| *until < change).collect();
        let Some(&last) = earlier.last() else { return Ok(Self { span: *span, ..nothing }) };
        let bytes = basis.set.read_state(&checkpoint_name(last)).map_err(|error| FactorsError::of_state(&error))?;
        let message = format!("its state `{}` cannot be read", checkpoint_name(last));
        let snapshot = Snapshot::from_bytes(&bytes).ok_or(FactorsError::State { message })?;
        Ok(Self { until: last, snapshot, span: *span, earlier })
    }

    /// What is carried of a symbol; `None` before its first row.
    fn carried(&self, symbol: &str) -> Option<&Carried> {
        self.snapshot.symbols.get(symbol)
    }
}

/// Microseconds of a segment: a power of two of labels whose values fit into memory.
fn new_span(work: &Work<'_>) -> i64 {
    let (fewest, most) = work.cuts.segment_labels;
    let fits = |power: &u32| (1 << power) * label_bytes(work) <= work.cuts.segment_bytes;
    let power = (fewest..=most).rev().find(fits).unwrap_or(fewest);
    work.config.timeframe.nominal_micros() as i64 * (1 << power)
}

/// Bytes of all values of one label.
fn label_bytes(work: &Work<'_>) -> usize {
    8 * work.source.tables.len() * (work.plan.inputs.len() + work.plan.program.outputs().len())
}

/// The generation in the making.
struct Segments<'a> {
    /// What to make.
    work: &'a Work<'a>,
    /// The formulas.
    together: Together<'a>,
    /// The bars, by symbol.
    rows: Vec<Rows<'a>>,
    /// The tables, by symbol; `None` for one that was taken over whole.
    tables: Vec<Option<TableBuilder<'a>>>,
    /// The first label written, by symbol.
    from: Vec<Option<i64>>,
    /// Microseconds of a segment.
    span: i64,
    /// Labels of a segment.
    labels: usize,
    /// A checkpoint is made after every so many segments: two to this power.
    spacing: u32,
    /// The checkpoints so far.
    checkpoints: Vec<i64>,
}

impl<'a> Segments<'a> {
    /// Puts everything where the generation begins.
    fn open(work: &'a Work<'a>, start: &Start) -> Result<Self, FactorsError> {
        let n_symbols = work.source.tables.len();
        let carried: Vec<Option<&Carried>> = (0..n_symbols).map(|index| start.carried(work.symbol(index))).collect();
        let mut together = Together::new(work.plan, work.config.outliers, n_symbols);
        let numbers: Vec<Option<&[f64]>> =
            carried.iter().map(|carried| Some(carried.as_ref()?.numbers.as_slice())).collect();
        together.restore(&numbers, start.snapshot.last_time).map_err(|error| FactorsError::of_state(&error))?;
        for (tally, carried) in together.tallies.iter_mut().zip(&carried) {
            *tally = carried.map_or_else(|| Tally::new(work.plan), |carried| carried.tally.clone());
        }
        if start.until != i64::MIN {
            together.n_outliers.clone_from(&start.snapshot.n_outliers);
        }
        let position = |tally: &Tally| Position { n_bars: tally.n_bars as usize, after: start.until };
        let rows = together.tallies.iter().enumerate();
        let rows = rows.map(|(index, tally)| Rows::new(work.source, index, &work.plan.inputs, position(tally)));
        let rows: Vec<Rows<'_>> = rows.collect();
        let tables: Vec<Result<Option<TableBuilder<'a>>, FactorsError>> =
            (0..n_symbols).into_par_iter().map(|index| table(work, index, &together.tallies[index])).collect();
        let tables = tables.into_iter().collect::<Result<_, _>>()?;
        let nominal = work.config.timeframe.nominal_micros() as i64;
        let labels = (start.span / nominal.max(1)).max(1) as usize;
        let state_bytes = 8 * n_symbols * if n_symbols == 0 { 0 } else { together.numbers(0).len() };
        let enough = |power: &u32| (labels * label_bytes(work)) << power >= work.cuts.checkpoint_share * state_bytes;
        let spacing = (0..16).find(enough).unwrap_or(16);
        let (span, from) = (start.span, vec![None; n_symbols]);
        Ok(Self { work, together, rows, tables, from, span, labels, spacing, checkpoints: Vec::new() })
    }

    /// All segments from the beginning on.
    fn run(&mut self, start: &Start) -> Result<(), FactorsError> {
        let infos = || self.work.source.tables.iter().map(|(_, table)| table.info()).filter(|info| info.rows > 0);
        let (Some(first), Some(last)) = (infos().map(|info| info.first).min(), infos().map(|info| info.last).max())
        else {
            return Ok(());
        };
        let first = first.max(start.until.saturating_add(1));
        let (begin, end) = (first.div_euclid(self.span), last.div_euclid(self.span));
        self.keep_checkpoints(start, end)?;
        for number in begin..=end {
            let until = ((number + 1) * self.span - 1).min(last);
            let has_rows = self.segment(until)?;
            self.work.progress.step((number - begin + 1) as u64, (end - begin + 1) as u64, "stretches of time");
            if has_rows && number < end && stays(number + 1, end, self.spacing) {
                self.save(until)?;
            }
        }
        Ok(())
    }

    /// Takes over the checkpoints that are still wanted.
    fn keep_checkpoints(&mut self, start: &Start, end: i64) -> Result<(), FactorsError> {
        for &until in &start.earlier {
            let is_end_of_segment = (until + 1) % self.span == 0;
            if is_end_of_segment && stays((until + 1) / self.span, end, self.spacing) {
                let kept = self.work.generation.keep_state(&checkpoint_name(until));
                kept.map_err(|error| FactorsError::of_state(&error))?;
                self.checkpoints.push(until);
            }
        }
        Ok(())
    }

    /// The rows up to a label: read, computed, appended. Whether there were any.
    fn segment(&mut self, until: i64) -> Result<bool, FactorsError> {
        let labels = self.labels;
        let bars: Vec<Result<SymbolBars, FactorsError>> =
            self.rows.par_iter_mut().map(|rows| rows.until(until, labels)).collect();
        let bars: Vec<SymbolBars> = bars.into_iter().collect::<Result<_, _>>()?;
        if bars.iter().all(|bars| bars.len() == 0) {
            return Ok(false);
        }
        self.together.update(&bars.iter().collect::<Vec<_>>()).map_err(FactorsError::of_panel)?;
        let (work, together) = (self.work, &self.together);
        let written: Vec<Result<(), FactorsError>> = self
            .tables
            .par_iter_mut()
            .zip(&bars)
            .enumerate()
            .filter(|(_, (_, bars))| bars.len() > 0)
            .map(|(index, (table, bars))| {
                let table = table.as_mut().expect("only a table without rows to come is taken over whole");
                work.append(table, (bars, 0), &together.outputs[index], &together.tradable[index])
            })
            .collect();
        written.into_iter().collect::<Result<(), _>>()?;
        for (from, bars) in self.from.iter_mut().zip(&bars) {
            *from = from.or(bars.timestamp.first().copied());
        }
        Ok(true)
    }

    /// Saves everything that is carried after the label `until`.
    fn save(&mut self, until: i64) -> Result<(), FactorsError> {
        if self.checkpoints.last() == Some(&until) {
            return Ok(());
        }
        let carried = |index: usize| {
            let tally = self.together.tallies[index].clone();
            // Without a row nothing is carried.
            let seen = tally.n_rows > 0;
            seen.then(|| (self.work.symbol(index).to_owned(), Carried { tally, numbers: self.together.numbers(index) }))
        };
        let snapshot = Snapshot {
            last_time: self.together.last_time(),
            n_outliers: self.together.n_outliers.clone(),
            symbols: (0..self.rows.len()).filter_map(carried).collect(),
        };
        self.work.generation.write_state(&checkpoint_name(until), &snapshot.to_bytes())?;
        self.checkpoints.push(until);
        Ok(())
    }

    /// Completes the tables and saves the end.
    fn finish(mut self, start: &Start) -> Result<Produced, FactorsError> {
        self.save(self.together.last_time().unwrap_or(i64::MIN))?;
        let tables = std::mem::take(&mut self.tables);
        let finished: Vec<Result<(), FactorsError>> =
            tables.into_par_iter().flatten().map(|table| Ok(table.finish()?)).collect();
        finished.into_iter().collect::<Result<(), _>>()?;
        let done = |(index, tally): (usize, &Tally)| Done {
            tally: tally.clone(),
            n_kept: start.carried(self.work.symbol(index)).map_or(0, |carried| carried.tally.n_rows),
            n_old: self.work.record(index).map_or(0, |record| record.tally.n_rows),
            from: self.from[index],
        };
        Ok(Produced {
            symbols: self.together.tallies.iter().enumerate().map(done).collect(),
            n_outliers: self.together.n_outliers.clone(),
            layout: Layout::Checkpoints(Checkpoints { until: self.checkpoints, span: self.span }),
        })
    }
}

/// Starts a symbol's table with the rows counted so far; `None` when it is taken over whole.
fn table<'a>(work: &'a Work<'a>, index: usize, tally: &Tally) -> Result<Option<TableBuilder<'a>>, FactorsError> {
    let n_old = work.record(index).map_or(0, |record| record.tally.n_rows);
    let is_complete = tally.n_bars as usize == work.source.tables[index].1.rows();
    if work.record(index).is_some() && is_complete && n_old == tally.n_rows {
        return work.keep(index, tally).map(|_| None);
    }
    let mut table = work.table(index)?;
    if tally.n_rows > 0 {
        work.keep_before(&mut table, tally.n_rows)?;
    }
    Ok(Some(table))
}

/// Whether the checkpoint after `number` segments stays when the data ends in the segment after `end`: it does as long as
/// no two later ones are multiples of its power of two. What does not stay is never wanted again.
fn stays(number: i64, end: i64, spacing: u32) -> bool {
    let power = number.trailing_zeros();
    power >= spacing && (power > 61 || end - number < 2 << power)
}

#[cfg(test)]
mod tests {
    //! Which checkpoints stay.

    use super::stays;

    #[test]
    fn about_one_checkpoint_stays_for_each_doubling_of_the_distance() {
        for end in 1..600_i64 {
            let kept: Vec<i64> = (1..=end).filter(|&number| stays(number, end, 0)).collect();
            assert!(kept.len() <= 2 + 2 * (end.ilog2() as usize), "{end}: {kept:?}");
            for back in 1..end {
                let nearest = kept.iter().rev().find(|&&number| number <= end - back).copied().unwrap_or(0);
                assert!(end - nearest <= 4 * back, "{end}: {back} back begins at {nearest}; {kept:?}");
            }
        }
    }

    #[test]
    fn what_is_dropped_is_never_wanted_again() {
        for spacing in 0..3 {
            for number in 1..300 {
                let stays_until = (number..1000).take_while(|&end| stays(number, end, spacing)).count() as i64;
                assert!((number + stays_until..1000).all(|end| !stays(number, end, spacing)), "{number}");
            }
        }
        assert!(stays(0, 1 << 40, 5), "the beginning");
    }
}
