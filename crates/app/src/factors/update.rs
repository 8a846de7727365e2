//! `factors update`: bring published factor sets up to date with the bars, by name or by their files.

use std::path::{Path, PathBuf};

use crosscut_factors::Config as SetConfig;
use crosscut_model::nearest;

use super::{SetSummary, produce, show, store};
use crate::desk::Desk;
use crate::error::AppError;

/// Which sets to update: published ones by name, or those that files describe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateRequest {
    /// Names of published sets.
    pub sets: Vec<String>,
    /// Their timeframe, when a name is published for several.
    pub timeframe: Option<String>,
    /// Factor-set files.
    pub files: Vec<PathBuf>,
}

/// Updates factor sets, one after another: the rows whose bars are new or have changed are computed, the others taken
/// over. What cannot be continued is computed from the bars alone, and the summary says why.
///
/// # Errors
/// No set, or names and files at once; an unknown name (the nearest is named); a bad file; whatever keeps a set from
/// being produced. Sets published before stay published.
pub fn update(desk: &Desk<'_>, request: &UpdateRequest) -> Result<Vec<SetSummary>, AppError> {
    store::check(desk)?;
    match (request.sets.as_slice(), request.files.as_slice()) {
        ([], []) => Err(AppError::new("no factor set to update")
            .hint("name a published set or its file: crosscut factors update SET, or --config factors/core.yaml")),
        (sets, []) => {
            // All names are looked up before the first set is touched.
            let configs = sets.iter().map(|name| published(desk, name, request.timeframe.as_deref()));
            let configs: Vec<SetConfig> = configs.collect::<Result<_, _>>()?;
            configs.iter().map(|config| update_set(desk, config)).collect()
        }
        ([], files) if request.timeframe.is_none() => files.iter().map(|file| update_file(desk, file)).collect(),
        ([], _) => Err(AppError::new("--timeframe says which published set is meant; a file says so itself")),
        ([first, ..], _) => Err(AppError::new(format!("both the set {first} and a factor-set file are named"))
            .hint("give the name of a published set or --config with its file")),
    }
}

/// The set that was published under a name.
fn published(desk: &Desk<'_>, name: &str, timeframe: Option<&str>) -> Result<SetConfig, AppError> {
    let hub = desk.hub()?;
    if let Some(metadata) = show::set(&hub, name, timeframe)? {
        return Ok(SetConfig::from_metadata(&metadata)?);
    }
    let sets = hub.factor_sets()?;
    let of = timeframe.map_or(String::new(), |frame| format!(" of timeframe {frame}"));
    let error = AppError::new(format!("no factor set `{name}`{of} is published in {}", desk.hub_root().display()));
    Err(match nearest(name, sets.iter().map(|(_, set)| set.as_str())) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => {
            error.hint("`crosscut factors list` shows the published sets; --config FILE produces one from its file")
        }
    })
}

/// Updates the set that a file describes.
fn update_file(desk: &Desk<'_>, file: &Path) -> Result<SetSummary, AppError> {
    let config = SetConfig::read(file)?;
    let name = file.display().to_string();
    update_set(desk, &config).map_err(|error| if error.message().contains(&name) { error } else { error.during(&name) })
}

/// Updates one set.
fn update_set(desk: &Desk<'_>, config: &SetConfig) -> Result<SetSummary, AppError> {
    store::save(desk, produce(desk, config, ("update", crosscut_factors::update))?)
}
