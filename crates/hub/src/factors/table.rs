//! One symbol's table of a factor set: its rules, its file.

use std::collections::BTreeSet;
use std::ops::Range;

use super::gaps::{self, GAPS_KEY, Gaps, GroupGaps};
use super::identity::RowKeys;
use crate::check::{self, Broken};
use crate::error::HubError;
use crate::parquet_file::{ColumnSpec, Finished, GroupWriter, Storage, ValueKind};
use crate::provenance::FORMAT_VERSION;
use crate::single::FORMAT_KEY;

/// Rows of a row group, at most: 128 KB of a column, which a page of its own holds.
pub(super) const GROUP_ROWS: usize = 1 << 14;

/// One symbol's rows on their way into a factor set.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorTable<'a> {
    /// Bar open, microseconds UTC; strictly increasing for bars of one length.
    pub timestamp: &'a [i64],
    /// When the row could be known, microseconds UTC.
    pub available_at: &'a [i64],
    /// The numbers of event bars, which may share times; `None` for bars of one length.
    pub bar_seq: Option<&'a [i64]>,
    /// Factor columns in the order of the set's definition; missing is NaN, infinite values are refused.
    pub columns: Vec<(&'a str, &'a [f64])>,
    /// Whether the symbol could be traded on the row's bar.
    pub tradable_flag: &'a [bool],
}

/// The rules of a table's rows, but for names ([`check_names`]) and infinite values ([`count`]).
pub(super) fn check(rows: &FactorTable<'_>) -> Result<(), String> {
    let n = rows.timestamp.len();
    let columns = rows.columns.iter().map(|(name, values)| (*name, values.len()));
    let others = [("available_at", rows.available_at.len()), ("tradable_flag", rows.tradable_flag.len())];
    let sequence = rows.bar_seq.map(|sequence| ("bar_seq", sequence.len()));
    for (name, length) in others.into_iter().chain(sequence).chain(columns) {
        if length != n {
            return Err(format!("column `{name}` has {length} rows, `timestamp` has {n}"));
        }
    }
    check::keys(rows.timestamp, rows.available_at, rows.bar_seq)
        .map_err(|Broken { row, message }| format!("row {row}: {message}"))
}

/// The keys of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowKey {
    /// Bar open.
    pub(super) timestamp: i64,
    /// When the row could be known.
    pub(super) available_at: i64,
    /// The bar's number; `None` for bars of one length.
    pub(super) bar_seq: Option<i64>,
}

impl RowKey {
    /// The keys of a row of a table; `None` when there is no such row.
    pub(super) fn of(rows: &FactorTable<'_>, row: usize) -> Option<Self> {
        let bar_seq = rows.bar_seq.and_then(|sequence| sequence.get(row).copied());
        Some(Self { timestamp: *rows.timestamp.get(row)?, available_at: *rows.available_at.get(row)?, bar_seq })
    }

    /// The rules of a row that follows this one.
    pub(super) fn check_next(self, next: Self) -> Result<(), String> {
        let sequence = self.bar_seq.zip(next.bar_seq).map(|(last, first)| [last, first]);
        let sequence = sequence.as_ref().map(|sequence| &sequence[..]);
        check::keys(&[self.timestamp, next.timestamp], &[self.available_at, next.available_at], sequence)
            .map_err(|broken| format!("row 0: {}", broken.message))
    }
}

/// The rules of the names of a table's factor columns.
pub(super) fn check_names(columns: &[String]) -> Result<(), String> {
    let fixed = ["timestamp", "available_at", "bar_seq", "symbol", "tradable_flag"];
    let mut names: BTreeSet<&str> = fixed.into();
    match columns.iter().find(|name| !names.insert(name)) {
        Some(name) => Err(format!("the column name `{name}` is taken")),
        None => Ok(()),
    }
}

/// The gaps of values that are about to be published, the first of which is that of row `first`.
pub(super) fn count(name: &str, values: &[f64], first: usize) -> Result<Gaps, String> {
    let infinite =
        |at: usize| format!("row {}: `{name}` is {}, expected finite or missing (NaN)", first + at, values[at]);
    Gaps::of(values).map_err(infinite)
}

/// Writes a whole table, without syncing it; returns the gaps of its groups.
pub(super) fn write(
    mut writer: GroupWriter,
    symbol: &str,
    table: &FactorTable<'_>,
    refuse: &dyn Fn(String) -> HubError,
) -> Result<(Finished, Vec<GroupGaps>), HubError> {
    let (n, mut gaps) = (table.timestamp.len(), Vec::new());
    for from in (0..n).step_by(GROUP_ROWS) {
        let rows = from..n.min(from + GROUP_ROWS);
        gaps.push(write_group(&mut writer, symbol, (table, rows, from), refuse)?);
    }
    Ok((finish(writer, &gaps)?, gaps))
}

/// Writes some rows as a row group, the first of which is row `first` of the symbol's whole table; `refuse` makes the
/// error of a refused value.
pub(super) fn write_group(
    writer: &mut GroupWriter,
    symbol: &str,
    (table, rows, first): (&FactorTable<'_>, Range<usize>, usize),
    refuse: &dyn Fn(String) -> HubError,
) -> Result<GroupGaps, HubError> {
    let keys = RowKeys::new(first, rows.len());
    let flags = &table.tradable_flag[rows.clone()];
    let sequence = table.bar_seq.map(|sequence| &sequence[rows.clone()]);
    let times = [Some(&table.timestamp[rows.clone()]), Some(&table.available_at[rows.clone()]), sequence];
    let mut sum = keys.fixed(&times, flags);
    times.into_iter().flatten().try_for_each(|values| writer.times(values))?;
    writer.same_text(symbol, rows.len())?;
    let mut gaps = Vec::with_capacity(table.columns.len());
    for (at, (name, values)) in table.columns.iter().enumerate() {
        let values = &values[rows.clone()];
        gaps.push(count(name, values, rows.start).map_err(refuse)?);
        sum = sum.with(keys.values(at, values));
        writer.floats(values)?;
    }
    writer.flags(flags)?;
    writer.close_group(rows.len())?;
    Ok(GroupGaps::new(rows.len(), &gaps, Some(sum)))
}

/// Completes a file whose groups have these gaps.
pub(super) fn finish(writer: GroupWriter, groups: &[GroupGaps]) -> Result<Finished, HubError> {
    writer.finish(vec![(FORMAT_KEY, FORMAT_VERSION.to_string()), (GAPS_KEY, gaps::to_text(groups))])
}

/// Names of the columns before the factors, of event bars or of bars of one length.
pub(super) fn keys(of_events: bool) -> &'static [&'static str] {
    let keys = &["timestamp", "available_at", "symbol"];
    if of_events { &["timestamp", "available_at", "bar_seq", "symbol"] } else { keys }
}

/// The columns of a factor table.
pub(super) fn specs(columns: &[String], of_events: bool) -> Vec<ColumnSpec> {
    let key = |name: &&str| match *name {
        "symbol" => ColumnSpec::new("symbol", ValueKind::Text, Storage::Dictionary),
        "bar_seq" => ColumnSpec::new("bar_seq", ValueKind::Integer, Storage::Delta),
        time => ColumnSpec::new(time, ValueKind::Time, Storage::Delta),
    };
    let mut specs: Vec<ColumnSpec> = keys(of_events).iter().map(key).collect();
    specs.extend(columns.iter().map(|name| ColumnSpec::new(name, ValueKind::Float, Storage::Plain)));
    specs.push(ColumnSpec::new("tradable_flag", ValueKind::Bool, Storage::Plain));
    specs
}
