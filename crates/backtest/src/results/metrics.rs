//! The metrics of one run: which there are, what they are called, and on which numbers each formula works.
//!
//! The formulas are those of `kernels::metrics`. The curve they see starts with the capital: the capital is put before
//! the first row unless that row still is the capital, so that costs of the very first bar are not lost.

mod dictionary;

use std::collections::BTreeMap;

use crosscut_kernels::metrics as formula;
use crosscut_kernels::metrics::Summary;
pub(crate) use crosscut_kernels::metrics::Workspace;
use crosscut_kernels::metrics::relative;
use crosscut_kernels::metrics::trades;
use crosscut_model::Side;
use crosscut_model::calendar::Annualisation;
use crosscut_model::time::DAY;
use crosscut_trading::account::CashKind;

use super::RunRecord;
use super::figures::{UNDEFINED, number, percent, ratio};
use crate::outcome::{ClosedTrade, RunOutcome};
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
            Unit::Ratio => ratio(value),
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

/// What was held, on average over the rows; `None` without a row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Exposure {
    /// Sum of absolute position values over equity.
    pub(crate) gross: Option<f64>,
    /// Sum of signed position values over equity.
    pub(crate) net: Option<f64>,
    /// Share of the rows in which something was held.
    pub(crate) in_market: Option<f64>,
}

/// Closed trades, column by column.
#[derive(Debug, Default)]
pub(crate) struct TradeColumns {
    /// Profits after costs, quote units.
    pub(crate) profits: Vec<f64>,
    /// Bars from entry to exit.
    pub(crate) bars: Vec<f64>,
    /// Whether they were long.
    pub(crate) longs: Vec<bool>,
    /// How far they went against their side, shares of the value of the opening fills.
    pub(crate) adverse: Vec<f64>,
    /// How far they went with it.
    pub(crate) favourable: Vec<f64>,
}

impl TradeColumns {
    /// Forgets everything and keeps the allocations.
    pub(crate) fn clear(&mut self) {
        self.truncate(0);
    }

    /// Forgets all but the first trades.
    pub(crate) fn truncate(&mut self, n_trades: usize) {
        for column in [&mut self.profits, &mut self.bars, &mut self.adverse, &mut self.favourable] {
            column.truncate(n_trades);
        }
        self.longs.truncate(n_trades);
    }

    /// The columns as the formulas take them.
    fn columns(&self) -> trades::Closed<'_> {
        trades::Closed {
            profits: &self.profits,
            bars: &self.bars,
            longs: &self.longs,
            adverse: &self.adverse,
            favourable: &self.favourable,
        }
    }
}

/// Columns of an outcome that its metrics need.
#[derive(Debug, Default)]
struct Columns {
    /// One-sided turnover of each rebalance.
    turnover: Vec<f64>,
    /// Closed trades.
    trades: TradeColumns,
}

impl Columns {
    /// Those of an outcome.
    fn of(outcome: &RunOutcome) -> Self {
        let trades = &outcome.trades;
        Self {
            turnover: outcome.turnover.iter().map(|(_, turnover)| *turnover).collect(),
            trades: TradeColumns {
                profits: trades.iter().map(|trade| trade.pnl).collect(),
                bars: trades.iter().map(|trade| trade.n_bars as f64).collect(),
                longs: trades.iter().map(|trade| trade.side == Side::Buy).collect(),
                adverse: trades.iter().map(|trade| excursion_share(trade, |trade| trade.mae)).collect(),
                favourable: trades.iter().map(|trade| excursion_share(trade, |trade| trade.mfe)).collect(),
            },
        }
    }
}

/// The numbers of a run from which its metrics follow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers<'a> {
    /// Starting cash, quote units.
    pub(crate) capital: f64,
    /// Labels, ascending, microseconds UTC.
    pub(crate) timeline: &'a [i64],
    /// Equity by row.
    pub(crate) equity: &'a [f64],
    /// What was held.
    pub(crate) exposure: Exposure,
    /// The benchmark's value by row.
    pub(crate) benchmark: Option<&'a [f64]>,
    /// One-sided turnover of each rebalance, or bar with fills.
    pub(crate) turnover: &'a [f64],
    /// Rebalances.
    pub(crate) n_rebalances: usize,
    /// Closed trades.
    pub(crate) trades: &'a TradeColumns,
    /// Orders made.
    pub(crate) n_orders: usize,
    /// Orders filled in full or in part.
    pub(crate) n_fills: usize,
    /// Commission of all fills, quote units.
    pub(crate) commission: f64,
    /// Slippage of all fills, quote units.
    pub(crate) slippage: f64,
    /// Cash moved without a trade, by kind.
    pub(crate) moved: &'a [(CashKind, f64)],
    /// Periods per year of the timeline.
    pub(crate) periods_per_year: f64,
}

impl<'a> Numbers<'a> {
    /// Those of an outcome and its columns.
    fn of(capital: f64, outcome: &'a RunOutcome, columns: &'a Columns) -> Self {
        let fills = || outcome.orders.iter().filter_map(|order| order.fill);
        let held: Vec<f64> = outcome.gross_exposure.iter().map(|gross| f64::from(*gross != 0.0)).collect();
        Self {
            capital,
            timeline: &outcome.timeline,
            equity: &outcome.equity,
            exposure: Exposure {
                gross: formula::mean(&outcome.gross_exposure),
                net: formula::mean(&outcome.net_exposure),
                in_market: formula::mean(&held),
            },
            benchmark: outcome.benchmark.as_deref(),
            turnover: &columns.turnover,
            n_rebalances: outcome.n_rebalances,
            trades: &columns.trades,
            n_orders: outcome.orders.len(),
            n_fills: fills().count(),
            commission: fills().map(|fill| fill.commission).sum::<f64>() + 0.0,
            slippage: fills().map(|fill| fill.slippage).sum::<f64>() + 0.0,
            moved: &outcome.moved,
            periods_per_year: outcome.annualisation.periods_per_year,
        }
    }

    /// What the curve has in front of its first row, with that row's label: the capital, unless the row still is the capital.
    fn before(&self) -> Option<f64> {
        self.equity.first().filter(|first| **first != self.capital).map(|_| self.capital)
    }

    /// The value of each metric of the dictionary; `None` where it is undefined or does not apply.
    pub(crate) fn row(&self, workspace: &mut Workspace) -> Vec<Option<f64>> {
        let values = values(self, workspace);
        let value = |name| values.get(name).copied().flatten().filter(|value: &f64| value.is_finite());
        metric_names().map(value).collect()
    }
}

/// The value of each metric of the dictionary for a run with this capital; `None` where it is undefined or does not apply.
pub(crate) fn row(capital: f64, outcome: &RunOutcome) -> Vec<Option<f64>> {
    Numbers::of(capital, outcome, &Columns::of(outcome)).row(&mut Workspace::default())
}

/// A value of a metric with its unit, for people; a plain ratio where there is no metric of the name.
pub fn shown(name: &str, value: Option<f64>) -> String {
    Metric { name: name.to_owned(), value, annualisation: None, note: String::new() }.text()
}

/// All metrics of a run in the order of the dictionary; those about a benchmark only when there is one.
pub(super) fn of_run(record: &RunRecord, outcome: &RunOutcome) -> Vec<Metric> {
    let columns = Columns::of(outcome);
    let values = values(&Numbers::of(record.subject.capital, outcome, &columns), &mut Workspace::default());
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
fn values(outcome: &Numbers<'_>, workspace: &mut Workspace) -> Values {
    let (before, per_year) = (outcome.before(), outcome.periods_per_year);
    let summary = match before {
        Some(capital) => formula::summary_after(capital, outcome.equity, per_year, workspace),
        None => formula::summary(outcome.equity, per_year, workspace),
    };
    let mut values = curve_values(outcome, usize::from(before.is_some()), &summary);
    values.extend(tail_values(&summary));
    values.extend(count_values(outcome));
    values.extend(trade_values(outcome.trades));
    values.extend(trading_values(outcome));
    values.extend(holding_values(outcome));
    values.extend(moved_values(outcome));
    values.extend(benchmark_values(outcome, values.get("cagr").copied().flatten(), workspace));
    values
}

/// Metrics of the equity curve, which has `n_before` values before the first row.
fn curve_values(outcome: &Numbers<'_>, n_before: usize, summary: &Summary) -> Values {
    let time = |idx: usize| outcome.timeline[idx.saturating_sub(n_before)];
    let cagr = years(outcome).and_then(|years| formula::cagr_of(summary.total_return, years));
    // A curve that never falls has no drawdown, which lasts no time.
    let days = |fall: Option<formula::Drawdown>| match fall {
        Some(fall) => {
            let end_idx = fall.recovery_idx.unwrap_or(outcome.timeline.len() - 1 + n_before);
            Some((time(end_idx) - time(fall.peak_idx)) as f64 / DAY as f64)
        }
        None => summary.max_drawdown.map(|_| 0.0),
    };
    Values::from([
        ("final_equity", outcome.equity.last().copied()),
        ("total_return", summary.total_return),
        ("cagr", cagr),
        ("volatility", summary.volatility),
        ("sharpe", summary.sharpe),
        ("sortino", summary.sortino),
        ("downside_deviation", summary.downside_deviation.map(|value| value * outcome.periods_per_year.sqrt())),
        ("calmar", formula::calmar(cagr, summary.max_drawdown)),
        ("max_drawdown", summary.max_drawdown),
        ("max_drawdown_days", days(summary.worst_drawdown)),
        ("longest_drawdown_days", days(summary.longest_drawdown)),
        ("probabilistic_sharpe", summary.probabilistic_sharpe),
    ])
}

/// Metrics of the shape of returns and drawdowns.
fn tail_values(summary: &Summary) -> Values {
    Values::from([
        ("ulcer_index", summary.ulcer_index),
        ("recovery_factor", summary.recovery_factor),
        ("best_period", summary.best),
        ("worst_period", summary.worst),
        ("positive_periods", summary.positive),
        ("value_at_risk_95", summary.value_at_risk),
        ("conditional_value_at_risk_95", summary.conditional_value_at_risk),
        ("skewness", summary.skewness),
        ("kurtosis", summary.kurtosis),
        ("tail_ratio", summary.tail_ratio),
        ("omega", summary.omega),
        ("gain_to_pain", summary.gain_to_pain),
        ("stability", summary.stability),
    ])
}

/// Cash that moved without a trade, for the kinds there were.
fn moved_values(outcome: &Numbers<'_>) -> Values {
    outcome
        .moved
        .iter()
        .filter(|(_, amount)| *amount != 0.0)
        .map(|(kind, amount)| (kind.name(), Some(*amount)))
        .collect()
}

/// What a run says as a trial.
pub(super) fn trial(capital: f64, outcome: &RunOutcome) -> super::trials::Trial {
    let columns = Columns::default();
    let numbers = Numbers::of(capital, outcome, &columns);
    let curve: Vec<f64> = numbers.before().into_iter().chain(outcome.equity.iter().copied()).collect();
    super::trials::Trial::of_returns(&formula::returns(&curve), outcome.annualisation.periods_per_year)
}

/// Years of 365.25 days between the first and the last label; `None` without time between them.
fn years(outcome: &Numbers<'_>) -> Option<f64> {
    let (first, last) = (outcome.timeline.first()?, outcome.timeline.last()?);
    Some((last - first) as f64 / (365.25 * DAY as f64)).filter(|years| *years > 0.0)
}

/// How much there was of everything.
fn count_values(outcome: &Numbers<'_>) -> Values {
    let count = |n: usize| Some(n as f64);
    Values::from([
        ("n_bars", count(outcome.timeline.len())),
        ("n_rebalances", count(outcome.n_rebalances)),
        ("n_orders", count(outcome.n_orders)),
        ("n_fills", count(outcome.n_fills)),
        ("n_trades", count(outcome.trades.profits.len())),
    ])
}

/// Metrics of closed trades.
fn trade_values(trades: &TradeColumns) -> Values {
    let summary = trades::summary(&trades.columns());
    Values::from([
        ("win_rate", summary.win_rate),
        ("profit_factor", summary.profit_factor),
        ("expectancy", summary.expectancy),
        ("payoff", summary.payoff),
        ("mean_trade_bars", summary.mean_bars),
        ("median_trade_bars", summary.median_bars),
        ("best_trade", summary.best),
        ("worst_trade", summary.worst),
        ("average_win", summary.average_win),
        ("average_loss", summary.average_loss),
        ("longest_winning_streak", summary.longest_winning_streak),
        ("longest_losing_streak", summary.longest_losing_streak),
        ("quality_number", summary.quality_number),
        ("kelly", summary.kelly),
        ("n_long_trades", Some(summary.n_long as f64)),
        ("n_short_trades", Some(summary.n_short as f64)),
        ("win_rate_long", summary.win_rate_long),
        ("win_rate_short", summary.win_rate_short),
        ("mean_mae", summary.mean_adverse),
        ("mean_mfe", summary.mean_favourable),
        ("edge_ratio", summary.edge_ratio),
    ])
}

/// What was traded, and what that cost.
fn trading_values(outcome: &Numbers<'_>) -> Values {
    let traded: f64 = outcome.turnover.iter().sum();
    let n_times = Some(outcome.turnover.len() as f64).filter(|n| *n > 0.0);
    Values::from([
        ("turnover", n_times.map(|n| traded / n)),
        ("turnover_yearly", years(outcome).map(|years| traded / years)),
        ("commission", Some(outcome.commission)),
        ("slippage", Some(outcome.slippage)),
    ])
}

/// An excursion of a trade over the value of its opening fills.
pub(super) fn excursion_share(trade: &ClosedTrade, of: fn(&ClosedTrade) -> f64) -> f64 {
    of(trade) / (trade.quantity * trade.entry_price)
}

/// Metrics of what was held.
fn holding_values(outcome: &Numbers<'_>) -> Values {
    Values::from([
        ("gross_exposure", outcome.exposure.gross),
        ("net_exposure", outcome.exposure.net),
        ("time_in_market", outcome.exposure.in_market),
    ])
}

/// Metrics against the benchmark, over the rows where it has a price.
fn benchmark_values(outcome: &Numbers<'_>, cagr: Option<f64>, workspace: &mut Workspace) -> Values {
    let Some(benchmark) = outcome.benchmark else { return Values::new() };
    let priced = |values: &[f64]| -> Vec<f64> {
        values.iter().zip(benchmark).filter(|(_, price)| price.is_finite()).map(|(value, _)| *value).collect()
    };
    let per_year = outcome.periods_per_year;
    let beside = if benchmark.iter().fold(true, |all, price| all & price.is_finite()) {
        relative::summary(outcome.equity, benchmark, per_year, workspace)
    } else {
        relative::summary(&priced(outcome.equity), &priced(benchmark), per_year, workspace)
    };
    let (fit, held) = (beside.regression, beside.benchmark_return);
    Values::from([
        ("excess_return", beside.total_return.zip(held).map(|(own, held)| own - held)),
        ("tracking_error", beside.tracking_error),
        ("information_ratio", beside.information_ratio),
        ("up_capture", beside.up_capture),
        ("down_capture", beside.down_capture),
        ("treynor", relative::treynor(cagr, fit.map(|fit| fit.beta))),
        ("benchmark_return", held),
        ("alpha", fit.map(|fit| fit.alpha)),
        ("beta", fit.map(|fit| fit.beta)),
        ("benchmark_correlation", fit.and_then(|fit| fit.correlation)),
    ])
}
