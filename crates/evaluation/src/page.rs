//! The report: one page that opens offline, with the plots people know from alphalens and what that library leaves out.

mod closer;
mod information;
mod returns;

use crosscut_model::format_iso;
use crosscut_report::{Align, Cell, Figure, Heat, Page, Section, Table, Tile};

use crate::detail::Detail;
use crate::document::{METHOD, bps, comparison_table, horizon_table, number, percent};
use crate::evaluate::Evaluation;
use crate::horizon::Horizon;
use crate::series::MeanStatistics;

/// Factors whose correlations are drawn.
const CORRELATED: usize = 40;

/// The whole page.
pub fn render(evaluation: &Evaluation, code_version: &str) -> String {
    let market = &evaluation.frame.market;
    let mut page = Page::new(format!("Factor evaluation: {}", evaluation.config.factor_set));
    let ends = market.times.first().zip(market.times.last());
    let span = ends.map(|(first, last)| format!("{} to {}", format_iso(*first), format_iso(*last))).unwrap_or_default();
    page.subtitle(format!(
        "{} {}, {} symbols, {} times, {span}; traded at the {}, {} after the bar just known",
        evaluation.factors.len(),
        if evaluation.factors.len() == 1 { "factor" } else { "factors" },
        market.symbols.len(),
        market.times.len(),
        evaluation.config.price.name(),
        Horizon::Bars(evaluation.config.lag).words()
    ));
    if !evaluation.warnings.is_empty() {
        page.section("Warnings").list(evaluation.warnings.clone());
    }
    if evaluation.comparison.len() > 1 {
        comparison(&mut page, evaluation);
    }
    for (at, detail) in evaluation.details.iter().enumerate() {
        factor(&mut page, evaluation, (at, detail));
    }
    about(&mut page, evaluation, code_version);
    page.footer(format!("crosscut {code_version}; the same input gives the same page"));
    page.render()
}

/// Rows of texts that begin with a head.
fn headed(head: &[&str]) -> Vec<Vec<String>> {
    vec![head.iter().map(|name| (*name).to_owned()).collect()]
}

/// A value that may be missing, as charts take it.
fn drawn(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

/// The ends of a 95 % bar around a mean, by its Newey-West error.
fn ends(mean: Option<f64>, error: Option<f64>) -> (f64, f64) {
    let (mean, error) = (drawn(mean), drawn(error));
    (mean - 1.96 * error, mean + 1.96 * error)
}

/// The same of statistics.
fn ends_of(statistics: &MeanStatistics) -> (f64, f64) {
    ends(statistics.mean, statistics.error)
}

/// A table of texts; cells that read as numbers are sorted as such.
fn table(rows: &[Vec<String>], left: usize) -> Table {
    let head: Vec<(&str, Align)> = rows[0]
        .iter()
        .enumerate()
        .map(|(at, name)| (name.as_str(), if at < left { Align::Left } else { Align::Right }))
        .collect();
    let mut out = Table::new(&head).sortable();
    if head.len() > 8 {
        out = out.dense();
    }
    for row in &rows[1..] {
        let cell = |(at, text): (usize, &String)| {
            if at < left {
                return Cell::text(text.clone());
            }
            let first = text.split(' ').next().unwrap_or_default();
            Cell::number(first.parse().unwrap_or(f64::NAN), text.clone())
        };
        out.row(row.iter().enumerate().map(cell).collect());
    }
    out
}

/// Many factors side by side.
fn comparison(page: &mut Page, evaluation: &Evaluation) {
    let section = page.section("Factors side by side");
    let n = evaluation.comparison.iter().filter(|factor| factor.is_discovery).count();
    section.note(format!(
        "{n} of {} count as discoveries at a false-discovery rate of 5 % (Benjamini and Hochberg), by the rank IC over {}. \
         A factor whose spread is negative is held the other way round for net return and break-even cost.",
        evaluation.comparison.len(),
        evaluation.config.horizons[0].words()
    ));
    let mut rows = comparison_table(evaluation);
    rows.iter_mut().for_each(|row| row.swap(0, 1));
    section.table(table(&rows, 1));
    let names: Vec<String> = evaluation.comparison.iter().take(30).map(|factor| factor.factor.clone()).collect();
    let t: Vec<f64> = evaluation.comparison.iter().take(30).map(|factor| factor.t.unwrap_or(f64::NAN)).collect();
    section.figure(Figure::bars("t of the rank IC (Newey-West), strongest first", names).series("t", &t, &[]));
    if evaluation.correlations.len() > 1 {
        let shown = strongest(evaluation);
        let names: Vec<String> = shown.iter().map(|at| evaluation.factors[*at].clone()).collect();
        let mut heat = Heat::new("Mean rank correlation of the factors", names.clone(), 2);
        for (name, at) in names.iter().zip(&shown) {
            heat.row(name.clone(), shown.iter().map(|other| evaluation.correlations[*at][*other]).collect());
        }
        section.heat(heat);
        if evaluation.factors.len() > shown.len() {
            section.note(format!(
                "The {} strongest of {} factors are shown; all are in correlations.parquet.",
                shown.len(),
                evaluation.factors.len()
            ));
        }
    }
}

/// Positions of the strongest factors.
fn strongest(evaluation: &Evaluation) -> Vec<usize> {
    let place = |name: &String| evaluation.factors.iter().position(|factor| factor == name);
    evaluation.comparison.iter().filter_map(|factor| place(&factor.factor)).take(CORRELATED).collect()
}

/// One factor.
fn factor(page: &mut Page, evaluation: &Evaluation, (at, detail): (usize, &Detail)) {
    let name = &detail.summary.factor;
    let section = page.section(name.clone());
    tiles(section, detail);
    let definition = &evaluation.definitions[at];
    let mut facts = Vec::new();
    if let Some(formula) = definition["definition"]["formula"].as_str() {
        facts.push(("formula".to_owned(), formula.to_owned()));
    }
    if let Some(notes) = definition["definition"]["notes"].as_str() {
        facts.push(("notes".to_owned(), notes.to_owned()));
    }
    let proof = &definition["proof"]["causal"];
    let causal = match (proof["passed"].as_bool(), proof["n_cuts"].as_u64()) {
        (Some(true), Some(cuts)) => format!("proved on {cuts} cuts: no value changes with what happens later"),
        (Some(false), _) => {
            format!("FAILED: {}", proof["detail"].as_str().unwrap_or("values change with what happens later"))
        }
        _ => "not proved; run `crosscut factors audit`".to_owned(),
    };
    facts.push(("knowledge of the future".to_owned(), causal));
    facts.push((
        "factor set".to_owned(),
        format!(
            "{} generation {}, made by version {}",
            evaluation.config.factor_set,
            definition["generation"],
            definition["code_version"].as_str().unwrap_or("?")
        ),
    ));
    section.facts(facts).table(table(&horizon_table(&detail.summary), 1));
    returns::returns(page, evaluation, detail);
    information::information(page, evaluation, detail);
    closer::turnover(page, evaluation, detail);
    closer::stability(page, evaluation, detail);
    closer::redundancy(page, detail);
    closer::coverage(page, detail);
}

/// The main numbers.
fn tiles(section: &mut Section, detail: &Detail) {
    let Some(h) = detail.summary.horizons.first() else { return };
    let portfolio = h.portfolios.first();
    let tile = |label: &str, value: String, note: String| Tile { label: label.to_owned(), value, note };
    section.tiles(vec![
        tile("rank IC", number(h.rank_ic.mean, 4), format!("over {}, t {}", h.words, number(h.rank_ic.t, 2))),
        tile("ICIR", number(h.rank_ic.ratio, 3), format!("{} of times above 0", percent(h.rank_ic.share_positive))),
        tile("spread", format!("{} bp", bps(h.spread.mean)), format!("t {}", number(h.spread.t, 2))),
        tile(
            "long-short net",
            format!("{} %", number(portfolio.and_then(|p| p.annual_net).map(|x| x * 100.0), 1)),
            format!("a year, Sharpe {}", number(portfolio.and_then(|p| p.sharpe_net), 2)),
        ),
        tile(
            "break-even cost",
            portfolio
                .and_then(|p| p.break_even_bps)
                .map_or_else(|| "none".to_owned(), |bps| format!("{} bp", number(Some(bps), 1))),
            "per unit bought or sold".to_owned(),
        ),
        tile(
            "half-life",
            detail
                .ic_half_life_bars
                .map_or_else(|| "none".to_owned(), |bars| format!("{} bars", number(Some(bars), 1))),
            "until half of the rank IC is gone".to_owned(),
        ),
        tile(
            "capacity",
            money(detail.capacity.median_name),
            format!("at {} of a bar's volume, median name", percent(Some(detail.capacity.participation))),
        ),
        tile(
            "names",
            number(detail.summary.coverage.mean_names, 0),
            format!("{} of rows dropped", percent(detail.summary.coverage.loss)),
        ),
    ]);
}

/// An amount in quote units.
fn money(value: Option<f64>) -> String {
    match value {
        Some(value) if value >= 1e9 => format!("{:.1} bn", value / 1e9),
        Some(value) if value >= 1e6 => format!("{:.1} m", value / 1e6),
        Some(value) if value >= 1e3 => format!("{:.1} k", value / 1e3),
        other => number(other, 0),
    }
}

/// Settings, method, data.
fn about(page: &mut Page, evaluation: &Evaluation, code_version: &str) {
    let section = page.section("Settings and method");
    let mut facts = vec![
        ("program version".to_owned(), code_version.to_owned()),
        ("calendar".to_owned(), format!("{}; {}", evaluation.calendar.name(), evaluation.annualisation.basis)),
        ("input tables".to_owned(), format!("{}, with hashes in evaluation.json", evaluation.inputs.len())),
    ];
    facts.extend(METHOD.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    section.facts(facts);
    if !evaluation.notes.is_empty() {
        section.list(evaluation.notes.clone());
    }
    section.preformatted("Settings", format!("{:#}", evaluation.config.canonical()));
}
