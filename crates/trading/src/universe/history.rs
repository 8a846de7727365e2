//! What one symbol brings to each period's choice, from its past alone.

use super::{Measure, STALE, Universe};

/// The past of one symbol as columns of one length, in time order.
#[derive(Debug, Clone, Copy, Default)]
pub struct History<'a> {
    /// Bar labels, microseconds UTC.
    pub timestamps: &'a [i64],
    /// Last prices.
    pub close: &'a [f64],
    /// Value traded, quote units; empty when no rule asks for it.
    pub dollar_volume: &'a [f64],
    /// The columns of [`Universe::columns`].
    pub columns: &'a [&'a [f64]],
    /// When it was listed, microseconds UTC; `None`: at its first bar.
    pub listed_at: Option<i64>,
    /// When trading ended, microseconds UTC; `None`: not known to have.
    pub delisted_at: Option<i64>,
}

/// What is measured of a symbol before a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// First label of the period, microseconds UTC.
    pub period: i64,
    /// One value per measured condition; NaN: cannot be known.
    pub(super) values: Vec<f64>,
}

impl Universe {
    /// An entry for every period from the one that contains `from` (`None`: the symbol's first bar) on, as long as something
    /// of the symbol can be known at its beginning: it has been listed, its last bar is not too long ago, and it has not
    /// been delisted. Only bars whose label lies before a period enter it.
    pub fn entries(&self, history: &History<'_>, from: Option<i64>) -> Vec<Entry> {
        let (Some(&first), Some(&last)) = (history.timestamps.first(), history.timestamps.last()) else {
            return Vec::new();
        };
        // A span that was longer than the stale one lets a symbol count for longer.
        let reach = self.lookback().unwrap_or(STALE).max(STALE);
        let until = history.delisted_at.unwrap_or(i64::MAX).min(last.saturating_add(reach));
        let mut entries = Vec::new();
        let mut period = self.period(from.map_or(first, |from| from.max(first)));
        while period <= until {
            let n_before = history.timestamps.partition_point(|&label| label < period);
            if n_before > 0 {
                let values = self.measures().map(|measure| self.measure(measure, history, (period, n_before)));
                entries.push(Entry { period, values: values.collect() });
            }
            period = self.next_period(period);
        }
        entries
    }

    /// One value from the first `n_before` bars, which lie before `period`.
    fn measure(&self, measure: &Measure, history: &History<'_>, (period, n_before): (i64, usize)) -> f64 {
        let labels = &history.timestamps[..n_before];
        let is_fresh = labels.last().is_some_and(|&label| period - label <= STALE);
        let within = |micros: i64| labels.partition_point(|&label| label < period - micros)..n_before;
        match measure {
            Measure::Age => (period - history.listed_at.unwrap_or(labels[0])) as f64,
            Measure::Price if is_fresh => history.close[n_before - 1],
            Measure::Factor(name) if is_fresh => {
                let at = self.columns().iter().position(|other| other == name);
                at.and_then(|at| history.columns.get(at)).map_or(f64::NAN, |column| column[n_before - 1])
            }
            Measure::Price | Measure::Factor(_) => f64::NAN,
            Measure::Bars(span) => within(span.micros().unwrap_or_default()).len() as f64,
            Measure::DollarVolume(span) => {
                let values = &history.dollar_volume[within(span.micros().unwrap_or_default())];
                let (mut sum, mut n) = (0.0, 0);
                for value in values.iter().filter(|value| value.is_finite()) {
                    sum += value;
                    n += 1;
                }
                sum / f64::from(n)
            }
        }
    }

    /// The first label of the period after the one beginning at `period`.
    pub fn next_period(&self, period: i64) -> i64 {
        crate::pool::next_period(self.reselect, period)
    }
}
