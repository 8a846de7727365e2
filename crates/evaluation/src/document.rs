//! The results as one JSON document, as Markdown, and as tables.

use crosscut_model::{Column, Table, format_iso};
use serde_json::{Map, Value, json};

use crate::detail::Detail;
use crate::evaluate::Evaluation;
use crate::horizon::Horizon;
use crate::portfolio::KINDS;
use crate::summary::{FactorSummary, HorizonSummary};

/// Version of the form of an evaluation's folder. 1: `details[].group_returns`, returns by group of portfolios of all names.
/// 2: `details[].by_group` in its place, with portfolios formed within groups; medians of an even number of values are
/// the mean of the two in the middle; funding is that of names with a return.
pub const FORMAT: u32 = 2;

/// How the statistics are defined, for whoever reads a report years later.
pub const METHOD: [(&str, &str); 13] = [
    (
        "forward return",
        "price at exit over price at entry less 1; entry is `lag` bars after the bar just known, exit a horizon later; nothing is filled",
    ),
    (
        "rank IC",
        "Spearman's correlation of factor and forward return over the names of a time, ties averaged; IC: Pearson's",
    ),
    (
        "t",
        "mean over its Newey-West error, Bartlett weights, lags max(2 (bars of the horizon - 1), floor(4 (n/100)^(2/9))), the 2 left out where that is over n/5, at most n - 1; no small-sample correction",
    ),
    ("ICIR", "mean over sample deviation of the IC over times, not annualised"),
    (
        "quantiles",
        "rank: ceil(r q / n) of the average rank r of n names; ordinal: floor((o - 1) q / n) + 1, ties by symbol; qcut: numpy's interpolated edges; bins: equal widths",
    ),
    ("spread", "mean return of the highest less that of the lowest portfolio"),
    (
        "portfolios",
        "long-short: half of capital on the highest, half against the lowest; weighted: (f - mean) / sum |f - mean|; capital is split into as many parts as the horizon has bars",
    ),
    (
        "net",
        "gross less (commission + slippage) times what is bought and sold (target against target; the first parts of capital at the mean of the later ones) less funding of the names that have a return, up to a delisting",
    ),
    ("break-even", "cost per unit bought or sold at which the gross return after funding is gone"),
    (
        "monotonicity",
        "Patton and Timmermann's test: block-bootstrap probability of a smallest rise as large when returns do not rise",
    ),
    (
        "bands",
        "95 %, block bootstrap, seeded: circular blocks, the mean of a draw in units of its own error (Goetze and Kuensch); blocks are twice as long as max(2 h, (n max(1, h^2/6))^(1/3)) for horizons of h bars, or as Politis and White's rule for the series where that is longer, at most n/4",
    ),
    (
        "others",
        "rank correlations and regressions of ranks on ranks with a constant, time by time, among the names that have all that is compared, at times with enough of them; rows that are untradable, known late or outside the pool are left out on both sides; of other timeframes the last row known when the factor's own was",
    ),
    ("q", "Benjamini and Hochberg's adjusted p over all factors of the evaluation; discoveries at 0.05"),
];

/// The results without the files and hashes.
pub fn evaluation_json(evaluation: &Evaluation, code_version: &str) -> Value {
    let market = &evaluation.frame.market;
    let time = |at: Option<&i64>| at.map(|at| format_iso(*at));
    let method: Map<String, Value> = METHOD.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
    json!({
        "format": FORMAT,
        "code_version": code_version,
        "config": evaluation.config.canonical(),
        "factors": evaluation.factors,
        "data": {
            "symbols": market.symbols.len(),
            "times": market.times.len(),
            "first": time(market.times.first()),
            "last": time(market.times.last()),
            "calendar": evaluation.calendar.name(),
            "periods_per_year": evaluation.annualisation.periods_per_year,
            "basis": evaluation.annualisation.basis,
            "delisted": market.last_row.iter().filter(|row| **row != crate::schedule::NONE).count(),
        },
        "method": method,
        "warnings": evaluation.warnings,
        "notes": evaluation.notes,
        "summaries": evaluation.summaries,
        "combined": evaluation.combined,
        "comparison": evaluation.comparison,
        "correlations": correlation_rows(evaluation),
        "definitions": evaluation.definitions,
        "details": evaluation.details,
        "inputs": evaluation.inputs,
    })
}

/// The matrix of correlations, unless it is so large that only its table is of use.
fn correlation_rows(evaluation: &Evaluation) -> Value {
    /// Most factors whose matrix goes into the document.
    const FACTORS_MAX: usize = 50;
    if evaluation.correlations.len() > FACTORS_MAX {
        return json!("see correlations.parquet");
    }
    let row = |row: &Vec<f64>| row.iter().map(|c| c.is_finite().then_some(*c)).collect::<Vec<Option<f64>>>();
    json!(evaluation.correlations.iter().map(row).collect::<Vec<_>>())
}

/// A number with so many decimals; a dash for none.
pub fn number(value: Option<f64>, decimals: usize) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

/// Basis points of a return.
pub fn bps(value: Option<f64>) -> String {
    number(value.map(|value| value * 1e4), 2)
}

/// A share as a percentage.
pub fn percent(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "-".to_owned(), |value| format!("{:.1} %", value * 100.0))
}

/// Rows of the main table of a factor: one per horizon, the head first.
pub fn horizon_table(summary: &FactorSummary) -> Vec<Vec<String>> {
    let head = [
        "horizon",
        "rank IC",
        "ICIR",
        "t",
        "95 % band",
        "positive",
        "IC",
        "spread bps",
        "t",
        "monotonic p",
        "hit rate",
        "turnover",
        "net % a year",
        "break-even bps",
    ];
    let row = |h: &HorizonSummary| {
        let portfolio = h.portfolios.first();
        let band = h.rank_ic.band.map_or_else(|| "-".to_owned(), |(low, high)| format!("{low:.4} to {high:.4}"));
        let rises = h.spread.mean.is_none_or(|mean| mean >= 0.0);
        vec![
            h.horizon.clone(),
            number(h.rank_ic.mean, 4),
            number(h.rank_ic.ratio, 3),
            number(h.rank_ic.t, 2),
            band,
            percent(h.rank_ic.share_positive),
            number(h.ic.mean, 4),
            bps(h.spread.mean),
            number(h.spread.t, 2),
            number(if rises { h.monotonicity.p_rise } else { h.monotonicity.p_fall }, 3),
            percent(h.hit_rate),
            percent(h.quantiles.last().and_then(|top| top.turnover)),
            number(portfolio.and_then(|p| p.annual_net).map(|net| net * 100.0), 1),
            number(portfolio.and_then(|p| p.break_even_bps), 1),
        ]
    };
    std::iter::once(head.map(str::to_owned).to_vec()).chain(summary.horizons.iter().map(row)).collect()
}

/// Rows of the comparison, the head first.
pub fn comparison_table(evaluation: &Evaluation) -> Vec<Vec<String>> {
    let head = [
        "place",
        "factor",
        "rank IC",
        "ICIR",
        "t",
        "p",
        "q (BH)",
        "spread bps",
        "t",
        "net % a year",
        "break-even bps",
        "autocorrelation",
        "dropped",
    ];
    let rows = evaluation.comparison.iter().map(|factor| {
        vec![
            factor.place.to_string(),
            factor.factor.clone(),
            number(factor.rank_ic, 4),
            number(factor.icir, 3),
            number(factor.t, 2),
            number(factor.p, 5),
            number(factor.q, 5),
            bps(factor.spread),
            number(factor.spread_t, 2),
            number(factor.annual_net.map(|net| net * 100.0), 1),
            number(factor.break_even_bps, 1),
            number(factor.rank_autocorrelation, 3),
            percent(factor.loss),
        ]
    });
    std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect()
}

/// The results as Markdown.
pub fn markdown(evaluation: &Evaluation, code_version: &str) -> String {
    let market = &evaluation.frame.market;
    let mut out = format!("# Factor evaluation: {}\n\n", evaluation.config.factor_set);
    out.push_str(&format!(
        "{} factors, {} symbols, {} times from {} to {}, {} calendar, {}. Program version {code_version}.\n\n",
        evaluation.factors.len(),
        market.symbols.len(),
        market.times.len(),
        market.times.first().map(|at| format_iso(*at)).unwrap_or_default(),
        market.times.last().map(|at| format_iso(*at)).unwrap_or_default(),
        evaluation.calendar.name(),
        evaluation.annualisation.basis
    ));
    for warning in &evaluation.warnings {
        out.push_str(&format!("**Warning:** {warning}\n\n"));
    }
    if evaluation.comparison.len() > 1 {
        out.push_str("## Factors side by side\n\n");
        push_table(&mut out, &comparison_table(evaluation));
    }
    for detail in &evaluation.details {
        push_factor(&mut out, detail);
    }
    out.push_str("## Settings\n\n```json\n");
    out.push_str(&format!("{:#}\n```\n\n## Method\n\n", evaluation.config.canonical()));
    for (name, text) in METHOD {
        out.push_str(&format!("- **{name}**: {text}\n"));
    }
    out.push_str(&format!("\n{} input tables with their hashes are in `evaluation.json`.\n", evaluation.inputs.len()));
    for note in &evaluation.notes {
        out.push_str(&format!("\nNote: {note}\n"));
    }
    out
}

/// A factor in Markdown.
fn push_factor(out: &mut String, detail: &Detail) {
    out.push_str(&format!("## {}\n\n", detail.summary.factor));
    push_table(out, &horizon_table(&detail.summary));
    if let Some(h) = detail.summary.horizons.first() {
        out.push_str(&format!("Portfolios over {}:\n\n", h.horizon));
        let head = [
            "portfolio",
            "gross bps",
            "traded",
            "cost bps",
            "funding bps",
            "net bps",
            "net t",
            "net Sharpe",
            "break-even bps",
        ];
        let rows = h.portfolios.iter().map(|p| {
            vec![
                p.kind.words().to_owned(),
                bps(p.gross.mean),
                number(p.traded, 3),
                bps(p.cost),
                bps(p.funding),
                bps(p.net.mean),
                number(p.net.t, 2),
                number(p.sharpe_net, 2),
                number(p.break_even_bps, 1),
            ]
        });
        push_table(out, &std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect::<Vec<_>>());
    }
    let coverage = &detail.summary.coverage;
    out.push_str(&format!(
        "{}; {} judged times of {}, {} dropped in all; capacity of the median name {}.\n\n",
        detail.summary.drops(),
        coverage.times_judged,
        coverage.times,
        percent(coverage.loss),
        number(detail.capacity.median_name, 0)
    ));
}

/// Appends a table in Markdown.
fn push_table(out: &mut String, rows: &[Vec<String>]) {
    for (at, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
        if at == 0 {
            out.push_str(&format!("|{}\n", " --- |".repeat(row.len())));
        }
    }
    out.push('\n');
}

/// The tables of an evaluation by file name, without `.parquet`.
pub fn tables(evaluation: &Evaluation) -> Vec<(String, Table)> {
    let mut out =
        vec![("comparison".to_owned(), comparison(evaluation)), ("quantiles".to_owned(), quantiles(evaluation))];
    if !evaluation.correlations.is_empty() {
        out.push(("correlations".to_owned(), correlations(evaluation)));
    }
    if !evaluation.details.is_empty() {
        out.push(("around".to_owned(), around(evaluation)));
    }
    for (at, detail) in evaluation.details.iter().enumerate() {
        out.push((format!("series_{}", at + 1), series(detail, &evaluation.config.horizons)));
    }
    out
}

/// An optional number as a cell.
fn cell(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

/// The comparison.
fn comparison(evaluation: &Evaluation) -> Table {
    let all = &evaluation.comparison;
    let mut out = Table::default();
    out.push("place", Column::I64(all.iter().map(|f| f.place as i64).collect()));
    out.push("factor", Column::Text(all.iter().map(|f| f.factor.clone()).collect()));
    let mut add = |name: &str, value: &dyn Fn(&crate::compare::ComparedFactor) -> Option<f64>| {
        out.push(name, Column::F64(all.iter().map(|f| cell(value(f))).collect()));
    };
    add("rank_ic", &|f| f.rank_ic);
    add("icir", &|f| f.icir);
    add("t", &|f| f.t);
    add("p", &|f| f.p);
    add("q", &|f| f.q);
    add("spread", &|f| f.spread);
    add("spread_t", &|f| f.spread_t);
    add("annual_net", &|f| f.annual_net);
    add("break_even_bps", &|f| f.break_even_bps);
    add("rank_autocorrelation", &|f| f.rank_autocorrelation);
    add("loss", &|f| f.loss);
    out
}

/// Portfolios by quantile of all factors and horizons.
fn quantiles(evaluation: &Evaluation) -> Table {
    let all: Vec<_> = evaluation
        .summaries
        .iter()
        .chain(&evaluation.combined)
        .flat_map(|f| f.horizons.iter().flat_map(move |h| h.quantiles.iter().map(move |q| (f, h, q))))
        .collect();
    let mut out = Table::default();
    out.push("factor", Column::Text(all.iter().map(|(f, _, _)| f.factor.clone()).collect()));
    out.push("horizon", Column::Text(all.iter().map(|(_, h, _)| h.horizon.clone()).collect()));
    out.push("quantile", Column::I64(all.iter().map(|(_, _, q)| q.quantile as i64).collect()));
    out.push("n", Column::I64(all.iter().map(|(_, _, q)| q.n as i64).collect()));
    let mut add = |name: &str, value: &dyn Fn(&crate::summary::QuantileStatistics) -> Option<f64>| {
        out.push(name, Column::F64(all.iter().map(|(_, _, q)| cell(value(q))).collect()));
    };
    add("mean", &|q| q.mean);
    add("error", &|q| q.error);
    add("demeaned_mean", &|q| q.demeaned_mean);
    add("demeaned_error", &|q| q.demeaned_error);
    add("mean_by_time", &|q| q.by_time.mean);
    add("error_by_time", &|q| q.by_time.error);
    add("turnover", &|q| q.turnover);
    add("turnover_1", &|q| q.turnover_1);
    out
}

/// Mean rank correlations, one column per factor.
fn correlations(evaluation: &Evaluation) -> Table {
    let mut out = Table::default();
    out.push("factor", Column::Text(evaluation.factors.clone()));
    for (name, row) in evaluation.factors.iter().zip(&evaluation.correlations) {
        out.push(format!("c_{name}"), Column::F64(row.clone()));
    }
    out
}

/// The series of a factor over time.
fn series(detail: &Detail, horizons: &[Horizon]) -> Table {
    let curves = &detail.curves;
    let mut out = Table::default();
    out.push("timestamp", Column::I64(curves.times.clone()));
    out.push("factor", Column::Text(vec![detail.summary.factor.clone(); curves.times.len()]));
    out.push("n_names", Column::F64(curves.n_names.clone()));
    for (h, horizon) in horizons.iter().enumerate() {
        out.push(format!("rank_ic_{horizon}"), Column::F64(curves.rank_ic[h].clone()));
        out.push(format!("ic_{horizon}"), Column::F64(curves.ic[h].clone()));
        out.push(format!("market_{horizon}"), Column::F64(curves.market[h].clone()));
        out.push(format!("spread_error_{horizon}"), Column::F64(curves.spread_error[h].clone()));
        for (q, values) in curves.quantiles[h].iter().enumerate() {
            out.push(format!("q{}_{horizon}", q + 1), Column::F64(values.clone()));
        }
        for (kind, name) in
            ["long_short", "long_only", "long_demeaned", "factor_weighted"].iter().enumerate().take(KINDS.len())
        {
            out.push(format!("{name}_gross_{horizon}"), Column::F64(curves.gross[h][kind].clone()));
            out.push(format!("{name}_net_{horizon}"), Column::F64(curves.net[h][kind].clone()));
        }
    }
    for changes in &curves.changes {
        // Over one bar without a number; two horizons that take as many bars are one.
        let suffix = if changes.bars == 1 { String::new() } else { format!("_{}", changes.bars) };
        if out.get(&format!("rank_autocorrelation{suffix}")).is_some() {
            continue;
        }
        for (q, values) in changes.turnover.iter().enumerate() {
            out.push(format!("turnover_q{}{suffix}", q + 1), Column::F64(values.clone()));
        }
        out.push(format!("rank_autocorrelation{suffix}"), Column::F64(changes.rank_autocorrelation.clone()));
    }
    out
}

/// Returns around decisions of the factors reported in full.
fn around(evaluation: &Evaluation) -> Table {
    let rows = || {
        evaluation.details.iter().flat_map(|detail| {
            detail.around.iter().flat_map(move |around| (0..around.offsets.len()).map(move |at| (detail, around, at)))
        })
    };
    let mut out = Table::default();
    out.push("factor", Column::Text(rows().map(|(detail, ..)| detail.summary.factor.clone()).collect()));
    out.push("quantile", Column::I64(rows().map(|(_, around, _)| around.quantile as i64).collect()));
    out.push("bars", Column::I64(rows().map(|(_, around, at)| around.offsets[at]).collect()));
    out.push("mean", Column::F64(rows().map(|(_, around, at)| cell(around.mean[at])).collect()));
    out.push("error", Column::F64(rows().map(|(_, around, at)| cell(around.error[at])).collect()));
    out
}
