//! Daily files of OKX and Bybit: what is in the archive comes from there, the rest from the interface that answers questions.

use crosscut_model::TradeKind;
use crosscut_model::time::{DAY, HOUR, MINUTE, format_date, midnight};
use serde_json::{Value, json};

use crate::download::DownloadRequest;
use crate::download::wish::Span;
use crate::testing::Bench;

use super::rest::{answers, bars, n_bars};
use super::world::{counts, download, request, serve, troubles};

/// A file of OKX's candles: the minutes of the day that begins at 16:00 UTC of the day before.
fn candles(bench: &Bench, instrument: &str, day: i64) {
    let date = format_date(day);
    let row = |minute: i64| {
        let open = (day - 8 * HOUR + minute * MINUTE) / 1000;
        format!("{instrument},100,102,99,101,400,4,404,{open},1\n")
    };
    let text: String = (0..1440).map(row).collect();
    let header = "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm\n";
    let folder = format!("archive/cdn/okex/traderecords/candlesticks/daily/{}", date.replace('-', ""));
    bench.zip_of(
        &format!("{folder}/{instrument}-candlesticks-{date}.zip"),
        &[(&format!("{instrument}-candlesticks-{date}.csv"), &format!("{header}{text}"))],
    );
}

/// A wish for one symbol of an exchange in February 2024.
fn wish(bench: &Bench, server: &crate::archive_server::ArchiveServer, ask: (&str, &str, &str)) -> DownloadRequest {
    let (exchange, kinds, symbol) = ask;
    DownloadRequest {
        exchange: exchange.to_owned(),
        symbols: vec![symbol.to_owned()],
        span: Span::between("2024-02-01", "2024-02-03").unwrap(),
        ..request(bench, server, kinds)
    }
}

#[test]
fn candles_of_okx_cover_the_days_asked_for_whatever_clock_their_files_go_by() {
    let bench = Bench::new();
    for (instrument, day) in [("NEW-USDT-SWAP", 1), ("NEW-USDT-SWAP", 2), ("NEW-USDT-SWAP", 3), ("NEW-USDT-SWAP", 4)] {
        candles(&bench, instrument, midnight(2024, 2, day));
    }
    candles(&bench, "NEW-USDT", midnight(2024, 2, 2));
    let server = serve(&bench.path("archive"));
    let summary = download(&bench, &wish(&bench, &server, ("okx_swap", "klines-1m", "NEW-USDT-SWAP")));
    // The file behind the span holds its last eight hours.
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("4 Fetched", ""));
    let swap = bench.hub().read_all_bars("v", &"1m".parse().unwrap(), "NEW-USDT-SWAP").unwrap();
    assert_eq!((swap.len(), swap.timestamp[0]), (4 * 1440, midnight(2024, 2, 1) - 8 * HOUR));
    // Contracts are no coins.
    assert_eq!((swap.volume[0], swap.dollar_volume[0]), (4.0, 404.0));
    let summary = download(&bench, &wish(&bench, &server, ("okx_spot", "klines-1m", "NEW-USDT")));
    assert_eq!(
        (counts(&summary).as_str(), troubles(&bench, &summary).as_str()),
        ("1 Fetched, 3 Absent", ""),
        "the days around it are asked for and not there"
    );
    let spot = bench.hub().read_all_bars("v", &"1m".parse().unwrap(), "NEW-USDT").unwrap();
    assert_eq!((spot.volume[0], spot.dollar_volume[0]), (400.0, 404.0));
    // Again: nothing new.
    let again = download(&bench, &wish(&bench, &server, ("okx_swap", "klines-1m", "NEW-USDT-SWAP")));
    assert_eq!(counts(&again), "4 Present");
}

#[test]
fn candles_of_okx_before_and_behind_its_files_are_asked_for() {
    let bench = Bench::new();
    let mut rows = bars(MINUTE, 9);
    rows.as_array_mut().unwrap().iter_mut().for_each(|row| row[8] = json!("1"));
    let old: Vec<Value> = (0..1440)
        .map(|n: i64| {
            let open = ((midnight(2023, 6, 30) + n * MINUTE) / 1000).to_string();
            json!([open, "100", "102", "99", "101", "400", "4", "404", "1"])
        })
        .collect();
    answers(&bench, "api/v5/market/history-candles/NEW-USDT-SWAP-1m", &Value::Array(old));
    candles(&bench, "NEW-USDT-SWAP", midnight(2023, 7, 1));
    let server = serve(&bench.path("archive"));
    let mut ask = wish(&bench, &server, ("okx_swap", "klines-1m", "NEW-USDT-SWAP"));
    ask.span = Span::between("2023-06-30", "2023-07-01").unwrap();
    let summary = download(&bench, &ask);
    // 16:00 to midnight of the first day is told by both.
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("2 Fetched, 1 Absent", ""));
    assert_eq!(n_bars(&bench, "1m", "NEW-USDT-SWAP"), 1440 + 16 * 60);
    // Days whose files are not out yet, at noon of the eleventh.
    answers(&bench, "api/v5/market/history-candles/NEW-USDT-SWAP-1m", &rows);
    ask.span = Span::between("2024-02-08", "2024-02-09").unwrap();
    let summary = download(&bench, &ask);
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("2 Fetched", ""));
}

#[test]
fn funding_of_okx_is_in_one_file_for_all_swaps() {
    let bench = Bench::new();
    let header = "instrument_name,funding_rate,funding_time\n";
    let rates = |day: i64| -> String {
        let time = |n: i64| (midnight(2024, 2, day) + (n - 1) * 8 * HOUR) / 1000;
        let row = |n: i64| format!("A-USDT-SWAP,0.000{day},{0}\nB-USDT-SWAP,-0.0001,{0}\n", time(n));
        format!("{header}{}", (0..3).map(row).collect::<String>())
    };
    for day in 1..=4 {
        let date = format_date(midnight(2024, 2, day));
        let folder = format!("archive/cdn/okex/traderecords/swaprates/daily/{}", date.replace('-', ""));
        let name = format!("allswap-fundingrates-{date}");
        bench.zip_of(&format!("{folder}/{name}.zip"), &[(&format!("{name}.csv"), &rates(day))]);
    }
    let server = serve(&bench.path("archive"));
    let mut ask = wish(&bench, &server, ("okx_swap", "funding", "A-USDT-SWAP"));
    ask.symbols.push("B-USDT-SWAP".to_owned());
    let summary = download(&bench, &ask);
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("4 Fetched", ""));
    let rate = |symbol: &str| bench.hub().funding("v", symbol).unwrap().f64("rate").unwrap().to_vec();
    assert_eq!(rate("A-USDT-SWAP")[..4], [0.0001, 0.0001, 0.0001, 0.0002]);
    assert_eq!(rate("B-USDT-SWAP"), [-0.0001; 12]);
    // The newest days are in no file yet: they are asked for, and what both tell agrees.
    let row = |n: i64| {
        let time = (midnight(2024, 2, 9) + n * 8 * HOUR) / 1000;
        json!({"instId": "A-USDT-SWAP", "fundingRate": "0.0003", "realizedRate": "", "fundingTime": time.to_string()})
    };
    answers(&bench, "api/v5/public/funding-rate-history/A-USDT-SWAP", &Value::Array((0..6).map(row).collect()));
    ask.symbols.truncate(1);
    ask.span = Span { from: midnight(2024, 2, 9), until: midnight(2024, 2, 9) + 2 * DAY };
    let summary = download(&bench, &ask);
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("2 Fetched", ""));
    assert_eq!(rate("A-USDT-SWAP").len(), 18);
}

#[test]
fn bybit_knows_symbols_that_are_traded_no_more_and_leaves_inverse_ones_aside() {
    let bench = Bench::new();
    let header =
        "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional,RPI\n";
    let start = midnight(2024, 2, 2) / 1_000_000;
    for symbol in ["OLDUSDT", "OLDUSD", "OLDUSDH24", "NEWPERP"] {
        // Rows come in any order.
        let row = |n: i64| format!("{}.5,{symbol},Buy,1,10.5,PlusTick,x{n},1,1,1,0\n", start + n);
        let path = format!("archive/trading/{symbol}/{symbol}2024-02-02.csv.gz");
        bench.gzip(&path, &format!("{header}{}", [3, 1, 2].map(row).concat()));
    }
    let server = serve(&bench.path("archive"));
    let summary = download(&bench, &wish(&bench, &server, ("bybit_linear", "trades", "*")));
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("2 Fetched", ""));
    let months = |symbol: &str| bench.hub().tick_info("v", symbol, TradeKind::Trades).map(|info| info.rows).ok();
    assert_eq!(["OLDUSDT", "NEWPERP", "OLDUSD", "OLDUSDH24"].map(months), [Some(3), Some(3), None, None]);
    let summary = download(&bench, &wish(&bench, &server, ("bybit_linear", "trades", "OLDUSD")));
    assert!(troubles(&bench, &summary).contains("OLDUSD trades: bybit_linear has nothing of it"));
    // Bars by a pattern too, though the interface names only what is traded now.
    let traded = json!({"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "nextPageCursor": "",
        "list": [{"symbol": "NEWPERP", "status": "Trading"}]}});
    answers(&bench, "v5/market/instruments-info", &traded);
    answers(&bench, "v5/market/kline/OLDUSDT-60", &bars(HOUR, 7));
    let mut ask = wish(&bench, &server, ("bybit_linear", "klines-1h", "OLD*"));
    ask.span = Span::between("2024-02-08", "2024-02-09").unwrap();
    let summary = download(&bench, &ask);
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("2 Fetched", ""));
}
