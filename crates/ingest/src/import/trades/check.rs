//! The rules every row of a trade file must keep, whatever the file's form.

use crosscut_model::time::HOUR;
use crosscut_model::{Trades, format_iso, time};

use crate::error::Fault;

use super::parse::Row;

/// What has been seen of a file's rows so far, and what the next must agree with.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowCheck {
    /// The day or month the file is named for, microseconds UTC: from (inclusive) and until (exclusive).
    pub period: Option<(i64, i64)>,
    /// Whether rows carry ids.
    pub has_id: bool,
    /// Whether rows carry the first and last execution.
    pub has_span: bool,
    /// Whether rows of price and quantity zero stand for spent ids.
    pub drops_spent: bool,
    /// Whether rows may come in any order, to be put in order later.
    pub takes_any_order: bool,
    /// Rows kept.
    pub rows: u64,
    /// Time of the first row kept, microseconds UTC.
    pub first: i64,
    /// Time of the last row kept, microseconds UTC.
    pub last: i64,
    /// Id of the last row.
    last_id: i64,
    /// Whether a row has been seen.
    started: bool,
    /// Rows of spent ids that were dropped.
    pub n_spent: u64,
    /// Places where ids are not consecutive.
    pub n_id_gaps: u64,
    /// Rows that came after rows that belong behind them.
    pub n_out_of_order: u64,
}

impl RowCheck {
    /// A check before the first row.
    pub fn new(period: Option<(i64, i64)>, has_id: bool, has_span: bool, drops_spent: bool) -> Self {
        Self { period, has_id, has_span, drops_spent, ..Self::default() }
    }

    /// Takes note of the next row; `false` when it is to be dropped.
    ///
    /// # Errors
    /// When the row breaks a rule; `line` names it.
    #[inline]
    pub fn accept(&mut self, row: &Row, line: u64) -> Result<bool, Fault> {
        let in_period = self.period.is_none_or(|(from, until)| row.time >= from && row.time < until);
        let in_order =
            !self.started || self.takes_any_order || (row.time >= self.last && (!self.has_id || row.id > self.last_id));
        let near = row.near_min >= row.time - HOUR && row.near_max <= row.time + HOUR;
        let span = !self.has_span || row.first_id <= row.last_id;
        // The product overflows before either factor does; NaN fails each comparison.
        let positive = row.price > 0.0 && row.quantity > 0.0 && row.price * row.quantity < f64::INFINITY;
        if !(in_period && in_order && near && span && positive) {
            return self.judge(row, line);
        }
        self.n_id_gaps += u64::from(self.has_id && self.started && row.id != self.last_id + 1);
        self.keep_place(row);
        if self.rows == 0 {
            self.first = row.time;
        }
        self.rows += 1;
        Ok(true)
    }

    /// Takes note of all rows once more after they were put in order; `n_late` of them stood behind later ones.
    pub fn put_in_order(&mut self, rows: &Trades, n_late: u64) {
        self.first = rows.timestamp.first().copied().unwrap_or_default();
        self.last = rows.timestamp.last().copied().unwrap_or_default();
        self.n_id_gaps = rows.trade_id.windows(2).filter(|pair| pair[1] != pair[0] + 1).count() as u64;
        self.n_out_of_order = n_late;
    }

    /// Remembers where the row stands.
    #[inline]
    fn keep_place(&mut self, row: &Row) {
        self.started = true;
        self.last_id = row.id;
        self.last = row.time;
    }

    /// Says which rule a row breaks; a row of a spent id that breaks none but the price's is dropped and counted.
    #[cold]
    fn judge(&mut self, row: &Row, line: u64) -> Result<bool, Fault> {
        let fault = |reason: String| Err(Fault::row(line, reason));
        let disorder = |reason: String| Err(Fault { is_disorder: true, ..Fault::row(line, reason) });
        let is_next = self.started && !self.takes_any_order;
        let at = format_iso(row.time);
        if let Some((from, until)) = self.period.filter(|(from, until)| row.time < *from || row.time >= *until) {
            let day = if until - from == time::DAY { "day" } else { "month" };
            return fault(format!(
                "time {at} lies outside of the {day} the file is named for, {} to {}",
                format_iso(from),
                format_iso(until)
            ));
        }
        if is_next && row.time < self.last {
            return disorder(format!(
                "time {at} is before that of the row above, {}; expected rows in time order",
                format_iso(self.last)
            ));
        }
        if is_next && self.has_id && row.id == self.last_id {
            return fault(format!("trade id {} repeats that of the row above; expected increasing ids", row.id));
        }
        if is_next && self.has_id && row.id < self.last_id {
            return disorder(format!("trade id {} comes after {}; expected increasing ids", row.id, self.last_id));
        }
        if row.near_min < row.time - HOUR || row.near_max > row.time + HOUR {
            let far = if row.near_max > row.time + HOUR { row.near_max } else { row.near_min };
            return fault(format!("its times are more than an hour apart: {at} and {}", format_iso(far)));
        }
        if self.has_span && row.first_id > row.last_id {
            return fault(format!("first trade id {} is greater than the last, {}", row.first_id, row.last_id));
        }
        if self.drops_spent && row.price == 0.0 && row.quantity == 0.0 {
            self.n_spent += 1;
            self.keep_place(row);
            return Ok(false);
        }
        if !(row.price > 0.0 && row.price.is_finite()) {
            return fault(format!("price is {}; expected a positive number", row.price));
        }
        if !(row.quantity > 0.0 && row.quantity.is_finite()) {
            return fault(format!("quantity is {}; expected a positive number", row.quantity));
        }
        fault(format!("price {} times quantity {} is too large a number", row.price, row.quantity))
    }
}
