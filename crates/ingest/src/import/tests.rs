//! Files in, tables and messages out.

mod archive;
mod bars;
mod damaged;
mod generic;
mod instruments;
mod merge;
mod real;
