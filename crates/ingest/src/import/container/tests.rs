//! Streams that are not what their container says.

use std::io::Read as _;

use super::*;
use crate::testing::Bench;

/// Reads a file to its end, as text or as the message of what went wrong.
fn read(path: &Path) -> String {
    let container = match recognise(path) {
        Ok(container) => container,
        Err(fault) => return fault.reason,
    };
    let mut text = String::new();
    match open(path, &container).unwrap().read_to_string(&mut text) {
        Ok(_) => text,
        Err(error) => cannot_read(&error).reason,
    }
}

#[test]
fn containers_by_their_first_bytes() {
    let bench = Bench::new();
    assert_eq!(read(&bench.file("a.zip", "plain\n")), "plain\n");
    assert_eq!(read(&bench.gzip("b.csv", "zipped\n")), "zipped\n");
    assert_eq!(read(&bench.zip("c", "member\n")), "member\n");
    assert_eq!(read(&bench.file("d.csv", "")), "the file is empty; expected trades, bars or instruments");
    assert_eq!(read(bench.dir.path()), "is a folder where a file was expected");
    assert_eq!(read(&bench.path("none")), "there is no such file or folder");
}

#[test]
fn a_zip_that_lies_about_its_content() {
    let bench = Bench::new();
    let text = "1,2,3\n".repeat(1000);
    let good = std::fs::read(bench.zip("a", &text)).unwrap();
    // The directory entry holds CRC-32 at 16, packed size at 20 and size at 24 behind its signature.
    let entry = good.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    let lie = |at: usize, add: u8| {
        let mut bytes = good.clone();
        bytes[entry + at] = bytes[entry + at].wrapping_add(add);
        read(&bench.file("lie.zip", bytes))
    };
    assert_eq!(read(&bench.file("same.zip", good.clone())), text);
    assert_eq!(lie(16, 1), "the compressed data is damaged: its CRC-32 is not what the archive says");
    assert_eq!(lie(24, 1), "the file is cut short: its compressed data ends too early");
    assert_eq!(lie(24, 255), "the compressed data is damaged: it inflates to more bytes than the archive says");
}

#[test]
fn the_head_ends_with_a_line() {
    let bench = Bench::new();
    let path = bench.file("a.csv", "one\ntwo\nthree");
    assert_eq!(head(&path, &Container::Plain, 100).unwrap(), b"one\ntwo\nthree\n");
    assert_eq!(head(&path, &Container::Plain, 9).unwrap(), b"one\ntwo\n");
    assert!(head(&path, &Container::Plain, 2).is_err());
}
