//! Runs written, read back, repeated, damaged, and written by several at once.

mod archive;
mod concurrency;
mod files;
pub mod fixture;
mod numbers;
mod speed;
mod trials;
