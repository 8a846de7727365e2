//! empyrical and pyfolio, which sees a run through empyrical.

use super::super::relative::{Market, capture, growth};
use super::super::{calmar, downside_deviation, mean, regression, sharpe, sortino, tail, total_return, volatility};
use super::{Number, Sample, plain, yearly};

/// empyrical's functions with their default arguments.
pub(super) fn empyrical(sample: &Sample<'_>) -> Vec<Number> {
    let (r, n) = (sample.returns(), sample.periods_per_year);
    let free = sample.risk_free;
    let annual = sample.annual_return();
    let depth = super::super::max_drawdown(sample.equity);
    let mut out = vec![
        plain("cum_returns_final", total_return(sample.equity), "prod(1 + r) - 1"),
        yearly("annual_return", annual, "prod(1 + r)^(N/n) - 1"),
        yearly("annual_volatility", volatility(&r, n), "std(r)*sqrt(N), ddof 1"),
        yearly("sharpe_ratio", sharpe(&r, n, free), "mean(r - f)/std(r - f)*sqrt(N), f per period"),
        yearly("sortino_ratio", sortino(&r, n, free), "mean(r - f)*N/(sqrt(mean(min(r - f, 0)^2))*sqrt(N))"),
        yearly("calmar_ratio", calmar(annual, depth), "annual_return/|max_drawdown|"),
        plain("max_drawdown", depth, "lowest W/max(W so far) - 1"),
        plain("omega_ratio", tail::omega(&r, free), "sum of r above f over sum below"),
        plain("tail_ratio", tail::tail_ratio(&r), "|q95|/|q5|"),
        plain("value_at_risk", tail::value_at_risk(&r, 0.05), "5 % quantile of r"),
        plain(
            "conditional_value_at_risk",
            tail::conditional_value_at_risk(&r, 0.05),
            "mean of the int((n - 1)*0.05) + 1 lowest r",
        ),
        plain("stability_of_timeseries", tail::stability(sample.equity), "R^2 of a line through cumulated log(1 + r)"),
        yearly(
            "downside_risk",
            downside_deviation(&r, 0.0).map(|downside| downside * n.sqrt()),
            "sqrt(mean(min(r, 0)^2))*sqrt(N)",
        ),
    ];
    if let Some(b) = sample.benchmark_returns() {
        let (alpha, beta) = alpha_beta(&r, &b, n);
        out.push(yearly("alpha", alpha, "(1 + mean(r - beta*b))^N - 1"));
        out.push(plain("beta", beta, "cov(r, b)/var(b)"));
        out.push(plain("excess_sharpe", sharpe_of_active(&r, &b), "mean(r - b)/std(r - b), not annualised"));
        let captured = |market| capture(&r, &b, market, n);
        let formula = "annual return of r over that of b, in periods with b above (below) 0";
        out.push(yearly("up_capture", captured(Market::Up), formula));
        out.push(yearly("down_capture", captured(Market::Down), formula));
    }
    out
}

/// The table `perf_stats` makes.
pub(super) fn pyfolio(sample: &Sample<'_>) -> Vec<Number> {
    let (r, n) = (sample.returns(), sample.periods_per_year);
    let annual = sample.annual_return();
    let depth = super::super::max_drawdown(sample.equity);
    let risk = mean(&r).zip(super::super::deviation(&r)).map(|(mean, spread)| mean - 2.0 * spread);
    let mut out = vec![
        yearly("Annual return", annual, "prod(1 + r)^(N/n) - 1"),
        plain("Cumulative returns", total_return(sample.equity), "prod(1 + r) - 1"),
        yearly("Annual volatility", volatility(&r, n), "std(r)*sqrt(N), ddof 1"),
        yearly("Sharpe ratio", sharpe(&r, n, 0.0), "mean(r)/std(r)*sqrt(N)"),
        yearly("Calmar ratio", calmar(annual, depth), "annual return/|max drawdown|"),
        plain("Stability", tail::stability(sample.equity), "R^2 of a line through cumulated log(1 + r)"),
        plain("Max drawdown", depth, "lowest W/max(W so far) - 1"),
        plain("Omega ratio", tail::omega(&r, 0.0), "sum of r above 0 over sum below"),
        yearly("Sortino ratio", sortino(&r, n, 0.0), "mean(r)*N/(sqrt(mean(min(r, 0)^2))*sqrt(N))"),
        plain("Skew", tail::skewness(&r), "m3/m2^1.5, ddof 0"),
        plain("Kurtosis", tail::kurtosis(&r).map(|raw| raw - 3.0), "m4/m2^2 - 3, ddof 0"),
        plain("Tail ratio", tail::tail_ratio(&r), "|q95|/|q5|"),
        plain("Daily value at risk", risk, "mean(r) - 2*std(r)"),
    ];
    if let Some(b) = sample.benchmark_returns() {
        let (alpha, beta) = alpha_beta(&r, &b, n);
        out.push(yearly("Alpha", alpha, "(1 + mean(r - beta*b))^N - 1"));
        out.push(plain("Beta", beta, "cov(r, b)/var(b)"));
    }
    out
}

/// Slope, and intercept compounded over a year.
fn alpha_beta(r: &[f64], b: &[f64], periods_per_year: f64) -> (Option<f64>, Option<f64>) {
    let Some(fit) = regression(r, b, 1.0) else { return (None, None) };
    (growth(std::iter::once(fit.alpha), periods_per_year), Some(fit.beta))
}

/// Information ratio of a period.
fn sharpe_of_active(r: &[f64], b: &[f64]) -> Option<f64> {
    super::super::relative::information_ratio(r, b, 1.0)
}
