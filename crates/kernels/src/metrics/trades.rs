//! Metrics of closed trades, on their profits after costs in quote units.

use super::{defined, mean};

/// All of these at once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TradeSummary {
    /// See [`win_rate`].
    pub win_rate: Option<f64>,
    /// See [`profit_factor`].
    pub profit_factor: Option<f64>,
    /// See [`expectancy`].
    pub expectancy: Option<f64>,
    /// See [`payoff`].
    pub payoff: Option<f64>,
    /// See [`best`].
    pub best: Option<f64>,
    /// See [`worst`].
    pub worst: Option<f64>,
    /// See [`average_win`].
    pub average_win: Option<f64>,
    /// See [`average_loss`].
    pub average_loss: Option<f64>,
    /// See [`longest_streak`], of winners; `None` without a trade.
    pub longest_winning_streak: Option<f64>,
    /// The same of losers.
    pub longest_losing_streak: Option<f64>,
    /// See [`quality_number`].
    pub quality_number: Option<f64>,
    /// See [`kelly`].
    pub kelly: Option<f64>,
}

/// The formulas of this module, each with the same bits, in two passes: a search has millions of trades.
pub fn summary(profits: &[f64]) -> TradeSummary {
    let is_known = profits.iter().fold(true, |all, profit| all & !profit.is_nan());
    let streak = |is_of_it: fn(f64) -> bool| (!profits.is_empty()).then(|| longest_streak(profits, is_of_it) as f64);
    let counted = TradeSummary {
        longest_winning_streak: streak(|profit| profit > 0.0),
        longest_losing_streak: streak(|profit| profit < 0.0),
        ..TradeSummary::default()
    };
    if !is_known || profits.is_empty() {
        return counted;
    }
    let (mut all, mut won, mut lost) = (0.0, 0.0, 0.0);
    let (mut n_won, mut n_lost) = (0u64, 0u64);
    for &profit in profits {
        all += profit;
        won += if profit > 0.0 { profit } else { 0.0 };
        lost += if profit < 0.0 { -profit } else { 0.0 };
        n_won += u64::from(profit > 0.0);
        n_lost += u64::from(profit < 0.0);
    }
    let n = profits.len() as f64;
    let average = |sum: f64, n: u64| if n == 0 { None } else { defined(sum / n as f64) };
    let (mean, average_win, average_loss) = (defined(all / n), average(won, n_won), average(lost, n_lost));
    let win_rate = n_won as f64 / n;
    let payoff = average_win.zip(average_loss).and_then(|(win, loss)| defined(win / loss));
    let squares: f64 = mean.map_or(0.0, |mean| profits.iter().map(|profit| (profit - mean) * (profit - mean)).sum());
    let spread = defined((squares / (n - 1.0)).sqrt()).filter(|spread| *spread != 0.0);
    TradeSummary {
        win_rate: Some(win_rate),
        profit_factor: if n_lost == 0 { None } else { defined(won / lost) },
        expectancy: mean,
        payoff,
        best: best(profits),
        worst: worst(profits),
        average_win,
        average_loss: average_loss.map(|loss| -loss),
        quality_number: spread.and_then(|spread| defined(n.sqrt() * mean? / spread)),
        kelly: payoff.and_then(|payoff| defined(win_rate - (1.0 - win_rate) / payoff)),
        ..counted
    }
}

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
