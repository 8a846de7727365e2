//! `data`, `hub` and `aggregate`: what goes into the hub and what is in it.

use crosscut_app::data_list::Terms;
use crosscut_app::{AppError, Desk, aggregate, data_export, data_generate, data_import, data_list, hub_gc};

use crate::answer::{Answer, Status};
use crate::commands::{AggregateArgs, DataCommand, ExportArgs, GcArgs, GenerateArgs, HubCommand, ImportArgs, InfoArgs};
use crate::dispatch::{download, rows, verify};
use crate::text_table::TextTable;

/// More lines of one kind than this are summed up in text; JSON has them all.
const LINES_MAX: usize = 20;

/// `data ...`
pub fn data(command: &DataCommand, desk: &Desk<'_>) -> Result<Answer, AppError> {
    match command {
        DataCommand::Import(args) => import(args, desk),
        DataCommand::Download(args) => download::download(args, desk),
        DataCommand::Providers => Ok(download::providers()),
        DataCommand::Query(args) => download::query(args, desk),
        DataCommand::Serve(args) => download::serve(args, desk),
        DataCommand::Generate(args) => generate(args),
        DataCommand::Export(args) => export(args, desk),
        DataCommand::Verify(args) => verify::verify(args, desk),
        DataCommand::List(_) => list(desk),
        DataCommand::Info(InfoArgs { symbol, bar: Some(bar), rows, out, .. }) => {
            let bar = bar.parse().map_err(|error| AppError::new(format!("--bar: {error}")))?;
            rows::answer(&data_list::bars(desk, symbol, bar)?, *rows, out.as_deref())
        }
        DataCommand::Info(args) => info(&args.symbol, desk),
    }
}

/// `data import`. The refusals have been told as errors already.
fn import(args: &ImportArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let summary = data_import::run(desk, &args.files)?;
    let mut text = String::new();
    let lines = summary.files.iter().flat_map(|file| {
        let first = format!("{}: {}, {} rows", file.file, file.detected, file.rows);
        std::iter::once(first).chain(file.notes.iter().map(|note| format!("  note: {note}")))
    });
    push_lines(&mut text, lines.collect(), "more lines about files");
    let lines = summary.tables.iter().map(|table| match table.added {
        0 => format!("{}: {} rows, nothing new", table.table, table.rows),
        added => format!("{}: {} rows, {added} new", table.table, table.rows),
    });
    push_lines(&mut text, lines.collect(), "more tables");
    let added: u64 = summary.tables.iter().map(|table| table.added).sum();
    text.push_str(&format!(
        "{} files read, {} refused, {} ignored; {} tables, {added} new rows\n",
        summary.files.len(),
        summary.refusals.len(),
        summary.ignored.len(),
        summary.tables.len(),
    ));
    let status = if summary.refusals.is_empty() { Status::Good } else { Status::CouldNotRun };
    Ok(Answer::good(&summary, text).with_status(status))
}

/// Adds at most [`LINES_MAX`] lines, and how many were left out.
pub fn push_lines(text: &mut String, lines: Vec<String>, rest: &str) {
    let n_shown = if lines.len() > LINES_MAX { LINES_MAX } else { lines.len() };
    for line in &lines[..n_shown] {
        text.push_str(line);
        text.push('\n');
    }
    if lines.len() > n_shown {
        text.push_str(&format!("... {} {rest}, see --json\n", lines.len() - n_shown));
    }
}

/// `data export`.
fn export(args: &ExportArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let (format, bar) = (args.format.clone(), args.bar.clone());
    let options = data_export::ExportOptions { format, bar, symbols: args.symbols.clone(), dir: args.dir.clone() };
    let summary = data_export::run(desk, &options)?;
    let mut text = String::new();
    push_lines(&mut text, summary.files.clone(), "more files");
    summary.notes.iter().for_each(|note| text.push_str(&format!("note: {note}\n")));
    text.push_str(&format!(
        "{} symbols, {} rows, {} files in {}\n",
        summary.symbols.len(),
        summary.rows,
        summary.files.len(),
        args.dir.display()
    ));
    Ok(Answer::good(&summary, text))
}

/// `data generate`.
fn generate(args: &GenerateArgs) -> Result<Answer, AppError> {
    let request = data_generate::MarketRequest {
        n_symbols: args.symbols,
        start: args.start.clone(),
        n_days: args.days,
        trades_per_day: args.trades_per_day,
        seed: args.seed,
    };
    let market = data_generate::run(&request, &args.dir)?;
    let text = format!(
        "wrote a made-up market into {}: {} symbols, {} to {}, {} trades in {} archives, {:.1} MB\n\
         the numbers are synthetic: they show how the program works, and nothing about any real market\n\
         next: crosscut data import --venue synthetic {}\n",
        market.folder.display(),
        market.symbols.len(),
        market.start,
        market.end,
        market.n_trades,
        market.n_archives,
        market.n_bytes as f64 / 1e6,
        market.folder.display(),
    );
    Ok(Answer::good(&market, text))
}

/// `data list`.
fn list(desk: &Desk<'_>) -> Result<Answer, AppError> {
    let groups = data_list::list(desk)?;
    let mut table = TextTable::new(&["venue", "table", "kind", ">symbols", "which"]);
    for group in &groups {
        let shown: Vec<&str> = group.symbols.iter().take(6).map(String::as_str).collect();
        let more = if group.symbols.len() > shown.len() { ", ..." } else { "" };
        let which = format!("{}{more}", shown.join(", "));
        table.row([
            group.venue.clone(),
            group.table.clone(),
            group.kind.clone(),
            group.symbols.len().to_string(),
            which,
        ]);
    }
    Ok(Answer::good(&groups, table.render()))
}

/// `data info`.
fn info(symbol: &str, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let tables = data_list::info(desk, symbol)?;
    let mut text = String::new();
    for table in &tables {
        let head = format!("{} {} {} {}: {} rows", table.venue, table.table, table.kind, table.symbol, table.rows);
        match table.terms.as_slice() {
            [] => text.push_str(&format!("{head}, {} to {}, from {}\n", table.first, table.last, table.origin)),
            rows => {
                text.push_str(&format!("{head}, from {}\n", table.origin));
                rows.iter().for_each(|row| text.push_str(&format!("  {}\n", terms(row))));
            }
        }
        table.content_hashes.iter().for_each(|hash| text.push_str(&format!("  content {hash}\n")));
        let lines = table.inputs.iter().enumerate().map(|(at, input)| {
            let place = input.venue.as_ref().map(|venue| {
                let issued = venue.last_modified.as_deref().unwrap_or("an unknown time");
                let fetched = table.fetched_at.get(at).and_then(Option::as_deref).unwrap_or("at an unknown time");
                format!(", {} of {issued}, fetched {fetched}", venue.url)
            });
            format!("  input {}: {} rows, {}{}", input.file, input.rows, input.sha256, place.unwrap_or_default())
        });
        push_lines(&mut text, lines.collect(), "more inputs");
        table.notes.iter().for_each(|note| text.push_str(&format!("  note: {note}\n")));
    }
    Ok(Answer::good(&tables, text))
}

/// A row of the table of instruments in words.
fn terms(row: &Terms) -> String {
    let mut words = vec![match &row.valid_from {
        Some(from) => format!("from {from}"),
        None => "always".to_owned(),
    }];
    words.push(format!("listed as {}", row.listed_as));
    let times = [("listed", &row.listed_at), ("delisted", &row.delisted_at), ("last seen", &row.seen_at)];
    words.extend(times.iter().filter_map(|(name, time)| Some(format!("{name} {}", time.as_ref()?))));
    let numbers = [
        ("tick", row.tick_size),
        ("lot", row.lot_size),
        ("least quantity", row.min_quantity),
        ("least value", row.min_notional),
        ("multiplier", row.multiplier),
    ];
    words.extend(numbers.iter().filter_map(|(name, number)| Some(format!("{name} {}", (*number)?))));
    words.join(", ")
}

/// `hub ...`
pub fn hub(command: &HubCommand, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let HubCommand::Gc(GcArgs { keep }) = command;
    let removed = hub_gc::run(desk, usize::try_from(*keep).unwrap_or(usize::MAX))?;
    let mut text: String = removed.generations.iter().map(|generation| format!("removed {generation}\n")).collect();
    text.push_str(&format!("{} old generations removed\n", removed.generations.len()));
    Ok(Answer::good(&removed, text))
}

/// `aggregate`. The failures have been told as errors already.
pub fn aggregate(args: &AggregateArgs, desk: &Desk<'_>) -> Result<Answer, AppError> {
    let summary = aggregate::run(desk, &args.symbols)?;
    let mut text = String::new();
    let lines = summary.symbols.iter().map(|symbol| {
        let unchanged = if symbol.skipped { ", inputs have not changed" } else { "" };
        format!("{}: {} bars from {}{unchanged}", symbol.symbol, symbol.bars, symbol.source)
    });
    push_lines(&mut text, lines.collect(), "more symbols");
    let n_bars: u64 = summary.symbols.iter().map(|symbol| symbol.bars).sum();
    let n_skipped = summary.symbols.iter().filter(|symbol| symbol.skipped).count();
    text.push_str(&format!(
        "{} symbols, {n_bars} bars; {n_skipped} had not changed, {} failed\n",
        summary.symbols.len(),
        summary.failures.len()
    ));
    let status = if summary.failures.is_empty() { Status::Good } else { Status::CouldNotRun };
    Ok(Answer::good(&summary, text).with_status(status))
}
