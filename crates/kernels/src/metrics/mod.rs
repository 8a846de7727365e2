//! Performance metrics: one formula each, on plain slices. Undefined is `None`, never 0 or infinity.
//!
//! `W` is equity per period, `r` its simple returns, `n` their number, `N` periods per year from the data's calendar.
//! Deviations are those of a sample (ddof 1). Anything that is not finite in the input makes the result undefined. Knows
//! nothing of time: whoever knows the calendar hands in `N` and years.
//!
//! Curves are here, trades in [`trades`], distributions and the probability of a Sharpe ratio in [`probability`] and
//! [`tail`], comparisons with a benchmark in [`relative`], moving windows in [`rolling`], the price of size in [`capacity`].
//! [`presets`] are the conventions of other libraries under their names.

pub mod capacity;
pub mod presets;
pub mod probability;
pub mod relative;
pub mod rolling;
pub mod summary;
pub mod tail;
#[cfg(test)]
mod tests;
pub mod trades;

pub use probability::{deflated_sharpe, expected_max_sharpe, probabilistic_sharpe};
pub use summary::{Summary, Workspace, summary, summary_after};
pub use trades::{expectancy, payoff, profit_factor, win_rate};

/// A deviation this small beside the largest return is rounding: the returns are all the same.
const NOTHING: f64 = 1e-14;

/// A fall of equity below its highest value so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawdown {
    /// Position of the high before it.
    pub peak_idx: usize,
    /// Position of its lowest point.
    pub trough_idx: usize,
    /// Position where equity is back at the high; `None` when it never is.
    pub recovery_idx: Option<usize>,
}

/// Returns regressed on a benchmark's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regression {
    /// Intercept per period, times `N`.
    pub alpha: f64,
    /// Slope.
    pub beta: f64,
    /// Pearson correlation; `None` when the returns do not vary.
    pub correlation: Option<f64>,
}

/// Simple returns `W_i / W_(i-1) - 1`; NaN where the earlier value is not positive.
pub fn returns(equity: &[f64]) -> Vec<f64> {
    equity.windows(2).map(|pair| if pair[0] > 0.0 { pair[1] / pair[0] - 1.0 } else { f64::NAN }).collect()
}

/// `W_n / W_0 - 1`; needs two values and a positive first one.
pub fn total_return(equity: &[f64]) -> Option<f64> {
    match equity {
        [first, .., last] if *first > 0.0 => defined(last / first - 1.0),
        _ => None,
    }
}

/// Compound annual growth rate `(W_n / W_0)^(1 / years) - 1`; undefined without time or when equity is gone.
pub fn cagr(equity: &[f64], years: f64) -> Option<f64> {
    cagr_of(total_return(equity), years)
}

/// [`cagr`] of a curve whose [`total_return`] is known.
pub fn cagr_of(total_return: Option<f64>, years: f64) -> Option<f64> {
    let growth = total_return? + 1.0;
    if growth <= 0.0 || years <= 0.0 || years.is_nan() {
        return None;
    }
    defined(libm::pow(growth, 1.0 / years) - 1.0)
}

/// Arithmetic mean.
pub fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() { None } else { defined(values.iter().sum::<f64>() / values.len() as f64) }
}

/// Sample standard deviation (ddof 1), in two passes; needs two values.
pub fn deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    defined((squares / (values.len() - 1) as f64).sqrt())
}

/// Annual volatility `std(r) * sqrt(N)`.
pub fn volatility(returns: &[f64], periods_per_year: f64) -> Option<f64> {
    defined(deviation(returns)? * periods_per_year.sqrt())
}

/// Sharpe ratio `mean(r - f) / std(r) * sqrt(N)`, `f` the risk-free return per period; undefined when returns do not vary.
pub fn sharpe(returns: &[f64], periods_per_year: f64, risk_free: f64) -> Option<f64> {
    defined(sharpe_per_period(returns, risk_free)? * periods_per_year.sqrt())
}

/// The Sharpe ratio before annualising.
fn sharpe_per_period(returns: &[f64], risk_free: f64) -> Option<f64> {
    let deviation = deviation(returns)?;
    if deviation <= NOTHING * largest(returns) {
        return None;
    }
    defined((mean(returns)? - risk_free) / deviation)
}

/// Sortino ratio `mean(r - f) / sqrt(sum(min(r - f, 0)^2) / n) * sqrt(N)`: the downside is taken over all `n` returns
/// (Sortino and van der Meer 1991). Undefined without a return below `f`.
pub fn sortino(returns: &[f64], periods_per_year: f64, risk_free: f64) -> Option<f64> {
    let mean = mean(returns)? - risk_free;
    let downside = downside_deviation(returns, risk_free)?;
    if downside == 0.0 { None } else { defined(mean / downside * periods_per_year.sqrt()) }
}

/// `sqrt(sum(min(r - f, 0)^2) / n)` per period, `f` the return that is to be beaten.
pub fn downside_deviation(returns: &[f64], risk_free: f64) -> Option<f64> {
    let losses = |value: &f64| {
        // `min` would turn a NaN into 0.
        let excess = value - risk_free;
        if excess > 0.0 { 0.0 } else { excess * excess }
    };
    if returns.is_empty() {
        return None;
    }
    defined((returns.iter().map(losses).sum::<f64>() / returns.len() as f64).sqrt())
}

/// Calmar ratio `CAGR / |MDD|`; undefined without a drawdown.
pub fn calmar(cagr: Option<f64>, max_drawdown: Option<f64>) -> Option<f64> {
    let depth = max_drawdown?.abs();
    if depth == 0.0 { None } else { defined(cagr? / depth) }
}

/// Equity over its highest value so far, minus 1, for each period: 0 at a high, negative below; NaN while no value has
/// been positive.
pub fn drawdowns(equity: &[f64]) -> Vec<f64> {
    let mut peak = f64::NEG_INFINITY;
    equity
        .iter()
        .map(|&value| {
            peak = peak.max(value);
            if peak > 0.0 { value / peak - 1.0 } else { f64::NAN }
        })
        .collect()
}

/// The lowest of [`drawdowns`], 0 or negative.
pub fn max_drawdown(equity: &[f64]) -> Option<f64> {
    let falls = drawdowns(equity);
    if falls.is_empty() || falls.iter().any(|fall| fall.is_nan()) {
        return None;
    }
    defined(falls.into_iter().fold(0.0, f64::min))
}

/// All falls below an earlier value, in order of time: each from its high to its recovery, or to the end.
pub fn all_drawdowns(equity: &[f64]) -> Vec<Drawdown> {
    let falls = drawdowns(equity);
    let (mut out, mut peak_idx) = (Vec::new(), 0);
    let mut idx = 0;
    while idx < falls.len() {
        if falls[idx] >= 0.0 || falls[idx].is_nan() {
            peak_idx = idx;
            idx += 1;
            continue;
        }
        let length = falls[idx..].iter().take_while(|fall| **fall < 0.0).count();
        let last_idx = idx + length - 1;
        let recovery_idx = Some(last_idx + 1).filter(|&next| next < falls.len());
        out.push(Drawdown { peak_idx, trough_idx: trough(&falls, peak_idx, last_idx), recovery_idx });
        idx = last_idx + 1;
    }
    out
}

/// Where the maximum drawdown lies; `None` when equity never falls below an earlier value. The first of equal ones.
pub fn worst_drawdown(equity: &[f64]) -> Option<Drawdown> {
    max_drawdown(equity)?;
    worst_of(&drawdowns(equity))
}

/// [`worst_drawdown`] of falls that are all numbers.
fn worst_of(falls: &[f64]) -> Option<Drawdown> {
    let deepest = |best: Option<usize>, idx: usize| match best {
        Some(best) if falls[idx] >= falls[best] => Some(best),
        _ => Some(idx).filter(|&idx| falls[idx] < 0.0),
    };
    let trough_idx = (0..falls.len()).fold(None, deepest)?;
    let peak_idx = falls[..trough_idx].iter().rposition(|&fall| fall >= 0.0)?;
    let recovery_idx = falls[trough_idx..].iter().position(|&fall| fall >= 0.0).map(|after| trough_idx + after);
    Some(Drawdown { peak_idx, trough_idx, recovery_idx })
}

/// The drawdown that lasts the most periods from its high to its recovery, or to the end; the first of equal ones.
pub fn longest_drawdown(equity: &[f64]) -> Option<Drawdown> {
    max_drawdown(equity)?;
    longest_of(&drawdowns(equity))
}

/// [`longest_drawdown`] of falls that are all numbers.
fn longest_of(falls: &[f64]) -> Option<Drawdown> {
    let mut longest: Option<(usize, Drawdown)> = None;
    let (mut peak_idx, mut trough_idx) = (0, 0);
    for (idx, fall) in falls.iter().enumerate() {
        if *fall >= 0.0 {
            peak_idx = idx;
            continue;
        }
        // The first of the deepest since the high.
        if idx == peak_idx + 1 || *fall < falls[trough_idx] {
            trough_idx = idx;
        }
        let length = idx - peak_idx;
        let recovery_idx = falls.get(idx + 1).filter(|next| **next >= 0.0).map(|_| idx + 1);
        let length = length + usize::from(recovery_idx.is_some());
        if longest.is_none_or(|(best, _)| length > best) {
            longest = Some((length, Drawdown { peak_idx, trough_idx, recovery_idx }));
        }
    }
    longest.map(|(_, drawdown)| drawdown)
}

/// The first position of the deepest fall after `peak_idx` up to `last_idx`.
fn trough(falls: &[f64], peak_idx: usize, last_idx: usize) -> usize {
    (peak_idx + 1..=last_idx).fold(last_idx, |best, idx| {
        if falls[idx] < falls[best] || (falls[idx] == falls[best] && idx < best) { idx } else { best }
    })
}

/// One-sided turnover `0.5 * sum |w - w_drifted|` of one rebalance; both slices hold the same names in the same order.
pub fn turnover(weights: &[f64], drifted: &[f64]) -> f64 {
    0.5 * weights.iter().zip(drifted).map(|(weight, before)| (weight - before).abs()).sum::<f64>()
}

/// Returns regressed on the benchmark's of the same periods by ordinary least squares; undefined when the benchmark does
/// not vary, or with fewer than two periods.
pub fn regression(returns: &[f64], benchmark: &[f64], periods_per_year: f64) -> Option<Regression> {
    if returns.len() != benchmark.len() || returns.len() < 2 {
        return None;
    }
    let (mean_r, mean_b) = (mean(returns)?, mean(benchmark)?);
    let (mut var_r, mut var_b, mut cov) = (0.0, 0.0, 0.0);
    for (r, b) in returns.iter().zip(benchmark) {
        let (r, b) = (r - mean_r, b - mean_b);
        var_r += r * r;
        var_b += b * b;
        cov += r * b;
    }
    let n = (returns.len() - 1) as f64;
    if (var_b / n).sqrt() <= NOTHING * largest(benchmark) {
        return None;
    }
    let beta = defined(cov / var_b)?;
    let varies = (var_r / n).sqrt() > NOTHING * largest(returns);
    Some(Regression {
        alpha: defined((mean_r - beta * mean_b) * periods_per_year)?,
        beta,
        correlation: if varies { defined(cov / (var_r.sqrt() * var_b.sqrt())) } else { None },
    })
}

/// The value if it is finite.
fn defined(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

/// The largest absolute value; 0 for none.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| value.abs().max(most))
}
