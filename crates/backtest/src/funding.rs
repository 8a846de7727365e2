//! Funding from the hub: a symbol's rows and mark prices to the payments of a run.

use crosscut_hub::{Hub, TableInfo, bar_table_path};
use crosscut_model::{Funding, Range};
use crosscut_trading::funding::{FundingPlan, FundingRow, Marks, plan};

use crate::config::FundingPlanned;
use crate::error::BacktestError;
use crate::panel::PanelInput;

/// A symbol whose funding is asked for, and the time in which it trades.
#[derive(Debug, Clone, Copy)]
pub struct FundedSymbol<'a> {
    /// Its venue.
    pub venue: &'a str,
    /// Its name.
    pub symbol: &'a str,
    /// Label of its first bar in the run, microseconds UTC.
    pub first: i64,
    /// When the last of its bars in the run could be known, microseconds UTC.
    pub until: i64,
    /// When its trading ended, if it did, microseconds UTC.
    pub delisted_at: Option<i64>,
}

/// The payments of a symbol and the tables they come from.
///
/// Rows that would be due while the symbol trades and are not in the table, be it that the table ends too early, are
/// missing rows and follow the policy. The mark price is the row's own where the venue tells it, else the close of the
/// last mark bar.
///
/// # Errors
/// [`BacktestError`] for a symbol without a funding table, for damaged tables, and for what is missing and has no policy.
pub fn payments(
    hub: &Hub,
    funded: FundedSymbol<'_>,
    planned: FundingPlanned,
) -> Result<(FundingPlan, Vec<PanelInput>), BacktestError> {
    let FundedSymbol { venue, symbol, .. } = funded;
    let info = hub.funding_info(venue, symbol)?;
    let mut inputs = vec![input(info)];
    let table = hub.read_funding(venue, symbol)?;
    let mut marks: Vec<(i64, f64)> = Vec::new();
    let bars = bar_table_path(venue, &planned.mark_bars, symbol)?;
    if hub.root().join(bars).exists() {
        let range = Range { start: Some(funded.first - planned.rules.mark_age_max), end: Some(funded.until) };
        let mut read = hub.read_bars(venue, &planned.mark_bars, symbol, &["close"], range)?;
        let (times, closes) = (read.take_i64("available_at"), read.take_f64("close"));
        marks.extend(times.unwrap_or_default().into_iter().zip(closes.unwrap_or_default()));
        inputs.push(input(hub.bar_info(venue, &planned.mark_bars, symbol)?));
    }
    let own = table.timestamp.iter().copied().zip(table.mark_price.iter().copied());
    marks.extend(own.filter(|(_, price)| *price > 0.0));
    // Stable: the row's own price comes after a bar's of the same time, and the later of equals is taken.
    marks.sort_by_key(|(at, _)| *at);
    let (available_at, price): (Vec<i64>, Vec<f64>) = marks.into_iter().unzip();
    let rows = rows_of(&table, funded);
    if table.is_empty() || (table.len() == 1 && interval_at(&table, 0).is_none()) {
        let problem = format!("its funding table has {} rows: nothing tells how often funding is due", table.len());
        return Err(BacktestError::series(symbol, problem));
    }
    let marks = Marks { available_at: &available_at, price: &price };
    let mut plan = plan(symbol, &rows, marks, funded.delisted_at, planned.rules)?;
    plan.due.retain(|due| due.at >= funded.first && due.at <= funded.until);
    Ok((plan, inputs))
}

/// The rows while the symbol trades, with rows without a rate where the table begins too late or ends too early.
fn rows_of(table: &Funding, funded: FundedSymbol<'_>) -> Vec<FundingRow> {
    let until = funded.delisted_at.map_or(funded.until, |delisted_at| delisted_at.min(funded.until));
    let row_at = |at: usize| FundingRow {
        at: table.timestamp[at],
        rate: table.rate[at],
        interval: Some(table.interval_us[at]).filter(|interval| *interval > 0),
    };
    // One row on either side: whether a row is missing shows between two.
    let from = table.timestamp.partition_point(|at| *at < funded.first).saturating_sub(1);
    let to = table.timestamp.partition_point(|at| *at <= until).saturating_add(1).min(table.len());
    let mut rows: Vec<FundingRow> = (from..to).map(row_at).collect();
    let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else { return rows };
    let missing = |at: i64| FundingRow { at, rate: f64::NAN, interval: None };
    // A single row without an interval says nothing of what is missing around it.
    if let Some(interval) = interval_at(table, from) {
        let n_missing = (first.at - funded.first - interval / 2).max(0) / interval;
        let before = (1..=n_missing).rev().map(|step| missing(first.at - step * interval));
        rows.splice(0..0, before.collect::<Vec<_>>());
    }
    if let Some(interval) = interval_at(table, to - 1) {
        // A row that is due at the very end is the next file's.
        let n_missing = (until - last.at - 1).max(0) / interval;
        rows.extend((1..=n_missing).map(|step| missing(last.at + step * interval)));
    }
    rows
}

/// The interval at which rows come around row `at`: what it says, else the shorter of the gaps beside it.
fn interval_at(table: &Funding, at: usize) -> Option<i64> {
    let stated = table.interval_us.get(at).copied().filter(|interval| *interval > 0);
    let gap = |at: usize| Some(table.timestamp.get(at)? - table.timestamp.get(at.checked_sub(1)?)?);
    stated.or_else(|| [gap(at), gap(at + 1)].into_iter().flatten().min()).filter(|interval| *interval > 0)
}

/// What is recorded of a table.
pub(crate) fn input(info: TableInfo) -> PanelInput {
    PanelInput { name: info.provenance.table, content_hash: info.content_hash, sources: info.provenance.inputs }
}

#[cfg(test)]
mod tests {
    //! Tables that begin too late and end too early.

    use super::*;
    use crosscut_model::time::HOUR;

    /// The labels of the rows, hours, those without a rate negative.
    fn shown(hours: &[i64], (first, until): (i64, i64), delisted: Option<i64>) -> Vec<i64> {
        let table = Funding {
            timestamp: hours.iter().map(|hour| hour * HOUR).collect(),
            available_at: hours.iter().map(|hour| hour * HOUR).collect(),
            rate: vec![0.0001; hours.len()],
            interval_us: vec![0; hours.len()],
            mark_price: vec![f64::NAN; hours.len()],
        };
        let funded = FundedSymbol {
            venue: "v",
            symbol: "S",
            first: first * HOUR,
            until: until * HOUR,
            delisted_at: delisted.map(|hour| hour * HOUR),
        };
        let rows = rows_of(&table, funded);
        rows.iter().map(|row| if row.rate.is_nan() { -row.at / HOUR } else { row.at / HOUR }).collect()
    }

    #[test]
    fn a_table_that_covers_the_run_has_no_missing_rows() {
        assert_eq!(shown(&[0, 8, 16, 24, 32], (9, 23), None), [8, 16, 24]);
        assert_eq!(shown(&[8, 16, 24], (1, 27), None), [8, 16, 24]);
    }

    #[test]
    fn rows_before_and_after_the_table_are_missing() {
        // Half an interval of allowance before the first: labels jitter.
        assert_eq!(shown(&[24, 32], (1, 56), None), [-8, -16, 24, 32, -40, -48]);
        assert_eq!(shown(&[24, 32], (20, 56), Some(41)), [24, 32, -40]);
        assert_eq!(shown(&[0, 8], (20, 31), None), [8, -16, -24]);
    }
}
