//! `data list` and `data info`: the tables of the hub, from their footers and provenance.

use crosscut_hub::{Hub, InputFile};
use crosscut_model::bar::BAR_COLUMNS;
use crosscut_model::{BarSpec, Column, Table, TradeKind, format_iso, nearest};

use crate::desk::Desk;
use crate::error::AppError;

/// The tables of one kind at one venue.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TableGroup {
    /// Venue.
    pub venue: String,
    /// `ticks` or `bars`.
    pub table: String,
    /// Kind of trades or of bars.
    pub kind: String,
    /// Symbols, sorted.
    pub symbols: Vec<String>,
}

/// One table of one symbol.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TableEntry {
    /// Venue.
    pub venue: String,
    /// `ticks` or `bars`.
    pub table: String,
    /// Kind of trades or of bars.
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
    /// Remarks.
    pub notes: Vec<String>,
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
    let with_it = || groups.iter().filter(|group| group.symbols.iter().any(|known| known == symbol));
    if with_it().next().is_none() {
        let symbols = groups.iter().flat_map(|group| group.symbols.iter().map(String::as_str));
        let error = AppError::new(format!("the hub has no table of `{symbol}`"));
        return Err(match nearest(symbol, symbols) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`crosscut data list` shows what there is"),
        });
    }
    with_it().map(|group| table_entry(&hub, group, symbol)).collect()
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
        venue: group.venue.clone(),
        table: group.table.clone(),
        kind: group.kind.clone(),
        rows: 0,
        first: String::new(),
        last: String::new(),
        origin: String::new(),
        content_hashes: Vec::new(),
        inputs: Vec::new(),
        notes: Vec::new(),
    };
    if group.table == "bars" {
        let info = hub.bar_info(&group.venue, &bar_spec(&group.kind)?, symbol)?;
        (entry.rows, entry.first, entry.last) = (info.rows, format_iso(info.first), format_iso(info.last));
        info.provenance.origin.name().clone_into(&mut entry.origin);
        entry.content_hashes.push(info.content_hash);
        entry.inputs = info.provenance.inputs;
        entry.notes = info.provenance.notes;
        return Ok(entry);
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

/// A kind of bars as the hub writes it.
fn bar_spec(kind: &str) -> Result<BarSpec, AppError> {
    kind.parse().map_err(|error: crosscut_model::bar::BarSpecError| AppError::new(error.to_string()))
}
