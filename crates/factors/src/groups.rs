//! Columns that do not lie in the bar tables: the categories of group files, and the time of a row as a number.
//!
//! A group file is CSV, `symbol,category` or `symbol,category,from`: the category of a symbol for all rows, or for
//! those whose timestamp is not before `from` (a date or an ISO-8601 time, empty for the first row on), until a later
//! line of the symbol says otherwise. An empty category means that the symbol has none from then on. Formulas see a
//! category as its place among the sorted names, from 0; a symbol without one is missing. Lines about symbols that the
//! set does not have are allowed. The file is an input of the set: its content hash stands with those of the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crosscut_hub::{FactorInput, hash_file};
use crosscut_model::parse_groups;

use crate::config::{Config, Group};
use crate::error::{FactorsError, Place};

/// The name under which formulas see the time of a row: bar open, microseconds since the epoch, exact in a double for
/// centuries to come.
pub(crate) const TIMESTAMP: &str = "timestamp";

/// What helps where a group file is not found: a set that is read back from its metadata knows only where it lay.
const HINT: &str = "\nhint: the path begins at the folder of the factor-set file; name that file with --config";

/// The columns a set adds to those of its bar tables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    /// The group files in the order of the factor-set file.
    files: Vec<GroupFile>,
}

/// One group file, read.
#[derive(Debug, Clone)]
struct GroupFile {
    /// Name of the column.
    column: String,
    /// Where the file lies, as it can be found from anywhere.
    path: PathBuf,
    /// BLAKE3 of its bytes.
    content_hash: String,
    /// Lines about symbols.
    n_rows: u64,
    /// The names of the categories, sorted: a code is a place in it.
    categories: Vec<String>,
    /// For each symbol from which time on it has which code, sorted by time.
    symbols: BTreeMap<String, Vec<(i64, f64)>>,
}

impl Groups {
    /// Reads the group files of a set.
    ///
    /// # Errors
    /// A file that cannot be read, or a line of it that says nothing we understand: file, row and symbol are named.
    pub fn read(config: &Config) -> Result<Self, FactorsError> {
        let files = config.groups.iter().map(|group| GroupFile::read(config, group)).collect::<Result<_, _>>()?;
        Ok(Self { files })
    }

    /// Names of the columns, those of the files first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.column.as_str()).chain([TIMESTAMP])
    }

    /// Whether a column is one of these rather than one of the bar table.
    pub fn has(&self, column: &str) -> bool {
        self.names().any(|name| name == column)
    }

    /// The values of one of these columns for some rows of a symbol; `None` for a column of the bar table.
    pub fn values(&self, column: &str, symbol: &str, timestamps: &[i64]) -> Option<Vec<f64>> {
        if column == TIMESTAMP {
            return Some(timestamps.iter().map(|&time| time as f64).collect());
        }
        let file = self.files.iter().find(|file| file.column == column)?;
        let spans = file.symbols.get(symbol).map_or(&[][..], Vec::as_slice);
        let code = |time: &i64| match spans.partition_point(|(from, _)| from <= time) {
            0 => f64::NAN,
            after => spans[after - 1].1,
        };
        Some(timestamps.iter().map(code).collect())
    }

    /// The files as the metadata lists them.
    pub fn inputs(&self) -> impl Iterator<Item = FactorInput> {
        self.files.iter().map(|file| FactorInput {
            table: format!("groups/{}", file.column),
            content_hash: file.content_hash.clone(),
            rows: file.n_rows,
        })
    }

    /// Remarks for the metadata: where each file lies, what the codes mean, how many of `symbols` have no category.
    pub fn notes<'a>(&self, symbols: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
        let told = |file: &GroupFile| {
            let codes = file.categories.iter().enumerate().map(|(code, name)| format!("{code} = {name}"));
            let codes = codes.collect::<Vec<_>>().join(", ");
            let without = symbols.clone().filter(|symbol| !file.symbols.contains_key(*symbol)).count();
            [
                format!("{}{}", note_head(&file.column), file.path.display()),
                format!("groups: {}: {codes}; {without} symbols without a category", file.column),
            ]
        };
        self.files.iter().flat_map(told).collect()
    }
}

/// How the note begins that tells where the group file of a column lies.
fn note_head(column: &str) -> String {
    format!("groups: {column} from ")
}

/// Where the group file of a column lies, by the notes of a published set.
pub(crate) fn path_of(column: &str, notes: &[String]) -> Option<PathBuf> {
    let head = note_head(column);
    notes.iter().find_map(|note| note.strip_prefix(&head)).map(PathBuf::from)
}

impl GroupFile {
    /// Reads one file.
    fn read(config: &Config, group: &Group) -> Result<Self, FactorsError> {
        let unreadable = |reason: String| FactorsError::Config {
            place: Place { file: config.file.clone(), line: group.line },
            message: format!("groups: {}: cannot read `{}`: {reason}{HINT}", group.column, group.file.display()),
        };
        let path = std::fs::canonicalize(&group.file).map_err(|error| unreadable(error.to_string()))?;
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
        let lines = parse_groups(&text).map_err(|error| FactorsError::Config {
            place: Place { file: group.file.display().to_string(), line: error.line as u64 },
            message: error.message,
        })?;
        let names: BTreeSet<&str> = lines.iter().map(|line| line.category.as_str()).collect();
        let categories: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let mut symbols: BTreeMap<String, Vec<(i64, f64)>> = BTreeMap::new();
        for line in &lines {
            let code = categories.binary_search(&line.category).map_or(f64::NAN, |code| code as f64);
            symbols.entry(line.symbol.clone()).or_default().push((line.from, code));
        }
        symbols.values_mut().for_each(|spans| spans.sort_by_key(|(from, _)| *from));
        let (content_hash, n_rows) = (hash_file(&path)?, lines.len() as u64);
        Ok(Self { column: group.column.clone(), path, content_hash, n_rows, categories, symbols })
    }
}
