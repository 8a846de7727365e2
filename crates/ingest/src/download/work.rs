//! The work itself: threads that check and fetch files, and one that converts what is complete while they go on.
//!
//! A table's files are converted together, once the last of them has arrived or turned out not to exist; so a table is the
//! same whatever the order of arrival, and whether or not the work was interrupted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crosscut_hub::VenueFile;
use crosscut_model::Progress;

use crate::error::{IngestError, Refusal};
use crate::import::{self, ImportRequest, TableReport};

use super::client::FetchError;
use super::hub_files::HubFiles;
use super::ledger::{Fetched, Ledger};
use super::present::{Check, Verdict, noted};
use super::reissue;
use super::sources::{self, Net};
use super::wish::{DataKind, TableKey, Task};
use super::{DownloadRequest, FileStatus};

/// What the work needs.
pub(crate) struct Job<'a> {
    /// What was asked for.
    pub request: &'a DownloadRequest,
    /// The venue.
    pub net: &'a Net,
    /// The ledger of raw files.
    pub ledger: &'a Ledger,
    /// The folder of the venue's raw files.
    pub raw: PathBuf,
    /// The hub's folder.
    pub hub: PathBuf,
    /// What the hub holds.
    pub hub_files: &'a HubFiles,
    /// Tables that are to be made anew.
    pub anew: BTreeSet<TableKey>,
    /// The wall clock, microseconds UTC.
    pub clock: fn() -> i64,
    /// Who listens.
    pub progress: &'a dyn Progress,
    /// Set when the user wants to stop, or nothing more can be done.
    pub stop: &'a AtomicBool,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// What became of it.
    pub status: FileStatus,
    /// What is known of it, when it is there.
    pub file: Option<Fetched>,
    /// Words about it, when there is something to say.
    pub note: String,
}

/// What all the work came to.
#[derive(Debug, Default)]
pub(crate) struct Worked {
    /// By task; `None` for what was not begun.
    pub outcomes: Vec<Option<Outcome>>,
    /// Tables that were written or found complete.
    pub tables: Vec<TableReport>,
    /// Files the importer refused.
    pub refusals: Vec<Refusal>,
    /// Bytes that came in.
    pub n_bytes: u64,
    /// How long fetching took.
    pub fetching: Duration,
    /// How long conversion took, waiting left out.
    pub converting: Duration,
    /// Most files that waited for conversion at once.
    pub most_waiting: usize,
}

/// What the threads share.
#[derive(Debug)]
struct Shared {
    /// Tasks not begun, by index.
    queue: VecDeque<usize>,
    /// Files each table waits for.
    waiting: BTreeMap<TableKey, usize>,
    /// Tables that are complete.
    ready: Vec<TableKey>,
    /// What became of the files.
    outcomes: Vec<Option<Outcome>>,
    /// Files done.
    n_done: u64,
    /// Files, and their bytes, of complete tables that are not converted yet.
    backlog: Backlog,
    /// Most files of that kind so far.
    most_waiting: usize,
    /// The error that ends everything.
    fatal: Option<IngestError>,
}

/// Files that wait for conversion. Fetching pauses while there are many: a disk that raw files are not to stay on would
/// fill up with them otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Number of files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Backlog {
    /// No file.
    const NONE: Self = Self { files: 0, bytes: 0 };

    /// What a download lets wait when nothing is said.
    pub const USUAL: Self = Self { files: 1_000, bytes: 2 << 30 };

    /// Adds files, or takes them away.
    fn change(&mut self, files: &[u64], is_added: bool) {
        let bytes: u64 = files.iter().sum();
        if is_added {
            (self.files, self.bytes) = (self.files + files.len(), self.bytes + bytes);
        } else {
            (self.files, self.bytes) = (self.files.saturating_sub(files.len()), self.bytes.saturating_sub(bytes));
        }
    }
}

/// The state of the work and a bell that rings when it changes.
struct Board {
    /// The state.
    shared: Mutex<Shared>,
    /// Rings when a table is complete or a thread ends.
    bell: Condvar,
}

impl Board {
    /// The state, locked.
    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next task, once few enough files wait for conversion; `None` when there is none or the work is stopped.
    ///
    /// This ends: what waits is of complete tables, which the converting thread takes as soon as the table of instruments is
    /// there, and that one was the first in the queue.
    fn next(&self, job: &Job<'_>) -> Option<usize> {
        let most = job.request.backlog;
        let mut shared = self.lock();
        loop {
            if job.stop.load(Ordering::Relaxed) || shared.queue.is_empty() {
                return None;
            }
            if shared.backlog.files < most.files && shared.backlog.bytes < most.bytes {
                return shared.queue.pop_front();
            }
            let waited = self.bell.wait_timeout(shared, Duration::from_millis(100));
            shared = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Fetches and converts all tasks.
///
/// # Errors
/// When this machine cannot keep the files, or the hub cannot be written.
pub(crate) fn run(job: &Job<'_>, tasks: &[Task]) -> Result<Worked, IngestError> {
    let mut waiting = BTreeMap::new();
    for task in tasks {
        *waiting.entry(task.table.clone()).or_insert(0) += 1;
    }
    let queue = (0..tasks.len()).collect();
    let shared = Shared {
        queue,
        waiting,
        ready: Vec::new(),
        outcomes: vec![None; tasks.len()],
        n_done: 0,
        backlog: Backlog::NONE,
        most_waiting: 0,
        fatal: None,
    };
    let board = Board { shared: Mutex::new(shared), bell: Condvar::new() };
    let n_bytes = AtomicU64::new(0);
    let mut worked = Worked::default();
    let start = Instant::now();
    std::thread::scope(|scope| {
        let fetchers: Vec<_> = (0..job.request.n_connections.min(tasks.len()).max(1))
            .map(|_| scope.spawn(|| fetch_all(job, tasks, &board, &n_bytes)))
            .collect();
        let converter = scope.spawn(|| convert_all(job, tasks, &board));
        for fetcher in fetchers {
            fetcher.join().expect("a fetching thread ends by itself");
        }
        worked.fetching = start.elapsed();
        let converted = converter.join().expect("the converting thread ends by itself");
        (worked.tables, worked.refusals, worked.converting) = (converted.tables, converted.refusals, converted.time);
    });
    let mut shared = board.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    worked.n_bytes = n_bytes.load(Ordering::Relaxed);
    worked.outcomes = std::mem::take(&mut shared.outcomes);
    worked.most_waiting = shared.most_waiting;
    match shared.fatal {
        Some(error) => Err(error),
        None => Ok(worked),
    }
}

/// One thread's share of fetching.
fn fetch_all(job: &Job<'_>, tasks: &[Task], board: &Board, n_bytes: &AtomicU64) {
    while let Some(at) = board.next(job) {
        let task = &tasks[at];
        let outcome = one_file(job, task, n_bytes);
        let mut shared = board.lock();
        match outcome {
            Ok(outcome) => {
                let is_stopped = outcome.status == FileStatus::Stopped;
                shared.outcomes[at] = Some(outcome);
                shared.n_done += 1;
                let n_left = shared.waiting.get_mut(&task.table).expect("each task's table waits for it");
                // A file that was stopped has not arrived: its table stays incomplete.
                if !is_stopped {
                    *n_left -= 1;
                }
                if *n_left == 0 && !is_stopped {
                    shared.ready.push(task.table.clone());
                    let sizes = sizes(tasks, &shared, &task.table);
                    shared.backlog.change(&sizes, true);
                    shared.most_waiting = shared.most_waiting.max(shared.backlog.files);
                }
                job.progress.step(shared.n_done, tasks.len() as u64, "files");
            }
            Err(error) => {
                job.stop.store(true, Ordering::Relaxed);
                shared.fatal.get_or_insert(error);
            }
        }
        drop(shared);
        board.bell.notify_all();
    }
    board.bell.notify_all();
}

/// Bytes of the files of a table that are there.
fn sizes(tasks: &[Task], shared: &Shared, table: &TableKey) -> Vec<u64> {
    // A table's tasks stand next to one another.
    let from = tasks.partition_point(|task| task.table < *table);
    let own = tasks[from..].iter().zip(&shared.outcomes[from..]).take_while(|(task, _)| task.table == *table);
    own.filter_map(|(_, outcome)| Some(outcome.as_ref()?.file.as_ref()?.size)).collect()
}

/// Checks one file and fetches it if need be.
fn one_file(job: &Job<'_>, task: &Task, n_bytes: &AtomicU64) -> Result<Outcome, IngestError> {
    let in_hub = |sha256: &str| job.hub_files.has(sha256) || job.hub_files.has_of(sha256);
    let check = Check { net: job.net, ledger: job.ledger, in_hub: &in_hub };
    let path = job.raw.join(&task.path);
    let outcome = |status, file, note: &str| Ok(Outcome { status, file, note: note.to_owned() });
    let why = match check.verdict(task, &path) {
        Ok(Verdict::Good(file)) => return outcome(FileStatus::Present, Some(file), ""),
        // A table that is made anew needs all its files again.
        Ok(Verdict::Converted(_)) if job.anew.contains(&task.table) => None,
        Ok(Verdict::Converted(file)) => return outcome(FileStatus::Converted, Some(file), ""),
        Ok(Verdict::Fetch(why)) => why,
        Err(error) => return failed(error),
    };
    let before = job.ledger.newest(&task.path);
    let old = reissue::set_aside(before.as_ref(), &path)?;
    let arrived = match sources::fetch(job.net, task, &path, n_bytes) {
        Ok(arrived) => arrived,
        Err(error) => {
            reissue::put_back(old.as_deref(), &path)?;
            return failed(error);
        }
    };
    let fetched = noted(task, arrived, (job.clock)());
    job.ledger.fetched(fetched.clone())?;
    let mut status = FileStatus::Fetched;
    if let Some(before) = before.filter(|before| before.sha256 != fetched.sha256) {
        let notice =
            reissue::Notice { before: &before, now: &fetched, old: old.as_deref(), path: &path, raw: &job.raw };
        job.ledger.note_reissued(notice.event((job.clock)()))?;
        status = FileStatus::Reissued;
    } else if let Some(old) = old {
        // The same issue again: what was there was damaged.
        let _ = fs::remove_file(old);
    }
    outcome(status, Some(fetched), why.unwrap_or_default())
}

/// What a failure means for the file; a failure of this machine is one of everything.
fn failed(error: FetchError) -> Result<Outcome, IngestError> {
    let (status, note) = match error {
        FetchError::Absent => (FileStatus::Absent, String::new()),
        FetchError::NotAllowed(note) => (FileStatus::NotAllowed, note),
        FetchError::Stopped => (FileStatus::Stopped, String::new()),
        FetchError::Failed(note) => (FileStatus::Failed, note),
        FetchError::Local(error) => return Err(error),
    };
    Ok(Outcome { status, file: None, note })
}

/// What the converting thread did.
#[derive(Debug, Default)]
struct Converted {
    /// The tables.
    tables: Vec<TableReport>,
    /// The files that were refused.
    refusals: Vec<Refusal>,
    /// Time spent converting.
    time: Duration,
}

/// Converts tables as they become complete, until no more will.
fn convert_all(job: &Job<'_>, tasks: &[Task], board: &Board) -> Converted {
    let mut by_table: BTreeMap<&TableKey, Vec<usize>> = BTreeMap::new();
    for (at, task) in tasks.iter().enumerate() {
        by_table.entry(&task.table).or_default().push(at);
    }
    let (mut converted, mut n_tables) = (Converted::default(), 0_u64);
    loop {
        let mut shared = board.lock();
        while !has_ready(&shared) && !is_over(job, &shared) {
            let waited = board.bell.wait_timeout(shared, Duration::from_millis(100));
            shared = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let ready = take_ready(&mut shared);
        if ready.is_empty() || job.stop.load(Ordering::Relaxed) {
            return converted;
        }
        let files: Vec<(&Task, Fetched)> = ready
            .iter()
            .flat_map(|table| by_table.get(table).into_iter().flatten())
            .filter_map(|&at| Some((&tasks[at], shared.outcomes[at].as_ref()?.file.clone()?)))
            .collect();
        drop(shared);
        let start = Instant::now();
        let result = if job.request.convert { convert(job, &files, &mut converted) } else { Ok(()) };
        converted.time += start.elapsed();
        if let Err(error) = result {
            job.stop.store(true, Ordering::Relaxed);
            board.lock().fatal.get_or_insert(error);
            return converted;
        }
        let mut shared = board.lock();
        shared.backlog.change(&files.iter().map(|(_, file)| file.size).collect::<Vec<_>>(), false);
        drop(shared);
        board.bell.notify_all();
        n_tables += ready.len() as u64;
        job.progress.step(n_tables, by_table.len() as u64, "tables");
    }
}

/// Whether a table waits for its files that says whose the rows of others are: instruments go first.
fn waits_for_instruments(shared: &Shared) -> bool {
    shared.waiting.iter().any(|(table, n_left)| table.kind == DataKind::Instruments && *n_left > 0)
}

/// Whether a table can be converted.
fn has_ready(shared: &Shared) -> bool {
    let first = waits_for_instruments(shared);
    shared.ready.iter().any(|table| !first || table.kind == DataKind::Instruments)
}

/// Takes the tables that can be converted.
fn take_ready(shared: &mut Shared) -> BTreeSet<TableKey> {
    let first = waits_for_instruments(shared);
    let can = |table: &TableKey| !first || table.kind == DataKind::Instruments;
    let (ready, later): (Vec<TableKey>, Vec<TableKey>) = std::mem::take(&mut shared.ready).into_iter().partition(can);
    shared.ready = later;
    ready.into_iter().collect()
}

/// Whether no further table will become complete.
fn is_over(job: &Job<'_>, shared: &Shared) -> bool {
    job.stop.load(Ordering::Relaxed) || shared.n_done == shared.outcomes.len() as u64
}

/// Converts the files of complete tables, and drops them afterwards if they are not to be kept.
fn convert(job: &Job<'_>, files: &[(&Task, Fetched)], converted: &mut Converted) -> Result<(), IngestError> {
    let plan = reissue::plan(job, files);
    converted.refusals.extend(plan.held_back);
    // A process that was killed had no time to drop them.
    plan.there.iter().try_for_each(|file| drop_raw(job, file))?;
    for (replace, batch) in [(false, plan.merged), (true, plan.replaced)] {
        if batch.is_empty() {
            continue;
        }
        let paths: Vec<PathBuf> = batch.iter().map(|file| job.raw.join(&file.path)).collect();
        let mut request = ImportRequest::new(&job.request.venue, &paths, job.request.n_threads);
        request.replace = replace;
        request.venue_files = batch.iter().zip(&paths).map(|(file, path)| (path.clone(), venue_file(file))).collect();
        let summary = import::run(&request, &job.hub, &Quiet(job.progress))?;
        let refused: BTreeSet<&str> = summary.refusals.iter().map(|refusal| refusal.file.as_str()).collect();
        for (file, path) in batch.iter().zip(&paths) {
            let shown = path.display().to_string();
            if !refused.iter().any(|refused| refused.starts_with(&shown)) {
                drop_raw(job, file)?;
            }
        }
        converted.tables.extend(summary.tables);
        converted.refusals.extend(summary.refusals);
    }
    Ok(())
}

/// Drops a converted file, if raw files are not to be kept.
fn drop_raw(job: &Job<'_>, file: &Fetched) -> Result<(), IngestError> {
    let path = job.raw.join(&file.path);
    if job.request.keep_raw || !path.exists() {
        return Ok(());
    }
    job.ledger.dropped(&file.path, &file.sha256)?;
    fs::remove_file(&path).map_err(IngestError::io("remove", &path))?;
    let _ = fs::remove_file(super::transfer::beside(&path, ".CHECKSUM"));
    Ok(())
}

/// What provenance records of where a file came from.
fn venue_file(file: &Fetched) -> VenueFile {
    let last_modified = (!file.last_modified.is_empty()).then(|| file.last_modified.clone());
    VenueFile { url: file.url.clone(), last_modified, archive_sha256: None }
}

/// Passes an import's messages on and keeps its steps to itself: those of tables are told.
struct Quiet<'a>(&'a dyn Progress);

impl Progress for Quiet<'_> {
    fn message(&self, text: &str) {
        self.0.message(text);
    }

    fn step(&self, _done: u64, _total: u64, _what: &str) {}
}
