//! Parts that must not be continued: what is on the disk and what comes belong to no file together, and no checksum tells,
//! as the two halves are a whole packed file each.

use std::path::PathBuf;

use crosscut_model::time::midnight;

use crate::archive_server::{ArchiveServer, Fault, Faults};
use crate::download::DownloadRequest;
use crate::download::wish::Span;
use crate::testing::Bench;

use super::world::{counts, download, request, serve_with, troubles};

/// The file, below the archive.
const FILE: &str = "trading/NEWUSDT/NEWUSDT2024-02-08.csv.gz";
/// The same, below the folder of raw files.
const RAW: &str = "raw/v/trading/NEWUSDT/NEWUSDT-trades-2024-02-08.csv.gz";

/// Two gzip members in one file; the length of the first is told. The second is much longer, and has the given price.
fn write_issue(bench: &Bench, price: &str) -> usize {
    let header = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional\n";
    let start = midnight(2024, 2, 8) / 1_000_000;
    let row = |n: i64, price: &str| format!("{}.5,NEWUSDT,Buy,1,{price},PlusTick,x{n},1,1,1\n", start + n);
    let member = |rows: String| std::fs::read(bench.gzip("member", &rows)).unwrap();
    let first = member(format!("{header}{}", row(0, "10.5")));
    let second = member((1..2000).map(|n| row(n, price)).collect());
    bench.file(&format!("archive/{FILE}"), [first.as_slice(), &second].concat());
    first.len()
}

/// A part that holds `n_bytes` of the first issue, and what is to be asked next. The request after it meets the fault.
fn begun(bench: &Bench, n_bytes: usize, next: Fault) -> (ArchiveServer, DownloadRequest, PathBuf) {
    let given = vec![(FILE.to_owned(), 1, Fault::Truncate), (FILE.to_owned(), 2, next)];
    let server = serve_with(&bench.path("archive"), Faults { given, ..Faults::default() });
    let mut wish = DownloadRequest {
        exchange: "bybit_linear".to_owned(),
        symbols: vec!["NEWUSDT".to_owned()],
        span: Span::between("2024-02-08", "2024-02-08").unwrap(),
        ..request(bench, &server, "trades")
    };
    wish.patience.n_retries = 0;
    assert_eq!(counts(&download(bench, &wish)), "1 Failed");
    wish.patience.n_retries = 3;
    let part = bench.path(&format!("{RAW}.part"));
    let mut bytes = std::fs::read(bench.path(&format!("archive/{FILE}"))).unwrap();
    bytes.resize(n_bytes, 0);
    assert!(part.exists());
    std::fs::write(&part, bytes).unwrap();
    (server, wish, part)
}

/// Downloads, and asserts that the file is the archive's, in so many requests too many.
fn assert_whole(bench: &Bench, wish: &DownloadRequest, n_retries: u64) {
    let summary = download(bench, wish);
    let told = troubles(bench, &summary);
    assert_eq!((counts(&summary).as_str(), told.as_str(), summary.n_retries), ("1 Fetched", "", n_retries));
    let [raw, original] = [RAW, &format!("archive/{FILE}")].map(|path| std::fs::read(bench.path(path)).unwrap());
    assert!(raw == original, "the file is glued together");
}

#[test]
fn a_rest_that_begins_elsewhere_is_not_glued_to_a_part() {
    let bench = Bench::new();
    let first = write_issue(&bench, "10.5");
    let (_server, wish, _) = begun(&bench, first, Fault::Elsewhere);
    assert_whole(&bench, &wish, 1);
}

#[test]
fn a_rest_of_another_issue_is_not_glued_to_a_part_though_the_venue_sends_it() {
    let bench = Bench::new();
    let first = write_issue(&bench, "10.5");
    let (_server, wish, _) = begun(&bench, first, Fault::IgnoreIfRange);
    assert_eq!(write_issue(&bench, "10.6"), first, "the issues end their first members at one place");
    assert_whole(&bench, &wish, 1);
}

#[test]
fn a_part_as_long_as_the_file_or_longer_begins_anew() {
    for more in [0, 100] {
        let bench = Bench::new();
        write_issue(&bench, "10.5");
        let size = std::fs::read(bench.path(&format!("archive/{FILE}"))).unwrap().len();
        let (_server, wish, part) = begun(&bench, size + more, Fault::IgnoreIfRange);
        assert_whole(&bench, &wish, 1);
        assert!(!part.exists());
    }
}
