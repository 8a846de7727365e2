//! The parts by themselves: listings, dates, spans, the ledger, the gate.

use std::time::{Duration, Instant};

use crosscut_model::time::{DAY, midnight};

use crate::download::address::{Hosts, encode, is_plain_name};
use crate::download::client::{http_date, to_http_date};
use crate::download::gate::Gates;
use crate::download::ledger::{Fetched, LEDGER_FILE, Ledger};
use crate::download::listing::{parse_html, parse_s3};
use crate::download::transfer::read_checksum;
use crate::download::wish::{DataKind, Span, period_name};

#[test]
fn a_page_of_a_listing() {
    let xml = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>b</Name><Prefix>p/</Prefix>\
        <IsTruncated>true</IsTruncated><NextMarker>p/b&amp;c.zip</NextMarker>\
        <Contents><Key>p/a&#39;s.zip</Key><LastModified>2024-01-02T03:04:05.000Z</LastModified>\
        <ETag>&quot;abc&quot;</ETag><Size>12</Size></Contents>\
        <CommonPrefixes><Prefix>p/q/</Prefix></CommonPrefixes></ListBucketResult>";
    let page = parse_s3(xml).unwrap();
    let (key, listed) = &page.files[0];
    assert_eq!((key.as_str(), listed.size, listed.etag.as_str()), ("p/a's.zip", 12, "\"abc\""));
    assert_eq!((page.folders.as_slice(), page.next.as_deref()), (&["p/q/".to_owned()][..], Some("p/b&c.zip")));
    for bad in ["", "<html></html>", "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>"] {
        assert!(parse_s3(bad).is_err(), "{bad}");
    }
}

#[test]
fn links_of_a_folder_lie_in_it() {
    let html = "<a href=\"../\">up</a><a href='BTCUSDT/'>x</a><a href=\"a.csv.gz\">a</a><a href=\"/etc/passwd\">b</a>\
        <a href=\"http://x/y\">c</a><a href=\"?C=N\">sort</a><a href=\"..\">d</a>";
    assert_eq!(parse_html(html), ["BTCUSDT/", "a.csv.gz"]);
}

#[test]
fn dates_of_headers() {
    let text = "Wed, 21 Oct 2015 07:28:00 GMT";
    assert_eq!(http_date(text), Some(1_445_412_480_000_000));
    assert_eq!(to_http_date(1_445_412_480_000_000), text);
    assert_eq!(http_date("yesterday"), None);
}

#[test]
fn a_checksum_is_for_the_file_it_names() {
    let hash = "0a".repeat(32);
    let read = |named: &str, name: &str| read_checksum(&format!("{hash}  {named}\n"), name).is_ok();
    assert!(read("A.zip", "A.zip") && read("*A.zip", "http://x/y/A.zip") && read("", "A.zip"));
    // A symbol may have letters that an address writes with percent signs.
    assert!(read("\u{e9}.zip", "http://x/y/%C3%A9.zip"));
    assert!(!read("PEPE.zip", "1000PEPE.zip") && !read("A.zip", "B.zip") && !read("zip", "A.zip"));
}

#[test]
fn spans_hold_both_their_ends() {
    let span = Span::between("2023-12-30", "2024-02").unwrap();
    assert_eq!((span.from, span.until), (midnight(2023, 12, 30), midnight(2024, 3, 1)));
    assert_eq!(span.months().map(period_name).collect::<Vec<_>>(), ["2023-12", "2024-01", "2024-02"]);
    assert_eq!(span.days().count(), 2 + 31 + 29);
    for (from, until) in
        [("2024-02", "2024-01"), ("2024-13", "2024-14"), ("24-01", "2024-02"), ("2024-02-30", "2024-03")]
    {
        assert!(Span::between(from, until).is_err(), "{from} {until}");
    }
}

#[test]
fn kinds_are_words_with_the_length_of_bars() {
    for text in ["trades", "agg_trades", "klines-1h", "mark-15m", "premium-1d", "funding", "instruments"] {
        assert_eq!(text.parse::<DataKind>().unwrap().to_string(), text);
    }
    for text in ["klines", "klines-", "mark-7x", "depth", "trades-1h"] {
        assert!(text.parse::<DataKind>().is_err(), "{text}");
    }
}

#[test]
fn names_that_lead_elsewhere_are_none() {
    assert!(["BTCUSDT", "\u{5e01}USDT", "a.zip"].into_iter().all(is_plain_name));
    assert!(["", ".", "..", "a/b", "a\\b", "c:", "x\0y", "x\ny"].into_iter().all(|name| !is_plain_name(name)));
    assert_eq!(encode("\u{5e01} a/b"), "%E5%B8%81%20a%2Fb");
}

#[test]
fn every_host_has_an_address_and_a_mirror_stands_in_for_all() {
    let names = ["binance_archive", "binance_listing", "binance_spot", "binance_futures", "okx_rest", "okx_files"];
    let own = Hosts::new(None, &[]).unwrap();
    let mirrored = Hosts::new(Some("http://127.0.0.1:9/"), &[]).unwrap();
    for name in names.into_iter().chain(["bybit_rest", "bybit_files"]) {
        assert_eq!(own.get(name).url, own.get(name).origin);
        let rest = own.get(name).origin.strip_prefix("https://").unwrap().to_owned();
        assert_eq!(mirrored.get(name).url, format!("http://127.0.0.1:9/{rest}"));
    }
    assert!(Hosts::new(Some("ftp://x"), &[]).is_err());
    assert!(Hosts::new(None, &[("nobody".to_owned(), "http://x".to_owned())]).is_err());
}

#[test]
fn a_gate_spaces_questions_and_closes_when_told() {
    let (gates, now, second) = (Gates::default(), Instant::now(), Duration::from_secs(1));
    assert_eq!([0, 1, 2].map(|_| gates.enter("a", second, now)), [0, 1, 2].map(|n| second * n));
    assert_eq!(gates.enter("b", second, now), Duration::ZERO);
    gates.pause("a", second * 5, now);
    gates.pause("a", second, now);
    assert_eq!((gates.paused_for("a", now), gates.paused_for("b", now)), (second * 5, Duration::ZERO));
    for _ in 0..3 {
        assert!(!gates.is_shut("a"));
        gates.note("a", true);
    }
    assert!(gates.is_shut("a"));
    gates.note("a", false);
    assert!(!gates.is_shut("a"));
}

/// An entry of a ledger.
fn entry(path: &str, sha256: &str) -> Fetched {
    Fetched {
        path: path.to_owned(),
        url: "u".to_owned(),
        size: 1,
        sha256: sha256.to_owned(),
        is_verified: true,
        etag: String::new(),
        last_modified: String::new(),
        fetched_at: "2024-01-01T00:00:00Z".to_owned(),
        from: 0,
        until: DAY,
    }
}

#[test]
fn a_ledger_survives_a_line_that_was_not_finished() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path()).unwrap();
    ledger.fetched(entry("a", "1")).unwrap();
    ledger.fetched(entry("b", "2")).unwrap();
    let path = folder.path().join(LEDGER_FILE);
    let text = std::fs::read(&path).unwrap();
    for cut in 1..40 {
        std::fs::write(&path, &text[..text.len() - cut]).unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        assert!(ledger.newest("a").is_some());
        ledger.fetched(entry("c", "3")).unwrap();
        let again = Ledger::open(folder.path()).unwrap();
        assert_eq!(again.newest("c"), Some(entry("c", "3")), "cut {cut}");
        assert_eq!(again.newest("a"), Some(entry("a", "1")));
    }
    std::fs::write(&path, "{\"event\":\"fetched\"}\n{}\n{}\n").unwrap();
    assert!(Ledger::open(folder.path()).unwrap_err().to_string().contains("line 1"));
}
