//! Judges factors: information coefficients, portfolios by quantile, decay, turnover, costs, stability, reports.
//!
//! A factor is judged against the returns that follow it. [`load`] reads the needed columns of a hub into tables by
//! time and symbol ([`market`], [`matrix`]); [`schedule`] says when positions are entered and left; [`section`] and
//! [`turnover`] pass over the cross-sections.
//!
//! Knows no clock and no terminal, writes nothing into the hub. Undefined is `None` or NaN, never 0. Start reading at
//! [`section`].

pub mod around;
pub mod combine;
pub mod compare;
pub mod config;
pub mod contents;
pub mod detail;
pub mod document;
pub mod error;
pub mod evaluate;
pub mod exposure;
pub mod folder;
mod funding;
pub mod grouped;
pub mod horizon;
pub mod load;
pub mod market;
pub mod matrix;
pub mod monotonic;
pub mod neutral;
pub mod others;
pub mod page;
pub mod pairwise;
pub mod portfolio;
pub mod quantile;
pub mod redundancy;
pub mod sample;
pub mod schedule;
pub mod section;
pub mod series;
pub mod stability;
pub mod summary;
pub mod turnover;
pub mod verify;
pub mod w7;

pub use config::EvaluationConfig;
pub use error::EvaluationError;
pub use evaluate::{Evaluation, evaluate};

#[cfg(test)]
mod tests;
