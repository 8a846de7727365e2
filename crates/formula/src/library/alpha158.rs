//! The 158 features of qlib's Alpha158, in its words and its order. Names are in lower case. Windows need all their rows,
//! where qlib takes the rows there are; that is the only difference, and it ends with the 61st bar of a symbol.

use super::{Entry, Family, Section};

/// The family.
pub(super) const FAMILY: Family = Family {
    name: "alpha158",
    summary: "the 158 features of qlib's Alpha158",
    windows: &[5, 10, 20, 30, 60],
    windows_are_free: true,
    sections: &[Section { is_windowed: false, entries: SINGLE }, Section { is_windowed: true, entries: WINDOWED }],
    window_by_window: false,
};

/// A feature.
const fn entry(name: &'static str, formula: &'static str, notes: &'static str) -> Entry {
    Entry { name, formula, notes, source: "qlib, contrib/data/loader.py, Alpha158DL" }
}

/// Shape of the bar, and prices over the close.
const SINGLE: &[Entry] = &[
    entry("kmid", "($close - $open) / $open", "body over the open"),
    entry("klen", "($high - $low) / $open", "range over the open"),
    entry("kmid2", "($close - $open) / ($high - $low + 1e-12)", "body over the range"),
    entry("kup", "($high - Greater($open, $close)) / $open", "upper shadow over the open"),
    entry("kup2", "($high - Greater($open, $close)) / ($high - $low + 1e-12)", "upper shadow over the range"),
    entry("klow", "(Less($open, $close) - $low) / $open", "lower shadow over the open"),
    entry("klow2", "(Less($open, $close) - $low) / ($high - $low + 1e-12)", "lower shadow over the range"),
    entry(
        "ksft",
        "(2 * $close - $high - $low) / $open",
        "twice the distance of the close from the middle, over the open",
    ),
    entry("ksft2", "(2 * $close - $high - $low) / ($high - $low + 1e-12)", "the same over the range"),
    entry("open0", "$open / $close", "open over the close"),
    entry("high0", "$high / $close", "high over the close"),
    entry("low0", "$low / $close", "low over the close"),
    entry("vwap0", "$vwap / $close", "mean price over the close"),
];

/// Features with a window.
const WINDOWED: &[Entry] = &[
    entry("roc{w}", "Ref($close, {w}) / $close", "price some bars before over the close"),
    entry("ma{w}", "Mean($close, {w}) / $close", "moving average over the close"),
    entry("std{w}", "Std($close, {w}) / $close", "deviation of closes over the close"),
    entry("beta{w}", "Slope($close, {w}) / $close", "slope of the closes over the close"),
    entry("rsqr{w}", "Rsquare($close, {w})", "share of the variance a line explains"),
    entry("resi{w}", "Resi($close, {w}) / $close", "distance from the line over the close"),
    entry("max{w}", "Max($high, {w}) / $close", "highest high over the close"),
    entry("min{w}", "Min($low, {w}) / $close", "lowest low over the close"),
    entry("qtlu{w}", "Quantile($close, {w}, 0.8) / $close", "80 % quantile over the close"),
    entry("qtld{w}", "Quantile($close, {w}, 0.2) / $close", "20 % quantile over the close"),
    entry("rank{w}", "Rank($close, {w})", "rank of the close in the window"),
    entry(
        "rsv{w}",
        "($close - Min($low, {w})) / (Max($high, {w}) - Min($low, {w}) + 1e-12)",
        "place of the close in the range",
    ),
    entry("imax{w}", "IdxMax($high, {w}) / {w}", "position of the highest high"),
    entry("imin{w}", "IdxMin($low, {w}) / {w}", "position of the lowest low"),
    entry("imxd{w}", "(IdxMax($high, {w}) - IdxMin($low, {w})) / {w}", "distance of the two positions"),
    entry("corr{w}", "Corr($close, Log($volume + 1), {w})", "correlation of close and log volume"),
    entry(
        "cord{w}",
        "Corr($close / Ref($close, 1), Log($volume / Ref($volume, 1) + 1), {w})",
        "correlation of price ratio and log volume ratio",
    ),
    entry("cntp{w}", "Mean($close > Ref($close, 1), {w})", "share of rising bars"),
    entry("cntn{w}", "Mean($close < Ref($close, 1), {w})", "share of falling bars"),
    entry(
        "cntd{w}",
        "Mean($close > Ref($close, 1), {w}) - Mean($close < Ref($close, 1), {w})",
        "difference of the two shares",
    ),
    entry(
        "sump{w}",
        "Sum(Greater($close - Ref($close, 1), 0), {w}) / (Sum(Abs($close - Ref($close, 1)), {w}) + 1e-12)",
        "gains over all moves",
    ),
    entry(
        "sumn{w}",
        "Sum(Greater(Ref($close, 1) - $close, 0), {w}) / (Sum(Abs($close - Ref($close, 1)), {w}) + 1e-12)",
        "losses over all moves",
    ),
    entry(
        "sumd{w}",
        "(Sum(Greater($close - Ref($close, 1), 0), {w}) - Sum(Greater(Ref($close, 1) - $close, 0), {w})) / (Sum(Abs($close - Ref($close, 1)), {w}) + 1e-12)",
        "gains minus losses over all moves",
    ),
    entry("vma{w}", "Mean($volume, {w}) / ($volume + 1e-12)", "mean volume over the volume"),
    entry("vstd{w}", "Std($volume, {w}) / ($volume + 1e-12)", "deviation of volume over the volume"),
    entry(
        "wvma{w}",
        "Std(Abs($close / Ref($close, 1) - 1) * $volume, {w}) / (Mean(Abs($close / Ref($close, 1) - 1) * $volume, {w}) + 1e-12)",
        "variation of the volume-weighted move",
    ),
    entry(
        "vsump{w}",
        "Sum(Greater($volume - Ref($volume, 1), 0), {w}) / (Sum(Abs($volume - Ref($volume, 1)), {w}) + 1e-12)",
        "volume gains over all changes",
    ),
    entry(
        "vsumn{w}",
        "Sum(Greater(Ref($volume, 1) - $volume, 0), {w}) / (Sum(Abs($volume - Ref($volume, 1)), {w}) + 1e-12)",
        "volume losses over all changes",
    ),
    entry(
        "vsumd{w}",
        "(Sum(Greater($volume - Ref($volume, 1), 0), {w}) - Sum(Greater(Ref($volume, 1) - $volume, 0), {w})) / (Sum(Abs($volume - Ref($volume, 1)), {w}) + 1e-12)",
        "gains minus losses over all volume changes",
    ),
];
