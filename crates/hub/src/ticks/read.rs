//! Reading tick tables batch by batch.

use std::sync::Arc;

use crosscut_model::Trades;

use super::{Order, TickColumns};
use crate::bars::demand_type;
use crate::error::HubError;
use crate::parquet_file::{ColumnCursor, ColumnType, ParquetFile, TICK_BATCH_ROWS, TradeCursors, guarded};

/// Ticks of one symbol in time order, batch by batch with bounded memory.
#[derive(Debug)]
pub struct TickStream {
    /// The months not yet opened, in order.
    files: std::vec::IntoIter<Arc<ParquetFile>>,
    /// Which parts of a trade are wanted.
    columns: TickColumns,
    /// The month being read.
    current: Option<Month>,
    /// What the next batch must follow.
    order: Order,
}

/// A month being read.
#[derive(Debug)]
struct Month {
    /// Its file.
    file: Arc<ParquetFile>,
    /// Its columns.
    cursors: TradeCursors,
    /// Rows not yet handed out.
    left: usize,
}

impl TickStream {
    /// A stream over the tables of some months.
    pub(super) fn new(files: Vec<Arc<ParquetFile>>, columns: TickColumns) -> Self {
        Self { files: files.into_iter(), columns, current: None, order: Order::default() }
    }

    /// Clears `out` and fills it with the next rows, about 65,000 at a time; `false` (and `out` empty) at the end.
    /// Columns that are not wanted or not in the table stay empty; `is_buyer_maker` is `None` in every row then.
    ///
    /// # Errors
    /// When a file is damaged or a row breaks a rule of tick tables; the message names file and row.
    pub fn next_batch(&mut self, out: &mut Trades) -> Result<bool, HubError> {
        out.clear();
        loop {
            if let Some(month) = self.current.as_mut().filter(|month| month.left > 0) {
                let n = month.left.min(TICK_BATCH_ROWS);
                let cursors = &mut month.cursors;
                guarded(&month.file.path, || cursors.next(n, out))?;
                let first_row = month.file.n_rows() - month.left;
                let checked = self.order.check(out);
                checked.map_err(|broken| month.file.bad_row(first_row + broken.row, broken.message))?;
                month.left -= n;
                return Ok(true);
            }
            match self.files.next() {
                None => return Ok(false),
                Some(file) => {
                    // A venue may begin its ids anew: across months, time alone says what comes first.
                    self.order.last_trade_id = None;
                    self.current = Some(Month::open(file, self.columns)?);
                }
            }
        }
    }
}

impl Month {
    /// Opens the columns of a month.
    fn open(file: Arc<ParquetFile>, columns: TickColumns) -> Result<Self, HubError> {
        let open = |leaf: usize| ColumnCursor::new(Arc::clone(&file), leaf);
        let want = |wanted: bool, name: &str| file.find(name).filter(|_| wanted).map(open);
        let cursors = TradeCursors {
            timestamp: open(file.demand("timestamp")?),
            price: open(file.demand("price")?),
            quantity: open(file.demand("quantity")?),
            trade_id: want(columns.ids, "trade_id"),
            is_buyer_maker: want(columns.sides, "is_buyer_maker"),
            first_trade_id: want(columns.spans, "first_trade_id"),
            last_trade_id: want(columns.spans, "last_trade_id"),
        };
        let left = file.n_rows();
        Ok(Self { file, cursors, left })
    }
}

/// Demands the columns of a tick table.
pub(super) fn check_schema(file: &ParquetFile) -> Result<(), HubError> {
    demand_type(file, "timestamp", &ColumnType::Time)?;
    demand_type(file, "price", &ColumnType::Float)?;
    demand_type(file, "quantity", &ColumnType::Float)?;
    demand_type(file, "is_buyer_maker", &ColumnType::Bool)?;
    for name in ["trade_id", "first_trade_id", "last_trade_id"] {
        if file.find(name).is_some() {
            demand_type(file, name, &ColumnType::Integer)?;
        }
    }
    Ok(())
}
