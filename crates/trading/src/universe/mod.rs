//! The universe: which symbols may be held, by rules on what was known at the time.
//!
//! A [`Universe`] is a list of conditions joined by `and`, read from text ([`Universe::parse`]):
//!
//! ```text
//! age >= 90d, price >= 1, bars(30d) >= 20, dollar_volume(30d) top 100, factor(liquidity) >= 0, member(sp500.csv), exclude(*UPUSDT)
//! ```
//!
//! It is chosen anew for each calendar period, from bars whose label lies before the period; the conditions are looked at
//! from left to right, so that `top` compares only those that have passed what stands before it. Ties go to the symbol that
//! sorts first. What cannot be known (no bar for 31 days, a missing factor, no dollar volume) does not pass. Neither the
//! future nor survival plays a part: a symbol that has ended passes while it had not.

mod history;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use crosscut_model::calendar::Rebalance;
use crosscut_model::instrument::holder_of;
use crosscut_model::time::DAY;
use crosscut_model::{Members, Timeframe, matches};

pub use history::{Entry, History};

use crate::error::TradingError;

/// A last price or factor older than this is none: microseconds.
const STALE: i64 = 31 * DAY;

/// Conditions, and the periods for which a choice holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Universe {
    /// What a symbol must pass, in this order.
    conditions: Vec<Condition>,
    /// Calendar periods; never a bar count.
    reselect: Rebalance,
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
enum Condition {
    /// Something measured.
    Measured(Measure, Test),
    /// In a list of members (its place among [`Universe::files`]), or not.
    Member {
        /// The file.
        file: String,
        /// Whether belonging to it is what is asked.
        belongs: bool,
    },
    /// A name that matches one of these patterns, or none of them.
    Named {
        /// Patterns in which `*` stands for any letters and `?` for one.
        patterns: Vec<String>,
        /// Whether matching is what is asked.
        belongs: bool,
    },
}

/// What is measured of a symbol before a period.
#[derive(Debug, Clone, PartialEq)]
enum Measure {
    /// Time since listing (since the first bar when no listing is known), microseconds.
    Age,
    /// The last close, quote units.
    Price,
    /// Number of bars in a span.
    Bars(Timeframe),
    /// Mean dollar volume over the bars in a span, quote units.
    DollarVolume(Timeframe),
    /// The last value of a factor column.
    Factor(String),
}

/// What a measured value must be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Test {
    /// In this relation to a number.
    Is(Relation, f64),
    /// Among so many of the highest.
    Top(usize),
    /// Among so many of the lowest.
    Bottom(usize),
    /// Among this share of the highest, rounded down, at least one.
    TopShare(f64),
    /// Among this share of the lowest, rounded down, at least one.
    BottomShare(f64),
}

/// How a value stands to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// `>=`.
    AtLeast,
    /// `>`.
    Above,
    /// `<=`.
    AtMost,
    /// `<`.
    Below,
}

/// Why a symbol is not in the universe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ground {
    /// Nothing is known of it at the time: not listed yet, or not traded for long.
    Unknown,
    /// Listed too short or too long ago.
    Age,
    /// Its last price.
    Price,
    /// Too few or too many bars.
    Bars,
    /// Its dollar volume, or its rank by it.
    DollarVolume,
    /// A factor, or its rank by one.
    Factor,
    /// Not a member of a list, or one it must not be.
    Member,
    /// Its name.
    Name,
}

impl Ground {
    /// The words in `trade_summary.csv`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "universe: no recent bar",
            Self::Age => "universe: age",
            Self::Price => "universe: price",
            Self::Bars => "universe: bars",
            Self::DollarVolume => "universe: dollar volume",
            Self::Factor => "universe: factor",
            Self::Member => "universe: not a member",
            Self::Name => "universe: name",
        }
    }
}

impl Measure {
    /// Why a symbol that does not pass is not in.
    fn ground(&self) -> Ground {
        match self {
            Self::Age => Ground::Age,
            Self::Price => Ground::Price,
            Self::Bars(_) => Ground::Bars,
            Self::DollarVolume(_) => Ground::DollarVolume,
            Self::Factor(_) => Ground::Factor,
        }
    }
}

impl Relation {
    /// Whether a value (NaN: none) stands so.
    fn holds(self, value: f64, number: f64) -> bool {
        match self {
            Self::AtLeast => value >= number,
            Self::Above => value > number,
            Self::AtMost => value <= number,
            Self::Below => value < number,
        }
    }

    /// The sign.
    fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::Above => ">",
            Self::AtMost => "<=",
            Self::Below => "<",
        }
    }
}

/// What becomes of a position whose symbol has left the universe, where a strategy acts at every bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Leave {
    /// It is closed by a market order.
    #[default]
    Close,
    /// It stays, and may be reduced and not increased.
    ReduceOnly,
}

impl FromStr for Leave {
    type Err = TradingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_lowercase().replace('-', "_").as_str() {
            "close" => Ok(Self::Close),
            "reduce_only" => Ok(Self::ReduceOnly),
            _ => Err(TradingError::bad_choice(
                "what becomes of a position whose symbol leaves the universe",
                text,
                &["close", "reduce_only"],
            )),
        }
    }
}

impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Close => "close",
            Self::ReduceOnly => "reduce_only",
        })
    }
}

/// Whether each symbol is in, and if not, why, for one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// First label of the period, microseconds UTC.
    pub period: i64,
    /// One per symbol; `None`: it is in.
    pub grounds: Vec<Option<Ground>>,
}

impl Universe {
    /// Reads conditions.
    ///
    /// # Errors
    /// [`TradingError::BadUniverse`] naming what cannot be read; periods counted in bars.
    pub fn parse(text: &str, reselect: Rebalance) -> Result<Self, TradingError> {
        if let Rebalance::Bars(_) = reselect {
            let words = ["D", "W-MON .. W-SUN", "MS", "QS"];
            return Err(TradingError::bad_choice("a universe period", &reselect.to_string(), &words));
        }
        Ok(Self { conditions: parse::conditions(text)?, reselect })
    }

    /// The membership files it names, each once, in the order in which they are handed to [`Universe::choose`].
    pub fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = Vec::new();
        for condition in &self.conditions {
            if let Condition::Member { file, .. } = condition
                && !files.contains(&file.as_str())
            {
                files.push(file);
            }
        }
        files
    }

    /// The factor columns it reads, each once, in the order in which [`History`] holds them.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = Vec::new();
        for measure in self.measures() {
            if let Measure::Factor(name) = measure
                && !columns.contains(&name.as_str())
            {
                columns.push(name);
            }
        }
        columns
    }

    /// Whether it looks at dollar volumes.
    pub fn needs_dollar_volume(&self) -> bool {
        self.measures().any(|measure| matches!(measure, Measure::DollarVolume(_)))
    }

    /// How far before a period's first label it looks, microseconds; `None`: to the first bar.
    pub fn lookback(&self) -> Option<i64> {
        self.measures().map(Self::reach).try_fold(0, |longest: i64, reach| Some(longest.max(reach?)))
    }

    /// The first label of the period that contains a label (microseconds UTC).
    pub fn period(&self, label: i64) -> i64 {
        self.reselect.period_start(label).expect("periods are calendar periods, as was checked")
    }

    /// Chooses for every period that some symbol has an entry for, in time order. `entries` holds each symbol's
    /// [`Universe::entries`], `members` the lists of [`Universe::files`].
    pub fn choose(&self, symbols: &[String], entries: &[&[Entry]], members: &[Members]) -> Vec<Choice> {
        let mut periods: Vec<i64> =
            entries.iter().flat_map(|entries| entries.iter().map(|entry| entry.period)).collect();
        periods.sort_unstable();
        periods.dedup();
        let choice = |period| Choice { period, grounds: self.grounds(period, symbols, entries, members) };
        periods.into_iter().map(choice).collect()
    }

    /// Why each symbol is not in at a period.
    fn grounds(
        &self,
        period: i64,
        symbols: &[String],
        entries: &[&[Entry]],
        members: &[Members],
    ) -> Vec<Option<Ground>> {
        let entry = |entries: &&[Entry]| {
            entries.binary_search_by_key(&period, |entry| entry.period).ok().map(|at| entries[at].values.clone())
        };
        let values: Vec<Option<Vec<f64>>> = entries.iter().map(entry).collect();
        let mut grounds: Vec<Option<Ground>> = vec![None; symbols.len()];
        exclude(&mut grounds, Ground::Unknown, |at| values[at].is_some());
        let files = self.files();
        let mut at = 0;
        for condition in &self.conditions {
            match condition {
                Condition::Measured(measure, test) => {
                    let value = |symbol: &Option<Vec<f64>>| symbol.as_ref().map_or(f64::NAN, |values| values[at]);
                    let column: Vec<f64> = values.iter().map(value).collect();
                    test.apply(&column, measure.ground(), &mut grounds);
                    at += 1;
                }
                Condition::Member { file, belongs } => {
                    let list = files.iter().position(|other| other == file).map(|at| &members[at]);
                    let is_member = |symbol: &str| {
                        list.is_some_and(|list| {
                            list.contains(symbol, period) || list.contains(holder_of(symbol), period)
                        })
                    };
                    exclude(&mut grounds, Ground::Member, |at| is_member(&symbols[at]) == *belongs);
                }
                Condition::Named { patterns, belongs } => {
                    let is_named = |symbol: &str| patterns.iter().any(|pattern| matches(pattern, symbol));
                    exclude(&mut grounds, Ground::Name, |at| is_named(&symbols[at]) == *belongs);
                }
            }
        }
        grounds
    }

    /// What is measured, in the order of the conditions.
    fn measures(&self) -> impl Iterator<Item = &Measure> {
        self.conditions.iter().filter_map(|condition| match condition {
            Condition::Measured(measure, _) => Some(measure),
            _ => None,
        })
    }

    /// How far back a measure looks, microseconds; `None`: to the first bar.
    fn reach(measure: &Measure) -> Option<i64> {
        match measure {
            Measure::Age => None,
            Measure::Price | Measure::Factor(_) => Some(STALE),
            Measure::Bars(span) | Measure::DollarVolume(span) => span.micros(),
        }
    }
}

/// Marks those that are in and do not pass.
fn exclude(grounds: &mut [Option<Ground>], ground: Ground, passes: impl Fn(usize) -> bool) {
    for (at, slot) in grounds.iter_mut().enumerate() {
        if slot.is_none() && !passes(at) {
            *slot = Some(ground);
        }
    }
}

impl Test {
    /// Marks those that are in and whose value (NaN: none) does not pass.
    fn apply(self, values: &[f64], ground: Ground, grounds: &mut [Option<Ground>]) {
        if let Self::Is(relation, number) = self {
            return exclude(grounds, ground, |at| relation.holds(values[at], number));
        }
        let mut ranked: Vec<usize> =
            (0..values.len()).filter(|&at| grounds[at].is_none() && values[at].is_finite()).collect();
        let share = |share: f64| ((share * ranked.len() as f64 + 1e-9).floor() as usize).max(1);
        let (n_names, from_top) = match self {
            Self::Top(n) => (n, true),
            Self::Bottom(n) => (n, false),
            Self::TopShare(part) => (share(part), true),
            Self::BottomShare(part) => (share(part), false),
            Self::Is(..) => (0, true),
        };
        // Adding 0 makes -0 equal to 0.
        let key = |at: usize| if from_top { -values[at] + 0.0 } else { values[at] + 0.0 };
        ranked.sort_by(|&a, &b| key(a).total_cmp(&key(b)).then(a.cmp(&b)));
        ranked.truncate(n_names);
        ranked.sort_unstable();
        exclude(grounds, ground, |at| ranked.binary_search(&at).is_ok());
    }
}

impl fmt::Display for Universe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, condition) in self.conditions.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{condition}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measured(measure, test) => {
                match measure {
                    Measure::Age => f.write_str("age")?,
                    Measure::Price => f.write_str("price")?,
                    Measure::Bars(span) => write!(f, "bars({span})")?,
                    Measure::DollarVolume(span) => write!(f, "dollar_volume({span})")?,
                    Measure::Factor(name) => write!(f, "factor({name})")?,
                }
                match test {
                    Test::Is(relation, number) if *measure == Measure::Age => {
                        let span = Timeframe::from_micros(*number as i64);
                        let text = span.map_or_else(|| "0d".to_owned(), |span| span.to_string());
                        write!(f, " {} {text}", relation.sign())
                    }
                    Test::Is(relation, number) => write!(f, " {} {number}", relation.sign()),
                    Test::Top(n) => write!(f, " top {n}"),
                    Test::Bottom(n) => write!(f, " bottom {n}"),
                    Test::TopShare(share) => write!(f, " top {}%", share * 100.0),
                    Test::BottomShare(share) => write!(f, " bottom {}%", share * 100.0),
                }
            }
            Self::Member { file, belongs } => write!(f, "{}member({file})", if *belongs { "" } else { "not " }),
            Self::Named { patterns, belongs } => {
                write!(f, "{}({})", if *belongs { "include" } else { "exclude" }, patterns.join(" "))
            }
        }
    }
}
