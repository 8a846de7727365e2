//! `data download` against `data serve`: the whole way through the program, also when it is killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::world::{Answer, World, answer};

/// A server of the program, ended with the test.
pub struct Server {
    /// The process.
    child: Child,
    /// Its address.
    pub url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves a folder of the world.
pub fn serve(world: &World, options: &[&str]) -> Server {
    let mut command = world.command(&[&["data", "serve", "--dir", "archive"], options].concat());
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "{line}");
    Server { child, url }
}

/// The command that downloads the archive into a hub of its own, with short waits.
fn download(world: &World, server: &Server, folder: &str, options: &[&str]) -> Command {
    let (hub, raw) = (format!("{folder}/hub"), format!("{folder}/raw"));
    let fixed = [
        "data",
        "download",
        "--exchange",
        "binance_futures",
        "--kind",
        "agg_trades,mark-1h,funding",
        "--start-date",
        "2024-01",
        "--end-date",
        "2024-02",
        "--mirror",
        &server.url,
        "--hub",
        &hub,
        "--raw",
        &raw,
        "--backoff",
        "0.01",
        "--backoff-max",
        "0.05",
        "--stall-timeout",
        "0.5",
        "--retries",
        "8",
        "--threads",
        "4",
    ];
    world.command(&[&fixed[..], options].concat())
}

/// A world with an archive of 36 days of two symbols.
fn archive() -> World {
    let world = World::new();
    let numbers = ["--symbols", "2", "--days", "36", "--trades-per-day", "60"];
    world.run(&[&["data", "generate", "--dir", "archive"], &numbers[..]].concat()).good();
    world
}

/// The files of a hub without locks.
fn hub(world: &World, folder: &str) -> Vec<(String, Vec<u8>)> {
    let files = world.files(&format!("{folder}/hub"));
    files.into_iter().filter(|(name, _)| !name.contains(".locks")).collect()
}

#[test]
fn an_archive_is_downloaded_and_a_dry_run_says_what_would_be() {
    let world = archive();
    let server = serve(&world, &[]);
    let run = |options: &[&str]| -> Answer { answer(&mut download(&world, &server, "a", options)) };
    let plan = run(&["--dry-run"]).good();
    assert!(plan.out.contains("https://data.binance.vision/data/futures/um/monthly/aggTrades/"), "{}", plan.out);
    assert!(!world.path("a/hub").exists() && !world.path("a/raw").exists(), "a dry run writes nothing but the log");
    let told = run(&[]).good();
    assert!(told.out.contains("agg_trades") && told.out.contains("new rows"), "{}", told.out);
    let before = hub(&world, "a");
    let again = run(&["--json"]).good().json();
    assert_eq!(again["result"]["n_bytes"], 0);
    assert_eq!(hub(&world, "a"), before);
    // Where a table came from is told with the table.
    let info = world.run(&["data", "info", "AAAUSDT", "--hub", "a/hub"]).good();
    assert!(info.out.contains("https://data.binance.vision/data/futures/um/"), "{}", info.out);
}

#[test]
fn killed_at_any_moment_a_second_start_makes_the_hub_of_an_undisturbed_run() {
    let world = archive();
    let server = serve(&world, &[]);
    answer(&mut download(&world, &server, "calm", &[])).good();
    let calm = hub(&world, "calm");
    assert!(calm.len() > 10);
    let slow = serve(&world, &["--faults", "3", "--rate", "200000"]);
    for round in 0..3_u64 {
        let folder = format!("wild{round}");
        // Killed several times at other moments, then left alone.
        for millis in [40 + 70 * round, 150 + 110 * round, 400 + 90 * round] {
            let mut child = download(&world, &slow, &folder, &[]);
            let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(Duration::from_millis(millis));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        answer(&mut download(&world, &server, &folder, &[])).good();
        let wild = hub(&world, &folder);
        let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&wild), names(&calm));
        for ((name, bytes), (_, expected)) in wild.iter().zip(&calm) {
            assert!(bytes == expected, "{name} differs in round {round}");
        }
    }
}

#[test]
fn an_interrupt_ends_in_order_and_the_same_command_goes_on() {
    let world = archive();
    let server = serve(&world, &[]);
    answer(&mut download(&world, &server, "calm", &[])).good();
    let slow = serve(&world, &["--rate", "20000"]);
    let mut command = download(&world, &slow, "a", &[]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !world.path("a/raw/binance_futures/downloads.jsonl").exists() {
        thread::sleep(Duration::from_millis(10));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{out}");
    assert!(out.contains("the same command goes on"), "{out}");
    // What was begun lies beside its name, to be gone on with; nothing else does, and the hub holds whole tables alone.
    let names: Vec<String> = world.files("a").into_keys().collect();
    let begun = |name: &&String| name.ends_with(".part") || name.ends_with(".part.json");
    let expected = [".zip", ".csv", ".CHECKSUM", ".jsonl", ".parquet", ".json", ".downloading", ".lock", ".log"];
    for name in names.iter().filter(|name| !begun(name) && !name.contains(".locks")) {
        assert!(expected.iter().any(|ending| name.ends_with(ending)), "{name}");
    }
    answer(&mut download(&world, &server, "a", &[])).good();
    assert_eq!(hub(&world, "a"), hub(&world, "calm"));
    let raw = |folder: &str| world.files(&format!("{folder}/raw")).into_keys().collect::<Vec<_>>();
    assert_eq!(raw("a"), raw("calm"), "what was begun is gone");
}

/// The archive's month of one symbol as another market would have it: a file the venue issued anew.
fn issue_anew(world: &World) -> String {
    let numbers = ["--symbols", "2", "--days", "36", "--trades-per-day", "60", "--seed", "99"];
    world.run(&[&["data", "generate", "--dir", "other"], &numbers[..]].concat()).good();
    let name = "data/futures/um/monthly/aggTrades/AAAUSDT/AAAUSDT-aggTrades-2024-01.zip";
    for ending in ["", ".CHECKSUM"] {
        let (from, to) = (world.path(&format!("other/{name}{ending}")), world.path(&format!("archive/{name}{ending}")));
        std::fs::copy(from, to).unwrap();
    }
    name.to_owned()
}

/// The names under `key` of the stale things `data verify` tells.
fn stale(verified: &Value, kind: &str, key: &str) -> Vec<String> {
    let all = verified["result"]["files"][0][kind].as_array().unwrap();
    all.iter().map(|entry| entry[key].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_was_made_from_a_file_that_is_issued_anew_is_stale_until_it_is_made_anew() {
    let world = archive();
    let server = serve(&world, &[]);
    let get = |options: &[&str]| answer(&mut download(&world, &server, "a", options));
    let places = ["--hub", "a/hub", "--raw", "a/raw"];
    let hub_at = &places[..2];
    get(&[]).good();
    let make = || {
        world.run(&[&["aggregate", "--bar", "1h"], hub_at].concat()).good();
        world.run(&[&["factors", "run", "--config", "s.yaml"], hub_at].concat()).good();
        let options = ["--factor-set", "s", "--param", "factor=return_5", "--param", "k=1", "--json"];
        let run = world.backtest(&[&options[..], hub_at].concat()).good().json();
        run["result"]["run_id"].as_str().unwrap().to_owned()
    };
    world.write(
        "s.yaml",
        "factor_set: s\ntimeframe: 1h\nsource: {venue: binance_futures, bars: 1h}\ntradable: volume > 0\n\
         factors:\n  - {name: return_5, formula: \"close / delay(close, 5) - 1\"}\n",
    );
    let first = make();
    let verify = || world.run(&[&["data", "verify", "--quick", "--json"], &places[..]].concat());
    let calm = verify().json();
    for kind in ["stale_tables", "stale_sets", "stale_runs"] {
        assert!(stale(&calm, kind, "none").is_empty(), "{calm}");
    }
    let name = issue_anew(&world);
    let told = get(&[]);
    assert_eq!(told.status, 2, "{}", told.out);
    assert!(told.out.contains("was issued anew by the venue"), "{}", told.out);
    let kept = world.files("a/raw").into_keys().filter(|path| path.contains(".zip.was-")).count();
    assert_eq!(kept, 1, "the old issue lies beside the new one");

    // All that rests on it is stale, with the stretch that is touched.
    let answer = verify();
    assert_eq!(answer.status, 1);
    let found = answer.json();
    let ticks = "ticks/binance_futures/AAAUSDT/agg_trades-2024-01.parquet";
    let bars = "bars/binance_futures/1h/AAAUSDT.parquet";
    assert_eq!(stale(&found, "stale_tables", "table"), [bars, ticks]);
    assert_eq!(stale(&found, "stale_sets", "factor_set"), ["s"]);
    assert_eq!(stale(&found, "stale_runs", "run_id"), [first.as_str()]);
    let touched = &found["result"]["files"][0]["stale_runs"][0];
    let (month, end) = (1_704_067_200_000_000_i64, 1_706_745_600_000_000_i64);
    assert!((month..month + 86_400_000_000).contains(&touched["from"].as_i64().unwrap()), "{touched}");
    assert_eq!(touched["until"], end);
    let text = world.run(&[&["data", "verify", "--quick"], &places[..]].concat()).out;
    assert!(text.contains(&format!("{name} was issued anew")) && text.contains(&format!("run {first}")), "{text}");
    let runs = || world.run(&[&["runs", "verify", "--json", "--set", "download.raw=a/raw"], hub_at].concat());
    let checked = runs();
    assert_eq!(checked.status, 1);
    assert_eq!(checked.json()["result"]["runs"][0]["stale_inputs"][0]["table"], bars, "{}", checked.out);

    // The trades are made anew: bars, set and run rest on the old ones still.
    get(&["--replace"]).good();
    let found = verify().json();
    assert_eq!(stale(&found, "stale_tables", "table"), [bars]);
    assert_eq!(stale(&found, "stale_sets", "factor_set"), ["s"]);
    assert_eq!(stale(&found, "stale_runs", "run_id"), [first.as_str()]);

    // With all made anew only the old run is stale; the new one carries the file's address and checksum.
    let second = make();
    assert_ne!(first, second);
    let found = verify().json();
    assert!(stale(&found, "stale_tables", "table").is_empty() && stale(&found, "stale_sets", "factor_set").is_empty());
    assert_eq!(stale(&found, "stale_runs", "run_id"), [first.as_str()]);
    let context = world.text(&format!("results/top_k/{second}/run_context.json"));
    let checksum = world.text(&format!("archive/{name}.CHECKSUM"));
    let sha256 = checksum.split(' ').next().unwrap();
    assert!(context.contains(&format!("https://data.binance.vision/{name}")) && context.contains(sha256), "{context}");
}

#[test]
fn a_fault_of_the_tables_is_told_though_raw_files_are_there() {
    let world = archive();
    let server = serve(&world, &[]);
    // Nothing converted: the raw files alone are looked at.
    answer(&mut download(&world, &server, "a", &["--convert=false"])).good();
    let places = ["--hub", "a/hub", "--raw", "a/raw"];
    let verify = |options: &[&str]| world.run(&[&["data", "verify"], options, &places[..]].concat());
    let told = verify(&[]).good();
    assert!(told.out.contains("raw files as they were fetched"), "{}", told.out);
    answer(&mut download(&world, &server, "a", &[])).good();
    let told = verify(&["NOBODYUSDT"]).refused(&["NOBODYUSDT"]);
    assert!(told.out.contains("raw files as they were fetched"), "{}", told.out);
    let json = world.json_of(&[&["data", "verify", "NOBODYUSDT"], &places[..]].concat(), 2);
    assert!(json["result"]["tables_error"].as_str().unwrap().contains("NOBODYUSDT"), "{json}");
    world.write("a/defects/binance_futures.json", "{not json");
    verify(&[]).refused(&["is no ledger of defects"]);
}

#[test]
fn what_makes_no_sense_is_told_before_anyone_is_asked() {
    let world = World::new();
    let run = |options: &[&str]| world.run(&[&["data", "download", "--start-date", "2024-01"], options].concat());
    run(&["--kind", "funding"]).refused(&["which exchange"]);
    run(&["--exchange", "binance_future", "--kind", "funding"]).refused(&["did you mean `binance_futures`"]);
    run(&["--exchange", "binance_spot", "--kind", "funding"]).refused(&["nobody gives funding"]);
    run(&["--exchange", "binance_spot", "--kind", "klines"]).refused(&["klines-1h"]);
    run(&["--exchange", "binance_spot", "--kind", "trades", "--symbols", "../x"]).refused(&["cannot be a symbol"]);
    run(&["--exchange", "binance_spot", "--kind", "trades", "--end-date", "2023-12"]).refused(&["lies before"]);
    run(&["--exchange", "binance_spot", "--kind", "trades", "--start-date=2199-01"]).refused(&["cannot be used"]);
    let late = [
        "data",
        "download",
        "--exchange",
        "binance_spot",
        "--kind",
        "trades",
        "--start-date",
        "2199-01",
        "--end-date",
        "2199-02",
    ];
    world.run(&late).refused(&["lies in the future"]);
    let providers = world.run(&["data", "providers"]).good();
    assert!(providers.out.contains("binance_archive, binance_rest"), "{}", providers.out);
}

#[test]
fn what_nobody_has_and_who_cannot_be_reached_is_told() {
    let world = archive();
    let server = serve(&world, &[]);
    let run = |options: &[&str]| {
        let fixed =
            ["data", "download", "--exchange", "binance_futures", "--start-date", "2024-01", "--end-date", "2024-01"];
        world.run(&[&fixed[..], &["--backoff", "0.01", "--retries", "1"], options].concat())
    };
    let at = ["--mirror", &server.url];
    // A symbol that was named and is not there, known from the listing and from answers alone.
    for kind in ["agg_trades", "funding", "klines-1h"] {
        let told = run(&[&at[..], &["--kind", kind, "--symbols", "AAAUSDT,NOBODY"]].concat());
        let words = format!("NOBODY {kind}: binance_futures has nothing of it in this span");
        assert!(told.status == 2 && told.out.contains(&words), "{}", told.out);
    }
    // What a pattern chose need not be there.
    let told = run(&[&at[..], &["--kind", "mark-1d", "--symbols", "AAA*"]].concat()).good();
    assert!(told.out.contains("mark-1d: 1 of the symbols have nothing in this span: AAAUSDT"), "{}", told.out);
    let told = run(&["--mirror", "http://127.0.0.1:1", "--kind", "agg_trades", "--symbols", "AAAUSDT"]);
    assert!(told.status == 2 && told.out.contains("127.0.0.1:1 cannot be reached"), "{}", told.out);
    let told = run(&["--mirror", "http://127.0.0.1:1", "--kind", "agg_trades"]);
    assert!(told.out.contains("the symbols that have agg_trades are not known"), "{}", told.out);
    let ask = ["data", "query", "--exchange", "binance_futures", "--start-date", "2024-01", "--end-date", "2024-01"];
    let query = |options: &[&str]| world.run(&[&ask[..], &["--timeframe", "1h"], &at[..], options].concat());
    query(&["--symbols", "NOBODY"]).refused(&["nobody has these bars: NOBODY klines-1h"]);
    query(&["--symbols", "AAA*"]).refused(&["a query names its symbols"]);
}
