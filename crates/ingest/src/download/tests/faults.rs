//! A server that misbehaves by a seed: whatever goes wrong on the way, the hub is the one of an undisturbed download.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Silent;
use crate::archive_server::{Fault, Faults};
use crate::download::{FileStatus, Surroundings, run};
use crate::testing::Bench;

use super::world::{archive, counts, download, noon, request, serve, serve_with, troubles, undisturbed};

#[test]
fn faults_that_pass_leave_no_trace() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let expected = undisturbed(&bench.path("archive"), "agg_trades,mark-1h,funding");
    for seed in 0..6 {
        let other = Bench::new();
        let faults = Faults { seed: Some(seed), in_a_row: 3, retry_after_s: 0, ..Faults::default() };
        let server = serve_with(&bench.path("archive"), faults);
        let summary = download(&other, &request(&other, &server, "agg_trades,mark-1h,funding"));
        assert_eq!(troubles(&other, &summary), "", "seed {seed}");
        assert!(summary.n_retries > 5, "seed {seed}: {} retries", summary.n_retries);
        assert_eq!(counts(&summary), "23 Fetched, 10 Absent", "seed {seed}");
        assert_eq!(other.hub_bytes(), expected, "seed {seed}");
    }
}

/// One file of a download, when its first requests go wrong.
fn with(fault: Fault, times: u32) -> (FileStatus, String, u64) {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let end = match fault {
        Fault::WrongChecksum => "aggTrades-2024-01.zip.CHECKSUM",
        _ => "aggTrades-2024-01.zip",
    };
    let given = vec![(end.to_owned(), times, fault)];
    let server = serve_with(&bench.path("archive"), Faults { given, ..Faults::default() });
    let mut wish = request(&bench, &server, "agg_trades");
    wish.span = crate::download::wish::Span::between("2024-01", "2024-01").unwrap();
    wish.patience.n_retries = 3;
    let summary = download(&bench, &wish);
    assert_eq!(summary.files.len(), 1);
    (summary.files[0].status.unwrap(), summary.files[0].note.clone(), summary.n_retries)
}

#[test]
fn each_fault_is_outlasted() {
    let faults = [
        Fault::Truncate,
        Fault::Flip,
        Fault::WrongChecksum,
        Fault::TooMany,
        Fault::ServerError,
        Fault::Reset,
        Fault::Stall,
        Fault::Drip,
    ];
    let start = std::time::Instant::now();
    for fault in faults {
        let (status, note, n_retries) = with(fault, 1);
        assert_eq!((status, n_retries), (FileStatus::Fetched, 1), "{fault:?}: {note}");
    }
    let begun = std::time::Instant::now();
    with(Fault::Stall, 1);
    assert!(begun.elapsed() < Duration::from_secs(4), "the stall was sat out");
    // A stall lasts five seconds, and at a hundred bytes a second a file takes minutes: neither is waited for.
    assert!(start.elapsed() < Duration::from_secs(30));
    for fault in [Fault::Trickle, Fault::Redirect] {
        assert_eq!(with(fault, 1).0, FileStatus::Fetched, "{fault:?}");
    }
}

#[test]
fn a_fault_that_stays_is_told_after_so_many_attempts() {
    let (status, note, n_retries) = with(Fault::Flip, 99);
    assert_eq!((status, n_retries), (FileStatus::Failed, 3));
    assert!(note.contains("SHA-256") && note.contains("4 attempts"), "{note}");
    let (status, note, _) = with(Fault::ServerError, 99);
    assert!(status == FileStatus::Failed && note.contains("answered 50"), "{note}");
    assert_eq!(with(Fault::Absent, 99).0, FileStatus::Absent);
    let (status, note, n_retries) = with(Fault::Forbidden, 99);
    assert_eq!((status, n_retries), (FileStatus::NotAllowed, 0));
    assert!(note.contains("not allowed from here"), "{note}");
}

#[test]
fn a_file_that_broke_off_is_resumed_where_it_ended() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let given = vec![("aggTrades-2024-01.zip".to_owned(), 1, Fault::Truncate)];
    let server = serve_with(&bench.path("archive"), Faults { given, ..Faults::default() });
    let mut wish = request(&bench, &server, "agg_trades");
    wish.span = crate::download::wish::Span::between("2024-01", "2024-01").unwrap();
    let summary = download(&bench, &wish);
    // Every byte came once.
    assert_eq!(Some(summary.n_bytes), summary.files[0].size);
}

#[test]
fn a_part_of_an_older_issue_is_not_glued_to_the_rest_of_a_newer_one() {
    let bench = Bench::new();
    let symbols = archive(&bench.path("archive"), 1);
    let name = format!("data/futures/um/monthly/aggTrades/{0}/{0}-aggTrades-2024-01.zip", symbols[0]);
    let given = vec![("aggTrades-2024-01.zip".to_owned(), 1, Fault::Truncate)];
    let server = serve_with(&bench.path("archive"), Faults { given, ..Faults::default() });
    let mut wish = request(&bench, &server, "agg_trades");
    wish.span = crate::download::wish::Span::between("2024-01", "2024-01").unwrap();
    wish.patience.n_retries = 0;
    assert_eq!(counts(&download(&bench, &wish)), "1 Failed");
    let part = bench.path(&format!("raw/v/{name}.part"));
    let begun = std::fs::metadata(&part).unwrap().len();
    assert!(begun > 0);
    // The same length and content, another time: its tag is another one, and it comes whole.
    let file = bench.path(&format!("archive/{name}"));
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes).unwrap();
    let summary = download(&bench, &wish);
    assert_eq!(counts(&summary), "1 Fetched");
    assert_eq!(summary.n_bytes, bytes.len() as u64);
    assert!(!part.exists());
}

#[test]
fn a_host_that_asks_to_wait_is_left_alone_as_long_as_it_says() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let given = vec![("aggTrades-2024-01.zip".to_owned(), 1, Fault::TooMany)];
    let server = serve_with(&bench.path("archive"), Faults { given, retry_after_s: 1, ..Faults::default() });
    let start = std::time::Instant::now();
    let summary = download(&bench, &request(&bench, &server, "agg_trades"));
    assert_eq!(counts(&summary), "11 Fetched");
    assert!(start.elapsed() >= Duration::from_secs(1));
    // Longer than the user wants to wait: told at once.
    let other = Bench::new();
    let given = vec![("aggTrades-2024-01.zip".to_owned(), 1, Fault::TooMany)];
    let server = serve_with(&bench.path("archive"), Faults { given, retry_after_s: 100, ..Faults::default() });
    let mut wish = request(&other, &server, "agg_trades");
    wish.patience.retry_after_max = Duration::from_millis(1);
    let summary = download(&other, &wish);
    assert!(troubles(&other, &summary).contains("it asks for 100 s"), "{}", troubles(&other, &summary));
}

#[test]
fn a_stop_ends_in_order_and_the_next_start_goes_on() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let expected = undisturbed(&bench.path("archive"), "agg_trades,mark-1h,funding");
    let slow = Faults { bytes_per_second: 60_000, ..Faults::default() };
    let server = serve_with(&bench.path("archive"), slow);
    let wish = request(&bench, &server, "agg_trades,mark-1h,funding");
    let (hub, stop) = (bench.hub_root(), Arc::new(AtomicBool::new(false)));
    let around = Surroundings { hub: &hub, clock: noon, stop: &stop, progress: &Silent };
    let summary = std::thread::scope(|scope| {
        let work = scope.spawn(|| run(&wish, around, false).unwrap());
        while server.asked().iter().filter(|(path, _)| path.ends_with(".zip")).count() < 6 {
            std::thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
        work.join().unwrap()
    });
    assert!(summary.is_stopped && !summary.is_complete());
    assert!(counts(&summary).contains("Stopped"), "{}", counts(&summary));
    let server = serve(&bench.path("archive"));
    let summary = download(&bench, &request(&bench, &server, "agg_trades,mark-1h,funding"));
    assert_eq!(troubles(&bench, &summary), "");
    assert_eq!(bench.hub_bytes(), expected);
}

#[test]
fn what_lies_on_the_disk_is_checked_and_fetched_again_when_it_is_damaged() {
    let bench = Bench::new();
    let symbols = archive(&bench.path("archive"), 1);
    let server = serve(&bench.path("archive"));
    let wish = request(&bench, &server, "agg_trades,mark-1h,funding");
    download(&bench, &wish);
    let expected = bench.hub_bytes();
    let folder = bench.path(&format!("raw/v/data/futures/um/daily/aggTrades/{}", symbols[0]));
    let file = |day: &str| folder.join(format!("{}-aggTrades-2024-02-{day}.zip", symbols[0]));
    // Cut short, changed, gone, and unknown to the ledger.
    let bytes = std::fs::read(file("01")).unwrap();
    std::fs::write(file("01"), &bytes[..bytes.len() / 2]).unwrap();
    let mut bytes = std::fs::read(file("02")).unwrap();
    bytes[50] ^= 1;
    std::fs::write(file("02"), bytes).unwrap();
    std::fs::remove_file(file("03")).unwrap();
    let summary = download(&bench, &wish);
    assert_eq!(counts(&summary), "20 Present, 3 Fetched, 10 Absent");
    assert_eq!(bench.hub_bytes(), expected);
    std::fs::remove_file(bench.path("raw/v/downloads.jsonl")).unwrap();
    assert_eq!(counts(&download(&bench, &wish)), "23 Present, 10 Absent", "the venue's checksums vouch for the files");
    assert_eq!(bench.hub_bytes(), expected);
}

#[test]
fn a_file_that_comes_from_its_beginning_though_its_rest_was_asked_for_is_taken_from_its_beginning() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let end = "aggTrades-2024-01.zip".to_owned();
    let given = vec![(end.clone(), 1, Fault::Truncate), (end, 2, Fault::IgnoreRange)];
    let server = serve_with(&bench.path("archive"), Faults { given, ..Faults::default() });
    let mut wish = request(&bench, &server, "agg_trades");
    wish.span = crate::download::wish::Span::between("2024-01", "2024-01").unwrap();
    let summary = download(&bench, &wish);
    assert_eq!((counts(&summary).as_str(), summary.n_retries), ("1 Fetched", 1));
    let size = summary.files[0].size.unwrap();
    assert_eq!(summary.n_bytes, size / 2 + size);
}
