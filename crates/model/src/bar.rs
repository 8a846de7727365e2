//! Bars as columns, and the ways bars are cut.

use std::fmt;
use std::str::FromStr;

use crate::timeframe::Timeframe;

/// How bars are cut from trades, or where they come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BarSpec {
    /// By UTC time, `1h`.
    Time(Timeframe),
    /// Every `n` rows of the trade table, `tick-1000`.
    Tick(u64),
    /// When the summed quantity reaches the threshold, `volume-50`.
    Volume(f64),
    /// When the summed price times quantity reaches the threshold, `dollar-1000000`.
    Dollar(f64),
    /// The venue's mark-price bars, `mark-1h`.
    Mark(Timeframe),
    /// The venue's premium-index bars, `premium-1h`.
    Premium(Timeframe),
    /// Bars whose prices carry all splits and dividends so far, `adjusted-1d`: for factors, never for fills.
    Adjusted(Timeframe),
}

/// Why a text is not a bar spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarSpecError {
    /// The text as given.
    pub text: String,
}

impl fmt::Display for BarSpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a kind of bar; expected a timeframe such as 1h, or tick-1000, volume-50, dollar-1000000, mark-1h, premium-1h, adjusted-1d",
            self.text
        )
    }
}

impl std::error::Error for BarSpecError {}

impl BarSpec {
    /// The length of time bars of any origin; `None` for event bars.
    pub fn timeframe(self) -> Option<Timeframe> {
        match self {
            Self::Time(frame) | Self::Mark(frame) | Self::Premium(frame) | Self::Adjusted(frame) => Some(frame),
            Self::Tick(_) | Self::Volume(_) | Self::Dollar(_) => None,
        }
    }

    /// Whether bars close on an event (a threshold) rather than on the clock.
    pub fn is_event(self) -> bool {
        self.timeframe().is_none()
    }
}

impl FromStr for BarSpec {
    type Err = BarSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || BarSpecError { text: text.to_owned() };
        let Some((kind, size)) = text.split_once('-') else {
            return text.parse().map(Self::Time).map_err(|_| error());
        };
        let threshold = || size.parse::<f64>().ok().filter(|v| v.is_finite() && *v > 0.0).ok_or_else(error);
        match kind {
            "tick" => size.parse().ok().filter(|&n: &u64| n > 0).map(Self::Tick).ok_or_else(error),
            "volume" => threshold().map(Self::Volume),
            "dollar" => threshold().map(Self::Dollar),
            "mark" => size.parse().map(Self::Mark).map_err(|_| error()),
            "premium" => size.parse().map(Self::Premium).map_err(|_| error()),
            "adjusted" => size.parse().map(Self::Adjusted).map_err(|_| error()),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for BarSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(frame) => write!(f, "{frame}"),
            Self::Tick(n) => write!(f, "tick-{n}"),
            Self::Volume(v) => write!(f, "volume-{v}"),
            Self::Dollar(v) => write!(f, "dollar-{v}"),
            Self::Mark(frame) => write!(f, "mark-{frame}"),
            Self::Premium(frame) => write!(f, "premium-{frame}"),
            Self::Adjusted(frame) => write!(f, "adjusted-{frame}"),
        }
    }
}

/// Bars of one symbol in order of `(available_at, bar_seq)`, one vector per field, all of one length.
/// A number the source cannot give is NaN.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bars {
    /// Bar open: the venue's label; for event bars the time of the first trade. Microseconds UTC.
    pub timestamp: Vec<i64>,
    /// Bar close, when the bar could be known; for event bars the time of the last trade. Microseconds UTC.
    pub available_at: Vec<i64>,
    /// Running number of event bars (several may share a time); empty for time bars.
    pub bar_seq: Vec<i64>,
    /// First price, quote units.
    pub open: Vec<f64>,
    /// Highest price.
    pub high: Vec<f64>,
    /// Lowest price.
    pub low: Vec<f64>,
    /// Last price.
    pub close: Vec<f64>,
    /// Sum of quantities, base units.
    pub volume: Vec<f64>,
    /// Quantity bought by takers, base units.
    pub buy_volume: Vec<f64>,
    /// Quantity sold by takers, base units.
    pub sell_volume: Vec<f64>,
    /// `dollar_volume / volume`, quote units.
    pub vwap: Vec<f64>,
    /// Sum of price times quantity, quote units.
    pub dollar_volume: Vec<f64>,
    /// Number of trade rows in the bar.
    pub tick_count: Vec<f64>,
    /// Rising price moves inside the bar over `max(ticks - 1, 1)`.
    pub up_move_ratio: Vec<f64>,
    /// Median trade price; the mean of the two middle ones for an even count.
    pub medium_price: Vec<f64>,
    /// Sign changes between consecutive non-zero price moves inside the bar.
    pub reversals: Vec<f64>,
    /// Further columns of the source that are kept as they are (premium prices of a resampled kline file), by name.
    pub extra: Vec<(String, Vec<f64>)>,
}

/// The numeric columns every bar table has, in the order they are stored.
pub const BAR_COLUMNS: [&str; 13] = [
    "open",
    "high",
    "low",
    "close",
    "volume",
    "buy_volume",
    "sell_volume",
    "vwap",
    "dollar_volume",
    "tick_count",
    "up_move_ratio",
    "medium_price",
    "reversals",
];

impl Bars {
    /// Number of bars.
    pub fn len(&self) -> usize {
        self.timestamp.len()
    }

    /// Whether there is no bar.
    pub fn is_empty(&self) -> bool {
        self.timestamp.is_empty()
    }

    /// The thirteen numeric columns in the order of [`BAR_COLUMNS`].
    pub fn columns(&self) -> [&Vec<f64>; 13] {
        [
            &self.open,
            &self.high,
            &self.low,
            &self.close,
            &self.volume,
            &self.buy_volume,
            &self.sell_volume,
            &self.vwap,
            &self.dollar_volume,
            &self.tick_count,
            &self.up_move_ratio,
            &self.medium_price,
            &self.reversals,
        ]
    }

    /// The thirteen numeric columns in the order of [`BAR_COLUMNS`], to fill.
    pub fn columns_mut(&mut self) -> [&mut Vec<f64>; 13] {
        [
            &mut self.open,
            &mut self.high,
            &mut self.low,
            &mut self.close,
            &mut self.volume,
            &mut self.buy_volume,
            &mut self.sell_volume,
            &mut self.vwap,
            &mut self.dollar_volume,
            &mut self.tick_count,
            &mut self.up_move_ratio,
            &mut self.medium_price,
            &mut self.reversals,
        ]
    }

    /// The bars in a range of rows, all columns.
    ///
    /// # Panics
    /// If the range reaches past the end.
    pub fn rows(&self, rows: std::ops::Range<usize>) -> Self {
        let mut out = Self {
            timestamp: self.timestamp[rows.clone()].to_vec(),
            available_at: self.available_at[rows.clone()].to_vec(),
            bar_seq: if self.bar_seq.is_empty() { Vec::new() } else { self.bar_seq[rows.clone()].to_vec() },
            ..Self::default()
        };
        for (to, from) in out.columns_mut().into_iter().zip(self.columns()) {
            *to = from[rows.clone()].to_vec();
        }
        let cut = |(name, values): &(String, Vec<f64>)| (name.clone(), values[rows.clone()].to_vec());
        out.extra = self.extra.iter().map(cut).collect();
        out
    }

    /// A numeric column by name, extra columns included.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        match BAR_COLUMNS.iter().position(|column| *column == name) {
            Some(at) => Some(self.columns()[at]),
            None => self.extra.iter().find(|(extra, _)| extra == name).map(|(_, values)| values.as_slice()),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Text forms of bar specs.

    use super::*;

    #[test]
    fn specs_round_trip() {
        for text in [
            "1h",
            "1M",
            "tick-1000",
            "volume-50",
            "volume-0.5",
            "dollar-1000000",
            "mark-1h",
            "premium-8h",
            "adjusted-1d",
        ] {
            assert_eq!(text.parse::<BarSpec>().unwrap().to_string(), text);
        }
        for text in ["", "tick-0", "tick-1.5", "volume--1", "dollar-inf", "range-5", "mark-", "hour"] {
            assert!(text.parse::<BarSpec>().is_err(), "{text}");
        }
    }
}
