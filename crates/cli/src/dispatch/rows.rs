//! The rows of a table: the last ones printed, or all of them written to a file.

use std::path::Path;

use crosscut_app::AppError;
use crosscut_app::table_file::{self, cell};
use crosscut_model::{Column, Table};
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::text_table::TextTable;

/// Significant digits of numbers in the terminal; files and JSON have them all.
const DIGITS: usize = 8;

/// Prints the last `n_rows` rows, or writes all of them to `out`.
pub fn answer(table: &Table, n_rows: usize, out: Option<&Path>) -> Result<Answer, AppError> {
    match out {
        Some(file) => write(table, file),
        None => Ok(last_rows(table, n_rows, table.len() as u64)),
    }
}

/// Writes all rows.
fn write(table: &Table, file: &Path) -> Result<Answer, AppError> {
    table_file::write(table, file)?;
    let text = format!("wrote {} rows of {} columns to {}\n", table.len(), table.columns.len(), file.display());
    Ok(Answer::good(json!({"file": file, "rows": table.len(), "columns": table.columns.len()}), text))
}

/// Prints the last rows of a table that has, or is the end of, `n_all` rows. Columns go down the page, rows across:
/// there are many columns and few rows.
pub fn last_rows(table: &Table, n_rows: usize, n_all: u64) -> Answer {
    let last = table.len().saturating_sub(n_rows)..table.len();
    let mut text = TextTable::new(&[vec!["column"], vec![">"; last.len()]].concat());
    let mut rows = vec![Map::new(); last.len()];
    for (name, column) in &table.columns {
        for (row, object) in last.clone().zip(&mut rows) {
            object.insert(name.clone(), json_cell(name, column, row));
        }
        let cells = last.clone().map(|row| short(name, column, row));
        text.row(std::iter::once(name.clone()).chain(cells));
    }
    let tail = format!("\nthe last {} of {n_all} rows; --out FILE writes all\n", last.len());
    Answer::good(json!({"rows": rows, "rows_in_all": n_all}), text.render() + &tail)
}

/// A cell for people: numbers to [`DIGITS`] significant digits.
fn short(name: &str, column: &Column, row: usize) -> String {
    let text = cell(name, column, row);
    match column {
        Column::F64(values) if text.len() > DIGITS + 2 && values[row].is_finite() && values[row] != 0.0 => {
            let n_whole = values[row].abs().log10().floor() as i64 + 1;
            let n_decimals = usize::try_from(DIGITS as i64 - n_whole).unwrap_or(0);
            if n_decimals > DIGITS + 6 {
                format!("{:.1$e}", values[row], DIGITS - 1)
            } else {
                format!("{:.n_decimals$}", values[row])
            }
        }
        _ => text,
    }
}

/// A cell as JSON: numbers stay numbers, a missing one is null.
fn json_cell(name: &str, column: &Column, row: usize) -> Value {
    match column {
        Column::F64(values) => Value::from(values[row]),
        _ => Value::from(cell(name, column, row)),
    }
}
