//! Rankings worked out by hand.

use crosscut_model::time::parse_iso;

use super::exclusion::pair;
use super::{DynamicRule, Judge, PoolRequest, PoolRules, PoolSource, build, difference, dynamic_rule};
use crate::Silent;
use crate::testing::Bench;

/// A request for a pool of two at the venue `binance`.
fn request(bar: Option<&str>) -> PoolRequest {
    PoolRequest {
        name: "top".to_owned(),
        venue: "binance".to_owned(),
        top_n: 2,
        source: bar.map_or(PoolSource::Ticks, |bar| PoolSource::Bars(bar.parse().unwrap())),
        rules: PoolRules::default(),
        threads: 2,
    }
}

#[test]
fn pairs_are_taken_apart() {
    let names =
        ["BTCUSDT", "ETHBTC", "BTC-USDT", "BTC-USDT-SWAP", "LUNAUSDT~20190826", "USDT", "BTCUSDT_240329", "ODD"];
    let pairs = names.map(pair).map(|(base, quote)| format!("{base} {quote}")).join(", ");
    assert_eq!(pairs, "BTC USDT, ETH BTC, BTC USDT, BTC USDT, LUNA USDT, USDT , BTC USDT, ODD ");
}

#[test]
fn rules_of_exclusion() {
    let rules = PoolRules::default();
    // There is a coin J and a coin S; neither JUP nor SUP is its double. KUP and KDOWN are a pair, hence tokens.
    let listed =
        ["BTCUSDT", "JUPUSDT", "JUSDT", "SUSDT", "SUPUSDT", "SYRUPUSDT", "ZZZUSDT", "KUSDT", "KUPUSDT", "KDOWNUSDT"];
    let judge = Judge::new(&rules, listed);
    let why = |symbol: &str| judge.exclusion(symbol);
    for stable in ["USDCUSDT", "BUSDUSDT", "TUSDUSDT", "FDUSDUSDT", "DAIUSDT", "USDPUSDT", "USTUSDT", "USDC-USDT"] {
        assert_eq!(why(stable), Some("stablecoin"), "{stable}");
    }
    let tokens = "BTCUPUSDT BTCDOWNUSDT XRPBULLUSDT BULLUSDT BEARUSDT ZZZUPUSDT BTC3LUSDT ETH3SUSDT BTC5LUSDT \
                  ZZZ3LUSDT 1INCHUPUSDT KUPUSDT KDOWNUSDT SOL3S-USDT BTC10LUSDT";
    for token in tokens.split_whitespace() {
        assert_eq!(why(token), Some("leveraged token"), "{token}");
    }
    let coins = "BTCUSDT T3LUSDT JUPUSDT SYRUPUSDT UPUSDT USTCUSDT SUSHIUSDT SUPERUSDT SUPUSDT PUMPUSDT BULLISHUSDT 3LUSDT \
                 BTCSUSDT L3USDT 1000SATSUSDT SLPUSDT TRUMPUSDT";
    for coin in coins.split_whitespace() {
        assert_eq!(why(coin), None, "{coin}");
    }
}

#[test]
fn rules_can_be_set() {
    let quote = "USDT".to_owned();
    let rules =
        PoolRules { stablecoins: vec!["ABC".to_owned()], leveraged: false, quote, exclude: vec!["X*".to_owned()] };
    let judge = Judge::new(&rules, ["ABCUSDT"]);
    let why: Vec<Option<&str>> = ["ABCUSDT", "USDCUSDT", "BTCUPUSDT", "XRPUSDT", "ETHBTC"]
        .iter()
        .map(|symbol| judge.exclusion(symbol))
        .collect();
    let expected = [Some("stablecoin"), None, None, Some("excluded by pattern"), Some("another quote currency")];
    assert_eq!(why, expected);
}

/// A pool of two of a ticker's answer, as text.
fn of_ticker(answer: &str) -> String {
    let bench = Bench::new();
    let file = bench.file("ticker.json", answer);
    let rules = PoolRules { quote: "USDT".to_owned(), ..PoolRules::default() };
    let request =
        PoolRequest { source: PoolSource::Ticker { file, as_of: None, origin: None }, rules, ..request(None) };
    match build(&request, &bench.hub_root(), &Silent) {
        Ok(pool) => {
            let members = pool.members.iter().map(|m| format!("{} {}", m.symbol, m.dollar_volume.unwrap()));
            let excluded = pool.excluded.iter().map(|e| format!("{}: {}", e.symbol, e.reason));
            let at = crosscut_model::format_iso(pool.as_of);
            let (members, excluded): (Vec<_>, Vec<_>) = (members.collect(), excluded.collect());
            format!("{at} {}; {}", members.join(", "), excluded.join(", "))
        }
        Err(error) => error.to_string().replace(&format!("{}/", bench.dir.path().display()), ""),
    }
}

#[test]
fn ranks_by_a_ticker() {
    let row = |symbol: &str, volume: &str| {
        format!("{{\"symbol\": \"{symbol}\", \"quoteVolume\": \"{volume}\", \"closeTime\": 1704067199999}}")
    };
    let rows = [row("AUSDT", "5.5"), row("BUSDT", "7"), row("BTCBUSD", "99"), row("USDCUSDT", "50"), row("CUSDT", "6")];
    assert_eq!(
        of_ticker(&format!("[{}]", rows.join(","))),
        "2023-12-31T23:59:59.999000Z BUSDT 7, CUSDT 6; BTCBUSD: another quote currency, USDCUSDT: stablecoin"
    );
    let okx = r#"{"code":"0","data":[
        {"instType":"SWAP","instId":"BTC-USDT-SWAP","last":"100","vol24h":"9","volCcy24h":"3","ts":"1704067200000"},
        {"instType":"SPOT","instId":"ETH-USDT","last":"10","vol24h":"9","volCcy24h":"200","ts":"1704067200000"}]}"#;
    assert_eq!(of_ticker(okx), "2024-01-01T00:00:00Z BTC-USDT-SWAP 300, ETH-USDT 200; ");
    let bybit = r#"{"retCode":0,"result":{"category":"linear","list":[{"symbol":"AUSDT","turnover24h":"8"}]},"time":1704067200000}"#;
    assert_eq!(of_ticker(bybit), "2024-01-01T00:00:00Z AUSDT 8; ");
}

#[test]
fn tickers_that_are_none() {
    for (answer, expected) in [
        ("{\"code\": -1003, \"msg\": \"too many\"}", "holds no 24-hour ticker"),
        ("[]", "holds no 24-hour ticker"),
        ("[{\"symbol\": \"AUSDT\"}]", "`ticker.json`, row 1: AUSDT has no quote volume of 24 hours"),
        ("[{\"symbol\": \"AUSDT\", \"quoteVolume\": \"-1\"}]", "quoteVolume of AUSDT is `-1`"),
        ("[{\"symbol\": \"../x\", \"quoteVolume\": \"1\"}]", "row 1"),
        ("[{\"symbol\": \"AUSDT\", \"quoteVolume\": \"1\"}]", "give --as-of"),
        ("[{\"symbol\":\"A\",\"quoteVolume\":1},{\"symbol\":\"A\",\"quoteVolume\":1}]", "lists A twice"),
        ("[{", "cannot be read as JSON"),
    ] {
        assert!(of_ticker(answer).contains(expected), "{answer}: {}", of_ticker(answer));
    }
}

#[test]
fn a_dynamic_pool_lists_all_that_is_on_disk() {
    let bench = Bench::new();
    let start = parse_iso("2024-01-01").unwrap() / 1000;
    let mut text = "symbol,open_time,open,high,low,close,volume\n".to_owned();
    for symbol in ["AUSDT", "GONEUSDT", "USDCUSDT"] {
        for bar in 0..if symbol == "GONEUSDT" { 2 } else { 9 } {
            text += &format!("{symbol},{},1,1,1,1,1\n", start + bar * 43_200_000);
        }
    }
    bench.import(&[bench.file("perp_12h.csv", text)]);
    let rule = DynamicRule { bar: "12h".into(), reselect: "MS".into(), lookback: "30d".into(), min_bars: 10 };
    let request = PoolRequest { source: PoolSource::Dynamic(rule.clone()), top_n: 1, ..request(None) };
    let pool = build(&request, &bench.hub_root(), &Silent).unwrap();
    let members: Vec<&str> = pool.members.iter().map(|member| member.symbol.as_str()).collect();
    assert_eq!(members, ["AUSDT", "GONEUSDT"]);
    assert_eq!(dynamic_rule(&bench.hub().pool("top").unwrap()), Some((1, rule)));
    let fixed = build(&PoolRequest { top_n: 9, ..self::request(Some("12h")) }, &bench.hub_root(), &Silent).unwrap();
    assert_eq!(dynamic_rule(&fixed), None);
    let change = difference(&pool, &fixed);
    assert_eq!((change.added.len(), change.removed.len(), change.n_common), (0, 1, 1));
    assert_eq!(change.removed[0].reason.as_deref(), Some("no data in the 24 hours"));
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
    let all = PoolRequest { rules: PoolRules::none(), ..request(Some("12h")) };
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
