//! Bar files: what their columns mean, reading them, checking them, merging them, publishing bar tables.
//!
//! Start reading at [`publish::run_symbol`] and [`publish::run_long`].

mod bars;
pub(crate) mod columns;
mod flavour;
pub(crate) mod publish;
pub(crate) mod read;
mod zoned;

pub use bars::NO_TIMEFRAME;
pub(crate) use bars::{BarRules, build};
pub(crate) use flavour::Flavour;
