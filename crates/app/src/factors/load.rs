//! `factors load`: rows of a published set, from the hub or from a SQL store.

use std::path::PathBuf;

use crosscut_hub::{FactorMetadata, FactorSet, Hub, LoadRequest as StoreRequest, SqlStore};
use crosscut_model::{Column, Range, Table, Timeframe, nearest, parse_iso};

use super::{parse_timeframe, show, store};
use crate::desk::Desk;
use crate::error::AppError;
use crate::table_file::{TableWriter, format_of};

/// What is to be loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadRequest {
    /// Name of the set.
    pub name: String,
    /// Its timeframe, when several have the name.
    pub timeframe: Option<String>,
    /// First timestamp, ISO-8601.
    pub start: Option<String>,
    /// End, exclusive, ISO-8601.
    pub end: Option<String>,
    /// Symbols; all when empty.
    pub symbols: Vec<String>,
    /// Columns; all when empty.
    pub columns: Vec<String>,
    /// The file all rows go to.
    pub out: Option<PathBuf>,
    /// Without a file: how many rows are given, from the end.
    pub n_rows: usize,
}

/// What was loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Where it came from: a store's address without a password, or the hub's folder.
    pub from: String,
    /// Rows in all.
    pub n_rows: u64,
    /// Symbols with rows.
    pub n_symbols: usize,
    /// Columns of the result.
    pub n_columns: usize,
    /// The last rows, by symbol and time; none when they all went to a file.
    pub last: Table,
}

/// Loads rows: `timestamp, available_at, symbol`, the columns, `tradable_flag`; by symbol, then time.
///
/// # Errors
/// A name, symbol or column that is not there (the nearest is named), a time that is none, a store that cannot be
/// reached, a file that cannot be written.
pub fn load(desk: &Desk<'_>, request: &LoadRequest) -> Result<Loaded, AppError> {
    if let Some(file) = &request.out {
        format_of(file)?;
    }
    let time = |flag: &str, text: &Option<String>| {
        let read = |text: &String| parse_iso(text).map_err(|error| AppError::new(format!("{flag}: {error}")));
        text.as_ref().map(read).transpose()
    };
    let range = Range { start: time("--start", &request.start)?, end: time("--end", &request.end)? };
    let mut sink = Sink::default();
    let from = match store::to_load(desk, &request.name, request.timeframe.as_deref())? {
        Some((mut store, stored)) => {
            sink.begin(request, &stored.metadata)?;
            from_store(&mut store, &stored.metadata, (request, range), &mut sink)?;
            store.address().to_owned()
        }
        None => {
            let hub = desk.hub()?;
            let Some(metadata) = show::set(&hub, &request.name, request.timeframe.as_deref())? else {
                return Err(no_such_set(desk, &hub, &request.name)?);
            };
            let set = hub.factor_set(parse_timeframe(&metadata.timeframe)?, &request.name)?;
            sink.begin(request, &metadata)?;
            from_hub(&set, (request, range), &mut sink)?;
            desk.hub_root().display().to_string()
        }
    };
    sink.finish(from)
}

/// What to say of a set that the hub lacks.
fn no_such_set(desk: &Desk<'_>, hub: &Hub, name: &str) -> Result<AppError, AppError> {
    let sets = hub.factor_sets()?;
    let error = AppError::new(format!("the hub {} has no factor set `{name}`", desk.hub_root().display()));
    Ok(match nearest(name, sets.iter().map(|(_, set)| set.as_str())) {
        Some(near) if near != name => error.hint(format!("did you mean `{near}`?")),
        _ => error.hint("`crosscut factors list` shows all"),
    })
}

/// Loads from a store.
fn from_store(
    store: &mut SqlStore,
    metadata: &FactorMetadata,
    (request, range): (&LoadRequest, Range),
    sink: &mut Sink,
) -> Result<(), AppError> {
    let timeframe: Timeframe = parse_timeframe(&metadata.timeframe)?;
    let wanted =
        StoreRequest { timeframe, set: &request.name, symbols: &request.symbols, columns: &request.columns, range };
    store.load(&wanted, |symbol, table| sink.take(symbol, table)).map(|_| ())
}

/// Loads from the hub.
fn from_hub(set: &FactorSet, (request, range): (&LoadRequest, Range), sink: &mut Sink) -> Result<(), AppError> {
    let columns = if request.columns.is_empty() { set.columns() } else { &request.columns };
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut symbols = if request.symbols.is_empty() { set.symbols() } else { &request.symbols }.to_vec();
    symbols.sort_unstable();
    symbols.dedup();
    symbols.iter().try_for_each(|symbol| sink.take(symbol, set.read(symbol, &columns, range)?))
}

/// Where loaded rows go.
#[derive(Default)]
struct Sink {
    /// A file, if all are wanted.
    file: Option<TableWriter>,
    /// The last rows otherwise, at most so many.
    last: (Table, usize),
    /// Rows so far.
    n_rows: u64,
    /// Symbols with rows so far, and the last one of them.
    symbols: (usize, String),
    /// Columns.
    n_columns: usize,
}

impl Sink {
    /// Starts with the columns that will come.
    fn begin(&mut self, request: &LoadRequest, metadata: &FactorMetadata) -> Result<(), AppError> {
        let columns = if request.columns.is_empty() { &metadata.columns } else { &request.columns };
        let like = empty(columns, metadata.of_events)?;
        self.n_columns = like.columns.len();
        if let Some(file) = &request.out {
            self.file = Some(TableWriter::create(file, &like)?);
        }
        self.last = (like, request.n_rows);
        Ok(())
    }

    /// Takes rows of a symbol.
    fn take(&mut self, symbol: &str, rows: Table) -> Result<(), AppError> {
        if rows.is_empty() {
            return Ok(());
        }
        if self.symbols.1 != symbol {
            self.symbols = (self.symbols.0 + 1, symbol.to_owned());
        }
        self.n_rows += rows.len() as u64;
        let rows = with_symbol(rows, symbol);
        match &mut self.file {
            Some(file) => file.append(&rows),
            None => {
                append_last(&mut self.last.0, rows, self.last.1);
                Ok(())
            }
        }
    }

    /// Ends the file.
    fn finish(self, from: String) -> Result<Loaded, AppError> {
        if let Some(file) = self.file {
            file.finish()?;
        }
        Ok(Loaded {
            from,
            n_rows: self.n_rows,
            n_symbols: self.symbols.0,
            n_columns: self.n_columns,
            last: self.last.0,
        })
    }
}

/// A table without rows, of event bars or of bars of one length.
fn empty(columns: &[String], of_events: bool) -> Result<Table, AppError> {
    let mut table = Table::default();
    table.push("timestamp", Column::I64(Vec::new()));
    table.push("available_at", Column::I64(Vec::new()));
    table.push("symbol", Column::Text(Vec::new()));
    if of_events {
        table.push("bar_seq", Column::I64(Vec::new()));
    }
    for name in columns {
        if table.get(name).is_some() {
            return Err(AppError::new(format!("--columns: `{name}` is there already; each column is given once")));
        }
        table.push(name.as_str(), Column::F64(Vec::new()));
    }
    if table.get("tradable_flag").is_some() {
        return Err(AppError::new("--columns: `tradable_flag` is always given, leave it out"));
    }
    table.push("tradable_flag", Column::Bool(Vec::new()));
    Ok(table)
}

/// Rows with the symbol behind the times.
fn with_symbol(rows: Table, symbol: &str) -> Table {
    let n = rows.len();
    let mut table = Table::default();
    for (at, (name, column)) in rows.columns.into_iter().enumerate() {
        if at == 2 {
            table.push("symbol", Column::Text(vec![symbol.to_owned(); n]));
        }
        table.push(name, column);
    }
    table
}

/// Appends rows and keeps the last `n`.
fn append_last(table: &mut Table, rows: Table, n: usize) {
    for ((_, column), (_, more)) in table.columns.iter_mut().zip(rows.columns) {
        match (column, more) {
            (Column::F64(all), Column::F64(more)) => keep_last(all, more, n),
            (Column::I64(all), Column::I64(more)) => keep_last(all, more, n),
            (Column::Bool(all), Column::Bool(more)) => keep_last(all, more, n),
            (Column::Text(all), Column::Text(more)) => keep_last(all, more, n),
            _ => {}
        }
    }
}

/// Appends values and keeps the last `n`.
fn keep_last<T>(all: &mut Vec<T>, more: Vec<T>, n: usize) {
    all.extend(more);
    all.drain(..all.len().saturating_sub(n));
}
