//! Binance's public REST interfaces, spot and USD-M futures: what the archive does not hold yet, and exchange information.

use std::path::Path;

use serde_json::Value;

use crosscut_model::time::HOUR;

use crate::download::address::{Host, encode};
use crate::download::pages::{PageFiles, PageRows, Pages, cell, list, time_of};
use crate::download::snapshot;
use crate::download::wish::{DataKind, Task};

use super::{Ask, Net, Planned, Source, Unanswered};

/// The adapter.
#[derive(Debug)]
pub(crate) struct BinanceRest;

/// Rows of a page of bars: both markets give 1,000 at the least weight per row.
const PAGE: usize = 1_000;

/// Trades of the last days alone are given (`-4166` beyond on futures).
const TRADES_REACH: i64 = 48 * HOUR;

/// Columns of the archive's funding files and of this interface.
const FUNDING_HEADER: &str = "symbol,funding_time,funding_rate,mark_price\n";

/// The host of an exchange and where its interface begins.
fn host_of<'a>(net: &'a Net, exchange: &str) -> (&'a Host, &'static str) {
    match exchange {
        "binance_spot" => (net.hosts.get("binance_spot"), "/api/v3"),
        _ => (net.hosts.get("binance_futures"), "/fapi/v1"),
    }
}

/// The name of a kind's endpoint; `None` where it is not given.
fn endpoint(exchange: &str, kind: DataKind) -> Option<&'static str> {
    let is_futures = exchange == "binance_futures";
    match kind {
        DataKind::Instruments => Some("exchangeInfo"),
        DataKind::AggTrades => Some("aggTrades"),
        DataKind::Klines(_) => Some("klines"),
        DataKind::Mark(_) if is_futures => Some("markPriceKlines"),
        DataKind::Premium(_) if is_futures => Some("premiumIndexKlines"),
        DataKind::Funding if is_futures => Some("fundingRate"),
        _ => None,
    }
}

impl Source for BinanceRest {
    fn name(&self) -> &'static str {
        "binance_rest"
    }

    fn exchanges(&self) -> &'static [&'static str] {
        &["binance_futures", "binance_spot"]
    }

    fn gives(&self, exchange: &str, kind: DataKind) -> bool {
        self.exchanges().contains(&exchange) && endpoint(exchange, kind).is_some()
    }

    fn symbols(&self, net: &Net, exchange: &str, _kind: DataKind) -> Result<Option<Vec<String>>, Unanswered> {
        let (host, base) = host_of(net, exchange);
        let url = format!("{}{base}/exchangeInfo", host.url);
        snapshot::symbols(&net.client, host, &url, |answer| list(answer.get("symbols"), "symbols"), "symbol").map(Some)
    }

    fn ticker(&self, exchange: &str) -> Option<(&'static str, String)> {
        match exchange {
            "binance_spot" => Some(("binance_spot", "/api/v3/ticker/24hr".to_owned())),
            "binance_futures" => Some(("binance_futures", "/fapi/v1/ticker/24hr".to_owned())),
            _ => None,
        }
    }

    fn plan(&self, net: &Net, ask: &Ask<'_>) -> Result<Planned, Unanswered> {
        let (host, base) = host_of(net, ask.exchange);
        let Some(endpoint) = endpoint(ask.exchange, ask.kind) else { return Ok(Planned::none(ask.span)) };
        let url = format!("{}{base}/{endpoint}", host.origin);
        let folder = format!("rest{base}");
        if ask.kind == DataKind::Instruments {
            return Ok(Planned::all(vec![snapshot::task(self.name(), &folder, &url, net.now)]));
        }
        let mut span = ask.span;
        if ask.kind == DataKind::AggTrades {
            let reach = (net.now - TRADES_REACH).div_euclid(crosscut_model::time::DAY) * crosscut_model::time::DAY;
            span.from = span.from.max(reach + crosscut_model::time::DAY);
        }
        let files = PageFiles { provider: self.name(), kind: ask.kind, symbol: ask.symbol, folder, url };
        Ok(Planned::all(files.tasks(span, net.now)))
    }

    fn write_pages(&self, net: &Net, task: &Task, dest: &Path) -> Result<(), Unanswered> {
        let exchange = if task.path.starts_with("rest/api") { "binance_spot" } else { "binance_futures" };
        let (host, base) = host_of(net, exchange);
        let kind = task.table.kind;
        let Some(endpoint) = endpoint(exchange, kind) else { return Err(Unanswered::of("gives no such data")) };
        let url = format!("{}{base}/{endpoint}", host.url);
        if kind == DataKind::Instruments {
            return snapshot::write(&net.client, host, &url, dest);
        }
        let header = if kind == DataKind::Funding { FUNDING_HEADER } else { "" };
        let manners = if kind == DataKind::Funding { host.funding_manners } else { host.manners };
        let pages = Pages { client: &net.client, host, header, span: task.span, manners, is_newest_first: false };
        let (from, until) = (task.span.from / 1000, task.span.until / 1000 - 1);
        let question = Question { url: format!("{url}?symbol={}", encode(&task.table.symbol)), until };
        match kind {
            DataKind::AggTrades => {
                pages.write(question.trades_from(from), dest, |answer, url| question.trades(answer, url))
            }
            DataKind::Funding => {
                let first = question.since(from, "");
                pages.write(first, dest, |answer, _| question.funding(answer))
            }
            _ => {
                let interval = format!("&interval={}", kind.timeframe().map(|f| f.to_string()).unwrap_or_default());
                let first = question.since(from, &interval);
                pages.write(first, dest, |answer, _| question.klines(answer, &interval))
            }
        }
        .map_err(Unanswered)
    }
}

/// What is asked page after page.
struct Question {
    /// The endpoint and the symbol.
    url: String,
    /// Last moment wanted, milliseconds.
    until: i64,
}

impl Question {
    /// Rows from a time on.
    fn since(&self, from: i64, more: &str) -> String {
        format!("{}{more}&startTime={from}&endTime={}&limit={PAGE}", self.url, self.until)
    }

    /// A page of bars, as the archive writes them.
    fn klines(&self, answer: &Value, interval: &str) -> Result<PageRows, String> {
        let mut page = PageRows::default();
        let rows = list(Some(answer), "bars")?;
        for row in rows {
            let cells = list(Some(row), "columns of a bar")?;
            let text = (0..12).map(|at| cell(cells.get(at), "a bar of 12 columns")).collect::<Result<Vec<_>, _>>()?;
            page.rows.push((time_of(cells.first(), "the open time")?, text.join(",")));
        }
        page.next = self.after(&page.rows, rows.len(), interval);
        Ok(page)
    }

    /// A page of funding rates.
    fn funding(&self, answer: &Value) -> Result<PageRows, String> {
        let mut page = PageRows::default();
        let rows = list(Some(answer), "funding rates")?;
        for row in rows {
            let time = time_of(row.get("fundingTime"), "fundingTime")?;
            let [symbol, rate] = [("symbol"), ("fundingRate")].map(|name| cell(row.get(name), name));
            let mark = row.get("markPrice").map_or(Ok(String::new()), |mark| cell(Some(mark), "markPrice"))?;
            page.rows.push((time, format!("{},{},{},{mark}", symbol?, time / 1000, rate?)));
        }
        page.next = self.after(&page.rows, rows.len(), "");
        Ok(page)
    }

    /// The question for what follows a full page.
    fn after(&self, rows: &[(i64, String)], n: usize, more: &str) -> Option<String> {
        let last = rows.iter().map(|(time, _)| time / 1000).max()?;
        (n >= PAGE && last < self.until).then(|| self.since(last + 1, more))
    }

    /// Trades of an hour, which is the longest stretch that is answered by time.
    fn trades_from(&self, from: i64) -> String {
        let end = (from + HOUR / 1000 - 1).min(self.until);
        format!("{}&startTime={from}&endTime={end}&limit={PAGE}", self.url)
    }

    /// A page of aggregated trades, as the archive writes them. An hour without trades leads to the next one; after the first
    /// trade pages follow one another by id, so that none is missed.
    fn trades(&self, answer: &Value, asked: &str) -> Result<PageRows, String> {
        let mut page = PageRows::default();
        let rows = list(Some(answer), "trades")?;
        for row in rows {
            let text = ["a", "p", "q", "f", "l", "T", "m"].map(|name| cell(row.get(name), name));
            let text = text.into_iter().collect::<Result<Vec<_>, _>>()?;
            page.rows.push((time_of(row.get("T"), "T")?, text.join(",")));
        }
        let last = rows.last().and_then(|row| Some((row.get("a")?.as_i64()?, row.get("T")?.as_i64()?)));
        page.next = match last {
            Some((id, time)) if time < self.until => Some(format!("{}&fromId={}&limit={PAGE}", self.url, id + 1)),
            Some(_) => None,
            None => {
                let start =
                    asked.split("&startTime=").nth(1).and_then(|rest| rest.split('&').next()?.parse::<i64>().ok());
                start
                    .map(|start| start + HOUR / 1000)
                    .filter(|start| *start <= self.until)
                    .map(|start| self.trades_from(start))
            }
        };
        Ok(page)
    }
}
