//! What a file is taken for: decided from its first bytes, its columns, its name and folder, and what the user says.
//! Whatever two of these say differently is a refusal, never a guess.

use std::path::Path;

use crosscut_hub::parquet_file::ColumnType;
use crosscut_model::time::{self, DAY};
use crosscut_model::{TradeKind, check_symbol, format_iso, nearest};

use crate::error::{AGAIN, Fault};

use super::actions::{self, ActionFile};
use super::calendar::{self, CalendarFile};
use super::checksum::{Identity, identify, identify_all, identify_member};
use super::container::{self, Container};
use super::funding::{self, FundingColumns, FundingFile};
use super::instruments::{self, InstrumentFile, InstrumentForm};
use super::json;
use super::klines::Flavour;
use super::klines::columns::{self, KlineColumns};
use super::klines::publish::{KlineFile, full_symbol};
use super::lean_daily::{LeanFile, LeanPart};
use super::name::{self, NameFacts, NamedKind, archive, read_name, stem};
use super::shape::{HEAD_BYTES, TextShape, read_shape};
use super::trades::layout::{self, Role};
use super::trades::parquet::{self, first_row, to_micros};
use super::trades::source::{TradeFile, TradeForm};
use super::{ImportRequest, Kind, fields::plain_name, typed};
use super::{lean_daily, lean_intraday, qlib};

/// The reason for refusing a file whose name, rows and options do not say what it is of.
pub const NO_SYMBOL: &str = "nothing tells its symbol";

/// Most columns that a message names.
const COLUMNS_TOLD: usize = 40;

/// A recognised file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// Trades.
    Trades(TradeFile),
    /// Bars.
    Klines(KlineFile),
    /// Funding rates.
    Funding(FundingFile),
    /// LEAN's daily equities.
    Lean(LeanFile),
    /// Splits and dividends.
    Actions(ActionFile),
    /// Sessions and holidays.
    Calendar(CalendarFile),
    /// Listings, tick and lot sizes.
    Instruments(InstrumentFile),
}

/// A recognised file, and the decision in words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Detected {
    /// The file.
    pub found: Found,
    /// What was decided, in words.
    pub words: String,
}

/// Content that is recognised and not imported: a column that gives it away, and what to say.
const NOT_IMPORTED: [(&[&str], &str); 4] = [
    (
        &["isask", "firstupdateid", "updatetype", "lastupdateid", "asks0price", "bids", "asks"],
        "order book depth, not trades; not supported",
    ),
    (&["bid", "ask", "bidprice", "askprice", "bestbidprice"], "best bids and asks, not trades; not supported"),
    (&["sumopeninterest", "openinterest"], "open interest; not supported yet"),
    (&["marketcap"], "prices with market capitalisation, neither trades nor bars; not supported"),
];

/// What the beginning of a trade file tells.
struct FirstRow {
    /// Time of the first row, microseconds UTC.
    time: i64,
    /// Id of the first row; `None` when rows carry none.
    id: Option<i64>,
    /// What a row stands for.
    kind: TradeKind,
    /// The symbol.
    symbol: String,
}

/// What is known of a file before its content is looked at.
struct Context<'a> {
    /// Where it is.
    path: &'a Path,
    /// How the user named it.
    shown: String,
    /// What the user says.
    request: &'a ImportRequest,
    /// Its size and hash.
    identity: Identity,
    /// What it is packed in.
    container: Container,
    /// What its name says.
    name: NameFacts,
}

/// Recognises a file that holds one thing.
///
/// # Errors
/// When it is none of what is imported, or its parts contradict one another.
pub(crate) fn detect(path: &Path, request: &ImportRequest) -> Result<Detected, Fault> {
    let mut container = container::recognise(path)?;
    let mut name = match &container {
        Container::Qlib => qlib::facts(path)?,
        packed => name_facts(path, packed)?,
    };
    if let Container::Zip(member) = &container {
        check_member(&name, path, &member.name)?;
        if let Some((rows, facts)) = lean_intraday::recognise(path, member)? {
            (container, name) = (Container::Lean(rows), facts);
        }
    }
    let identity = match &container {
        Container::Qlib => identify_all(&qlib::files(path)?)?,
        _ => with_venue(identify(path)?, path, request),
    };
    let shown = path.display().to_string();
    detect_as(Context { path, shown, request, identity, container, name })
}

/// Recognises what a file holds, each thing under the name by which it is reported: a ZIP of several members holds as many.
pub(crate) fn detect_all(path: &Path, request: &ImportRequest) -> Vec<(String, Result<Detected, Fault>)> {
    let shown = path.display().to_string();
    let containers = match container::recognise_all(path) {
        Ok(containers) if containers.len() > 1 => containers,
        _ => return vec![(shown, detect(path, request))],
    };
    let whole = match identify(path) {
        Ok(identity) => with_venue(identity, path, request),
        Err(fault) => return vec![(shown, Err(fault))],
    };
    let member = |container: Container| {
        let inside = container.member().unwrap_or_default().to_owned();
        let shown = format!("{shown}/{inside}");
        let detected = || {
            let identity = identify_member(container::open(path, &container)?, &whole)?;
            let name = read_name(&path.with_file_name(Path::new(&inside).file_name().unwrap_or_default()))?;
            let (container, shown) = (container.clone(), shown.clone());
            detect_as(Context { path, shown, request, identity, container, name })
        };
        (shown.clone(), detected())
    };
    containers.into_iter().map(member).collect()
}

/// The identity of a file with where it was downloaded from, if it was.
fn with_venue(identity: Identity, path: &Path, request: &ImportRequest) -> Identity {
    Identity { venue: request.venue_files.get(path).cloned(), ..identity }
}

/// Recognises content.
fn detect_as(mut context: Context<'_>) -> Result<Detected, Fault> {
    if context.request.zone.is_some() {
        // A day or month of that zone is none of UTC.
        context.name.period = None;
    }
    if let Some(NamedKind::Unsupported(words)) = context.name.kind {
        return Err(Fault::file(format!("by its name it holds {words}; not supported yet")).hint("leave the file out"));
    }
    match context.container {
        Container::Parquet | Container::Feather => context.detect_typed(),
        _ => context.detect_text(),
    }
}

/// What a file's name says. A copy that carries a prefix before the archive's own name (`in_AUSDT-trades-2024-08.zip`
/// around `AUSDT-trades-2024-08.csv`) goes by the name inside.
fn name_facts(path: &Path, container: &Container) -> Result<NameFacts, Fault> {
    if let Container::Zip(member) = container {
        let (outer, member) = (stem(path), Path::new(&member.name));
        let prefix = outer.strip_suffix(&stem(member)).filter(|_| archive(&stem(member)).is_some());
        if let (Some(true), Some(name)) = (prefix.map(|text| text.ends_with(['_', '-', ' ', '.'])), member.file_name())
        {
            return read_name(&path.with_file_name(name));
        }
    }
    read_name(path)
}

/// The name inside a ZIP must not contradict the ZIP's own: that would be a renamed file.
fn check_member(outer: &NameFacts, path: &Path, member: &str) -> Result<(), Fault> {
    let (Some(inner), Some(_)) = (archive(&stem(Path::new(member))), archive(&stem(path))) else { return Ok(()) };
    // Only folders say which klines they are, and a member has none.
    let bars = |facts: &NameFacts| matches!(facts.kind, Some(NamedKind::Klines(_)));
    let same_kind = inner.kind == outer.kind || (bars(&inner) && bars(outer));
    if inner.symbol != outer.symbol || !same_kind || inner.period != outer.period {
        return Err(Fault::file(format!("the ZIP holds `{member}`, which contradicts its own name"))
            .hint("the file was renamed; give it back its name"));
    }
    Ok(())
}

impl Context<'_> {
    /// Recognises CSV, and tables in JSON.
    fn detect_text(&mut self) -> Result<Detected, Fault> {
        let first = container::first_bytes(self.path, &self.container)?;
        if instruments::is_recording(&first) {
            return self.instruments(InstrumentForm::Recording);
        }
        if matches!(first.first(), Some(b'{' | b'[')) {
            let answer = json::parse(container::open_json(self.path, &self.container)?, "JSON")?;
            if calendar::recognise(&answer) {
                return self.calendar();
            }
            if instruments::is_snapshot(&answer) {
                return self.instruments(InstrumentForm::Answer);
            }
            if matches!(self.container, Container::Zip(_) | Container::Gzip) {
                self.container = Container::PackedJson(Box::new(self.container.clone()));
            }
        }
        let shape = read_shape(&container::head(self.path, &self.container, HEAD_BYTES)?)?;
        if let (None, Some((to, from))) = (&shape.header, self.request.columns.first()) {
            return Err(Fault::file(format!("has no header; --columns {to}={from} needs one")));
        }
        let Some(written) = &shape.header else {
            if let Container::Lean(_) = &self.container {
                return self.klines(lean_daily::read::columns(), 0, "no header", None);
            }
            if let Some(part) = self.lean_part(&shape) {
                return self.lean(part);
            }
            if let Some(columns) = self.bare_funding(&shape) {
                return self.funding(columns, shape.lines_before, "no header");
            }
            if self.is_json() && shape.rows[0].len() == 6 && name::is_candles(self.path) {
                return self.klines(lean_daily::read::columns(), shape.lines_before, "freqtrade's rows", None);
            }
            if shape.rows[0].len() == columns::ARCHIVE_COLUMNS.len() {
                return self.klines(columns::archive(), shape.lines_before, "no header", None);
            }
            return match layout::recognise(&shape)? {
                Some(layout) => self.text_trades(layout, "no header"),
                None => Err(self.unknown(&shape)),
            };
        };
        let mut header = self.named(written)?;
        let place = header.iter().position(|name| plain_name(name) == "instrumentname");
        let carried = place.and_then(|at| shape.rows.first()?.get(at)).map(String::as_str);
        columns::of_okx(&mut header, carried.or(self.name.symbol.as_deref()).unwrap_or_default());
        let header = &header;
        if let Some(columns) = self.funding_columns(header) {
            return self.funding(columns, shape.lines_before, "header");
        }
        if let Some(columns) = actions::recognise(header) {
            return self.actions(columns, shape.lines_before);
        }
        refuse_known(header)?;
        if let Some(columns) = columns::recognise(header)? {
            let carried = shape.symbol.as_deref();
            return self.klines(columns.written_as(written), shape.lines_before, "header", carried);
        }
        if let Some(layout) = layout::recognise(&shape)? {
            return self.text_trades(layout, "header");
        }
        if instruments::is_lean(header) {
            return self.instruments(InstrumentForm::LeanProperties);
        }
        match instruments::recognise(header) {
            Some(unknown) => self.instruments(InstrumentForm::Table(unknown)),
            None => Err(self.unknown(&shape)),
        }
    }

    /// Whether it is a table in JSON.
    fn is_json(&self) -> bool {
        matches!(self.container, Container::Json | Container::PackedJson(_))
    }

    /// Recognises Parquet and Feather.
    fn detect_typed(&self) -> Result<Detected, Fault> {
        let schema = typed::schema(self.path, &self.container)?;
        let written: Vec<String> = schema.iter().map(|(name, _)| name.clone()).collect();
        let header = self.named(&written)?;
        if let Some(columns) = self.funding_columns(&header) {
            return self.funding(columns, 0, "column names");
        }
        if let Some(columns) = actions::recognise(&header) {
            return self.actions(columns, 0);
        }
        refuse_known(&header)?;
        if let Some(columns) = columns::recognise(&header)? {
            return self.klines(columns.written_as(&written), 0, "column names", None);
        }
        if self.container == Container::Feather {
            let seen = header.join(", ");
            return Err(Fault::file(format!(
                "has the columns {seen}; expected those of bars or funding in a Feather file"
            ))
            .hint("write trades as Parquet"));
        }
        if let Some(layout) = parquet::recognise(&schema) {
            return self.parquet_trades(layout, &schema);
        }
        Err(Fault::file(format!("has the columns {}; expected those of trades or bars", header.join(", ")))
            .hint("trades need a time, a price and a quantity; bars need a time, open, high, low and close"))
    }

    /// The header with the names that `--columns` gives its columns. A column whose name another one takes is not meant.
    fn named(&self, header: &[String]) -> Result<Vec<String>, Fault> {
        let mut out = header.to_vec();
        for (to, from) in &self.request.columns {
            let at = header.iter().position(|name| name == from).ok_or_else(|| {
                let near = nearest(from, header.iter().map(String::as_str));
                let near = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
                Fault::file(format!(
                    "has no column `{from}` for --columns {to}={from}; it has {}{near}",
                    header.join(", ")
                ))
            })?;
            let rivals = |name: &&mut String| columns::means_the_same(name, to);
            out.iter_mut().filter(rivals).for_each(|name| name.push_str("_as_written"));
            out[at].clone_from(to);
        }
        Ok(out)
    }

    /// Trades in text.
    fn text_trades(&self, mut layout: layout::TradeLayout, header: &str) -> Result<Detected, Fault> {
        layout.is_of(self.request.zone);
        let kind = self.trade_kind(layout.kind)?;
        let symbol = self.symbol(layout.symbol.as_deref())?;
        let words = format!("{}, {header}, times in {}", layout.name, layout.time.name());
        let first = FirstRow {
            time: layout.first_time,
            id: layout.has(Role::Id).then(|| layout.first_id.unwrap_or_default()),
            kind,
            symbol,
        };
        Ok(self.trades(TradeForm::Text(layout), first, words))
    }

    /// Trades in Parquet.
    fn parquet_trades(
        &self,
        layout: parquet::ParquetTrades,
        schema: &[(String, ColumnType)],
    ) -> Result<Detected, Fault> {
        let kind = self.trade_kind(layout.kind)?;
        let of_role = |wanted: fn(&Role) -> bool| {
            layout.columns.iter().find(|(_, role)| wanted(role)).map(|(name, _)| name.as_str())
        };
        let (time, id) = (of_role(|role| *role == Role::Time), of_role(|role| *role == Role::Id));
        let carried = of_role(|role| matches!(role, Role::Same(_)));
        let names: Vec<&str> = [time, id, carried].into_iter().flatten().collect();
        let table =
            first_row(self.path, &names)?.ok_or_else(|| Fault::file("holds no row; expected trades").hint(AGAIN))?;
        let typed = schema.iter().any(|(name, kind)| Some(name.as_str()) == time && *kind == ColumnType::Time);
        let first_time =
            time.and_then(|name| table.i64(name)).ok_or_else(|| Fault::file("its times are not numbers"))?;
        let first_time = to_micros(first_time, typed)?[0];
        let first_id = id.and_then(|name| table.i64(name)).and_then(|ids| ids.first().copied());
        let symbol = self.symbol(carried.and_then(|name| table.text(name)).map(|texts| texts[0].as_str()))?;
        let archive =
            ["agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker"];
        let streamed = archive.iter().all(|name| schema.iter().any(|(column, _)| column == name));
        let words = layout.name.to_owned();
        let form = if streamed { TradeForm::ArchiveParquet } else { TradeForm::Parquet(layout) };
        Ok(self.trades(form, FirstRow { time: first_time, id: first_id, kind, symbol }, words))
    }

    /// Trades of any form.
    fn trades(&self, form: TradeForm, first: FirstRow, words: String) -> Detected {
        let ids = if first.id.is_some() { "" } else { ", no ids" };
        let words = format!("{words}{ids}, {}", self.surroundings());
        let file = TradeFile {
            path: self.path.to_owned(),
            shown: self.shown.clone(),
            identity: self.identity.clone(),
            container: self.container.clone(),
            form,
            kind: first.kind,
            symbol: first.symbol,
            period: self.name.period,
            first: (first.time, first.id.unwrap_or_default()),
            has_id: first.id.is_some(),
            window: None,
        };
        Detected { found: Found::Trades(file), words }
    }

    /// Bars; `carried` is the symbol that the file itself names.
    fn klines(
        &self,
        mut columns: KlineColumns,
        lines_before: u64,
        header: &str,
        carried: Option<&str>,
    ) -> Result<Detected, Fault> {
        columns.zone = self.request.zone;
        let flavour = self.flavour()?;
        let long = columns.position(columns::Meaning::Symbol).is_some();
        if let (true, Some(option)) = (long, &self.request.symbol) {
            return Err(Fault::file(format!("has a symbol column, which --symbol {option} would contradict"))
                .hint("drop --symbol"));
        }
        let symbol = if long { None } else { Some(self.symbol(carried)?) };
        let words = match &symbol {
            Some(symbol) => format!("{} of {symbol}, {header}, {}", flavour.words(), self.surroundings()),
            None => format!("{} with a symbol column, {header}, {}", flavour.words(), self.surroundings()),
        };
        let file = KlineFile {
            path: self.path.to_owned(),
            shown: self.shown.clone(),
            identity: self.identity.clone(),
            container: self.container.clone(),
            columns,
            lines_before,
            symbol,
            flavour,
            timeframe: self.name.timeframe,
            period: self.name.period,
            start: self.name.start,
        };
        Ok(Detected { found: Found::Klines(file), words })
    }

    /// What the prices of bars are prices of: name and option must agree.
    fn flavour(&self) -> Result<Flavour, Fault> {
        let named = match self.name.kind {
            Some(NamedKind::Klines(flavour)) => flavour,
            _ => Flavour::Traded,
        };
        let asked = match self.request.kind {
            None => return Ok(named),
            Some(Kind::Klines) => Flavour::Traded,
            Some(Kind::Mark) => Flavour::Mark,
            Some(Kind::Premium) => Flavour::Premium,
            Some(other) => {
                return Err(Fault::file(format!("holds klines, --kind says {}", other.name())).hint("drop --kind"));
            }
        };
        if named != Flavour::Traded && named != asked {
            let reason = format!("its name or folder says {}, --kind says {}", named.words(), asked.words());
            return Err(Fault::file(reason).hint("drop --kind"));
        }
        Ok(asked)
    }

    /// The columns of funding, if the header is one of it. Candles are only taken for it if name or user say so.
    fn funding_columns(&self, header: &[String]) -> Option<FundingColumns> {
        let said = self.request.kind == Some(Kind::Funding) || self.name.kind == Some(NamedKind::Funding);
        funding::recognise(header).or_else(|| funding::candles(header).filter(|_| said))
    }

    /// The columns of LEAN's funding: two fields, a date with a clock and a rate.
    fn bare_funding(&self, shape: &TextShape) -> Option<FundingColumns> {
        let row = shape.rows.first().filter(|row| row.len() == 2)?;
        let dated = row[0].len() > 8 && time::parse_compact(&row[0]).is_some();
        dated.then(funding::bare)
    }

    /// Funding rates.
    fn funding(&self, mut columns: FundingColumns, lines_before: u64, header: &str) -> Result<Detected, Fault> {
        columns.columns.zone = self.request.zone;
        self.expect_kind(Kind::Funding)?;
        let long = columns.columns.position(columns::Meaning::Symbol).is_some();
        let symbol = match (long, self.name.symbol.is_none() && self.request.symbol.is_none()) {
            (true, _) => None,
            // LEAN names its files by the symbol in lower case.
            (false, true) if header == "no header" => Some(self.symbol(Some(&stem(self.path).to_uppercase()))?),
            (false, _) => Some(self.symbol(None)?),
        };
        let words = match &symbol {
            Some(symbol) => format!("funding rates of {symbol}, {header}, {}", self.surroundings()),
            None => format!("funding rates with a symbol column, {header}, {}", self.surroundings()),
        };
        let file = FundingFile {
            path: self.path.to_owned(),
            shown: self.shown.clone(),
            identity: self.identity.clone(),
            container: self.container.clone(),
            columns,
            lines_before,
            symbol,
            period: self.name.period,
        };
        Ok(Detected { found: Found::Funding(file), words })
    }

    /// Which of LEAN's files of equities a file without a header is.
    fn lean_part(&self, shape: &TextShape) -> Option<LeanPart> {
        let row = shape.rows.first()?;
        let folder = self.path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        let dated = |length: usize| row[0].len() == length && time::parse_compact(&row[0]).is_some();
        match (folder.as_deref(), row.len()) {
            (Some("factor_files"), 3..) if dated(8) => Some(LeanPart::Factors),
            (Some("map_files"), 2..) if dated(8) => Some(LeanPart::Map),
            (_, 6) if dated(14) && row[0].ends_with(" 00:00") => Some(LeanPart::Daily),
            _ => None,
        }
    }

    /// One of LEAN's files of equities.
    fn lean(&self, part: LeanPart) -> Result<Detected, Fault> {
        let (words, kind) = match part {
            LeanPart::Daily => ("LEAN daily bars", Kind::Klines),
            LeanPart::Factors => ("LEAN factor file", Kind::Actions),
            LeanPart::Map => ("LEAN map file", Kind::Instruments),
        };
        self.expect_kind(kind)?;
        let file = LeanFile {
            path: self.path.to_owned(),
            shown: self.shown.clone(),
            identity: self.identity.clone(),
            container: self.container.clone(),
            part,
            name: stem(self.path).to_lowercase(),
        };
        Ok(Detected { found: Found::Lean(file), words: format!("{words}, {}", self.surroundings()) })
    }

    /// A table of corporate actions.
    fn actions(&self, mut columns: KlineColumns, lines_before: u64) -> Result<Detected, Fault> {
        columns.zone = self.request.zone;
        self.expect_kind(Kind::Actions)?;
        let file = ActionFile {
            path: self.path.to_owned(),
            shown: self.shown.clone(),
            identity: self.identity.clone(),
            container: self.container.clone(),
            columns,
            lines_before,
        };
        Ok(Detected { found: Found::Actions(file), words: format!("corporate actions, {}", self.surroundings()) })
    }

    /// An exchange's calendar.
    fn calendar(&self) -> Result<Detected, Fault> {
        self.expect_kind(Kind::Calendar)?;
        let file = CalendarFile {
            path: self.path.to_owned(),
            shown: self.shown.clone(),
            identity: self.identity.clone(),
            container: self.container.clone(),
        };
        Ok(Detected { found: Found::Calendar(file), words: format!("LEAN market hours, {}", self.surroundings()) })
    }

    /// A table of instruments.
    fn instruments(&self, form: InstrumentForm) -> Result<Detected, Fault> {
        self.expect_kind(Kind::Instruments)?;
        let words = match form {
            InstrumentForm::Table(_) => "instruments",
            InstrumentForm::Answer => "exchange information",
            InstrumentForm::Recording => "recorded exchange information",
            InstrumentForm::LeanProperties => "LEAN symbol properties",
        };
        let words = format!("{words}, {}", self.surroundings());
        let file = InstrumentFile {
            path: self.path.to_owned(),
            shown: self.shown.clone(),
            identity: self.identity.clone(),
            container: self.container.clone(),
            form,
        };
        Ok(Detected { found: Found::Instruments(file), words })
    }

    /// Container, named period and checksum in words.
    fn surroundings(&self) -> String {
        let period = match self.name.period {
            Some((from, until)) if until - from == DAY => format!("day {}", time::format_date(from)),
            Some((from, _)) => format!("month {}", &format_iso(from)[..7]),
            None => "no day or month in its name".to_owned(),
        };
        let checksum = if self.identity.verified { "checksum ok" } else { "no checksum beside it" };
        format!("{}, {period}, {checksum}", self.container.name())
    }

    /// Demands that the user has not asked for another kind.
    fn expect_kind(&self, seen: Kind) -> Result<(), Fault> {
        match self.request.kind {
            Some(asked) if asked != seen => {
                Err(Fault::file(format!("holds {}, --kind says {}", seen.name(), asked.name())).hint("drop --kind"))
            }
            _ => Ok(()),
        }
    }

    /// The kind of trades: columns, name and option must agree.
    fn trade_kind(&self, columns: Option<TradeKind>) -> Result<TradeKind, Fault> {
        let named = match self.name.kind {
            Some(NamedKind::Ticks(kind)) => Some(kind),
            _ => None,
        };
        let asked = match self.request.kind {
            Some(kind) => Some(kind.trade_kind().ok_or_else(|| {
                Fault::file(format!("holds trades, --kind says {}", kind.name())).hint("drop --kind")
            })?),
            None => None,
        };
        let said = [(columns, "its columns are"), (named, "its name says"), (asked, "--kind says")];
        let mut settled: Option<(TradeKind, &str)> = None;
        for (kind, by) in said {
            let Some(kind) = kind else { continue };
            match settled {
                Some((other, before)) if other != kind => {
                    let remedy = if by == "--kind says" { "drop --kind" } else { "rename the file" };
                    return Err(Fault::file(format!("{before} {}, {by} {}", other.name(), kind.name())).hint(remedy));
                }
                _ => settled = settled.or(Some((kind, by))),
            }
        }
        Ok(settled.map_or(TradeKind::Trades, |(kind, _)| kind))
    }

    /// The symbol: option, name and rows must agree.
    fn symbol(&self, carried: Option<&str>) -> Result<String, Fault> {
        let full = |text: &str| full_symbol(text, &self.request.symbol_suffix);
        let named = self.name.symbol.as_deref().map(full);
        let carried = carried.map(full);
        let said = [(self.request.symbol.clone(), "--symbol"), (named, "its name"), (carried, "its symbol column")];
        let mut settled: Option<(String, &str)> = None;
        for (symbol, by) in said {
            let Some(symbol) = symbol else { continue };
            match &settled {
                Some((other, before)) if *other != symbol => {
                    let (other, symbol) = (other.escape_debug(), symbol.escape_debug());
                    let reason = format!("{before} says it is of {other}, {by} says {symbol}");
                    let remedy =
                        if *before == "--symbol" { "drop --symbol, or rename the file" } else { "rename the file" };
                    return Err(Fault::file(reason).hint(remedy));
                }
                _ => settled = settled.or(Some((symbol, by))),
            }
        }
        let Some((symbol, _)) = settled else {
            return Err(Fault::file(NO_SYMBOL).hint("give --symbol, or name the file like the venue does"));
        };
        check_symbol(&symbol)
            .map_err(|error| Fault::file(error.to_string()).hint("give --symbol, or rename the file"))?;
        Ok(symbol)
    }

    /// Text that is nothing known.
    fn unknown(&self, shape: &TextShape) -> Fault {
        let seen = match &shape.header {
            Some(header) if header.len() == 1 && header[0].contains([';', '\t', '|']) => {
                return Fault::file(format!("has one column, `{}`", header[0].escape_debug()))
                    .hint("its columns are parted by another sign; write it with commas between them");
            }
            Some(header) => {
                let more = if header.len() > COLUMNS_TOLD { ", ..." } else { "" };
                format!("has the columns {}{more}", header[..header.len().min(COLUMNS_TOLD)].join(", "))
            }
            None => format!("has no header and {} columns", shape.rows[0].len()),
        };
        Fault::file(format!("{seen}; expected trades, bars or instruments")).hint(
            "trades need a time, a price and a quantity; bars need a time, open, high, low and close; \
             a header names the columns",
        )
    }
}

/// Refuses content that is recognised and not imported.
fn refuse_known(header: &[String]) -> Result<(), Fault> {
    let plain: Vec<String> = header.iter().map(|name| plain_name(name)).collect();
    // Bars of futures carry their open interest along, as backtrader's do.
    if ["open", "high", "low", "close"].iter().all(|price| plain.iter().any(|name| name == price)) {
        return Ok(());
    }
    for (names, words) in NOT_IMPORTED {
        if plain.iter().any(|name| names.contains(&name.as_str())) {
            return Err(Fault::file(format!("holds {words}")).hint("leave the file out"));
        }
    }
    Ok(())
}
