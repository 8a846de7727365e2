//! `--store`: a published factor set in SQLite and in a real PostgreSQL server, through the program.

use serde_json::Value;

use crate::server::Server;
use crate::world::World;

/// Symbols that no statement and no CSV file may stumble over.
const SYMBOLS: [&str; 3] = ["AAA", "O'C\"--", "币USDT"];

/// Two hubs with hourly bars of the same market: `hub24` has 24 days, `hub25` one more.
fn two_hubs() -> World {
    let world = World::new();
    world.write("s1.yaml", SET);
    for days in [24, 25] {
        let (file, hub) = (format!("long{days}.csv"), format!("hub{days}"));
        world.write(&file, long_table(days * 24));
        let import = ["data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1h", "--hub", &hub, &file];
        world.run(&import).good();
    }
    world
}

/// So many hourly bars of every symbol, from 2024-01-01.
fn long_table(n_bars: usize) -> String {
    let mut text = "timestamp,symbol,open,high,low,close,volume\n".to_owned();
    for (seed, symbol) in SYMBOLS.iter().enumerate() {
        for bar in 0..n_bars {
            let (day, hour) = (bar / 24 + 1, bar % 24);
            let price = 100.0 + seed as f64 + (bar * 7_919 % 101) as f64 / 10.0;
            let (high, low, close, symbol) = (price + 1.0, price - 1.0, price + 0.5, symbol.replace('"', "\"\""));
            let line =
                format!("2024-01-{day:02}T{hour:02}:00:00Z,\"{symbol}\",{price},{high},{low},{close},{}\n", bar % 5);
            text.push_str(&line);
        }
    }
    text
}

/// The set.
const SET: &str = r#"
factor_set: s1
timeframe: 1h
source: {venue: v, bars: 1h}
tradable: volume > 0
factors:
  - {name: "return_{w}", formula: "close / delay(close, {w}) - 1", windows: [5, 20]}
"#;

/// Runs the set of a hub and saves it; what was done to the store.
fn run(world: &World, hub: &str, store: &str) -> Value {
    world.json(&["factors", "run", "--hub", hub, "--config", "s1.yaml", "--store", store])["result"][0]["store"].clone()
}

/// All rows as text, from a store or from a hub.
fn rows(world: &World, from: &[&str]) -> String {
    world.run(&[&["factors", "load", "s1", "--out", "rows.csv"], from].concat()).good();
    world.text("rows.csv")
}

/// What holds for either database.
fn check(world: &World, store: &str) {
    let first = run(world, "hub24", store);
    assert_eq!((&first["unchanged"], &first["n_symbols_changed"]), (&Value::from(false), &Value::from(3)));
    assert_eq!(rows(world, &["--store", store]), rows(world, &["--hub", "hub24"]));
    assert_eq!(run(world, "hub24", store)["unchanged"], true);

    // A day more: its rows and no others.
    let second = run(world, "hub25", store);
    assert_eq!((&second["n_rows_written"], &second["n_rows_deleted"]), (&Value::from(3 * 24), &Value::from(0)));
    assert_eq!(rows(world, &["--store", store]), rows(world, &["--hub", "hub25"]));
    let back = run(world, "hub24", store);
    assert!(back["n_rows_deleted"].as_u64() >= Some(3 * 24), "{back}");
    assert_eq!(rows(world, &["--store", store]), rows(world, &["--hub", "hub24"]));

    // An update in the same hub: the day that comes in there.
    let hub = fresh_hub(world);
    world
        .run(&["data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1h", "--hub", &hub, "long25.csv"])
        .good();
    let updated =
        world.json(&["factors", "update", "s1", "--hub", &hub, "--store", store])["result"][0]["store"].clone();
    assert_eq!((&updated["n_rows_written"], &updated["n_rows_deleted"]), (&Value::from(3 * 24), &Value::from(0)));
    assert_eq!(rows(world, &["--store", store]), rows(world, &["--hub", &hub]));
    run(world, "hub24", store);

    let list = world.json(&["factors", "list", "--hub", "hub25", "--store", store]);
    assert_eq!(list["result"]["store"]["sets"][0]["factor_set"], "s1");
    let shown = world.json(&["factors", "show", "s1", "--store", store]);
    assert_eq!(shown["result"]["set"]["store"]["values_table"], first["values_table"]);
    assert_eq!(shown["result"]["set"]["columns"], serde_json::json!(["return_5", "return_20"]));

    let part = ["--symbols", "币USDT", "--columns", "return_20", "--start", "2024-01-03", "--end", "2024-01-04"];
    let of_hub = world.json(&[&["factors", "load", "s1", "--hub", "hub24"], &part[..]].concat());
    let of_store = world.json(&[&["factors", "load", "s1", "--store", store], &part[..]].concat());
    assert_eq!(of_store["result"], of_hub["result"]);
    assert_eq!(of_store["result"]["rows_in_all"], 24);
    world.run(&["factors", "load", "s1", "--store", store, "--out", "rows.parquet"]).good();

    let changed = SET.replace("windows: [5, 20]", "windows: [5, 10]");
    world.write("changed.yaml", &changed);
    world
        .run(&["factors", "run", "--hub", "hub24", "--config", "changed.yaml", "--store", store])
        .refused(&["another definition", "s1__v2"]);
    for (arguments, words) in [
        (["factors", "load", "s2"], ["no factor set `s2`", "did you mean `s1`?"]),
        (["factors", "show", "return_5"], ["no factor set `return_5`", "factors list --store"]),
    ] {
        let refused = world.run(&[&arguments[..], &["--store", store]].concat()).refused(&words);
        assert!(!refused.err.contains("s3cret"), "{}", refused.err);
    }
}

/// A hub with what `hub24` has, made anew.
fn fresh_hub(world: &World) -> String {
    let import =
        ["data", "import", "--venue", "v", "--kind", "klines", "--timeframe", "1h", "--hub", "hub", "long24.csv"];
    world.run(&import).good();
    world.run(&["factors", "run", "--hub", "hub", "--config", "s1.yaml"]).good();
    "hub".to_owned()
}

#[test]
fn a_set_in_sqlite() {
    let world = two_hubs();
    check(&world, "sqlite:sets.db");
    world.run(&["factors", "load", "s1", "--store", "sqlite:none.db"]).refused(&["no SQLite file `none.db`"]);
    world.run(&["factors", "list", "--store", "mysql:x"]).refused(&["--store", "`mysql:...`", "sqlite:FILE"]);
    world.run(&["factors", "load", "s1", "--store", "sqlite:sets.db", "--out", "x.txt"]).refused(&[".parquet or .csv"]);
    assert!(!world.path("none.db").exists());
}

#[test]
fn a_set_in_postgres_and_no_password_anywhere() {
    let world = two_hubs();
    let server = Server::start();
    let address = server.address("postgres");
    check(&world, &address);

    // By the environment, as one would to keep the password out of the list of processes.
    let mut command = world.command(&["config", "show"]);
    let shown = crate::world::answer(command.env("CROSSCUT_STORE_URL", &address)).good();
    assert!(shown.out.contains("store.url") && shown.out.contains("postgres://tester@"), "{}", shown.out);
    let mut command = world.command(&["factors", "run", "--hub", "hub25", "--config", "s1.yaml"]);
    let ran = crate::world::answer(command.env("CROSSCUT_STORE_URL", &address)).good();
    assert!(ran.out.contains("saved to postgres://tester@"), "{}", ran.out);
    let mut command = world.command(&["factors", "list"]);
    let refused = crate::world::answer(command.env("CROSSCUT_STORE_URL", address.replace("s3cret", "wr0ng")));
    let refused = refused.refused(&["password authentication failed"]);

    let mut texts = vec![shown.out, shown.err, ran.out, ran.err, refused.out, refused.err];
    let files = ["logs", "hub24", "hub25"].map(|folder| world.files(folder));
    texts.extend(files.into_iter().flatten().map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()));
    for secret in ["s3cret", "wr0ng"] {
        assert!(texts.iter().all(|text| !text.contains(secret)), "the password is in an output, a log or the hub");
    }
}

#[test]
fn a_killed_save_leaves_one_complete_state() {
    let world = two_hubs();
    let store = "sqlite:sets.db";
    run(&world, "hub24", store);
    run(&world, "hub25", "sqlite:other.db");
    let states = ["hub24", "hub25"].map(|hub| rows(&world, &["--hub", hub]));
    let mut n_changes = 0;
    for round in 0..24 {
        let hub = if round % 2 == 0 { "hub25" } else { "hub24" };
        let arguments = ["factors", "run", "--hub", hub, "--config", "s1.yaml", "--store", store];
        let mut child = world.command(&arguments).stdout(std::process::Stdio::null()).spawn().unwrap();
        // Later and later, from before anything was written to after the end.
        let deadline = std::time::Instant::now() + std::time::Duration::from_micros(round * 2_500);
        while std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        let found = rows(&world, &["--store", store]);
        let state = states.iter().position(|state| *state == found);
        assert!(state.is_some(), "a mixture after {round} rounds");
        n_changes += usize::from(state == Some(1));
    }
    println!("{n_changes} of 24 rounds found the newer state");
    run(&world, "hub25", store);
    assert_eq!(rows(&world, &["--store", store]), states[1]);
}
