//! Files of other programs in and out, through the program: zipline's csvdir, yfinance's and backtrader's CSV, qlib's
//! folder, freqtrade's Feather and JSON, and what is wrong with such files.

use serde_json::Value;

use crate::world::{World, shared};

/// A share of ten trading days with a dividend and a split of two for one, as zipline's csvdir has it.
const ABC: &str = "date,open,high,low,close,volume,dividend,split
2023-03-01,100.5,102,99.5,101,1000,0,1
2023-03-02,101,103,100,102,1100,0,1
2023-03-03,102,104,101,103.25,1200,0.75,1
2023-03-06,51.5,53,51,52,2400,0,2
2023-03-07,52,54,51.5,53.125,2500,0,1
2023-03-08,53,55,52,54,2600,0,1
";

/// Open, high, low, close, volume of the rows of a table of bars, with their times, as text.
fn rows(world: &World, venue: &str, symbol: &str, bar: &str) -> String {
    let arguments = ["data", "info", symbol, "--venue", venue, "--bar", bar, "--rows", "100"];
    let rows = world.json(&arguments)["result"]["rows"].as_array().unwrap().clone();
    let row = |row: &Value| {
        let numbers = ["open", "high", "low", "close", "volume"].map(|name| row[name].to_string());
        format!("{} {}\n", row["timestamp"].as_str().unwrap(), numbers.join(" "))
    };
    rows.iter().map(row).collect()
}

#[test]
fn a_csvdir_comes_back_with_its_dividends_and_splits() {
    let world = World::new();
    world.write("csvdir/daily/ABC.csv", ABC);
    let import = ["data", "import", "--venue", "us", "csvdir"];
    let told = world.json(&import)["result"].clone();
    let tables: Vec<&str> = told["tables"].as_array().unwrap().iter().map(|t| t["table"].as_str().unwrap()).collect();
    assert_eq!(tables, ["ABC 1d bars", "ABC adjusted-1d bars", "ABC corporate actions"]);
    world.run(&["data", "export", "--venue", "us", "--format", "zipline-csv", "--dir", "out"]).good();
    assert_eq!(world.text("out/daily/ABC.csv"), ABC, "to the byte");
    // What was paid out is taken from the close before it; the split makes two shares of 52 of one of 103.25.
    let adjusted = rows(&world, "us", "ABC", "adjusted-1d");
    let closes: Vec<f64> = adjusted.lines().map(|line| line.split(' ').nth(4).unwrap().parse().unwrap()).collect();
    let ratios: Vec<f64> = closes.windows(2).map(|two| two[1] / two[0]).collect();
    let expected = [102.0 / 101.0, 103.25 / (102.0 - 0.75), 2.0 * 52.0 / 103.25, 53.125 / 52.0, 54.0 / 53.125];
    for (ratio, expected) in ratios.iter().zip(expected) {
        assert!((ratio / expected - 1.0).abs() < 1e-4, "{ratio} is not {expected}");
    }
    let before = world.files("hub");
    assert!(world.json(&import)["result"]["tables"].as_array().unwrap().iter().all(|table| table["added"] == 0));
    assert_eq!(world.files("hub"), before, "importing again changes nothing");
    // The file grows: the new row, and nothing else, is added; another dividend for the same day is refused.
    world.write("csvdir/daily/ABC.csv", format!("{ABC}2023-03-09,54,55,53,54.5,2700,0.25,1\n"));
    let told = world.json(&import)["result"].clone();
    let added: Vec<u64> = told["tables"].as_array().unwrap().iter().map(|t| t["added"].as_u64().unwrap()).collect();
    assert_eq!((added[0], added[2]), (1, 1), "{told}");
    world.write("csvdir/daily/ABC.csv", ABC.replace(",0.75,", ",0.80,"));
    world.run(&import).refused(&["csvdir/daily/ABC.csv", "ABC: the action of 2023-03-03", "dividend 0.8 here", "0.75"]);
    world.write("csvdir/daily/ABC.csv", ABC.replace(",0.75,", ",-1,"));
    world.run(&import).refused(&["csvdir/daily/ABC.csv", "row 4", "the dividend -1"]);
    // A split that the prices do not show is told and left out, here and in the ledger of defects.
    world.write("csvdir/daily/DEF.csv", ABC.replace("2400,0,2", "2400,0,1").replace("2500,0,1", "2500,0,3"));
    let told = world.run(&["data", "import", "--venue", "us2", "csvdir/daily/DEF.csv"]).good();
    assert!(told.out.contains("DEF: the prices contradict the split 3 of 2023-03-07"), "{}", told.out);
    let verified = world.run(&["data", "verify", "--venue", "us2", "--json"]).json()["result"]["tables"][0].clone();
    let of = |kind: &str| verified["defects"].as_array().unwrap().iter().find(|defect| defect["kind"] == kind).cloned();
    let left_out = of("left_out").unwrap();
    assert!(left_out["detail"].as_str().unwrap().contains("split 3 of 2023-03-07"), "{left_out}");
    assert_eq!((left_out["table"].as_str(), left_out["problem"].as_bool()), (Some("actions"), Some(false)));
}

#[test]
fn csv_of_yfinance_and_backtrader() {
    let world = World::new();
    let import = |file: &str| world.run(&["data", "import", "--venue", "y", file]);
    let header = "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n";
    let zoned = "2023-03-09 00:00:00-05:00,391,395,390,392,100,0.0,0.0\n2023-03-10 00:00:00-05:00,390,393,384,385.5,110,0.0,0.0\n\
                 2023-03-13 00:00:00-04:00,381,390,380,385,120,1.5,2.0\n2023-03-14 00:00:00-04:00,390,393,387,391,130,0.0,0.0\n";
    world.write("SPY.csv", format!("{header}{zoned}"));
    let told = import("SPY.csv").good().out;
    assert!(told.contains("times are midnights of UTC-05:00 and UTC-04:00: taken as dates"), "{told}");
    assert!(told.contains("columns not kept: Dividends, Stock Splits") && told.contains("Yahoo's prices"), "{told}");
    let expected = "2023-03-09T00:00:00Z 391.0 395.0 390.0 392.0 100.0\n2023-03-10T00:00:00Z 390.0 393.0 384.0 385.5 110.0\n\
                    2023-03-13T00:00:00Z 381.0 390.0 380.0 385.0 120.0\n2023-03-14T00:00:00Z 390.0 393.0 387.0 391.0 130.0\n";
    assert_eq!(rows(&world, "y", "SPY", "1d"), expected);
    // What `yf.download(...).to_csv()` writes: three lines of header.
    let table = "Price,Close,High,Low,Open,Volume\nTicker,QQQ,QQQ,QQQ,QQQ,QQQ\nDate,,,,,\n\
                 2023-03-09,392,395,390,391,100\n2023-03-10,385.5,393,384,390,110\n2023-03-13,385,390,380,381,120\n2023-03-14,391,393,387,390,130\n";
    world.write("data.csv", table);
    import("data.csv").good();
    assert_eq!(rows(&world, "y", "QQQ", "1d"), expected);
    world.write("two.csv", table.replacen("QQQ", "SPY", 1));
    import("two.csv").refused(&["two.csv", "2 symbols side by side: QQQ, SPY"]);
    // backtrader's columns; and hours of another zone.
    world.write("MSFT.csv", "Date,Open,High,Low,Close,Volume,OpenInterest\n2023-03-09,391,395,390,392,100,0\n2023-03-10,390,393,384,385.5,110,0\n2023-03-13,381,390,380,385,120,0\n2023-03-14,390,393,387,391,130,0\n");
    import("MSFT.csv").good();
    assert_eq!(rows(&world, "y", "MSFT", "1d"), expected);
    world.write("EUR_1h.csv", "Datetime,Open,High,Low,Close,Volume\n2023-03-24 22:00:00+00:00,1,2,1,2,3\n2023-03-26 23:00:00+01:00,2,3,2,3,4\n2023-03-27 00:00:00+01:00,3,4,3,4,5\n");
    import("EUR_1h.csv").good();
    let hours = rows(&world, "y", "EUR", "1h");
    assert!(hours.contains("2023-03-26T22:00:00Z 2.0") && hours.contains("2023-03-26T23:00:00Z 3.0"), "{hours}");
}

#[test]
fn wrong_zones_gaps_duplicates_and_numbers_are_told_by_row() {
    let world = World::new();
    let header = "date,open,high,low,close,volume\n";
    let cases: [(&str, String, &[&str]); 13] = [
        (
            "a.csv",
            format!("{header}2023-03-10 00:00:00-05:00,1,1,1,1,1\n2023-03-11 00:00:00-05:00,1,1,1,1,1\n"),
            &["UTC-05:00", "weekends"],
        ),
        (
            "b.csv",
            format!("{header}2023-03-10 00:00:00-05:00,1,1,1,1,1\n2023-03-13,1,1,1,1,1\n"),
            &["1 of 2 times have a zone"],
        ),
        (
            "c.csv",
            format!("{header}2023-03-10 00:00:00+25:00,1,1,1,1,1\n"),
            &["row 2", "date is `2023-03-10 00:00:00+25:00`"],
        ),
        ("d.csv", format!("{header}2023-03-10,1,1,1,1,1\n2023-03-10,1,1,1,1,1\n"), &["row 3", "repeats that of row 2"]),
        ("f.csv", format!("{header}2023-03-10,1,1,1,1e999,1\n"), &["row 2", "close"]),
        ("g.csv", format!("{header}2023-03-10,1,1,1,nan,1\n"), &["row 2", "close"]),
        ("h.csv", format!("{header}2023-03-10,1,1,1,1,-5\n"), &["row 2", "volume is -5"]),
        ("i.csv", format!("{header}1678406400,1,1,1,1,1\n1678492800000,1,1,1,1,1\n"), &["row 3", "must not mix units"]),
        ("j.csv", format!("{header}2023-03-10,1,1,1,1\n"), &["row 2", "5 fields; expected 6"]),
        ("k.csv", "date,open,high,close,volume\n2023-03-10,1,1,1,1\n".to_owned(), &["no column `low`"]),
        ("l.csv", format!("{header}9999999999999999999,1,1,1,1,1\n"), &["row 2", "9999999999999999999"]),
        (
            "m_1h.csv",
            format!("{header}2023-03-10 00:30,1,1,1,1,1\n2023-03-10 01:30,1,1,1,1,1\n"),
            &["row 2", "not the start of a 1h bar"],
        ),
        ("n.csv", format!("{header}2023-03-10,1,1,1,1,1\n\n2023-03-12,1,1,1,1,1\n"), &["row 3", "blank"]),
    ];
    for (name, text, words) in cases {
        world.write(name, text);
        let said = world.run(&[
            "data",
            "import",
            "--venue",
            "v",
            "--symbol",
            "X",
            "--timeframe",
            if name == "m_1h.csv" { "1h" } else { "1d" },
            name,
        ]);
        said.refused(&[words, &[name]].concat());
    }
    assert!(world.files("hub/bars").is_empty(), "nothing of them is in the hub");
}

#[test]
fn exports_and_what_cannot_be_exported() {
    let world = World::new();
    world.write("csvdir/daily/ABC.csv", ABC);
    world.run(&["data", "import", "--venue", "us", "csvdir"]).good();
    let export = |options: &[&str]| world.run(&[&["data", "export", "--venue", "us"], options].concat());
    let told =
        world.json(&["data", "export", "--venue", "us", "--format", "freqtrade-json", "--dir", "ft"])["result"].clone();
    assert_eq!((told["rows"].as_u64(), told["files"][0].as_str()), (Some(6), Some("ABC-1d.json")));
    let candles: Value = serde_json::from_str(&world.text("ft/ABC-1d.json")).unwrap();
    assert_eq!(candles[3], serde_json::json!([1_678_060_800_000_i64, 51.5, 53.0, 51.0, 52.0, 2400.0]));
    for format in ["csv", "parquet", "qlib", "freqtrade"] {
        export(&["--format", format, "--dir", format]).good();
        world.run(&["data", "import", "--venue", format, "--timeframe", "1d", format]).good();
        assert_eq!(rows(&world, format, "ABC", "1d"), rows(&world, "us", "ABC", "1d"), "{format}");
    }
    export(&["--format", "excel"]).refused(&["`excel`", "zipline-csv"]);
    export(&["--format", "parqet"]).refused(&["`parqet`", "did you mean `parquet`"]);
    export(&["--bar", "1h"]).refused(&["1h"]);
    export(&["--bar", "soon"]).refused(&["--bar", "soon"]);
    export(&["NONE"]).refused(&["NONE"]);
    export(&["--format", "lean", "--bar", "adjusted-1d"]).refused(&["adjusted-1d"]);
    world.write("file", "");
    export(&["--dir", "file"]).refused(&["file"]);
    world.run(&["data", "export", "--venue", "nowhere"]).refused(&["nowhere"]);
}

#[test]
fn what_qlib_reads_of_an_export() {
    let Some(path) = shared("data/crypto/binance_spot_1d_full_kline.parquet") else { return };
    let world = World::new();
    world.run(&["data", "import", "--venue", "spot", path.to_str().unwrap()]).good();
    let told = world.json(&["data", "export", "--venue", "spot", "--format", "qlib", "--dir", "q"])["result"].clone();
    assert_eq!((told["rows"].as_u64(), told["symbols"].as_array().unwrap().len()), (Some(52_108), 35));
    // The sum of the closes' bits by place, which qlib's reader and the source gave alike: docs/validation/forms.md.
    let files = world.files("q/features");
    let mut sum = 0_u64;
    let mut n = 0;
    for bytes in files.iter().filter(|(name, _)| name.ends_with("close.day.bin")).map(|(_, bytes)| bytes) {
        for number in bytes.as_chunks::<4>().0.iter().skip(1).map(|four| f32::from_le_bytes(*four)) {
            if !number.is_nan() {
                n += 1;
                sum = sum.wrapping_mul(31).wrapping_add(u64::from(number.to_bits()));
            }
        }
    }
    assert_eq!((n, sum), (52_108, QLIB_CLOSES));
}

/// The closes of [`what_qlib_reads_of_an_export`], folded as `sum * 31 + bits` modulo 2^64, symbols in lower case ascending.
const QLIB_CLOSES: u64 = 8_540_752_691_572_556_027;

#[test]
fn new_files_are_added_as_if_all_had_come_at_once() {
    let hour = |hour: i64| 1_704_067_200_000_i64 + hour * 3_600_000;
    let klines = |from: i64, until: i64| -> String {
        let row = |at: i64| format!("{},2,3,1,2,{},{},1,1,1,1,0\n", hour(at), at + 1, hour(at + 1) - 1);
        (from..until).map(row).collect()
    };
    let trades = |from: i64, until: i64| -> String {
        (from..until).map(|at| format!("{at},2,1,{at},{at},{},true,true\n", hour(0) + at * 60_000)).collect()
    };
    let funding = |from: i64, until: i64| -> String {
        let rows = (from..until).map(|at| format!("AUSDT,{},0.000{at}\n", hour(at * 8) + 3)).collect::<String>();
        format!("symbol,funding_time,funding_rate\n{rows}")
    };
    let table = |from: i64, until: i64| -> String {
        let rows = (from..until).map(|at| format!("BUSDT,{},2,3,1,2,{at}\n", hour(at))).collect::<String>();
        format!("symbol,open_time,open,high,low,close,volume\n{rows}")
    };
    let candles = |from: i64, until: i64| -> String {
        let rows: Vec<String> = (from..until).map(|at| format!("[{},2.0,3.0,1.0,2.0,{at}.0]", hour(at))).collect();
        format!("[{}]", rows.join(","))
    };
    let write = |world: &World, folder: &str, day: i64| {
        let (from, until) = ((day - 1) * 24, day * 24);
        world.write(&format!("{folder}/AUSDT-1h-2024-01-0{day}.csv"), klines(from, until));
        world.write(&format!("{folder}/AUSDT-aggTrades-2024-01-0{day}.csv"), trades(from * 60, until * 60));
        world.write(&format!("{folder}/funding{day}.csv"), funding((day - 1) * 3, day * 3));
        world.write(&format!("{folder}/table{day}_1h.csv"), table(from, until));
        world.write(&format!("{folder}/{day}/C_USDT-1h.json"), candles(from, until));
    };
    let (one, two) = (World::new(), World::new());
    for day in 1..4 {
        write(&one, "raw", day);
        write(&two, "raw", day);
        // Day by day, in a folder that grows.
        let told = two.json(&["data", "import", "--venue", "v", "raw"])["result"].clone();
        let added: u64 = told["tables"].as_array().unwrap().iter().map(|table| table["added"].as_u64().unwrap()).sum();
        assert_eq!(added, 24 + 1440 + 3 + 24 + 24, "only the new rows of day {day}: {told}");
    }
    one.run(&["data", "import", "--venue", "v", "raw"]).good();
    let (a, b) = (one.files("hub"), two.files("hub"));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(bytes == &b[name], "{name} differs");
    }
}
