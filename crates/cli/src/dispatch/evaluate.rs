//! `evaluate`: the main figures in the terminal, everything in the folder and in `--json`.

use crosscut_app::evaluate::{self, EvaluationSummary};
use crosscut_app::{AppError, Desk};

use crate::answer::Answer;
use crate::commands::EvaluateArgs;
use crate::text_table::TextTable;

/// Factors shown in the terminal; all are in the report and in `--json`.
const SHOWN: usize = 25;

/// `evaluate ...`
pub fn evaluate(args: &EvaluateArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    match &args.command {
        Some(_) => Err(AppError::new("not there yet")),
        None => {
            let summary = evaluate::run(desk)?;
            let text = text(&summary);
            Ok(Answer::good(&summary, text))
        }
    }
}

/// The main figures.
fn text(summary: &EvaluationSummary) -> String {
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
