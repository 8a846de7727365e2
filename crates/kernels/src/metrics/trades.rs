//! Metrics of closed trades, on their profits after costs in quote units.

use super::{defined, mean};

/// Share of trades with a profit above 0.
pub fn win_rate(profits: &[f64]) -> Option<f64> {
    if profits.is_empty() || profits.iter().any(|profit| profit.is_nan()) {
        return None;
    }
    Some(profits.iter().filter(|profit| **profit > 0.0).count() as f64 / profits.len() as f64)
}

/// Sum of profits over sum of losses; undefined without a loss.
pub fn profit_factor(profits: &[f64]) -> Option<f64> {
    let (wins, losses) = sides(profits)?;
    let lost: f64 = losses.iter().sum();
    if losses.is_empty() { None } else { defined(wins.iter().sum::<f64>() / lost) }
}

/// Mean profit of a trade.
pub fn expectancy(profits: &[f64]) -> Option<f64> {
    mean(profits)
}

/// Mean profit of the winners over mean loss of the losers; undefined without either.
pub fn payoff(profits: &[f64]) -> Option<f64> {
    let (wins, losses) = sides(profits)?;
    defined(mean(&wins)? / mean(&losses)?)
}

/// Winners, and losers as positive numbers; a trade of exactly 0 is neither. `None` when a profit is not a number.
fn sides(profits: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
    if profits.iter().any(|profit| profit.is_nan()) {
        return None;
    }
    let wins = profits.iter().copied().filter(|profit| *profit > 0.0).collect();
    let losses = profits.iter().filter(|profit| **profit < 0.0).map(|profit| -profit).collect();
    Some((wins, losses))
}
