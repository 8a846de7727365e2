//! The shape of returns and of drawdowns: tails, asymmetry, pain.

use super::probability::shape;
use super::{defined, drawdowns, max_drawdown, mean, regression, total_return};

/// The quantile of a sample by linear interpolation between order statistics (type 7 of Hyndman and Fan 1996, the default
/// of NumPy); undefined for no value, one that is not a number, or a share outside 0 to 1.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    if values.is_empty() || values.iter().any(|value| value.is_nan()) || !(0.0..=1.0).contains(&share) {
        return None;
    }
    let mut values = values.to_vec();
    let at = share * (values.len() - 1) as f64;
    let below = at.floor() as usize;
    let (_, low, rest) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = rest.iter().copied().min_by(f64::total_cmp).unwrap_or(*low);
    let (low, part) = (*low, at - below as f64);
    // From the nearer end, as NumPy does, so that the last bits agree.
    defined(if part < 0.5 { low + (high - low) * part } else { high - (high - low) * (1.0 - part) })
}

/// The middle value, the mean of the two middle ones for an even number.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// Historical value at risk: the return that only a `share` of periods falls below; a loss is negative.
pub fn value_at_risk(returns: &[f64], share: f64) -> Option<f64> {
    quantile(returns, share)
}

/// Historical conditional value at risk: the mean of the `floor((n - 1) * share) + 1` lowest returns.
pub fn conditional_value_at_risk(returns: &[f64], share: f64) -> Option<f64> {
    if returns.is_empty() || returns.iter().any(|value| value.is_nan()) || !(0.0..=1.0).contains(&share) {
        return None;
    }
    let mut sorted = returns.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = ((sorted.len() - 1) as f64 * share) as usize + 1;
    mean(&sorted[..n])
}

/// Skewness from central moments, ddof 0; undefined when nothing varies.
pub fn skewness(values: &[f64]) -> Option<f64> {
    shape(values).map(|(skewness, _)| skewness)
}

/// Raw kurtosis from central moments, ddof 0: 3 for a normal distribution; undefined when nothing varies.
pub fn kurtosis(values: &[f64]) -> Option<f64> {
    shape(values).map(|(_, kurtosis)| kurtosis)
}

/// Skewness corrected for the bias of small samples, `g1 sqrt(n (n - 1)) / (n - 2)`; needs three values.
pub fn sample_skewness(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    if values.len() < 3 { None } else { defined(skewness(values)? * (n * (n - 1.0)).sqrt() / (n - 2.0)) }
}

/// Excess kurtosis corrected for the bias of small samples,
/// `(n - 1) / ((n - 2)(n - 3)) ((n + 1)(g2 - 3) + 6)`; needs four values.
pub fn sample_excess_kurtosis(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    if values.len() < 4 {
        return None;
    }
    defined((n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * (kurtosis(values)? - 3.0) + 6.0))
}

/// Tail ratio: the 95 % quantile over the 5 % quantile, without signs; undefined when the lower is 0.
pub fn tail_ratio(returns: &[f64]) -> Option<f64> {
    let (high, low) = (quantile(returns, 0.95)?.abs(), quantile(returns, 0.05)?.abs());
    if low == 0.0 { None } else { defined(high / low) }
}

/// Omega ratio: the sum of returns above `threshold` over that of those below, as distances from it (Keating and Shadwick
/// 2002); undefined without a return below.
pub fn omega(returns: &[f64], threshold: f64) -> Option<f64> {
    let (mut above, mut below) = (0.0, 0.0);
    for value in returns {
        let distance = value - threshold;
        if distance > 0.0 {
            above += distance;
        } else {
            below -= distance;
        }
    }
    if below > 0.0 { defined(above / below) } else { None }
}

/// Gain to pain: the sum of returns over the sum of losses; undefined without a loss.
pub fn gain_to_pain(returns: &[f64]) -> Option<f64> {
    let lost: f64 = returns.iter().filter(|value| **value < 0.0).map(|value| -value).sum();
    if lost > 0.0 { defined(returns.iter().sum::<f64>() / lost) } else { None }
}

/// Ulcer index `sqrt(mean(d^2))` over the drawdowns of all values but the first (Martin and McCann 1989).
pub fn ulcer_index(equity: &[f64]) -> Option<f64> {
    let falls = drawdowns(equity);
    let falls = falls.get(1..)?;
    if falls.is_empty() {
        return None;
    }
    defined((falls.iter().map(|fall| fall * fall).sum::<f64>() / falls.len() as f64).sqrt())
}

/// Recovery factor: total return over the maximum drawdown; undefined without a drawdown.
pub fn recovery_factor(equity: &[f64]) -> Option<f64> {
    let depth = max_drawdown(equity)?.abs();
    if depth == 0.0 { None } else { defined(total_return(equity)? / depth) }
}

/// Stability: R squared of a straight line through the logarithm of equity after each period; undefined when equity is not
/// positive or does not vary.
pub fn stability(equity: &[f64]) -> Option<f64> {
    let after = equity.get(1..)?;
    if after.iter().any(|value| *value <= 0.0) {
        return None;
    }
    let logs: Vec<f64> = after.iter().map(|value| libm::log(value / equity[0])).collect();
    let line: Vec<f64> = (0..logs.len()).map(|idx| idx as f64).collect();
    let correlation = regression(&logs, &line, 1.0)?.correlation?;
    defined(correlation * correlation)
}
