//! The replay against independent references, by hand, and by property.

mod golden;
mod market;
mod properties;
mod scenarios;
