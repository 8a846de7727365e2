//! Factors that begin anew with each UTC day. They need the column `timestamp` beside the bars: microseconds since the
//! epoch.

use super::{Entry, Family, Section};

/// The family.
pub(super) const FAMILY: Family = Family {
    name: "sessions",
    summary: "VWAP bands, return, range and volume since the UTC day began",
    windows: &[],
    windows_are_free: false,
    sections: &[Section { is_windowed: false, entries: SESSIONS }],
    window_by_window: false,
};

/// Where the formulas come from.
const SOURCE: &str = "charting platforms' VWAP with bands, and plain arithmetic, anchored to the UTC day";

/// An entry.
const fn entry(name: &'static str, formula: &'static str, notes: &'static str) -> Entry {
    Entry { name, formula, notes, source: SOURCE }
}

/// The factors.
const SESSIONS: &[Entry] = &[
    entry(
        "session_vwap",
        "session_sum(((high + low + close) / 3) * volume, utc_day(timestamp)) / session_sum(volume, utc_day(timestamp))",
        "volume-weighted mean of the typical price since the day began",
    ),
    entry(
        "session_vwap_upper",
        "session_sum(((high + low + close) / 3) * volume, utc_day(timestamp)) / session_sum(volume, utc_day(timestamp)) + 2 * sqrt(max(session_sum((((high + low + close) / 3) - session_first((high + low + close) / 3, utc_day(timestamp))) ^ 2 * volume, utc_day(timestamp)) / session_sum(volume, utc_day(timestamp)) - (session_sum((((high + low + close) / 3) - session_first((high + low + close) / 3, utc_day(timestamp))) * volume, utc_day(timestamp)) / session_sum(volume, utc_day(timestamp))) ^ 2, 0))",
        "two volume-weighted deviations above",
    ),
    entry(
        "session_vwap_lower",
        "session_sum(((high + low + close) / 3) * volume, utc_day(timestamp)) / session_sum(volume, utc_day(timestamp)) - 2 * sqrt(max(session_sum((((high + low + close) / 3) - session_first((high + low + close) / 3, utc_day(timestamp))) ^ 2 * volume, utc_day(timestamp)) / session_sum(volume, utc_day(timestamp)) - (session_sum((((high + low + close) / 3) - session_first((high + low + close) / 3, utc_day(timestamp))) * volume, utc_day(timestamp)) / session_sum(volume, utc_day(timestamp))) ^ 2, 0))",
        "two volume-weighted deviations below",
    ),
    entry(
        "session_return",
        "close / session_first(open, utc_day(timestamp)) - 1",
        "return since the first open of the day",
    ),
    entry(
        "session_range_place",
        "(close - session_min(low, utc_day(timestamp))) / (session_max(high, utc_day(timestamp)) - session_min(low, utc_day(timestamp)))",
        "place of the close in the day's range so far; missing without a range",
    ),
    entry("session_volume", "session_sum(volume, utc_day(timestamp))", "volume since the day began, in base units"),
];
