//! Tables of instruments.

use crosscut_model::time::parse_iso;

use crate::testing::Bench;

#[test]
fn listings_and_sizes() {
    let bench = Bench::new();
    let text = "symbol,listing_time,delisting_time,tick_size,lot_size,min_notional\n\
                AUSDT,2020-01-01T00:00:00Z,,0.01,0.001,5\nBUSDT,1577836800000,2021-06-01,0.1,,\n";
    let file = bench.file("instruments.csv", text);
    assert_eq!(
        bench.import(std::slice::from_ref(&file)),
        "instruments.csv: instruments, plain text, no day or month in its name, no checksum beside it; 2 rows\n\
         instruments of binance: written, 2 rows, 2 added\n"
    );
    let rows = bench.hub().instruments("binance").unwrap();
    assert_eq!(rows[0].tick_size, Some(0.01));
    assert_eq!((rows[0].listed_at, rows[0].delisted_at), (Some(parse_iso("2020-01-01").unwrap()), None));
    assert_eq!((rows[1].listed_at, rows[1].lot_size), (Some(parse_iso("2020-01-01").unwrap()), None));
    assert_eq!(rows[1].delisted_at, Some(parse_iso("2021-06-01").unwrap()));
    let before = bench.hub_bytes();
    assert!(bench.import(&[file]).ends_with("instruments of binance: unchanged, 2 rows, 0 added\n"));
    assert_eq!(bench.hub_bytes(), before);
    let onboard =
        "symbol,base_asset,onboard_time_ms,status\nCUSDT,C,1577836800000,TRADING\nAUSDT,A,1577836800000,TRADING\n";
    let said = bench.import(&[bench.file("onboard.csv", onboard)]);
    assert!(
        said.ends_with("  columns not kept: base_asset, status\ninstruments of binance: written, 3 rows, 1 added\n"),
        "{said}"
    );
    let changed = bench.file("changed.csv", "symbol,tick_size\nAUSDT,0.02\n");
    let said = bench.import(std::slice::from_ref(&changed));
    assert!(said.contains("tick size of AUSDT is 0.02 here and 0.01 in the table"), "{said}");
    let mut request = bench.request(&[changed]);
    request.replace = true;
    assert!(bench.import_as(&request).contains("written, 3 rows, 0 added"));
}

#[test]
fn bad_rows_are_refused() {
    let says = |rows: &str| {
        let bench = Bench::new();
        let head = "symbol,listing_time,delisting_time,tick_size\n";
        let said = bench.import(&[bench.file("instruments.csv", format!("{head}{rows}"))]);
        assert!(bench.hub_bytes().is_empty());
        said.replace("refused `instruments.csv`, ", "").lines().next().unwrap().to_owned()
    };
    assert!(says("../A,,,\n").starts_with("row 2: `../A` cannot be a symbol"));
    assert_eq!(says("A,,,0\n"), "row 2: tick_size is `0`; expected a positive number");
    assert_eq!(says("A,soon,,1\n"), "row 2: listing_time is `soon`; expected a UTC time");
    assert_eq!(says("A,2021-01-02,2021-01-01,1\n"), "row 2: A is delisted before it is listed");
    assert_eq!(says("A,,,1\nA,,,1\n"), "row 3: A was in row 2 already");
    assert_eq!(says("A,,1\n"), "row 2: has 3 fields; expected 4");
}
