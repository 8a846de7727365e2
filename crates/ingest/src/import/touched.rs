//! The tables an import has written so far, so that `--replace` empties a table once and not once per file.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Names of tables, as reports name them.
#[derive(Debug, Default)]
pub(crate) struct Touched(Mutex<BTreeSet<String>>);

impl Touched {
    /// Notes that a table has been published.
    pub fn add(&self, table: &str) {
        self.names().insert(table.to_owned());
    }

    /// Whether a table has been published by this import.
    pub fn contains(&self, table: &str) -> bool {
        self.names().contains(table)
    }

    /// The names.
    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // Names are inserted in one step: a thread that panicked elsewhere leaves the set whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
