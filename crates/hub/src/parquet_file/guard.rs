//! A fence around the Parquet decoder: a damaged file may break its assertions, and no panic may reach a user.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Once;

use crate::error::HubError;

thread_local! {
    /// Whether this thread is inside [`guarded`].
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Puts the message filter in place once.
static FILTER: Once = Once::new();

/// Runs a piece of decoding; a panic inside becomes an error that names the file, and prints nothing.
///
/// The panic hook of the process keeps its meaning everywhere else: only panics inside this function are silenced.
pub(crate) fn guarded<T>(path: &Path, decode: impl FnOnce() -> Result<T, HubError>) -> Result<T, HubError> {
    FILTER.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !INSIDE.get() {
                before(info);
            }
        }));
    });
    let outer = INSIDE.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(decode));
    INSIDE.set(outer);
    outcome.unwrap_or_else(|_| {
        Err(HubError::Parquet { path: path.to_owned(), reason: "its content is damaged".to_owned() })
    })
}
