//! A generation of a set that looks at one symbol at a time: symbol by symbol, each from its first changed bar, in
//! parallel. Memory holds a stretch of rows per thread and the operators' numbers of the shards at work.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::error::FactorsError;
use crate::evaluate::Alone;
use crate::produce::{Done, Produced, Work};
use crate::rows::{Position, Rows};
use crate::state::{Carried, Layout, Snapshot, shard_name, shard_of};
use crate::update::Change;

/// Symbols of a shard of states, about.
const SHARD_SYMBOLS: usize = 64;

/// What became of a symbol, by its position in the source.
type Outcome<T> = (usize, Result<T, FactorsError>);

/// Makes all tables and states.
///
/// # Errors
/// That of the first symbol in order.
pub(crate) fn produce(work: &Work<'_>) -> Result<Produced, FactorsError> {
    let n_symbols = work.source.tables.len();
    let n_shards = match work.basis.map(|basis| &basis.index.layout) {
        Some(Layout::Shards(n_shards)) => *n_shards,
        _ => n_symbols.div_ceil(SHARD_SYMBOLS) as u64,
    };
    let mut shards: Vec<Shard<'_>> =
        (0..n_shards).map(|number| Shard { work, number, n_shards, members: Vec::new() }).collect();
    for index in 0..n_symbols {
        shards[shard_of(work.symbol(index), n_shards) as usize].members.push(index);
    }
    let n_done = AtomicU64::new(0);
    let done: Vec<Vec<Outcome<Done>>> = shards.par_iter().map(|shard| shard.produce(&n_done)).collect();
    let mut done: Vec<Outcome<Done>> = done.into_iter().flatten().collect();
    done.sort_by_key(|(index, _)| *index);
    let symbols = done.into_iter().map(|(_, done)| done).collect::<Result<_, _>>()?;
    Ok(Produced { symbols, n_outliers: vec![0; work.plan.columns.len()], layout: Layout::Shards(n_shards) })
}

/// Some symbols whose states lie together.
struct Shard<'a> {
    /// What to make.
    work: &'a Work<'a>,
    /// Which shard.
    number: u64,
    /// Of how many.
    n_shards: u64,
    /// Positions of its symbols in the source.
    members: Vec<usize>,
}

impl Shard<'_> {
    /// Makes the tables and the state of the shard. An error that is not that of a symbol is told of the first one.
    fn produce(&self, n_done: &AtomicU64) -> Vec<Outcome<Done>> {
        let Some(&first) = self.members.first() else { return Vec::new() };
        let done = if self.is_same() { self.keep(n_done) } else { self.make(n_done) };
        done.unwrap_or_else(|error| vec![(first, Err(error))])
    }

    /// Whether nothing has changed for any symbol of the shard.
    fn is_same(&self) -> bool {
        let Some(basis) = self.work.basis else { return false };
        let here = |symbol: &&String| shard_of(symbol, self.n_shards) == self.number;
        self.members.iter().all(|&index| self.work.change(index) == Change::Same)
            && basis.index.symbols.keys().filter(here).count() == self.members.len()
    }

    /// Takes the shard over as it is.
    fn keep(&self, n_done: &AtomicU64) -> Result<Vec<Outcome<Done>>, FactorsError> {
        let name = shard_name(self.number);
        self.work.generation.keep_state(&name).map_err(|error| FactorsError::of_state(&error))?;
        let keep = |&index: &usize| {
            let record = self.work.record(index).expect("a symbol that is the same was there before");
            let kept = self.work.keep(index, &record.tally);
            self.step(n_done);
            (index, kept)
        };
        Ok(self.members.par_iter().map(keep).collect())
    }

    /// Makes what has changed.
    fn make(&self, n_done: &AtomicU64) -> Result<Vec<Outcome<Done>>, FactorsError> {
        let old = self.snapshot()?;
        let make = |alone: &mut Alone<'_>, &index: &usize| {
            let done = symbol(self.work, alone, index, old.symbols.get(self.work.symbol(index)));
            self.step(n_done);
            (index, done)
        };
        let made: Vec<Outcome<(Done, Carried)>> =
            self.members.par_iter().map_init(|| Alone::new(self.work.plan), make).collect();
        let mut snapshot = Snapshot::default();
        let mut done = Vec::with_capacity(made.len());
        for (index, outcome) in made {
            done.push((
                index,
                outcome.map(|(done, carried)| {
                    snapshot.symbols.insert(self.work.symbol(index).to_owned(), carried);
                    done
                }),
            ));
        }
        self.work.generation.write_state(&shard_name(self.number), &snapshot.to_bytes())?;
        Ok(done)
    }

    /// One symbol more is done.
    fn step(&self, n_done: &AtomicU64) {
        let total = self.work.source.tables.len() as u64;
        self.work.progress.step(n_done.fetch_add(1, Ordering::Relaxed) + 1, total, "symbols");
    }

    /// What is carried of the symbols of the shard; nothing in a full run.
    fn snapshot(&self) -> Result<Snapshot, FactorsError> {
        let name = shard_name(self.number);
        match self.work.basis {
            Some(basis) if basis.set.metadata().states.contains_key(&name) => {
                let bytes = basis.set.read_state(&name).map_err(|error| FactorsError::of_state(&error))?;
                let message = format!("its state `{name}` cannot be read");
                Snapshot::from_bytes(&bytes).ok_or(FactorsError::State { message })
            }
            _ => Ok(Snapshot::default()),
        }
    }
}

/// Makes or takes over one symbol's table; `old` is what is carried of it.
fn symbol(
    work: &Work<'_>,
    alone: &mut Alone<'_>,
    index: usize,
    old: Option<&Carried>,
) -> Result<(Done, Carried), FactorsError> {
    match (work.change(index), old) {
        (Change::Same, Some(old)) => Ok((work.keep(index, &old.tally)?, old.clone())),
        (Change::After(n_same), Some(old)) if n_same as u64 == old.tally.n_bars => go_on(work, alone, index, old),
        (Change::After(n_same), Some(_)) => begin_anew(work, alone, index, n_same),
        (Change::New, None) => begin_anew(work, alone, index, 0),
        _ => Err(FactorsError::State { message: format!("its state says other things of {}", work.symbol(index)) }),
    }
}

/// Continues where a symbol was left: rows were only added at the end.
fn go_on(work: &Work<'_>, alone: &mut Alone<'_>, index: usize, old: &Carried) -> Result<(Done, Carried), FactorsError> {
    alone.restore(&old.tally, &old.numbers).map_err(|error| FactorsError::of_state(&error))?;
    let last = work.basis.and_then(|basis| basis.set.metadata().tables.get(work.symbol(index)));
    let after = last.filter(|table| table.rows > 0).map_or(i64::MIN, |table| table.last);
    let position = Position { n_bars: old.tally.n_bars as usize, after };
    let mut rows = Rows::new(work.source, index, &work.plan.inputs, position);
    let mut table = work.table(index)?;
    work.keep_before(&mut table, old.tally.n_rows)?;
    let mut from = None;
    while !rows.is_done() {
        let bars = rows.take(work.cuts.stretch_bars)?;
        alone.update(&bars);
        from = from.or(bars.timestamp.first().copied());
        work.append(&mut table, (&bars, 0), &alone.outputs, &alone.tradable)?;
    }
    table.finish()?;
    let n_rows = old.tally.n_rows;
    Ok(finish(alone, Done { tally: alone.tally.clone(), n_kept: n_rows, n_old: n_rows, from }))
}

/// Computes a symbol from its first bar and writes what follows the first `n_same` bars.
fn begin_anew(
    work: &Work<'_>,
    alone: &mut Alone<'_>,
    index: usize,
    n_same: usize,
) -> Result<(Done, Carried), FactorsError> {
    alone.reset();
    let mut rows = Rows::new(work.source, index, &work.plan.inputs, Position::START);
    let mut table = work.table(index)?;
    let (mut n_kept, mut n_bars, mut from) = (0, 0, None);
    let mut is_keeping = n_same > 0;
    while !rows.is_done() {
        let bars = rows.take(work.cuts.stretch_bars)?;
        alone.update(&bars);
        let first = if is_keeping { bars.rows_of(n_same - n_bars) } else { 0 };
        n_kept += first as u64;
        n_bars = alone.tally.n_bars as usize;
        if is_keeping && (n_bars > n_same || rows.is_done()) {
            work.keep_before(&mut table, n_kept)?;
            is_keeping = false;
        }
        from = from.or(bars.timestamp.get(first).copied());
        work.append(&mut table, (&bars, first), &alone.outputs, &alone.tradable)?;
    }
    table.finish()?;
    let n_old = work.record(index).map_or(0, |record| record.tally.n_rows);
    Ok(finish(alone, Done { tally: alone.tally.clone(), n_kept, n_old, from }))
}

/// What is told and what is carried of a symbol.
fn finish(alone: &Alone<'_>, done: Done) -> (Done, Carried) {
    let carried = Carried { tally: alone.tally.clone(), numbers: alone.numbers() };
    (done, carried)
}
