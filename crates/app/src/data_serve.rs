//! `data serve`: a folder of archives on this machine, answered for as a venue's archive would, faults included.

use std::path::PathBuf;

use crosscut_ingest::archive_server::{ArchiveServer, Faults, ServerConfig};

use crate::desk::Desk;
use crate::error::AppError;
use crate::events::Level;

/// What to serve.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServeRequest {
    /// The folder.
    pub folder: PathBuf,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Picks faults; `None` serves without.
    pub faults: Option<u64>,
    /// Bytes a second on each connection; 0 sends as fast as it can.
    pub bytes_per_second: u64,
}

/// Requests for one path that go wrong, one after another.
const IN_A_ROW: u32 = 3;

/// Serves until the process ends; the address is told as a message.
///
/// # Errors
/// When there is no such folder, or the port is taken.
pub fn run(desk: &Desk<'_>, request: &ServeRequest) -> Result<(), AppError> {
    if !request.folder.is_dir() {
        return Err(AppError::new(format!("there is no folder {}", request.folder.display()))
            .hint("`crosscut data generate` writes a made-up archive"));
    }
    let faults = Faults {
        seed: request.faults,
        in_a_row: IN_A_ROW,
        retry_after_s: 1,
        bytes_per_second: request.bytes_per_second,
        ..Faults::default()
    };
    let config = ServerConfig { folder: request.folder.clone(), port: request.port, faults, ..ServerConfig::default() };
    let server = ArchiveServer::start(config)
        .map_err(|error| AppError::new(format!("cannot serve at port {}: {error}", request.port)))?;
    let address = server.url();
    desk.events.message(Level::Info, &format!("serving {} at {address}", request.folder.display()));
    server.wait();
    Ok(())
}
