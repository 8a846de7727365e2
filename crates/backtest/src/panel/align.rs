//! Bars and factor rows of one symbol brought together by label.

use crosscut_model::{Table, format_iso};

use crate::config::Align;
use crate::error::BacktestError;

/// What joining two tables gave.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// Rows of the bar table that stay, ascending; `None`: all of them.
    pub(super) bars: Option<Vec<usize>>,
    /// The factor columns on those rows; NaN where there is none.
    pub(super) factors: Vec<Vec<f64>>,
    /// The flag on those rows.
    pub(super) tradable: Vec<bool>,
    /// What was removed or filled.
    pub(super) counts: JoinCounts,
}

/// What joining removed or filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct JoinCounts {
    /// Bars without a factor row.
    pub(super) bars_without_factor: u64,
    /// Factor rows without a bar.
    pub(super) factors_without_bar: u64,
    /// Bars that took an earlier factor row.
    pub(super) forward_filled: u64,
}

/// The columns of a factor table.
pub(super) struct FactorRows<'a> {
    /// Labels.
    pub(super) timestamps: &'a [i64],
    /// The columns that are read.
    pub(super) values: Vec<&'a [f64]>,
    /// Whether the bar could be traded.
    pub(super) tradable: &'a [bool],
}

/// Joins by `align`; `Ok(None)` when the symbol is to be left out of the run.
///
/// # Errors
/// [`BacktestError::Disagree`] when both tables have rows but share no label.
pub(super) fn join(
    symbol: &str,
    bars: &[i64],
    rows: FactorRows<'_>,
    align: Align,
) -> Result<Option<Joined>, BacktestError> {
    if bars == rows.timestamps {
        let factors = rows.values.iter().map(|column| column.to_vec()).collect();
        let tradable = rows.tradable.to_vec();
        return Ok(Some(Joined { bars: None, factors, tradable, counts: JoinCounts::default() }));
    }
    let places = places(bars, rows.timestamps);
    let n_shared = places.iter().flatten().count();
    if n_shared == 0 && !bars.is_empty() && !rows.timestamps.is_empty() {
        return Err(no_shared_label(symbol, bars, rows.timestamps));
    }
    let counts = JoinCounts {
        bars_without_factor: (bars.len() - n_shared) as u64,
        factors_without_bar: (rows.timestamps.len() - n_shared) as u64,
        forward_filled: 0,
    };
    Ok(match align {
        Align::Drop => None,
        Align::Intersect => Some(intersect(&places, &rows, counts)),
        Align::ForwardFill(most) => Some(forward_fill(&places, &rows, counts, most)),
    })
}

/// For each bar the row with its label.
fn places(bars: &[i64], labels: &[i64]) -> Vec<Option<usize>> {
    let mut at = 0;
    bars.iter()
        .map(|&bar| {
            while labels.get(at).is_some_and(|&label| label < bar) {
                at += 1;
            }
            labels.get(at).filter(|&&label| label == bar).map(|_| at)
        })
        .collect()
}

/// Only bars that have a row.
fn intersect(places: &[Option<usize>], rows: &FactorRows<'_>, counts: JoinCounts) -> Joined {
    let shared = || places.iter().flatten().copied();
    Joined {
        bars: Some(places.iter().enumerate().filter_map(|(bar, place)| place.map(|_| bar)).collect()),
        factors: rows.values.iter().map(|column| shared().map(|row| column[row]).collect()).collect(),
        tradable: shared().map(|row| rows.tradable[row]).collect(),
        counts,
    }
}

/// All bars; those without a row take the last one, at most `most` bars old.
fn forward_fill(places: &[Option<usize>], rows: &FactorRows<'_>, mut counts: JoinCounts, most: usize) -> Joined {
    let mut joined = Joined { factors: vec![Vec::with_capacity(places.len()); rows.values.len()], ..Joined::default() };
    let mut last: Option<(usize, usize)> = None;
    for (bar, place) in places.iter().enumerate() {
        if let Some(row) = place {
            last = Some((bar, *row));
        }
        let row = last.filter(|(from, _)| bar - from <= most).map(|(_, row)| row);
        if place.is_none() && row.is_some() {
            counts.forward_filled += 1;
        }
        for (out, column) in joined.factors.iter_mut().zip(&rows.values) {
            out.push(row.map_or(f64::NAN, |row| column[row]));
        }
        joined.tradable.push(row.is_some_and(|row| rows.tradable[row]));
    }
    joined.counts = counts;
    joined
}

/// The error for tables that have nothing in common.
fn no_shared_label(symbol: &str, bars: &[i64], rows: &[i64]) -> BacktestError {
    let span = |labels: &[i64]| match (labels.first(), labels.last()) {
        (Some(&first), Some(&last)) => format!("{} to {}", format_iso(first), format_iso(last)),
        _ => "nothing".to_owned(),
    };
    BacktestError::Disagree {
        symbol: symbol.to_owned(),
        problem: format!(
            "they share no timestamp (bars from {}, factors from {})\nhint: run the factor set again on these bars",
            span(bars),
            span(rows)
        ),
    }
}

/// The values of `column` in the rows that stay; a column that was not read stays empty.
pub(super) fn keep<T: Copy>(column: Vec<T>, rows: Option<&[usize]>) -> Vec<T> {
    match rows {
        Some(rows) if !column.is_empty() => rows.iter().map(|&row| column[row]).collect(),
        _ => column,
    }
}

/// Takes a numeric column out of a table the hub has checked.
pub(super) fn take(table: &mut Table, column: &str) -> Vec<f64> {
    table.take_f64(column).unwrap_or_default()
}
