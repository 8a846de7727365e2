//! A server that misbehaves by a seed: whatever goes wrong on the way, the hub is the one of an undisturbed download.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Silent;
use crate::archive_server::{ArchiveServer, Fault, Faults};
use crate::download::client::{Client, Manners};
use crate::download::wish::Span;
use crate::download::{DownloadRequest, DownloadSummary, FileStatus, Surroundings, run};
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

/// A wish for the one file of January's trades.
fn first_month(bench: &Bench, server: &ArchiveServer) -> DownloadRequest {
    DownloadRequest { span: Span::between("2024-01", "2024-01").unwrap(), ..request(bench, server, "agg_trades") }
}

/// One file of a download, when its first requests go wrong.
fn with(fault: Fault, times: u32) -> (FileStatus, String, u64) {
    with_retries(fault, times, 3)
}

/// The same, with so many retries.
fn with_retries(fault: Fault, times: u32, n_retries: u32) -> (FileStatus, String, u64) {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let end = match fault {
        Fault::WrongChecksum => "aggTrades-2024-01.zip.CHECKSUM",
        _ => "aggTrades-2024-01.zip",
    };
    let given = vec![(end.to_owned(), times, fault)];
    let server = serve_with(&bench.path("archive"), Faults { given, ..Faults::default() });
    let mut wish = first_month(&bench, &server);
    wish.patience.n_retries = n_retries;
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
fn five_redirects_are_followed_without_a_retry_and_the_sixth_is_an_error() {
    for times in 1..=5 {
        let (status, note, n_retries) = with_retries(Fault::Redirect, times, 0);
        assert_eq!((status, n_retries), (FileStatus::Fetched, 0), "{times}: {note}");
    }
    let (status, note, n_retries) = with(Fault::Redirect, 6);
    assert_eq!((status, n_retries), (FileStatus::Failed, 0), "{note}");
    assert!(note.contains("redirect"), "{note}");
}

#[test]
fn a_host_that_asks_to_wait_is_left_alone_by_all_transfers() {
    let bench = Bench::new();
    bench.file("archive/a", "a");
    bench.file("archive/b", "b");
    let given = vec![("a".to_owned(), 1, Fault::TooMany)];
    let server = serve_with(&bench.path("archive"), Faults { given, retry_after_s: 1, ..Faults::default() });
    let patience = request(&bench, &server, "funding").patience;
    let client = Client::new(&patience, None, 1, 1, Arc::default()).unwrap();
    let start = std::time::Instant::now();
    let get = |name: &str| client.get(&format!("{}/{name}", server.url()), &[], Manners::default());
    assert!(get("a").is_err());
    assert!(get("b").is_ok());
    assert!(start.elapsed() >= Duration::from_secs(1), "the other file was asked for at once");
}

#[test]
fn a_checksum_file_for_another_file_is_not_taken() {
    let bench = Bench::new();
    let symbols = archive(&bench.path("archive"), 1);
    let name = format!("data/futures/um/monthly/aggTrades/{0}/{0}-aggTrades-2024-01.zip", symbols[0]);
    let path = bench.path(&format!("archive/{name}.CHECKSUM"));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("2024-01", "2023-12")).unwrap();
    let server = serve(&bench.path("archive"));
    let summary = download(&bench, &first_month(&bench, &server));
    assert_eq!(counts(&summary), "1 Failed");
    let note = troubles(&bench, &summary);
    assert!(note.contains("its checksum file is for `") && note.contains("2023-12.zip`"), "{note}");
}

#[test]
fn a_file_that_broke_off_is_resumed_where_it_ended() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let given = vec![("aggTrades-2024-01.zip".to_owned(), 1, Fault::Truncate)];
    let server = serve_with(&bench.path("archive"), Faults { given, ..Faults::default() });
    let wish = first_month(&bench, &server);
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
    let mut wish = first_month(&bench, &server);
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

/// A slow download of all of the archive that is stopped in its midst, after `meanwhile`.
fn stopped(bench: &Bench, meanwhile: impl FnOnce(&DownloadRequest)) -> DownloadSummary {
    let slow = Faults { bytes_per_second: 60_000, ..Faults::default() };
    let server = serve_with(&bench.path("archive"), slow);
    let wish = request(bench, &server, "agg_trades,mark-1h,funding");
    let (hub, stop) = (bench.hub_root(), Arc::new(AtomicBool::new(false)));
    let around = Surroundings { hub: &hub, clock: noon, stop: &stop, progress: &Silent };
    std::thread::scope(|scope| {
        let work = scope.spawn(|| run(&wish, around, false).unwrap());
        while server.asked().iter().filter(|(path, _)| path.ends_with(".zip")).count() < 6 {
            std::thread::yield_now();
        }
        meanwhile(&wish);
        stop.store(true, Ordering::Relaxed);
        work.join().unwrap()
    })
}

#[test]
fn two_downloads_into_one_folder_do_not_work_at_once() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    stopped(&bench, |wish| {
        let (hub, stop) = (bench.hub_root(), Arc::new(AtomicBool::new(false)));
        let around = Surroundings { hub: &hub, clock: noon, stop: &stop, progress: &Silent };
        let error = run(wish, around, false).unwrap_err().to_string();
        let folder = bench.path("raw/v").display().to_string();
        assert!(error.contains("another download works in") && error.contains(&folder), "{error}");
    });
    // The first has ended, and the folder is free.
    let server = serve(&bench.path("archive"));
    assert!(download(&bench, &request(&bench, &server, "agg_trades,mark-1h,funding")).is_complete());
}

#[test]
fn a_stop_ends_in_order_and_the_next_start_goes_on() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let expected = undisturbed(&bench.path("archive"), "agg_trades,mark-1h,funding");
    let summary = stopped(&bench, |_| {});
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
    let wish = first_month(&bench, &server);
    let summary = download(&bench, &wish);
    assert_eq!((counts(&summary).as_str(), summary.n_retries), ("1 Fetched", 1));
    let size = summary.files[0].size.unwrap();
    assert_eq!(summary.n_bytes, size / 2 + size);
}

#[test]
fn a_rest_that_begins_elsewhere_is_thrown_away_before_its_bytes_come() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let end = "aggTrades-2024-01.zip".to_owned();
    let given = vec![(end.clone(), 1, Fault::Truncate), (end, 2, Fault::Elsewhere)];
    let server = serve_with(&bench.path("archive"), Faults { given, ..Faults::default() });
    let summary = download(&bench, &first_month(&bench, &server));
    assert_eq!((counts(&summary).as_str(), summary.n_retries), ("1 Fetched", 2));
    // Half of it, and then all of it; a checksum alone would tell only after the wrong bytes had come too.
    let size = summary.files[0].size.unwrap();
    assert_eq!(summary.n_bytes, size / 2 + size);
}
