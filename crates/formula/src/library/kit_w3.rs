//! The 80 columns of the benchmark kit's workload W3 under its own names, window by window: hourly bars, so 8760
//! periods per year.

use super::{Entry, Family, Section};

/// The family.
pub(super) const FAMILY: Family = Family {
    name: "kit_w3",
    summary: "the 80 features of the benchmark kit's workload W3",
    windows: &[5, 10, 20, 60],
    windows_are_free: false,
    sections: &[Section { is_windowed: true, entries: WINDOWED }],
    window_by_window: true,
};

/// An entry; the kit is the source of all of them.
const fn entry(name: &'static str, formula: &'static str, notes: &'static str) -> Entry {
    Entry { name, formula, notes, source: "benchmark kit, w3_features.py" }
}

/// The kit's columns, in its order.
const WINDOWED: &[Entry] = &[
    entry("ret_{w}", "close / delay(close, {w}) - 1", "as return of the family features"),
    entry("logret_{w}", "log(close) - delay(log(close), {w})", "as log_return"),
    entry("vol_{w}", "ts_std(close / delay(close, 1) - 1, {w})", "as volatility"),
    entry("annvol_{w}", "ts_std(close / delay(close, 1) - 1, {w}) * sqrt(8760)", "as volatility_ann"),
    entry("parkinson_{w}", "sqrt(ts_mean(log(high / low) ^ 2, {w}) / (4 * log(2)))", "as parkinson"),
    entry("mom_{w}", "close - delay(close, {w})", "as momentum"),
    entry("sma_{w}", "ts_mean(close, {w})", "as sma"),
    entry("ema_{w}", "ema(close, {w})", "as ema"),
    entry("psma_{w}", "close / ts_mean(close, {w})", "as price_sma"),
    entry("bb_{w}", "(close - (ts_mean(close, {w}) - 2 * ts_std(close, {w}))) / (4 * ts_std(close, {w}))", "as bb_pos"),
    entry(
        "rsi_{w}",
        "100 * wilder(max(delta(close, 1), 0), {w}) / (wilder(max(delta(close, 1), 0), {w}) + wilder(max(-delta(close, 1), 0), {w}))",
        "as rsi",
    ),
    entry("vsma_{w}", "ts_mean(volume, {w})", "as volume_sma"),
    entry("vratio_{w}", "volume / ts_mean(volume, {w})", "as volume_ratio"),
    entry("dvsma_{w}", "ts_mean(dollar_volume, {w})", "as dollar_vol_sma"),
    entry("buyr_{w}", "ts_sum(buy_volume, {w}) / ts_sum(volume, {w})", "share of the window's volume bought by takers"),
    entry(
        "imb_{w}",
        "(ts_sum(buy_volume, {w}) - ts_sum(sell_volume, {w})) / (ts_sum(buy_volume, {w}) + ts_sum(sell_volume, {w}))",
        "signed order flow of the window",
    ),
    entry("upsma_{w}", "ts_mean(up_move_ratio, {w})", "as up_ratio_sma"),
    entry("revr_{w}", "ts_sum(reversals, {w}) / ts_sum(tick_count, {w})", "as reversal_rate"),
    entry("amihud_{w}", "1e6 * ts_mean(abs(close / delay(close, 1) - 1) / dollar_volume, {w})", "as amihud"),
    entry("vwapdev_{w}", "ts_mean(close / vwap - 1, {w})", "mean deviation of the close from the bar's mean price"),
];
