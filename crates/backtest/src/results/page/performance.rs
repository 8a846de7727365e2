//! Returns by month, moving windows, the worst drawdowns.

use crosscut_kernels::metrics as formula;
use crosscut_kernels::metrics::rolling::Windows;
use crosscut_model::time::{civil, format_date};
use crosscut_report::{Align, Cell, Chart, Mark, Section, Table};

use super::super::figures::{number, percent};
use crate::outcome::RunOutcome;

/// Points of a moving window drawn at most, evenly spaced.
const WINDOWS_DRAWN: usize = 1_000;

/// Drawdowns in the table.
const DRAWDOWNS_SHOWN: usize = 10;

/// Heads of the table of months.
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// One year's returns by month, `None` where the run has no bar.
struct Year {
    /// The year.
    year: i64,
    /// Returns of its months.
    months: [Option<f64>; 12],
    /// Return over the year.
    whole: f64,
}

/// Returns by calendar month and year, UTC, as a heat map.
pub(super) fn months(section: &mut Section, capital: f64, outcome: &RunOutcome) {
    let years = by_month(capital, outcome);
    let largest = years.iter().flat_map(|year| year.months).flatten().fold(0.0, |most: f64, r| most.max(r.abs()));
    let mut columns = vec![("year", Align::Left)];
    columns.extend(MONTHS.map(|month| (month, Align::Right)));
    columns.push(("year's return", Align::Right));
    let mut table = Table::new(&columns).dense();
    for year in years {
        let mut cells: Vec<Cell> = vec![year.year.to_string().into()];
        for value in year.months {
            cells.push(value.map_or_else(
                || "".into(),
                |value| {
                    let shade = if largest > 0.0 { value / largest } else { 0.0 };
                    Cell::number(value, percent(value)).heat(shade)
                },
            ));
        }
        cells.push(Cell::number(year.whole, percent(year.whole)));
        table.row(cells);
    }
    section.table(table);
    section.note(
        "Each month from the equity at the end of the one before, the first from the capital; UTC, by bar labels.",
    );
}

/// Equity at the end of each month turned into returns.
fn by_month(capital: f64, outcome: &RunOutcome) -> Vec<Year> {
    let mut years: Vec<Year> = Vec::new();
    let (mut month_start, mut year_start, mut last) = (capital, capital, capital);
    let mut current = None;
    for (&label, &equity) in outcome.timeline.iter().zip(&outcome.equity) {
        let date = civil(label);
        let month = (date.year, date.month);
        if current != Some(month) {
            month_start = last;
            if current.is_none_or(|(year, _)| year != date.year) {
                year_start = last;
                years.push(Year { year: date.year, months: [None; 12], whole: 0.0 });
            }
            current = Some(month);
        }
        if let Some(year) = years.last_mut() {
            let at = usize::try_from(date.month - 1).unwrap_or(0).min(11);
            year.months[at] = Some(equity / month_start - 1.0).filter(|value| value.is_finite());
            year.whole = equity / year_start - 1.0;
        }
        last = equity;
    }
    years
}

/// Sharpe ratio, volatility and, with a benchmark, beta over moving windows.
pub(super) fn rolling(section: &mut Section, outcome: &RunOutcome) {
    let n = outcome.timeline.len();
    let per_year = outcome.annualisation.periods_per_year;
    // Two months, but not more than a third of the run and not so little that it is noise.
    let length = ((per_year / 6.0).round() as usize).min(n / 3).max(10);
    if n <= length + 1 {
        section.note(format!("{n} bars are too few for a moving window."));
        return;
    }
    let returns = formula::returns(&outcome.equity);
    let stride = (returns.len() - length).div_ceil(WINDOWS_DRAWN).max(1);
    let positions: Vec<usize> = (length - 1..returns.len()).step_by(stride).collect();
    let times: Vec<i64> = positions.iter().map(|&at| outcome.timeline[at + 1]).collect();
    let windows = Windows { length, periods_per_year: per_year };
    let spaced = if stride > 1 { format!(", every {stride}th bar") } else { String::new() };
    section.note(format!("Over the {length} bars before each point, annualised with N = {per_year}{spaced}."));
    let sharpe = Chart::new("Sharpe ratio", &times).height(180);
    section.chart(sharpe.series("Sharpe ratio", Mark::Line, &windows.sharpe(&returns, &positions)));
    let volatility = Chart::new("Volatility", &times).percent().height(180);
    section.chart(volatility.series("volatility", Mark::Line, &windows.volatility(&returns, &positions)));
    if let Some(benchmark) = &outcome.benchmark {
        let held = formula::returns(benchmark);
        let beta = Chart::new("Beta against the benchmark", &times).height(160);
        section.chart(beta.series("beta", Mark::Line, &windows.beta(&returns, &held, &positions)));
    }
}

/// The deepest drawdowns, with when and how long.
pub(super) fn drawdowns(section: &mut Section, capital: f64, outcome: &RunOutcome) {
    let mut curve = vec![capital];
    curve.extend_from_slice(&outcome.equity);
    // The capital stands before the first bar.
    let label = |at: usize| outcome.timeline[at.saturating_sub(1)];
    let falls = formula::drawdowns(&curve);
    let mut all = formula::all_drawdowns(&curve);
    let n_all = all.len();
    all.sort_by(|a, b| falls[a.trough_idx].total_cmp(&falls[b.trough_idx]).then(a.peak_idx.cmp(&b.peak_idx)));
    section.note(format!(
        "{} drawdowns; the deepest {} are shown.",
        number(n_all as f64, 0),
        n_all.min(DRAWDOWNS_SHOWN)
    ));
    let mut table = Table::new(&[
        ("depth", Align::Right),
        ("high", Align::Line),
        ("lowest", Align::Line),
        ("recovered", Align::Line),
        ("bars down", Align::Right),
        ("bars in all", Align::Right),
    ])
    .sortable();
    for one in all.iter().take(DRAWDOWNS_SHOWN) {
        let end = one.recovery_idx.unwrap_or(curve.len() - 1);
        let (down, whole) = ((one.trough_idx - one.peak_idx) as f64, (end - one.peak_idx) as f64);
        table.row(vec![
            Cell::number(falls[one.trough_idx], percent(falls[one.trough_idx])),
            format_date(label(one.peak_idx)).into(),
            format_date(label(one.trough_idx)).into(),
            one.recovery_idx.map_or("not yet".to_owned(), |at| format_date(label(at))).into(),
            Cell::number(down, number(down, 0)),
            Cell::number(whole, number(whole, 0)),
        ]);
    }
    section.table(table);
}
