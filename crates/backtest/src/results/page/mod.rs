//! `report.html` of a run: headline, curves, months, moving windows, drawdowns, exposure, turnover, holdings, attribution,
//! trades, what many trials leave, metrics, selection, data quality, configuration, inputs, files. Everything in it follows from the run's identity.

mod holdings;
mod luck;
mod performance;
mod trades;

use std::collections::BTreeMap;

use crosscut_model::time::format_date;
use crosscut_report::{Align, Cell, Chart, Mark, Page, Section, Table, Tile};

use super::compare::flatten;
use super::figures::{moment, number, percent, significant};
use super::folder::WrittenFile;
use super::metrics::{self, Metric};
use super::record::ENGINE_VERSION;
use super::{Run, RunInput};
use crate::outcome::{PositionChange, RunOutcome, Selection};
use crate::warnings::repeated;

/// Kinds of warnings shown at most; `logs.txt` has all.
const WARNINGS_SHOWN: usize = 50;

/// Letters of a setting shown at most; the JSON has all.
const VALUE_LETTERS: usize = 300;

/// The metrics shown large.
const HEADLINE: [&str; 10] = [
    "total_return",
    "cagr",
    "sharpe",
    "sortino",
    "max_drawdown",
    "volatility",
    "calmar",
    "final_equity",
    "win_rate",
    "turnover",
];

/// The page of a run, with the files written so far.
pub(super) fn render(run: &Run<'_>, files: &[WrittenFile]) -> String {
    let (subject, outcome) = (&run.record.subject, run.outcome);
    let factor = subject.factor.as_ref().map_or(String::new(), |factor| format!(" on {factor}"));
    let mut page = Page::new(format!("{}{factor}: run {}", subject.strategy, run.run_id));
    page.subtitle(format!("{}. {}", subject.universe, period(outcome)));
    page.footer(format!("Crosscut engine {ENGINE_VERSION}. Times are UTC labels of bars; amounts are in quote units."));
    headline(page.section("Headline"), run);
    equity(page.section("Equity"), run);
    performance::months(page.section("Months"), subject.capital, outcome);
    performance::rolling(page.section("Moving windows"), outcome);
    performance::drawdowns(page.section("Worst drawdowns"), subject.capital, outcome);
    exposure(page.section("Exposure"), outcome);
    turnover(page.section("Turnover"), outcome);
    holdings::over_time(page.section("Holdings over time"), outcome);
    last_holdings(page.section("Last holdings"), outcome);
    holdings::attribution(page.section("Where the profit came from"), subject.capital, outcome);
    trades::trades(page.section("Trades"), outcome);
    luck::trials(page.section("After many trials"), run);
    all_metrics(page.section("Metrics"), &run.metrics);
    selection(page.section("Selection"), outcome);
    quality(page.section("Data quality"), outcome);
    configuration(page.section("Configuration"), run);
    inputs(page.section("Inputs"), &run.record.inputs);
    list_files(page.section("Files"), files);
    page.render()
}

/// The stretch of time covered, in words.
fn period(outcome: &RunOutcome) -> String {
    match (outcome.timeline.first(), outcome.timeline.last()) {
        (Some(&first), Some(&last)) => {
            let n_bars = number(outcome.timeline.len() as f64, 0);
            format!("{} to {}, {n_bars} bars", format_date(first), format_date(last))
        }
        _ => "No bars".to_owned(),
    }
}

/// The first numbers to look at.
fn headline(section: &mut Section, run: &Run<'_>) {
    let tile = |name: &&str| {
        let metric = run.metrics.iter().find(|metric| metric.name == **name)?;
        let note = metric.annualisation.clone().unwrap_or_default();
        Some(Tile { label: metric.label(), value: metric.text(), note })
    };
    section.tiles(HEADLINE.iter().filter_map(tile).collect());
    section.facts(vec![
        ("Capital".to_owned(), number(run.record.subject.capital, 2)),
        ("Costs".to_owned(), run.record.subject.costs.clone()),
        ("Periods per year".to_owned(), metrics::annualisation_text(&run.outcome.annualisation)),
    ]);
}

/// Equity with the benchmark, and drawdown.
fn equity(section: &mut Section, run: &Run<'_>) {
    let outcome = run.outcome;
    let mut chart = Chart::new("Equity", &outcome.timeline).height(340).log_switch().series(
        "strategy",
        Mark::Line,
        &outcome.equity,
    );
    if let Some(benchmark) = &outcome.benchmark {
        let symbol = run.record.subject.benchmark.as_deref().unwrap_or("benchmark");
        chart = chart.series(format!("{symbol} held with the same capital"), Mark::Line, benchmark);
    }
    section.chart(chart);
    let drawdown = Chart::new("Drawdown from the highest equity so far", &outcome.timeline).percent().height(180);
    section.chart(drawdown.series("drawdown", Mark::Area, &outcome.drawdown));
}

/// Gross and net exposure, cash, and the number of names held.
fn exposure(section: &mut Section, outcome: &RunOutcome) {
    let times = &outcome.timeline;
    section.chart(
        Chart::new("Exposure, share of equity", times)
            .percent()
            .height(200)
            .series("gross", Mark::Line, &outcome.gross_exposure)
            .series("net", Mark::Line, &outcome.net_exposure),
    );
    section.chart(Chart::new("Cash", times).height(160).series("cash", Mark::Step, &outcome.cash));
    let (long, short) = names_held(outcome);
    let held = Chart::new("Names held", times).height(160).series("long", Mark::Step, &long);
    section.chart(if short.iter().any(|n| *n > 0.0) { held.series("short", Mark::Step, &short) } else { held });
}

/// How many names are held long and short after each bar.
fn names_held(outcome: &RunOutcome) -> (Vec<f64>, Vec<f64>) {
    let mut quantity = vec![0.0; outcome.symbols.len()];
    let (mut long, mut short) = (0i64, 0i64);
    let mut changes = outcome.positions.iter().peekable();
    let count = |&timestamp: &i64| {
        while let Some(change) = changes.next_if(|change| change.timestamp <= timestamp) {
            let before = std::mem::replace(&mut quantity[change.symbol_idx as usize], change.quantity);
            long += i64::from(change.quantity > 0.0) - i64::from(before > 0.0);
            short += i64::from(change.quantity < 0.0) - i64::from(before < 0.0);
        }
        (long as f64, short as f64)
    };
    outcome.timeline.iter().map(count).unzip()
}

/// One-sided turnover of each rebalance.
fn turnover(section: &mut Section, outcome: &RunOutcome) {
    let (times, values): (Vec<i64>, Vec<f64>) = outcome.turnover.iter().copied().unzip();
    let per = if outcome.n_rebalances > 0 { "rebalance" } else { "bar with fills" };
    section.chart(
        Chart::new(format!("One-sided turnover per {per}, share of equity"), &times).percent().height(180).series(
            "turnover",
            Mark::Stem,
            &values,
        ),
    );
}

/// Every metric with its definition.
fn all_metrics(section: &mut Section, metrics: &[Metric]) {
    let columns =
        [("metric", Align::Left), ("value", Align::Right), ("note", Align::Left), ("annualised with", Align::Left)];
    let mut table = Table::new(&columns);
    for metric in metrics {
        table.row(vec![
            metric.label().into(),
            Cell::number(metric.value.unwrap_or(f64::NAN), metric.text()),
            metric.note.clone().into(),
            metric.annualisation.clone().unwrap_or_default().into(),
        ]);
    }
    section.table(table);
}

/// What is still held after the last bar.
fn last_holdings(section: &mut Section, outcome: &RunOutcome) {
    let mut last: BTreeMap<u32, &PositionChange> = BTreeMap::new();
    for position in &outcome.positions {
        last.insert(position.symbol_idx, position);
    }
    last.retain(|_, position| position.quantity != 0.0);
    section.note(format!(
        "Names held after the last bar: {}. Price, value and weight are those of the bar in which the position last changed.",
        last.len()
    ));
    let mut table = Table::new(&[
        ("symbol", Align::Left),
        ("quantity", Align::Right),
        ("price", Align::Right),
        ("value", Align::Right),
        ("weight", Align::Right),
        ("last change", Align::Line),
    ])
    .sortable();
    for (symbol_idx, position) in last {
        table.row(vec![
            outcome.symbols[symbol_idx as usize].clone().into(),
            Cell::number(position.quantity, significant(position.quantity)),
            Cell::number(position.price, significant(position.price)),
            Cell::number(position.value, number(position.value, 2)),
            Cell::number(position.weight, percent(position.weight)),
            moment(position.timestamp).into(),
        ]);
    }
    section.table(table);
}

/// How often names were chosen or passed over, and the last rebalance in full.
fn selection(section: &mut Section, outcome: &RunOutcome) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for selection in &outcome.selections {
        *counts.entry(selection.excluded.map_or("chosen", |exclusion| exclusion.reason())).or_default() += 1;
    }
    section.note(format!("Names and rebalances, over {}:", counted(outcome.n_rebalances, "rebalance")));
    let mut table = Table::new(&[("what became of a name", Align::Left), ("times", Align::Right)]);
    for (reason, n) in counts {
        table.row(vec![reason.into(), Cell::number(n as f64, number(n as f64, 0))]);
    }
    section.table(table);
    let Some(last) = outcome.selections.last().map(|selection| selection.timestamp) else {
        return;
    };
    section.note(format!("The last rebalance, decided at the bar {}:", moment(last)));
    let mut table = Table::new(&[
        ("symbol", Align::Left),
        ("rank", Align::Right),
        ("score", Align::Right),
        ("target weight", Align::Right),
        ("filled weight", Align::Right),
        ("why not", Align::Left),
    ])
    .sortable();
    let from = outcome.selections.partition_point(|selection| selection.timestamp < last);
    let mut rows: Vec<&Selection> = outcome.selections[from..].iter().collect();
    // The chosen first, then by rank, those without one last, each by symbol.
    rows.sort_by_key(|row| (row.excluded.is_some(), row.rank.unwrap_or(u32::MAX), row.symbol_idx));
    for selection in rows {
        table.row(selection_cells(outcome, selection));
    }
    section.table(table);
}

/// A row about what a rebalance made of a symbol.
fn selection_cells(outcome: &RunOutcome, selection: &Selection) -> Vec<Cell> {
    let rank = selection.rank.map_or((f64::NAN, String::new()), |rank| (f64::from(rank), rank.to_string()));
    let score = if selection.score.is_finite() { significant(selection.score) } else { String::new() };
    vec![
        outcome.symbols[selection.symbol_idx as usize].clone().into(),
        Cell::number(rank.0, rank.1),
        Cell::number(selection.score, score),
        Cell::number(selection.target_weight, percent(selection.target_weight)),
        Cell::number(selection.filled_weight, percent(selection.filled_weight)),
        selection.excluded.map_or("", |exclusion| exclusion.reason()).into(),
    ]
}

/// Counts, notes and warnings by kind.
fn quality(section: &mut Section, outcome: &RunOutcome) {
    let counts = &outcome.data_quality.counts;
    if counts.is_empty() {
        section.note("Nothing was missing, dropped, filled or stale.");
    } else {
        section.facts(counts.iter().map(|(name, n)| (name.replace('_', " "), number(*n as f64, 0))).collect());
    }
    if !outcome.data_quality.notes.is_empty() {
        section.list(outcome.data_quality.notes.clone());
    }
    let kinds = repeated(&outcome.log, &outcome.symbols);
    if kinds.is_empty() {
        return;
    }
    let n: usize = kinds.iter().map(|kind| kind.n).sum();
    section.note(format!("{}; logs.txt has every one.", counted(n, "warning")));
    let mut table = Table::new(&[
        ("first", Align::Line),
        ("last", Align::Line),
        ("times", Align::Right),
        ("symbols", Align::Right),
        ("warning", Align::Left),
    ])
    .sortable();
    for kind in kinds.iter().take(WARNINGS_SHOWN) {
        let count = |n: usize| Cell::number(n as f64, if n == 0 { String::new() } else { number(n as f64, 0) });
        table.row(vec![
            moment(kind.first.timestamp).into(),
            moment(kind.last).into(),
            count(kind.n),
            count(kind.n_symbols),
            kind.first.text.clone().into(),
        ]);
    }
    section.table(table);
}

/// A number of things.
fn counted(n: usize, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", number(n as f64, 0))
}

/// The whole configuration, to read and to copy.
fn configuration(section: &mut Section, run: &Run<'_>) {
    let facts = flatten(&run.record.config).into_iter().map(|(name, value)| (name, cut(value)));
    section.facts(facts.collect());
    section.preformatted("The same as JSON", format!("{:#}", run.record.config));
}

/// The beginning of a value too long to be read at a glance, such as a list of symbols.
fn cut(value: String) -> String {
    let n_letters = value.chars().count();
    if n_letters <= VALUE_LETTERS {
        return value;
    }
    let beginning: String = value.chars().take(VALUE_LETTERS).collect();
    format!("{beginning} ... ({n_letters} letters, all in the JSON below)")
}

/// The tables that were read, with the hash of their content.
fn inputs(section: &mut Section, inputs: &[RunInput]) {
    let mut inputs: Vec<_> = inputs.iter().collect();
    inputs.sort_unstable_by(|a, b| (&a.name, &a.content_hash).cmp(&(&b.name, &b.content_hash)));
    section.note(format!("{} tables. The venue's files behind them are in run_context.json.", inputs.len()));
    let mut table = Table::new(&[("table", Align::Left), ("BLAKE3 of its content", Align::Left)]).sortable();
    for input in inputs {
        table.row(vec![input.name.clone().into(), input.content_hash.clone().into()]);
    }
    section.table(table);
}

/// The other files of the folder.
fn list_files(section: &mut Section, files: &[WrittenFile]) {
    let mut files: Vec<_> = files.iter().collect();
    files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    section.note("Besides these: run_context.json (machine, versions, durations, hashes of all files) and logs.txt.");
    let mut table = Table::new(&[("file", Align::Left), ("bytes", Align::Right), ("BLAKE3", Align::Left)]);
    for file in files {
        let bytes = file.bytes as f64;
        table.row(vec![file.name.clone().into(), Cell::number(bytes, number(bytes, 0)), file.blake3.clone().into()]);
    }
    section.table(table);
}
