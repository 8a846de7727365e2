//! backtesting.py: percentages, geometric means, risk by compounding.

use super::super::{all_drawdowns, deviation, drawdowns, regression, trades};
use super::{Number, Sample, plain, yearly};

/// `Backtest.run()`'s table. Its Alpha and Beta are those of its rows' log returns.
pub(super) fn numbers(sample: &Sample<'_>) -> Vec<Number> {
    let equity = sample.equity;
    let (r, n) = (sample.returns(), sample.periods_per_year);
    let percent = |value: Option<f64>| value.map(|value| 100.0 * value);
    let returned = super::super::total_return(equity);
    let geometric = geometric_mean(&r);
    let annual = geometric.map(|mean| libm::pow(1.0 + mean, n) - 1.0);
    let risk = geometric.zip(deviation(&r)).map(|(mean, spread)| compounded_risk(mean, spread, n));
    let downside = super::super::downside_deviation(&r, 0.0).filter(|downside| *downside > 0.0);
    let over = |a: Option<f64>, b: Option<f64>| a.zip(b).filter(|(_, b)| *b != 0.0).map(|(a, b)| a / b);
    let depth = super::super::max_drawdown(equity);
    let years = sample.days.last().map(|days| days / 365.25);
    let spread_annual = downside.map(|downside| downside * n.sqrt());
    let mut out = vec![
        plain("Exposure Time [%]", percent(sample.exposure), "share of rows with a position"),
        plain("Equity Final [$]", equity.last().copied(), "last equity"),
        plain("Equity Peak [$]", trades::best(equity), "highest equity"),
        plain("Return [%]", percent(returned), "W_n/W_0 - 1"),
        yearly("Return (Ann.) [%]", percent(annual), "(geometric mean of 1 + r)^N - 1"),
        yearly(
            "Volatility (Ann.) [%]",
            percent(risk),
            "sqrt((var(r) + (1 + g)^2)^N - (1 + g)^(2N)), g the geometric mean",
        ),
        plain(
            "CAGR [%]",
            percent(years.and_then(|years| super::super::cagr(equity, years))),
            "(W_n/W_0)^(1/years) - 1, years of 365.25 days",
        ),
        yearly(
            "Sharpe Ratio",
            over(annual.map(|annual| annual - sample.risk_free), risk),
            "(annual return - f)/annual volatility",
        ),
        yearly(
            "Sortino Ratio",
            over(annual.map(|annual| annual - sample.risk_free), spread_annual),
            "(annual return - f)/(sqrt(mean(min(r, 0)^2))*sqrt(N))",
        ),
        yearly("Calmar Ratio", over(annual, depth.map(f64::abs)), "annual return/|max drawdown|"),
    ];
    if let (Some(benchmark), Some(held)) = (sample.benchmark, sample.benchmark.and_then(super::super::total_return)) {
        let beta = regression(&log_returns(equity), &log_returns(benchmark), 1.0).map(|fit| fit.beta);
        let alpha = returned.zip(beta).map(|(own, beta)| own - sample.risk_free - beta * (held - sample.risk_free));
        out.push(plain("Buy & Hold Return [%]", percent(Some(held)), "benchmark W_n/W_0 - 1"));
        out.push(plain("Alpha [%]", percent(alpha), "return - f - beta*(benchmark return - f)"));
        out.push(plain("Beta", beta, "cov/var of log returns"));
    }
    out.extend(falls(sample, depth));
    out.extend(closed(sample));
    out
}

/// Depths and lengths of drawdowns. A fall of a single row is none.
fn falls(sample: &Sample<'_>, depth: Option<f64>) -> Vec<Number> {
    let fall = drawdowns(sample.equity);
    let last = sample.equity.len().saturating_sub(1);
    let (mut depths, mut lengths) = (Vec::new(), Vec::new());
    for one in all_drawdowns(sample.equity) {
        let end = one.recovery_idx.unwrap_or(last);
        if end > one.peak_idx + 1 {
            depths.push(fall[one.trough_idx]);
            lengths.push(sample.days[end] - sample.days[one.peak_idx]);
        }
    }
    let percent = |value: Option<f64>| value.map(|value| 100.0 * value);
    vec![
        plain("Max. Drawdown [%]", percent(depth), "lowest W/max(W so far) - 1"),
        plain("Avg. Drawdown [%]", percent(super::super::mean(&depths)), "mean depth of drawdowns of two rows or more"),
        plain("Max. Drawdown Duration", trades::best(&lengths), "days, from high to recovery or the end"),
        plain("Avg. Drawdown Duration", super::super::mean(&lengths), "days"),
    ]
}

/// Statistics of closed trades, most of them on their returns.
fn closed(sample: &Sample<'_>) -> Vec<Number> {
    let profits = sample.profits();
    let returns: Vec<f64> = sample.trades.iter().map(|trade| trade.return_).collect();
    let days: Vec<f64> = sample.trades.iter().map(|trade| trade.days).collect();
    let percent = |value: Option<f64>| value.map(|value| 100.0 * value);
    vec![
        plain("# Trades", Some(profits.len() as f64), "closed trades"),
        plain("Win Rate [%]", percent(trades::win_rate(&profits)), "trades with a profit"),
        plain("Best Trade [%]", percent(trades::best(&returns)), "highest return"),
        plain("Worst Trade [%]", percent(trades::worst(&returns)), "lowest return"),
        plain("Avg. Trade [%]", percent(geometric_mean(&returns)), "geometric mean of returns"),
        plain("Max. Trade Duration", trades::best(&days), "days"),
        plain("Avg. Trade Duration", super::super::mean(&days), "days"),
        plain("Profit Factor", trades::profit_factor(&returns), "sum of positive returns over sum of negative ones"),
        plain("Expectancy [%]", percent(super::super::mean(&returns)), "mean return"),
        plain("SQN", trades::quality_number(&profits), "sqrt(n)*mean/std of profits, ddof 1"),
        plain("Kelly Criterion", trades::kelly(&profits), "p - (1 - p)/payoff"),
    ]
}

/// Mean growth by compounding; undefined where all is lost.
fn geometric_mean(returns: &[f64]) -> Option<f64> {
    if returns.is_empty() || returns.iter().any(|value| *value <= -1.0) {
        return None;
    }
    let logs: f64 = returns.iter().map(|value| libm::log(1.0 + value)).sum();
    Some(libm::exp(logs / returns.len() as f64) - 1.0)
}

/// Deviation of a product of `n` independent factors with this mean and deviation.
fn compounded_risk(mean: f64, spread: f64, n: f64) -> f64 {
    let grown = (1.0 + mean) * (1.0 + mean);
    (libm::pow(spread * spread + grown, n) - libm::pow(grown, n)).sqrt()
}

/// Logarithms of growth, row by row.
fn log_returns(values: &[f64]) -> Vec<f64> {
    values.windows(2).map(|pair| libm::log(pair[1] / pair[0])).collect()
}
