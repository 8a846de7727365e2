//! The trades of one file, recognised and checked as for an import, handed to the caller instead of a hub.

use std::path::{Path, PathBuf};

use crosscut_model::Trades;

use super::detect::{Found, detect};
use super::trades::source::{FileTrades, TradeSource};
use super::{ImportRequest, Kind};
use crate::error::{Fault, IngestError};

/// Hands the trades of a file to `visit`, batch by batch in the order of the file; decoding runs ahead on a
/// thread.
///
/// # Errors
/// When the file cannot be read, holds no trades, or a row breaks a rule; the message names file and row.
pub fn read_trades(file: &Path, kind: Option<Kind>, mut visit: impl FnMut(&Trades)) -> Result<(), IngestError> {
    let request = ImportRequest { kind, ..ImportRequest::new("", &[PathBuf::from(file)], 1) };
    let shown = file.display().to_string();
    let found = detect(file, &request).map_err(|fault| fault.of(&shown))?.found;
    let Found::Trades(trades) = found else {
        return Err(Fault::file("holds no trades").of(&shown).into());
    };
    let mut source = FileTrades::new(trades, true);
    let mut batch = Trades::default();
    while source.next_batch(&mut batch)? {
        visit(&batch);
    }
    Ok(())
}
