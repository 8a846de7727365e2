//! Files in, tables and messages out.

mod archive;
mod bars;
mod damaged;
mod generic;
mod instruments;
mod market;
mod merge;
mod providers;
mod real;
