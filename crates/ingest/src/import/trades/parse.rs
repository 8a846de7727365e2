//! Rows of trade text into columns: the product's fastest loop over raw data.
//!
//! Each row is first read in one pass over its bytes; a row the fast pass does not understand (quotes, exponents, text
//! times, anything wrong) is read again field by field, which either succeeds or says what is wrong with it.

use crosscut_model::Trades;
use crosscut_model::time::{self, EpochUnit};

use crate::error::Fault;
use crate::import::decimal::{Lengths, decimal_like, digits_like, integer, number};
use crate::import::fields::{shown, split};
use crate::import::shape::BYTE_ORDER_MARK;
use crate::import::zone::Clock;

use super::check::RowCheck;
use super::layout::{Role, TimeForm, TradeLayout};

/// The values of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row {
    /// The venue's id; 0 when the layout has none.
    pub id: i64,
    /// First execution of an aggregated row.
    pub first_id: i64,
    /// Last execution of an aggregated row.
    pub last_id: i64,
    /// Time, microseconds UTC.
    pub time: i64,
    /// The earliest of the row's other times, microseconds UTC; the greatest number when there is none.
    pub near_min: i64,
    /// The latest of the row's other times, microseconds UTC; the smallest number when there is none.
    pub near_max: i64,
    /// Price, quote units.
    pub price: f64,
    /// Quantity, base units, without sign.
    pub quantity: f64,
    /// Whether the taker sold.
    pub is_buyer_maker: Option<bool>,
}

impl Row {
    /// A row before its first field.
    pub const EMPTY: Self = Self {
        id: 0,
        first_id: 0,
        last_id: 0,
        time: 0,
        near_min: i64::MAX,
        near_max: i64::MIN,
        price: f64::NAN,
        quantity: f64::NAN,
        is_buyer_maker: None,
    };

    /// Appends the row to columns, with the ids the layout has.
    #[inline]
    pub fn push_to(&self, out: &mut Trades, has_id: bool, has_span: bool) {
        if has_id {
            out.trade_id.push(self.id);
        }
        if has_span {
            out.first_trade_id.push(self.first_id);
            out.last_trade_id.push(self.last_id);
        }
        out.timestamp.push(self.time);
        out.price.push(self.price);
        out.quantity.push(self.quantity);
        out.is_buyer_maker.push(self.is_buyer_maker);
    }
}

/// Reads the lines of one file.
pub(crate) struct TradeParser {
    /// How rows are written.
    layout: TradeLayout,
    /// Unit of epoch times; `None` for text.
    unit: Option<EpochUnit>,
    /// Whether rows carry an id.
    has_id: bool,
    /// Whether rows carry the first and last execution.
    has_span: bool,
    /// How long the numbers of the row before were, by column.
    lengths: Vec<Lengths>,
    /// Number of the line read last.
    line: u64,
    /// The rules rows must keep.
    pub check: RowCheck,
}

impl TradeParser {
    /// A parser at the first line of a file.
    pub fn new(layout: TradeLayout, check: RowCheck) -> Self {
        let unit = match layout.time {
            TimeForm::Epoch(unit) => Some(unit),
            TimeForm::Text | TimeForm::Local(_) => None,
        };
        let has_id = layout.has(Role::Id);
        let has_span = layout.has(Role::FirstId) && layout.has(Role::LastId);
        let lengths = vec![Lengths::default(); layout.roles.len()];
        Self { layout, unit, has_id, has_span, lengths, line: 0, check }
    }

    /// Reads lines of `chunk` from `at` until `out` has `limit` rows or the chunk ends; gives the position reached.
    ///
    /// # Errors
    /// The first row that cannot be read or breaks a rule.
    pub fn parse(&mut self, chunk: &[u8], mut at: usize, limit: usize, out: &mut Trades) -> Result<usize, Fault> {
        if self.line == 0 && at == 0 && chunk.starts_with(BYTE_ORDER_MARK) {
            at = BYTE_ORDER_MARK.len();
        }
        while self.line < self.layout.lines_before && at < chunk.len() {
            at = line_end(chunk, at) + 1;
            self.line += 1;
        }
        while at < chunk.len() && out.len() < limit {
            self.line += 1;
            let row = match self.fast_row(chunk, at) {
                Some((row, next)) => {
                    at = next;
                    row
                }
                None => {
                    let end = line_end(chunk, at);
                    let line = &chunk[at..end];
                    at = end + 1;
                    if line.trim_ascii().is_empty() {
                        self.only_blank_lines(&chunk[at..])?;
                        continue;
                    }
                    self.slow_row(line)?
                }
            };
            if self.check.accept(&row, self.line)? {
                row.push_to(out, self.has_id, self.has_span);
            }
        }
        Ok(at)
    }

    /// Blank lines are harmless at the end of a file, and a sign of damage anywhere else.
    fn only_blank_lines(&self, rest: &[u8]) -> Result<(), Fault> {
        if rest.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        Err(Fault::row(self.line, "the line is blank; expected a trade"))
    }

    /// One pass over a row: its values and where the next line begins. `None` for anything unusual.
    #[inline]
    fn fast_row(&mut self, bytes: &[u8], start: usize) -> Option<(Row, usize)> {
        let unit = self.unit?;
        let mut row = Row::EMPTY;
        let mut at = start;
        let last = self.layout.roles.len() - 1;
        for (column, (role, like)) in self.layout.roles.iter().zip(&mut self.lengths).enumerate() {
            at = match role {
                Role::Skip => field_end(bytes, at),
                Role::Id => int_to(bytes, at, like, &mut row.id)?,
                Role::FirstId => int_to(bytes, at, like, &mut row.first_id)?,
                Role::LastId => int_to(bytes, at, like, &mut row.last_id)?,
                Role::Price => decimal_to(bytes, at, like, &mut row.price)?,
                Role::Quantity => decimal_to(bytes, at, like, &mut row.quantity)?,
                Role::SignedQuantity => {
                    let sold = bytes.get(at) == Some(&b'-');
                    row.is_buyer_maker = Some(sold);
                    decimal_to(bytes, at + usize::from(sold), like, &mut row.quantity)?
                }
                Role::Time => {
                    let (value, end) = digits_like(bytes, at, like)?;
                    if EpochUnit::detect(value) != Some(unit) {
                        return None;
                    }
                    row.time = unit.to_micros(value);
                    end
                }
                Role::BuyerMaker => {
                    let (flag, end) = flag(bytes, at)?;
                    row.is_buyer_maker = Some(flag);
                    end
                }
                Role::NearTime => {
                    let (value, end) = digits_like(bytes, at, like)?;
                    if EpochUnit::detect(value) != Some(unit) {
                        return None;
                    }
                    row.note_near(unit.to_micros(value));
                    end
                }
                Role::Same(which) => {
                    let expected = &self.layout.same[*which];
                    let end = at + expected.len();
                    (bytes.get(at..end)? == expected.as_slice()).then_some(end)?
                }
                Role::TakerSide => {
                    let end = field_end(bytes, at);
                    row.is_buyer_maker = Some(taker_sold(&bytes[at..end])?);
                    end
                }
            };
            if column < last {
                (bytes.get(at) == Some(&b',')).then_some(())?;
            } else if bytes.get(at) == Some(&b'\r') {
                at += 1;
            }
            at += 1;
        }
        (bytes.get(at - 1) == Some(&b'\n')).then_some((row, at))
    }

    /// A row field by field, with a message for what cannot be read.
    fn slow_row(&self, line: &[u8]) -> Result<Row, Fault> {
        let mut fields = Vec::new();
        split(line, &mut fields).ok_or_else(|| Fault::row(self.line, "a quoted field is not closed"))?;
        let roles = &self.layout.roles;
        if fields.len() != roles.len() {
            return Err(Fault::row(
                self.line,
                format!("has {} fields; expected {} ({})", fields.len(), roles.len(), self.layout.name),
            ));
        }
        let mut row = Row::EMPTY;
        for ((role, field), name) in roles.iter().zip(&fields).zip(&self.layout.names) {
            self.slow_field(*role, field, &mut row)
                .map_err(|expected| Fault::row(self.line, format!("{name} is {}; {expected}", shown(field))))?;
        }
        Ok(row)
    }

    /// One field of a row; the error says what was expected.
    fn slow_field(&self, role: Role, field: &[u8], row: &mut Row) -> Result<(), String> {
        let whole =
            || integer(field).filter(|&id| id >= 0).ok_or("expected a whole number from 0 to 2^63-1".to_owned());
        let real = || number(field).ok_or("expected a number".to_owned());
        match role {
            Role::Skip => {}
            Role::Id => row.id = whole()?,
            Role::FirstId => row.first_id = whole()?,
            Role::LastId => row.last_id = whole()?,
            Role::Price => row.price = real()?,
            Role::Quantity => row.quantity = real()?,
            Role::SignedQuantity => {
                let signed = real()?;
                row.quantity = signed.abs();
                row.is_buyer_maker = Some(signed < 0.0);
            }
            Role::Time => row.time = self.slow_time(field)?,
            Role::NearTime => row.note_near(self.slow_time(field)?),
            Role::BuyerMaker => {
                let (flag, end) = flag(field, 0).ok_or("expected true or false")?;
                if end != field.len() {
                    return Err("expected true or false".to_owned());
                }
                row.is_buyer_maker = Some(flag);
            }
            Role::TakerSide => row.is_buyer_maker = Some(taker_sold(field).ok_or("expected buy or sell")?),
            Role::Same(which) => {
                let expected = &self.layout.same[which];
                if field != expected.as_slice() {
                    return Err(format!("every row before says {}", shown(expected)));
                }
            }
        }
        Ok(())
    }

    /// A time in any written form of the file's kind, as microseconds UTC.
    fn slow_time(&self, field: &[u8]) -> Result<i64, String> {
        let Some(unit) = self.unit else {
            let text = std::str::from_utf8(field).map_err(|_| "expected a UTC time as text")?;
            let zone = self.layout.time.zone();
            return text_time(text, zone).ok_or_else(|| "expected a UTC time as text".to_owned());
        };
        let mut parts = field.splitn(2, |&b| b == b'.');
        let whole = parts.next().and_then(integer).ok_or("expected an epoch time")?;
        let fraction = parts.next().unwrap_or(b"");
        if !fraction.iter().all(u8::is_ascii_digit) {
            return Err("expected an epoch time".to_owned());
        }
        match EpochUnit::detect(whole) {
            Some(seen) if seen == unit => {}
            Some(seen) => {
                return Err(format!(
                    "it is in {}, the rows before are in {}: one file must not mix units",
                    seen.name(),
                    unit.name()
                ));
            }
            None => return Err(format!("expected an epoch time in {}", unit.name())),
        }
        let six = fraction.iter().chain(b"000000").take(6).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        Ok(unit.to_micros(whole) + unit.to_micros(six) / 1_000_000)
    }
}

/// A time as text, in its own zone, in the one that is said of the file, or UTC; microseconds UTC.
pub(crate) fn text_time(text: &str, zone: Option<Clock>) -> Option<i64> {
    if let Some((local, ahead)) = time::parse_zoned(text) {
        return Some(local - ahead);
    }
    let local = time::parse_iso(text).ok()?;
    Some(zone.map_or(local, |zone| local - zone.ahead_at(local)))
}

impl Row {
    /// Takes note of one of the row's other times.
    #[inline]
    fn note_near(&mut self, micros: i64) {
        self.near_min = self.near_min.min(micros);
        self.near_max = self.near_max.max(micros);
    }
}

/// Position of the line end at or after `at`; chunks always end with one.
fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |n| at + n)
}

/// Position of the comma or line end at or after `at`.
#[inline]
fn field_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        if matches!(byte, b',' | b'\n' | b'\r') {
            break;
        }
        end += 1;
    }
    end
}

/// Reads digits into `slot`; the position after them.
#[inline(always)]
fn int_to(bytes: &[u8], at: usize, like: &mut Lengths, slot: &mut i64) -> Option<usize> {
    let (value, end) = digits_like(bytes, at, like)?;
    *slot = value;
    Some(end)
}

/// Reads a decimal into `slot`; the position after it.
#[inline(always)]
fn decimal_to(bytes: &[u8], at: usize, like: &mut Lengths, slot: &mut f64) -> Option<usize> {
    let (value, end) = decimal_like(bytes, at, like)?;
    *slot = value;
    Some(end)
}

/// Reads `True`, `true`, `1`, `False`, `false` or `0`; the position after it.
#[inline(always)]
fn flag(bytes: &[u8], at: usize) -> Option<(bool, usize)> {
    // Sides follow one another at random: a processor cannot guess a branch between the two.
    if let Some([a, b, c, d, e]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<5>()) {
        let word = u32::from_le_bytes([a | 0x20, *b, *c, *d]);
        let (small, large) = (u32::from_le_bytes(*b"true"), u32::from_le_bytes(*b"tRUE"));
        let is_true = (word == small) | (word == large);
        let (small, large) = (u32::from_le_bytes(*b"fals"), u32::from_le_bytes(*b"fALS"));
        let is_false = ((word == small) & (*e == b'e')) | ((word == large) & (*e == b'E'));
        if is_true | is_false {
            return Some((is_true, at + 4 + usize::from(is_false)));
        }
    }
    let rest = bytes.get(at + 1..)?;
    match bytes.get(at)? {
        b't' | b'T' if rest.starts_with(b"rue") || rest.starts_with(b"RUE") => Some((true, at + 4)),
        b'f' | b'F' if rest.starts_with(b"alse") || rest.starts_with(b"ALSE") => Some((false, at + 5)),
        b'1' => Some((true, at + 1)),
        b'0' => Some((false, at + 1)),
        _ => None,
    }
}

/// Whether a side word says that the taker sold.
fn taker_sold(field: &[u8]) -> Option<bool> {
    match field.to_ascii_lowercase().as_slice() {
        b"sell" | b"s" => Some(true),
        b"buy" | b"b" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
