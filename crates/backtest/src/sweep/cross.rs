//! What many moving-average crosses of one series come to: `sma_cross` with all equity, decided and executed at each close,
//! a percent commission and no slippage, by its final equity alone.
//!
//! Averages of all windows are made once, stretch by stretch of time, so that they stay in the processor's cache while
//! every pair of windows walks over them. Where a stretch of 32 bars has the fast average all above or all below the slow one,
//! nothing can happen in it and it is not walked at all. Averages come from sums of differences, not from each window anew:
//! where two of them are nearly equal, both are summed as the strategy sums them, so that every decision is its own.

use rayon::prelude::*;

/// Bars of a stretch: averages of two hundred windows over it are 1.6 MB.
const STRETCH: usize = 1024;

/// Stretches made at a time, by all threads.
const AT_ONCE: usize = 8;

/// Bars that are looked at together.
const LOOK: usize = 32;

/// Pairs walked by one piece of work.
const PAIRS: usize = 250;

/// Relative distance below which two averages are compared exactly. Sums carried in two numbers are good to 1e-15.
const NEAR: f64 = 1e-11;

/// Sums of a series up to each bar, each in two numbers.
struct Sums {
    /// The sums.
    high: Vec<f64>,
    /// What rounding left of them.
    low: Vec<f64>,
}

impl Sums {
    /// Sums of a series.
    fn new(series: &[f64]) -> Self {
        let (mut high, mut low) = (vec![0.0; series.len() + 1], vec![0.0; series.len() + 1]);
        for (at, value) in series.iter().enumerate() {
            let sum = high[at] + value;
            // What the addition lost (Knuth's two-sum).
            let back = sum - high[at];
            let lost = (high[at] - (sum - back)) + (value - back);
            high[at + 1] = sum;
            low[at + 1] = low[at] + lost;
        }
        Self { high, low }
    }
}

/// The averages of one window over a stretch.
#[derive(Debug, Clone)]
struct Averages {
    /// One per bar; NaN before the window is full.
    values: Vec<f64>,
    /// The lowest and the highest of each [`LOOK`] bars; NaN where one is missing.
    bounds: Vec<(f64, f64)>,
}

impl Averages {
    /// The averages of `window` bars up to each of `bars`.
    fn new(sums: &Sums, window: usize, bars: std::ops::Range<usize>) -> Self {
        let length = window as f64;
        let average = |bar: usize| {
            let from = (bar + 1).checked_sub(window)?;
            Some(((sums.high[bar + 1] - sums.high[from]) + (sums.low[bar + 1] - sums.low[from])) / length)
        };
        let values: Vec<f64> = bars.map(|bar| average(bar).unwrap_or(f64::NAN)).collect();
        let bound = |values: &[f64]| {
            let mut bound = (f64::INFINITY, f64::NEG_INFINITY);
            for &value in values {
                bound = (bound.0.min(value), bound.1.max(value));
            }
            if values[0].is_nan() { (f64::NAN, f64::NAN) } else { bound }
        };
        let bounds = values.chunks(LOOK).map(bound).collect();
        Self { values, bounds }
    }
}

/// A pair on its walk.
#[derive(Debug, Clone, Copy)]
struct Walker {
    /// Places of its windows.
    windows: (usize, usize),
    /// Equity when it last traded, over that at the start.
    equity: f64,
    /// The price at which it was bought; NaN while flat.
    bought_at: f64,
}

/// One series and what trading it costs.
struct Walk<'a> {
    /// Closes, positive.
    closes: &'a [f64],
    /// The windows, ascending.
    windows: &'a [usize],
    /// Commission, a fraction of the value.
    rate: f64,
}

/// Final equity over equity at the start of each pair `(fast, slow)`, fast below slow. Trading costs `rate` of the value.
pub fn cross_equities(closes: &[f64], pairs: &[(usize, usize)], rate: f64) -> Vec<f64> {
    let mut windows: Vec<usize> = pairs.iter().flat_map(|pair| [pair.0, pair.1]).collect();
    windows.sort_unstable();
    windows.dedup();
    let place = |window: usize| windows.binary_search(&window).expect("every window of a pair is among the windows");
    let walker = |&(fast, slow): &(usize, usize)| Walker {
        windows: (place(fast), place(slow)),
        equity: 1.0,
        bought_at: f64::NAN,
    };
    let mut walkers: Vec<Walker> = pairs.iter().map(walker).collect();
    let (walk, sums) = (Walk { closes, windows: &windows, rate }, Sums::new(closes));
    let starts: Vec<usize> = (0..closes.len()).step_by(STRETCH).collect();
    for starts in starts.chunks(AT_ONCE) {
        let jobs: Vec<(usize, usize)> =
            starts.iter().flat_map(|&start| windows.iter().map(move |&window| (start, window))).collect();
        let made: Vec<Averages> = jobs
            .par_iter()
            .map(|&(start, window)| Averages::new(&sums, window, start..(start + STRETCH).min(closes.len())))
            .collect();
        walkers.par_chunks_mut(PAIRS).for_each(|walkers| {
            for (&start, averages) in starts.iter().zip(made.chunks(windows.len())) {
                walkers.iter_mut().for_each(|walker| walk.stretch(walker, averages, start));
            }
        });
    }
    let last = closes.last().copied().unwrap_or(f64::NAN);
    let equity = |walker: &Walker| {
        if walker.bought_at.is_nan() { walker.equity } else { walker.equity * last / walker.bought_at }
    };
    walkers.iter().map(equity).collect()
}

impl Walk<'_> {
    /// Walks a pair over a stretch.
    fn stretch(&self, walker: &mut Walker, averages: &[Averages], start: usize) {
        let (fast, slow) = (&averages[walker.windows.0], &averages[walker.windows.1]);
        for (look, (a, b)) in fast.bounds.iter().zip(&slow.bounds).enumerate() {
            let is_long = !walker.bought_at.is_nan();
            let is_above = a.0 > b.1 * (1.0 + NEAR);
            let is_below = a.1 < b.0 * (1.0 - NEAR);
            if (is_above && is_long) || (is_below && !is_long) {
                continue;
            }
            let bars = look * LOOK..((look + 1) * LOOK).min(fast.values.len());
            for bar in bars {
                let (a, b) = (fast.values[bar], slow.values[bar]);
                if b.is_nan() {
                    continue;
                }
                let is_near = (a - b).abs() <= NEAR * b;
                let is_up = if is_near { self.is_up(walker.windows, start + bar) } else { a > b };
                if is_up == walker.bought_at.is_nan() {
                    self.trade(walker, self.closes[start + bar]);
                }
            }
        }
    }

    /// Whether the fast average is above the slow one, both summed oldest first as the strategy does.
    fn is_up(&self, (fast, slow): (usize, usize), bar: usize) -> bool {
        let mean = |window: usize| self.closes[bar + 1 - window..=bar].iter().sum::<f64>() / window as f64;
        mean(self.windows[fast]) > mean(self.windows[slow])
    }

    /// Buys with all there is, or sells all.
    fn trade(&self, walker: &mut Walker, price: f64) {
        if walker.bought_at.is_nan() {
            walker.equity /= 1.0 + self.rate;
            walker.bought_at = price;
        } else {
            walker.equity *= price / walker.bought_at * (1.0 - self.rate);
            walker.bought_at = f64::NAN;
        }
    }
}
