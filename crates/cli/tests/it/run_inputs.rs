//! Runs that read every kind of input: which of them changed is told, what lies after a time changes nothing before it, and
//! neither the order of symbols and files nor the number of threads changes a byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::world::World;

/// 2024-01-01, milliseconds.
const START: i64 = 1_704_067_200_000;
const HOUR: i64 = 3_600_000;
const N_HOURS: i64 = 20 * 24;
const SYMBOLS: [&str; 6] = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF"];

/// A market in which what comes at or after an hour is otherwise.
#[derive(Clone, Copy)]
struct Script {
    /// From which hour on.
    altered_from: i64,
}

impl Script {
    /// Whether a time is in the altered part.
    fn is_altered(self, hour: i64) -> bool {
        hour >= self.altered_from
    }

    /// Prices of a symbol: a walk from a seed, altered later.
    fn klines(self, seed: u64) -> String {
        let mut text = String::from("open_time,open,high,low,close,volume\n");
        let (mut dice, mut price) = (seed.wrapping_mul(7919).wrapping_add(1), 50.0 + seed as f64);
        for hour in 0..N_HOURS {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let draw = (dice >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
            let open = price;
            price *= 1.0 + 0.03 * if self.is_altered(hour) { -3.0 * draw } else { draw };
            let (high, low) = (open.max(price) * 1.002, open.min(price) * 0.998);
            let volume =
                1000.0 + 100.0 * ((hour as u64 + seed) % 7) as f64 * if self.is_altered(hour) { 9.0 } else { 1.0 };
            let _ = writeln!(text, "{},{open},{high},{low},{price},{volume}", START + hour * HOUR);
        }
        text
    }

    /// Rates every eight hours. What is paid at the close of the last unaltered bar belongs to that bar.
    fn funding(self) -> String {
        let mut text = String::from("symbol,funding_time,funding_rate\n");
        for hour in (8..=N_HOURS).step_by(8) {
            for (at, symbol) in SYMBOLS.iter().enumerate() {
                let rate = 0.0001 * (at as f64 - 2.0) * if self.is_altered(hour - 1) { -50.0 } else { 1.0 };
                let _ = writeln!(text, "{symbol},{},{rate}", START + hour * HOUR);
            }
        }
        text
    }

    /// Tables whose rows name dates: each has some before and some after the alteration.
    fn dated(self) -> [(&'static str, String); 3] {
        let is_altered = self.altered_from < N_HOURS;
        let instruments = "symbol,listing_time,delisting_time,lot_size,valid_from\n\
                           AAA,2024-01-01,,0.01,2024-01-01\nBBB,2024-01-01,,,2024-01-01\n\
                           CCC,2024-01-01,2024-01-08T12:00:00Z,,2024-01-01\n";
        let actions = "symbol,ex_date,split,dividend\nAAA,2024-01-05,2,0\nBBB,2024-01-06,1,0.5\n";
        let members = "symbol,start,end\nAAA,2024-01-01,\nBBB,2024-01-01,2024-01-07\nBBB,2024-01-08,\nCCC,2024-01-01,\n\
                       DDD,2024-01-03,\nEEE,2024-01-01,\n";
        let later = |rows: &str, more: &str| if is_altered { format!("{rows}{more}") } else { rows.to_owned() };
        [
            (
                "instruments.csv",
                later(instruments, "AAA,2024-01-01,2024-01-18,5,2024-01-14\nDDD,2024-01-01,2024-01-15,,2024-01-14\n"),
            ),
            ("actions.csv", later(actions, "AAA,2024-01-14,10,0\nEEE,2024-01-15,1,20\n")),
            (
                "members.csv",
                later(members, "FFF,2024-01-13,\n").replace(
                    "EEE,2024-01-01,",
                    if is_altered { "EEE,2024-01-01,2024-01-13" } else { "EEE,2024-01-01," },
                ),
            ),
        ]
    }

    /// The hub of the market, symbols imported in this order.
    fn world(self, symbols: &[&str]) -> World {
        let world = World::new();
        let import = |kind: &str, symbol: &str, file: &str| {
            let mut words = vec!["data", "import", "--venue", "v", "--kind", kind];
            if !symbol.is_empty() {
                words.extend(["--timeframe", "1h", "--symbol", symbol]);
            }
            words.push(file);
            world.run(&words).good();
        };
        for symbol in symbols {
            let seed = SYMBOLS.iter().position(|one| one == symbol).unwrap() as u64;
            let klines = self.klines(seed);
            world.write(&format!("{symbol}.csv"), &klines);
            import("klines", symbol, &format!("{symbol}.csv"));
            world.write(&format!("{symbol}-mark.csv"), klines);
            import("mark", symbol, &format!("{symbol}-mark.csv"));
        }
        world.run(&["aggregate", "--from", "1h", "--bar", "1d"]).good();
        for (name, text) in self.dated() {
            world.write(name, text);
        }
        world.write("funding.csv", self.funding());
        for (kind, file) in [("funding", "funding.csv"), ("instruments", "instruments.csv"), ("actions", "actions.csv")]
        {
            import(kind, "", file);
        }
        world.write("s.yaml", FACTOR_SET);
        world.run(&["factors", "run", "--config", "s.yaml"]).good();
        world
    }
}

/// A set of two columns, one of them across symbols.
const FACTOR_SET: &str = "factor_set: s\ntimeframe: 1h\nsource: {venue: v, bars: 1h}\ntradable: volume > 0\nfactors:\n\
                          \x20 - {name: mom, formula: \"close / delay(close, 6) - 1\"}\n\
                          \x20 - {name: crossed, formula: \"cs_rank(-mom)\"}\n";

/// Nothing is altered.
const PLAIN: Script = Script { altered_from: N_HOURS };

/// A run that reads every kind of table: bars, marks, factors, funding, instruments, actions, a list of members.
const EVERYTHING: [&str; 24] = [
    "backtest",
    "--venue",
    "v",
    "--timeframe",
    "1h",
    "--strategy",
    "linear_weighted",
    "--factor-set",
    "s",
    "--param",
    "factors=mom:1,crossed:0.3",
    "--param",
    "k=2",
    "--param",
    "short_k=1",
    "--rebalance",
    "5",
    "--funding",
    "table",
    "--benchmark",
    "AAA",
    "--universe",
    "member(members.csv), dollar_volume(2d) top 4",
    "--universe-reselect=D",
];

/// The folder of a run's answer.
fn folder(answer: &serde_json::Value) -> String {
    answer["result"]["folder"].as_str().unwrap().to_owned()
}

/// Every file of a run's folder but those that tell of circumstances.
fn results(world: &World, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = world.files(folder);
    files.retain(|name, _| name != "run_context.json" && name != "logs.txt");
    files
}

#[test]
fn the_first_input_that_changed_is_named() {
    let world = PLAIN.world(&SYMBOLS);
    world.run(&EVERYTHING).good();
    let verify = |status| world.json_of(&["runs", "verify", "latest"], status)["result"]["runs"][0].clone();
    assert_eq!(verify(0)["changed_inputs"], serde_json::json!([]));
    for (file, name) in [
        ("hub/bars/v/1h/CCC.parquet", "bars/v/1h/CCC.parquet"),
        ("hub/bars/v/mark-1h/AAA.parquet", "bars/v/mark-1h/AAA.parquet"),
        ("hub/factors/1h/s/BBB.parquet", "factors/1h/s/BBB.parquet"),
        ("hub/funding/v/EEE.parquet", "funding/v/EEE.parquet"),
        ("hub/instruments/v.parquet", "instruments/v.parquet"),
        // Of AAA no action is left: its prices contradict the split, and the import says so.
        ("hub/actions/v/BBB.parquet", "actions/v/BBB.parquet"),
        ("members.csv", "lists/members.csv"),
    ] {
        let path = world.path(file);
        let bytes = fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        for now in [Some(changed), None] {
            match now {
                Some(changed) => fs::write(&path, changed).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let found = world.run(&["runs", "verify", "latest"]);
            assert_eq!(found.status, 1, "{file}: {}", found.out);
            let found = verify(1);
            assert!(found["changed_inputs"].to_string().contains(name), "{file}: {found}");
            let answer = world.run(&["runs", "rerun", "latest"]);
            assert!(answer.status == 1 && answer.out.contains(name), "{file}: {}{}", answer.out, answer.err);
        }
        fs::write(&path, bytes).unwrap();
    }
    assert_eq!(verify(0)["changed_inputs"], serde_json::json!([]));
    assert_eq!(world.json(&["runs", "rerun", "latest"])["result"]["identical"], true);
}

#[test]
fn a_list_of_targets_is_an_input() {
    let world = PLAIN.world(&SYMBOLS);
    let list = "date,symbol,weight\n2024-01-03,AAA,0.5\n2024-01-03,BBB,0.5\n2024-01-09,AAA,1\n";
    world.write("lists/targets.csv", list);
    let run = ["backtest", "--venue", "v", "--timeframe", "1h", "--strategy", "target_list", "--param"];
    world.run(&[&run[..], &["file=lists/targets.csv"]].concat()).good();
    assert_eq!(world.json(&["runs", "rerun", "latest"])["result"]["identical"], true);
    world.run(&["runs", "verify"]).good();
    world.write("lists/targets.csv", list.replace("AAA,1", "AAA,0.9"));
    for words in [["runs", "verify", "latest"], ["runs", "rerun", "latest"]] {
        let answer = world.run(&words);
        assert!(answer.status == 1 && answer.out.contains("lists/targets.csv"), "{}{}", answer.out, answer.err);
    }
}

#[test]
fn what_lies_after_a_time_changes_nothing_before_it_through_any_input() {
    let altered = Script { altered_from: 12 * 24 };
    let until = "2024-01-12T23:00:00Z";
    let told = |world: &World| {
        let folder = folder(&world.json(&EVERYTHING));
        let rows = |file: &str, column: usize| -> Vec<String> {
            let text = world.text(&format!("{folder}/{file}"));
            let known = |line: &&str| line.split(',').nth(column).is_some_and(|time| time <= until);
            text.lines().skip(1).filter(known).map(str::to_owned).collect()
        };
        // The benchmark's column may not change either; orders decided by then may still be filled otherwise.
        [
            rows("equity_curve.csv", 0),
            rows("positions.csv", 0),
            rows("journal.csv", 0),
            rows("trade_summary.csv", 0),
            rows("trades.csv", 3),
            rows("orders.csv", 1),
        ]
    };
    let (plain, other) = (told(&PLAIN.world(&SYMBOLS)), told(&altered.world(&SYMBOLS)));
    for (a, b) in plain.iter().zip(&other) {
        assert!(a.len() > 10);
        // A decision's weight once its orders are done may be known only after the time.
        let n = a.len().min(b.len());
        let first = a.iter().zip(b).position(|(a, b)| a != b);
        assert!(
            a.len() == b.len() && first.is_none(),
            "row {first:?} of {n}: {:?} {:?}",
            first.map(|at| &a[at]),
            first.map(|at| &b[at])
        );
    }
}

#[test]
fn orders_of_symbols_and_files_and_threads_change_no_byte() {
    let mut backwards = SYMBOLS;
    backwards.reverse();
    let (a, b) = (PLAIN.world(&SYMBOLS), PLAIN.world(&backwards));
    let run = |world: &World, words: &[&str], symbols: &str, threads: &str| {
        let answer = world.json(&[words, &["--symbols", symbols, "--threads", threads]].concat());
        results(world, &folder(&answer))
    };
    let by_bar = ["backtest", "--venue", "v", "--timeframe", "1h", "--strategy", "breakout", "--stop-loss", "0.05"];
    for words in [&EVERYTHING[..], &by_bar[..]] {
        let first = run(&a, words, "AAA,BBB,CCC,DDD,EEE,FFF", "1");
        let second = run(&b, words, "FFF,CCC,AAA,EEE,DDD,BBB", "2");
        assert!(first.contains_key("report.html") && first.len() >= 8);
        for (name, bytes) in &first {
            assert!(second.get(name) == Some(bytes), "{name} differs");
        }
    }
}

#[test]
fn a_factor_table_in_parts_is_verified_part_by_part() {
    // Large enough that an update puts new rows into a file beside the old one.
    let columns = (1..=400).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let set = format!(
        "factor_set: wide\ntimeframe: 1h\nsource: {{venue: v, bars: 1h}}\nfactors:\n  - {{name: \"f_{{w}}\", formula: \"log(close) * {{w}}\", windows: [{columns}]}}\n"
    );
    let world = World::new();
    world.write("wide.yaml", set);
    let import = |n_rows: usize| {
        for (at, symbol) in ["AAA", "BBB"].into_iter().enumerate() {
            let text: Vec<String> = PLAIN.klines(at as u64).lines().take(n_rows + 1).map(str::to_owned).collect();
            let file = format!("{symbol}.csv");
            world.write(&file, text.join("\n") + "\n");
            let words = ["data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1h", "--symbol", symbol];
            world.run(&[&words[..], &[&file]].concat()).good();
        }
    };
    import(400);
    world.run(&["factors", "run", "--config", "wide.yaml"]).good();
    import(430);
    world.run(&["factors", "update", "wide"]).good();
    let table = "hub/factors/1h/wide/AAA.parquet";
    assert!(world.path(&format!("{table}/tail.parquet")).exists(), "the table is not in parts");
    let run = ["backtest", "--factor-set", "wide", "--strategy", "top_k", "--param", "k=1", "--param", "factor=f_7"];
    let id = world.json(&run)["result"]["run_id"].clone();
    let changed = |status: i32| {
        world.json_of(&["runs", "verify", "latest"], status)["result"]["runs"][0]["changed_inputs"].clone()
    };
    assert_eq!(changed(0), serde_json::json!([]));
    assert_eq!(world.json(&["runs", "rerun", "latest"])["result"]["identical"], true);
    for part in ["base", "tail"] {
        let path = world.path(&format!("{table}/{part}.parquet")).canonicalize().unwrap();
        let bytes = fs::read(&path).unwrap();
        let mut damaged = bytes.clone();
        damaged[bytes.len() / 2] ^= 1;
        fs::write(&path, damaged).unwrap();
        let told = changed(1);
        assert_eq!((told.as_array().unwrap().len(), &told[0]["name"]), (1, &"factors/1h/wide/AAA.parquet".into()));
        fs::write(&path, bytes).unwrap();
        assert_eq!(changed(0), serde_json::json!([]), "{part}");
    }
    // Computed at once the rows are the same, however their files are cut: the run stands, and a new one has its id.
    fs::remove_dir_all(world.path("hub/factors")).unwrap();
    fs::remove_dir_all(world.path("hub/.generations")).unwrap();
    world.run(&["factors", "run", "--config", "wide.yaml"]).good();
    assert!(world.path(table).is_file());
    assert_eq!(changed(0), serde_json::json!([]));
    assert_eq!(world.json(&run)["result"]["run_id"], id);
    // New rows change the table, and the run is told apart from it.
    import(450);
    world.run(&["factors", "update", "wide"]).good();
    assert_eq!(changed(1).as_array().unwrap().len(), 4, "two tables of bars and two of factors");
}
