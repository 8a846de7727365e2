//! Two runs on one page, side by side.

use crosscut_report::{Align, Cell, Chart, Mark, Page, Section, Table};

use super::compare::{Comparison, Difference};
use super::error::ResultsError;
use super::explain::read_curve;
use super::figures::{UNDEFINED, number};
use super::presets::NamedTrade;
use super::stored::StoredRun;

/// The page of a comparison.
///
/// # Errors
/// When a curve cannot be read.
pub fn compare_page(a: &StoredRun, b: &StoredRun, comparison: &Comparison) -> Result<String, ResultsError> {
    let mut page = Page::new(format!("Runs {} and {}", comparison.a, comparison.b));
    page.subtitle(format!("{} against {}", a.entry.strategy, b.entry.strategy));
    curves(page.section("Equity"), (a, b), comparison)?;
    metrics(page.section("Metrics"), comparison);
    differences(page.section("Settings that differ"), "setting", &comparison.config);
    differences(page.section("Input tables that differ"), "table", &comparison.inputs);
    trades(page.section("Trades"), comparison);
    page.footer("Times are UTC labels of bars; amounts are in quote units.");
    Ok(page.render())
}

/// Both curves, their difference, and where they part.
fn curves(
    section: &mut Section,
    (a, b): (&StoredRun, &StoredRun),
    comparison: &Comparison,
) -> Result<(), ResultsError> {
    let (in_a, in_b) = (read_curve(&a.folder)?, read_curve(&b.folder)?);
    let mut times: Vec<i64> = in_a.iter().chain(&in_b).map(|row| row.label).collect();
    times.sort_unstable();
    times.dedup();
    let values = |rows: &[super::explain::CurveRow]| -> Vec<f64> {
        let at = |time: &i64| rows.binary_search_by_key(time, |row| row.label).ok();
        times.iter().map(|time| at(time).map_or(f64::NAN, |at| rows[at].equity)).collect()
    };
    let (own, other) = (values(&in_a), values(&in_b));
    section.chart(
        Chart::new("Equity", &times).height(320).log_switch().series(comparison.a.as_str(), Mark::Line, &own).series(
            comparison.b.as_str(),
            Mark::Line,
            &other,
        ),
    );
    let apart: Vec<f64> = own.iter().zip(&other).map(|(own, other)| other / own - 1.0).collect();
    let chart = Chart::new("The second over the first, minus 1", &times).percent().height(160);
    section.chart(chart.series("difference", Mark::Area, &apart));
    let divergence = &comparison.divergence;
    match &divergence.bar {
        Some(bar) => section.note(format!("Equity first differs at {bar}.")).list(divergence.reasons.clone()),
        None => section.note(format!("Equity is the same on all {} common bars.", divergence.n_common_bars)),
    };
    if divergence.only_a + divergence.only_b > 0 {
        section.note(format!(
            "{} bars are in the first run alone, {} in the second.",
            divergence.only_a, divergence.only_b
        ));
    }
    Ok(())
}

/// All metrics, side by side.
fn metrics(section: &mut Section, comparison: &Comparison) {
    let mut table = Table::new(&[
        ("metric", Align::Left),
        (comparison.a.as_str(), Align::Right),
        (comparison.b.as_str(), Align::Right),
        ("difference", Align::Right),
    ])
    .sortable();
    let cell = |value: Option<f64>| {
        Cell::number(value.unwrap_or(f64::NAN), value.map_or(UNDEFINED.to_owned(), |value| number(value, 6)))
    };
    for pair in &comparison.metrics {
        table.row(vec![pair.name.replace('_', " ").into(), cell(pair.a), cell(pair.b), cell(pair.difference)]);
    }
    section.table(table);
}

/// Settings or tables that the runs do not share.
fn differences(section: &mut Section, what: &str, list: &[Difference]) {
    if list.is_empty() {
        section.note(format!("Every {what} is the same."));
        return;
    }
    let mut table = Table::new(&[(what, Align::Left), ("first run", Align::Left), ("second run", Align::Left)]);
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    for one in list {
        table.row(vec![one.name.clone().into(), text(&one.a).into(), text(&one.b).into()]);
    }
    section.table(table);
}

/// Closed trades of one run alone.
fn trades(section: &mut Section, comparison: &Comparison) {
    let pairs = &comparison.trades;
    section.note(format!(
        "{} and {} closed trades; {} are in both, {} of them with the same profit.",
        pairs.n_a, pairs.n_b, pairs.n_common, pairs.n_same_profit
    ));
    for (what, list) in [("first", &pairs.only_a), ("second", &pairs.only_b)] {
        if list.is_empty() {
            continue;
        }
        section.note(format!("The first trades that only the {what} run has:"));
        let mut table = Table::new(&[
            ("symbol", Align::Left),
            ("side", Align::Left),
            ("opened", Align::Line),
            ("closed", Align::Line),
            ("profit", Align::Right),
        ]);
        for NamedTrade { symbol, side, opened, closed, profit } in list {
            table.row(vec![
                symbol.clone().into(),
                side.clone().into(),
                opened.clone().into(),
                closed.clone().into(),
                Cell::number(*profit, number(*profit, 2)),
            ]);
        }
        section.table(table);
    }
}
