//! Lines the rows of several symbols up by time.

use std::ops::Range;

use super::PanelInput;

/// Times one thread works on at once.
const STRETCH_TIMES: usize = 48;

/// The rows of a block, time by time; within a time in the order of the symbols.
#[derive(Debug)]
pub(super) struct Alignment {
    /// Where each time begins among all rows, and the end.
    begins: Vec<usize>,
    /// Position among all rows of each symbol's rows, symbol by symbol.
    positions: Vec<u32>,
    /// Where each symbol begins in `positions`, and the end.
    symbols: Vec<usize>,
    /// For each stretch of times, and the end, where each symbol's rows begin in `positions`.
    stretch_begins: Vec<Vec<usize>>,
}

/// A stretch of times with its part of the results.
pub(super) struct Stretch<'a> {
    /// Its number.
    number: usize,
    /// The times, by number.
    pub(super) times: Range<usize>,
    /// Room for their results.
    pub(super) results: &'a mut [f64],
}

/// The end row of each symbol for the next block of time from rows `begins` on, or `None` when no row is left. A
/// block has at most about `max_rows` rows; it always has one time, and it has all rows of its times.
pub(super) fn next_block(symbols: &[PanelInput<'_>], begins: &[usize], max_rows: usize) -> Option<Vec<usize>> {
    let rests = || symbols.iter().zip(begins).map(|(symbol, &begin)| &symbol.times[begin..]);
    let n_active = rests().filter(|rest| !rest.is_empty()).count();
    if n_active == 0 {
        return None;
    }
    let per_symbol = (max_rows / n_active).max(1);
    // The first time that does not fit for some symbol; none if all rows fit.
    let end = rests().filter_map(|rest| rest.get(per_symbol).copied()).min();
    let count = |rest: &[i64]| end.map_or(rest.len(), |end| rest.partition_point(|&time| time < end));
    Some(rests().zip(begins).map(|(rest, begin)| begin + count(rest)).collect())
}

/// All different times in order.
fn all_times(symbols: &[PanelInput<'_>]) -> Vec<i64> {
    let mut times: Vec<i64> = Vec::new();
    let mut others: Vec<&[i64]> = Vec::new();
    for symbol in symbols {
        // Most symbols of a market share one grid: those that repeat the grid need no sorting.
        if times.is_empty() {
            times.extend_from_slice(symbol.times);
        } else if !symbol.times.is_empty() && times != symbol.times {
            others.push(symbol.times);
        }
    }
    if !others.is_empty() {
        for other in others {
            times.extend_from_slice(other);
        }
        times.sort();
        times.dedup();
    }
    times
}

impl Alignment {
    /// Lines up a block.
    pub(super) fn new(symbols: &[PanelInput<'_>]) -> Self {
        let times = all_times(symbols);
        let numbers: Vec<Vec<usize>> = symbols.iter().map(|symbol| time_numbers(&times, symbol.times)).collect();
        let mut begins = vec![0; times.len() + 1];
        for &number in numbers.iter().flatten() {
            begins[number + 1] += 1;
        }
        for at in 0..times.len() {
            begins[at + 1] += begins[at];
        }
        let n_rows = begins[times.len()];
        let mut next = begins.clone();
        let mut positions = Vec::with_capacity(n_rows);
        let mut symbol_begins = vec![0];
        for numbers in &numbers {
            for &number in numbers {
                positions.push(u32::try_from(next[number]).expect("a block has fewer than 2^32 rows"));
                next[number] += 1;
            }
            symbol_begins.push(positions.len());
        }
        let stretch_begins = stretch_begins(&begins, &positions, &symbol_begins);
        Self { begins, positions, symbols: symbol_begins, stretch_begins }
    }

    /// Lines the values of the symbols' `columns` up for a stretch, time by time. Symbol by symbol, because a symbol's
    /// values lie side by side, and those of a time do not.
    pub(super) fn gather(&self, stretch: &Stretch<'_>, columns: &[&[f64]], out: &mut Vec<f64>) {
        let offset = self.begins[stretch.times.start];
        out.clear();
        out.resize(self.begins[stretch.times.end] - offset, f64::NAN);
        let (begins, ends) = (&self.stretch_begins[stretch.number], &self.stretch_begins[stretch.number + 1]);
        for (symbol, column) in columns.iter().enumerate() {
            let rows = begins[symbol] - self.symbols[symbol]..ends[symbol] - self.symbols[symbol];
            for (&position, &value) in self.positions[begins[symbol]..ends[symbol]].iter().zip(&column[rows]) {
                out[position as usize - offset] = value;
            }
        }
    }

    /// Where the rows of a time of a stretch lie among the gathered ones.
    pub(super) fn within(&self, stretch: &Stretch<'_>, time: usize) -> Range<usize> {
        let offset = self.begins[stretch.times.start];
        self.begins[time] - offset..self.begins[time + 1] - offset
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.positions.len()
    }

    /// Where the rows of a symbol are found, row by row.
    pub(super) fn of_symbol(&self, symbol: usize) -> impl Iterator<Item = usize> + '_ {
        self.positions[self.symbols[symbol]..self.symbols[symbol + 1]].iter().map(|&position| position as usize)
    }

    /// Cuts a list of results into stretches of times.
    pub(super) fn stretches<'a>(&self, mut results: &'a mut [f64]) -> Vec<Stretch<'a>> {
        let n_times = self.begins.len() - 1;
        let mut stretches = Vec::new();
        for (number, begin) in (0..n_times).step_by(STRETCH_TIMES).enumerate() {
            let times = begin..n_times.min(begin + STRETCH_TIMES);
            let (part, rest) = results.split_at_mut(self.begins[times.end] - self.begins[times.start]);
            results = rest;
            stretches.push(Stretch { number, times, results: part });
        }
        stretches
    }
}

/// The number of each of a symbol's times; both lists are increasing.
fn time_numbers(all: &[i64], times: &[i64]) -> Vec<usize> {
    let mut number = 0;
    times
        .iter()
        .map(|time| {
            while all[number] < *time {
                number += 1;
            }
            number
        })
        .collect()
}

/// Where each symbol's rows begin for each stretch of times, and the end. A symbol's positions increase with time.
fn stretch_begins(begins: &[usize], positions: &[u32], symbols: &[usize]) -> Vec<Vec<usize>> {
    let n_times = begins.len() - 1;
    let mut next: Vec<usize> = symbols[..symbols.len() - 1].to_vec();
    let mut all = vec![next.clone()];
    for begin in (0..n_times).step_by(STRETCH_TIMES) {
        let end = begins[n_times.min(begin + STRETCH_TIMES)];
        for (symbol, next) in next.iter_mut().enumerate() {
            while *next < symbols[symbol + 1] && (positions[*next] as usize) < end {
                *next += 1;
            }
        }
        all.push(next.clone());
    }
    all
}
