//! Bars that carry all splits and dividends so far, for factors: `adjusted-1d` beside `1d`.
//!
//! Prices grow with what was given away instead of the past shrinking with it: a bar never changes when a later action comes,
//! and a factor never sees one before its day. Money stays money: volumes shrink as prices grow.

use crosscut_hub::{Hub, HubError, IngestPublisher, InputFile, Origin, TableInfo, TableSource, bar_table_path};
use crosscut_model::action::growth;
use crosscut_model::{BarSpec, Bars, CorporateAction};
use rayon::prelude::*;

use crate::error::IngestError;

use super::report::{TableReport, TableStatus};

/// Brings the adjusted bars of a venue up to date with its bars and corporate actions. A venue without corporate actions
/// has none.
///
/// # Errors
/// When a table is damaged or cannot be written.
pub(crate) fn refresh(hub: &Hub, publisher: &IngestPublisher, venue: &str) -> Result<Vec<TableReport>, IngestError> {
    if hub.action_symbols(venue)?.is_empty() || !hub.venues()?.iter().any(|known| known == venue) {
        return Ok(Vec::new());
    }
    let mut jobs = Vec::new();
    for kind in hub.bar_kinds(venue)? {
        let Ok(spec @ BarSpec::Time(frame)) = kind.parse::<BarSpec>() else { continue };
        jobs.extend(hub.bar_symbols(venue, &spec)?.into_iter().map(|symbol| (symbol, spec, BarSpec::Adjusted(frame))));
    }
    let results: Vec<Result<Option<TableReport>, IngestError>> = jobs
        .into_par_iter()
        .map(|(symbol, raw, adjusted)| refresh_one(hub, publisher, venue, (&symbol, raw, adjusted)))
        .collect();
    let reports: Vec<Option<TableReport>> = results.into_iter().collect::<Result<_, _>>()?;
    Ok(reports.into_iter().flatten().collect())
}

/// Brings one table up to date; `None` when it is.
fn refresh_one(
    hub: &Hub,
    publisher: &IngestPublisher,
    venue: &str,
    (symbol, raw, adjusted): (&str, BarSpec, BarSpec),
) -> Result<Option<TableReport>, IngestError> {
    let info = hub.bar_info(venue, &raw, symbol)?;
    let mut inputs = vec![input(&info)];
    match hub.action_info(venue, symbol) {
        Ok(info) => inputs.push(input(&info)),
        Err(HubError::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let before = match hub.bar_info(venue, &adjusted, symbol) {
        Ok(there) if there.provenance.inputs == inputs => return Ok(None),
        Ok(there) => there.rows,
        Err(HubError::NotFound { .. }) => 0,
        Err(error) => return Err(error.into()),
    };
    let bars = adjust(hub.read_all_bars(venue, &raw, symbol)?, &hub.corporate_actions(venue, symbol)?);
    let source = TableSource {
        origin: Origin::Bars,
        inputs,
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
        covered_until: info.provenance.covered_until,
        notes: vec![format!(
            "{} with splits and dividends so far; for factors, not for fills",
            bar_table_path(venue, &raw, symbol)?
        )],
    };
    publisher.publish_bars(venue, &adjusted, symbol, &bars, &source)?;
    let (rows, added) = (bars.len() as u64, bars.len().saturating_sub(before) as u64);
    Ok(Some(TableReport { table: format!("{symbol} {adjusted} bars"), rows, added, status: TableStatus::Written }))
}

/// A table of the hub as an input of another one.
fn input(info: &TableInfo) -> InputFile {
    InputFile {
        n_out_of_order: 0,
        file: info.provenance.table.clone(),
        size: info.provenance.size,
        sha256: info.content_hash.clone(),
        rows: info.rows as u64,
        first: info.first,
        last: info.last,
        covers_until: info.provenance.covered_until,
        venue: None,
    }
}

/// Bars with all actions so far in their prices and volumes.
fn adjust(mut bars: Bars, actions: &[CorporateAction]) -> Bars {
    let growth = growth(&bars.timestamp, actions);
    let up = |values: &mut Vec<f64>| values.iter_mut().zip(&growth).for_each(|(value, by)| *value *= by);
    let down = |values: &mut Vec<f64>| values.iter_mut().zip(&growth).for_each(|(value, by)| *value /= by);
    let Bars { open, high, low, close, vwap, medium_price, volume, buy_volume, sell_volume, .. } = &mut bars;
    [open, high, low, close, vwap, medium_price].into_iter().for_each(up);
    [volume, buy_volume, sell_volume].into_iter().for_each(down);
    bars
}
