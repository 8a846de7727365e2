//! Rankings worked out by hand.

use crosscut_model::time::parse_iso;

use super::exclusion::{base, exclusion};
use super::{PoolRequest, build};
use crate::Silent;
use crate::testing::Bench;

/// A request for a pool of two at the venue `binance`.
fn request(bar: Option<&str>) -> PoolRequest {
    PoolRequest {
        name: "top".to_owned(),
        venue: "binance".to_owned(),
        top_n: 2,
        bar: bar.map(|bar| bar.parse().unwrap()),
        exclude: true,
        threads: 2,
    }
}

#[test]
fn rules_of_exclusion() {
    assert_eq!(
        ["BTCUSDT", "ETHBTC", "BTC-USDT", "LUNAUSDT~20190826", "USDT"].map(base),
        ["BTC", "ETH", "BTC", "LUNA", "USDT"]
    );
    let bases = ["BTC", "JUP", "SYRUP", "ZZZ"];
    let why = |symbol: &str| exclusion(symbol, &bases);
    for stable in ["USDCUSDT", "BUSDUSDT", "TUSDUSDT", "FDUSDUSDT", "DAIUSDT", "USDPUSDT", "USTUSDT", "USDTUSD"] {
        assert_eq!(why(stable), Some("stablecoin"), "{stable}");
    }
    for token in
        ["BTCUPUSDT", "BTCDOWNUSDT", "XRPBULLUSDT", "BULLUSDT", "BEARUSDT", "ZZZUPUSDT", "BTC3LUSDT", "ETH3SUSDT"]
    {
        assert_eq!(why(token), Some("leveraged token"), "{token}");
    }
    for coin in ["BTCUSDT", "T3LUSDT", "JUPUSDT", "SYRUPUSDT", "UPUSDT", "USTCUSDT", "SUSHIUSDT", "SUPERUSDT"] {
        assert_eq!(why(coin), None, "{coin}");
    }
}

#[test]
fn ranks_the_last_day_of_bars() {
    let bench = Bench::new();
    let start = parse_iso("2024-01-01").unwrap() / 1000;
    let mut text = "symbol,open_time,open,high,low,close,volume,quote_volume\n".to_owned();
    // Two days of 12 h bars: what was traded on the first day does not count.
    for (symbol, first, second) in [("AUSDT", 1000, 1), ("BUSDT", 1, 5), ("CUSDT", 1, 3), ("USDCUSDT", 1, 900)] {
        for (bar, volume) in [first, first, second, second].iter().enumerate() {
            text += &format!("{symbol},{},1,1,1,1,{volume},{volume}\n", start + bar as i64 * 43_200_000);
        }
    }
    text += &format!("OLDUSDT,{start},1,1,1,1,9,9\n");
    bench.import(&[bench.file("perp_12h.csv", text)]);
    let pool = build(&request(Some("12h")), &bench.hub_root(), &Silent).unwrap();
    assert_eq!(pool.as_of, parse_iso("2024-01-03").unwrap());
    let members: Vec<(&str, Option<f64>)> = pool.members.iter().map(|m| (m.symbol.as_str(), m.dollar_volume)).collect();
    assert_eq!(members, [("BUSDT", Some(10.0)), ("CUSDT", Some(6.0))]);
    let excluded: Vec<(&str, &str)> = pool.excluded.iter().map(|e| (e.symbol.as_str(), e.reason.as_str())).collect();
    assert_eq!(excluded, [("OLDUSDT", "no data in the 24 hours"), ("USDCUSDT", "stablecoin")]);
    assert_eq!(bench.hub().pool("top").unwrap().members, pool.members);
    let all = PoolRequest { exclude: false, ..request(Some("12h")) };
    assert_eq!(build(&all, &bench.hub_root(), &Silent).unwrap().members[0].symbol, "USDCUSDT");
}

#[test]
fn ranks_the_last_day_of_ticks() {
    let bench = Bench::new();
    let end = parse_iso("2024-02-01T12:00").unwrap() / 1000;
    for (symbol, early, late) in [("AUSDT", 100, 1), ("BUSDT", 1, 2), ("CUSDT", 7, 0)] {
        let mut rows = format!("1,10,{early},1,{},true\n", end - 86_400_001);
        if late > 0 {
            rows += &format!("2,10,{late},1,{},true\n3,10,{late},1,{end},true\n", end - 86_400_000 + 1);
        }
        bench.import(&[bench.file(&format!("{symbol}-trades-3.csv"), rows)]);
    }
    let pool = build(&request(None), &bench.hub_root(), &Silent).unwrap();
    let members: Vec<(&str, Option<f64>)> = pool.members.iter().map(|m| (m.symbol.as_str(), m.dollar_volume)).collect();
    assert_eq!(members, [("BUSDT", Some(40.0)), ("AUSDT", Some(20.0))]);
    assert_eq!(pool.excluded[0].symbol, "CUSDT");
}

#[test]
fn pools_that_cannot_be() {
    let bench = Bench::new();
    bench.import(&[bench.file("USDCUSDT-1h-2024-01-01.csv", "1704067200000,1,1,1,1,1,1704070799999,1,1,1,1,0\n")]);
    let wrong = |request: PoolRequest| build(&request, &bench.hub_root(), &Silent).unwrap_err().to_string();
    assert!(
        wrong(request(Some("1h"))).contains("no symbol of `binance` is left for the pool `top`: all 1 are excluded")
    );
    assert!(wrong(PoolRequest { top_n: 0, ..request(Some("1h")) }).contains("expected at least 1"));
    assert!(wrong(request(Some("1w"))).contains("longer than the 24 hours"));
    assert!(wrong(request(Some("2h"))).contains("2h"));
    assert!(wrong(request(None)).contains("binance"));
}
