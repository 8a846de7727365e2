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
    for n in [4095, 4096, 4097, 4098, 6000] {
        for is_misleading in [false, true] {
            let mut value = 100.0;
            let curve = (0..n).map(|at| {
                value *= 1.0 + (random.below(2000) as f64 - 1000.0) / 50_000.0;
                // The first return is that of the second value; what the sample sees is not what there is.
                value * if is_misleading && at % 17 == 1 { 0.9 } else { 1.0 }
            });
            curves.push(curve.collect());
        }
    }
    let mut workspace = Workspace::default();
    for curve in curves {
        let returns = returns(&curve);
        let summary = summary(&curve, 365.0, &mut workspace);
        assert_eq!(at_once(&summary), one_by_one(&curve, &returns), "{curve:?}");
        assert_eq!(summary.worst_drawdown, worst_drawdown(&curve));
        assert_eq!(summary.longest_drawdown, longest_drawdown(&curve));
        if max_drawdown(&curve).is_some() {
            assert_eq!(summary.longest_drawdown, longest_slowly(&curve), "{curve:?}");
        }
    }
}

#[test]
fn all_of_trades_at_once_has_the_bits_of_one_by_one() {
    let mut random = Random::new(12);
    let mut all: Vec<Vec<f64>> =
        vec![Vec::new(), vec![1.5], vec![-1.5], vec![0.0], vec![3.0, 3.0], vec![1.0, f64::NAN, -2.0]];
    for n in [2, 3, 7, 40, 500] {
        for spread in [4, 5, 2001] {
            all.push((0..n).map(|_| (random.below(spread) as f64 - 2.0) / 7.0).collect());
        }
    }
    for profits in all {
        let bits = |value: Option<f64>| value.map(f64::to_bits);
        let known = !profits.is_empty();
        let one_by_one = [
            win_rate(&profits),
            profit_factor(&profits),
            expectancy(&profits),
            payoff(&profits),
            trades::best(&profits),
            trades::worst(&profits),
            trades::average_win(&profits),
            trades::average_loss(&profits),
            known.then(|| trades::longest_streak(&profits, |profit| profit > 0.0) as f64),
            known.then(|| trades::longest_streak(&profits, |profit| profit < 0.0) as f64),
            trades::quality_number(&profits),
            trades::kelly(&profits),
        ];
        let summary = trades::summary(&profits);
        let at_once = [
            summary.win_rate,
            summary.profit_factor,
            summary.expectancy,
            summary.payoff,
            summary.best,
            summary.worst,
            summary.average_win,
            summary.average_loss,
            summary.longest_winning_streak,
            summary.longest_losing_streak,
            summary.quality_number,
            summary.kelly,
        ];
        assert_eq!(at_once.map(bits), one_by_one.map(bits), "{profits:?}");
    }
}
