//! How a long run tells its caller where it is; what is done with it is the caller's choice.

/// Receives progress, from several threads.
pub trait Progress: Sync {
    /// A line worth reading.
    fn message(&self, text: &str);
    /// `done` of `total` things of kind `what` are done.
    fn step(&self, done: u64, total: u64, what: &str);
}

/// Ignores all progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn message(&self, _text: &str) {}

    fn step(&self, _done: u64, _total: u64, _what: &str) {}
}
