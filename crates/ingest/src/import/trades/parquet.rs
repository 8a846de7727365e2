//! Trades in Parquet files of any column names, read whole.

use std::path::Path;

use crosscut_hub::HubError;
use crosscut_hub::parquet_file::{self, ColumnType};
use crosscut_model::time::EpochUnit;
use crosscut_model::{Column, Table, TradeKind, Trades};

use crate::error::Fault;
use crate::import::container::cannot_read_typed;
use crate::import::shape::text_flag;

use super::check::RowCheck;
use super::layout::{Role, by_names};
use super::parse::Row;

/// Which columns of a Parquet file mean what.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ParquetTrades {
    /// The layout in words.
    pub name: &'static str,
    /// What a row stands for, where the columns tell.
    pub kind: Option<TradeKind>,
    /// The columns to read and their meaning.
    pub columns: Vec<(String, Role)>,
}

/// Recognises trades by column names; `None` when the columns do not look like trades.
pub(crate) fn recognise(schema: &[(String, ColumnType)]) -> Option<ParquetTrades> {
    let names: Vec<String> = schema.iter().map(|(name, _)| name.clone()).collect();
    let columns = by_names(&names, |at| schema[at].1 == ColumnType::Integer, |_| false)?;
    let roles = columns.names.into_iter().zip(columns.roles);
    Some(ParquetTrades {
        name: columns.name,
        kind: columns.kind,
        columns: roles.filter(|(_, role)| *role != Role::Skip).collect(),
    })
}

/// What stops the reading of a file after its first row.
enum Stop {
    /// The first row has been seen.
    Seen,
    /// The file cannot be read.
    Failed(HubError),
}

impl From<HubError> for Stop {
    fn from(error: HubError) -> Self {
        Self::Failed(error)
    }
}

/// The first row of the asked columns; `None` when there is no row.
///
/// # Errors
/// When the file is damaged or a column is absent.
pub(crate) fn first_row(path: &Path, columns: &[&str]) -> Result<Option<Table>, Fault> {
    let mut first = None;
    let stop = parquet_file::read_batches(path, columns, 1, |table: &Table| {
        first = Some(table.clone());
        Err(Stop::Seen)
    });
    match stop {
        Err(Stop::Failed(error)) => Err(cannot_read_typed(&error)),
        Ok(()) | Err(Stop::Seen) => Ok(first.filter(|table| !table.is_empty())),
    }
}

/// Whole numbers of a time column as microseconds UTC, all of one unit; a typed time column is that already.
///
/// # Errors
/// The first row whose time is of another unit, or none.
pub(crate) fn to_micros(values: &[i64], typed: bool) -> Result<Vec<i64>, Fault> {
    if typed {
        return Ok(values.to_vec());
    }
    let unit = values.first().and_then(|&first| EpochUnit::detect(first));
    let convert = |(at, &value): (usize, &i64)| match (EpochUnit::detect(value), unit) {
        (Some(seen), Some(unit)) if seen == unit => Ok(unit.to_micros(value)),
        (Some(seen), Some(unit)) => Err(Fault::row(
            at as u64 + 1,
            format!(
                "time {value} is in {}, the rows before are in {}; one file must not mix units",
                seen.name(),
                unit.name()
            ),
        )),
        _ => Err(Fault::row(at as u64 + 1, format!("time {value} is no epoch time in s, ms, us or ns"))),
    };
    values.iter().enumerate().map(convert).collect()
}

/// Reads all rows of a file.
///
/// # Errors
/// When the file is damaged, and the first row that breaks a rule.
pub(crate) fn read(path: &Path, layout: &ParquetTrades, check: &mut RowCheck) -> Result<Trades, Fault> {
    let names: Vec<&str> = layout.columns.iter().map(|(name, _)| name.as_str()).collect();
    let schema = parquet_file::schema(path).map_err(|error| cannot_read_typed(&error))?;
    let table = parquet_file::read(path, &names).map_err(|error| cannot_read_typed(&error))?;
    let mut rows = vec![Row::EMPTY; table.len()];
    for (name, role) in &layout.columns {
        let column = table.get(name).ok_or_else(|| Fault::file(format!("column `{name}` cannot be read")))?;
        let typed = schema.iter().any(|(column, kind)| column == name && *kind == ColumnType::Time);
        fill(&mut rows, name, *role, column, typed)?;
    }
    let mut trades = Trades::default();
    for (at, row) in rows.iter().enumerate() {
        if check.accept(row, at as u64 + 1)? {
            row.push_to(&mut trades, check.has_id, check.has_span);
        }
    }
    Ok(trades)
}

/// Puts one column into its place in the rows.
fn fill(rows: &mut [Row], name: &str, role: Role, column: &Column, typed: bool) -> Result<(), Fault> {
    let wrong = |row: usize, expected: &str| Fault::row(row as u64 + 1, format!("{name} is not {expected}"));
    match (role, column) {
        (Role::Time, Column::I64(values)) => {
            for (row, micros) in rows.iter_mut().zip(to_micros(values, typed)?) {
                row.time = micros;
            }
        }
        (Role::Id | Role::FirstId | Role::LastId, Column::I64(values)) => {
            for (row, &id) in rows.iter_mut().zip(values) {
                match role {
                    Role::Id => row.id = id,
                    Role::FirstId => row.first_id = id,
                    _ => row.last_id = id,
                }
            }
        }
        (Role::Price, _) => {
            let values = numbers(column).ok_or_else(|| wrong(0, "a number"))?;
            rows.iter_mut().zip(values).for_each(|(row, price)| row.price = price);
        }
        (Role::Quantity | Role::SignedQuantity, _) => {
            let values = numbers(column).ok_or_else(|| wrong(0, "a number"))?;
            let signed = values.iter().any(|&quantity| quantity < 0.0);
            for (row, quantity) in rows.iter_mut().zip(values) {
                row.quantity = if signed { quantity.abs() } else { quantity };
                row.is_buyer_maker = row.is_buyer_maker.or(signed.then_some(quantity < 0.0));
            }
        }
        (Role::BuyerMaker, Column::Bool(values)) => {
            rows.iter_mut().zip(values).for_each(|(row, &flag)| row.is_buyer_maker = Some(flag));
        }
        (Role::BuyerMaker | Role::TakerSide, Column::Text(values)) => {
            for (at, (row, text)) in rows.iter_mut().zip(values).enumerate() {
                let sold = text_flag(text, role == Role::TakerSide).ok_or_else(|| wrong(at, "a side"))?;
                row.is_buyer_maker = Some(sold);
            }
        }
        (Role::Same(_), Column::Text(values)) => {
            if let Some(at) = values.iter().position(|text| *text != values[0]) {
                return Err(wrong(at, &format!("`{}` as in the rows before", values[0])));
            }
        }
        (Role::Skip | Role::NearTime, _) => {}
        _ => return Err(misfit(name, column, "what its name says")),
    }
    Ok(())
}

/// A column whose type does not fit its meaning.
pub(crate) fn misfit(name: &str, column: &Column, expected: &str) -> Fault {
    let held = match column {
        Column::F64(values) => match values.iter().position(|value| value.is_nan()) {
            Some(at) => return Fault::row(at as u64 + 1, format!("{name} is missing; expected {expected}")),
            None => "numbers with a fraction",
        },
        Column::I64(_) => "whole numbers",
        Column::Bool(_) => "flags",
        Column::Text(_) => "words",
    };
    Fault::file(format!("column `{name}` holds {held}; expected {expected}"))
        .hint("convert the column, or rename it if it is something else")
}

/// A column as floating-point numbers; `None` when it holds words or flags.
pub(crate) fn numbers(column: &Column) -> Option<Vec<f64>> {
    match column {
        Column::F64(values) => Some(values.clone()),
        Column::I64(values) => Some(values.iter().map(|&value| value as f64).collect()),
        Column::Bool(_) | Column::Text(_) => None,
    }
}
