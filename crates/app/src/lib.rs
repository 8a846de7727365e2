//! What a user can ask, one file per use case; no arithmetic of its own.
//!
//! The doors (command line, later HTTP and Python) translate to and from this crate and know no room. What a use case
//! needs from the world, settings, clock, machine and a receiver of events, is handed in. Start reading at [`config`].

pub mod config;
pub mod error;
pub mod events;

pub use config::Config;
pub use error::AppError;
pub use events::{Events, Level};
