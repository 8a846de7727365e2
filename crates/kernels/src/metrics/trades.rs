//! Metrics of closed trades, on their profits after costs in quote units.

mod bars;
mod summary;

use super::{defined, mean};
pub use summary::{Closed, TradeSummary, summary};

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
    // Adding 0 makes the sum of nothing, which is -0, a plain 0.
    if losses.is_empty() { None } else { defined((wins.iter().sum::<f64>() + 0.0) / lost) }
}

/// Mean profit of a trade.
pub fn expectancy(profits: &[f64]) -> Option<f64> {
    mean(profits)
}

/// Mean profit of the winners over mean loss of the losers; undefined without either.
pub fn payoff(profits: &[f64]) -> Option<f64> {
    defined(average_win(profits)? / -average_loss(profits)?)
}

/// The highest.
pub fn best(values: &[f64]) -> Option<f64> {
    extreme(values, f64::max)
}

/// The lowest.
pub fn worst(values: &[f64]) -> Option<f64> {
    extreme(values, f64::min)
}

/// One extreme of values that are all numbers.
fn extreme(values: &[f64], pick: fn(f64, f64) -> f64) -> Option<f64> {
    if values.iter().any(|value| value.is_nan()) { None } else { defined(values.iter().copied().reduce(pick)?) }
}

/// Mean profit of the winners.
pub fn average_win(profits: &[f64]) -> Option<f64> {
    mean(&sides(profits)?.0)
}

/// Mean loss of the losers, a negative number.
pub fn average_loss(profits: &[f64]) -> Option<f64> {
    mean(&sides(profits)?.1).map(|loss| -loss)
}

/// Mean favourable excursion over the mean adverse one, as shares of the value opened; undefined where no trade was ever
/// under water.
pub fn edge_ratio(adverse: &[f64], favourable: &[f64]) -> Option<f64> {
    let adverse = mean(adverse)?;
    if adverse == 0.0 { None } else { defined(mean(favourable)? / -adverse) }
}

/// The longest run of neighbours for which `is_of_it` holds.
pub fn longest_streak(profits: &[f64], is_of_it: impl Fn(f64) -> bool) -> usize {
    let (mut longest, mut current) = (0, 0);
    for profit in profits {
        current = if is_of_it(*profit) { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    longest
}

/// System quality number `sqrt(n) mean / std` of the profits (Tharp 2008), ddof 1; undefined when they do not vary.
pub fn quality_number(profits: &[f64]) -> Option<f64> {
    let spread = super::deviation(profits)?;
    if spread == 0.0 { None } else { defined((profits.len() as f64).sqrt() * mean(profits)? / spread) }
}

/// Kelly's fraction `p - (1 - p) / payoff`, `p` the share of winners (Kelly 1956); undefined without winners or losers.
pub fn kelly(profits: &[f64]) -> Option<f64> {
    let won = win_rate(profits)?;
    defined(won - (1.0 - won) / payoff(profits)?)
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
