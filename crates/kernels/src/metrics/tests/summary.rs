//! All metrics at once against the formulas one by one: the same bits.

use crate::bootstrap::Random;
use crate::metrics::*;

/// What the formulas give, in the order of [`Summary`]'s fields, as bits.
fn one_by_one(equity: &[f64], returns: &[f64]) -> Vec<Option<u64>> {
    let gains: Vec<f64> = returns.iter().map(|value| f64::from(*value > 0.0)).collect();
    let values = [
        total_return(equity),
        volatility(returns, 365.0),
        sharpe(returns, 365.0, 0.0),
        sortino(returns, 365.0, 0.0),
        downside_deviation(returns, 0.0),
        max_drawdown(equity),
        probabilistic_sharpe(returns, 0.0),
        tail::ulcer_index(equity),
        tail::recovery_factor(equity),
        trades::best(returns),
        trades::worst(returns),
        mean(&gains),
        tail::value_at_risk(returns, 0.05),
        tail::conditional_value_at_risk(returns, 0.05),
        tail::skewness(returns),
        tail::kurtosis(returns),
        tail::tail_ratio(returns),
        tail::omega(returns, 0.0),
        tail::gain_to_pain(returns),
        tail::stability(equity),
    ];
    values.iter().map(|value| value.map(f64::to_bits)).collect()
}

/// The same of the summary.
fn at_once(summary: &Summary) -> Vec<Option<u64>> {
    let values = [
        summary.total_return,
        summary.volatility,
        summary.sharpe,
        summary.sortino,
        summary.downside_deviation,
        summary.max_drawdown,
        summary.probabilistic_sharpe,
        summary.ulcer_index,
        summary.recovery_factor,
        summary.best,
        summary.worst,
        summary.positive,
        summary.value_at_risk,
        summary.conditional_value_at_risk,
        summary.skewness,
        summary.kurtosis,
        summary.tail_ratio,
        summary.omega,
        summary.gain_to_pain,
        summary.stability,
    ];
    values.iter().map(|value| value.map(f64::to_bits)).collect()
}

/// The longest drawdown looked for from each high anew.
fn longest_slowly(equity: &[f64]) -> Option<Drawdown> {
    let falls = all_drawdowns(equity);
    let length = |fall: &Drawdown| fall.recovery_idx.unwrap_or(equity.len() - 1) - fall.peak_idx;
    falls.into_iter().reduce(|best, next| if length(&next) > length(&best) { next } else { best })
}

#[test]
fn all_at_once_has_the_bits_of_one_by_one() {
    let mut random = Random::new(11);
    let mut curves: Vec<Vec<f64>> = vec![
        Vec::new(),
        vec![1.0],
        vec![1.0, 1.0],
        vec![1.0, 2.0],
        vec![2.0, 1.0, 1.5],
        vec![1.0; 30],
        vec![1.0, 0.0, 1.0],
        vec![1.0, -1.0, 3.0, 2.0],
        vec![1.0, f64::NAN, 3.0],
        (1..50).map(f64::from).collect(),
    ];
    for n in [3, 4, 5, 19, 20, 21, 22, 40, 41, 100, 1000] {
        for step in [0.1, 0.01, 0.5] {
            let mut value = 100.0;
            let curve = (0..n).map(|_| {
                value *= 1.0 + step * (random.below(21) as f64 - 10.0) / 10.0;
                value
            });
            curves.push(curve.collect());
        }
    }
    for curve in curves {
        let returns = returns(&curve);
        let summary = summary(&curve, &returns, 365.0);
        assert_eq!(at_once(&summary), one_by_one(&curve, &returns), "{curve:?}");
        assert_eq!(summary.worst_drawdown, worst_drawdown(&curve));
        assert_eq!(summary.longest_drawdown, longest_drawdown(&curve));
        if max_drawdown(&curve).is_some() {
            assert_eq!(summary.longest_drawdown, longest_slowly(&curve), "{curve:?}");
        }
    }
}
