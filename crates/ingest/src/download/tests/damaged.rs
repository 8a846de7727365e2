//! Files that arrive as the venue has them and hold what they should not: refused with their name, the others publish.

use std::path::Path;

use crosscut_model::TradeKind;

use crate::testing::Bench;

use super::world::{counts, download, request, serve, troubles};

/// Rows of one day, by the line.
fn rows(day: i64, scale: i64) -> String {
    let start = crosscut_model::time::midnight(2024, 2, day) / 1000;
    (0..20).map(|n| format!("{0},10.5,1.0,{0},{0},{1},true\n", day * 100 + n, (start + n * 1000) * scale)).collect()
}

/// An archive of days of one symbol, each a ZIP of members.
fn archive(bench: &Bench, days: &[(&str, &[(&str, &str)])]) {
    for (day, members) in days {
        let name = format!("archive/data/futures/um/daily/aggTrades/AUSDT/AUSDT-aggTrades-2024-02-{day}.zip");
        let path = bench.zip_of(&name, members);
        bench.checksum(&path);
    }
}

/// What becomes of an archive.
fn outcome(bench: &Bench) -> String {
    let server = serve(&bench.path("archive"));
    let summary = download(bench, &request(bench, &server, "agg_trades"));
    troubles(bench, &summary).replace("raw/v/data/futures/um/daily/aggTrades/AUSDT/", "")
}

/// Number of trades in the hub.
fn n_trades(bench: &Bench) -> usize {
    if !bench.hub_root().exists() {
        return 0;
    }
    bench.hub().tick_info("v", "AUSDT", TradeKind::AggTrades).map_or(0, |info| info.months.iter().map(|m| m.rows).sum())
}

const HEADER: &str = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n";

#[test]
fn a_header_that_appears_microseconds_and_two_members_are_understood() {
    let bench = Bench::new();
    let (plain, headed, micros) = (rows(1, 1), format!("{HEADER}{}", rows(2, 1)), rows(3, 1000));
    let (first, second) = (rows(4, 1), rows(5, 1));
    archive(
        &bench,
        &[
            ("01", &[("AUSDT-aggTrades-2024-02-01.csv", &plain)]),
            ("02", &[("AUSDT-aggTrades-2024-02-02.csv", &headed)]),
            ("03", &[("AUSDT-aggTrades-2024-02-03.csv", &micros)]),
            ("04", &[("AUSDT-aggTrades-2024-02-04.csv", &first), ("AUSDT-aggTrades-2024-02-05.csv", &second)]),
        ],
    );
    assert_eq!(outcome(&bench), "");
    assert_eq!(n_trades(&bench), 100);
    // Again: nothing new, also for the file of two members; and when raw files are dropped, none is fetched again.
    let server = serve(&bench.path("archive"));
    let mut wish = request(&bench, &server, "agg_trades");
    let before = bench.hub_bytes();
    assert_eq!(counts(&download(&bench, &wish)), "4 Present, 1 Absent");
    wish.keep_raw = false;
    download(&bench, &wish);
    assert_eq!(counts(&download(&bench, &wish)), "4 Converted, 1 Absent");
    assert_eq!(bench.hub_bytes(), before);
}

#[test]
fn a_name_that_escapes_its_folder_is_refused_and_nothing_is_written_there() {
    let bench = Bench::new();
    let text = rows(1, 1);
    archive(&bench, &[("01", &[("../../../../../../escaped.csv", &text)])]);
    let told = outcome(&bench);
    assert!(told.contains("leaves its folder"), "{told}");
    assert!(!bench.path("escaped.csv").exists() && !Path::new("../escaped.csv").exists());
}

#[test]
fn a_zip_bomb_is_refused_before_it_is_unpacked() {
    let bench = Bench::new();
    let text = format!("{}{}", rows(1, 1), "0".repeat(80 << 20));
    archive(&bench, &[("01", &[("AUSDT-aggTrades-2024-02-01.csv", &text)])]);
    let told = outcome(&bench);
    assert!(told.contains("times its size"), "{told}");
    assert_eq!(n_trades(&bench), 0);
}

#[test]
fn rows_out_of_range_name_file_and_row() {
    let bench = Bench::new();
    let text = rows(1, 1).replacen("10.5", "-1", 3);
    archive(&bench, &[("01", &[("AUSDT-aggTrades-2024-02-01.csv", &text)])]);
    let told = outcome(&bench);
    assert!(told.contains("AUSDT-aggTrades-2024-02-01.zip") && told.contains("row 1"), "{told}");
}
