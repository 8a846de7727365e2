//! Bybit, spot and linear perpetuals: daily files of trades, and bars, funding rates and instruments by REST.

use std::path::Path;

use serde_json::Value;

use crosscut_model::Timeframe;
use crosscut_model::time::MINUTE;

use crate::download::address::{Host, encode, is_plain_name};
use crate::download::client::FetchError;
use crate::download::listing::parse_html;
use crate::download::pages::{PageFiles, PageRows, Pages, cell, list, time_of};
use crate::download::snapshot;
use crate::download::wish::{DataKind, How, RemoteFile, Span, TableKey, Task, period_name};

use super::{Ask, Net, Planned, Source, Unanswered};

/// The REST interface.
#[derive(Debug)]
pub(crate) struct BybitRest;

/// The daily files.
#[derive(Debug)]
pub(crate) struct BybitFiles;

/// The exchanges.
const EXCHANGES: &[&str] = &["bybit_linear", "bybit_spot"];

/// Rows of a page of bars.
const BARS: usize = 1_000;

/// Rows of a page of funding rates.
const RATES: usize = 200;

/// What Bybit calls the instruments of an exchange.
fn category(exchange: &str) -> &'static str {
    if exchange == "bybit_spot" { "spot" } else { "linear" }
}

/// How Bybit writes a bar's length: minutes, or a letter; `None` for a length it does not have.
fn interval(frame: Timeframe) -> Option<String> {
    let text = frame.to_string();
    match text.as_str() {
        "1d" => Some("D".to_owned()),
        "1w" => Some("W".to_owned()),
        "1M" => Some("M".to_owned()),
        _ => {
            let minutes = frame.micros()? / MINUTE;
            [1, 3, 5, 15, 30, 60, 120, 240, 360, 720].contains(&minutes).then(|| minutes.to_string())
        }
    }
}

/// The path of a kind's endpoint.
fn path(kind: DataKind) -> &'static str {
    match kind {
        DataKind::Instruments => "/v5/market/instruments-info",
        DataKind::Funding => "/v5/market/funding/history",
        DataKind::Mark(_) => "/v5/market/mark-price-kline",
        DataKind::Premium(_) => "/v5/market/premium-index-price-kline",
        _ => "/v5/market/kline",
    }
}

impl Source for BybitRest {
    fn name(&self) -> &'static str {
        "bybit_rest"
    }

    fn exchanges(&self) -> &'static [&'static str] {
        EXCHANGES
    }

    fn gives(&self, exchange: &str, kind: DataKind) -> bool {
        let is_linear = exchange == "bybit_linear";
        EXCHANGES.contains(&exchange)
            && match kind {
                DataKind::Instruments => true,
                DataKind::Klines(frame) => interval(frame).is_some(),
                DataKind::Mark(frame) | DataKind::Premium(frame) => is_linear && interval(frame).is_some(),
                DataKind::Funding => is_linear,
                _ => false,
            }
    }

    fn symbols(&self, net: &Net, exchange: &str, _kind: DataKind) -> Result<Option<Vec<String>>, Unanswered> {
        let host = net.hosts.get("bybit_rest");
        let answer = instruments(net, host, category(exchange))?;
        let entries = rows(&answer).map_err(|reason| FetchError::Failed(format!("{}: {reason}", host.origin)))?;
        let mut names = snapshot::names(entries, "symbol");
        // The interface names what is traded now; the folders of the archive keep the others.
        names.extend(listed(net, exchange)?);
        names.sort();
        names.dedup();
        Ok(Some(names))
    }

    fn ticker(&self, exchange: &str) -> Option<(&'static str, String)> {
        let path = format!("/v5/market/tickers?category={}", category(exchange));
        EXCHANGES.contains(&exchange).then_some(("bybit_rest", path))
    }

    fn plan(&self, net: &Net, ask: &Ask<'_>) -> Result<Planned, Unanswered> {
        let host = net.hosts.get("bybit_rest");
        let category = category(ask.exchange);
        let (folder, url) =
            (format!("rest/{category}"), format!("{}{}?category={category}", host.origin, path(ask.kind)));
        if ask.kind == DataKind::Instruments {
            return Ok(Planned::all(vec![snapshot::task(self.name(), &folder, &url, net.now)]));
        }
        let files = PageFiles { provider: self.name(), kind: ask.kind, symbol: ask.symbol, folder, url };
        Ok(Planned::all(files.tasks(ask.span, net.now)))
    }

    fn write_pages(&self, net: &Net, task: &Task, dest: &Path) -> Result<(), Unanswered> {
        let host = net.hosts.get("bybit_rest");
        let kind = task.table.kind;
        let category = if task.path.starts_with("rest/spot") { "spot" } else { "linear" };
        let base = format!("{}{}?category={category}", host.url, path(kind));
        if kind == DataKind::Instruments {
            return snapshot::keep(&instruments(net, host, category)?.to_string(), dest);
        }
        let is_funding = kind == DataKind::Funding;
        let header = match kind {
            DataKind::Funding => "symbol,funding_time,funding_rate\n",
            DataKind::Klines(_) => "open_time,open,high,low,close,volume,quote_volume\n",
            _ => "open_time,open,high,low,close\n",
        };
        let (span, manners) = (task.span, host.manners);
        let pages = Pages { client: &net.client, host, header, span, manners, is_newest_first: true };
        let (limit, start, end) = if is_funding { (RATES, "startTime", "endTime") } else { (BARS, "start", "end") };
        let interval = kind.timeframe().and_then(interval).map(|text| format!("&interval={text}")).unwrap_or_default();
        let symbol = encode(&task.table.symbol);
        let base = format!("{base}&symbol={symbol}{interval}&limit={limit}&{start}={}", task.span.from / 1000);
        let until = |time: i64| format!("{base}&{end}={}", time / 1000 - 1);
        pages
            .write(until(task.span.until), dest, |answer, _| {
                let rows = page(answer, kind)?;
                let first = rows.iter().map(|(time, _)| *time).min();
                let next = first.filter(|&first| rows.len() >= limit && first > task.span.from).map(until);
                Ok(PageRows { rows, next })
            })
            .map_err(Unanswered)
    }
}

/// Pages of instruments that are read at most; a page has up to 1,000.
const INSTRUMENT_PAGES_MAX: usize = 200;

/// All instruments as one answer, put together from page after page: each names the cursor of the next.
fn instruments(net: &Net, host: &Host, category: &str) -> Result<Value, Unanswered> {
    let first = format!("{}{}?category={category}&limit=1000", host.url, path(DataKind::Instruments));
    let mut all: Option<Value> = None;
    let mut url = first.clone();
    for _ in 0..INSTRUMENT_PAGES_MAX {
        let answer = snapshot::parsed(&net.client.text(&url, host.manners)?, host)?;
        let entries = rows(&answer).map_err(|reason| FetchError::Failed(format!("{}: {reason}", host.origin)))?;
        let cursor = answer["result"]["nextPageCursor"].as_str().unwrap_or_default().to_owned();
        let is_last = cursor.is_empty() || entries.is_empty();
        match &mut all {
            Some(all) => {
                let entries = entries.to_vec();
                all["result"]["list"].as_array_mut().expect("it was read as a list").extend(entries);
            }
            None => all = Some(answer),
        }
        if let Some(mut all) = all.take_if(|_| is_last) {
            all["result"]["nextPageCursor"] = Value::String(String::new());
            return Ok(all);
        }
        url = format!("{first}&cursor={}", encode(&cursor));
    }
    Err(FetchError::Failed(format!("{}: more than {INSTRUMENT_PAGES_MAX} pages of instruments", host.origin)).into())
}

/// The list in an answer.
fn rows(answer: &Value) -> Result<&[Value], String> {
    match answer.get("retCode").and_then(Value::as_i64) {
        Some(0) => list(answer.get("result").and_then(|result| result.get("list")), "rows"),
        code => Err(format!("retCode {code:?}: {}", answer.get("retMsg").unwrap_or(&Value::Null))),
    }
}

/// The rows of a page, newest first as they come.
fn page(answer: &Value, kind: DataKind) -> Result<Vec<(i64, String)>, String> {
    let columns = if matches!(kind, DataKind::Klines(_)) { 7 } else { 5 };
    let row_of = |row: &Value| {
        if kind == DataKind::Funding {
            let time = time_of(row.get("fundingRateTimestamp"), "fundingRateTimestamp")?;
            let [symbol, rate] = ["symbol", "fundingRate"].map(|name| cell(row.get(name), name));
            return Ok((time, format!("{},{},{}", symbol?, time / 1000, rate?)));
        }
        let cells = list(Some(row), "columns of a bar")?;
        let text = (0..columns).map(|at| cell(cells.get(at), "a bar")).collect::<Result<Vec<_>, String>>()?;
        Ok((time_of(cells.first(), "the open time")?, text.join(",")))
    };
    rows(answer)?.iter().map(row_of).collect()
}

/// Where the files of an exchange lie, and what stands between symbol and day in their names.
fn folder_of(exchange: &str) -> (&'static str, &'static str) {
    if exchange == "bybit_spot" { ("spot", "_") } else { ("trading", "") }
}

/// The symbols of an exchange that have a folder in the archive, sorted, delisted ones too; none when it has no listing.
fn listed(net: &Net, exchange: &str) -> Result<Vec<String>, Unanswered> {
    let host = net.hosts.get("bybit_files");
    let text = match net.client.text(&format!("{}/{}/", host.url, folder_of(exchange).0), host.manners) {
        Ok(text) => text,
        Err(FetchError::Absent) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let names = parse_html(&text).into_iter().filter_map(|link| link.strip_suffix('/').map(str::to_owned));
    let mut names: Vec<String> = names.filter(|name| is_plain_name(name) && is_of(exchange, name)).collect();
    names.sort();
    Ok(names)
}

/// Whether a folder of the archive is one of an exchange: linear and inverse contracts lie side by side, and the quantities
/// of inverse ones (`BTCUSD`, `BTCUSDH24`) are in dollars.
fn is_of(exchange: &str, symbol: &str) -> bool {
    let is_expiry = |text: &str| text.len() == 3 && text.as_bytes()[1..].iter().all(u8::is_ascii_digit);
    let end = symbol.rsplit_once("USD").map(|(_, end)| end);
    exchange != "bybit_linear" || !end.is_some_and(|end| end.is_empty() || is_expiry(end))
}

impl Source for BybitFiles {
    fn name(&self) -> &'static str {
        "bybit_archive"
    }

    fn exchanges(&self) -> &'static [&'static str] {
        EXCHANGES
    }

    fn gives(&self, exchange: &str, kind: DataKind) -> bool {
        EXCHANGES.contains(&exchange) && kind == DataKind::Trades
    }

    fn symbols(&self, net: &Net, exchange: &str, _kind: DataKind) -> Result<Option<Vec<String>>, Unanswered> {
        listed(net, exchange).map(Some)
    }

    fn ticker(&self, _exchange: &str) -> Option<(&'static str, String)> {
        None
    }

    fn plan(&self, net: &Net, ask: &Ask<'_>) -> Result<Planned, Unanswered> {
        let host = net.hosts.get("bybit_files");
        let (folder, between) = folder_of(ask.exchange);
        let symbol = encode(ask.symbol);
        if !is_of(ask.exchange, ask.symbol) {
            return Ok(Planned::all(Vec::new()));
        }
        let names = match net.client.text(&format!("{}/{folder}/{symbol}/", host.url), host.manners) {
            Ok(text) => parse_html(&text),
            Err(FetchError::Absent) => return Ok(Planned::all(Vec::new())),
            Err(error) => return Err(error.into()),
        };
        let task = |day: Span| {
            let name = format!("{}{between}{}.csv.gz", ask.symbol, period_name(day));
            names.contains(&name).then(|| {
                let place = format!("{folder}/{symbol}/{}", encode(&name));
                let remote = RemoteFile {
                    host: "bybit_files",
                    url: format!("{}/{place}", host.url),
                    origin: format!("{}/{place}", host.origin),
                    checksum_url: None,
                    listed: None,
                };
                // Named as archives do, so that symbol and day are understood.
                let path = format!("{folder}/{0}/{0}-trades-{1}.csv.gz", ask.symbol, period_name(day));
                let table = TableKey::of(ask.kind, ask.symbol, day.from);
                Task { provider: self.name(), table, path, span: day, how: How::File(remote) }
            })
        };
        let past = ask.span.shared(Span { from: i64::MIN, until: net.now });
        Ok(Planned::all(past.into_iter().flat_map(Span::days).filter_map(task).collect()))
    }

    fn write_pages(&self, _net: &Net, _task: &Task, _dest: &Path) -> Result<(), Unanswered> {
        Err(Unanswered::of("has files, not pages"))
    }
}
