//! Files that are not what they seem: pipes, doubled columns, packed JSON, recordings; and ids that begin anew.

use crosscut_model::TradeKind;
use serde_json::json;

use crate::import::{RawFiles, RawState};
use crate::quality::{VerifyRequest, verify};
use crate::testing::{Bench, shared};

/// The first line of what is said of a file, without its name.
fn said(bench: &Bench, name: &str, text: impl AsRef<[u8]>) -> String {
    let told = bench.import(&[bench.file(name, text)]);
    told.lines().next().unwrap().replace(&format!("refused `{name}`: "), "")
}

#[test]
fn what_is_no_file_of_one_meaning_is_refused() {
    let bench = Bench::new();
    let bars = "time,open,high,low,close,volume,Volume\n2024-01-01,1,2,1,2,5,6\n";
    assert!(said(&bench, "AUSDT_1d.csv", bars).starts_with("has two columns `volume`; expected each name once"));
    let semicolons = bars.replace(',', ";");
    assert!(said(&bench, "BUSDT_1d.csv", semicolons).starts_with("has one column, `time;open;"));
    let header: Vec<String> = (0..500).map(|n| format!("c{n}")).collect();
    let wide = format!("{}\n{}\n", header.join(","), vec!["1"; 500].join(","));
    assert!(said(&bench, "CUSDT_1d.csv", wide).contains("c39, ...; expected trades"));
    assert!(said(&bench, "D D_1d.csv", bars.replace(",Volume", "").replace(",6", "")).contains("white space"));
    assert!(bench.hub_bytes().is_empty());
}

#[cfg(unix)]
#[test]
fn pipes_and_names_that_are_no_utf8_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let bench = Bench::new();
    assert!(bench.import(&["/dev/null".into()]).contains("is neither a file nor a folder"));
    let path = bench.path("x").with_file_name(OsStr::from_bytes(b"\xff\xfe_1d.csv"));
    std::fs::write(&path, "time,open,high,low,close\n2024-01-01,1,2,1,2\n").unwrap();
    assert!(bench.import(&[path]).contains("no UTF-8"));
    assert!(bench.hub_bytes().is_empty());
}

#[test]
fn answers_may_be_packed_and_recordings_say_what_they_are() {
    let bench = Bench::new();
    let rates = json!({"retCode": 0, "result": {"list": [
        {"symbol": "AUSDT", "fundingRate": "0.0001", "fundingRateTimestamp": "1709884800000"}]}});
    let told = bench.import(&[bench.zip_of("answers.zip", &[("rates.json", &rates.to_string())])]);
    assert!(told.contains("AUSDT funding: written, 1 rows, 1 added"), "{told}");
    let told =
        bench.import(&[bench.gzip("more.json.gz", &rates.to_string().replace("1709884800000", "1709913600000"))]);
    assert!(told.contains("AUSDT funding: written, 2 rows, 1 added"), "{told}");
    for line in ["1723161255123456789 {\"stream\":\"a@trade\",\"data\":{}}", "1633998512.06: {\"e\":\"trade\"}"] {
        let told = said(&bench, "feed.csv", format!("{line}\n{line}\n"));
        assert!(told.starts_with("is a recording of 2 lines without exchange information"), "{told}");
    }
}

#[test]
fn instruments_that_a_later_answer_lacks_are_told() {
    let bench = Bench::new();
    let answer = |day: i64, symbols: &[&str]| {
        let entry = |symbol: &&str| json!({"symbol": symbol, "status": "TRADING", "filters": []});
        let symbols: Vec<_> = symbols.iter().map(entry).collect();
        json!({"serverTime": 1_704_067_200_000_i64 + day * 86_400_000, "symbols": symbols}).to_string()
    };
    said(&bench, "one.json", answer(0, &["A", "B", "C", "D"]));
    let told = bench.import(&[bench.file("two.json", answer(1, &["A", "C", "D", "E"]))]);
    let expected = "1 instruments that were listed before are not in this answer of 2024-01-02T00:00:00Z: B;";
    assert!(told.contains(expected), "{told}");
    // An answer about one symbol says nothing of the others, and an earlier one nothing of later ones.
    for (day, symbols) in [(2, &["A"][..]), (-1, &["A", "C"])] {
        let told = bench.import(&[bench.file("three.json", answer(day, symbols))]);
        assert!(!told.contains("listed before"), "{told}");
    }
}

#[test]
fn ids_that_begin_anew_with_a_month_are_told_and_read_in_order_of_time() {
    let bench = Bench::new();
    let rows = |start: i64, id: i64| -> String {
        (0..4).map(|n| format!("{0},10.5,1,{0},{0},{1},true\n", id + n, start + n * 1000)).collect()
    };
    let files = [("2024-01-31", 1_706_659_200_000, 100), ("2024-02-01", 1_706_745_600_000, 50)]
        .map(|(day, start, id)| bench.file(&format!("AUSDT-aggTrades-{day}.csv"), rows(start, id)));
    assert!(!bench.import(&files).contains("refused"));
    assert_eq!(bench.trades("AUSDT", TradeKind::AggTrades).trade_id, [100, 101, 102, 103, 50, 51, 52, 53]);
    let request = VerifyRequest { venue: "binance".to_owned(), symbols: Vec::new(), hashes: true };
    let report = verify(&request, &bench.hub()).unwrap();
    let told: Vec<String> =
        report.defects.iter().map(|defect| format!("{} {}", defect.kind.name(), defect.detail)).collect();
    assert!(told.contains(&"id_disorder 2024-01 ends with id 103, 2024-02 begins with id 50".to_owned()), "{told:?}");
    assert!(!told.iter().any(|line| line.starts_with("damaged")), "{told:?}");
}

#[test]
fn raw_files_are_known_by_name_and_content() {
    let bench = Bench::new();
    let digest = |name: &str| crate::import::digest_of(&bench.path(name)).unwrap().1;
    bench.file("raw/a/x.csv", "one");
    bench.file("raw/b/x.csv", "two");
    bench.file("raw/b/y.csv", "three");
    bench.zip_of("raw/z.zip", &[("p.csv", "one"), ("q.csv", "two")]);
    let mut files = RawFiles::of(&bench.path("raw")).unwrap();
    let mut state = |name: &str, hash: &str| files.state(name, hash).unwrap();
    assert_eq!(state("x.csv", &digest("raw/a/x.csv")), RawState::Same);
    assert_eq!(state("x.csv", &digest("raw/b/x.csv")), RawState::Same);
    assert_eq!(state("x.csv", &digest("raw/b/y.csv")), RawState::Differs);
    assert_eq!(state("w.csv", &digest("raw/b/y.csv")), RawState::Absent);
    assert_eq!(state("z.zip", &digest("raw/z.zip")), RawState::Same);
    assert_eq!(state("z.zip", &digest("raw/b/x.csv")), RawState::Same, "a member by itself");
    assert_eq!(state("z.zip", &digest("raw/b/y.csv")), RawState::Differs);
    assert!(RawFiles::of(&bench.path("nowhere")).is_err());
}

#[test]
fn the_recorded_feeds_say_what_they_are() {
    for path in [
        "data/ticks/binance_recorded_feed/spot_btcusdt_20240809.gz",
        "data/fixtures/recorded_streams/BINANCE.ws.1.0.gz",
        "data/fixtures/recorded_streams/BINANCE.http.0.0.gz",
    ] {
        let Some(file) = shared(path) else { return };
        let told = Bench::new().import(&[file]);
        assert!(told.contains("is a recording of") && told.contains("crosscut data download"), "{told}");
    }
}
