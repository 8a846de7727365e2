//! One file from a venue to the disk: streamed to `<name>.part`, hashed on the way, resumed where it broke off, renamed
//! when it is what its checksum says.
//!
//! A part is continued only if the venue still has the very same file (`If-Range` with its entity tag or time); otherwise it
//! begins anew, so that two issues of a file are never glued together.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ureq::http::{HeaderMap, Response};
use ureq::{Body, http::StatusCode};

use crate::error::IngestError;
use crate::import::check_whole;

use super::address::encode;
use super::client::{Client, FetchError, Manners, Trouble, header};
use super::wish::RemoteFile;

/// Bytes moved at a time.
const CHUNK: usize = 256 * 1024;

/// A file that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// Bytes.
    pub size: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Whether the venue's checksum says the same.
    pub is_verified: bool,
    /// Entity tag; empty when the venue gave none.
    pub etag: String,
    /// The venue's `Last-Modified`, as it wrote it; empty when it gave none.
    pub last_modified: String,
}

/// What identifies the file a part belongs to, kept beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct PartFacts {
    /// The address.
    url: String,
    /// Entity tag; empty when there was none.
    etag: String,
    /// `Last-Modified`; empty when there was none.
    last_modified: String,
}

impl PartFacts {
    /// What can be said in `If-Range`: a strong entity tag, or else the time.
    fn validator(&self) -> Option<&str> {
        let strong = !self.etag.is_empty() && !self.etag.starts_with("W/");
        [(strong, &self.etag), (!self.last_modified.is_empty(), &self.last_modified)]
            .into_iter()
            .find(|(is_usable, _)| *is_usable)
            .map(|(_, text)| text.as_str())
    }
}

/// Fetches a file to `dest`, with retries. The checksum file is kept beside it. `n_bytes` counts what comes in.
///
/// # Errors
/// As told by the attempts.
pub(crate) fn fetch(
    client: &Client,
    remote: &RemoteFile,
    dest: &Path,
    manners: Manners,
    n_bytes: &AtomicU64,
) -> Result<Arrived, FetchError> {
    if let Some(folder) = dest.parent() {
        fs::create_dir_all(folder).map_err(IngestError::io("create", folder))?;
    }
    let transfer = Transfer { client, remote, part: beside(dest, ".part"), manners, n_bytes };
    client.persist(&remote.url, |_| {
        let expected = transfer.expected(dest)?;
        let mut arrived = transfer.stream()?;
        if let Some(expected) = &expected {
            if arrived.sha256 != expected.0 {
                transfer.forget_part();
                let reason = format!("its SHA-256 is {}, its checksum file says {}", arrived.sha256, expected.0);
                return Err(Trouble::again(reason));
            }
            arrived.is_verified = true;
        } else if let Err(fault) = check_whole(&transfer.part) {
            // Nothing vouches for the file but itself.
            transfer.forget_part();
            return Err(Trouble::again(format!("what arrived is damaged: {}", fault.reason)));
        }
        transfer.keep(dest, expected.as_ref().map(|(_, text)| text.as_str()))?;
        Ok(arrived)
    })
}

/// The checksum a venue publishes for a file; `None` when it has none.
///
/// # Errors
/// When it cannot be fetched or is none.
pub(crate) fn published_checksum(
    client: &Client,
    remote: &RemoteFile,
    manners: Manners,
) -> Result<Option<String>, FetchError> {
    let Some(url) = &remote.checksum_url else { return Ok(None) };
    match client.text(url, manners) {
        Ok(text) => read_checksum(&text, &remote.url).map(Some).map_err(FetchError::Failed),
        Err(FetchError::Absent) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One file on its way.
struct Transfer<'a> {
    /// Who asks.
    client: &'a Client,
    /// The file at the venue.
    remote: &'a RemoteFile,
    /// Where it grows.
    part: PathBuf,
    /// How the host wants to be asked.
    manners: Manners,
    /// Bytes that came in.
    n_bytes: &'a AtomicU64,
}

impl Transfer<'_> {
    /// The checksum the file must have, and the text of its checksum file; `None` when the venue has none.
    fn expected(&self, dest: &Path) -> Result<Option<(String, String)>, Trouble> {
        let Some(url) = &self.remote.checksum_url else { return Ok(None) };
        let response = match self.client.get(url, &[], self.manners) {
            Ok(response) => response,
            // An archive without checksums is taken as it is, and said to be unverified.
            Err(Trouble::Final(FetchError::Absent)) => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        let mut text = String::new();
        let mut body = response.into_body().into_with_config().limit(4096).reader();
        body.read_to_string(&mut text)
            .map_err(|error| Trouble::again(format!("the checksum file broke off: {error}")))?;
        let name = dest.file_name().unwrap_or_default().to_string_lossy();
        let sha256 = read_checksum(&text, &name).map_err(Trouble::again)?;
        Ok(Some((sha256.clone(), format!("{sha256}  {name}\n"))))
    }

    /// Streams the file, or what is missing of it, to its part.
    fn stream(&self) -> Result<Arrived, Trouble> {
        let (begun, n_there) = self.begun();
        let range = format!("bytes={n_there}-");
        let response = match begun.validator() {
            Some(validator) if n_there > 0 => {
                let headers = [("Range", range.as_str()), ("If-Range", validator), ("Accept-Encoding", "identity")];
                self.client.get(&self.remote.url, &headers, self.manners)
            }
            _ => self.client.get(&self.remote.url, &[("Accept-Encoding", "identity")], self.manners),
        };
        let response = response.inspect_err(|trouble| {
            // A part that is as long as the file, or longer, has no rest to ask for.
            if matches!(trouble, Trouble::Again { reason, .. } if reason.contains("(416)")) {
                self.forget_part();
            }
        })?;
        let facts = self.facts(response.headers());
        let is_rest = response.status() == StatusCode::PARTIAL_CONTENT;
        if is_rest && (content_start(response.headers()) != Some(n_there) || facts.validator() != begun.validator()) {
            self.forget_part();
            return Err(Trouble::again("the venue answered with another part of the file than was asked for"));
        }
        let (mut file, mut hasher) = if is_rest { self.reopen(n_there)? } else { (self.begin(&facts)?, Sha256::new()) };
        let added = self.copy(response, &mut file, &mut hasher)?;
        let size = if is_rest { n_there + added } else { added };
        let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Arrived { size, sha256, is_verified: false, etag: facts.etag, last_modified: facts.last_modified })
    }

    /// Copies an answer's bytes to a file. What has arrived stays there when it breaks off.
    fn copy(&self, response: Response<Body>, file: &mut File, hasher: &mut Sha256) -> Result<u64, Trouble> {
        let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
        let mut buffer = vec![0; CHUNK];
        let mut size = 0;
        let mut pace = Pace { since: Instant::now(), bytes: 0, stretch: self.client.slow_after() };
        loop {
            let n = match body.read(&mut buffer) {
                Ok(0) => return Ok(size),
                Ok(n) => n,
                Err(error) => {
                    return Err(Trouble::again(format!("the transfer broke off after {size} bytes: {error}")));
                }
            };
            if self.client.is_stopped() {
                return Err(Trouble::Final(FetchError::Stopped));
            }
            hasher.update(&buffer[..n]);
            file.write_all(&buffer[..n]).map_err(IngestError::io("write", &self.part))?;
            size += n as u64;
            pace.add(n as u64)?;
            self.n_bytes.fetch_add(n as u64, Ordering::Relaxed);
        }
    }

    /// What is known of a part that is there, and its length; nothing when it cannot be continued.
    fn begun(&self) -> (PartFacts, u64) {
        let facts = fs::read(beside(&self.part, ".json")).ok();
        let facts: PartFacts = facts.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let size = fs::metadata(&self.part).map_or(0, |meta| meta.len());
        if facts.url == self.remote.url && facts.validator().is_some() { (facts, size) } else { Default::default() }
    }

    /// What an answer says of the file.
    fn facts(&self, headers: &HeaderMap) -> PartFacts {
        PartFacts {
            url: self.remote.url.clone(),
            etag: header(headers, "etag").unwrap_or_default(),
            last_modified: header(headers, "last-modified").unwrap_or_default(),
        }
    }

    /// Begins a part anew. What it belongs to is written when no part is there, so that the two never disagree.
    fn begin(&self, facts: &PartFacts) -> Result<File, IngestError> {
        self.forget_part();
        let path = beside(&self.part, ".json");
        let text = serde_json::to_string(facts).expect("plain data with text keys");
        fs::write(&path, text).map_err(IngestError::io("write", &path))?;
        File::create(&self.part).map_err(IngestError::io("create", &self.part))
    }

    /// Opens a part to be continued, with the hash of what is there.
    fn reopen(&self, n_there: u64) -> Result<(File, Sha256), IngestError> {
        let mut hasher = Sha256::new();
        let mut there = File::open(&self.part).map_err(IngestError::io("read", &self.part))?.take(n_there);
        let mut buffer = vec![0; CHUNK];
        loop {
            let n = there.read(&mut buffer).map_err(IngestError::io("read", &self.part))?;
            if n == 0 {
                break;
            }
            hasher.update(&buffer[..n]);
        }
        let file = OpenOptions::new().append(true).open(&self.part).map_err(IngestError::io("write", &self.part))?;
        Ok((file, hasher))
    }

    /// Removes the part and what is known of it. What cannot be removed is overwritten later.
    fn forget_part(&self) {
        let _ = fs::remove_file(&self.part);
        let _ = fs::remove_file(beside(&self.part, ".json"));
    }

    /// Gives the finished part its name, its checksum file first: a file is never there without.
    fn keep(&self, dest: &Path, checksum: Option<&str>) -> Result<(), IngestError> {
        let path = beside(dest, ".CHECKSUM");
        match checksum {
            Some(text) => {
                let aside = beside(&path, ".part");
                fs::write(&aside, text).map_err(IngestError::io("write", &aside))?;
                fs::rename(&aside, &path).map_err(IngestError::io("write", &path))?;
            }
            None => {
                let _ = fs::remove_file(&path);
            }
        }
        fs::rename(&self.part, dest).map_err(IngestError::io("write", dest))?;
        let _ = fs::remove_file(beside(&self.part, ".json"));
        Ok(())
    }
}

/// Bytes a second below which a connection is given up: another one goes on where it ended.
const PACE_MIN: u64 = 1_024;

/// How fast bytes come in.
struct Pace {
    /// When the stretch in work began.
    since: Instant,
    /// Bytes of that stretch.
    bytes: u64,
    /// How long a stretch is.
    stretch: Duration,
}

impl Pace {
    /// Takes note of bytes.
    fn add(&mut self, n: u64) -> Result<(), Trouble> {
        self.bytes += n;
        let seconds = self.since.elapsed();
        if seconds < self.stretch {
            return Ok(());
        }
        if (self.bytes as f64) < PACE_MIN as f64 * seconds.as_secs_f64() {
            let (bytes, seconds) = (self.bytes, seconds.as_secs_f64());
            return Err(Trouble::again(format!("only {bytes} bytes came in {seconds:.1} s")));
        }
        (self.since, self.bytes) = (Instant::now(), 0);
        Ok(())
    }
}

/// A path with something added to its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The SHA-256 in a checksum file, which must be for the file asked for.
pub(super) fn read_checksum(text: &str, name: &str) -> Result<String, String> {
    let mut words = text.split_whitespace();
    let hash = words.next().unwrap_or_default().to_ascii_lowercase();
    if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("its checksum file does not begin with a SHA-256 in hex".to_owned());
    }
    match words.next().map(|named| named.trim_start_matches('*')) {
        Some(named) if !is_same_file(name, named) => {
            Err(format!("its checksum file is for `{}`", named.escape_debug()))
        }
        _ => Ok(hash),
    }
}

/// Whether a path or an address, which is percent-encoded, ends with the name a checksum file gives.
fn is_same_file(path: &str, named: &str) -> bool {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let (file, named) = (last(path), last(named));
    file == named || file == encode(&named)
}

/// Where the bytes of a partial answer begin: `bytes 100-199/200`.
fn content_start(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get("content-range")?.to_str().ok()?;
    text.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}
