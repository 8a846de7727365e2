//! The first walk over a curve: returns, falls below the high and logarithms, and their sums, block by block while they are
//! near.
//!
//! What divides waits for the one divider of a processor, and what adds waits for the sum before. So the loop does some of
//! each: a few rows of a block are worked out, then as many of the block before are summed. What is summed is worked out
//! side by side before, so that nothing is left to the sums but to add.

use std::hint::black_box;

use super::Workspace;
use super::falls::Falls;
use super::line::{are_sound, finished, reduced};
use crate::widest::{Work, widest};

/// Rows of a block.
pub(super) const BLOCK: usize = 256;

/// Something of a block's rows.
pub(super) type Column = [f64; BLOCK];

/// Rows that are worked out before as many of the block before are summed.
const FEW: usize = 8;

/// Extremes that are looked for side by side.
const LANES: usize = 8;

/// What a walk over a curve gives besides the returns and the logarithms.
pub(super) struct Walk {
    /// Sums by row.
    pub(super) sums: Sums,
    /// Returns above 0.
    pub(super) n_positive: u64,
    /// The highest return.
    pub(super) best: f64,
    /// The lowest return.
    pub(super) worst: f64,
    /// Falls below the high.
    pub(super) falls: Falls,
}

impl Walk {
    /// Walks over a curve with `start` in front of `equity`, which has a row at least; returns and logarithms over the start
    /// are left in `workspace`. `None` for a curve that is not all positive numbers, or has returns beyond all numbers.
    pub(super) fn new(start: f64, equity: &[f64], workspace: &mut Workspace) -> Option<Self> {
        let Workspace { returns, logs, .. } = workspace;
        let n_padded = equity.len().next_multiple_of(BLOCK);
        returns.resize(n_padded, 0.0);
        logs.resize(n_padded, 0.0);
        let (blocks_of_returns, blocks_of_logs) = (returns.as_chunks_mut().0, logs.as_chunks_mut().0);
        let (mut sums, mut falls) = (Sums::default(), Falls::new(start));
        let (mut range, mut n_positive) = (Range::of(equity[0] / start - 1.0), 0);
        let (mut parts, none) = ([Parts::NONE; 2], [0.0; BLOCK]);
        let mut room = [0.0; BLOCK + 1];
        let mut is_sound = start > 0.0 && start < f64::INFINITY;
        for (nth, values) in equity.chunks(BLOCK).enumerate() {
            let window = window(start, equity, nth, &mut room);
            let [even, odd] = &mut parts;
            let (parts_before, parts) = if nth % 2 == 0 { (odd, even) } else { (even, odd) };
            // What is not there yet adds nothing.
            let (returns, before, logs, logs_before) = match nth.checked_sub(1) {
                None => (&mut blocks_of_returns[0], &none, &mut blocks_of_logs[0], &none),
                Some(at) => {
                    let (returns_before, returns) = blocks_of_returns.split_at_mut(nth);
                    let (logs_before, logs) = blocks_of_logs.split_at_mut(nth);
                    (&mut returns[0], &returns_before[at], &mut logs[0], &logs_before[at])
                }
            };
            let before = Rows { returns: before, parts: parts_before, logs: logs_before };
            let ahead = equity.get((nth + 1) * BLOCK..).and_then(<[f64]>::first_chunk).unwrap_or(&none);
            let next = Next { window, start, ahead, falls: &mut falls, returns, parts, logs };
            let lowest;
            (sums, lowest) = widest(Step { sums, before, next });
            is_sound &= are_sound((values, start), (lowest / start, falls.peak() / start), logs);
            n_positive += widest(Look { values: &returns[..values.len()], range: &mut range });
            widest(Fall { falls: &mut falls, depths: &parts.falls[..values.len()] });
        }
        let last = blocks_of_returns.len() - 1;
        let rows = Rows { returns: &blocks_of_returns[last], parts: &parts[last % 2], logs: &blocks_of_logs[last] };
        (0..equity.len() - last * BLOCK).for_each(|at| sums.take(&rows, at));
        returns.truncate(equity.len());
        logs.truncate(equity.len());
        falls.end();
        let (best, worst) = (range.highest(), range.lowest());
        // What is not a number does not get lost in a sum.
        (is_sound && !sums.all.is_nan() && best.is_finite()).then_some(Self { sums, n_positive, best, worst, falls })
    }
}

/// A block's values with the one before them in front.
pub(super) type Window = [f64; BLOCK + 1];

/// The window of a block, `nth` of those of a curve; one that is not full goes on with its last value. `room` is for those that
/// do not lie in `equity` as they are.
fn window<'a>(start: f64, equity: &'a [f64], nth: usize, room: &'a mut Window) -> &'a Window {
    let from = nth * BLOCK;
    if let Some(window) = from.checked_sub(1).and_then(|before| equity[before..].first_chunk()) {
        return window;
    }
    let values = &equity[from..equity.len().min(from + BLOCK)];
    room[0] = if nth == 0 { start } else { equity[from - 1] };
    room[1..].fill(values[values.len() - 1]);
    room[1..=values.len()].copy_from_slice(values);
    room
}

/// A block that is summed while the next is worked out.
struct Step<'a> {
    /// The sums.
    sums: Sums,
    /// The block that is summed.
    before: Rows<'a>,
    /// The next.
    next: Next<'a>,
}

/// A block that is worked out.
struct Next<'a> {
    /// Its window.
    window: &'a Window,
    /// The first value of the curve.
    start: f64,
    /// The values after it.
    ahead: &'a Column,
    /// Knows the highs.
    falls: &'a mut Falls,
    /// Where its returns go.
    returns: &'a mut Column,
    /// Where what is summed goes, and its highs, over which falls are written.
    parts: &'a mut Parts,
    /// Where logarithms of its values over the first one go.
    logs: &'a mut Column,
}

impl Work for Step<'_> {
    type Output = (Sums, f64);

    /// Gives the sums, and the lowest of the values.
    #[inline(always)]
    fn run(self) -> Self::Output {
        let Self { mut sums, before, next: Next { window, start, ahead, falls: highs, returns, parts, logs } } = self;
        highs.peaks(window, &mut parts.falls);
        let mut lowest = [f64::INFINITY; FEW];
        for nth in 0..BLOCK / FEW {
            let window = window[nth * FEW..].first_chunk().expect("a window is one longer than its block");
            // Asked for early: memory answers while this block is worked out.
            black_box(ahead[nth * FEW]);
            work_out((window, start), &mut lowest, few(returns, nth), few(logs, nth), parts.few(nth));
            (nth * FEW..nth * FEW + FEW).for_each(|at| sums.take(&before, at));
        }
        (sums, lowest.into_iter().fold(f64::INFINITY, f64::min))
    }
}

/// Works out rows: divides values by those before them and by their highs, which `falls` holds until then, parts returns and falls into
/// what is summed, and takes logarithms of values over `start`. Notes the lowest of the values.
// With parameters of its own, or the compiler does not see that several rows can be worked out at once.
#[inline(always)]
fn work_out(
    (window, start): (&[f64; FEW + 1], f64),
    lowest: &mut Few,
    returns: &mut Few,
    logs: &mut Few,
    [falls, downside, above, below, squares]: [&mut Few; 5],
) {
    let mut ratios = [0.0; FEW];
    for at in 0..FEW {
        let value = window[at + 1];
        lowest[at] = if value < lowest[at] { value } else { lowest[at] };
        ratios[at] = value / start;
        returns[at] = value / window[at] - 1.0;
        falls[at] = value / falls[at] - 1.0;
    }
    for at in 0..FEW {
        let value = returns[at];
        // Adding 0 to what is not -0 changes no bit; none of the sums is.
        above[at] = if value > 0.0 { value } else { 0.0 };
        let loss = if value < 0.0 { value } else { 0.0 };
        below[at] = -loss;
        downside[at] = loss * loss;
        squares[at] = falls[at] * falls[at];
    }
    for (log, ratio) in logs.iter_mut().zip(&ratios) {
        let (f, s, k) = reduced(*ratio);
        *log = finished(f, s, k);
    }
}

/// What a few rows have in a column.
type Few = [f64; FEW];

/// The `nth` few rows of a column.
#[inline(always)]
fn few(column: &mut Column, nth: usize) -> &mut Few {
    &mut column.as_chunks_mut().0[nth]
}

/// What is worked out of a block besides what is kept of a curve: falls below the high, and what [`Sums`] are taken of.
struct Parts {
    /// Falls.
    falls: Column,
    /// Squares of returns that are not above 0.
    downside: Column,
    /// Returns above 0.
    above: Column,
    /// The others, without their sign.
    below: Column,
    /// Squares of falls.
    squares: Column,
}

impl Parts {
    /// Those of rows at which nothing changes.
    const NONE: Self = Self {
        falls: [0.0; BLOCK],
        downside: [0.0; BLOCK],
        above: [0.0; BLOCK],
        below: [0.0; BLOCK],
        squares: [0.0; BLOCK],
    };

    /// The `nth` few rows.
    #[inline(always)]
    fn few(&mut self, nth: usize) -> [&mut Few; 5] {
        let Self { falls, downside, above, below, squares } = self;
        [falls, downside, above, below, squares].map(|column| few(column, nth))
    }
}

/// Returns that are looked at.
struct Look<'a> {
    /// The returns.
    values: &'a [f64],
    /// The highest and the lowest so far.
    range: &'a mut Range,
}

impl Work for Look<'_> {
    type Output = u64;

    /// Gives how many are above 0.
    #[inline(always)]
    fn run(self) -> u64 {
        self.range.take(self.values);
        self.values.iter().map(|value| u64::from(*value > 0.0)).sum()
    }
}

/// Falls that are taken in.
struct Fall<'a> {
    /// What they come to.
    falls: &'a mut Falls,
    /// The falls.
    depths: &'a [f64],
}

impl Work for Fall<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.falls.take(self.depths);
    }
}

/// What was worked out of a block.
struct Rows<'a> {
    /// Returns.
    returns: &'a Column,
    /// What is summed besides.
    parts: &'a Parts,
    /// Logarithms.
    logs: &'a Column,
}

/// Sums by row, each in the order of the rows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    /// Returns.
    pub(super) all: f64,
    /// Squares of those that are not above 0.
    pub(super) downside: f64,
    /// Those above 0.
    pub(super) above: f64,
    /// The others, without their sign.
    pub(super) below: f64,
    /// Squares of falls.
    pub(super) squares: f64,
    /// Logarithms.
    pub(super) logs: f64,
}

impl Sums {
    /// Adds a row.
    #[inline(always)]
    fn take(&mut self, rows: &Rows<'_>, at: usize) {
        self.all += rows.returns[at];
        self.downside += rows.parts.downside[at];
        self.above += rows.parts.above[at];
        self.below += rows.parts.below[at];
        self.squares += rows.parts.squares[at];
        self.logs += rows.logs[at];
    }
}

/// The highest and the lowest of numbers among which is no -0, looked for in lanes.
struct Range([f64; LANES], [f64; LANES]);

impl Range {
    /// That of one number.
    fn of(value: f64) -> Self {
        Self([value; LANES], [value; LANES])
    }

    /// Takes numbers in.
    #[inline(always)]
    fn take(&mut self, values: &[f64]) {
        let &mut Self(mut highest, mut lowest) = self;
        let (chunks, rest) = values.as_chunks::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                highest[lane] = if chunk[lane] > highest[lane] { chunk[lane] } else { highest[lane] };
                lowest[lane] = if chunk[lane] < lowest[lane] { chunk[lane] } else { lowest[lane] };
            }
        }
        for &value in rest {
            highest[0] = f64::max(value, highest[0]);
            lowest[0] = f64::min(value, lowest[0]);
        }
        *self = Self(highest, lowest);
    }

    /// The highest.
    fn highest(&self) -> f64 {
        self.0.into_iter().fold(self.0[0], f64::max)
    }

    /// The lowest.
    fn lowest(&self) -> f64 {
        self.1.into_iter().fold(self.1[0], f64::min)
    }
}
