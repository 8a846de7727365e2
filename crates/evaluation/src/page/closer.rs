//! Turnover, stability, exposures, other factors, coverage.

use crosscut_report::{Chart, Figure, Mark, Page, Table};

use super::{headed, money, table};
use crate::detail::Detail;
use crate::document::{bps, number, percent};
use crate::evaluate::Evaluation;
use crate::horizon::Horizon;
use crate::stability::Part;

/// Others listed in the table of redundancy.
const BESIDE: usize = 40;

/// Turnover and autocorrelation.
pub(super) fn turnover(page: &mut Page, evaluation: &Evaluation, detail: &Detail) {
    let section = page.section(format!("{}: turnover", detail.summary.factor));
    let curves = &detail.curves;
    let top = evaluation.config.n_quantiles;
    for changes in &curves.changes {
        let bars = Horizon::Bars(changes.bars).words();
        let mut chart = Chart::new(format!("Share of names new in a portfolio since {bars} before"), &curves.times);
        chart = chart.percent().series("q1", Mark::Line, &changes.turnover[0]);
        section.chart(chart.series(format!("q{top}"), Mark::Line, &changes.turnover[top - 1]));
        let title = format!("Rank correlation of the factor with itself {bars} before");
        section.chart(Chart::new(title, &curves.times).series(
            "rank autocorrelation",
            Mark::Line,
            &changes.rank_autocorrelation,
        ));
    }
    let mut rows = vec![
        ["horizon".to_owned()]
            .into_iter()
            .chain((1..=top).map(|q| format!("q{q}")))
            .chain(["rank autocorrelation".to_owned()])
            .collect::<Vec<_>>(),
    ];
    for h in &detail.summary.horizons {
        let turnover = h.quantiles.iter().map(|q| percent(q.turnover));
        rows.push(
            std::iter::once(h.words.clone()).chain(turnover).chain([number(h.rank_autocorrelation, 3)]).collect(),
        );
    }
    section.table(table(&rows, 1));
}

/// Whether it works everywhere.
pub(super) fn stability(page: &mut Page, evaluation: &Evaluation, detail: &Detail) {
    let section = page.section(format!("{}: stability", detail.summary.factor));
    for (title, list) in [
        ("year", &detail.years),
        ("state of the market", &detail.states),
        ("age of the listing", &detail.ages),
        ("group", &detail.groups),
    ] {
        if !list.is_empty() {
            section.table(parts(title, list, evaluation));
        }
    }
    section.note("State of the market: the mean of all names over the window, rising or falling; its volatility against the median of all earlier times. Both as they were known.");
    let mut rows = headed(&["variant", "horizon", "rank IC", "t", "spread bps", "t", "net % a year"]);
    let plain = std::iter::once(("as it is", &detail.summary));
    for (name, summary) in plain.chain(detail.variants.iter().map(|v| (v.variant.as_str(), &v.summary))) {
        for h in &summary.horizons {
            rows.push(vec![
                name.to_owned(),
                h.words.clone(),
                number(h.rank_ic.mean, 4),
                number(h.rank_ic.t, 2),
                bps(h.spread.mean),
                number(h.spread.t, 2),
                number(h.portfolios.first().and_then(|p| p.annual_net).map(|x| x * 100.0), 1),
            ]);
        }
    }
    section.table(table(&rows, 2));
}

/// A table of parts.
fn parts(title: &str, list: &[Part], evaluation: &Evaluation) -> Table {
    let mut head = vec![title.to_owned()];
    for horizon in &evaluation.config.horizons {
        head.extend([format!("rank IC {}", horizon.words()), "t".to_owned(), "n".to_owned()]);
        if list.iter().any(|part| !part.spread.is_empty()) {
            head.push("spread bps".to_owned());
        }
    }
    let mut rows = vec![head];
    for part in list {
        let mut row = vec![part.name.clone()];
        for (h, ic) in part.rank_ic.iter().enumerate() {
            row.extend([number(ic.mean, 4), number(ic.t, 2), ic.n.to_string()]);
            if let Some(spread) = part.spread.get(h) {
                row.push(bps(spread.mean));
            }
        }
        rows.push(row);
    }
    table(&rows, 1)
}

/// Exposures and other factors.
pub(super) fn redundancy(page: &mut Page, detail: &Detail) {
    let section = page.section(format!("{}: exposures and other factors", detail.summary.factor));
    let names = detail.exposures.iter().map(|e| e.characteristic.clone()).collect();
    let means: Vec<f64> = detail.exposures.iter().map(|e| e.correlation.mean.unwrap_or(f64::NAN)).collect();
    section.figure(Figure::bars("Mean rank correlation with what is known of the names", names).series(
        "correlation",
        &means,
        &[],
    ));
    section.facts(detail.exposures.iter().map(|e| (e.characteristic.clone(), e.meaning.clone())).collect());
    for (title, joint) in [("these", &detail.beyond_exposures), ("the closest other factors", &detail.beyond_others)] {
        if let Some(joint) = joint {
            section.note(format!(
                "Without {title} ({}), taken out together by regression time by time, a rank IC of {} (t {}) is left of {} (t {}); they explain {} of its ranks.",
                joint.others.join(", "),
                number(joint.incremental.mean, 4),
                number(joint.incremental.t, 2),
                number(joint.rank_ic.mean, 4),
                number(joint.rank_ic.t, 2),
                percent(joint.r_squared)
            ));
        }
    }
    let mut rows = headed(&["factor", "set", "times", "rank correlation", "its rank IC", "incremental rank IC", "t"]);
    for beside in detail.beside.iter().take(BESIDE) {
        rows.push(vec![
            beside.factor.clone(),
            format!("{}/{}", beside.timeframe, beside.factor_set),
            beside.times.to_string(),
            number(beside.correlation, 3),
            number(beside.rank_ic, 4),
            number(beside.incremental.mean, 4),
            number(beside.incremental.t, 2),
        ]);
    }
    section.table(table(&rows, 2));
    if detail.beside.len() > BESIDE {
        section.note(format!("{} more are in evaluation.json.", detail.beside.len() - BESIDE));
    }
}

/// Rows, missing values, outliers.
pub(super) fn coverage(page: &mut Page, detail: &Detail) {
    let section = page.section(format!("{}: coverage", detail.summary.factor));
    let (coverage, outliers) = (&detail.summary.coverage, &detail.outliers);
    let mut facts: Vec<(String, String)> = [
        ("rows of the factor", coverage.rows.rows.to_string()),
        ("without a value", coverage.rows.missing.to_string()),
        ("not tradable", coverage.rows.untradable.to_string()),
        ("known late", coverage.rows.late.to_string()),
        ("outside the pool", coverage.rows.outside_pool.to_string()),
        ("at times with too few names", coverage.too_few_names.to_string()),
        ("without the returns of all horizons", coverage.incomplete.to_string()),
        ("times judged", format!("{} of {}", coverage.times_judged, coverage.times)),
        ("values beyond 5 scaled MADs of the median", percent(outliers.beyond_5)),
        ("values beyond 10", percent(outliers.beyond_10)),
        ("farthest value, scaled MADs", number(outliers.largest, 1)),
        ("values shared with another name", percent(outliers.tied)),
        ("capacity, median name", money(detail.capacity.median_name)),
        ("capacity, name at the lowest tenth of volume", money(detail.capacity.thin_name)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    for h in &detail.summary.horizons {
        let m = h.missing;
        facts.push((
            format!("returns missing over {}", h.words),
            format!(
                "{} end of data, {} no entry price, {} no exit price, {} delisted",
                m.end_of_data, m.no_entry_price, m.no_exit_price, m.delisted
            ),
        ));
    }
    section.facts(facts).table(contents(detail));
    section.chart(
        Chart::new("Names that take part", &detail.curves.times)
            .series("names", Mark::Step, &detail.curves.n_names)
            .height(180),
    );
    if !detail.symbols.is_empty() {
        let mut rows = headed(&["symbol", "times", "missing"]);
        rows.extend(detail.symbols.iter().map(|s| vec![s.symbol.clone(), s.times.to_string(), s.missing.to_string()]));
        section.table(table(&rows, 1));
    }
}

/// The factor values of each portfolio.
fn contents(detail: &Detail) -> Table {
    let mut rows = headed(&["portfolio", "values", "share", "min", "mean", "max", "deviation"]);
    let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.6e}"));
    for one in &detail.values {
        rows.push(vec![
            format!("q{}", one.quantile),
            one.n.to_string(),
            percent(one.share),
            shown(one.min),
            shown(one.mean),
            shown(one.max),
            shown(one.deviation),
        ]);
    }
    table(&rows, 1)
}
