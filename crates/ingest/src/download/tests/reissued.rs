//! Files a venue issues anew: noticed, kept beside the old issue, and never mixed into tables unasked.

use crosscut_model::TradeKind;

use crate::download::ledger::Ledger;
use crate::download::stale::{check_raw, stale_data};
use crate::download::wish::Span;
use crate::testing::Bench;

use super::world::{counts, download, request, serve, troubles};

/// Rows of a month with a price.
fn rows(from: i64, price: impl Fn(i64) -> f64) -> String {
    let start = crosscut_model::time::midnight(2024, 1, 1) / 1000;
    (from..30).map(|n| format!("{0},{1},1.0,{0},{0},{2},true\n", n + 1, price(n), start + n * 86_400_000)).collect()
}

/// Writes the month as the venue's file.
fn issue(bench: &Bench, text: &str) {
    let name = "archive/data/futures/um/monthly/aggTrades/AUSDT/AUSDT-aggTrades-2024-01.zip";
    let path = bench.zip_of(name, &[("AUSDT-aggTrades-2024-01.csv", text)]);
    bench.checksum(&path);
}

#[test]
fn a_new_issue_is_noticed_kept_beside_the_old_one_and_used_when_asked_for() {
    let bench = Bench::new();
    issue(&bench, &rows(0, |_| 10.0));
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "agg_trades");
    wish.span = Span::between("2024-01", "2024-01").unwrap();
    assert_eq!(counts(&download(&bench, &wish)), "1 Fetched");
    let old = bench.hub_bytes();

    issue(&bench, &rows(0, |n| if n >= 20 { 11.0 } else { 10.0 }));
    let summary = download(&bench, &wish);
    assert_eq!(counts(&summary), "1 Reissued");
    let told = troubles(&bench, &summary);
    assert!(told.contains("issued anew") && told.contains("--replace"), "{told}");
    assert_eq!(bench.hub_bytes(), old, "the table stays");
    let event = &Ledger::open(&bench.path("raw/v")).unwrap().reissued()[0];
    assert_eq!(event.from, crosscut_model::time::midnight(2024, 1, 21));
    assert_eq!(event.until, crosscut_model::time::midnight(2024, 2, 1));
    assert!(bench.path(&format!("raw/v/{}", event.old_path)).is_file());
    let stale = || stale_data(&bench.path("raw/v"), &bench.hub_root(), "v").unwrap().tables;
    assert_eq!(stale().len(), 1);
    assert_eq!((stale()[0].table.as_str(), stale()[0].from), ("ticks/v/AUSDT/agg_trades-2024-01.parquet", event.from));
    let check = check_raw(&bench.path("raw/v")).unwrap();
    assert_eq!((check.n_good, check.problems.len(), check.reissued.len()), (1, 0, 1));

    // Noticed once, told until the table is made anew.
    let summary = download(&bench, &wish);
    assert_eq!(counts(&summary), "1 Present");
    assert!(troubles(&bench, &summary).contains("issued anew"));
    wish.replace = true;
    let summary = download(&bench, &wish);
    assert_eq!(troubles(&bench, &summary), "");
    let trades = bench.hub().tick_info("v", "AUSDT", TradeKind::AggTrades).unwrap();
    assert_eq!(trades.months[0].provenance.inputs.len(), 1);
    assert_eq!(trades.months[0].provenance.inputs[0].sha256, event.new_sha256);
    assert_eq!(counts(&download(&bench, &wish)), "1 Present");
    assert!(stale().is_empty());
    std::fs::write(bench.path(&format!("raw/v/{}", event.path)), "x").unwrap();
    assert_eq!(check_raw(&bench.path("raw/v")).unwrap().problems.len(), 1);
}

#[test]
fn the_same_content_under_another_time_is_no_new_issue() {
    let bench = Bench::new();
    issue(&bench, &rows(0, |_| 10.0));
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "agg_trades");
    wish.span = Span::between("2024-01", "2024-01").unwrap();
    for listing in [true, false] {
        wish.with_listing = listing;
        wish.symbols = vec!["AUSDT".to_owned()];
        download(&bench, &wish);
        issue(&bench, &rows(0, |_| 10.0));
        assert_eq!(counts(&download(&bench, &wish)), "1 Present");
    }
    assert!(Ledger::open(&bench.path("raw/v")).unwrap().reissued().is_empty());
}

#[test]
fn a_dropped_file_that_was_issued_anew_is_fetched_and_held_back() {
    let bench = Bench::new();
    issue(&bench, &rows(0, |_| 10.0));
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "agg_trades");
    wish.span = Span::between("2024-01", "2024-01").unwrap();
    wish.keep_raw = false;
    download(&bench, &wish);
    issue(&bench, &rows(0, |_| 12.0));
    let summary = download(&bench, &wish);
    assert_eq!(counts(&summary), "1 Reissued");
    assert!(troubles(&bench, &summary).contains("issued anew"));
    wish.replace = true;
    let summary = download(&bench, &wish);
    assert_eq!(troubles(&bench, &summary), "");
    assert_eq!(counts(&download(&bench, &wish)), "1 Converted");
}
