//! `factors show`: one published set, family, factor or operator by its name.

use crosscut_factors::{ColumnCard, FactorCard};
use crosscut_formula::{library, operators};
use crosscut_hub::{FactorMetadata, Hub};
use crosscut_model::nearest;

use super::{FactorEntry, FamilyEntry, StorePlace, family_entry, parse_timeframe, store};
use crate::desk::Desk;
use crate::error::AppError;
use crate::registry::{OperatorEntry, Registry};

/// What is to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShowRequest {
    /// A set, a family, a factor (`sma_20`, `talib:rsi_14`, `SET:column`) or an operator.
    pub name: String,
    /// Timeframe of the set, when several have the name.
    pub timeframe: Option<String>,
    /// The published set whose column `name` is.
    pub factor_set: Option<String>,
    /// Windows of a factor of the library.
    pub windows: Option<Vec<usize>>,
}

/// What `factors show` found.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// A factor set of the hub.
    Set(Box<SetCard>),
    /// A built-in family.
    Family {
        /// What it is.
        family: FamilyEntry,
        /// Its factors.
        factors: Vec<FactorEntry>,
    },
    /// Factors: one, or those of several windows or families that have the name.
    Factors(Vec<FactorCard>),
    /// Operators: one, or those that differ in their number of operands.
    Operators(Vec<OperatorEntry>),
}

/// A factor set of the hub or of a SQL store.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SetCard {
    /// Where it lies in the store it was looked up in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StorePlace>,
    /// What it says about itself.
    #[serde(flatten)]
    pub metadata: FactorMetadata,
    /// Its columns.
    pub factors: Vec<ColumnCard>,
}

/// Finds a published set, a family, a factor or an operator.
///
/// # Errors
/// An unknown name (the nearest are named); a name of sets of several timeframes without `timeframe`.
pub fn show(desk: &Desk<'_>, request: &ShowRequest) -> Result<Shown, AppError> {
    if let Some(card) = store::show(desk, &request.name, request.timeframe.as_deref())? {
        return Ok(Shown::Set(Box::new(card)));
    }
    let hub = if desk.hub_root().exists() { Some(desk.hub()?) } else { None };
    let name = request.name.as_str();
    if let Some(set) = &request.factor_set {
        return column(&desk.hub()?, set, name, request.timeframe.as_deref());
    }
    if let Some((first, rest)) = name.split_once(':') {
        return match library::family(first) {
            Some(_) if request.timeframe.is_none() => match library_factors(request)? {
                Some(shown) => Ok(shown),
                None => Err(unknown(hub.as_ref(), name)?),
            },
            _ => column(&desk.hub()?, first, rest, request.timeframe.as_deref()),
        };
    }
    if let (Some(family), None) = (library::family(name), &request.timeframe) {
        return family_card(family);
    }
    if let Some(metadata) = hub.as_ref().map_or(Ok(None), |hub| set(hub, name, request.timeframe.as_deref()))? {
        let factors = hub.as_ref().map_or_else(Vec::new, |hub| crosscut_factors::published_columns(hub, &metadata));
        return Ok(Shown::Set(Box::new(SetCard { store: None, metadata, factors })));
    }
    let is_called = |entry: &OperatorEntry| entry.name == name || entry.aliases.iter().any(|alias| alias == name);
    let operators: Vec<OperatorEntry> = Registry::load()?.operators.into_iter().filter(is_called).collect();
    match library_factors(request)? {
        // `rank` is an operator before it is the beginning of `rank5`, `rank10`, ...
        Some(Shown::Factors(cards))
            if operators.is_empty() || request.windows.is_some() || cards.iter().any(|card| card.name == name) =>
        {
            Ok(Shown::Factors(cards))
        }
        _ if !operators.is_empty() => Ok(Shown::Operators(operators)),
        _ => Err(unknown(hub.as_ref(), name)?),
    }
}

/// The factors of the library that are meant; `None` when there are none.
fn library_factors(request: &ShowRequest) -> Result<Option<Shown>, AppError> {
    let cards = crosscut_factors::library_factors(&request.name, request.windows.as_deref())?;
    Ok((!cards.is_empty()).then_some(Shown::Factors(cards)))
}

/// A column of a published set.
fn column(hub: &Hub, set_name: &str, column: &str, timeframe: Option<&str>) -> Result<Shown, AppError> {
    match set(hub, set_name, timeframe)? {
        Some(metadata) => Ok(Shown::Factors(vec![crosscut_factors::published_factor(hub, &metadata, column)?])),
        None => {
            let sets = hub.factor_sets()?;
            let families = library::families().iter().map(|family| family.name);
            let near = nearest(set_name, sets.iter().map(|(_, set)| set.as_str()).chain(families));
            let error = AppError::new(format!("there is no factor set or family `{set_name}`"));
            Err(match near {
                Some(near) => error.hint(format!("did you mean `{near}:{column}`?")),
                None => error.hint("`crosscut factors list` shows all"),
            })
        }
    }
}

/// The metadata of the published set of a name; `None` when there is none.
pub(super) fn set(hub: &Hub, name: &str, timeframe: Option<&str>) -> Result<Option<FactorMetadata>, AppError> {
    let wanted = timeframe.map(parse_timeframe).transpose()?.map(|frame| frame.to_string());
    let sets = hub.factor_sets()?;
    let found: Vec<&String> = sets
        .iter()
        .filter(|(frame, set)| set == name && wanted.as_ref().is_none_or(|wanted| wanted == frame))
        .map(|(frame, _)| frame)
        .collect();
    match found.as_slice() {
        [frame] => Ok(Some(hub.factor_set(parse_timeframe(frame)?, name)?.metadata().clone())),
        [] => Ok(None),
        several => {
            let frames: Vec<&str> = several.iter().map(|frame| frame.as_str()).collect();
            Err(AppError::new(format!("factor set `{name}` exists for {}", frames.join(", ")))
                .hint(format!("say which one: --timeframe {}", frames[0])))
        }
    }
}

/// What to say of a name that nothing has.
fn unknown(hub: Option<&Hub>, name: &str) -> Result<AppError, AppError> {
    let sets = hub.map_or(Ok(Vec::new()), Hub::factor_sets)?;
    let mut columns = Vec::new();
    if let Some(hub) = hub {
        for (frame, set) in &sets {
            let metadata = hub.factor_set(parse_timeframe(frame)?, set)?.metadata().clone();
            columns.extend(metadata.columns.into_iter().map(|column| (column, set)));
        }
    }
    let error = AppError::new(format!("there is no factor set, family, factor or operator `{name}`"));
    if let Some((column, set)) = columns.iter().find(|(column, _)| column == name) {
        return Ok(error.hint(format!("a published set has such a column: `{set}:{column}`")));
    }
    let factors = crosscut_factors::library_names();
    let functions = operators::operators().filter(|operator| operator.is_function());
    let functions =
        functions.flat_map(|operator| std::iter::once(operator.name).chain(operator.aliases.iter().copied()));
    let families = library::families().iter().map(|family| family.name);
    let names = sets.iter().map(|(_, set)| set.as_str()).chain(families).chain(factors.iter().map(String::as_str));
    let qualified: Vec<String> = columns.iter().map(|(column, set)| format!("{set}:{column}")).collect();
    let near = nearest(name, names.chain(functions).chain(qualified.iter().map(String::as_str)));
    Ok(match near {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`crosscut factors list` shows the sets, `crosscut factors list --library` the factors"),
    })
}

/// A family and its factors.
fn family_card(family: &library::Family) -> Result<Shown, AppError> {
    let factors = family.factors(None)?.into_iter().map(|spec| FactorEntry {
        name: spec.name,
        formula: spec.formula,
        source: spec.source,
        notes: spec.notes,
    });
    Ok(Shown::Family { family: family_entry(family)?, factors: factors.collect() })
}
