//! The data hub: folder layout, schemas, Parquet and metadata reading and publishing, validation.
