//! The shared data: real files of exchanges and of other collectors.

use std::path::PathBuf;

use crosscut_model::TradeKind;

use crate::testing::{Bench, shared};

/// Imports one shared file or folder under the venue `binance`.
fn import(bench: &Bench, path: &str) -> Option<String> {
    let path: PathBuf = shared(path)?;
    let folder = path.parent().unwrap().display().to_string();
    Some(bench.import(&[path]).replace(&format!("{folder}/"), ""))
}

#[test]
fn recorded_streams() {
    let bench = Bench::new();
    let Some(said) = import(&bench, "data/ticks/binance_stream_csv") else { return };
    let folder = |kind: &str| said.lines().filter(|line| line.contains(kind)).count();
    assert_eq!(folder("order book depth, not trades; not supported"), 6, "{said}");
    assert!(
        said.contains("row 4: trade id 348656871 repeats that of the row above; expected increasing ids"),
        "{said}"
    );
    assert!(said.contains("row 2: price is -1; expected a positive number"), "{said}");
}

#[test]
fn the_good_recorded_streams() {
    for (name, rows, spent) in [
        ("test_positive_binance_trade_stream_spot_trxusdt_04-03-2025.csv.gz", 10_000, 0),
        ("test_positive_binance_trade_stream_usd_m_futures_trxusdt_04-03-2025.csv.gz", 9_999, 1),
    ] {
        let bench = Bench::new();
        let Some(said) = import(&bench, &format!("data/ticks/binance_stream_csv/{name}")) else { return };
        assert!(said.ends_with(&format!("TRXUSDT trades 2025-03: written, {rows} rows, {rows} added\n")), "{said}");
        assert_eq!(said.contains("spent ids"), spent == 1, "{said}");
        assert_eq!(bench.trades("TRXUSDT", TradeKind::Trades).len(), rows);
    }
}

#[test]
fn archive_samples() {
    let bench = Bench::new();
    let Some(said) = import(&bench, "data/ticks/binance_archive_style/spot/BTCUSDT/BTCUSDT-trades-2024-08-08.zip")
    else {
        return;
    };
    assert!(
        said.contains("Binance spot trades, no header, times in ms, ZIP, day 2024-08-08, checksum ok; 9738 rows"),
        "{said}"
    );
    import(&bench, "data/ticks/binance_archive_style/spot/BTCUSDT/BTCUSDT-trades-2024-08-09.zip").unwrap();
    assert_eq!(bench.trades("BTCUSDT", TradeKind::Trades).len(), 9738 + 10_166);
    // The aggregated ids of the two days were invented and begin at 1 on both: they contradict one another.
    import(&bench, "data/ticks/binance_archive_style/spot/BTCUSDT/BTCUSDT-aggTrades-2024-08-08.zip").unwrap();
    let said =
        import(&bench, "data/ticks/binance_archive_style/spot/BTCUSDT/BTCUSDT-aggTrades-2024-08-09.zip").unwrap();
    assert!(
        said.contains("they have one id and differ: this file has [id 1, 2024-08-09T00:00:00.330000Z, price 61686"),
        "{said}"
    );
    let futures = Bench::new();
    let said = import(&futures, "data/ticks/binance_archive_style/futures_um").unwrap();
    assert!(said.contains("BTCUSDT agg_trades 2024-08: written, 10447 rows"), "{said}");
    assert!(said.contains("BTCUSDT trades 2024-08: written, 21313 rows"), "{said}");
}

#[test]
fn bitmex_and_es() {
    let bench = Bench::new();
    let Some(said) = import(&bench, "data/ticks/bitmex/XBTUSD_trades_2018-01-01_2018-01-03.csv.gz") else { return };
    assert!(said.ends_with("XBTUSD trades 2018-01: written, 740397 rows, 740397 added\n"), "{said}");
    let said = import(&bench, "data/ticks/es_futures/ES_trades_2013-09-01_2013-09-03T10.csv.gz").unwrap();
    assert!(said.ends_with("ES trades 2013-09: written, 276462 rows, 276462 added\n"), "{said}");
}

#[test]
fn kline_files() {
    for (path, tables, rows) in [
        ("data/crypto/binance_um_perp_4h.parquet", 39, 329_956),
        ("data/crypto/binance_um_perp_1d.parquet", 353, 180_049),
        ("data/crypto/binance_um_perp_1m_2025-06-16_22.parquet", 14, 120_226),
        ("data/crypto/binance_spot_1d_full_kline.parquet", 35, 52_108),
        ("data/crypto/binance_spot_4h_full_kline.parquet", 2, 34_400),
        ("data/crypto/binance_spot_1d_with_delistings_2021_2023.parquet", 264, 203_720),
        ("data/crypto/binance_spot_1h_delistings_2021_2023.parquet", 6, 101_823),
        ("data/crypto/binance_spot_1d_2017_2021_mit.parquet", 14, 12_784),
        ("data/crypto/resample_check", 72, 107_500 + 26_880 + 4_488),
        ("data/crypto/binance_archive_klines", 2, 2 * 1_440 + 744 + 672 + 743 + 720),
        ("data/equities/us_all_daily_2015_2017_prices.parquet", 372, 165_987),
        ("bench/golden/in_panel20.parquet", 20, 26_004),
    ] {
        let bench = Bench::new();
        let Some(path) = shared(path) else { return };
        let summary = crate::import::run(&bench.request(&[path]), &bench.hub_root(), &crate::Silent).unwrap();
        assert_eq!(summary.refusals, [], "{}", bench.text(&summary));
        let total: u64 = summary.tables.iter().map(|table| table.rows).sum();
        assert_eq!((summary.tables.len(), total), (tables, rows), "{}", bench.text(&summary));
    }
}

#[test]
fn equities_with_bad_rows() {
    let bench = Bench::new();
    let Some(path) = shared("data/equities/us_sp500_daily_2013_2018.parquet") else { return };
    let summary = crate::import::run(&bench.request(&[path]), &bench.hub_root(), &crate::Silent).unwrap();
    assert_eq!((summary.tables.len(), summary.refusals.len()), (163, 4), "{}", bench.text(&summary));
    let said: Vec<String> =
        summary.refusals.iter().map(|refusal| format!("{:?} {}", refusal.row, refusal.reason)).collect();
    assert!(said.iter().any(|line| line == "Some(32742) BHF: open is missing; expected a positive number"), "{said:?}");
}

#[test]
fn what_is_not_imported_yet() {
    for (path, reason) in [
        ("data/crypto/binance_um_open_interest_4h.parquet", "holds open interest; not supported yet"),
        ("data/crypto/coingecko_daily_2021_mcap.parquet", "neither trades nor bars"),
        ("data/ticks/nautilus_samples/binance_btcusdt-quotes.parquet", "best bids and asks"),
        ("data/ticks/nautilus_samples/truefx_usdjpy-ticks.csv", "best bids and asks"),
        ("data/ticks/nautilus_samples/binance_btcusdt-depth-update.csv", "order book depth"),
        ("data/ticks/nautilus_samples/tardis_binance-futures_book_snapshot_25_BTCUSDT.csv", "order book depth"),
        ("bench/golden/in_close50x2000.parquet", "expected those of trades or bars"),
    ] {
        let bench = Bench::new();
        let Some(said) = import(&bench, path) else { return };
        assert!(said.contains(reason), "{path}: {said}");
        assert!(bench.hub_bytes().is_empty(), "{path}");
    }
    let bench = Bench::new();
    let said = import(&bench, "data/crypto/binance_um_perp_onboard_dates.csv").unwrap();
    assert!(said.ends_with("instruments of binance: written, 357 rows, 357 added\n"), "{said}");
}

#[test]
fn mutations_of_a_real_archive() {
    const NAME: &str = "XRPETH-aggTrades-2019-10-11";
    let Some(zip) = shared(&format!("data/ticks/binance_archive_style/spot/XRPETH/{NAME}.zip")) else { return };
    let good = std::fs::read(&zip).unwrap();
    let text = {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&good)).unwrap();
        std::io::read_to_string(archive.by_index(0).unwrap()).unwrap()
    };
    let lines: Vec<&str> = text.lines().collect();
    // What the import says when line 3000 is replaced by other lines.
    let says = |with: &[&str]| {
        let bench = Bench::new();
        let changed = [&lines[..2999], with, &lines[3000..]].concat().join("\n");
        let said = bench.import(&[bench.zip(NAME, &changed)]);
        assert!(bench.hub_bytes().is_empty(), "{said}");
        said.lines().next().unwrap().replace(&format!("refused `{NAME}.zip`, "), "")
    };
    let line = lines[2999];
    let field = |at: usize, value: &str| {
        let mut fields: Vec<&str> = line.split(',').collect();
        fields[at] = value;
        fields.join(",")
    };
    assert!(says(&[line, line]).starts_with("row 3001: trade id 13522806 repeats that of the row above"));
    assert!(says(&[lines[3000], line]).starts_with("row 3001: time 2019-10-11T"));
    assert_eq!(says(&[&field(1, "0.00000000")]), "row 3000: price is 0; expected a positive number");
    assert_eq!(says(&[&field(2, "-23.0")]), "row 3000: quantity is -23; expected a positive number");
    assert_eq!(
        says(&[&field(3, "99999999")]).split(';').next().unwrap(),
        "row 3000: first trade id 99999999 is greater than the last, 15376897"
    );
    assert!(says(&[&field(5, "1570752011")]).contains("it is in s, the rows before are in ms"));
    assert!(says(&[&field(5, "1570838400000")]).contains("lies outside of the day the file is named for"));
    assert_eq!(says(&["", line]), "row 3000: the line is blank; expected a trade");
    assert_eq!(says(&[&line[..20]]), "row 3000: has 3 fields; expected 8 (Binance spot aggTrades)");
    let bench = Bench::new();
    let half = bench.file(&format!("{NAME}.zip"), &good[..good.len() / 2]);
    assert!(bench.import(&[half]).contains("cannot be read as ZIP"));
    std::fs::copy(zip.with_extension("zip.CHECKSUM"), bench.path(&format!("{NAME}.zip.CHECKSUM"))).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let said = bench.import(&[bench.file(&format!("{NAME}.zip"), flipped)]);
    assert!(
        said.contains("its .CHECKSUM file says 677499df947445c3adc6e7c3823cfc1ce03f49423d6ab47fe08e5a16e5e7130e"),
        "{said}"
    );
    assert!(bench.hub_bytes().is_empty());
}
