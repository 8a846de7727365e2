//! The generated market: same bytes on every run, files as the venue writes them, and the events it promises.

use std::collections::BTreeMap;
use std::io::Read as _;

use crosscut_model::time::{HOUR, MINUTE, parse_iso};
use sha2::{Digest as _, Sha256};

use super::*;

/// A market small enough for a test: 35 days from mid-month, so that whole months and single days both occur.
fn small() -> MarketConfig {
    let start = parse_iso("2024-01-20").unwrap();
    MarketConfig { seed: 5, n_symbols: 6, start, n_days: 35, trades_per_day: 60.0 }
}

/// All files below a folder with their contents.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(dir).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The rows of one archive as text fields.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    assert_eq!(archive.len(), 1);
    let mut text = String::new();
    archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker")
    );
    lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// Times of all trades of one symbol, microseconds.
fn times(generated: &Generated, symbol: &str) -> Vec<i64> {
    let archives = generated.archives.iter().filter(|path| path.to_string_lossy().contains(symbol));
    archives.flat_map(|path| rows(path)).map(|row| row[5].parse::<i64>().unwrap() * 1000).collect()
}

#[test]
fn same_bytes_for_any_number_of_threads() {
    let written: Vec<_> = [1, 2, 2]
        .into_iter()
        .map(|n_threads| {
            let dir = tempfile::tempdir().unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            let generated = pool.install(|| generate(&small(), dir.path())).unwrap();
            let files = files(dir.path());
            assert_eq!(generated.n_bytes, files.values().map(|bytes| bytes.len() as u64).sum::<u64>());
            files
        })
        .collect();
    assert!(written.windows(2).all(|pair| pair[0] == pair[1]));
    let dir = tempfile::tempdir().unwrap();
    generate(&MarketConfig { seed: 6, ..small() }, dir.path()).unwrap();
    assert_ne!(written[0], files(dir.path()), "another seed is another market");
}

#[test]
fn more_contracts_leave_the_first_ones_alone() {
    let dir = tempfile::tempdir().unwrap();
    let few = generate(&MarketConfig { n_symbols: 2, ..small() }, &dir.path().join("few")).unwrap();
    let many = generate(&MarketConfig { n_symbols: 3, ..small() }, &dir.path().join("many")).unwrap();
    assert_eq!(few.symbols, ["AAAUSDT", "BBBUSDT"]);
    assert_eq!(rows(&few.archives[1]), rows(&many.archives[1]));
}

#[test]
fn files_are_laid_out_as_the_venue_does() {
    let dir = tempfile::tempdir().unwrap();
    let generated = generate(&small(), dir.path()).unwrap();
    let files = files(dir.path());
    let um = Path::new("data/futures/um");
    let month = um.join("monthly/aggTrades/AAAUSDT/AAAUSDT-aggTrades-2024-01.zip");
    assert_eq!(generated.archives[0], dir.path().join(&month));
    assert!(files.contains_key(&um.join("daily/aggTrades/AAAUSDT/AAAUSDT-aggTrades-2024-02-23.zip")));
    assert!(!files.contains_key(&um.join("monthly/aggTrades/AAAUSDT/AAAUSDT-aggTrades-2024-02.zip")));
    assert!(files.contains_key(&um.join("monthly/markPriceKlines/AAAUSDT/1h/AAAUSDT-1h-2024-01.zip")));
    assert!(files.contains_key(&um.join("monthly/fundingRate/AAAUSDT/AAAUSDT-fundingRate-2024-01.zip")));
    assert!(generated.recent_funding.is_some() && files.contains_key(Path::new("funding.csv")));
    assert_eq!(files.len(), 2 * (generated.archives.len() + generated.others.len()) + 2);
    let checksum = String::from_utf8(files[&month.with_extension("zip.CHECKSUM")].clone()).unwrap();
    let digest: String = Sha256::digest(&files[&month]).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(checksum, format!("{digest}  AAAUSDT-aggTrades-2024-01.zip\n"));
    let text = String::from_utf8(files[Path::new("instruments.csv")].clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "symbol,listing_time,delisting_time,tick_size,lot_size,min_notional");
    assert_eq!(lines.len(), 7);
    assert!(lines[1].starts_with("AAAUSDT,2024-01-20T00:00:00Z,,0."), "{}", lines[1]);
}

#[test]
fn rows_keep_the_rules_of_the_venue() {
    let dir = tempfile::tempdir().unwrap();
    let generated = generate(&small(), dir.path()).unwrap();
    let (mut id, mut last, mut time, mut n_trades) = (0, 0, 0, 0);
    let symbol = |path: &Path| path.file_name().unwrap().to_string_lossy()[..7].to_owned();
    for (at, path) in generated.archives.iter().enumerate() {
        if at > 0 && symbol(path) != symbol(&generated.archives[at - 1]) {
            (id, last, time) = (0, 0, 0);
        }
        for row in rows(path) {
            let integer = |field: usize| row[field].parse::<i64>().unwrap();
            let number = |field: usize| row[field].parse::<f64>().unwrap();
            assert_eq!((integer(0), integer(3)), (id + 1, last + 1), "{row:?}");
            assert!(integer(4) >= integer(3) && integer(5) >= time, "{row:?}");
            assert!(number(1) > 0.0 && number(1) * number(2) >= contract::MIN_NOTIONAL * 0.999, "{row:?}");
            assert!(row[6] == "true" || row[6] == "false");
            (id, last, time) = (integer(0), integer(4), integer(5));
            n_trades += 1;
        }
    }
    assert_eq!(n_trades, generated.n_trades);
    assert!((5_000..20_000).contains(&n_trades), "{n_trades}");
}

#[test]
fn the_market_has_its_events() {
    let dir = tempfile::tempdir().unwrap();
    let config = small();
    let generated = generate(&config, dir.path()).unwrap();
    let contracts = contract::contracts(&config);
    assert_eq!(contracts.iter().filter(|contract| contract.listed_at > config.start).count(), 2);
    assert_eq!(contracts.iter().filter(|contract| contract.delisted_at.is_some()).count(), 1);
    let pauses: Vec<_> = contracts.iter().filter(|contract| contract.halts.len() == 2).collect();
    assert_eq!(pauses.len(), 1);
    let outage = &contracts[0].halts[0];
    assert_eq!(outage.end - outage.start, 2 * HOUR + 37 * MINUTE);
    for contract in &contracts {
        let times = times(&generated, &contract.symbol);
        assert!(times.iter().all(|&time| contract.trades_at(time)), "{}", contract.symbol);
        let end = contract.delisted_at.unwrap_or(generated.end);
        assert!(times[0] < contract.listed_at + DAY && times[times.len() - 1] > end - DAY);
        assert!(contract.halts.contains(outage));
    }
}

#[test]
fn prices_and_quantities_are_decimal() {
    let dir = tempfile::tempdir().unwrap();
    let generated = generate(&small(), dir.path()).unwrap();
    for contract in contract::contracts(&small()) {
        let path = generated.archives.iter().find(|path| path.to_string_lossy().contains(&contract.symbol)).unwrap();
        for row in rows(path) {
            let decimals = |text: &str| text.split_once('.').map_or(0, |(_, part)| part.len());
            assert_eq!(decimals(&row[1]), contract.price_decimals as usize);
            assert_eq!(decimals(&row[2]), contract.quantity_decimals as usize);
        }
    }
}

#[test]
fn nonsense_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (config, word) in [
        (MarketConfig { n_symbols: 0, ..small() }, "symbols"),
        (MarketConfig { n_days: 0, ..small() }, "days"),
        (MarketConfig { trades_per_day: f64::NAN, ..small() }, "trades"),
        (MarketConfig { start: 1, ..small() }, "midnight"),
        (MarketConfig { start: i64::MAX, ..small() }, "midnight"),
    ] {
        let error = generate(&config, dir.path()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = generate(&small(), &file.join("below")).unwrap_err().to_string();
    assert!(error.contains("cannot create"), "{error}");
}

#[test]
fn a_single_day_and_many_contracts() {
    let dir = tempfile::tempdir().unwrap();
    let config = MarketConfig { n_symbols: 60, n_days: 1, trades_per_day: 5.0, ..small() };
    let generated = generate(&config, dir.path()).unwrap();
    assert_eq!(generated.symbols.len(), 60);
    assert!(generated.symbols.contains(&"AAA2USDT".to_owned()) && generated.symbols.contains(&"JJJ3USDT".to_owned()));
    assert!(generated.archives.iter().all(|path| path.to_string_lossy().contains("daily")));
}

#[test]
fn what_is_published_of_perpetuals_imports() {
    let bench = crate::testing::Bench::new();
    let generated = generate(&small(), &bench.path("raw")).unwrap();
    let said = bench.import(&[bench.path("raw")]);
    assert!(!said.contains("refused") && !said.contains("rows missing"), "{said}");
    let hub = bench.hub();
    assert_eq!(hub.funding_symbols("binance").unwrap(), generated.symbols);
    let config = small();
    for contract in contract::contracts(&config) {
        let funding = hub.read_funding("binance", &contract.symbol).unwrap();
        let end = contract.delisted_at.unwrap_or(generated.end);
        assert!(
            funding.timestamp[0] > contract.listed_at && funding.timestamp[funding.len() - 1] < end,
            "{}",
            contract.symbol
        );
        assert!(end - funding.timestamp[funding.len() - 1] <= 8 * HOUR, "{}", contract.symbol);
        assert!(funding.rate.iter().any(|rate| *rate < 0.0) && funding.rate.iter().all(|rate| rate.abs() <= 0.0075));
        let marks = hub.read_all_bars("binance", &"mark-1h".parse().unwrap(), &contract.symbol).unwrap();
        assert_eq!(marks.timestamp[0], contract.listed_at);
        // Marks go on while trading pauses, and end with the contract.
        assert_eq!(marks.available_at[marks.len() - 1], end);
        assert_eq!(marks.len() as i64, (end - contract.listed_at) / HOUR);
    }
    let intervals = |symbol: &str| hub.read_funding("binance", symbol).unwrap().interval_us;
    assert!(generated.symbols.iter().any(|symbol| intervals(symbol).contains(&(4 * HOUR))));
}
