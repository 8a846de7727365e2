//! Trades of any Parquet file whose columns are named as in the venues' archives.

use std::path::Path;
use std::sync::Arc;

use crosscut_model::Trades;
use crosscut_model::time::EpochUnit;

use super::{ColumnCursor, ColumnType, ParquetFile, guarded};
use crate::error::HubError;
use crate::ticks::TickColumns;

/// Rows of a batch.
pub(crate) const BATCH_ROWS: usize = 1 << 16;

/// Trades of any Parquet file with the columns of a venue's archive, batch by batch.
#[derive(Debug)]
pub struct TradeBatches {
    /// The columns.
    cursors: TradeCursors,
    /// Unit of whole-number times; `None` when the file marks them as times.
    unit: Option<EpochUnit>,
    /// Rows not yet handed out.
    left: usize,
    /// The file.
    file: Arc<ParquetFile>,
}

/// Positions in the columns of a table of trades.
#[derive(Debug)]
pub(crate) struct TradeCursors {
    /// Venue time.
    pub(crate) timestamp: ColumnCursor,
    /// Price.
    pub(crate) price: ColumnCursor,
    /// Quantity.
    pub(crate) quantity: ColumnCursor,
    /// The venue's id.
    pub(crate) trade_id: Option<ColumnCursor>,
    /// Which side the taker took.
    pub(crate) is_buyer_maker: Option<ColumnCursor>,
    /// First execution folded into the row.
    pub(crate) first_trade_id: Option<ColumnCursor>,
    /// Last execution folded into the row.
    pub(crate) last_trade_id: Option<ColumnCursor>,
}

impl TradeCursors {
    /// Appends the next `n` rows to `out`.
    pub(crate) fn next(&mut self, n: usize, out: &mut Trades) -> Result<(), HubError> {
        self.timestamp.whole(n, &mut out.timestamp)?;
        self.price.floats(n, &mut out.price)?;
        self.quantity.floats(n, &mut out.quantity)?;
        let ids = [
            (&mut self.trade_id, &mut out.trade_id),
            (&mut self.first_trade_id, &mut out.first_trade_id),
            (&mut self.last_trade_id, &mut out.last_trade_id),
        ];
        for (cursor, values) in ids {
            if let Some(cursor) = cursor {
                cursor.whole(n, values)?;
            }
        }
        match &mut self.is_buyer_maker {
            Some(cursor) => cursor.flags(n, &mut out.is_buyer_maker),
            None => {
                out.is_buyer_maker.resize(out.timestamp.len(), None);
                Ok(())
            }
        }
    }
}

/// Opens a file of trades as the venues' archives name its columns (`agg_trade_id` or `id`, `price`, `quantity` or
/// `qty`, `first_trade_id`, `last_trade_id`, `transact_time`, `time` or `timestamp`, `is_buyer_maker`); the unit of
/// whole-number times is recognised by magnitude.
///
/// # Errors
/// When the file is damaged or a needed column is absent.
pub fn trade_batches(path: &Path, columns: TickColumns) -> Result<TradeBatches, HubError> {
    let file = Arc::new(ParquetFile::open(path)?);
    let find = |names: &[&str]| names.iter().find_map(|name| file.find(name));
    let open = |leaf: usize| ColumnCursor::new(Arc::clone(&file), leaf);
    let need = |names: &[&str]| find(names).map_or_else(|| file.demand(names[0]), Ok);
    let want = |wanted: bool, names: &[&str]| find(names).filter(|_| wanted).map(open);
    let time = need(&["transact_time", "timestamp", "time"])?;
    let unit = match file.leaves[time].column_type {
        ColumnType::Integer => Some(epoch_unit(&file, time)?),
        _ => None,
    };
    let cursors = TradeCursors {
        timestamp: open(time),
        price: open(need(&["price"])?),
        quantity: open(need(&["quantity", "qty"])?),
        trade_id: want(columns.ids, &["agg_trade_id", "trade_id", "id"]),
        is_buyer_maker: want(columns.sides, &["is_buyer_maker"]),
        first_trade_id: want(columns.spans, &["first_trade_id"]),
        last_trade_id: want(columns.spans, &["last_trade_id"]),
    };
    let left = file.n_rows();
    Ok(TradeBatches { cursors, unit, left, file })
}

/// The unit of a column of whole-number times, by its first value.
fn epoch_unit(file: &Arc<ParquetFile>, leaf: usize) -> Result<EpochUnit, HubError> {
    let mut first = Vec::new();
    let n = file.n_rows().min(1);
    guarded(&file.path, || ColumnCursor::new(Arc::clone(file), leaf).whole(n, &mut first))?;
    match first.first() {
        None => Ok(EpochUnit::Millis),
        Some(value) => EpochUnit::detect(*value).ok_or_else(|| {
            file.bad_row(
                0,
                format!("`{}` is {value}: not a time since 1970 in s, ms, us or ns", file.leaves[leaf].name),
            )
        }),
    }
}

impl TradeBatches {
    /// Clears `out` and fills it with the next rows; `false` (and `out` empty) at the end.
    ///
    /// # Errors
    /// When the file is damaged or a value is missing.
    pub fn next_batch(&mut self, out: &mut Trades) -> Result<bool, HubError> {
        out.clear();
        let n = self.left.min(BATCH_ROWS);
        let cursors = &mut self.cursors;
        guarded(&self.file.path, || cursors.next(n, out))?;
        if let Some(unit) = self.unit {
            self.to_micros(unit, &mut out.timestamp)?;
        }
        self.left -= n;
        Ok(n > 0)
    }

    /// Converts whole-number times, all of which must be of one unit.
    fn to_micros(&self, unit: EpochUnit, times: &mut [i64]) -> Result<(), HubError> {
        let low = times.iter().copied().min().unwrap_or(0);
        let high = times.iter().copied().max().unwrap_or(0);
        if !times.is_empty() && [low, high].iter().any(|t| EpochUnit::detect(*t) != Some(unit)) {
            let at = times.iter().position(|t| EpochUnit::detect(*t) != Some(unit)).unwrap_or(0);
            let row = self.file.n_rows() - self.left + at;
            let message = format!("time {} is not in {}, the unit of the first row", times[at], unit.name());
            return Err(self.file.bad_row(row, message));
        }
        // One multiplication per row instead of a call: 20 million rows are usual here.
        match unit {
            EpochUnit::Nanos => times.iter_mut().for_each(|t| *t = t.div_euclid(1_000)),
            _ => {
                let factor = unit.to_micros(1);
                times.iter_mut().for_each(|t| *t *= factor);
            }
        }
        Ok(())
    }
}
