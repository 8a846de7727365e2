//! Interfaces that answer questions: page after page, in the order of each venue, into the same tables as archives.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crosscut_model::TradeKind;
use crosscut_model::time::{DAY, HOUR, MINUTE, midnight};
use serde_json::{Value, json};

use crate::download::query::query;
use crate::download::wish::Span;
use crate::download::{DownloadRequest, Surroundings};
use crate::testing::Bench;

use super::world::{counts, download, request, serve, troubles};

/// Writes down what an interface answers.
fn answers(bench: &Bench, path: &str, rows: &Value) {
    bench.file(&format!("archive/answers/{path}.json"), rows.to_string());
}

/// Bars of two days of February 2024, `columns` texts behind the open time.
fn bars(step: i64, columns: usize) -> Value {
    let from = midnight(2024, 2, 8);
    let row = |n: i64| {
        let price = format!("{}.5", 100 + n % 7);
        let mut cells = vec![Value::String(((from + n * step) / 1000).to_string())];
        cells.extend((0..4).map(|_| Value::String(price.clone())));
        cells.extend((5..columns).map(|_| Value::String("2".to_owned())));
        Value::Array(cells)
    };
    Value::Array((0..2 * DAY / step).map(row).collect())
}

/// Downloads from an exchange.
fn of(bench: &Bench, exchange: &str, kinds: &str, symbol: &str) -> (String, String) {
    std::fs::create_dir_all(bench.path("archive")).unwrap();
    let server = serve(&bench.path("archive"));
    let wish = DownloadRequest {
        exchange: exchange.to_owned(),
        symbols: vec![symbol.to_owned()],
        span: Span::between("2024-02-08", "2024-02-09").unwrap(),
        ..request(bench, &server, kinds)
    };
    let first = download(bench, &wish);
    let told = (counts(&first), troubles(bench, &first));
    let again = download(bench, &wish);
    assert!(!counts(&again).contains("Fetched"), "{}", counts(&again));
    told
}

/// Rows of bars in the hub.
fn n_bars(bench: &Bench, bar: &str, symbol: &str) -> usize {
    bench.hub().bar_info("v", &bar.parse().unwrap(), symbol).unwrap().rows
}

#[test]
fn binance_bars_of_a_symbol_the_archive_does_not_know() {
    let bench = Bench::new();
    let mut rows = bars(MINUTE, 12);
    for row in rows.as_array_mut().unwrap() {
        let open: i64 = row[0].as_str().unwrap().parse().unwrap();
        row[0] = json!(open);
        row[6] = json!(open + 59_999);
        row[8] = json!(3);
        row[9] = json!("1");
    }
    answers(&bench, "fapi/v1/klines/NEWUSDT-1m", &rows);
    // 1,440 rows a day are two pages each.
    assert_eq!(of(&bench, "binance_futures", "klines-1m", "NEWUSDT"), ("2 Fetched".to_owned(), String::new()));
    assert_eq!(n_bars(&bench, "1m", "NEWUSDT"), 2880);
}

#[test]
fn binance_trades_of_yesterday_follow_one_another_by_id() {
    let bench = Bench::new();
    let from = (midnight(2024, 2, 10) + 5 * HOUR) / 1000;
    let trade =
        |n: i64| json!({"a": 100 + n, "p": "10.5", "q": "1", "f": n, "l": n, "T": from + n * 10_000, "m": true});
    answers(&bench, "fapi/v1/aggTrades/NEWUSDT", &Value::Array((0..2500).map(trade).collect()));
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "agg_trades");
    wish.symbols = vec!["NEWUSDT".to_owned()];
    let summary = download(&bench, &wish);
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("1 Fetched", ""));
    assert_eq!(bench.hub().tick_info("v", "NEWUSDT", TradeKind::AggTrades).unwrap().months[0].rows, 2500);
}

#[test]
fn okx_bars_and_funding_come_newest_first() {
    let bench = Bench::new();
    let mut rows = bars(MINUTE, 9);
    rows.as_array_mut().unwrap().iter_mut().for_each(|row| row[8] = json!("1"));
    answers(&bench, "api/v5/market/history-candles/NEW-USDT-SWAP-1m", &rows);
    let rate = |n: i64| {
        let time = (midnight(2024, 2, 8) + n * 8 * HOUR) / 1000;
        json!({"instId": "NEW-USDT-SWAP", "fundingRate": "0.0001", "realizedRate": "0.0002", "fundingTime": time.to_string()})
    };
    answers(&bench, "api/v5/public/funding-rate-history/NEW-USDT-SWAP", &Value::Array((0..6).map(rate).collect()));
    let told = of(&bench, "okx_swap", "klines-1m,funding", "NEW-USDT-SWAP");
    assert_eq!(told, ("4 Fetched".to_owned(), String::new()));
    assert_eq!(n_bars(&bench, "1m", "NEW-USDT-SWAP"), 2880);
    let funding = bench.hub().funding("v", "NEW-USDT-SWAP").unwrap();
    assert_eq!(funding.f64("rate").unwrap(), [0.0002; 6]);
}

#[test]
fn bybit_bars_funding_and_files_of_trades() {
    let bench = Bench::new();
    answers(&bench, "v5/market/kline/NEWUSDT-1", &bars(MINUTE, 7));
    let rate = |n: i64| {
        let time = (midnight(2024, 2, 8) + n * 8 * HOUR) / 1000;
        json!({"symbol": "NEWUSDT", "fundingRate": "0.0001", "fundingRateTimestamp": time.to_string()})
    };
    answers(&bench, "v5/market/funding/history/NEWUSDT", &Value::Array((0..6).map(rate).collect()));
    for day in [8, 9] {
        let start = midnight(2024, 2, day) / 1_000_000;
        let row = |n: i64| format!("{}.{n:04},NEWUSDT,Buy,1,10.5,PlusTick,x{n},1,1,1\n", start + n * 60);
        let header =
            "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional\n";
        let text: String = (0..10).map(row).collect();
        bench.gzip(&format!("archive/trading/NEWUSDT/NEWUSDT2024-02-{day:02}.csv.gz"), &format!("{header}{text}"));
    }
    let told = of(&bench, "bybit_linear", "klines-1m,funding,trades", "NEWUSDT");
    assert_eq!(told, ("6 Fetched".to_owned(), String::new()));
    assert_eq!(n_bars(&bench, "1m", "NEWUSDT"), 2880);
    assert_eq!(bench.hub().tick_info("v", "NEWUSDT", TradeKind::Trades).unwrap().months[0].rows, 20);
}

#[test]
fn an_answer_that_is_an_error_names_the_venues_words() {
    let bench = Bench::new();
    answers(&bench, "v5/market/kline", &json!({"retCode": 10001, "retMsg": "symbol invalid", "result": {}}));
    std::fs::create_dir_all(bench.path("archive")).unwrap();
    let server = serve(&bench.path("archive"));
    let wish = DownloadRequest {
        exchange: "bybit_linear".to_owned(),
        symbols: vec!["X".to_owned()],
        span: Span::between("2024-02-08", "2024-02-08").unwrap(),
        ..request(&bench, &server, "klines-1h")
    };
    let told = troubles(&bench, &download(&bench, &wish));
    assert!(told.contains("symbol invalid"), "{told}");
}

#[test]
fn a_query_asks_the_hub_first_and_then_whoever_has_the_bars() {
    let bench = Bench::new();
    answers(&bench, "v5/market/kline/NEWUSDT-60", &bars(HOUR, 7));
    let server = serve(&bench.path("archive"));
    let wish = DownloadRequest {
        exchange: "bybit_linear".to_owned(),
        symbols: vec!["NEWUSDT".to_owned(), "NOBODYUSDT".to_owned()],
        span: Span::between("2024-02-08", "2024-02-09").unwrap(),
        ..request(&bench, &server, "funding")
    };
    let (hub, stop) = (bench.hub_root(), Arc::new(AtomicBool::new(false)));
    let around = Surroundings { hub: &hub, clock: super::world::noon, stop: &stop, progress: &crate::Silent };
    let ask = |wish: &DownloadRequest| query(wish, "1h".parse().unwrap(), around).unwrap();
    let answer = ask(&wish);
    let got: Vec<(&str, usize)> = answer.bars.iter().map(|(symbol, bars)| (symbol.as_str(), bars.len())).collect();
    assert_eq!(got, [("NEWUSDT", 48)]);
    let n_requests = server.n_requests();
    let day = Span::between("2024-02-09", "2024-02-09").unwrap();
    let answer = ask(&DownloadRequest { symbols: vec!["NEWUSDT".to_owned()], span: day, ..wish });
    assert_eq!((answer.bars[0].1.len(), answer.bars[0].1.timestamp[0]), (24, day.from));
    assert_eq!(server.n_requests(), n_requests, "the hub had them");
}

#[test]
fn exchange_information_is_kept_once_a_day_and_read_before_anything_else() {
    let bench = Bench::new();
    let answer = json!({"timezone": "UTC", "serverTime": midnight(2024, 2, 11) / 1000, "symbols": [{
        "symbol": "NEWUSDT", "status": "TRADING", "contractType": "PERPETUAL",
        "onboardDate": midnight(2024, 2, 8) / 1000, "deliveryDate": 4_133_404_800_000_i64,
        "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.10"}, {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001"}],
    }]});
    answers(&bench, "fapi/v1/exchangeInfo", &answer);
    let mut rows = bars(HOUR, 12);
    for row in rows.as_array_mut().unwrap() {
        let open: i64 = row[0].as_str().unwrap().parse().unwrap();
        row[6] = json!(open + 3_599_999);
    }
    answers(&bench, "fapi/v1/klines/NEWUSDT-1h", &rows);
    let told = of(&bench, "binance_futures", "klines-1h,instruments", "NEWUSDT");
    assert_eq!(told, ("3 Fetched".to_owned(), String::new()));
    let known = bench.hub().instruments("v").unwrap();
    assert_eq!(known.len(), 1);
    assert!(bench.path("raw/v/rest/fapi/v1/instruments/instruments-2024-02-11.json").is_file());
}

#[test]
fn a_file_nobody_vouches_for_is_read_to_its_end_before_it_is_taken() {
    let bench = Bench::new();
    let header = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional\n";
    let start = midnight(2024, 2, 8) / 1_000_000;
    let path = bench.gzip(
        "archive/trading/NEWUSDT/NEWUSDT2024-02-08.csv.gz",
        &format!("{header}{start}.5,NEWUSDT,Buy,1,10.5,PlusTick,x,1,1,1\n"),
    );
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 6]).unwrap();
    let (counts, told) = of(&bench, "bybit_linear", "trades", "NEWUSDT");
    assert_eq!(counts, "1 Failed");
    assert!(told.contains("what arrived is damaged"), "{told}");
}
