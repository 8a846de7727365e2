//! `hub gc`: removes old generations of factor sets.

use crate::desk::Desk;
use crate::error::AppError;

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Removed {
    /// Generations removed, as paths inside the hub.
    pub generations: Vec<String>,
}

/// Removes all but the last `keep` generations of each set.
///
/// # Errors
/// When there is no hub, or a folder cannot be removed.
pub fn run(desk: &Desk<'_>, keep: usize) -> Result<Removed, AppError> {
    desk.hub()?;
    Ok(Removed { generations: crosscut_hub::gc(&desk.hub_root(), keep)? })
}
