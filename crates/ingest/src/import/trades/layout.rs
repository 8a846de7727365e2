//! Which column of a trade file means what: the venue archives, stream recordings, and plain files by column names.

use crosscut_model::TradeKind;
use crosscut_model::time::EpochUnit;

use crate::error::Fault;
use crate::import::decimal::{integer, number};
use crate::import::fields::plain_name;
use crate::import::shape::TextShape;
use crate::import::zone::Clock;

use super::parse::text_time;

/// What one column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing that is kept.
    Skip,
    /// The venue's id of the row.
    Id,
    /// First execution of an aggregated row.
    FirstId,
    /// Last execution of an aggregated row.
    LastId,
    /// The venue's time of the trade.
    Time,
    /// Another time of the same row, which must lie near the trade's.
    NearTime,
    /// Price, quote units.
    Price,
    /// Quantity, base units.
    Quantity,
    /// Quantity whose sign is the taker's side: negative sold.
    SignedQuantity,
    /// `true` when the buyer was the maker, that is the taker sold.
    BuyerMaker,
    /// `buy` or `sell`: what the taker did.
    TakerSide,
    /// The same text in every row (symbol, stream, event type); the number is its place in [`TradeLayout::same`].
    Same(usize),
}

/// How a file writes times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// A number since the epoch, in one unit throughout.
    Epoch(EpochUnit),
    /// ISO-8601 text, UTC.
    Text,
    /// ISO-8601 text by the clock of a zone.
    Local(Clock),
}

impl TimeForm {
    /// The zone of times that say none; `None` is UTC.
    pub fn zone(self) -> Option<Clock> {
        match self {
            Self::Local(clock) => Some(clock),
            _ => None,
        }
    }

    /// The form in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Epoch(unit) => unit.name(),
            Self::Text => "text, taken as UTC",
            Self::Local(_) => "text of the zone of --zone",
        }
    }
}

/// How the rows of a trade file are written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TradeLayout {
    /// The layout in words, `Binance spot aggTrades`.
    pub name: &'static str,
    /// What a row stands for, as far as the columns tell.
    pub kind: Option<TradeKind>,
    /// The meaning of each column.
    pub roles: Vec<Role>,
    /// Names of the columns, for messages.
    pub names: Vec<String>,
    /// How times are written.
    pub time: TimeForm,
    /// Texts that every row repeats.
    pub same: Vec<Vec<u8>>,
    /// Whether rows with price and quantity zero stand for spent ids and are dropped (Binance USD-M trade streams).
    pub drops_spent: bool,
    /// The symbol the rows carry.
    pub symbol: Option<String>,
    /// Number of lines before the first row.
    pub lines_before: u64,
    /// Time of the first row, microseconds UTC.
    pub first_time: i64,
    /// Id of the first row.
    pub first_id: Option<i64>,
}

impl TradeLayout {
    /// Takes times that say no zone for those of one.
    pub fn is_of(&mut self, zone: Option<Clock>) {
        if let (Some(zone), TimeForm::Text) = (zone, self.time) {
            self.time = TimeForm::Local(zone);
            self.first_time -= zone.ahead_at(self.first_time);
        }
    }

    /// Whether some column has this role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// A headerless layout of the Binance archives.
struct Archive {
    /// The layout in words.
    name: &'static str,
    /// What a row stands for.
    kind: TradeKind,
    /// Positions of the columns that hold `true` or `false`.
    flags: &'static [usize],
    /// The meaning of each column.
    roles: &'static [Role],
}

/// The headerless layouts of the Binance archives; number of columns and position of flags tell them apart.
const ARCHIVES: [Archive; 4] = [
    Archive {
        name: "Binance spot aggTrades",
        kind: TradeKind::AggTrades,
        flags: &[6, 7],
        roles: &[
            Role::Id,
            Role::Price,
            Role::Quantity,
            Role::FirstId,
            Role::LastId,
            Role::Time,
            Role::BuyerMaker,
            Role::Skip,
        ],
    },
    Archive {
        name: "Binance spot trades",
        kind: TradeKind::Trades,
        flags: &[5, 6],
        roles: &[Role::Id, Role::Price, Role::Quantity, Role::Skip, Role::Time, Role::BuyerMaker, Role::Skip],
    },
    Archive {
        name: "Binance USD-M aggTrades",
        kind: TradeKind::AggTrades,
        flags: &[6],
        roles: &[Role::Id, Role::Price, Role::Quantity, Role::FirstId, Role::LastId, Role::Time, Role::BuyerMaker],
    },
    Archive {
        name: "Binance USD-M trades",
        kind: TradeKind::Trades,
        flags: &[5],
        roles: &[Role::Id, Role::Price, Role::Quantity, Role::Skip, Role::Time, Role::BuyerMaker],
    },
];

/// Recognises trades by column names, or by the archives' column counts where there is no header; `None` when the text
/// does not look like trades.
///
/// # Errors
/// When it looks like trades and cannot be read as such.
pub(crate) fn recognise(shape: &TextShape) -> Result<Option<TradeLayout>, Fault> {
    let columns = match &shape.header {
        Some(header) => {
            let whole = |at: usize| shape.rows[0].get(at).is_some_and(|text| integer(text.as_bytes()).is_some());
            let negative = |at: usize| {
                let below_zero = |text: &String| number(text.as_bytes()).is_some_and(|value| value < 0.0);
                shape.rows.iter().any(|row| row.get(at).is_some_and(below_zero))
            };
            match by_names(header, whole, negative) {
                Some(columns) => columns,
                None => return Ok(None),
            }
        }
        None => match by_count(shape) {
            Some(columns) => columns,
            None => return Ok(None),
        },
    };
    let row = &shape.rows[0];
    let find = |role: Role| columns.roles.iter().position(|&r| r == role).and_then(|at| row.get(at));
    let time_text = find(Role::Time).map(String::as_str).unwrap_or_default();
    let (time, first_time) = time_form(time_text, shape.lines_before + 1)?;
    let mut same = Vec::new();
    let mut symbol = None;
    let mut roles = columns.roles.clone();
    for (at, role) in roles.iter_mut().enumerate() {
        if let Role::Same(_) = role {
            *role = Role::Same(same.len());
            let text = row.get(at).cloned().unwrap_or_default();
            if SYMBOLS.contains(&plain_name(&columns.names[at]).as_str()) {
                symbol = Some(text.clone());
            }
            same.push(text.into_bytes());
        }
    }
    Ok(Some(TradeLayout {
        name: columns.name,
        kind: columns.kind,
        time,
        same,
        drops_spent: columns.stream,
        symbol,
        lines_before: shape.lines_before,
        first_time,
        first_id: find(Role::Id).and_then(|text| integer(text.as_bytes())),
        roles,
        names: columns.names,
    }))
}

/// Recognises how a time is written.
fn time_form(text: &str, row: u64) -> Result<(TimeForm, i64), Fault> {
    if let Some(value) = text.split('.').next().and_then(|whole| integer(whole.as_bytes())) {
        return match EpochUnit::detect(value) {
            Some(unit) => Ok((TimeForm::Epoch(unit), unit.to_micros(value))),
            None => Err(Fault::row(row, format!("time `{text}` is no epoch time in s, ms, us or ns"))),
        };
    }
    match text_time(text, None) {
        Some(micros) => Ok((TimeForm::Text, micros)),
        None => Err(Fault::row(
            row,
            format!("`{text}` is no time; expected an epoch time, or text such as 2024-01-31T09:30:00"),
        )),
    }
}

/// Columns with their meaning.
pub(crate) struct Columns {
    /// The layout in words.
    pub name: &'static str,
    /// What a row stands for, where the columns tell.
    pub kind: Option<TradeKind>,
    /// The meaning of each column.
    pub roles: Vec<Role>,
    /// Names of the columns.
    pub names: Vec<String>,
    /// Whether the file records a stream of messages.
    stream: bool,
}

/// The archives' layouts by number of columns and position of the flags.
fn by_count(shape: &TextShape) -> Option<Columns> {
    let row = &shape.rows[0];
    let is_flag = |text: &str| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
    let flags: Vec<usize> = (0..row.len()).filter(|&at| is_flag(&row[at])).collect();
    let archive = ARCHIVES.iter().find(|archive| archive.roles.len() == row.len() && archive.flags == flags)?;
    Some(Columns {
        name: archive.name,
        kind: Some(archive.kind),
        roles: archive.roles.to_vec(),
        names: archive.roles.iter().map(|role| archive_column(*role).to_owned()).collect(),
        stream: false,
    })
}

/// What a column of a headerless archive is called in messages.
fn archive_column(role: Role) -> &'static str {
    match role {
        Role::Id => "trade id",
        Role::FirstId => "first trade id",
        Role::LastId => "last trade id",
        Role::Time => "time",
        Role::Price => "price",
        Role::Quantity => "quantity",
        Role::BuyerMaker => "is_buyer_maker",
        _ => "column",
    }
}

/// Names of the symbol column.
pub(crate) const SYMBOLS: [&str; 5] = ["symbol", "instrumentname", "instrument", "instid", "ticker"];

/// Names of the time column, the best first.
const TIMES: [&str; 11] = [
    "transactiontime",
    "transacttime",
    "tradetime",
    "timestamp",
    "time",
    "datetime",
    "createdtime",
    "date",
    "ts",
    "tradedat",
    "t",
];

/// Names of the quantity column, the best first.
const QUANTITIES: [&str; 8] = ["quantity", "qty", "size", "basequantity", "amount", "volume", "vol", "q"];

/// Names of the id column, the best first.
const IDS: [&str; 5] = ["aggtradeid", "tradeid", "aggid", "id", "a"];

/// Columns by their names; `None` without a time, a price or a quantity. `whole` says whether a column holds whole
/// numbers, `negative` whether some value in it is below zero.
pub(crate) fn by_names(
    header: &[String],
    whole: impl Fn(usize) -> bool,
    negative: impl Fn(usize) -> bool,
) -> Option<Columns> {
    let plain: Vec<String> = header.iter().map(|name| plain_name(name)).collect();
    let first = |names: &[&str]| names.iter().find_map(|name| plain.iter().position(|column| column == name));
    let (time, price, quantity) = (first(&TIMES)?, first(&["price", "p"])?, first(&QUANTITIES)?);
    let stream = plain.iter().any(|column| column == "timestampofreceive");
    let mut roles = vec![Role::Skip; header.len()];
    let mut set = |at: Option<usize>, role: Role| {
        if let Some(at) = at {
            roles[at] = role;
        }
    };
    if stream {
        set(first(&["timestampofreceive"]), Role::NearTime);
        set(first(&["eventtime"]), Role::NearTime);
        set(first(&["stream"]), Role::Same(0));
        set(first(&["eventtype"]), Role::Same(0));
    }
    set(first(&SYMBOLS), Role::Same(0));
    // Some venues' ids are words: their trades are read without ids. A venue whose ids are numbers has damaged the row.
    let archive = first(&["aggtradeid"]).is_some() || first(&["quoteqty"]).is_some();
    set(first(&IDS).filter(|at| archive || stream || whole(*at)), Role::Id);
    set(first(&["firsttradeid", "firstid"]), Role::FirstId);
    set(first(&["lasttradeid", "lastid"]), Role::LastId);
    set(first(&["isbuyermaker", "buyermaker", "isbuyermarketmaker", "m"]), Role::BuyerMaker);
    set(first(&["side", "takerside"]), Role::TakerSide);
    set(Some(time), Role::Time);
    set(Some(price), Role::Price);
    let signed = !roles.contains(&Role::BuyerMaker) && !roles.contains(&Role::TakerSide) && negative(quantity);
    roles[quantity] = if signed { Role::SignedQuantity } else { Role::Quantity };
    let aggregated = roles.contains(&Role::FirstId) && roles.contains(&Role::LastId);
    let (name, kind) = match (stream, archive && roles.contains(&Role::BuyerMaker), aggregated) {
        (true, ..) => ("Binance trade stream CSV", Some(TradeKind::Trades)),
        (_, true, true) => ("Binance aggTrades", Some(TradeKind::AggTrades)),
        (_, true, false) => ("Binance trades", Some(TradeKind::Trades)),
        (.., true) => ("aggregated trades by column names", Some(TradeKind::AggTrades)),
        (_, _, false) if signed => ("trades by column names, negative size = taker sold", None),
        (_, _, false) => ("trades by column names", None),
    };
    Some(Columns { name, kind, roles, names: header.to_vec(), stream })
}
