//! Writing a month of ticks row group by row group.

use std::path::PathBuf;

use crosscut_model::time::{format_date, midnight};
use crosscut_model::{TradeKind, Trades, format_iso};

use super::Order;
use crate::check::Broken;
use crate::error::HubError;
use crate::layout;
use crate::parquet_file::{ColumnSpec, Storage, ValueKind, Values};
use crate::provenance::TableSource;
use crate::publisher::IngestPublisher;
use crate::single::SingleWriter;

/// Rows of a row group: what a writer keeps in memory.
const GROUP_ROWS: usize = 1 << 18;

/// Writes one month of ticks. Dropped without [`TickWriter::finish`], it leaves the table that was there.
#[derive(Debug)]
pub struct TickWriter {
    /// The hub's folder.
    root: PathBuf,
    /// Path of the table inside the hub.
    table: PathBuf,
    /// First moment of the month and of the next one, microseconds UTC.
    month: (i64, i64),
    /// The file; begun with the first rows, which tell what columns there are.
    writer: Option<(Shape, SingleWriter)>,
    /// Rows not yet written.
    buffer: Trades,
    /// Rows taken so far.
    rows: usize,
    /// What the next rows must follow.
    order: Order,
}

/// Which of the optional columns the source has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    /// `trade_id`.
    ids: bool,
    /// `first_trade_id` and `last_trade_id`.
    spans: bool,
}

impl TickWriter {
    /// Appends rows.
    ///
    /// # Errors
    /// When time goes backwards, an id does not increase, a price or quantity is not positive and finite, a row lies
    /// outside the month, or some rows have ids and others none.
    pub fn write(&mut self, trades: &Trades) -> Result<(), HubError> {
        if trades.is_empty() {
            return Ok(());
        }
        let shape = self.check(trades).map_err(|broken| {
            let (table, row) = (self.table.display(), self.rows + broken.row);
            HubError::refused(format!("ticks for `{table}` are refused at row {row}: {}", broken.message))
        })?;
        if self.writer.is_none() {
            self.writer = Some((shape, SingleWriter::begin(&self.root, self.table.clone(), &specs(shape))?));
        }
        let mut from = 0;
        while from < trades.len() {
            let to = trades.len().min(from + GROUP_ROWS - self.buffer.len());
            self.buffer.extend_from(trades, from..to);
            if self.buffer.len() == GROUP_ROWS {
                self.flush()?;
            }
            from = to;
        }
        self.rows += trades.len();
        Ok(())
    }

    /// Completes the table and publishes it with its provenance, replacing what was there.
    ///
    /// # Errors
    /// When the file cannot be written; the table that was there stays.
    pub fn finish(mut self, source: &TableSource) -> Result<(), HubError> {
        self.flush()?;
        let writer = match self.writer.take() {
            Some((_, writer)) => writer,
            // A month without a trade is a table too: its source covers the month.
            None => SingleWriter::begin(&self.root, self.table.clone(), &specs(Shape { ids: false, spans: false }))?,
        };
        writer.finish(source)
    }

    /// Writes what is buffered as a row group.
    fn flush(&mut self) -> Result<(), HubError> {
        let (Some((shape, writer)), false) = (&mut self.writer, self.buffer.is_empty()) else { return Ok(()) };
        let rows = &self.buffer;
        let mut values = Vec::with_capacity(7);
        if shape.ids {
            values.push(Values::I64(&rows.trade_id));
        }
        values.extend([Values::I64(&rows.timestamp), Values::F64(&rows.price), Values::F64(&rows.quantity)]);
        values.push(Values::MaybeBool(&rows.is_buyer_maker));
        if shape.spans {
            values.extend([Values::I64(&rows.first_trade_id), Values::I64(&rows.last_trade_id)]);
        }
        writer.write_group(rows.len(), &values)?;
        self.buffer.clear();
        Ok(())
    }

    /// Checks rows against the rules of tick tables and the rows before them.
    fn check(&mut self, trades: &Trades) -> Result<Shape, Broken> {
        let shape = shape(trades)?;
        if let Some((before, _)) = self.writer.as_ref().filter(|(before, _)| *before != shape) {
            let message = format!("ids {} and before {}", has(shape), has(*before));
            return Err(Broken {
                row: 0,
                message: format!("all rows of a month must have the same columns: {message}"),
            });
        }
        if let Some(row) = trades.timestamp.iter().position(|t| !(self.month.0..self.month.1).contains(t)) {
            let (month, time) = (&format_date(self.month.0)[..7], format_iso(trades.timestamp[row]));
            return Err(Broken { row, message: format!("timestamp {time} lies outside the month {month}") });
        }
        self.order.check(trades)?;
        Ok(shape)
    }
}

/// The columns present, all of one length.
fn shape(trades: &Trades) -> Result<Shape, Broken> {
    let n = trades.len();
    let optional = |length: usize| length == 0 || length == n;
    let even = [trades.price.len(), trades.quantity.len(), trades.is_buyer_maker.len()].iter().all(|len| *len == n)
        && optional(trades.trade_id.len())
        && optional(trades.first_trade_id.len())
        && trades.first_trade_id.len() == trades.last_trade_id.len();
    if !even {
        return Err(Broken { row: 0, message: format!("the columns are not all {n} rows long, as `timestamp` is") });
    }
    Ok(Shape { ids: !trades.trade_id.is_empty(), spans: !trades.first_trade_id.is_empty() })
}

/// The optional columns in words.
fn has(shape: Shape) -> &'static str {
    match (shape.ids, shape.spans) {
        (false, false) => "absent",
        (true, false) => "present",
        (false, true) => "absent, first and last ids present",
        (true, true) => "present, first and last ids present",
    }
}

/// The columns of a tick table.
fn specs(shape: Shape) -> Vec<ColumnSpec> {
    let id = |name: &str| ColumnSpec::new(name, ValueKind::Integer, Storage::Delta);
    let mut specs = Vec::with_capacity(7);
    if shape.ids {
        specs.push(id("trade_id"));
    }
    specs.push(ColumnSpec::new("timestamp", ValueKind::Time, Storage::Delta));
    specs.push(ColumnSpec::new("price", ValueKind::Float, Storage::Dictionary));
    specs.push(ColumnSpec::new("quantity", ValueKind::Float, Storage::Dictionary));
    specs.push(ColumnSpec::new("is_buyer_maker", ValueKind::MaybeBool, Storage::Plain));
    if shape.spans {
        specs.extend([id("first_trade_id"), id("last_trade_id")]);
    }
    specs
}

impl IngestPublisher {
    /// Starts a month (`2024-08`) of ticks; nothing is visible before [`TickWriter::finish`].
    ///
    /// # Errors
    /// When a name cannot be a name.
    pub fn tick_writer(&self, venue: &str, symbol: &str, kind: TradeKind, month: &str) -> Result<TickWriter, HubError> {
        let table = layout::tick_table(venue, symbol, kind, month)?;
        let number = |range: std::ops::Range<usize>| month[range].parse::<i64>().expect("the month was checked");
        let (year, of_year) = (number(0..4), number(5..7));
        Ok(TickWriter {
            root: self.root().to_owned(),
            table,
            month: (midnight(year, of_year, 1), midnight(year, of_year + 1, 1)),
            writer: None,
            buffer: Trades::default(),
            rows: 0,
            order: Order::default(),
        })
    }
}
