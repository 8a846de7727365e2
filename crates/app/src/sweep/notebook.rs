//! What is done, written down as soon as it is: the journal of a sweep, a search or a walk-forward, as several threads write
//! it and as a second start finds it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crosscut_backtest::BacktestConfig;
use crosscut_backtest::results::ResultsError;
use crosscut_backtest::sweep::{Journal, Note, Noted, Sampling, SharedMarket};

use super::markets::{Named, run_group};
use super::still_holds;
use crate::desk::Desk;
use crate::error::AppError;
use crate::many::ManyRuns;

/// The journal's file name.
const JOURNAL: &str = "journal.bin";

/// What was appended to the journal is made durable at least this often, microseconds.
const SYNC_EVERY: i64 = 1_000_000;

/// What is done, by a number that its owner gives each run.
pub(super) struct Notebook<'a> {
    /// The clock.
    desk: &'a Desk<'a>,
    /// What threads share.
    pen: Mutex<Pen>,
    /// Notes of an earlier start that were not asked for yet.
    before: Mutex<BTreeMap<usize, Note>>,
    /// Those that were, and hold.
    n_done_before: AtomicUsize,
}

/// What threads share.
struct Pen {
    /// The journal.
    journal: Journal,
    /// Labels of the last curve, which nearly all share.
    labels: Arc<[i64]>,
    /// When the journal was last made durable.
    synced_at: i64,
    /// The first failure to write, which ends everything.
    failure: Option<ResultsError>,
}

impl<'a> Notebook<'a> {
    /// Opens the notebook in a folder, or begins it.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub(super) fn open(desk: &'a Desk<'a>, folder: &Path, id: &str) -> Result<Self, AppError> {
        let mut before = BTreeMap::new();
        let journal = Journal::open(&folder.join(JOURNAL), id, &mut |noted: Noted| {
            before.insert(noted.place, noted.note);
        })?;
        let pen = Pen { journal, labels: Arc::default(), synced_at: (desk.clock)(), failure: None };
        Ok(Self { desk, pen: Mutex::new(pen), before: Mutex::new(before), n_done_before: AtomicUsize::new(0) })
    }

    /// The pen, whoever held it before.
    fn pen(&self) -> MutexGuard<'_, Pen> {
        self.pen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an earlier start noted of a run, if it is what the run would be now.
    pub(super) fn known(&self, place: usize, market: &SharedMarket, config: &BacktestConfig) -> Option<Note> {
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
        let note = before.filter(|note| still_holds(note, market, config))?;
        self.n_done_before.fetch_add(1, Ordering::Relaxed);
        Some(self.pen().share(note))
    }

    /// Runs that an earlier start had done, and that were asked for.
    pub(super) fn n_done_before(&self) -> usize {
        self.n_done_before.load(Ordering::Relaxed)
    }

    /// Writes down what came of a run, and gives it back.
    pub(super) fn write(&self, place: usize, note: Note) -> Note {
        let now = (self.desk.clock)();
        let mut pen = self.pen();
        let noted = Noted { place, note };
        if pen.failure.is_none() {
            let mut written = pen.journal.append(&noted);
            if now - pen.synced_at >= SYNC_EVERY {
                written = written.and_then(|()| pen.journal.sync());
                pen.synced_at = now;
            }
            pen.failure = written.err();
        }
        pen.share(noted.note)
    }

    /// Whether nothing can be written any more.
    pub(super) fn has_failed(&self) -> bool {
        self.pen().failure.is_some()
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// When something could not be written.
    pub(super) fn finish(&self) -> Result<(), AppError> {
        let mut pen = self.pen();
        match pen.failure.take() {
            Some(failure) => Err(failure.into()),
            None => Ok(pen.journal.sync()?),
        }
    }

    /// Runs configurations of one market, those that are known not again; in the order of their numbers. `step` is called
    /// after each, from any thread.
    pub(super) fn run(
        &self,
        many: &ManyRuns<'_>,
        market: &SharedMarket,
        group: &[Named],
        (sampling, step): (Sampling, &(dyn Fn() + Sync)),
    ) -> Vec<(usize, Note)> {
        let (mut notes, mut pending) = (Vec::with_capacity(group.len()), Vec::new());
        for (place, config) in group {
            match self.known(*place, market, config) {
                Some(note) => {
                    step();
                    notes.push((*place, note));
                }
                None => pending.push((*place, config)),
            }
        }
        let new = Mutex::new(Vec::with_capacity(pending.len()));
        run_group(
            many,
            market,
            &pending,
            (sampling, &|place, result| {
                let note = self.write(place, result.map_err(|error| error.to_string()));
                new.lock().unwrap_or_else(PoisonError::into_inner).push((place, note));
                step();
            }),
        );
        notes.extend(new.into_inner().unwrap_or_else(PoisonError::into_inner));
        notes.sort_by_key(|(place, _)| *place);
        notes
    }
}

impl Pen {
    /// Lets a curve share the labels of the last one, if they are the same.
    fn share(&mut self, mut note: Note) -> Note {
        if let Ok(outcome) = &mut note {
            if outcome.sampled.labels == self.labels {
                outcome.sampled.labels = Arc::clone(&self.labels);
            } else {
                self.labels = Arc::clone(&outcome.sampled.labels);
            }
        }
        note
    }
}
