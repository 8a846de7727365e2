//! Operations that carry numbers from row to row: exponential means and cumulative sums. A missing value leaves the
//! carried numbers as they are and gives a missing result.

use crate::operation::Scalar;

/// Numbers one recurrence carries.
pub(crate) const REGISTERS: usize = 2;

/// What is carried forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recurrence {
    /// Exponential mean: starts at the first finite value, then moves by `alpha` of the distance to each new value.
    Exponential {
        /// Share of the distance, in (0, 1].
        alpha: Scalar,
        /// Finite values to see before the first result.
        min_periods: u32,
    },
    /// Sum of all finite values so far.
    CumulativeSum,
}

/// Rows of several exponential means computed side by side: one alone waits for its own last result in each row.
pub(crate) const LANES: usize = 4;

/// The fixed numbers of one exponential mean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lane {
    /// Share of the distance to the new value.
    pub(crate) alpha: f64,
    /// Finite values to see before the first result.
    pub(crate) min_periods: f64,
}

/// One step of an exponential mean. `carried` is the mean and the number of finite values seen.
#[inline(always)]
fn step(lane: Lane, carried: &mut [f64; REGISTERS], x: f64) -> f64 {
    let [mean, seen] = *carried;
    if !x.is_finite() {
        return f64::NAN;
    }
    let moved = if seen == 0.0 { x } else { mean + lane.alpha * (x - mean) };
    *carried = [moved, seen + 1.0];
    if seen + 1.0 >= lane.min_periods { moved } else { f64::NAN }
}

/// One exponential mean over a block.
pub(crate) fn exponential(lane: Lane, carried: &mut [f64; REGISTERS], values: &[f64], out: &mut [f64]) {
    for (out, &x) in out.iter_mut().zip(values) {
        *out = step(lane, carried, x);
    }
}

/// Several exponential means over a block, the same bits as one by one.
pub(crate) fn exponential_lanes(
    lanes: [Lane; LANES],
    carried: &mut [[f64; REGISTERS]; LANES],
    values: [&[f64]; LANES],
    out: [&mut [f64]; LANES],
) {
    let [out0, out1, out2, out3] = out;
    let n = out0.len();
    let (out0, out1, out2, out3) = (&mut out0[..n], &mut out1[..n], &mut out2[..n], &mut out3[..n]);
    let values = values.map(|values| &values[..n]);
    let mut state = *carried;
    for i in 0..n {
        out0[i] = step(lanes[0], &mut state[0], values[0][i]);
        out1[i] = step(lanes[1], &mut state[1], values[1][i]);
        out2[i] = step(lanes[2], &mut state[2], values[2][i]);
        out3[i] = step(lanes[3], &mut state[3], values[3][i]);
    }
    *carried = state;
}

/// A cumulative sum over a block; `carried[0]` is the sum so far.
pub(crate) fn cumulative_sum(carried: &mut [f64; REGISTERS], values: &[f64], out: &mut [f64]) {
    for (out, &x) in out.iter_mut().zip(values) {
        if x.is_finite() {
            carried[0] += x;
            *out = carried[0];
        } else {
            *out = f64::NAN;
        }
    }
}
