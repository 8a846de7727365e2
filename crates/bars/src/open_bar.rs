//! The bar being built: everything a bar's columns need except the median.

use crate::moves::{BLOCK, Moves};

/// The trades of one stretch of input, equally long.
#[derive(Debug, Clone, Copy)]
pub struct Ticks<'a> {
    /// Quote units per base unit.
    pub price: &'a [f64],
    /// Base units.
    pub quantity: &'a [f64],
    /// Whether the taker sold, where the source says.
    pub is_buyer_maker: &'a [Option<bool>],
}

impl Ticks<'_> {
    /// Rows `from..to`.
    pub fn slice(&self, from: usize, to: usize) -> Self {
        Self {
            price: &self.price[from..to],
            quantity: &self.quantity[from..to],
            is_buyer_maker: &self.is_buyer_maker[from..to],
        }
    }
}

/// The running fields of the open bar.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenBar {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Volumes so far.
    pub sums: Sums,
    /// Trades so far; 0 only before the first trade of the stream.
    pub n_ticks: u64,
    /// Rising moves inside the bar.
    pub n_ups: u64,
    /// Changes of direction between consecutive non-zero moves inside the bar.
    pub n_reversals: u64,
    /// Whether the price has moved inside the bar.
    moved: bool,
    /// Whether the last change of price, in this bar or before it, was a rise. This is the state of the tick rule (Lee
    /// and Ready 1991: a trade is a purchase if the last change of price up to and including it was a rise); before the
    /// first change of the stream a trade has no side and counts as sold.
    rising: bool,
}

impl OpenBar {
    /// The bar that follows `self` and opens at `price`; if `self` has no trades, the first bar of the stream.
    pub fn following(&self, price: f64) -> Self {
        let rising = if price == self.close { self.rising } else { self.n_ticks > 0 && price > self.close };
        Self { open: price, high: price, low: price, close: price, rising, ..Self::default() }
    }

    /// Adds trades until `full` says that the bar is complete or the trades end; returns how many were taken. The trade
    /// that completes the bar belongs to it. `VENUE`: believe the venue's side where there is one.
    pub fn add<const VENUE: bool>(&mut self, ticks: Ticks<'_>, full: impl Fn(&Sums) -> bool) -> usize {
        let rows = ticks.price.len();
        let mut taken = 0;
        while taken < rows {
            taken += self.add_block::<VENUE>(ticks.slice(taken, rows.min(taken + BLOCK)), &full);
            if full(&self.sums) {
                break;
            }
        }
        taken
    }

    /// [`add`](Self::add) for 1 to [`BLOCK`] trades.
    #[inline]
    fn add_block<const VENUE: bool>(&mut self, block: Ticks<'_>, full: impl Fn(&Sums) -> bool) -> usize {
        let moves = Moves::of(self.close, self.rising, block.price);
        let rising = moves.rising_after();
        let taken = self.sums.add::<VENUE>(block, rising, full);
        let moves = moves.first(taken);
        let any = moves.up | moves.down;
        // The bar's first move has none before it to turn from.
        let first = if self.moved { 0 } else { any & any.wrapping_neg() };
        self.n_reversals += u64::from((moves.turns() & !first).count_ones());
        self.n_ups += u64::from(moves.up.count_ones());
        self.n_ticks += taken as u64;
        self.moved |= any != 0;
        self.rising = rising >> (taken - 1) & 1 == 1;
        self.close = block.price[taken - 1];
        self.widen(&block.price[..taken]);
        taken
    }

    /// Takes prices into high and low, in four lanes that the compiler keeps in vector registers.
    #[inline]
    fn widen(&mut self, prices: &[f64]) {
        let higher = |a: f64, b: f64| if a > b { a } else { b };
        let lower = |a: f64, b: f64| if a < b { a } else { b };
        let (mut high, mut low) = ([self.high; 4], [self.low; 4]);
        let (fours, rest) = prices.as_chunks::<4>();
        for four in fours {
            for lane in 0..4 {
                high[lane] = higher(four[lane], high[lane]);
                low[lane] = lower(four[lane], low[lane]);
            }
        }
        self.high = high.into_iter().chain(rest.iter().copied()).fold(self.high, |high, price| higher(price, high));
        self.low = low.into_iter().chain(rest.iter().copied()).fold(self.low, |low, price| lower(price, low));
    }
}

/// Sums over the trades of a bar: plain running sums in trade order, on purpose. Which trade reaches a threshold then
/// depends on nothing but the trades, and agrees with every other program that adds in order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums {
    /// Quantities, base units.
    pub volume: f64,
    /// Quantities bought by takers, base units.
    pub buy_volume: f64,
    /// Price times quantity, quote units.
    pub dollar_volume: f64,
}

impl Sums {
    /// Adds trades until `full`; returns how many. Bit `i` of `rising` is the tick rule's word on trade `i`.
    #[inline]
    fn add<const VENUE: bool>(&mut self, block: Ticks<'_>, rising: u64, full: impl Fn(&Self) -> bool) -> usize {
        // A local copy, so that the sums stay in registers.
        let mut sums = *self;
        let mut taken = 0;
        for ((&price, &quantity), &maker) in block.price.iter().zip(block.quantity).zip(block.is_buyer_maker) {
            let bought = match maker {
                Some(maker) if VENUE => !maker,
                _ => rising >> taken & 1 == 1,
            };
            sums.volume += quantity;
            sums.dollar_volume += price * quantity;
            sums.buy_volume += if bought { quantity } else { 0.0 };
            taken += 1;
            if full(&sums) {
                break;
            }
        }
        *self = sums;
        taken
    }
}
