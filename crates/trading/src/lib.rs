//! Everything a strategy touches, without IO: strategies, universe rules, costs, limits, ledger, simulated venue.
//!
//! Knows nothing of files, of the hub, of clocks or of whether it runs on history or live: whoever drives it hands in
//! cross-sections, prices and times. Research numbers are `f64` with fractional sizes. Symbols are positions in the
//! driver's sorted symbol list.
//!
//! Start reading at [`strategy`] (what a strategy is and the built-in templates), then [`sizing`] (weights to
//! quantities), [`venue`] (orders to fills) and [`ledger`] (fills to cash, positions and closed trades).

pub mod cost;
pub mod cost_model;
pub mod error;
pub mod ledger;
pub mod limits;
pub mod pool;
pub mod rules;
pub mod sizing;
pub mod strategy;
pub mod venue;

pub use error::TradingError;
