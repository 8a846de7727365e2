//! How complete a column is, piece by piece: pieces put together say what counting all rows at once would say.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::identity::RowSum;
use crate::error::HubError;
use crate::parquet_file::{ColumnCursor, ParquetFile, guarded};

/// Key of the gaps of a file's row groups in its footer, so that a group taken over need not be decoded.
pub(super) const GAPS_KEY: &str = "crosscut.gaps";

/// Missing values of a stretch of rows of one column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Gaps {
    /// Rows.
    pub(super) rows: u64,
    /// Missing values.
    pub(super) missing: u64,
    /// Missing values at the front.
    leading: u64,
    /// Missing values at the end.
    trailing: u64,
    /// Longest run of missing values.
    pub(super) longest: u64,
}

impl Gaps {
    /// Counts missing values, or gives the first row that holds an infinite one.
    pub(super) fn of(values: &[f64]) -> Result<Self, usize> {
        let exponent = f64::INFINITY.to_bits();
        // Neither missing nor infinite: one pass at memory speed, and most columns need no other.
        let odd: u64 = values.iter().map(|value| u64::from(value.to_bits() & exponent == exponent)).sum();
        let rows = values.len() as u64;
        if odd == 0 {
            return Ok(Self { rows, ..Self::default() });
        }
        if let Some(row) = values.iter().position(|value| value.is_infinite()) {
            return Err(row);
        }
        let (mut run, mut longest) = (0, 0);
        for value in values {
            run = if value.is_nan() { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        let leading = values.iter().take_while(|value| value.is_nan()).count() as u64;
        Ok(Self { rows, missing: odd, leading, trailing: run, longest })
    }

    /// What holds of these rows and those that follow them.
    pub(super) fn then(self, next: Self) -> Self {
        let all = |gaps: &Self| gaps.missing == gaps.rows;
        Self {
            rows: self.rows + next.rows,
            missing: self.missing + next.missing,
            leading: if all(&self) { self.rows + next.leading } else { self.leading },
            trailing: if all(&next) { next.rows + self.trailing } else { next.trailing },
            longest: self.longest.max(next.longest).max(self.trailing + next.leading),
        }
    }
}

/// The gaps of a row group and the sum of its rows, as the footer holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GroupGaps {
    /// Rows of the group.
    rows: u64,
    /// Missing, leading, trailing and longest by column.
    columns: Vec<[u64; 4]>,
    /// The sum of the rows; `None` in a file of a version that did not state it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sum: Option<RowSum>,
}

impl GroupGaps {
    /// The gaps of a group's columns.
    pub(super) fn new(rows: usize, columns: &[Gaps], sum: Option<RowSum>) -> Self {
        let numbers = |gaps: &Gaps| [gaps.missing, gaps.leading, gaps.trailing, gaps.longest];
        Self { rows: rows as u64, columns: columns.iter().map(numbers).collect(), sum }
    }

    /// Rows of the group.
    pub(super) fn rows(&self) -> usize {
        self.rows as usize
    }

    /// Column by column.
    fn columns(&self) -> impl Iterator<Item = Gaps> {
        let rows = self.rows;
        let gaps = move |[missing, leading, trailing, longest]: &[u64; 4]| Gaps {
            rows,
            missing: *missing,
            leading: *leading,
            trailing: *trailing,
            longest: *longest,
        };
        self.columns.iter().map(gaps)
    }
}

/// The gaps of columns over groups that follow one another.
pub(super) fn total<'a>(groups: impl IntoIterator<Item = &'a GroupGaps>, n_columns: usize) -> Vec<Gaps> {
    let mut sums = vec![Gaps::default(); n_columns];
    for group in groups {
        sums.iter_mut().zip(group.columns()).for_each(|(sum, gaps)| *sum = sum.then(gaps));
    }
    sums
}

/// The sum of the rows of groups; `None` when one does not state it.
pub(super) fn sum(groups: &[GroupGaps]) -> Option<RowSum> {
    groups.iter().try_fold(RowSum::default(), |sum, group| Some(sum.with(group.sum?)))
}

/// The gaps of a file's groups as text for its footer.
pub(super) fn to_text(groups: &[GroupGaps]) -> String {
    serde_json::to_string(groups).expect("plain numbers are JSON")
}

/// The gaps of a file's groups: by its footer, or counted when it was written by a version that did not state them.
pub(super) fn of_file(file: &Arc<ParquetFile>, columns: &[String]) -> Result<Vec<GroupGaps>, HubError> {
    let Some(text) = file.key_value(GAPS_KEY) else {
        return guarded(&file.path, || counted(file, columns));
    };
    let stored: Vec<GroupGaps> = serde_json::from_str(text).unwrap_or_default();
    let groups = file.footer.row_groups();
    let fits = |(gaps, rows): (&GroupGaps, i64)| gaps.rows as i64 == rows && gaps.columns.len() == columns.len();
    let rows = groups.iter().map(|group| group.num_rows());
    if stored.len() != groups.len() || !stored.iter().zip(rows).all(fits) {
        return Err(file.damaged("its footer does not state how complete its columns are"));
    }
    Ok(stored)
}

/// Counts the gaps of a file's groups.
fn counted(file: &Arc<ParquetFile>, columns: &[String]) -> Result<Vec<GroupGaps>, HubError> {
    let mut gaps: Vec<Vec<Gaps>> = vec![Vec::new(); file.footer.num_row_groups()];
    for name in columns {
        let mut cursor = ColumnCursor::new(Arc::clone(file), file.demand(name)?);
        for (group, gaps) in file.footer.row_groups().iter().zip(&mut gaps) {
            let (from, mut values) = (cursor.row(), Vec::new());
            cursor.floats(group.num_rows() as usize, &mut values)?;
            let infinite = |row: usize| file.bad_row(from + row, format!("`{name}` is infinite"));
            gaps.push(Gaps::of(&values).map_err(infinite)?);
        }
    }
    let groups = file.footer.row_groups().iter().zip(&gaps);
    Ok(groups.map(|(group, gaps)| GroupGaps::new(group.num_rows() as usize, gaps, None)).collect())
}

#[cfg(test)]
mod tests;
