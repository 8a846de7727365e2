//! The simulated venue: from working orders and market prices to fills.
//!
//! [`execution`] is one execution; [`rules`] are the choices a simulation has to make; [`book`] holds working orders;
//! [`simulated`] walks bars and trades. Knows neither strategy nor history: the same venue serves a replay and paper
//! trading.

pub mod book;
pub mod execution;
mod hours;
pub mod rules;
mod scene;
pub mod simulated;

pub use book::Working;
pub use execution::{BarPrices, Meeting, Purse, Terms, execute};
pub use hours::Hours;
pub use rules::{LimitFill, PathRule, Session, VenueRules};
pub use simulated::{Clearing, SimulatedVenue};
