//! All metrics of a curve at once: the formulas of this module, each with the same bits, in few passes.
//!
//! A search computes them for thousands of curves. Sums that are taken one after another elsewhere are taken side by side
//! here, each in its own order; what several formulas need is computed once; order statistics are selected, not sorted, and
//! from the ends alone where a sample says where these begin. What is needed on the way is kept in a [`Workspace`].

mod falls;
mod line;
mod moments;
mod tails;
mod walk;

use super::probability::probability_above;
use super::{Drawdown, NOTHING, defined, tail, total_return, trades};
use line::Logs;
use moments::Moments;
use tails::{Buckets, Ends, Tails};
use walk::Walk;

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
    pub(super) returns: Vec<f64>,
    /// Logarithms, or other returns.
    pub(super) logs: Vec<f64>,
    /// The lower end of the returns.
    lows: Vec<f64>,
    /// The upper end.
    highs: Vec<f64>,
    /// For ordering them.
    buckets: Buckets,
}

/// The metrics of a curve, of whose periods `periods_per_year` make a year.
pub fn summary(equity: &[f64], periods_per_year: f64, workspace: &mut Workspace) -> Summary {
    match equity {
        [start, after @ ..] => summary_after(*start, after, periods_per_year, workspace),
        [] => one_by_one(&[], periods_per_year),
    }
}

/// [`summary`] of the curve that has `start` in front of `equity`.
pub fn summary_after(start: f64, equity: &[f64], periods_per_year: f64, workspace: &mut Workspace) -> Summary {
    let walk = if equity.len() < 2 { None } else { Walk::new(start, equity, workspace) };
    match walk {
        Some(walk) => plain(&walk, equity[equity.len() - 1] / start - 1.0, periods_per_year, workspace),
        None => one_by_one(&[&[start], equity].concat(), periods_per_year),
    }
}

/// The metrics of a curve of positive numbers over which there was a walk; `total` is its total return.
fn plain(walk: &Walk, total: f64, periods_per_year: f64, workspace: &mut Workspace) -> Summary {
    let Walk { sums, falls, .. } = walk;
    let Workspace { returns, logs, lows, highs, buckets } = workspace;
    let n = returns.len() as f64;
    let (mean, log_mean, total) = (defined(sums.all / n), sums.logs / n, defined(total));
    let (ends, means) = (Ends::of(returns, lows, highs), (mean.unwrap_or(0.0), log_mean));
    let (moments, tails) = match ends {
        Some(ends) => {
            let (moments, ends) = Moments::new((returns, logs), means, ends);
            (moments, Tails::of_ends(returns, ends, buckets, (walk.worst, walk.best)))
        }
        None => {
            let (moments, ()) = Moments::new((returns, logs), means, ());
            lows.clear();
            lows.extend_from_slice(returns);
            (moments, Tails::of_all(lows))
        }
    };
    let deviation = mean.and_then(|_| defined((moments.second / (n - 1.0)).sqrt()));
    let ratio = deviation
        .filter(|deviation| *deviation > NOTHING * walk.best.abs().max(walk.worst.abs()))
        .and_then(|deviation| defined((mean? - 0.0) / deviation));
    let shape = deviation.and_then(|_| moments.shape(n));
    let downside = defined((sums.downside / n).sqrt());
    let annual = periods_per_year.sqrt();
    let logs = Logs { mean: log_mean, values: logs, squares: moments.log_squares, places: moments.log_places };
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
        ulcer_index: defined((sums.squares / n).sqrt()),
        recovery_factor: defined(falls.lowest.abs())
            .filter(|depth| *depth != 0.0)
            .and_then(|depth| defined(total? / depth)),
        best: defined(walk.best),
        worst: defined(walk.worst),
        positive: defined(walk.n_positive as f64 / n),
        value_at_risk: tails.low,
        conditional_value_at_risk: tails.lowest_mean,
        skewness: shape.map(|(skewness, _)| skewness),
        kurtosis: shape.map(|(_, kurtosis)| kurtosis),
        tail_ratio: tails.low.filter(|low| *low != 0.0).and_then(|low| defined(tails.high?.abs() / low.abs())),
        omega: if sums.below > 0.0 { defined(sums.above / sums.below) } else { None },
        gain_to_pain: if sums.below > 0.0 { defined(sums.all / sums.below) } else { None },
        stability: line::stability(&logs),
    }
}

/// The metrics one by one, for curves that are not all positive numbers.
fn one_by_one(equity: &[f64], periods_per_year: f64) -> Summary {
    let returns = &super::returns(equity)[..];
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
