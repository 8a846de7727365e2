//! How long work tells its caller where it stands. Nothing below the doors prints.

/// A receiver of progress. Called from several threads.
pub trait Progress: Sync {
    /// A line worth reading.
    fn message(&self, text: &str);
    /// `done` of `total` pieces of work are done; `what` names the work.
    fn step(&self, done: u64, total: u64, what: &str);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn message(&self, _text: &str) {}

    fn step(&self, _done: u64, _total: u64, _what: &str) {}
}
