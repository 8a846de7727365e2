//! A symbol's rows in the hub, read in chunks of bounded size.

use std::ops::Range;

use crosscut_model::{Column, Range as TimeRange, Table, format_iso};

use super::blocks::{BLOCK_ROWS, Block};
use super::database::Rows;
use crate::error::HubError;
use crate::factors::FactorSet;

/// Bytes of values held at a time, roughly.
const CHUNK_BYTES: usize = 64 << 20;

/// Rows of a chunk or part with so many factors: whole blocks, at least one.
pub(super) fn chunk_rows(n_columns: usize) -> usize {
    let rows = CHUNK_BYTES / (8 * (n_columns + 3));
    (rows / BLOCK_ROWS).max(1) * BLOCK_ROWS
}

/// The first infinite value of a table: its column and row.
pub(super) fn infinite(table: &Table) -> Option<(&str, usize)> {
    table.columns.iter().find_map(|(name, column)| {
        let Column::F64(values) = column else { return None };
        values.iter().position(|value| value.is_infinite()).map(|row| (name.as_str(), row))
    })
}

/// The rows of a symbol of a published set. The chunk read last stays in memory: most symbols have only one.
pub(super) struct HubRows<'a> {
    /// The set.
    set: &'a FactorSet,
    /// The symbol.
    symbol: &'a str,
    /// Bar opens of all rows, microseconds UTC.
    timestamp: Vec<i64>,
    /// Rows of a chunk.
    chunk_rows: usize,
    /// Number of the chunk in memory, and its rows.
    chunk: Option<(usize, Table)>,
}

impl<'a> HubRows<'a> {
    /// Looks at a symbol of a set.
    pub(super) fn open(set: &'a FactorSet, symbol: &'a str) -> Result<Self, HubError> {
        let mut times = set.read(symbol, &[], TimeRange::ALL)?;
        let timestamp = times.take_i64("timestamp").expect("a factor table has timestamps");
        Ok(Self { set, symbol, timestamp, chunk_rows: chunk_rows(set.columns().len()), chunk: None })
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.timestamp.len()
    }

    /// The digest of some rows, all of one block; there is at least one.
    pub(super) fn block(&mut self, rows: Range<usize>) -> Result<Block, HubError> {
        let n = rows.len();
        let (part, inside) = self.part(rows)?;
        debug_assert_eq!(part.len(), n, "a block lies in one chunk");
        Ok(Block::of(&inside))
    }

    /// Hands some rows over, chunk by chunk.
    pub(super) fn visit(
        &mut self,
        mut rows: Range<usize>,
        mut visit: impl FnMut(&Rows<'_>) -> Result<(), HubError>,
    ) -> Result<(), HubError> {
        while !rows.is_empty() {
            let (part, inside) = self.part(rows.clone())?;
            visit(&inside)?;
            rows.start = part.end;
        }
        Ok(())
    }

    /// The first of some rows, as many as lie in one chunk.
    fn part(&mut self, rows: Range<usize>) -> Result<(Range<usize>, Rows<'_>), HubError> {
        let number = rows.start / self.chunk_rows;
        let first = number * self.chunk_rows;
        let last = (first + self.chunk_rows).min(self.len());
        let table = match self.chunk.take() {
            Some((held, table)) if held == number => table,
            _ => self.read(first..last)?,
        };
        let (_, table) = self.chunk.insert((number, table));
        let part = rows.start..rows.end.min(last);
        let inside = part.start - first..part.end - first;
        let expected = "the set gives the columns it was asked for";
        let columns = self.set.columns().iter().map(|name| &table.f64(name).expect(expected)[inside.clone()]).collect();
        let rows = Rows {
            timestamp: &table.i64("timestamp").expect(expected)[inside.clone()],
            available_at: &table.i64("available_at").expect(expected)[inside.clone()],
            bar_seq: table.i64("bar_seq").map(|sequence| &sequence[inside.clone()]),
            columns,
            tradable_flag: &table.bool("tradable_flag").expect(expected)[inside],
        };
        Ok((part, rows))
    }

    /// Reads some rows.
    fn read(&self, rows: Range<usize>) -> Result<Table, HubError> {
        let columns: Vec<&str> = self.set.columns().iter().map(String::as_str).collect();
        let table = self.set.read_rows(self.symbol, &columns, rows.clone())?;
        match infinite(&table) {
            None => Ok(table),
            Some((name, row)) => Err(HubError::refused(format!(
                "the table of {} holds an infinite value: `{name}` at {}; expected finite or missing\n\
                 hint: produce the set again with `crosscut factors run`",
                self.symbol,
                format_iso(self.timestamp[rows.start + row])
            ))),
        }
    }
}
