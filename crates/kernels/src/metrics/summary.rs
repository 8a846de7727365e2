//! All metrics of a curve at once: the formulas of this module, each with the same bits, in few passes.
//!
//! A search computes them for thousands of curves. Sums that are taken one after another elsewhere are taken side by side
//! here, each in its own order; what several formulas need is computed once; order statistics are selected, not sorted, and
//! from the ends alone where a sample says where these begin. What is needed on the way is kept in a [`Workspace`].

mod falls;
mod line;
mod tails;

use super::probability::probability_above;
use super::{Drawdown, NOTHING, defined, tail, total_return, trades};
use falls::Falls;
use tails::Tails;

/// The metrics of a curve that need nothing but the curve.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Summary {
    /// See [`super::total_return`].
    pub total_return: Option<f64>,
    /// See [`super::volatility`].
    pub volatility: Option<f64>,
    /// See [`super::sharpe`], risk-free 0.
    pub sharpe: Option<f64>,
    /// See [`super::sortino`], risk-free 0.
    pub sortino: Option<f64>,
    /// See [`super::downside_deviation`], per period.
    pub downside_deviation: Option<f64>,
    /// See [`super::max_drawdown`].
    pub max_drawdown: Option<f64>,
    /// See [`super::worst_drawdown`].
    pub worst_drawdown: Option<Drawdown>,
    /// See [`super::longest_drawdown`].
    pub longest_drawdown: Option<Drawdown>,
    /// See [`super::probabilistic_sharpe`], against 0.
    pub probabilistic_sharpe: Option<f64>,
    /// See [`tail::ulcer_index`].
    pub ulcer_index: Option<f64>,
    /// See [`tail::recovery_factor`].
    pub recovery_factor: Option<f64>,
    /// See [`trades::best`], of the returns.
    pub best: Option<f64>,
    /// See [`trades::worst`], of the returns.
    pub worst: Option<f64>,
    /// Share of returns above 0.
    pub positive: Option<f64>,
    /// See [`tail::value_at_risk`], 5 %.
    pub value_at_risk: Option<f64>,
    /// See [`tail::conditional_value_at_risk`], 5 %.
    pub conditional_value_at_risk: Option<f64>,
    /// See [`tail::skewness`].
    pub skewness: Option<f64>,
    /// See [`tail::kurtosis`].
    pub kurtosis: Option<f64>,
    /// See [`tail::tail_ratio`].
    pub tail_ratio: Option<f64>,
    /// See [`tail::omega`], threshold 0.
    pub omega: Option<f64>,
    /// See [`tail::gain_to_pain`].
    pub gain_to_pain: Option<f64>,
    /// See [`tail::stability`].
    pub stability: Option<f64>,
}

/// The share of returns in each tail.
const TAIL: f64 = 0.05;

/// Room for the numbers of one curve, kept from one curve to the next for its allocations.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// Returns.
    returns: Vec<f64>,
    /// Logarithms, or the ends of the returns.
    values: Vec<f64>,
    /// The other ends of the returns.
    others: Vec<f64>,
}

/// The metrics of a curve, of whose periods `periods_per_year` make a year.
pub fn summary(equity: &[f64], periods_per_year: f64, workspace: &mut Workspace) -> Summary {
    // No early end: a loop without one runs over several values at once.
    let is_positive = equity.iter().fold(true, |all, value| all & (*value > 0.0) & (*value < f64::INFINITY));
    if equity.len() < 3 || !is_positive {
        return one_by_one(equity, &super::returns(equity), periods_per_year);
    }
    let mut returns = std::mem::take(&mut workspace.returns);
    returns.resize(equity.len() - 1, 0.0);
    returns.iter_mut().zip(equity).zip(&equity[1..]).for_each(|((change, before), now)| *change = now / before - 1.0);
    let summary = plain(equity, &returns, periods_per_year, workspace);
    workspace.returns = returns;
    summary
}

/// The metrics of a curve of positive numbers and its returns.
fn plain(equity: &[f64], returns: &[f64], periods_per_year: f64, workspace: &mut Workspace) -> Summary {
    let sums = Sums::new(returns);
    if !sums.best.is_finite() {
        return one_by_one(equity, returns, periods_per_year);
    }
    let n = returns.len() as f64;
    let mean = defined(sums.all / n);
    let moments = mean.map(|mean| Moments::new(returns, mean));
    let deviation = moments.and_then(|moments| defined((moments.second / (returns.len() - 1) as f64).sqrt()));
    let ratio = deviation
        .filter(|deviation| *deviation > NOTHING * sums.best.abs().max(sums.worst.abs()))
        .and_then(|deviation| defined((mean? - 0.0) / deviation));
    let shape = deviation.and_then(|_| moments?.shape(n));
    let downside = defined((sums.downside / n).sqrt());
    let tails = Tails::new(returns, workspace);
    let falls = Falls::new(equity);
    let annual = periods_per_year.sqrt();
    let total = total_return(equity);
    Summary {
        total_return: total,
        volatility: deviation.and_then(|deviation| defined(deviation * annual)),
        sharpe: ratio.and_then(|ratio| defined(ratio * annual)),
        sortino: downside.filter(|downside| *downside != 0.0).and_then(|downside| defined(mean? / downside * annual)),
        downside_deviation: downside,
        max_drawdown: defined(falls.lowest),
        worst_drawdown: falls.worst,
        longest_drawdown: falls.longest,
        probabilistic_sharpe: ratio.and_then(|ratio| probability_above(ratio, 0.0, returns.len(), shape?)),
        ulcer_index: defined((falls.squares / n).sqrt()),
        recovery_factor: defined(falls.lowest.abs())
            .filter(|depth| *depth != 0.0)
            .and_then(|depth| defined(total? / depth)),
        best: defined(sums.best),
        worst: defined(sums.worst),
        positive: defined(sums.n_positive as f64 / n),
        value_at_risk: tails.low,
        conditional_value_at_risk: tails.lowest_mean,
        skewness: shape.map(|(skewness, _)| skewness),
        kurtosis: shape.map(|(_, kurtosis)| kurtosis),
        tail_ratio: tails.low.filter(|low| *low != 0.0).and_then(|low| defined(tails.high?.abs() / low.abs())),
        omega: if sums.below > 0.0 { defined(sums.above / sums.below) } else { None },
        gain_to_pain: if sums.below > 0.0 { defined(sums.all / sums.below) } else { None },
        stability: line::stability(equity, &mut workspace.values),
    }
}

/// The metrics one by one, for curves that are not all positive numbers.
fn one_by_one(equity: &[f64], returns: &[f64], periods_per_year: f64) -> Summary {
    let gains: Vec<f64> = returns.iter().map(|value| f64::from(*value > 0.0)).collect();
    Summary {
        total_return: total_return(equity),
        volatility: super::volatility(returns, periods_per_year),
        sharpe: super::sharpe(returns, periods_per_year, 0.0),
        sortino: super::sortino(returns, periods_per_year, 0.0),
        downside_deviation: super::downside_deviation(returns, 0.0),
        max_drawdown: super::max_drawdown(equity),
        worst_drawdown: super::worst_drawdown(equity),
        longest_drawdown: super::longest_drawdown(equity),
        probabilistic_sharpe: super::probabilistic_sharpe(returns, 0.0),
        ulcer_index: tail::ulcer_index(equity),
        recovery_factor: tail::recovery_factor(equity),
        best: trades::best(returns),
        worst: trades::worst(returns),
        positive: super::mean(&gains),
        value_at_risk: tail::value_at_risk(returns, TAIL),
        conditional_value_at_risk: tail::conditional_value_at_risk(returns, TAIL),
        skewness: tail::skewness(returns),
        kurtosis: tail::kurtosis(returns),
        tail_ratio: tail::tail_ratio(returns),
        omega: tail::omega(returns, 0.0),
        gain_to_pain: tail::gain_to_pain(returns),
        stability: tail::stability(equity),
    }
}

/// Sums over returns, each in their order.
struct Sums {
    /// All of them.
    all: f64,
    /// Squares of those that are not above 0.
    downside: f64,
    /// Those above 0.
    above: f64,
    /// The others, without their sign.
    below: f64,
    /// The highest.
    best: f64,
    /// The lowest.
    worst: f64,
    /// How many are above 0.
    n_positive: u64,
}

impl Sums {
    /// One pass over returns, at least one, none of them not a number.
    fn new(returns: &[f64]) -> Self {
        let (first, zero) = (returns[0], 0.0);
        let mut sums =
            Self { all: zero, downside: zero, above: zero, below: zero, best: first, worst: first, n_positive: 0 };
        for &value in returns {
            // Adding 0 to what is not -0 changes no bit; none of these sums is. Written so that each is one instruction.
            let gain = if value > 0.0 { value } else { 0.0 };
            let loss = if value < 0.0 { value } else { 0.0 };
            sums.all += value;
            sums.downside += loss * loss;
            sums.above += gain;
            sums.below -= loss;
            sums.best = if value > sums.best { value } else { sums.best };
            sums.worst = if value < sums.worst { value } else { sums.worst };
            sums.n_positive += u64::from(value > 0.0);
        }
        sums
    }
}

/// Central moments, not divided yet.
#[derive(Debug, Clone, Copy)]
struct Moments {
    /// Sum of squares.
    second: f64,
    /// Sum of cubes.
    third: f64,
    /// Sum of fourth powers.
    fourth: f64,
}

impl Moments {
    /// The moments around a mean.
    fn new(values: &[f64], mean: f64) -> Self {
        let mut moments = Self { second: 0.0, third: 0.0, fourth: 0.0 };
        for value in values {
            let distance = value - mean;
            let square = distance * distance;
            moments.second += square;
            moments.third += square * distance;
            moments.fourth += square * square;
        }
        moments
    }

    /// Skewness and kurtosis, as [`super::probability::shape`] has them.
    fn shape(self, n: f64) -> Option<(f64, f64)> {
        let (second, third, fourth) = (self.second / n, self.third / n, self.fourth / n);
        if second == 0.0 {
            return None;
        }
        Some((defined(third / (second * second.sqrt()))?, defined(fourth / (second * second))?))
    }
}
