//! quantstats: statistics of daily returns, trades left out of account (its win rate counts days).

use super::super::probability::{normal_density, normal_quantile, probability_above};
use super::super::trades::{average_win, payoff};
use super::super::{calmar, deviation, mean, regression, relative, sharpe, sortino, tail, total_return, volatility};
use super::{Number, Sample, plain, yearly};

/// The functions of `quantstats.stats` with their default arguments.
pub(super) fn numbers(sample: &Sample<'_>) -> Vec<Number> {
    let (r, n) = (sample.returns(), sample.periods_per_year);
    let annual = sample.annual_return();
    let depth = super::super::max_drawdown(sample.equity);
    let sortino = sortino(&r, n, 0.0);
    let ulcer = ulcer_index(sample.equity);
    let total = total_return(sample.equity);
    let won = win_rate(&r);
    let over = |a: Option<f64>, b: Option<f64>| a.zip(b).filter(|(_, b)| *b != 0.0).map(|(a, b)| a / b);
    let sum: f64 = r.iter().sum();
    let mut out = vec![
        plain("comp", total, "prod(1 + r) - 1"),
        yearly("cagr", annual, "prod(1 + r)^(N/n) - 1"),
        yearly("volatility", volatility(&r, n), "std(r)*sqrt(N), ddof 1"),
        yearly("sharpe", sharpe(&r, n, 0.0), "mean(r)/std(r)*sqrt(N)"),
        yearly("sortino", sortino, "mean(r)/sqrt(sum(min(r, 0)^2)/n)*sqrt(N)"),
        yearly("adjusted_sortino", sortino.map(|value| value / std::f64::consts::SQRT_2), "sortino/sqrt(2)"),
        plain(
            "probabilistic_sharpe_ratio",
            probabilistic(&r),
            "Phi(SR*sqrt(n - 1)/sqrt(1 - skew*SR + (kurt - 1)/4*SR^2)), bias-corrected moments",
        ),
        yearly("calmar", calmar(annual, depth), "cagr/|max_drawdown|"),
        plain("max_drawdown", depth, "lowest W/max(W so far) - 1"),
        plain("omega", tail::omega(&r, 0.0), "sum of r above 0 over sum below"),
        plain("gain_to_pain_ratio", tail::gain_to_pain(&r), "sum(r)/sum of losses"),
        plain("ulcer_index", ulcer, "sqrt(sum(drawdown^2)/(n - 1))"),
        plain("ulcer_performance_index", over(total, ulcer), "comp/ulcer_index"),
        plain("value_at_risk", gaussian_quantile(&r), "mean(r) + std(r)*Phi^-1(0.05)"),
        plain("conditional_value_at_risk", gaussian_shortfall(&r), "mean(r) - std(r)*phi(Phi^-1(0.05))/0.05"),
        plain("tail_ratio", tail::tail_ratio(&r), "|q95/q5|"),
        plain("payoff_ratio", payoff(&r), "mean of positive r over mean of negative r"),
        plain("profit_factor", profit_factor(&r), "sum of positive r over sum of negative r"),
        plain("win_rate", won, "positive r over r that are not 0"),
        plain("avg_win", average_win(&r), "mean of positive r"),
        plain("avg_loss", super::super::trades::average_loss(&r), "mean of negative r"),
        plain("recovery_factor", over(Some(sum.abs()), depth.map(f64::abs)), "|sum(r)|/|max_drawdown|"),
        plain("kelly_criterion", kelly(payoff(&r), won), "(payoff*p - (1 - p))/payoff"),
        plain("skew", tail::sample_skewness(&r), "bias-corrected"),
        plain("kurtosis", tail::sample_excess_kurtosis(&r), "bias-corrected, 0 for a normal distribution"),
        plain("best", super::super::trades::best(&r), "highest r"),
        plain("worst", super::super::trades::worst(&r), "lowest r"),
    ];
    if let Some(b) = sample.benchmark_returns() {
        let fit = regression(&r, &b, n);
        out.push(plain("information_ratio", relative::information_ratio(&r, &b, 1.0), "mean(r - b)/std(r - b)"));
        out.push(plain("r_squared", relative::r_squared(&r, &b), "squared correlation"));
        out.push(yearly("alpha", fit.map(|fit| fit.alpha), "(mean(r) - beta*mean(b))*N"));
        out.push(plain("beta", fit.map(|fit| fit.beta), "cov(r, b)/var(b)"));
        out.push(plain("treynor_ratio", relative::treynor(total, fit.map(|fit| fit.beta)), "comp/beta"));
    }
    out
}

/// The ulcer index with one less than the number of periods below the line.
fn ulcer_index(equity: &[f64]) -> Option<f64> {
    let n = equity.len().checked_sub(1).filter(|&n| n > 1)? as f64;
    tail::ulcer_index(equity).map(|ulcer| ulcer * (n / (n - 1.0)).sqrt())
}

/// The probability of a positive Sharpe ratio, by moments corrected for bias.
fn probabilistic(r: &[f64]) -> Option<f64> {
    let per_period = sharpe(r, 1.0, 0.0)?;
    let (skewness, kurtosis) = (tail::sample_skewness(r)?, tail::sample_excess_kurtosis(r)? + 3.0);
    probability_above(per_period, 0.0, r.len(), (skewness, kurtosis))
}

/// Share of positive returns among those that are not 0.
fn win_rate(r: &[f64]) -> Option<f64> {
    let moved: Vec<f64> = r.iter().copied().filter(|value| *value != 0.0).collect();
    super::super::win_rate(&moved)
}

/// Sum of positive returns over the sum of losses.
fn profit_factor(r: &[f64]) -> Option<f64> {
    super::super::profit_factor(r)
}

/// Kelly's fraction by the share of winning days.
fn kelly(payoff: Option<f64>, won: Option<f64>) -> Option<f64> {
    let (payoff, won) = (payoff?, won?);
    (payoff != 0.0).then(|| (payoff * won - (1.0 - won)) / payoff)
}

/// The 5 % quantile of a normal distribution with the sample's mean and deviation.
fn gaussian_quantile(r: &[f64]) -> Option<f64> {
    Some(mean(r)? + deviation(r)? * normal_quantile(0.05)?)
}

/// The mean of what lies below it.
fn gaussian_shortfall(r: &[f64]) -> Option<f64> {
    Some(mean(r)? - deviation(r)? * normal_density(normal_quantile(0.05)?) / 0.05)
}
