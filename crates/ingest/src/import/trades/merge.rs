//! Two ordered streams of trades become one: by id where the venue gives ids, by time where it does not.
//!
//! With ids, rows of both streams may overlap: equal rows are taken once, rows of one id that differ are an error that
//! shows both. Without ids nothing tells a repeated row from two equal trades, so that streams may not overlap at all,
//! unless the right one is a run of the left one's rows, which adds nothing.

use crosscut_model::{Trades, format_iso};

use crate::error::{Fault, IngestError};

use super::source::{BATCH_ROWS, TradeRecord, TradeSource};

/// One of the two streams.
pub(crate) struct Side<'a> {
    /// Where rows come from.
    source: Box<dyn TradeSource + 'a>,
    /// The batch in work.
    batch: Trades,
    /// The next row of the batch.
    at: usize,
    /// Whether the source has ended.
    done: bool,
    /// What the rows belong to, for messages.
    label: String,
}

impl<'a> Side<'a> {
    /// A stream called `label`.
    pub fn new(source: Box<dyn TradeSource + 'a>, label: impl Into<String>) -> Self {
        Self { source, batch: Trades::default(), at: 0, done: false, label: label.into() }
    }

    /// The stream alone, when nothing has been taken from it.
    pub fn into_source(self) -> Box<dyn TradeSource + 'a> {
        self.source
    }

    /// Makes sure there is a next row; `false` at the end.
    fn fill(&mut self) -> Result<bool, IngestError> {
        while self.at == self.batch.len() {
            if self.done {
                return Ok(false);
            }
            self.at = 0;
            self.done = !self.source.next_batch(&mut self.batch)?;
            if self.done {
                // A month may have come from thirty files; their buffers are not needed any more.
                self.batch = Trades::default();
            }
        }
        Ok(true)
    }

    /// Moves the next `n` rows of the batch to `out`.
    fn pass(&mut self, n: usize, out: &mut Trades) {
        if out.is_empty() && self.at == 0 && n == self.batch.len() {
            std::mem::swap(out, &mut self.batch);
            self.batch.clear();
            return;
        }
        out.extend_from(&self.batch, self.at..self.at + n);
        self.at += n;
    }

    /// Rows left in the batch.
    fn left(&self) -> usize {
        self.batch.len() - self.at
    }

    /// Id of the next row.
    fn id(&self) -> i64 {
        self.batch.trade_id[self.at]
    }

    /// Id of the last row of the batch.
    fn last_id(&self) -> i64 {
        self.batch.trade_id[self.batch.len() - 1]
    }

    /// Time of the next row.
    fn time(&self) -> i64 {
        self.batch.timestamp[self.at]
    }

    /// The next row in words.
    fn shown(&self) -> String {
        let (batch, at) = (&self.batch, self.at);
        let id = batch.trade_id.get(at).map(|id| format!("id {id}, ")).unwrap_or_default();
        let side = match batch.is_buyer_maker[at] {
            Some(true) => "taker sold",
            Some(false) => "taker bought",
            None => "side unknown",
        };
        format!(
            "{id}{}, price {}, quantity {}, {side}",
            format_iso(batch.timestamp[at]),
            batch.price[at],
            batch.quantity[at]
        )
    }
}

/// Whether the next rows of both sides are the same trade.
fn same_row(a: &Side<'_>, b: &Side<'_>) -> bool {
    let ((x, i), (y, j)) = ((&a.batch, a.at), (&b.batch, b.at));
    x.timestamp[i] == y.timestamp[j]
        && x.price[i] == y.price[j]
        && x.quantity[i] == y.quantity[j]
        && x.is_buyer_maker[i] == y.is_buyer_maker[j]
        && x.trade_id.get(i) == y.trade_id.get(j)
        && x.first_trade_id.get(i) == y.first_trade_id.get(j)
        && x.last_trade_id.get(i) == y.last_trade_id.get(j)
}

/// How two streams are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MergeKey {
    /// By trade id; the right stream begins at this one.
    Id(i64),
    /// By time, microseconds UTC; the right stream begins at this one.
    Time(i64),
}

/// How far a merge by time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeState {
    /// No row of the right stream has been reached.
    Before,
    /// The right stream lies in a gap of the left one.
    Inserting,
    /// The right stream repeats rows of the left one.
    Comparing,
}

/// Two streams as one.
pub(crate) struct Merge<'a> {
    /// What is there already.
    left: Side<'a>,
    /// What is added.
    right: Side<'a>,
    /// How they are put in order.
    key: MergeKey,
    /// Whether the right stream has been opened.
    right_open: bool,
    /// How far a merge by time has come.
    time_state: TimeState,
}

impl<'a> Merge<'a> {
    /// Merges `right` into `left`.
    pub fn new(left: Side<'a>, right: Side<'a>, key: MergeKey) -> Self {
        Self { left, right, key, right_open: false, time_state: TimeState::Before }
    }

    /// Refuses to mix rows with ids and rows without. The left side has a row.
    fn check_left(&self) -> Result<(), IngestError> {
        let left_has_ids = !self.left.batch.trade_id.is_empty();
        if left_has_ids == matches!(self.key, MergeKey::Id(_)) {
            return Ok(());
        }
        let (here, there) = if left_has_ids { ("no trade ids", "has them") } else { ("trade ids", "has none") };
        Err(Fault::file(format!("has {here}, {} {there}; one table cannot hold both", self.left.label))
            .hint("give --replace to import the symbol anew from this source")
            .of(&self.right.label)
            .into())
    }

    /// Whether all rows of the left batch come before the first row of the right stream, by what is known of it.
    fn left_ends_before_right(&self) -> bool {
        match self.key {
            MergeKey::Id(first) => self.left.last_id() < first,
            MergeKey::Time(first) => self.left.batch.timestamp.last().is_some_and(|last| *last < first),
        }
    }

    /// One step by id: moves some rows to `out`. Both sides have a row.
    fn step_by_id(&mut self, out: &mut Trades) -> Result<(), IngestError> {
        let (left, right) = (&mut self.left, &mut self.right);
        if left.last_id() < right.id() {
            left.pass(left.left(), out);
            return Ok(());
        }
        if right.last_id() < left.id() {
            right.pass(right.left(), out);
            return Ok(());
        }
        while left.left() > 0 && right.left() > 0 && out.len() < BATCH_ROWS {
            if left.id() < right.id() {
                left.pass(1, out);
            } else if right.id() < left.id() {
                right.pass(1, out);
            } else if same_row(left, right) {
                right.at += 1;
                left.pass(1, out);
            } else {
                return Err(conflict(left, right, "they have one id and differ"));
            }
        }
        Ok(())
    }

    /// One step by time: moves some rows to `out`. Both sides have a row.
    fn step_by_time(&mut self, out: &mut Trades) -> Result<(), IngestError> {
        let (left, right) = (&mut self.left, &mut self.right);
        match self.time_state {
            TimeState::Before if left.time() < right.time() => {
                let until = right.time();
                let n = left.batch.timestamp[left.at..].partition_point(|&time| time < until);
                left.pass(n, out);
            }
            TimeState::Before if left.time() > right.time() => self.time_state = TimeState::Inserting,
            TimeState::Before => self.time_state = TimeState::Comparing,
            TimeState::Inserting => {
                let until = left.time();
                let n = right.batch.timestamp[right.at..].partition_point(|&time| time < until);
                if n == 0 {
                    return Err(conflict(left, right, "trades without ids overlap in time"));
                }
                right.pass(n, out);
            }
            TimeState::Comparing => {
                while left.left() > 0 && right.left() > 0 && out.len() < BATCH_ROWS {
                    if !same_row(left, right) {
                        return Err(conflict(left, right, "trades without ids overlap in time and differ"));
                    }
                    right.at += 1;
                    left.pass(1, out);
                }
            }
        }
        Ok(())
    }

    /// The rest of the right stream, once the left one has ended.
    fn pass_right(&mut self, out: &mut Trades) -> Result<(), IngestError> {
        if self.time_state == TimeState::Comparing {
            let fault = Fault::file(format!(
                "begins with rows that are there already and goes on after their end ({}); trades without ids cannot be merged",
                self.right.shown()
            ));
            return Err(fault
                .hint("give --replace and all files of the symbol to import them anew")
                .of(&self.right.label)
                .into());
        }
        self.right.pass(self.right.left(), out);
        Ok(())
    }
}

/// Two rows that cannot both be true.
fn conflict(left: &Side<'_>, right: &Side<'_>, why: &str) -> IngestError {
    Fault::file(format!("{why}: this file has [{}], {} has [{}]", right.shown(), left.label, left.shown()))
        .hint("import the files of one source only, or give --replace and all files of the symbol to import them anew")
        .of(&right.label)
        .into()
}

impl TradeSource for Merge<'_> {
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, IngestError> {
        out.clear();
        while out.len() < BATCH_ROWS {
            let has_left = self.left.fill()?;
            if has_left {
                self.check_left()?;
            }
            // A file far ahead stays closed: of a month of daily files, two are open at a time.
            if has_left && !self.right_open && self.left_ends_before_right() {
                self.left.pass(self.left.left(), out);
                break;
            }
            self.right_open = true;
            match (has_left, self.right.fill()?) {
                (false, false) => break,
                (true, false) => self.left.pass(self.left.left(), out),
                (false, true) => self.pass_right(out)?,
                (true, true) => match self.key {
                    MergeKey::Time(_) => self.step_by_time(out)?,
                    MergeKey::Id(_) => self.step_by_id(out)?,
                },
            }
        }
        Ok(!out.is_empty())
    }

    fn records(&self, out: &mut Vec<TradeRecord>) {
        self.left.source.records(out);
        self.right.source.records(out);
    }
}

#[cfg(test)]
mod tests;
