//! Importing again, overlapping files, conflicts.

use crosscut_model::TradeKind;

use crate::testing::Bench;

/// USD-M trades of one day with ids `ids`, one a second from midnight of 2024-08-`day`; each price is its id.
fn day(bench: &Bench, folder: &str, day: i64, ids: std::ops::Range<i64>) -> std::path::PathBuf {
    let midnight = crosscut_model::time::midnight(2024, 8, day) / 1000;
    let rows: String =
        ids.map(|id| format!("{id},{id}.5,2,{},{},true\n", 2 * id, midnight + (id - 100 * day) * 1000)).collect();
    bench.zip(&format!("{folder}/AUSDT-trades-2024-08-{day:02}"), &rows)
}

#[test]
fn importing_again_rewrites_nothing() {
    let bench = Bench::new();
    let files = [day(&bench, "a", 1, 100..110), day(&bench, "a", 2, 200..210)];
    assert!(bench.import(&files).ends_with("AUSDT trades 2024-08: written, 20 rows, 20 added\n"));
    let before = bench.hub_bytes();
    let said = bench.import(&[bench.path("a")]);
    assert!(
        said.ends_with("10 rows\n  already imported\nAUSDT trades 2024-08: unchanged, 20 rows, 0 added\n"),
        "{said}"
    );
    assert_eq!(bench.hub_bytes(), before);
}

#[test]
fn daily_files_in_any_order_give_the_same_rows() {
    let bench = Bench::new();
    let (one, two, three) =
        (day(&bench, "a", 1, 100..110), day(&bench, "a", 2, 200..210), day(&bench, "a", 3, 300..310));
    bench.import(std::slice::from_ref(&three));
    bench.import(std::slice::from_ref(&one));
    let said = bench.import(&[bench.path("a")]);
    assert!(said.ends_with("AUSDT trades 2024-08: written, 30 rows, 10 added\n"), "{said}");
    let ids: Vec<i64> = (100..110).chain(200..210).chain(300..310).collect();
    assert_eq!(bench.trades("AUSDT", TradeKind::Trades).trade_id, ids);
    let info = bench.hub().tick_info("binance", "AUSDT", TradeKind::Trades).unwrap();
    let inputs: Vec<&str> = info.months[0].provenance.inputs.iter().map(|input| input.file.as_str()).collect();
    assert_eq!(inputs, ["AUSDT-trades-2024-08-01.zip", "AUSDT-trades-2024-08-02.zip", "AUSDT-trades-2024-08-03.zip"]);
    assert_eq!(info.covered_until, Some(crosscut_model::time::midnight(2024, 8, 4)));

    let at_once = Bench::new();
    let files = [one, two, three]
        .map(|file| at_once.file(file.file_name().unwrap().to_str().unwrap(), std::fs::read(&file).unwrap()));
    at_once.import(&files);
    assert_eq!(at_once.hub_bytes(), bench.hub_bytes());
}

#[test]
fn overlapping_files_merge_by_id() {
    let bench = Bench::new();
    // Every other trade is in the first file; the second has all of them.
    let rows = |step: usize| -> String {
        (0..1000_i64).step_by(step).map(|id| format!("{id},5,2,10,{},true\n", 1_722_470_400_000 + id)).collect()
    };
    let (odd, all) =
        (bench.zip("odd/AUSDT-trades-2024-08-01", &rows(2)), bench.zip("all/AUSDT-trades-2024-08", &rows(1)));
    assert!(bench.import(std::slice::from_ref(&odd)).ends_with("500 rows, 500 added\n"));
    assert!(
        bench.import(std::slice::from_ref(&all)).ends_with("AUSDT trades 2024-08: written, 1000 rows, 500 added\n")
    );
    let other = Bench::new();
    assert!(other.import(&[odd, all]).ends_with("AUSDT trades 2024-08: written, 1000 rows, 1000 added\n"));
    let (a, b) = (bench.trades("AUSDT", TradeKind::Trades), other.trades("AUSDT", TradeKind::Trades));
    assert_eq!(a, b);
    assert_eq!(a.trade_id, (0..1000).collect::<Vec<i64>>());
}

#[test]
fn conflicting_rows_show_both() {
    let bench = Bench::new();
    bench.import(&[day(&bench, "a", 1, 100..110)]);
    let before = bench.hub_bytes();
    let midnight = 1_722_470_400_000_i64;
    let other = bench.zip("b/AUSDT-trades-2024-08-01", &format!("105,105.25,2,10,{},true\n", midnight + 5000));
    let good = bench.zip("b/BUSDT-trades-2024-08-01", &format!("1,5,2,10,{midnight},true\n"));
    let said = bench.import(&[other.clone(), good]);
    assert_eq!(
        said,
        "b/BUSDT-trades-2024-08-01.zip: Binance USD-M trades, no header, times in ms, ZIP, day 2024-08-01, no checksum beside it; 1 rows\n\
         BUSDT trades 2024-08: written, 1 rows, 1 added\n\
         refused `b/AUSDT-trades-2024-08-01.zip`: they have one id and differ: this file has [id 105, 2024-08-01T00:00:05Z, \
         price 105.25, quantity 2, taker sold], the table has [id 105, 2024-08-01T00:00:05Z, price 105.5, quantity 2, taker sold]\n\
         hint: import the files of one source only, or give --replace and all files of the symbol to import them anew\n"
    );
    let after = bench.hub_bytes();
    assert!(before.iter().all(|file| after.contains(file)), "the refused table changed");

    let mut request = bench.request(&[other]);
    request.replace = true;
    assert!(bench.import_as(&request).ends_with("AUSDT trades 2024-08: written, 1 rows, 1 added\n"));
    assert_eq!(bench.trades("AUSDT", TradeKind::Trades).price, [105.25]);
    let replaced = bench.hub_bytes();
    assert!(bench.import_as(&request).ends_with("AUSDT trades 2024-08: unchanged, 1 rows, 0 added\n"));
    assert_eq!(bench.hub_bytes(), replaced);
}

#[test]
fn one_bad_file_leaves_its_table() {
    let bench = Bench::new();
    let files =
        [day(&bench, "a", 1, 100..110), bench.zip("a/AUSDT-trades-2024-08-02", "200,0,1,1,1722556800000,true\n")];
    assert_eq!(
        bench.import(&files),
        "refused `a/AUSDT-trades-2024-08-01.zip`: is not imported because `a/AUSDT-trades-2024-08-02.zip`, which goes into the same table, was refused\n\
         hint: correct that file, or leave it out\n\
         refused `a/AUSDT-trades-2024-08-02.zip`, row 1: price is 0; expected a positive number\n\
         hint: fetch the file again, or correct or remove the row, and import it once more\n"
    );
    assert!(bench.hub_bytes().is_empty());
}

/// Trades without ids: `rows` of second and price, on 2018-01-01.
fn no_ids(bench: &Bench, name: &str, rows: &[(i64, f64)]) -> std::path::PathBuf {
    let start = 1_514_764_800_000_i64;
    let text: String = rows.iter().map(|(second, price)| format!("{},{price},1\n", start + second * 1000)).collect();
    bench.file(name, format!("timestamp,price,size\n{text}"))
}

#[test]
fn trades_without_ids_are_never_merged() {
    let bench = Bench::new();
    let rows = [(0, 5.0), (1, 6.0), (1, 6.0), (2, 7.0), (9, 8.0)];
    let first = no_ids(&bench, "XBT_trades_1.csv", &rows);
    assert!(
        bench.import(&[first]).ends_with("XBT trades 2018-01: written, 5 rows, 5 added\n"),
        "equal trades are all kept"
    );
    let before = bench.hub_bytes();
    let gzipped = bench.gzip("XBT_trades_2.csv.gz", &std::fs::read_to_string(bench.path("XBT_trades_1.csv")).unwrap());
    assert!(bench.import(&[gzipped]).ends_with("XBT trades 2018-01: unchanged, 5 rows, 0 added\n"));
    assert_eq!(bench.hub_bytes(), before);
    for overlap in
        [&[(1, 6.0), (1, 6.5)][..], &[(1, 9.0)], &[(3, 1.0), (9, 8.0)], &[(9, 8.0), (10, 1.0)], &[(-1, 1.0), (0, 5.0)]]
    {
        let said = bench.import(&[no_ids(&bench, "XBT_trades_3.csv", overlap)]);
        assert!(said.contains("refused `XBT_trades_3.csv`: "), "{overlap:?}: {said}");
        assert!(said.contains("without ids"), "{overlap:?}: {said}");
        assert_eq!(bench.hub_bytes(), before, "{overlap:?}");
    }
    for (gap, table) in [
        (&[(3, 1.0), (4, 1.0)][..], "2018-01: written, 7 rows, 2 added"),
        (&[(-2, 1.0)], "2017-12: written, 1 rows, 1 added"),
        (&[(20, 1.0)], "2018-01: written, 8 rows, 1 added"),
    ] {
        let said = bench.import(&[no_ids(&bench, "XBT_trades_4.csv", gap)]);
        assert!(said.ends_with(&format!("XBT trades {table}\n")), "{said}");
    }
    let times = bench.trades("XBT", TradeKind::Trades).timestamp;
    assert!(times.is_sorted());
}

#[test]
fn ids_and_no_ids_do_not_mix() {
    let bench = Bench::new();
    bench.import(&[no_ids(&bench, "AUSDT_trades_1.csv", &[(0, 5.0)])]);
    let start = 1_514_764_800_000_i64;
    let said = bench.import(&[bench.file("AUSDT-trades-2018-01.csv", format!("1,5,1,5,{},true\n", start + 60_000))]);
    assert!(said.contains("has trade ids, the table has none; one table cannot hold both"), "{said}");
}

#[test]
fn two_markets_under_one_name() {
    let bench = Bench::new();
    let spot =
        bench.file("spot/AUSDT-trades-2024-08-01.csv", "1,5,1,5,1722470400500,true\n2,5,1,5,1722470400600,true\n");
    let futures = bench.file("um/AUSDT-trades-2024-08-01.csv", "900,5,1,5,1722470400000,true\n");
    bench.import(&[spot]);
    let said = bench.import(&[futures]);
    assert_eq!(
        said,
        "refused `um/AUSDT-trades-2024-08-01.csv`: merged by trade id with the rows before it, times go backwards: \
         id 900 of 2024-08-01T00:00:00Z comes after 2024-08-01T00:00:00.600000Z\n\
         hint: two markets under one name? import spot and futures under a --venue of their own\n"
    );
}

#[test]
fn damaged_tables_can_be_replaced() {
    let bench = Bench::new();
    let file = day(&bench, "a", 1, 100..110);
    bench.import(std::slice::from_ref(&file));
    let good = bench.hub_bytes();
    let table = bench.hub_root().join("ticks/binance/AUSDT/trades-2024-08.parquet");
    std::fs::write(&table, b"PAR1 no longer").unwrap();
    let other = day(&bench, "a", 2, 200..210);
    assert!(bench.import(std::slice::from_ref(&other)).contains("refused `a/AUSDT-trades-2024-08-02.zip`"));
    let mut request = bench.request(&[file]);
    request.replace = true;
    assert!(bench.import_as(&request).ends_with("AUSDT trades 2024-08: written, 10 rows, 10 added\n"));
    assert_eq!(bench.hub_bytes(), good);
}

#[test]
fn threads_do_not_change_the_bytes() {
    let rows: String = (0..200_000_i64)
        .map(|id| {
            format!("{id},{}.{},0.5,10,{},{}\n", 100 + id % 7, id % 10, 1_722_470_400_000 + id * 400, id % 3 == 0)
        })
        .collect();
    let bytes = |threads: usize| {
        let bench = Bench::new();
        let mut request = bench.request(&[bench.zip("AUSDT-trades-2024-08-01", &rows)]);
        request.threads = threads;
        assert!(bench.import_as(&request).ends_with("written, 200000 rows, 200000 added\n"));
        bench.hub_bytes()
    };
    assert_eq!(bytes(1), bytes(4));
}

#[test]
fn replace_keeps_the_rows_of_every_file_given() {
    let bench = Bench::new();
    let rows = |ids: std::ops::Range<i64>, price: i64| -> String {
        let rows = ids.map(|id| format!("{id},{price},2,10,{},true\n", 1_722_470_400_000 + 1000 * id));
        format!("id,price,qty,quote_qty,time,is_buyer_maker\n{}", rows.collect::<String>())
    };
    let files = [("b.csv", 10..25), ("a.csv", 20..30)].map(|(name, ids)| bench.file(name, rows(ids, 5)));
    let dated = bench.zip("AUSDT-trades-2024-08-01", &rows(0..10, 5));
    let mut request = bench.request(&[bench.file("old.csv", rows(0..30, 4))]);
    request.symbol = Some("AUSDT".to_owned());
    bench.import_as(&request);
    // Files without a date are jobs of their own; only the first that reaches a table empties it.
    request.files = files.into_iter().chain([dated]).collect();
    request.replace = true;
    let said = bench.import_as(&request);
    assert!(said.ends_with("AUSDT trades 2024-08: written, 30 rows, 30 added\n"), "{said}");
    let trades = bench.trades("AUSDT", TradeKind::Trades);
    assert_eq!(trades.trade_id, (0..30).collect::<Vec<i64>>());
    assert!(trades.price.iter().all(|&price| price == 5.0));
    let before = bench.hub_bytes();
    bench.import_as(&request);
    assert_eq!(bench.hub_bytes(), before);
}

#[test]
fn imports_at_the_same_time_lose_no_rows() {
    let bench = Bench::new();
    let files: Vec<_> = (1..=12).map(|at| day(&bench, "a", at, 100 * at..100 * at + 50)).collect();
    std::thread::scope(|scope| {
        for file in &files {
            scope.spawn(|| {
                let said = bench.import(std::slice::from_ref(file));
                assert!(said.ends_with(" 50 added\n"), "{said}");
            });
        }
    });
    let ids: Vec<i64> = (1..=12).flat_map(|at| 100 * at..100 * at + 50).collect();
    assert_eq!(bench.trades("AUSDT", TradeKind::Trades).trade_id, ids);
}
