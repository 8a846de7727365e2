//! What the caller tells about a run: its identity, its subject in words, and the circumstances it ran under.

use crosscut_hub::{InputFile, canonical_text};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Version of the meaning of results: part of every run id, so that a changed engine never reuses old folders. The number
/// after the package's version rises with every change of a number or a file between two packages.
pub const ENGINE_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), ".1");

/// Letters of a run id.
const RUN_ID_LENGTH: usize = 16;

/// One run as its results folder describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// `backtest`, or `pipeline` for a run that also writes the three pipeline files. Not part of the identity: where
    /// both commands could lead to one configuration, the configuration must name the command.
    pub kind: RunKind,
    /// The resolved configuration: everything that can change a number, and nothing else.
    pub config: Value,
    /// The tables the run read.
    pub inputs: Vec<RunInput>,
    /// What the run is about; must follow from `config`, or files would differ between runs of one id.
    pub subject: RunSubject,
    /// Circumstances that change no number.
    pub context: RunContext,
}

impl RunRecord {
    /// The run's identity, see [`run_id`].
    pub fn run_id(&self) -> String {
        run_id(&self.config, &self.inputs)
    }
}

/// Which command made a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// `crosscut backtest`.
    Backtest,
    /// `crosscut pipeline run`.
    Pipeline,
}

impl RunKind {
    /// The name in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backtest => "backtest",
            Self::Pipeline => "pipeline",
        }
    }
}

/// One table a run read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunInput {
    /// Path inside the hub, or another name without a machine's folders.
    pub name: String,
    /// BLAKE3 of its content, hex.
    pub content_hash: String,
    /// The files or tables it was made from; for the record only, not part of the identity.
    pub sources: Vec<InputFile>,
}

/// What a reader wants to know first, in words where a number would not do.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSubject {
    /// Strategy name, also the folder: letters, digits, `_`, `-`.
    pub strategy: String,
    /// The ranking column, when there is one.
    pub factor: Option<String>,
    /// What could be traded: venue, timeframe, number of symbols, pool.
    pub universe: String,
    /// Commission and slippage.
    pub costs: String,
    /// The benchmark's symbol, when there is one.
    pub benchmark: Option<String>,
    /// Capital at the start, quote units.
    pub capital: f64,
}

/// Circumstances of a run. They go to `run_context.json` and `logs.txt` and nowhere else.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunContext {
    /// When the run began, microseconds UTC, read by a door.
    pub started_at: i64,
    /// Wall time of each stage, seconds, in order.
    pub durations: Vec<(String, f64)>,
    /// Operating system, processor and the like.
    pub machine: Vec<(String, String)>,
    /// Worker threads.
    pub threads: usize,
    /// Version of the program, as exact as the build knows it.
    pub code_version: String,
    /// Libraries and their versions.
    pub dependencies: Vec<(String, String)>,
    /// Settings that change no number: folders, log level.
    pub settings: Vec<(String, String)>,
    /// What the factors were that the run read: their formulas change no number that is not in the inputs.
    pub factors: Vec<FactorRecord>,
    /// What happened in wall-clock order, one line each.
    pub log: Vec<String>,
    /// The sweep that makes the run's folder for one of its sets.
    pub part_of: Option<String>,
}

/// A factor as it was when a run read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorRecord {
    /// Its set.
    pub factor_set: String,
    /// Its column.
    pub column: String,
    /// Its formula, windows filled in.
    pub formula: String,
    /// The formula with the names it uses written out; `None` when it uses none, or when that would fill pages.
    pub expanded: Option<String>,
    /// How many rows before the current one it looks at.
    pub lookback_rows: usize,
    /// Whether it carries numbers from the first row on.
    pub unbounded: bool,
    /// Generation of the set.
    pub generation: u64,
    /// BLAKE3 of the set's configuration.
    pub config_hash: String,
}

/// BLAKE3 of the canonical configuration, the inputs' content hashes and the engine version, shortened to 16 letters.
/// The order of keys and of inputs does not matter.
pub fn run_id(config: &Value, inputs: &[RunInput]) -> String {
    Inputs::new(inputs).run_id(config)
}

/// The inputs of many runs, written once as they enter run ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Names and content hashes, sorted, in canonical text.
    text: String,
}

impl Inputs {
    /// The inputs of one market.
    pub fn new(inputs: &[RunInput]) -> Self {
        Self { text: canonical_text(&json!(input_pairs(inputs))) }
    }

    /// The id of the run of a configuration on them, see [`run_id`].
    pub fn run_id(&self, config: &Value) -> String {
        // As the canonical form writes an object: keys in order, without blanks.
        let (config, version) = (canonical_text(config), canonical_text(&json!(ENGINE_VERSION)));
        let text = format!("{{\"config\":{config},\"engine_version\":{version},\"inputs\":{}}}", self.text);
        let mut id = blake3::hash(text.as_bytes()).to_hex().to_string();
        id.truncate(RUN_ID_LENGTH);
        id
    }

    /// BLAKE3 of them, see [`inputs_hash`].
    pub fn hash(&self) -> String {
        blake3::hash(self.text.as_bytes()).to_hex().to_string()
    }
}

/// BLAKE3 of the inputs' names and content hashes: which data a run saw, whatever it did with them.
pub fn inputs_hash(inputs: &[RunInput]) -> String {
    Inputs::new(inputs).hash()
}

/// Names and content hashes, sorted.
fn input_pairs(inputs: &[RunInput]) -> Vec<(&str, &str)> {
    let mut pairs: Vec<_> = inputs.iter().map(|input| (input.name.as_str(), input.content_hash.as_str())).collect();
    pairs.sort_unstable();
    pairs
}
