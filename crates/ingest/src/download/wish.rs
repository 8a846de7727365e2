//! What can be wished for: kinds of data by the words of `--kind`, spans of time, and which table a file goes into.

use std::fmt;
use std::str::FromStr;

use crosscut_model::time::{self, DAY};
use crosscut_model::{Timeframe, TradeKind};

use crate::error::IngestError;

/// A kind of data a venue gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataKind {
    /// Listings, tick and lot sizes.
    Instruments,
    /// One row per execution.
    Trades,
    /// Executions folded per taker order.
    AggTrades,
    /// Bars.
    Klines(Timeframe),
    /// Bars of mark prices.
    Mark(Timeframe),
    /// Bars of premium indices.
    Premium(Timeframe),
    /// Funding rates.
    Funding,
}

/// The words of `--kind`, for messages.
pub const KIND_WORDS: &str = "trades, agg_trades, klines-1h, mark-1h, premium-1h (any timeframe), funding, instruments";

impl DataKind {
    /// The bare word, without a timeframe: `klines`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Instruments => "instruments",
            Self::Trades => "trades",
            Self::AggTrades => "agg_trades",
            Self::Klines(_) => "klines",
            Self::Mark(_) => "mark",
            Self::Premium(_) => "premium",
            Self::Funding => "funding",
        }
    }

    /// The length of its bars; `None` for what is no bars.
    pub fn timeframe(self) -> Option<Timeframe> {
        match self {
            Self::Klines(frame) | Self::Mark(frame) | Self::Premium(frame) => Some(frame),
            _ => None,
        }
    }

    /// The kind of trades, if it is one.
    pub fn trade_kind(self) -> Option<TradeKind> {
        match self {
            Self::Trades => Some(TradeKind::Trades),
            Self::AggTrades => Some(TradeKind::AggTrades),
            _ => None,
        }
    }
}

impl fmt::Display for DataKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.timeframe() {
            Some(frame) => write!(f, "{}-{frame}", self.word()),
            None => f.write_str(self.word()),
        }
    }
}

impl FromStr for DataKind {
    type Err = IngestError;

    fn from_str(text: &str) -> Result<Self, IngestError> {
        let unknown =
            || IngestError::request(format!("`{text}` is no kind of data to download; expected {KIND_WORDS}"));
        if let Some((word, frame)) = text.split_once('-') {
            let frame: Timeframe =
                frame.parse().map_err(|error| IngestError::request(format!("--kind {text}: {error}")))?;
            return match word {
                "klines" => Ok(Self::Klines(frame)),
                "mark" => Ok(Self::Mark(frame)),
                "premium" => Ok(Self::Premium(frame)),
                _ => Err(unknown()),
            };
        }
        match text {
            "instruments" => Ok(Self::Instruments),
            "trades" => Ok(Self::Trades),
            "agg_trades" => Ok(Self::AggTrades),
            "funding" => Ok(Self::Funding),
            "klines" | "mark" | "premium" => Err(IngestError::request(format!(
                "`{text}` lacks the length of its bars\nhint: write {text}-1h, or another timeframe"
            ))),
            _ => Err(unknown()),
        }
    }
}

/// A stretch of time: from (inclusive) until (exclusive), microseconds UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First moment.
    pub from: i64,
    /// End, exclusive.
    pub until: i64,
}

impl Span {
    /// The span between two dates that both belong to it: `2020-01` is the whole month, `2020-01-15` the whole day.
    ///
    /// # Errors
    /// When a text is no month or day, or the span would be empty.
    pub fn between(start: &str, end: &str) -> Result<Self, IngestError> {
        let (from, _) = whole(start).map_err(|error| IngestError::request(format!("--start-date {error}")))?;
        let (_, until) = whole(end).map_err(|error| IngestError::request(format!("--end-date {error}")))?;
        if from >= until {
            return Err(IngestError::request(format!("--end-date {end} lies before --start-date {start}")));
        }
        Ok(Self { from, until })
    }

    /// The part both spans share; `None` when there is none.
    pub fn shared(self, other: Self) -> Option<Self> {
        let span = Self { from: self.from.max(other.from), until: self.until.min(other.until) };
        (span.from < span.until).then_some(span)
    }

    /// Whether a span lies wholly in this one.
    pub fn holds(self, other: Self) -> bool {
        self.from <= other.from && other.until <= self.until
    }

    /// The calendar month a moment belongs to.
    pub fn month_of(timestamp: i64) -> Self {
        let date = time::civil(timestamp);
        Self { from: time::midnight(date.year, date.month, 1), until: time::midnight(date.year, date.month + 1, 1) }
    }

    /// The days that touch the span.
    pub fn days(self) -> impl Iterator<Item = Self> {
        let first = self.from.div_euclid(DAY) * DAY;
        (0..)
            .map(move |n| first + n * DAY)
            .take_while(move |&from| from < self.until)
            .map(|from| Self { from, until: from + DAY })
    }

    /// The calendar months that touch the span.
    pub fn months(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(Self::month_of(self.from)), |month| Some(Self::month_of(month.until)))
            .take_while(move |month| month.from < self.until)
    }
}

/// The day or month a text means.
fn whole(text: &str) -> Result<(i64, i64), String> {
    let wrong = || format!("`{text}`: expected a month or a day, such as 2024-01 or 2024-01-31");
    let parts: Vec<&str> = text.split('-').collect();
    let number = |at: usize, width: usize| -> Result<i64, String> {
        let part = parts.get(at).filter(|part| part.len() == width && part.bytes().all(|b| b.is_ascii_digit()));
        part.and_then(|part| part.parse().ok()).ok_or_else(wrong)
    };
    let (year, month) = (number(0, 4)?, number(1, 2)?);
    if !(1..=12).contains(&month) || parts.len() > 3 || year < 1970 {
        return Err(wrong());
    }
    if parts.len() == 2 {
        return Ok((time::midnight(year, month, 1), time::midnight(year, month + 1, 1)));
    }
    let day = number(2, 2)?;
    if !(1..=time::days_in_month(year, month)).contains(&day) {
        return Err(wrong());
    }
    let from = time::midnight(year, month, day);
    Ok((from, from + DAY))
}

/// `2024-01` or `2024-01-31`: the name of a month or a day in archives.
pub(crate) fn period_name(span: Span) -> String {
    let day = time::format_date(span.from);
    if span == Span::month_of(span.from) { day[..day.len() - 3].to_owned() } else { day }
}

/// The table some files go into together: they are converted in one go, so that the table does not depend on the order in
/// which they arrive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableKey {
    /// The kind of data.
    pub kind: DataKind,
    /// The symbol; empty for a table of the whole venue.
    pub symbol: String,
    /// The month of trades, `2024-01`; empty for other kinds.
    pub month: String,
}

impl TableKey {
    /// The table of a kind and symbol that holds the rows of a moment.
    pub fn of(kind: DataKind, symbol: &str, from: i64) -> Self {
        let month = kind.trade_kind().map(|_| period_name(Span::month_of(from))).unwrap_or_default();
        Self { kind, symbol: symbol.to_owned(), month }
    }
}

impl fmt::Display for TableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [self.symbol.as_str(), &self.kind.to_string(), &self.month].map(str::to_owned);
        f.write_str(&words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
    }
}

/// One file to have.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The provider it comes from.
    pub provider: &'static str,
    /// The table it goes into.
    pub table: TableKey,
    /// Where it lies below the venue's raw folder, with `/`; every part is a plain file name.
    pub path: String,
    /// What it covers.
    pub span: Span,
    /// How it is fetched.
    pub how: How,
}

/// How a file is fetched.
#[derive(Debug, Clone, PartialEq)]
pub enum How {
    /// As it is.
    File(RemoteFile),
    /// Page by page from an interface that answers questions, written as a table; the address of the first question.
    Pages(String),
}

/// A file at a venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// The host, by its name in `venues.yaml`.
    pub host: &'static str,
    /// The address that is asked.
    pub url: String,
    /// The venue's own address of it, which is recorded.
    pub origin: String,
    /// The address of its checksum file; `None` where the venue has none.
    pub checksum_url: Option<String>,
    /// What the venue's listing says of it.
    pub listed: Option<Listed>,
}

/// What a listing says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Bytes.
    pub size: u64,
    /// Entity tag, with its quotes.
    pub etag: String,
    /// When the venue last wrote it, ISO-8601.
    pub last_modified: String,
}
