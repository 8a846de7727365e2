//! Files in, tables and messages out.

mod archive;
mod bars;
mod damaged;
mod disorder;
mod equities;
mod foreign;
mod funding;
mod generic;
mod instruments;
mod market;
mod marks;
mod merge;
mod odd;
mod providers;
mod real;
mod zones;
