//! Instruments by the public commands: recorded exchange information of the shared data, and made-up later answers: terms by
//! date, multipliers, delistings, renames, and a symbol that is given to another contract.

use serde_json::{Value, json};

use crate::world::{World, shared};

/// A symbol's rows of `data info`.
fn terms(world: &World, symbol: &str) -> Vec<Value> {
    let tables = world.json(&["data", "info", symbol])["result"].clone();
    let mut found = Vec::new();
    // Those who held the symbol before are told too, under names of their own.
    let own = tables.as_array().unwrap().iter().filter(|table| table["symbol"] == symbol);
    own.for_each(|table| collect(table, &mut found));
    found
}

/// All objects that have terms, wherever they stand.
fn collect(value: &Value, out: &mut Vec<Value>) {
    match value {
        Value::Object(fields) if fields.contains_key("tick_size") => out.push(value.clone()),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, out)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, out)),
        _ => {}
    }
}

/// An answer of Binance's futures at a day: symbols with their onboard day, tick size and further fields.
fn answer(day: i64, symbols: &[(&str, i64, &str, Value)]) -> String {
    let at = |day: i64| 1_609_459_200_000_i64 + day * 86_400_000;
    let entry = |(symbol, onboard, tick, more): &(&str, i64, &str, Value)| {
        let mut entry = json!({"symbol": symbol, "status": "TRADING", "contractType": "PERPETUAL", "onboardDate": at(*onboard),
            "deliveryDate": 4_133_404_800_000_i64, "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": tick}, {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.002"},
                {"filterType": "MIN_NOTIONAL", "notional": "5"}]});
        for (name, value) in more.as_object().into_iter().flatten() {
            entry[name] = value.clone();
        }
        entry
    };
    json!({"serverTime": at(day), "symbols": symbols.iter().map(entry).collect::<Vec<_>>()}).to_string()
}

#[test]
fn terms_by_date_and_two_holders_of_one_symbol_in_any_order() {
    let none = || json!({});
    let first = answer(100, &[("AUSDT", 1, "0.01", none()), ("BUSDT", 1, "0.1", none()), ("CUSDT", 1, "0.1", none())]);
    let gone = json!({"status": "SETTLING", "deliveryDate": 1_609_459_200_000_i64 + 190 * 86_400_000});
    let thousand = json!({"contractSize": 1000});
    let second =
        answer(200, &[("AUSDT", 1, "0.10", none()), ("BUSDT", 150, "0.1", thousand), ("CUSDT", 1, "0.1", gone)]);
    let mut tables = Vec::new();
    for order in [["one.json", "two.json"], ["two.json", "one.json"]] {
        let world = World::new();
        world.write("one.json", &first);
        world.write("two.json", &second);
        for file in order {
            world.run(&["data", "import", "--venue", "v", file]).good();
        }
        let a = terms(&world, "AUSDT");
        let ticks: Vec<&Value> = a.iter().map(|row| &row["tick_size"]).collect();
        assert_eq!(ticks, [&json!(0.01), &json!(0.1)]);
        assert_eq!(
            (&a[1]["lot_size"], &a[1]["min_quantity"], &a[1]["min_notional"]),
            (&json!(0.001), &json!(0.002), &json!(5.0))
        );
        assert!(a[1]["valid_from"].to_string().contains("2021-07-20"), "{}", a[1]);
        let c = terms(&world, "CUSDT");
        assert!(c[0]["delisted_at"].to_string().contains("2021-07-10"), "{}", c[0]);
        // The second BUSDT began after the first was last seen: two instruments.
        let (now, then) = (terms(&world, "BUSDT"), terms(&world, "BUSDT~20210102"));
        assert_eq!((now.len(), then.len()), (1, 1));
        assert_eq!((&now[0]["multiplier"], &then[0]["multiplier"]), (&json!(1000.0), &Value::Null));
        assert!(now[0]["listed_at"].to_string().contains("2021-05-31"), "{}", now[0]);
        tables.push(world.files("hub/instruments"));
    }
    assert!(tables[0] == tables[1], "the order of the answers does not matter");
}

#[test]
fn recorded_exchange_information() {
    let Some(folder) = shared("data/fixtures/recorded_streams") else { return };
    let world = World::new();
    let import = |venue: &str, file: &str| {
        let path = folder.join(file);
        world.run(&["data", "import", "--venue", venue, path.to_str().unwrap()]).good()
    };
    import("spot", "BINANCE.0.gz");
    import("usdm", "BINANCE_FUTURES.0.gz");
    import("okx", "OKX.0.gz");
    import("bybit", "BYBIT.0.gz");
    // By eye from the recordings.
    let of = |venue: &str, symbol: &str| {
        let tables = world.json(&["data", "info", symbol, "--venue", venue])["result"].clone();
        let mut found = Vec::new();
        collect(&tables, &mut found);
        assert_eq!(found.len(), 1, "{venue} {symbol}");
        found.remove(0)
    };
    let row = of("usdm", "BTCUSDT");
    assert_eq!((&row["tick_size"], &row["lot_size"], &row["min_notional"]), (&json!(0.01), &json!(0.001), &json!(5.0)));
    assert!(row["listed_at"].to_string().contains("2019-09-25"), "{row}");
    let row = of("okx", "BTC-USD-SWAP");
    assert_eq!(row["multiplier"], json!(100.0));
    assert_eq!(of("spot", "BTCUSDT")["min_notional"], json!(10.0));
    assert_eq!(of("bybit", "BTCUSD")["tick_size"], json!(0.5));
    let feed = folder.join("BINANCE.ws.1.0.gz");
    world
        .run(&["data", "import", "--venue", "spot", feed.to_str().unwrap()])
        .refused(&["is a recording of", "data download"]);
}

#[test]
fn renames_of_the_shared_map_files() {
    let Some(folder) = shared("data/equities/lean_us_daily") else { return };
    let world = World::new();
    world.run(&["data", "import", "--venue", "us", folder.to_str().unwrap()]);
    // By the map file: the shares traded as GOOCV for five days, then as GOOG.
    let rows = terms(&world, "GOOG");
    let names: Vec<(&Value, &Value)> = rows.iter().map(|row| (&row["listed_as"], &row["valid_from"])).collect();
    let from = json!("2014-04-03T00:00:00Z");
    assert_eq!(names, [(&json!("GOOCV"), &Value::Null), (&json!("GOOG"), &from)]);
}
