//! Everything a strategy touches, without IO: strategies, universe rules, orders, costs, limits, ledger, simulated venue.
//!
//! Knows nothing of files, of the hub, of clocks or of whether it runs on history or live: whoever drives it hands in
//! cross-sections, prices and times. Research numbers are `f64` with fractional sizes. Symbols are positions in the
//! driver's sorted symbol list.
//!
//! Start reading at [`floor`] (what a strategy is, and the desk it sits at), then [`venue`] (orders to fills), [`ledger`]
//! and [`account`] (fills to cash, positions and closed trades), [`guard`] (what may not happen) and [`strategy`] (the
//! cross-sectional templates, with [`sizing`] from weights to quantities).

pub mod account;
pub mod cost;
pub mod cost_model;
pub mod error;
pub mod floor;
pub mod funding;
pub mod guard;
pub mod journal;
pub mod ledger;
pub mod limits;
pub mod market;
pub mod order;
pub mod pool;
pub mod rules;
pub mod signal;
pub mod sizing;
pub mod steps;
pub mod strategy;
pub mod universe;
pub mod venue;

pub use error::TradingError;
pub use floor::{Desk, Floor, FloorConfig, Strategy};
