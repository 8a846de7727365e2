//! The library's bytes and ours, over values of every shape.

use std::fs::File;
use std::sync::Arc;

use parquet::file::writer::SerializedFileWriter;

use super::*;
use crate::parquet_file::write::{TableWriter, properties, schema_of, write_column};

/// The columns of a tick table, and one of words.
fn specs() -> Vec<ColumnSpec> {
    vec![
        ColumnSpec::new("id", ValueKind::Integer, Storage::Delta),
        ColumnSpec::new("timestamp", ValueKind::Time, Storage::Delta),
        ColumnSpec::new("price", ValueKind::Float, Storage::Dictionary),
        ColumnSpec::new("side", ValueKind::MaybeBool, Storage::Plain),
        ColumnSpec::new("raw", ValueKind::Float, Storage::Plain),
        ColumnSpec::new("word", ValueKind::Text, Storage::Dictionary),
    ]
}

/// A row group.
#[derive(Clone)]
struct Group {
    ids: Vec<i64>,
    times: Vec<i64>,
    prices: Vec<f64>,
    sides: Vec<Option<bool>>,
    words: Vec<String>,
}

impl Group {
    fn values(&self) -> [Values<'_>; 6] {
        let (ids, times) = (Values::I64(&self.ids), Values::I64(&self.times));
        let (prices, sides) = (Values::F64(&self.prices), Values::MaybeBool(&self.sides));
        [ids, times, prices, sides, Values::F64(&self.prices), Values::Text(&self.words)]
    }
}

/// A sequence of numbers that looks random.
fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 11
    }
}

/// Rows whose prices take `distinct` values, in runs of lengths that depend on `seed`, and whose ids jump now and then.
fn group(rows: usize, distinct: u64, seed: u64) -> Group {
    let mut next = random(seed);
    let (mut id, mut time, mut price) = (-5_i64, 1_700_000_000_000_000_i64, 0);
    let mut group = Group { ids: vec![], times: vec![], prices: vec![], sides: vec![], words: vec![] };
    for row in 0..rows {
        id = id.wrapping_add(if next().is_multiple_of(1_000) { (next() as i64) << 9 } else { 1 });
        time += if next().is_multiple_of(3) { 0 } else { (next() % 5_000_000) as i64 };
        if next().is_multiple_of(1 + seed % 40) {
            price = if distinct > rows as u64 / 2 { row as u64 % distinct } else { next() % distinct };
        }
        group.ids.push(id);
        group.times.push(time);
        group.prices.push(price as f64 / 8.0);
        group.sides.push(Some(next().is_multiple_of(2)));
        group.words.push(format!("w{}", next() % 3));
    }
    group
}

/// What the library alone writes.
fn by_library(groups: &[Group], page_rows: usize) -> Vec<u8> {
    let schema = Arc::new(schema_of(&specs()).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties(&specs(), page_rows))).unwrap();
    for group in groups {
        let mut rows = writer.next_row_group().unwrap();
        group.values().into_iter().for_each(|values| write_column(&mut rows, values).unwrap());
        rows.close().unwrap();
    }
    writer.into_inner().unwrap()
}

/// Compares a file of ours with the library's.
fn check(what: &str, groups: &[Group], page_rows: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    let mut writer = TableWriter::new(&path, File::create(&path).unwrap(), &specs(), page_rows).unwrap();
    groups.iter().for_each(|group| writer.write_group(&group.values()).unwrap());
    writer.finish().unwrap();
    let (ours, theirs) = (std::fs::read(&path).unwrap(), by_library(groups, page_rows));
    let at = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs).unwrap_or(ours.len().min(theirs.len()));
    let near = |bytes: &[u8]| bytes[at.saturating_sub(16)..(at + 16).min(bytes.len())].to_vec();
    let lengths = (ours.len(), theirs.len());
    assert!(ours == theirs, "{what}: differ at {at} of {lengths:?}: {:?}, not {:?}", near(&ours), near(&theirs));
}

#[test]
fn the_bytes_are_the_librarys() {
    for rows in [1, 2, 7, 8, 9, 63, 64, 65, 256, 257, 258, 511, 512, 513, 2_000] {
        for seed in [1, 7, 39, 80] {
            check(&format!("{rows} rows, seed {seed}"), &[group(rows, 300, seed), group(rows, 2, seed + 1)], 1 << 16);
        }
    }
    for (distinct, page_rows) in [(1, 1_024), (2, 700), (50, 4_096), (5_000, 1_000)] {
        let groups = [group(20_000, distinct, 3), group(8_192, distinct, 40)];
        check(&format!("{distinct} prices, {page_rows} rows a page"), &groups, page_rows);
    }
}

#[test]
fn long_pages_and_long_dictionaries() {
    // One below the number at which the library gives a dictionary up, and that number.
    for distinct in [DISTINCT_MAX - 1, DISTINCT_MAX] {
        let one = Group { prices: (0..140_000).map(|row| (row % distinct) as f64).collect(), ..group(140_000, 9, 11) };
        check(&format!("{distinct} prices"), &[one, group(1_000, 5, 2)], 1 << 16);
    }
    check("pages of more rows than are ours", &[group(140_000, 9, 1)], 1 << 17);
}

#[test]
fn values_at_the_ends() {
    let ends = [i64::MIN, i64::MAX, 0, -1, 1, i64::MIN, i64::MIN, i64::MAX];
    let prices = [0.0, -0.0, f64::NAN, f64::INFINITY, -f64::NAN, 5e-324, f64::MAX, 0.0];
    let plain = group(8, 2, 5);
    let odd = Group { ids: ends.to_vec(), times: ends.to_vec(), prices: prices.to_vec(), ..plain.clone() };
    let missing = |every: usize| {
        let sides = (0..600).map(|row| (row % every != 0).then_some(row % 3 == 0)).collect();
        Group { sides, ..group(600, 20, 5) }
    };
    check("ends", &[odd.clone(), plain, odd], 1 << 16);
    check("missing sides", &[missing(1), missing(7), missing(599), group(600, 20, 6)], 1 << 16);
}
