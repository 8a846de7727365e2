//! The metrics of one run: which there are, what they are called, and on which numbers each formula works.
//!
//! The formulas are those of `kernels::metrics`. The curve they see starts with the capital: the capital is put before
//! the first row unless that row still is the capital, so that costs of the very first bar are not lost.

mod dictionary;

use std::collections::BTreeMap;

use crosscut_kernels::metrics as formula;
use crosscut_kernels::metrics::relative::{self, Market};
use crosscut_kernels::metrics::{tail, trades};
use crosscut_model::Side;
use crosscut_model::calendar::Annualisation;
use crosscut_model::time::DAY;

use super::RunRecord;
use super::figures::{UNDEFINED, number, percent};
use crate::outcome::RunOutcome;
use dictionary::{DICTIONARY, Definition, Unit, definition};

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

/// Names of all metrics there are, in the order of the dictionary.
pub fn metric_names() -> impl Iterator<Item = &'static str> {
    DICTIONARY.iter().map(|definition| definition.name)
}

/// The value of each metric of the dictionary for a run with this capital; `None` where it is undefined or does not apply.
pub(crate) fn row(capital: f64, outcome: &RunOutcome) -> Vec<Option<f64>> {
    let values = values(capital, outcome);
    let value = |name| values.get(name).copied().flatten().filter(|value: &f64| value.is_finite());
    metric_names().map(value).collect()
}

/// All metrics of a run in the order of the dictionary; those about a benchmark only when there is one.
pub(super) fn of_run(record: &RunRecord, outcome: &RunOutcome) -> Vec<Metric> {
    let values = values(record.subject.capital, outcome);
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

/// The values of all metrics that apply.
fn values(capital: f64, outcome: &RunOutcome) -> Values {
    let mut values = curve_values(capital, outcome);
    values.extend(tail_values(capital, outcome));
    values.extend(count_values(outcome));
    values.extend(trade_values(outcome));
    values.extend(holding_values(outcome));
    values.extend(moved_values(outcome));
    values.extend(benchmark_values(outcome, values.get("cagr").copied().flatten()));
    values
}

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
        ("downside_deviation", formula::downside_deviation(&returns, 0.0).map(|value| value * per_year.sqrt())),
        ("calmar", formula::calmar(cagr, max_drawdown)),
        ("max_drawdown", max_drawdown),
        ("max_drawdown_days", days(formula::worst_drawdown(&curve))),
        ("longest_drawdown_days", days(formula::longest_drawdown(&curve))),
        ("probabilistic_sharpe", formula::probabilistic_sharpe(&returns, 0.0)),
    ])
}

/// Metrics of the shape of returns and drawdowns.
fn tail_values(capital: f64, outcome: &RunOutcome) -> Values {
    let (_, curve) = curve(capital, outcome);
    let returns = formula::returns(&curve);
    let gains: Vec<f64> = returns.iter().map(|value| f64::from(*value > 0.0)).collect();
    Values::from([
        ("ulcer_index", tail::ulcer_index(&curve)),
        ("recovery_factor", tail::recovery_factor(&curve)),
        ("best_period", trades::best(&returns)),
        ("worst_period", trades::worst(&returns)),
        ("positive_periods", formula::mean(&gains)),
        ("value_at_risk_95", tail::value_at_risk(&returns, 0.05)),
        ("conditional_value_at_risk_95", tail::conditional_value_at_risk(&returns, 0.05)),
        ("skewness", tail::skewness(&returns)),
        ("kurtosis", tail::kurtosis(&returns)),
        ("tail_ratio", tail::tail_ratio(&returns)),
        ("omega", tail::omega(&returns, 0.0)),
        ("gain_to_pain", tail::gain_to_pain(&returns)),
        ("stability", tail::stability(&curve)),
    ])
}

/// Cash that moved without a trade, for the kinds there were.
fn moved_values(outcome: &RunOutcome) -> Values {
    outcome
        .moved
        .iter()
        .filter(|(_, amount)| *amount != 0.0)
        .map(|(kind, amount)| (kind.name(), Some(*amount)))
        .collect()
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

/// What a run says as a trial.
pub(super) fn trial(capital: f64, outcome: &RunOutcome) -> super::trials::Trial {
    let (_, curve) = curve(capital, outcome);
    super::trials::Trial::of_returns(&formula::returns(&curve), outcome.annualisation.periods_per_year)
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
    let won = |side: Side| -> Vec<f64> { outcome.trades.iter().filter(|t| t.side == side).map(|t| t.pnl).collect() };
    let (long, short) = (won(Side::Buy), won(Side::Sell));
    let streak =
        |is_of_it: fn(f64) -> bool| (!profits.is_empty()).then(|| trades::longest_streak(&profits, is_of_it) as f64);
    let fills = || outcome.orders.iter().filter_map(|order| order.fill);
    Values::from([
        ("win_rate", formula::win_rate(&profits)),
        ("profit_factor", formula::profit_factor(&profits)),
        ("expectancy", formula::expectancy(&profits)),
        ("payoff", formula::payoff(&profits)),
        ("mean_trade_bars", formula::mean(&bars)),
        ("median_trade_bars", tail::median(&bars)),
        ("best_trade", trades::best(&profits)),
        ("worst_trade", trades::worst(&profits)),
        ("average_win", trades::average_win(&profits)),
        ("average_loss", trades::average_loss(&profits)),
        ("longest_winning_streak", streak(|profit| profit > 0.0)),
        ("longest_losing_streak", streak(|profit| profit < 0.0)),
        ("quality_number", trades::quality_number(&profits)),
        ("kelly", trades::kelly(&profits)),
        ("n_long_trades", Some(long.len() as f64)),
        ("n_short_trades", Some(short.len() as f64)),
        ("win_rate_long", formula::win_rate(&long)),
        ("win_rate_short", formula::win_rate(&short)),
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
fn benchmark_values(outcome: &RunOutcome, cagr: Option<f64>) -> Values {
    let Some(benchmark) = &outcome.benchmark else { return Values::new() };
    let priced = |row: &usize| benchmark[*row].is_finite();
    let rows: Vec<usize> = (0..benchmark.len()).filter(priced).collect();
    let of_rows = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&row| values[row]).collect() };
    let (equity, benchmark) = (of_rows(&outcome.equity), of_rows(benchmark));
    let (returns, benchmark_returns) = (formula::returns(&equity), formula::returns(&benchmark));
    let per_year = outcome.annualisation.periods_per_year;
    let fit = formula::regression(&returns, &benchmark_returns, per_year);
    let held = formula::total_return(&benchmark);
    let captured = |market| relative::capture(&returns, &benchmark_returns, market, 1.0);
    Values::from([
        ("excess_return", formula::total_return(&equity).zip(held).map(|(own, held)| own - held)),
        ("tracking_error", relative::tracking_error(&returns, &benchmark_returns, per_year)),
        ("information_ratio", relative::information_ratio(&returns, &benchmark_returns, per_year)),
        ("up_capture", captured(Market::Up)),
        ("down_capture", captured(Market::Down)),
        ("treynor", relative::treynor(cagr, fit.map(|fit| fit.beta))),
        ("benchmark_return", held),
        ("alpha", fit.map(|fit| fit.alpha)),
        ("beta", fit.map(|fit| fit.beta)),
        ("benchmark_correlation", fit.and_then(|fit| fit.correlation)),
    ])
}
