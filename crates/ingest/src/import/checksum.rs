//! The identity of an input file: size and SHA-256, compared with the `.CHECKSUM` file beside it when there is one.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crosscut_hub::VenueFile;
use sha2::{Digest, Sha256};

use crate::error::{Fault, IngestError};

use super::container::cannot_read;

/// Size and hash of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Bytes.
    pub size: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Whether a `.CHECKSUM` file beside it says the same; `false` when there is none.
    pub verified: bool,
    /// Where it was downloaded from, if it was.
    pub venue: Option<VenueFile>,
}

/// Hashes a file and compares it with `<file>.CHECKSUM` (one line: `<sha256 hex>  <file name>`).
///
/// # Errors
/// When the file cannot be read, the checksum file is not of this form, or the two differ.
pub(crate) fn identify(path: &Path) -> Result<Identity, Fault> {
    let (size, sha256) = digest(File::open(path).map_err(|error| cannot_read(&error))?)?;
    let verified = match expected(path)? {
        Some(expected) if expected == sha256 => true,
        Some(expected) => {
            return Err(Fault::file(format!("its SHA-256 is {sha256}, its .CHECKSUM file says {expected}"))
                .hint("fetch the file and its checksum again"));
        }
        None => false,
    };
    Ok(Identity { size, sha256, verified, venue: None })
}

/// The identity of files that are read as one, in this order.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn identify_all(paths: &[std::path::PathBuf]) -> Result<Identity, Fault> {
    let mut source: Box<dyn Read> = Box::new(std::io::empty());
    for path in paths {
        source = Box::new(source.chain(File::open(path).map_err(|error| cannot_read(&error))?));
    }
    let (size, sha256) = digest(source)?;
    Ok(Identity { size, sha256, verified: false, venue: None })
}

/// The identity of one of several members of a file: its own bytes, and whether the file as a whole was verified.
///
/// # Errors
/// When the member cannot be read.
pub(crate) fn identify_member(bytes: impl Read, of: &Identity) -> Result<Identity, Fault> {
    let (size, sha256) = digest(bytes)?;
    let archive_sha256 = Some(of.sha256.clone());
    let venue = of.venue.clone().map(|venue| VenueFile { archive_sha256, ..venue });
    Ok(Identity { size, sha256, venue, ..of.clone() })
}

/// Size and SHA-256 of a file.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn digest_of(path: &Path) -> Result<(u64, String), IngestError> {
    let shown = |fault: Fault| IngestError::from(fault.of(&path.display().to_string()));
    digest(File::open(path).map_err(|error| shown(cannot_read(&error)))?).map_err(shown)
}

/// Number of bytes and their SHA-256, lower-case hex.
fn digest(mut source: impl Read) -> Result<(u64, String), Fault> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 18];
    let mut size = 0;
    loop {
        let n = source.read(&mut buffer).map_err(|error| cannot_read(&error))?;
        if n == 0 {
            break;
        }
        hasher.update(&buffer[..n]);
        size += n as u64;
    }
    Ok((size, hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// What the checksum file beside `path` promises; `None` when there is none.
fn expected(path: &Path) -> Result<Option<String>, Fault> {
    let mut name = path.as_os_str().to_owned();
    name.push(".CHECKSUM");
    let bytes = match std::fs::read(Path::new(&name)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Fault::file(format!("its .CHECKSUM file cannot be read: {error}"))
                .hint("make it readable, or delete it to import unverified"));
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut words = text.split_whitespace();
    let hash = words.next().unwrap_or_default().to_ascii_lowercase();
    if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Fault::file("its .CHECKSUM file does not begin with a SHA-256 in hex")
            .hint("fetch the checksum file again, or delete it to import unverified"));
    }
    let own = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match words.next().map(|name| name.trim_start_matches('*')) {
        Some(named) if named != own => {
            Err(Fault::file(format!("its .CHECKSUM file is for `{}`", named.escape_debug()))
                .hint("fetch the checksum file of this file, or delete it to import unverified"))
        }
        _ => Ok(Some(hash)),
    }
}
