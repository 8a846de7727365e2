//! Links between the lines of the ledger, so that a line that was edited, taken out or moved shows.
//!
//! A line's `link` is the BLAKE3 of what lies between it and the line linked before it, that line included: lines that were
//! written before there were links, or cut off by a crash, are covered by the next one. `index.json` keeps how many lines
//! there were and the link that the next one would have, so that lines taken off the end show too; the line that comes
//! after says so for good. A whole line without a link shows as put in where one before it has a link. Whoever rewrites all
//! lines and the index leaves no trace here: note the head elsewhere, and give it to `runs trials --head`.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ResultsError;
use super::ledger::{self, INDEX, RunEntry};

/// How far a ledger goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of lines.
    pub n_lines: usize,
    /// What the next line's link would be, hex.
    pub hash: String,
}

/// A place where the ledger is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tampering {
    /// The line at which it shows, from 1; `None` when it is not in a line.
    pub line: Option<usize>,
    /// What shows.
    pub problem: String,
}

/// What a walk along the lines found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Number of lines with a link.
    pub n_linked: usize,
    /// Lines without one: written by earlier versions, or cut off.
    pub n_unlinked: usize,
    /// Where it ends.
    pub head: Head,
    /// Where it is not what was written; empty when all is well.
    pub problems: Vec<Tampering>,
}

/// A walk along the lines.
struct Walk {
    /// Hash of all since the last linked line, that one included.
    since: blake3::Hasher,
    /// Lines so far.
    n_lines: usize,
}

impl Walk {
    /// At the beginning.
    fn new() -> Self {
        Self { since: blake3::Hasher::new(), n_lines: 0 }
    }

    /// Where it is.
    fn head(&self) -> Head {
        Head { n_lines: self.n_lines, hash: self.since.finalize().to_hex().to_string() }
    }

    /// Takes a line, without its line feed: its link, and what it should be.
    fn step(&mut self, line: &[u8]) -> (Option<String>, Head) {
        let before = self.head();
        let link = serde_json::from_slice::<RunEntry>(line).ok().and_then(|entry| entry.link);
        if link.is_some() {
            self.since.reset();
        }
        self.since.update(line);
        self.since.update(b"\n");
        self.n_lines += 1;
        (link, before)
    }
}

/// The lines of a ledger, empty ones left out.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
}

/// The end of a ledger's bytes.
pub(super) fn head(bytes: &[u8]) -> Head {
    let mut walk = Walk::new();
    for line in lines(bytes) {
        walk.step(line);
    }
    walk.head()
}

/// What there is to say of linked lines without an index.
const NO_INDEX: &str = "`index.json` is gone or older than the ledger: lines taken off the end would not show";

/// Whether some line of a ledger has a link, so that there was an index.
fn has_links(bytes: &[u8]) -> bool {
    lines(bytes).any(|line| serde_json::from_slice::<RunEntry>(line).is_ok_and(|entry| entry.link.is_some()))
}

/// What is wrong at the end of a ledger, in words, given its bytes: lines that the index knows are gone or changed.
pub(super) fn lost(root: &Path, bytes: &[u8]) -> Option<String> {
    let Some(known) = indexed(root) else { return has_links(bytes).then(|| NO_INDEX.to_owned()) };
    let mut walk = Walk::new();
    let mut lines = lines(bytes);
    while walk.n_lines < known.n_lines {
        let Some(line) = lines.next() else {
            let n_lost = known.n_lines - walk.n_lines;
            return Some(format!("{n_lost} of {} lines were taken off the end", known.n_lines));
        };
        walk.step(line);
    }
    let found = walk.head();
    (found.hash != known.hash).then(|| {
        format!("line {} ended with {}.. and now ends with {}..", known.n_lines, short(&known.hash), short(&found.hash))
    })
}

/// Checks the ledger of a results folder. `noted` is a head noted earlier, which must lie on the chain.
pub(super) fn verify(root: &Path, noted: Option<&str>) -> Result<Chain, ResultsError> {
    let bytes = ledger::bytes(root)?;
    let mut walk = Walk::new();
    let mut chain = Chain { n_linked: 0, n_unlinked: 0, head: walk.head(), problems: Vec::new() };
    let mut noted_seen = noted.is_none();
    let mut last_link: Option<usize> = None;
    for line in lines(&bytes) {
        let number = walk.n_lines + 1;
        let (link, before) = walk.step(line);
        noted_seen |= noted == Some(before.hash.as_str());
        match link {
            Some(link) => {
                chain.n_linked += 1;
                if link != before.hash {
                    chain.problems.push(Tampering { line: Some(number), problem: broken(last_link, number) });
                }
                last_link = Some(number);
            }
            None => chain.n_unlinked += 1,
        }
        let entry = serde_json::from_slice::<RunEntry>(line).ok();
        let is_foreign = last_link.is_some() && entry.as_ref().is_some_and(|entry| entry.link.is_none());
        chain.problems.extend(is_foreign.then(|| Tampering { line: Some(number), problem: foreign(number) }));
        let told = entry.and_then(|entry| entry.lost);
        chain.problems.extend(told.map(|lost| Tampering { line: Some(number), problem: format!("before it, {lost}") }));
    }
    chain.head = walk.head();
    noted_seen |= noted == Some(chain.head.hash.as_str());
    if let Some(lost) = lost(root, &bytes) {
        chain.problems.push(Tampering { line: None, problem: lost });
    }
    if !noted_seen {
        let noted = short(noted.unwrap_or_default());
        chain.problems.push(Tampering { line: None, problem: format!("the head {noted}.. is not on the chain") });
    }
    Ok(chain)
}

/// What a whole line without a link says that stands behind one with a link.
fn foreign(number: usize) -> String {
    format!("line {number} has no link, though one before it has: it was put in by hand, or by an earlier version")
}

/// What a link that does not hold says.
fn broken(last_link: Option<usize>, number: usize) -> String {
    let from = last_link.unwrap_or(1);
    if from + 1 >= number {
        format!(
            "line {number} does not follow what stands before it: line {from} was edited, or lines were taken out or moved"
        )
    } else {
        format!(
            "line {number} does not follow what stands before it: one of lines {from} to {} was edited, or lines were taken out or moved",
            number - 1
        )
    }
}

/// The end that the index knows; `None` without an index, or with one of an earlier version.
fn indexed(root: &Path) -> Option<Head> {
    let bytes = fs::read(root.join(INDEX)).ok()?;
    let index: Value = serde_json::from_slice(&bytes).ok()?;
    serde_json::from_value(index.get("head")?.clone()).ok()
}

/// The first letters of a hash; it is read from a file and may be anything.
fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}
