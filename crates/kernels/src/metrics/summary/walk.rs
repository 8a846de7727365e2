//! The first walk over a curve: returns, falls below the high and logarithms, and their sums, block by block while they are
//! near.
//!
//! What divides waits for the one divider of a processor, what adds waits for the sum before, and a logarithm waits for its
//! own steps. So loops do some of each: a block's logarithms are begun while the block before is summed, and finished while
//! the block's returns and falls are divided.

use super::Workspace;
use super::falls::Falls;
use super::line::{Logarithms, finished, reduced};
use crate::widest::{Work, widest};

/// Rows of a block.
pub(super) const BLOCK: usize = 256;

/// Something of a block's rows.
pub(super) type Column = [f64; BLOCK];

/// Extremes that are looked for side by side.
const LANES: usize = 4;

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
        let (mut logarithms, mut depths, none) = (Logarithms::over(start), [0.0; BLOCK], [0.0; BLOCK]);
        let mut room = [0.0; BLOCK + 1];
        let mut is_sound = start > 0.0 && start < f64::INFINITY;
        for (nth, values) in equity.chunks(BLOCK).enumerate() {
            let window = window(start, equity, nth, &mut room);
            // What is not there yet adds nothing.
            let (before, logs_before) =
                nth.checked_sub(1).map_or((&none, &none), |at| (&blocks_of_returns[at], &blocks_of_logs[at]));
            sums = sums.add(&Rows { returns: before, falls: &depths, logs: logs_before }, window, &mut logarithms);
            let (returns, logs) = (&mut blocks_of_returns[nth], &mut blocks_of_logs[nth]);
            falls.peaks(window, &mut depths);
            widest(Quotients { window, logarithms: &logarithms, returns, falls: &mut depths, logs });
            let returns = &blocks_of_returns[nth];
            is_sound &= logarithms.are_sound(values, logs);
            let changes = &returns[..values.len()];
            range.take(changes);
            n_positive += changes.iter().filter(|change| **change > 0.0).count() as u64;
            falls.take(&depths[..values.len()]);
        }
        let last = blocks_of_returns.len() - 1;
        let rows = Rows { returns: &blocks_of_returns[last], falls: &depths, logs: &blocks_of_logs[last] };
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

/// A window, what is known of its logarithms, and where to put what is worked out of both.
struct Quotients<'a> {
    /// The window.
    window: &'a Window,
    /// Its logarithms.
    logarithms: &'a Logarithms,
    /// Returns.
    returns: &'a mut Column,
    /// Highs, and falls below them afterwards.
    falls: &'a mut Column,
    /// Logarithms, finished.
    logs: &'a mut Column,
}

impl Work for Quotients<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        divide(self.window, self.logarithms, self.returns, self.falls, self.logs);
    }
}

/// Divides the values of a window by those before them and by their highs, which `falls` holds until then, and finishes their
/// logarithms.
// With parameters of its own, or the compiler does not see that two rows can be worked out at once.
#[inline(always)]
fn divide(window: &Window, logarithms: &Logarithms, returns: &mut Column, falls: &mut Column, logs: &mut Column) {
    let Logarithms { f, s, k, .. } = logarithms;
    for at in 0..BLOCK {
        returns[at] = window[at + 1] / window[at] - 1.0;
        falls[at] = window[at + 1] / falls[at] - 1.0;
        logs[at] = finished(f[at], s[at], k[at]);
    }
}

/// What was worked out of a block.
struct Rows<'a> {
    /// Returns.
    returns: &'a Column,
    /// Falls below the high.
    falls: &'a Column,
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
    #[inline]
    fn take(&mut self, rows: &Rows<'_>, at: usize) {
        let (value, fall) = (rows.returns[at], rows.falls[at]);
        // Adding 0 to what is not -0 changes no bit; none of these sums is.
        let gain = if value > 0.0 { value } else { 0.0 };
        let loss = if value < 0.0 { value } else { 0.0 };
        self.all += value;
        self.downside += loss * loss;
        self.above += gain;
        self.below -= loss;
        self.squares += fall * fall;
        self.logs += rows.logs[at];
    }

    /// Adds rows, and begins the logarithms of the next ones, those of a window.
    // On its own, or the compiler does not see that two rows can be worked out at once.
    #[inline(never)]
    fn add(mut self, rows: &Rows<'_>, next: &Window, logarithms: &mut Logarithms) -> Self {
        let (mut lowest, mut highest) = ([f64::INFINITY; 2], [0.0; 2]);
        for at in (0..BLOCK).step_by(2) {
            let ratios = [next[at + 1] / logarithms.start, next[at + 2] / logarithms.start];
            for (lane, ratio) in ratios.into_iter().enumerate() {
                lowest[lane] = if ratio < lowest[lane] { ratio } else { lowest[lane] };
                highest[lane] = if ratio > highest[lane] { ratio } else { highest[lane] };
                let at = at + lane;
                (logarithms.f[at], logarithms.s[at], logarithms.k[at]) = reduced(ratio);
            }
            self.take(rows, at);
            self.take(rows, at + 1);
        }
        logarithms.range = (f64::min(lowest[0], lowest[1]), f64::max(highest[0], highest[1]));
        self
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
    // On its own, or the compiler does not see that two lanes are one instruction.
    #[inline(never)]
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
