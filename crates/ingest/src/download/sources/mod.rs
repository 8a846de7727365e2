//! Where history can be had: one adapter per interface of a venue, in order of preference.
//!
//! An adapter turns a wish for one symbol, kind and span into tasks, and says which parts of the span it leaves over; the
//! next adapter in [`SOURCES`] is asked for that. Adapters know addresses and forms of answers, and nothing of files,
//! retries or tables.

use std::path::Path;
use std::sync::atomic::AtomicU64;

use crate::provider::{PROVIDERS, Provider};

use super::address::Hosts;
use super::client::{Client, FetchError};
use super::pages;
use super::transfer::{self, Arrived};
use super::wish::{DataKind, How, Span, Task};

mod binance_archive;
mod binance_rest;
mod bybit;
mod okx;

/// What adapters work with.
#[derive(Debug)]
pub struct Net {
    /// Who asks.
    pub(crate) client: Client,
    /// Where.
    pub(crate) hosts: Hosts,
    /// Now, microseconds UTC.
    pub(crate) now: i64,
    /// Whether archives' listings are read; otherwise each file is asked for.
    pub(crate) with_listing: bool,
}

/// A wish for one symbol.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The exchange, `binance_futures`.
    pub exchange: &'a str,
    /// The symbol as the venue writes it.
    pub symbol: &'a str,
    /// What is wished for.
    pub kind: DataKind,
    /// The span.
    pub span: Span,
}

/// What an adapter can do about a wish.
#[derive(Debug, Default)]
pub struct Planned {
    /// The files to have.
    pub(crate) tasks: Vec<Task>,
    /// What is left over for the next adapter.
    pub(crate) left: Vec<Span>,
}

/// Why an adapter could not answer.
pub struct Unanswered(pub(crate) FetchError);

/// History of a venue, through one of its interfaces.
pub trait Source: Sync {
    /// The entry of [`PROVIDERS`] that tells its tables, timeframes and fields.
    fn name(&self) -> &'static str;

    /// The exchanges it speaks for.
    fn exchanges(&self) -> &'static [&'static str];

    /// Whether it gives a kind of data of an exchange.
    fn gives(&self, exchange: &str, kind: DataKind) -> bool;

    /// All symbols it knows of, delisted ones too where the venue keeps them, sorted; `None` where it cannot tell.
    ///
    /// # Errors
    /// When the venue does not answer.
    fn symbols(&self, net: &Net, exchange: &str, kind: DataKind) -> Result<Option<Vec<String>>, Unanswered>;

    /// The host and the path of an exchange's 24-hour ticker of all symbols; `None` where it has none.
    fn ticker(&self, exchange: &str) -> Option<(&'static str, String)>;

    /// The files to have for a wish.
    ///
    /// # Errors
    /// When the venue does not answer.
    fn plan(&self, net: &Net, ask: &Ask<'_>) -> Result<Planned, Unanswered>;

    /// Writes the pages of a task, which this adapter planned, as a table.
    ///
    /// # Errors
    /// When the venue does not answer, or answers otherwise than expected.
    fn write_pages(&self, net: &Net, task: &Task, dest: &Path) -> Result<(), Unanswered>;
}

impl Planned {
    /// Files that leave nothing over.
    fn all(tasks: Vec<Task>) -> Self {
        Self { tasks, left: Vec::new() }
    }

    /// Nothing, all is left over.
    fn none(span: Span) -> Self {
        Self { tasks: Vec::new(), left: vec![span] }
    }
}

impl Unanswered {
    /// A reason in words.
    fn of(reason: &str) -> Self {
        Self(FetchError::Failed(reason.to_owned()))
    }
}

impl From<FetchError> for Unanswered {
    fn from(error: FetchError) -> Self {
        Self(error)
    }
}

/// All adapters. Of several that give the same, the first is preferred: archives, which are checked and complete, before
/// interfaces that answer questions.
pub const SOURCES: &[&dyn Source] = &[
    &binance_archive::BinanceArchive,
    &binance_rest::BinanceRest,
    &okx::OkxFiles,
    &okx::OkxRest,
    &bybit::BybitFiles,
    &bybit::BybitRest,
];

/// The adapters for a kind of data of an exchange, in order of preference.
pub fn sources_of(exchange: &str, kind: DataKind) -> Vec<&'static dyn Source> {
    SOURCES.iter().filter(|source| source.gives(exchange, kind)).copied().collect()
}

/// The adapter of a name.
pub(crate) fn source(name: &str) -> Option<&'static dyn Source> {
    SOURCES.iter().find(|source| source.name() == name).copied()
}

/// All exchanges that can be asked, sorted.
pub fn exchanges() -> Vec<&'static str> {
    let mut all: Vec<&str> = SOURCES.iter().flat_map(|source| source.exchanges()).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What is told of an adapter.
pub fn about(source: &dyn Source) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.name == source.name())
}

/// Fetches a task's file.
pub(crate) fn fetch(net: &Net, task: &Task, dest: &Path, n_bytes: &AtomicU64) -> Result<Arrived, FetchError> {
    match &task.how {
        How::File(remote) => {
            let manners = net.hosts.get(remote.host).manners;
            transfer::fetch(&net.client, remote, dest, manners, n_bytes)
        }
        How::Pages(_) => pages::fetch(net, task, dest),
    }
}
