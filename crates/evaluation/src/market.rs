//! Prices of all symbols over time, and the returns of holding them.

use crate::matrix::Matrix;
use crate::schedule::{NONE, Schedule};

/// What a symbol that delists while it is held returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delisting {
    /// It is left at its last price before the delisting.
    LastPrice,
    /// The return is missing, and counted.
    Drop,
}

impl Delisting {
    /// The name used in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::LastPrice => "last_price",
            Self::Drop => "drop",
        }
    }
}

/// Prices of all symbols.
#[derive(Debug, Clone)]
pub struct Market {
    /// Symbols, sorted.
    pub symbols: Vec<String>,
    /// Labels of the factor's rows, microseconds UTC, ascending.
    pub times: Vec<i64>,
    /// For each time of the factor, the last row of prices that was known then; [`NONE`] before the first.
    pub base: Vec<u32>,
    /// Labels of the rows of prices, microseconds UTC, ascending.
    pub price_times: Vec<i64>,
    /// Prices at which is traded; NaN where a symbol has no bar.
    pub prices: Matrix,
    /// For each symbol with a delisting date the last row before it that has a price; [`NONE`] for the others, for
    /// which an absent price is never replaced.
    pub last_row: Vec<u32>,
    /// What a symbol that delists while it is held returns.
    pub delisting: Delisting,
    /// Funding paid by a long position up to each row of prices, as a share of its value, summed from the first row;
    /// `None` without funding.
    pub funding: Option<Matrix>,
}

/// Why a return is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missing {
    /// The data end before the position is left, for every symbol.
    pub end_of_data: u64,
    /// The symbol has no price where it would be entered.
    pub no_entry_price: u64,
    /// The symbol has no price where it would be left.
    pub no_exit_price: u64,
    /// The symbol was delisted meanwhile, and the rule drops it.
    pub delisted: u64,
}

impl Missing {
    /// Adds other counts.
    pub fn add(&mut self, other: &Self) {
        self.end_of_data += other.end_of_data;
        self.no_entry_price += other.no_entry_price;
        self.no_exit_price += other.no_exit_price;
        self.delisted += other.delisted;
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.end_of_data + self.no_entry_price + self.no_exit_price + self.delisted
    }
}

impl Market {
    /// Simple returns over horizon `h` of the symbols `names`, entered for a decision at time `t`; NaN where one is
    /// missing, which is counted.
    pub fn returns(&self, schedule: &Schedule, (h, t): (usize, usize), names: &[u32], out: &mut Vec<f64>) -> Missing {
        let mut missing = self.returns_between(schedule.entry[t], schedule.exits[h][t], names, out);
        if missing.end_of_data > 0 && t < schedule.ends[h] {
            // Others are left later: this is a gap, before the first price or at the exit.
            let gap = std::mem::take(&mut missing.end_of_data);
            if schedule.entry[t] == NONE {
                missing.no_entry_price += gap;
            } else {
                missing.no_exit_price += gap;
            }
        }
        missing
    }

    /// Simple returns from one row of prices to a later one.
    pub fn returns_between(&self, entry: u32, exit: u32, names: &[u32], out: &mut Vec<f64>) -> Missing {
        let mut missing = Missing::default();
        out.clear();
        if entry == NONE || exit == NONE {
            missing.end_of_data = names.len() as u64;
            out.resize(names.len(), f64::NAN);
            return missing;
        }
        let (first, last) = (self.prices.row(entry as usize), self.prices.row(exit as usize));
        for &name in names {
            let (from, mut to) = (first[name as usize], last[name as usize]);
            let last_row = self.last_row[name as usize];
            if last_row < exit && entry <= last_row {
                to = match self.delisting {
                    Delisting::LastPrice => self.prices.at(last_row as usize, name as usize),
                    Delisting::Drop => f64::NAN,
                };
            }
            let held = to / from - 1.0;
            if !held.is_finite() {
                missing.no_entry_price += u64::from(!from.is_finite());
                let is_delisted = last_row < exit && self.delisting == Delisting::Drop;
                missing.delisted += u64::from(from.is_finite() && is_delisted);
                missing.no_exit_price += u64::from(from.is_finite() && !is_delisted);
            }
            out.push(if held.is_finite() { held } else { f64::NAN });
        }
        missing
    }

    /// Funding that a long position pays from one row of prices to a later one, as a share of its value, up to the last
    /// price of a name delisted between; 0 without funding or past the end.
    pub fn funding_between(&self, entry: u32, exit: u32, name: u32) -> f64 {
        match &self.funding {
            Some(funding) if entry != NONE && exit != NONE => {
                let last = self.last_row[name as usize];
                let exit = if entry <= last && last < exit { last } else { exit };
                funding.at(exit as usize, name as usize) - funding.at(entry as usize, name as usize)
            }
            _ => 0.0,
        }
    }
}
