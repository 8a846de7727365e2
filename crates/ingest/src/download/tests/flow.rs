//! The path without trouble: lists, fetches, converts, and has nothing to do the second time.

use crosscut_model::TradeKind;
use crosscut_model::time::midnight;

use crate::archive_server::{Fault, Faults};
use crate::download::ledger::Ledger;
use crate::download::wish::Span;
use crate::download::{Backlog, DownloadRequest};
use crate::testing::{Bench, shared};

use super::world::{archive, counts, download, download_at, request, serve, serve_with, troubles, undisturbed};

#[test]
fn an_archive_becomes_a_hub_and_a_second_start_finds_it_complete() {
    let bench = Bench::new();
    let symbols = archive(&bench.path("archive"), 2);
    let server = serve(&bench.path("archive"));
    let wish = request(&bench, &server, "agg_trades,mark-1h,funding");
    let summary = download(&bench, &wish);
    // A month and ten days of trades and of mark prices, a month of funding, each for two symbols; nobody answers for the
    // funding of the ten days.
    assert_eq!(troubles(&bench, &summary), "");
    assert_eq!(counts(&summary), "46 Fetched, 20 Absent");
    let trades = bench.hub().tick_info("v", &symbols[0], TradeKind::AggTrades).unwrap();
    assert_eq!(trades.months.len(), 2);
    let input = &trades.months[1].provenance.inputs[3];
    let venue = input.venue.as_ref().unwrap();
    let name = format!("data/futures/um/daily/aggTrades/{0}/{0}-aggTrades-2024-02-04.zip", symbols[0]);
    assert_eq!(venue.url, format!("https://data.binance.vision/{name}"));
    assert!(venue.last_modified.as_ref().unwrap().ends_with('Z'));

    let ledger = Ledger::open(&bench.path("raw/v")).unwrap();
    let fetched = ledger.newest(&name).unwrap();
    assert_eq!((&fetched.sha256, fetched.size, fetched.is_verified), (&input.sha256, input.size, true));
    assert_eq!(fetched.fetched_at, "2024-02-11T12:00:00Z");

    let (before, asked) = (bench.hub_bytes(), server.asked());
    let again = download(&bench, &wish);
    assert_eq!((counts(&again).as_str(), again.n_bytes), ("46 Present, 20 Absent", 0));
    assert_eq!(bench.hub_bytes(), before);
    let files =
        |asked: &[(String, u32)]| asked.iter().filter(|(path, _)| path.ends_with(".zip")).cloned().collect::<Vec<_>>();
    assert_eq!(files(&server.asked()), files(&asked), "nothing is fetched twice");
}

#[test]
fn the_tables_are_those_of_an_import_of_the_same_files() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let downloaded = undisturbed(&bench.path("archive"), "agg_trades,mark-1h,funding");
    // What the archive does not hold yet, the funding of the month that is not over, is no part of it.
    let imported = bench.import_as(&crate::import::ImportRequest {
        venue: "v".to_owned(),
        ..bench.request(&[bench.path("archive/data")])
    });
    assert!(!imported.contains("refused"), "{imported}");
    let tables = |files: Vec<(std::path::PathBuf, Vec<u8>)>| {
        files.into_iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "parquet")).collect::<Vec<_>>()
    };
    assert_eq!(tables(downloaded), tables(bench.hub_bytes()));
}

#[test]
fn raw_files_are_dropped_when_they_are_not_to_be_kept_and_not_fetched_again() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 1);
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "agg_trades,mark-1h,funding");
    wish.keep_raw = false;
    assert_eq!(counts(&download(&bench, &wish)), "23 Fetched, 10 Absent");
    assert_eq!(bench.hub_bytes(), undisturbed(&bench.path("archive"), "agg_trades,mark-1h,funding"));
    let left: Vec<_> = walk(&bench.path("raw"));
    assert_eq!(left, ["downloads.jsonl"]);
    assert_eq!(counts(&download(&bench, &wish)), "23 Converted, 10 Absent");
    // A hub that is gone is made again.
    std::fs::remove_dir_all(bench.hub_root()).unwrap();
    assert_eq!(counts(&download(&bench, &wish)), "23 Fetched, 10 Absent");
    assert_eq!(bench.hub_bytes(), undisturbed(&bench.path("archive"), "agg_trades,mark-1h,funding"));
}

/// Names of all files below a folder that are not hidden.
fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            names.extend(walk(&path));
        } else if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    names
}

#[test]
fn without_a_listing_each_file_is_asked_for() {
    let bench = Bench::new();
    let symbols = archive(&bench.path("archive"), 1);
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "agg_trades,mark-1h,funding");
    wish.with_listing = false;
    wish.symbols = symbols;
    let summary = download(&bench, &wish);
    assert_eq!(troubles(&bench, &summary), "");
    assert_eq!(counts(&summary), "23 Fetched, 10 Absent");
    assert_eq!(bench.hub_bytes(), undisturbed(&bench.path("archive"), "agg_trades,mark-1h,funding"));
    assert_eq!(counts(&download(&bench, &wish)), "23 Present, 10 Absent");
}

#[test]
fn patterns_choose_among_the_symbols_of_the_archive() {
    let bench = Bench::new();
    let symbols = archive(&bench.path("archive"), 3);
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "funding");
    wish.symbols = vec![format!("{}*", &symbols[1][..2]), symbols[2].clone()];
    let mut names: Vec<String> = download(&bench, &wish).files.into_iter().map(|file| file.table).collect();
    names.dedup();
    let expected: Vec<String> = symbols[1..].iter().map(|symbol| format!("{symbol} funding")).collect();
    assert_eq!(names, expected);
}

#[test]
fn the_real_samples_in_the_archives_layout() {
    let Some(samples) = shared("data/ticks/binance_archive_style") else { return };
    let bench = Bench::new();
    let place = |from: &str, to: &str| {
        let (from, to) = (samples.join(from), bench.path("archive/data").join(to));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(&from, &to).unwrap();
        bench.checksum(&to);
    };
    let day = "XRPETH/XRPETH-aggTrades-2019-10-11.zip";
    place(&format!("spot/{day}"), &format!("spot/daily/aggTrades/{day}"));
    for day in ["2024-08-08", "2024-08-09"] {
        let file = format!("BTCUSDT/BTCUSDT-trades-{day}.zip");
        place(&format!("spot/{file}"), &format!("spot/daily/trades/{file}"));
    }
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "agg_trades,trades");
    wish.exchange = "binance_spot".to_owned();
    wish.span = Span::between("2019-10-11", "2024-08-09").unwrap();
    let summary = download_at(&bench, &wish, || midnight(2024, 8, 20));
    assert_eq!((counts(&summary).as_str(), troubles(&bench, &summary).as_str()), ("3 Fetched", ""));
    let rows = |symbol: &str, kind| {
        let info = bench.hub().tick_info("v", symbol, kind).unwrap();
        info.months.iter().map(|month| month.rows).sum::<usize>()
    };
    assert_eq!(rows("XRPETH", TradeKind::AggTrades), 5_929);
    assert_eq!(rows("BTCUSDT", TradeKind::Trades), 9_738 + 10_166);
}

#[test]
fn fetching_waits_for_conversion_when_too_much_lies_there() {
    let bench = Bench::new();
    archive(&bench.path("archive"), 2);
    bench.file(
        "archive/answers/fapi/v1/exchangeInfo.json",
        "{\"timezone\":\"UTC\",\"serverTime\":1707609600000,\"symbols\":[]}",
    );
    // The instruments, which all tables wait for, are late: everything else would be here before the first conversion.
    let given = vec![("exchangeInfo".to_owned(), 3, Fault::ServerError)];
    let server = serve_with(&bench.path("archive"), Faults { given, ..Faults::default() });
    let mut wish = request(&bench, &server, "agg_trades,mark-1h,instruments");
    wish.patience.backoff = std::time::Duration::from_millis(100);
    wish.patience.backoff_max = std::time::Duration::from_millis(100);
    wish.with_listing = false;
    wish.symbols = vec!["AAAUSDT".to_owned(), "AABUSDT".to_owned()];
    wish.backlog = Backlog { files: 2, bytes: 1 << 30 };
    let summary = download(&bench, &wish);
    assert!(summary.files.len() > 40, "{}", summary.files.len());
    // The limit, and what was under way when it was reached: a table of ten days at most.
    assert!(summary.most_waiting <= 2 + 11, "{} files waited", summary.most_waiting);
    wish.backlog = Backlog { files: 1_000, bytes: 1 };
    let other = Bench::new();
    let again = DownloadRequest { raw: other.path("raw"), ..wish };
    assert!(download(&other, &again).most_waiting <= 11);
}
