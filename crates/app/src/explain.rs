//! `runs explain`: why a run held, or did not hold, a symbol at a time, from raw file to cash.
//!
//! The decision, the orders, the fills and the cash come from the run's own folder. The bar, its raw files and the formula
//! come from the hub as it is now; where it is no longer what the run read, the answer says so, and what the run recorded
//! stands.

use std::path::PathBuf;

pub use crosscut_backtest::results::{CashFlow, Decision, Earlier, OrderStory, Peer};
use crosscut_backtest::results::{FactorRecord, Facts, Question, StoredRun, explain as facts_of};
pub use crosscut_backtest::trace::TableLink;
use crosscut_backtest::trace::{self, BarFact, FactorFact, FactorPlace, FileLink, Span};
use crosscut_hub::Hub;
use crosscut_model::{Timeframe, encode_path, format_iso, parse_iso};
use crosscut_trading::strategy::{self, combination::total};
use serde_json::Value;

use crate::desk::Desk;
use crate::error::AppError;
use crate::{rerun, runs};

/// The whole chain for one symbol at one time.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Explanation {
    /// The run's folder.
    pub folder: PathBuf,
    /// Its strategy.
    pub strategy: String,
    /// The strategy's parameters and what it does, in words.
    pub rule: String,
    /// Raw files and tables behind the bar of the decision.
    pub raw: RawChain,
    /// The bar of the decision; `None` when the hub has it no more.
    pub bar_read: Option<BarFact>,
    /// The factors that ranked.
    pub factors: Vec<FactorLink>,
    /// What the run's own records say.
    #[serde(flatten)]
    pub facts: Facts,
    /// What the hub no longer has as the run read it.
    pub changed_since: Vec<String>,
}

/// Where the bar of a decision came from.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RawChain {
    /// The bar table.
    pub table: Option<String>,
    /// BLAKE3 of the table the run read.
    pub content_hash_read: Option<String>,
    /// The way back, as the hub knows it; `None` without a hub.
    pub trace: Option<TableLink>,
    /// The files or tables the run recorded, of those that cover the bar.
    pub recorded: Vec<RecordedSource>,
}

/// A file or table behind an input, as the run recorded it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RecordedSource {
    /// File name, or path inside the hub.
    pub file: String,
    /// SHA-256, or BLAKE3 of a table.
    pub hash: String,
    /// Its rows.
    pub rows: Option<u64>,
    /// Time of its first row, ISO-8601.
    pub first: Option<String>,
    /// Time of its last row.
    pub last: Option<String>,
}

/// A factor of the run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct FactorLink {
    /// What the run recorded of it, or the hub says now; `None` when neither does.
    pub definition: Option<FactorRecord>,
    /// Its column.
    pub column: String,
    /// The value as the hub has it now.
    pub now: Option<FactorFact>,
    /// BLAKE3 of the table the run read.
    pub content_hash_read: Option<String>,
    /// Labels of the first and last bar its value looks at; `None` when it carries numbers from the first row on.
    pub window: Option<(String, String)>,
    /// What it brought to the score, where several factors make one.
    pub part: Option<ScorePart>,
}

/// What one of several factors brought to a score, by the values the hub has now.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ScorePart {
    /// How it was made comparable: `z-score`, `rank`, `value`.
    pub standard: &'static str,
    /// The value so made, over the names that had a score.
    pub comparable: f64,
    /// Its weight.
    pub weight: f64,
    /// Weight times comparable value.
    pub contribution: f64,
}

/// Explains a run's position in a symbol at a time.
///
/// # Errors
/// Unknown runs and symbols, times that cannot be read or lie before the run, and damaged files.
pub fn explain(desk: &Desk<'_>, name: &str, at: &str, symbol: &str) -> Result<Explanation, AppError> {
    let at = parse_iso(at).map_err(|error| AppError::new(format!("--at: {error}")))?;
    let run = runs::archive(desk).load(name)?;
    let facts = facts_of(&run, Question { symbol, at })?;
    let hub = if desk.hub_root().exists() { Some(desk.hub()?) } else { None };
    let mut place = Place { run: &run, hub: hub.as_ref(), symbol, label: facts.decided };
    let bar_read = place.bar(&facts);
    // Among trades and event bars a run's own labels are those of the stretches equity is noted at.
    place.label = bar_read.as_ref().map_or(place.label, |bar| bar.from);
    let raw = place.raw(bar_read.as_ref());
    let mut factors = place.factors();
    let mut changed_since = Vec::new();
    place.divide(&facts, &mut factors, &mut changed_since);
    if hub.is_none() {
        changed_since.push(format!(
            "there is no hub at {}: bars and formulas are told as far as the run recorded them",
            desk.hub_root().display()
        ));
    } else {
        place.note_changes(&raw, &factors, &mut changed_since);
    }
    Ok(Explanation {
        folder: run.folder.clone(),
        strategy: run.entry.strategy.clone(),
        rule: rule_text(run.config()),
        raw,
        bar_read,
        factors,
        facts,
        changed_since,
    })
}

/// One bar of one symbol of a run, beside the hub as it is now.
struct Place<'a> {
    /// The run.
    run: &'a StoredRun,
    /// The hub, when there is one.
    hub: Option<&'a Hub>,
    /// The symbol.
    symbol: &'a str,
    /// Label of the bar decided on.
    label: i64,
}

impl Place<'_> {
    /// Name and hash of the input that is the symbol's table of the bars that decide.
    fn bar_input(&self) -> Option<(String, String)> {
        let file = format!("/{}.parquet", encode_path(self.symbol));
        let mut tables = self.run.inputs();
        tables.retain(|(name, _)| name.starts_with("bars/") && name.ends_with(&file));
        let decides = self.deciding_bars().map(|bars| format!("/{bars}{file}"));
        let at = tables.iter().position(|(name, _)| decides.as_ref().is_some_and(|end| name.ends_with(end)));
        let at = at.unwrap_or(0);
        (at < tables.len()).then(|| tables.swap_remove(at))
    }

    /// The bars a decision is made by: the first of several feeds, else those of the run's timeframe.
    fn deciding_bars(&self) -> Option<String> {
        let config = self.run.config();
        let feeds = config["feeds"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut feeds = feeds.iter().filter_map(Value::as_str);
        let first = feeds.find(|feed| *feed != "ticks").or_else(|| config["timeframe"].as_str());
        first.map(str::to_owned)
    }

    /// The bar: that of the ranking, or the last one known when the order was made.
    fn bar(&self, facts: &Facts) -> Option<BarFact> {
        let (hub, table) = (self.hub?, self.bar_input()?.0);
        match facts.ordered_at {
            Some(at) => trace::bar_known_at(hub, &table, at),
            None if facts.decision.is_some() => trace::bar(hub, &table, self.label),
            None => trace::bar(hub, &table, self.label).or_else(|| trace::bar_known_at(hub, &table, self.label)),
        }
    }

    /// Where it came from. A bar the symbol does not have is looked for in the stretch of time it would fill.
    fn raw(&self, bar: Option<&BarFact>) -> RawChain {
        let input = self.bar_input();
        let until =
            bar.map_or_else(|| self.timeframe().map_or(self.label + 1, |tf| tf.next(self.label)), |bar| bar.until);
        let span = Span { from: self.label, until: until.max(self.label + 1) };
        let trace = self.hub.zip(input.as_ref()).map(|(hub, (table, _))| trace::trace(hub, table, span));
        RawChain {
            recorded: input.as_ref().map_or_else(Vec::new, |(name, _)| self.recorded(name, span)),
            content_hash_read: input.as_ref().map(|(_, hash)| hash.clone()),
            table: input.map(|(name, _)| name),
            trace,
        }
    }

    /// The sources the run recorded of an input that have rows in a stretch of time.
    fn recorded(&self, name: &str, span: Span) -> Vec<RecordedSource> {
        let inputs = self.run.context["inputs"].as_array().map(Vec::as_slice).unwrap_or_default();
        let input = inputs.iter().find(|input| input["name"] == name);
        let sources = input.and_then(|input| input["sources"].as_array()).map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let time = |value: &Value| value.as_str().and_then(|text| parse_iso(text).ok());
        let covers = |source: &&Value| {
            let (first, last) = (time(&source["first"]), time(&source["last"]));
            first.is_none_or(|first| first < span.until) && last.is_none_or(|last| last >= span.from)
        };
        let source = |source: &Value| RecordedSource {
            file: text(&source["file"]).unwrap_or_default(),
            hash: text(&source["hash"]).unwrap_or_default(),
            rows: source["rows"].as_u64(),
            first: text(&source["first"]),
            last: text(&source["last"]),
        };
        sources.iter().filter(covers).map(source).collect()
    }

    /// The run's timeframe.
    fn timeframe(&self) -> Option<Timeframe> {
        self.run.config()["timeframe"].as_str()?.parse().ok()
    }

    /// The factors the run recorded; of runs that recorded none, the ranking column.
    fn factors(&self) -> Vec<FactorLink> {
        let recorded: Vec<FactorRecord> =
            serde_json::from_value(self.run.context["factors"].clone()).unwrap_or_default();
        if !recorded.is_empty() {
            return recorded
                .into_iter()
                .map(|one| self.factor(&one.factor_set.clone(), &one.column.clone(), Some(one)))
                .collect();
        }
        let config = self.run.config();
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        match (text(&config["factor_set"]), text(&config["params"]["factor"])) {
            (Some(set), Some(column)) => vec![self.factor(&set, &column, self.definition_now(&set, &column))],
            _ => Vec::new(),
        }
    }

    /// One factor.
    fn factor(&self, set: &str, column: &str, definition: Option<FactorRecord>) -> FactorLink {
        let timeframe = self.timeframe();
        let place = |timeframe| FactorPlace { timeframe, set, column, label: self.label };
        let now = self.hub.zip(timeframe).and_then(|(hub, tf)| trace::factor(hub, place(tf), self.symbol));
        let bounded = definition.as_ref().filter(|definition| !definition.unbounded);
        let window = bounded.and_then(|definition| {
            let first = trace::window_start(self.hub?, &self.bar_input()?.0, self.label, definition.lookback_rows)?;
            Some((format_iso(first), format_iso(self.label)))
        });
        let table = timeframe.map(|tf| format!("factors/{tf}/{set}/{}.parquet", encode_path(self.symbol)));
        let read = self.run.inputs().into_iter().find(|(name, _)| Some(name) == table.as_ref()).map(|(_, hash)| hash);
        FactorLink { definition, column: column.to_owned(), now, content_hash_read: read, window, part: None }
    }

    /// Tells each of several factors what it brought to the score at the decision, from the values of all names that had one.
    fn divide(&self, facts: &Facts, factors: &mut [FactorLink], notes: &mut Vec<String>) {
        let Some(decision) = &facts.decision else { return };
        let (Some(score), Ok(at)) =
            (decision.score, decision.scored.binary_search_by(|one| one.as_str().cmp(self.symbol)))
        else {
            return;
        };
        let Some(prepared) = rerun::config_of(self.run).ok().and_then(|(config, _)| config.prepare().ok()) else {
            return;
        };
        let (Some(combination), Some(timeframe), Some(hub)) =
            (prepared.strategy.combination(), self.timeframe(), self.hub)
        else {
            return;
        };
        let column = |factor: &FactorLink| {
            let set = &factor.definition.as_ref()?.factor_set;
            let place = FactorPlace { timeframe, set, column: &factor.column, label: self.label };
            trace::factor_column(hub, place, &decision.scored)
        };
        let columns: Option<Vec<Vec<f64>>> = factors.iter().map(column).collect();
        let parts = columns.filter(|columns| columns.len() == combination.weights.len());
        let Some(parts) = parts.and_then(|columns| combination.parts(&columns, at)) else {
            notes.push(
                "what each factor brought to the score cannot be told: the hub lacks values of that bar".to_owned(),
            );
            return;
        };
        let sum = total(&parts);
        if (sum - score).abs() > 1e-9 * score.abs().max(1.0) {
            notes.push(format!(
                "by the values the hub has now the factors add up to {sum}; the score in the run's records is {score}"
            ));
        }
        for (factor, part) in factors.iter_mut().zip(parts) {
            factor.part = Some(ScorePart {
                standard: combination.standard.name(),
                comparable: part.comparable,
                weight: part.weight,
                contribution: part.contribution(),
            });
        }
    }

    /// What the hub says of a factor now.
    fn definition_now(&self, set: &str, column: &str) -> Option<FactorRecord> {
        let set = self.hub?.factor_set(self.timeframe()?, set).ok()?;
        crate::backtest::factor_record(self.hub?, set.metadata(), column)
    }

    /// Says what the hub no longer has as the run read it.
    fn note_changes(&self, raw: &RawChain, factors: &[FactorLink], notes: &mut Vec<String>) {
        if let (Some(table), Some(read)) = (&raw.table, &raw.content_hash_read) {
            let now = raw.trace.as_ref().and_then(|trace| trace.content_hash.as_ref());
            notes.extend(change(table, read, now));
        }
        for factor in factors {
            if let Some(read) = &factor.content_hash_read {
                let now = factor.now.as_ref().and_then(|now| now.content_hash.as_ref());
                let name = factor
                    .definition
                    .as_ref()
                    .map_or_else(String::new, |one| format!("factor set {}, ", one.factor_set));
                notes.extend(change(&format!("{name}{}", self.symbol), read, now));
            }
        }
    }
}

/// A run's strategy, its parameters, and what it does.
fn rule_text(config: &Value) -> String {
    let name = config["strategy"].as_str().unwrap_or_default();
    let params = config["params"].as_object().into_iter().flatten();
    let params: Vec<String> = params
        .map(|(key, value)| format!("{key}={}", value.as_str().map_or(value.to_string(), str::to_owned)))
        .collect();
    let doc = strategy::template(name).map_or("", |template| template.doc);
    format!("{name} {}: {doc}", params.join(" "))
}

/// What to say of a table that is not what it was.
fn change(table: &str, read: &str, now: Option<&String>) -> Option<String> {
    let short = |hash: &str| hash.chars().take(12).collect::<String>();
    match now {
        Some(now) if now == read => None,
        Some(now) => Some(format!(
            "{table} has changed since the run: BLAKE3 was {}.., is {}..; the run's records stand, what the hub says is of now",
            short(read),
            short(now)
        )),
        None => Some(format!("{table} is in the hub no more (BLAKE3 was {}..); the run's records stand", short(read))),
    }
}

/// A file in words: name, rows, hash.
pub fn file_text(file: &FileLink) -> String {
    let rows = match file.rows {
        Some(rows) => {
            let about = if rows.is_exact { "" } else { "about " };
            if rows.first == rows.last {
                format!("{about}row {} of {}", rows.first, rows.of)
            } else {
                format!("{about}rows {} to {} of {}", rows.first, rows.last, rows.of)
            }
        }
        None => format!("rows from {} to {}", file.first, file.last),
    };
    format!("{}, {rows}, sha256 {}", file.file, file.sha256)
}
