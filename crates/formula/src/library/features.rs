//! The built-in feature set.
//!
//! Units: prices and price differences in quote units, returns and deviations of returns as fractions per bar, volumes
//! in base units, dollar volumes in quote units. A window of `w` bars is the current one and the `w - 1` before it; it
//! needs all its bars. `periods_per_year` comes from the calendar of the data.

use super::{Entry, Family, Section};

/// The family.
pub(super) const FAMILY: Family = Family {
    name: "features",
    summary: "returns, volatility, trend, oscillators, volume, order flow and liquidity over several windows",
    windows: &[5, 10, 20, 60],
    windows_are_free: true,
    sections: &[Section { is_windowed: false, entries: SINGLE }, Section { is_windowed: true, entries: WINDOWED }],
    window_by_window: false,
};

/// Factors of one bar, or of a bar and the one before.
const SINGLE: &[Entry] = &[
    Entry {
        name: "return_1",
        formula: "close / delay(close, 1) - 1",
        notes: "simple return over one bar",
        source: "Campbell, Lo and MacKinlay (1997), The Econometrics of Financial Markets, section 1.4",
    },
    Entry {
        name: "log_return_1",
        formula: "log(close) - delay(log(close), 1)",
        notes: "logarithmic return over one bar",
        source: "Campbell, Lo and MacKinlay (1997), The Econometrics of Financial Markets, section 1.4",
    },
    Entry {
        name: "buy_ratio",
        formula: "buy_volume / volume",
        notes: "share of the volume bought by takers",
        source: "the feature set of this library: volume bought by takers over volume",
    },
    Entry {
        name: "imbalance",
        formula: "(buy_volume - sell_volume) / (buy_volume + sell_volume)",
        notes: "signed order flow within the bar, -1 to 1",
        source: "Chordia and Subrahmanyam (2004), order imbalance",
    },
    Entry {
        name: "vwap_deviation",
        formula: "close / vwap - 1",
        notes: "close against the bar's volume-weighted mean price",
        source: "the feature set of this library; the price is that of Berkowitz, Logue and Noser (1988), The total cost of transactions on the NYSE",
    },
    Entry {
        name: "vwap_median_dev",
        formula: "vwap / medium_price - 1",
        notes: "mean trade price by volume against the median trade price: where the large trades were",
        source: "the feature set of this library",
    },
];

/// Factors with a window.
const WINDOWED: &[Entry] = &[
    Entry {
        name: "return_{w}",
        formula: "close / delay(close, {w}) - 1",
        notes: "simple return",
        source: "Campbell, Lo and MacKinlay (1997), The Econometrics of Financial Markets, section 1.4",
    },
    Entry {
        name: "log_return_{w}",
        formula: "log(close) - delay(log(close), {w})",
        notes: "logarithmic return",
        source: "Campbell, Lo and MacKinlay (1997), The Econometrics of Financial Markets, section 1.4",
    },
    Entry {
        name: "volatility_{w}",
        formula: "ts_std(close / delay(close, 1) - 1, {w})",
        notes: "sample deviation (ddof 1) of one-bar returns, per bar",
        source: "the feature set of this library: deviation of close-to-close returns",
    },
    Entry {
        name: "volatility_ann_{w}",
        formula: "ts_std(close / delay(close, 1) - 1, {w}) * sqrt(periods_per_year)",
        notes: "volatility per year",
        source: "the feature set of this library: times the root of the bars in a year",
    },
    Entry {
        name: "parkinson_{w}",
        formula: "sqrt(ts_mean(log(high / low) ^ 2, {w}) / (4 * log(2)))",
        notes: "volatility per bar from the high-low range",
        source: "Parkinson (1980), The extreme value method for estimating the variance of the rate of return",
    },
    Entry {
        name: "momentum_{w}",
        formula: "close - delay(close, {w})",
        notes: "price change in quote units",
        source: "Murphy (1999), Technical Analysis of the Financial Markets, chapter 10",
    },
    Entry {
        name: "sma_{w}",
        formula: "ts_mean(close, {w})",
        notes: "simple moving average of the close",
        source: "Murphy (1999), Technical Analysis of the Financial Markets, chapter 9",
    },
    Entry {
        name: "ema_{w}",
        formula: "ema(close, {w})",
        notes: "exponential moving average, alpha = 2 / (w + 1), started at the first close",
        source: "Murphy (1999), Technical Analysis of the Financial Markets, chapter 9",
    },
    Entry {
        name: "price_sma_{w}",
        formula: "close / ts_mean(close, {w})",
        notes: "close over its moving average",
        source: "the feature set of this library: close over its moving average",
    },
    Entry {
        name: "bb_pos_{w}",
        formula: "(close - (ts_mean(close, {w}) - 2 * ts_std(close, {w}))) / (4 * ts_std(close, {w}))",
        notes: "place within the Bollinger bands of two deviations (ddof 1): 0 at the lower, 1 at the upper",
        source: "Bollinger (2001), Bollinger on Bollinger Bands, %b",
    },
    Entry {
        name: "rsi_{w}",
        formula: "100 * wilder(max(delta(close, 1), 0), {w}) / (wilder(max(delta(close, 1), 0), {w}) + wilder(max(-delta(close, 1), 0), {w}))",
        notes: "relative strength index, 0 to 100: 100 - 100 / (1 + gain / loss) written so that no loss gives 100; missing when nothing moved",
        source: "Wilder (1978), New Concepts in Technical Trading Systems",
    },
    Entry {
        name: "volume_sma_{w}",
        formula: "ts_mean(volume, {w})",
        notes: "mean volume in base units",
        source: "the feature set of this library",
    },
    Entry {
        name: "volume_ratio_{w}",
        formula: "volume / ts_mean(volume, {w})",
        notes: "volume over its mean",
        source: "the feature set of this library",
    },
    Entry {
        name: "dollar_vol_sma_{w}",
        formula: "ts_mean(dollar_volume, {w})",
        notes: "mean turnover in quote units",
        source: "the feature set of this library",
    },
    Entry {
        name: "up_ratio_sma_{w}",
        formula: "ts_mean(up_move_ratio, {w})",
        notes: "mean share of rising price moves within the bar",
        source: "the feature set of this library",
    },
    Entry {
        name: "reversal_rate_{w}",
        formula: "ts_sum(reversals, {w}) / ts_sum(tick_count, {w})",
        notes: "sign changes of consecutive price moves per trade",
        source: "the feature set of this library",
    },
    Entry {
        name: "amihud_{w}",
        formula: "1e6 * ts_mean(abs(close / delay(close, 1) - 1) / dollar_volume, {w})",
        notes: "illiquidity: absolute return per million of turnover; missing when a bar has no turnover",
        source: "Amihud (2002), Illiquidity and stock returns",
    },
];
