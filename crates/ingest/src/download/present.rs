//! Files that are on the disk already: whether they are what was fetched, and whether the venue still says the same of them.

use std::fs;
use std::io::Read;
use std::path::Path;

use crosscut_model::{format_iso, parse_iso};

use crate::error::IngestError;
use crate::import::digest_of;

use super::client::{FetchError, http_date};
use super::ledger::{Fetched, Ledger, stamp};
use super::sources::Net;
use super::transfer::{Arrived, beside, published_checksum};
use super::wish::{How, RemoteFile, Task};

/// What is to be done about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is there, whole, and the venue's.
    Good(Fetched),
    /// It was converted and dropped, and the venue's is still the same.
    Converted(Fetched),
    /// It has to be fetched; the reason when something was there.
    Fetch(Option<&'static str>),
}

/// What checking works with.
pub(crate) struct Check<'a> {
    /// The venue.
    pub net: &'a Net,
    /// What was fetched so far.
    pub ledger: &'a Ledger,
    /// Whether the hub holds the rows of a file with this SHA-256.
    pub in_hub: &'a (dyn Fn(&str) -> bool + Sync),
}

impl Check<'_> {
    /// Looks at a task's file on the disk.
    ///
    /// # Errors
    /// When the disk or the venue does not answer.
    pub fn verdict(&self, task: &Task, path: &Path) -> Result<Verdict, FetchError> {
        let How::File(remote) = &task.how else { return Ok(self.of_pages(task, path)) };
        let known = self.ledger.newest(&task.path);
        if !path.is_file() {
            return match known {
                Some(known) if self.ledger.is_dropped(&task.path) && (self.in_hub)(&known.sha256) => {
                    self.unless_reissued(known, remote, Verdict::Converted)
                }
                _ => Ok(Verdict::Fetch(None)),
            };
        }
        let size = fs::metadata(path).map_err(IngestError::io("read", path))?.len();
        match known {
            Some(known) if known.size != size => Ok(Verdict::Fetch(Some("its size is not what was fetched"))),
            Some(known) => {
                if digest_of(path)?.1 != known.sha256 {
                    return Ok(Verdict::Fetch(Some("its content is not what was fetched")));
                }
                self.unless_reissued(known, remote, Verdict::Good)
            }
            None => self.adopted(task, remote, path),
        }
    }

    /// A table made of answers is taken as it is: what was asked does not change, see `pages`.
    fn of_pages(&self, task: &Task, path: &Path) -> Verdict {
        match self.ledger.newest(&task.path) {
            Some(known) if path.is_file() => {
                if digest_of(path).is_ok_and(|(_, sha256)| sha256 == known.sha256) {
                    Verdict::Good(known)
                } else {
                    Verdict::Fetch(Some("its content is not what was fetched"))
                }
            }
            Some(known) if self.ledger.is_dropped(&task.path) && (self.in_hub)(&known.sha256) => {
                Verdict::Converted(known)
            }
            _ => Verdict::Fetch(None),
        }
    }

    /// A file nobody noted, left by a killed process or put there by hand: good if the venue's checksum says so.
    fn adopted(&self, task: &Task, remote: &RemoteFile, path: &Path) -> Result<Verdict, FetchError> {
        let manners = self.net.hosts.get(remote.host).manners;
        let (size, sha256) = digest_of(path)?;
        if published_checksum(&self.net.client, remote, manners)?.as_ref() != Some(&sha256) {
            return Ok(Verdict::Fetch(Some("nothing says that it is the venue's")));
        }
        let (etag, last_modified) = match &remote.listed {
            Some(listed) => (listed.etag.clone(), listed.last_modified.clone()),
            None => self
                .net
                .client
                .head(&remote.url, manners)?
                .map_or_else(Default::default, |seen| (seen.etag, seen.last_modified)),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let checksum = beside(path, ".CHECKSUM");
        fs::write(&checksum, format!("{sha256}  {name}\n")).map_err(IngestError::io("write", &checksum))?;
        let arrived = Arrived { size, sha256, is_verified: true, etag, last_modified };
        let fetched = noted(task, arrived, self.net.now);
        self.ledger.fetched(fetched.clone())?;
        Ok(Verdict::Good(fetched))
    }

    /// The verdict, unless the venue has issued the file anew.
    fn unless_reissued(
        &self,
        known: Fetched,
        remote: &RemoteFile,
        verdict: fn(Fetched) -> Verdict,
    ) -> Result<Verdict, FetchError> {
        let manners = self.net.hosts.get(remote.host).manners;
        let seen = match &remote.listed {
            Some(listed) => {
                Seen { size: Some(listed.size), etag: listed.etag.clone(), last_modified: listed.last_modified.clone() }
            }
            None => match self.net.client.head(&remote.url, manners) {
                Ok(Some(seen)) => seen,
                // What the venue does not have any more is kept.
                Ok(None) | Err(FetchError::Absent) => return Ok(verdict(known)),
                Err(error) => return Err(error),
            },
        };
        if !seen.differs(&known) {
            return Ok(verdict(known));
        }
        if published_checksum(&self.net.client, remote, manners)?.as_ref() == Some(&known.sha256) {
            self.ledger.relisted(&known.path, &seen.etag, &iso(&seen.last_modified))?;
            return Ok(verdict(known));
        }
        Ok(Verdict::Fetch(Some("the venue has issued it anew")))
    }
}

/// What a listing or a HEAD says of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Bytes, if it says so.
    pub size: Option<u64>,
    /// Entity tag; may be empty.
    pub etag: String,
    /// When the venue last wrote it, in any form; may be empty.
    pub last_modified: String,
}

impl Seen {
    /// Whether it cannot be the file that was fetched.
    fn differs(&self, known: &Fetched) -> bool {
        let other = |seen: &str, known: &str| !seen.is_empty() && !known.is_empty() && seen != known;
        let tags_tell = !self.etag.is_empty() && !known.etag.is_empty();
        self.size.is_some_and(|size| size != known.size)
            || other(&self.etag, &known.etag)
            || (!tags_tell && other(&iso(&self.last_modified), &known.last_modified))
    }
}

/// What the ledger says of a file that has arrived.
pub(crate) fn noted(task: &Task, arrived: Arrived, now: i64) -> Fetched {
    let url = match &task.how {
        How::File(remote) => remote.origin.clone(),
        How::Pages(first) => first.clone(),
    };
    Fetched {
        path: task.path.clone(),
        url,
        size: arrived.size,
        sha256: arrived.sha256,
        is_verified: arrived.is_verified,
        etag: arrived.etag,
        last_modified: iso(&arrived.last_modified),
        fetched_at: stamp(now),
        from: task.span.from,
        until: task.span.until,
    }
}

/// A time of a header or a listing as ISO-8601 in whole seconds; empty for what is none.
pub(crate) fn iso(text: &str) -> String {
    http_date(text).or_else(|| parse_iso(text).ok()).map(format_iso).unwrap_or_default()
}

/// The first line in which two texts differ, as far as both have lines before it; `None` when they are equal.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn first_difference(old: impl Read, new: impl Read) -> std::io::Result<Option<String>> {
    use std::io::BufRead;
    let (mut old, mut new) = (std::io::BufReader::new(old), std::io::BufReader::new(new));
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        let (n_old, n_new) = (old.read_until(b'\n', &mut left)?, new.read_until(b'\n', &mut right)?);
        if left != right {
            let shorter = if n_new == 0 { &left } else { &right };
            return Ok(Some(String::from_utf8_lossy(shorter).into_owned()));
        }
        if n_old == 0 {
            return Ok(None);
        }
    }
}
