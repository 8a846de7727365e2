//! Replay history and write results.
//!
//! A config says what to run; the panel is loaded from the hub, replayed, and the
//! [`outcome::RunOutcome`] is handed to whoever writes it down. Start reading at [`outcome`].

pub mod outcome;
pub mod results;
