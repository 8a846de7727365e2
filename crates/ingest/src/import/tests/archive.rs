//! Trade files of the venue archives.

use crosscut_model::TradeKind;
use crosscut_model::time::parse_iso;

use crate::testing::Bench;

/// Spot aggTrades of 2024-08-09, milliseconds.
const SPOT_AGG: &str = "\
10,61686.00000000,0.00705000,100,100,1723161600330,False,True
11,61685.99000000,0.00041000,101,103,1723161600384,True,True
12,61685.98000000,1.5,104,104,1723161600384,True,True
";

#[test]
fn spot_aggregated_trades() {
    let bench = Bench::new();
    let zip = bench.zip("BTCUSDT-aggTrades-2024-08-09", SPOT_AGG);
    bench.checksum(&zip);
    assert_eq!(
        bench.import(&[zip]),
        "BTCUSDT-aggTrades-2024-08-09.zip: Binance spot aggTrades, no header, times in ms, ZIP, day 2024-08-09, checksum ok; 3 rows\n\
         BTCUSDT agg_trades 2024-08: written, 3 rows, 3 added\n"
    );
    let trades = bench.trades("BTCUSDT", TradeKind::AggTrades);
    assert_eq!(trades.trade_id, [10, 11, 12]);
    assert_eq!(trades.price, [61686.0, 61685.99, 61685.98]);
    assert_eq!(trades.quantity, [0.00705, 0.00041, 1.5]);
    assert_eq!(trades.is_buyer_maker, [Some(false), Some(true), Some(true)]);
    assert_eq!((trades.first_trade_id, trades.last_trade_id), (vec![100, 101, 104], vec![100, 103, 104]));
    assert_eq!(trades.timestamp[0], 1_723_161_600_330_000);
    let info = bench.hub().tick_info("binance", "BTCUSDT", TradeKind::AggTrades).unwrap();
    assert_eq!(info.covered_until, Some(parse_iso("2024-08-10").unwrap()));
    let input = &info.months[0].provenance.inputs[0];
    assert_eq!((input.file.as_str(), input.rows), ("BTCUSDT-aggTrades-2024-08-09.zip", 3));
}

#[test]
fn every_layout_unit_and_container() {
    let bench = Bench::new();
    let files = [
        bench.file("AUSDT-trades-2024-08-09.csv", "1,2.5,4,10,1723161600330,True,True\n"),
        bench.file("BUSDT-trades-2025-08-09.csv", "1,2.5,4,10,1754697600330123,true,true\r\n"),
        bench.gzip("CUSDT-aggTrades-2024-08-09.csv.gz", "1,2.5,4,7,9,1723161600330,true"),
        bench.zip(
            "DUSDT-trades-2024-08",
            "id,price,qty,quote_qty,time,is_buyer_maker\n1,2.5,4,10,1723161600330,false\n",
        ),
        bench.file("EUSDT-trades-2024-08.csv", "\u{feff}1,2.5,4,10,1723161600,false\n\n"),
        bench.file(
            "FUSDT-aggTrades-5.csv",
            "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n\
             1,\"2.5\",4,7,9,1723161600330,TRUE\n",
        ),
    ];
    assert_eq!(
        bench.import(&files),
        "AUSDT-trades-2024-08-09.csv: Binance spot trades, no header, times in ms, plain text, day 2024-08-09, no checksum beside it; 1 rows\n\
         BUSDT-trades-2025-08-09.csv: Binance spot trades, no header, times in us, plain text, day 2025-08-09, no checksum beside it; 1 rows\n\
         CUSDT-aggTrades-2024-08-09.csv.gz: Binance USD-M aggTrades, no header, times in ms, gzip, day 2024-08-09, no checksum beside it; 1 rows\n\
         DUSDT-trades-2024-08.zip: Binance trades, header, times in ms, ZIP, month 2024-08, no checksum beside it; 1 rows\n\
         EUSDT-trades-2024-08.csv: Binance USD-M trades, no header, times in s, plain text, month 2024-08, no checksum beside it; 1 rows\n\
         FUSDT-aggTrades-5.csv: Binance aggTrades, header, times in ms, plain text, no day or month in its name, no checksum beside it; 1 rows\n\
         AUSDT trades 2024-08: written, 1 rows, 1 added\n\
         BUSDT trades 2025-08: written, 1 rows, 1 added\n\
         CUSDT agg_trades 2024-08: written, 1 rows, 1 added\n\
         DUSDT trades 2024-08: written, 1 rows, 1 added\n\
         EUSDT trades 2024-08: written, 1 rows, 1 added\n\
         FUSDT agg_trades 2024-08: written, 1 rows, 1 added\n"
    );
    let times = |symbol: &str, kind: TradeKind| bench.trades(symbol, kind).timestamp[0];
    assert_eq!(times("BUSDT", TradeKind::Trades), 1_754_697_600_330_123);
    assert_eq!(times("EUSDT", TradeKind::Trades), 1_723_161_600_000_000);
    assert_eq!(bench.trades("FUSDT", TradeKind::AggTrades).is_buyer_maker, [Some(true)]);
    let info = bench.hub().tick_info("binance", "FUSDT", TradeKind::AggTrades).unwrap();
    assert_eq!(info.covered_until, None);
}

#[test]
fn a_file_without_a_date_may_span_months() {
    let bench = Bench::new();
    let july = parse_iso("2024-07-31T23:59:59").unwrap() / 1000;
    let august = parse_iso("2024-08-01").unwrap() / 1000;
    let rows = format!("1,5,1,5,{july},true,true\n2,5,1,5,{august},true,true\n3,5,1,5,{},true,true\n", august + 1);
    let file = bench.file("AUSDT-trades-3.csv", rows);
    let first = bench.import(std::slice::from_ref(&file));
    assert!(
        first.ends_with(
            "AUSDT trades 2024-07: written, 1 rows, 1 added\nAUSDT trades 2024-08: written, 2 rows, 2 added\n"
        )
    );
    assert_eq!(bench.trades("AUSDT", TradeKind::Trades).trade_id, [1, 2, 3]);
    let before = bench.hub_bytes();
    assert!(bench.import(&[file]).ends_with(
        "AUSDT trades 2024-07: unchanged, 1 rows, 0 added\nAUSDT trades 2024-08: unchanged, 2 rows, 0 added\n"
    ));
    assert_eq!(bench.hub_bytes(), before);
}

#[test]
fn checksum_files_may_be_named_with_their_archives() {
    let bench = Bench::new();
    let archive = bench.zip("AUSDT-trades-2024-08-09", "1,5,1,5,1723161600000,true\n");
    bench.checksum(&archive);
    let checksum = bench.path("AUSDT-trades-2024-08-09.zip.CHECKSUM");
    let said = bench.import(&[archive.clone(), checksum.clone()]);
    assert!(said.contains("checksum ok; 1 rows\n") && !said.contains("refused"), "{said}");
    std::fs::remove_file(archive).unwrap();
    assert_eq!(
        bench.import(&[checksum]),
        "refused `AUSDT-trades-2024-08-09.zip.CHECKSUM`: the file it is the checksum of is not beside it\n\
         hint: fetch the archive itself\n"
    );
}

#[test]
fn several_members_are_several_files() {
    let bench = Bench::new();
    let day = |day: i64| {
        let row = |id: i64| format!("{id},100.0,1,100,{},true,true\n", 1_722_988_800_000 + day * 86_400_000 + id);
        (1..4).map(|id| row(day * 10 + id)).collect::<String>()
    };
    let (one, two) = (day(0), day(1));
    let members = [
        ("AUSDT-trades-2024-08-07.csv", one.as_str()),
        ("AUSDT-trades-2024-08-08.csv", two.as_str()),
        ("notes.csv", "oops"),
    ];
    let said = bench.import(&[bench.zip_of("both.zip", &members)]);
    assert!(
        said.contains(
            "both.zip/AUSDT-trades-2024-08-07.csv: Binance spot trades, no header, times in ms, ZIP, day 2024-08-07"
        ),
        "{said}"
    );
    assert!(said.contains("AUSDT trades 2024-08: written, 6 rows, 6 added"), "{said}");
    assert!(said.contains("refused `both.zip/notes.csv`"), "{said}");
    let before = bench.hub_bytes();
    assert!(bench.import(&[bench.path("both.zip")]).contains("AUSDT trades 2024-08: unchanged, 6 rows"));
    assert_eq!(bench.hub_bytes(), before);
    let said = bench.import(&[bench.zip_of("same.zip", &[("a.csv", one.as_str()), ("b.csv", one.as_str())])]);
    assert!(said.contains("nothing tells its symbol"), "{said}");
}
