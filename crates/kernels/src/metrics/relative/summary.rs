//! All metrics against a benchmark at once: the formulas of [`super`], each with the same bits, in few passes.

use super::{Market, capture, captured, growth_of, information_ratio, tracking_error};
use crate::metrics::{NOTHING, Regression, Workspace, defined, regression, returns, total_return};

/// What a curve is beside its benchmark.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RelativeSummary {
    /// See [`total_return`], of the curve.
    pub total_return: Option<f64>,
    /// See [`total_return`], of the benchmark.
    pub benchmark_return: Option<f64>,
    /// See [`tracking_error`].
    pub tracking_error: Option<f64>,
    /// See [`information_ratio`].
    pub information_ratio: Option<f64>,
    /// See [`capture`], of [`Market::Up`], per period.
    pub up_capture: Option<f64>,
    /// See [`capture`], of [`Market::Down`], per period.
    pub down_capture: Option<f64>,
    /// See [`regression`].
    pub regression: Option<Regression>,
}

/// What a curve is beside its benchmark at the same times, of whose periods `periods_per_year` make a year.
pub fn summary(equity: &[f64], benchmark: &[f64], periods_per_year: f64, workspace: &mut Workspace) -> RelativeSummary {
    let whole = RelativeSummary {
        total_return: total_return(equity),
        benchmark_return: total_return(benchmark),
        ..RelativeSummary::default()
    };
    let Workspace { returns: own, logs: other, .. } = workspace;
    changes(equity, own);
    changes(benchmark, other);
    let sums = Sums::new(own, other);
    // What is not a number does not get lost in a sum, nor does what is beyond all numbers.
    if own.len() != other.len() || own.len() < 2 || !sums.own.is_finite() || !sums.other.is_finite() {
        return one_by_one(whole, &returns(equity), &returns(benchmark), periods_per_year);
    }
    let n = own.len() as f64;
    let (free, annual) = (n - 1.0, periods_per_year.sqrt());
    let (mean_own, mean_other, mean_active) = (sums.own / n, sums.other / n, sums.active / n);
    let squares = Squares::new((own, mean_own), (other, mean_other), mean_active);
    let varied = |squares: f64, largest: f64| (squares / free).sqrt() > NOTHING * largest;
    let spread = defined((squares.active / free).sqrt());
    let varied_spread = spread.filter(|_| varied(squares.active, sums.largest_active));
    let beta =
        Some(squares.both / squares.other).filter(|_| varied(squares.other, sums.largest_other)).and_then(defined);
    let alpha = beta.and_then(|beta| defined((mean_own - beta * mean_other) * periods_per_year));
    let correlation = defined(squares.both / (squares.own.sqrt() * squares.other.sqrt()));
    RelativeSummary {
        tracking_error: spread.and_then(|spread| defined(spread * annual)),
        information_ratio: varied_spread.and_then(|spread| defined(mean_active / spread * annual)),
        up_capture: sums.up.capture(),
        down_capture: sums.down.capture(),
        regression: beta.zip(alpha).map(|(beta, alpha)| Regression {
            alpha,
            beta,
            correlation: if varied(squares.own, sums.largest_own) { correlation } else { None },
        }),
        ..whole
    }
}

/// The metrics one by one, of returns that are not all numbers, or too few.
fn one_by_one(whole: RelativeSummary, returns: &[f64], benchmark: &[f64], periods_per_year: f64) -> RelativeSummary {
    RelativeSummary {
        tracking_error: tracking_error(returns, benchmark, periods_per_year),
        information_ratio: information_ratio(returns, benchmark, periods_per_year),
        up_capture: capture(returns, benchmark, Market::Up, 1.0),
        down_capture: capture(returns, benchmark, Market::Down, 1.0),
        regression: regression(returns, benchmark, periods_per_year),
        ..whole
    }
}

/// [`returns`] into room for them.
fn changes(equity: &[f64], room: &mut Vec<f64>) {
    room.clear();
    let change = |(before, now): (&f64, &f64)| if *before > 0.0 { now / before - 1.0 } else { f64::NAN };
    room.extend(equity.iter().zip(equity.iter().skip(1)).map(change));
}

/// Compound growth in the periods of one kind.
#[derive(Debug, Clone, Copy)]
struct Side {
    /// Of the curve.
    own: f64,
    /// Of the benchmark.
    other: f64,
    /// Periods.
    n: u64,
}

impl Side {
    /// Nothing yet.
    const NONE: Self = Self { own: 1.0, other: 1.0, n: 0 };

    /// Takes a period in, if it is of the kind. Times 1 is the same number.
    #[inline]
    fn take(&mut self, own: f64, other: f64, is_within: bool) {
        self.own *= if is_within { 1.0 + own } else { 1.0 };
        self.other *= if is_within { 1.0 + other } else { 1.0 };
        self.n += u64::from(is_within);
    }

    /// See [`capture`].
    fn capture(&self) -> Option<f64> {
        let growth = |product| growth_of(product, self.n as f64, 1.0);
        captured(growth(self.own)?, growth(self.other)?)
    }
}

/// Sums over returns, each in their order.
struct Sums {
    /// The curve's.
    own: f64,
    /// The benchmark's.
    other: f64,
    /// Their distances.
    active: f64,
    /// The largest of the curve's, without its sign.
    largest_own: f64,
    /// That of the benchmark's.
    largest_other: f64,
    /// That of the distances.
    largest_active: f64,
    /// Periods in which the benchmark rose.
    up: Side,
    /// Periods in which it fell.
    down: Side,
}

impl Sums {
    /// One pass over returns.
    fn new(own: &[f64], other: &[f64]) -> Self {
        let mut sums = Self {
            own: 0.0,
            other: 0.0,
            active: 0.0,
            largest_own: 0.0,
            largest_other: 0.0,
            largest_active: 0.0,
            up: Side::NONE,
            down: Side::NONE,
        };
        let larger = |value: f64, largest: f64| if value.abs() > largest { value.abs() } else { largest };
        for (&own, &other) in own.iter().zip(other) {
            let active = own - other;
            sums.own += own;
            sums.other += other;
            sums.active += active;
            sums.largest_own = larger(own, sums.largest_own);
            sums.largest_other = larger(other, sums.largest_other);
            sums.largest_active = larger(active, sums.largest_active);
            sums.up.take(own, other, other > 0.0);
            sums.down.take(own, other, other < 0.0);
        }
        sums
    }
}

/// Sums of products around means.
struct Squares {
    /// Squares of the curve's returns.
    own: f64,
    /// Squares of the benchmark's.
    other: f64,
    /// Products of both.
    both: f64,
    /// Squares of the distances.
    active: f64,
}

impl Squares {
    /// One pass over returns with their means.
    fn new((own, mean_own): (&[f64], f64), (other, mean_other): (&[f64], f64), mean_active: f64) -> Self {
        let mut squares = Self { own: 0.0, other: 0.0, both: 0.0, active: 0.0 };
        for (&own, &other) in own.iter().zip(other) {
            let active = (own - other) - mean_active;
            let (own, other) = (own - mean_own, other - mean_other);
            squares.own += own * own;
            squares.other += other * other;
            squares.both += own * other;
            squares.active += active * active;
        }
        squares
    }
}
