//! What can be wrong with a table, and what is done about it by default.

use serde::{Deserialize, Serialize};

/// A kind of defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefectKind {
    /// A file that cannot be read, breaks the order of its rows, or is not the one that was published.
    Damaged,
    /// Bars that most symbols of the venue miss.
    Outage,
    /// Bars that one symbol misses inside its life.
    Gap,
    /// Bars without a trade.
    ZeroVolume,
    /// A value that is missing.
    MissingValue,
    /// High or low that does not hold the open and the close, or a price that is not positive.
    ImpossibleBar,
    /// A price that jumps and comes back.
    PriceSpike,
    /// A price that jumps and stays.
    PriceJump,
    /// Another level of price after a long pause: another coin under the name, or a redenomination.
    ReusedSymbol,
    /// Trade ids that are not consecutive.
    IdGap,
    /// Trade ids, or the first and last ids of aggregated trades, that go backwards.
    IdDisorder,
    /// No trade for long, and nothing tells whether some are missing.
    Silence,
    /// No trade for long, and no id is missing: the venue stood still, or nobody traded.
    Pause,
    /// Rows that the import left out.
    LeftOut,
    /// A file whose rows were not in order.
    OutOfOrder,
    /// A file that is named for a day or month and holds less of it.
    PartialPeriod,
    /// Bars rebuilt from trades or finer bars that are not the published ones.
    DiffersFromKlines,
    /// Funding that is missing.
    FundingGap,
    /// Funding whose interval changed.
    FundingInterval,
    /// A funding rate far beyond the others.
    FundingOutlier,
    /// A symbol that stops before the others and has no delisting date.
    Ended,
    /// A symbol that stops where it was delisted.
    Delisted,
    /// A market in which nobody ever stopped.
    SurvivorsOnly,
}

impl DefectKind {
    /// Whether it is a defect of the data; otherwise it is worth knowing and no more.
    pub fn is_problem(self) -> bool {
        !matches!(self, Self::Delisted | Self::FundingInterval | Self::Pause | Self::LeftOut | Self::OutOfOrder)
    }

    /// What the rest of the program does about it.
    pub fn policy(self) -> &'static str {
        match self {
            Self::Damaged => "not read; import or aggregate the table again with --replace",
            Self::Outage => "left as a gap for all symbols; no row is made up, windows count the symbols' own bars",
            Self::Gap => "left as a gap; no row is made up unless a factor set says `fill`",
            Self::ZeroVolume => "kept; not tradable where a set says `tradable: volume > 0`",
            Self::MissingValue => "kept as missing; factors are missing there and the bar is not tradable",
            Self::ImpossibleBar => "kept as the source has it; refused at the import of new files",
            Self::PriceSpike => "kept; look at it, and give the set an `outliers` rule if it is wrong",
            Self::PriceJump => "kept; enter a split or dividend (--kind actions) if it is one",
            Self::ReusedSymbol => {
                "kept as one instrument; enter both listings (--kind instruments) and import with --replace"
            }
            Self::IdGap => "kept; trades are missing at the source or in the files, fetch the day again",
            Self::IdDisorder => {
                "kept in order of time, which the ids contradict; where a month begins, import the one with the wrong ids again"
            }
            Self::Silence => {
                "kept; no bar is made up in the stretch; fetch the day again, or accept it where the market was closed"
            }
            Self::Pause => "kept; no bar is made up in the stretch",
            Self::LeftOut => "left out at the import; the raw file has them",
            Self::OutOfOrder => {
                "put in order of trade id, or of time where there are no ids, at the import; no row is lost"
            }
            Self::PartialPeriod => "kept; bars of the stretch are as the file has them, fetch the whole period",
            Self::DiffersFromKlines => "both kept; bars are used as published under their own origin",
            Self::FundingGap => "nothing is charged where no row is",
            Self::FundingInterval => "taken as the venue's own",
            Self::FundingOutlier => "kept; the venue may charge such rates",
            Self::Ended => "a position stays at its last price; enter the delisting date (--kind instruments)",
            Self::Delisted => "positions are closed at the last price",
            Self::SurvivorsOnly => "results are biased upwards; import delisted symbols, `universe bias` measures it",
        }
    }

    /// The name in the ledger.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Defect {
    /// Venue.
    pub venue: String,
    /// The table in words: `1h bars`, `agg_trades`, `funding`.
    pub table: String,
    /// The symbol; `*` for all of the venue.
    pub symbol: String,
    /// What it is.
    pub kind: DefectKind,
    /// Where it begins.
    #[serde(with = "iso")]
    pub from: i64,
    /// Where it ends, exclusive; a single row ends where it begins.
    #[serde(with = "iso")]
    pub to: i64,
    /// Rows or bars concerned.
    pub count: u64,
    /// More in words.
    pub detail: String,
}

impl Defect {
    /// What makes it the same finding another time.
    pub fn key(&self) -> (&str, &str, &str, i64, DefectKind) {
        (&self.venue, &self.table, &self.symbol, self.from, self.kind)
    }
}

/// Times as ISO-8601 text.
mod iso {
    use crosscut_model::{format_iso, parse_iso};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// Writes a time, microseconds UTC.
    pub fn serialize<S: Serializer>(time: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_iso(*time))
    }

    /// Reads a time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        parse_iso(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
