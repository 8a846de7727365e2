//! Factor sets: generations of tables with one commit point.

mod metadata;
mod publish;
mod read;

pub use metadata::{ColumnQuality, FactorDefinition, FactorInput, FactorMetadata, TableEntry};
pub use publish::{FactorPublisher, FactorTable, Generation, gc};
pub use read::FactorSet;
