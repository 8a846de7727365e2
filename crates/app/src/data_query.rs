//! `data query`: bars of some symbols and a span, from the hub or, for what it lacks, from the providers in their order.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crosscut_ingest::download::query::query;
use crosscut_ingest::download::{DownloadSummary, FileStatus, Surroundings};
use crosscut_model::bar::BAR_COLUMNS;
use crosscut_model::{Bars, Column, Table};

use crate::data_download::request;
use crate::desk::Desk;
use crate::error::AppError;
use crate::events::Level;
use crate::logbook::Logbook;

/// What a query came to.
#[derive(Debug)]
pub struct Queried {
    /// The bars of all symbols, one symbol after another.
    pub table: Table,
    /// What had to be downloaded.
    pub summary: DownloadSummary,
}

/// Answers a query by the settings under `download`.
///
/// # Errors
/// A setting that makes no sense; nobody has the bars.
pub fn run(desk: &Desk<'_>, timeframe: &str, stop: &Arc<AtomicBool>) -> Result<Queried, AppError> {
    let timeframe = timeframe.parse().map_err(|error| AppError::new(format!("--timeframe: {error}")))?;
    let request = request(desk)?;
    let (hub, log) = (desk.hub_root(), Logbook::open(desk, "ingest"));
    let around = Surroundings { hub: &hub, clock: desk.clock, stop, progress: &log };
    let answer = query(&request, timeframe, around)?;
    let failed = answer.summary.files.iter().filter(|file| file.status.is_some_and(FileStatus::is_problem));
    let refused = answer.summary.refusals.iter().map(ToString::to_string);
    let problems: Vec<String> = answer.summary.problems.iter().cloned().chain(refused).collect();
    let problems: Vec<String> = failed.map(|file| format!("{}: {}", file.path, file.note)).chain(problems).collect();
    if answer.bars.is_empty() {
        return Err(AppError::new(format!("nobody has these bars: {}", problems.join("; "))));
    }
    problems.iter().for_each(|problem| desk.events.message(Level::Error, problem));
    Ok(Queried { table: table(&answer.bars), summary: answer.summary })
}

/// Bars of several symbols as one table.
fn table(all: &[(String, Bars)]) -> Table {
    let symbols = all.iter().flat_map(|(symbol, bars)| std::iter::repeat_n(symbol.clone(), bars.len())).collect();
    let times = |of: fn(&Bars) -> &Vec<i64>| all.iter().flat_map(|(_, bars)| of(bars).iter().copied()).collect();
    let mut table = Table::default();
    table.push("symbol", Column::Text(symbols));
    table.push("timestamp", Column::I64(times(|bars| &bars.timestamp)));
    table.push("available_at", Column::I64(times(|bars| &bars.available_at)));
    for (at, name) in BAR_COLUMNS.iter().enumerate() {
        let values = all.iter().flat_map(|(_, bars)| bars.columns()[at].iter().copied()).collect();
        table.push(*name, Column::F64(values));
    }
    table
}
