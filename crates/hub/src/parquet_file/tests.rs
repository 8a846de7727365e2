//! Files written by other implementations (see `testdata/make.py`), our own round trips, and damaged files.

use std::path::PathBuf;

use crosscut_model::Trades;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::ticks::TickColumns;

/// Rows of the files in `testdata`.
const N: i64 = 120;

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn micros(row: i64) -> i64 {
    (1_700_000_000 + 3_600 * row) * 1_000_000 + 123_456
}

fn column(path: &Path, name: &str) -> Column {
    read(path, &[name]).unwrap().columns.remove(0).1
}

fn whole(of: impl Fn(i64) -> i64) -> Column {
    Column::I64((0..N).map(of).collect())
}

fn float(of: impl Fn(i64) -> f64) -> Column {
    Column::F64((0..N).map(of).collect())
}

fn name_of(row: i64) -> String {
    format!("name{}", row % 7)
}

/// Equal, with NaN equal to NaN.
fn assert_same(found: &Column, expected: &Column, what: &str) {
    match (found, expected) {
        (Column::F64(a), Column::F64(b)) => {
            let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(a), bits(b), "{what}");
        }
        _ => assert_eq!(found, expected, "{what}"),
    }
}

#[test]
fn every_type_in_every_compression() {
    for codec in ["snappy", "gzip", "brotli", "zstd", "lz4"] {
        let path = testdata(&format!("pyarrow_{codec}.parquet"));
        let hole = |row: i64| row % 10 == 3;
        let missing = |row: i64, value: f64| if hole(row) { f64::NAN } else { value };
        let expected = [
            ("time_s", whole(|i| micros(i) - 123_456)),
            ("time_ms", whole(|i| micros(i) / 1_000 * 1_000)),
            ("time_us", whole(micros)),
            ("time_ns", whole(micros)),
            ("time_us_utc", whole(micros)),
            ("time_ms_hk", whole(|i| micros(i) / 1_000 * 1_000)),
            ("day", whole(|i| (19_000 + i) * 86_400_000_000)),
            ("int8", whole(|i| i % 256 - 128)),
            ("int16", whole(|i| i - 250)),
            ("int32", whole(|i| i * 1_000 - 250_000)),
            ("int64", whole(|i| i * 1_000_000_000_000_000 - 100_000_000_000_000_000)),
            ("uint8", whole(|i| i)),
            ("uint16", whole(|i| i * 131)),
            ("uint32", whole(|i| 4_294_967_295 - i)),
            ("uint64", whole(|i| (1 << 62) + i)),
            ("half", float(|i| i as f64 / 8.0)),
            ("float", float(|i| i as f64 / 8.0)),
            ("double", float(|i| i as f64 / 7.0)),
            ("decimal", float(|i| (i * 12_345 - 1_000_000) as f64 / 1e8)),
            ("flag", Column::Bool((0..N).map(|i| i % 3 == 0).collect())),
            ("text", Column::Text((0..N).map(name_of).collect())),
            ("large", Column::Text((0..N).map(name_of).collect())),
            ("view", Column::Text((0..N).map(name_of).collect())),
            ("word", Column::Text((0..N).map(name_of).collect())),
            ("int64_holes", float(|i| missing(i, i as f64))),
            ("double_holes", float(|i| missing(i, i as f64 / 7.0))),
            ("text_holes", Column::Text((0..N).map(|i| if hole(i) { String::new() } else { name_of(i) }).collect())),
        ];
        for (name, values) in &expected {
            assert_same(&column(&path, name), values, &format!("{codec} {name}"));
        }
    }
}

#[test]
fn missing_times_and_flags_name_their_row() {
    let path = testdata("pyarrow_zstd.parquet");
    let error = read(&path, &["time_holes"]).unwrap_err().to_string();
    assert!(error.contains("row 3: `time_holes` is missing"), "{error}");
    let error = read(&path, &["flag_holes"]).unwrap_err().to_string();
    assert!(error.contains("row 3: `flag_holes` is missing"), "{error}");
}

#[test]
fn other_writers() {
    for file in ["pyarrow_int96.parquet", "pyarrow_split.parquet", "polars.parquet", "duckdb.parquet"] {
        let path = testdata(file);
        assert_same(&column(&path, "time_us"), &whole(micros), file);
        assert_same(&column(&path, "double"), &float(|i| i as f64 / 7.0), file);
    }
    for file in ["polars.parquet", "duckdb.parquet"] {
        let path = testdata(file);
        let holes = float(|i| if i % 10 == 3 { f64::NAN } else { i as f64 });
        assert_same(&column(&path, "int64_holes"), &holes, file);
        assert_same(&column(&path, "word"), &Column::Text((0..N).map(name_of).collect()), file);
        assert_same(&column(&path, "flag"), &Column::Bool((0..N).map(|i| i % 3 == 0).collect()), file);
    }
}

#[test]
fn types_are_named() {
    let types = schema(&testdata("pyarrow_zstd.parquet")).unwrap();
    let of = |name: &str| types.iter().find(|(column, _)| column == name).unwrap().1.clone();
    assert_eq!(of("time_ms_hk"), ColumnType::Time);
    assert_eq!(of("uint8"), ColumnType::Integer);
    assert_eq!(of("decimal"), ColumnType::Float);
    assert_eq!(of("flag"), ColumnType::Bool);
    assert_eq!(of("word"), ColumnType::Text);
    assert!(types.iter().any(|(_, of)| *of == ColumnType::Other("nested values".to_owned())));
    assert_eq!(n_rows(&testdata("pyarrow_zstd.parquet")).unwrap(), N as usize);
}

#[test]
fn batches_are_the_whole_table_cut() {
    let path = testdata("pyarrow_lz4.parquet");
    let columns = ["time_us", "double_holes", "int64_holes", "text", "flag"];
    let whole = read(&path, &columns).unwrap();
    for batch_rows in [1, 7, 50, 64, 1_000] {
        let mut seen = 0;
        let mut doubles = Vec::new();
        read_batches::<HubError>(&path, &columns, batch_rows, |batch| {
            assert!(batch.len() <= batch_rows);
            let rows = seen..seen + batch.len();
            assert_eq!(batch.i64("time_us").unwrap(), &whole.i64("time_us").unwrap()[rows.clone()]);
            assert_eq!(batch.text("text").unwrap(), &whole.text("text").unwrap()[rows.clone()]);
            assert_eq!(batch.bool("flag").unwrap(), &whole.bool("flag").unwrap()[rows.clone()]);
            doubles.extend_from_slice(batch.f64("double_holes").unwrap());
            seen += batch.len();
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, N as usize);
        assert_same(&Column::F64(doubles), whole.get("double_holes").unwrap(), "double_holes");
    }
}

#[test]
fn skipping_reads_the_same_rows() {
    let path = testdata("pyarrow_snappy.parquet");
    let file = Arc::new(ParquetFile::open(&path).unwrap());
    for name in ["double", "double_holes", "int64"] {
        for (from, n) in [(0, 0), (0, 5), (13, 40), (49, 2), (50, 50), (99, 21), (119, 1), (120, 0)] {
            let mut cursor = ColumnCursor::new(Arc::clone(&file), file.demand(name).unwrap());
            cursor.skip(from).unwrap();
            let found = next_column(&file, &mut cursor, file.demand(name).unwrap(), n).unwrap();
            match (found, column(&path, name)) {
                (Column::F64(a), Column::F64(b)) => assert_eq!(format!("{a:?}"), format!("{:?}", &b[from..from + n])),
                (Column::I64(a), Column::I64(b)) => assert_eq!(a, b[from..from + n]),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn absent_nested_and_repeated_columns_are_refused() {
    let path = testdata("pyarrow_zstd.parquet");
    let error = read(&path, &["duoble"]).unwrap_err().to_string();
    assert!(error.contains("there is no column `duoble`; did you mean `double`?"), "{error}");
    let error = read(&path, &["flag", "flag"]).unwrap_err().to_string();
    assert!(error.contains("asked for twice"), "{error}");
    let (nested, _) = schema(&path).unwrap().into_iter().find(|(name, _)| name.starts_with("nested")).unwrap();
    let error = read(&path, &[&nested]).unwrap_err().to_string();
    assert!(error.contains("cannot be read: it holds nested values"), "{error}");
}

#[test]
fn files_that_are_not_parquet() {
    let dir = TempDir::new().unwrap();
    let check = |bytes: &[u8], expected: &str| {
        let path = dir.path().join("x.parquet");
        std::fs::write(&path, bytes).unwrap();
        let error = schema(&path).unwrap_err().to_string();
        assert!(error.contains("x.parquet` cannot be read as Parquet") && error.contains(expected), "{error}");
    };
    check(b"", "it is empty (0 bytes)");
    check(b"open,high\n1,2\n", "it is not a Parquet file, or its end is missing (14 bytes");
    let whole = std::fs::read(testdata("polars.parquet")).unwrap();
    check(&whole[..whole.len() - 10], "its end is missing");
    assert!(schema(dir.path()).unwrap_err().to_string().contains("it is a folder"));
    let absent = schema(&dir.path().join("absent")).unwrap_err().to_string();
    assert!(absent.contains("cannot open") && absent.contains("absent"), "{absent}");
}

/// No damage may panic, hang or print; it is an error, or it went unnoticed where the format has no checksum.
#[test]
fn damaged_bytes_never_panic() {
    let dir = TempDir::new().unwrap();
    let attempt = |name: String, bytes: &[u8], columns: &[&str]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let outcome = read(&path, columns);
        std::fs::remove_file(&path).unwrap();
        outcome
    };
    for file in ["duckdb.parquet", "pyarrow_split.parquet", "pyarrow_int96.parquet"] {
        let whole = std::fs::read(testdata(file)).unwrap();
        let names: Vec<String> = schema(&testdata(file)).unwrap().into_iter().map(|(name, _)| name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= [0x01, 0x80, 0xFF][at % 3];
            let _ = attempt(format!("{file}-{at}"), &bytes, &names);
        }
        for length in (0..whole.len()).step_by(7) {
            let outcome = attempt(format!("{file}-cut-{length}"), &whole[..length], &names);
            assert!(outcome.is_err(), "{file} cut to {length} bytes");
        }
    }
}

#[test]
fn our_files_round_trip() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("t.parquet");
    let mut table = Table::default();
    table.push("time", Column::I64(vec![i64::MIN, -1, 0, 1_700_000_000_000_000, i64::MAX]));
    table.push("id", Column::I64(vec![5, 4, 3, i64::MAX, i64::MIN]));
    table.push("x", Column::F64(vec![f64::NAN, -0.0, f64::INFINITY, 1e-320, 0.1]));
    table.push("yes", Column::Bool(vec![true, false, true, true, false]));
    table.push("word", Column::Text(["", "a", "币安", "a", "x\ny"].map(str::to_owned).to_vec()));
    write(&path, &table, &["time"]).unwrap();
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    let back = read(&path, &names).unwrap();
    for ((name, found), (_, expected)) in back.columns.iter().zip(&table.columns) {
        assert_same(found, expected, name);
    }
    assert_eq!(schema(&path).unwrap()[0].1, ColumnType::Time);
    assert_eq!(schema(&path).unwrap()[1].1, ColumnType::Integer);
    write(&path, &Table::default(), &[]).unwrap();
    assert_eq!(n_rows(&path).unwrap(), 0);
}

#[test]
fn same_table_same_bytes() {
    let dir = TempDir::new().unwrap();
    let mut table = Table::default();
    table.push("t", Column::I64((0..70_000).map(|i| i * 60_000_000).collect()));
    table.push("x", Column::F64((0..70_000).map(|i| f64::from(i) / 3.0).collect()));
    let bytes = |name: &str| {
        let path = dir.path().join(name);
        write(&path, &table, &["t"]).unwrap();
        std::fs::read(path).unwrap()
    };
    assert_eq!(bytes("a"), bytes("b"));
}

/// Archive column names, whole-number times.
fn archive(times: Vec<i64>) -> Table {
    let n = times.len();
    let mut table = Table::default();
    table.push("agg_trade_id", Column::I64((0..n as i64).collect()));
    table.push("price", Column::F64(vec![2.5; n]));
    table.push("quantity", Column::F64(vec![1.0; n]));
    table.push("first_trade_id", Column::I64((0..n as i64).collect()));
    table.push("last_trade_id", Column::I64((0..n as i64).collect()));
    table.push("transact_time", Column::I64(times));
    table.push("is_buyer_maker", Column::Bool((0..n).map(|i| i % 2 == 0).collect()));
    table
}

#[test]
fn trades_of_an_archive_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("t.parquet");
    let n = 150_000;
    write(&path, &archive((0..n).map(|i| 1_700_000_000_000 + i).collect()), &[]).unwrap();
    let mut batches = trade_batches(&path, TickColumns::ALL).unwrap();
    let (mut out, mut all) = (Trades::default(), Trades::default());
    while batches.next_batch(&mut out).unwrap() {
        all.extend_from(&out, 0..out.len());
    }
    assert!(out.is_empty());
    assert_eq!(all.len(), n as usize);
    assert_eq!(all.timestamp[100_001], (1_700_000_000_000 + 100_001) * 1_000);
    assert_eq!((all.trade_id[99_999], all.last_trade_id[3]), (99_999, 3));
    assert_eq!(all.is_buyer_maker[..3], [Some(true), Some(false), Some(true)]);
    let mut batches = trade_batches(&path, TickColumns::FOR_BARS).unwrap();
    assert!(batches.next_batch(&mut out).unwrap());
    assert!(out.trade_id.is_empty() && out.first_trade_id.is_empty() && out.is_buyer_maker.len() == out.len());
}

#[test]
fn mixed_time_units_name_the_row() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("t.parquet");
    write(&path, &archive(vec![1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_002_000]), &[]).unwrap();
    let error = trade_batches(&path, TickColumns::ALL).unwrap().next_batch(&mut Trades::default()).unwrap_err();
    assert!(error.to_string().contains("row 2: time 1700000000002000 is not in ms"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_table_round_trips(
        ids in prop::collection::vec(any::<i64>(), 0..3_000),
        seed in any::<u64>(),
        batch_rows in 1_usize..4_000,
    ) {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("t.parquet");
        let bits = |i: usize| (seed ^ i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32 % 64);
        let floats: Vec<f64> = (0..ids.len()).map(|i| f64::from_bits(bits(i))).map(|v| if v.is_nan() { f64::NAN } else { v }).collect();
        let mut table = Table::default();
        table.push("yes", Column::Bool(floats.iter().map(|v| *v > 0.0).collect()));
        table.push("word", Column::Text(ids.iter().map(|i| format!("{}", i % 5)).collect()));
        table.push("x", Column::F64(floats));
        table.push("id", Column::I64(ids));
        write(&path, &table, &[]).unwrap();
        let names = ["id", "x", "word", "yes"];
        let back = read(&path, &names).unwrap();
        for name in names {
            assert_same(back.get(name).unwrap(), table.get(name).unwrap(), name);
        }
        let mut ids = Vec::new();
        read_batches::<HubError>(&path, &["id"], batch_rows, |batch| {
            ids.extend_from_slice(batch.i64("id").unwrap());
            Ok(())
        }).unwrap();
        prop_assert_eq!(Some(ids.as_slice()), table.i64("id"));
    }
}

#[test]
fn texts_as_runs() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("words.parquet");
    let words: Vec<String> = ["a", "a", "", "b", "b", "b", "a"].map(str::to_owned).to_vec();
    let mut table = Table::default();
    table.push("word", Column::Text(words));
    table.push("number", Column::I64(vec![0; 7]));
    write(&path, &table, &[]).unwrap();
    let runs = text_runs(&path, "word").unwrap();
    let seen: Vec<(&str, usize)> = runs.iter().map(|(word, rows)| (word.as_str(), *rows)).collect();
    assert_eq!(seen, [("a", 2), ("", 1), ("b", 3), ("a", 1)]);
    assert!(text_runs(&path, "number").is_err());
    let rows = |runs: Vec<(String, usize)>| runs.iter().map(|(_, rows)| rows).sum::<usize>();
    assert_eq!(rows(text_runs(&testdata("pyarrow_snappy.parquet"), "text").unwrap()), N as usize);
}

#[test]
fn numbers_as_they_are() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("numbers.parquet");
    let rows: Vec<f64> = (0..40_000).map(f64::from).collect();
    let names = ["a".to_owned(), "b".to_owned()];
    let mut file = NumberFile::create(&path, &names).unwrap();
    for part in rows.chunks(16_384) {
        file.append(&[part, &vec![f64::NAN; part.len()]]).unwrap();
    }
    assert!(file.append(&[&rows[..2], &rows[..1]]).is_err());
    file.finish().unwrap();
    assert_same(&column(&path, "a"), &Column::F64(rows), "a");
    assert_same(&column(&path, "b"), &Column::F64(vec![f64::NAN; 40_000]), "b");
}
