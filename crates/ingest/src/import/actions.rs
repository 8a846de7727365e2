//! Corporate actions from tables, `symbol, ex_date` and either `factor` or `split` and `dividend`; their merging into the
//! hub's tables; and the bars that carry them for factors.
//!
//! A vendor's factor does not say whether it was a split or a payment. A simple ratio far from one is a split, anything else
//! was paid out; a split that the prices contradict is dropped and told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crosscut_hub::{InputFile, Origin, TableSource};
use crosscut_model::time::{DAY, format_date};
use crosscut_model::{BarSpec, CorporateAction, Range, Sessions, Timeframe, format_iso};

use crate::error::{Fault, IngestError, Refusal};

use super::checksum::Identity;
use super::container::Container;
use super::fields::plain_name;
use super::klines::columns::{KlineColumns, Meaning};
use super::klines::publish::{KlineContext, KlineOutcome, full_symbol};
use super::klines::read::{RawBars, read_file};
use super::report::{FileRecord, TableReport, TableStatus};

/// How far a file's ratio of shares may be from the fraction it means: LEAN's factors have six digits.
const RATIO_ROUNDING: f64 = 1e-5;

/// Dropped rows told one by one; the rest are counted.
const DROPPED_TOLD: usize = 5;

/// A table of corporate actions that has been looked at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ActionFile {
    /// Where it is.
    pub path: PathBuf,
    /// How the user named it.
    pub shown: String,
    /// Its size and hash.
    pub identity: Identity,
    /// What it is packed in.
    pub container: Container,
    /// Its columns: symbol, ex-date, and the numbers under their plain names.
    pub columns: KlineColumns,
    /// Lines before the first row of a text file.
    pub lines_before: u64,
}

impl ActionFile {
    /// What provenance records of the file, but for its rows.
    fn input(&self) -> InputFile {
        InputFile {
            n_out_of_order: 0,
            file: self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            size: self.identity.size,
            sha256: self.identity.sha256.clone(),
            rows: 0,
            first: 0,
            last: 0,
            covers_until: None,
            venue: self.identity.venue.clone(),
        }
    }
}

/// The columns of a header; `None` when it is not one of corporate actions.
pub(crate) fn recognise(header: &[String]) -> Option<KlineColumns> {
    let meaning = |name: &String| match plain_name(name).as_str() {
        "symbol" | "ticker" => Meaning::Symbol,
        "exdate" | "exdividenddate" => Meaning::OpenTime,
        "factor" | "split" | "splitratio" | "dividend" | "cash" => Meaning::Extra,
        _ => Meaning::Unknown,
    };
    let columns: Vec<(String, Meaning)> = header.iter().map(|name| (name.clone(), meaning(name))).collect();
    let has = |wanted: Meaning| columns.iter().any(|(_, meaning)| *meaning == wanted);
    (has(Meaning::Symbol) && has(Meaning::OpenTime) && has(Meaning::Extra)).then_some(KlineColumns::new(columns))
}

/// A ratio of shares as the simplest fraction it is close to: files round it.
pub(crate) fn whole_ratio(ratio: f64) -> f64 {
    let close = |parts: &f64| {
        let whole = (ratio * parts).round();
        whole >= 1.0 && (ratio * parts - whole).abs() <= RATIO_ROUNDING * ratio * parts
    };
    (1..=25).map(f64::from).find(close).map_or(ratio, |parts| (ratio * parts).round() / parts)
}

/// Imports a table: the actions of each symbol, beside the bars it has.
///
/// # Errors
/// When the whole file is refused.
pub(crate) fn run(context: &KlineContext<'_>, file: &ActionFile) -> Result<KlineOutcome, IngestError> {
    let refuse = |fault: Fault| fault.of(&file.shown);
    let raw = read_file(&file.path, &file.container, &file.columns, file.lines_before).map_err(refuse)?;
    let mut outcome = KlineOutcome::default();
    if raw.len() == 0 {
        // A vendor's answer for shares that neither split nor paid: it says so, and there is no table to write.
        let notes = vec!["a header and no row: no corporate actions".to_owned()];
        outcome.records.push(FileRecord { shown: file.shown.clone(), decided: String::new(), rows: 0, notes });
        return Ok(outcome);
    }
    let mut dropped = Vec::new();
    let groups = raw.groups();
    let mut symbols: Vec<(String, usize)> =
        raw.symbols.iter().enumerate().map(|(at, text)| (full_symbol(text, context.suffix), at)).collect();
    symbols.sort();
    for (symbol, at) in symbols {
        let (actions, of_symbol) = match read_symbol(context, &symbol, &raw, &groups[at]) {
            Ok(read) => read,
            Err(IngestError::Refused(refusal)) => {
                outcome.refusals.push(refusal);
                continue;
            }
            Err(error) => {
                let row = raw.row_number(groups[at][0]);
                outcome.refusals.push(refuse(Fault::row(row, format!("{symbol}: {error}"))));
                continue;
            }
        };
        let source = TableSource { notes: of_symbol.clone(), ..source(file.input(), &actions) };
        dropped.extend(of_symbol);
        match publish(context, &symbol, &actions, &source, &file.shown) {
            Ok(table) => outcome.tables.push(table),
            Err(IngestError::Refused(refusal)) => outcome.refusals.push(refusal),
            Err(error) => outcome.refusals.push(refuse(Fault::file(format!("{symbol}: {error}")))),
        }
    }
    let mut notes: Vec<String> = dropped.iter().take(DROPPED_TOLD).cloned().collect();
    if dropped.len() > DROPPED_TOLD {
        notes.push(format!("{} more rows were dropped", dropped.len() - DROPPED_TOLD));
    }
    let unknown = file.columns.unknown();
    if !unknown.is_empty() {
        notes.push(format!("columns not kept: {}", unknown.join(", ")));
    }
    let rows = raw.len() as u64;
    outcome.records.push(FileRecord { shown: file.shown.clone(), decided: String::new(), rows, notes });
    Ok(outcome)
}

/// The actions of one symbol, and the rows that were dropped, in words.
fn read_symbol(
    context: &KlineContext<'_>,
    symbol: &str,
    raw: &RawBars,
    group: &[usize],
) -> Result<(Vec<CorporateAction>, Vec<String>), IngestError> {
    let day = Timeframe::from_micros(DAY).expect("a day is a timeframe");
    let bars = context.hub.read_bars(context.venue, &BarSpec::Time(day), symbol, &["open", "close"], Range::ALL)?;
    let (labels, open, close) = (bars.i64("timestamp"), bars.f64("open"), bars.f64("close"));
    let (Some(labels), Some(open), Some(close)) = (labels, open, close) else { return Ok((Vec::new(), Vec::new())) };
    let column = |names: &[&str]| raw.extra.iter().find(|(name, _)| names.contains(&plain_name(name).as_str()));
    let (factors, splits, dividends) =
        (column(&["factor"]), column(&["split", "splitratio"]), column(&["dividend", "cash"]));
    let sessions = context.sessions.clone().unwrap_or_else(Sessions::us_equities);
    let (mut out, mut dropped) = (BTreeMap::new(), Vec::new());
    for &at in group {
        let ex_date = raw.open_time[at].div_euclid(DAY) * DAY;
        let fault = |reason: String| Fault::row(raw.row_number(at), format!("{symbol}: {reason}"));
        let next = labels.partition_point(|label| *label < ex_date);
        let Some(before) = next.checked_sub(1).map(|before| close[before]) else {
            dropped.push(format!("{symbol}: nothing traded before {}, the row was dropped", format_date(ex_date)));
            continue;
        };
        let number = |column: Option<&(String, Vec<f64>)>, missing: f64| {
            column.map_or(missing, |(_, values)| if values[at].is_nan() { missing } else { values[at] })
        };
        let said = (number(factors, f64::NAN), number(splits, 1.0), number(dividends, 0.0));
        let told = told(said, before).map_err(|reason| fault(reason).of(symbol))?;
        // The move over the ex-date: nearer to none than to what a split makes of the price.
        let moved = open.get(next).map(|open| libm::log(open / before));
        if let Some(moved) = moved.filter(|_| (told.split - 1.0).abs() > 0.3)
            && (moved + libm::log(told.split)).abs() > moved.abs()
        {
            dropped.push(format!(
                "{symbol}: the prices contradict the split {} of {}, the row was dropped",
                told.split,
                format_date(ex_date)
            ));
            continue;
        }
        let action = CorporateAction {
            timestamp: ex_date,
            available_at: sessions.session(ex_date).map_or(ex_date, |(open, _)| open),
            ..told
        };
        if out.insert(ex_date, action).is_some() {
            let fault = fault(format!("has a second row of {}", format_date(ex_date)));
            return Err(fault.of(symbol).into());
        }
    }
    Ok((out.into_values().collect(), dropped))
}

/// What a row with a factor, or a split and a dividend, says, given the close before it. The error says what is wrong.
fn told((factor, split, dividend): (f64, f64, f64), before: f64) -> Result<CorporateAction, String> {
    let action = |split: f64, dividend: f64, factor: f64| CorporateAction {
        timestamp: 0,
        available_at: 0,
        split,
        dividend,
        factor,
    };
    let good = |value: f64| value > 0.0 && value.is_finite();
    if factor.is_nan() {
        if !(good(split) && dividend >= 0.0 && dividend < before) {
            return Err(format!(
                "the split is {split} and the dividend {dividend}; expected a positive ratio and less than the price {before}"
            ));
        }
        return Ok(action(split, dividend, (before - dividend) / before / split));
    }
    if !good(factor) {
        return Err(format!("the factor is {factor}; expected a positive number"));
    }
    let ratio = whole_ratio(1.0 / factor);
    let is_simple = ratio != 1.0 / factor || (ratio.fract() == 0.0 && ratio > 1.0);
    if factor > 1.0 || (is_simple && factor < 0.97) {
        return Ok(action(ratio, 0.0, 1.0 / ratio));
    }
    Ok(action(1.0, (before * (1.0 - factor) * 1e4).round() / 1e4, factor))
}

/// The splits and dividends that some rows of a file of daily bars carry in columns of their own, published beside the
/// bars: the table, and the rows that were dropped, in words. `input` is what provenance records of the bars.
///
/// # Errors
/// A value that cannot be, or that differs from what is there.
pub(crate) fn of_bars(
    context: &KlineContext<'_>,
    symbol: &str,
    (raw, rows): (&RawBars, &[usize]),
    input: &InputFile,
    shown: &str,
) -> Result<(Option<TableReport>, Vec<String>), IngestError> {
    let mut own = RawBars { open_time: raw.open_time.clone(), first_row: raw.first_row, ..RawBars::default() };
    own.extra = raw.actions.clone();
    // Where nothing happened programs write nothing, a split of 1, or a split of 0.
    for (_, values) in own.extra.iter_mut().filter(|(name, _)| plain_name(name) == "split") {
        values.iter_mut().filter(|value| **value == 0.0).for_each(|value| *value = 1.0);
    }
    let happened = |row: &usize| {
        own.extra.iter().any(|(name, values)| {
            let nothing = if plain_name(name) == "split" { 1.0 } else { 0.0 };
            !values[*row].is_nan() && values[*row] != nothing
        })
    };
    let inside = |row: &usize| (input.first..=input.last).contains(&own.open_time[*row]);
    let group: Vec<usize> = rows.iter().copied().filter(|row| inside(row) && happened(row)).collect();
    if group.is_empty() {
        return Ok((None, Vec::new()));
    }
    let (actions, dropped) = read_symbol(context, symbol, &own, &group).map_err(|error| match error {
        IngestError::Refused(refusal) => IngestError::Refused(Refusal { file: shown.to_owned(), ..refusal }),
        other => other,
    })?;
    let source = TableSource { notes: dropped.clone(), ..source(input.clone(), &actions) };
    let table = publish(context, symbol, &actions, &source, shown)?;
    Ok((Some(table), dropped))
}

/// Where the actions come from, given the file they are in.
fn source(file: InputFile, actions: &[CorporateAction]) -> TableSource {
    let time = |action: Option<&CorporateAction>| action.map_or(0, |action| action.timestamp);
    let input = InputFile {
        rows: actions.len() as u64,
        first: time(actions.first()),
        last: time(actions.last()),
        covers_until: None,
        ..file
    };
    let code_version = env!("CARGO_PKG_VERSION").to_owned();
    TableSource { origin: Origin::List, inputs: vec![input], code_version, covered_until: None, notes: Vec::new() }
}

/// Merges actions with those that are there by ex-date and publishes the table. Factors are rounded, so that a later file
/// may differ a little from an earlier one about the same action; the first stays.
///
/// # Errors
/// When an action differs from the one of its day that is there, and `--replace` is not given.
pub(crate) fn publish(
    context: &KlineContext<'_>,
    symbol: &str,
    actions: &[CorporateAction],
    source: &TableSource,
    shown: &str,
) -> Result<TableReport, IngestError> {
    let exists = context.hub.action_symbols(context.venue)?.iter().any(|known| known == symbol);
    let there = if context.replace { Vec::new() } else { context.hub.corporate_actions(context.venue, symbol)? };
    let mut merged: BTreeMap<i64, CorporateAction> = there.iter().map(|action| (action.timestamp, *action)).collect();
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-3 * a.abs().max(0.1);
    for action in actions {
        match merged.get(&action.timestamp) {
            None => {
                merged.insert(action.timestamp, *action);
            }
            Some(known) if near(known.split, action.split) && near(known.dividend, action.dividend) => {}
            Some(known) => {
                return Err(Fault::file(format!(
                    "{symbol}: the action of {} differs: split {}, dividend {} here; split {}, dividend {} in the table",
                    format_iso(action.timestamp),
                    action.split,
                    action.dividend,
                    known.split,
                    known.dividend
                ))
                .hint("give --replace to make the table anew")
                .of(shown)
                .into());
            }
        }
    }
    let merged: Vec<CorporateAction> = merged.into_values().collect();
    let (rows, added) = (merged.len() as u64, (merged.len() - there.len()) as u64);
    let written = !exists || context.replace || added > 0;
    if written {
        let mut source = source.clone();
        if !context.replace && exists {
            let known = context.hub.action_info(context.venue, symbol)?.provenance;
            source.inputs.splice(
                0..0,
                known.inputs.into_iter().filter(|input| input.sha256 != source.inputs[0].sha256).collect::<Vec<_>>(),
            );
            let new = source.notes.into_iter().filter(|note| !known.notes.contains(note)).collect::<Vec<_>>();
            source.notes = known.notes.into_iter().chain(new).collect();
        }
        context.publisher.publish_actions(context.venue, symbol, &merged, &source)?;
    }
    let status = if written { TableStatus::Written } else { TableStatus::Unchanged };
    Ok(TableReport { table: format!("{symbol} corporate actions"), rows, added, status })
}

#[cfg(test)]
mod tests {
    //! Ratios and what vendors' factors mean.

    use super::*;

    #[test]
    fn ratios_are_simple_or_themselves() {
        assert_eq!([whole_ratio(1.999_998_9), whole_ratio(7.000_01), whole_ratio(1.500_000_2)], [2.0, 7.0, 1.5]);
        assert_eq!((whole_ratio(0.1), whole_ratio(1.002_700_3)), (0.1, 1.002_700_3));
    }

    #[test]
    fn factors_are_splits_or_payments() {
        let says = |factor: f64| told((factor, 1.0, 0.0), 50.0).map(|action| (action.split, action.dividend));
        assert_eq!([says(0.5), says(0.142_857), says(3.0)], [Ok((2.0, 0.0)), Ok((7.0, 0.0)), Ok((1.0 / 3.0, 0.0))]);
        assert_eq!((says(0.99), says(0.543_183)), (Ok((1.0, 0.5)), Ok((1.0, 22.8409))));
        assert!(says(0.0).is_err() && says(-1.0).is_err());
        let own = told((f64::NAN, 2.0, 5.0), 50.0).unwrap();
        assert_eq!((own.split, own.dividend, own.factor), (2.0, 5.0, 0.45));
        assert!(told((f64::NAN, 1.0, 50.0), 50.0).is_err());
    }
}
