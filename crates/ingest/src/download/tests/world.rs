//! What the tests share: a made-up archive, a server for it, and a download as text.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crosscut_model::time::{DAY, midnight};

use crate::Silent;
use crate::archive_server::{ArchiveServer, Faults, ServerConfig};
use crate::download::wish::Span;
use crate::download::{Backlog, DownloadRequest, DownloadSummary, FileStatus, Patience, Surroundings, run};
use crate::synthetic::{MarketConfig, generate};
use crate::testing::Bench;

/// First day of the made-up archive.
pub const START: i64 = midnight_2024();

const fn midnight_2024() -> i64 {
    19_723 * DAY
}

/// The clock of the tests: noon of the day after the archive ends, 2024-02-11.
pub fn noon() -> i64 {
    midnight(2024, 2, 11) + DAY / 2
}

/// Writes a made-up archive of 41 days: a month, and ten days of the next.
pub fn archive(folder: &Path, n_symbols: usize) -> Vec<String> {
    let config = MarketConfig { seed: 7, n_symbols, start: START, n_days: 41, trades_per_day: 40.0 };
    generate(&config, folder).unwrap().symbols
}

/// A server without faults.
pub fn serve(folder: &Path) -> ArchiveServer {
    serve_with(folder, Faults::default())
}

/// A server with faults, and small pages of listings.
pub fn serve_with(folder: &Path, faults: Faults) -> ArchiveServer {
    ArchiveServer::start(ServerConfig { folder: folder.to_owned(), port: 0, faults, page: 7 }).unwrap()
}

/// A wish for all of the archive.
pub fn request(bench: &Bench, server: &ArchiveServer, kinds: &str) -> DownloadRequest {
    DownloadRequest {
        exchange: "binance_futures".to_owned(),
        venue: "v".to_owned(),
        symbols: Vec::new(),
        kinds: kinds.split(',').map(|kind| kind.parse().unwrap()).collect(),
        span: Span::between("2024-01", "2024-02").unwrap(),
        raw: bench.path("raw"),
        keep_raw: true,
        convert: true,
        replace: false,
        with_listing: true,
        n_connections: 4,
        n_threads: 2,
        backlog: Backlog::USUAL,
        patience: Patience {
            n_retries: 6,
            backoff: Duration::from_millis(5),
            backoff_max: Duration::from_millis(40),
            retry_after_max: Duration::from_secs(2),
            connect: Duration::from_secs(2),
            stall: Duration::from_millis(400),
        },
        mirror: Some(server.url()),
        urls: Vec::new(),
        proxy: None,
        seed: 1,
    }
}

/// Downloads at noon.
pub fn download(bench: &Bench, request: &DownloadRequest) -> DownloadSummary {
    download_at(bench, request, noon)
}

/// Downloads by a clock.
pub fn download_at(bench: &Bench, request: &DownloadRequest, clock: fn() -> i64) -> DownloadSummary {
    let (hub, stop) = (bench.hub_root(), Arc::new(AtomicBool::new(false)));
    let around = Surroundings { hub: &hub, clock, stop: &stop, progress: &Silent };
    run(request, around, false).unwrap()
}

/// Number of files of each status, as text.
pub fn counts(summary: &DownloadSummary) -> String {
    let all = [
        FileStatus::Present,
        FileStatus::Converted,
        FileStatus::Fetched,
        FileStatus::Reissued,
        FileStatus::Absent,
        FileStatus::NotAllowed,
        FileStatus::Failed,
        FileStatus::Stopped,
    ];
    let count = |status| summary.files.iter().filter(|file| file.status == Some(status)).count();
    let words = all.into_iter().map(|status| (status, count(status))).filter(|(_, n)| *n > 0);
    words.map(|(status, n)| format!("{n} {status:?}")).collect::<Vec<_>>().join(", ")
}

/// The refusals and problems of a download, without the folder's path.
pub fn troubles(bench: &Bench, summary: &DownloadSummary) -> String {
    let refusals = summary.refusals.iter().map(|refusal| refusal.to_string());
    let notes = summary.files.iter().filter(|file| file.status.is_some_and(FileStatus::is_problem));
    let notes = notes.map(|file| format!("{}: {}", file.path, file.note));
    let all: Vec<String> = refusals.chain(notes).chain(summary.problems.iter().cloned()).collect();
    all.join("\n").replace(&format!("{}/", bench.dir.path().display()), "")
}

/// The hub an undisturbed download makes.
pub fn undisturbed(folder: &Path, kinds: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let (bench, server) = (Bench::new(), serve(folder));
    let summary = download(&bench, &request(&bench, &server, kinds));
    assert!(summary.is_complete(), "{}", troubles(&bench, &summary));
    bench.hub_bytes()
}
