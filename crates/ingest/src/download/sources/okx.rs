//! OKX, spot and perpetual swaps: daily files of trades, bars of a minute and funding rates, and all of that, further bars
//! and instruments by REST.
//!
//! The venue lists its files nowhere and vouches for none of them. It states by no word which clock a file's day follows;
//! people who keep them found days that begin at 16:00 UTC, midnight in Hong Kong. So the file of the day behind a span is
//! fetched too, and no name on the disk promises a day.

use std::ops::Range;
use std::path::Path;

use serde_json::Value;

use crosscut_model::Timeframe;
use crosscut_model::time::{DAY, HOUR, MINUTE, format_date, midnight};

use crate::download::address::encode;
use crate::download::client::FetchError;
use crate::download::pages::{PageFiles, PageRows, Pages, cell, list, periods, time_of};
use crate::download::snapshot;
use crate::download::wish::{DataKind, How, RemoteFile, Span, TableKey, Task};

use super::{Ask, Net, Planned, Source, Unanswered};

/// The REST interface.
#[derive(Debug)]
pub(crate) struct OkxRest;

/// The daily files.
#[derive(Debug)]
pub(crate) struct OkxFiles;

/// The exchanges.
const EXCHANGES: &[&str] = &["okx_spot", "okx_swap"];

/// Rows of a page of bars.
const BARS: usize = 300;

/// Rows of a page of funding rates.
const RATES: usize = 100;

/// Rows of a page of trades.
const TRADES: usize = 100;

/// Trades of the last three months are given, and no older ones.
const TRADES_REACH: i64 = 90 * DAY;

/// Columns of the daily files of trades, and of what is asked for.
const TRADES_HEADER: &str = "instrument_name,trade_id,side,price,size,created_time\n";

/// The file of a day this old is out, or never will be; for later ones it is asked whether they are.
const SURELY_OUT: i64 = 5 * DAY;

/// What OKX calls the instruments of an exchange.
fn instrument_type(exchange: &str) -> &'static str {
    if exchange == "okx_spot" { "SPOT" } else { "SWAP" }
}

/// How OKX writes a bar's length. From six hours on, days begin in Hong Kong unless `utc` is asked for.
fn bar(frame: Timeframe) -> String {
    let text = frame.to_string().replace('h', "H").replace('d', "D").replace('w', "W");
    let is_long = frame.micros().is_none_or(|micros| micros >= 6 * HOUR);
    if is_long { format!("{text}utc") } else { text }
}

impl Source for OkxRest {
    fn name(&self) -> &'static str {
        "okx_rest"
    }

    fn exchanges(&self) -> &'static [&'static str] {
        EXCHANGES
    }

    fn gives(&self, exchange: &str, kind: DataKind) -> bool {
        EXCHANGES.contains(&exchange)
            && match kind {
                DataKind::Instruments | DataKind::Klines(_) | DataKind::Trades => true,
                DataKind::Mark(_) | DataKind::Funding => exchange == "okx_swap",
                _ => false,
            }
    }

    fn symbols(&self, net: &Net, exchange: &str, _kind: DataKind) -> Result<Option<Vec<String>>, Unanswered> {
        let host = net.hosts.get("okx_rest");
        let url = format!("{}/api/v5/public/instruments?instType={}", host.url, instrument_type(exchange));
        snapshot::symbols(&net.client, host, &url, |answer| list(answer.get("data"), "instruments"), "instId").map(Some)
    }

    fn ticker(&self, exchange: &str) -> Option<(&'static str, String)> {
        let path = format!("/api/v5/market/tickers?instType={}", instrument_type(exchange));
        EXCHANGES.contains(&exchange).then_some(("okx_rest", path))
    }

    fn plan(&self, net: &Net, ask: &Ask<'_>) -> Result<Planned, Unanswered> {
        let origin = &net.hosts.get("okx_rest").origin;
        let folder = format!("rest/{}", instrument_type(ask.exchange));
        if ask.kind == DataKind::Instruments {
            let url = format!("{origin}/api/v5/public/instruments?instType={}", instrument_type(ask.exchange));
            return Ok(Planned::all(vec![snapshot::task(self.name(), &folder, &url, net.now)]));
        }
        let url = format!("{origin}{}", path(ask.kind));
        let files = PageFiles { provider: self.name(), kind: ask.kind, symbol: ask.symbol, folder, url };
        let mut span = ask.span;
        if ask.kind == DataKind::Trades {
            span.from = span.from.max((net.now - TRADES_REACH).div_euclid(DAY) * DAY + DAY);
        }
        Ok(Planned::all(files.tasks(span, net.now)))
    }

    fn write_pages(&self, net: &Net, task: &Task, dest: &Path) -> Result<(), Unanswered> {
        let host = net.hosts.get("okx_rest");
        let kind = task.table.kind;
        let is_swap = task.path.starts_with("rest/SWAP");
        if kind == DataKind::Instruments {
            let name = if is_swap { "SWAP" } else { "SPOT" };
            return snapshot::write(&net.client, host, &format!("{}{}?instType={name}", host.url, path(kind)), dest);
        }
        let header = match kind {
            DataKind::Trades => TRADES_HEADER,
            DataKind::Funding => "symbol,funding_time,funding_rate\n",
            DataKind::Mark(_) => "open_time,open,high,low,close\n",
            _ => "open_time,open,high,low,close,volume,quote_volume\n",
        };
        let (span, manners) = (task.span, host.manners);
        let pages = Pages { client: &net.client, host, header, span, manners, is_newest_first: true };
        if kind == DataKind::Trades {
            let base = format!("{}{}?instId={}&limit={TRADES}", host.url, path(kind), encode(&task.table.symbol));
            let first = format!("{base}&type=2&after={}", span.until / 1000);
            return pages.write(first, dest, |answer, _| trades(answer, &base, span)).map_err(Unanswered);
        }
        let bar = kind.timeframe().map(|frame| format!("&bar={}", bar(frame))).unwrap_or_default();
        let limit = if kind == DataKind::Funding { RATES } else { BARS };
        let base = format!("{}{}?instId={}{bar}&limit={limit}", host.url, path(kind), encode(&task.table.symbol));
        let first = format!("{base}&after={}", task.span.until / 1000);
        pages
            .write(first, dest, |answer, _| {
                page(answer, kind, is_swap).map(|rows| older(rows, &base, limit, task.span))
            })
            .map_err(Unanswered)
    }
}

/// The path of a kind's endpoint.
fn path(kind: DataKind) -> &'static str {
    match kind {
        DataKind::Instruments => "/api/v5/public/instruments",
        DataKind::Trades => "/api/v5/market/history-trades",
        DataKind::Funding => "/api/v5/public/funding-rate-history",
        DataKind::Mark(_) => "/api/v5/market/history-mark-price-candles",
        _ => "/api/v5/market/history-candles",
    }
}

/// The list in an answer.
fn rows(answer: &Value) -> Result<&[Value], String> {
    match answer.get("code").and_then(Value::as_str) {
        Some("0") => list(answer.get("data"), "rows"),
        code => Err(format!("code {}: {}", code.unwrap_or("missing"), answer.get("msg").unwrap_or(&Value::Null))),
    }
}

/// A page of trades as the daily files write them, newest first. The first page is asked for by time, those behind it by
/// id, so that no trade of a moment is missed.
fn trades(answer: &Value, base: &str, span: Span) -> Result<PageRows, String> {
    let mut page = PageRows::default();
    let mut oldest = None;
    for row in rows(answer)? {
        let [symbol, id, side, price, size] =
            ["instId", "tradeId", "side", "px", "sz"].map(|name| cell(row.get(name), name));
        let (id, time) = (id?, time_of(row.get("ts"), "ts")?);
        page.rows.push((time, format!("{},{id},{},{},{},{}", symbol?, side?, price?, size?, time / 1000)));
        oldest = Some((time, id));
    }
    let oldest = oldest.filter(|(time, _)| *time >= span.from && page.rows.len() >= TRADES);
    page.next = oldest.map(|(_, id)| format!("{base}&type=1&after={}", encode(&id)));
    Ok(page)
}

/// The rows of a page, newest first as they come.
fn page(answer: &Value, kind: DataKind, is_swap: bool) -> Result<Vec<(i64, String)>, String> {
    rows(answer)?.iter().filter_map(|row| row_of(row, kind, is_swap).transpose()).collect()
}

/// One row as text; `None` for a bar that is not closed.
fn row_of(row: &Value, kind: DataKind, is_swap: bool) -> Result<Option<(i64, String)>, String> {
    if kind == DataKind::Funding {
        let time = time_of(row.get("fundingTime"), "fundingTime")?;
        // What was paid is the realised rate; the other one was the forecast.
        let rate = row.get("realizedRate").filter(|rate| rate.as_str() != Some("")).or(row.get("fundingRate"));
        return Ok(Some((
            time,
            format!("{},{},{}", cell(row.get("instId"), "instId")?, time / 1000, cell(rate, "fundingRate")?),
        )));
    }
    let cells = list(Some(row), "columns of a bar")?;
    let time = time_of(cells.first(), "the open time")?;
    let prices = (0..5).map(|at| cell(cells.get(at), "a price")).collect::<Result<Vec<_>, _>>()?.join(",");
    if matches!(kind, DataKind::Mark(_)) {
        let is_closed = cells.get(5).and_then(Value::as_str) == Some("1");
        return Ok(is_closed.then_some((time, prices)));
    }
    if cells.get(8).and_then(Value::as_str) != Some("1") {
        return Ok(None);
    }
    // Volumes of swaps are counted in contracts first, in the coin second.
    let volume = cell(cells.get(if is_swap { 6 } else { 5 }), "a volume")?;
    Ok(Some((time, format!("{prices},{volume},{}", cell(cells.get(7), "a volume")?))))
}

/// A page with the question for older rows behind it.
fn older(rows: Vec<(i64, String)>, base: &str, limit: usize, span: Span) -> PageRows {
    let first = rows.iter().map(|(time, _)| *time).min();
    // A page may be short of the bar that is not closed.
    let next = first.filter(|&first| rows.len() + 1 >= limit && first > span.from);
    PageRows { next: next.map(|first| format!("{base}&after={}", first / 1000)), rows }
}

impl Source for OkxFiles {
    fn name(&self) -> &'static str {
        "okx_archive"
    }

    fn exchanges(&self) -> &'static [&'static str] {
        EXCHANGES
    }

    fn gives(&self, exchange: &str, kind: DataKind) -> bool {
        EXCHANGES.contains(&exchange) && Series::of(exchange, kind).is_some()
    }

    fn symbols(&self, net: &Net, exchange: &str, kind: DataKind) -> Result<Option<Vec<String>>, Unanswered> {
        OkxRest.symbols(net, exchange, kind)
    }

    fn ticker(&self, _exchange: &str) -> Option<(&'static str, String)> {
        None
    }

    fn plan(&self, net: &Net, ask: &Ask<'_>) -> Result<Planned, Unanswered> {
        let Some(series) = Series::of(ask.exchange, ask.kind) else { return Ok(Planned::none(ask.span)) };
        let mut planned = Planned::default();
        planned.left.extend(ask.span.shared(Span { from: i64::MIN, until: series.since() }));
        let Some(covered) = ask.span.shared(Span { from: series.since(), until: i64::MAX }) else { return Ok(planned) };
        let days = periods(Span { until: covered.until + DAY, ..covered }, net.now);
        let tasks: Vec<Task> = days.into_iter().flat_map(Span::days).map(|day| series.file(net, ask, day)).collect();
        let there = Shelf { net, tasks: &tasks }.there(series)?;
        // What is asked for overlaps with the files beside it, whatever their clock; rows told twice are one.
        let (first, behind) = (tasks.get(there.start), there.end.checked_sub(1).and_then(|last| tasks.get(last)));
        if there.is_empty() {
            planned.left.push(covered);
        } else {
            if let Some(first) = first.filter(|_| there.start > 0) {
                planned.left.extend(covered.shared(Span { from: i64::MIN, until: first.span.from }));
            }
            if let Some(last) = behind.filter(|_| there.end < tasks.len()) {
                planned.left.extend(covered.shared(Span { from: last.span.from, until: i64::MAX }));
            }
        }
        planned.tasks.extend(tasks[there].iter().cloned());
        Ok(planned)
    }

    fn write_pages(&self, _net: &Net, _task: &Task, _dest: &Path) -> Result<(), Unanswered> {
        Err(Unanswered::of("has files, not pages"))
    }
}

/// Days that are asked for one by one where neither the first nor the last has a file.
const PROBED_MAX: usize = 40;

/// Files that may be there.
struct Shelf<'a> {
    /// Who asks.
    net: &'a Net,
    /// The files, by day.
    tasks: &'a [Task],
}

impl Shelf<'_> {
    /// Whether the venue has the file of a day.
    fn has(&self, at: usize) -> Result<bool, Unanswered> {
        let How::File(remote) = &self.tasks[at].how else { return Ok(false) };
        match self.net.client.head(&remote.url, self.net.hosts.get(remote.host).manners) {
            Ok(_) => Ok(true),
            Err(FetchError::Absent) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// From which file to which the venue has them: a symbol has none before it was listed, and the newest are not out yet. The
    /// venue lists nothing, so that a few files are asked for.
    fn there(&self, series: Series) -> Result<Range<usize>, Unanswered> {
        let mut end = self.tasks.partition_point(|task| task.span.until <= self.net.now - SURELY_OUT);
        while end < self.tasks.len() && self.has(end)? {
            end += 1;
        }
        if end == 0 || self.has(0)? {
            return Ok(0..end);
        }
        if self.has(end - 1)? {
            // Absent at the first, there at the last: the border lies between.
            let (mut absent, mut present) = (0, end - 1);
            while present - absent > 1 {
                let middle = absent + (present - absent) / 2;
                if self.has(middle)? { present = middle } else { absent = middle }
            }
            return Ok(present..end);
        }
        if end > PROBED_MAX {
            // Trades have no other source so far back.
            return Ok(if series == Series::Trades { 0..end } else { 0..0 });
        }
        let mut found = 0..0;
        for at in 1..end - 1 {
            if self.has(at)? {
                found = if found.is_empty() { at..at + 1 } else { found.start..at + 1 };
            }
        }
        Ok(found)
    }
}

/// A series of daily files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Series {
    /// Trades of an instrument.
    Trades,
    /// Bars of a minute of an instrument.
    Candles,
    /// Funding rates of all swaps.
    Funding,
}

impl Series {
    /// The series that holds a kind of data; `None` when there is none.
    fn of(exchange: &str, kind: DataKind) -> Option<Self> {
        match kind {
            DataKind::Trades => Some(Self::Trades),
            DataKind::Klines(frame) if frame.micros() == Some(MINUTE) => Some(Self::Candles),
            DataKind::Funding if exchange == "okx_swap" => Some(Self::Funding),
            _ => None,
        }
    }

    /// The day of its first files.
    fn since(self) -> i64 {
        match self {
            Self::Trades => midnight(2021, 10, 1),
            Self::Candles => midnight(2023, 7, 1),
            Self::Funding => midnight(2022, 3, 1),
        }
    }

    /// Its folder, what its names begin with, the word in them, and the name without a day under which a file is kept.
    fn names(self, symbol: &str) -> (&'static str, &str, &'static str, String) {
        match self {
            Self::Trades => ("trades", symbol, "trades", symbol.to_owned()),
            Self::Candles => ("candlesticks", symbol, "candlesticks", format!("{symbol}-1m")),
            Self::Funding => ("swaprates", "allswap", "fundingrates", "allswap-fundingrates".to_owned()),
        }
    }

    /// The file of a day.
    fn file(self, net: &Net, ask: &Ask<'_>, day: Span) -> Task {
        let host = net.hosts.get("okx_files");
        let date = format_date(day.from);
        let (folder, stem, word, kept) = self.names(ask.symbol);
        let folder = format!("cdn/okex/traderecords/{folder}/daily/{}", date.replace('-', ""));
        let name = format!("{}-{word}-{date}.zip", encode(stem));
        let remote = RemoteFile {
            host: "okx_files",
            url: format!("{}/{folder}/{name}", host.url),
            origin: format!("{}/{folder}/{name}", host.origin),
            checksum_url: None,
            listed: None,
        };
        // One file has the rates of all swaps: it goes into a table of the venue, whoever was asked for.
        let symbol = if self == Self::Funding { "" } else { ask.symbol };
        let table = TableKey::of(ask.kind, symbol, day.from);
        let path = format!("{folder}/{kept}.zip");
        Task { provider: "okx_archive", table, path, span: day, how: How::File(remote) }
    }
}
