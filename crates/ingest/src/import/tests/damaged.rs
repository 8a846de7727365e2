//! Bad input: one clear message each, and the hub untouched.

use crate::testing::Bench;

/// Good USD-M trades of 2024-08-09.
const GOOD: &str = "\
1,61686.5,0.5,30843.25,1723161600330,true
2,61687.5,0.5,30843.75,1723161600331,false
3,61688.5,0.5,30844.25,1723161600332,true
";

/// What the import says of a trade file with this text.
fn says(text: &str) -> String {
    let bench = Bench::new();
    let said = bench.import(&[bench.file("AUSDT-trades-2024-08-09.csv", text)]);
    if said.starts_with("refused") {
        assert!(bench.hub_bytes().is_empty(), "a refused file was published: {said}");
    }
    said.replace("refused `AUSDT-trades-2024-08-09.csv`", "").trim_start_matches([',', ':', ' ']).to_owned()
}

/// What the import says of the good file in which `from` is replaced by `to`.
fn mutated(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    says(&GOOD.replacen(from, to, 1)).lines().next().unwrap().to_owned()
}

#[test]
fn the_good_file_is_good() {
    assert!(says(GOOD).contains("3 rows, 3 added"));
}

#[test]
fn bad_rows() {
    assert_eq!(mutated("61687.5", "0"), "row 2: price is 0; expected a positive number");
    assert_eq!(mutated("61687.5", "-1"), "row 2: price is -1; expected a positive number");
    assert_eq!(mutated("61687.5", "nan"), "row 2: price is NaN; expected a positive number");
    assert_eq!(mutated("61687.5", "inf"), "row 2: price is inf; expected a positive number");
    assert_eq!(mutated("61687.5", "1e309"), "row 2: price is inf; expected a positive number");
    assert_eq!(mutated("61687.5", "12x"), "row 2: price is `12x`; expected a number");
    assert_eq!(mutated("61687.5", ""), "row 2: price is ``; expected a number");
    assert_eq!(mutated("61687.5,0.5", "61687.5,-0.5"), "row 2: quantity is -0.5; expected a positive number");
    assert_eq!(mutated("2,6", "1,6"), "row 2: trade id 1 repeats that of the row above; expected increasing ids");
    assert_eq!(mutated("3,6", "1,6"), "row 3: trade id 1 comes after 2; expected increasing ids");
    assert_eq!(mutated("2,6", "-2,6"), "row 2: trade id is `-2`; expected a whole number from 0 to 2^63-1");
    assert_eq!(
        mutated("2,6", "99999999999999999999,6"),
        "row 2: trade id is `99999999999999999999`; expected a whole number from 0 to 2^63-1"
    );
    assert_eq!(mutated("2,6", "2.5,6"), "row 2: trade id is `2.5`; expected a whole number from 0 to 2^63-1");
    assert_eq!(
        mutated("1723161600331", "1723161600331000"),
        "row 2: time is `1723161600331000`; it is in us, the rows before are in ms: one file must not mix units"
    );
    assert_eq!(mutated("1723161600331", "0"), "row 2: time is `0`; expected an epoch time in ms");
    assert_eq!(
        mutated("1723161600332", "1723161600330"),
        "row 3: time 2024-08-09T00:00:00.330000Z is before that of the row above, 2024-08-09T00:00:00.331000Z; expected rows in time order"
    );
    assert_eq!(
        mutated("1723161600332", "1723248000000"),
        "row 3: time 2024-08-10T00:00:00Z lies outside of the day the file is named for, 2024-08-09T00:00:00Z to 2024-08-10T00:00:00Z"
    );
    assert_eq!(mutated(",false", ""), "row 2: has 5 fields; expected 6 (Binance USD-M trades)");
    assert_eq!(mutated(",false", ",false,7"), "row 2: has 7 fields; expected 6 (Binance USD-M trades)");
    assert_eq!(mutated("false", "maybe"), "row 2: is_buyer_maker is `maybe`; expected true or false");
    assert_eq!(mutated("2,6", "\n2,6"), "row 2: the line is blank; expected a trade");
    assert_eq!(mutated("61687.5", "\"61687.5"), "row 2: a quoted field is not closed");
    assert_eq!(mutated("\n3,", "\n3,\u{fffd}"), "row 3: price is `\u{fffd}61688.5`; expected a number");
}

#[test]
fn a_row_of_the_greatest_numbers() {
    assert!(mutated("61687.5,0.5", "9007199254740993,0.5").contains("3 rows"), "long mantissas are read exactly");
    assert!(mutated("61687.5,0.5", "1e200,1e200").ends_with("is too large a number"));
}

#[test]
fn not_text() {
    let again = "\nhint: fetch or write the file again and import it once more\n";
    assert_eq!(says(""), format!("the file is empty; expected trades, bars or instruments{again}"));
    assert_eq!(says("\n\n"), format!("holds no row; expected trades, bars or instruments{again}"));
    assert_eq!(
        says("id,price,qty,quote_qty,time,is_buyer_maker\n"),
        format!("holds a header (id,price,qty,quote_qty,time,is_buyer_maker) and no row{again}")
    );
    assert!(says("\u{0}\u{1}\u{2}\n").starts_with("row 1: is not UTF-8 text"));
    assert!(says("hello\nworld\n").contains("expected trades, bars or instruments"));
    assert!(says("1,2,3\n4,5,6\n").starts_with("has no header and 3 columns; expected trades, bars or instruments"));
    assert!(says("time,price,qty\n1723161600330,x,1\n").starts_with("row 2: price is `x`; expected a number"));
    assert_eq!(
        says("time,prize,qty\n1723161600330,5,1\n").lines().next().unwrap(),
        "has the columns time, prize, qty; expected trades, bars or instruments"
    );
    let bench = Bench::new();
    let path = bench.file("AUSDT-trades-2024-08-09.csv", b"1,6\xff,0.5,3,1723161600330,true\n");
    assert!(bench.import(&[path]).contains("row 1: is not UTF-8 text"));
    let long = format!("{}\n", "9".repeat(3 << 20));
    assert!(says(&long).starts_with("has no line end within"));
    assert!(says(&format!("{GOOD}{long}")).starts_with("has a line of more than"));
}

#[test]
fn damaged_containers() {
    let bench = Bench::new();
    let rows: String =
        (1..20_000).map(|id| format!("{id},61686.{id},0.5,1,{},true\n", 1_723_161_600_000_i64 + id)).collect();
    let zip = std::fs::read(bench.zip("AUSDT-trades-2024-08-09", &rows)).unwrap();
    let gzip = std::fs::read(bench.gzip("BUSDT-trades-2024-08-09.csv.gz", &rows)).unwrap();
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let mut flipped = zip.clone();
    flipped[zip.len() / 2] ^= 0x55;
    let mut flipped_gzip = gzip.clone();
    flipped_gzip[gzip.len() / 2] ^= 0x55;
    let cases = [
        ("AUSDT-trades-2024-08-09.zip", half(&zip), "cannot be read as ZIP"),
        ("AUSDT-trades-2024-08-09.zip", flipped, ""),
        ("AUSDT-trades-2024-08-09.zip", zip[..30].to_vec(), "cannot be read as ZIP"),
        ("BUSDT-trades-2024-08-09.csv.gz", half(&gzip), "the file is cut short"),
        ("BUSDT-trades-2024-08-09.csv.gz", flipped_gzip, ""),
        ("C.parquet", b"PAR1".to_vec(), "cannot be read as Parquet"),
        ("C.parquet", b"PAR1 and nothing that follows PAR1".to_vec(), "cannot be read as Parquet"),
        ("D.csv", b"ARROW1\0\0".to_vec(), "does not end with the footer of an Arrow file"),
    ];
    for (name, bytes, expected) in cases {
        let bench = Bench::new();
        let said = bench.import(&[bench.file(name, bytes)]);
        assert!(said.starts_with("refused ") && said.contains(expected), "{name}: {said}");
        assert!(bench.hub_bytes().is_empty(), "{name}");
    }
}

#[test]
fn zips_of_another_shape() {
    let says = |members: &[(&str, &str)]| {
        let bench = Bench::new();
        let said = bench.import(&[bench.zip_of("AUSDT-trades-2024-08-09.zip", members)]);
        assert!(said.starts_with("refused ") == bench.hub_bytes().is_empty(), "{said}");
        said.replace("refused `AUSDT-trades-2024-08-09.zip`: ", "").lines().next().unwrap().to_owned()
    };
    assert_eq!(says(&[]), "the ZIP holds no file; expected one CSV");
    assert!(
        says(&[("__MACOSX/._a.csv", "x"), ("a.csv", GOOD), (".DS_Store", "x"), ("a.csv.CHECKSUM", "x")])
            .contains("3 rows")
    );
    for name in ["../a.csv", "/etc/passwd", "a/../../b.csv", "..\\a.csv", "C:a.csv"] {
        assert!(says(&[(name, GOOD)]).contains("which leaves its folder"), "{name}");
    }
    assert!(says(&[("folder/", ""), ("folder/a.csv", GOOD)]).contains("3 rows"));
    assert_eq!(
        says(&[("BUSDT-trades-2024-08-09.csv", GOOD)]),
        "the ZIP holds `BUSDT-trades-2024-08-09.csv`, which contradicts its own name"
    );
    assert_eq!(
        says(&[("USDT-trades-2024-08-09.csv", GOOD)]),
        "the ZIP holds `USDT-trades-2024-08-09.csv`, which contradicts its own name"
    );
}

#[test]
fn a_prefix_before_the_archives_own_name() {
    let bench = Bench::new();
    let zip = bench.zip_of("copy_AUSDT-trades-2024-08-09.zip", &[("AUSDT-trades-2024-08-09.csv", GOOD)]);
    let said = bench.import(&[zip]);
    assert!(said.contains("AUSDT") && !said.contains("copy_AUSDT trades") && said.contains("3 rows"), "{said}");
}

#[test]
fn checksums() {
    let bench = Bench::new();
    let zip = bench.zip("AUSDT-trades-2024-08-09", GOOD);
    let beside = |text: &str| bench.file("AUSDT-trades-2024-08-09.zip.CHECKSUM", text);
    let zeros = "0".repeat(64);
    beside(&format!("{zeros}  AUSDT-trades-2024-08-09.zip\n"));
    let said = bench.import(std::slice::from_ref(&zip));
    assert!(said.contains(&format!("its .CHECKSUM file says {zeros}")), "{said}");
    beside("not a hash\n");
    assert!(bench.import(std::slice::from_ref(&zip)).contains("does not begin with a SHA-256"));
    beside(&format!("{zeros}  BUSDT-trades-2024-08-09.zip\n"));
    assert!(
        bench.import(std::slice::from_ref(&zip)).contains("its .CHECKSUM file is for `BUSDT-trades-2024-08-09.zip`")
    );
    assert!(bench.hub_bytes().is_empty());
    bench.checksum(&zip);
    assert!(bench.import(&[zip]).contains("checksum ok; 3 rows"));
}

#[test]
fn missing_and_unreadable_paths() {
    let bench = Bench::new();
    assert_eq!(
        bench.import(&[bench.path("no/such.zip")]),
        "refused `no/such.zip`: there is no such file or folder\nhint: check the path\n"
    );
    std::fs::create_dir(bench.path("empty")).unwrap();
    let said = bench.import(&[bench.path("empty")]);
    assert_eq!(
        said,
        "error: there is nothing to import in `empty`; expected files that end with .zip, .csv, .csv.gz, .parquet or .feather\n"
    );
    bench.file("folder/readme.md", "words");
    bench.file("folder/.hidden.csv", "words");
    bench.file("folder/deep/AUSDT-trades-2024-08-09.csv", GOOD);
    let summary =
        crate::import::run(&bench.request(&[bench.path("folder")]), &bench.hub_root(), &crate::Silent).unwrap();
    assert_eq!(summary.ignored, [bench.path("folder/readme.md").display().to_string()]);
    assert!(bench.text(&summary).contains("3 rows, 3 added"));
}

#[test]
fn venues_are_names() {
    let bench = Bench::new();
    let mut request = bench.request(&[bench.file("AUSDT-trades-2024-08-09.csv", GOOD)]);
    request.venue = "../outside".to_owned();
    assert!(bench.import_as(&request).starts_with("error: `../outside` cannot be the name of a venue"));
    assert!(!bench.path("outside").exists());
}

#[test]
fn names_columns_and_options_must_agree() {
    let says = |name: &str, change: fn(&mut crate::import::ImportRequest)| {
        let bench = Bench::new();
        let mut request = bench.request(&[bench.file(name, GOOD)]);
        change(&mut request);
        bench.import_as(&request).lines().next().unwrap().to_owned()
    };
    assert_eq!(
        says("AUSDT-aggTrades-2024-08-09.csv", |_| {}),
        "refused `AUSDT-aggTrades-2024-08-09.csv`: its columns are trades, its name says agg_trades"
    );
    assert!(
        says("AUSDT-trades-2024-08-09.csv", |r| r.kind = Some(crate::import::Kind::AggTrades))
            .ends_with("its columns are trades, --kind says agg_trades")
    );
    assert!(
        says("AUSDT-trades-2024-08-09.csv", |r| r.kind = Some(crate::import::Kind::Klines))
            .ends_with("holds trades, --kind says klines")
    );
    assert!(
        says("AUSDT-trades-2024-08-09.csv", |r| r.symbol = Some("BUSDT".to_owned()))
            .ends_with("--symbol says it is of BUSDT, its name says AUSDT")
    );
    assert!(
        says("AUSDT-metrics-2024-08.csv", |_| {})
            .ends_with("by its name it holds open interest and ratios; not supported yet")
    );
    assert_eq!(
        "agg_trade".parse::<crate::import::Kind>().unwrap_err().to_string(),
        "`agg_trade` is not a kind of file; expected agg_trades, trades, klines, mark, premium, funding, actions, calendar, instruments; did you mean `agg_trades`?"
    );
}

#[test]
fn damaged_parquet() {
    use crosscut_hub::parquet_file;
    use crosscut_model::{Column, Table};
    let bench = Bench::new();
    let n = 5000;
    let times: Vec<i64> = (0..n).map(|row| 1_577_836_800_000_000 + row * 3_600_000_000).collect();
    let prices: Vec<f64> = (0..n).map(|row| 10.0 + (row % 97) as f64).collect();
    let mut table = Table::default();
    table.push("time", Column::I64(times));
    for name in ["open", "high", "low", "close"] {
        table.push(name, Column::F64(prices.clone()));
    }
    let path = bench.path("AUSDT_1h.parquet");
    parquet_file::write(&path, &table, &["time"]).unwrap();
    let good = std::fs::read(&path).unwrap();
    assert!(bench.import(&[path]).contains("5000 rows, 5000 added"));
    let mut refused = 0;
    for at in (4..good.len()).step_by(good.len() / 60) {
        for bytes in [good[..at].to_vec(), [&good[..at], &[good[at] ^ 0x41], &good[at + 1..]].concat()] {
            let bench = Bench::new();
            let said = bench.import(&[bench.file("AUSDT_1h.parquet", &bytes)]);
            assert!(said.starts_with("refused ") == bench.hub_bytes().is_empty(), "{said}");
            refused += usize::from(said.starts_with("refused "));
        }
    }
    // Without a checksum, a changed bit inside a page may still be a bar; a cut file never is.
    assert!(refused >= 60, "{refused}");
}

#[test]
fn no_mutation_of_a_zip_panics() {
    let bench = Bench::new();
    let good = std::fs::read(bench.zip("AUSDT-trades-2024-08-09", GOOD)).unwrap();
    for at in 0..good.len() {
        for bit in [0x01, 0x80] {
            let mut bytes = good.clone();
            bytes[at] ^= bit;
            let bench = Bench::new();
            let said = bench.import(&[bench.file("AUSDT-trades-2024-08-09.zip", bytes)]);
            let whole = said.contains("3 rows, 3 added");
            assert!(whole || (said.starts_with("refused ") && bench.hub_bytes().is_empty()), "byte {at}: {said}");
        }
    }
}

#[test]
fn replace_heals_a_table_whose_bytes_were_changed() {
    let bench = Bench::new();
    let file = bench.zip("AUSDT-trades-2024-08-09", GOOD);
    bench.import(std::slice::from_ref(&file));
    let published = bench.hub_bytes();
    let table = bench.hub_root().join("ticks/binance/AUSDT/trades-2024-08.parquet");
    let mut bytes = std::fs::read(&table).unwrap();
    let middle = bytes.len() / 4;
    bytes[middle] ^= 0xff;
    std::fs::write(&table, bytes).unwrap();
    let mut request = bench.request(&[file]);
    request.replace = true;
    let said = bench.import_as(&request);
    assert!(said.ends_with("AUSDT trades 2024-08: written, 3 rows, 3 added\n"), "{said}");
    assert_eq!(bench.hub_bytes(), published);
    // Without the option, a table that cannot be opened says what to do.
    std::fs::write(&table, b"PAR1").unwrap();
    request.replace = false;
    let said = bench.import_as(&request);
    assert!(
        said.contains("hint: a table of the hub is damaged; import or aggregate that one again with --replace"),
        "{said}"
    );
}
