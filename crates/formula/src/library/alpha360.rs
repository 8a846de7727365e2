//! The 360 features of qlib's Alpha360: prices and volume of the last 60 bars over the newest, in its order. Names are in
//! lower case; the number is the age in bars.

use super::{Entry, Family, Section};

/// The family.
pub(super) const FAMILY: Family = Family {
    name: "alpha360",
    summary: "the 360 features of qlib's Alpha360: prices and volumes of the last 60 bars over the newest",
    windows: &AGES,
    windows_are_free: false,
    sections: &[
        Section { is_windowed: true, entries: &[OLDER_CLOSE] },
        Section { is_windowed: false, entries: &[NEWEST_CLOSE] },
        Section { is_windowed: true, entries: &[OLDER_OPEN] },
        Section { is_windowed: false, entries: &[NEWEST_OPEN] },
        Section { is_windowed: true, entries: &[OLDER_HIGH] },
        Section { is_windowed: false, entries: &[NEWEST_HIGH] },
        Section { is_windowed: true, entries: &[OLDER_LOW] },
        Section { is_windowed: false, entries: &[NEWEST_LOW] },
        Section { is_windowed: true, entries: &[OLDER_VWAP] },
        Section { is_windowed: false, entries: &[NEWEST_VWAP] },
        Section { is_windowed: true, entries: &[OLDER_VOLUME] },
        Section { is_windowed: false, entries: &[NEWEST_VOLUME] },
    ],
    window_by_window: false,
};

/// Ages from 59 bars down to 1.
const AGES: [usize; 59] = {
    let mut ages = [0; 59];
    let mut at = 0;
    while at < 59 {
        ages[at] = 59 - at;
        at += 1;
    }
    ages
};

/// A feature.
const fn entry(name: &'static str, formula: &'static str, notes: &'static str) -> Entry {
    Entry { name, formula, notes, source: "qlib, contrib/data/loader.py, Alpha360DL" }
}

/// Older values of `close`.
const OLDER_CLOSE: Entry =
    entry("close{w}", "Ref($close, {w}) / $close", "close some bars before over the newest close");
/// The newest one.
const NEWEST_CLOSE: Entry = entry("close0", "$close / $close", "newest close over the newest close");
/// Older values of `open`.
const OLDER_OPEN: Entry = entry("open{w}", "Ref($open, {w}) / $close", "open some bars before over the newest close");
/// The newest one.
const NEWEST_OPEN: Entry = entry("open0", "$open / $close", "newest open over the newest close");
/// Older values of `high`.
const OLDER_HIGH: Entry = entry("high{w}", "Ref($high, {w}) / $close", "high some bars before over the newest close");
/// The newest one.
const NEWEST_HIGH: Entry = entry("high0", "$high / $close", "newest high over the newest close");
/// Older values of `low`.
const OLDER_LOW: Entry = entry("low{w}", "Ref($low, {w}) / $close", "low some bars before over the newest close");
/// The newest one.
const NEWEST_LOW: Entry = entry("low0", "$low / $close", "newest low over the newest close");
/// Older values of `vwap`.
const OLDER_VWAP: Entry = entry("vwap{w}", "Ref($vwap, {w}) / $close", "vwap some bars before over the newest close");
/// The newest one.
const NEWEST_VWAP: Entry = entry("vwap0", "$vwap / $close", "newest vwap over the newest close");
/// Older values of `volume`.
const OLDER_VOLUME: Entry =
    entry("volume{w}", "Ref($volume, {w}) / ($volume + 1e-12)", "volume some bars before over the newest");
/// The newest one.
const NEWEST_VOLUME: Entry = entry("volume0", "$volume / ($volume + 1e-12)", "newest volume over the newest");
