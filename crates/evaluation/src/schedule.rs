//! When positions are entered and left: for each time of the factor, rows of the price table.

use crosscut_model::time::DAY;

use crate::error::EvaluationError;
use crate::horizon::{Calendar, Horizon};

/// There is no such row: the data end before.
pub const NONE: u32 = u32::MAX;

/// What a schedule is made for.
#[derive(Debug, Clone)]
pub struct Timing<'a> {
    /// For each time of the factor, the last row of prices that was known then.
    pub base: &'a [u32],
    /// Labels of the rows of prices, microseconds UTC, ascending.
    pub price_times: &'a [i64],
    /// Bars of prices between the row that was known and the row that is traded at.
    pub lag: usize,
    /// How lengths of time are counted.
    pub calendar: Calendar,
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
}

impl Timing<'_> {
    /// Rows of entry and exit for the horizons.
    ///
    /// # Errors
    /// When a horizon is shorter than a bar of prices, or longer than all data.
    pub fn schedule(&self, horizons: &[Horizon]) -> Result<Schedule, EvaluationError> {
        let n_prices = self.price_times.len();
        let traded = |base: u32| {
            if base == NONE || base as usize + self.lag >= n_prices { NONE } else { base + self.lag as u32 }
        };
        let entry: Vec<u32> = self.base.iter().map(|&base| traded(base)).collect();
        let sessions = Sessions::of(self.price_times);
        let mut schedule = Schedule { exits: Vec::new(), bars: Vec::new(), entry };
        for horizon in horizons {
            let exits: Vec<u32> = match *horizon {
                Horizon::Bars(bars) => {
                    (0..schedule.entry.len()).map(|t| schedule.entry.get(t + bars).copied().unwrap_or(NONE)).collect()
                }
                Horizon::Duration(micros) | Horizon::Hours(micros) => {
                    schedule.entry.iter().map(|&at| self.exit(at, micros, &sessions)).collect()
                }
            };
            schedule.bars.push(usual_bars(&schedule.entry, &exits).ok_or_else(|| self.impossible(*horizon))?);
            schedule.exits.push(exits);
        }
        Ok(schedule)
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
            Calendar::Exchange if micros % DAY == 0 => {
                sessions.later(self.price_times, entry as usize, (micros / DAY) as usize)
            }
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
}

impl Sessions {
    /// The days with rows.
    fn of(times: &[i64]) -> Self {
        let mut starts: Vec<usize> = Vec::new();
        for (row, time) in times.iter().enumerate() {
            if row == 0 || time.div_euclid(DAY) != times[row - 1].div_euclid(DAY) {
                starts.push(row);
            }
        }
        starts.push(times.len());
        Self { starts }
    }

    /// The row `n_days` trading days later: the last one not after the same time of day, or the day's first.
    fn later(&self, times: &[i64], row: usize, n_days: usize) -> Option<usize> {
        let day = self.starts.partition_point(|&start| start <= row) - 1 + n_days;
        let (start, end) = (*self.starts.get(day)?, *self.starts.get(day + 1)?);
        let time_of_day = times[row].rem_euclid(DAY);
        let not_after = times[start..end].partition_point(|time| time.rem_euclid(DAY) <= time_of_day);
        Some(start + not_after.saturating_sub(1))
    }
}
