//! Raw rows into bars: the length of the bars is found or checked, every row is checked, what can be derived is derived.

use std::collections::BTreeMap;

use crosscut_model::bar::BAR_COLUMNS;
use crosscut_model::time::{DAY, HOUR, civil};
use crosscut_model::{Bars, Timeframe, format_iso};

use crate::error::Fault;

use super::Flavour;
use super::read::RawBars;

/// The reason for refusing bars whose length nothing says.
pub const NO_TIMEFRAME: &str = "nothing tells how long its bars are";

/// Rows from which on it is trusted that some two of them are neighbours.
const MANY_ROWS: usize = 10;

/// The length of the bars, and what said so.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FoundTimeframe {
    /// The length.
    pub timeframe: Timeframe,
    /// What said so, in words.
    pub said_by: &'static str,
}

/// Settles the length of the bars: the option, else the name, else the commonest spacing of the rows.
///
/// # Errors
/// When two of them contradict one another, or nothing tells.
pub(crate) fn find_timeframe(
    raw: &RawBars,
    groups: &[Vec<usize>],
    option: Option<Timeframe>,
    named: Option<Timeframe>,
) -> Result<FoundTimeframe, Fault> {
    if let (Some(option), Some(named)) = (option, named)
        && option != named
    {
        return Err(Fault::file(format!("--timeframe says {option}, the file's name or folder says {named}"))
            .hint("drop the option, or rename the file"));
    }
    let spacings = spacings(raw, groups);
    let (timeframe, said_by) = match (option, named) {
        (Some(timeframe), _) => (timeframe, "--timeframe"),
        (None, Some(timeframe)) => (timeframe, "name"),
        (None, None) => {
            let common = commonest(raw, groups, &spacings)
                .ok_or_else(|| Fault::file(NO_TIMEFRAME).hint("give --timeframe, such as --timeframe 1h"))?;
            return Ok(FoundTimeframe { timeframe: common, said_by: "commonest spacing of the rows" });
        }
    };
    let n_spacings: usize = spacings.values().sum();
    if let (Some(closest), Some(length)) = (spacings.keys().next(), timeframe.micros())
        && n_spacings >= MANY_ROWS
        && *closest > length
    {
        let seen = Timeframe::from_micros(*closest).map_or_else(|| format!("{closest} us"), |frame| frame.to_string());
        return Err(Fault::file(format!(
            "{said_by} says {timeframe} bars, but no two of its rows are closer than {seen}"
        ))
        .hint(format!("give --timeframe {seen} if that is what they are")));
    }
    Ok(FoundTimeframe { timeframe, said_by })
}

/// How often each positive distance between neighbouring rows of a symbol occurs, microseconds.
fn spacings(raw: &RawBars, groups: &[Vec<usize>]) -> BTreeMap<i64, usize> {
    let mut counts = BTreeMap::new();
    for rows in groups {
        for pair in rows.windows(2) {
            let gap = raw.open_time[pair[1]] - raw.open_time[pair[0]];
            if gap > 0 {
                *counts.entry(gap).or_insert(0) += 1;
            }
        }
    }
    counts
}

/// The timeframe of the commonest spacing; the shorter one of two equally common ones.
fn commonest(raw: &RawBars, groups: &[Vec<usize>], spacings: &BTreeMap<i64, usize>) -> Option<Timeframe> {
    let (gap, _) = spacings.iter().max_by_key(|(gap, count)| (**count, -**gap))?;
    let month_start = |row: &usize| {
        let date = civil(raw.open_time[*row]);
        date.day == 1 && date.micros_of_day == 0
    };
    if (28 * DAY..=31 * DAY).contains(gap) && groups.iter().flatten().all(month_start) {
        return "1M".parse().ok();
    }
    Timeframe::from_micros(*gap)
}

/// The rules a symbol's bars are checked by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BarRules {
    /// Length of the bars.
    pub timeframe: Timeframe,
    /// What their prices are prices of.
    pub flavour: Flavour,
    /// The day or month the file is named for, microseconds UTC: from (inclusive) and until (exclusive).
    pub period: Option<(i64, i64)>,
}

/// The bars of one symbol.
///
/// # Errors
/// The first row that breaks a rule.
pub(crate) fn build(raw: &RawBars, rows: &[usize], rules: &BarRules) -> Result<Bars, Fault> {
    let mut bars = Bars::default();
    // Order first: rows out of order are why a file's own spacing would be misread.
    rows.windows(2).try_for_each(|pair| check_order(raw, pair[0], pair[1]))?;
    for &row in rows {
        check_times(raw, row, rules)?;
        bars.timestamp.push(raw.open_time[row]);
        bars.available_at.push(rules.timeframe.next(raw.open_time[row]));
    }
    let given: Vec<usize> = raw.columns.iter().map(|(at, _)| *at).collect();
    for (at, column) in bars.columns_mut().into_iter().enumerate() {
        // Nothing trades at a mark price or an index: the other columns of such files hold zeros that mean nothing.
        let kept = at < 4 || rules.flavour == Flavour::Traded;
        *column = match raw.columns.iter().find(|(place, _)| *place == at && kept) {
            Some((_, values)) => rows.iter().map(|&row| values[row]).collect(),
            None => vec![f64::NAN; rows.len()],
        };
    }
    for (at, &row) in rows.iter().enumerate() {
        check_values(&bars, at, rules.flavour).map_err(|reason| Fault::row(raw.row_number(row), reason))?;
    }
    derive(&mut bars, &given);
    for (name, values) in &raw.extra {
        bars.extra.push((name.clone(), rows.iter().map(|&row| values[row]).collect()));
    }
    Ok(bars)
}

/// Labels must increase from one row of a symbol to its next.
fn check_order(raw: &RawBars, before: usize, row: usize) -> Result<(), Fault> {
    let (then, now) = (raw.open_time[before], raw.open_time[row]);
    if then < now {
        return Ok(());
    }
    let (at, earlier, number) = (format_iso(now), format_iso(then), raw.row_number(before));
    let reason = if then == now {
        format!("open time {at} repeats that of row {number}; expected one row per bar")
    } else {
        format!("open time {at} comes after {earlier} of row {number}; expected rows in time order")
    };
    Err(Fault::row(raw.row_number(row), reason))
}

/// Labels must lie on the grid and in the named period; closes must belong to their labels.
fn check_times(raw: &RawBars, row: usize, rules: &BarRules) -> Result<(), Fault> {
    let fault = |reason: String| Err(Fault::row(raw.row_number(row), reason));
    let (frame, time) = (rules.timeframe, raw.open_time[row]);
    if frame.floor(time) != time {
        let (shown, floor) = (format_iso(time), format_iso(frame.floor(time)));
        let reason = format!("open time {shown} is not the start of a {frame} bar; the nearest before it is {floor}");
        let fault = Fault::row(raw.row_number(row), reason);
        let is_day = frame.micros().is_none_or(|micros| micros >= DAY) && time % HOUR == 0;
        // A day that begins at a full hour may be one of an exchange's clock.
        return Err(if is_day {
            fault.hint("days of another zone are taken with --zone, such as America/New_York")
        } else {
            fault
        });
    }
    if let Some((from, until)) = rules.period.filter(|(from, until)| time < *from || time >= *until) {
        let (from, until) = (format_iso(from), format_iso(until));
        return fault(format!(
            "open time {} lies outside of what the file is named for, {from} to {until}",
            format_iso(time)
        ));
    }
    if let Some(&close) = raw.close_time.get(row).filter(|close| **close < time || **close > frame.next(time)) {
        return fault(format!(
            "close time {} does not belong to the {frame} bar of {}",
            format_iso(close),
            format_iso(time)
        ));
    }
    Ok(())
}

/// Prices must be positive and within the bar's range, sums must not be negative.
fn check_values(bars: &Bars, at: usize, flavour: Flavour) -> Result<(), String> {
    let (open, high, low, close) = (bars.open[at], bars.high[at], bars.low[at], bars.close[at]);
    for (name, price) in [("open", open), ("high", high), ("low", low), ("close", close)] {
        let expected = if flavour == Flavour::Premium { "a finite number" } else { "a positive number" };
        if price.is_nan() {
            return Err(format!("{name} is missing; expected {expected}"));
        }
        if !price.is_finite() || (price <= 0.0 && flavour != Flavour::Premium) {
            return Err(format!("{name} is {price}; expected {expected}"));
        }
    }
    if high < low {
        return Err(format!("high {high} is below low {low}"));
    }
    for (name, price) in [("open", open), ("close", close)] {
        if price > high || price < low {
            return Err(format!("{name} {price} lies outside of the bar's range, low {low} to high {high}"));
        }
    }
    for (name, values) in BAR_COLUMNS.iter().zip(bars.columns()).skip(4) {
        let value = values[at];
        if value.is_infinite() || value < 0.0 {
            return Err(format!("{name} is {value}; expected a number of at least 0"));
        }
    }
    let (volume, bought) = (bars.volume[at], bars.buy_volume[at]);
    // Sums of decimals in floating point may differ in the last places.
    if bought > volume * (1.0 + 1e-9) {
        return Err(format!("buy_volume {bought} is greater than volume {volume}"));
    }
    Ok(())
}

/// Fills the columns that follow from others and were not given.
fn derive(bars: &mut Bars, given: &[usize]) {
    let has = |name: &str| BAR_COLUMNS.iter().position(|column| *column == name).is_some_and(|at| given.contains(&at));
    let (sold, vwap) = (!has("sell_volume"), !has("vwap"));
    for at in 0..bars.len() {
        if sold {
            bars.sell_volume[at] = bars.volume[at] - bars.buy_volume[at];
        }
        if vwap && bars.volume[at] > 0.0 {
            bars.vwap[at] = bars.dollar_volume[at] / bars.volume[at];
        }
    }
}

/// Two bars of one symbol and time that differ.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BarConflict {
    /// Row of the bars that are there.
    pub there: usize,
    /// Row of the bars to be added.
    pub added: usize,
}

/// Merges two sets of bars by label. Equal bars are taken once.
///
/// # Errors
/// The first label whose bars differ in some column.
pub(crate) fn merge(there: &Bars, added: &Bars) -> Result<Bars, BarConflict> {
    let extras = |bars: &Bars| bars.extra.iter().map(|(name, _)| name.clone()).collect::<Vec<String>>();
    if there.timestamp.last() < added.timestamp.first() && (there.is_empty() || extras(there) == extras(added)) {
        return Ok(append(there, added));
    }
    let mut names: Vec<&str> = there.extra.iter().map(|(name, _)| name.as_str()).collect();
    names.extend(added.extra.iter().map(|(name, _)| name.as_str()).filter(|name| there.column(name).is_none()));
    let mut out =
        Bars { extra: names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect(), ..Bars::default() };
    let (mut i, mut j) = (0, 0);
    while i < there.len() || j < added.len() {
        let left = there.timestamp.get(i).copied().unwrap_or(i64::MAX);
        let right = added.timestamp.get(j).copied().unwrap_or(i64::MAX);
        if left == right && !same(there, i, added, j, &names) {
            return Err(BarConflict { there: i, added: j });
        }
        if left <= right {
            push(&mut out, there, i)
        } else {
            push(&mut out, added, j)
        }
        i += usize::from(left <= right);
        j += usize::from(right <= left);
    }
    Ok(out)
}

/// The bars of both, when those to be added all come later and have the same columns.
fn append(there: &Bars, added: &Bars) -> Bars {
    if there.is_empty() {
        return added.clone();
    }
    let mut out = there.clone();
    out.timestamp.extend_from_slice(&added.timestamp);
    out.available_at.extend_from_slice(&added.available_at);
    for (to, from) in out.columns_mut().into_iter().zip(added.columns()) {
        to.extend_from_slice(from);
    }
    for ((_, to), (_, from)) in out.extra.iter_mut().zip(&added.extra) {
        to.extend_from_slice(from);
    }
    out
}

/// A number of an extra column; NaN where the bars do not have it.
fn extra(bars: &Bars, name: &str, at: usize) -> f64 {
    bars.column(name).map_or(f64::NAN, |values| values[at])
}

/// Whether two bars are equal in every column; missing equals missing.
fn same(a: &Bars, i: usize, b: &Bars, j: usize, extras: &[&str]) -> bool {
    let equal = |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan());
    a.available_at[i] == b.available_at[j]
        && a.columns().into_iter().zip(b.columns()).all(|(x, y)| equal(x[i], y[j]))
        && extras.iter().all(|name| equal(extra(a, name, i), extra(b, name, j)))
}

/// Appends one bar.
fn push(out: &mut Bars, from: &Bars, at: usize) {
    out.timestamp.push(from.timestamp[at]);
    out.available_at.push(from.available_at[at]);
    for (to, column) in out.columns_mut().into_iter().zip(from.columns()) {
        to.push(column[at]);
    }
    let mut extras = std::mem::take(&mut out.extra);
    for (name, values) in &mut extras {
        values.push(extra(from, name, at));
    }
    out.extra = extras;
}

/// The columns in which two bars differ, in words.
pub(crate) fn difference(there: &Bars, added: &Bars, conflict: &BarConflict) -> (String, String) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let extras = there.extra.iter().chain(&added.extra).map(|(name, _)| name.as_str());
    let mut names: Vec<&str> = BAR_COLUMNS.into_iter().chain(extras).collect();
    names.dedup();
    for name in names {
        let (x, y) = (extra(there, name, conflict.there), extra(added, name, conflict.added));
        if x != y && !(x.is_nan() && y.is_nan()) {
            left.push(format!("{name} {x}"));
            right.push(format!("{name} {y}"));
        }
    }
    (left.join(", "), right.join(", "))
}

#[cfg(test)]
mod tests;
