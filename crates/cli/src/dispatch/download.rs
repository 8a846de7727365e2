//! `data download`, `data providers` and `data serve`.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crosscut_app::data_download::{self, DownloadSummary, FileLine, FileStatus};
use crosscut_app::data_query;
use crosscut_app::data_serve::{self, ServeRequest};
use crosscut_app::data_verify::VerifiedFiles;
use crosscut_app::{AppError, Desk};
use crosscut_model::format_iso;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::answer::{Answer, Status};
use crate::commands::{DownloadArgs, QueryArgs, ServeArgs};
use crate::dispatch::data::push_lines;
use crate::dispatch::rows;
use crate::text_table::TextTable;

/// A stop the user orders with Ctrl-C: the first asks the work to end in order, a second ends the process.
fn stop_switch() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_default(signal, stop.clone())?;
        flag::register(signal, stop.clone())?;
    }
    Ok(stop)
}

/// `data download`.
pub fn download(args: &DownloadArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let stop = stop_switch().map_err(|error| AppError::new(format!("cannot listen for Ctrl-C: {error}")))?;
    let summary = data_download::run(desk, args.dry_run, &stop)?;
    let text = if args.dry_run { plan(&summary) } else { report(&summary) };
    let status = if summary.is_complete() { Status::Good } else { Status::CouldNotRun };
    Ok(Answer::good(&summary, text).with_status(status))
}

/// What a dry run tells: the files there are.
fn plan(summary: &DownloadSummary) -> String {
    let mut text = String::new();
    let known = summary.files.iter().filter_map(|file| file.size).sum::<u64>();
    for file in &summary.files {
        let size = file.size.map(|size| format!(", {size} bytes")).unwrap_or_default();
        text.push_str(&format!("{}  {}{size}\n", file.table, file.url));
    }
    summary.problems.iter().for_each(|problem| text.push_str(&format!("problem: {problem}\n")));
    summary.notes.iter().for_each(|note| text.push_str(&format!("note: {note}\n")));
    text.push_str(&format!("{} files, {:.1} MB as far as known\n", summary.files.len(), known as f64 / 1e6));
    text
}

/// What a download tells at its end.
fn report(summary: &DownloadSummary) -> String {
    let mut table = TextTable::new(&[
        "kind",
        ">files",
        ">fetched",
        ">there",
        ">absent",
        ">failed",
        ">issued anew",
        ">stopped",
        ">MB",
    ]);
    let mut kinds: BTreeMap<&str, Vec<&FileLine>> = BTreeMap::new();
    summary.files.iter().for_each(|file| kinds.entry(&file.kind).or_default().push(file));
    for (kind, files) in kinds {
        let count =
            |is: &[FileStatus]| files.iter().filter(|file| file.status.is_some_and(|s| is.contains(&s))).count();
        let size: u64 = files.iter().filter(|file| is_here(file)).filter_map(|file| file.size).sum();
        table.row([
            kind.to_owned(),
            files.len().to_string(),
            count(&[FileStatus::Fetched, FileStatus::Reissued]).to_string(),
            count(&[FileStatus::Present, FileStatus::Converted]).to_string(),
            count(&[FileStatus::Absent]).to_string(),
            count(&[FileStatus::Failed, FileStatus::NotAllowed]).to_string(),
            count(&[FileStatus::Reissued]).to_string(),
            count(&[FileStatus::Stopped]).to_string(),
            format!("{:.1}", size as f64 / 1e6),
        ]);
    }
    let mut text = table.render();
    let bad = summary.files.iter().filter(|file| file.status.is_some_and(FileStatus::is_problem));
    push_lines(&mut text, bad.map(|file| format!("{}: {}", file.path, file.note)).collect(), "more files failed");
    push_lines(&mut text, summary.refusals.iter().map(ToString::to_string).collect(), "more files were not converted");
    push_lines(&mut text, summary.problems.clone(), "more problems");
    push_lines(&mut text, summary.notes.clone(), "more notes");
    let added: u64 = summary.tables.iter().map(|table| table.added).sum();
    text.push_str(&format!(
        "{} tables, {added} new rows; {:.1} MB fetched in {:.1} s, {} requests, {} of them again; conversion {:.1} s\n",
        summary.tables.len(),
        summary.n_bytes as f64 / 1e6,
        summary.seconds_fetching,
        summary.n_requests,
        summary.n_retries,
        summary.seconds_converting,
    ));
    if summary.is_stopped {
        text.push_str("stopped; the same command goes on where this one ended\n");
    }
    text
}

/// Whether a file is on the disk, or was.
fn is_here(file: &FileLine) -> bool {
    use FileStatus::{Converted, Fetched, Present, Reissued};
    file.status.is_some_and(|status| [Converted, Fetched, Present, Reissued].contains(&status))
}

/// `data providers`.
pub fn providers() -> Answer {
    let providers = data_download::providers();
    let mut table = TextTable::new(&["exchange", "kind", "asked in this order"]);
    for order in &providers.order {
        table.row([order.exchange.clone(), order.kind.clone(), order.providers.join(", ")]);
    }
    let mut text = table.render();
    let mut table = TextTable::new(&["provider", "live", "kind", "timeframes", "fields"]);
    for provider in &providers.providers {
        for kind in &provider.tables {
            let live = if provider.is_live { "yes" } else { "no" };
            let frames = kind.timeframes.clone().unwrap_or_default();
            table.row([provider.name.clone(), live.to_owned(), kind.kind.clone(), frames, kind.fields.join(" ")]);
        }
    }
    text.push('\n');
    text.push_str(&table.render());
    Answer::good(&providers, text)
}

/// `data query`.
pub fn query(args: &QueryArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let stop = stop_switch().map_err(|error| AppError::new(format!("cannot listen for Ctrl-C: {error}")))?;
    let queried = data_query::run(desk, &args.timeframe, &stop)?;
    let answer = rows::answer(&queried.table, args.rows, args.out.as_deref())?;
    let status = if queried.summary.is_complete() { Status::Good } else { Status::CouldNotRun };
    Ok(answer.with_status(status))
}

/// What was found of raw files, in words.
pub fn files_text(venues: &[VerifiedFiles]) -> String {
    let mut text = String::new();
    for found in venues {
        let raw = &found.raw;
        text.push_str(&format!(
            "{}: {} raw files as they were fetched, {} dropped after conversion, {} not, {} issued anew\n",
            found.venue,
            raw.n_good,
            raw.n_dropped,
            raw.problems.len(),
            raw.reissued.len()
        ));
        push_lines(
            &mut text,
            raw.problems.iter().map(|file| format!("{}: {}", file.path, file.problem)).collect(),
            "more",
        );
        let lines = found.stale_tables.iter().map(|table| {
            let (from, until) = (format_iso(table.from), format_iso(table.until));
            format!("stale: {}, {from} to {until}: {}", table.table, table.because.join("; "))
        });
        push_lines(&mut text, lines.collect(), "more stale tables");
        let lines = found.stale_sets.iter().map(|set| {
            let (from, until) = (format_iso(set.from), format_iso(set.until));
            let tables = set.tables.join(", ");
            format!("stale: factor set {} {}, {from} to {until}: made from {tables}", set.timeframe, set.factor_set)
        });
        push_lines(&mut text, lines.collect(), "more stale factor sets");
        let lines = found.stale_runs.iter().map(|run| {
            let (from, until) = (format_iso(run.from), format_iso(run.until));
            format!("stale: run {}, {from} to {until}: read {}", run.run_id, run.tables.join(", "))
        });
        push_lines(&mut text, lines.collect(), "more stale runs");
    }
    text
}

/// `data serve`.
pub fn serve(args: &ServeArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let request =
        ServeRequest { folder: args.dir.clone(), port: args.port, faults: args.faults, bytes_per_second: args.rate };
    data_serve::run(desk, &request)?;
    Ok(Answer::good(serde_json::json!({}), String::new()))
}
