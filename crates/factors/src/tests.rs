//! The room as its users see it: files that are wrong, runs on small hubs, and the benchmark kit's features.

mod config;
mod golden;
mod groups;
mod market;
mod runs;
mod updates;
mod weights;
