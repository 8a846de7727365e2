//! `runs`: the archive of runs.

mod explain;
pub(super) mod trials;

use crosscut_app::runs::{self, Capacity, Comparison, InputChange, PresetNumbers, RawFilesOfRun, Run};
use crosscut_app::{AppError, Desk, rerun};
use crosscut_model::format_iso;

use crate::answer::{Answer, Status};
use crate::commands::{CompareArgs, RunsCommand, VerifyArgs};
use crate::text_table::TextTable;

/// `runs ...`
pub fn runs(command: &RunsCommand, desk: &Desk<'_>) -> Result<Answer, AppError> {
    match command {
        RunsCommand::List(args) => list(desk, args.strategy.as_deref(), args.last),
        RunsCommand::Show(args) => match &args.metrics {
            Some(library) => preset(&runs::preset(desk, &args.run.run, library, args.periods_per_year)?),
            None => show(&runs::show(desk, &args.run.run)?),
        },
        RunsCommand::Compare(args) => compare(desk, args),
        RunsCommand::Capacity(args) => capacity(&runs::capacity(desk, &args.run.run, args.impact)?),
        RunsCommand::Rerun(args) => rerun(desk, &args.run),
        RunsCommand::Explain(args) => explain::explain(desk, args),
        RunsCommand::Verify(args) => verify(desk, args),
        RunsCommand::Judge(args) => super::stress::judge(desk, &args.run.run),
        RunsCommand::Contest(args) => super::contest::contest(desk, args),
        RunsCommand::Trials(args) => trials::trials(desk, args.head.as_deref()),
    }
}

/// `runs list`.
fn list(desk: &Desk<'_>, strategy: Option<&str>, last: Option<usize>) -> Result<Answer, AppError> {
    let runs = runs::list(desk, strategy, last)?;
    let mut table = TextTable::new(&[
        "run",
        "strategy",
        "command",
        "status",
        "started",
        ">total return",
        ">Sharpe",
        ">max drawdown",
    ]);
    for run in &runs.runs {
        let number = |name: &str| run.headline.get(name).copied().flatten();
        let percent = |name| number(name).map_or("-".to_owned(), |value| format!("{:.2} %", 100.0 * value));
        table.row([
            run.run_id.clone().unwrap_or_else(|| "-".to_owned()),
            run.strategy.clone(),
            run.kind.clone(),
            run.status.name().to_owned(),
            run.started_at.clone(),
            percent("total_return"),
            number("sharpe").map_or("-".to_owned(), |value| format!("{value:.2}")),
            percent("max_drawdown"),
        ]);
    }
    let text = if runs.runs.is_empty() && (strategy.is_some() || last.is_some()) {
        format!("none of the runs in {} is asked for\n", desk.results_root().display())
    } else if runs.runs.is_empty() {
        format!("no runs in {} yet\n", desk.results_root().display())
    } else {
        table.render()
    };
    Ok(Answer::good(&runs, text))
}

/// `runs show`.
fn show(run: &Run) -> Result<Answer, AppError> {
    let entry = &run.entry;
    let mut text = format!(
        "{} ({}), {} at {}, code version {}\nfolder {}\n\n",
        entry.run_id.as_deref().unwrap_or("-"),
        entry.strategy,
        entry.kind,
        entry.started_at,
        entry.code_version,
        run.folder.display(),
    );
    let mut table = TextTable::new(&["metric", ">value", "annualised by"]);
    for metric in &run.metrics {
        table.row([metric.name.clone(), metric.text.clone(), metric.annualisation.clone().unwrap_or_default()]);
    }
    text.push_str(&table.render());
    text.push_str(&trials::deflation(run.trials.as_ref()));
    text.push_str(&format!("\nconfig {:#}\n\n{} input tables, see --json\n", run.config, run.inputs.len()));
    Ok(Answer::good(run, text))
}

/// `runs show --metrics`.
fn preset(preset: &PresetNumbers) -> Result<Answer, AppError> {
    let mut table = TextTable::new(&["metric", ">value", "annualised by", "formula"]);
    for number in &preset.numbers {
        table.row([
            number.name.clone(),
            number.value.map_or("undefined".to_owned(), |value| format!("{value:.6}")),
            number.annualisation.clone().unwrap_or_default(),
            number.note.clone(),
        ]);
    }
    let text = format!("by the conventions of {}, on {}\n\n{}", preset.preset, preset.periods, table.render());
    Ok(Answer::good(preset, text))
}

/// `runs compare`.
fn compare(desk: &Desk<'_>, args: &CompareArgs) -> Result<Answer, AppError> {
    let comparison = runs::compare_two(desk, &args.first, &args.second, args.html.as_deref())?;
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.6}"));
    let or_dash = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let right = |id: &str| format!(">{id}");
    let mut metrics = TextTable::new(&["metric", &right(&comparison.a), &right(&comparison.b), ">difference"]);
    for pair in &comparison.metrics {
        metrics.row([pair.name.clone(), number(pair.a), number(pair.b), number(pair.difference)]);
    }
    let mut text = metrics.render();
    for (what, differences) in [("setting", &comparison.config), ("input", &comparison.inputs)] {
        let mut table = TextTable::new(&[what, &comparison.a, &comparison.b]);
        differences.iter().for_each(|one| table.row([one.name.clone(), or_dash(&one.a), or_dash(&one.b)]));
        text.push('\n');
        text.push_str(&if differences.is_empty() { format!("same {what}s\n") } else { table.render() });
    }
    text.push('\n');
    text.push_str(&divergence(&comparison));
    if let Some(page) = &args.html {
        text.push_str(&format!("page {}\n", page.display()));
    }
    Ok(Answer::good(&comparison, text))
}

/// Where two runs part, and their trades, in words.
fn divergence(comparison: &Comparison) -> String {
    let (parted, trades) = (&comparison.divergence, &comparison.trades);
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| value.to_string());
    let mut text = match &parted.bar {
        Some(bar) => {
            let (a, b) = (number(parted.a), number(parted.b));
            format!("equity first differs at {bar}: {a} against {b}; largest difference {}\n", number(parted.largest))
        }
        None => format!("equity is the same on all {} common bars\n", parted.n_common_bars),
    };
    parted.reasons.iter().for_each(|reason| text.push_str(&format!("  {reason}\n")));
    if parted.only_a + parted.only_b > 0 {
        text.push_str(&format!("{} bars are in the first run alone, {} in the second\n", parted.only_a, parted.only_b));
    }
    text.push_str(&format!(
        "{} and {} closed trades, {} in both, {} of them with the same profit\n",
        trades.n_a, trades.n_b, trades.n_common, trades.n_same_profit
    ));
    text
}

/// `runs capacity`.
fn capacity(capacity: &Capacity) -> Result<Answer, AppError> {
    let amount = |value: Option<f64>| value.map_or("undefined".to_owned(), |value| format!("{value:.0}"));
    let mut table = TextTable::new(&[">capital", ">total return"]);
    for (capital, total) in &capacity.returns {
        let total = match total {
            None => "undefined".to_owned(),
            Some(total) if *total <= -1.0 => "all is lost".to_owned(),
            Some(total) => format!("{:.2} %", 100.0 * total),
        };
        table.row([format!("{capital:.0}"), total]);
    }
    let takes = if capacity.profit > 0.0 {
        let (half, all) = (amount(capacity.half_profit_at), amount(capacity.no_profit_at));
        format!("impact takes half of the profit at {half}, all of it at {all}")
    } else {
        "there is no profit for impact to take".to_owned()
    };
    let text = format!(
        "run {}: profit {:.2} on {:.0}; impact at that capital {} by the square-root law, factor {}\n\n{}\n\
         {}\n\
         {} fills met the market of the 30 days before them, {} had none and pay nothing here\n",
        capacity.run_id,
        capacity.profit,
        capacity.capital,
        capacity.impact.map_or("undefined".to_owned(), |impact| format!("{impact:.2}")),
        capacity.coefficient,
        table.render(),
        takes,
        capacity.n_fills,
        capacity.n_without_market,
    );
    Ok(Answer::good(capacity, text))
}

/// `runs rerun`. A run that came out otherwise is a problem found, not a failure to run.
fn rerun(desk: &Desk<'_>, name: &str) -> Result<Answer, AppError> {
    let rerun = rerun::rerun(desk, name)?;
    let mut text = String::new();
    if rerun.identical {
        text.push_str(&format!("run {}: all {} files came out the same, bit for bit\n", rerun.run_id, rerun.n_files));
    } else if let Some(first) = rerun.changed_inputs.first() {
        text.push_str(&format!("run {} cannot be made again: {}\n", rerun.run_id, first.text()));
        for (what, hash) in [("then", &first.then), ("now ", &first.now)] {
            text.push_str(&format!("  {what} {}\n", hash.as_deref().unwrap_or("not there")));
        }
        for source in &rerun.changed_sources {
            text.push_str(&format!("  made from {source}\n"));
        }
        let n_more = rerun.changed_inputs.len() - 1;
        if n_more > 0 {
            text.push_str(&format!("{n_more} more tables are not what they were, see --json\n"));
        }
    } else {
        text.push_str(&format!(
            "run {}: {} of {} files came out otherwise\n",
            rerun.run_id,
            rerun.differences.len(),
            rerun.n_files
        ));
        for one in &rerun.differences {
            let line = one.line.map_or(String::new(), |line| format!(", line {line}"));
            text.push_str(&format!("{}{line}\n", one.file));
            for (what, content) in [("stored", &one.first), ("now", &one.second)] {
                text.push_str(&format!("  {what:6} {}\n", content.as_deref().unwrap_or("not there")));
            }
        }
    }
    rerun.notes.iter().for_each(|note| text.push_str(&format!("{note}\n")));
    let status = if rerun.identical { Status::Good } else { Status::Problem };
    Ok(Answer::good(&rerun, text).with_status(status))
}

/// `runs verify`. A run that is not what was written, or whose inputs have changed, is a problem found, not a failure to run.
fn verify(desk: &Desk<'_>, args: &VerifyArgs) -> Result<Answer, AppError> {
    let verified = runs::verify(desk, &args.runs, args.raw.as_deref())?;
    let mut text = String::new();
    for run in &verified.runs {
        let changes = run.changed_inputs.iter().map(InputChange::text);
        let stale = run.stale_inputs.iter().map(|stale| {
            let (from, until) = (format_iso(stale.from), format_iso(stale.until));
            format!("stale: {}, {from} to {until}: {}", stale.table, stale.because.join("; "))
        });
        let notes = run.notes.iter().cloned();
        let raw = run.raw_files.iter().flat_map(raw_lines);
        let lines: Vec<String> =
            run.problems.iter().cloned().chain(changes).chain(stale).chain(raw).chain(notes).collect();
        if run.is_good() {
            text.push_str(&format!("{}: as written, from tables as they are\n", run.run_id));
        }
        lines.iter().for_each(|line| text.push_str(&format!("{}: {line}\n", run.run_id)));
    }
    let n_good = verified.runs.iter().filter(|run| run.is_good()).count();
    let n_bad = verified.runs.len() - n_good;
    text.push_str(&format!(
        "{} runs checked, {n_bad} not as written, or from tables that have changed or are stale\n",
        verified.runs.len()
    ));
    let status = if n_bad == 0 { Status::Good } else { Status::Problem };
    Ok(Answer::good(&verified, text).with_status(status))
}

/// The venue files of a run in words.
fn raw_lines(raw: &RawFilesOfRun) -> Vec<String> {
    let changed = raw.changed.iter().map(|file| format!("raw file {file} is not what its tables were made from"));
    let counts = format!("{} raw files as they were read, {} not in the folder", raw.n_same, raw.n_absent);
    changed.chain([counts]).collect()
}
