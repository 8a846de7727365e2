//! When positions are entered and left: for each time of the factor, rows of the price table.

use crosscut_model::Zone;
use crosscut_model::time::DAY;

use crate::error::EvaluationError;
use crate::horizon::{Calendar, Horizon};

/// There is no such row: the data end before.
pub const NONE: u32 = u32::MAX;

/// What a schedule is made for.
#[derive(Debug, Clone)]
pub struct Timing<'a> {
    /// When each row of the factor was known, microseconds UTC, ascending.
    pub known: &'a [i64],
    /// For each of them, the last row of prices that was known then.
    pub base: &'a [u32],
    /// Labels of the rows of prices, microseconds UTC, ascending.
    pub price_times: &'a [i64],
    /// Bars of prices between the row that was known and the row that is traded at.
    pub lag: usize,
    /// Whether a bar that is traded in must begin when the row is known, as its open and its mean price demand: longer
    /// bars of prices than the factor's are under way then.
    pub whole_bars: bool,
    /// How lengths of time are counted.
    pub calendar: Calendar,
    /// The zone whose days and clocks a calendar with sessions goes by.
    pub zone: Zone,
}

/// Rows of entry and exit.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Row of prices at which a position decided at each time is entered; [`NONE`] past the end.
    pub entry: Vec<u32>,
    /// The same for leaving it, one list per horizon.
    pub exits: Vec<Vec<u32>>,
    /// Bars of the factor that each horizon usually takes, at least 1: how far neighbouring returns overlap.
    pub bars: Vec<usize>,
    /// For each horizon the number of times up to the last that is left within the data: an exit that is absent before is
    /// a gap, not the end of the data.
    pub ends: Vec<usize>,
}

impl Schedule {
    /// A schedule from its rows.
    pub fn new(entry: Vec<u32>, exits: Vec<Vec<u32>>, bars: Vec<usize>) -> Self {
        let end = |exits: &Vec<u32>| exits.iter().rposition(|exit| *exit != NONE).map_or(0, |last| last + 1);
        Self { ends: exits.iter().map(end).collect(), entry, exits, bars }
    }
}

impl Timing<'_> {
    /// Rows of entry and exit for the horizons.
    ///
    /// # Errors
    /// When a horizon is shorter than a bar of prices, or longer than all data.
    pub fn schedule(&self, horizons: &[Horizon]) -> Result<Schedule, EvaluationError> {
        let entry: Vec<u32> = self.base.iter().zip(self.known).map(|(base, known)| self.entry(*base, *known)).collect();
        let sessions = Sessions::of(self.price_times, self.zone);
        let (mut all, mut bars) = (Vec::new(), Vec::new());
        for horizon in horizons {
            let exits: Vec<u32> = match *horizon {
                Horizon::Bars(bars) => (0..entry.len()).map(|t| entry.get(t + bars).copied().unwrap_or(NONE)).collect(),
                Horizon::Duration(micros) | Horizon::Hours(micros) => {
                    entry.iter().map(|&at| self.exit(at, micros, &sessions)).collect()
                }
            };
            bars.push(usual_bars(&entry, &exits).ok_or_else(|| self.impossible(*horizon))?);
            all.push(exits);
        }
        Ok(Schedule::new(entry, all, bars))
    }

    /// The row at which a position decided at `known`, when `base` was the last row known, is entered.
    fn entry(&self, base: u32, known: i64) -> u32 {
        if base == NONE {
            return NONE;
        }
        let row = match self.lag.checked_sub(1) {
            None => base as usize,
            Some(more) => {
                let begun = if self.whole_bars { self.price_times.partition_point(|time| *time < known) } else { 0 };
                begun.max(base as usize + 1).saturating_add(more)
            }
        };
        if row < self.price_times.len() { row as u32 } else { NONE }
    }

    /// The row a length of time after a row; [`NONE`] when there is none.
    fn exit(&self, entry: u32, micros: i64, sessions: &Sessions) -> u32 {
        if entry == NONE {
            return NONE;
        }
        let row = match self.calendar {
            Calendar::RoundTheClock => {
                self.price_times.binary_search(&(self.price_times[entry as usize] + micros)).ok()
            }
            Calendar::Exchange if micros % DAY == 0 => sessions.later(entry as usize, (micros / DAY) as usize),
            Calendar::Exchange => {
                let target = self.price_times[entry as usize] + micros;
                Some(self.price_times.partition_point(|&time| time < target))
                    .filter(|&row| row < self.price_times.len())
            }
        };
        row.map_or(NONE, |row| row as u32)
    }

    /// The error for a horizon that never ends within the data.
    fn impossible(&self, horizon: Horizon) -> EvaluationError {
        let spacing = self.price_times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(0);
        let span = self.price_times.last().zip(self.price_times.first()).map_or(0, |(last, first)| last - first);
        let why = match horizon.micros() {
            Some(micros) if micros < spacing => {
                format!("the bars of prices are {} apart", Horizon::Duration(spacing))
            }
            Some(micros) if micros < span => "no bar of prices lies at that distance from another".to_owned(),
            _ => format!("the data have {} bars", self.base.len()),
        };
        EvaluationError::setting(format!("the horizon {horizon} cannot be measured: {why}"))
    }
}

/// The usual number of the factor's bars between entry and exit: the median; `None` when there is no exit at all.
fn usual_bars(entry: &[u32], exits: &[u32]) -> Option<usize> {
    let mut bars: Vec<usize> = exits
        .iter()
        .enumerate()
        .filter(|(_, exit)| **exit != NONE)
        .map(|(t, &exit)| entry.partition_point(|&row| row < exit) - t.min(entry.partition_point(|&row| row < exit)))
        .collect();
    bars.sort_unstable();
    bars.get(bars.len() / 2).map(|&bars| bars.max(1))
}

/// The trading days of a list of labels.
struct Sessions {
    /// First row of each day that has rows, and behind the last the number of rows.
    starts: Vec<usize>,
    /// Time of day of each row by the exchange's clocks.
    clock: Vec<i64>,
}

impl Sessions {
    /// The days with rows. Labels of daily bars name their day and are no moments: they are taken as they are.
    fn of(times: &[i64], zone: Zone) -> Self {
        let is_daily = times.iter().all(|time| time.rem_euclid(DAY) == 0);
        let local = |time: &i64| if is_daily { *time } else { time - zone.to_utc(*time) };
        let local: Vec<i64> = times.iter().map(local).collect();
        let mut starts: Vec<usize> = Vec::new();
        for (row, time) in local.iter().enumerate() {
            if row == 0 || time.div_euclid(DAY) != local[row - 1].div_euclid(DAY) {
                starts.push(row);
            }
        }
        starts.push(times.len());
        Self { starts, clock: local.iter().map(|time| time.rem_euclid(DAY)).collect() }
    }

    /// The row `n_days` trading days later: the last one not after the same time of day, or the day's first.
    fn later(&self, row: usize, n_days: usize) -> Option<usize> {
        let day = self.starts.partition_point(|&start| start <= row) - 1 + n_days;
        let (start, end) = (*self.starts.get(day)?, *self.starts.get(day + 1)?);
        let not_after = self.clock[start..end].partition_point(|clock| *clock <= self.clock[row]);
        Some(start + not_after.saturating_sub(1))
    }
}
