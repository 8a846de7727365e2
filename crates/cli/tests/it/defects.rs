//! `data verify|list|info` as data: every kind of defect made on purpose and found, the ledger with its policies, tables
//! and venues side by side, instruments with their terms over time.

use std::fs;

use serde_json::Value;

use crate::world::World;

/// Milliseconds of 2024-01-01.
const START: i64 = 1_704_067_200_000;

/// One minute, milliseconds.
const MINUTE: i64 = 60_000;

/// Aggregated trades of two hours of 2024-01-01: one a minute at price 100 + minute, one id each, by which rows are missing.
fn trades(skip: &[i64]) -> String {
    let row = |minute: i64| {
        let (time, price) = (START + minute * MINUTE, 100 + minute);
        format!("{},{price},1,{minute},{minute},{time},false,true\n", minute + 1)
    };
    (0..120).filter(|minute| !skip.contains(minute)).map(row).collect()
}

/// The klines of these two hours as the exchange would have them, with the volume of the second one as given.
fn klines(second: &str) -> String {
    let hour = |at: i64, volume: &str| {
        let (open, close) = (START + at * 60 * MINUTE, START + (at + 1) * 60 * MINUTE - 1);
        let (first, last) = (100 + at * 60, 159 + at * 60);
        format!("{open},{first},{last},{first},{last},{volume},{close},1,60,1,1,0\n")
    };
    hour(0, "60") + &hour(1, second)
}

/// The findings of a venue as `kind table symbol xcount`, sorted.
fn found(verified: &Value) -> Vec<String> {
    let word = |defect: &Value, key: &str| defect[key].as_str().unwrap().to_owned();
    let line = |defect: &Value| {
        format!("{} {} {} x{}", word(defect, "kind"), word(defect, "table"), word(defect, "symbol"), defect["count"])
    };
    let mut lines: Vec<String> = verified["defects"].as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines
}

/// What `data verify --json` says of the one venue there is.
fn verify(world: &World, options: &[&str], status: i32) -> Value {
    world.json_of(&[&["data", "verify"], options].concat(), status)["result"]["tables"][0].clone()
}

#[test]
fn bars_are_rebuilt_from_trades_and_held_against_the_exchanges() {
    let world = World::new();
    world.write("raw/AUSDT-aggTrades-2024-01.csv", trades(&[]));
    world.write("raw/AUSDT-1h-2024-01-01.csv", klines("60"));
    world.run(&["data", "import", "--venue", "v", "raw"]).good();
    let good = verify(&world, &[], 1);
    assert_eq!(found(&good), ["partial_period agg_trades AUSDT x120"], "the month's file ends after two hours");
    let table = &good["differences"][0];
    assert_eq!(
        (&table["rebuilt_from"], &table["table"], &table["day"]),
        (&"agg_trades".into(), &"1h bars".into(), &"agree".into())
    );
    assert_eq!((table["published"].as_u64(), table["equal"].as_u64()), (Some(1), Some(2)), "one day, two bars");

    let other = World::new();
    other.write("raw/AUSDT-aggTrades-2024-01.csv", trades(&[7, 8, 90]));
    other.write("raw/AUSDT-1h-2024-01-01.csv", klines("66"));
    other.run(&["data", "import", "--venue", "v", "raw"]).good();
    let bad = verify(&other, &[], 1);
    let expected = [
        "differs_from_klines 1h bars AUSDT x2",
        "id_gap agg_trades AUSDT x1",
        "id_gap agg_trades AUSDT x2",
        "partial_period agg_trades AUSDT x117",
    ];
    assert_eq!(found(&bad), expected);
    // Volumes: 58 rebuilt of 60, 59 rebuilt of 66, which is further off.
    let day = &bad["differences"][0];
    assert_eq!((&day["day"], day["different"].as_u64()), (&"2024-01-01".into(), Some(2)));
    assert!((day["worst"].as_f64().unwrap() - 7.0 / 66.0).abs() < 1e-12, "{day}");
    assert_eq!(day["worst_at"], "volume 66, rebuilt 59");
    let text = other.run(&["data", "verify"]);
    assert!(text.out.contains("volume 66, rebuilt 59") && text.status == 1, "{}", text.out);
}

/// A name and its bars: close and volume at an hour, if there is one.
type Named<'a> = (&'a str, &'a dyn Fn(i64) -> Option<(f64, f64)>);

/// Hourly bars of some names from 2024-01-01 on: the hours there are, with their closes and volumes.
fn hourly(names: &[Named<'_>], hours: i64) -> String {
    let mut text = "symbol,open_time,open,high,low,close,volume\n".to_owned();
    for (name, bar) in names {
        for hour in 0..hours {
            if let Some((close, volume)) = bar(hour) {
                text += &format!("{name},{},{close},{close},{close},{close},{volume}\n", START + hour * 60 * MINUTE);
            }
        }
    }
    text
}

#[test]
fn every_defect_has_a_line_in_the_ledger_with_its_policy() {
    let world = World::new();
    let price = |hour: i64| 100.0 + (hour % 3) as f64 * 0.1;
    // Hours 40 and 41: nobody has bars. ASTOPS ends after 60 hours of 400, BGAP misses hour 50, CSPIKE jumps and comes back,
    // DJUMP stays where it jumped, EQUIET has three hours without volume, FCOIN pauses for two days and is another coin.
    let out = |hour: i64| (40..42).contains(&hour);
    let base = |hour: i64| (!out(hour)).then(|| (price(hour), 1.0));
    let names: [Named<'_>; 6] = [
        ("ASTOPS", &|hour| base(hour).filter(|_| hour < 60)),
        ("BGAP", &|hour| base(hour).filter(|_| hour != 50)),
        ("CSPIKE", &|hour| base(hour).map(|(close, volume)| (if hour == 100 { close * 3.0 } else { close }, volume))),
        ("DJUMP", &|hour| base(hour).map(|(close, volume)| (if hour >= 100 { close / 3.0 } else { close }, volume))),
        ("EQUIET", &|hour| base(hour).map(|(close, _)| (close, if (200..203).contains(&hour) { 0.0 } else { 1.0 }))),
        ("FCOIN", &|hour| {
            base(hour)
                .filter(|_| !(300..350).contains(&hour))
                .map(|(close, volume)| (if hour >= 350 { 0.01 } else { close }, volume))
        }),
    ];
    world.write("x_1h.csv", hourly(&names, 400));
    world.run(&["data", "import", "--venue", "v", "x_1h.csv"]).good();
    let verified = verify(&world, &[], 1);
    let expected = [
        "ended 1h bars ASTOPS x1",
        "gap 1h bars BGAP x1",
        "gap 1h bars FCOIN x50",
        "outage 1h bars * x2",
        "price_jump 1h bars DJUMP x1",
        "price_spike 1h bars CSPIKE x1",
        "reused_symbol 1h bars FCOIN x1",
        "zero_volume 1h bars EQUIET x3",
    ];
    assert_eq!(found(&verified), expected);
    assert_eq!((verified["n_tables"].as_u64(), verified["n_open"].as_u64()), (Some(6), Some(8)));
    let outage = verified["defects"].as_array().unwrap().iter().find(|defect| defect["kind"] == "outage").unwrap();
    assert_eq!((&outage["from"], &outage["to"]), (&"2024-01-02T16:00:00Z".into(), &"2024-01-02T18:00:00Z".into()));

    // The ledger is a file that may be edited: a policy and a note stay.
    let ledger: Value = serde_json::from_str(&world.text("defects/v.json")).unwrap();
    assert_eq!(ledger["defects"].as_array().unwrap().len(), 8);
    assert!(ledger["defects"].as_array().unwrap().iter().all(|known| known["policy"].as_str().unwrap().len() > 10));
    let edited = world.text("defects/v.json").replacen("\"note\": \"\"", "\"note\": \"seen\"", 1);
    world.write("defects/v.json", edited);
    let accepted = verify(&world, &["--accept"], 0);
    assert_eq!((accepted["n_open"].as_u64(), accepted["n_new"].as_u64()), (Some(0), Some(0)));
    assert!(world.text("defects/v.json").contains("\"note\": \"seen\""));
    // What is put right is gone, and stays in the ledger.
    world.write("fix_1h.csv", hourly(&[("BGAP", &|hour| (hour == 50).then_some((100.2, 1.0)))], 51));
    world.run(&["data", "import", "--venue", "v", "--timeframe", "1h", "fix_1h.csv"]).good();
    let after = verify(&world, &[], 0);
    assert_eq!(found(&after).len(), 7);
    let ledger: Value = serde_json::from_str(&world.text("defects/v.json")).unwrap();
    let gone: Vec<&Value> =
        ledger["defects"].as_array().unwrap().iter().filter(|known| !known["gone"].is_null()).collect();
    assert_eq!((gone.len(), &gone[0]["symbol"]), (1, &"BGAP".into()));
    assert_eq!(found(&verify(&world, &["CSPIKE"], 0)), ["price_spike 1h bars CSPIKE x1"]);
}

#[test]
fn silence_in_trades_without_ids_and_pauses_of_those_with_ids() {
    let world = World::new();
    // A trade a second for two hours, nothing for three, and two hours again.
    let row = |second: i64| format!("{},10,1\n", START + second * 1000);
    let rows: String = (0..7200).chain(18_000..25_200).map(row).collect();
    world.write("A.csv", format!("timestamp,price,quantity\n{rows}"));
    world.run(&["data", "import", "--venue", "v", "--kind", "trades", "A.csv"]).good();
    let verified = verify(&world, &[], 1);
    assert_eq!(found(&verified), ["silence trades A x1"]);
    let silence = &verified["defects"][0];
    assert_eq!((&silence["from"], &silence["to"]), (&"2024-01-01T01:59:59Z".into(), &"2024-01-01T05:00:00Z".into()));
    let with_ids = |id: i64| -> String {
        let row = |(at, second): (usize, i64)| {
            format!("{},10,1,{},false\n", at as i64 + if second >= 18_000 { id } else { 0 }, START + second * 1000)
        };
        (0..7200).chain(18_000..25_200).enumerate().map(row).collect()
    };
    world.write("w/B.csv", format!("id,price,qty,time,is_buyer_maker\n{}", with_ids(0)));
    world.run(&["data", "import", "--venue", "w", "--kind", "trades", "w/B.csv"]).good();
    let quiet = verify(&world, &["--venue", "w"], 0);
    assert_eq!(found(&quiet), ["pause trades B x1"], "the ids go on: no trade is missing");
}

#[test]
fn verify_of_what_is_damaged_or_not_there() {
    let world = World::new();
    world.run(&["data", "verify"]).refused(&["hub"]);
    world.write("x_1h.csv", hourly(&[("A", &|_| Some((1.0, 1.0)))], 30));
    world.run(&["data", "import", "--venue", "v", "x_1h.csv"]).good();
    assert!(verify(&world, &[], 0)["defects"].as_array().unwrap().is_empty());
    world.run(&["data", "verify", "NOSUCH"]).refused(&["NOSUCH"]);
    world.run(&["data", "verify", "--venue", "w"]).refused(&["w"]);
    let table = "hub/bars/v/1h/A.parquet";
    let bytes = fs::read(world.path(table)).unwrap();
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    world.write(table, &flipped);
    assert_eq!(found(&verify(&world, &[], 1)), ["damaged 1h bars A x1"]);
    world.write(table, &bytes[..middle]);
    assert_eq!(found(&verify(&world, &[], 1)), ["damaged 1h bars A x1"]);
    world.write(table, bytes);
    assert!(verify(&world, &[], 0)["defects"].as_array().unwrap().is_empty());
    world.write("defects/v.json", "{}x");
    world.run(&["data", "verify"]).refused(&["defects/v.json", "no ledger", "hint: "]);
    world.write("defects/v.json", "{\"version\": 99, \"defects\": []}");
    world.run(&["data", "verify"]).refused(&["version 99"]);
}

/// Two venues with the same bars; at `v` with terms that change, and a delisting.
fn with_terms() -> World {
    let world = World::new();
    world.write("x_1h.csv", hourly(&[("AUSDT", &|_| Some((10.0, 5.0))), ("BUSDT", &|_| Some((20.0, 5.0)))], 72));
    for venue in ["v", "w"] {
        world.run(&["data", "import", "--venue", venue, "x_1h.csv"]).good();
    }
    let terms = "symbol,listing_time,delisting_time,tick_size,lot_size,min_notional,multiplier,valid_from\n\
                 AUSDT,2023-01-01,,0.01,0.5,5,1,2023-01-01\nAUSDT,2023-01-01,,0.01,2,50,1,2024-01-02\n\
                 BUSDT,2023-06-01,2024-01-03T12:00:00Z,0.1,1,5,1,2023-06-01\n";
    world.write("terms.csv", terms);
    world.run(&["data", "import", "--venue", "v", "--kind", "instruments", "terms.csv"]).good();
    world
}

#[test]
fn venues_side_by_side_and_terms_over_time() {
    let world = with_terms();
    let list = world.json(&["data", "list"])["result"].clone();
    let lines: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            let word = |key: &str| group[key].as_str().unwrap().to_owned();
            format!(
                "{} {} {} {}",
                word("venue"),
                word("table"),
                word("kind"),
                group["symbols"].as_array().unwrap().len()
            )
        })
        .collect();
    assert_eq!(lines, ["v bars 1h 2", "v instruments terms by date 2", "w bars 1h 2"]);
    let info = world.json(&["data", "info", "AUSDT", "--venue", "v"])["result"].clone();
    assert_eq!(
        (info[0]["rows"].as_u64(), info[0]["first"].as_str(), info[0]["origin"].as_str()),
        (Some(72), Some("2024-01-01T00:00:00Z"), Some("klines"))
    );
    assert_eq!(info[0]["inputs"][0]["sha256"].as_str().map(str::len), Some(64));
    let rows = info[1]["terms"].as_array().unwrap();
    let lots: Vec<(Option<&str>, Option<f64>, Option<f64>)> = rows
        .iter()
        .map(|row| (row["valid_from"].as_str(), row["lot_size"].as_f64(), row["min_notional"].as_f64()))
        .collect();
    assert_eq!(
        lots,
        [(Some("2023-01-01T00:00:00Z"), Some(0.5), Some(5.0)), (Some("2024-01-02T00:00:00Z"), Some(2.0), Some(50.0))]
    );
}

#[test]
fn runs_keep_to_the_terms_of_the_day() {
    let world = with_terms();
    world.write("targets.csv", "date,symbol,weight\n2024-01-01,AUSDT,0.0437\n2024-01-01,BUSDT,0.0613\n2024-01-02,AUSDT,0.0987\n2024-01-02,BUSDT,0.0613\n");
    let run = |capital: &str| {
        let held = "backtest --venue v --timeframe 1h --strategy target_list --param file=targets.csv";
        let held: Vec<&str> = held.split(' ').collect();
        let free = ["--commission-bps", "0", "--slippage-bps", "0", "--capital", capital];
        let folder = world.json(&[&held[..], &free].concat())["result"]["folder"].as_str().unwrap().to_owned();
        let quality: Value = serde_json::from_str(&world.text(&format!("{folder}/metrics.json"))).unwrap();
        (
            world.text(&format!("{folder}/orders.csv")),
            quality["data_quality"]["counts"]["changes_below_min_notional"].clone(),
        )
    };
    let (orders, _) = run("10000");
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let filled: Vec<String> = orders
        .lines()
        .skip(1)
        .map(cells)
        .filter(|cell| cell[6].parse::<f64>().is_ok_and(|quantity| quantity > 0.0))
        .map(|cell| format!("{} {} {}", cell[2], cell[3], cell[6]))
        .collect();
    // 437 of A at 10 is 43.7, in halves 43.5; 613 of B at 20 is 30.65, in whole ones 30; then 987 of A is 98.7: 55.2 more,
    // in twos 54; B is delisted at noon of the 3rd.
    assert_eq!(filled, ["AUSDT buy 43.5", "BUSDT buy 30", "AUSDT buy 54", "BUSDT sell 30"], "{orders}");
    let (small, below) = run("400");
    // 24.52 of B is 1.226 pieces, one; 17.48 of A 1.5 pieces; 39.48 of A on the 2nd is below the 50 it takes from then on.
    assert_eq!((small.matches("AUSDT,buy").count(), small.matches("BUSDT,buy").count()), (1, 1), "{small}");
    assert_eq!(below, 1);
}
