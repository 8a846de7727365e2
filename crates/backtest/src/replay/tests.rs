//! The replay against independent references, by hand, and by property.

mod bt;
mod excursions;
mod golden;
mod market;
mod named;
mod properties;
mod scenarios;
