//! The factor language: text in, a planned program out, numbers for any cut of the series.
//!
//! A factor is an expression over bar columns, `close / delay(close, 20) - 1`. [`Program::compile`] parses many of
//! them at once, runs each common sub-expression once, and splits the graph where an operator looks across symbols.
//! A program without cross-sectional operators runs symbol by symbol in a [`Session`]; any program runs over a panel
//! of symbols in a [`PanelSession`]. However the rows are cut into updates, the results are the same bits.
//!
//! This crate reads no files, knows no venue and keeps no time: rows are in the order in which they are given.
//!
//! Start reading at [`FactorSpec`], then [`Program`]; the operators are in [`operators`], the built-in factors in
//! [`library`].

mod error;
mod expression;
mod levels;
pub mod library;
pub mod operators;
mod panel;
mod program;
mod reader;
mod scope;
mod session;
mod spec;
mod token;

pub use crosscut_kernels::Lookback;
pub use error::{FaultyFormula, FormulaError};
pub use operators::{Example, Missing, Operator, Stage};
pub use panel::{PanelInput, PanelSession, RowSink};
pub use program::{MAX_LOOKBACK, MAX_STATE, Parts, Program};
pub use reader::{MAX_DEPTH, MAX_EXPRESSIONS, MAX_LENGTH};
pub use session::Session;
pub use spec::FactorSpec;

#[cfg(test)]
mod tests;
