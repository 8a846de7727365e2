//! The way back from a bar to the raw files: which rows of which table, made from which rows of which file.
//!
//! Follows the hub's provenance: a table of bars names the files or tables it was made from, a table of ticks its archive
//! files. Positions of rows are counted, not guessed: where the rows of the hub that fall into a file's stretch of time
//! are as many as the file had, the place in the file is exact; otherwise (files that overlap, rows merged by id) it is
//! marked as approximate. What is missing becomes a note: a chain with a hole is still worth showing.

use crosscut_hub::{Hub, InputFile};
use crosscut_model::time::Range;
use crosscut_model::{BarSpec, Timeframe, TradeKind, Trades, decode_path, format_iso};
use rayon::prelude::*;
use serde::Serialize;

/// How deep tables may be made from tables.
const DEPTH_MAX: usize = 8;

/// Rows of a hub table that a stretch of time covers, and where they came from.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TableLink {
    /// Path of the table inside the hub.
    pub table: String,
    /// What it was made from, `klines`, `ticks`, `archive`, ...
    pub origin: Option<String>,
    /// BLAKE3 of the table as the hub has it now; `None` when it has it no more.
    pub content_hash: Option<String>,
    /// The rows; `None` when the table cannot be read or has none there.
    pub rows: Option<RowRange>,
    /// First and last trade id among them, for ticks with ids.
    pub trade_ids: Option<(i64, i64)>,
    /// Raw files with rows in that stretch.
    pub files: Vec<FileLink>,
    /// Tables of the hub with rows in that stretch.
    pub tables: Vec<Self>,
    /// What is missing or uncertain.
    pub notes: Vec<String>,
}

/// Rows by number, from 1, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RowRange {
    /// First row.
    pub first: u64,
    /// Last row.
    pub last: u64,
    /// How many rows there are in all.
    pub of: u64,
    /// Whether the numbers are certain.
    pub is_exact: bool,
}

/// Rows of a raw file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileLink {
    /// The file's name.
    pub file: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// Time of its first row, ISO-8601.
    pub first: String,
    /// Time of its last row.
    pub last: String,
    /// Its data rows that went into the bar, a header not counted.
    pub rows: Option<RowRange>,
}

/// A stretch of time, microseconds UTC, the end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: i64,
    /// Its end.
    pub until: i64,
}

/// One bar with all its columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BarFact {
    /// Its label, ISO-8601.
    pub timestamp: String,
    /// When it could be known.
    pub available_at: String,
    /// Its label, microseconds UTC.
    #[serde(skip)]
    pub from: i64,
    /// When it could be known, microseconds UTC.
    #[serde(skip)]
    pub until: i64,
    /// Column names and values; `None` is missing.
    pub values: Vec<(String, Option<f64>)>,
}

/// One factor's value as the hub has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactorFact {
    /// Path of the table inside the hub.
    pub table: String,
    /// BLAKE3 of the table as the hub has it now.
    pub content_hash: Option<String>,
    /// Its column.
    pub column: String,
    /// The value at the label; `None` when missing.
    pub value: Option<f64>,
    /// Whether the row may be traded, by the set's own rule; `None` without a row.
    pub tradable: Option<bool>,
}

/// The bar with a label; `None` when the table has no such bar or cannot be read.
pub fn bar(hub: &Hub, table: &str, label: i64) -> Option<BarFact> {
    bar_where(hub, table, label, |_| true)
}

/// The last bar of a table that was known at an instant.
pub fn bar_known_at(hub: &Hub, table: &str, at: i64) -> Option<BarFact> {
    let Address::Bars { venue, bar, symbol } = Address::parse(table)? else { return None };
    let rows = hub.read_bars(&venue, &bar, &symbol, &[], Range { start: None, end: Some(at) }).ok()?;
    let (labels, known) = (rows.i64("timestamp")?, rows.i64("available_at")?);
    let last = known.partition_point(|&known| known <= at).checked_sub(1)?;
    let label = labels[last];
    bar_where(hub, table, label, |until| until == known[last])
}

/// The last bar with a label whose close `is_it`.
fn bar_where(hub: &Hub, table: &str, label: i64, is_it: impl Fn(i64) -> bool) -> Option<BarFact> {
    let Address::Bars { venue, bar, symbol } = Address::parse(table)? else { return None };
    let info = hub.bar_info(&venue, &bar, &symbol).ok()?;
    let is_value = |name: &&str| !["timestamp", "available_at", "bar_seq"].contains(name);
    let names: Vec<&str> = info.columns.iter().map(String::as_str).filter(is_value).collect();
    let range = Range { start: Some(label), end: Some(label + 1) };
    let rows = hub.read_bars(&venue, &bar, &symbol, &names, range).ok()?;
    let (labels, known) = (rows.i64("timestamp")?, rows.i64("available_at")?);
    let at = known.iter().rposition(|&until| is_it(until))?;
    let value = |name: &&str| {
        let value = rows.f64(name).and_then(|values| values.get(at)).copied();
        ((*name).to_owned(), value.filter(|value| value.is_finite()))
    };
    Some(BarFact {
        timestamp: format_iso(labels[at]),
        available_at: format_iso(known[at]),
        from: labels[at],
        until: known[at],
        values: names.iter().map(value).collect(),
    })
}

/// The label `n_rows` bars before a label in a bar table; the table's first when it does not reach that far.
pub fn window_start(hub: &Hub, table: &str, label: i64, n_rows: usize) -> Option<i64> {
    let Address::Bars { venue, bar, symbol } = Address::parse(table)? else { return None };
    let range = Range { start: None, end: Some(label + 1) };
    let rows = hub.read_bars(&venue, &bar, &symbol, &[], range).ok()?;
    let labels = rows.i64("timestamp")?;
    labels.get(labels.len().checked_sub(1)?.saturating_sub(n_rows)).copied()
}

/// Where a factor's values at one time lie.
#[derive(Debug, Clone, Copy)]
pub struct FactorPlace<'a> {
    /// Length of the bars.
    pub timeframe: Timeframe,
    /// Name of the factor set.
    pub set: &'a str,
    /// The column.
    pub column: &'a str,
    /// Label of the bar, microseconds UTC.
    pub label: i64,
}

/// A factor's value at a label; `None` when the set is gone or lacks the symbol or column.
pub fn factor(hub: &Hub, place: FactorPlace<'_>, symbol: &str) -> Option<FactorFact> {
    let FactorPlace { timeframe, set: set_name, column, label } = place;
    let set = hub.factor_set(timeframe, set_name).ok()?;
    let range = Range { start: Some(label), end: Some(label + 1) };
    let rows = set.read(symbol, &[column], range).ok()?;
    let value = rows.f64(column).and_then(|values| values.first()).copied();
    Some(FactorFact {
        table: format!("factors/{timeframe}/{set_name}/{}.parquet", crosscut_model::encode_path(symbol)),
        content_hash: set.content_hash(symbol).map(str::to_owned),
        column: column.to_owned(),
        value: value.filter(|value| value.is_finite()),
        tradable: rows.bool("tradable_flag").and_then(|flags| flags.first()).copied(),
    })
}

/// The values of a factor for several symbols at a label, NaN where there is none; `None` when the set is gone or lacks the
/// column.
pub fn factor_column(hub: &Hub, place: FactorPlace<'_>, symbols: &[String]) -> Option<Vec<f64>> {
    let set = hub.factor_set(place.timeframe, place.set).ok()?;
    let range = Range { start: Some(place.label), end: Some(place.label + 1) };
    let value = |symbol: &String| {
        let rows = set.read(symbol, &[place.column], range).ok()?;
        Some(rows.f64(place.column)?.first().copied().unwrap_or(f64::NAN))
    };
    symbols.par_iter().map(value).collect()
}

/// Follows a bar table back to the raw files for a stretch of time.
pub fn trace(hub: &Hub, table: &str, span: Span) -> TableLink {
    trace_to(hub, table, span, DEPTH_MAX)
}

/// [`trace`], at most so deep.
fn trace_to(hub: &Hub, table: &str, span: Span, depth: usize) -> TableLink {
    let mut link = TableLink { table: table.to_owned(), ..TableLink::default() };
    let provenance = match hub.provenance(table) {
        Ok(Some(provenance)) => provenance,
        Ok(None) => {
            link.notes.push(format!("the hub has no record of where `{table}` came from any more"));
            return link;
        }
        Err(error) => {
            link.notes.push(error.to_string());
            return link;
        }
    };
    link.origin = Some(provenance.origin.name().to_owned());
    if hub.root().join(table).exists() {
        link.content_hash = Some(provenance.content_hash.clone());
    } else {
        link.notes.push(format!("`{table}` is in the hub no more"));
    }
    let within = |input: &&InputFile| input.rows > 0 && input.first < span.until && input.last >= span.from;
    let inputs: Vec<&InputFile> = provenance.inputs.iter().filter(within).collect();
    let marks: Vec<i64> =
        [span.from, span.until].into_iter().chain(inputs.iter().flat_map(|i| [i.first, i.last + 1])).collect();
    let counts = count_before(hub, table, &marks, span).unwrap_or_else(|why| {
        link.notes.extend(why);
        None
    });
    if let Some(counts) = &counts {
        link.rows = range(counts.before[0], counts.before[1], provenance.rows, true);
        link.trade_ids = counts.ids;
    }
    for (at, input) in inputs.into_iter().enumerate() {
        if Address::parse(&input.file).is_some() && depth > 0 {
            link.tables.push(trace_to(hub, &input.file, span, depth - 1));
        } else {
            let before = counts.as_ref().map(|counts| {
                let edges = &counts.before;
                (edges[0], edges[1], edges[2 + 2 * at], edges[3 + 2 * at])
            });
            link.files.push(file_link(input, before));
        }
    }
    if link.files.is_empty() && link.tables.is_empty() {
        link.notes.push(format!("no recorded input of `{table}` has rows in this stretch of time"));
    }
    link
}

/// A raw file; `before` counts the table's rows before the stretch, before its end, before the file's first row and up to
/// its last.
fn file_link(input: &InputFile, before: Option<(u64, u64, u64, u64)>) -> FileLink {
    let rows = before.and_then(|(from, until, first, end)| {
        let (from, until) = (from.max(first), until.min(end));
        range(from - first, until.saturating_sub(first), input.rows, end - first == input.rows)
    });
    FileLink {
        file: input.file.clone(),
        size: input.size,
        sha256: input.sha256.clone(),
        first: format_iso(input.first),
        last: format_iso(input.last),
        rows,
    }
}

/// The rows from `before` rows up to `until` rows; `None` when there are none.
fn range(before: u64, until: u64, of: u64, is_exact: bool) -> Option<RowRange> {
    (until > before).then_some(RowRange { first: before + 1, last: until, of, is_exact })
}

/// What was counted in a table.
struct Counts {
    /// For each mark, the rows whose timestamp is before it.
    before: Vec<u64>,
    /// First and last trade id in the stretch.
    ids: Option<(i64, i64)>,
}

/// Counts a table's rows before each of `marks`; `None` with a reason when it cannot be read.
fn count_before(hub: &Hub, table: &str, marks: &[i64], span: Span) -> Result<Option<Counts>, Option<String>> {
    let problem = |error: crosscut_hub::HubError| Some(error.to_string());
    match Address::parse(table) {
        _ if !hub.root().join(table).exists() => Err(None),
        Some(Address::Bars { venue, bar, symbol }) => {
            let rows = hub.read_bars(&venue, &bar, &symbol, &[], Range::ALL).map_err(problem)?;
            let labels = rows.i64("timestamp").unwrap_or_default();
            let before = marks.iter().map(|&mark| labels.partition_point(|&label| label < mark) as u64).collect();
            Ok(Some(Counts { before, ids: None }))
        }
        Some(Address::Ticks { venue, kind, symbol, month }) => {
            let columns = hub.ticks_of_month(&venue, &symbol, kind, &month).map_err(problem)?;
            let Some((_, mut stream)) = columns else { return Ok(None) };
            let (mut batch, mut before, mut ids) = (Trades::default(), vec![0; marks.len()], None);
            while stream.next_batch(&mut batch).map_err(problem)? {
                for (n, &mark) in before.iter_mut().zip(marks) {
                    *n += batch.timestamp.partition_point(|&at| at < mark) as u64;
                }
                let from = batch.timestamp.partition_point(|&at| at < span.from);
                let until = batch.timestamp.partition_point(|&at| at < span.until);
                if let Some(found) = batch.trade_id.get(from..until).filter(|found| !found.is_empty()) {
                    let first = ids.map_or(found[0], |(first, _)| first);
                    ids = Some((first, found[found.len() - 1]));
                }
            }
            Ok(Some(Counts { before, ids }))
        }
        None => Ok(None),
    }
}

/// What a path inside the hub leads to.
enum Address {
    /// Bars of one symbol.
    Bars {
        /// Venue.
        venue: String,
        /// Kind of bar.
        bar: BarSpec,
        /// Symbol.
        symbol: String,
    },
    /// A month of ticks of one symbol.
    Ticks {
        /// Venue.
        venue: String,
        /// Trades or aggregated trades.
        kind: TradeKind,
        /// Symbol.
        symbol: String,
        /// `2024-08`.
        month: String,
    },
}

impl Address {
    /// Takes a path apart; `None` when it leads to neither.
    fn parse(table: &str) -> Option<Self> {
        let parts: Vec<&str> = table.strip_suffix(".parquet")?.split('/').collect();
        match parts.as_slice() {
            ["bars", venue, bar, symbol] => {
                Some(Self::Bars { venue: (*venue).to_owned(), bar: bar.parse().ok()?, symbol: decode_path(symbol)? })
            }
            ["ticks", venue, symbol, name] => {
                let kinds = [TradeKind::Trades, TradeKind::AggTrades];
                let of_kind = |kind: &TradeKind| Some(name.strip_prefix(kind.name())?.strip_prefix('-')?.to_owned());
                let (kind, month) = kinds.iter().find_map(|kind| Some((*kind, of_kind(kind)?)))?;
                Some(Self::Ticks { venue: (*venue).to_owned(), kind, symbol: decode_path(symbol)?, month })
            }
            _ => None,
        }
    }
}
