//! Loading: rows of a stored set by symbol and time.

use crosscut_model::{Column, Range, Table, Timeframe};

use super::database::{Cell, Fetch, Fetched};
use super::rows::{chunk_rows, infinite};
use super::schema::quote;
use super::store::{Entry, SqlStore};
use crate::error::HubError;
use crate::names;

/// How often a set is looked up anew that another process replaced meanwhile.
const ATTEMPTS: usize = 5;

/// What to load of a set.
#[derive(Debug, Clone, Copy)]
pub struct LoadRequest<'a> {
    /// Timeframe of the set.
    pub timeframe: Timeframe,
    /// Name of the set.
    pub set: &'a str,
    /// Symbols; all when empty.
    pub symbols: &'a [String],
    /// Factors in the order wanted; all when empty.
    pub columns: &'a [String],
    /// Timestamps wanted.
    pub range: Range,
}

impl SqlStore {
    /// Hands the asked rows to `visit`, symbol by symbol in the order of their names (a symbol of many rows in several
    /// tables): `timestamp` and `available_at` (`i64`), the factors (`f64`, missing is NaN), `tradable_flag` (`bool`).
    /// All rows are of one state of the set, whatever is written meanwhile. Gives the number of rows.
    ///
    /// # Errors
    /// When the set, a symbol or a column is not in the store (the nearest is named), the values disagree with what the
    /// store says of them, the database fails, and whatever `visit` returns.
    pub fn load<E: From<HubError>>(
        &mut self,
        request: &LoadRequest<'_>,
        mut visit: impl FnMut(&str, Table) -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut stopped = None;
        let mut keep = |symbol: &str, table: Table| {
            visit(symbol, table).map_err(|error| {
                stopped = Some(error);
                HubError::refused("stopped")
            })
        };
        let loaded = self.load_once(request, &mut keep);
        match stopped {
            Some(error) => Err(error),
            None => Ok(loaded?),
        }
    }

    /// [`Self::load`] with the hub's own error.
    fn load_once(
        &mut self,
        request: &LoadRequest<'_>,
        visit: &mut dyn FnMut(&str, Table) -> Result<(), HubError>,
    ) -> Result<u64, HubError> {
        if !self.exists(request.timeframe, request.set)? {
            return Err(self.no_such_set(request.timeframe, request.set)?);
        }
        let mut attempt = 1;
        loop {
            let mut seen = None;
            let loaded = self.reading(|store| {
                let Some(entry) = store.entry(request.timeframe, request.set)? else { return Ok(None) };
                seen = Some(entry.table.name.clone());
                // From here on the table stays: a process that replaces the set waits for the end of this transaction.
                store.database.query(&format!("SELECT 1 FROM {} LIMIT 0", entry.table.quoted()), &[])?;
                seen = None;
                store.load_entry(&entry, request, visit).map(Some)
            });
            match (loaded, seen) {
                (Ok(Some(n_rows)), _) => return Ok(n_rows),
                (Ok(None), _) => return Err(self.no_such_set(request.timeframe, request.set)?),
                // The table was replaced between the two looks; the next look finds the new one.
                (Err(_), Some(_)) if attempt < ATTEMPTS => attempt += 1,
                (Err(error), _) => return Err(error),
            }
        }
    }

    /// Loads rows of a set whose entry is known.
    fn load_entry(
        &mut self,
        entry: &Entry,
        request: &LoadRequest<'_>,
        visit: &mut dyn FnMut(&str, Table) -> Result<(), HubError>,
    ) -> Result<u64, HubError> {
        let columns = self.wanted_columns(entry, request.columns)?;
        let symbols = self.wanted_symbols(entry, request.symbols)?;
        let mut total = 0;
        for symbol in symbols {
            let mut n_rows = 0;
            let fetch = fetch(entry, symbol, &columns, request.range);
            self.database.fetch(&fetch, &mut |part| {
                n_rows += part.timestamp.len() as u64;
                let table = table(part, &columns);
                match infinite(&table) {
                    None => visit(symbol, table),
                    Some((name, _)) => Err(changed(entry, format!("holds an infinite value of {symbol} in `{name}`"))),
                }
            })?;
            let stated = entry.metadata.tables[symbol].rows;
            if request.range == Range::ALL && n_rows != stated {
                let message = format!("has {n_rows} rows of {symbol}, the set's metadata states {stated}");
                return Err(changed(entry, message));
            }
            total += n_rows;
        }
        Ok(total)
    }

    /// The factors asked for, with their columns.
    fn wanted_columns<'e>(&self, entry: &'e Entry, asked: &[String]) -> Result<Vec<&'e (String, String)>, HubError> {
        if asked.is_empty() {
            return Ok(entry.table.columns.iter().collect());
        }
        let find = |name: &String| {
            let found = entry.table.columns.iter().find(|(factor, _)| factor == name);
            found.ok_or_else(|| self.no_such("column", name, entry, &entry.metadata.columns))
        };
        asked.iter().map(find).collect()
    }

    /// The symbols asked for, sorted, each once.
    fn wanted_symbols<'e>(&self, entry: &'e Entry, asked: &[String]) -> Result<Vec<&'e str>, HubError> {
        let tables = &entry.metadata.tables;
        if asked.is_empty() {
            return Ok(tables.keys().map(String::as_str).collect());
        }
        let find = |name: &String| {
            let found = tables.get_key_value(name).map(|(symbol, _)| symbol.as_str());
            found.ok_or_else(|| self.no_such("symbol", name, entry, &tables.keys().cloned().collect::<Vec<_>>()))
        };
        let mut symbols: Vec<&str> = asked.iter().map(find).collect::<Result<_, _>>()?;
        symbols.sort_unstable();
        symbols.dedup();
        Ok(symbols)
    }

    /// What to say of a symbol or column that is not in a set.
    fn no_such(&self, what: &str, name: &str, entry: &Entry, there: &[String]) -> HubError {
        let (set, frame) = (&entry.metadata.factor_set, &entry.metadata.timeframe);
        let instead = names::instead(name, there);
        HubError::not_found(format!("{}: factor set `{set}` ({frame}) has no {what} `{name}`{instead}", self.address))
    }
}

/// The error of a table of values that is not what was saved.
fn changed(entry: &Entry, message: String) -> HubError {
    HubError::refused(format!(
        "table `{}` of factor set `{}` {message}: it was changed by another program\n\
         hint: delete the set's row from crosscut_sets and save it again",
        entry.table.name, entry.metadata.factor_set
    ))
}

/// The query for a symbol's rows.
fn fetch(entry: &Entry, symbol: &str, columns: &[&(String, String)], range: Range) -> Fetch {
    let sequence = if entry.table.of_events { ", \"bar_seq\"" } else { "" };
    let factors: String = columns.iter().map(|(_, column)| format!(", {}", quote(column))).collect();
    let mut sql = format!(
        "SELECT \"timestamp\", \"available_at\", \"tradable_flag\"{sequence}{factors} FROM {} WHERE \"symbol\" = $1",
        entry.table.quoted()
    );
    let mut values = vec![Cell::text(symbol)];
    for (bound, compare) in [(range.start, ">="), (range.end, "<")] {
        if let Some(time) = bound {
            values.push(Cell::Int(time));
            sql.push_str(&format!(" AND \"timestamp\" {compare} ${}", values.len()));
        }
    }
    sql.push_str(&format!(" ORDER BY {}", entry.table.order()));
    Fetch {
        sql,
        values,
        of_events: entry.table.of_events,
        n_columns: columns.len(),
        part_rows: chunk_rows(columns.len()),
    }
}

/// Rows in the form in which rooms see tables.
fn table(part: Fetched, columns: &[&(String, String)]) -> Table {
    let mut table = Table::default();
    table.push("timestamp", Column::I64(part.timestamp));
    table.push("available_at", Column::I64(part.available_at));
    if !part.bar_seq.is_empty() {
        table.push("bar_seq", Column::I64(part.bar_seq));
    }
    for ((name, _), values) in columns.iter().zip(part.columns) {
        table.push(name.as_str(), Column::F64(values));
    }
    table.push("tradable_flag", Column::Bool(part.tradable_flag));
    table
}
