//! The exchange's calendar of a run, and what is recorded of it.

use crosscut_hub::{Hub, hash_file};
use crosscut_model::Sessions;

use crate::error::BacktestError;
use crate::panel::PanelInput;

/// The calendar of a venue and its file; `None` when the hub has none.
///
/// # Errors
/// When the file is damaged.
pub(crate) fn sessions(hub: &Hub, venue: &str) -> Result<Option<(Sessions, PanelInput)>, BacktestError> {
    let Some(sessions) = hub.sessions(venue)? else { return Ok(None) };
    let name = format!("calendars/{venue}.json");
    let content_hash = hash_file(&hub.root().join(&name))?;
    Ok(Some((sessions, PanelInput { name, content_hash, sources: Vec::new() })))
}
