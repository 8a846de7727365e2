//! The terms of a contest: all that a run is asked besides its strategy. Each is made that of the first run, or told where it
//! cannot be, or shall not be.
//!
//! What makes a strategy stays each run's own: its name and parameters, its factors, and when it decides. Of that, what is no
//! name or parameter is told where it differs, for it may be what a difference comes from.

use crosscut_model::nearest;
use crosscut_trading::strategy::{self, Kind};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::BacktestConfig;
use crate::error::BacktestError;

/// A term: what it is called, and the fields of a configuration that it is made of.
struct Term {
    /// What it is called.
    name: &'static str,
    /// Its fields.
    fields: &'static [&'static str],
    /// For whom it can be made equal.
    reach: Reach,
}

/// For whom a term can be made equal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// For all.
    All,
    /// For runs on one venue: it names symbols.
    Venue,
    /// For strategies that decide at rebalances; others do not have it.
    Rules,
    /// For nobody: the strategy's own.
    None,
}

/// Shorter to write.
const fn term(name: &'static str, fields: &'static [&'static str], reach: Reach) -> Term {
    Term { name, fields, reach }
}

/// All terms but the dates, which follow from the data too.
const TERMS: [Term; 26] = [
    term("symbols", &["symbols", "include", "exclude"], Reach::Venue),
    term("pool", &["pool"], Reach::All),
    term("universe", &["universe"], Reach::All),
    term("capital", &["capital"], Reach::All),
    term("execution", &["execution"], Reach::All),
    term("commission", &["commission_bps", "costs.commission"], Reach::All),
    term("slippage", &["slippage_bps", "costs.slippage", "spreads"], Reach::All),
    term("borrow", &["borrow"], Reach::All),
    term("funding", &["funding"], Reach::All),
    term("margin", &["margin", "allow_negative_cash"], Reach::All),
    term("steps", &["steps"], Reach::All),
    term("corporate_actions", &["corporate_actions"], Reach::All),
    term("venue_rules", &["venue_rules"], Reach::All),
    term("orders", &["orders"], Reach::All),
    term("limits", &["max_position", "max_gross", "cash_buffer", "max_drawdown"], Reach::All),
    term("risk", &["risk"], Reach::All),
    term("benchmark", &["benchmark"], Reach::Venue),
    term("untradable", &["untradable"], Reach::Rules),
    term("on_short", &["on_short"], Reach::Rules),
    term("universe_leave", &["universe_leave"], Reach::None),
    term("venue", &["venue"], Reach::None),
    term("timeframe", &["timeframe"], Reach::None),
    term("feeds", &["feeds", "sampling"], Reach::None),
    term("rebalance", &["rebalance"], Reach::None),
    term("align", &["align"], Reach::None),
    term("warm_up", &["warm_up"], Reach::None),
];

/// The dates among the terms.
pub const DATES: &str = "dates";

/// A term in which runs differed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TermOf {
    /// What it is called.
    pub term: String,
    /// What each run had, in their order.
    pub own: Vec<String>,
    /// What all have in the contest; `None` where each has its own.
    pub all: Option<String>,
    /// Why it was not made equal.
    pub reason: Option<&'static str>,
}

/// Makes the terms of all configurations those of the first, but for those to `keep`; gives those in which they differed.
///
/// # Errors
/// Names to keep that are no terms, with the nearest that is one.
pub fn equalise(configs: &mut [BacktestConfig], keep: &[String]) -> Result<Vec<TermOf>, BacktestError> {
    for name in keep {
        let known = || TERMS.iter().filter(|term| term.reach != Reach::None).map(|term| term.name).chain([DATES]);
        if !known().any(|term| term == name) {
            let near = nearest(name, known()).map_or(String::new(), |near| format!("; the nearest is `{near}`"));
            let expected = format!("terms that can be equal, such as {}{near}", known().collect::<Vec<_>>().join(", "));
            return Err(BacktestError::setting("keep", name.clone(), expected));
        }
    }
    let mut maps: Vec<Map<String, Value>> = configs.iter().map(written).collect();
    let mut found = Vec::new();
    for term in &TERMS {
        let own: Vec<String> = maps.iter().map(|map| text(map, term.fields)).collect();
        if own.windows(2).all(|pair| pair[0] == pair[1]) {
            continue;
        }
        let reason = reason(term, configs, keep);
        if reason.is_none() {
            let (first, others) = maps.split_at_mut(1);
            others.iter_mut().for_each(|map| copy(&first[0], map, term.fields));
        }
        found.push(TermOf { term: term.name.to_owned(), all: reason.is_none().then(|| own[0].clone()), own, reason });
    }
    for (config, map) in configs.iter_mut().zip(maps) {
        *config = serde_json::from_value(Value::Object(map)).expect("fields of configurations, each in its place");
    }
    Ok(found)
}

/// Why a term stays each run's own; `None` where it does not.
fn reason(term: &Term, configs: &[BacktestConfig], keep: &[String]) -> Option<&'static str> {
    let is_rule = |config: &BacktestConfig| {
        let kind = strategy::resolve(&config.strategy, &config.params).map(|resolved| resolved.kind());
        config.feeds.is_empty() && kind.is_ok_and(|kind| kind == Kind::CrossSection)
    };
    match term.reach {
        _ if keep.iter().any(|name| name == term.name) => Some("kept, as asked"),
        Reach::Venue if configs.iter().any(|config| config.venue != configs[0].venue) => {
            Some("it names symbols, and the venues differ")
        }
        Reach::Rules if !configs.iter().all(is_rule) => Some("for strategies that decide at rebalances alone"),
        Reach::None => Some("the strategy's own"),
        _ => None,
    }
}

/// A configuration as a mapping.
fn written(config: &BacktestConfig) -> Map<String, Value> {
    match serde_json::to_value(config) {
        Ok(Value::Object(map)) => map,
        _ => unreachable!("a configuration is plain data with text keys"),
    }
}

/// A field, which may lie inside another; `None` where it has its default.
fn field<'a>(map: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let found = match path.split_once('.') {
        Some((outer, inner)) => map.get(outer)?.get(inner),
        None => map.get(path),
    };
    found.filter(|value| !value.is_null())
}

/// What a run has of a term, in words: `field=value ...` without what is not given, or `-`.
fn text(map: &Map<String, Value>, fields: &[&str]) -> String {
    let mut given = Vec::new();
    for path in fields {
        put(path.rsplit('.').next().unwrap_or(path), field(map, path), &mut given);
    }
    match given.as_slice() {
        [] => "-".to_owned(),
        [(name, text)] if fields == [name.as_str()] => text.clone(),
        many => many.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join(" "),
    }
}

/// Adds a value under its name; those of a mapping under theirs.
fn put(name: &str, value: Option<&Value>, given: &mut Vec<(String, String)>) {
    match value {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => map.iter().for_each(|(name, value)| put(name, Some(value), given)),
        Some(Value::Array(list)) if list.is_empty() => {}
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
            let names: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            given.push((name.to_owned(), names.join(",")));
        }
        Some(Value::String(text)) => given.push((name.to_owned(), text.clone())),
        Some(other) => given.push((name.to_owned(), other.to_string())),
    }
}

/// Copies fields.
fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, fields: &[&str]) {
    for path in fields {
        let value = field(from, path).cloned();
        let (place, name) = match path.split_once('.') {
            Some((outer, inner)) => {
                let inside = to.entry(outer).or_insert_with(|| Value::Object(Map::new()));
                let Value::Object(inside) = inside else { continue };
                (inside, inner)
            }
            None => (&mut *to, *path),
        };
        match value {
            Some(value) => drop(place.insert(name.to_owned(), value)),
            None => drop(place.remove(name)),
        }
    }
}
