//! The universe of a run whose strategy acts at every bar: chosen from the bars it decides by, before each period.

use crosscut_hub::Hub;
use crosscut_model::time::DAY;
use crosscut_model::{BarSpec, Members, Range};
use crosscut_trading::pool::{PoolEntry, PoolRule};
use crosscut_trading::universe::{Choice, Entry, Ground, History, Universe};
use rayon::prelude::*;

use super::columns::FactorTables;
use super::{Admission, FactorRows};
use crate::config::{BacktestConfig, Prepared};
use crate::error::BacktestError;
use crate::panel::{Chosen, PanelInput, lists};

/// What a choice is made from.
pub(super) struct Candidates<'a> {
    /// The hub.
    pub(super) hub: &'a Hub,
    /// The configuration.
    pub(super) config: &'a BacktestConfig,
    /// The bars the strategy decides by.
    pub(super) bar: BarSpec,
    /// Instrument ids, sorted.
    pub(super) symbols: &'a [String],
    /// Factor columns, when the universe reads any.
    pub(super) factors: Option<&'a FactorTables>,
    /// When each symbol was listed and delisted.
    pub(super) lives: &'a [Life],
}

/// When a symbol was listed and delisted, as far as the instruments table says, microseconds UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Life {
    /// When it was listed.
    pub(super) listed_at: Option<i64>,
    /// When trading ended.
    pub(super) delisted_at: Option<i64>,
}

/// The rule of a run: its universe, or its pool written as one.
///
/// # Errors
/// None that [`BacktestConfig::prepare`] has not found.
pub(super) fn rule(prepared: &Prepared) -> Result<Option<Universe>, BacktestError> {
    let Some(pool) = &prepared.pool else { return Ok(prepared.universe.clone()) };
    let (lookback, min_bars, top_n) = (pool.lookback, pool.min_bars.max(1), pool.top_n);
    let text = format!("bars({lookback}) >= {min_bars}, dollar_volume({lookback}) top {top_n}");
    Ok(Some(Universe::parse(&text, pool.reselect)?))
}

impl Candidates<'_> {
    /// Chooses the most traded for every period of the run, as panels do; `rule` is the pool written as a universe.
    ///
    /// # Errors
    /// [`BacktestError`] for tables that cannot be read.
    pub(super) fn choose_pool(&self, pool: &PoolRule, rule: Universe) -> Result<Admission, BacktestError> {
        let begin = self.config.start.and_then(|start| pool.window(pool.period(start)).start);
        let range = Range { start: begin, end: self.config.end };
        let places: Vec<usize> = (0..self.symbols.len()).collect();
        let entries = |&at: &usize| {
            let bars = self.bars(at, range, true)?;
            Ok(pool.entries(&bars.labels, &bars.dollar_volume, self.config.start))
        };
        let entries: Vec<Vec<PoolEntry>> = places.par_iter().map(entries).collect::<Result<_, BacktestError>>()?;
        let mut periods: Vec<i64> = entries.iter().flatten().map(|entry| entry.period).collect();
        periods.sort_unstable();
        periods.dedup();
        let choice = |period| {
            let mut grounds = vec![Some(Ground::DollarVolume); self.symbols.len()];
            for member in pool.choose(period, entries.iter().map(Vec::as_slice)) {
                grounds[member as usize] = None;
            }
            Choice { period, grounds }
        };
        let choices = periods.into_iter().map(choice).collect();
        Ok(Admission { chosen: Chosen { rule, choices }, leave: self.config.universe_leave })
    }

    /// Reads what is measured of one symbol's bars.
    fn bars(&self, at: usize, range: Range, needs_dollar_volume: bool) -> Result<Past, BacktestError> {
        let mut names = vec!["close"];
        if needs_dollar_volume {
            names.extend(["volume", "dollar_volume"]);
        }
        let mut table = self.hub.read_bars(&self.config.venue, &self.bar, &self.symbols[at], &names, range)?;
        let mut labels = table.take_i64("timestamp").unwrap_or_default();
        let available_at = table.take_i64("available_at").unwrap_or_default();
        let mut column = |name| table.take_f64(name).unwrap_or_default();
        let (close, volume, mut dollar_volume) = (column("close"), column("volume"), column("dollar_volume"));
        if !dollar_volume.iter().any(|value| value.is_finite()) {
            // As for panels: bars of sources that give no value traded take close times volume.
            dollar_volume = close.iter().zip(volume).map(|(close, volume)| close * volume).collect();
        }
        let times = labels.clone();
        // Of bars that may lie across a period's beginning only those count that had closed by then.
        let is_within_days = self.bar.timeframe().and_then(|timeframe| timeframe.micros()).is_some_and(|n| n <= DAY);
        if !is_within_days {
            labels = available_at.iter().map(|at| at - 1).collect();
        }
        Ok(Past { times, labels, close, dollar_volume })
    }

    /// Chooses for every period of the run; gives the lists of members it read too.
    ///
    /// # Errors
    /// [`BacktestError`] for tables and lists that cannot be read.
    pub(super) fn choose(&self, rule: Universe) -> Result<(Admission, Vec<PanelInput>), BacktestError> {
        let lists = rule.files().into_iter().map(lists::read_members).collect::<Result<Vec<_>, _>>()?;
        let (members, inputs): (Vec<Members>, Vec<PanelInput>) = lists.into_iter().unzip();
        let from = self.config.start.map(|start| rule.period(start));
        let begin = from.zip(rule.lookback()).map(|(from, lookback)| from - lookback);
        let range = Range { start: begin, end: self.config.end };
        let places: Vec<usize> = (0..self.symbols.len()).collect();
        let entries: Vec<Vec<Entry>> =
            places.par_iter().map(|&at| self.entries(&rule, at, range)).collect::<Result<_, BacktestError>>()?;
        let entries: Vec<&[Entry]> = entries.iter().map(Vec::as_slice).collect();
        let choices = rule.choose(self.symbols, &entries, &members);
        Ok((Admission { chosen: Chosen { rule, choices }, leave: self.config.universe_leave }, inputs))
    }

    /// What one symbol brings to the choices.
    fn entries(&self, rule: &Universe, at: usize, range: Range) -> Result<Vec<Entry>, BacktestError> {
        let bars = self.bars(at, range, rule.needs_dollar_volume())?;
        let columns = match self.factors.filter(|_| !rule.columns().is_empty()) {
            Some(tables) => beside(&tables.rows(&self.symbols[at], &tables.of_universe, range)?, &bars.times),
            None => Vec::new(),
        };
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let Life { listed_at, delisted_at } = self.lives[at];
        let history = History {
            timestamps: &bars.labels,
            close: &bars.close,
            dollar_volume: &bars.dollar_volume,
            columns: &columns,
            listed_at,
            delisted_at,
        };
        Ok(rule.entries(&history, self.config.start))
    }
}

/// The bars of one symbol as choices look at them.
struct Past {
    /// Labels, microseconds UTC.
    times: Vec<i64>,
    /// What counts as the label: below a period's beginning where the bar had closed by then.
    labels: Vec<i64>,
    /// Last prices.
    close: Vec<f64>,
    /// Value traded, quote units; may be empty where nobody asks.
    dollar_volume: Vec<f64>,
}

/// The columns of factor rows at bars of these labels; NaN where a bar has no row.
fn beside(rows: &FactorRows, labels: &[i64]) -> Vec<Vec<f64>> {
    let at = |label: &i64| rows.timestamp.binary_search(label).ok();
    rows.columns
        .iter()
        .map(|values| labels.iter().map(|label| at(label).map_or(f64::NAN, |at| values[at])).collect())
        .collect()
}

/// How many of the choices that hold in a run leave nobody in, and how many there are.
pub(super) fn empty_periods(chosen: &Chosen, (first, last): (i64, i64), n_symbols: usize) -> (u64, u64) {
    let (mut n_empty, mut n_periods) = (0, 0);
    let (mut period, until) = (chosen.rule.period(first), chosen.rule.period(last));
    while period <= until {
        n_periods += 1;
        n_empty += u64::from(chosen.grounds(period, n_symbols).iter().all(Option::is_some));
        period = chosen.rule.next_period(period);
    }
    (n_empty, n_periods)
}
