//! Saved states and tables in parts: what is kept, what is damaged, and sets written by an earlier version.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use crosscut_model::time::{HOUR, midnight};
use crosscut_model::{Range, Timeframe};
use serde_json::json;

use crate::factors::{ColumnProof, FactorDefinition, FactorPublisher, FactorSet, FactorTable, Generation, ProofResult};
use crate::fixtures::Scratch;
use crate::parquet_file::{TableWriter, Values};

const SET: &str = "core__v1";

/// More rows and columns than are copied when a table grows.
const ROWS: usize = 12_000;

fn hour() -> Timeframe {
    "1h".parse().unwrap()
}

fn names() -> Vec<String> {
    (0..16).map(|at| format!("c{at}")).collect()
}

fn definition() -> FactorDefinition {
    FactorDefinition {
        source_data_path: "bars/binance/1h".to_owned(),
        code_version: "0.1.0".to_owned(),
        generation_time: "2025-10-07T12:00:00Z".to_owned(),
        columns: names(),
        notes: Vec::new(),
        config: json!({"factor_set": SET}),
        inputs: Vec::new(),
        operator_state: Some("operators".to_owned()),
        proof: BTreeMap::new(),
        warnings: Vec::new(),
    }
}

/// Columns of rows whose values are their row numbers, some missing at the front.
struct Rows {
    timestamp: Vec<i64>,
    available_at: Vec<i64>,
    values: Vec<f64>,
    tradable: Vec<bool>,
}

impl Rows {
    fn new(n: usize) -> Self {
        let timestamp: Vec<i64> = (0..n as i64).map(|i| midnight(2024, 1, 1) + i * HOUR).collect();
        Self {
            available_at: timestamp.iter().map(|t| t + HOUR).collect(),
            values: (0..n).map(|row| if row < 7 { f64::NAN } else { row as f64 }).collect(),
            tradable: vec![true; n],
            timestamp,
        }
    }

    fn table<'a>(&'a self, names: &'a [String], from: usize) -> FactorTable<'a> {
        FactorTable {
            timestamp: &self.timestamp[from..],
            available_at: &self.available_at[from..],
            bar_seq: None,
            columns: names.iter().map(|name| (name.as_str(), &self.values[from..])).collect(),
            tradable_flag: &self.tradable[from..],
        }
    }
}

fn begin(scratch: &Scratch) -> Generation {
    FactorPublisher::create(scratch.hub.root()).unwrap().begin(hour(), SET).unwrap()
}

/// Publishes `n` rows of one symbol, of which those before `keep` are kept, and a state that says `n`.
fn publish(scratch: &Scratch, keep: usize, n: usize) {
    let generation = write(scratch, keep, n);
    generation.commit(&definition()).unwrap();
}

/// A generation that is complete but for its commit.
fn write(scratch: &Scratch, keep: usize, n: usize) -> Generation {
    let generation = begin(scratch);
    let mut builder = generation.table("X", &names()).unwrap();
    builder.keep_before(keep).unwrap();
    builder.append(&Rows::new(n).table(&names(), keep)).unwrap();
    builder.finish().unwrap();
    generation.write_state("operators", n.to_string().as_bytes()).unwrap();
    generation
}

fn open(scratch: &Scratch) -> FactorSet {
    scratch.hub.factor_set(hour(), SET).unwrap()
}

/// Rows of the table and what the state says they are.
fn seen(set: &FactorSet) -> (usize, String) {
    let table = set.read("X", &["c3"], Range::ALL).unwrap();
    let values = table.f64("c3").unwrap();
    assert!(values.iter().enumerate().all(|(row, value)| row < 7 || *value == row as f64));
    (values.len(), String::from_utf8(set.read_state("operators").unwrap()).unwrap())
}

fn folder(scratch: &Scratch, generation: u64) -> PathBuf {
    scratch.path(&format!(".generations/1h/{SET}/{generation}"))
}

#[test]
fn states_belong_to_their_generation() {
    let scratch = Scratch::new();
    publish(&scratch, 0, 50);
    let set = open(&scratch);
    assert_eq!(set.state_names(), ["operators"]);
    assert_eq!(seen(&set), (50, "50".to_owned()));
    assert_eq!(set.metadata().operator_state_file.as_deref(), Some("operators.state"));
    publish(&scratch, 50, 60);
    assert_eq!(seen(&open(&scratch)), (60, "60".to_owned()));
    assert_eq!(seen(&set), (50, "50".to_owned()));
    let generation = begin(&scratch);
    generation.keep_symbol("X").unwrap();
    generation.keep_state("operators").unwrap();
    let error = generation.keep_state("other").unwrap_err().to_string();
    assert!(error.contains("has no saved state `other`; there are: operators"), "{error}");
    assert!(generation.write_state("operators", b"again").is_err());
    assert!(generation.write_state("../x", b"").is_err());
    generation.commit(&definition()).unwrap();
    let inode = |n: u64| fs::metadata(folder(&scratch, n).join("operators.state")).unwrap().ino();
    assert_eq!(inode(2), inode(3));
    open(&scratch).verify().unwrap();
}

#[test]
fn the_named_operator_state_must_be_there() {
    let scratch = Scratch::new();
    let generation = begin(&scratch);
    generation.write_symbol("X", &Rows::new(10).table(&names(), 0)).unwrap();
    let error = generation.commit(&definition()).unwrap_err().to_string();
    assert!(error.contains("names the operator state `operators`, which was not written"), "{error}");
}

#[test]
fn damaged_states_name_their_file() {
    let scratch = Scratch::new();
    publish(&scratch, 0, 50);
    let path = folder(&scratch, 1).join("operators.state");
    for bytes in [&b"51"[..], b"5", b""] {
        fs::write(&path, bytes).unwrap();
        let error = open(&scratch).read_state("operators").unwrap_err().to_string();
        assert!(error.contains("operators.state") && error.contains("the metadata states 2 of"), "{error}");
        assert!(open(&scratch).verify().is_err());
    }
    fs::remove_file(&path).unwrap();
    let error = open(&scratch).read_state("operators").unwrap_err().to_string();
    assert!(error.contains("cannot open") && error.contains("operators.state"), "{error}");
}

#[test]
fn damaged_parts_name_their_file() {
    let scratch = Scratch::new();
    publish(&scratch, 0, ROWS);
    publish(&scratch, ROWS, ROWS + 24);
    let parts = folder(&scratch, 2).join("X.parquet");
    let tail = parts.join("tail.parquet");
    let entry = open(&scratch).metadata().tables["X"].clone();
    assert_eq!(
        entry.parts.iter().map(|part| (part.file.as_str(), part.rows)).collect::<Vec<_>>(),
        [("base.parquet", ROWS as u64), ("tail.parquet", 24)]
    );
    open(&scratch).verify().unwrap();
    let read = || open(&scratch).read("X", &["c3"], Range::ALL).map(|table| table.len());
    let text = |outcome: Result<usize, crate::HubError>| outcome.unwrap_err().to_string();
    // The tail of another history.
    let good = fs::read(&tail).unwrap();
    publish(&scratch, ROWS, ROWS + 30);
    let other = fs::read(folder(&scratch, 3).join("X.parquet/tail.parquet")).unwrap();
    publish(&scratch, ROWS, ROWS + 24);
    let parts = folder(&scratch, 4).join("X.parquet");
    let tail = parts.join("tail.parquet");
    fs::write(&tail, &other).unwrap();
    let error = text(read());
    assert!(error.contains("tail.parquet") && error.contains("has 30 rows, the metadata states 24"), "{error}");
    // One changed byte, a cut file, no file.
    let mut changed = good.clone();
    changed[4_000] ^= 1;
    fs::write(&tail, &changed).unwrap();
    let error = open(&scratch).verify().unwrap_err().to_string();
    assert!(error.contains("tail.parquet") && error.contains("the table's hash is"), "{error}");
    fs::write(&tail, &good[..good.len() / 2]).unwrap();
    assert!(text(read()).contains("tail.parquet"));
    let generation = begin(&scratch);
    let error = generation.keep_symbol("X").unwrap_err().to_string();
    assert!(error.contains("tail.parquet"), "{error}");
    let mut builder = generation.table("X", &names()).unwrap();
    assert!(builder.keep_before(ROWS + 24).unwrap_err().to_string().contains("tail.parquet"));
    drop(builder);
    drop(generation);
    fs::remove_file(&tail).unwrap();
    assert!(text(read()).contains("tail.parquet"));
    assert!(parts.join("base.parquet").exists(), "the other part is untouched");
}

/// Whatever a producer had done when it was killed, readers see the last published generation, states included, and
/// the next producer starts clean.
#[test]
fn killed_at_any_point_the_published_generation_stays() {
    let scratch = Scratch::new();
    publish(&scratch, 0, ROWS);
    let remains: [fn(&Scratch); 4] = [
        |scratch| drop(begin(scratch)),
        |scratch| {
            let generation = begin(scratch);
            let names = names();
            let mut builder = generation.table("X", &names).unwrap();
            builder.keep_before(ROWS).unwrap();
            builder.append(&Rows::new(ROWS + 20_000).table(&names, ROWS)).unwrap();
            // Forgotten, not dropped: nothing is cleaned up, as when the process is killed.
            std::mem::forget(builder);
            std::mem::forget(generation);
        },
        |scratch| std::mem::forget(write(scratch, ROWS, ROWS + 24)),
        |scratch| {
            std::mem::forget(write(scratch, ROWS, ROWS + 24));
            fs::write(folder(scratch, 2).join("metadata.json"), "{\"half\":").unwrap();
        },
    ];
    for kill in remains {
        kill(&scratch);
        assert_eq!(seen(&open(&scratch)), (ROWS, ROWS.to_string()));
        open(&scratch).verify().unwrap();
        // The lock of a killed process is gone with it; here it would live as long as this one.
        fs::remove_file(scratch.path(&format!(".generations/1h/{SET}/.lock"))).unwrap();
    }
    publish(&scratch, ROWS, ROWS + 24);
    assert_eq!(seen(&open(&scratch)), (ROWS + 24, (ROWS + 24).to_string()));
    assert_eq!(open(&scratch).metadata().generation, 2);
    open(&scratch).verify().unwrap();
}

#[test]
fn what_was_proved_stays_with_the_same_set() {
    let scratch = Scratch::new();
    let passed = ProofResult { passed: true, n_cuts: 40, seed: 7, detail: None };
    let proof = ColumnProof { causal: passed.clone(), incremental: passed.clone(), streaming: passed };
    let all: BTreeMap<_, _> = names().into_iter().map(|name| (name, proof.clone())).collect();
    write(&scratch, 0, 50).commit(&FactorDefinition { proof: all.clone(), ..definition() }).unwrap();
    publish(&scratch, 50, 60);
    assert_eq!(open(&scratch).metadata().proof, all);
    let republished = open(&scratch).metadata().definition();
    assert_eq!((republished.proof.len(), republished.operator_state.as_deref()), (16, Some("operators")));
    write(&scratch, 60, 70).commit(&FactorDefinition { code_version: "0.2.0".to_owned(), ..definition() }).unwrap();
    assert!(open(&scratch).metadata().proof.is_empty());
}

/// A set as the first version of the format has it: compressed, large row groups, no gaps in the footer, none of the
/// newer entries in the metadata.
#[test]
fn sets_of_the_first_version_are_read_kept_and_continued() {
    let scratch = Scratch::new();
    publish(&scratch, 0, 100);
    let folder = folder(&scratch, 1);
    let rows = Rows::new(30_000);
    let path = folder.join("X.parquet");
    let specs = crate::factors::table::specs(&names(), false);
    let mut writer = TableWriter::new(&path, fs::File::create(&path).unwrap(), &specs, 1 << 16).unwrap();
    writer.note("crosscut.format", "1".to_owned());
    let symbol = vec!["X".to_owned(); 30_000];
    let mut values = vec![Values::I64(&rows.timestamp), Values::I64(&rows.available_at), Values::Text(&symbol)];
    values.extend(names().iter().map(|_| Values::F64(&rows.values)));
    values.push(Values::Bool(&rows.tradable));
    writer.write_group(&values).unwrap();
    let hash = writer.finish().unwrap().content_hash;
    let text = fs::read_to_string(folder.join("metadata.json")).unwrap();
    let mut metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
    for newer in ["states", "proof"] {
        metadata.as_object_mut().unwrap().remove(newer);
    }
    metadata["operator_state_file"] = serde_json::Value::Null;
    metadata["tables"]["X"] =
        json!({"rows": 30_000, "first": rows.timestamp[0], "last": rows.timestamp[29_999], "content_hash": hash});
    fs::write(folder.join("metadata.json"), metadata.to_string()).unwrap();
    let set = open(&scratch);
    set.verify().unwrap();
    assert_eq!(set.read("X", &["c3"], Range::ALL).unwrap().len(), 30_000);
    assert!(set.state_names().is_empty() && set.metadata().proof.is_empty());
    assert!(
        set.read_state("operators").unwrap_err().to_string().contains("no saved state `operators`; there are none")
    );
    // Kept as it is, then cut inside its one group, then continued.
    let generation = begin(&scratch);
    generation.keep_symbol("X").unwrap();
    generation.commit(&FactorDefinition { operator_state: None, ..definition() }).unwrap();
    assert_eq!(open(&scratch).metadata().quality["c3"].longest_gap, 7);
    publish(&scratch, 30_000, 30_050);
    assert_eq!(seen(&open(&scratch)), (30_050, "30050".to_owned()));
    publish(&scratch, 20_000, 30_060);
    assert_eq!(seen(&open(&scratch)), (30_060, "30060".to_owned()));
    assert_eq!(open(&scratch).metadata().quality["c3"].longest_gap, 7);
    open(&scratch).verify().unwrap();
}
