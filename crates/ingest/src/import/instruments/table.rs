//! Tables of instruments with a header, ours and those of others who name their columns alike.

use crosscut_model::time::{self, DAY, EpochUnit, HOUR, MINUTE};
use crosscut_model::{Instrument, check_symbol, format_iso};

use crate::error::Fault;
use crate::import::container;
use crate::import::decimal::{integer, number};
use crate::import::fields::plain_name;
use crate::import::shape::read_shape;

use super::{InstrumentFile, Told};

/// A table of instruments has at most this many bytes.
const BYTES_MAX: usize = 64 << 20;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The symbol.
    Symbol,
    /// What the venue called it then.
    ListedAs,
    /// First moment of trading.
    Listed,
    /// End of trading.
    Delisted,
    /// Smallest price step.
    Tick,
    /// Smallest quantity step.
    Lot,
    /// Smallest quantity.
    Quantity,
    /// Smallest order value.
    Notional,
    /// Base units in one unit of quantity.
    Multiplier,
    /// From when the row holds.
    ValidFrom,
    /// When the row was last seen to hold.
    SeenAt,
    /// Label of the first bar there is of it.
    FirstBar,
    /// Label of the last bar there is of it.
    LastBar,
    /// How many bars there are; the name says how long they are.
    BarCount,
    /// Whether it is traded no more.
    IsDelisted,
}

/// What a row says of a life by its bars.
#[derive(Debug, Clone, Copy, Default)]
struct BarLife {
    /// Label of the first bar, microseconds UTC.
    first: Option<i64>,
    /// End of the last bar, microseconds UTC.
    end: Option<i64>,
    /// Whether it is traded no more.
    is_delisted: bool,
}

/// Spellings of each meaning, reduced to lower-case letters and digits.
const ALIASES: [(Meaning, &[&str]); 15] = [
    (Meaning::Symbol, &["symbol", "instrument", "instid", "ticker"]),
    (Meaning::ListedAs, &["listedas", "venuesymbol"]),
    (
        Meaning::Listed,
        &["listingtime", "listedat", "listingdate", "onboardtimems", "onboarddate", "onboardtime", "listtime"],
    ),
    (Meaning::Delisted, &["delistingtime", "delistedat", "delistingdate"]),
    (Meaning::Tick, &["ticksize", "pricetick"]),
    (Meaning::Lot, &["lotsize", "stepsize", "lotstep"]),
    (Meaning::Quantity, &["minquantity", "minqty", "minimumquantity"]),
    (Meaning::Notional, &["minnotional", "minimumnotional"]),
    (Meaning::Multiplier, &["multiplier", "contractmultiplier", "contractsize"]),
    (Meaning::ValidFrom, &["validfrom"]),
    (Meaning::SeenAt, &["seenat"]),
    (Meaning::FirstBar, &["firstbar"]),
    (Meaning::LastBar, &["lastbar"]),
    (Meaning::BarCount, &["minutes", "hours", "days"]),
    (Meaning::IsDelisted, &["delisted", "isdelisted"]),
];

/// Names of the columns that are not understood, when a header is that of a table of instruments.
pub(crate) fn recognise(header: &[String]) -> Option<Vec<String>> {
    let meanings: Vec<Option<Meaning>> = header.iter().map(|name| meaning(name)).collect();
    let has_symbol = meanings.contains(&Some(Meaning::Symbol));
    let has_more = meanings.iter().flatten().any(|meaning| *meaning != Meaning::Symbol);
    let unknown = header.iter().zip(&meanings).filter(|(_, meaning)| meaning.is_none());
    (has_symbol && has_more).then(|| unknown.map(|(name, _)| name.clone()).collect())
}

/// What a column name means.
fn meaning(name: &str) -> Option<Meaning> {
    let plain = plain_name(name);
    ALIASES.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(meaning, _)| *meaning)
}

/// Reads the rows of a table.
///
/// # Errors
/// The first row that is no instrument, or says what an earlier row says of the same stretch.
pub(super) fn read(file: &InstrumentFile, unknown: &[String]) -> Result<Told, Fault> {
    let bytes = container::head(&file.path, &file.container, BYTES_MAX)?;
    let shape = read_shape(&bytes)?;
    let header = shape.header.unwrap_or_default();
    let mut told = Told::default();
    let mut lives = Vec::new();
    let mut keys = std::collections::BTreeMap::new();
    for (at, fields) in shape.rows.iter().enumerate() {
        let row = shape.lines_before + 1 + at as u64;
        let (instrument, life) = read_row(&header, fields).map_err(|reason| Fault::row(row, reason))?;
        let key = (instrument.symbol.clone(), instrument.valid_from, instrument.listed_at);
        if let Some(other) = keys.insert(key, row) {
            return Err(Fault::row(row, format!("{} was in row {other} already", instrument.symbol)));
        }
        told.rows.push((row, instrument));
        lives.push(life);
    }
    told.notes.extend(live_by_bars(&mut told.rows, &lives));
    if let Some((row, instrument)) = told.rows.iter().find(|(_, row)| is_upside_down(row)) {
        return Err(Fault::row(*row, format!("{} is delisted before it is listed", instrument.symbol)));
    }
    if !unknown.is_empty() {
        told.notes.push(format!("columns not kept: {}", unknown.join(", ")));
    }
    Ok(told)
}

/// Whether a row has its listing after its delisting.
fn is_upside_down(row: &Instrument) -> bool {
    row.listed_at.zip(row.delisted_at).is_some_and(|(listed, delisted)| delisted <= listed)
}

/// Takes listings and delistings from bars where a table tells those instead: a symbol was listed with its first bar, unless
/// that lies in the first day of the whole table, where only the data begin; and one that is delisted was so when its last bar ended.
/// The last bar of one that is not says nothing.
fn live_by_bars(rows: &mut [(u64, Instrument)], lives: &[BarLife]) -> Option<String> {
    let beginning = lives.iter().filter_map(|life| life.first).min()?;
    let (mut n_listed, mut n_delisted) = (0, 0);
    for ((_, row), life) in rows.iter_mut().zip(lives) {
        let listed = life.first.filter(|first| *first > beginning + DAY && row.listed_at.is_none());
        let delisted = life.end.filter(|_| life.is_delisted && row.delisted_at.is_none());
        n_listed += u64::from(listed.is_some());
        n_delisted += u64::from(delisted.is_some());
        (row.listed_at, row.delisted_at) = (listed.or(row.listed_at), delisted.or(row.delisted_at));
    }
    Some(format!(
        "{n_listed} listings are first bars more than a day after {}, where the table begins; {n_delisted} delistings are ends of last bars",
        format_iso(beginning)
    ))
}

/// One row, and what it says of its bars; the error says what is wrong with it.
fn read_row(header: &[String], fields: &[String]) -> Result<(Instrument, BarLife), String> {
    if header.len() != fields.len() {
        return Err(format!("has {} fields; expected {}", fields.len(), header.len()));
    }
    let mut out = Instrument::default();
    let mut life = BarLife::default();
    for (name, text) in header.iter().zip(fields) {
        let Some(meaning) = meaning(name) else { continue };
        if meaning == Meaning::Symbol {
            out.symbol = check_symbol(text).map_err(|error| error.to_string())?.to_owned();
        } else if !text.is_empty() {
            read_field((&mut out, &mut life), meaning, text)
                .map_err(|expected| format!("{name} is `{}`; expected {expected}", text.escape_debug()))?;
        }
    }
    if let Some(last) = life.end {
        let length = header.iter().find_map(|name| bar_length(name));
        let why = "a column `hours`, `days` or `minutes`, which says how long the bars of first_bar and last_bar are";
        life.end = Some(last + length.ok_or_else(|| format!("expected {why}"))?);
    }
    Ok((out, life))
}

/// How long the bars are that a column counts, microseconds.
fn bar_length(name: &str) -> Option<i64> {
    match plain_name(name).as_str() {
        "minutes" => Some(MINUTE),
        "hours" => Some(HOUR),
        "days" => Some(DAY),
        _ => None,
    }
}

/// One field; the error says what was expected.
fn read_field((out, life): (&mut Instrument, &mut BarLife), meaning: Meaning, text: &str) -> Result<(), &'static str> {
    match meaning {
        Meaning::Symbol => {}
        Meaning::ListedAs => out.listed_as = Some(check_symbol(text).map_err(|_| "a symbol")?.to_owned()),
        Meaning::Listed => out.listed_at = Some(read_time(text)?),
        Meaning::Delisted => out.delisted_at = Some(read_time(text)?),
        Meaning::ValidFrom => out.valid_from = Some(read_time(text)?),
        Meaning::SeenAt => out.seen_at = Some(read_time(text)?),
        Meaning::Tick => out.tick_size = Some(read_step(text)?),
        Meaning::Lot => out.lot_size = Some(read_step(text)?),
        Meaning::Multiplier => out.multiplier = Some(read_step(text)?),
        Meaning::Quantity => out.min_quantity = Some(read_amount(text)?),
        Meaning::Notional => out.min_notional = Some(read_amount(text)?),
        Meaning::FirstBar => life.first = Some(read_time(text)?),
        Meaning::LastBar => life.end = Some(read_time(text)?),
        Meaning::BarCount => {
            read_amount(text)?;
        }
        Meaning::IsDelisted => life.is_delisted = read_flag(text)?,
    }
    Ok(())
}

/// A time as epoch number of any unit or text, microseconds UTC.
fn read_time(text: &str) -> Result<i64, &'static str> {
    let epoch = integer(text.as_bytes()).and_then(|value| Some(EpochUnit::detect(value)?.to_micros(value)));
    let written = || time::parse_compact(text).or_else(|| time::parse_iso(text).ok());
    epoch.or_else(written).ok_or("a UTC time")
}

/// Yes or no.
fn read_flag(text: &str) -> Result<bool, &'static str> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err("true or false"),
    }
}

/// A positive finite number.
pub(super) fn read_step(text: &str) -> Result<f64, &'static str> {
    number(text.as_bytes()).filter(|value| *value > 0.0 && value.is_finite()).ok_or("a positive number")
}

/// A finite number of at least 0.
pub(super) fn read_amount(text: &str) -> Result<f64, &'static str> {
    number(text.as_bytes()).filter(|value| *value >= 0.0 && value.is_finite()).ok_or("a number of at least 0")
}
