//! Averages, oscillators and volume indices of the charting libraries (`ta`, Stock.Indicators, Tulip, LEAN) and of TA-Lib
//! beyond the families `talib` and `indicators`. True range and means begin as in the family `talib`.

use super::{Entry, Family, Section};

/// The family.
pub(super) const FAMILY: Family = Family {
    name: "charting",
    summary: "averages, oscillators and volume indices of the usual charting libraries",
    windows: &[],
    windows_are_free: false,
    sections: &[
        Section { is_windowed: false, entries: PRICES },
        Section { is_windowed: false, entries: AVERAGES },
        Section { is_windowed: false, entries: OSCILLATORS },
        Section { is_windowed: false, entries: TRENDS },
        Section { is_windowed: false, entries: VOLUMES },
    ],
    window_by_window: false,
};

/// An entry.
const fn entry(name: &'static str, formula: &'static str, notes: &'static str, source: &'static str) -> Entry {
    Entry { name, formula, notes, source }
}

/// Prices and plain statistics under TA-Lib's names.
const PRICES: &[Entry] = &[
    entry("avgprice", "(open + high + low + close) / 4", "mean of the four prices", "TA-Lib"),
    entry("medprice", "(high + low) / 2", "middle of the bar", "TA-Lib"),
    entry("typprice", "(high + low + close) / 3", "typical price", "TA-Lib"),
    entry("wclprice", "(high + low + 2 * close) / 4", "weighted close", "TA-Lib"),
    entry("midpoint_14", "(ts_max(close, 14) + ts_min(close, 14)) / 2", "middle of the closes' range", "TA-Lib"),
    entry("midprice_14", "(ts_max(high, 14) + ts_min(low, 14)) / 2", "middle of the bars' range", "TA-Lib"),
    entry("mom_10", "delta(close, 10)", "change of the close in 10 bars", "TA-Lib"),
    entry("rocp_10", "close / delay(close, 10) - 1", "change as a share", "TA-Lib"),
    entry("rocr_10", "close / delay(close, 10)", "ratio to the close 10 bars before", "TA-Lib"),
    entry("var_5", "ts_var(close, 5) * 4 / 5", "variance, divided by n", "TA-Lib"),
    entry("linearreg_intercept_14", "ts_line_start(close, 14)", "least-squares line at the oldest bar", "TA-Lib"),
    entry(
        "log_return_14",
        "log(close / delay(close, 14))",
        "logarithm of the ratio to the close 14 bars before",
        "LEAN LogReturn",
    ),
    entry(
        "bar_strength",
        "(close - low) / (high - low)",
        "place of the close in the bar; missing without a range",
        "LEAN InternalBarStrength",
    ),
];

/// Averages of prices.
const AVERAGES: &[Entry] = &[
    entry(
        "trima_5",
        "ts_mean(ts_mean(close, 3), 3)",
        "triangular mean of 5 bars: a mean of 3 means of 3 bars",
        "TA-Lib",
    ),
    entry(
        "trima_20",
        "ts_mean(ts_mean(close, 10), 11)",
        "triangular mean of 20 bars: a mean of 11 means of 10 bars",
        "TA-Lib",
    ),
    entry(
        "hma_16",
        "decay_linear(2 * decay_linear(close, 8) - decay_linear(close, 16), 4)",
        "Hull mean of 16 bars, linearly weighted means of 8, 16 and 4",
        "Hull (2005)",
    ),
    entry(
        "zlema_20",
        "ema_seeded(2 * close - delay(close, 9), 20)",
        "exponential mean of the close moved ahead by its lag of (20 - 1) / 2 bars",
        "Ehlers and Way (2010), Zero Lag (Well, Almost)",
    ),
    entry("smma_20", "wilder_seeded(close, 20)", "smoothed mean: Wilder's, of 20 bars", "Wilder (1978)"),
    entry(
        "vwma_20",
        "ts_sum(close * volume, 20) / ts_sum(volume, 20)",
        "volume-weighted mean of the close; missing without volume",
        "Stock.Indicators VWMA; Tulip vwma",
    ),
    entry(
        "vidya_14",
        "adaptive_mean(close, 2 / 15 * abs(ts_sum(delta(close, 1), 14)) / ts_sum(abs(delta(close, 1)), 14))",
        "mean that moves with the size of Chande's momentum of 14 bars",
        "Chande (1992)",
    ),
    entry(
        "efficiency_10",
        "abs(delta(close, 10)) / ts_sum(abs(delta(close, 1)), 10)",
        "efficiency ratio: net over gross movement of 10 bars; missing where nothing moved",
        "Kaufman (1995)",
    ),
];

/// Oscillators of price.
const OSCILLATORS: &[Entry] = &[
    entry(
        "awesome",
        "ts_mean((high + low) / 2, 5) - ts_mean((high + low) / 2, 34)",
        "awesome oscillator: 5 against 34 bar mean of the middles",
        "Williams (1998)",
    ),
    entry(
        "bb_percent",
        "0.5 + (close - ts_mean(close, 20)) / (4 * ts_std(close, 20) * sqrt(19 / 20))",
        "place of the close between the Bollinger bands, 0 at the lower",
        "Bollinger (2001)",
    ),
    entry(
        "bb_width",
        "4 * ts_std(close, 20) * sqrt(19 / 20) / ts_mean(close, 20)",
        "distance of the Bollinger bands over the middle one",
        "Bollinger (2001)",
    ),
    entry(
        "cmo_sum_14",
        "100 * ts_sum(delta(close, 1), 14) / ts_sum(abs(delta(close, 1)), 14)",
        "Chande momentum oscillator with plain sums, as first published",
        "Chande and Kroll (1994)",
    ),
    entry(
        "stochf_k",
        "100 * (close - ts_min(low, 5)) / (ts_max(high, 5) - ts_min(low, 5))",
        "fast stochastic %K of 5 bars; missing in a window without range",
        "Lane (1984)",
    ),
    entry(
        "stochf_d",
        "ts_mean(100 * (close - ts_min(low, 5)) / (ts_max(high, 5) - ts_min(low, 5)), 3)",
        "fast stochastic %D: mean of 3",
        "Lane (1984)",
    ),
    entry(
        "stoch_rsi",
        "100 * (100 * wilder_seeded(max(delta(close, 1), 0), 14) / (wilder_seeded(max(delta(close, 1), 0), 14) + wilder_seeded(max(-delta(close, 1), 0), 14)) - ts_min(100 * wilder_seeded(max(delta(close, 1), 0), 14) / (wilder_seeded(max(delta(close, 1), 0), 14) + wilder_seeded(max(-delta(close, 1), 0), 14)), 14)) / (ts_max(100 * wilder_seeded(max(delta(close, 1), 0), 14) / (wilder_seeded(max(delta(close, 1), 0), 14) + wilder_seeded(max(-delta(close, 1), 0), 14)), 14) - ts_min(100 * wilder_seeded(max(delta(close, 1), 0), 14) / (wilder_seeded(max(delta(close, 1), 0), 14) + wilder_seeded(max(-delta(close, 1), 0), 14)), 14))",
        "place of the 14 bar RSI in its range of 14 bars",
        "Chande and Kroll (1994)",
    ),
    entry(
        "stoch_rsi_signal",
        "ts_mean(100 * (100 * wilder_seeded(max(delta(close, 1), 0), 14) / (wilder_seeded(max(delta(close, 1), 0), 14) + wilder_seeded(max(-delta(close, 1), 0), 14)) - ts_min(100 * wilder_seeded(max(delta(close, 1), 0), 14) / (wilder_seeded(max(delta(close, 1), 0), 14) + wilder_seeded(max(-delta(close, 1), 0), 14)), 14)) / (ts_max(100 * wilder_seeded(max(delta(close, 1), 0), 14) / (wilder_seeded(max(delta(close, 1), 0), 14) + wilder_seeded(max(-delta(close, 1), 0), 14)), 14) - ts_min(100 * wilder_seeded(max(delta(close, 1), 0), 14) / (wilder_seeded(max(delta(close, 1), 0), 14) + wilder_seeded(max(-delta(close, 1), 0), 14)), 14)), 3)",
        "mean of 3 of it",
        "Chande and Kroll (1994)",
    ),
    entry(
        "connors_rsi",
        "(100 * wilder_seeded(max(delta(close, 1), 0), 3) / (wilder_seeded(max(delta(close, 1), 0), 3) + wilder_seeded(max(-delta(close, 1), 0), 3)) + 100 * wilder_seeded(max(delta(fill(sign(delta(close, 1)) * session_count(close, sign(delta(close, 1))), 0), 1), 0), 2) / (wilder_seeded(max(delta(fill(sign(delta(close, 1)) * session_count(close, sign(delta(close, 1))), 0), 1), 0), 2) + wilder_seeded(max(-delta(fill(sign(delta(close, 1)) * session_count(close, sign(delta(close, 1))), 0), 1), 0), 2)) + 101 * ts_rank(delta(close, 1) / delay(close, 1), 101) - 1) / 3",
        "mean of the RSI of 3 bars, the RSI of 2 of the streak, and the percent rank of the return among the 100 before it",
        "Connors and Alvarez (2012)",
    ),
    entry(
        "smi",
        "200 * ewma(ewma(close - (ts_max(high, 13) + ts_min(low, 13)) / 2, 2 / 26), 2 / 3) / ewma(ewma(ts_max(high, 13) - ts_min(low, 13), 2 / 26), 2 / 3)",
        "stochastic momentum index, 13, 25 and 2 bars, means from the first value on",
        "Blau (1993)",
    ),
    entry(
        "smi_signal",
        "ewma(200 * ewma(ewma(close - (ts_max(high, 13) + ts_min(low, 13)) / 2, 2 / 26), 2 / 3) / ewma(ewma(ts_max(high, 13) - ts_min(low, 13), 2 / 26), 2 / 3), 2 / 4)",
        "3 bar mean of it",
        "Blau (1993)",
    ),
    entry(
        "tsi_25_13",
        "100 * ema_seeded(ema_seeded(delta(close, 1), 25), 13) / ema_seeded(ema_seeded(abs(delta(close, 1)), 25), 13)",
        "true strength index: double mean of the change over that of its size",
        "Blau (1991)",
    ),
    entry(
        "dpo_14",
        "delay(close, 8) - ts_mean(close, 14)",
        "detrended price: the close 8 bars before against the mean of 14",
        "Stock.Indicators DPO; Tulip dpo, at the time when the number is known",
    ),
    entry(
        "ppo_ema",
        "100 * (ema_seeded(close, 12) / ema_seeded(close, 26) - 1)",
        "12 against 26 bar exponential mean in percent",
        "Appel (1979)",
    ),
    entry(
        "ppo_ema_signal",
        "ema_seeded(100 * (ema_seeded(close, 12) / ema_seeded(close, 26) - 1), 9)",
        "9 bar mean of it",
        "Appel (1979)",
    ),
    entry(
        "macd_early",
        "ema_seeded(close, 12) - ema_seeded(close, 26)",
        "12 against 26 bar mean, each started at its own first bars",
        "Appel (1979)",
    ),
    entry(
        "macd_early_signal",
        "ema_seeded(ema_seeded(close, 12) - ema_seeded(close, 26), 9)",
        "9 bar mean of it",
        "Appel (1979)",
    ),
    entry(
        "kst",
        "ts_mean(100 * (close / delay(close, 10) - 1), 10) + 2 * ts_mean(100 * (close / delay(close, 15) - 1), 10) + 3 * ts_mean(100 * (close / delay(close, 20) - 1), 10) + 4 * ts_mean(100 * (close / delay(close, 30) - 1), 15)",
        "know sure thing: four smoothed rates of change",
        "Pring (1992)",
    ),
    entry(
        "coppock",
        "decay_linear(100 * (close / delay(close, 14) - 1) + 100 * (close / delay(close, 11) - 1), 10)",
        "weighted mean of 10 of the rates of change of 14 and 11 bars",
        "Coppock (1962)",
    ),
    entry("bull_power_13", "high - ema_seeded(close, 13)", "high against the mean of 13 bars", "Elder (1993)"),
    entry("bear_power_13", "low - ema_seeded(close, 13)", "low against the mean of 13 bars", "Elder (1993)"),
    entry(
        "demarker_14",
        "ts_mean(max(delta(high, 1), 0), 14) / (ts_mean(max(delta(high, 1), 0), 14) + ts_mean(max(-delta(low, 1), 0), 14))",
        "DeMarker: rises of the high over rises of the high and falls of the low; missing where there are none",
        "DeMark (1994)",
    ),
    entry("qstick_10", "ts_mean(close - open, 10)", "mean body of 10 bars", "Chande and Kroll (1994)"),
];

/// Strength and spread of trends.
const TRENDS: &[Entry] = &[
    entry(
        "wilder_plus_di_14",
        "100 * wilder_seeded(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) / wilder_seeded(max(high, delay(close, 1)) - min(low, delay(close, 1)), 14)",
        "rising directional indicator, sums started at the first 14 rows as Wilder has it, where TA-Lib takes 13",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "wilder_minus_di_14",
        "100 * wilder_seeded(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14) / wilder_seeded(max(high, delay(close, 1)) - min(low, delay(close, 1)), 14)",
        "falling directional indicator with that start",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "wilder_dx_14",
        "100 * abs(wilder_seeded(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) - wilder_seeded(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)) / (wilder_seeded(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) + wilder_seeded(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14))",
        "directional index with that start",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "wilder_adx_14",
        "wilder_seeded(100 * abs(wilder_seeded(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) - wilder_seeded(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)) / (wilder_seeded(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) + wilder_seeded(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)), 14)",
        "average directional index with that start",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "wilder_adxr_14",
        "(wilder_seeded(100 * abs(wilder_seeded(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) - wilder_seeded(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)) / (wilder_seeded(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) + wilder_seeded(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)), 14) + delay(wilder_seeded(100 * abs(wilder_seeded(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) - wilder_seeded(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)) / (wilder_seeded(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) + wilder_seeded(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)), 14), 14)) / 2",
        "its mean with the value 14 bars before, where TA-Lib takes 13",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "aroon_osc_14",
        "100 * (ts_age_min(low, 15) - ts_age_max(high, 15)) / 14",
        "Aroon up minus down",
        "Chande (1995)",
    ),
    entry(
        "vortex_plus_14",
        "ts_sum(abs(high - delay(low, 1)), 14) / ts_sum(max(high, delay(close, 1)) - min(low, delay(close, 1)), 14)",
        "rising vortex movement over the true range",
        "Botes and Siepman (2010)",
    ),
    entry(
        "vortex_minus_14",
        "ts_sum(abs(low - delay(high, 1)), 14) / ts_sum(max(high, delay(close, 1)) - min(low, delay(close, 1)), 14)",
        "falling vortex movement over the true range",
        "Botes and Siepman (2010)",
    ),
    entry(
        "choppiness_14",
        "100 * log(ts_sum(max(high, delay(close, 1)) - min(low, delay(close, 1)), 14) / (ts_max(high, 14) - ts_min(low, 14))) / log(14)",
        "choppiness index: sum of true ranges over the range, 100 for no trend at all",
        "Dreiss",
    ),
    entry(
        "mass_25",
        "ts_sum(ema(high - low, 9) / ema(ema(high - low, 9), 9), 25)",
        "mass index: how the range widens",
        "Dorsey (1992)",
    ),
    entry(
        "ulcer_14",
        "sqrt(ts_mean((100 * (close / ts_max(close, 14) - 1)) ^ 2, 14))",
        "ulcer index: root mean square of the drawdown from the highest close of 14 bars, in percent",
        "Martin and McCann (1989)",
    ),
    entry(
        "vhf_28",
        "abs(ts_max(close, 28) - ts_min(close, 28)) / ts_sum(abs(delta(close, 1)), 28)",
        "vertical horizontal filter: range over movement",
        "White (1991)",
    ),
    entry(
        "true_range_first",
        "max(high, fill(delay(close, 1), high)) - min(low, fill(delay(close, 1), low))",
        "true range that is the bar's own range in the first row",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "super_trend_first",
        "super_trend((high + low) / 2 + 3 * wilder_seeded(max(high, fill(delay(close, 1), high)) - min(low, fill(delay(close, 1), low)), 10), (high + low) / 2 - 3 * wilder_seeded(max(high, fill(delay(close, 1), high)) - min(low, fill(delay(close, 1), low)), 10), close)",
        "SuperTrend on true ranges from the first row on, one row earlier, as LEAN has it",
        "Seban",
    ),
];

/// Indices of volume.
const VOLUMES: &[Entry] = &[
    entry(
        "cmf_20",
        "ts_sum(where(high > low, (2 * close - high - low) / (high - low) * volume, 0), 20) / ts_sum(volume, 20)",
        "Chaikin money flow of 20 bars",
        "Chaikin",
    ),
    entry("force_13", "ema_seeded(delta(close, 1) * volume, 13)", "force index, mean of 13 bars", "Elder (1993)"),
    entry(
        "ease_of_movement",
        "delta((high + low) / 2, 1) * (high - low) / volume * 100000000",
        "ease of movement, per 100,000,000 of volume",
        "Arms (1983)",
    ),
    entry(
        "ease_of_movement_14",
        "ts_mean(delta((high + low) / 2, 1) * (high - low) / volume * 100000000, 14)",
        "mean of 14 of it",
        "Arms (1983)",
    ),
    entry(
        "volume_price_trend",
        "cumsum(volume * (close / delay(close, 1) - 1))",
        "sum of volume times return",
        "LEAN and ta: volume price trend, not smoothed",
    ),
    entry(
        "negative_volume",
        "1000 * cumprod(where(fill(delta(volume, 1), 0) < 0, fill(close / delay(close, 1), 1), 1))",
        "negative volume index: returns of bars with less volume than before, from 1000",
        "Fosback (1976)",
    ),
    entry(
        "positive_volume",
        "1000 * cumprod(where(fill(delta(volume, 1), 0) > 0, fill(close / delay(close, 1), 1), 1))",
        "positive volume index: returns of bars with more volume than before, from 1000",
        "Fosback (1976)",
    ),
    entry(
        "volume_oscillator",
        "100 * (ts_mean(volume, 12) / ts_mean(volume, 26) - 1)",
        "12 against 26 bar mean volume in percent",
        "Tulip vosc",
    ),
    entry(
        "pvo",
        "100 * (ema_seeded(volume, 12) / ema_seeded(volume, 26) - 1)",
        "12 against 26 bar exponential mean of volume in percent",
        "the form of PPO on volume, means begun as in TA-Lib",
    ),
    entry(
        "market_facilitation",
        "(high - low) / volume",
        "range per unit of volume; missing without volume",
        "Williams (1995)",
    ),
    entry(
        "williams_ad",
        "cumsum(where(delta(close, 1) > 0, close - min(low, delay(close, 1)), where(delta(close, 1) < 0, close - max(high, delay(close, 1)), 0)))",
        "Williams' accumulation and distribution, without volume",
        "Williams (1973)",
    ),
    entry(
        "vwap_all",
        "cumsum((high + low + close) / 3 * volume) / cumsum(volume)",
        "volume-weighted mean of the typical price since the first bar",
        "Stock.Indicators VWAP, anchored to the first bar",
    ),
];
