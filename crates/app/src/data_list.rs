//! `data list` and `data info`: the tables of the hub, from their footers and provenance.

use crosscut_hub::{Hub, InputFile, TableInfo};
use crosscut_model::bar::BAR_COLUMNS;
use crosscut_model::instrument::holder_of;
use crosscut_model::{BarSpec, Column, Instrument, Table, TradeKind, format_iso, nearest};

use crate::data_verify;
use crate::desk::Desk;
use crate::error::AppError;

/// The tables of one kind at one venue.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TableGroup {
    /// Venue.
    pub venue: String,
    /// `ticks`, `bars`, `funding`, `actions` or `instruments`.
    pub table: String,
    /// Kind of trades or of bars; what the rows are in the other tables.
    pub kind: String,
    /// Symbols, sorted.
    pub symbols: Vec<String>,
}

/// One table of one symbol.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TableEntry {
    /// The symbol: the one asked for, or an earlier holder of its name.
    pub symbol: String,
    /// Venue.
    pub venue: String,
    /// `ticks`, `bars`, `funding`, `actions` or `instruments`.
    pub table: String,
    /// Kind of trades or of bars; what the rows are in the other tables.
    pub kind: String,
    /// Rows.
    pub rows: usize,
    /// Label of the first row, ISO-8601.
    pub first: String,
    /// Label of the last row, ISO-8601.
    pub last: String,
    /// What the table was made from.
    pub origin: String,
    /// Hash of the content; of ticks one per month.
    pub content_hashes: Vec<String>,
    /// The files it was made from.
    pub inputs: Vec<InputFile>,
    /// When each of them was downloaded, ISO-8601, by the ledger of raw files; `None` for files brought by hand.
    pub fetched_at: Vec<Option<String>>,
    /// Remarks.
    pub notes: Vec<String>,
    /// What the table of instruments says of the symbol, a row for each stretch of time; empty for other tables.
    pub terms: Vec<Terms>,
}

/// What is known of an instrument from a date on.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Terms {
    /// From when it holds, ISO-8601; `None` is always.
    pub valid_from: Option<String>,
    /// When it was last seen to hold, ISO-8601.
    pub seen_at: Option<String>,
    /// What the venue called it.
    pub listed_as: String,
    /// First moment of trading, ISO-8601.
    pub listed_at: Option<String>,
    /// End of trading, ISO-8601.
    pub delisted_at: Option<String>,
    /// Smallest price step, quote units.
    pub tick_size: Option<f64>,
    /// Smallest quantity step, base units.
    pub lot_size: Option<f64>,
    /// Smallest quantity of an order, base units.
    pub min_quantity: Option<f64>,
    /// Smallest order value, quote units.
    pub min_notional: Option<f64>,
    /// Base units in one unit of quantity.
    pub multiplier: Option<f64>,
}

impl Terms {
    /// A row of the table of instruments.
    fn new(row: &Instrument) -> Self {
        Self {
            valid_from: row.valid_from.map(format_iso),
            seen_at: row.seen_at.map(format_iso),
            listed_as: row.venue_symbol().to_owned(),
            listed_at: row.listed_at.map(format_iso),
            delisted_at: row.delisted_at.map(format_iso),
            tick_size: row.tick_size,
            lot_size: row.lot_size,
            min_quantity: row.min_quantity,
            min_notional: row.min_notional,
            multiplier: row.multiplier,
        }
    }
}

/// All tables, or those of the venue asked for.
///
/// # Errors
/// No hub, an unknown venue, a folder that cannot be listed.
pub fn list(desk: &Desk<'_>) -> Result<Vec<TableGroup>, AppError> {
    let hub = desk.hub()?;
    let mut out = Vec::new();
    for venue in venues(desk, &hub)? {
        if hub.tick_venues()?.contains(&venue) {
            for kind in [TradeKind::Trades, TradeKind::AggTrades] {
                let symbols = hub.tick_symbols(&venue, kind)?;
                if !symbols.is_empty() {
                    let (table, kind) = ("ticks".to_owned(), kind.name().to_owned());
                    out.push(TableGroup { venue: venue.clone(), table, kind, symbols });
                }
            }
        }
        if hub.venues()?.contains(&venue) {
            for kind in hub.bar_kinds(&venue)? {
                let symbols = hub.bar_symbols(&venue, &bar_spec(&kind)?)?;
                out.push(TableGroup { venue: venue.clone(), table: "bars".to_owned(), kind, symbols });
            }
        }
        let instruments: Vec<String> = hub.instruments(&venue)?.into_iter().map(|row| row.symbol).collect();
        for (table, kind, mut symbols) in [
            ("funding", "rates", hub.funding_symbols(&venue)?),
            ("actions", "splits and dividends", hub.action_symbols(&venue)?),
            ("instruments", "terms by date", instruments),
        ] {
            symbols.dedup();
            if !symbols.is_empty() {
                out.push(TableGroup { venue: venue.clone(), table: table.to_owned(), kind: kind.to_owned(), symbols });
            }
        }
    }
    Ok(out)
}

/// All tables of one symbol.
///
/// # Errors
/// An unknown symbol (the nearest is named), a damaged table.
pub fn info(desk: &Desk<'_>, symbol: &str) -> Result<Vec<TableEntry>, AppError> {
    let hub = desk.hub()?;
    let groups = list(desk)?;
    // Earlier holders of the same name belong to the answer: `LUNAUSDT~20200821` beside `LUNAUSDT`.
    let is_meant = |known: &&String| *known == symbol || holder_of(known) == symbol;
    let with_it = || groups.iter().filter(|group| group.symbols.iter().any(|known| is_meant(&known)));
    if with_it().next().is_none() {
        let symbols = groups.iter().flat_map(|group| group.symbols.iter().map(String::as_str));
        let error = AppError::new(format!("the hub has no table of `{symbol}`"));
        return Err(match nearest(symbol, symbols) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`crosscut data list` shows what there is"),
        });
    }
    let entries = with_it().flat_map(|group| {
        let hub = &hub;
        group.symbols.iter().filter(is_meant).map(move |known| table_entry(hub, group, known))
    });
    let mut entries = entries.collect::<Result<Vec<TableEntry>, AppError>>()?;
    for entry in entries.iter_mut().filter(|entry| entry.inputs.iter().any(|input| input.venue.is_some())) {
        let ledger = data_verify::ledger(desk, &entry.venue)?;
        entry.fetched_at = entry
            .inputs
            .iter()
            .map(|input| {
                let archive = input.venue.as_ref()?.archive_sha256.as_ref();
                Some(ledger.by_hash(archive.unwrap_or(&input.sha256))?.fetched_at)
            })
            .collect();
    }
    Ok(entries)
}

/// The rows of a symbol's bars, all columns.
///
/// # Errors
/// No hub, no such bars (the nearest are named), a damaged table.
pub fn bars(desk: &Desk<'_>, symbol: &str, bar: BarSpec) -> Result<Table, AppError> {
    let hub = desk.hub()?;
    let bars = hub.read_all_bars(&desk.venue(&hub)?, &bar, symbol)?;
    let mut table = Table::default();
    table.push("timestamp", Column::I64(bars.timestamp.clone()));
    table.push("available_at", Column::I64(bars.available_at.clone()));
    if !bars.bar_seq.is_empty() {
        table.push("bar_seq", Column::I64(bars.bar_seq.clone()));
    }
    for (name, values) in BAR_COLUMNS.iter().zip(bars.columns()) {
        table.push(*name, Column::F64(values.clone()));
    }
    for (name, values) in bars.extra {
        table.push(name, Column::F64(values));
    }
    Ok(table)
}

/// The venues to look at.
fn venues(desk: &Desk<'_>, hub: &Hub) -> Result<Vec<String>, AppError> {
    let mut all = hub.venues()?;
    all.extend(hub.tick_venues()?);
    all.extend(hub.funding_venues()?);
    all.extend(hub.action_venues()?);
    all.extend(hub.instrument_venues()?);
    all.sort();
    all.dedup();
    let Some(wanted) = desk.config.text("venue") else { return Ok(all) };
    if all.iter().any(|venue| venue == wanted) {
        return Ok(vec![wanted.to_owned()]);
    }
    let near = nearest(wanted, all.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
    let hint = near.unwrap_or_else(|| format!("the hub has {}", all.join(", ")));
    Err(AppError::new(format!("the hub has no venue `{wanted}`")).hint(hint))
}

/// One table in words and numbers.
fn table_entry(hub: &Hub, group: &TableGroup, symbol: &str) -> Result<TableEntry, AppError> {
    let mut entry = TableEntry {
        symbol: symbol.to_owned(),
        venue: group.venue.clone(),
        table: group.table.clone(),
        kind: group.kind.clone(),
        rows: 0,
        first: String::new(),
        last: String::new(),
        origin: String::new(),
        content_hashes: Vec::new(),
        inputs: Vec::new(),
        fetched_at: Vec::new(),
        notes: Vec::new(),
        terms: Vec::new(),
    };
    let venue = &group.venue;
    match group.table.as_str() {
        "bars" => return Ok(described(entry, hub.bar_info(venue, &bar_spec(&group.kind)?, symbol)?)),
        "funding" => return Ok(described(entry, hub.funding_info(venue, symbol)?)),
        "actions" => return Ok(described(entry, hub.action_info(venue, symbol)?)),
        "instruments" => return with_terms(entry, hub, symbol),
        _ => {}
    }
    let kinds = [TradeKind::Trades, TradeKind::AggTrades];
    let kind = kinds.into_iter().find(|kind| kind.name() == group.kind).expect("groups are made from these kinds");
    let info = hub.tick_info(&group.venue, symbol, kind)?;
    (entry.rows, entry.first, entry.last) = (info.rows, format_iso(info.first), format_iso(info.last));
    for month in info.months {
        month.provenance.origin.name().clone_into(&mut entry.origin);
        entry.content_hashes.push(month.content_hash);
        entry.inputs.extend(month.provenance.inputs);
        entry.notes.extend(month.provenance.notes);
    }
    Ok(entry)
}

/// An entry with what is known of its table.
fn described(mut entry: TableEntry, info: TableInfo) -> TableEntry {
    (entry.rows, entry.first, entry.last) = (info.rows, format_iso(info.first), format_iso(info.last));
    info.provenance.origin.name().clone_into(&mut entry.origin);
    entry.content_hashes.push(info.content_hash);
    entry.inputs = info.provenance.inputs;
    entry.notes = info.provenance.notes;
    entry
}

/// An entry with what the table of instruments says of a symbol.
fn with_terms(mut entry: TableEntry, hub: &Hub, symbol: &str) -> Result<TableEntry, AppError> {
    entry.terms = hub.instrument(&entry.venue, symbol)?.iter().map(Terms::new).collect();
    entry.rows = entry.terms.len();
    let from = |terms: Option<&Terms>| terms.and_then(|terms| terms.valid_from.clone()).unwrap_or_default();
    (entry.first, entry.last) = (from(entry.terms.first()), from(entry.terms.last()));
    if let Some(provenance) = hub.instruments_provenance(&entry.venue)? {
        provenance.origin.name().clone_into(&mut entry.origin);
        entry.content_hashes.push(provenance.content_hash);
        entry.inputs = provenance.inputs;
        entry.notes = provenance.notes;
    }
    Ok(entry)
}

/// A kind of bars as the hub writes it.
fn bar_spec(kind: &str) -> Result<BarSpec, AppError> {
    kind.parse().map_err(|error: crosscut_model::bar::BarSpecError| AppError::new(error.to_string()))
}
