//! Tables made of kept and appended rows: the same values as one write, whatever the history; old groups as bytes.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use crosscut_model::time::{HOUR, midnight};
use crosscut_model::{Column, Range, Table};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::factors::{FactorDefinition, FactorPublisher, FactorSet};
use crate::fixtures::Scratch;
use crate::parquet_file::ParquetFile;

const SET: &str = "core__v1";

/// Columns `a` and `b`, and as many more as make a table large.
struct Rows {
    names: Vec<String>,
    timestamp: Vec<i64>,
    available_at: Vec<i64>,
    columns: Vec<Vec<f64>>,
    tradable: Vec<bool>,
}

impl Rows {
    fn new(n: usize, n_columns: usize, seed: u64) -> Self {
        let timestamp: Vec<i64> = (0..n as i64).map(|i| midnight(2024, 1, 1) + i * HOUR).collect();
        let value = |row: usize, column: usize| {
            let mixed = (row as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(column as u32 % 64);
            if mixed.is_multiple_of(5) { f64::NAN } else { (mixed % 100_003) as f64 / 7.0 }
        };
        let column = |column: usize| match column {
            0 => vec![f64::NAN; n],
            _ => (0..n).map(|row| value(row, column)).collect(),
        };
        Self {
            names: (0..n_columns).map(|column| format!("c{column}")).collect(),
            available_at: timestamp.iter().map(|t| t + HOUR).collect(),
            columns: (0..n_columns).map(column).collect(),
            tradable: (0..n).map(|row| row % 7 != 3).collect(),
            timestamp,
        }
    }

    /// Changes the values from a row on.
    fn correct(&mut self, from: usize, seed: u64) {
        let other = Self::new(self.timestamp.len(), self.names.len(), seed);
        for (mine, theirs) in self.columns.iter_mut().zip(other.columns) {
            mine[from..].copy_from_slice(&theirs[from..]);
        }
    }

    fn table(&self, rows: std::ops::Range<usize>) -> FactorTable<'_> {
        let columns = self.names.iter().zip(&self.columns);
        FactorTable {
            timestamp: &self.timestamp[rows.clone()],
            available_at: &self.available_at[rows.clone()],
            bar_seq: None,
            columns: columns.map(|(name, values)| (name.as_str(), &values[rows.clone()])).collect(),
            tradable_flag: &self.tradable[rows],
        }
    }
}

/// A hub with one set.
struct Place {
    scratch: Scratch,
    publisher: FactorPublisher,
}

impl Place {
    fn new() -> Self {
        let scratch = Scratch::new();
        let publisher = FactorPublisher::create(scratch.hub.root()).unwrap();
        Self { scratch, publisher }
    }

    fn begin(&self) -> Generation {
        self.publisher.begin("1h".parse().unwrap(), SET).unwrap()
    }

    fn commit(&self, generation: Generation, names: &[String]) {
        let definition = FactorDefinition {
            source_data_path: "bars/binance/1h".to_owned(),
            code_version: "0.1.0".to_owned(),
            generation_time: "2025-10-07T12:00:00Z".to_owned(),
            columns: names.to_vec(),
            notes: Vec::new(),
            config: json!({"factor_set": SET}),
            inputs: Vec::new(),
            operator_state: None,
            proof: std::collections::BTreeMap::new(),
            warnings: Vec::new(),
        };
        generation.commit(&definition).unwrap();
    }

    /// Publishes a symbol whose rows before `keep` are kept and whose others are appended in pieces of `step`.
    fn publish(&self, rows: &Rows, keep: usize, step: usize) {
        let generation = self.begin();
        let mut builder = generation.table("X", &rows.names).unwrap();
        builder.keep_before(keep).unwrap();
        let n = rows.timestamp.len();
        for from in (keep..n).step_by(step) {
            builder.append(&rows.table(from..n.min(from + step))).unwrap();
        }
        builder.finish().unwrap();
        self.commit(generation, &rows.names);
    }

    fn set(&self) -> FactorSet {
        self.scratch.hub.factor_set("1h".parse().unwrap(), SET).unwrap()
    }

    /// Files of the symbol's table.
    fn files(&self) -> Vec<Arc<ParquetFile>> {
        self.set().open_table("X").unwrap()
    }

    /// Rows of each row group.
    fn groups(&self) -> Vec<usize> {
        let rows = |file: &Arc<ParquetFile>| {
            file.footer.row_groups().iter().map(|group| group.num_rows() as usize).collect::<Vec<_>>()
        };
        self.files().iter().flat_map(rows).collect()
    }
}

fn bits(table: &Table) -> Vec<(String, Vec<u64>)> {
    let column = |column: &Column| match column {
        Column::F64(v) => v.iter().map(|x| x.to_bits()).collect(),
        Column::I64(v) => v.iter().map(|x| x.cast_unsigned()).collect(),
        Column::Bool(v) => v.iter().map(|x| u64::from(*x)).collect(),
        Column::Text(_) => Vec::new(),
    };
    table.columns.iter().map(|(name, values)| (name.clone(), column(values))).collect()
}

/// Demands that the published table and what is said of it are those of one write of the same rows.
fn check_same(place: &Place, rows: &Rows) {
    let once = Place::new();
    let generation = once.begin();
    generation.write_symbol("X", &rows.table(0..rows.timestamp.len())).unwrap();
    once.commit(generation, &rows.names);
    let (built, written) = (place.set(), once.set());
    let names: Vec<&str> = rows.names.iter().map(String::as_str).collect();
    let n = rows.timestamp.len();
    let ranges =
        [Range::ALL, Range { start: rows.timestamp.get(n / 3).copied(), end: rows.timestamp.get(n / 2).copied() }];
    for range in ranges {
        let (a, b) = (built.read("X", &names, range).unwrap(), written.read("X", &names, range).unwrap());
        assert_eq!(bits(&a), bits(&b));
    }
    assert_eq!(built.metadata().quality, written.metadata().quality);
    let of = |set: &FactorSet| {
        let entry = set.metadata().tables["X"].clone();
        (entry.rows, entry.first, entry.last, entry.rows_hash.unwrap())
    };
    assert_eq!(of(&built), of(&written));
    assert_eq!(built.metadata().start_time, written.metadata().start_time);
    built.verify().unwrap();
    let left: Vec<_> = fs::read_dir(built.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "one table and the metadata: {left:?}");
}

/// Bytes of each column of a row group.
fn chunks(file: &ParquetFile, group: usize) -> Vec<Vec<u8>> {
    let bytes = fs::read(&file.path).unwrap();
    let ranges = file.footer.row_group(group).columns().iter().map(|chunk| chunk.byte_range());
    ranges.map(|(start, length)| bytes[start as usize..(start + length) as usize].to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Small and large tables, appended to and corrected many times.
    #[test]
    fn any_history_gives_the_values_of_one_write(
        start in prop_oneof![0..40_usize, 300..900_usize, 16_300..16_500_usize, 30_000..40_000_usize],
        wide in any::<bool>(),
        steps in prop::collection::vec((1..700_usize, prop::option::of(0.0..1.0_f64), 1..900_usize), 1..9),
    ) {
        let (place, n_columns) = (Place::new(), if wide { 12 } else { 2 });
        let mut rows = Rows::new(start, n_columns, 1);
        place.publish(&rows, 0, 5_000);
        check_same(&place, &rows);
        for (at, (more, correction, step)) in steps.into_iter().enumerate() {
            let before = rows.timestamp.len();
            let longer = Rows::new(before + more, n_columns, 1);
            let old = std::mem::replace(&mut rows, longer);
            for (new, old) in rows.columns.iter_mut().zip(&old.columns) {
                new[..before].copy_from_slice(old);
            }
            let keep = correction.map_or(before, |share| (share * before as f64) as usize);
            rows.correct(keep, at as u64 + 2);
            place.publish(&rows, keep, step);
            check_same(&place, &rows);
        }
    }
}

#[test]
fn a_long_history_of_days_leaves_few_groups() {
    let (place, n_columns) = (Place::new(), 12);
    let all = Rows::new(20_000, n_columns, 1);
    let part = |n: usize| {
        let mut rows = Rows::new(n, n_columns, 1);
        for (mine, theirs) in rows.columns.iter_mut().zip(&all.columns) {
            mine.copy_from_slice(&theirs[..n]);
        }
        rows
    };
    let mut n = 17_000;
    place.publish(&part(n), 0, 20_000);
    let (mut most, mut joins, mut was_two) = (0, 0, false);
    while n + 24 <= 20_000 {
        let rows = part(n + 24);
        place.publish(&rows, n, 24);
        n += 24;
        let is_two = place.files().len() == 2;
        joins += usize::from(was_two && !is_two);
        was_two = is_two;
        most = most.max(place.groups().len());
    }
    check_same(&place, &part(n));
    assert!(joins >= 1, "the tail grew beyond its share");
    assert!(most <= 14, "{most} groups");
}

#[test]
fn old_groups_are_copied_as_bytes() {
    let place = Place::new();
    let rows = Rows::new(40_000, 2, 1);
    place.publish(&rows, 0, 40_000);
    let old = place.files().remove(0);
    assert_eq!(place.groups(), [16_384, 16_384, 7_232]);
    // A correction in the last group: the groups before it are in a new file, byte for byte.
    let mut corrected = Rows::new(40_100, 2, 1);
    corrected.correct(35_000, 9);
    place.publish(&corrected, 35_000, 40_000);
    let new = place.files().remove(0);
    assert_eq!(place.groups(), [16_384, 16_384, 7_332]);
    for group in 0..2 {
        assert_eq!(chunks(&old, group), chunks(&new, group));
    }
    assert_ne!(chunks(&old, 2), chunks(&new, 2));
    check_same(&place, &corrected);
}

#[test]
fn a_large_table_gets_a_tail() {
    let place = Place::new();
    let rows = Rows::new(20_000, 12, 1);
    place.publish(&rows, 0, 20_000);
    let old = place.files().remove(0);
    let inode = |path: PathBuf| fs::metadata(path).unwrap().ino();
    let base = inode(old.path.clone());
    let longer = Rows::new(20_048, 12, 1);
    for (keep, n) in [(20_000, 20_024), (20_024, 20_048)] {
        let part = Rows::new(n, 12, 1);
        place.publish(&part, keep, 24);
        let files = place.files();
        assert_eq!(files.len(), 2);
        assert_eq!(inode(files[0].path.clone()), base, "the base is the old file");
        assert!(files[0].path.ends_with("X.parquet/base.parquet") && files[1].path.ends_with("X.parquet/tail.parquet"));
    }
    assert_eq!(place.groups(), [16_384, 3_616, 48]);
    check_same(&place, &longer);
    // Nothing new: everything is a link.
    let generation = place.begin();
    let mut builder = generation.table("X", &longer.names).unwrap();
    builder.keep_before(20_048).unwrap();
    builder.finish().unwrap();
    place.commit(generation, &longer.names);
    check_same(&place, &longer);
    assert_eq!(inode(place.files()[0].path.clone()), base);
    // A correction inside the tail keeps the base, one inside the base makes one file.
    let mut corrected = Rows::new(20_060, 12, 1);
    corrected.correct(20_030, 5);
    place.publish(&corrected, 20_030, 100);
    assert_eq!((place.files().len(), inode(place.files()[0].path.clone())), (2, base));
    check_same(&place, &corrected);
    let cut = Rows::new(20_000, 12, 1);
    place.publish(&cut, 20_000, 1);
    assert_eq!((place.files().len(), inode(place.files()[0].path.clone())), (1, base));
    check_same(&place, &cut);
    corrected.correct(18_000, 6);
    place.publish(&corrected, 18_000, 3_000);
    assert_eq!(place.files().len(), 1);
    check_same(&place, &corrected);
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let place = Place::new();
    let rows = Rows::new(100, 2, 1);
    place.publish(&rows, 0, 100);
    let generation = place.begin();
    let begin = || generation.table("X", &rows.names).unwrap();
    let mut builder = begin();
    let error = builder.keep_before(101).unwrap_err().to_string();
    assert!(error.contains("X is refused: 101 rows are to be kept, the published table has 100"), "{error}");
    builder.keep_before(50).unwrap();
    assert!(builder.keep_before(50).unwrap_err().to_string().contains("in front of all others"));
    let error = builder.append(&rows.table(49..60)).unwrap_err().to_string();
    assert!(error.contains("row 0: timestamp is 2024-01-03T01:00:00Z, expected strictly after"), "{error}");
    let mut infinite = Rows::new(100, 2, 1);
    infinite.columns[1][55] = f64::INFINITY;
    let error = builder.append(&infinite.table(50..60)).unwrap_err().to_string();
    assert!(error.contains("row 5: `c1` is inf"), "{error}");
    let other = Rows::new(100, 3, 1);
    let error = builder.append(&other.table(50..60)).unwrap_err().to_string();
    assert!(error.contains("the columns are c0, c1, c2; the table was begun with c0, c1"), "{error}");
    let mut wide = generation.table("X", &other.names).unwrap();
    assert!(wide.keep_before(1).unwrap_err().to_string().contains("the published ones are c0, c1"));
    drop((builder, wide));
    let mut first = begin();
    first.append(&rows.table(0..10)).unwrap();
    first.finish().unwrap();
    let error = generation.table("X", &rows.names).unwrap_err().to_string();
    assert!(error.contains("X was written before"), "{error}");
}

/// Many tables at once with little to write each time: more than may wait in memory goes to disk and comes back.
#[test]
fn rows_wait_on_disk_when_there_are_many() {
    let place = Place::new();
    let rows = Rows::new(20_000, 40, 1);
    let generation = place.begin();
    let names = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P"];
    let mut builders: Vec<_> = names.iter().map(|name| generation.table(name, &rows.names).unwrap()).collect();
    let mut spilled = false;
    for from in (0..20_000).step_by(2_500) {
        std::thread::scope(|scope| {
            for builder in &mut builders {
                let table = rows.table(from..from + 2_500);
                scope.spawn(move || builder.append(&table).unwrap());
            }
        });
        spilled |= place.scratch.path(&format!(".generations/1h/{SET}/1/.P.waiting")).exists();
    }
    assert!(spilled, "16 tables of 5 MB each wait with more than 64 MB");
    builders.into_iter().for_each(|builder| builder.finish().unwrap());
    place.commit(generation, &rows.names);
    let set = place.set();
    let asked: Vec<&str> = rows.names.iter().map(String::as_str).collect();
    let first = bits(&set.read("A", &asked, Range::ALL).unwrap());
    assert!(names.iter().all(|name| bits(&set.read(name, &asked, Range::ALL).unwrap()) == first));
    assert_eq!(first[6].1, rows.columns[4].iter().map(|x| x.to_bits()).collect::<Vec<_>>());
    let left = fs::read_dir(set.folder()).unwrap().count();
    assert_eq!(left, names.len() + 1);
}

#[test]
fn damage_is_not_copied_under_a_new_hash() {
    let place = Place::new();
    let rows = Rows::new(700, 3, 1);
    place.publish(&Rows::new(500, 3, 1), 0, 500);
    let path = place.files()[0].path.clone();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let generation = place.begin();
    let mut builder = generation.table("X", &rows.names).unwrap();
    let error = builder.keep_before(500).unwrap_err().to_string();
    assert!(error.contains("the table's hash is") && error.contains("crosscut factors run"), "{error}");
}
