//! Indicators of TA-Lib under its names, with its periods and its way to begin: exponential means start at the plain mean
//! of their first values, Wilder's sums at the sum of theirs, deviations are divided by n. Differences: a missing bar
//! leaves what is carried as it is; where TA-Lib writes 0 for a quotient without value, the formula or its note says what
//! is given here.

use super::{Entry, Family, Section};

/// The family.
pub(super) const FAMILY: Family = Family {
    name: "talib",
    summary: "67 indicators as TA-Lib computes them",
    windows: &[5, 20, 60],
    windows_are_free: false,
    sections: &[Section { is_windowed: true, entries: WINDOWED }, Section { is_windowed: false, entries: SINGLE }],
    window_by_window: true,
};

/// An entry.
const fn entry(name: &'static str, formula: &'static str, notes: &'static str, source: &'static str) -> Entry {
    Entry { name, formula, notes, source }
}

/// Indicators with a window.
const WINDOWED: &[Entry] = &[
    entry("sma_{w}", "ts_mean(close, {w})", "simple moving average", "TA-Lib"),
    entry(
        "ema_{w}",
        "ema_seeded(close, {w})",
        "exponential moving average, started at the mean of the first values",
        "TA-Lib",
    ),
    entry("wma_{w}", "decay_linear(close, {w})", "linearly weighted moving average", "TA-Lib"),
    entry("stddev_{w}", "ts_std(close, {w}) * sqrt(({w} - 1) / {w})", "deviation, divided by n", "TA-Lib"),
    entry("linearreg_{w}", "ts_line(close, {w})", "least-squares line at the newest bar", "TA-Lib"),
    entry("linearreg_slope_{w}", "ts_slope(close, {w})", "its slope per bar", "TA-Lib"),
    entry("min_{w}", "ts_min(low, {w})", "lowest low", "TA-Lib"),
    entry("max_{w}", "ts_max(high, {w})", "highest high", "TA-Lib"),
    entry("roc_{w}", "100 * (close / delay(close, {w}) - 1)", "rate of change in percent", "TA-Lib"),
    entry("correl_cv_{w}", "ts_corr(close, volume, {w})", "correlation of close and volume", "TA-Lib"),
];

/// Indicators with periods of their own.
const SINGLE: &[Entry] = &[
    entry(
        "rsi_14",
        "100 * wilder_seeded(max(delta(close, 1), 0), 14) / (wilder_seeded(max(delta(close, 1), 0), 14) + wilder_seeded(max(-delta(close, 1), 0), 14))",
        "relative strength index; missing while nothing has moved, where TA-Lib gives 0",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "atr_14",
        "wilder_seeded(max(high, delay(close, 1)) - min(low, delay(close, 1)), 14)",
        "average true range",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "natr_14",
        "100 * wilder_seeded(max(high, delay(close, 1)) - min(low, delay(close, 1)), 14) / close",
        "average true range in percent of the close",
        "TA-Lib",
    ),
    entry(
        "trange",
        "max(high, delay(close, 1)) - min(low, delay(close, 1))",
        "true range",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "adx_14",
        "wilder_seeded(100 * abs(wilder_sum(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) - wilder_sum(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)) / (wilder_sum(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) + wilder_sum(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)), 14)",
        "average directional index",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "plus_di_14",
        "100 * wilder_sum(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) / wilder_sum(max(high, delay(close, 1)) - min(low, delay(close, 1)), 14)",
        "rising directional indicator",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "minus_di_14",
        "100 * wilder_sum(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14) / wilder_sum(max(high, delay(close, 1)) - min(low, delay(close, 1)), 14)",
        "falling directional indicator",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "macd",
        "ema_seeded(close + 0 * delay(close, 14), 12) - ema_seeded(close, 26) + 0 * delay(ema_seeded(close + 0 * delay(close, 14), 12) - ema_seeded(close, 26), 8)",
        "12 against 26 bar mean, both started at bar 26; given from the first signal on",
        "Appel (1979)",
    ),
    entry(
        "macd_signal",
        "ema_seeded(ema_seeded(close + 0 * delay(close, 14), 12) - ema_seeded(close, 26), 9)",
        "9 bar mean of it",
        "Appel (1979)",
    ),
    entry(
        "macd_hist",
        "ema_seeded(close + 0 * delay(close, 14), 12) - ema_seeded(close, 26) - ema_seeded(ema_seeded(close + 0 * delay(close, 14), 12) - ema_seeded(close, 26), 9)",
        "its distance from the signal",
        "Appel (1979)",
    ),
    entry(
        "bb_up",
        "ts_mean(close, 20) + 2 * ts_std(close, 20) * sqrt(19 / 20)",
        "upper Bollinger band, deviation divided by n",
        "Bollinger (2001)",
    ),
    entry("bb_mid", "ts_mean(close, 20)", "middle Bollinger band", "Bollinger (2001)"),
    entry(
        "bb_low",
        "ts_mean(close, 20) - 2 * ts_std(close, 20) * sqrt(19 / 20)",
        "lower Bollinger band",
        "Bollinger (2001)",
    ),
    entry(
        "stoch_k",
        "ts_mean(where(ts_max(high, 14) > ts_min(low, 14), 100 * (close - ts_min(low, 14)) / (ts_max(high, 14) - ts_min(low, 14)), 0), 3) + 0 * delay(ts_mean(where(ts_max(high, 14) > ts_min(low, 14), 100 * (close - ts_min(low, 14)) / (ts_max(high, 14) - ts_min(low, 14)), 0), 3), 2)",
        "slow stochastic %K, 14 and 3 bars, given from the first %D on; 0 in a window without range",
        "Lane (1984)",
    ),
    entry(
        "stoch_d",
        "ts_mean(ts_mean(where(ts_max(high, 14) > ts_min(low, 14), 100 * (close - ts_min(low, 14)) / (ts_max(high, 14) - ts_min(low, 14)), 0), 3), 3)",
        "slow stochastic %D, 3 bars",
        "Lane (1984)",
    ),
    entry(
        "cci_20",
        "where(ts_mad((high + low + close) / 3, 20) > 0, (((high + low + close) / 3) - ts_mean((high + low + close) / 3, 20)) / (0.015 * ts_mad((high + low + close) / 3, 20)), 0)",
        "commodity channel index",
        "Lambert (1980)",
    ),
    entry(
        "cmo_14",
        "100 * (wilder_seeded(max(delta(close, 1), 0), 14) - wilder_seeded(max(-delta(close, 1), 0), 14)) / (wilder_seeded(max(delta(close, 1), 0), 14) + wilder_seeded(max(-delta(close, 1), 0), 14))",
        "Chande momentum oscillator with Wilder means",
        "Chande and Kroll (1994)",
    ),
    entry(
        "mfi_14",
        "100 * ts_sum(where(delta((high + low + close) / 3, 1) > 0, ((high + low + close) / 3) * volume, 0), 14) / ts_sum(where(delta((high + low + close) / 3, 1) != 0, ((high + low + close) / 3) * volume, 0), 14)",
        "money flow index",
        "Quong and Soudack (1989)",
    ),
    entry(
        "obv",
        "cumsum(where(cumsum(close == close) == 1, volume, sign(delta(close, 1)) * volume))",
        "on-balance volume, started at the first volume",
        "Granville (1963)",
    ),
    entry(
        "ad",
        "cumsum(where(high > low, (2 * close - high - low) / (high - low) * volume, 0))",
        "accumulation and distribution line",
        "Chaikin",
    ),
    entry(
        "adosc_3_10",
        "ema(cumsum(where(high > low, (2 * close - high - low) / (high - low) * volume, 0)), 3) - ema(cumsum(where(high > low, (2 * close - high - low) / (high - low) * volume, 0)), 10)",
        "3 against 10 bar mean of the line, both from its first value",
        "Chaikin",
    ),
    entry(
        "willr_14",
        "where(ts_max(high, 14) > ts_min(low, 14), -100 * (ts_max(high, 14) - close) / (ts_max(high, 14) - ts_min(low, 14)), 0)",
        "Williams %R",
        "Williams (1973)",
    ),
    entry(
        "trix_15",
        "100 * (ema_seeded(ema_seeded(ema_seeded(close, 15), 15), 15) / delay(ema_seeded(ema_seeded(ema_seeded(close, 15), 15), 15), 1) - 1)",
        "change of the triple mean in percent",
        "Hutson (1983)",
    ),
    entry(
        "ultosc",
        "100 * (4 * ts_sum(close - min(low, delay(close, 1)), 7) / ts_sum(max(high, delay(close, 1)) - min(low, delay(close, 1)), 7) + 2 * ts_sum(close - min(low, delay(close, 1)), 14) / ts_sum(max(high, delay(close, 1)) - min(low, delay(close, 1)), 14) + ts_sum(close - min(low, delay(close, 1)), 28) / ts_sum(max(high, delay(close, 1)) - min(low, delay(close, 1)), 28)) / 7",
        "ultimate oscillator, 7, 14 and 28 bars",
        "Williams (1985)",
    ),
    entry("aroon_dn", "100 * (14 - ts_age_min(low, 15)) / 14", "age of the lowest low", "Chande (1995)"),
    entry("aroon_up", "100 * (14 - ts_age_max(high, 15)) / 14", "age of the highest high", "Chande (1995)"),
    entry(
        "dema_20",
        "2 * ema_seeded(close, 20) - ema_seeded(ema_seeded(close, 20), 20)",
        "double exponential mean",
        "Mulloy (1994)",
    ),
    entry(
        "tema_20",
        "3 * ema_seeded(close, 20) - 3 * ema_seeded(ema_seeded(close, 20), 20) + ema_seeded(ema_seeded(ema_seeded(close, 20), 20), 20)",
        "triple exponential mean",
        "Mulloy (1994)",
    ),
    entry(
        "kama_30",
        "adaptive_mean(close, (where(ts_sum(abs(delta(close, 1)), 30) <= delta(close, 30) or ts_sum(abs(delta(close, 1)), 30) == 0, 1, abs(delta(close, 30)) / ts_sum(abs(delta(close, 1)), 30)) * (2 / 3 - 2 / 31) + 2 / 31) ^ 2)",
        "adaptive moving average",
        "Kaufman (1995)",
    ),
    entry(
        "t3_5",
        "(1 + 3 * 0.7 + 3 * 0.7 ^ 2 + 0.7 ^ 3) * ema_seeded(ema_seeded(ema_seeded(close, 5), 5), 5) - (6 * 0.7 ^ 2 + 3 * 0.7 + 3 * 0.7 ^ 3) * ema_seeded(ema_seeded(ema_seeded(ema_seeded(close, 5), 5), 5), 5) + (3 * 0.7 ^ 2 + 3 * 0.7 ^ 3) * ema_seeded(ema_seeded(ema_seeded(ema_seeded(ema_seeded(close, 5), 5), 5), 5), 5) - 0.7 ^ 3 * ema_seeded(ema_seeded(ema_seeded(ema_seeded(ema_seeded(ema_seeded(close, 5), 5), 5), 5), 5), 5)",
        "T3 mean with volume factor 0.7",
        "Tillson (1998)",
    ),
    entry(
        "sar",
        "parabolic_sar(high, low, 0.02, 0.2)",
        "parabolic stop and reverse",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "beta_5",
        "ts_beta(low / delay(low, 1), high / delay(high, 1), 5)",
        "slope of the bar returns of the low on those of the high",
        "TA-Lib",
    ),
    entry("ppo", "100 * (ts_mean(close, 12) / ts_mean(close, 26) - 1)", "12 against 26 bar mean in percent", "TA-Lib"),
    entry("apo", "ts_mean(close, 12) - ts_mean(close, 26)", "12 against 26 bar mean", "TA-Lib"),
    entry("bop", "where(high > low, (close - open) / (high - low), 0)", "balance of power", "Livshin (2001)"),
    entry("tsf_14", "ts_line(close, 14) + ts_slope(close, 14)", "least-squares line one bar ahead", "TA-Lib"),
    entry(
        "ht_dcperiod",
        "dominant_cycle(close)",
        "dominant cycle period in bars",
        "Ehlers (2001), Rocket Science for Traders",
    ),
];
