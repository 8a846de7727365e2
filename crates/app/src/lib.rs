//! What a user can ask, one file per use case; layered config; progress events.
