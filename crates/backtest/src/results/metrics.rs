//! The metrics of one run: which there are, what they are called, and on which numbers each formula works.
//!
//! The formulas are those of `kernels::metrics`. The curve they see starts with the capital: the capital is put before
//! the first row unless that row still is the capital, so that costs of the very first bar are not lost.

use std::collections::BTreeMap;

use crosscut_kernels::metrics as formula;
use crosscut_model::calendar::Annualisation;
use crosscut_model::time::DAY;

use super::RunRecord;
use super::figures::{UNDEFINED, number, percent};
use crate::outcome::RunOutcome;

/// One number about a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Name in `metrics.json`, `lower_snake`.
    pub name: String,
    /// The value; `None` when it is undefined.
    pub value: Option<f64>,
    /// Periods per year and why, where the value is annualised by them.
    pub annualisation: Option<String>,
    /// Definition.
    pub note: String,
}

impl Metric {
    /// The name as a heading.
    pub fn label(&self) -> String {
        definition(&self.name).map_or_else(|| self.name.replace('_', " "), |one| one.label.to_owned())
    }

    /// The value with its unit, for people.
    pub fn text(&self) -> String {
        let Some(value) = self.value else { return UNDEFINED.to_owned() };
        match definition(&self.name).map_or(Unit::Ratio, |one| one.unit) {
            Unit::Share => percent(value),
            // Cents of millions are noise.
            Unit::Amount => number(value, if value.abs() < 1e6 { 2 } else { 0 }),
            Unit::Ratio => number(value, 3),
            Unit::Count => number(value, 0),
            Unit::Days => number(value, 1) + " days",
            Unit::Bars => number(value, 1) + " bars",
        }
    }
}

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// A fraction, shown as a percentage.
    Share,
    /// Quote units.
    Amount,
    /// A number without unit.
    Ratio,
    /// A whole number.
    Count,
    /// Days of 24 hours.
    Days,
    /// Bars of a symbol.
    Bars,
}

/// What there is to say about a metric besides its value.
struct Definition {
    /// Name in `metrics.json`.
    name: &'static str,
    /// Heading.
    label: &'static str,
    /// What it counts.
    unit: Unit,
    /// Whether the calendar's periods per year are in it.
    annualised: bool,
    /// Definition in words and symbols: `W` the equity, `r` its simple returns, `N` periods per year.
    note: &'static str,
}

/// Shorthand for a row of the dictionary that is not annualised.
const fn plain(name: &'static str, label: &'static str, unit: Unit, note: &'static str) -> Definition {
    Definition { name, label, unit, annualised: false, note }
}

/// Shorthand for a row of the dictionary that is annualised by the calendar.
const fn yearly(name: &'static str, label: &'static str, unit: Unit, note: &'static str) -> Definition {
    Definition { name, label, unit, annualised: true, note }
}

/// The dictionary, in the order of `metrics.json`.
const DICTIONARY: [Definition; 32] = [
    plain("final_equity", "Final equity", Unit::Amount, "equity after the last bar, quote units"),
    plain("total_return", "Total return", Unit::Share, "W_n/W_0 - 1, W_0 is the capital"),
    plain("cagr", "CAGR", Unit::Share, "(W_n/W_0)^(1/years) - 1, years of 365.25 days between first and last label"),
    yearly("volatility", "Volatility", Unit::Share, "std(r)*sqrt(N), ddof 1"),
    yearly("sharpe", "Sharpe ratio", Unit::Ratio, "mean(r)/std(r)*sqrt(N), ddof 1, risk-free rate 0"),
    yearly(
        "sortino",
        "Sortino ratio",
        Unit::Ratio,
        "mean(r)/sqrt(sum(min(r,0)^2)/n)*sqrt(N), downside over all n returns",
    ),
    plain("calmar", "Calmar ratio", Unit::Ratio, "CAGR/|max drawdown|"),
    plain("max_drawdown", "Max drawdown", Unit::Share, "lowest W/max(W so far) - 1"),
    plain(
        "max_drawdown_days",
        "Length of max drawdown",
        Unit::Days,
        "from the high before the max drawdown to its recovery, or to the end",
    ),
    plain(
        "longest_drawdown_days",
        "Longest drawdown",
        Unit::Days,
        "longest time from a high to its recovery, or to the end",
    ),
    plain(
        "probabilistic_sharpe",
        "Probabilistic Sharpe",
        Unit::Share,
        "probability that the true Sharpe ratio is above 0 (Bailey and Lopez de Prado 2012), raw kurtosis",
    ),
    plain("n_bars", "Bars", Unit::Count, "bars of the timeline"),
    plain("n_rebalances", "Rebalances", Unit::Count, "times the portfolio was decided anew"),
    plain("n_orders", "Orders", Unit::Count, "orders made"),
    plain("n_fills", "Fills", Unit::Count, "orders filled in full or in part"),
    plain("n_trades", "Closed trades", Unit::Count, "one symbol from flat to flat"),
    plain("win_rate", "Win rate", Unit::Share, "closed trades with a profit after costs over all closed trades"),
    plain(
        "profit_factor",
        "Profit factor",
        Unit::Ratio,
        "sum of profits over sum of losses of closed trades, after costs",
    ),
    plain("expectancy", "Expectancy", Unit::Amount, "mean profit of a closed trade after costs, quote units"),
    plain("payoff", "Payoff ratio", Unit::Ratio, "mean profit of winners over mean loss of losers"),
    plain("mean_trade_bars", "Mean holding time", Unit::Bars, "mean bars from a closed trade's first fill to its last"),
    plain("turnover", "Turnover", Unit::Share, "mean of 0.5*sum|w - w_drifted| per rebalance, one-sided"),
    plain("turnover_yearly", "Turnover per year", Unit::Share, "sum of one-sided turnover over years of 365.25 days"),
    plain("commission", "Commission", Unit::Amount, "sum over all fills, quote units"),
    plain("slippage", "Slippage", Unit::Amount, "sum over all fills against the reference price, quote units"),
    plain("gross_exposure", "Gross exposure", Unit::Share, "mean over bars of sum|position value|/equity"),
    plain("net_exposure", "Net exposure", Unit::Share, "mean over bars of sum(position value)/equity"),
    plain("time_in_market", "Time in market", Unit::Share, "share of bars with any position"),
    plain("benchmark_return", "Benchmark return", Unit::Share, "total return of the benchmark from its first price"),
    yearly("alpha", "Alpha", Unit::Share, "intercept of r on the benchmark's returns by OLS, times N"),
    plain("beta", "Beta", Unit::Ratio, "slope of r on the benchmark's returns by OLS"),
    plain(
        "benchmark_correlation",
        "Correlation with benchmark",
        Unit::Ratio,
        "Pearson correlation of r and the benchmark's returns",
    ),
];

/// The row of the dictionary for a name.
fn definition(name: &str) -> Option<&'static Definition> {
    DICTIONARY.iter().find(|definition| definition.name == name)
}

/// All metrics of a run in the order of the dictionary; those about a benchmark only when there is one.
pub(super) fn of_run(record: &RunRecord, outcome: &RunOutcome) -> Vec<Metric> {
    let mut values = curve_values(record.subject.capital, outcome);
    values.extend(count_values(outcome));
    values.extend(trade_values(outcome));
    values.extend(holding_values(outcome));
    values.extend(benchmark_values(outcome));
    let annualisation = annualisation_text(&outcome.annualisation);
    let metric = |definition: &Definition| {
        let value = values.get(definition.name)?;
        Some(Metric {
            name: definition.name.to_owned(),
            value: value.filter(|value| value.is_finite()),
            annualisation: definition.annualised.then(|| annualisation.clone()),
            note: definition.note.to_owned(),
        })
    };
    DICTIONARY.iter().filter_map(metric).collect()
}

/// Periods per year and why, as printed beside each annualised number.
pub(super) fn annualisation_text(annualisation: &Annualisation) -> String {
    format!("N = {} ({})", annualisation.periods_per_year, annualisation.basis)
}

/// One metric's value; `None` when it is undefined or absent.
pub(super) fn value(metrics: &[Metric], name: &str) -> Option<f64> {
    metrics.iter().find(|metric| metric.name == name).and_then(|metric| metric.value)
}

/// The few numbers a list of runs shows.
pub(super) fn headline(metrics: &[Metric]) -> BTreeMap<String, Option<f64>> {
    let names = ["final_equity", "total_return", "cagr", "sharpe", "max_drawdown", "n_trades"];
    names.iter().map(|&name| (name.to_owned(), value(metrics, name))).collect()
}

/// Values by name.
type Values = BTreeMap<&'static str, Option<f64>>;

/// Metrics of the equity curve.
fn curve_values(capital: f64, outcome: &RunOutcome) -> Values {
    let (times, curve) = curve(capital, outcome);
    let returns = formula::returns(&curve);
    let per_year = outcome.annualisation.periods_per_year;
    let cagr = years(outcome).and_then(|years| formula::cagr(&curve, years));
    let max_drawdown = formula::max_drawdown(&curve);
    // A curve that never falls has no drawdown, which lasts no time.
    let days = |fall: Option<formula::Drawdown>| match fall {
        Some(fall) => {
            let end_idx = fall.recovery_idx.unwrap_or(times.len() - 1);
            Some((times[end_idx] - times[fall.peak_idx]) as f64 / DAY as f64)
        }
        None => max_drawdown.map(|_| 0.0),
    };
    Values::from([
        ("final_equity", outcome.equity.last().copied()),
        ("total_return", formula::total_return(&curve)),
        ("cagr", cagr),
        ("volatility", formula::volatility(&returns, per_year)),
        ("sharpe", formula::sharpe(&returns, per_year, 0.0)),
        ("sortino", formula::sortino(&returns, per_year, 0.0)),
        ("calmar", formula::calmar(cagr, max_drawdown)),
        ("max_drawdown", max_drawdown),
        ("max_drawdown_days", days(formula::worst_drawdown(&curve))),
        ("longest_drawdown_days", days(formula::longest_drawdown(&curve))),
        ("probabilistic_sharpe", formula::probabilistic_sharpe(&returns, 0.0)),
    ])
}

/// Labels and equity, with the capital in front unless the first row still is the capital.
fn curve(capital: f64, outcome: &RunOutcome) -> (Vec<i64>, Vec<f64>) {
    let (mut times, mut curve) = (Vec::new(), Vec::new());
    if let (Some(&first_label), Some(&first_value)) = (outcome.timeline.first(), outcome.equity.first())
        && first_value != capital
    {
        times.push(first_label);
        curve.push(capital);
    }
    times.extend_from_slice(&outcome.timeline);
    curve.extend_from_slice(&outcome.equity);
    (times, curve)
}

/// Years of 365.25 days between the first and the last label; `None` without time between them.
fn years(outcome: &RunOutcome) -> Option<f64> {
    let (first, last) = (outcome.timeline.first()?, outcome.timeline.last()?);
    Some((last - first) as f64 / (365.25 * DAY as f64)).filter(|years| *years > 0.0)
}

/// How much there was of everything.
fn count_values(outcome: &RunOutcome) -> Values {
    let count = |n: usize| Some(n as f64);
    Values::from([
        ("n_bars", count(outcome.timeline.len())),
        ("n_rebalances", count(outcome.turnover.len())),
        ("n_orders", count(outcome.orders.len())),
        ("n_fills", count(outcome.orders.iter().filter(|order| order.fill.is_some()).count())),
        ("n_trades", count(outcome.trades.len())),
    ])
}

/// Metrics of closed trades and of what trading cost.
fn trade_values(outcome: &RunOutcome) -> Values {
    let profits: Vec<f64> = outcome.trades.iter().map(|trade| trade.pnl).collect();
    let bars: Vec<f64> = outcome.trades.iter().map(|trade| trade.n_bars as f64).collect();
    let turnover: Vec<f64> = outcome.turnover.iter().map(|(_, turnover)| *turnover).collect();
    let fills = || outcome.orders.iter().filter_map(|order| order.fill);
    Values::from([
        ("win_rate", formula::win_rate(&profits)),
        ("profit_factor", formula::profit_factor(&profits)),
        ("expectancy", formula::expectancy(&profits)),
        ("payoff", formula::payoff(&profits)),
        ("mean_trade_bars", formula::mean(&bars)),
        ("turnover", formula::mean(&turnover)),
        ("turnover_yearly", years(outcome).map(|years| turnover.iter().sum::<f64>() / years)),
        ("commission", Some(fills().map(|fill| fill.commission).sum::<f64>() + 0.0)),
        ("slippage", Some(fills().map(|fill| fill.slippage).sum::<f64>() + 0.0)),
    ])
}

/// Metrics of what was held.
fn holding_values(outcome: &RunOutcome) -> Values {
    let held: Vec<f64> = outcome.gross_exposure.iter().map(|gross| f64::from(*gross != 0.0)).collect();
    Values::from([
        ("gross_exposure", formula::mean(&outcome.gross_exposure)),
        ("net_exposure", formula::mean(&outcome.net_exposure)),
        ("time_in_market", formula::mean(&held)),
    ])
}

/// Metrics against the benchmark, over the rows where it has a price.
fn benchmark_values(outcome: &RunOutcome) -> Values {
    let Some(benchmark) = &outcome.benchmark else { return Values::new() };
    let priced = |row: &usize| benchmark[*row].is_finite();
    let rows: Vec<usize> = (0..benchmark.len()).filter(priced).collect();
    let of_rows = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&row| values[row]).collect() };
    let (equity, benchmark) = (of_rows(&outcome.equity), of_rows(benchmark));
    let (returns, benchmark_returns) = (formula::returns(&equity), formula::returns(&benchmark));
    let fit = formula::regression(&returns, &benchmark_returns, outcome.annualisation.periods_per_year);
    Values::from([
        ("benchmark_return", formula::total_return(&benchmark)),
        ("alpha", fit.map(|fit| fit.alpha)),
        ("beta", fit.map(|fit| fit.beta)),
        ("benchmark_correlation", fit.and_then(|fit| fit.correlation)),
    ])
}
