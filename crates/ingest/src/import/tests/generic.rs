//! Trades of other writers: stream recordings, plain CSV by column names, Parquet.

use crosscut_hub::parquet_file;
use crosscut_model::time::parse_iso;
use crosscut_model::{Column, Table, TradeKind};

use crate::testing::Bench;

/// A recorded stream, as one program flattens it.
const STREAM: &str = "\
##########
# Data Quality Report
TimestampOfReceive,Stream,EventType,EventTime,TransactionTime,Symbol,TradeId,Price,Quantity,IsBuyerMarketMaker,XUnknownParameter
1741046404352,trxusdt@trade,trade,1741046404349,1741046404349,TRXUSDT,7,0.23103,243.0,0,MARKET
1741046404362,trxusdt@trade,trade,1741046404360,1741046404359,TRXUSDT,8,0.0,0.0,1,
1741046404362,trxusdt@trade,trade,1741046404360,1741046404359,TRXUSDT,9,0.23102,139.0,1,MARKET
";

#[test]
fn recorded_stream() {
    let bench = Bench::new();
    let file = bench.gzip("test_trxusdt.csv.gz", STREAM);
    assert_eq!(
        bench.import(&[file]),
        "test_trxusdt.csv.gz: Binance trade stream CSV, header, times in ms, gzip, no day or month in its name, no checksum beside it; 2 rows\n  \
         test_trxusdt.csv.gz: 1 rows of spent ids (price and quantity 0) dropped\n\
         TRXUSDT trades 2025-03: written, 2 rows, 2 added\n"
    );
    let trades = bench.trades("TRXUSDT", TradeKind::Trades);
    assert_eq!(trades.trade_id, [7, 9]);
    assert_eq!(trades.is_buyer_maker, [Some(false), Some(true)]);
}

/// What the import says of a stream in which `from` is replaced by `to`.
fn damaged(from: &str, to: &str) -> String {
    let bench = Bench::new();
    assert!(STREAM.contains(from));
    let said = bench.import(&[bench.file("s.csv", STREAM.replacen(from, to, 1))]);
    assert!(bench.hub_bytes().is_empty(), "{from} -> {to} published something");
    said.lines().next().unwrap().replace("refused `s.csv`, ", "")
}

#[test]
fn damaged_streams_are_refused() {
    assert_eq!(damaged("TRXUSDT,9", "BTCUSDT,9"), "row 6: Symbol is `BTCUSDT`; every row before says `TRXUSDT`");
    assert_eq!(
        damaged("trade,1741046404360,1741046404359,TRXUSDT,9", "trade,0,1741046404359,TRXUSDT,9"),
        "row 6: EventTime is `0`; expected an epoch time in ms"
    );
    assert_eq!(
        damaged("TRXUSDT,9", "TRXUSDT,8"),
        "row 6: trade id 8 repeats that of the row above; expected increasing ids"
    );
    assert_eq!(damaged("TRXUSDT,9", "TRXUSDT,6"), "row 6: trade id 6 comes after 8; expected increasing ids");
    assert_eq!(damaged("0.23103", "-1"), "row 4: price is -1; expected a positive number");
    assert_eq!(damaged("243.0", "0"), "row 4: quantity is 0; expected a positive number");
    assert_eq!(
        damaged("1741046404352,", "1741132734000,"),
        "row 4: its times are more than an hour apart: 2025-03-04T00:00:04.349000Z and 2025-03-04T23:58:54Z"
    );
    assert_eq!(
        damaged("1741046404359,TRXUSDT,9", "1741046404359000,TRXUSDT,9"),
        "row 6: TransactionTime is `1741046404359000`; it is in us, the rows before are in ms: one file must not mix units"
    );
    assert_eq!(
        damaged("1741046404359,TRXUSDT,9", "1741046404300,TRXUSDT,9"),
        "row 6: time 2025-03-04T00:00:04.300000Z is before that of the row above, 2025-03-04T00:00:04.359000Z; expected rows in time order"
    );
    assert_eq!(
        damaged("trxusdt@trade,trade,1741046404360", "btcusdt@trade,trade,1741046404360"),
        "row 5: Stream is `btcusdt@trade`; every row before says `trxusdt@trade`"
    );
    assert_eq!(damaged(",1,MARKET", ",2,MARKET"), "row 6: IsBuyerMarketMaker is `2`; expected true or false");
}

#[test]
fn order_books_are_not_trades() {
    let bench = Bench::new();
    let head =
        "TimestampOfReceive,Stream,EventType,EventTime,Symbol,FirstUpdateId,FinalUpdateId,IsAsk,Price,Quantity\n";
    let row = "1741046400062959,trxusdt@depth@100ms,depthUpdate,1741046400062507,TRXUSDT,1,2,0,0.2311,8.7\n";
    let file = bench.file("depth.csv", format!("{head}{row}"));
    assert_eq!(
        bench.import(&[file]),
        "refused `depth.csv`: holds order book depth, not trades; not supported\nhint: leave the file out\n"
    );
}

#[test]
fn plain_csv_with_signed_sizes() {
    let bench = Bench::new();
    let text = "timestamp,price,size\n1514764802610,13873,10\n1514764806057,13873,-3000\n1514764806057,13873,-3000\n";
    let file = bench.file("XBTUSD_trades_2018.csv", text);
    assert_eq!(
        bench.import(&[file]),
        "XBTUSD_trades_2018.csv: trades by column names, negative size = taker sold, header, times in ms, no ids, plain text, no day or month in its name, no checksum beside it; 3 rows\n\
         XBTUSD trades 2018-01: written, 3 rows, 3 added\n"
    );
    let trades = bench.trades("XBTUSD", TradeKind::Trades);
    assert!(trades.trade_id.is_empty());
    assert_eq!(trades.quantity, [10.0, 3000.0, 3000.0]);
    assert_eq!(trades.is_buyer_maker, [Some(false), Some(true), Some(true)]);
}

#[test]
fn plain_csv_with_text_times_sides_and_seconds() {
    let bench = Bench::new();
    let es = "DateTime,Price,Volume\n2013-09-01 17:00:00.083,1640.25,8\n2013-09-01 17:00:01,1640.5,1\n";
    let bybit = "timestamp,symbol,side,size,price,tickDirection,trdMatchID\n\
                 1585180700.0647,BTCUSDT,Buy,0.042,6698.5,PlusTick,d1d5\n1585180701,BTCUSDT,Sell,0.1,6698,MinusTick,a4\n";
    let okx = "instrument_name,trade_id,side,price,size,created_time\nBTC-USDT-SWAP,5,sell,100.5,2,1696118400123\n";
    let files = [bench.file("ES_trades_2013.csv", es), bench.file("bybit.csv", bybit), bench.file("okx.csv", okx)];
    let said = bench.import(&files);
    assert!(!said.contains("refused"), "{said}");
    let es = bench.trades("ES", TradeKind::Trades);
    assert_eq!(es.timestamp[0], parse_iso("2013-09-01T17:00:00.083").unwrap());
    assert_eq!(es.is_buyer_maker, [None, None]);
    let bybit = bench.trades("BTCUSDT", TradeKind::Trades);
    assert_eq!(bybit.timestamp, [1_585_180_700_064_700, 1_585_180_701_000_000]);
    assert_eq!(bybit.is_buyer_maker, [Some(false), Some(true)]);
    assert_eq!(bench.trades("BTC-USDT-SWAP", TradeKind::Trades).trade_id, [5]);
}

#[test]
fn a_symbol_is_needed() {
    let bench = Bench::new();
    let file = bench.file("ticks.csv", "time,price,qty\n1585180700,1,2\n");
    let said = bench.import(std::slice::from_ref(&file));
    assert_eq!(
        said,
        "refused `ticks.csv`: nothing tells its symbol\nhint: give --symbol, or name the file like the venue does\n"
    );
    let mut request = bench.request(&[file]);
    request.symbol = Some("AUSDT".to_owned());
    assert!(bench.import_as(&request).contains("AUSDT trades 2020-03: written, 1 rows, 1 added"));
    request.symbol = Some("../../etc".to_owned());
    assert!(bench.import_as(&request).contains("cannot be a symbol"));
}

#[test]
fn parquet_by_column_names() {
    let bench = Bench::new();
    let mut table = Table::default();
    let start = parse_iso("2021-01-08").unwrap();
    table.push("timestamp", Column::I64(vec![start + 278_000, start + 278_000, start + 900_000]));
    table.push("trade_id", Column::I64(vec![1, 2, 3]));
    table.push("price", Column::F64(vec![39432.48, 39432.48, 39433.0]));
    table.push("quantity", Column::F64(vec![0.000263, 1.0, 2.0]));
    table.push("buyer_maker", Column::Text(vec!["True".to_owned(), "False".to_owned(), "True".to_owned()]));
    let path = bench.path("BTCUSDT-trades-2021-01-08.parquet");
    parquet_file::write(&path, &table, &["timestamp"]).unwrap();
    let said = bench.import(&[path]);
    assert!(said.ends_with("BTCUSDT trades 2021-01: written, 3 rows, 3 added\n"), "{said}");
    let trades = bench.trades("BTCUSDT", TradeKind::Trades);
    assert_eq!(trades.is_buyer_maker, [Some(true), Some(false), Some(true)]);
    assert_eq!(trades.timestamp[0], start + 278_000);
}

#[test]
fn archive_columns_in_parquet() {
    let bench = Bench::new();
    let mut table = Table::default();
    table.push("agg_trade_id", Column::I64(vec![1, 2]));
    table.push("price", Column::F64(vec![10.0, 11.0]));
    table.push("quantity", Column::F64(vec![1.0, 2.0]));
    table.push("first_trade_id", Column::I64(vec![5, 6]));
    table.push("last_trade_id", Column::I64(vec![5, 8]));
    table.push("transact_time", Column::I64(vec![1_723_161_600_330, 1_723_161_600_331]));
    table.push("is_buyer_maker", Column::Bool(vec![true, false]));
    let path = bench.path("AUSDT-aggTrades-2.parquet");
    parquet_file::write(&path, &table, &[]).unwrap();
    let said = bench.import(&[path]);
    assert!(said.ends_with("AUSDT agg_trades 2024-08: written, 2 rows, 2 added\n"), "{said}");
    let trades = bench.trades("AUSDT", TradeKind::AggTrades);
    assert_eq!(trades.timestamp, [1_723_161_600_330_000, 1_723_161_600_331_000]);
    assert_eq!(trades.last_trade_id, [5, 8]);
}

#[test]
fn dates_and_clocks_in_columns_of_their_own() {
    let bench = Bench::new();
    let text = "Date,Time,Open,High,Low,Close,Volume,OpenInterest\n2006-01-02,09:01:00,3,4,3,4,5,0\n\
        2006-01-02,09:02:00,4,5,4,5,6,0\n2006-01-02,09:03:00,5,6,5,6,7,0\n";
    let said = bench.import(&[bench.file("FUT.csv", text)]);
    assert!(said.contains("FUT 1m bars: written, 3 rows"), "{said}");
    let bars = bench.hub().read_all_bars("binance", &"1m".parse().unwrap(), "FUT").unwrap();
    assert_eq!(crosscut_model::format_iso(bars.timestamp[1]), "2006-01-02T09:02:00Z");
    assert_eq!((bars.open[1], bars.volume[1]), (4.0, 6.0));
    let said = bench.import(&[bench.file("FUT2.csv", text.replace("09:02:00", "9h02"))]);
    assert!(said.contains("row 3: Time is `9h02`; expected a clock"), "{said}");
    let said = bench.import(&[bench.file("FUT3.csv", text.replace("2006-01-02,09:02", "2006-01-02 09:02,09:02"))]);
    assert!(said.contains("row 3: its date has a clock already"), "{said}");
}

#[test]
fn columns_by_mapping() {
    let bench = Bench::new();
    let text = "Date,Open,High,Low,Close,Adj Close,Volume,Open Interest\n\
        2024-01-02,9,11,8,10,9.5,100,5\n2024-01-03,10,12,9,11,10.45,120,6\n2024-01-04,11,12,10,11,10.45,90,6\n";
    let file = bench.file("ABC.csv", text);
    let said = bench.import(std::slice::from_ref(&file));
    assert!(
        said.contains("columns not kept: Adj Close, Open Interest") && said.contains("ABC 1d bars: written, 3 rows"),
        "{said}"
    );
    let closes = |venue: &str| bench.hub().read_all_bars(venue, &"1d".parse().unwrap(), "ABC").unwrap().close;
    assert_eq!(closes("binance"), [10.0, 11.0, 11.0]);
    let mut request = bench.request(&[file]);
    request.venue = "adjusted".to_owned();
    let pair = |to: &str, from: &str| (to.to_owned(), from.to_owned());
    request.columns = vec![pair("timestamp", "Date"), pair("close", "Adj Close")];
    let said = bench.import_as(&request);
    assert!(said.contains("columns not kept: Close, Open Interest"), "{said}");
    assert_eq!(closes("adjusted"), [9.5, 10.45, 10.45]);
    request.columns = vec![pair("close", "AdjClose")];
    assert!(
        bench.import_as(&request).contains("has no column `AdjClose` for --columns close=AdjClose; it has Date, Open")
    );
    request.columns = vec![pair("clse", "Close")];
    assert!(
        bench.import_as(&request).contains("`clse` is no column of bars")
            && bench.import_as(&request).contains("did you mean `close`?")
    );
    request.columns = vec![pair("close", "Close"), pair("close", "Open")];
    assert!(bench.import_as(&request).contains("`close` is given twice"));
}
