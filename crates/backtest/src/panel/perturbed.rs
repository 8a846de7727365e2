//! Markets that did not happen: prices with noise, and scores of another time.

use std::sync::Arc;

use crosscut_kernels::bootstrap::Random;

use super::{Panel, SymbolBars};

impl Panel {
    /// The same market with every bar's prices off by a factor of its own, normal with a deviation of `bps` basis points:
    /// what is traded is not what was seen. Factor columns stay as they are.
    #[must_use]
    pub fn with_noise(&self, bps: f64, seed: u64) -> Self {
        let mut panel = self.clone();
        for (symbol_idx, series) in Arc::make_mut(&mut panel.bars).series.iter_mut().enumerate() {
            let mut factor = noise(bps, seed, symbol_idx);
            (0..series.n_bars()).for_each(|pos| series.move_bar(pos, factor()));
        }
        panel
    }

    /// The same market with each symbol's scores taken from another time, `share` of its history away, from 0 to 1: whatever
    /// scores knew of what came next is gone, while both keep their own shape. `None` for runs that follow a list of targets
    /// or read no factor.
    #[must_use]
    pub fn with_scores_turned(&self, share: f64) -> Option<Self> {
        if self.targets().is_some() || self.scores.iter().all(|scores| scores.first.is_empty()) {
            return None;
        }
        let mut panel = self.clone();
        for (scores, bars) in panel.scores.iter_mut().zip(&self.bars.series) {
            let places = (bars.n_bars() as f64 * share) as usize;
            for column in std::iter::once(&mut scores.first).chain(&mut scores.others) {
                let places = places.min(column.len());
                column.rotate_left(places);
            }
        }
        Some(panel)
    }

    /// The mean return over symbols of each row from the one before, each symbol by its own last bar; NaN where none has two.
    pub fn market_returns(&self) -> Vec<f64> {
        let mut means = Means::new(self.timeline().len());
        for symbol_idx in 0..self.symbols().len() as u32 {
            let series = self.series(symbol_idx);
            let close = series.comparable_close();
            for pos in 1..series.n_bars() {
                means.add(self.row_of(series.slot_of(pos)), close[pos] / close[pos - 1] - 1.0);
            }
        }
        means.all()
    }
}

/// Means by row.
pub(crate) struct Means {
    /// Sums.
    sums: Vec<f64>,
    /// What they are sums of.
    counts: Vec<u32>,
}

impl Means {
    /// Nothing yet of so many rows.
    pub(crate) fn new(n_rows: usize) -> Self {
        Self { sums: vec![0.0; n_rows], counts: vec![0; n_rows] }
    }

    /// Takes in a value of a row.
    pub(crate) fn add(&mut self, row: usize, value: f64) {
        self.sums[row] += value;
        self.counts[row] += 1;
    }

    /// The means; NaN for rows without a value.
    pub(crate) fn all(&self) -> Vec<f64> {
        let mean = |(sum, count): (&f64, &u32)| if *count > 0 { sum / f64::from(*count) } else { f64::NAN };
        self.sums.iter().zip(&self.counts).map(mean).collect()
    }
}

impl SymbolBars {
    /// Multiplies all prices of a bar.
    fn move_bar(&mut self, pos: usize, factor: f64) {
        let columns =
            [&mut self.close, &mut self.open, &mut self.high, &mut self.low, &mut self.vwap, &mut self.adjusted];
        for column in columns {
            if let Some(price) = column.get_mut(pos) {
                *price *= factor;
            }
        }
    }
}

/// Factors by which prices of a series, one of several, are off: normal with a deviation of `bps` basis points.
pub(crate) fn noise(bps: f64, seed: u64, series_idx: usize) -> impl FnMut() -> f64 {
    // Neighbouring seeds of one generator give shifted copies of one sequence.
    let own = seed ^ (series_idx as u64 + 1).wrapping_mul(0xD134_2543_DE82_EF95);
    let mut random = Random::new(Random::new(own).bits());
    move || libm::exp(normal(&mut random) * bps / 1e4)
}

/// A draw that is nearly normal: twelve uniform numbers less 6.
fn normal(random: &mut Random) -> f64 {
    let mut uniform = || (random.bits() >> 11) as f64 / (1u64 << 53) as f64;
    (0..12).fold(0.0, |sum, _| sum + uniform()) - 6.0
}
