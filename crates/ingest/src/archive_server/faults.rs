//! How the server misbehaves: drawn from a seed, the path and how often it was asked for, so that a test can be repeated.

use crate::download::draw;

/// One way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The answer ends halfway, the connection is closed.
    Truncate,
    /// One byte of the answer is another.
    Flip,
    /// The checksum file says something else.
    WrongChecksum,
    /// 404.
    Absent,
    /// 451.
    Forbidden,
    /// 429 with `Retry-After`.
    TooMany,
    /// 500 or 503.
    ServerError,
    /// The connection is closed without an answer.
    Reset,
    /// A few bytes at a time.
    Trickle,
    /// A hundred bytes a second, a byte at a time.
    Drip,
    /// Nothing comes after the headers for a while.
    Stall,
    /// A redirect to the same file, with another status each time.
    Redirect,
    /// A resumed file comes from its beginning, with status 200.
    IgnoreRange,
    /// A resumed file comes from its beginning, with status 206.
    Elsewhere,
    /// A resumed file goes on though it is another one by now.
    IgnoreIfRange,
}

/// The faults that pass by themselves when a request is repeated.
const PASSING: [Fault; 10] = [
    Fault::Truncate,
    Fault::Flip,
    Fault::WrongChecksum,
    Fault::TooMany,
    Fault::ServerError,
    Fault::Reset,
    Fault::Trickle,
    Fault::Stall,
    Fault::Redirect,
    Fault::IgnoreRange,
];

/// When the server misbehaves, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// Picks the faults; `None` never misbehaves by chance.
    pub seed: Option<u64>,
    /// Most requests for one path that go wrong, one after another.
    pub in_a_row: u32,
    /// Faults of single files: the end of a path, how many of its first requests, and what happens to them.
    pub given: Vec<(String, u32, Fault)>,
    /// What `Retry-After` says, seconds.
    pub retry_after_s: u32,
    /// Bytes a second at most on each connection, for files; 0 sends as fast as it can.
    pub bytes_per_second: u64,
}

impl Faults {
    /// What goes wrong with a request for a path that was asked for `n_before` times; `None` when nothing does.
    pub(super) fn of(&self, path: &str, n_before: u32) -> Option<Fault> {
        let given = self.given.iter().find(|(end, times, _)| path.ends_with(end.as_str()) && n_before < *times);
        if let Some((_, _, fault)) = given {
            return Some(*fault);
        }
        let seed = self.seed?;
        // So many of the first requests for a path go wrong, each in a way of its own.
        let n_bad = draw(seed, path, u32::MAX) % u64::from(self.in_a_row + 1);
        if u64::from(n_before) >= n_bad {
            return None;
        }
        Some(PASSING[usize::try_from(draw(seed, path, n_before)).unwrap_or(0) % PASSING.len()])
    }
}
