//! Table and provenance: what disagrees, what was cut off, what another program wrote.

use crosscut_model::{Bars, Range};

use crate::error::HubError;
use crate::fixtures::{Scratch, assert_same_bars, hourly, source, spec};
use crate::provenance::Origin;
use crate::publisher::IngestPublisher;

const TABLE: &str = "bars/binance/1h/BTCUSDT.parquet";
const PROVENANCE: &str = "provenance/bars/binance/1h/BTCUSDT.parquet.json";

fn published(bars: &Bars) -> Scratch {
    let scratch = Scratch::new();
    publish(&scratch, bars);
    scratch
}

fn publish(scratch: &Scratch, bars: &Bars) {
    scratch.publisher.publish_bars("binance", &spec("1h"), "BTCUSDT", bars, &source(Origin::Klines)).unwrap();
}

fn read(scratch: &Scratch) -> Result<Bars, HubError> {
    scratch.hub.read_all_bars("binance", &spec("1h"), "BTCUSDT")
}

#[test]
fn publishing_again_replaces() {
    let scratch = published(&hourly(10, 1.0));
    publish(&scratch, &hourly(20, 2.0));
    assert_same_bars(&read(&scratch).unwrap(), &hourly(20, 2.0));
    let hidden = |folder: &str| {
        let names = std::fs::read_dir(scratch.path(folder)).unwrap();
        names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with('.'))
            .count()
    };
    assert_eq!((hidden("bars/binance/1h"), hidden("provenance/bars/binance/1h")), (0, 0), "nothing is left aside");
}

#[test]
fn row_count_disagreement_names_both_files() {
    let scratch = published(&hourly(10, 1.0));
    let text = std::fs::read_to_string(scratch.path(PROVENANCE)).unwrap();
    std::fs::write(scratch.path(PROVENANCE), text.replace("\"rows\": 10", "\"rows\": 11")).unwrap();
    let error = read(&scratch).unwrap_err().to_string();
    assert!(error.contains(&format!("{TABLE}`")) && error.contains(&format!("{PROVENANCE}`")), "{error}");
    assert!(error.contains("the table has 10 rows") && error.contains("states 11 rows"), "{error}");
}

#[test]
fn missing_or_broken_provenance() {
    let scratch = published(&hourly(10, 1.0));
    std::fs::write(scratch.path(PROVENANCE), "{\"table\": ").unwrap();
    let error = read(&scratch).unwrap_err().to_string();
    assert!(error.contains("cannot be read as the provenance of a table"), "{error}");
    std::fs::remove_file(scratch.path(PROVENANCE)).unwrap();
    let error = read(&scratch).unwrap_err().to_string();
    assert!(error.contains("cannot open") && error.contains(PROVENANCE), "{error}");
}

#[test]
fn truncated_table() {
    let scratch = published(&hourly(10, 1.0));
    let bytes = std::fs::read(scratch.path(TABLE)).unwrap();
    std::fs::write(scratch.path(TABLE), &bytes[..bytes.len() / 2]).unwrap();
    let error = read(&scratch).unwrap_err().to_string();
    assert!(error.contains(TABLE) && error.contains("its end is missing"), "{error}");
}

#[test]
fn changed_bytes_are_found_by_verification() {
    let scratch = published(&hourly(10, 1.0));
    scratch.hub.verify_table(TABLE).unwrap();
    let mut bytes = std::fs::read(scratch.path(TABLE)).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    std::fs::write(scratch.path(TABLE), &bytes).unwrap();
    let error = scratch.hub.verify_table(TABLE).unwrap_err().to_string();
    assert!(error.contains("was changed after it was published"), "{error}");
}

#[test]
fn foreign_and_newer_files_are_refused() {
    let scratch = published(&hourly(10, 1.0));
    let foreign = crate::parquet_file::write(&scratch.path(TABLE), &crosscut_model::Table::default(), &[]);
    foreign.unwrap();
    assert!(read(&scratch).unwrap_err().to_string().contains("was not published by crosscut"));
    let scratch = published(&hourly(10, 1.0));
    let text = std::fs::read_to_string(scratch.path(PROVENANCE)).unwrap();
    std::fs::write(scratch.path(PROVENANCE), text.replace("\"format_version\": 1", "\"format_version\": 9")).unwrap();
    assert!(read(&scratch).unwrap_err().to_string().contains("format version 9 is newer"));
}

#[test]
fn killed_between_the_two_renames() {
    let (old, new) = (hourly(10, 1.0), hourly(20, 2.0));
    let scratch = published(&old);
    let old_provenance = std::fs::read(scratch.path(PROVENANCE)).unwrap();
    publish(&scratch, &new);
    // As if the program had ended after the table's rename: the new provenance still waits beside the old one.
    let next = format!("{PROVENANCE}.next");
    std::fs::rename(scratch.path(PROVENANCE), scratch.path(&next)).unwrap();
    std::fs::write(scratch.path(PROVENANCE), &old_provenance).unwrap();
    assert_same_bars(&read(&scratch).unwrap(), &new);
    scratch.hub.verify_table(TABLE).unwrap();
    // And before it: the new provenance waits, the old table is still there.
    let waiting = std::fs::read(scratch.path(&next)).unwrap();
    publish(&scratch, &old);
    std::fs::write(scratch.path(&next), waiting).unwrap();
    assert_same_bars(&read(&scratch).unwrap(), &old);
    // The next publication clears it up.
    publish(&scratch, &new);
    assert!(!scratch.path(&next).exists());
    assert_same_bars(&read(&scratch).unwrap(), &new);
}

#[test]
fn opening_for_publishing_settles_what_a_killed_writer_left() {
    let scratch = published(&hourly(10, 1.0));
    let next = format!("{PROVENANCE}.next");
    let provenance = std::fs::read(scratch.path(PROVENANCE)).unwrap();
    // Killed after the table's rename: the table is there, so its provenance is put in place.
    std::fs::rename(scratch.path(PROVENANCE), scratch.path(&next)).unwrap();
    IngestPublisher::create(scratch.hub.root()).unwrap();
    assert_eq!(std::fs::read(scratch.path(PROVENANCE)).unwrap(), provenance);
    assert!(!scratch.path(&next).exists());
    // Killed before it: the old table and its provenance stay.
    let text = String::from_utf8(provenance.clone()).unwrap().replace("\"rows\": 10", "\"rows\": 20");
    std::fs::write(scratch.path(&next), text).unwrap();
    IngestPublisher::create(scratch.hub.root()).unwrap();
    assert_eq!(std::fs::read(scratch.path(PROVENANCE)).unwrap(), provenance);
    assert_same_bars(&read(&scratch).unwrap(), &hourly(10, 1.0));
}

#[test]
fn readers_see_old_or_new_and_never_a_part() {
    let (old, new) = (hourly(50, 1.0), hourly(90, 2.0));
    let scratch = published(&old);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = [0, 0];
            while seen[0] == 0 || seen[1] == 0 {
                let table = scratch.hub.read_bars("binance", &spec("1h"), "BTCUSDT", &["close"], Range::ALL);
                match table {
                    Ok(table) if table.len() == 50 => seen[0] += 1,
                    Ok(table) => {
                        assert_eq!(table.len(), 90);
                        seen[1] += 1;
                    }
                    // A publisher busier than any real one can outrun the reader's attempts.
                    Err(HubError::Disagree { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        while !reader.is_finished() {
            publish(&scratch, &new);
            publish(&scratch, &old);
        }
    });
}
