//! Generations: what readers see before, during and after a commit, and after a producer that gave up.

use std::sync::atomic::{AtomicBool, Ordering};

use crosscut_model::time::{HOUR, midnight};
use crosscut_model::{Range, Timeframe};
use serde_json::json;

use super::*;
use crate::error::HubError;
use crate::fixtures::Scratch;
use crate::provenance::FORMAT_VERSION;

const SET: &str = "core__v1";

fn hour() -> Timeframe {
    "1h".parse().unwrap()
}

fn definition(version: i64) -> FactorDefinition {
    FactorDefinition {
        source_data_path: "bars/binance/1h".to_owned(),
        code_version: "0.1.0".to_owned(),
        generation_time: "2025-10-07T12:00:00Z".to_owned(),
        columns: vec!["return_5".to_owned(), "rank".to_owned()],
        notes: vec!["a note".to_owned()],
        config: json!({"factor_set": SET, "version": version}),
        inputs: vec![FactorInput {
            table: "bars/binance/1h/BTCUSDT.parquet".to_owned(),
            content_hash: "ab".to_owned(),
            rows: 10,
        }],
        operator_state: None,
        proof: std::collections::BTreeMap::new(),
        warnings: Vec::new(),
    }
}

/// Rows of one symbol, as they are written and as they are expected back.
struct Rows {
    timestamp: Vec<i64>,
    available_at: Vec<i64>,
    return_5: Vec<f64>,
    rank: Vec<f64>,
    tradable: Vec<bool>,
}

impl Rows {
    fn new(n: usize, seed: f64) -> Self {
        let timestamp: Vec<i64> = (0..n as i64).map(|i| midnight(2024, 1, 1) + i * HOUR).collect();
        Self {
            available_at: timestamp.iter().map(|t| t + HOUR).collect(),
            return_5: (0..n).map(|i| if i < 5 || i == 8 { f64::NAN } else { seed + i as f64 }).collect(),
            rank: (0..n).map(|i| seed / (i + 1) as f64).collect(),
            tradable: (0..n).map(|i| i % 4 != 0).collect(),
            timestamp,
        }
    }

    fn table(&self) -> FactorTable<'_> {
        FactorTable {
            timestamp: &self.timestamp,
            available_at: &self.available_at,
            bar_seq: None,
            columns: vec![("return_5", &self.return_5), ("rank", &self.rank)],
            tradable_flag: &self.tradable,
        }
    }
}

fn publisher(scratch: &Scratch) -> FactorPublisher {
    FactorPublisher::create(scratch.hub.root()).unwrap()
}

fn publish(scratch: &Scratch, symbols: &[&str], seed: f64) -> Result<(), HubError> {
    let generation = publisher(scratch).begin(hour(), SET)?;
    for symbol in symbols {
        generation.write_symbol(symbol, &Rows::new(10, seed).table())?;
    }
    generation.commit(&definition(1))
}

fn rank_of(set: &FactorSet, symbol: &str) -> f64 {
    set.read(symbol, &["rank"], Range::ALL).unwrap().f64("rank").unwrap()[0]
}

fn generations(scratch: &Scratch) -> Vec<u64> {
    crate::names::list(&scratch.path(".generations/1h/core__v1"), |name| name.parse().ok()).unwrap()
}

#[test]
fn sets_round_trip() {
    let scratch = Scratch::new();
    publish(&scratch, &["ETHUSDT", "币USDT", "BTCUSDT"], 1.0).unwrap();
    assert_eq!(scratch.hub.factor_sets().unwrap(), [("1h".to_owned(), SET.to_owned())]);
    let set = scratch.hub.factor_set(hour(), SET).unwrap();
    assert_eq!(set.symbols(), ["BTCUSDT", "ETHUSDT", "币USDT"]);
    assert_eq!(set.columns(), ["return_5", "rank"]);
    set.verify().unwrap();
    let rows = Rows::new(10, 1.0);
    let range = Range { start: Some(rows.timestamp[3]), end: Some(rows.timestamp[9]) };
    let table = set.read("币USDT", &["rank", "return_5"], range).unwrap();
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["timestamp", "available_at", "rank", "return_5", "tradable_flag"]);
    assert_eq!(table.i64("timestamp").unwrap(), &rows.timestamp[3..9]);
    assert_eq!(table.i64("available_at").unwrap(), &rows.available_at[3..9]);
    assert_eq!(table.f64("rank").unwrap(), &rows.rank[3..9]);
    assert!(table.f64("return_5").unwrap()[..2].iter().all(|v| v.is_nan()));
    assert_eq!(table.bool("tradable_flag").unwrap(), &rows.tradable[3..9]);
}

#[test]
fn metadata_tells_what_there_is() {
    let scratch = Scratch::new();
    publish(&scratch, &["BTCUSDT", "ETHUSDT"], 1.0).unwrap();
    let set = scratch.hub.factor_set(hour(), SET).unwrap();
    let metadata = set.metadata();
    assert_eq!((metadata.factor_set.as_str(), metadata.timeframe.as_str(), metadata.generation), (SET, "1h", 1));
    assert_eq!(metadata.start_time.as_deref(), Some("2024-01-01T00:00:00Z"));
    assert_eq!(metadata.end_time.as_deref(), Some("2024-01-01T09:00:00Z"));
    // Rows 0..5 and 8 of ten are missing in each of two symbols: 12 of 20, five in a row.
    assert_eq!(metadata.quality["return_5"], ColumnQuality { missing_ratio: 0.6, longest_gap: 5 });
    assert_eq!(metadata.quality["rank"], ColumnQuality { missing_ratio: 0.0, longest_gap: 0 });
    assert_eq!(metadata.tables["ETHUSDT"].rows, 10);
    assert_eq!(metadata.inputs, definition(1).inputs);
    assert_eq!(metadata.config_hash, crate::config_hash(&definition(1).config));
    assert_eq!(metadata.format_version, FORMAT_VERSION);
    assert_eq!(set.content_hash("BTCUSDT"), Some(metadata.tables["BTCUSDT"].rows_hash.as_deref().unwrap()));
    assert_eq!(set.content_hash("X"), None);
    let linked = std::fs::read_to_string(scratch.path("metadata/1h/core__v1.json")).unwrap();
    assert_eq!(&serde_json::from_str::<FactorMetadata>(&linked).unwrap(), metadata);
    let link = std::fs::read_link(scratch.path("factors/1h/core__v1")).unwrap();
    assert_eq!(link.to_str(), Some("../../.generations/1h/core__v1/1"));
}

#[test]
fn an_open_set_stays_what_it_was() {
    let scratch = Scratch::new();
    publish(&scratch, &["BTCUSDT"], 1.0).unwrap();
    let old = scratch.hub.factor_set(hour(), SET).unwrap();
    publish(&scratch, &["BTCUSDT", "ETHUSDT"], 2.0).unwrap();
    assert_eq!((rank_of(&old, "BTCUSDT"), old.symbols().len()), (1.0, 1));
    let new = scratch.hub.factor_set(hour(), SET).unwrap();
    assert_eq!((rank_of(&new, "BTCUSDT"), new.symbols().len(), new.metadata().generation), (2.0, 2, 2));
    publish(&scratch, &["BTCUSDT"], 3.0).unwrap();
    let error = old.read("BTCUSDT", &["rank"], Range::ALL).unwrap_err().to_string();
    assert!(error.contains("generation 1 of factor set `core__v1` was removed while it was being read"), "{error}");
    assert_eq!(rank_of(&new, "BTCUSDT"), 2.0);
}

#[test]
fn a_dropped_generation_leaves_no_trace() {
    let scratch = Scratch::new();
    let generation = publisher(&scratch).begin(hour(), SET).unwrap();
    generation.write_symbol("BTCUSDT", &Rows::new(10, 1.0).table()).unwrap();
    drop(generation);
    assert!(scratch.hub.factor_set(hour(), SET).is_err());
    assert!(!scratch.path(".generations/1h/core__v1/1").exists());
    publish(&scratch, &["BTCUSDT"], 1.0).unwrap();
    let generation = publisher(&scratch).begin(hour(), SET).unwrap();
    generation.write_symbol("BTCUSDT", &Rows::new(10, 2.0).table()).unwrap();
    drop(generation);
    assert_eq!(rank_of(&scratch.hub.factor_set(hour(), SET).unwrap(), "BTCUSDT"), 1.0);
}

#[test]
fn remains_of_a_killed_producer_do_no_harm() {
    let scratch = Scratch::new();
    publish(&scratch, &["BTCUSDT"], 1.0).unwrap();
    // Killed while writing generation 2, and while swapping the link.
    std::fs::create_dir(scratch.path(".generations/1h/core__v1/2")).unwrap();
    std::fs::write(scratch.path(".generations/1h/core__v1/2/BTCUSDT.parquet"), b"half").unwrap();
    std::os::unix::fs::symlink("../../nowhere", scratch.path("factors/1h/.core__v1.link")).unwrap();
    assert_eq!(rank_of(&scratch.hub.factor_set(hour(), SET).unwrap(), "BTCUSDT"), 1.0);
    assert_eq!(scratch.hub.factor_sets().unwrap().len(), 1);
    publish(&scratch, &["BTCUSDT"], 3.0).unwrap();
    assert_eq!(rank_of(&scratch.hub.factor_set(hour(), SET).unwrap(), "BTCUSDT"), 3.0);
    // The next run takes the number of the killed one: the hub is what it would be without it.
    assert_eq!(generations(&scratch), [1, 2]);
}

#[test]
fn a_killed_first_run_leaves_no_generation_behind() {
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.path(".generations/1h/core__v1/1")).unwrap();
    std::fs::write(scratch.path(".generations/1h/core__v1/1/BTCUSDT.parquet"), b"half").unwrap();
    publish(&scratch, &["BTCUSDT"], 1.0).unwrap();
    assert_eq!(generations(&scratch), [1]);
    assert_eq!(rank_of(&scratch.hub.factor_set(hour(), SET).unwrap(), "BTCUSDT"), 1.0);
}

#[test]
fn another_definition_asks_for_another_name() {
    let scratch = Scratch::new();
    publish(&scratch, &["BTCUSDT"], 1.0).unwrap();
    let generation = publisher(&scratch).begin(hour(), SET).unwrap();
    generation.write_symbol("BTCUSDT", &Rows::new(10, 2.0).table()).unwrap();
    let error = generation.commit(&definition(2)).unwrap_err().to_string();
    assert!(error.contains("is published with another definition") && error.contains("`core__v2`"), "{error}");
    let early = publisher(&scratch).check_definition(hour(), SET, &definition(2).config);
    assert_eq!(early.unwrap_err().to_string(), error);
    publisher(&scratch).check_definition(hour(), SET, &definition(1).config).unwrap();
    assert_eq!(rank_of(&scratch.hub.factor_set(hour(), SET).unwrap(), "BTCUSDT"), 1.0);
}

#[test]
fn kept_symbols_are_links() {
    use std::os::unix::fs::MetadataExt;
    let scratch = Scratch::new();
    publish(&scratch, &["BTCUSDT", "ETHUSDT"], 1.0).unwrap();
    let before = scratch.hub.factor_set(hour(), SET).unwrap();
    let generation = publisher(&scratch).begin(hour(), SET).unwrap();
    generation.keep_symbol("ETHUSDT").unwrap();
    generation.write_symbol("BTCUSDT", &Rows::new(12, 2.0).table()).unwrap();
    assert!(generation.keep_symbol("XRPUSDT").unwrap_err().to_string().contains("has no symbol XRPUSDT"));
    generation.commit(&definition(1)).unwrap();
    let set = scratch.hub.factor_set(hour(), SET).unwrap();
    assert_eq!((rank_of(&set, "BTCUSDT"), rank_of(&set, "ETHUSDT")), (2.0, 1.0));
    assert_eq!(set.content_hash("ETHUSDT"), before.content_hash("ETHUSDT"));
    // 12 missing of 22 rows: the kept symbol counts, though its rows were not read.
    assert_eq!(set.metadata().quality["return_5"].missing_ratio, 12.0 / 22.0);
    let inode = |n: u64| {
        std::fs::metadata(scratch.path(&format!(".generations/1h/core__v1/{n}/ETHUSDT.parquet"))).unwrap().ino()
    };
    assert_eq!(inode(1), inode(2));
    set.verify().unwrap();
}

#[test]
fn two_producers_of_one_set() {
    let scratch = Scratch::new();
    let first = publisher(&scratch).begin(hour(), SET).unwrap();
    let error = publisher(&scratch).begin(hour(), SET).unwrap_err().to_string();
    assert!(error.contains("being produced by another process"), "{error}");
    publisher(&scratch).begin("4h".parse().unwrap(), SET).unwrap();
    drop(first);
    publisher(&scratch).begin(hour(), SET).unwrap();
}

#[test]
fn old_generations_are_removed() {
    let scratch = Scratch::new();
    for seed in 1..=4 {
        publish(&scratch, &["BTCUSDT"], f64::from(seed)).unwrap();
    }
    let there = |n: u64| scratch.path(&format!(".generations/1h/core__v1/{n}")).exists();
    assert_eq!([1, 2, 3, 4].map(there), [false, false, true, true]);
    std::fs::create_dir(scratch.path(".generations/1h/core__v1/7")).unwrap();
    assert_eq!(gc(scratch.hub.root(), 2).unwrap(), [".generations/1h/core__v1/7"]);
    assert_eq!(gc(scratch.hub.root(), 0).unwrap(), [".generations/1h/core__v1/3"]);
    assert!(gc(scratch.hub.root(), 1).unwrap().is_empty());
    assert_eq!(rank_of(&scratch.hub.factor_set(hour(), SET).unwrap(), "BTCUSDT"), 4.0);
}

#[test]
fn bad_tables_are_refused() {
    let scratch = Scratch::new();
    let generation = publisher(&scratch).begin(hour(), SET).unwrap();
    let refused = |change: fn(&mut Rows)| {
        let mut rows = Rows::new(10, 1.0);
        change(&mut rows);
        generation.write_symbol("X", &rows.table()).unwrap_err().to_string()
    };
    assert!(refused(|rows| rows.timestamp[3] = rows.timestamp[2]).contains("X is refused: row 3: timestamp is"));
    assert!(refused(|rows| rows.available_at[3] = rows.timestamp[3]).contains("row 3: available_at is"));
    assert!(refused(|rows| rows.rank[4] = f64::INFINITY).contains("row 4: `rank` is inf"));
    assert!(refused(|rows| rows.rank.truncate(2)).contains("column `rank` has 2 rows, `timestamp` has 10"));
    let rows = Rows::new(10, 1.0);
    let mut other = rows.table();
    other.columns[1].0 = "timestamp";
    assert!(generation.write_symbol("X", &other).unwrap_err().to_string().contains("`timestamp` is taken"));
    generation.write_symbol("A", &rows.table()).unwrap();
    other.columns[1].0 = "other";
    let error = generation.write_symbol("X", &other).unwrap_err().to_string();
    assert!(error.contains("X has the columns return_5, other; A has return_5, rank"), "{error}");
    assert!(matches!(generation.write_symbol("../A", &rows.table()), Err(HubError::Name { .. })));
    assert!(generation.write_symbol("A", &rows.table()).is_err());
    let mut wrong = definition(1);
    wrong.columns.reverse();
    let error = generation.commit(&wrong).unwrap_err().to_string();
    assert!(error.contains("the tables have the columns return_5, rank; the definition has rank, return_5"), "{error}");
    let empty = publisher(&scratch).begin(hour(), SET).unwrap().commit(&definition(1)).unwrap_err().to_string();
    assert!(empty.contains("no symbol was written"), "{empty}");
}

#[test]
fn sets_that_contradict_their_metadata() {
    let scratch = Scratch::new();
    publish(&scratch, &["BTCUSDT", "ETHUSDT"], 1.0).unwrap();
    let folder = scratch.path(".generations/1h/core__v1/1");
    let open = || scratch.hub.factor_set(hour(), SET).unwrap_err().to_string();
    std::fs::copy(folder.join("ETHUSDT.parquet"), folder.join("XRPUSDT.parquet")).unwrap();
    assert!(open().contains("the table of XRPUSDT is not listed"), "{}", open());
    std::fs::remove_file(folder.join("XRPUSDT.parquet")).unwrap();
    std::fs::rename(folder.join("ETHUSDT.parquet"), scratch.path("eth")).unwrap();
    assert!(open().contains("lists ETHUSDT, which has no table"), "{}", open());
    std::fs::rename(scratch.path("eth"), folder.join("ETHUSDT.parquet")).unwrap();
    let metadata = std::fs::read_to_string(folder.join("metadata.json")).unwrap();
    let rewrite =
        |from: &str, to: &str| std::fs::write(folder.join("metadata.json"), metadata.replacen(from, to, 1)).unwrap();
    rewrite("\"rows\": 10,\n      \"first\"", "\"rows\": 9,\n      \"first\"");
    let set = scratch.hub.factor_set(hour(), SET).unwrap();
    let error = set.read("BTCUSDT", &["rank"], Range::ALL).unwrap_err().to_string();
    assert!(
        error.contains("the table has 10 rows, the metadata states 9") && error.contains("metadata.json"),
        "{error}"
    );
    rewrite("\"rank\"\n", "\"rang\"\n");
    let set = scratch.hub.factor_set(hour(), SET).unwrap();
    let error = set.read("BTCUSDT", &["return_5"], Range::ALL).unwrap_err().to_string();
    assert!(error.contains("the table has the columns timestamp, available_at, symbol, return_5, rank"), "{error}");
    rewrite("\"factor_set\": \"core__v1\"", "\"factor_set\": \"other\"");
    assert!(open().contains("the metadata is that of `other` (1h)"), "{}", open());
    std::fs::write(folder.join("metadata.json"), "{").unwrap();
    assert!(open().contains("cannot be read as the metadata of a factor set"), "{}", open());
}

#[test]
fn a_set_whose_metadata_is_damaged_can_be_replaced() {
    let scratch = Scratch::new();
    let damages: [fn(&std::path::Path); 2] =
        [|path| std::fs::write(path, "{").unwrap(), |path| std::fs::remove_file(path).unwrap()];
    for damage in damages {
        publish(&scratch, &["BTCUSDT"], 1.0).unwrap();
        damage(&scratch.path("factors/1h/core__v1/metadata.json"));
        scratch.hub.factor_set(hour(), SET).unwrap_err();
        publisher(&scratch).check_definition(hour(), SET, &json!({"another": true})).unwrap();
        assert!(publisher(&scratch).begin(hour(), SET).unwrap().before().is_none());
        publish(&scratch, &["BTCUSDT"], 2.0).unwrap();
        assert_eq!(rank_of(&scratch.hub.factor_set(hour(), SET).unwrap(), "BTCUSDT"), 2.0);
    }
    let path = scratch.path("factors/1h/core__v1/metadata.json");
    let newer = std::fs::read_to_string(&path).unwrap().replace("\"format_version\": ", "\"format_version\": 9");
    std::fs::write(path, newer).unwrap();
    let error = publish(&scratch, &["BTCUSDT"], 3.0).unwrap_err().to_string();
    assert!(error.contains("newer than this program knows"), "what a newer program wrote is not damaged: {error}");
}

#[test]
fn a_removed_generation_does_not_come_back_half_made() {
    let scratch = Scratch::new();
    publish(&scratch, &["BTCUSDT"], 1.0).unwrap();
    std::fs::remove_dir_all(scratch.path(".generations/1h/core__v1/1")).unwrap();
    let generation = publisher(&scratch).begin(hour(), SET).unwrap();
    generation.write_symbol("BTCUSDT", &Rows::new(10, 2.0).table()).unwrap();
    assert!(!scratch.path("factors/1h/core__v1").exists(), "the link leads nowhere until the commit");
    generation.commit(&definition(1)).unwrap();
    assert_eq!(rank_of(&scratch.hub.factor_set(hour(), SET).unwrap(), "BTCUSDT"), 2.0);
}

#[test]
fn what_is_absent_names_the_nearest() {
    let scratch = Scratch::new();
    publish(&scratch, &["BTCUSDT"], 1.0).unwrap();
    let open = |frame: &str, set: &str| scratch.hub.factor_set(frame.parse().unwrap(), set).unwrap_err().to_string();
    assert!(open("1h", "core_v1").contains("no factor set `core_v1` of timeframe 1h; did you mean `core__v1`?"));
    assert!(open("4h", SET).contains("no factor set `core__v1` of timeframe 4h; it exists for 1h"));
    assert!(open("1h", "../x").contains("cannot be the name of a factor set"));
    let set = scratch.hub.factor_set(hour(), SET).unwrap();
    let read = |symbol: &str, column: &str| set.read(symbol, &[column], Range::ALL).unwrap_err().to_string();
    assert!(read("BTCUSD", "rank").contains("has no symbol BTCUSD; did you mean `BTCUSDT`?"));
    assert!(read("BTCUSDT", "return_6").contains("has no column `return_6`; did you mean `return_5`?"));
    assert!(read("BTCUSDT", "tradable_flag").contains("has no column `tradable_flag`"));
}

#[test]
fn a_folder_in_place_of_the_link_is_refused() {
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.path("factors/1h/core__v1")).unwrap();
    let error = publisher(&scratch).begin(hour(), SET).unwrap_err().to_string();
    assert!(error.contains("is a folder, expected a link"), "{error}");
}

/// Every open during a stream of commits sees one complete generation.
#[test]
fn readers_see_one_generation_whatever_is_committed() {
    let scratch = Scratch::new();
    publish(&scratch, &["A", "B"], 1.0).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut opened = 0;
            while !done.load(Ordering::Relaxed) {
                let Ok(set) = scratch.hub.factor_set(hour(), SET) else { continue };
                // Two commits within this read remove the generation; that is an error, never a mixture.
                let read = |symbol: &str| set.read(symbol, &["rank"], Range::ALL).map(|t| t.f64("rank").unwrap()[0]);
                if let (Ok(a), Ok(b)) = (read("A"), read("B")) {
                    assert_eq!((a, b), (set.metadata().generation as f64, a), "one generation");
                    opened += 1;
                }
            }
            opened
        });
        for seed in 2..30 {
            publish(&scratch, &["A", "B"], f64::from(seed)).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
}

#[test]
fn symbols_are_written_from_several_threads() {
    let scratch = Scratch::new();
    let generation = publisher(&scratch).begin(hour(), SET).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let generation = &generation;
            scope.spawn(move || {
                for i in 0..5 {
                    let rows = Rows::new(10, f64::from(thread * 5 + i));
                    generation.write_symbol(&format!("S{thread}{i}"), &rows.table()).unwrap();
                }
            });
        }
    });
    generation.commit(&definition(1)).unwrap();
    let set = scratch.hub.factor_set(hour(), SET).unwrap();
    assert_eq!(set.symbols().len(), 20);
    assert_eq!(rank_of(&set, "S32"), 17.0);
    set.verify().unwrap();
}
