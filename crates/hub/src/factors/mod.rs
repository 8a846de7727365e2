//! Factor sets: generations of tables with one commit point.

mod builder;
mod metadata;
mod publish;
mod read;
mod state;
mod table;

pub use builder::TableBuilder;
pub use metadata::{
    ColumnProof, ColumnQuality, FactorDefinition, FactorInput, FactorMetadata, PartEntry, ProofResult, StateEntry,
    TableEntry,
};
pub use publish::{FactorPublisher, Generation, gc};
pub use read::FactorSet;
pub use table::FactorTable;
pub(crate) use publish::next_version;

#[cfg(test)]
mod tests;
