//! Markets of event strategies that did not happen: bars with noise, and factors of another time. Trades are streamed as
//! they are, so that a market with ticks has no such other.

use crosscut_model::action::growth;

use super::{EventMarket, FactorRows, Rows, decides_by};
use crate::panel::grown;
use crate::panel::perturbed::{Means, noise};

impl EventMarket {
    /// The same market with every bar's prices off by a factor of its own, normal with a deviation of `bps` basis points.
    /// Factors stay as they are. `None` where orders meet ticks.
    #[must_use]
    pub fn with_noise(&self, bps: f64, seed: u64) -> Option<Self> {
        let mut market = self.clone();
        for (series_idx, rows) in market.rows.iter_mut().enumerate() {
            let Rows::Bars(bars) = rows else { return None };
            let mut factor = noise(bps, seed, series_idx);
            for pos in 0..bars.len() {
                let factor = factor();
                let columns = [&mut bars.open, &mut bars.high, &mut bars.low, &mut bars.close, &mut bars.vwap];
                columns.into_iter().filter_map(|column| column.get_mut(pos)).for_each(|price| *price *= factor);
            }
        }
        Some(market)
    }

    /// The same market with each symbol's factors taken from another time, `share` of its history away, from 0 to 1. `None`
    /// where the strategy reads none.
    #[must_use]
    pub fn with_factors_turned(&self, share: f64) -> Option<Self> {
        if self.factors.is_empty() {
            return None;
        }
        let mut market = self.clone();
        for FactorRows { timestamp, columns, .. } in &mut market.factors {
            let places = (timestamp.len() as f64 * share) as usize;
            for column in columns {
                let places = places.min(column.len());
                column.rotate_left(places);
            }
        }
        Some(market)
    }

    /// Labels of the bars that strategies decide by, and the mean return over symbols at each from the bar before, each symbol
    /// by its own last bar, with what was given away; NaN where none has two.
    pub fn market_returns(&self) -> (Vec<i64>, Vec<f64>) {
        let decides = decides_by(&self.kinds).unwrap_or_default();
        let bars_of = |symbol_idx: usize| match &self.rows[symbol_idx * self.kinds.len() + decides] {
            Rows::Bars(bars) => Some(bars),
            Rows::Trades { .. } => None,
        };
        let all = || (0..self.symbols.len()).filter_map(|at| Some((at, bars_of(at)?)));
        let mut labels: Vec<i64> = all().flat_map(|(_, bars)| bars.timestamp.iter().copied()).collect();
        labels.sort_unstable();
        labels.dedup();
        let mut means = Means::new(labels.len());
        for (at, bars) in all() {
            // Bars of a run that books splits and dividends are as they were traded; others have them in their prices.
            let booked = self.actions.get(at).map(Vec::as_slice).unwrap_or_default();
            let close = grown(bars.close.clone(), &growth(&bars.timestamp, booked));
            for (pos, pair) in close.windows(2).enumerate() {
                if let Ok(row) = labels.binary_search(&bars.timestamp[pos + 1]) {
                    means.add(row, pair[1] / pair[0] - 1.0);
                }
            }
        }
        (labels, means.all())
    }
}
