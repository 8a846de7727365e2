//! The public archives of Binance, spot and USD-M futures: a ZIP per month, and per day of months that are not over, each
//! with a checksum; found through the archive's own listing, which has delisted symbols too.

use std::path::Path;

use crosscut_model::Timeframe;

use crate::download::address::{Host, encode, encode_path, is_plain_name};
use crate::download::client::FetchError;
use crate::download::listing::{Page, parse_s3};
use crate::download::wish::{DataKind, How, Listed, RemoteFile, Span, TableKey, Task, period_name};

use super::{Ask, Net, Planned, Source, Unanswered};

/// The adapter.
#[derive(Debug)]
pub(crate) struct BinanceArchive;

/// A symbol whose newest file is older than this is traded no more: nobody else is asked for what follows it. Monthly files
/// appear within five weeks after their month began.
const STILL_TRADED: i64 = 70 * crosscut_model::time::DAY;

/// Pages of one listing that are read at most; a page has 1,000 entries.
const PAGES_MAX: usize = 2_000;

/// The folders of one kind of data of one symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Folders {
    /// `data/futures/um`.
    market: &'static str,
    /// `klines`.
    kind: &'static str,
    /// `1h`, for bars.
    interval: Option<String>,
}

impl Folders {
    /// The folders of a kind at an exchange; `None` when the archive does not have it.
    fn of(exchange: &str, kind: DataKind) -> Option<Self> {
        let is_futures = match exchange {
            "binance_futures" => true,
            "binance_spot" => false,
            _ => return None,
        };
        let folder = match kind {
            DataKind::Trades => "trades",
            DataKind::AggTrades => "aggTrades",
            DataKind::Klines(_) => "klines",
            DataKind::Mark(_) if is_futures => "markPriceKlines",
            DataKind::Premium(_) if is_futures => "premiumIndexKlines",
            DataKind::Funding if is_futures => "fundingRate",
            _ => return None,
        };
        let market = if is_futures { "data/futures/um" } else { "data/spot" };
        Some(Self { market, kind: folder, interval: kind.timeframe().map(interval) })
    }

    /// Where the files of a symbol lie, with `/` at the end.
    fn prefix(&self, every: &str, symbol: &str) -> String {
        let interval = self.interval.as_ref().map(|interval| format!("{interval}/")).unwrap_or_default();
        format!("{}/{every}/{}/{symbol}/{interval}", self.market, self.kind)
    }

    /// The beginning of a file's name, before its month or day.
    fn stem(&self, symbol: &str) -> String {
        format!("{symbol}-{}-", self.interval.as_deref().unwrap_or(self.kind))
    }

    /// Whether there are files by the day too.
    fn has_days(&self) -> bool {
        self.kind != "fundingRate"
    }
}

/// An interval as the archive spells it: a month is `1mo`, for file systems that do not tell `m` from `M`.
fn interval(frame: Timeframe) -> String {
    let text = frame.to_string();
    text.strip_suffix('M').map_or(text.clone(), |n| format!("{n}mo"))
}

impl Source for BinanceArchive {
    fn name(&self) -> &'static str {
        "binance_archive"
    }

    fn exchanges(&self) -> &'static [&'static str] {
        &["binance_futures", "binance_spot"]
    }

    fn gives(&self, exchange: &str, kind: DataKind) -> bool {
        Folders::of(exchange, kind).is_some()
    }

    fn symbols(&self, net: &Net, exchange: &str, kind: DataKind) -> Result<Option<Vec<String>>, Unanswered> {
        let (Some(folders), true) = (Folders::of(exchange, kind), net.with_listing) else { return Ok(None) };
        let mut symbols = Vec::new();
        for every in ["monthly", "daily"].into_iter().take(if folders.has_days() { 2 } else { 1 }) {
            let prefix = format!("{}/{every}/{}/", folders.market, folders.kind);
            for folder in list(net, &prefix, "")?.folders {
                let symbol = folder.strip_prefix(&prefix).unwrap_or_default().trim_end_matches('/');
                if is_plain_name(symbol) {
                    symbols.push(symbol.to_owned());
                }
            }
        }
        symbols.sort();
        symbols.dedup();
        Ok(Some(symbols))
    }

    fn ticker(&self, _exchange: &str) -> Option<(&'static str, String)> {
        None
    }

    fn plan(&self, net: &Net, ask: &Ask<'_>) -> Result<Planned, Unanswered> {
        let Some(folders) = Folders::of(ask.exchange, ask.kind) else {
            return Ok(Planned::none(ask.span));
        };
        let archive = Archive { net, ask, folders };
        let (tasks, is_known) = match net.with_listing.then(|| archive.listed()) {
            Some(Ok(listed)) => listed,
            // A mirror without listings is asked for each file.
            Some(Err(Unanswered(FetchError::Absent | FetchError::NotAllowed(_)))) | None => (archive.blind(), true),
            Some(Err(error)) => return Err(error),
        };
        let left = archive.left(&tasks, is_known).into_iter().collect();
        Ok(Planned { tasks, left })
    }

    fn write_pages(&self, _net: &Net, _task: &Task, _dest: &Path) -> Result<(), Unanswered> {
        Err(Unanswered::of("has files, not pages"))
    }
}

/// The archive of one symbol and kind.
struct Archive<'a> {
    /// What to work with.
    net: &'a Net,
    /// What is wished for.
    ask: &'a Ask<'a>,
    /// Where it lies.
    folders: Folders,
}

impl Archive<'_> {
    /// The files the listing has: months that lie wholly in the span, and days of what no month covers; and whether it has
    /// any file of the symbol.
    fn listed(&self) -> Result<(Vec<Task>, bool), Unanswered> {
        let months = self.names("monthly", "")?;
        let wanted = self.ask.span.months().filter(|month| self.ask.span.holds(*month));
        let mut tasks: Vec<Task> = wanted.filter_map(|month| self.found("monthly", month, &months)).collect();
        let uncovered: Vec<Span> = self
            .ask
            .span
            .days()
            .filter(|day| self.ask.span.holds(*day) && !tasks.iter().any(|task| task.span.holds(*day)))
            .filter(|day| day.until <= self.net.now)
            .collect();
        let mut is_known = !months.is_empty();
        if let (Some(first), true) = (uncovered.first(), self.folders.has_days()) {
            let days = self.names("daily", &period_name(*first))?;
            is_known |= !days.is_empty();
            tasks.extend(uncovered.iter().filter_map(|day| self.found("daily", *day, &days)));
        }
        tasks.sort_by_key(|task| task.span);
        Ok((tasks, is_known))
    }

    /// The files there should be, where nothing tells which there are: months that are surely published, then days.
    fn blind(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for month in self.ask.span.months().filter(|month| month.from < self.net.now) {
            if self.ask.span.holds(month) && month_is_out(month, self.net.now) {
                tasks.push(self.task("monthly", month, None));
            } else if self.folders.has_days() {
                let days = self.ask.span.shared(month).into_iter().flat_map(Span::days);
                let days = days.filter(|day| self.ask.span.holds(*day) && day.until <= self.net.now);
                tasks.extend(days.map(|day| self.task("daily", day, None)));
            }
        }
        tasks
    }

    /// What is left to others: all of a symbol the archive does not know, and of others what follows the last file as long
    /// as the symbol may still be traded.
    fn left(&self, tasks: &[Task], is_known: bool) -> Option<Span> {
        let until = self.ask.span.until.min(self.net.now);
        let last = tasks.iter().map(|task| task.span.until).max();
        let from = last.unwrap_or(self.ask.span.from);
        let is_recent = self.net.now - from <= STILL_TRADED;
        (from < until && (is_recent || !is_known)).then_some(Span { from, until })
    }

    /// The files of a folder by name, from the one of `from` on.
    fn names(&self, every: &str, from: &str) -> Result<Vec<(String, Listed)>, Unanswered> {
        let prefix = self.folders.prefix(every, self.ask.symbol);
        let marker = if from.is_empty() {
            String::new()
        } else {
            format!("{prefix}{}{from}", self.folders.stem(self.ask.symbol))
        };
        let page = list(self.net, &prefix, &marker)?;
        let name = |(key, listed): (String, Listed)| Some((key.strip_prefix(&prefix)?.to_owned(), listed));
        Ok(page.files.into_iter().filter_map(name).collect())
    }

    /// The file of a period, if the listing has it.
    fn found(&self, every: &str, span: Span, names: &[(String, Listed)]) -> Option<Task> {
        let name = format!("{}{}.zip", self.folders.stem(self.ask.symbol), period_name(span));
        let listed = names.iter().find(|(there, _)| *there == name)?.1.clone();
        Some(self.task(every, span, Some(listed)))
    }

    /// The task of a period's file.
    fn task(&self, every: &str, span: Span, listed: Option<Listed>) -> Task {
        let Ask { symbol, kind, .. } = *self.ask;
        let name = format!("{}{}.zip", self.folders.stem(symbol), period_name(span));
        let path = format!("{}{name}", self.folders.prefix(every, symbol));
        let Host { url, origin, .. } = self.net.hosts.get("binance_archive");
        let encoded = encode_path(&path);
        let remote = RemoteFile {
            host: "binance_archive",
            url: format!("{url}/{encoded}"),
            origin: format!("{origin}/{encoded}"),
            checksum_url: Some(format!("{url}/{encoded}.CHECKSUM")),
            listed,
        };
        let table = TableKey::of(kind, symbol, span.from);
        Task { provider: BinanceArchive.name(), table, path, span, how: How::File(remote) }
    }
}

/// Whether a month's file is out: from the first Monday of the next month on, and a day of grace.
fn month_is_out(month: Span, now: i64) -> bool {
    let weekday = crosscut_model::time::weekday(month.until);
    let monday = month.until + (7 - weekday) % 7 * crosscut_model::time::DAY;
    now >= monday + crosscut_model::time::DAY
}

/// All entries below a prefix, from those after `marker` on.
fn list(net: &Net, prefix: &str, marker: &str) -> Result<Page, Unanswered> {
    let host = net.hosts.get("binance_listing");
    let mut all = Page::default();
    let mut marker = marker.to_owned();
    for _ in 0..PAGES_MAX {
        let url = format!("{}/?delimiter=/&prefix={}&marker={}", host.url, encode(prefix), encode(&marker));
        let text = net.client.text(&url, host.manners)?;
        let page = parse_s3(&text).map_err(|reason| FetchError::Failed(format!("{prefix}: {reason}")))?;
        all.files.extend(page.files);
        all.folders.extend(page.folders);
        match page.next {
            Some(next) if next > marker => marker = next,
            Some(_) => return Err(FetchError::Failed(format!("{prefix}: the listing goes in a circle")).into()),
            None => return Ok(all),
        }
    }
    Err(FetchError::Failed(format!("{prefix}: the listing has more than {PAGES_MAX} pages")).into())
}
