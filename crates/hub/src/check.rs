//! Rules of rows that tables of the hub obey, checked before they are published and after they are read.

use crosscut_model::format_iso;

/// A broken rule: the row (from 0) and what is wrong there.
pub(crate) struct Broken {
    /// Row number from 0.
    pub(crate) row: usize,
    /// The rule and the values seen.
    pub(crate) message: String,
}

impl Broken {
    /// The same rule, broken by the first row of a batch against the batch before it.
    pub(crate) fn at_first(self) -> Self {
        Self { row: 0, ..self }
    }
}

/// Times must strictly increase.
pub(crate) fn increasing(what: &str, times: &[i64]) -> Result<(), Broken> {
    match first_pair(times, 1) {
        None => Ok(()),
        Some(at) => {
            Err(Broken { row: at + 1, message: out_of_order(what, times[at], times[at + 1], "strictly after") })
        }
    }
}

/// Times must not decrease.
pub(crate) fn not_decreasing(what: &str, times: &[i64]) -> Result<(), Broken> {
    match first_pair(times, 0) {
        None => Ok(()),
        Some(at) => Err(Broken { row: at + 1, message: out_of_order(what, times[at], times[at + 1], "not before") }),
    }
}

/// Trade ids must strictly increase.
pub(crate) fn increasing_ids(ids: &[i64]) -> Result<(), Broken> {
    match first_pair(ids, 1) {
        None => Ok(()),
        Some(at) => Err(Broken {
            row: at + 1,
            message: format!("trade_id is {}, expected above {} of the row before", ids[at + 1], ids[at]),
        }),
    }
}

/// Position of the first pair of neighbours that differ by less than `step` (0 or 1).
fn first_pair(values: &[i64], step: i64) -> Option<usize> {
    // Times and ids are far from the ends of the range, so a difference that is too small has its sign bit set: all
    // sign bits are gathered at memory speed, and only a set one starts the exact search.
    let far = |v: i64| v ^ (v << 1);
    let last = values.last().map_or(0, |v| far(*v));
    let signs = values
        .windows(2)
        .fold(last, |signs, pair| signs | far(pair[0]) | pair[1].wrapping_sub(pair[0]).wrapping_sub(step));
    if signs >= 0 {
        return None;
    }
    values.windows(2).position(|pair| pair[1].checked_sub(pair[0]).map_or(pair[1] < pair[0], |by| by < step))
}

/// Keys `(available_at, bar_seq)` must strictly increase.
pub(crate) fn increasing_events(available_at: &[i64], bar_seq: &[i64]) -> Result<(), Broken> {
    let key = |row: usize| (available_at[row], bar_seq[row]);
    match (1..available_at.len()).find(|&row| key(row - 1) >= key(row)) {
        None => Ok(()),
        Some(row) => Err(Broken {
            row,
            message: format!(
                "(available_at, bar_seq) is ({}, {}), expected after ({}, {}) of the row before",
                format_iso(available_at[row]),
                bar_seq[row],
                format_iso(available_at[row - 1]),
                bar_seq[row - 1]
            ),
        }),
    }
}

/// The keys of bars or factor rows: bars of one length have labels of their own; event bars, which have a `sequence`,
/// may share times.
pub(crate) fn keys(timestamp: &[i64], available_at: &[i64], sequence: Option<&[i64]>) -> Result<(), Broken> {
    match sequence {
        None => increasing("timestamp", timestamp)?,
        Some(sequence) => {
            not_decreasing("timestamp", timestamp)?;
            increasing_events(available_at, sequence)?;
        }
    }
    not_decreasing("available_at", available_at)?;
    known_after(timestamp, available_at, sequence.is_none())
}

/// A bar or factor row is known at its close: not before its label, and for time bars strictly after it.
pub(crate) fn known_after(timestamp: &[i64], available_at: &[i64], strictly: bool) -> Result<(), Broken> {
    let early = |(label, known): (&i64, &i64)| known < label || (strictly && known == label);
    match timestamp.iter().zip(available_at).position(early) {
        None => Ok(()),
        Some(row) => Err(Broken {
            row,
            message: format!(
                "available_at is {}, expected after the bar's open {}",
                format_iso(available_at[row]),
                format_iso(timestamp[row])
            ),
        }),
    }
}

/// Prices and quantities must be positive and finite.
pub(crate) fn positive(what: &str, values: &[f64]) -> Result<(), Broken> {
    // The bits of positive finite numbers, read as integers, are those from 1 to below infinity's. Gathering the sign
    // bits of the differences runs at memory speed, which a branch or a comparison per value does not.
    let infinity = f64::INFINITY.to_bits().cast_signed();
    let signs = values.iter().fold(0, |signs, value| {
        let bits = value.to_bits().cast_signed();
        signs | bits | bits.wrapping_sub(1) | (infinity - 1).wrapping_sub(bits)
    });
    if signs >= 0 {
        return Ok(());
    }
    let bad = |v: &f64| !(*v > 0.0 && v.is_finite());
    match values.iter().position(bad) {
        None => Ok(()),
        Some(row) => Err(Broken { row, message: format!("{what} is {}, expected positive and finite", values[row]) }),
    }
}

/// Numbers must be finite and not negative, or missing.
pub(crate) fn amount(what: &str, values: &[f64]) -> Result<(), Broken> {
    match values.iter().position(|v| v.is_infinite() || *v < 0.0) {
        None => Ok(()),
        Some(row) => Err(Broken { row, message: format!("{what} is {}, expected a finite amount", values[row]) }),
    }
}

/// The message for two times in the wrong order.
fn out_of_order(what: &str, before: i64, here: i64, expected: &str) -> String {
    let (before, here) = (format_iso(before), format_iso(here));
    format!("{what} is {here}, expected {expected} {before} of the row before")
}

#[cfg(test)]
mod tests;
