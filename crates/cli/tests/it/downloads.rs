//! `data download` against `data serve`: the whole way through the program, also when it is killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

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
fn an_interrupt_ends_in_order_and_says_how_to_go_on() {
    let world = archive();
    let server = serve(&world, &["--rate", "20000"]);
    let mut command = download(&world, &server, "a", &[]);
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
    let providers = world.run(&["data", "providers"]).good();
    assert!(providers.out.contains("binance_archive, binance_rest"), "{}", providers.out);
}
