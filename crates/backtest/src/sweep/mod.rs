//! Many runs over one loaded market: what sweeps, searches, walk-forwards and stress tests are made of.
//!
//! 1. A [`ParameterSet`] is a list of `key.path = value`, the keys of `--set` and `--param`. Whoever knows the layered
//!    settings (`app::many`) turns it into a [`BacktestConfig`](crate::BacktestConfig).
//! 2. [`sharing`] says which configurations can run over one market; [`SharedMarket::load`] loads it once for all of them.
//!    [`sharing_bars`] says which markets differ in factor columns alone; [`SharedMarket::rescored`] makes one from another.
//! 3. [`SharedMarket::run`] runs one configuration through the engine of `crosscut backtest`, without its files, and
//!    gives a [`SetOutcome`]: run id, every metric of the dictionary ([`metric_names`](crate::results::metric_names)),
//!    the equity curve sampled as asked.
//!
//! Runs of one market may go on in several threads; nothing here depends on their order.

mod constraint;
mod cross;
mod histories;
mod journal;
mod judged;
mod lanes;
mod lean;
mod luck;
mod market;
mod outcome;
mod page;
mod set;
mod space;
mod table;
#[cfg(test)]
mod tests;

pub use constraint::Constraint;
pub use cross::cross_equities;
pub use journal::{Journal, Note, Noted};
pub use judged::Judged;
pub use lanes::in_lanes;
pub use luck::SweepLuck;
pub use market::{SharedMarket, sharing, sharing_bars};
pub use outcome::{DAYS, Sampled, Sampling, SetOutcome, sampling_for};
pub use page::{Halves, SweepPage};
pub use set::{PARAMS, ParameterSet, STRATEGY};
pub use space::{Axis, Drawn, Method, SETS_MAX, Space};
pub(crate) use table::short;
pub use table::{equity_table, sets_table};
