//! Replay history and write results.
//!
//! A [`BacktestConfig`] says what to run; [`panel::load`] reads the market it needs from the hub (or a
//! [`panel::PanelBuilder`] takes it as plain columns), [`replay()`] gives a [`RunOutcome`], and whoever writes results
//! ([`results`]) takes it from there. Knows nothing of factor production or evaluation; never writes into the hub; reads no clock.
//!
//! Start reading at [`config`], then [`panel`], then [`mod@replay`].

mod calendar;
pub mod config;
pub mod criteria;
pub mod error;
pub mod event;
pub mod funding;
pub mod inputs;
pub mod loaded;
pub mod outcome;
pub mod panel;
pub mod replay;
pub mod results;
pub mod search;
pub mod statistics;
pub mod stress;
pub mod sweep;
mod tally;
pub mod trace;
pub mod w4;
pub mod w5;
pub mod w6;
pub mod walkforward;
pub mod warnings;

pub use config::BacktestConfig;
pub use error::BacktestError;
pub use event::{EventOptions, EventOutcome, Feed, Market, replay_events};
pub use loaded::Loaded;
pub use outcome::RunOutcome;
pub use panel::{Panel, load};
pub use replay::{Driving, ReplayOptions, replay, replay_with};
