//! Cuts the rows of several symbols into blocks of time and finds each symbol's place among the block's times.

use std::ops::Range;

use super::PanelInput;

/// The times of a block and the symbols that have rows in it.
#[derive(Debug)]
pub(super) struct Grid {
    /// Number of different times.
    pub(super) n_times: usize,
    /// The symbols, in order.
    pub(super) members: Vec<Member>,
}

/// A symbol of a block.
#[derive(Debug)]
pub(super) struct Member {
    /// Its position among all symbols.
    pub(super) symbol: usize,
    /// Its rows in the block, of those that were fed.
    pub(super) rows: Range<usize>,
    /// At which times.
    pub(super) place: Place,
}

/// The times of a symbol's rows, by number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// One after the other, from this one.
    Run(usize),
    /// These, increasing.
    List(Vec<u32>),
}

impl Grid {
    /// The next block from rows `begins` on, which are moved to its end; `None` when no row is left. It has all rows
    /// of its times, and times times symbols are at most about `max_cells`, unless that is less than one time.
    pub(super) fn next(symbols: &[PanelInput<'_>], begins: &mut [usize], max_cells: usize) -> Option<Self> {
        let first = rests(symbols, begins).filter_map(|rest| rest.first().copied()).min()?;
        // Symbols that begin later than the block need no room in it: how long it gets shows who they are.
        let all = rests(symbols, begins).filter(|rest| !rest.is_empty()).count();
        let end = end_time(symbols, begins, max_cells / all);
        let present =
            rests(symbols, begins).filter(|rest| rest.first().is_some_and(|&time| end.is_none_or(|end| time < end)));
        let end = end_time(symbols, begins, max_cells / present.count().max(1));
        let (mut members, mut times) = members(symbols, begins, end);
        let max_times = (max_cells / members.len().max(1)).max(1);
        if times.len() > max_times {
            // Symbols that share few times: the block ends where its times are too many.
            (members, times) = self::members(symbols, begins, Some(times[max_times]));
        }
        debug_assert_eq!(times.first(), Some(&first));
        for member in &mut members {
            begins[member.symbol] = member.rows.end;
            member.place = place(&times, &symbols[member.symbol].times[member.rows.clone()]);
        }
        Some(Self { n_times: times.len(), members })
    }
}

/// The times of each symbol that are left.
fn rests<'a>(symbols: &'a [PanelInput<'_>], begins: &'a [usize]) -> impl Iterator<Item = &'a [i64]> {
    symbols.iter().zip(begins).map(|(symbol, &begin)| &symbol.times[begin..])
}

/// The first time that some symbol reaches only after `max_rows` rows; none if all rows fit.
fn end_time(symbols: &[PanelInput<'_>], begins: &[usize], max_rows: usize) -> Option<i64> {
    rests(symbols, begins).filter_map(|rest| rest.get(max_rows.max(1)).copied()).min()
}

/// The symbols with rows before `end`, their places not found yet, and all different times of these rows in order.
fn members(symbols: &[PanelInput<'_>], begins: &[usize], end: Option<i64>) -> (Vec<Member>, Vec<i64>) {
    let mut members = Vec::new();
    for (symbol, rest) in rests(symbols, begins).enumerate() {
        let n_rows = end.map_or(rest.len(), |end| rest.partition_point(|&time| time < end));
        if n_rows > 0 {
            members.push(Member { symbol, rows: begins[symbol]..begins[symbol] + n_rows, place: Place::Run(0) });
        }
    }
    let times_of = |member: &Member| &symbols[member.symbol].times[member.rows.clone()];
    // Most symbols of a market share one grid: where one symbol has all its times, nothing needs sorting.
    let longest = members.iter().map(times_of).max_by_key(|times| times.len()).unwrap_or_default();
    let mut times = longest.to_vec();
    let others = members.iter().map(times_of).filter(|others| run_of(longest, others).is_none());
    others.for_each(|others| times.extend_from_slice(others));
    if times.len() > longest.len() {
        times.sort_unstable();
        times.dedup();
    }
    (members, times)
}

/// Where `times` begin in `all` if they follow one another there.
fn run_of(all: &[i64], times: &[i64]) -> Option<usize> {
    let begin = all.partition_point(|&time| time < times[0]);
    (all.get(begin..begin + times.len()) == Some(times)).then_some(begin)
}

/// The place of a symbol's times among all; both lists are increasing.
fn place(all: &[i64], times: &[i64]) -> Place {
    if let Some(begin) = run_of(all, times) {
        return Place::Run(begin);
    }
    let mut number = 0;
    let numbers = times.iter().map(|time| {
        while all[number] < *time {
            number += 1;
        }
        u32::try_from(number).expect("a block has fewer than 2^32 times")
    });
    Place::List(numbers.collect())
}

impl Member {
    /// Moves the symbol's rows among values at all times of the block to where [`Self::picked`] says.
    pub(super) fn pick(&self, values: &mut [f64]) {
        if let Place::List(times) = &self.place {
            for (row, &time) in times.iter().enumerate() {
                values[row] = values[time as usize];
            }
        }
    }

    /// Where the symbol's rows are found after [`Self::pick`].
    pub(super) fn picked(&self) -> Range<usize> {
        match &self.place {
            Place::Run(begin) => *begin..*begin + self.rows.len(),
            Place::List(times) => 0..times.len(),
        }
    }

    /// Puts the symbol's rows to their times; missing where it has none.
    pub(super) fn spread(&self, rows: &[f64], out: &mut [f64]) {
        out.fill(f64::NAN);
        match &self.place {
            Place::Run(begin) => out[*begin..*begin + rows.len()].copy_from_slice(rows),
            Place::List(times) => {
                for (&time, &value) in times.iter().zip(rows) {
                    out[time as usize] = value;
                }
            }
        }
    }
}
