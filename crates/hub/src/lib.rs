//! The data hub: folder layout, schemas, Parquet and metadata reading and publishing, validation.
//!
//! ```text
//! <hub>/ticks/<venue>/<symbol>/{trades|agg_trades}-<YYYY-MM>.parquet
//! <hub>/bars/<venue>/<bar>/<symbol>.parquet
//! <hub>/factors/<timeframe>/<set>  -> .generations/<timeframe>/<set>/<n>/   (tables and metadata.json)
//! <hub>/metadata/<timeframe>/<set>.json -> the metadata of the published generation
//! <hub>/instruments/<venue>.parquet
//! <hub>/funding/<venue>/<symbol>.parquet
//! <hub>/actions/<venue>/<symbol>.parquet                     splits and dividends
//! <hub>/calendars/<venue>.json                               sessions, holidays, early closes
//! <hub>/pools/<name>.json
//! <hub>/provenance/<same path as the table>.json
//! ```
//!
//! Readers ([`Hub`], [`FactorSet`]) have no write method; each kind of table has one publisher ([`IngestPublisher`],
//! [`FactorPublisher`]). Nothing is edited in place: files are written aside, synced and renamed. Parquet types stay
//! inside this crate: rooms see `i64` microseconds, `f64` and names. The clock is never read here.
//!
//! [`SqlStore`] keeps copies of published factor sets in SQLite or PostgreSQL, for programs that speak SQL.
//!
//! Start reading at [`Hub`], then [`IngestPublisher`] and [`FactorPublisher`].

mod actions;
pub mod arrow_file;
mod bars;
mod calendars;
mod check;
mod digests;
mod error;
mod factors;
#[cfg(test)]
mod fixtures;
mod funding;
mod hash;
mod instruments;
mod layout;
mod names;
pub mod parquet_file;
mod pools;
mod provenance;
mod publisher;
mod reader;
mod replace;
mod series;
mod single;
mod sql;
mod ticks;

pub use bars::{BarTable, TableInfo, bar_table_path, require_range};
pub use digests::RowDigests;
pub use error::HubError;
pub use factors::{
    ColumnProof, ColumnQuality, FactorDefinition, FactorInput, FactorMetadata, FactorPublisher, FactorSet, FactorTable,
    Generation, PartEntry, ProofResult, StateEntry, TableBuilder, TableEntry, gc,
};
pub use hash::{canonical_text, config_hash, hash_file};
pub use pools::{PoolExclusion, PoolMember, PoolSnapshot};
pub use provenance::{FORMAT_VERSION, InputFile, Origin, Provenance, TableSource, VenueFile};
pub use publisher::{IngestLock, IngestPublisher};
pub use reader::Hub;
pub use sql::{LoadRequest, Saved, SqlStore, StoreAddress, StoredSet, shown_address};
pub use ticks::{TickColumns, TickInfo, TickMonth, TickStream, TickWriter};
