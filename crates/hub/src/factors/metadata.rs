//! What a factor set says about itself: `metadata.json` of a generation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What only the producer of a factor set knows; the hub adds what it sees in the tables.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorDefinition {
    /// Path inside the hub of the folder the bars came from.
    pub source_data_path: String,
    /// Version of the program.
    pub code_version: String,
    /// When it was produced, ISO-8601 with `Z`; handed in, since nothing below the doors reads the clock.
    pub generation_time: String,
    /// Factor columns in the order they are stored.
    pub columns: Vec<String>,
    /// Remarks for people.
    pub notes: Vec<String>,
    /// The whole resolved configuration: the set's definition. Another one needs another name.
    pub config: Value,
    /// The tables it was made from, sorted by path.
    pub inputs: Vec<FactorInput>,
    /// Name of the saved state ([`super::Generation::write_state`]) that holds the operators, when there is one.
    pub operator_state: Option<String>,
    /// What was proved of the columns. When it is empty, a set republished with the same configuration by the same
    /// version of the program keeps what was proved before.
    pub proof: BTreeMap<String, ColumnProof>,
    /// What people should know before they use it.
    pub warnings: Vec<String>,
}

/// What a trial of a column found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofResult {
    /// Whether no trial failed.
    pub passed: bool,
    /// Number of trials.
    pub n_cuts: u64,
    /// Seed of the trials.
    pub seed: u64,
    /// What was found, when there is something to say.
    #[serde(default)]
    pub detail: Option<String>,
}

/// What was proved of a factor column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnProof {
    /// Whatever happens after a time leaves the values up to it unchanged.
    pub causal: ProofResult,
    /// Updates give the bits of a full run.
    pub incremental: ProofResult,
    /// One row at a time gives the bits of a full run.
    pub streaming: ProofResult,
}

/// A file of a table that is stored in two parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartEntry {
    /// Name of the file in the table's folder.
    pub file: String,
    /// Number of rows.
    pub rows: u64,
    /// BLAKE3 of the file, lower-case hex.
    pub content_hash: String,
}

/// A saved state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateEntry {
    /// Name of its file in the generation.
    pub file: String,
    /// Bytes.
    pub size: u64,
    /// BLAKE3 of the file, lower-case hex.
    pub content_hash: String,
}

/// A table a factor set was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorInput {
    /// Path inside the hub.
    pub table: String,
    /// BLAKE3 of the table's file.
    pub content_hash: String,
    /// Rows of the table.
    pub rows: u64,
}

/// How complete a column is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ColumnQuality {
    /// Share of missing values over all rows of all symbols; 0 when there is no row.
    pub missing_ratio: f64,
    /// Longest run of missing values within one symbol, rows (the warm-up counts).
    pub longest_gap: u64,
}

/// One symbol's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Number of rows.
    pub rows: u64,
    /// Timestamp of the first row, microseconds UTC; 0 in an empty table.
    pub first: i64,
    /// Timestamp of the last row, microseconds UTC; 0 in an empty table.
    pub last: i64,
    /// BLAKE3 of the table's file, lower-case hex; of the hashes of its parts, one in a line, when it has parts.
    pub content_hash: String,
    /// What names its rows, however they are cut into groups and files; `None` when a part of it was written by a version
    /// that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_hash: Option<String>,
    /// The files of a table that is stored in parts, earlier rows first; empty when it is one file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartEntry>,
}

/// What a factor set says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactorMetadata {
    /// Name of the set.
    pub factor_set: String,
    /// Timeframe, `1h`.
    pub timeframe: String,
    /// Number of the generation, from 1.
    pub generation: u64,
    /// Path inside the hub of the folder the bars came from.
    pub source_data_path: String,
    /// Version of the program.
    pub code_version: String,
    /// When it was produced, ISO-8601 with `Z`.
    pub generation_time: String,
    /// Factor columns in the order they are stored.
    pub columns: Vec<String>,
    /// Earliest timestamp of all symbols, ISO-8601; `None` when there is no row.
    pub start_time: Option<String>,
    /// Latest timestamp of all symbols, ISO-8601; `None` when there is no row.
    pub end_time: Option<String>,
    /// Remarks for people.
    pub notes: Vec<String>,
    /// The whole resolved configuration.
    pub config: Value,
    /// BLAKE3 of the configuration in canonical form.
    pub config_hash: String,
    /// The tables it was made from.
    pub inputs: Vec<FactorInput>,
    /// How complete each column is.
    pub quality: BTreeMap<String, ColumnQuality>,
    /// The symbols' tables.
    pub tables: BTreeMap<String, TableEntry>,
    /// File of the saved operator states inside the generation; one of `states`.
    pub operator_state_file: Option<String>,
    /// Saved states by name.
    #[serde(default)]
    pub states: BTreeMap<String, StateEntry>,
    /// What was proved of the columns.
    #[serde(default)]
    pub proof: BTreeMap<String, ColumnProof>,
    /// Whether the rows are those of event bars: labels may repeat, and tables have a column `bar_seq`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub of_events: bool,
    /// What people should know before they use it.
    pub warnings: Vec<String>,
    /// Version of the file formats.
    pub format_version: u32,
}

/// Whether a flag is not set: the usual case is not written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer asks for this form")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl FactorMetadata {
    /// What the producer said when it published the set: to publish its tables once more.
    pub fn definition(&self) -> FactorDefinition {
        let state = self.states.iter().find(|(_, entry)| Some(&entry.file) == self.operator_state_file.as_ref());
        FactorDefinition {
            source_data_path: self.source_data_path.clone(),
            code_version: self.code_version.clone(),
            generation_time: self.generation_time.clone(),
            columns: self.columns.clone(),
            notes: self.notes.clone(),
            config: self.config.clone(),
            inputs: self.inputs.clone(),
            operator_state: state.map(|(name, _)| name.clone()),
            proof: self.proof.clone(),
            warnings: self.warnings.clone(),
        }
    }
}
