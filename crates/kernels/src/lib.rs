//! Pure numeric operators on slices, each a streaming state machine, and metric formulas.

pub mod metrics;
