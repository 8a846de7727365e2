//! Files whose rows are not in order, as venues publish now and then: put in order of the venue's ids, or of time where there
//! are none, and counted. Rows that one order cannot satisfy, ids and times that contradict one another, stay refused.

use crosscut_model::Trades;

use crate::error::Fault;

use super::source::{FileTrades, TradeFile};

/// Most rows that are put in order: they are held in memory, some 50 bytes each.
const ROWS_MAX: usize = 40_000_000;

/// What a look through a file shows of its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Survey {
    /// Rows that stand behind rows that belong behind them.
    pub n_late: u64,
    /// Time and id (0 where there is none) of the row that belongs first.
    pub first: (i64, i64),
}

/// Looks through a file.
///
/// # Errors
/// The first row that breaks a rule other than that of order.
pub(crate) fn survey(file: &TradeFile, ahead: bool) -> Result<Survey, Fault> {
    let mut source = FileTrades::new(file.clone(), ahead).in_any_order(false);
    let mut seen = Lateness::default();
    let mut first: Option<(i64, i64)> = None;
    let mut batch = Trades::default();
    loop {
        batch.clear();
        source.fill(&mut batch)?;
        if batch.is_empty() {
            return Ok(Survey { n_late: seen.n_late, first: first.unwrap_or(file.first) });
        }
        seen.add(&batch);
        let row = |at: usize| (batch.timestamp[at], batch.trade_id.get(at).copied().unwrap_or_default());
        let least = (0..batch.len()).map(row).chain(first);
        first = if file.has_id { least.min_by_key(|&(_, id)| id) } else { least.min_by_key(|&(time, _)| time) };
    }
}

/// All rows of an open file in order, and how many stood behind rows that belong behind them.
///
/// # Errors
/// As the file's rows; when there are too many; when ids and times contradict one another.
pub(super) fn whole(source: &mut FileTrades) -> Result<(Trades, u64), Fault> {
    let (mut all, mut batch) = (Trades::default(), Trades::default());
    let mut seen = Lateness::default();
    loop {
        batch.clear();
        source.fill(&mut batch)?;
        if batch.is_empty() {
            break;
        }
        if all.len() + batch.len() > ROWS_MAX {
            return Err(Fault::file(format!(
                "has rows out of order, and more than the {ROWS_MAX} that are put in order in memory"
            ))
            .hint("sort the file by its ids, or by time where there are none, or cut it into files of a day each"));
        }
        seen.add(&batch);
        all.extend_from(&batch, 0..batch.len());
    }
    let rows = sorted(&all);
    let is_ascending = rows.timestamp.windows(2).all(|pair| pair[0] <= pair[1]);
    if !is_ascending || !rows.trade_id.windows(2).all(|pair| pair[0] < pair[1]) {
        return Err(Fault::file("its rows cannot be put in order: ids and times contradict one another"));
    }
    Ok((rows, seen.n_late))
}

/// Counts rows that stand behind later ones.
#[derive(Debug, Clone, Copy, Default)]
struct Lateness {
    /// Rows so far.
    n_late: u64,
    /// The greatest key so far.
    latest: Option<i64>,
}

impl Lateness {
    /// Takes note of the next rows.
    fn add(&mut self, batch: &Trades) {
        for &key in key_of(batch) {
            self.n_late += u64::from(self.latest.is_some_and(|latest| key < latest));
            self.latest = self.latest.max(Some(key));
        }
    }
}

/// What rows are put in order by: the venue's ids, or times where there are none.
fn key_of(rows: &Trades) -> &[i64] {
    if rows.trade_id.is_empty() { &rows.timestamp } else { &rows.trade_id }
}

/// The rows in order of their key, those of one key as they stand.
fn sorted(rows: &Trades) -> Trades {
    let key = key_of(rows);
    let mut places: Vec<usize> = (0..rows.len()).collect();
    places.sort_by_key(|&at| key[at]);
    let ids = |values: &[i64]| -> Vec<i64> {
        if values.is_empty() { Vec::new() } else { places.iter().map(|&at| values[at]).collect() }
    };
    Trades {
        trade_id: ids(&rows.trade_id),
        timestamp: ids(&rows.timestamp),
        price: places.iter().map(|&at| rows.price[at]).collect(),
        quantity: places.iter().map(|&at| rows.quantity[at]).collect(),
        is_buyer_maker: places.iter().map(|&at| rows.is_buyer_maker[at]).collect(),
        first_trade_id: ids(&rows.first_trade_id),
        last_trade_id: ids(&rows.last_trade_id),
    }
}
