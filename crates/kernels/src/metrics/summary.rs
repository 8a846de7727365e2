//! All metrics of a curve at once: the formulas of this module, each with the same bits, in few passes.
//!
//! A search computes them for thousands of curves. Sums that are taken one after another elsewhere are taken side by side
//! here, each in its own order; what several formulas need is computed once; order statistics are selected, not sorted.

use super::probability::probability_above;
use super::{Drawdown, NOTHING, defined, longest_of, tail, total_return, trades, worst_of};

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

/// The metrics of a curve and its [`super::returns`], of which `periods_per_year` make a year.
pub fn summary(equity: &[f64], returns: &[f64], periods_per_year: f64) -> Summary {
    let is_plain = returns.len() > 1
        && returns.iter().all(|value| value.is_finite())
        && equity.iter().all(|value| value.is_finite() && *value > 0.0);
    if !is_plain {
        return one_by_one(equity, returns, periods_per_year);
    }
    let sums = Sums::new(returns);
    let n = returns.len() as f64;
    let mean = defined(sums.all / n);
    let moments = mean.map(|mean| Moments::new(returns, mean));
    let deviation = moments.and_then(|moments| defined((moments.second / (returns.len() - 1) as f64).sqrt()));
    let ratio = deviation
        .filter(|deviation| *deviation > NOTHING * sums.largest)
        .and_then(|deviation| defined((mean? - 0.0) / deviation));
    let shape = deviation.and_then(|_| moments?.shape(n));
    let downside = defined((sums.downside / n).sqrt());
    let tails = Tails::new(returns);
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
        worst_drawdown: worst_of(&falls.all),
        longest_drawdown: longest_of(&falls.all),
        probabilistic_sharpe: ratio.and_then(|ratio| probability_above(ratio, 0.0, returns.len(), shape?)),
        ulcer_index: defined((falls.squares / n).sqrt()),
        recovery_factor: defined(falls.lowest.abs())
            .filter(|depth| *depth != 0.0)
            .and_then(|depth| defined(total? / depth)),
        best: defined(sums.best),
        worst: defined(sums.worst),
        positive: defined(sums.n_positive / n),
        value_at_risk: tails.low,
        conditional_value_at_risk: tails.lowest_mean,
        skewness: shape.map(|(skewness, _)| skewness),
        kurtosis: shape.map(|(_, kurtosis)| kurtosis),
        tail_ratio: tails.low.filter(|low| *low != 0.0).and_then(|low| defined(tails.high?.abs() / low.abs())),
        omega: if sums.below > 0.0 { defined(sums.above / sums.below) } else { None },
        gain_to_pain: if sums.lost > 0.0 { defined(sums.all / sums.lost) } else { None },
        stability: stability(equity),
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
    /// Those below 0, without their sign.
    lost: f64,
    /// The highest.
    best: f64,
    /// The lowest.
    worst: f64,
    /// The largest without its sign.
    largest: f64,
    /// How many are above 0.
    n_positive: f64,
}

impl Sums {
    /// One pass over returns, at least one.
    fn new(returns: &[f64]) -> Self {
        let mut sums = Self {
            all: 0.0,
            downside: 0.0,
            above: 0.0,
            below: 0.0,
            lost: 0.0,
            best: returns[0],
            worst: returns[0],
            largest: 0.0,
            n_positive: 0.0,
        };
        for &value in returns {
            let is_gain = value > 0.0;
            // Adding 0 to what is not -0 changes no bit; none of these sums is.
            let (gain, loss) = if is_gain { (value, 0.0) } else { (0.0, value) };
            sums.all += value;
            sums.downside += loss * loss;
            sums.above += gain;
            sums.below -= loss;
            sums.lost += -loss;
            sums.best = sums.best.max(value);
            sums.worst = sums.worst.min(value);
            sums.largest = value.abs().max(sums.largest);
            sums.n_positive += f64::from(is_gain);
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

/// Both ends of the returns.
struct Tails {
    /// The 5 % quantile.
    low: Option<f64>,
    /// The 95 % quantile.
    high: Option<f64>,
    /// The mean of the lowest up to the 5 % quantile.
    lowest_mean: Option<f64>,
}

impl Tails {
    /// Selects order statistics of finite values, at least two.
    fn new(values: &[f64]) -> Self {
        let mut ordered = values.to_vec();
        let most = (ordered.len() - 1) as f64;
        let below = (TAIL * most).floor() as usize;
        ordered.select_nth_unstable_by(below, f64::total_cmp);
        let (lowest, rest) = ordered.split_at_mut(below + 1);
        lowest.sort_unstable_by(f64::total_cmp);
        let lowest_mean = super::mean(lowest);
        let low = between(lowest[below], next(rest, lowest[below]), TAIL * most - below as f64);
        let share = 0.95;
        let at = (share * most).floor() as usize;
        // Small samples may have both quantiles among the lowest.
        let high = match at.checked_sub(below + 1) {
            None => {
                between(lowest[at], *lowest.get(at + 1).unwrap_or(&next(rest, lowest[at])), share * most - at as f64)
            }
            Some(place) => {
                let (_, value, above) = rest.select_nth_unstable_by(place, f64::total_cmp);
                between(*value, next(above, *value), share * most - at as f64)
            }
        };
        Self { low: defined(low), high: defined(high), lowest_mean }
    }
}

/// The lowest of values; `last` when there is none.
fn next(values: &[f64], last: f64) -> f64 {
    values.iter().copied().min_by(f64::total_cmp).unwrap_or(last)
}

/// The value between two, from the nearer one, as [`tail::quantile`] has it.
fn between(low: f64, high: f64, part: f64) -> f64 {
    if part < 0.5 { low + (high - low) * part } else { high - (high - low) * (1.0 - part) }
}

/// Falls below the highest value so far.
struct Falls {
    /// See [`super::drawdowns`].
    all: Vec<f64>,
    /// The lowest, 0 at most.
    lowest: f64,
    /// Sum of squares of all but the first.
    squares: f64,
}

impl Falls {
    /// The falls of a curve of positive numbers.
    fn new(equity: &[f64]) -> Self {
        let all = super::drawdowns(equity);
        let (mut lowest, mut squares) = (0.0f64.min(all[0]), 0.0);
        for fall in &all[1..] {
            lowest = lowest.min(*fall);
            squares += fall * fall;
        }
        Self { all, lowest, squares }
    }
}

/// See [`tail::stability`]; for a curve of positive numbers.
fn stability(equity: &[f64]) -> Option<f64> {
    let n = equity.len() - 1;
    let (mut logs, mut sum, mut places, mut largest) = (Vec::with_capacity(n), 0.0, 0.0, 0.0f64);
    for (at, value) in equity[1..].iter().enumerate() {
        let log = libm::log(value / equity[0]);
        sum += log;
        places += at as f64;
        largest = log.abs().max(largest);
        logs.push(log);
    }
    let (mean, middle) = (defined(sum / n as f64)?, defined(places / n as f64)?);
    let (mut variance, mut spread, mut cov) = (0.0, 0.0, 0.0);
    for (at, log) in logs.iter().enumerate() {
        let (log, place) = (log - mean, at as f64 - middle);
        variance += log * log;
        spread += place * place;
        cov += log * place;
    }
    let free = (n - 1) as f64;
    if (spread / free).sqrt() <= NOTHING * free {
        return None;
    }
    let beta = defined(cov / spread)?;
    defined((mean - beta * middle) * 1.0)?;
    if (variance / free).sqrt() <= NOTHING * largest {
        return None;
    }
    let correlation = defined(cov / (variance.sqrt() * spread.sqrt()))?;
    defined(correlation * correlation)
}
