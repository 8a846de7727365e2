//! Bring the market in: archive import, bar jobs, asset pools, the synthetic market.
//!
//! [`import`] recognises files, checks every row and publishes ticks, bars and instruments to the hub with their
//! provenance; [`aggregate`] folds the hub's ticks into bars; [`pool`] picks the most traded symbols; [`quality`] says what is wrong with what is there;
//! [`download`] fetches history from venues, [`export`] writes bars for other programs, [`synthetic`] writes a made-up market
//! in the venues' own archive format. Nothing is printed, and neither the clock nor the environment is read. Start reading at
//! [`import::run`].

pub mod aggregate;
pub mod archive_server;
pub mod download;
mod error;
pub mod export;
pub mod import;
pub mod pool;
pub mod provider;
pub mod quality;
pub mod synthetic;
#[cfg(test)]
mod testing;

pub use crosscut_model::{Progress, Silent};
pub use error::{IngestError, Refusal};
