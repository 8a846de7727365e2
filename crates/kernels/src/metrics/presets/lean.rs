//! LEAN's portfolio statistics: daily returns, a yearly return from the mean of a day, benchmark-relative numbers from it.

use super::super::probability::probability_above;
use super::super::{deviation, mean, regression, relative, sharpe_per_period, tail, trades};
use super::{Number, Sample, plain, yearly};

/// The table at the end of a LEAN backtest, as fractions.
pub(super) fn numbers(sample: &Sample<'_>) -> Vec<Number> {
    let (r, n) = (sample.returns(), sample.periods_per_year);
    let (annual, free) = (annual_performance(&r, n), sample.risk_free);
    let spread = deviation(&r).map(|spread| spread * n.sqrt());
    let over = |a: Option<f64>, b: Option<f64>| a.zip(b).filter(|(_, b)| *b != 0.0).map(|(a, b)| a / b);
    let excess = annual.map(|annual| annual - free);
    let losses: Vec<f64> = r.iter().copied().filter(|value| *value < 0.0).collect();
    let downside = deviation(&losses).map(|downside| downside * n.sqrt());
    let depth = super::super::max_drawdown(sample.equity);
    let years = sample.days.last().map(|days| days / 365.0);
    let mut out = vec![
        plain("Net Profit", super::super::total_return(sample.equity), "W_n/W_0 - 1"),
        plain(
            "Compounding Annual Return",
            years.and_then(|years| super::super::cagr(sample.equity, years)),
            "(W_n/W_0)^(1/years) - 1, years of 365 days",
        ),
        plain("Drawdown", depth.map(f64::abs), "largest fall from a high"),
        yearly("Sharpe Ratio", over(excess, spread), "((1 + mean(r))^N - 1 - f)/(std(r)*sqrt(N))"),
        yearly("Sortino Ratio", over(excess, downside), "((1 + mean(r))^N - 1 - f)/(std of the negative r*sqrt(N))"),
        plain(
            "Probabilistic Sharpe Ratio",
            probabilistic(&r, n, free),
            "probability that the Sharpe ratio is above 1 a year, with the unbiased skewness and excess kurtosis",
        ),
        yearly("Annual Standard Deviation", spread, "std(r)*sqrt(N), ddof 1"),
        yearly("Annual Variance", spread.map(|spread| spread * spread), "var(r)*N"),
    ];
    if let Some(b) = charted_returns(sample) {
        let beta = regression(&r, &b, n).map(|fit| fit.beta);
        let other = annual_performance(&b, n);
        let alpha = annual.zip(beta).zip(other).map(|((own, beta), other)| own - (free + beta * (other - free)));
        let error = relative::tracking_error(&r, &b, n);
        out.push(yearly("Alpha", alpha, "annual return - (f + beta*(benchmark's - f))"));
        out.push(plain("Beta", beta, "cov(r, b)/var(b)"));
        out.push(yearly(
            "Information Ratio",
            over(annual.zip(other).map(|(own, other)| own - other), error),
            "(annual return - benchmark's)/tracking error",
        ));
        out.push(yearly("Tracking Error", error, "std(r - b)*sqrt(N)"));
        out.push(yearly("Treynor Ratio", relative::treynor(excess, beta), "(annual return - f)/beta"));
    }
    out.extend(closed(sample));
    out
}

/// Returns of the benchmark as it is charted: LEAN computes them from the points of a chart, whose values are rounded
/// (`SmartRounding`) to 4 places above 1,000 and to 7 significant digits below.
fn charted_returns(sample: &Sample<'_>) -> Option<Vec<f64>> {
    let charted: Vec<f64> = sample.benchmark?.iter().map(|&value| smart_rounding(value)).collect();
    Some(super::super::returns(&charted))
}

/// A value as a chart's point has it.
fn smart_rounding(value: f64) -> f64 {
    let places = if value > 1000.0 || value == 0.0 { 4 } else { 6 - libm::floor(libm::log10(value.abs())) as i32 };
    let scale = libm::pow(10.0, f64::from(places));
    if scale.is_finite() { (value * scale).round_ties_even() / scale } else { value }
}

/// The probability that the Sharpe ratio is above 1 a year: [`probability_above`], skewness and kurtosis as MathNet gives them
/// (unbiased; the kurtosis is the excess one).
fn probabilistic(r: &[f64], n: f64, free: f64) -> Option<f64> {
    let excess: Vec<f64> = r.iter().map(|value| value - free / n).collect();
    let sharpe = sharpe_per_period(&excess, 0.0)?;
    let shape = (tail::sample_skewness(r)?, tail::sample_excess_kurtosis(r)?);
    probability_above(sharpe, 1.0 / n.sqrt(), r.len(), shape)
}

/// Statistics of closed trades.
fn closed(sample: &Sample<'_>) -> Vec<Number> {
    let profits = sample.profits();
    let shares: Vec<f64> =
        profits.iter().map(|profit| profit / sample.equity.first().copied().unwrap_or(f64::NAN)).collect();
    let won = trades::win_rate(&profits);
    let payoff = trades::payoff(&shares);
    let expectancy = won.zip(payoff).map(|(won, payoff)| won * payoff - (1.0 - won));
    vec![
        plain("Average Win", trades::average_win(&shares), "mean profit of winners over the capital"),
        plain("Average Loss", trades::average_loss(&shares), "mean loss of losers over the capital"),
        plain("Win Rate", won, "share of closed trades with a profit"),
        plain("Loss Rate", won.map(|won| 1.0 - won), "1 - win rate"),
        plain("Profit-Loss Ratio", payoff, "average win over average loss"),
        plain("Expectancy", expectancy, "win rate*profit-loss ratio - loss rate"),
    ]
}

/// A year of days of the mean return: `(1 + mean(r))^N - 1`.
fn annual_performance(r: &[f64], periods_per_year: f64) -> Option<f64> {
    relative::growth(std::iter::once(mean(r)?), periods_per_year)
}
