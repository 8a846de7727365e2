//! Replay history and write results.
