//! Files a user names beside the hub: lists of targets (date, symbol, weight), of members (symbol, start, end) and of spreads
//! (symbol, spread_bps, from).
//!
//! CSV with a header line, or Parquet; columns are found by name, in any order. A date is ISO-8601 (`2024-01-31`, or with a
//! time) or `20240131`, in UTC. Whatever a line says that cannot be meant is an error that names file, row and value.

use std::collections::BTreeMap;
use std::path::Path;

use crosscut_hub::{hash_file, parquet_file};
use crosscut_model::{Column, Members, Membership, format_iso, parse_iso};

use crosscut_trading::steps::Spread;

use super::PanelInput;
use crate::error::BacktestError;

#[cfg(test)]
mod tests;

/// The cells of a file as texts; missing is empty.
struct Cells {
    /// Where it lies, for messages.
    file: String,
    /// For each column asked for, its cells.
    columns: Vec<Vec<String>>,
    /// The row of a file in which the first cells stand, counted from 1.
    first_row: usize,
}

/// A weight of a list of targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// From which bar label on, microseconds UTC.
    pub label: i64,
    /// Instrument id.
    pub symbol: String,
    /// Fraction of equity; negative is short.
    pub weight: f64,
}

/// Reads a list of targets, by label and symbol.
///
/// # Errors
/// [`BacktestError::List`] for a file that cannot be read, a column or value that is missing or cannot be meant, a symbol
/// that a date names twice.
pub fn read_targets(path: &str) -> Result<(Vec<Target>, PanelInput), BacktestError> {
    let cells = Cells::read(path, &[DATE, SYMBOL, &["weight", "target", "target_weight"]])?;
    let mut targets = Vec::with_capacity(cells.len());
    for at in 0..cells.len() {
        let [date, symbol, weight] = [0, 1, 2].map(|column| cells.columns[column][at].as_str());
        let label = cells.date(at, date)?;
        let number = weight.parse::<f64>().ok().filter(|weight| weight.is_finite());
        let weight =
            number.ok_or_else(|| cells.wrong(at, format!("weight is `{weight}`; expected a finite number")))?;
        if symbol.is_empty() {
            return Err(cells.wrong(at, "symbol is empty; expected an instrument id".to_owned()));
        }
        targets.push((Target { label, symbol: symbol.to_owned(), weight }, at));
    }
    targets.sort_by(|(a, _), (b, _)| (a.label, &a.symbol).cmp(&(b.label, &b.symbol)));
    let is_same =
        |pair: &&[(Target, usize)]| (pair[0].0.label, &pair[0].0.symbol) == (pair[1].0.label, &pair[1].0.symbol);
    if let Some(pair) = targets.windows(2).find(is_same) {
        let (target, before) = (&pair[1].0, cells.first_row + pair[0].1);
        let problem = format!("{} has {} already, in row {before}", format_iso(target.label), target.symbol);
        return Err(cells.wrong(pair[1].1, problem));
    }
    if targets.is_empty() {
        return Err(BacktestError::List { file: path.to_owned(), problem: "it holds no target".to_owned() });
    }
    Ok((targets.into_iter().map(|(target, _)| target).collect(), input(path)?))
}

/// Reads a membership file: one line per stretch of time, the end exclusive and empty while it lasts.
///
/// # Errors
/// As [`read_targets`]; a stretch that ends before it starts or overlaps another of its symbol.
pub fn read_members(path: &str) -> Result<(Members, PanelInput), BacktestError> {
    let cells = Cells::read(path, &[SYMBOL, &["start", "start_date", "from"], &["end", "end_date", "until", "to"]])?;
    let mut stretches = Vec::with_capacity(cells.len());
    for at in 0..cells.len() {
        let [symbol, start, end] = [0, 1, 2].map(|column| cells.columns[column][at].as_str());
        let start = cells.date(at, start)?;
        let end = if end.is_empty() { None } else { Some(cells.date(at, end)?) };
        stretches.push(Membership { symbol: symbol.to_owned(), start, end });
    }
    let members = Members::new(stretches).map_err(|wrong| BacktestError::List {
        file: path.to_owned(),
        problem: format!(
            "{} from {} to {} ends before it starts, or overlaps another stretch of the symbol",
            wrong.symbol,
            format_iso(wrong.start),
            wrong.end.map_or_else(|| "now".to_owned(), format_iso)
        ),
    })?;
    Ok((members, input(path)?))
}

/// Basis points in one.
const BPS: f64 = 1e-4;

/// Reads spreads: basis points of the price between the best offers, from a time on, or for all times where nothing is said; an
/// empty spread is not known from its time on.
///
/// # Errors
/// As [`read_targets`]; a symbol that has a second spread from the same time.
pub fn read_spreads(path: &str) -> Result<(BTreeMap<String, Vec<Spread>>, PanelInput), BacktestError> {
    let from_names: &[&str] = &["from", "valid_from", "date", "timestamp", "time", "datetime"];
    let cells = Cells::read_some(path, &[SYMBOL, &["spread_bps", "spread", "bps"], from_names], 1)?;
    let mut by_symbol: BTreeMap<String, Vec<Spread>> = BTreeMap::new();
    for at in 0..cells.len() {
        let [symbol, spread, from] = [0, 1, 2].map(|column| cells.columns[column][at].as_str());
        let from = if from.is_empty() { i64::MIN } else { cells.date(at, from)? };
        let number = spread.parse::<f64>().ok().filter(|bps| (0.0..10_000.0).contains(bps));
        let fraction = if spread.is_empty() { Some(f64::NAN) } else { number.map(|bps| bps * BPS) };
        let fraction = fraction.ok_or_else(|| {
            cells
                .wrong(at, format!("spread_bps is `{spread}`; expected basis points from 0 to below 10000, or nothing"))
        })?;
        let spreads = by_symbol.entry(symbol.to_owned()).or_default();
        let place = spreads.partition_point(|one| one.from < from);
        if spreads.get(place).is_some_and(|one| one.from == from) {
            return Err(cells.wrong(at, format!("{symbol} has a spread from then on already")));
        }
        spreads.insert(place, Spread { from, fraction });
    }
    if by_symbol.is_empty() {
        return Err(BacktestError::List { file: path.to_owned(), problem: "it holds no spread".to_owned() });
    }
    Ok((by_symbol, input(path)?))
}

/// Names of a column of dates.
const DATE: &[&str] = &["date", "timestamp", "time", "datetime"];

/// Names of a column of symbols.
const SYMBOL: &[&str] = &["symbol", "ticker", "instrument"];

/// What is recorded of a file.
fn input(path: &str) -> Result<PanelInput, BacktestError> {
    Ok(PanelInput {
        name: crate::inputs::list_name(path),
        content_hash: hash_file(Path::new(path))?,
        sources: Vec::new(),
    })
}

impl Cells {
    /// Reads the asked columns, each by one of its names.
    fn read(path: &str, wanted: &[&[&str]]) -> Result<Self, BacktestError> {
        Self::read_some(path, wanted, 0)
    }

    /// [`Cells::read`] where the last `n_optional` columns may not be there: their cells are empty then.
    fn read_some(path: &str, wanted: &[&[&str]], n_optional: usize) -> Result<Self, BacktestError> {
        let wrong = |problem: String| BacktestError::List { file: path.to_owned(), problem };
        let bytes = std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        if bytes.starts_with(b"PAR1") {
            return Self::from_parquet(path, wanted, n_optional);
        }
        let text = String::from_utf8(bytes).map_err(|_| wrong("is neither CSV nor Parquet".to_owned()))?;
        let mut lines = text.trim_start_matches('\u{feff}').lines();
        let split = |line: &str| -> Vec<String> {
            line.split(',').map(|cell| cell.trim().trim_matches('"').to_owned()).collect()
        };
        let header = split(lines.next().unwrap_or_default());
        let places = places(path, &header, (wanted, n_optional))?;
        let mut columns = vec![Vec::new(); wanted.len()];
        for (at, line) in lines.enumerate() {
            let cells = split(line);
            if cells.len() != header.len() && !line.trim().is_empty() {
                let problem =
                    format!("row {}: {} cells; expected {}, as in the header", at + 2, cells.len(), header.len());
                return Err(wrong(problem));
            }
            for (column, place) in columns.iter_mut().zip(&places) {
                column.push(place.and_then(|place| cells.get(place).cloned()).unwrap_or_default());
            }
        }
        // An empty line at the end is no row; one in the middle is a row without a date.
        while columns.iter().all(|column| column.last().is_some_and(String::is_empty)) {
            columns.iter_mut().for_each(|column| drop(column.pop()));
        }
        Ok(Self { file: path.to_owned(), columns, first_row: 2 })
    }

    /// Reads the asked columns of a Parquet file.
    fn from_parquet(path: &str, wanted: &[&[&str]], n_optional: usize) -> Result<Self, BacktestError> {
        let header: Vec<String> = parquet_file::schema(Path::new(path))?.into_iter().map(|(name, _)| name).collect();
        let places = places(path, &header, (wanted, n_optional))?;
        let names: Vec<&str> = places.iter().flatten().map(|at| header[*at].as_str()).collect();
        let table = parquet_file::read(Path::new(path), &names)?;
        let is_time = |name: &str| {
            parquet_file::schema(Path::new(path)).map(|columns| {
                columns.iter().any(|(other, kind)| other == name && *kind == parquet_file::ColumnType::Time)
            })
        };
        let mut columns = Vec::new();
        for (name, column) in &table.columns {
            let number = |value: &f64| if value.is_nan() { String::new() } else { value.to_string() };
            columns.push(match column {
                Column::Text(values) => values.clone(),
                Column::F64(values) => values.iter().map(number).collect(),
                Column::I64(values) if is_time(name)? => values.iter().map(|&at| format_iso(at)).collect(),
                Column::I64(values) => values.iter().map(i64::to_string).collect(),
                Column::Bool(values) => values.iter().map(bool::to_string).collect(),
            });
        }
        let n_rows = columns.first().map_or(0, Vec::len);
        let absent = (0..places.len()).filter(|at| places[*at].is_none());
        absent.for_each(|at| columns.insert(at, vec![String::new(); n_rows]));
        Ok(Self { file: path.to_owned(), columns, first_row: 1 })
    }

    /// Number of rows.
    fn len(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// The error for a row.
    fn wrong(&self, at: usize, problem: String) -> BacktestError {
        BacktestError::List { file: self.file.clone(), problem: format!("row {}: {problem}", at + self.first_row) }
    }

    /// A date.
    fn date(&self, at: usize, text: &str) -> Result<i64, BacktestError> {
        let is_compact = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        let date = if is_compact { format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]) } else { text.to_owned() };
        parse_iso(&date).map_err(|_| self.wrong(at, format!("`{text}` is not a date; expected one such as 2024-01-31")))
    }
}

/// Where the wanted columns stand, of which the last few may be absent.
fn places(
    path: &str,
    header: &[String],
    (wanted, n_optional): (&[&[&str]], usize),
) -> Result<Vec<Option<usize>>, BacktestError> {
    let place = |(at, names): (usize, &&[&str])| {
        let found = header.iter().position(|name| names.contains(&name.to_lowercase().as_str()));
        if found.is_some() || at + n_optional >= wanted.len() {
            return Ok(found);
        }
        let is_empty = header.iter().all(String::is_empty);
        let there = if is_empty { "no columns at all".to_owned() } else { header.join(", ") };
        let problem = format!("has no column `{}`; it has {there}", names[0]);
        Err(BacktestError::List { file: path.to_owned(), problem })
    };
    wanted.iter().enumerate().map(place).collect()
}
