//! vectorbt: returns of the rows as they are, a year of 365 days unless told otherwise.

use super::super::{calmar, downside_deviation, regression, relative, sharpe, sortino, tail, trades, volatility};
use super::{Number, Sample, plain, yearly};

/// `Portfolio.stats()` and `returns_stats()`, percentages where they have them.
pub(super) fn numbers(sample: &Sample<'_>) -> Vec<Number> {
    let (r, n) = (sample.returns(), sample.periods_per_year);
    let percent = |value: Option<f64>| value.map(|value| 100.0 * value);
    let annual = sample.annual_return();
    let depth = super::super::max_drawdown(sample.equity);
    let mut out = vec![
        plain("Start Value", sample.equity.first().copied(), "capital"),
        plain("End Value", sample.equity.last().copied(), "last equity"),
        plain("Total Return [%]", percent(super::super::total_return(sample.equity)), "W_n/W_0 - 1"),
        yearly("Annualized Return [%]", percent(annual), "prod(1 + r)^(N/n) - 1"),
        yearly("Annualized Volatility [%]", percent(volatility(&r, n)), "std(r)*sqrt(N), ddof 1"),
        plain("Max Drawdown [%]", percent(depth.map(f64::abs)), "largest fall from a high"),
        yearly("Sharpe Ratio", sharpe(&r, n, sample.risk_free), "mean(r - f)/std(r)*sqrt(N), f per period"),
        yearly("Calmar Ratio", calmar(annual, depth), "annualized return/|max drawdown|"),
        plain("Omega Ratio", tail::omega(&r, sample.risk_free), "sum of r above f over sum below"),
        yearly("Sortino Ratio", sortino(&r, n, 0.0), "mean(r)*N/(sqrt(mean(min(r, 0)^2))*sqrt(N))"),
        yearly(
            "Downside Risk",
            downside_deviation(&r, 0.0).map(|downside| downside * n.sqrt()),
            "sqrt(mean(min(r, 0)^2))*sqrt(N)",
        ),
        plain("Skew", tail::sample_skewness(&r), "bias-corrected"),
        plain("Kurtosis", tail::sample_excess_kurtosis(&r), "bias-corrected, 0 for a normal distribution"),
        plain("Tail Ratio", tail::tail_ratio(&r), "|q95|/|q5|"),
        plain("Common Sense Ratio", common_sense(&r, annual), "tail ratio*(1 + annualized return)"),
        plain("Value at Risk", tail::value_at_risk(&r, 0.05), "5 % quantile of r"),
        plain(
            "Conditional Value at Risk",
            tail::conditional_value_at_risk(&r, 0.05),
            "mean of the int((n - 1)*0.05) + 1 lowest r",
        ),
    ];
    if let Some(b) = sample.benchmark_returns() {
        let fit = regression(&r, &b, 1.0);
        let alpha = fit.and_then(|fit| relative::growth(std::iter::once(fit.alpha), n));
        out.push(yearly("Alpha", alpha, "(1 + mean(r - beta*b))^N - 1"));
        out.push(plain("Beta", fit.map(|fit| fit.beta), "cov(r, b)/var(b)"));
        out.push(plain("Information Ratio", relative::information_ratio(&r, &b, 1.0), "mean(r - b)/std(r - b)"));
    }
    out.extend(closed(sample));
    out
}

/// Tail ratio weighed with a year's growth.
fn common_sense(r: &[f64], annual: Option<f64>) -> Option<f64> {
    Some(tail::tail_ratio(r)? * (1.0 + annual?))
}

/// Statistics of closed trades.
fn closed(sample: &Sample<'_>) -> Vec<Number> {
    let profits = sample.profits();
    let returns = |is_of_it: fn(f64) -> bool| -> Vec<f64> {
        sample.trades.iter().filter(|trade| is_of_it(trade.profit)).map(|trade| trade.return_).collect()
    };
    let percent = |value: Option<f64>| value.map(|value| 100.0 * value);
    let all = returns(|_| true);
    vec![
        plain("Total Closed Trades", Some(profits.len() as f64), "closed trades"),
        plain("Win Rate [%]", percent(trades::win_rate(&profits)), "trades with a profit"),
        plain("Best Trade [%]", percent(trades::best(&all)), "highest return"),
        plain("Worst Trade [%]", percent(trades::worst(&all)), "lowest return"),
        plain(
            "Avg Winning Trade [%]",
            percent(super::super::mean(&returns(|profit| profit > 0.0))),
            "mean return of winners",
        ),
        plain(
            "Avg Losing Trade [%]",
            percent(super::super::mean(&returns(|profit| profit < 0.0))),
            "mean return of losers",
        ),
        plain("Profit Factor", trades::profit_factor(&profits), "sum of profits over sum of losses"),
        plain("Expectancy", trades::expectancy(&profits), "mean profit"),
    ]
}
