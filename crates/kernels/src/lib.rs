//! Pure numeric operators on slices, each a streaming state machine, and metric formulas.
//!
//! A [`Graph`] is built from operators on series (`graph.rolling_std(x, 20)`), planned once into a [`Plan`] and run by
//! a [`Machine`] on any cut of the rows: one long slice, the rows of a day, or a row at a time give the same bits.
//! Operators across symbols at one time are plain functions in [`cross_section`]; rank correlations are in [`ranks`],
//! tests and regressions in [`inference`], resampling in [`bootstrap`].
//!
//! No IO, no names, no times, no threads. Start reading at [`Graph`] and its operators (`windows.rs`), then [`Machine`].

pub mod bootstrap;
pub mod cross_section;
mod custom;
mod dispersion;
mod graph;
mod indicators;
pub mod inference;
mod machine;
mod maps;
pub mod metrics;
mod operation;
mod order;
mod ordered;
mod plan;
pub mod ranks;
mod recurrence;
mod regression;
mod smoothing;
pub mod widest;
mod windows;

pub use custom::{OnWindow, StepFunction, WindowFunction};
pub use dispersion::{Dispersion, Shape};
pub use graph::{Graph, Lookback, Term};
pub use machine::{Machine, State, Workspace};
pub use operation::{Binary, Operation, Scalar, Unary};
pub use ordered::{Quantile, Rank};
pub use plan::Plan;
pub use recurrence::{Fold, Recurrence};
pub use regression::Fit;

#[cfg(test)]
mod tests;
