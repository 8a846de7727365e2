//! Folders of other programs: qlib's features, LEAN's files within the day.

use crosscut_hub::parquet_file;

use crate::testing::{Bench, shared};

/// Writes a qlib folder of one instrument; each field is the place of its first value and the values.
fn qlib(bench: &Bench, calendar: &str, fields: &[(&str, &[f32])]) -> std::path::PathBuf {
    bench.file("q/calendars/day.txt", calendar);
    bench.file("q/instruments/all.txt", "SH600000\t2020-01-01\t2020-01-03\n");
    for (name, numbers) in fields {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        bench.file(&format!("q/features/sh600000/{name}.day.bin"), bytes);
    }
    bench.path("q")
}

/// The calendar of three days.
const DAYS: &str = "2020-01-01\n2020-01-02\n2020-01-03\n";

#[test]
fn a_qlib_folder() {
    let bench = Bench::new();
    let nan = f32::NAN;
    let folder = qlib(
        &bench,
        DAYS,
        &[
            ("open", &[0.0, 1.1, nan, 2.3]),
            ("high", &[0.0, 1.5, nan, 2.5]),
            ("low", &[0.0, 1.0, nan, 2.0]),
            ("close", &[0.0, 1.2, nan, 2.4]),
            ("volume", &[0.0, 100.0, nan, 7.0]),
            ("factor", &[0.0, 0.5, nan, 0.5]),
        ],
    );
    let told = bench.import(std::slice::from_ref(&folder));
    assert!(told.contains("SH600000 1d bars: written, 2 rows, 2 added"), "{told}");
    assert!(told.contains("columns not kept: factor") && told.contains("traded ones times its `factor`"), "{told}");
    let bars = bench.hub().read_all_bars("binance", &"1d".parse().unwrap(), "SH600000").unwrap();
    // 1.1 is the shortest decimal of its 32-bit number.
    assert_eq!((bars.open, bars.volume), (vec![1.1, 2.3], vec![100.0, 7.0]));
    // A folder that has grown adds its new day only.
    let grown: &[(&str, &[f32])] = &[
        ("open", &[0.0, 1.1, nan, 2.3, 3.0]),
        ("high", &[0.0, 1.5, nan, 2.5, 3.0]),
        ("low", &[0.0, 1.0, nan, 2.0, 3.0]),
        ("close", &[0.0, 1.2, nan, 2.4, 3.0]),
        ("volume", &[0.0, 100.0, nan, 7.0, 1.0]),
    ];
    qlib(&bench, &format!("{DAYS}2020-01-04\n"), grown);
    let told = bench.import(&[folder]);
    assert!(told.contains("SH600000 1d bars: written, 3 rows, 1 added"), "{told}");
}

#[test]
fn qlib_folders_that_are_broken() {
    let good: &[(&str, &[f32])] =
        &[("open", &[0.0, 1.0]), ("high", &[0.0, 1.0]), ("low", &[0.0, 1.0]), ("close", &[0.0, 1.0])];
    let refused = |calendar: &str, fields: &[(&str, &[f32])]| {
        let bench = Bench::new();
        let folder = qlib(&bench, calendar, fields);
        bench.import(&[folder])
    };
    for (told, expected) in [
        (refused("2020-01-01\n2020-01-01\n", good), "calendars/day.txt, row 2: `2020-01-01` does not come after"),
        (refused("hello\n", good), "calendars/day.txt, row 1: `hello` is no date"),
        (refused(DAYS, &[("close", &[7.0, 1.0])]), "close: reaches place 8 of a calendar of 3"),
        (refused(DAYS, &[("close", &[0.5, 1.0])]), "close: begins at place 0.5"),
        (refused(DAYS, &[("close", &[f32::NAN, 1.0])]), "close: begins at place NaN"),
        (refused(DAYS, &[("close", &[0.0, 1.0])]), "close"),
    ] {
        assert!(told.contains("refused") && told.contains(expected), "{expected}: {told}");
    }
    let bench = Bench::new();
    let folder = qlib(&bench, DAYS, good);
    bench.file("q/features/sh600000/close.day.bin", [0_u8; 7]);
    assert!(bench.import(std::slice::from_ref(&folder)).contains("close: has 7 bytes"));
    std::fs::remove_dir_all(bench.path("q/calendars")).unwrap();
    assert!(bench.import(&[folder]).contains("calendars/day.txt"));
}

#[test]
fn lean_minutes_of_shares() {
    let bench = Bench::new();
    let member = (
        "20131007_spy_minute_trade.csv",
        "34200000,1674100,1674200,1672500,1672700,3197\n34260000,1672700,1672700,1672700,1672700,1\n",
    );
    let file = bench.zip_of("equity/usa/minute/spy/20131007_trade.zip", &[member]);
    let told = bench.import(&[file]);
    assert!(told.contains("SPY 1m bars: written, 2 rows, 2 added"), "{told}");
    let bars = bench.hub().read_all_bars("binance", &"1m".parse().unwrap(), "SPY").unwrap();
    // 9:30 in New York in summer is 13:30 UTC.
    assert_eq!(crosscut_model::format_iso(bars.timestamp[0]), "2013-10-07T13:30:00Z");
    assert_eq!((bars.open[0], bars.close[0], bars.volume[0]), (167.41, 167.27, 3197.0));
}

#[test]
fn suspicious_trades_are_left_out_and_counted() {
    let bench = Bench::new();
    let rows =
        "34200000,1674100,100,P,0,0\n34200500,9999900,100,P,0,1\n34201000,1674200,50,P,0,0\n34202000,1,1,P,0,1\n";
    let file = bench.zip_of("equity/usa/tick/spy/20131007_trade.zip", &[("20131007_spy_trade_tick.csv", rows)]);
    let told = bench.import(&[file]);
    assert!(told.contains("SPY trades 2013-10: written, 2 rows, 2 added"), "{told}");
    assert!(told.contains("2 trades flagged as suspicious left out"), "{told}");
    let trades = bench.trades("SPY", crosscut_model::TradeKind::Trades);
    assert_eq!(trades.price, [167.41, 167.42]);
    let info = bench.hub().tick_info("binance", "SPY", crosscut_model::TradeKind::Trades).unwrap();
    assert!(info.months[0].provenance.notes[0].contains("2 trades flagged"), "{:?}", info.months[0].provenance.notes);
}

#[test]
fn lean_files_that_are_broken() {
    let told = |name: &str, member: &str, text: &str| {
        let bench = Bench::new();
        let file = bench.zip_of(name, &[(member, text)]);
        bench.import(&[file])
    };
    let (path, member) = ("equity/usa/minute/spy/20131007_trade.zip", "20131007_spy_minute_trade.csv");
    for (text, expected) in [
        ("1,2,3\n", "row 1: has 3 fields; expected 6"),
        ("34200000,1,1,1,1,1\n86400000,1,1,1,1,1\n", "row 2: time is `86400000`"),
        ("x,1,1,1,1,1\n", "row 1: time is `x`"),
        ("34200000,1.5,2,1,2,1\n", "row 1: price is `1.5`; expected whole ten-thousandths"),
        ("34200000,2,a,1,2,1\n", "row 1: price is `a`"),
        ("34200000,2,1,1,2,1\n", "row 1: open 0.0002 lies outside"),
        ("34200000,2,2,2,2,1\n34200000,2,2,2,2,1\n", "row 2: open time"),
    ] {
        assert!(told(path, member, text).contains(expected), "{expected}: {}", told(path, member, text));
    }
    let quotes =
        told("equity/usa/minute/spy/20131007_quote.zip", "20131007_spy_minute_quote.csv", "1,1,1,1,1,1,1,1,1,1,1\n");
    assert!(quotes.contains("best bids and asks"), "{quotes}");
    let nowhere = told("minute/spy/20131007_trade.zip", member, "34200000,1,1,1,1,1\n");
    assert!(nowhere.contains("do not say whether it is of shares or of coins"), "{nowhere}");
}

#[test]
fn real_lean_days() {
    let Some(folder) = shared("data/ticks/lean_us_equity") else { return };
    let bench = Bench::new();
    let told = bench.import(&[folder.join("minute/ibm"), folder.join("tick/ibm/20131007_trade.zip")]);
    assert!(told.contains("IBM 1m bars: written") && told.contains("IBM trades 2013-10: written"), "{told}");
    // Bars of the day that a third party built from these ticks: pandas finds 453 minutes in both, 449 of one volume, and
    // 242 of the same prices (their first and last trade of a minute go by other rules).
    let bars = bench.hub().read_all_bars("binance", &"1m".parse().unwrap(), "IBM").unwrap();
    let mut builder = crosscut_bars::BarBuilder::new("1m".parse().unwrap(), crosscut_bars::SideRule::TickRule).unwrap();
    let mut built = crosscut_model::Bars::default();
    builder.push(&bench.trades("IBM", crosscut_model::TradeKind::Trades), &mut built);
    builder.finish(Some(i64::MAX), &mut built);
    let places: Vec<usize> = built.timestamp.iter().map(|time| bars.timestamp.binary_search(time).unwrap()).collect();
    let same =
        |equal: &dyn Fn(usize, usize) -> bool| places.iter().enumerate().filter(|(row, at)| equal(*row, **at)).count();
    let volumes = same(&|row, at| built.volume[row] == bars.volume[at]);
    let prices = same(&|row, at| {
        let of =
            |bars: &crosscut_model::Bars, row: usize| [bars.open[row], bars.high[row], bars.low[row], bars.close[row]];
        of(&built, row) == of(&bars, at)
    });
    assert_eq!((places.len(), volumes, prices), (453, 449, 242));
    let Some(coins) = shared("data/crypto/lean_minute/crypto_binance_minute_btcbusd_20221213_trade.zip") else {
        return;
    };
    let told = bench.import(&[coins]);
    assert!(told.contains("BTCBUSD 1m bars: written"), "{told}");
    let path = bench.hub_root().join("bars/binance/1m/BTCBUSD.parquet");
    assert!(parquet_file::n_rows(&path).unwrap() > 1_000);
}
