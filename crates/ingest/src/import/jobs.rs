//! Files grouped by the tables they go into, and the groups run side by side.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crosscut_hub::{Hub, IngestPublisher};
use crosscut_model::TradeKind;
use rayon::prelude::*;

use crate::error::{Fault, IngestError, Refusal};
use crosscut_model::Progress;

use super::actions::ActionFile;
use super::calendar::{self, CalendarFile};
use super::detect::Found;
use super::funding::publish::FundingContext;
use super::funding::{self, FundingFile};
use super::holders::Holders;
use super::instruments::{self, InstrumentFile};
use super::klines::publish::{KlineContext, KlineFile, run_long, run_symbol};
use super::lean_daily::{self, LeanFile};
use super::report::{FileRecord, TableReport};
use super::touched::Touched;
use super::trades::publish::{TickContext, TickJob, month_of, sort_files};
use super::trades::source::TradeFile;
use super::{ImportRequest, adjusted};

/// Everything to do, grouped so that no two groups of one phase touch the same table.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Trades of one symbol, kind and month.
    dated: BTreeMap<(String, TradeKind, String), Vec<TradeFile>>,
    /// Trade files without a date, by symbol and kind; they may touch any month, so that they run one after another.
    undated: BTreeMap<(String, TradeKind), Vec<TradeFile>>,
    /// Bar files of one symbol.
    symbols: BTreeMap<String, Vec<KlineFile>>,
    /// Bar files of many symbols, one after another.
    long: Vec<KlineFile>,
    /// Funding files.
    funding: Vec<FundingFile>,
    /// LEAN's daily equities.
    lean: Vec<LeanFile>,
    /// Tables of corporate actions, one after another.
    actions: Vec<ActionFile>,
    /// Calendars.
    calendars: Vec<CalendarFile>,
    /// Tables of instruments, one after another.
    instruments: Vec<InstrumentFile>,
}

/// What the jobs did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// The tables.
    pub tables: Vec<TableReport>,
    /// What each file held.
    pub records: Vec<FileRecord>,
    /// The files, or symbols of files, that were refused.
    pub refusals: Vec<Refusal>,
}

impl Plan {
    /// Groups files.
    pub fn new(files: impl IntoIterator<Item = Found>) -> Self {
        let mut plan = Self::default();
        for file in files {
            match file {
                Found::Trades(file) => plan.add_trades(file),
                Found::Klines(file) => match file.symbol.clone() {
                    Some(symbol) => plan.symbols.entry(symbol).or_default().push(file),
                    None => plan.long.push(file),
                },
                Found::Funding(file) => plan.funding.push(file),
                Found::Lean(file) => plan.lean.push(file),
                Found::Actions(file) => plan.actions.push(file),
                Found::Calendar(file) => plan.calendars.push(file),
                Found::Instruments(file) => plan.instruments.push(file),
            }
        }
        plan.sort_trades();
        plan
    }

    /// Puts the files of each group of trades in order of their first rows.
    fn sort_trades(&mut self) {
        for files in self.dated.values_mut().chain(self.undated.values_mut()) {
            sort_files(files);
        }
    }

    /// Gives trades of a symbol that was listed again to who held it then; a file may go to several instruments.
    fn split_trades(&mut self, holders: &Holders) {
        let dated = std::mem::take(&mut self.dated).into_values();
        for file in dated.chain(std::mem::take(&mut self.undated).into_values()).flatten().collect::<Vec<_>>() {
            match holders.within(&file.symbol, file.period.unwrap_or((file.first.0, i64::MAX))) {
                None => self.add_trades(file),
                Some(lives) => lives.into_iter().for_each(|(symbol, life)| {
                    self.add_trades(TradeFile { symbol, window: Some(life), ..file.clone() });
                }),
            }
        }
        self.sort_trades();
    }

    /// Adds a trade file to its group.
    fn add_trades(&mut self, file: TradeFile) {
        let (symbol, kind) = (file.symbol.clone(), file.kind);
        match file.period {
            Some((from, _)) => self.dated.entry((symbol, kind, month_of(from))).or_default().push(file),
            None => self.undated.entry((symbol, kind)).or_default().push(file),
        }
    }

    /// Number of files.
    fn n_files(&self) -> usize {
        let trades = self.dated.values().chain(self.undated.values()).map(Vec::len).sum::<usize>();
        let bars = self.symbols.values().map(Vec::len).sum::<usize>() + self.long.len();
        let equities = self.lean.len() + self.actions.len();
        trades + bars + equities + self.funding.len() + self.instruments.len() + self.calendars.len()
    }

    /// Runs all groups on the threads of the current pool; tables of instruments come first, for they say whose the
    /// rows of a symbol are.
    ///
    /// # Errors
    /// When the table of instruments is damaged.
    pub fn run(mut self, stage: &Stage<'_>) -> Result<Done, IngestError> {
        let done = Counter { done: AtomicU64::new(0), total: self.n_files() as u64, progress: stage.progress };
        let mut results: Vec<Done> = Vec::new();
        for file in &self.instruments {
            let request = stage.request;
            let result = instruments::run(&stage.hub, stage.publisher, &request.venue, request.replace, file);
            let result = result.map(|(record, table)| (vec![table], vec![record], Vec::new()));
            results.push(collect(result, std::slice::from_ref(&file.shown), &done));
        }
        for file in &self.calendars {
            let result = calendar::run(stage.publisher, &stage.request.venue, file);
            let result = result.map(|(record, table)| (vec![table], vec![record], Vec::new()));
            results.push(collect(result, std::slice::from_ref(&file.shown), &done));
        }
        let holders = Holders::read(&stage.hub, &stage.request.venue)?;
        self.split_trades(&holders);
        let sessions = stage.hub.sessions(&stage.request.venue)?;
        let n_tables = self.dated.len() + self.undated.len();
        let touched = Touched::default();
        let ticks = TickContext {
            hub: &stage.hub,
            publisher: stage.publisher,
            venue: &stage.request.venue,
            replace: stage.request.replace,
            touched: &touched,
            // With a table per thread the threads are busy; with fewer, one table is worth several threads.
            pipelined: stage.request.threads > n_tables,
        };
        let klines = KlineContext {
            hub: &stage.hub,
            publisher: stage.publisher,
            venue: &stage.request.venue,
            replace: stage.request.replace,
            touched: &touched,
            timeframe: stage.request.timeframe,
            suffix: &stage.request.symbol_suffix,
            holders: &holders,
            sessions: &sessions,
        };
        let dated: Vec<TickJob> = self
            .dated
            .into_iter()
            .map(|((symbol, kind, month), files)| TickJob { symbol, kind, month: Some(month), files })
            .collect();
        results.par_extend(dated.into_par_iter().map(|job| run_ticks(&job, &ticks, &done)));
        let undated: Vec<_> = self.undated.into_iter().collect();
        results.par_extend(undated.into_par_iter().map(|((symbol, kind), files)| {
            let jobs =
                files.into_iter().map(|file| TickJob { symbol: symbol.clone(), kind, month: None, files: vec![file] });
            jobs.map(|job| run_ticks(&job, &ticks, &done)).fold(Done::default(), Done::and)
        }));
        let symbols: Vec<_> = self.symbols.into_iter().collect();
        results.par_extend(symbols.into_par_iter().map(|(symbol, files)| run_bars(&symbol, &files, &klines, &done)));
        for file in &self.long {
            let result = run_long(&klines, file).map(|out| (out.tables, out.records, out.refusals));
            results.push(collect(result, std::slice::from_ref(&file.shown), &done));
        }
        if !self.funding.is_empty() {
            results.push(run_funding(stage, &holders, &self.funding, &done));
        }
        results.push(run_equities(&klines, &self.lean, &self.actions, &done));
        let tables = adjusted::refresh(&stage.hub, stage.publisher, &stage.request.venue)?;
        results.push(Done { tables, ..Done::default() });
        Ok(results.into_iter().fold(Done::default(), Done::and))
    }
}

/// What the jobs work with.
pub(crate) struct Stage<'a> {
    /// The hub to read.
    pub hub: Hub,
    /// The hub to write.
    pub publisher: &'a IngestPublisher,
    /// What the user asked for.
    pub request: &'a ImportRequest,
    /// Who listens.
    pub progress: &'a dyn Progress,
}

/// Counts finished files.
struct Counter<'a> {
    /// Files finished.
    done: AtomicU64,
    /// Files in all.
    total: u64,
    /// Who listens.
    progress: &'a dyn Progress,
}

impl Counter<'_> {
    /// Some more files are finished.
    fn add(&self, n: usize) {
        let done = self.done.fetch_add(n as u64, Ordering::Relaxed) + n as u64;
        self.progress.step(done, self.total, "files");
    }
}

impl Done {
    /// Both results.
    fn and(mut self, other: Self) -> Self {
        self.tables.extend(other.tables);
        self.records.extend(other.records);
        self.refusals.extend(other.refusals);
        self
    }
}

/// Runs a tick job.
fn run_ticks(job: &TickJob, context: &TickContext<'_>, done: &Counter<'_>) -> Done {
    let result = job.run(context).map(|out| {
        let records = out.records.into_iter().map(|record| FileRecord {
            shown: record.shown,
            decided: String::new(),
            rows: record.input.rows,
            notes: record.notes,
        });
        (out.tables, records.collect(), Vec::new())
    });
    let shown: Vec<String> = job.files.iter().map(|file| file.shown.clone()).collect();
    collect(result, &shown, done)
}

/// Runs LEAN's files, then the tables of corporate actions, which speak of bars that are there.
fn run_equities(context: &KlineContext<'_>, lean: &[LeanFile], actions: &[ActionFile], done: &Counter<'_>) -> Done {
    let mut out = Done::default();
    if !lean.is_empty() {
        let told = lean_daily::run(context, lean);
        done.add(lean.len());
        out = Done { tables: told.tables, records: told.records, refusals: told.refusals };
    }
    for file in actions {
        let result = super::actions::run(context, file).map(|out| (out.tables, out.records, out.refusals));
        out = out.and(collect(result, std::slice::from_ref(&file.shown), done));
    }
    out
}

/// Runs all funding files.
fn run_funding(stage: &Stage<'_>, holders: &Holders, files: &[FundingFile], done: &Counter<'_>) -> Done {
    let context = FundingContext {
        hub: &stage.hub,
        publisher: stage.publisher,
        venue: &stage.request.venue,
        replace: stage.request.replace,
        suffix: &stage.request.symbol_suffix,
        holders,
    };
    let out = funding::publish::run(&context, files);
    done.add(files.len());
    Done { tables: out.tables, records: out.records, refusals: out.refusals }
}

/// Runs the bar files of one symbol.
fn run_bars(symbol: &str, files: &[KlineFile], context: &KlineContext<'_>, done: &Counter<'_>) -> Done {
    let result = run_symbol(context, symbol, files).map(|out| (out.tables, out.records, out.refusals));
    let shown: Vec<String> = files.iter().map(|file| file.shown.clone()).collect();
    collect(result, &shown, done)
}

/// What a successful job gives: tables, records, refusals of single symbols.
type Outcome = (Vec<TableReport>, Vec<FileRecord>, Vec<Refusal>);

/// The result of a job; when it failed, each of its files is refused, so that none goes missing from the summary.
fn collect(result: Result<Outcome, IngestError>, files: &[String], done: &Counter<'_>) -> Done {
    done.add(files.len());
    let refusals = match result {
        Ok((tables, records, refusals)) => return Done { tables, records, refusals },
        Err(IngestError::Refused(refusal)) => {
            let reason =
                format!("is not imported because `{}`, which goes into the same table, was refused", refusal.file);
            let fault = Fault::file(reason).hint("correct that file, or leave it out");
            let others = files.iter().filter(|file| **file != refusal.file).map(|file| fault.clone().of(file));
            let others: Vec<Refusal> = others.collect();
            std::iter::once(refusal).chain(others).collect()
        }
        Err(error) => {
            let fault = Fault { hint: error.remedy().map(str::to_owned), ..Fault::file(error.to_string()) };
            files.iter().map(|file| fault.clone().of(file)).collect()
        }
    };
    Done { refusals, ..Done::default() }
}
