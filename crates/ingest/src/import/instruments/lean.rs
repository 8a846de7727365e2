//! LEAN's symbol properties: tick, lot, least order and multiplier of the instruments of many markets, without dates.

use std::io::{BufRead as _, BufReader};

use crosscut_model::{Instrument, check_symbol};

use crate::error::Fault;
use crate::import::container::{self, cannot_read};
use crate::import::fields::split;

use super::table::{read_amount, read_step};
use super::{InstrumentFile, Told};

/// The first columns of its header, by which it is known.
pub(super) const HEADER: [&str; 8] = [
    "market",
    "symbol",
    "type",
    "description",
    "quote_currency",
    "contract_multiplier",
    "minimum_price_variation",
    "lot_size",
];

/// Words in the name of a venue that stand for its perpetuals and futures.
const FUTURES_WORDS: [&str; 8] = ["futures", "future", "perp", "perpetual", "swap", "linear", "um", "cryptofuture"];

/// The rows of a venue: the market is the first word of its name, `binance_futures` are the futures of `binance`.
///
/// # Errors
/// When the file has no such market, or a row's number is none.
pub(super) fn read(file: &InstrumentFile, venue: &str) -> Result<Told, Fault> {
    let (market, wanted) = wanted(venue);
    let mut told = Told::default();
    let (mut n_wild, mut markets) = (0, std::collections::BTreeSet::new());
    let lines = BufReader::new(container::open(&file.path, &file.container)?).split(b'\n');
    for (at, line) in lines.enumerate() {
        let (line, row) = (line.map_err(|error| cannot_read(&error))?, at as u64 + 1);
        if at == 0 || line.starts_with(b"#") || line.trim_ascii().is_empty() {
            continue;
        }
        let mut fields = Vec::new();
        split(&line, &mut fields).ok_or_else(|| Fault::row(row, "a quoted field is not closed"))?;
        let text = |at: usize| fields.get(at).map_or("", |field| std::str::from_utf8(field).unwrap_or(""));
        if fields.len() < HEADER.len() {
            return Err(Fault::row(row, format!("has {} fields; expected at least {}", fields.len(), HEADER.len())));
        }
        markets.insert(format!("{} ({})", text(0), text(2)));
        if text(0) != market || text(2) != wanted {
            continue;
        }
        if text(1) == "[*]" {
            n_wild += 1;
            continue;
        }
        let instrument = row_of(&text, market).map_err(|reason| Fault::row(row, reason))?;
        told.rows.push((row, instrument));
    }
    if told.rows.is_empty() && n_wild == 0 {
        let listed: Vec<&str> = markets.iter().map(String::as_str).filter(|name| name.starts_with(market)).collect();
        let listed = if listed.is_empty() { "none of that market".to_owned() } else { listed.join(", ") };
        return Err(Fault::file(format!("has no rows of market `{market}`, type `{wanted}`; it has {listed}"))
            .hint("the venue's name picks the rows: binance takes crypto, binance_futures takes cryptofuture"));
    }
    told.rows.sort_by(|a, b| (&a.1.symbol, a.0).cmp(&(&b.1.symbol, b.0)));
    let before = told.rows.len();
    // The file repeats rows that are the same but for empty fields at their end.
    told.rows.dedup_by(|later, earlier| later.1 == earlier.1);
    if told.rows.len() < before {
        told.notes.push(format!("{} rows said the same as an earlier one", before - told.rows.len()));
    }
    if n_wild > 0 {
        told.notes.push(format!("{n_wild} rows for all symbols of the market are not kept"));
    }
    told.notes.push("without a date: its values are taken to hold always".to_owned());
    Ok(told)
}

/// The market and type of a venue's rows.
fn wanted(venue: &str) -> (&str, &'static str) {
    let mut words = venue.split(['_', '-', '.']);
    let market = words.next().unwrap_or(venue);
    let wanted = if words.any(|word| FUTURES_WORDS.contains(&word)) { "cryptofuture" } else { "crypto" };
    (market, wanted)
}

/// One row; the error says what is wrong with it.
fn row_of<'a>(text: &impl Fn(usize) -> &'a str, market: &str) -> Result<Instrument, String> {
    let name = if text(8).is_empty() { text(1) } else { text(8) };
    let symbol = check_symbol(name).map_err(|error| error.to_string())?;
    let wrong =
        |at: usize, name: &'static str| move |expected: &str| format!("{name} is `{}`; expected {expected}", text(at));
    let mut out = Instrument::named(symbol);
    out.multiplier = Some(read_step(text(5)).map_err(wrong(5, "contract_multiplier"))?).filter(|one| *one != 1.0);
    out.tick_size = Some(read_step(text(6)).map_err(wrong(6, "minimum_price_variation"))?);
    out.lot_size = Some(read_step(text(7)).map_err(wrong(7, "lot_size"))?);
    if !text(9).is_empty() {
        let least = Some(read_amount(text(9)).map_err(wrong(9, "minimum_order_size"))?);
        // Binance states its least order in quote currency, the others in base units.
        if market.starts_with("binance") {
            out.min_notional = least;
        } else {
            out.min_quantity = least;
        }
    }
    Ok(out)
}
