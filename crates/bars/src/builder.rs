//! Cuts a stream of trades into bars.

use crosscut_model::{BarSpec, Bars, Timeframe, Trades};

use crate::error::BarsError;
use crate::median::PriceMedian;
use crate::open_bar::{OpenBar, Sums, Ticks};

/// Who decides whether a trade was a purchase or a sale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SideRule {
    /// The venue's `is_buyer_maker`; rows without it fall to the tick rule.
    #[default]
    Venue,
    /// The tick rule for every row: the sign of the last price change, also one in an earlier bar. Trades before the
    /// first change of the stream have no side and count as sold, so that buy and sell volume always add up.
    TickRule,
}

/// When a bar closes.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// At the end of its time bucket.
    Time(Timeframe),
    /// With the n-th trade row.
    Tick(u64),
    /// With the trade whose quantity brings the sum to the threshold.
    Volume(f64),
    /// With the trade whose price times quantity brings the sum to the threshold.
    Dollar(f64),
}

/// Folds trades into bars; give it the whole history in any number of batches.
///
/// Event bars restart their sums from zero after each bar: the surplus of the closing trade is not carried over.
#[derive(Debug, Clone)]
pub struct BarBuilder {
    /// When a bar closes.
    cut: Cut,
    /// Who decides the side.
    side_rule: SideRule,
    /// The bar being built, or the last one closed, whose last price and direction the tick rule still needs.
    bar: OpenBar,
    /// Whether `bar` is being built.
    is_open: bool,
    /// The prices of the open bar.
    median: PriceMedian,
    /// Label of the open bar: its bucket's start, or the time of its first trade; microseconds.
    label: i64,
    /// End of the open bar's bucket (exclusive), or the time of its last trade; microseconds.
    closes_at: i64,
    /// Number of the next event bar.
    next_seq: i64,
}

impl BarBuilder {
    /// A builder of bars of kind `spec`.
    ///
    /// # Errors
    /// [`BarsError::NotFromTrades`] for mark-price and premium-index bars.
    pub fn new(spec: BarSpec, side_rule: SideRule) -> Result<Self, BarsError> {
        let cut = match spec {
            BarSpec::Time(frame) => Cut::Time(frame),
            // A bar holds at least one trade.
            BarSpec::Tick(n) => Cut::Tick(n.max(1)),
            BarSpec::Volume(threshold) => Cut::Volume(threshold),
            BarSpec::Dollar(threshold) => Cut::Dollar(threshold),
            BarSpec::Mark(_) | BarSpec::Premium(_) | BarSpec::Adjusted(_) => {
                return Err(BarsError::NotFromTrades { spec });
            }
        };
        Ok(Self {
            cut,
            side_rule,
            bar: OpenBar::default(),
            is_open: false,
            median: PriceMedian::default(),
            label: 0,
            closes_at: 0,
            next_seq: 0,
        })
    }

    /// Adds trades and appends each bar they complete to `out`. Times must not decrease; a trade earlier than the open
    /// time bar is counted into that bar, so that labels never repeat.
    ///
    /// # Panics
    /// If `trades` breaks its promise that its columns are equally long.
    pub fn push(&mut self, trades: &Trades, out: &mut Bars) {
        match self.side_rule {
            SideRule::Venue => self.push_with::<true>(trades, out),
            SideRule::TickRule => self.push_with::<false>(trades, out),
        }
    }

    /// Ends the stream: appends the open time bar if the data cover it to its end, that is if `covered_until`
    /// (microseconds, exclusive: the end of what the files cover) is at or past its close. Otherwise, and for event
    /// bars, the open bar is dropped.
    pub fn finish(mut self, covered_until: Option<i64>, out: &mut Bars) {
        let complete = match self.cut {
            Cut::Time(_) => covered_until.is_some_and(|until| until >= self.closes_at),
            Cut::Tick(_) | Cut::Volume(_) | Cut::Dollar(_) => false,
        };
        if complete && self.is_open {
            self.close_bar(out);
        }
    }

    /// [`push`](Self::push) with the side rule fixed; picks the loop of the kind of bar.
    fn push_with<const VENUE: bool>(&mut self, trades: &Trades, out: &mut Bars) {
        match self.cut {
            Cut::Time(frame) => self.push_time::<VENUE>(frame, trades, out),
            Cut::Tick(n) => self.push_ticks::<VENUE>(n, trades, out),
            Cut::Volume(threshold) => self.push_sums::<VENUE>(trades, out, |sums| sums.volume >= threshold),
            Cut::Dollar(threshold) => self.push_sums::<VENUE>(trades, out, |sums| sums.dollar_volume >= threshold),
        }
    }

    /// The loop of time bars.
    fn push_time<const VENUE: bool>(&mut self, frame: Timeframe, trades: &Trades, out: &mut Bars) {
        let ticks = columns(trades);
        let mut from = 0;
        while from < trades.len() {
            let first = trades.timestamp[from];
            if self.is_open && first >= self.closes_at {
                self.close_bar(out);
            }
            if !self.is_open {
                self.label = frame.floor(first);
                self.closes_at = frame.next(self.label);
            }
            let later = trades.timestamp[from..].iter().position(|&time| time >= self.closes_at);
            let to = later.map_or(trades.len(), |rows| from + rows);
            self.add::<VENUE>(ticks.slice(from, to), |_| false);
            from = to;
        }
    }

    /// The loop of tick bars.
    fn push_ticks<const VENUE: bool>(&mut self, n: u64, trades: &Trades, out: &mut Bars) {
        let ticks = columns(trades);
        let mut from = 0;
        while from < trades.len() {
            let missing = if self.is_open { n - self.bar.n_ticks } else { n };
            let rest = trades.len() - from;
            let rows = usize::try_from(missing).map_or(rest, |missing| rest.min(missing));
            self.add_event::<VENUE>(&trades.timestamp[from..], ticks.slice(from, from + rows), |_| false);
            from += rows;
            if self.bar.n_ticks == n {
                self.close_bar(out);
            }
        }
    }

    /// The loop of volume and dollar bars.
    fn push_sums<const VENUE: bool>(&mut self, trades: &Trades, out: &mut Bars, full: impl Fn(&Sums) -> bool) {
        let ticks = columns(trades);
        let mut from = 0;
        while from < trades.len() {
            let (times, rest) = (&trades.timestamp[from..], ticks.slice(from, trades.len()));
            from += self.add_event::<VENUE>(times, rest, &full);
            if full(&self.bar.sums) {
                self.close_bar(out);
            }
        }
    }

    /// [`add`](Self::add) for event bars, whose times are those of their first and last trade.
    fn add_event<const VENUE: bool>(&mut self, times: &[i64], ticks: Ticks<'_>, full: impl Fn(&Sums) -> bool) -> usize {
        if !self.is_open {
            self.label = times[0];
        }
        let taken = self.add::<VENUE>(ticks, full);
        self.closes_at = times[taken - 1];
        taken
    }

    /// Adds trades to the open bar, or to a new one, until it is full; returns how many it took.
    fn add<const VENUE: bool>(&mut self, ticks: Ticks<'_>, full: impl Fn(&Sums) -> bool) -> usize {
        let Some(&first) = ticks.price.first() else { return 0 };
        if !self.is_open {
            self.bar = self.bar.following(first);
            self.is_open = true;
        }
        let taken = self.bar.add::<VENUE>(ticks, full);
        self.median.extend(&ticks.price[..taken]);
        taken
    }

    /// Appends the open bar to `out`; none is open afterwards.
    fn close_bar(&mut self, out: &mut Bars) {
        self.is_open = false;
        let bar = &self.bar;
        let sums = &bar.sums;
        out.timestamp.push(self.label);
        out.available_at.push(self.closes_at);
        if !matches!(self.cut, Cut::Time(_)) {
            out.bar_seq.push(self.next_seq);
            self.next_seq += 1;
        }
        let values = [
            bar.open,
            bar.high,
            bar.low,
            bar.close,
            sums.volume,
            sums.buy_volume,
            sums.volume - sums.buy_volume,
            sums.dollar_volume / sums.volume,
            sums.dollar_volume,
            bar.n_ticks as f64,
            bar.n_ups as f64 / bar.n_ticks.saturating_sub(1).max(1) as f64,
            self.median.take(),
            bar.n_reversals as f64,
        ];
        for (column, value) in out.columns_mut().into_iter().zip(values) {
            column.push(value);
        }
    }
}

/// The columns that bars are made of.
fn columns(trades: &Trades) -> Ticks<'_> {
    let rows = trades.len();
    Ticks { price: &trades.price, quantity: &trades.quantity, is_buyer_maker: &trades.is_buyer_maker }.slice(0, rows)
}
