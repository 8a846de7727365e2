//! The median of the prices of one bar, exact, in memory bounded by the number of distinct prices.
//!
//! Prices are buffered as they come. A bar that outgrows the buffer folds it into sorted `(price, count)` runs; trades
//! sit on a price grid, so a bar of millions of trades has thousands of runs. The result does not depend on when or
//! whether the buffer was folded.

/// Buffered prices before the first fold, 8 MiB. Selecting the middle costs 2 ns a price, folding (a sort) 11 ns: the
/// buffer holds a day of the busiest symbols.
const BUFFER_PRICES: usize = 1 << 20;

/// Collects the prices of one bar.
#[derive(Debug, Clone, Default)]
pub struct PriceMedian {
    /// Prices not folded yet, as order-preserving integers.
    buffer: Vec<i64>,
    /// Distinct folded prices in rising order, each with how often it occurred.
    runs: Vec<(i64, u64)>,
    /// Runs being merged; kept for its allocation.
    merged: Vec<(i64, u64)>,
}

/// An integer that orders as the float does (IEEE 754 total order): negative floats have their magnitude bits flipped.
fn to_key(price: f64) -> i64 {
    let bits = price.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// The inverse of [`to_key`], which is its own inverse.
fn from_key(key: i64) -> f64 {
    f64::from_bits((key ^ ((key >> 63).cast_unsigned() >> 1).cast_signed()).cast_unsigned())
}

impl PriceMedian {
    /// Adds prices of the open bar.
    pub fn extend(&mut self, prices: &[f64]) {
        let mut rest = prices;
        while !rest.is_empty() {
            // The buffer never stays smaller than the runs, so merging costs a bounded number of steps per price.
            let full = BUFFER_PRICES.max(self.runs.len());
            let (now, later) = rest.split_at(rest.len().min(full - self.buffer.len()));
            self.buffer.extend(now.iter().map(|&price| to_key(price)));
            if self.buffer.len() == full {
                self.fold();
            }
            rest = later;
        }
    }

    /// The median of everything added since the last call, the mean of the two middle prices for an even count, and
    /// starts the next bar. NaN when nothing was added.
    pub fn take(&mut self) -> f64 {
        let median = if self.runs.is_empty() {
            median_of(&mut self.buffer)
        } else {
            self.fold();
            median_of_runs(&self.runs)
        };
        self.buffer.clear();
        self.runs.clear();
        median
    }

    /// Merges the buffer into the runs.
    fn fold(&mut self) {
        self.buffer.sort_unstable();
        self.merged.clear();
        let mut runs = self.runs.iter().copied().peekable();
        for chunk in self.buffer.chunk_by(|a, b| a == b) {
            let mut count = chunk.len() as u64;
            while let Some(run) = runs.next_if(|run| run.0 < chunk[0]) {
                self.merged.push(run);
            }
            if let Some(run) = runs.next_if(|run| run.0 == chunk[0]) {
                count += run.1;
            }
            self.merged.push((chunk[0], count));
        }
        self.merged.extend(runs);
        std::mem::swap(&mut self.runs, &mut self.merged);
        self.buffer.clear();
    }
}

/// The median by selection; reorders `keys`.
fn median_of(keys: &mut [i64]) -> f64 {
    if keys.is_empty() {
        return f64::NAN;
    }
    let middle = keys.len() / 2;
    let even = keys.len().is_multiple_of(2);
    let (below, &mut upper, _) = keys.select_nth_unstable(middle);
    match below.iter().max() {
        Some(&lower) if even => mean(lower, upper),
        _ => from_key(upper),
    }
}

/// The median of counted prices.
fn median_of_runs(runs: &[(i64, u64)]) -> f64 {
    let count: u64 = runs.iter().map(|run| run.1).sum();
    // Zero-based positions of the two middle prices; the same one for an odd count.
    let at = |position: u64| {
        let mut seen = 0;
        runs.iter()
            .find(|run| {
                seen += run.1;
                seen > position
            })
            .map(|run| run.0)
    };
    match (at(count.saturating_sub(1) / 2), at(count / 2)) {
        (Some(lower), Some(upper)) if lower != upper => mean(lower, upper),
        (Some(lower), _) => from_key(lower),
        (None, _) => f64::NAN,
    }
}

/// The mean of two prices.
fn mean(lower: i64, upper: i64) -> f64 {
    (from_key(lower) + from_key(upper)) / 2.0
}

#[cfg(test)]
mod tests {
    //! Medians by hand, and across the buffer's edge against a sort.

    use super::*;

    fn median(prices: &[f64]) -> f64 {
        let mut state = PriceMedian::default();
        state.extend(prices);
        state.take()
    }

    #[test]
    fn small_bars() {
        assert!(median(&[]).is_nan());
        assert_eq!(median(&[7.0]), 7.0);
        assert_eq!(median(&[3.0, 1.0]), 2.0);
        assert_eq!(median(&[5.0, -1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 1.0]), 1.5);
    }

    #[test]
    fn keys_keep_order() {
        let prices = [f64::NEG_INFINITY, -2.5, -1e-300, -0.0, 0.0, 1e-300, 0.1, 0.3, 1e9, f64::INFINITY];
        assert!(prices.windows(2).all(|w| to_key(w[0]) < to_key(w[1])));
        assert!(prices.iter().all(|&p| from_key(to_key(p)).to_bits() == p.to_bits()));
    }

    #[test]
    fn bars_larger_than_the_buffer() {
        // A multiplicative walk over 1,000 grid prices, and one in which every price is distinct.
        for grid in [1_000_u64, u64::MAX >> 20] {
            for n in [BUFFER_PRICES - 1, BUFFER_PRICES, BUFFER_PRICES + 1, 3 * BUFFER_PRICES + 6] {
                let prices: Vec<f64> = (0..n as u64)
                    .map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % grid)
                    .map(|v| v as f64 * 0.01 + 1.0)
                    .collect();
                let mut sorted = prices.clone();
                sorted.sort_by(f64::total_cmp);
                let expected = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0;
                let mut state = PriceMedian::default();
                for part in prices.chunks(7_919) {
                    state.extend(part);
                }
                assert_eq!(state.take().to_bits(), expected.to_bits());
                assert!(state.take().is_nan(), "taking starts the next bar");
            }
        }
    }
}
