//! Channels, clouds and trends that TA-Lib does not have, and the rest of its directional movement. True range and
//! means begin as in the family `talib`.

use super::{Entry, Family, Section};

/// The family.
pub(super) const FAMILY: Family = Family {
    name: "indicators",
    summary: "directional movement, Ichimoku, Keltner, Donchian, SuperTrend, Heikin-Ashi and VWAP bands",
    windows: &[],
    windows_are_free: false,
    sections: &[Section { is_windowed: false, entries: INDICATORS }],
    window_by_window: false,
};

/// An entry.
const fn entry(name: &'static str, formula: &'static str, notes: &'static str, source: &'static str) -> Entry {
    Entry { name, formula, notes, source }
}

/// The indicators.
const INDICATORS: &[Entry] = &[
    entry(
        "plus_dm_14",
        "wilder_sum(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14)",
        "rising directional movement, Wilder sum of 14 bars",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "minus_dm_14",
        "wilder_sum(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)",
        "falling directional movement",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "dx_14",
        "100 * abs(wilder_sum(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) - wilder_sum(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)) / (wilder_sum(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) + wilder_sum(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14))",
        "directional index",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "adxr_14",
        "(wilder_seeded(100 * abs(wilder_sum(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) - wilder_sum(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)) / (wilder_sum(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) + wilder_sum(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)), 14) + delay(wilder_seeded(100 * abs(wilder_sum(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) - wilder_sum(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)) / (wilder_sum(where(delta(high, 1) > max(-delta(low, 1), 0), delta(high, 1), 0), 14) + wilder_sum(where(-delta(low, 1) > max(delta(high, 1), 0), -delta(low, 1), 0), 14)), 14), 13)) / 2",
        "average directional index rating: its mean with the value 13 bars before",
        "Wilder (1978), New Concepts in Technical Trading Systems",
    ),
    entry(
        "ichimoku_conversion",
        "(ts_max(high, 9) + ts_min(low, 9)) / 2",
        "middle of the range of 9 bars",
        "Hosoda (1969)",
    ),
    entry(
        "ichimoku_base",
        "(ts_max(high, 26) + ts_min(low, 26)) / 2",
        "middle of the range of 26 bars",
        "Hosoda (1969)",
    ),
    entry(
        "ichimoku_leading_a",
        "delay(((ts_max(high, 9) + ts_min(low, 9)) / 2 + (ts_max(high, 26) + ts_min(low, 26)) / 2) / 2, 26)",
        "mean of the two, as drawn 26 bars ahead: the cloud at this bar",
        "Hosoda (1969)",
    ),
    entry(
        "ichimoku_leading_b",
        "delay((ts_max(high, 52) + ts_min(low, 52)) / 2, 26)",
        "middle of the range of 52 bars, as drawn 26 bars ahead",
        "Hosoda (1969)",
    ),
    entry(
        "keltner_upper",
        "ema_seeded(close, 20) + 2 * wilder_seeded(max(high, delay(close, 1)) - min(low, delay(close, 1)), 10)",
        "mean of 20 bars plus twice the average true range of 10",
        "Keltner (1960), as revised by Raschke",
    ),
    entry("keltner_middle", "ema_seeded(close, 20)", "mean of 20 bars", "Keltner (1960), as revised by Raschke"),
    entry(
        "keltner_lower",
        "ema_seeded(close, 20) - 2 * wilder_seeded(max(high, delay(close, 1)) - min(low, delay(close, 1)), 10)",
        "mean of 20 bars minus twice the average true range of 10",
        "Keltner (1960), as revised by Raschke",
    ),
    entry("donchian_upper", "ts_max(high, 20)", "highest high of 20 bars, this one included", "Donchian"),
    entry("donchian_middle", "(ts_max(high, 20) + ts_min(low, 20)) / 2", "middle of the channel", "Donchian"),
    entry("donchian_lower", "ts_min(low, 20)", "lowest low of 20 bars", "Donchian"),
    entry(
        "super_trend",
        "super_trend((high + low) / 2 + 3 * wilder_seeded(max(high, delay(close, 1)) - min(low, delay(close, 1)), 10), (high + low) / 2 - 3 * wilder_seeded(max(high, delay(close, 1)) - min(low, delay(close, 1)), 10), close)",
        "bands of 3 average true ranges of 10 bars",
        "Seban",
    ),
    entry(
        "super_trend_side",
        "where(close > super_trend((high + low) / 2 + 3 * wilder_seeded(max(high, delay(close, 1)) - min(low, delay(close, 1)), 10), (high + low) / 2 - 3 * wilder_seeded(max(high, delay(close, 1)) - min(low, delay(close, 1)), 10), close), 1, -1)",
        "1 above the trend line, -1 below",
        "Seban",
    ),
    entry(
        "heikin_ashi_open",
        "ewma(where(cumsum((open + high + low + close) / 4 == (open + high + low + close) / 4) == 1, (open + close) / 2, delay((open + high + low + close) / 4, 1)), 0.5)",
        "middle of the previous averaged body; of the first bar at the start",
        "Valcu (2004), Using the Heikin-Ashi Technique",
    ),
    entry(
        "heikin_ashi_high",
        "max(high, max(ewma(where(cumsum((open + high + low + close) / 4 == (open + high + low + close) / 4) == 1, (open + close) / 2, delay((open + high + low + close) / 4, 1)), 0.5), (open + high + low + close) / 4))",
        "highest of high and averaged body",
        "Valcu (2004), Using the Heikin-Ashi Technique",
    ),
    entry(
        "heikin_ashi_low",
        "min(low, min(ewma(where(cumsum((open + high + low + close) / 4 == (open + high + low + close) / 4) == 1, (open + close) / 2, delay((open + high + low + close) / 4, 1)), 0.5), (open + high + low + close) / 4))",
        "lowest of low and averaged body",
        "Valcu (2004), Using the Heikin-Ashi Technique",
    ),
    entry(
        "heikin_ashi_close",
        "(open + high + low + close) / 4",
        "mean of the four prices",
        "Valcu (2004), Using the Heikin-Ashi Technique",
    ),
    entry(
        "vwap_20",
        "ts_sum(((high + low + close) / 3) * volume, 20) / ts_sum(volume, 20)",
        "volume-weighted mean of the typical price, 20 bars",
        "charting platforms' VWAP with bands, over a window of 20 bars",
    ),
    entry(
        "vwap_20_upper",
        "ts_sum(((high + low + close) / 3) * volume, 20) / ts_sum(volume, 20) + 2 * sqrt(max(ts_sum((((high + low + close) / 3) - first((high + low + close) / 3)) ^ 2 * volume, 20) / ts_sum(volume, 20) - (ts_sum((((high + low + close) / 3) - first((high + low + close) / 3)) * volume, 20) / ts_sum(volume, 20)) ^ 2, 0))",
        "two volume-weighted deviations above",
        "charting platforms' VWAP with bands, over a window of 20 bars",
    ),
    entry(
        "vwap_20_lower",
        "ts_sum(((high + low + close) / 3) * volume, 20) / ts_sum(volume, 20) - 2 * sqrt(max(ts_sum((((high + low + close) / 3) - first((high + low + close) / 3)) ^ 2 * volume, 20) / ts_sum(volume, 20) - (ts_sum((((high + low + close) / 3) - first((high + low + close) / 3)) * volume, 20) / ts_sum(volume, 20)) ^ 2, 0))",
        "two volume-weighted deviations below",
        "charting platforms' VWAP with bands, over a window of 20 bars",
    ),
];
