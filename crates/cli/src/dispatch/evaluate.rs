//! `evaluate`: the main figures in the terminal, everything in the folder and in `--json`.

use std::path::Path;

use crosscut_app::evaluate::{self, EvaluationSummary};
use crosscut_app::{AppError, Desk};

use crate::answer::{Answer, Status};
use crate::commands::{EvaluateArgs, EvaluateCommand};
use crate::text_table::TextTable;

/// Factors or tables shown in the terminal; all are in the report and in `--json`.
const SHOWN: usize = 25;

/// `evaluate ...`
pub fn evaluate(args: &EvaluateArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    match &args.command {
        Some(EvaluateCommand::Verify(args)) => verify(desk, &args.dir),
        None => {
            let summary = evaluate::run(desk)?;
            let text = text(&summary);
            Ok(Answer::good(&summary, text))
        }
    }
}

/// `evaluate verify`.
fn verify(desk: &Desk<'_>, folder: &Path) -> Result<Answer, AppError> {
    let found = evaluate::verify(desk, folder)?;
    let mut text = String::new();
    for line in found.notes.iter().chain(&found.problems) {
        text.push_str(&format!("{line}\n"));
    }
    if found.problems.is_empty() {
        text.push_str(&format!("{}: {} files as they were written\n", folder.display(), found.n_files));
    }
    if let Some(same) = found.tables_same {
        let (changed, damaged, missing) =
            (found.tables_changed.len(), found.tables_damaged.len(), found.tables_missing.len());
        text.push_str(&format!(
            "of the tables it was made from {same} are unchanged, {changed} changed, {damaged} damaged, {missing} no more there\n"
        ));
        let lists = [
            ("changed since", &found.tables_changed),
            ("damaged", &found.tables_damaged),
            ("gone", &found.tables_missing),
        ];
        for (what, tables) in lists {
            tables.iter().take(SHOWN).for_each(|table| text.push_str(&format!("{what}: {table}\n")));
        }
    }
    for left in &found.leftovers {
        text.push_str(&format!(
            "`{}` was left by an evaluation that was interrupted, or is being written; the next one into this folder removes it\n",
            left.display()
        ));
    }
    let status = if found.is_good() { Status::Good } else { Status::Problem };
    Ok(Answer::good(&found, text).with_status(status))
}

/// The main figures, and where the rest is.
fn text(summary: &EvaluationSummary) -> String {
    let mut out = figures(summary);
    for note in &summary.notes {
        out.push_str(&format!("note: {note}\n"));
    }
    out.push_str(&format!("\nresults  {}\nreport   {}\n", summary.folder.display(), summary.report.display()));
    out
}

/// The main figures.
fn figures(summary: &EvaluationSummary) -> String {
    let mut out = format!(
        "factor set {}: {} factors, {} symbols, {} times\n\n",
        summary.factor_set,
        summary.factors.len(),
        summary.n_symbols,
        summary.n_times
    );
    let number =
        |value: Option<f64>, decimals: usize| value.map_or("-".to_owned(), |value| format!("{value:.decimals$}"));
    if let [factor] = summary.factors.as_slice() {
        let mut table = TextTable::new(&[
            "horizon",
            ">rank IC",
            ">ICIR",
            ">t (NW)",
            ">positive",
            ">spread bps",
            ">t (NW)",
            ">turnover",
            ">break-even bps",
        ]);
        for horizon in &factor.horizons {
            let portfolio = horizon.portfolios.first();
            table.row([
                horizon.horizon.clone(),
                number(horizon.rank_ic.mean, 4),
                number(horizon.rank_ic.ratio, 3),
                number(horizon.rank_ic.t, 2),
                number(horizon.rank_ic.share_positive, 3),
                number(horizon.spread.mean.map(|mean| mean * 1e4), 2),
                number(horizon.spread.t, 2),
                number(horizon.quantiles.last().and_then(|top| top.turnover), 3),
                number(portfolio.and_then(|p| p.break_even_bps), 1),
            ]);
        }
        out.push_str(&table.render());
        let loss = factor.coverage.loss.map_or(String::new(), |loss| format!("; {:.1} % take no part", 100.0 * loss));
        out.push_str(&format!("{}{loss}\n", factor.drops()));
        return out;
    }
    let mut table = TextTable::new(&[
        ">",
        "factor",
        ">rank IC",
        ">ICIR",
        ">t (NW)",
        ">q (BH)",
        ">spread bps",
        ">net % a year",
        ">break-even bps",
        ">autocorr",
    ]);
    for factor in summary.comparison.iter().take(SHOWN) {
        table.row([
            factor.place.to_string(),
            factor.factor.clone(),
            number(factor.rank_ic, 4),
            number(factor.icir, 3),
            number(factor.t, 2),
            number(factor.q, 4),
            number(factor.spread.map(|mean| mean * 1e4), 2),
            number(factor.annual_net.map(|net| net * 100.0), 1),
            number(factor.break_even_bps, 1),
            number(factor.rank_autocorrelation, 3),
        ]);
    }
    out.push_str(&table.render());
    out
}
