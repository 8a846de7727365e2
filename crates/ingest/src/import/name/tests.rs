//! Names as venues, the kit and users write them.

use super::*;

/// What a path says, in words.
fn says(path: &str) -> String {
    match read_name(Path::new(path)) {
        Ok(facts) => format!(
            "{} {} {} {}",
            facts.symbol.as_deref().unwrap_or("-"),
            match facts.kind {
                Some(NamedKind::Ticks(kind)) => kind.name(),
                Some(NamedKind::Klines(flavour)) => flavour.words(),
                Some(NamedKind::Funding) => "funding rates",
                Some(NamedKind::Unsupported(words)) => words,
                None => "-",
            },
            facts.timeframe.map_or("-".to_owned(), |frame| frame.to_string()),
            facts.period.map_or("-".to_owned(), |(from, until)| format!(
                "{}..{}",
                time::format_date(from),
                time::format_date(until)
            )),
        ),
        Err(fault) => fault.reason,
    }
}

#[test]
fn archive_names() {
    assert_eq!(says("BTCUSDT-aggTrades-2024-08-09.zip"), "BTCUSDT agg_trades - 2024-08-09..2024-08-10");
    assert_eq!(says("x/BTCUSDT-trades-2024-12.zip"), "BTCUSDT trades - 2024-12-01..2025-01-01");
    assert_eq!(says("GOLDUSDT-aggTrades-100000.zip"), "GOLDUSDT agg_trades - -");
    assert_eq!(says("klines/BTCUSDT/1h/BTCUSDT-1h-2023-01.csv"), "BTCUSDT klines 1h 2023-01-01..2023-02-01");
    assert_eq!(says("BTCUSDT-1mo-2023-01-31.zip"), "BTCUSDT klines 1M 2023-01-31..2023-02-01");
    assert_eq!(says("BTCUSDT-1m-2023-02-30.zip"), "BTCUSDT klines 1m -");
    assert_eq!(says("BTC-USDT-SWAP-trades-2024-01-02.zip"), "BTC-USDT-SWAP trades - 2024-01-02..2024-01-03");
    assert_eq!(says("BTCUSDT-fundingRate-2024-01.zip"), "BTCUSDT funding rates - 2024-01-01..2024-02-01");
    let mark = "daily/markPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2024-01-01.zip";
    assert_eq!(says(mark), "BTCUSDT mark-price klines 1h 2024-01-01..2024-01-02");
}

#[test]
fn freqtrade_names() {
    assert_eq!(says("XRP_USDT_USDT-1h-mark.feather"), "XRPUSDT mark-price klines 1h -");
    assert_eq!(says("XRP_USDT_USDT-8h-funding_rate.feather"), "XRPUSDT funding rates - -");
    assert_eq!(says("XRP_USDT_USDT-5m-futures.feather"), "XRPUSDT klines 5m -");
    assert_eq!(says("BTC_USDT-1h.feather"), "BTCUSDT klines 1h -");
    assert_eq!(says("BTC_USDT-1h.csv"), "BTC_USDT klines 1h -");
    assert_eq!(says("XRP_USDT_USDT-1h-index.feather"), "XRPUSDT index-price klines 1h -");
}

#[test]
fn other_names() {
    assert_eq!(says("panel/S000USDT/S000USDT_time_bar_1h.parquet"), "S000USDT - 1h -");
    assert_eq!(says("crypto/binance_um_perp_4h.parquet"), "- - 4h -");
    assert_eq!(says("binance_um_perp_1m_2025-06-16_22.parquet"), "- - 1m -");
    assert_eq!(says("us_sp500_daily_2013_2018.parquet"), "- - 1d -");
    assert_eq!(says("2H/BTCUSDT.csv"), "BTCUSDT - 2h -");
    assert_eq!(says("resampled_4H/BTCUSDT.csv"), "BTCUSDT - 4h -");
    assert_eq!(says("bitmex/XBTUSD_trades_2018-01-01_2018-01-03.csv.gz"), "XBTUSD trades - -");
    assert_eq!(says("XRPETH_5m.csv.gz"), "XRPETH - 5m -");
    assert_eq!(says("data.csv"), "- - - -");
    assert_eq!(says("in_min_50000.parquet"), "- - - -");
}

#[test]
fn resampled_names() {
    let facts = read_name(Path::new("1INCH_2020_12_25_1000_1608890400000_Fullversion_2H.csv")).unwrap();
    assert_eq!(facts.symbol.as_deref(), Some("1INCH"));
    assert_eq!(facts.timeframe, Some("2h".parse().unwrap()));
    assert_eq!(facts.start, Some(time::parse_iso("2020-12-25T10:00").unwrap()));
    assert_eq!(says("2H/1INCH_2020_12_25_1000_1608890400000_Fullversion.csv"), "1INCH klines 2h -");
    assert!(says("1INCH_2020_12_25_1100_1608890400000_Fullversion_2H.csv").contains("two start times"));
}

#[test]
fn contradictions_are_refused() {
    assert_eq!(says("4h/BTCUSDT-1h-2023-01.zip"), "its name says 1h bars, its folder `4h` says 4h");
    assert_eq!(says("BTC_1h_4h.csv"), "the name `BTC_1h_4h` holds two timeframes, `1h` and `4h`");
}
