//! What has changed since the published generation: whether it can be continued at all, and if so which symbols have
//! other bars than those it was made from, and from which bar on.

use std::collections::BTreeSet;

use crosscut_hub::{BarTable, FactorSet, HubError, config_hash};
use rayon::prelude::*;
use serde_json::json;

use crate::error::FactorsError;
use crate::plan::Plan;
use crate::source::Source;
use crate::state::{INDEX, Index, Record};

/// A published generation to continue.
#[derive(Debug)]
pub(crate) struct Basis<'a> {
    /// The generation.
    pub set: &'a FactorSet,
    /// What it was made from.
    pub index: Index,
    /// What has become of each symbol of the source since.
    pub changes: Vec<Change>,
}

/// What has become of a symbol since the published generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Its bars are the same.
    Same,
    /// So many bars at the front are the same.
    After(usize),
    /// It was not there.
    New,
}

/// Everything besides the program's version that must be the same for a state to be continued.
pub(crate) fn fingerprint(source: &Source<'_>, plan: &Plan) -> String {
    let periods_per_year = plan.uses_periods_per_year().then_some(source.annualisation.periods_per_year);
    let groups: Vec<String> = source.groups.inputs().map(|input| input.content_hash).collect();
    config_hash(&json!({
        "definition": plan.definition,
        "inputs": plan.inputs,
        "periods_per_year": periods_per_year,
        "groups": groups,
    }))
}

impl<'a> Basis<'a> {
    /// Looks whether the published generation can be continued by this version of the program, and what has changed.
    ///
    /// # Errors
    /// [`FactorsError::State`] with the reason why not; damaged bars.
    pub fn open(set: &'a FactorSet, version: &str, source: &Source<'_>, plan: &Plan) -> Result<Self, FactorsError> {
        let refused = |message: String| Err(FactorsError::State { message });
        let metadata = set.metadata();
        if metadata.code_version != version {
            return refused(format!("it was made by version {}, this is {version}", metadata.code_version));
        }
        if !metadata.states.contains_key(INDEX) {
            return refused("it has no saved state".to_owned());
        }
        let bytes = set.read_state(INDEX).map_err(|error| FactorsError::of_state(&error))?;
        let Some(index) = Index::from_bytes(&bytes) else {
            return refused("its saved state is not one that this version can read".to_owned());
        };
        if index.fingerprint != fingerprint(source, plan) {
            return refused("its columns, the bars of a year or a group file have changed".to_owned());
        }
        let tables: BTreeSet<&String> = metadata.tables.keys().collect();
        if tables != index.symbols.keys().collect() {
            return refused("its saved state speaks of other symbols".to_owned());
        }
        let changes = source.tables.par_iter().map(|(symbol, table)| change(index.symbols.get(symbol), table));
        let changes: Vec<Result<Change, HubError>> = changes.collect();
        let changes = changes.into_iter().collect::<Result<_, _>>()?;
        Ok(Self { set, index, changes })
    }

    /// What the published generation knows of a symbol.
    pub fn record(&self, symbol: &str) -> Option<&Record> {
        self.index.symbols.get(symbol)
    }

    /// The earliest label at which some symbol has another row than in the published generation, or none any more, or
    /// one that was not there; `None` when nothing has changed. It may be earlier than need be, never later.
    ///
    /// # Errors
    /// Damaged bars.
    pub fn earliest_change(&self, source: &Source<'_>) -> Result<Option<i64>, FactorsError> {
        let there: BTreeSet<&str> = source.tables.iter().map(|(symbol, _)| symbol.as_str()).collect();
        let gone = self.index.symbols.iter().filter(|(symbol, _)| !there.contains(symbol.as_str()));
        let gone = gone.filter(|(_, record)| record.tally.n_rows > 0).map(|(_, record)| record.first).min();
        let changed = source.tables.par_iter().zip(&self.changes).map(|((symbol, table), change)| match *change {
            Change::Same => Ok(None),
            Change::New => Ok((table.rows() > 0).then_some(table.info().first)),
            Change::After(n_same) => first_change(source, table, self.record(symbol), n_same),
        });
        let changed: Vec<Result<Option<i64>, FactorsError>> = changed.collect();
        let changed: Vec<Option<i64>> = changed.into_iter().collect::<Result<_, _>>()?;
        Ok(changed.into_iter().flatten().chain(gone).min())
    }
}

/// What has become of a symbol's bars.
fn change(record: Option<&Record>, table: &BarTable) -> Result<Change, HubError> {
    let Some(record) = record else { return Ok(Change::New) };
    if record.content_hash == table.info().content_hash {
        return Ok(Change::Same);
    }
    let Some(digests) = &record.digests else { return Ok(Change::After(0)) };
    let n_same = table.unchanged_rows(digests)?;
    // A table that was written anew with the same rows.
    let is_same = n_same == digests.rows() && n_same == table.rows();
    Ok(if is_same { Change::Same } else { Change::After(n_same) })
}

/// The label from which on a symbol's rows are others.
fn first_change(
    source: &Source<'_>,
    table: &BarTable,
    record: Option<&Record>,
    n_same: usize,
) -> Result<Option<i64>, FactorsError> {
    let (n_old, n_new) = (record.map_or(0, |record| record.tally.n_bars as usize), table.rows());
    if n_same == 0 {
        let old = record.filter(|_| n_old > 0).map(|record| record.first);
        return Ok((n_new > 0).then_some(table.info().first).into_iter().chain(old).min());
    }
    let labels = table.read_rows(&[], n_same - 1..n_new.min(n_same + 1))?;
    let labels = labels.i64("timestamp").unwrap_or_default();
    // Where a bar lay that is no more there is not known: anywhere after the last that is. The same holds for rows that
    // the fill policy invents from a bar on.
    let known = |label: Option<&i64>| label.copied().filter(|_| n_old == n_same && !source.fills());
    Ok(known(labels.get(1)).or_else(|| labels.first().map(|&label| source.following(label))))
}
