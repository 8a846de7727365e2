//! What a use case tells while it runs. The doors decide how it looks: a bar, a line, an event over HTTP.

/// How much a message matters; the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something a user should look at.
    Warning,
    /// What is being done.
    Info,
    /// Details for whoever hunts a problem.
    Debug,
}

impl Level {
    /// All levels by the name used for `--log-level`.
    pub const NAMES: [(&'static str, Self); 4] =
        [("error", Self::Error), ("warning", Self::Warning), ("info", Self::Info), ("debug", Self::Debug)];

    /// The level of that name; `None` for anything else.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
    }

    /// The name used for `--log-level` and in log files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// Receives what a use case tells. Called from several threads.
pub trait Events: Sync {
    /// One line of text.
    fn message(&self, level: Level, text: &str);

    /// `done` of `total` pieces of `what` are finished.
    fn step(&self, done: u64, total: u64, what: &str);
}
