//! Files written by pyarrow 26 (see `make.py` beside them), whole and damaged.

use crosscut_model::time::DAY;

use super::*;

/// Writes bytes to a file of a folder that goes away.
fn file(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.feather");
    fs::write(&path, bytes).unwrap();
    (dir, path)
}

/// The same five rows in two batches, packed in three ways.
const WHOLE: [&[u8]; 3] =
    [include_bytes!("tests/lz4.feather"), include_bytes!("tests/zstd.feather"), include_bytes!("tests/plain.feather")];

#[test]
fn columns_of_every_type() {
    for bytes in WHOLE {
        let (_dir, path) = file(bytes);
        let names: Vec<String> =
            schema(&path).unwrap().into_iter().map(|(name, kind)| format!("{name}: {kind}")).collect();
        assert_eq!(
            names.join(", "),
            "date: times, day: times, open: floating-point numbers, small: floating-point numbers, n: whole numbers, \
             gap: whole numbers, flag: flags, word: text"
        );
        let table = read(&path, &["word", "date", "day", "open", "small", "n", "gap", "flag"]).unwrap();
        let start = crosscut_model::time::midnight(2024, 1, 1);
        assert_eq!(table.i64("date").unwrap(), [0, 1, 2, 3, 4].map(|i| start + i * 3_600_000_000 + 7_000));
        assert_eq!(table.i64("day").unwrap(), [0, 1, 2, 3, 4].map(|i| start + i * DAY));
        let open = table.f64("open").unwrap();
        assert_eq!((open[0], open[4]), (1.5, 5.5));
        assert!(open[2].is_nan());
        assert_eq!(table.f64("small").unwrap(), [0.25, 0.5, 0.75, 1.0, 1.25]);
        assert_eq!(table.i64("n").unwrap(), [-2, -1, 0, 1, 2]);
        let gap = table.f64("gap").unwrap();
        assert!(gap[0].is_nan() && gap[1..] == [7.0, 8.0, 9.0, 10.0]);
        assert_eq!(table.get("flag"), Some(&Column::Bool(vec![true, false, true, false, true])));
        assert_eq!(table.text("word").unwrap(), ["a", "", "\u{5e01}", "dd", "e"]);
    }
}

#[test]
fn what_is_not_read_is_named() {
    let says = |bytes: &[u8]| {
        let (_dir, path) = file(bytes);
        schema(&path).unwrap_err().to_string()
    };
    assert!(says(include_bytes!("tests/dictionary.feather")).contains("column `kind` is nested, dictionary-encoded"));
    assert!(says(include_bytes!("tests/nested.feather")).contains("column `list` is nested"));
    assert!(says(b"FEA1....").contains("is Feather version 1"));
    assert!(says(b"ARROW1").contains("does not end with the footer"));
    let (_dir, path) = file(WHOLE[0]);
    let error = read(&path, &["opn"]).unwrap_err().to_string();
    assert!(error.contains("has no column `opn`") && error.contains("did you mean `open`"), "{error}");
}

#[test]
fn no_damage_makes_it_panic() {
    for bytes in WHOLE {
        let names = ["word", "date", "day", "open", "small", "n", "gap", "flag"];
        for length in (0..bytes.len()).step_by(61) {
            let (_dir, path) = file(&bytes[..length]);
            assert!(read(&path, &names).is_err(), "{length}");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.feather");
        for at in (0..bytes.len()).step_by(9) {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 0xff;
            fs::write(&path, &damaged).unwrap();
            // Padding and unused metadata may change unseen; what matters is an answer.
            let _ = read(&path, &names);
        }
    }
}

#[test]
fn files_of_freqtrade() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("CROSSCUT_SHARED").map_or(here, std::path::PathBuf::from);
    let path = shared.join("data/crypto/freqtrade_futures/XRP_USDT_USDT-1h-futures.feather");
    if !path.exists() {
        println!("skipped: shared data not found");
        return;
    }
    // By pandas: len, first and last date, sum of close and volume.
    let table = read(&path, &["date", "close", "volume"]).unwrap();
    let date = table.i64("date").unwrap();
    assert_eq!((date.len(), date[0], date[99]), (100, 1_637_110_800_000_000, 1_637_467_200_000_000));
    let sum = |name: &str| table.f64(name).unwrap().iter().sum::<f64>();
    assert!((sum("close") - 108.08699).abs() < 1e-9 && (sum("volume") / 241_633_921.427_190_07 - 1.0).abs() < 1e-12);
}
