//! Interfaces that answer questions: page after page, in the order of each venue, into the same tables as archives.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crosscut_model::TradeKind;
use crosscut_model::time::{DAY, HOUR, MINUTE, midnight};
use serde_json::{Value, json};

use crate::download::query::query;
use crate::download::wish::Span;
use crate::download::{DownloadRequest, Surroundings};
use crate::quality::{DefectKind, VerifyRequest, verify};
use crate::testing::{Bench, shared};

use super::world::{counts, download, request, serve, troubles};

/// Writes down what an interface answers.
pub(super) fn answers(bench: &Bench, path: &str, rows: &Value) {
    bench.file(&format!("archive/answers/{path}.json"), rows.to_string());
}

/// Bars of two days of February 2024, `columns` texts behind the open time.
pub(super) fn bars(step: i64, columns: usize) -> Value {
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
pub(super) fn n_bars(bench: &Bench, bar: &str, symbol: &str) -> usize {
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

#[test]
fn okx_trades_that_are_in_no_file_yet_are_asked_for_page_by_page() {
    let bench = Bench::new();
    // Trades of three days, some twenty of each moment, so that pages of 100 end inside of one.
    let from = midnight(2024, 2, 8) / 1000;
    let trade = |n: i64| {
        let time = from + n / 20 * 1_800_000;
        let side = if n % 3 == 0 { "buy" } else { "sell" };
        json!({"instId": "NEW-USDT", "tradeId": (500 + n).to_string(), "px": "10.5", "sz": "1", "side": side, "ts": time.to_string()})
    };
    let n_day = 20 * 48;
    let rows: Vec<Value> = (0..3 * n_day).map(trade).collect();
    let file = |at: usize, name: &str| -> String { rows[at][name].as_str().unwrap().to_owned() };
    answers(&bench, "api/v5/market/history-trades/NEW-USDT", &Value::Array(rows.clone()));
    // The file of the first day is out.
    let line = |at: usize| {
        let [id, side, price, size, time] = ["tradeId", "side", "px", "sz", "ts"].map(|name| file(at, name));
        format!("NEW-USDT,{id},{side},{price},{size},{time}\n")
    };
    let text: String = (0..usize::try_from(n_day).unwrap()).map(line).collect();
    let header = "instrument_name,trade_id,side,price,size,created_time\n";
    bench.zip_of(
        "archive/cdn/okex/traderecords/trades/daily/20240208/NEW-USDT-trades-2024-02-08.zip",
        &[("NEW-USDT-trades-2024-02-08.csv", &format!("{header}{text}"))],
    );
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "trades");
    wish.exchange = "okx_spot".to_owned();
    wish.symbols = vec!["NEW-USDT".to_owned()];
    wish.span = Span::between("2024-02-08", "2024-02-10").unwrap();
    let summary = download(&bench, &wish);
    assert_eq!(troubles(&bench, &summary), "");
    // One file, and by question the day it is of, which may go by another clock, and the two behind it.
    assert_eq!(counts(&summary), "4 Fetched");
    let info = bench.hub().tick_info("v", "NEW-USDT", TradeKind::Trades).unwrap();
    assert_eq!(info.rows, 3 * usize::try_from(n_day).unwrap());
    assert!(info.months[0].provenance.inputs.iter().all(|input| input.n_out_of_order == 0));
    assert!(!counts(&download(&bench, &wish)).contains("Fetched"));
}

#[test]
fn bybit_instruments_are_asked_for_until_there_is_no_further_page() {
    let bench = Bench::new();
    let page = |symbols: &[&str], next: &str| {
        let entry = |symbol: &&str| {
            json!({"symbol": symbol, "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": "X",
                "quoteCoin": "USDT", "launchTime": "1699990000000", "deliveryTime": "0",
                "priceFilter": {"tickSize": "0.10"}, "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001"}})
        };
        let list: Vec<Value> = symbols.iter().map(entry).collect();
        json!({"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": list, "nextPageCursor": next}, "time": midnight(2024, 2, 11) / 1000})
    };
    answers(&bench, "v5/market/instruments-info", &page(&["AUSDT", "BUSDT"], "second%3D"));
    answers(&bench, "v5/market/instruments-info@second%3D", &page(&["CUSDT"], "third"));
    answers(&bench, "v5/market/instruments-info@third", &page(&["DUSDT"], ""));
    std::fs::create_dir_all(bench.path("archive")).unwrap();
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "instruments");
    wish.exchange = "bybit_linear".to_owned();
    let summary = download(&bench, &wish);
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("1 Fetched", ""));
    let known: Vec<String> = bench.hub().instruments("v").unwrap().into_iter().map(|row| row.symbol).collect();
    assert_eq!(known, ["AUSDT", "BUSDT", "CUSDT", "DUSDT"]);
    // Symbols by pattern are looked for in all pages too.
    for symbol in ["CUSDT", "DUSDT"] {
        answers(&bench, &format!("v5/market/kline/{symbol}-60"), &bars(HOUR, 7));
    }
    let mut wish = request(&bench, &server, "klines-1h");
    wish.exchange = "bybit_linear".to_owned();
    wish.symbols = vec!["C*".to_owned(), "D*".to_owned()];
    wish.span = Span::between("2024-02-08", "2024-02-09").unwrap();
    assert_eq!(counts(&download(&bench, &wish)), "4 Fetched");
}

/// Funding rates of four days, each `hours` long; `hours` may change after two days.
fn rates(hours: i64, then: i64) -> Value {
    let (start, middle) = (midnight(2024, 2, 5), midnight(2024, 2, 7));
    let first = (0..2 * DAY / (hours * HOUR)).map(|n| start + n * hours * HOUR);
    let second = (0..2 * DAY / (then * HOUR)).map(|n| middle + n * then * HOUR);
    // Times are a few milliseconds off the hour.
    let row = |(n, time): (usize, i64)| {
        let jitter = i64::try_from(n % 4).unwrap() * 3;
        json!({"symbol": "X", "fundingTime": time / 1000 + jitter, "fundingRate": "0.0001", "markPrice": "10"})
    };
    Value::Array(first.chain(second).enumerate().map(row).collect())
}

#[test]
fn funding_every_hour_every_four_and_every_eight_has_no_gap_and_a_change_is_told() {
    let bench = Bench::new();
    let symbols = [("AUSDT", 1, 1), ("BUSDT", 4, 4), ("CUSDT", 8, 8), ("DUSDT", 8, 4), ("EUSDT", 1, 8)];
    for (symbol, hours, then) in symbols {
        let mut rows = rates(hours, then);
        rows.as_array_mut().unwrap().iter_mut().for_each(|row| row["symbol"] = json!(symbol));
        answers(&bench, &format!("fapi/v1/fundingRate/{symbol}"), &rows);
    }
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "funding");
    wish.symbols = symbols.iter().map(|(symbol, ..)| (*symbol).to_owned()).collect();
    wish.span = Span::between("2024-02-05", "2024-02-08").unwrap();
    let summary = download(&bench, &wish);
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("20 Fetched", ""));
    let n_rows = symbols.map(|(symbol, ..)| bench.hub().funding("v", symbol).unwrap().len());
    assert_eq!(n_rows, [96, 24, 12, 18, 54]);
    let request = VerifyRequest { venue: "v".to_owned(), symbols: Vec::new(), hashes: true };
    let found = verify(&request, &bench.hub()).unwrap().defects;
    let told: Vec<(&str, &str)> = found.iter().map(|defect| (defect.symbol.as_str(), defect.detail.as_str())).collect();
    let kinds: Vec<DefectKind> = found.iter().map(|defect| defect.kind).collect();
    assert_eq!(kinds, [DefectKind::FundingInterval; 2], "{found:?}");
    assert!(told[0].0 == "DUSDT" && told[1].0 == "EUSDT", "{told:?}");
}

#[test]
fn a_missing_funding_is_a_gap_of_that_symbol() {
    let bench = Bench::new();
    let mut rows = rates(8, 8);
    rows.as_array_mut().unwrap().remove(5);
    answers(&bench, "fapi/v1/fundingRate/AUSDT", &rows);
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "funding");
    wish.symbols = vec!["AUSDT".to_owned()];
    wish.span = Span::between("2024-02-05", "2024-02-08").unwrap();
    download(&bench, &wish);
    let request = VerifyRequest { venue: "v".to_owned(), symbols: Vec::new(), hashes: true };
    let found = verify(&request, &bench.hub()).unwrap().defects;
    let told: Vec<(DefectKind, u64)> = found.iter().map(|defect| (defect.kind, defect.count)).collect();
    assert_eq!(told, [(DefectKind::FundingGap, 1)], "{found:?}");
}

/// A recorded answer of a venue.
fn recorded(zip: &str, name: &str) -> Option<Value> {
    let path = shared(&format!("data/fixtures/{zip}"))?;
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut zip.by_name(name).unwrap(), &mut text).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// What becomes of a recorded answer, whatever is asked at its path.
fn from_recorded(
    path: &str,
    answer: Value,
    (exchange, kind, symbol): (&str, &str, &str),
    span: Span,
) -> (Bench, String) {
    let bench = Bench::new();
    answers(&bench, path, &answer);
    let server = serve(&bench.path("archive"));
    let wish = DownloadRequest {
        exchange: exchange.to_owned(),
        symbols: if symbol.is_empty() { Vec::new() } else { vec![symbol.to_owned()] },
        span,
        with_listing: false,
        ..request(&bench, &server, kind)
    };
    let summary = super::world::download_at(&bench, &wish, || midnight(2026, 1, 1));
    let told = format!("{} {}", counts(&summary), troubles(&bench, &summary));
    (bench, told)
}

#[test]
fn recorded_answers_of_okx() {
    let of = |name: &str| recorded("okx_messages_nautilus.zip", &format!("adapter/{name}.json"));
    let Some(answer) = of("http_get_candlesticks_full") else { return };
    let day = |text| Span::between(text, text).unwrap();
    let ask = ("okx_swap", "klines-1m", "BTC-USDT-SWAP");
    let (bench, told) = from_recorded("api/v5/market/history-candles", answer, ask, day("2025-05-12"));
    assert_eq!(told, "1 Fetched ");
    let bars = bench.hub().read_all_bars("v", &"1m".parse().unwrap(), "BTC-USDT-SWAP").unwrap();
    // Volumes in the coin, the second of three; the newest row comes first.
    assert_eq!((bars.open, bars.volume), (vec![102_806.0, 102_806.1], vec![71.6404, 10.4037]));
    assert_eq!(bars.dollar_volume, [7364701.57952, 1069603.34883]);

    let answer = of("http_get_funding_rate_history").unwrap();
    let span = Span::between("2023-12-31", "2024-01-01").unwrap();
    let ask = ("okx_swap", "funding", "BTC-USDT-SWAP");
    let (bench, told) = from_recorded("api/v5/public/funding-rate-history", answer, ask, span);
    assert_eq!(told, "2 Fetched ");
    assert_eq!(bench.hub().funding("v", "BTC-USDT-SWAP").unwrap().f64("rate").unwrap(), [-0.00002, 0.00015]);

    let answer = of("http_get_instruments_swap").unwrap();
    let ask = ("okx_swap", "instruments", "");
    let (bench, told) = from_recorded("api/v5/public/instruments", answer, ask, day("2025-05-12"));
    assert_eq!(told, "1 Fetched ");
    assert!(bench.hub().instruments("v").unwrap().iter().any(|row| row.symbol == "BTC-USD-SWAP"));
}

#[test]
fn recorded_trades_of_okx() {
    let Some(answer) = recorded("okx_messages_nautilus.zip", "adapter/http_get_trades.json") else { return };
    let bench = Bench::new();
    answers(&bench, "api/v5/market/history-trades", &answer);
    let server = serve(&bench.path("archive"));
    let wish = DownloadRequest {
        exchange: "okx_spot".to_owned(),
        symbols: vec!["BTC-USDT".to_owned()],
        span: Span::between("2025-05-12", "2025-05-12").unwrap(),
        ..request(&bench, &server, "trades")
    };
    let summary = super::world::download_at(&bench, &wish, || midnight(2025, 5, 13) + HOUR);
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("1 Fetched", ""));
    let mut stream = bench.hub().ticks("v", "BTC-USDT", TradeKind::Trades).unwrap();
    let mut rows = crosscut_model::Trades::default();
    assert!(stream.next_batch(&mut rows).unwrap());
    assert_eq!(rows.trade_id, [734_864_332, 734_864_333]);
    assert_eq!(rows.is_buyer_maker, [Some(false), Some(true)]);
}

#[test]
fn recorded_answers_of_bybit() {
    let of = |name: &str| recorded("bybit_messages_nautilus.zip", &format!("adapter/{name}.json"));
    let Some(answer) = of("http_get_funding_history") else { return };
    let span = Span::between("2024-03-08", "2024-03-08").unwrap();
    let ask = ("bybit_linear", "funding", "BTCUSDT");
    let (bench, told) = from_recorded("v5/market/funding/history", answer, ask, span);
    assert_eq!(told, "1 Fetched ");
    assert_eq!(bench.hub().funding("v", "BTCUSDT").unwrap().f64("rate").unwrap(), [0.00015, 0.0001]);
    for (exchange, name, symbol) in [
        ("bybit_linear", "http_get_instruments_linear", "BTCUSDT"),
        ("bybit_spot", "http_get_instruments_spot", "BTCUSDT"),
    ] {
        let answer = of(name).unwrap();
        let (bench, told) = from_recorded("v5/market/instruments-info", answer, (exchange, "instruments", ""), span);
        assert_eq!(told, "1 Fetched ", "{name}");
        assert!(bench.hub().instruments("v").unwrap().iter().any(|row| row.symbol == symbol), "{name}");
    }
    // The sample's bar lies on no minute: it is refused with its row, not taken.
    let (_, told) = from_recorded(
        "v5/market/kline",
        of("http_get_klines_linear").unwrap(),
        ("bybit_linear", "klines-1m", "BTCUSDT"),
        span,
    );
    assert!(told.contains("is not the start of a 1m bar"), "{told}");
}

#[test]
fn recorded_answers_of_binance() {
    let of = |name: &str| recorded("binance_messages_nautilus.zip", &format!("integration/http_responses/{name}.json"));
    let Some(answer) = of("http_futures_market_funding_rate") else { return };
    let span = Span::between("2019-10-09", "2019-10-09").unwrap();
    let ask = ("binance_futures", "funding", "BTCUSDT");
    let bench = Bench::new();
    answers(&bench, "fapi/v1/fundingRate", &answer);
    let server = serve(&bench.path("archive"));
    let wish = DownloadRequest { symbols: vec![ask.2.to_owned()], span, ..request(&bench, &server, ask.1) };
    let summary = super::world::download_at(&bench, &wish, || midnight(2019, 10, 20));
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("1 Fetched", ""));
    assert_eq!(bench.hub().funding("v", "BTCUSDT").unwrap().f64("rate").unwrap(), [-0.0375, 0.0001]);
    for (exchange, path, name) in [
        ("binance_futures", "fapi/v1/exchangeInfo", "http_futures_market_exchange_info"),
        ("binance_spot", "api/v3/exchangeInfo", "http_spot_market_exchange_info"),
    ] {
        let (bench, told) = from_recorded(path, of(name).unwrap(), (exchange, "instruments", ""), span);
        assert_eq!(told, "1 Fetched ", "{name}");
        assert!(!bench.hub().instruments("v").unwrap().is_empty(), "{name}");
    }
    let bench = Bench::new();
    answers(&bench, "api/v3/klines", &of("http_spot_market_klines").unwrap());
    let server = serve(&bench.path("archive"));
    let wish = DownloadRequest {
        exchange: "binance_spot".to_owned(),
        symbols: vec!["BTCUSDT".to_owned()],
        span: Span::between("2021-10-22", "2021-10-22").unwrap(),
        ..request(&bench, &server, "klines-1m")
    };
    let summary = super::world::download_at(&bench, &wish, || midnight(2021, 10, 24));
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("1 Fetched", ""));
    let bars = bench.hub().read_all_bars("v", &"1m".parse().unwrap(), "BTCUSDT").unwrap();
    assert_eq!((bars.open[0], bars.tick_count[0]), (60_685.22, 617.0));
}
