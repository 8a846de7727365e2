//! Feeds: where bars, trades and factor values come from, row by row.
//!
//! Bars are held whole, trades come in batches, so that memory does not grow with their history. A feed checks each row it
//! gives: times in order, prices positive and finite, a bar's open and close within its low and high.

use crosscut_hub::TickStream;
use crosscut_model::{Bars, Side, Trades, format_iso};
use crosscut_trading::market::{Bar, FactorValue, Trade};

use crate::error::BacktestError;

/// Trades in time order, batch by batch.
pub trait TradeSource {
    /// Clears `out` and fills it with the next trades; `false` when there are none left.
    ///
    /// # Errors
    /// Whatever keeps the source from being read.
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, BacktestError>;
}

impl TradeSource for TickStream {
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, BacktestError> {
        Ok(Self::next_batch(self, out)?)
    }
}

/// Trades that are in memory already, given as one batch.
#[derive(Debug, Clone, Default)]
pub struct InMemory(Option<Trades>);

impl InMemory {
    /// A source of these trades.
    pub fn new(trades: Trades) -> Self {
        Self(Some(trades))
    }
}

impl TradeSource for InMemory {
    fn next_batch(&mut self, out: &mut Trades) -> Result<bool, BacktestError> {
        out.clear();
        if let Some(trades) = self.0.take() {
            *out = trades;
        }
        Ok(!out.is_empty())
    }
}

/// A feed of one symbol.
pub enum Feed<'a> {
    /// Bars of any kind: time bars of any timeframe, tick, volume or dollar bars.
    Bars {
        /// The symbol.
        symbol: &'a str,
        /// By `available_at`; `volume` and `vwap` may be empty.
        bars: &'a Bars,
    },
    /// Single trades.
    Trades {
        /// The symbol.
        symbol: &'a str,
        /// Where they come from.
        source: Box<dyn TradeSource + 'a>,
    },
    /// Factor columns. No order meets them.
    Factors {
        /// The symbol.
        symbol: &'a str,
        /// By `available_at`.
        rows: &'a FactorRows,
    },
}

/// Rows of factor columns of one symbol, by `available_at`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FactorRows {
    /// Label of the bar each row belongs to, microseconds UTC.
    pub timestamp: Vec<i64>,
    /// When it could be known, microseconds UTC.
    pub available_at: Vec<i64>,
    /// Values by column; NaN: missing.
    pub columns: Vec<Vec<f64>>,
}

impl Feed<'_> {
    /// The symbol.
    pub fn symbol(&self) -> &str {
        match self {
            Self::Bars { symbol, .. } | Self::Trades { symbol, .. } | Self::Factors { symbol, .. } => symbol,
        }
    }
}

/// Where a feed stands.
pub(super) struct Cursor<'a> {
    /// Name of the symbol, for errors.
    symbol: &'a str,
    /// Position of the symbol in the run's sorted list.
    pub(super) symbol_idx: u32,
    /// Position of the feed in the run's list.
    pub(super) feed_idx: u32,
    /// Whether orders meet this feed's prices.
    pub(super) executes: bool,
    /// Whether evaluations and choices of the universe go by the labels of its bars.
    pub(super) decides: bool,
    /// Whether the open of the next bar has been met.
    pub(super) is_opened: bool,
    /// The rows.
    rows: Rows<'a>,
}

/// The rows of a feed.
enum Rows<'a> {
    /// Bars and the position of the next.
    Bars(&'a Bars, usize),
    /// A batch of trades, the position of the next, the source of more, and the time of the last.
    Trades(Box<Trades>, usize, Box<dyn TradeSource + 'a>, i64),
    /// Factor columns and the position of the next row.
    Factors(&'a FactorRows, usize),
}

impl<'a> Cursor<'a> {
    /// A cursor before the first row.
    ///
    /// # Errors
    /// [`BacktestError::Series`] for bars that are not in order or whose prices are impossible, and what a trade source says.
    pub(super) fn new(feed: Feed<'a>, symbol_idx: u32, feed_idx: u32) -> Result<Self, BacktestError> {
        let (symbol, rows) = match feed {
            Feed::Bars { symbol, bars } => {
                check(symbol, bars)?;
                (symbol, Rows::Bars(bars, 0))
            }
            Feed::Trades { symbol, source } => (symbol, Rows::Trades(Box::default(), 0, source, i64::MIN)),
            Feed::Factors { symbol, rows } => {
                check_factors(symbol, rows)?;
                (symbol, Rows::Factors(rows, 0))
            }
        };
        let mut cursor = Self { symbol, symbol_idx, feed_idx, executes: false, decides: false, is_opened: false, rows };
        cursor.refill()?;
        Ok(cursor)
    }

    /// How fine the feed is: 0 for trades, else the length of the first bar, microseconds.
    pub(super) fn grain(&self) -> i64 {
        match &self.rows {
            Rows::Bars(bars, _) => {
                let length = bars.available_at.first().zip(bars.timestamp.first()).map(|(close, open)| close - open);
                length.map_or(i64::MAX, |length| length.max(1))
            }
            Rows::Trades(..) => 0,
            Rows::Factors(..) => i64::MAX,
        }
    }

    /// When the next row can be known, microseconds; `None` at the end.
    #[inline]
    pub(super) fn next_close(&self) -> Option<i64> {
        match &self.rows {
            Rows::Bars(bars, at) => bars.available_at.get(*at).copied(),
            Rows::Trades(batch, at, ..) => batch.timestamp.get(*at).copied(),
            Rows::Factors(rows, at) => rows.available_at.get(*at).copied(),
        }
    }

    /// When the next row begins: a bar's label, or a trade's time, microseconds; `None` at the end.
    pub(super) fn next_label(&self) -> Option<i64> {
        match &self.rows {
            Rows::Bars(bars, at) => bars.timestamp.get(*at).copied(),
            Rows::Trades(batch, at, ..) => batch.timestamp.get(*at).copied(),
            Rows::Factors(rows, at) => rows.timestamp.get(*at).copied(),
        }
    }

    /// Whether the next row belongs to bars that opened before `start`; trades never do.
    pub(super) fn is_before(&self, start: i64) -> bool {
        !matches!(self.rows, Rows::Trades(..)) && self.next_label().is_some_and(|label| label < start)
    }

    /// When the next bar opens, microseconds, unless its open has been met; `None` for trades and at the end.
    #[inline]
    pub(super) fn next_open(&self) -> Option<i64> {
        match &self.rows {
            Rows::Bars(bars, at) if !self.is_opened => bars.timestamp.get(*at).copied(),
            _ => None,
        }
    }

    /// Number of bars; 0 for trades, whose number is not known.
    pub(super) fn n_bars(&self) -> usize {
        match &self.rows {
            Rows::Bars(bars, _) => bars.len(),
            Rows::Trades(..) | Rows::Factors(..) => 0,
        }
    }

    /// Whether the feed is of bars.
    pub(super) fn is_bars(&self) -> bool {
        matches!(self.rows, Rows::Bars(..))
    }

    /// Whether the feed is of factor columns.
    pub(super) fn is_factors(&self) -> bool {
        matches!(self.rows, Rows::Factors(..))
    }

    /// The next row of factor columns, one value per column; nothing for other feeds and at the end.
    pub(super) fn factors(&self) -> impl Iterator<Item = FactorValue> {
        let row = match &self.rows {
            Rows::Factors(rows, at) if *at < rows.timestamp.len() => Some((*rows, *at)),
            _ => None,
        };
        let symbol_idx = self.symbol_idx;
        row.into_iter().flat_map(move |(rows, at)| {
            rows.columns.iter().enumerate().map(move |(column, values)| FactorValue {
                symbol_idx,
                column: column as u32,
                timestamp: rows.timestamp[at],
                available_at: rows.available_at[at],
                value: values[at],
            })
        })
    }

    /// The next bar; `None` for trades and at the end.
    #[inline]
    pub(super) fn bar(&self) -> Option<Bar> {
        match &self.rows {
            Rows::Bars(bars, at) if *at < bars.len() => Some(self.bar_at(bars, *at)),
            _ => None,
        }
    }

    /// Bar number `at`.
    #[inline]
    fn bar_at(&self, bars: &Bars, at: usize) -> Bar {
        let maybe = |column: &[f64]| column.get(at).copied().unwrap_or(f64::NAN);
        Bar {
            symbol_idx: self.symbol_idx,
            feed_idx: self.feed_idx,
            timestamp: bars.timestamp[at],
            available_at: bars.available_at[at],
            open: bars.open[at],
            high: bars.high[at],
            low: bars.low[at],
            close: bars.close[at],
            volume: maybe(&bars.volume),
            vwap: maybe(&bars.vwap),
        }
    }

    /// The next trade; `None` for bars and at the end.
    #[inline]
    pub(super) fn trade(&self) -> Option<Trade> {
        match &self.rows {
            Rows::Trades(batch, at, ..) if *at < batch.len() => {
                let taker = batch.is_buyer_maker.get(*at).copied().flatten();
                Some(Trade {
                    symbol_idx: self.symbol_idx,
                    feed_idx: self.feed_idx,
                    timestamp: batch.timestamp[*at],
                    price: batch.price[*at],
                    quantity: batch.quantity[*at],
                    taker: taker.map(|is_buyer_maker| if is_buyer_maker { Side::Sell } else { Side::Buy }),
                })
            }
            _ => None,
        }
    }

    /// Leaves a row behind.
    ///
    /// # Errors
    /// As [`Cursor::new`].
    #[inline]
    pub(super) fn pass(&mut self) -> Result<(), BacktestError> {
        self.is_opened = false;
        match &mut self.rows {
            Rows::Bars(_, at) | Rows::Factors(_, at) => *at += 1,
            Rows::Trades(batch, at, ..) => {
                *at += 1;
                if *at >= batch.len() {
                    return self.refill();
                }
            }
        }
        Ok(())
    }

    /// Reads and checks the next batch of trades when the present one is used up.
    fn refill(&mut self) -> Result<(), BacktestError> {
        let Rows::Trades(batch, at, source, last) = &mut self.rows else {
            return Ok(());
        };
        *at = 0;
        if !source.next_batch(batch)? {
            batch.clear();
            return Ok(());
        }
        let mut before = *last;
        let rows = batch.timestamp.iter().zip(&batch.price).zip(&batch.quantity);
        for ((&timestamp, &price), &quantity) in rows {
            if timestamp < before {
                let problem = format!("the trade of {} comes after a later one", format_iso(timestamp));
                return Err(BacktestError::series(self.symbol, problem));
            }
            if !(price > 0.0 && price.is_finite() && quantity > 0.0 && quantity.is_finite()) {
                let at = format_iso(timestamp);
                let problem =
                    format!("the trade of {at} has price {price} and quantity {quantity}; expected positive numbers");
                return Err(BacktestError::series(self.symbol, problem));
            }
            before = timestamp;
        }
        *last = before;
        Ok(())
    }
}

/// Checks the factor rows of a feed.
fn check_factors(symbol: &str, rows: &FactorRows) -> Result<(), BacktestError> {
    let n_rows = rows.timestamp.len();
    if rows.available_at.len() != n_rows || rows.columns.iter().any(|column| column.len() != n_rows) {
        return Err(BacktestError::series(symbol, "the columns of its factors differ in length"));
    }
    let is_early = |at: &usize| rows.available_at[*at] < rows.timestamp[*at];
    let is_behind = |at: &usize| *at > 0 && rows.available_at[*at] < rows.available_at[*at - 1];
    if let Some(at) = (0..n_rows).find(|at| is_early(at) || is_behind(at)) {
        let problem = format!("the factor row of {} is out of order", format_iso(rows.timestamp[at]));
        return Err(BacktestError::series(symbol, problem));
    }
    Ok(())
}

/// Checks the bars of a feed.
fn check(symbol: &str, bars: &Bars) -> Result<(), BacktestError> {
    let n_bars = bars.len();
    let columns = [&bars.open, &bars.high, &bars.low, &bars.close];
    if bars.available_at.len() != n_bars || columns.iter().any(|column| column.len() != n_bars) {
        return Err(BacktestError::series(symbol, "the columns of its bars differ in length"));
    }
    for at in 0..n_bars {
        let (timestamp, available_at) = (bars.timestamp[at], bars.available_at[at]);
        let before = at.checked_sub(1).map(|before| bars.available_at[before]);
        if available_at < timestamp || before.is_some_and(|before| before > available_at || before > timestamp) {
            let problem =
                format!("the bar of {} overlaps the one before it or ends before it begins", format_iso(timestamp));
            return Err(BacktestError::series(symbol, problem));
        }
        let [open, high, low, close] = columns.map(|column| column[at]);
        let is_within = |price: f64| low <= price && price <= high;
        if !(low > 0.0 && high.is_finite() && is_within(open) && is_within(close)) {
            let problem = format!(
                "the bar of {} has open {open}, high {high}, low {low}, close {close}; expected positive prices within low and high",
                format_iso(timestamp)
            );
            return Err(BacktestError::series(symbol, problem));
        }
    }
    Ok(())
}
