//! Factor sets: generations of tables with one commit point.

mod builder;
mod gaps;
mod identity;
mod kept;
mod metadata;
mod publish;
mod read;
mod state;
mod table;
mod waiting;

pub use builder::TableBuilder;
pub use metadata::{
    ColumnProof, ColumnQuality, FactorDefinition, FactorInput, FactorMetadata, PartEntry, ProofResult, StateEntry,
    TableEntry,
};
pub(crate) use publish::next_version;
pub use publish::{FactorPublisher, Generation, gc};
pub use read::FactorSet;
pub use table::FactorTable;

#[cfg(test)]
mod tests;
