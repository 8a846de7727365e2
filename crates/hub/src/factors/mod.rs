//! Factor sets: generations of tables with one commit point.

mod metadata;
mod publish;
mod read;
mod table;

pub use metadata::{ColumnQuality, FactorDefinition, FactorInput, FactorMetadata, TableEntry};
pub use publish::{FactorPublisher, Generation, gc};
pub use read::FactorSet;
pub use table::FactorTable;

#[cfg(test)]
mod tests;
