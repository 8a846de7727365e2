//! SQL stores: published factor sets in SQLite or PostgreSQL, besides the hub.
//!
//! A store is a copy for programs that speak SQL; the hub stays the source of truth. [`SqlStore::save`] brings a store
//! to the state of a published set in one transaction and writes only the rows that differ from what it holds;
//! [`SqlStore::list`], [`SqlStore::exists`], [`SqlStore::metadata`] and [`SqlStore::load`] read it. Killed at any point,
//! a store holds each set in one complete state.
//!
//! Rooms see no SQL and no type of a database library. Start reading at [`SqlStore`]; the tables are in `schema`, what
//! differs between the two databases in `sqlite` and `postgres`.

mod address;
mod blocks;
mod database;
mod load;
mod postgres;
mod rows;
mod save;
mod schema;
mod sqlite;
mod store;
#[cfg(test)]
mod tests;

pub use address::{StoreAddress, shown_address};
pub use load::LoadRequest;
pub use save::Saved;
pub use store::{SqlStore, StoredSet};
