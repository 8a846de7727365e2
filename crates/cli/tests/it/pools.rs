//! `pool build|show|diff` and `backtest --pool`: rankings worked out by hand, an exchange's ticker asked for on this
//! machine, and what cannot be a pool.

use std::fs;

use serde_json::{Value, json};

use crate::downloads::serve;
use crate::world::World;

/// Twelve-hour bars of some names: what each traded in each bar of the days from 2024-01-`first_day` on.
fn bars(first_day: i64, table: &[(&str, &[u32])]) -> String {
    let mut text = "symbol,open_time,open,high,low,close,volume,quote_volume\n".to_owned();
    for (symbol, days) in table {
        for (day, volume) in days.iter().enumerate() {
            let open = 1_704_067_200_000 + (first_day - 1 + day as i64) * 86_400_000;
            for bar in [open, open + 43_200_000] {
                text += &format!("{symbol},{bar},1,1,1,1,{volume},{volume}\n");
            }
        }
    }
    text
}

/// A hub with three days of six names and the pool `three`, the most traded of the third.
fn ranked() -> World {
    let world = World::new();
    let table: [(&str, &[u32]); 7] = [
        ("AUSDT", &[10, 1, 5]),
        ("BUSDT", &[1, 9, 4]),
        ("CUSDT", &[1, 1, 30]),
        ("BTCUSDT", &[2, 2, 2]),
        ("USDCUSDT", &[50, 50, 50]),
        ("BTCUPUSDT", &[40, 40, 40]),
        ("GONEUSDT", &[99]),
    ];
    world.write("raw/days.csv", bars(1, &table));
    world.run(&["data", "import", "--venue", "v", "raw"]).good();
    world.run(&["pool", "build", "three", "--bar", "12h", "--top-n", "3"]).good();
    world
}

/// Members with their dollar volumes, and who was left out why, as text.
fn told(pool: &Value) -> String {
    let list = |key: &str| pool[key].as_array().unwrap().clone();
    let members =
        list("members").into_iter().map(|m| format!("{} {}", m["symbol"].as_str().unwrap(), m["dollar_volume"]));
    let excluded = list("excluded")
        .into_iter()
        .map(|e| format!("{}: {}", e["symbol"].as_str().unwrap(), e["reason"].as_str().unwrap()));
    format!("{}; {}", members.collect::<Vec<_>>().join(", "), excluded.collect::<Vec<_>>().join(", "))
}

#[test]
fn the_most_traded_of_the_last_day_and_who_came_and_left() {
    let world = ranked();
    let pools = world.json(&["pool", "show", "three"])["result"].clone();
    assert_eq!(
        told(&pools[0]),
        "CUSDT 60.0, AUSDT 10.0, BUSDT 8.0; \
         BTCUPUSDT: leveraged token, GONEUSDT: no data in the 24 hours, USDCUSDT: stablecoin"
    );
    let before = world.text("hub/pools/three.json");
    let again = world.json(&["pool", "build", "three", "--bar", "12h", "--top-n", "3"])["result"].clone();
    assert_eq!(
        (again["as_of"].as_str(), again["change"]["n_common"].as_u64()),
        (Some("2024-01-04T00:00:00Z"), Some(3))
    );
    assert_eq!(world.text("hub/pools/three.json"), before, "the same data give the same bytes");

    world.write("raw/more.csv", bars(4, &[("AUSDT", &[1]), ("BUSDT", &[20]), ("CUSDT", &[2]), ("BTCUSDT", &[3])]));
    world.run(&["data", "import", "--venue", "v", "raw"]).good();
    world.run(&["pool", "build", "four", "--bar", "12h", "--top-n", "3"]).good();
    let difference = world.json(&["pool", "diff", "three", "four"])["result"].clone();
    let changes = |key: &str| -> Vec<String> {
        let list = difference[key].as_array().unwrap();
        list.iter().map(|c| format!("{} {} {}", c["symbol"].as_str().unwrap(), c["a_rank"], c["b_rank"])).collect()
    };
    assert_eq!(changes("added"), ["BTCUSDT null 2"]);
    assert_eq!(changes("removed"), ["AUSDT 2 null"]);
    assert_eq!(changes("moved"), ["BUSDT 3 1", "CUSDT 1 3"]);
    let text = world.run(&["pool", "diff", "three", "four"]).good().out;
    assert!(text.contains("1 added, 1 removed, 2 of 2 others moved"), "{text}");
    let all = world.run(&["pool", "show"]).good().out;
    assert!(all.lines().count() == 3 && all.contains("four   v      static  2024-01-05T00:00:00Z        3"), "{all}");
    let kept = ["--stablecoins", "none", "--keep-leveraged", "--exclude", "C*,B?SDT"];
    let kept = world.json(&[&["pool", "build", "wide", "--bar", "12h"], &kept[..]].concat())["result"]["pool"].clone();
    assert!(told(&kept).starts_with("BTCUSDT 6.0, AUSDT 2.0; BTCUPUSDT: no data"), "{}", told(&kept));
    assert_eq!(kept["rule"]["exclude"]["patterns"], json!(["C*", "B?SDT"]));
}

/// Binance's answer about all symbols of the last 24 hours.
fn ticker(rows: &[(&str, &str)]) -> String {
    let row = |(symbol, volume): &(&str, &str)| {
        json!({"symbol": symbol, "lastPrice": "1.0", "volume": "1", "quoteVolume": volume,
               "openTime": 1_704_067_200_000_i64, "closeTime": 1_704_153_599_999_i64, "count": 3})
    };
    Value::Array(rows.iter().map(row).collect()).to_string()
}

#[test]
fn an_exchange_is_asked_once_a_day_and_its_answer_kept() {
    let world = World::new();
    let answer = "archive/answers/fapi/v1/ticker/24hr.json";
    let rows = [
        ("AUSDT", "5.5"),
        ("BUSDT", "7"),
        ("BTCBUSD", "99"),
        ("USDCUSDT", "50"),
        ("ETHBULLUSDT", "30"),
        ("CUSDT", "6"),
    ];
    world.write(answer, ticker(&rows));
    let server = serve(&world, &[]);
    let url = server.url.clone();
    let build = |options: &[&str]| {
        let fixed = ["pool", "build", "top", "--exchange", "binance_futures", "--top-n", "2", "--mirror", &url];
        world.run(&[&fixed[..], &["--retries", "1", "--backoff", "0.01", "--json"], options].concat())
    };
    let first = build(&[]).good().json()["result"].clone();
    assert_eq!(
        told(&first["pool"]),
        "BUSDT 7.0, CUSDT 6.0; BTCBUSD: another quote currency, ETHBULLUSDT: leveraged token, USDCUSDT: stablecoin"
    );
    assert_eq!(first["as_of"], "2024-01-01T23:59:59.999000Z", "the ticker's own time");
    assert_eq!(first["ticker"]["was_kept"], false);
    assert_eq!(first["pool"]["rule"]["source"]["url"], "https://fapi.binance.com/fapi/v1/ticker/24hr");
    assert_eq!(first["pool"]["venue"], "binance_futures");

    world.write(answer, ticker(&[("BUSDT", "7"), ("DUSDT", "8"), ("CUSDT", "6")]));
    let second = build(&[]).good().json()["result"].clone();
    assert_eq!((&second["pool"], &second["ticker"]["was_kept"]), (&first["pool"], &json!(true)), "today's was kept");
    let third = build(&["--refresh"]).good().json()["result"].clone();
    assert_eq!(told(&third["pool"]), "DUSDT 8.0, BUSDT 7.0; ");
    let change = &third["change"];
    assert_eq!((&change["added"][0]["symbol"], &change["removed"][0]["symbol"]), (&json!("DUSDT"), &json!("CUSDT")));
    assert_eq!(world.files("raw/binance_futures/tickers").len(), 2, "nothing that was kept is written over");

    // Without the exchange, the newest answer of the day serves, and one that is not as it was fetched does not.
    drop(server);
    let fourth = build(&[]).good().json()["result"].clone();
    assert_eq!((&fourth["pool"], &fourth["ticker"]["was_kept"]), (&third["pool"], &json!(true)));
    let day = third["ticker"]["fetched_at"].as_str().unwrap()[..10].to_owned();
    assert_eq!(build(&["--as-of", &day]).good().json()["result"]["pool"], third["pool"]);
    build(&["--as-of", "2020-01-01"]).refused(&["kept on 2020-01-01", &day]);
    build(&["--refresh"]).refused(&["ticker of binance_futures cannot be had", "2 attempts", "hint: ", &day]);
    for name in world.files("raw/binance_futures/tickers").keys() {
        world.write(&format!("raw/binance_futures/tickers/{name}"), "[]");
    }
    build(&[]).refused(&["cannot be had"]);
    let verified = world.json_of(&["data", "verify"], 1);
    assert_eq!(verified["result"]["files"][0]["raw"]["problems"].as_array().unwrap().len(), 2, "{verified}");
}

#[test]
fn tickers_of_other_exchanges_and_answers_that_are_none() {
    let world = World::new();
    let okx = json!({"code": "0", "msg": "", "data": [
        {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "last": "100", "volCcy24h": "3", "ts": "1704067200000"},
        {"instType": "SWAP", "instId": "ETH-USDT-SWAP", "last": "10", "volCcy24h": "31", "ts": "1704067200000"}]});
    let bybit = json!({"retCode": 0, "result": {"category": "spot", "list": [
        {"symbol": "AUSDT", "turnover24h": "8"}, {"symbol": "BUSDT", "turnover24h": "9"}]}, "time": 1_704_067_200_000_i64});
    world.write("archive/answers/api/v5/market/tickers.json", okx.to_string());
    world.write("archive/answers/v5/market/tickers.json", bybit.to_string());
    world.write("archive/answers/api/v3/ticker/24hr.json", "{\"code\": -1003, \"msg\": \"Too many requests\"}");
    let server = serve(&world, &[]);
    let build = |exchange: &str| {
        let fixed = ["pool", "build", "top", "--mirror", &server.url, "--retries", "0", "--json", "--exchange"];
        world.run(&[&fixed[..], &[exchange]].concat())
    };
    assert_eq!(told(&build("okx_swap").good().json()["result"]["pool"]), "ETH-USDT-SWAP 310.0, BTC-USDT-SWAP 300.0; ");
    assert_eq!(told(&build("bybit_spot").good().json()["result"]["pool"]), "BUSDT 9.0, AUSDT 8.0; ");
    build("binance_spot").refused(&["api/v3/ticker/24hr", "holds no 24-hour ticker", "hint: "]);
    build("binance_futures").refused(&["404"]);
    build("kraken").refused(&["`kraken`", "binance_spot"]);
    assert!(world.files("raw/binance_spot").is_empty(), "what is no ticker is not kept");
}

#[test]
fn what_cannot_be_a_pool() {
    let world = ranked();
    let build = |options: &[&str]| world.run(&[&["pool", "build"], options].concat());
    build(&["x", "--bar", "12h", "--top-n", "0"]).refused(&["0", "at least 1"]);
    build(&["x", "--bar", "1h"]).refused(&["1h"]);
    build(&["x", "--bar", "12h", "--venue", "w"]).refused(&["`w`"]);
    build(&["x", "--bar", "12h", "--exclude", "*"]).refused(&["all 7 are excluded"]);
    build(&["../x", "--bar", "12h"]).refused(&["../x"]);
    build(&["x", "--dynamic"]).refused(&["--bar 1h"]);
    build(&["x", "--dynamic", "--bar", "12h", "--lookback", "soon"]).refused(&["`soon`"]);
    build(&["x", "--ticker", "none.json", "--venue", "v"]).refused(&["none.json"]);
    build(&["x", "--ticker", "none.json", "--bar", "12h"]).refused(&["exclude each other"]);
    build(&["x", "--exchange", "binance_futures", "--bar", "12h"]).refused(&["exclude each other"]);
    build(&["x", "--bar", "12h", "--refresh"]).refused(&["--exchange"]);
    world.run(&["pool", "show", "tree"]).refused(&["tree", "three"]);
    world.run(&["pool", "diff", "three", "five"]).refused(&["five"]);
    for text in ["", "{", "[]", "{\"name\": \"three\"}"] {
        fs::write(world.path("hub/pools/three.json"), text).unwrap();
        for command in [&["pool", "show"][..], &["pool", "show", "three"], &["pool", "diff", "three", "three"]] {
            world.run(command).refused(&["three.json"]);
        }
    }
}

#[test]
fn a_run_on_a_pool_is_a_run_on_its_members() {
    let world = World::with_market();
    let folder = |options: &[&str]| {
        let answer = world.backtest(&[options, &["--json"]].concat()).good();
        (answer.json()["result"]["folder"].as_str().unwrap().to_owned(), answer.err)
    };
    let same = |a: &str, b: &str| {
        for file in ["equity_curve.csv", "orders.csv", "positions.csv", "trade_summary.csv"] {
            let (one, other) = (world.text(&format!("{a}/{file}")), world.text(&format!("{b}/{file}")));
            assert!(one == other && one.lines().count() > 5, "{file}");
        }
    };
    let fixed = world.json(&["pool", "build", "fixed", "--bar", "1h", "--top-n", "3"])["result"]["pool"].clone();
    let members: Vec<&str> =
        fixed["members"].as_array().unwrap().iter().map(|m| m["symbol"].as_str().unwrap()).collect();
    assert_eq!(members.len(), 3);
    let ((pool, err), (named, _)) = (folder(&["--pool", "fixed"]), folder(&["--symbols", &members.join(",")]));
    same(&pool, &named);
    assert!(err.contains("pool `fixed` was chosen with data up to"), "hindsight is told: {err}");

    let rule = ["--reselect", "W-MON", "--lookback", "3d", "--min-bars", "12"];
    world.run(&[&["pool", "build", "living", "--bar", "1h", "--top-n", "3", "--dynamic"], &rule[..]].concat()).good();
    let rule = ["--pool-top-n", "3", "--pool-reselect", "W-MON", "--pool-lookback", "3d", "--pool-min-bars", "12"];
    let ((pool, err), (ruled, _)) = (folder(&["--pool", "living"]), folder(&rule));
    same(&pool, &ruled);
    assert!(!err.contains("was chosen with data up to"), "a pool chosen over time has no hindsight: {err}");

    world.backtest(&["--pool", "none"]).refused(&["none"]);
    let foreign = world.text("hub/pools/fixed.json").replace("\"venue\": \"v\"", "\"venue\": \"w\"");
    world.write("hub/pools/foreign.json", foreign.replace("\"name\": \"fixed\"", "\"name\": \"foreign\""));
    world.backtest(&["--pool", "foreign"]).refused(&["lists symbols of w"]);
    let strange = world.text("hub/pools/fixed.json").replace("USDT", "XYZ");
    world.write("hub/pools/strange.json", strange.replace("\"name\": \"fixed\"", "\"name\": \"strange\""));
    world.backtest(&["--pool", "strange"]).refused(&["strange"]);
}
