//! `backtest`, `pipeline run`, `demo`: whatever ends with a run and its report.

use crosscut_app::backtest::{self, RunSummary};
use crosscut_app::{AppError, Desk, demo, pipeline};

use super::runs::trials;
use super::verdicts;
use crate::answer::Answer;
use crate::commands::DemoArgs;
use crate::text_table::TextTable;

/// The metrics shown in the terminal; all are in the report and in `--json`.
const SHOWN: [&str; 12] = [
    "final_equity",
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "calmar",
    "n_rebalances",
    "n_trades",
    "win_rate",
    "turnover",
];

/// `backtest`.
pub fn backtest(desk: &Desk<'_>) -> Result<Answer, AppError> {
    let run = backtest::run(desk)?;
    let text = run_text(&run);
    Ok(Answer::good(&run, text).with_status(verdicts::status(&run.verdicts)))
}

/// `pipeline run`.
pub fn pipeline(desk: &Desk<'_>) -> Result<Answer, AppError> {
    let summary = pipeline::run(desk)?;
    let mut table = TextTable::new(&["step", "", "what"]);
    for step in &summary.steps {
        let done = if step.skipped { "skipped" } else { "done" };
        table.row([step.name.clone(), done.to_owned(), step.text.clone()]);
    }
    let text = format!("{}\n{}", table.render(), run_text(&summary.run));
    Ok(Answer::good(&summary, text).with_status(verdicts::status(&summary.run.verdicts)))
}

/// `demo`.
pub fn demo(args: &DemoArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let summary = demo::run(desk, &args.dir)?;
    let text = format!(
        "\n{}\nThe market was made up: the figures show how the program works, not what a strategy earns.\n\
         The factors' report is {}.\nOpen {} in a browser.\n",
        run_text(&summary.run),
        summary.evaluation.display(),
        summary.run.report.display()
    );
    Ok(Answer::good(&summary, text))
}

/// A run as a few lines.
fn run_text(run: &RunSummary) -> String {
    let what = if run.reused { ", stored before and verified" } else { "" };
    let mut text = format!(
        "run {} ({}{what}): {} symbols, data {} to {}\n\n",
        run.run_id, run.strategy, run.n_symbols, run.data_range.0, run.data_range.1
    );
    let mut table = TextTable::new(&["metric", ">value", "annualised by"]);
    for metric in run.metrics.iter().filter(|metric| SHOWN.contains(&metric.name.as_str())) {
        table.row([metric.name.clone(), metric.text.clone(), metric.annualisation.clone().unwrap_or_default()]);
    }
    text.push_str(&table.render());
    text.push_str(&trials::deflation(run.trials.as_ref()));
    text.push_str(&verdicts::text(&run.verdicts));
    for warning in &run.warnings {
        text.push_str(&format!("note: {warning}\n"));
    }
    text.push_str(&format!("\nresults  {}\nreport   {}\n", run.folder.display(), run.report.display()));
    text
}
