//! Bar files into columns of numbers: text line by line, Parquet column by column. No rule about bars is applied here.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use crosscut_hub::parquet_file::ColumnType;
use crosscut_model::time::{self, DAY, EpochUnit};
use crosscut_model::{Column, Table};

use crate::error::Fault;
use crate::import::container::{self, Container};
use crate::import::decimal::{integer, number};
use crate::import::fields::{shown, split};
use crate::import::lines::LineChunks;
use crate::import::shape::BYTE_ORDER_MARK;
use crate::import::trades::parquet::{misfit, numbers, to_micros};
use crate::import::typed;
use crate::import::zone::Clock;

use super::columns::{KlineColumns, Meaning};
use super::zoned::Zoned;

/// The rows of one bar file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RawBars {
    /// The symbols in order of appearance; empty when the file has no symbol column.
    pub symbols: Vec<String>,
    /// For each row its place in `symbols`; empty when the file has no symbol column.
    pub symbol_idx: Vec<u32>,
    /// Labels, microseconds UTC.
    pub open_time: Vec<i64>,
    /// Closes, microseconds UTC; empty when the file has none.
    pub close_time: Vec<i64>,
    /// The bar columns the file has, by their place in `BAR_COLUMNS`; missing is NaN.
    pub columns: Vec<(usize, Vec<f64>)>,
    /// Further columns that are kept, by name; missing is NaN.
    pub extra: Vec<(String, Vec<f64>)>,
    /// Splits (new shares per old one) and dividends (cash per share) on the rows' days; empty when the file has none.
    pub actions: Vec<(String, Vec<f64>)>,
    /// What is to be said of the times; may be empty.
    pub notes: Vec<String>,
    /// Number of the first row, as messages count them.
    pub first_row: u64,
}

impl RawBars {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.open_time.len()
    }

    /// Rows of each symbol in the file's order, by symbol in order of appearance; one group without a symbol column.
    pub fn groups(&self) -> Vec<Vec<usize>> {
        if self.symbols.is_empty() {
            return vec![(0..self.len()).collect()];
        }
        let mut groups = vec![Vec::new(); self.symbols.len()];
        for (row, symbol) in self.symbol_idx.iter().enumerate() {
            groups[*symbol as usize].push(row);
        }
        groups
    }

    /// Puts rows in order of their labels, rows of one label as they stand; how many stood behind later ones.
    pub fn put_in_order(&self, rows: &mut [usize]) -> u64 {
        let mut latest = i64::MIN;
        let mut n_late = 0;
        for &row in rows.iter() {
            n_late += u64::from(self.open_time[row] < latest);
            latest = latest.max(self.open_time[row]);
        }
        if n_late > 0 {
            rows.sort_by_key(|&row| self.open_time[row]);
        }
        n_late
    }

    /// How messages number a row.
    pub fn row_number(&self, row: usize) -> u64 {
        self.first_row + row as u64
    }
}

/// Reads a file of any container.
///
/// # Errors
/// When the file is damaged, or a value is not what its column holds.
pub(crate) fn read_file(
    path: &Path,
    container: &Container,
    columns: &KlineColumns,
    lines_before: u64,
) -> Result<RawBars, Fault> {
    if container.is_typed() {
        return read_typed(path, container, columns);
    }
    read_text(path, container, columns, lines_before)
}

/// Reads a text file.
fn read_text(path: &Path, container: &Container, columns: &KlineColumns, lines_before: u64) -> Result<RawBars, Fault> {
    let mut chunks = LineChunks::new(container::open(path, container)?, false);
    let mut reader = TextReader::new(columns, lines_before);
    let mut chunk = Vec::new();
    let mut first = true;
    while chunks.next(&mut chunk)? {
        let text = if first { chunk.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&chunk) } else { &chunk };
        first = false;
        for line in text[..text.len() - 1].split(|&b| b == b'\n') {
            reader.line(line)?;
        }
    }
    reader.finish()
}

/// Reads the lines of one text file.
struct TextReader<'a> {
    /// The columns.
    columns: &'a KlineColumns,
    /// Where the values of each column go.
    slots: Vec<Slot>,
    /// The rows so far.
    bars: RawBars,
    /// Places of the symbols met.
    symbols: HashMap<String, u32>,
    /// Unit of each time column; `None` for text and before the first row.
    units: Vec<Option<EpochUnit>>,
    /// Lines before the first row.
    lines_before: u64,
    /// Number of the line in work.
    line: u64,
    /// Number of a blank line that has been passed.
    blank: Option<u64>,
    /// Labels that carry a zone.
    zoned: Zoned,
    /// The clock of the row in work, where it has a column of its own.
    clock: Option<i64>,
}

/// Where the values of a column go.
#[derive(Debug, Clone, Copy)]
enum Slot {
    /// Nowhere.
    None,
    /// The symbol.
    Symbol,
    /// The label.
    OpenTime,
    /// The clock beside the label's date.
    Clock,
    /// The close.
    CloseTime,
    /// A number: the place in `columns`, and whether it must be there.
    Number(usize, bool),
    /// A number: the place in `extra`.
    Extra(usize),
    /// A number: the place in `actions`.
    Action(usize),
}

impl<'a> TextReader<'a> {
    /// A reader before the first line.
    fn new(columns: &'a KlineColumns, lines_before: u64) -> Self {
        let mut bars = RawBars { first_row: lines_before + 1, ..RawBars::default() };
        let mut slots = Vec::new();
        for (name, meaning) in &columns.columns {
            slots.push(match meaning {
                Meaning::Symbol => Slot::Symbol,
                Meaning::OpenTime => Slot::OpenTime,
                Meaning::Clock => Slot::Clock,
                Meaning::CloseTime => Slot::CloseTime,
                Meaning::Bar(at) => {
                    bars.columns.push((*at, Vec::new()));
                    Slot::Number(bars.columns.len() - 1, *at < 4)
                }
                Meaning::Extra => {
                    bars.extra.push((name.clone(), Vec::new()));
                    Slot::Extra(bars.extra.len() - 1)
                }
                Meaning::Action => {
                    bars.actions.push((name.clone(), Vec::new()));
                    Slot::Action(bars.actions.len() - 1)
                }
                Meaning::Redundant | Meaning::Unknown => Slot::None,
            });
        }
        Self {
            units: vec![None; slots.len()],
            columns,
            slots,
            bars,
            symbols: HashMap::new(),
            lines_before,
            line: 0,
            blank: None,
            zoned: Zoned::default(),
            clock: None,
        }
    }

    /// Reads one line.
    fn line(&mut self, line: &[u8]) -> Result<(), Fault> {
        self.line += 1;
        if self.line <= self.lines_before {
            return Ok(());
        }
        if line.trim_ascii().is_empty() {
            self.blank.get_or_insert(self.line);
            return Ok(());
        }
        if let Some(blank) = self.blank {
            return Err(Fault::row(blank, "the line is blank; expected a bar"));
        }
        let mut fields: Vec<Cow<'_, [u8]>> = Vec::new();
        split(line, &mut fields).ok_or_else(|| Fault::row(self.line, "a quoted field is not closed"))?;
        if fields.len() != self.slots.len() {
            return Err(Fault::row(self.line, format!("has {} fields; expected {}", fields.len(), self.slots.len())));
        }
        for (at, field) in fields.iter().enumerate() {
            self.field(at, field).map_err(|expected| {
                Fault::row(self.line, format!("{} is {}; {expected}", self.columns.columns[at].0, shown(field)))
            })?;
        }
        if let (Some(clock), Some(label)) = (self.clock.take(), self.bars.open_time.last_mut()) {
            let is_date = match self.columns.zone {
                Some(_) => self.zoned.advance(clock),
                None => label.rem_euclid(DAY) == 0,
            };
            if !is_date {
                return Err(Fault::row(self.line, "its date has a clock already, beside the column of clocks"));
            }
            *label += clock;
        }
        Ok(())
    }

    /// Reads one field; the error says what was expected.
    fn field(&mut self, at: usize, field: &[u8]) -> Result<(), String> {
        match self.slots[at] {
            Slot::None => {}
            Slot::Symbol => {
                let text = std::str::from_utf8(field).map_err(|_| "expected UTF-8 text")?;
                let next = self.symbols.len() as u32;
                let idx = match self.symbols.get(text) {
                    Some(idx) => *idx,
                    None => {
                        self.symbols.insert(text.to_owned(), next);
                        self.bars.symbols.push(text.to_owned());
                        next
                    }
                };
                self.bars.symbol_idx.push(idx);
            }
            Slot::OpenTime => {
                let micros = match zoned_field(field, self.columns.zone) {
                    Some((local, offset)) => {
                        self.zoned.note(local, offset);
                        local - offset
                    }
                    None => time_field(field, &mut self.units[at])?,
                };
                self.bars.open_time.push(micros);
            }
            Slot::Clock => self.clock = Some(clock_field(field)?),
            Slot::CloseTime => {
                let instant = zoned_field(field, self.columns.zone).map(|(local, offset)| local - offset);
                let micros = instant.map_or_else(|| time_field(field, &mut self.units[at]), Ok)?;
                self.bars.close_time.push(micros);
            }
            Slot::Number(to, needed) => {
                let value = number_field(field, needed)?;
                self.bars.columns[to].1.push(value);
            }
            Slot::Extra(to) => {
                let value = number_field(field, false)?;
                self.bars.extra[to].1.push(value);
            }
            Slot::Action(to) => {
                let value = number_field(field, false)?;
                self.bars.actions[to].1.push(value);
            }
        }
        Ok(())
    }

    /// The rows read, their labels settled.
    fn finish(self) -> Result<RawBars, Fault> {
        let mut bars = self.bars;
        settle(&mut bars, &self.zoned)?;
        Ok(bars)
    }
}

/// Settles what labels with a zone are.
fn settle(bars: &mut RawBars, zoned: &Zoned) -> Result<(), Fault> {
    let note = zoned.settle(&mut bars.open_time).map_err(Fault::file)?;
    bars.notes.extend(note);
    Ok(())
}

/// A number; an empty field is NaN where it may be missing.
fn number_field(field: &[u8], needed: bool) -> Result<f64, String> {
    match number(field) {
        Some(value) => Ok(value),
        None if field.is_empty() && !needed => Ok(f64::NAN),
        None => Err("expected a number".to_owned()),
    }
}

/// A clock such as `09:31` or `09:31:00`, microseconds since midnight.
fn clock_field(field: &[u8]) -> Result<i64, String> {
    let text = std::str::from_utf8(field).ok().filter(|text| text.contains(':'));
    let time = text.and_then(|text| time::parse_iso(&format!("1970-01-01T{text}")).ok());
    time.ok_or_else(|| "expected a clock such as 09:31:00".to_owned())
}

/// A time with a zone, its own or the one that is said of the file, as local time and offset.
fn zoned_field(field: &[u8], zone: Option<Clock>) -> Option<(i64, i64)> {
    zoned_text(std::str::from_utf8(field).ok()?, zone)
}

/// As [`zoned_field`]. Numbers since the epoch are instants whatever is said of the file.
fn zoned_text(text: &str, zone: Option<Clock>) -> Option<(i64, i64)> {
    if let Some(zoned) = time::parse_zoned(text) {
        return Some(zoned);
    }
    let zone = zone?;
    let local = time::parse_compact(text).or_else(|| time::parse_iso(text).ok())?;
    Some((local, zone.ahead_at(local)))
}

/// A time as epoch number or text, microseconds UTC; epoch numbers of one column share one unit.
fn time_field(field: &[u8], unit: &mut Option<EpochUnit>) -> Result<i64, String> {
    let Some(value) = integer(field).or_else(|| whole(field)).filter(|value| !is_compact_date(*value)) else {
        let text = std::str::from_utf8(field).map_err(|_| "expected UTF-8 text")?;
        let parsed = time::parse_compact(text).or_else(|| time::parse_iso(text).ok());
        return parsed.ok_or_else(|| "expected a UTC time or date".to_owned());
    };
    let seen = EpochUnit::detect(value).ok_or("expected an epoch time in s, ms, us or ns")?;
    match unit {
        Some(unit) if *unit != seen => Err(format!(
            "it is in {}, the rows before are in {}: one file must not mix units",
            seen.name(),
            unit.name()
        )),
        _ => {
            *unit = Some(seen);
            Ok(seen.to_micros(value))
        }
    }
}

/// Whether a number is a date written as `20240131`: no epoch time has eight digits.
fn is_compact_date(value: i64) -> bool {
    (10_000_000..100_000_000).contains(&value)
}

/// A whole number written as a decimal (`1577836800000.0`), as data-frame programs do.
fn whole(field: &[u8]) -> Option<i64> {
    let dot = field.iter().position(|&b| b == b'.')?;
    if !field[dot + 1..].iter().all(|&b| b == b'0') {
        return None;
    }
    integer(&field[..dot])
}

/// Reads a file of typed columns.
fn read_typed(path: &Path, container: &Container, columns: &KlineColumns) -> Result<RawBars, Fault> {
    let schema = typed::schema(path, container)?;
    let kept: Vec<(&str, Meaning)> = columns
        .columns
        .iter()
        .filter(|(_, meaning)| !matches!(meaning, Meaning::Redundant | Meaning::Unknown))
        .map(|(name, meaning)| (name.as_str(), *meaning))
        .collect();
    let names: Vec<&str> = kept.iter().map(|(name, _)| *name).collect();
    let table = typed::read(path, container, &names)?;
    let mut bars = RawBars { first_row: 1, ..RawBars::default() };
    for (name, meaning) in kept {
        let typed = schema.iter().any(|(column, kind)| column == name && *kind == ColumnType::Time);
        place(&mut bars, &table, name, (meaning, columns.zone), typed)?;
    }
    Ok(bars)
}

/// Labels that are instants, when the file is said to be of a zone: dates, where all are midnights there.
///
/// # Errors
/// When they are not: the times of typed columns are instants already.
fn dates_of(labels: &mut [i64], zone: Clock) -> Result<(), String> {
    let local: Vec<i64> = labels.iter().map(|label| zone.local_of(*label)).collect();
    let is_date = |times: &[i64]| times.iter().all(|time| time.rem_euclid(DAY) == 0);
    if is_date(&local) {
        labels.copy_from_slice(&local);
    } else if !is_date(labels) {
        return Err("its times are typed, so that they are instants, and no midnights of the zone of --zone; \
                    drop --zone, or write local times as text"
            .to_owned());
    }
    Ok(())
}

/// Puts one Parquet column into its place.
fn place(
    bars: &mut RawBars,
    table: &Table,
    name: &str,
    (meaning, zone): (Meaning, Option<Clock>),
    typed: bool,
) -> Result<(), Fault> {
    let column = table.get(name).ok_or_else(|| Fault::file(format!("has no column `{name}`")))?;
    let number = || numbers(column).ok_or_else(|| misfit(name, column, "numbers"));
    match (meaning, column) {
        (Meaning::Symbol, Column::Text(values)) => {
            let mut places: HashMap<&str, u32> = HashMap::new();
            for text in values {
                let next = places.len() as u32;
                let idx = *places.entry(text).or_insert(next);
                if idx == next {
                    bars.symbols.push(text.clone());
                }
                bars.symbol_idx.push(idx);
            }
        }
        (Meaning::OpenTime, Column::Text(values)) => {
            let mut zoned = Zoned::default();
            bars.open_time = text_times(name, values, zone, &mut zoned)?;
            settle(bars, &zoned)?;
        }
        (Meaning::CloseTime, Column::Text(values)) => {
            bars.close_time = text_times(name, values, zone, &mut Zoned::default())?;
        }
        (Meaning::OpenTime, Column::I64(values)) => {
            bars.open_time = to_micros(values, typed)?;
            if let Some(zone) = zone.filter(|_| typed) {
                dates_of(&mut bars.open_time, zone).map_err(Fault::file)?;
            }
        }
        (Meaning::CloseTime, Column::I64(values)) => bars.close_time = to_micros(values, typed)?,
        (Meaning::Bar(at), _) => bars.columns.push((at, number()?)),
        (Meaning::Extra, _) => bars.extra.push((name.to_owned(), number()?)),
        (Meaning::Action, _) => bars.actions.push((name.to_owned(), number()?)),
        (Meaning::Symbol, _) => return Err(misfit(name, column, "symbols")),
        (Meaning::Clock, _) => {
            return Err(Fault::file(format!("`{name}` holds clocks beside dates")).hint("write one column of times"));
        }
        _ => return Err(misfit(name, column, "times")),
    }
    Ok(())
}

/// Times written as text in a typed column; those with a zone are noted.
fn text_times(name: &str, values: &[String], zone: Option<Clock>, zoned: &mut Zoned) -> Result<Vec<i64>, Fault> {
    let parse = |(row, text): (usize, &String)| {
        if let Some((local, offset)) = zoned_text(text, zone) {
            zoned.note(local, offset);
            return Ok(local - offset);
        }
        time::parse_iso(text).map_err(|error| Fault::row(row as u64 + 1, format!("{name}: {error}")))
    };
    values.iter().enumerate().map(parse).collect()
}
