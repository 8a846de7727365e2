//! All metrics of closed trades at once: the formulas of [`super`], each with the same bits, in two passes. A search has
//! millions of trades.

use super::bars::Bars;
use super::{best, win_rate, worst};
use crate::metrics::defined;

/// Closed trades, column by column, all of one length.
#[derive(Debug, Clone, Copy, Default)]
pub struct Closed<'a> {
    /// Profits after costs, quote units.
    pub profits: &'a [f64],
    /// Bars from entry to exit.
    pub bars: &'a [f64],
    /// Whether they were long.
    pub longs: &'a [bool],
    /// How far they went against their side, shares of the value opened.
    pub adverse: &'a [f64],
    /// How far they went with it.
    pub favourable: &'a [f64],
}

/// What closed trades come to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TradeSummary {
    /// See [`win_rate`].
    pub win_rate: Option<f64>,
    /// See [`super::profit_factor`].
    pub profit_factor: Option<f64>,
    /// See [`super::expectancy`].
    pub expectancy: Option<f64>,
    /// See [`super::payoff`].
    pub payoff: Option<f64>,
    /// See [`best`].
    pub best: Option<f64>,
    /// See [`worst`].
    pub worst: Option<f64>,
    /// See [`super::average_win`].
    pub average_win: Option<f64>,
    /// See [`super::average_loss`].
    pub average_loss: Option<f64>,
    /// See [`super::longest_streak`], of winners; `None` without a trade.
    pub longest_winning_streak: Option<f64>,
    /// The same of losers.
    pub longest_losing_streak: Option<f64>,
    /// See [`super::quality_number`].
    pub quality_number: Option<f64>,
    /// See [`super::kelly`].
    pub kelly: Option<f64>,
    /// Mean of the bars.
    pub mean_bars: Option<f64>,
    /// See [`crate::metrics::tail::median`], of the bars.
    pub median_bars: Option<f64>,
    /// Long trades.
    pub n_long: usize,
    /// The others.
    pub n_short: usize,
    /// See [`win_rate`], of the long ones.
    pub win_rate_long: Option<f64>,
    /// The same of the short ones.
    pub win_rate_short: Option<f64>,
    /// Mean adverse excursion.
    pub mean_adverse: Option<f64>,
    /// Mean favourable excursion.
    pub mean_favourable: Option<f64>,
    /// See [`super::edge_ratio`].
    pub edge_ratio: Option<f64>,
}

/// What closed trades come to.
pub fn summary(closed: &Closed<'_>) -> TradeSummary {
    let n = closed.profits.len();
    let (sums, bars) = (Sums::new(closed), Bars::new(closed.bars));
    let mean = |sum: f64| if n == 0 { None } else { defined(sum / n as f64) };
    let (mean_adverse, mean_favourable) = (mean(sums.adverse), mean(sums.favourable));
    let (win_rate_long, win_rate_short) = sums.win_rates(closed);
    let summary = TradeSummary {
        longest_winning_streak: (n > 0).then_some(sums.winning.longest as f64),
        longest_losing_streak: (n > 0).then_some(sums.losing.longest as f64),
        mean_bars: bars.mean,
        median_bars: bars.median,
        n_long: sums.n_long as usize,
        n_short: n - sums.n_long as usize,
        win_rate_long,
        win_rate_short,
        mean_adverse,
        mean_favourable,
        edge_ratio: mean_adverse
            .filter(|adverse| *adverse != 0.0)
            .and_then(|adverse| defined(mean_favourable? / -adverse)),
        ..TradeSummary::default()
    };
    if n == 0 || !sums.is_known(closed) { summary } else { with_profits(summary, &sums, closed.profits) }
}

/// Adds what follows from profits that are all numbers, at least one.
fn with_profits(summary: TradeSummary, sums: &Sums, profits: &[f64]) -> TradeSummary {
    let n = profits.len() as f64;
    let average = |sum: f64, n: u64| if n == 0 { None } else { defined(sum / n as f64) };
    let mean = defined(sums.all / n);
    let (average_win, average_loss) = (average(sums.won, sums.n_won), average(sums.lost, sums.n_lost));
    let win_rate = sums.n_won as f64 / n;
    let payoff = average_win.zip(average_loss).and_then(|(win, loss)| defined(win / loss));
    let spread = Spread::new(profits, mean.unwrap_or(0.0));
    let deviation = defined((spread.squares / (n - 1.0)).sqrt()).filter(|deviation| *deviation != 0.0);
    TradeSummary {
        win_rate: Some(win_rate),
        profit_factor: if sums.n_lost == 0 { None } else { defined(sums.won / sums.lost) },
        expectancy: mean,
        payoff,
        best: spread.best(profits),
        worst: spread.worst(profits),
        average_win,
        average_loss: average_loss.map(|loss| -loss),
        quality_number: deviation.and_then(|deviation| defined(n.sqrt() * mean? / deviation)),
        kelly: payoff.and_then(|payoff| defined(win_rate - (1.0 - win_rate) / payoff)),
        ..summary
    }
}

/// Sums over trades, each in their order.
struct Sums {
    /// Profits.
    all: f64,
    /// Those above 0.
    won: f64,
    /// Those below 0, without their sign.
    lost: f64,
    /// Adverse excursions.
    adverse: f64,
    /// Favourable excursions.
    favourable: f64,
    /// Profits above 0.
    n_won: u64,
    /// Profits below 0.
    n_lost: u64,
    /// Long trades.
    n_long: u64,
    /// Long trades with a profit above 0.
    n_long_won: u64,
    /// Profits above 0 in a row.
    winning: Streak,
    /// Profits below 0 in a row.
    losing: Streak,
}

impl Sums {
    /// One pass over trades.
    fn new(closed: &Closed<'_>) -> Self {
        let streak = Streak { longest: 0, current: 0 };
        // The sum of nothing is -0, as that of an iterator is.
        let mut sums = Self {
            all: 0.0,
            won: 0.0,
            lost: 0.0,
            adverse: -0.0,
            favourable: -0.0,
            n_won: 0,
            n_lost: 0,
            n_long: 0,
            n_long_won: 0,
            winning: streak,
            losing: streak,
        };
        let excursions = closed.adverse.iter().zip(closed.favourable);
        for ((&profit, &is_long), (adverse, favourable)) in closed.profits.iter().zip(closed.longs).zip(excursions) {
            let (is_won, is_lost) = (profit > 0.0, profit < 0.0);
            sums.all += profit;
            sums.won += if is_won { profit } else { 0.0 };
            sums.lost -= if is_lost { profit } else { 0.0 };
            sums.adverse += adverse;
            sums.favourable += favourable;
            sums.n_won += u64::from(is_won);
            sums.n_lost += u64::from(is_lost);
            sums.n_long += u64::from(is_long);
            sums.n_long_won += u64::from(is_won & is_long);
            sums.winning.take(is_won);
            sums.losing.take(is_lost);
        }
        sums
    }

    /// Whether no profit is not a number.
    fn is_known(&self, closed: &Closed<'_>) -> bool {
        // Infinities of both signs add up to no number either.
        !self.all.is_nan() || !closed.profits.iter().any(|profit| profit.is_nan())
    }

    /// Shares of winners among long trades and among short ones.
    fn win_rates(&self, closed: &Closed<'_>) -> (Option<f64>, Option<f64>) {
        if !self.is_known(closed) {
            let of_side = |side: bool| -> Vec<f64> {
                let pairs = closed.profits.iter().zip(closed.longs);
                pairs.filter(|(_, is_long)| **is_long == side).map(|(profit, _)| *profit).collect()
            };
            return (win_rate(&of_side(true)), win_rate(&of_side(false)));
        }
        let rate = |n_won: u64, n: u64| (n > 0).then(|| n_won as f64 / n as f64);
        let n_short = closed.profits.len() as u64 - self.n_long;
        (rate(self.n_long_won, self.n_long), rate(self.n_won - self.n_long_won, n_short))
    }
}

/// See [`super::longest_streak`].
#[derive(Debug, Clone, Copy)]
struct Streak {
    /// The longest so far.
    longest: u64,
    /// That which ends here.
    current: u64,
}

impl Streak {
    /// Takes the next one in. Winners come as they please: no branch.
    #[inline]
    fn take(&mut self, is_of_it: bool) {
        self.current = (self.current + 1) & u64::from(is_of_it).wrapping_neg();
        self.longest = self.longest.max(self.current);
    }
}

/// Extremes that are looked for side by side.
const LANES: usize = 4;

/// How far profits are from one another.
struct Spread {
    /// Sum of squares around the mean.
    squares: f64,
    /// The highest.
    highest: f64,
    /// The lowest.
    lowest: f64,
}

impl Spread {
    /// One pass over profits, at least one, none of them not a number.
    fn new(profits: &[f64], mean: f64) -> Self {
        let (chunks, rest) = profits.as_chunks::<LANES>();
        let (mut highest, mut lowest, mut squares) = ([profits[0]; LANES], [profits[0]; LANES], 0.0);
        for chunk in chunks {
            for lane in 0..LANES {
                let profit = chunk[lane];
                highest[lane] = if profit > highest[lane] { profit } else { highest[lane] };
                lowest[lane] = if profit < lowest[lane] { profit } else { lowest[lane] };
            }
            for distance in chunk.map(|profit| profit - mean) {
                squares += distance * distance;
            }
        }
        for profit in rest {
            squares += (profit - mean) * (profit - mean);
        }
        let all = |lanes: [f64; LANES], pick: fn(f64, f64) -> f64| {
            lanes.into_iter().chain(rest.iter().copied()).reduce(pick).unwrap_or(profits[0])
        };
        Self { squares, highest: all(highest, f64::max), lowest: all(lowest, f64::min) }
    }

    /// See [`best`]; which 0 it is depends on the order of looking.
    fn best(&self, profits: &[f64]) -> Option<f64> {
        if self.highest == 0.0 { best(profits) } else { defined(self.highest) }
    }

    /// See [`worst`].
    fn worst(&self, profits: &[f64]) -> Option<f64> {
        if self.lowest == 0.0 { worst(profits) } else { defined(self.lowest) }
    }
}
