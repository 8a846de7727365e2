//! Where market data can come from, from ingest's own table.

use crosscut_ingest::provider::{PROVIDERS, Provided, Provider};
use serde::Serialize;

use super::texts;

/// A data provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub summary: String,
    /// The tables it gives.
    pub tables: Vec<TableEntry>,
    /// What its files may be packed in.
    pub containers: Vec<String>,
    /// Whether a checksum beside a file must match.
    pub is_checked: bool,
    /// Whether it delivers while the market moves.
    pub is_live: bool,
    /// The command that brings it in.
    pub command: String,
}

/// One kind of table of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableEntry {
    /// The kind: a word of `--kind`.
    pub kind: String,
    /// How its rows may be written.
    pub layouts: Vec<String>,
    /// The length of its bars; `None` for what is no bars.
    pub timeframes: Option<String>,
    /// The columns that are filled, as far as the file has them.
    pub fields: Vec<String>,
}

/// All providers.
pub(crate) fn entries() -> Vec<ProviderEntry> {
    let entry = |provider: &Provider| ProviderEntry {
        name: provider.name.to_owned(),
        summary: provider.doc.to_owned(),
        tables: provider.tables.iter().map(table).collect(),
        containers: texts(provider.containers),
        is_checked: provider.is_checked,
        is_live: provider.is_live,
        command: provider.command.to_owned(),
    };
    PROVIDERS.iter().map(entry).collect()
}

/// One table.
fn table(table: &Provided) -> TableEntry {
    TableEntry {
        kind: table.kind.to_owned(),
        layouts: texts(table.layouts),
        timeframes: (!table.timeframes.is_empty()).then(|| table.timeframes.to_owned()),
        fields: texts(table.fields),
    }
}
