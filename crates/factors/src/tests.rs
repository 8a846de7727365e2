//! The room as its users see it: files that are wrong, runs on small hubs, and the benchmark kit's features.

mod config;
mod golden;
mod groups;
pub(crate) mod market;
mod references;
mod runs;
mod show;
mod updates;
mod weights;
