//! LEAN's daily equities: raw prices by ticker, map files that say whose a ticker was when, factor files that say what was
//! split and paid out. They become raw bars, corporate actions and instruments that keep one name through changes of ticker.
//!
//! Factor and map files are taken from the folders `factor_files` and `map_files` beside the daily files even when they are
//! not named, as checksums are. Start reading at [`run`].

mod entities;
pub(crate) mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crosscut_hub::{InputFile, Origin, TableSource};
use crosscut_model::time::{DAY, midnight};
use crosscut_model::{Bars, CorporateAction, Instrument, Sessions, Timeframe};

use crate::error::{Fault, IngestError, Refusal};

use super::checksum::{Identity, identify};
use super::container::{self, Container};
use super::instruments::publish_final;
use super::klines::Flavour;
use super::klines::publish::{KlineContext, KlineOutcome, Merged, Part};
use super::report::FileRecord;

use entities::Entity;
use read::FactorRow;

/// What one of LEAN's files holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeanPart {
    /// Daily bars of a ticker.
    Daily,
    /// Price and split factors of an instrument.
    Factors,
    /// Tickers of an instrument.
    Map,
}

/// One of LEAN's files.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LeanFile {
    /// Where it is.
    pub path: PathBuf,
    /// How the user named it.
    pub shown: String,
    /// Its size and hash.
    pub identity: Identity,
    /// What it is packed in.
    pub container: Container,
    /// What it holds.
    pub part: LeanPart,
    /// Its name without ending: the ticker, or LEAN's name of the instrument.
    pub name: String,
}

/// The day with which LEAN's data begin: what is listed on it was listed before.
pub(crate) fn data_begin() -> i64 {
    midnight(1998, 1, 2)
}

/// Everything the files say.
#[derive(Debug, Default)]
struct Told {
    /// Bars by ticker, with the number of their file.
    daily: BTreeMap<String, (usize, Bars)>,
    /// Days until which each ticker held, by LEAN's name of the instrument.
    maps: BTreeMap<String, Vec<(i64, String)>>,
    /// Factors by LEAN's name of the instrument, with the number of their file.
    factors: BTreeMap<String, (usize, Vec<FactorRow>)>,
    /// Factor files that were refused, by LEAN's name of the instrument.
    refused: BTreeMap<String, String>,
}

/// Imports all of LEAN's files: all instruments whose files have been accepted.
pub(crate) fn run(context: &KlineContext<'_>, given: &[LeanFile]) -> KlineOutcome {
    let mut outcome = KlineOutcome::default();
    let files = with_neighbours(given);
    let sessions = context.sessions.clone().unwrap_or_else(Sessions::us_equities);
    let mut told = Told::default();
    for (number, file) in files.iter().enumerate() {
        match read_into(&mut told, number, file, &sessions) {
            Ok(rows) if number < given.len() => outcome.records.push(record(file, rows)),
            Ok(_) => {}
            Err(fault) => {
                if file.part == LeanPart::Factors {
                    told.refused.insert(file.name.clone(), file.shown.clone());
                }
                outcome.refusals.push(fault.of(&file.shown));
            }
        }
    }
    if told.daily.is_empty() && outcome.refusals.is_empty() {
        let fault = Fault::file("is of no use without the daily files")
            .hint("name the folder with daily, factor_files and map_files");
        outcome.refusals.extend(given.iter().map(|file| fault.clone().of(&file.shown)));
        outcome.records.clear();
    }
    // A map that cannot be read may claim any ticker: nothing can be told apart without it.
    if let Some(refused) =
        outcome.refusals.iter().find(|refusal| is_map(&files, refusal)).map(|refusal| refusal.file.clone())
    {
        let fault =
            Fault::file(format!("is not imported because the map `{refused}` was refused")).hint("correct that file");
        let daily = given.iter().filter(|file| file.part == LeanPart::Daily);
        outcome.refusals.extend(daily.map(|file| fault.clone().of(&file.shown)));
        outcome.records.clear();
        return outcome;
    }
    let mut instruments = Vec::new();
    for entity in entities::resolve(&told.maps, &told.daily) {
        match publish(context, &files, &told, &entity, &sessions) {
            Ok(tables) => {
                outcome.tables.extend(tables);
                instruments.extend(rows_of(&entity, &sessions));
            }
            Err(IngestError::Refused(refusal)) => outcome.refusals.push(refusal),
            Err(error) => {
                let shown = entity.pieces.first().map_or("", |piece| files[piece.file].shown.as_str());
                outcome.refusals.push(Fault::file(format!("{}: {error}", entity.id)).of(shown));
            }
        }
    }
    if !instruments.is_empty() {
        let used =
            files.iter().filter(|file| file.part != LeanPart::Factors).map(|file| input(file, 0, 0, 0)).collect();
        match publish_final(context, instruments, source(Origin::List, used)) {
            Ok(table) => outcome.tables.push(table),
            Err(error) => outcome.refusals.push(Fault::file(error.to_string()).of(&given[0].shown)),
        }
    }
    outcome
}

/// Whether a refused file is a map.
fn is_map(files: &[LeanFile], refusal: &Refusal) -> bool {
    files.iter().any(|file| file.part == LeanPart::Map && file.shown == refusal.file)
}

/// The files, and behind them those of the folders beside them that were not named.
fn with_neighbours(given: &[LeanFile]) -> Vec<LeanFile> {
    let mut files = given.to_vec();
    let mut folders: Vec<&Path> = given
        .iter()
        .filter(|file| file.part == LeanPart::Daily)
        .filter_map(|file| file.path.parent().and_then(Path::parent))
        .collect();
    folders.dedup();
    for folder in folders {
        for (name, part) in [("factor_files", LeanPart::Factors), ("map_files", LeanPart::Map)] {
            let Ok(entries) = std::fs::read_dir(folder.join(name)) else { continue };
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.sort();
            for path in paths.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "csv")) {
                let known = files.iter().any(|file| file.path.canonicalize().ok() == path.canonicalize().ok());
                // One that cannot be read is refused when its rows are wanted.
                if let (false, Ok(identity), Ok(container)) = (known, identify(&path), container::recognise(&path)) {
                    let (shown, name) = (path.display().to_string(), read::name_of(&path));
                    files.push(LeanFile { path, shown, identity, container, part, name });
                }
            }
        }
    }
    files
}

/// Reads a file; returns its rows.
fn read_into(told: &mut Told, number: usize, file: &LeanFile, sessions: &Sessions) -> Result<u64, Fault> {
    match file.part {
        LeanPart::Daily => {
            let bars = read::daily(file, sessions)?;
            let rows = bars.len() as u64;
            if told.daily.insert(file.name.to_uppercase(), (number, bars)).is_some() {
                return Err(Fault::file("is the second file of its ticker").hint("leave one of them out"));
            }
            Ok(rows)
        }
        LeanPart::Map => {
            let rows = read::map(file)?;
            let n = rows.len() as u64;
            told.maps.insert(file.name.clone(), rows);
            Ok(n)
        }
        LeanPart::Factors => {
            let rows = read::factors(file)?;
            let n = rows.len() as u64;
            told.factors.insert(file.name.clone(), (number, rows));
            Ok(n)
        }
    }
}

/// Publishes the bars and the corporate actions of one instrument.
fn publish(
    context: &KlineContext<'_>,
    files: &[LeanFile],
    told: &Told,
    entity: &Entity,
    sessions: &Sessions,
) -> Result<Vec<super::report::TableReport>, IngestError> {
    let day: Timeframe = Timeframe::from_micros(DAY).expect("a day is a timeframe");
    let mut parts = Vec::new();
    let mut closes: Vec<(i64, f64)> = Vec::new();
    for piece in &entity.pieces {
        let bars = told.daily[&piece.ticker].1.rows(piece.rows.clone());
        closes.extend(bars.timestamp.iter().copied().zip(bars.close.iter().copied()));
        let (first, last) = (bars.timestamp[0], bars.timestamp[bars.len() - 1]);
        let input = input(&files[piece.file], bars.len() as u64, first, last);
        parts.push(Part { shown: files[piece.file].shown.clone(), input, bars });
    }
    if let Some(refused) = entity.map.as_ref().and_then(|name| told.refused.get(name)) {
        let fault = Fault::file(format!("is not imported because its factors, `{refused}`, were refused"));
        return Err(fault.hint("correct that file").of(&parts[0].shown).into());
    }
    let mut tables = Vec::new();
    let actions = match entity.map.as_ref().and_then(|name| told.factors.get(name)) {
        Some((number, rows)) => {
            let actions = actions(rows, &closes, sessions).map_err(|fault| fault.of(&files[*number].shown))?;
            let used = vec![input(&files[*number], rows.len() as u64, 0, 0)];
            Some((actions, source(Origin::List, used), files[*number].shown.as_str()))
        }
        None => None,
    };
    tables.push(Merged::new(context, &entity.id, Flavour::Traded.spec(day), parts)?.publish(context)?);
    if let Some((actions, source, shown)) = actions {
        tables.push(super::actions::publish(context, &entity.id, &actions, &source, shown)?);
    }
    Ok(tables)
}

/// The corporate actions of an instrument by its factor rows: what changes from a row to the next happened after that
/// row's day, on the next day that traded.
///
/// # Errors
/// When factors fall with time, which neither splits nor dividends do.
fn actions(rows: &[FactorRow], closes: &[(i64, f64)], sessions: &Sessions) -> Result<Vec<CorporateAction>, Fault> {
    let mut out = Vec::new();
    for pair in rows.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let (price, shares) = (before.price / after.price, before.split / after.split);
        if (price - 1.0).abs() < 1e-9 && (shares - 1.0).abs() < 1e-9 {
            continue;
        }
        if price > 1.0 + 1e-6 {
            return Err(Fault::row(
                before.row,
                format!("the price factor {} is above the next one, {}", before.price, after.price),
            ));
        }
        let next = closes.partition_point(|(day, _)| *day <= before.day);
        // Before its first price nobody held it; behind its last one nothing has happened yet.
        let (Some(&(traded, _)), true) = (closes.get(next), next > 0) else { continue };
        // Where bars are missing, the calendar tells the day.
        let is_near = traded - before.day <= 7 * DAY;
        let ex_date = if is_near { traded } else { sessions.next_day(before.day).unwrap_or(traded) };
        let split = super::actions::whole_ratio(1.0 / shares);
        let reference = if before.reference > 0.0 { before.reference } else { closes[next - 1].1 };
        // LEAN's factors have seven decimals: a dividend is known to about a hundredth of a cent.
        let dividend = (reference * (1.0 - price) * 1e4).round() / 1e4;
        out.push(CorporateAction {
            timestamp: ex_date,
            available_at: sessions.session(ex_date).map_or(ex_date, |(open, _)| open),
            split,
            dividend: dividend.max(0.0),
            factor: price / split,
        });
    }
    Ok(out)
}

/// What is known of an instrument: a row for each ticker it had.
fn rows_of(entity: &Entity, sessions: &Sessions) -> Vec<Instrument> {
    let open = |day: i64| sessions.session(day).map_or(day, |(open, _)| open);
    let close = |day: i64| sessions.session(day).map_or(day + DAY, |(_, close)| close);
    let several = entity.tickers.len() > 1;
    let row = |(at, (from, ticker)): (usize, &(i64, String))| Instrument {
        listed_as: several.then(|| ticker.clone()),
        listed_at: entity.listed_on.map(open),
        delisted_at: entity.last_day.map(close),
        valid_from: (at > 0).then_some(*from),
        ..Instrument::named(&entity.id)
    };
    entity.tickers.iter().enumerate().map(row).collect()
}

/// What provenance records of a file.
fn input(file: &LeanFile, rows: u64, first: i64, last: i64) -> InputFile {
    InputFile {
        n_out_of_order: 0,
        file: file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        size: file.identity.size,
        sha256: file.identity.sha256.clone(),
        rows,
        first,
        last,
        covers_until: None,
        venue: file.identity.venue.clone(),
    }
}

/// Where a table comes from.
fn source(origin: Origin, inputs: Vec<InputFile>) -> TableSource {
    let code_version = env!("CARGO_PKG_VERSION").to_owned();
    TableSource { origin, inputs, code_version, covered_until: None, notes: Vec::new() }
}

/// What is reported of a file.
fn record(file: &LeanFile, rows: u64) -> FileRecord {
    FileRecord { shown: file.shown.clone(), decided: String::new(), rows, notes: Vec::new() }
}
