//! Operations that carry numbers from row to row. A missing operand leaves the carried numbers as they are and gives a
//! missing result, unless a recurrence says otherwise.

use crate::custom::StepFunction;
use crate::indicators;
use crate::operation::Scalar;

/// Numbers one exponential mean carries.
pub(crate) const REGISTERS: usize = 2;

/// How values are folded into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fold {
    /// Sum.
    Sum,
    /// Product.
    Product,
    /// Largest.
    Maximum,
    /// Smallest.
    Minimum,
    /// The first one.
    First,
}

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
    /// `(x, session)`: all finite values since the session's number last changed, folded into one.
    Cumulative(Fold),
    /// Exponential mean that starts at the plain mean of the first `window` values, which is its first result.
    Seeded {
        /// Share of the distance, in (0, 1].
        alpha: Scalar,
        /// Values in the mean it starts from.
        window: u32,
    },
    /// Wilder's running sum `s - s / window + x`, started at the sum of the first `window - 1` values; the first
    /// result is the next one.
    WilderSum {
        /// Length.
        window: u32,
    },
    /// Mean of all values so far with weights that fall by `1 - alpha` from value to value.
    Weighted {
        /// One minus the ratio of two neighbouring weights, in (0, 1].
        alpha: Scalar,
    },
    /// `(x, alpha, start)`: a mean that moves by a varying share of the distance, from `start` of its first row.
    Adaptive,
    /// `(high, low)`: parabolic stop and reverse.
    ParabolicSar {
        /// Step of the acceleration factor.
        acceleration: Scalar,
        /// Its upper limit.
        maximum: Scalar,
    },
    /// `(upper, lower, close, previous close)`: the band a trend follows.
    SuperTrend,
    /// Dominant cycle period in rows by the Hilbert transform.
    DominantCycle,
    /// A step from outside.
    Step(&'static StepFunction),
}

impl Recurrence {
    /// How many numbers it carries; exponential means have registers of their own.
    pub(crate) fn n_carried(self) -> usize {
        match self {
            Self::Exponential { .. }
            | Self::Seeded { .. }
            | Self::WilderSum { .. }
            | Self::Weighted { .. }
            | Self::Adaptive => REGISTERS,
            Self::Cumulative(_) => 3,
            Self::ParabolicSar { .. } => indicators::SAR_NUMBERS,
            Self::SuperTrend => indicators::TREND_NUMBERS,
            Self::DominantCycle => indicators::CYCLE_NUMBERS,
            Self::Step(function) => function.n_carried,
        }
    }

    /// Rows before the first result.
    pub(crate) fn warm_up(self) -> u32 {
        match self {
            Self::Exponential { min_periods, .. } => min_periods - 1,
            Self::Seeded { window, .. } | Self::WilderSum { window } => window - 1,
            Self::ParabolicSar { .. } => 1,
            Self::DominantCycle => indicators::CYCLE_WARM_UP,
            Self::Step(function) => function.warm_up,
            Self::Cumulative(_) | Self::Weighted { .. } | Self::Adaptive | Self::SuperTrend => 0,
        }
    }

    /// Runs over a block. `carried` are the recurrence's own numbers, all 0 before the first row.
    pub(crate) fn run(self, carried: &mut [f64], inputs: [&[f64]; 4], out: &mut [f64]) {
        let [a, b, c, d] = inputs;
        for (i, out) in out.iter_mut().enumerate() {
            *out = match self {
                Self::Exponential { .. } => unreachable!("exponential means have a step of their own"),
                Self::Cumulative(fold) => cumulate(fold, carried, a[i], b[i]),
                Self::Seeded { alpha, window } => seeded(alpha.0, f64::from(window), carried, a[i]),
                Self::WilderSum { window } => wilder_sum(f64::from(window), carried, a[i]),
                Self::Weighted { alpha } => weighted(alpha.0, carried, a[i]),
                Self::Adaptive => adaptive(carried, [a[i], b[i], c[i]]),
                Self::ParabolicSar { acceleration, maximum } => {
                    indicators::parabolic_sar([acceleration.0, maximum.0], carried, [a[i], b[i]])
                }
                Self::SuperTrend => indicators::super_trend(carried, [a[i], b[i], c[i], d[i]]),
                Self::DominantCycle => indicators::dominant_cycle(carried, a[i]),
                Self::Step(function) => (function.step)(carried, [a[i], b[i], c[i], d[i]]),
            };
        }
    }
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

/// `carried`: folded value, session, whether one has begun.
fn cumulate(fold: Fold, carried: &mut [f64], x: f64, session: f64) -> f64 {
    if !x.is_finite() || !session.is_finite() {
        return f64::NAN;
    }
    let so_far = carried[0];
    let begins = carried[2] == 0.0 || carried[1] != session;
    carried[0] = match fold {
        _ if begins => x,
        Fold::Sum => so_far + x,
        Fold::Product => so_far * x,
        Fold::Maximum if x > so_far => x,
        Fold::Minimum if x < so_far => x,
        Fold::Maximum | Fold::Minimum | Fold::First => so_far,
    };
    (carried[1], carried[2]) = (session, 1.0);
    carried[0]
}

/// `carried`: mean (a sum until it is complete), values seen up to the seed.
fn seeded(alpha: f64, window: f64, carried: &mut [f64], x: f64) -> f64 {
    if !x.is_finite() {
        return f64::NAN;
    }
    if carried[1] >= window {
        carried[0] += alpha * (x - carried[0]);
        return carried[0];
    }
    carried[0] += x;
    carried[1] += 1.0;
    if carried[1] < window {
        return f64::NAN;
    }
    carried[0] /= window;
    carried[0]
}

/// `carried`: sum, values seen before the first result.
fn wilder_sum(window: f64, carried: &mut [f64], x: f64) -> f64 {
    if !x.is_finite() {
        return f64::NAN;
    }
    if carried[1] >= window - 1.0 {
        carried[0] = carried[0] - carried[0] / window + x;
        return carried[0];
    }
    carried[0] += x;
    carried[1] += 1.0;
    f64::NAN
}

/// `carried`: mean, total weight relative to the newest value's.
fn weighted(alpha: f64, carried: &mut [f64], x: f64) -> f64 {
    if !x.is_finite() {
        return f64::NAN;
    }
    carried[1] = carried[1] * (1.0 - alpha) + 1.0;
    carried[0] += (x - carried[0]) / carried[1];
    carried[0]
}

/// `carried`: mean, whether it has begun.
fn adaptive(carried: &mut [f64], [x, alpha, start]: [f64; 3]) -> f64 {
    if !x.is_finite() || !alpha.is_finite() || (carried[1] == 0.0 && !start.is_finite()) {
        return f64::NAN;
    }
    let mean = if carried[1] == 0.0 { start } else { carried[0] };
    (carried[0], carried[1]) = (mean + alpha * (x - mean), 1.0);
    carried[0]
}
