//! `evaluate` on markets made so that the figures can be worked out by hand: funding, finer and coarser prices, pools,
//! groups, exchange calendars, delistings, event bars; `evaluate verify` after each table and file was changed.

use std::fs;

use crosscut_model::parse_iso;
use crosscut_model::time::{DAY, HOUR, MINUTE};
use serde_json::Value;

use crate::world::World;

/// A factor set that ranks symbols by `formula`.
fn factor_set(world: &World, (name, timeframe): (&str, &str), formula: &str) {
    factor_set_of(world, (name, timeframe, timeframe), formula);
}

/// The same of other bars.
fn factor_set_of(world: &World, (name, timeframe, bars): (&str, &str, &str), formula: &str) {
    let text = format!(
        "factor_set: {name}\ntimeframe: {timeframe}\nsource: {{venue: v, bars: {bars}}}\ntradable: volume > 0\nfactors:\n  - {{name: f, formula: \"{formula}\"}}\n"
    );
    world.write(&format!("{name}.yaml"), text);
    world.run(&["factors", "run", "--config", &format!("{name}.yaml")]).good();
}

/// Imports bars of one symbol: label, open and close.
fn bars(world: &World, (symbol, bar): (&str, &str), rows: &[(i64, f64, f64)]) {
    let mut text = String::from("open_time,open,high,low,close,volume\n");
    for (time, open, close) in rows {
        let (high, low) = (open.max(*close), open.min(*close));
        text.push_str(&format!("{},{open},{high},{low},{close},1000\n", time / 1000));
    }
    let file = format!("{symbol}-{bar}.csv");
    world.write(&file, text);
    let words = ["data", "import", "--venue", "v", "--kind", "klines", "--timeframe", bar, "--symbol", symbol, &file];
    world.run(&words).good();
}

/// Labels at equal distances from 2024-01-01 on.
fn labels(n: i64, step: i64) -> impl Iterator<Item = i64> {
    let first = parse_iso("2024-01-01").unwrap();
    (0..n).map(move |at| first + at * step)
}

/// Runs `evaluate` on the factor `f` of a set and gives the document.
fn evaluate(world: &World, set: &str, options: &[&str]) -> Value {
    let words =
        ["evaluate", "--factor-set", set, "--factor", "f", "--min-names", "2", "--bootstrap", "0", "--out", "ev"];
    world.run(&[&words[..], options].concat()).good();
    serde_json::from_str(&world.text("ev/evaluation.json")).unwrap()
}

/// One horizon of the only factor.
fn horizon(document: &Value, at: usize) -> &Value {
    &document["summaries"][0]["horizons"][at]
}

/// Fails unless a number is the expected one.
#[track_caller]
fn same(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap_or(f64::NAN);
    assert!((value - expected).abs() < 1e-12, "{value}, expected {expected}");
}

/// Five names whose prices stand still at 101 to 105, hourly, ten days; the two outer ones pay and receive funding.
fn funded() -> World {
    let world = World::new();
    for name in 1..=5 {
        let price = 100.0 + f64::from(name);
        let rows: Vec<_> = labels(240, HOUR).map(|time| (time, price, price)).collect();
        bars(&world, (&format!("S{name}"), "1h"), &rows);
    }
    let mut text = String::from("symbol,funding_time,funding_rate\n");
    for time in labels(31, 8 * HOUR) {
        for (symbol, rate) in [("S1", -0.0002), ("S5", 0.0001)] {
            text.push_str(&format!("{symbol},{},{rate}\n", time / 1000));
        }
    }
    world.write("funding.csv", text);
    world.run(&["data", "import", "--venue", "v", "--kind", "funding", "funding.csv"]).good();
    factor_set(&world, ("s", "1h"), "close");
    world
}

#[test]
fn funding_of_the_table_is_paid() {
    let world = funded();
    let costs = ["--horizons", "24h,8h,1", "--costs", "commission_bps=10,funding=table"];
    let document = evaluate(&world, "s", &costs);
    // Three payments a day: S5 pays 3 bp to be long, S1 receives 6 to be long and pays them to be short.
    let portfolio = |h: usize, kind: usize| &horizon(&document, h)["portfolios"][kind];
    same(&portfolio(0, 1)["funding"], 3e-4);
    same(&portfolio(0, 0)["funding"], (3e-4 + 6e-4) / 2.0);
    same(&portfolio(0, 0)["net"]["mean"], -(3e-4 + 6e-4) / 2.0);
    assert_eq!((&portfolio(0, 0)["traded"], &portfolio(0, 0)["break_even_bps"]), (&0.0.into(), &Value::Null));
    same(&portfolio(1, 1)["funding"], 1e-4);
    // Weights -2 .. 2 over 6: 2/6 of 3 bp and 2/6 of 6 bp.
    same(&portfolio(0, 3)["funding"], (3e-4 + 6e-4) / 3.0);
    let tables: Vec<&str> =
        document["inputs"].as_array().unwrap().iter().map(|input| input["table"].as_str().unwrap()).collect();
    assert!(tables.contains(&"funding/v/S1") && tables.contains(&"funding/v/S5"), "{tables:?}");
    assert!(document["notes"].to_string().contains("3 of 5 symbols have no funding table"), "{}", document["notes"]);
    let free = evaluate(&world, "s", &["--horizons", "24h", "--costs", "none"]);
    assert_eq!(horizon(&free, 0)["portfolios"][0]["funding"], 0.0);
}

#[test]
fn prices_of_finer_bars() {
    let world = World::new();
    // Three names that rise by 1, 2 and 3 hundredths of their first price a minute.
    for name in 1..=3 {
        let minute = |at: i64| 100.0 + f64::from(name) * at as f64;
        let rows: Vec<_> = labels(240, MINUTE).zip(0..).map(|(time, at)| (time, minute(at), minute(at + 1))).collect();
        bars(&world, (&format!("S{name}"), "1m"), &rows);
        let rows: Vec<_> =
            labels(4, HOUR).zip(0..).map(|(time, at)| (time, minute(60 * at), minute(60 * at + 60))).collect();
        bars(&world, (&format!("S{name}"), "1h"), &rows);
    }
    factor_set(&world, ("s", "1h"), "close");
    let document = evaluate(&world, "s", &["--price-bars", "1m", "--horizons", "1m,30m,1h,90m", "--quantiles", "3"]);
    // Decided at the end of the first hour, entered at its last minute's successor, the bar of 01:00.
    let mean = |minutes: f64, n_times: i64| {
        let rise = |t: i64, name: f64| name * minutes / (100.0 + name * 60.0 * (t + 1) as f64);
        (0..n_times).map(|t| rise(t, 3.0) - rise(t, 1.0)).sum::<f64>() / n_times as f64
    };
    for (at, (minutes, n_times)) in [(1.0, 3), (30.0, 3), (60.0, 2), (90.0, 2)].into_iter().enumerate() {
        assert_eq!(horizon(&document, at)["spread"]["n"], n_times);
        same(&horizon(&document, at)["spread"]["mean"], mean(minutes, n_times));
        assert_eq!(horizon(&document, at)["missing"]["end_of_data"], 3 * (4 - n_times));
    }
}

#[test]
fn prices_of_coarser_bars_are_not_those_of_the_past() {
    let world = World::new();
    // Three names, hourly, which jump at the midnight after the first day; daily bars whose opens tell the jump.
    let level = |name: i32, day: i64| 100.0 * (1.0 + f64::from(name) / 100.0 * (day + 1) as f64);
    for name in 1..=3 {
        let symbol = format!("S{name}");
        let rows: Vec<_> = labels(96, HOUR)
            .zip(0..)
            .map(|(time, at): (_, i64)| (time, level(name, at / 24), level(name, at / 24)))
            .collect();
        bars(&world, (&symbol, "1h"), &rows);
        let rows: Vec<_> =
            labels(4, DAY).zip(0..).map(|(time, day)| (time, level(name, day), level(name, day))).collect();
        bars(&world, (&symbol, "1d"), &rows);
    }
    factor_set(&world, ("s", "1h"), "close");
    let document = evaluate(&world, "s", &["--price-bars", "1d", "--horizons", "1d", "--quantiles", "3"]);
    // The last row of the first day is entered at the open of the second and left at that of the third, rows of the
    // second day at that of the third: the open of their own day was before they were known. Earlier rows have no daily
    // bar that was known.
    let spread = |day: i64| {
        let rise = |name: i32| level(name, day + 1) / level(name, day) - 1.0;
        rise(3) - rise(1)
    };
    let n = horizon(&document, 0)["spread"]["n"].as_i64().unwrap();
    // One row of the first day, and all of the second.
    assert_eq!(n, 1 + 24, "{}", horizon(&document, 0)["missing"]);
    same(&horizon(&document, 0)["spread"]["mean"], (spread(1) + 24.0 * spread(2)) / 25.0);
}

/// Bars of half an hour of six names in New York's sessions around the end of summer time, rising by 1 to 6 % a trading day and
/// by a tenth of a percent a bar within it.
fn exchange() -> World {
    let world = World::new();
    let hours: String = ["monday", "tuesday", "wednesday", "thursday", "friday"]
        .map(|day| format!(r#""{day}":[{{"start":"09:30:00","end":"16:00:00","state":"market"}}],"#))
        .concat();
    world.write(
        "hours.json",
        format!(
            r#"{{"entries":{{"Equity-usa-[*]":{{"exchangeTimeZone":"America/New_York",{hours}"holidays":["10/28/2024"],"earlyCloses":{{}}}}}}}}"#
        ),
    );
    world.run(&["data", "import", "--venue", "v", "hours.json"]).good();
    let first = parse_iso("2024-10-21").unwrap();
    let days = (0..28).map(|day| first + day * DAY).filter(|day| (day / DAY + 3) % 7 < 5);
    let days: Vec<i64> = days.filter(|day| *day != parse_iso("2024-10-28").unwrap()).collect();
    let winter = parse_iso("2024-11-03").unwrap();
    for name in 1..=6 {
        let mut rows = Vec::new();
        for (at, day) in days.iter().enumerate() {
            let open = day + 13 * HOUR + 30 * MINUTE + if *day >= winter { HOUR } else { 0 };
            let level = 100.0 * (1.0 + f64::from(name) / 100.0).powi(at as i32);
            rows.extend((0..13).map(|bar| {
                let price = level * (1.0 + 0.001 * bar as f64);
                (open + bar * 30 * MINUTE, price, price)
            }));
        }
        bars(&world, (&format!("S{name}"), "30m"), &rows);
    }
    factor_set(&world, ("s", "30m"), "delay(close, 1) * 0 + close");
    world
}

#[test]
fn horizons_on_an_exchange_calendar() {
    let world = exchange();
    let document = evaluate(&world, "s", &["--horizons", "1d,5d,2h,30m", "--quantiles", "3"]);
    assert_eq!(document["data"]["calendar"], "exchange");
    // Days are trading days at the same time by the exchange's clocks, across holiday, weekend and change of clocks:
    // every name returns exactly its rate. The means of two names each: 5.5 % against 1.5 %.
    let spread = |days: i32| {
        let rise = |percent: f64| (1.0 + percent / 100.0).powi(days) - 1.0;
        (rise(5.0) + rise(6.0) - rise(1.0) - rise(2.0)) / 2.0
    };
    same(&horizon(&document, 0)["spread"]["mean"], spread(1));
    same(&horizon(&document, 0)["spread"]["deviation"], 0.0);
    same(&horizon(&document, 1)["spread"]["mean"], spread(5));
    assert_eq!((&horizon(&document, 0)["bars"], &horizon(&document, 1)["bars"]), (&13.into(), &65.into()));
    assert!(document["inputs"].to_string().contains("calendars/v.json"));
    assert!(document["data"]["basis"].as_str().unwrap().contains("252"), "{}", document["data"]);
    // Taken as a market that never closes, a day's distance over a weekend is a gap and counted as one.
    let around = evaluate(&world, "s", &["--horizons", "1d", "--quantiles", "3", "--calendar", "24/7"]);
    let missing = &horizon(&around, 0)["missing"];
    assert!(missing["no_exit_price"].as_u64().unwrap() > 0, "{missing}");
    // The rows of the last day, and the last of the day before, which is entered then, have no next day.
    assert_eq!(missing["end_of_data"], 6 * 14, "{missing}");
}

#[test]
fn sixty_days_and_delistings() {
    let world = World::new();
    // Four names, daily, 100 days, rising by so many percent of their first price a day; D ends after 50 days.
    for (name, symbol) in ["A", "B", "C", "D"].iter().enumerate() {
        let price = |day: i64| 100.0 + (name as i64 * day) as f64;
        let n = if *symbol == "D" { 50 } else { 100 };
        let rows: Vec<_> = labels(n, DAY).zip(0..).map(|(time, day)| (time, price(day), price(day))).collect();
        bars(&world, (symbol, "1d"), &rows);
    }
    factor_set(&world, ("s", "1d"), "close");
    let options = ["--horizons", "60d", "--quantiles", "2", "--lag", "0", "--price", "close"];
    // The end of a file is no delisting: 50 rows of D have no price to leave at, of which 10 would be left after the data.
    let silent = evaluate(&world, "s", &options);
    let missing = &horizon(&silent, 0)["missing"];
    assert_eq!((&missing["no_exit_price"], &missing["end_of_data"]), (&40.into(), &(3 * 60 + 10).into()), "{missing}");
    world.write("listing.csv", "symbol,listing_time,delisting_time\nD,2024-01-01,2024-02-20\n");
    world.run(&["data", "import", "--venue", "v", "--kind", "instruments", "listing.csv"]).good();
    let last = evaluate(&world, "s", &options);
    assert_eq!(horizon(&last, 0)["missing"]["no_exit_price"], 0);
    // Left at 247, the price of the last day: the mean of D over the 40 rows that are left within the data.
    let n = horizon(&last, 0)["n_returns"].as_u64().unwrap();
    assert_eq!(n, horizon(&silent, 0)["n_returns"].as_u64().unwrap() + 40);
    let drop = evaluate(&world, "s", &[&options[..], &["--delisting", "drop"]].concat());
    assert_eq!(horizon(&drop, 0)["missing"]["delisted"], 40);
    let only = |document: &Value| document["summaries"][0]["coverage"]["loss"].as_f64().unwrap();
    assert!(only(&last) < only(&drop));
    assert_eq!((&last["data"]["delisted"], &silent["data"]["delisted"]), (&1.into(), &0.into()));
}

#[test]
fn event_bars_are_refused() {
    let world = World::with_market();
    world.run(&["aggregate", "AAAUSDT", "BBBUSDT", "--bar", "tick-200"]).good();
    factor_set_of(&world, ("t", "1h", "tick-200"), "close");
    let words = ["evaluate", "--factor-set", "t", "--factor", "f", "--out", "ev"];
    world.run(&words).refused(&["`t`", "event bars", "tick-200"]);
    assert!(!world.path("ev").exists());
    // A set of time bars is held against those of event bars too: by the last row known.
    let words = ["evaluate", "--factor-set", "s1", "--factor", "return_5", "--min-names", "3", "--out", "ev"];
    world.run(&words).good();
    let document: Value = serde_json::from_str(&world.text("ev/evaluation.json")).unwrap();
    let beside = document["details"][0]["beside"].as_array().unwrap();
    assert_eq!(beside.len(), 2);
    let ticks = beside.iter().find(|other| other["factor_set"] == "t").unwrap();
    // Two names are fewer than the three that are asked for.
    assert_eq!((&ticks["times"], &ticks["correlation"]), (&0.into(), &Value::Null));
    assert!(document["notes"].to_string().contains("the last row known"), "{}", document["notes"]);
}

#[test]
fn sets_of_other_timeframes_are_joined_by_what_was_known() {
    let world = funded();
    // Daily closes in the order of the hourly ones; on the seventh day turned round, and on the fourth a wrong one that is
    // not tradable.
    for name in 1..=5 {
        let mut text = String::from("open_time,open,high,low,close,volume\n");
        for (time, day) in labels(10, DAY).zip(0..) {
            let price = match (day, name) {
                (6, _) => 100 - name,
                (3, 5) => 1,
                _ => 100 + name,
            };
            let volume = if (day, name) == (3, 5) { 0 } else { 1000 };
            text.push_str(&format!("{},{price},{price},{price},{price},{volume}\n", time / 1000));
        }
        let (symbol, file) = (format!("S{name}"), format!("d{name}.csv"));
        world.write(&file, text);
        let words =
            ["data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1d", "--symbol", &symbol, &file];
        world.run(&words).good();
    }
    factor_set(&world, ("d", "1d"), "close");
    let hourly = evaluate(&world, "s", &["--horizons", "1", "--quantiles", "2"]);
    let beside = &hourly["details"][0]["beside"];
    assert_eq!(beside.as_array().unwrap().len(), 1);
    assert_eq!((&beside[0]["timeframe"], &beside[0]["factor_set"]), (&"1d".into(), &"d".into()));
    // From the row that is known when the first day is over, to the last that is left within the data; turned round only
    // in the day after the seventh.
    assert_eq!(beside[0]["times"], 238 - 23);
    same(&beside[0]["correlation"], (215.0 - 2.0 * 24.0) / 215.0);
    assert!(hourly["inputs"].to_string().contains("factors/1d/d"));
    world.run(&["evaluate", "verify", "ev"]).good();
    // The other way round: a day sees the hour that ends with it. Named by timeframe, or by name alone.
    for against in ["1h/s", "s"] {
        let options = ["--horizons", "1", "--quantiles", "2", "--against", against];
        let daily = evaluate(&world, "d", &options);
        let beside = &daily["details"][0]["beside"][0];
        assert_eq!((&beside["timeframe"], &beside["times"]), (&"1h".into(), &8.into()));
        same(&beside["correlation"], (8.0 - 2.0) / 8.0);
    }
    let words =
        ["evaluate", "--factor-set", "d", "--factor", "f", "--horizons", "1", "--against", "4h/s", "--out", "no"];
    world.run(&words).refused(&["`s`", "1h"]);
}

/// Writes a snapshot of a pool into the hub.
fn pool(world: &World, members: &[&str]) {
    let members: Vec<Value> =
        members.iter().map(|symbol| serde_json::json!({"symbol": symbol, "dollar_volume": 1.0})).collect();
    let pool = serde_json::json!({
        "name": "few", "venue": "v", "as_of": parse_iso("2024-01-05").unwrap(), "rule": {}, "members": members,
        "excluded": [], "code_version": "1", "format_version": 1
    });
    world.write("hub/pools/few.json", pool.to_string());
}

#[test]
fn every_input_and_output_is_verified() {
    let world = funded();
    world.write("listing.csv", "symbol,listing_time\nS1,2023-01-01\n");
    world.run(&["data", "import", "--venue", "v", "--kind", "instruments", "listing.csv"]).good();
    factor_set(&world, ("other", "1h"), "-close");
    pool(&world, &["S1", "S2", "S3", "S4", "S5", "GONE"]);
    world.write("g.csv", "symbol,category\nS1,a\nS2,a\nS3,a\nS4,b\n");
    let options =
        ["--pool", "few", "--group", "g.csv", "--costs", "funding=table", "--horizons", "8h", "--quantiles", "2"];
    let document = evaluate(&world, "s", &options);
    assert_eq!(document["data"]["symbols"], 5);
    let notes = document["notes"].to_string();
    for words in
        ["1 members of the pool are not in the factor set", "1 of 5 symbols are not in the group file", "2024-01-05"]
    {
        assert!(notes.contains(words), "`{words}`: {notes}");
    }
    let verify = || world.json_of(&["evaluate", "verify", "ev"], 0)["result"].clone();
    let n = document["inputs"].as_array().unwrap().len();
    // Bars and factors of five names, funding of two, instruments, pool, groups, the other set.
    assert_eq!((n, verify()["tables_same"].as_u64()), (16, Some(16)));
    let inputs = [
        ("hub/bars/v/1h/S3.parquet", "tables_damaged", "bars/v/1h/S3"),
        ("hub/factors/1h/s/S2.parquet", "tables_damaged", "factors/1h/s/S2"),
        ("hub/factors/1h/other/S2.parquet", "tables_damaged", "factors/1h/other"),
        ("hub/funding/v/S5.parquet", "tables_damaged", "funding/v/S5"),
        ("hub/instruments/v.parquet", "tables_damaged", "instruments/v.parquet"),
        ("hub/pools/few.json", "tables_changed", "pools/few.json"),
        ("g.csv", "tables_changed", "groups/g.csv"),
    ];
    for (file, list, table) in inputs {
        let path = world.path(file);
        let bytes = fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        changed[bytes.len() / 4] ^= 1;
        fs::write(&path, changed).unwrap();
        let found = world.json_of(&["evaluate", "verify", "ev"], 1)["result"].clone();
        let listed = found[list].as_array().unwrap();
        assert!(listed.len() == 1 && listed[0].as_str().unwrap().starts_with(table), "{file}: {found}");
        fs::remove_file(&path).unwrap();
        let found = world.json_of(&["evaluate", "verify", "ev"], 1)["result"].clone();
        let missing =
            found["tables_missing"].as_array().unwrap().len() + found["tables_damaged"].as_array().unwrap().len();
        // A set one of whose tables is gone cannot be opened: all of its tables are missing.
        assert!(missing > 0 && found.to_string().contains(table), "{file}: {found}");
        fs::write(&path, bytes).unwrap();
        verify();
    }
    let written: Vec<String> = world.files("ev").into_keys().collect();
    assert_eq!(written.len(), 9, "{written:?}");
    for name in written.iter().filter(|name| !["run_context.json", "manifest.json"].contains(&name.as_str())) {
        let file = format!("ev/{name}");
        let bytes = fs::read(world.path(&file)).unwrap();
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        world.write(&file, changed);
        let found = world.json_of(&["evaluate", "verify", "ev"], 1)["result"]["problems"].to_string();
        assert!(found.contains(name.as_str()) && found.contains("changed"), "{name}: {found}");
        world.write(&file, bytes);
    }
    world.write("ev/more.txt", "x");
    assert!(world.run(&["evaluate", "verify", "ev"]).out.contains("`more.txt` was added"));
    fs::remove_file(world.path("ev/more.txt")).unwrap();
    verify();
}
