//! What a user can ask, one file per use case; no arithmetic of its own.
//!
//! The doors (command line, later HTTP and Python) translate to and from this crate and know no room. What a use case
//! needs from the world, settings, clock, machine and a receiver of events, is handed in as a [`Desk`]. Start reading
//! at [`config`] for the settings and [`desk`] for the surroundings.

pub mod aggregate;
pub mod backtest;
pub mod bench;
pub mod config;
pub mod contest;
pub mod criteria;
pub mod data_download;
pub mod data_export;
pub mod data_generate;
pub mod data_import;
pub mod data_list;
pub mod data_quality;
pub mod data_query;
pub mod data_serve;
pub mod data_verify;
pub mod demo;
pub mod desk;
pub mod error;
pub mod evaluate;
pub mod events;
pub mod explain;
pub mod factors;
pub mod features;
pub mod hub_gc;
mod identities;
pub mod init;
mod logbook;
pub mod many;
pub mod pipeline;
pub mod pool;
pub mod reference;
pub mod registry;
pub mod rerun;
pub mod runs;
pub mod stress;
pub mod sweep;
pub mod table_file;
pub mod trials;
pub mod universe;

pub use config::Config;
pub use desk::{Desk, Machine, VERSION};
pub use error::AppError;
pub use events::{Events, Level};
