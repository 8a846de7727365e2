//! History from venues: what there is, what of it is here already, the rest fetched and converted.
//!
//! [`run`] makes a list of tasks from a wish ([`wish`]) with the adapters of [`sources`], checks what lies on the disk
//! (`present`), fetches what is missing (`transfer`, over `client`), writes down what came from where (`ledger`), and hands
//! complete tables to [`crate::import`] (`work`). Nothing here knows a format of rows. The wall clock is handed in, and only
//! the ledger and the log ever hold it: the hub is the same after any sequence of interruptions.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crosscut_model::{Progress, names::matches, nearest};
use fs4::FileExt;
use serde::Serialize;

use crate::error::{IngestError, Refusal};
use crate::import::TableReport;

mod address;
mod client;
mod gate;
mod hub_files;
pub mod ledger;
mod listing;
mod pages;
mod present;
pub mod query;
mod reissue;
mod snapshot;
pub mod sources;
pub mod stale;
pub mod ticker;
mod transfer;
pub mod wish;
mod work;

pub(crate) use address::encode as encoded;
pub use client::Patience;
pub(crate) use client::{mix as draw, to_http_date as http_date_of};
pub use work::Backlog;

use address::{Hosts, is_plain_name};
use client::{Client, FetchError};
use hub_files::HubFiles;
use ledger::Ledger;
use reissue::Issues;
use sources::{Ask, Net, sources_of};
use wish::{DataKind, How, Span, Task};
use work::{Job, Worked};

/// What to download.
#[derive(Debug, Clone, PartialEq)]
pub struct DownloadRequest {
    /// The exchange, `binance_futures`.
    pub exchange: String,
    /// The hub's name of the venue.
    pub venue: String,
    /// Symbols, or patterns with `*` and `?`; empty means all there are.
    pub symbols: Vec<String>,
    /// Kinds of data.
    pub kinds: Vec<DataKind>,
    /// The span.
    pub span: Span,
    /// Folder for raw files; each venue has one of its own in it.
    pub raw: PathBuf,
    /// Whether raw files stay after conversion.
    pub keep_raw: bool,
    /// Whether files are converted into the hub.
    pub convert: bool,
    /// Whether tables made from files that were issued anew are made anew.
    pub replace: bool,
    /// Whether archives' listings are read; otherwise each file is asked for.
    pub with_listing: bool,
    /// Files fetched at once, at least 1.
    pub n_connections: usize,
    /// Tables converted at once, at least 1.
    pub n_threads: usize,
    /// Files that may wait for conversion before fetching pauses.
    pub backlog: Backlog,
    /// How patient to be.
    pub patience: Patience,
    /// Address under which all hosts are found as folders, if they are not to be asked themselves.
    pub mirror: Option<String>,
    /// Addresses of single hosts.
    pub urls: Vec<(String, String)>,
    /// Address of an HTTP proxy.
    pub proxy: Option<String>,
    /// Draws the jitter between attempts.
    pub seed: u64,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileStatus {
    /// It was there, whole.
    Present,
    /// It was converted and dropped before.
    Converted,
    /// It was fetched.
    Fetched,
    /// It was fetched, and differs from the issue fetched before.
    Reissued,
    /// The venue does not have it.
    Absent,
    /// The venue does not give it to this place.
    NotAllowed,
    /// All attempts failed.
    Failed,
    /// The user stopped the work before it was there.
    Stopped,
}

impl FileStatus {
    /// Whether the file is missing though it should be there.
    pub fn is_problem(self) -> bool {
        matches!(self, Self::NotAllowed | Self::Failed)
    }
}

/// One file of a download.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileLine {
    /// Where it lies below the venue's raw folder.
    pub path: String,
    /// The table it goes into, in words.
    pub table: String,
    /// The kind of data.
    pub kind: String,
    /// The provider.
    pub provider: &'static str,
    /// Where it is at the venue.
    pub url: String,
    /// Bytes, as far as known.
    pub size: Option<u64>,
    /// What became of it; `None` in a dry run.
    pub status: Option<FileStatus>,
    /// Words about it; may be empty.
    pub note: String,
}

/// What a download came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DownloadSummary {
    /// All files, in the order of the tasks.
    pub files: Vec<FileLine>,
    /// The tables they went into, sorted.
    pub tables: Vec<TableReport>,
    /// Files the importer refused, or that were held back.
    pub refusals: Vec<Refusal>,
    /// What could not be planned, and what nobody has though it was named, in words.
    pub problems: Vec<String>,
    /// What is worth knowing, in words: symbols chosen by a pattern that have nothing in the span.
    pub notes: Vec<String>,
    /// Whether the user stopped the work.
    pub is_stopped: bool,
    /// Requests sent.
    pub n_requests: u64,
    /// Attempts after a first one.
    pub n_retries: u64,
    /// Bytes that came in.
    pub n_bytes: u64,
    /// How long fetching took, seconds.
    pub seconds_fetching: f64,
    /// How long conversion took, seconds.
    pub seconds_converting: f64,
    /// Most files that waited for conversion at once.
    pub most_waiting: usize,
}

impl DownloadSummary {
    /// Whether everything that was wished for, and that the venue has, is here.
    pub fn is_complete(&self) -> bool {
        let is_problem = |file: &FileLine| file.status.is_some_and(FileStatus::is_problem);
        !self.is_stopped && self.problems.is_empty() && self.refusals.is_empty() && !self.files.iter().any(is_problem)
    }
}

/// What a download is given by its surroundings.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The hub's folder.
    pub hub: &'a Path,
    /// The wall clock, microseconds UTC.
    pub clock: fn() -> i64,
    /// Set when the user wants to stop.
    pub stop: &'a Arc<AtomicBool>,
    /// Who listens.
    pub progress: &'a dyn Progress,
}

/// Downloads, or with `dry_run` only tells what would be.
///
/// # Errors
/// When the request makes no sense, another download works in the same folder, or this machine cannot keep the files.
pub fn run(request: &DownloadRequest, around: Surroundings<'_>, dry_run: bool) -> Result<DownloadSummary, IngestError> {
    check(request)?;
    let now = (around.clock)();
    if request.span.from > now {
        let from = crosscut_model::format_iso(request.span.from);
        return Err(IngestError::request(format!("--start-date {from} lies in the future")));
    }
    let hosts = Hosts::new(request.mirror.as_deref(), &request.urls)?;
    let client = Client::new(
        &request.patience,
        request.proxy.as_deref(),
        request.n_connections,
        request.seed,
        around.stop.clone(),
    )?;
    let net = Net { client, hosts, now, with_listing: request.with_listing };
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Connections that wait for a venue would notice a stop only when something comes.
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                if around.stop.load(Ordering::Relaxed) {
                    net.client.shut_down();
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let result = run_with(request, around, dry_run, &net);
        is_done.store(true, Ordering::Relaxed);
        result
    })
}

/// The body of [`run`], with a client at hand.
fn run_with(
    request: &DownloadRequest,
    around: Surroundings<'_>,
    dry_run: bool,
    net: &Net,
) -> Result<DownloadSummary, IngestError> {
    let Plan { mut tasks, problems, notes } = plan(request, around, net)?;
    tasks.sort_by(|a, b| (&a.table, a.span, &a.path).cmp(&(&b.table, b.span, &b.path)));
    tasks.dedup_by(|later, task| later.path == task.path);
    let mut summary =
        DownloadSummary { problems, notes, files: tasks.iter().map(line).collect(), ..DownloadSummary::default() };
    if !dry_run && !tasks.is_empty() {
        let raw = request.raw.join(&request.venue);
        fs::create_dir_all(&raw).map_err(IngestError::io("create", &raw))?;
        let _lock = lock(&raw)?;
        let ledger = Ledger::open(&raw)?;
        let hub_files = HubFiles::read(around.hub, &request.venue)?;
        // Also what a process that was killed did not write down any more.
        stale::note(&ledger, &hub_files)?;
        let issues = Issues::new(&ledger, &hub_files);
        let is_stale = |task: &&Task| {
            request.replace && ledger.newest(&task.path).is_some_and(|file| issues.is_stale(&file.path, &file.sha256))
        };
        let job = Job {
            anew: tasks.iter().filter(is_stale).map(|task| task.table.clone()).collect(),
            request,
            net,
            ledger: &ledger,
            raw,
            hub: around.hub.to_owned(),
            hub_files: &hub_files,
            clock: around.clock,
            progress: around.progress,
            stop: around.stop,
        };
        let worked = work::run(&job, &tasks);
        stale::note(&ledger, &hub_files)?;
        take_over(&mut summary, worked?);
        tell_absent(request, &tasks, &mut summary);
    }
    summary.is_stopped = around.stop.load(Ordering::Relaxed);
    summary.n_requests = net.client.n_requests.load(Ordering::Relaxed);
    summary.n_retries = net.client.n_retries.load(Ordering::Relaxed);
    Ok(summary)
}

/// Refuses what makes no sense before anyone is asked.
fn check(request: &DownloadRequest) -> Result<(), IngestError> {
    let known = sources::exchanges();
    if !known.contains(&request.exchange.as_str()) {
        let near = nearest(&request.exchange, known.iter().copied());
        let near = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        return Err(IngestError::request(format!(
            "`{}` is no exchange to download from; expected {}{near}",
            request.exchange,
            known.join(", ")
        )));
    }
    if request.kinds.is_empty() {
        return Err(IngestError::request(format!("nothing is asked for\nhint: name --kind: {}", wish::KIND_WORDS)));
    }
    for kind in &request.kinds {
        if sources_of(&request.exchange, *kind).is_empty() {
            return Err(IngestError::request(format!(
                "nobody gives {kind} of {}\nhint: `crosscut data providers` lists what there is",
                request.exchange
            )));
        }
    }
    if !is_plain_name(&request.venue) {
        return Err(IngestError::request(format!("`{}` cannot be a venue's name", request.venue.escape_debug())));
    }
    match request.symbols.iter().find(|symbol| !is_pattern(symbol) && !is_plain_name(symbol)) {
        Some(symbol) => Err(IngestError::request(format!("`{}` cannot be a symbol", symbol.escape_debug()))),
        None => Ok(()),
    }
}

/// Whether a text stands for several symbols.
fn is_pattern(symbol: &str) -> bool {
    symbol.contains(['*', '?'])
}

/// Takes a folder for one download at a time.
fn lock(raw: &Path) -> Result<File, IngestError> {
    let path = raw.join(".downloading");
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(&path).map_err(IngestError::io("write", &path))?;
    if FileExt::try_lock(&file).is_err() {
        return Err(IngestError::request(format!(
            "another download works in {}\nhint: wait for it, or give this one another --raw folder",
            raw.display()
        )));
    }
    Ok(file)
}

/// The symbols meant, for one kind of data.
fn symbols(request: &DownloadRequest, kind: DataKind, net: &Net) -> Result<Vec<String>, String> {
    if kind == DataKind::Instruments {
        return Ok(vec![String::new()]);
    }
    let all_named = !request.symbols.is_empty() && !request.symbols.iter().any(|symbol| is_pattern(symbol));
    if all_named {
        return Ok(request.symbols.clone());
    }
    let mut known = None;
    for source in sources_of(&request.exchange, kind) {
        known = source.symbols(net, &request.exchange, kind).map_err(|error| words(&error.0))?;
        if known.is_some() {
            break;
        }
    }
    let known = known.ok_or_else(|| format!("{kind}: nobody lists the symbols of {}; name them", request.exchange))?;
    let is_meant =
        |symbol: &String| request.symbols.is_empty() || request.symbols.iter().any(|pattern| matches(pattern, symbol));
    let mut meant: Vec<String> = known.into_iter().filter(is_meant).collect();
    let named = request.symbols.iter().filter(|symbol| !is_pattern(symbol));
    meant.extend(named.cloned());
    meant.sort();
    meant.dedup();
    Ok(meant)
}

/// What is to be done for a request.
struct Plan {
    /// The files to have.
    tasks: Vec<Task>,
    /// What could not be planned, in words.
    problems: Vec<String>,
    /// What is worth knowing, in words.
    notes: Vec<String>,
}

/// Kinds of data that there is nothing of, by symbol.
#[derive(Default)]
struct Nothing {
    /// Of symbols that were named, in words.
    problems: Vec<String>,
    /// Symbols a pattern chose, by kind.
    chosen: BTreeMap<DataKind, Vec<String>>,
}

impl Nothing {
    /// Takes note of a symbol; what was named is missed, what a pattern chose need not be there in every span.
    fn add(&mut self, request: &DownloadRequest, kind: DataKind, symbol: &str) {
        if kind == DataKind::Instruments || request.symbols.iter().any(|named| named == symbol) {
            let what = if symbol.is_empty() { kind.to_string() } else { format!("{symbol} {kind}") };
            self.problems.push(format!("{what}: {} has nothing of it in this span", request.exchange));
        } else {
            self.chosen.entry(kind).or_default().push(symbol.to_owned());
        }
    }

    /// What was chosen, in words.
    fn notes(self) -> Vec<String> {
        let note = |(kind, symbols): (DataKind, Vec<String>)| {
            let more = if symbols.len() > 5 { ", ..." } else { "" };
            let some = symbols.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
            format!("{kind}: {} of the symbols have nothing in this span: {some}{more}", symbols.len())
        };
        self.chosen.into_iter().map(note).collect()
    }
}

/// Tells of symbols of which every file that was asked for turned out not to be there.
fn tell_absent(request: &DownloadRequest, tasks: &[Task], summary: &mut DownloadSummary) {
    let mut is_there: BTreeMap<(DataKind, &str), bool> = BTreeMap::new();
    for (task, line) in tasks.iter().zip(&summary.files) {
        let key = (task.table.kind, task.table.symbol.as_str());
        *is_there.entry(key).or_default() |= line.status != Some(FileStatus::Absent);
    }
    let mut nothing = Nothing::default();
    for ((kind, symbol), _) in is_there.into_iter().filter(|(_, is_there)| !is_there) {
        nothing.add(request, kind, symbol);
    }
    summary.problems.append(&mut nothing.problems);
    summary.notes.extend(nothing.notes());
}

/// All tasks for a request, and what could not be planned, in words.
fn plan(request: &DownloadRequest, around: Surroundings<'_>, net: &Net) -> Result<Plan, IngestError> {
    let (mut problems, mut nothing) = (Vec::new(), Nothing::default());
    let mut asks: Vec<(DataKind, String)> = Vec::new();
    for &kind in &request.kinds {
        match symbols(request, kind, net) {
            Ok(symbols) => asks.extend(symbols.into_iter().map(|symbol| (kind, symbol))),
            Err(problem) => problems.push(format!("the symbols that have {kind} are not known: {problem}")),
        }
    }
    asks.sort();
    asks.dedup();
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let results: Vec<(usize, Result<Vec<Task>, String>)> = std::thread::scope(|scope| {
        let planner = || {
            let mut out = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((kind, symbol)) = asks.get(at) else { return out };
                let ask = Ask { exchange: &request.exchange, symbol, kind: *kind, span: request.span };
                out.push((at, plan_one(net, &ask)));
                let n_done = done.fetch_add(1, Ordering::Relaxed) + 1;
                around.progress.step(n_done as u64, asks.len() as u64, "listings");
            }
        };
        let threads: Vec<_> = (0..request.n_connections.min(asks.len())).map(|_| scope.spawn(planner)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a planning thread ends by itself")).collect()
    });
    let sorted: BTreeMap<usize, Result<Vec<Task>, String>> = results.into_iter().collect();
    let mut tasks = Vec::new();
    for ((kind, symbol), result) in asks.iter().zip(sorted.into_values()) {
        match result {
            Ok(planned) if planned.is_empty() => nothing.add(request, *kind, symbol),
            Ok(planned) => tasks.extend(planned),
            Err(problem) => problems.push(format!("{symbol} {kind}: {problem}")),
        }
    }
    let is_safe = |task: &Task| task.path.split('/').all(is_plain_name);
    match tasks.iter().find(|task| !is_safe(task)) {
        Some(task) => Err(IngestError::request(format!("`{}` leads out of its folder", task.path.escape_debug()))),
        None => {
            problems.append(&mut nothing.problems);
            Ok(Plan { tasks, problems, notes: nothing.notes() })
        }
    }
}

/// The tasks for one symbol and kind: what the first source leaves over is the next one's.
fn plan_one(net: &Net, ask: &Ask<'_>) -> Result<Vec<Task>, String> {
    let mut tasks = Vec::new();
    let mut spans = vec![ask.span];
    for source in sources_of(ask.exchange, ask.kind) {
        let mut left = Vec::new();
        for span in spans {
            let planned = source.plan(net, &Ask { span, ..*ask }).map_err(|error| words(&error.0))?;
            tasks.extend(planned.tasks);
            left.extend(planned.left);
        }
        spans = left;
    }
    Ok(tasks)
}

/// Why something was not fetched, in words.
fn words(error: &FetchError) -> String {
    match error {
        FetchError::Absent => "the venue does not have it (404)".to_owned(),
        FetchError::NotAllowed(reason) | FetchError::Failed(reason) => reason.clone(),
        FetchError::Stopped => "stopped".to_owned(),
        FetchError::Local(error) => error.to_string(),
    }
}

/// A task as a line of the summary.
fn line(task: &Task) -> FileLine {
    let (url, size) = match &task.how {
        How::File(remote) => (remote.origin.clone(), remote.listed.as_ref().map(|listed| listed.size)),
        How::Pages(first) => (first.clone(), None),
    };
    FileLine {
        path: task.path.clone(),
        table: task.table.to_string(),
        kind: task.table.kind.to_string(),
        provider: task.provider,
        url,
        size,
        status: None,
        note: String::new(),
    }
}

/// Puts what the work came to into the summary.
fn take_over(summary: &mut DownloadSummary, worked: Worked) {
    for (line, outcome) in summary.files.iter_mut().zip(worked.outcomes) {
        let Some(outcome) = outcome else {
            line.status = Some(FileStatus::Stopped);
            continue;
        };
        line.status = Some(outcome.status);
        line.note = outcome.note;
        line.size = outcome.file.map(|file| file.size).or(line.size);
    }
    summary.tables = worked.tables;
    summary.tables.sort_by(|a, b| a.table.cmp(&b.table));
    summary.refusals = worked.refusals;
    summary.refusals.sort_by(|a, b| (&a.file, a.row, &a.reason).cmp(&(&b.file, b.row, &b.reason)));
    summary.n_bytes = worked.n_bytes;
    summary.seconds_fetching = worked.fetching.as_secs_f64();
    summary.seconds_converting = worked.converting.as_secs_f64();
    summary.most_waiting = worked.most_waiting;
}

#[cfg(test)]
mod tests;
