//! Bar files: archives, resampled files with premium columns, long tables, the hub's own columns.

use crosscut_hub::parquet_file;
use crosscut_model::bar::BAR_COLUMNS;
use crosscut_model::time::{HOUR, parse_iso};
use crosscut_model::{BarSpec, Bars, Column, Table};

use crate::testing::Bench;

/// All bars of a table.
fn bars(bench: &Bench, bar: &str, symbol: &str) -> Bars {
    let spec: BarSpec = bar.parse().unwrap();
    bench.hub().read_all_bars("binance", &spec, symbol).unwrap()
}

/// Two archive klines of 1 h from 2023-01-01.
const KLINES: &str = "\
1672531200000,10,12,9,11,100,1672534799999,1050,7,60,630,0
1672534800000,11,11,11,11,0,1672538399999,0,0,0,0,0
";

#[test]
fn archive_klines() {
    let bench = Bench::new();
    let zip = bench.zip("BTCUSDT-1h-2023-01-01", KLINES);
    assert_eq!(
        bench.import(&[zip]),
        "BTCUSDT-1h-2023-01-01.zip: klines of BTCUSDT, no header, ZIP, day 2023-01-01, no checksum beside it, 1h bars by the name; 2 rows\n\
         BTCUSDT 1h bars: written, 2 rows, 2 added\n"
    );
    let bars = bars(&bench, "1h", "BTCUSDT");
    let start = parse_iso("2023-01-01").unwrap();
    assert_eq!((bars.timestamp[1], bars.available_at[1]), (start + HOUR, start + 2 * HOUR));
    assert_eq!((bars.open[0], bars.high[0], bars.low[0], bars.close[0]), (10.0, 12.0, 9.0, 11.0));
    assert_eq!((bars.volume[0], bars.buy_volume[0], bars.sell_volume[0]), (100.0, 60.0, 40.0));
    assert_eq!((bars.dollar_volume[0], bars.vwap[0], bars.tick_count[0]), (1050.0, 10.5, 7.0));
    assert!(bars.vwap[1].is_nan() && bars.medium_price[0].is_nan() && bars.reversals[0].is_nan());
    let info = bench.hub().bar_info("binance", &"1h".parse().unwrap(), "BTCUSDT").unwrap();
    assert_eq!(info.provenance.covered_until, Some(parse_iso("2023-01-02").unwrap()));
}

/// A resampled file as one user's program writes it.
const RESAMPLED: &str = "\
open_time,open,high,low,close,volume,close_time,quote_asset_volume,number_of_trades,taker_buy_base_volume,\
taker_buy_quote_volume,premium_open,premium_high,premium_low,premium_close,premium_close_time
1608890400000,1,2,0.5,1.5,100,1608897599999,120,9,40,50,-0.001,0.002,-0.003,0.001,1608897599999
1608897600000,1.5,2,1,1,50,1608904799999,70,4,10,14,0.001,0.002,,0.001,1608904799999
";

#[test]
fn resampled_klines_keep_their_premium() {
    let bench = Bench::new();
    let file = bench.file("2H/1INCH_2020_12_25_1000_1608890400000_Fullversion_2H.csv", RESAMPLED);
    let mut request = bench.request(&[file]);
    request.symbol_suffix = "USDT".to_owned();
    let said = bench.import_as(&request);
    assert!(said.ends_with("2h bars by the name; 2 rows\n1INCHUSDT 2h bars: written, 2 rows, 2 added\n"), "{said}");
    let bars = bars(&bench, "2h", "1INCHUSDT");
    let names: Vec<&str> = bars.extra.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["premium_open", "premium_high", "premium_low", "premium_close", "premium_close_time"]);
    assert_eq!(bars.column("premium_open").unwrap(), [-0.001, 0.001]);
    assert!(bars.column("premium_low").unwrap()[1].is_nan());
    assert_eq!((bars.buy_volume[0], bars.dollar_volume[0], bars.tick_count[0]), (40.0, 120.0, 9.0));
}

#[test]
fn resampled_names_are_checked() {
    let says = |name: &str| {
        let bench = Bench::new();
        let said = bench.import(&[bench.file(name, RESAMPLED)]);
        said.lines().next().unwrap().to_owned()
    };
    let late = says("1INCH_2020_12_25_1200_1608897600000_Fullversion_2H.csv");
    assert!(
        late.ends_with(
            "row 2: open time is 2020-12-25T10:00:00Z; the file's name says it starts at 2020-12-25T12:00:00Z"
        ),
        "{late}"
    );
    let folder = says("4H/1INCH_2020_12_25_1000_1608890400000_Fullversion_2H.csv");
    assert!(folder.ends_with("its name says 2h bars, its folder `4H` says 4h"), "{folder}");
    assert!(says("2H/1INCH_2020_12_25_1000_1608890400000_Fullversion.csv").contains("2h bars by the name"));
    assert!(
        says("X_2020_12_25_1000_1608890400000_Fullversion.csv")
            .contains("2h bars by the commonest spacing of the rows")
    );
}

/// A long CSV of 4 h bars: rows of `(symbol, bar, close)`.
fn long(rows: &[(&str, i64, &str)]) -> String {
    let start = parse_iso("2024-01-01").unwrap() / 1000;
    let line = |(symbol, bar, close): &(&str, i64, &str)| {
        format!("{symbol},{},10,12,9,{close},5,50,3\n", start + bar * 4 * HOUR / 1000)
    };
    format!(
        "symbol,open_time,open,high,low,close,volume,quote_volume,hours\n{}",
        rows.iter().map(line).collect::<String>()
    )
}

#[test]
fn long_tables_by_symbol() {
    let bench = Bench::new();
    let rows = [("BUSDT", 0, "10"), ("AUSDT", 0, "11"), ("BUSDT", 1, "10.5"), ("AUSDT", 1, "11"), ("AUSDT", 3, "9")];
    assert_eq!(
        bench.import(&[bench.file("perp_4h.csv", long(&rows))]),
        "perp_4h.csv: klines with a symbol column, header, plain text, no day or month in its name, no checksum beside it, 4h bars by the name; 5 rows\n  \
         columns not kept: hours\n\
         AUSDT 4h bars: written, 3 rows, 3 added\n\
         BUSDT 4h bars: written, 2 rows, 2 added\n"
    );
    assert_eq!(bars(&bench, "4h", "BUSDT").close, [10.0, 10.5]);
    assert_eq!(bars(&bench, "4h", "AUSDT").vwap, [10.0; 3]);
    assert!(bars(&bench, "4h", "AUSDT").buy_volume[0].is_nan());
    let before = bench.hub_bytes();
    assert!(bench.import(&[bench.path("perp_4h.csv")]).contains("BUSDT 4h bars: unchanged, 2 rows, 0 added"));
    assert_eq!(bench.hub_bytes(), before);
}

#[test]
fn symbols_of_any_script() {
    let bench = Bench::new();
    let said =
        bench.import(&[bench.file("perp_4h.csv", long(&[("\u{5e01}\u{5b89}USDT", 0, "10"), ("BRK.B", 0, "10")]))]);
    assert!(!said.contains("refused"), "{said}");
    assert_eq!(bars(&bench, "4h", "\u{5e01}\u{5b89}USDT").close, [10.0]);
    let zip = bench.zip("\u{5e01}USDT-1h-2023-01-01", KLINES);
    assert!(bench.import(&[zip]).ends_with("written, 2 rows, 2 added\n"));
}

#[test]
fn a_bad_symbol_leaves_the_others() {
    let bench = Bench::new();
    let rows = [("AUSDT", 0, "10"), ("BUSDT", 0, "13"), ("CUSDT", 0, "10"), ("AUSDT", 1, "10"), ("CUSDT", 1, "")];
    let said = bench.import(&[bench.file("perp_4h.csv", long(&rows))]);
    // The field that is no number spoils the file's columns, not only the symbol.
    assert!(said.contains("refused `perp_4h.csv`, row 6: close is ``; expected a number"), "{said}");
    assert!(bench.hub_bytes().is_empty());
    let said = bench.import(&[bench.file("perp_4h.csv", long(&rows[..4]))]);
    assert!(said.contains("AUSDT 4h bars: written, 2 rows, 2 added\nCUSDT 4h bars: written"), "{said}");
    assert!(said.contains("row 3: BUSDT: close 13 lies outside of the bar's range, low 9 to high 12"), "{said}");
}

#[test]
fn bad_bars() {
    let mutated = |from: &str, to: &str| {
        let bench = Bench::new();
        let said = bench.import(&[bench.file("BTCUSDT-1h-2023-01-01.csv", KLINES.replacen(from, to, 1))]);
        assert!(said.starts_with("refused") && bench.hub_bytes().is_empty(), "{said}");
        said.lines().next().unwrap().replace("refused `BTCUSDT-1h-2023-01-01.csv`, ", "")
    };
    assert_eq!(mutated(",10,12,9", ",10,8,9"), "row 1: high 8 is below low 9");
    assert_eq!(mutated(",10,12,9", ",13,12,9"), "row 1: open 13 lies outside of the bar's range, low 9 to high 12");
    assert_eq!(mutated(",11,100", ",8,100"), "row 1: close 8 lies outside of the bar's range, low 9 to high 12");
    assert_eq!(mutated(",10,12,9", ",-10,12,9"), "row 1: open is -10; expected a positive number");
    assert_eq!(mutated(",10,12,9", ",10,12,0"), "row 1: low is 0; expected a positive number");
    assert_eq!(mutated(",10,12,9", ",10,inf,9"), "row 1: high is inf; expected a positive number");
    assert_eq!(mutated(",10,12,9", ",nan,12,9"), "row 1: open is missing; expected a positive number");
    assert_eq!(mutated(",100,", ",-100,"), "row 1: volume is -100; expected a number of at least 0");
    assert_eq!(mutated(",60,", ",160,"), "row 1: buy_volume 160 is greater than volume 100");
    assert_eq!(
        mutated("1672534800000", "1672531200000"),
        "row 2: open time 2023-01-01T00:00:00Z repeats that of row 1; expected one row per bar"
    );
    assert_eq!(
        mutated("1672534800000", "1672527600000"),
        "row 2: open time 2022-12-31T23:00:00Z lies outside of what the file is named for, 2023-01-01T00:00:00Z to 2023-01-02T00:00:00Z"
    );
    assert_eq!(
        mutated("1672534800000", "1672534800500"),
        "row 2: open time 2023-01-01T01:00:00.500000Z is not the start of a 1h bar; the nearest before it is 2023-01-01T01:00:00Z"
    );
    assert_eq!(
        mutated("1672534800000", "1672534800000000"),
        "row 2: open_time is `1672534800000000`; it is in us, the rows before are in ms: one file must not mix units"
    );
    assert_eq!(
        mutated("1672534799999", "1672541999999"),
        "row 1: close time 2023-01-01T02:59:59.999000Z does not belong to the 1h bar of 2023-01-01T00:00:00Z"
    );
    assert_eq!(
        mutated("1672534800000", "1672617600000"),
        "row 2: open time 2023-01-02T00:00:00Z lies outside of what the file is named for, 2023-01-01T00:00:00Z to 2023-01-02T00:00:00Z"
    );
    assert_eq!(mutated(",0,0,0,0,0", ",0,0,0,0"), "row 2: has 11 fields; expected 12");
    assert_eq!(mutated("\n1672534800000", "\n\n1672534800000"), "row 2: the line is blank; expected a bar");
}

#[test]
fn the_timeframe_is_settled_or_refused() {
    let bench = Bench::new();
    let start = parse_iso("2024-01-01").unwrap() / 1000;
    let rows = |step: i64| -> String {
        let rows = (0..12).map(|bar| format!("{},10,12,9,11\n", start + bar * step / 1000));
        format!("time,open,high,low,close\n{}", rows.collect::<String>())
    };
    let says = |name: &str, text: &str, frame: Option<&str>| {
        let mut request = bench.request(&[bench.file(name, text)]);
        request.timeframe = frame.map(|frame| frame.parse().unwrap());
        request.replace = true;
        bench
            .import_as(&request)
            .lines()
            .next()
            .unwrap()
            .split(", no day or month in its name, ")
            .last()
            .unwrap()
            .to_owned()
    };
    let four = rows(4 * HOUR);
    assert_eq!(
        says("AUSDT.csv", &four, None),
        "no checksum beside it, 4h bars by the commonest spacing of the rows; 12 rows"
    );
    assert_eq!(
        says("AUSDT.csv", &four, Some("2h")),
        "refused `AUSDT.csv`: --timeframe says 2h bars, but no two of its rows are closer than 4h"
    );
    assert_eq!(
        says("AUSDT_1h.csv", &four, Some("4h")),
        "refused `AUSDT_1h.csv`: --timeframe says 4h, the file's name or folder says 1h"
    );
    assert_eq!(
        says("AUSDT_1d.csv", &four, None),
        "refused `AUSDT_1d.csv`, row 3: open time 2024-01-01T04:00:00Z is not the start of a 1d bar; the nearest before it is 2024-01-01T00:00:00Z"
    );
    let one: String = four.lines().take(2).map(|line| format!("{line}\n")).collect();
    assert_eq!(says("AUSDT.csv", &one, None), "refused `AUSDT.csv`: nothing tells how long its bars are");
    assert_eq!(says("AUSDT.csv", &one, Some("4h")), "no checksum beside it, 4h bars by the --timeframe; 1 rows");
    let months: String = (1..=12).map(|month| format!("2023-{month:02}-01,10,12,9,11\n")).collect();
    assert_eq!(
        says("AUSDT.csv", &format!("date,open,high,low,close\n{months}"), None),
        "no checksum beside it, 1M bars by the commonest spacing of the rows; 12 rows"
    );
}

#[test]
fn overlaps_merge_and_conflicts_show_both() {
    let bench = Bench::new();
    let row = |hour: i64, close: i64| {
        let open = 1_672_531_200_000 + hour * 3_600_000;
        format!("{open},10,12,9,{close},100,{},1050,7,60,630,0\n", open + 3_599_999)
    };
    let part = |name: &str, hours: std::ops::Range<i64>, close: i64| {
        bench.file(name, hours.map(|hour| row(hour, close)).collect::<String>())
    };
    let (first, second) = (part("a/AUSDT-1h-2023-01.csv", 0..10, 11), part("b/AUSDT-1h-2023-01.csv", 5..15, 11));
    assert!(bench.import(&[first]).ends_with("AUSDT 1h bars: written, 10 rows, 10 added\n"));
    assert!(bench.import(&[second]).ends_with("AUSDT 1h bars: written, 15 rows, 5 added\n"));
    let before = bench.hub_bytes();
    let other = part("c/AUSDT-1h-2023-01.csv", 14..16, 10);
    let said = bench.import(std::slice::from_ref(&other));
    assert!(
        said.contains(
            "AUSDT: the bar of 2023-01-01T14:00:00Z differs: this file has [close 10], the table has [close 11]"
        ),
        "{said}"
    );
    assert_eq!(bench.hub_bytes(), before);
    let mut request = bench.request(&[other]);
    request.replace = true;
    assert!(bench.import_as(&request).ends_with("AUSDT 1h bars: written, 2 rows, 2 added\n"));
}

#[test]
fn the_hubs_own_columns() {
    let bench = Bench::new();
    let start = parse_iso("2020-01-01").unwrap();
    let mut table = Table::default();
    table.push("start_time", Column::I64(vec![start, start + HOUR]));
    table.push("end_time", Column::I64(vec![start + HOUR - 1000, start + 2 * HOUR - 1000]));
    for (at, name) in BAR_COLUMNS.iter().enumerate() {
        let value = if at < 4 || *name == "vwap" { 10.0 } else { 1.0 };
        table.push(*name, Column::F64(vec![value, if *name == "volume" { 3.0 } else { value }]));
    }
    let path = bench.path("S000USDT_time_bar_1h.parquet");
    parquet_file::write(&path, &table, &["start_time", "end_time"]).unwrap();
    let said = bench.import(&[path]);
    assert!(said.ends_with("1h bars by the name; 2 rows\nS000USDT 1h bars: written, 2 rows, 2 added\n"), "{said}");
    let bars = bars(&bench, "1h", "S000USDT");
    assert_eq!((bars.sell_volume[1], bars.reversals[1], bars.medium_price[1]), (1.0, 1.0, 1.0));

    let exported = bench.path("export/BUSDT_1h.parquet");
    std::fs::create_dir_all(exported.parent().unwrap()).unwrap();
    std::fs::copy(bench.hub_root().join("bars/binance/1h/S000USDT.parquet"), &exported).unwrap();
    assert!(bench.import(&[exported]).ends_with("BUSDT 1h bars: written, 2 rows, 2 added\n"));
}

#[test]
fn bars_of_another_origin_are_kept() {
    let bench = Bench::new();
    let day = parse_iso("2023-01-01").unwrap() / 1000;
    let trades: String = (0..10).map(|id| format!("{id},10,1,10,{},true\n", day + id * 1_800_000)).collect();
    bench.import(&[bench.file("BTCUSDT-trades-2023-01-01.csv", trades)]);
    let request = crate::aggregate::AggregateRequest {
        venue: "binance".to_owned(),
        symbols: vec![],
        bar: "1h".parse().unwrap(),
        from: None,
        kind: None,
        side_rule: crosscut_bars::SideRule::Venue,
        replace: false,
        threads: 1,
    };
    crate::aggregate::run(&request, &bench.hub_root(), &crate::Silent).unwrap();
    let file = bench.file("BTCUSDT-1h-2023-01-01.csv", KLINES);
    let said = bench.import(std::slice::from_ref(&file));
    assert!(said.contains("were made from ticks, this file holds klines\nhint: give --replace"), "{said}");
    let mut import = bench.request(&[file]);
    import.replace = true;
    assert!(bench.import_as(&import).ends_with("BTCUSDT 1h bars: written, 2 rows, 2 added\n"));
    let back = crate::aggregate::run(&request, &bench.hub_root(), &crate::Silent).unwrap();
    assert!(back.failures[0].1.contains("were made from klines, not from ticks"), "{back:?}");
}

#[test]
fn missing_columns_and_prices() {
    let says = |text: &str| {
        let bench = Bench::new();
        bench.import(&[bench.file("AUSDT_1h.csv", text)]).lines().next().unwrap().replace("refused `AUSDT_1h.csv`", "")
    };
    assert_eq!(
        says("time,open,high,low,clsoe\n1672531200000,1,1,1,1\n"),
        ": has no column `close` among time, open, high, low, clsoe; is it `clsoe`?"
    );
    assert_eq!(
        says("tme,open,high,low,close\n1672531200000,1,1,1,1\n"),
        ": has no column `open_time` among tme, open, high, low, close"
    );
    assert_eq!(says("time,open,high,low,close\n1672531200000,1,,1,1\n"), ", row 2: high is ``; expected a number");
    assert_eq!(
        says("time,open,high,low,close\nnoon,1,1,1,1\n"),
        ", row 2: time is `noon`; expected a UTC time or date"
    );
    assert!(
        says("\"time\",\"open\",\"high\",\"low\",\"close\"\r\n\"2023-01-01 00:00\",\"1\",\"1\",\"1\",\"1\"\r\n")
            .contains("1 rows")
    );
    let bench = Bench::new();
    let long = bench.file("perp_4h.csv", long(&[("../x", 0, "10")]));
    assert!(bench.import(&[long]).contains("row 2: `../x` cannot be a symbol"));
}

#[test]
fn importing_again_with_one_more_month() {
    let bench = Bench::new();
    let month = |month: i64| {
        let start = crosscut_model::time::midnight(2023, month, 1) / 1000;
        let row = |hour: i64| {
            let open = start + hour * 3_600_000;
            format!("{open},10,12,9,11,100,{},1050,7,60,630,0\n", open + 3_599_999)
        };
        bench.file(&format!("k/AUSDT-1h-2023-{month:02}.csv"), (0..24).map(row).collect::<String>())
    };
    month(2);
    assert!(bench.import(&[bench.path("k")]).ends_with("AUSDT 1h bars: written, 24 rows, 24 added\n"));
    month(1);
    let said = bench.import(&[bench.path("k")]);
    assert!(said.contains("AUSDT-1h-2023-02.csv") && said.contains("  already imported\n"), "{said}");
    assert!(said.ends_with("already imported\nAUSDT 1h bars: written, 48 rows, 24 added\n"), "{said}");
    let info = bench.hub().bar_info("binance", &"1h".parse().unwrap(), "AUSDT").unwrap();
    assert_eq!(info.provenance.inputs.len(), 2);
    assert!(bars(&bench, "1h", "AUSDT").timestamp.is_sorted());
    let before = bench.hub_bytes();
    assert!(bench.import(&[bench.path("k")]).ends_with("AUSDT 1h bars: unchanged, 48 rows, 0 added\n"));
    assert_eq!(bench.hub_bytes(), before);
}

/// A long file of 4 h bars: for each symbol rows `from..until`, counted from 2024-01-01.
fn long_rows(symbols: &[&str], rows: std::ops::Range<i64>, close: f64) -> Vec<String> {
    let start = crosscut_model::time::midnight(2024, 1, 1) / 1000;
    let row = |symbol: &&str, at: i64| format!("{symbol},{},1,9,1,{close},5\n", start + at * 14_400_000);
    symbols.iter().flat_map(|symbol| rows.clone().map(move |at| row(symbol, at))).collect()
}

/// The header of a long file.
const LONG_HEADER: &str = "symbol,open_time,open,high,low,close,volume\n";

#[test]
fn replace_keeps_the_rows_of_every_long_file() {
    let bench = Bench::new();
    let file = |name: &str, rows: std::ops::Range<i64>, close: f64| {
        bench.file(name, format!("{LONG_HEADER}{}", long_rows(&["AA", "BB"], rows, close).concat()))
    };
    bench.import(&[file("old.csv", 0..30, 2.0)]);
    let mut request = bench.request(&[file("a.csv", 0..20, 3.0), file("b.csv", 15..30, 3.0)]);
    request.replace = true;
    let said = bench.import_as(&request);
    assert!(
        said.ends_with("AA 4h bars: written, 30 rows, 30 added\nBB 4h bars: written, 30 rows, 30 added\n"),
        "{said}"
    );
    let bars = bench.hub().read_all_bars("binance", &"4h".parse().unwrap(), "BB").unwrap();
    assert_eq!(bars.close, vec![3.0; 30]);
    let before = bench.hub_bytes();
    bench.import_as(&request);
    assert_eq!(bench.hub_bytes(), before);
}

#[test]
fn a_shuffled_long_file_is_put_in_order_before_its_spacing_is_read() {
    let bench = Bench::new();
    let rows = long_rows(&["AA"], 0..30, 2.0);
    // Steps of 7 bars: the commonest spacing is 28 h, on whose grid the first row does not lie.
    let rows: Vec<String> = (1..=30).map(|at| rows[at * 7 % 30].clone()).collect();
    let said = bench.import(&[bench.file("b.csv", format!("{LONG_HEADER}{}", rows.concat()))]);
    assert!(said.contains("4h bars by the commonest spacing") && said.contains("25 rows stood behind"), "{said}");
    assert!(said.contains("AA 4h bars: written, 30 rows"), "{said}");
}

#[test]
fn parquet_columns_of_another_type_are_named() {
    use crosscut_model::{Column, Table};
    let bench = Bench::new();
    let file = |time: Column, close: Column| {
        let prices = || Column::F64(vec![2.0, 2.0]);
        let columns =
            [("open_time", time), ("open", prices()), ("high", prices()), ("low", prices()), ("close", close)];
        let table = Table { columns: columns.map(|(name, column)| (name.to_owned(), column)).into() };
        let path = bench.path("AUSDT_1h.parquet");
        parquet_file::write(&path, &table, &[]).unwrap();
        bench.import(&[path])
    };
    let times = || Column::I64(vec![1_704_067_200_000, 1_704_070_800_000]);
    assert_eq!(
        file(times(), Column::Text(vec!["2".to_owned(), "2".to_owned()])),
        "refused `AUSDT_1h.parquet`: column `close` holds words; expected numbers\n\
         hint: convert the column, or rename it if it is something else\n"
    );
    assert_eq!(
        file(Column::F64(vec![1_704_067_200_000.0, f64::NAN]), Column::F64(vec![2.0, 2.0])),
        "refused `AUSDT_1h.parquet`, row 2: open_time is missing; expected times\n\
         hint: fetch the file again, or correct or remove the row, and import it once more\n"
    );
}
