//! One symbol's table in the making: rows kept from the published generation, then rows appended.

use crosscut_model::{Column, Range, Table};

use super::publish::Generation;
use super::table::FactorTable;
use crate::error::HubError;

/// One symbol's table in the making. May be used by any thread; no file is open between calls.
#[derive(Debug)]
pub struct TableBuilder<'a> {
    /// The generation it will belong to.
    generation: &'a Generation,
    /// The symbol.
    symbol: String,
    /// Factor columns in the order they are stored.
    names: Vec<String>,
    /// Bar opens so far.
    timestamp: Vec<i64>,
    /// When the rows could be known.
    available_at: Vec<i64>,
    /// Values so far by column.
    columns: Vec<Vec<f64>>,
    /// Flags so far.
    tradable_flag: Vec<bool>,
}

impl<'a> TableBuilder<'a> {
    /// An empty table.
    pub(super) fn new(generation: &'a Generation, symbol: &str, names: &[String]) -> Self {
        Self {
            generation,
            symbol: symbol.to_owned(),
            names: names.to_vec(),
            timestamp: Vec::new(),
            available_at: Vec::new(),
            columns: vec![Vec::new(); names.len()],
            tradable_flag: Vec::new(),
        }
    }

    /// Begins with the rows before `row` of the published table. At most once, before anything is appended.
    ///
    /// # Errors
    /// When rows are there already, nothing is published, the published table has fewer rows or other columns, or it is
    /// damaged.
    pub fn keep_before(&mut self, row: usize) -> Result<(), HubError> {
        let symbol = &self.symbol;
        let refused = |message: String| self.generation.refused(format!("{symbol} is refused: {message}"));
        if !self.timestamp.is_empty() {
            return Err(refused("rows can be kept only in front of all others".to_owned()));
        }
        let none = || refused("nothing is published yet to keep rows from".to_owned());
        let before = self.generation.before().ok_or_else(none)?;
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let table = before.read(symbol, &names, Range::ALL)?;
        if table.len() < row {
            return Err(refused(format!("{row} rows are to be kept, the published table has {}", table.len())));
        }
        let floats = |name: &String| table.f64(name).expect("it was asked for")[..row].to_vec();
        self.columns = self.names.iter().map(floats).collect();
        let times = |name: &str| table.i64(name).expect("every factor table has it")[..row].to_vec();
        (self.timestamp, self.available_at) = (times("timestamp"), times("available_at"));
        self.tradable_flag = flags(&table)[..row].to_vec();
        Ok(())
    }

    /// Appends rows; the columns are those of the table, in its order.
    ///
    /// # Errors
    /// When the columns differ, or the rows are not strictly sorted and after those before.
    pub fn append(&mut self, rows: &FactorTable<'_>) -> Result<(), HubError> {
        let names: Vec<&str> = rows.columns.iter().map(|(name, _)| *name).collect();
        if names != self.names {
            let (here, there) = (names.join(", "), self.names.join(", "));
            let symbol = &self.symbol;
            return Err(self.generation.refused(format!("{symbol} has the columns {here}; it was begun with {there}")));
        }
        self.timestamp.extend_from_slice(rows.timestamp);
        self.available_at.extend_from_slice(rows.available_at);
        self.tradable_flag.extend_from_slice(rows.tradable_flag);
        for (column, (_, values)) in self.columns.iter_mut().zip(&rows.columns) {
            column.extend_from_slice(values);
        }
        Ok(())
    }

    /// Completes the table. Dropped without it, the table is not part of the generation.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(self) -> Result<(), HubError> {
        let rows = FactorTable {
            timestamp: &self.timestamp,
            available_at: &self.available_at,
            columns: self.names.iter().map(String::as_str).zip(self.columns.iter().map(Vec::as_slice)).collect(),
            tradable_flag: &self.tradable_flag,
        };
        self.generation.write_symbol(&self.symbol, &rows)
    }
}

/// The tradable flags of a table.
fn flags(table: &Table) -> &[bool] {
    match table.get("tradable_flag") {
        Some(Column::Bool(flags)) => flags,
        _ => &[],
    }
}
