//! Trades in, bars out, streaming: the same builder for archives and live.
//!
//! [`BarBuilder`] folds trades into time, tick, volume or dollar bars and gives the same bits however its input is cut
//! into batches; [`rebuild()`] folds finer time bars into coarser ones. Memory holds the open bar only.
//!
//! Knows nothing of files, venues or the clock, and invents nothing: a stretch without trades has no bar, and a bar
//! still open where the data ends is dropped. Start reading at [`BarBuilder::push`].

mod builder;
mod error;
mod median;
mod moves;
mod open_bar;
mod rebuild;

pub use builder::{BarBuilder, SideRule};
pub use error::BarsError;
pub use rebuild::rebuild;

#[cfg(test)]
mod tests;
