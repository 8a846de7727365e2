//! Bars through the hub, against references of other programs.

use std::path::PathBuf;

use crosscut_bars::SideRule;
use crosscut_hub::{Origin, parquet_file};
use crosscut_model::time::{HOUR, parse_iso};
use crosscut_model::{BarSpec, Bars, Column, Table};

use super::{AggregateRequest, AggregateSummary, run};
use crate::Silent;
use crate::testing::{Bench, shared};

/// A request for all symbols at the venue `binance`.
fn request(bar: &str) -> AggregateRequest {
    AggregateRequest {
        venue: "binance".to_owned(),
        symbols: vec![],
        bar: bar.parse().unwrap(),
        from: None,
        kind: None,
        side_rule: SideRule::Venue,
        replace: false,
        threads: 2,
    }
}

/// Runs a request.
fn aggregate(bench: &Bench, request: &AggregateRequest) -> AggregateSummary {
    run(request, &bench.hub_root(), &Silent).unwrap()
}

/// All bars of a table.
fn bars(bench: &Bench, bar: &str, symbol: &str) -> Bars {
    let spec: BarSpec = bar.parse().unwrap();
    bench.hub().read_all_bars("binance", &spec, symbol).unwrap()
}

/// USD-M trades of a day, one every half hour.
fn trades(bench: &Bench, symbol: &str) -> PathBuf {
    let day = parse_iso("2023-01-01").unwrap() / 1000;
    let rows: String =
        (0..48).map(|id| format!("{id},{},1,10,{},{}\n", 10 + id, day + id * 1_800_000, id % 2 == 0)).collect();
    bench.zip(&format!("{symbol}-trades-2023-01-01"), &rows)
}

#[test]
fn bars_with_provenance_built_once() {
    let bench = Bench::new();
    bench.import(&[trades(&bench, "AUSDT"), trades(&bench, "BUSDT")]);
    let built = aggregate(&bench, &request("1h"));
    assert_eq!(built.failures, []);
    let words: Vec<(&str, u64, u64, bool)> =
        built.symbols.iter().map(|s| (s.symbol.as_str(), s.rows_in, s.bars, s.skipped)).collect();
    assert_eq!(words, [("AUSDT", 48, 24, false), ("BUSDT", 48, 24, false)]);
    let bars = bars(&bench, "1h", "AUSDT");
    assert_eq!((bars.open[23], bars.close[23], bars.buy_volume[23], bars.sell_volume[23]), (56.0, 57.0, 1.0, 1.0));
    let info = bench.hub().bar_info("binance", &"1h".parse().unwrap(), "AUSDT").unwrap();
    assert_eq!(info.provenance.origin, Origin::Ticks);
    assert_eq!(info.provenance.inputs[0].file, "ticks/binance/AUSDT/trades-2023-01.parquet");
    let ticks = bench.hub().tick_info("binance", "AUSDT", crosscut_model::TradeKind::Trades).unwrap();
    assert_eq!(info.provenance.inputs[0].sha256, ticks.months[0].content_hash);
    let before = bench.hub_bytes();
    assert!(aggregate(&bench, &request("1h")).symbols.iter().all(|symbol| symbol.skipped && symbol.bars == 24));
    assert_eq!(bench.hub_bytes(), before);
    let rule = AggregateRequest { side_rule: SideRule::TickRule, ..request("1h") };
    assert!(aggregate(&bench, &rule).symbols.iter().all(|symbol| !symbol.skipped));
}

#[test]
fn replace_heals_bars_whose_bytes_were_changed() {
    let bench = Bench::new();
    bench.import(&[trades(&bench, "AUSDT")]);
    aggregate(&bench, &request("1h"));
    let published = bench.hub_bytes();
    let table = bench.hub_root().join("bars/binance/1h/AUSDT.parquet");
    let mut bytes = std::fs::read(&table).unwrap();
    let middle = bytes.len() / 4;
    bytes[middle] ^= 0xff;
    std::fs::write(&table, bytes).unwrap();
    let built = aggregate(&bench, &AggregateRequest { replace: true, ..request("1h") });
    assert!(!built.symbols[0].skipped);
    assert_eq!(bench.hub_bytes(), published);
}

#[test]
fn one_thread_and_two_write_the_same_bytes() {
    let bytes = |threads: usize| {
        let bench = Bench::new();
        let files: Vec<PathBuf> = ["AUSDT", "BUSDT", "CUSDT"].map(|symbol| trades(&bench, symbol)).to_vec();
        let mut import = bench.request(&files);
        import.threads = threads;
        bench.import_as(&import);
        aggregate(&bench, &AggregateRequest { threads, ..request("volume-3") });
        bench.hub_bytes()
    };
    assert_eq!(bytes(1), bytes(2));
}

#[test]
fn what_cannot_be_built() {
    let bench = Bench::new();
    bench.import(&[trades(&bench, "AUSDT")]);
    let absent = AggregateRequest { symbols: vec!["AUSTD".to_owned(), "AUSDT".to_owned()], ..request("1h") };
    let built = aggregate(&bench, &absent);
    assert_eq!(built.symbols.len(), 1);
    assert_eq!(
        built.failures,
        [(
            "AUSTD".to_owned(),
            "there are no ticks of AUSTD at `binance`; did you mean AUSDT?\nhint: `crosscut data import` brings them in"
                .to_owned()
        )]
    );
    let large = aggregate(&bench, &request("volume-1000"));
    assert!(large.failures[0].1.contains("no volume-1000 bar of AUSDT is complete: its 48 rows do not fill one"));
    let wrong = |request: &AggregateRequest| run(request, &bench.hub_root(), &Silent).unwrap_err().to_string();
    assert!(wrong(&request("mark-1h")).contains("come from the venue"));
    assert!(wrong(&AggregateRequest { venue: "binanse".to_owned(), ..request("1h") }).contains("binance"));
    let odd = AggregateRequest { from: Some("4h".parse().unwrap()), ..request("1h") };
    assert!(wrong(&odd).contains("bars of 1h cannot be built from bars of 4h"), "{}", wrong(&odd));
}

#[test]
fn aggregated_trades_are_preferred() {
    let bench = Bench::new();
    let day = parse_iso("2023-01-01").unwrap() / 1000;
    let agg = bench.file("AUSDT-aggTrades-2023-01-01.csv", format!("1,10,1,1,2,{day},true\n"));
    bench.import(&[trades(&bench, "AUSDT"), agg]);
    let built = aggregate(&bench, &request("1h"));
    assert_eq!(built.symbols[0].source, "agg_trades (preferred to trades, which are there too)");
    assert_eq!((built.symbols[0].rows_in, built.symbols[0].bars), (1, 1));
    let kind = Some(crosscut_model::TradeKind::Trades);
    assert_eq!(aggregate(&bench, &AggregateRequest { kind, ..request("1h") }).symbols[0].bars, 24);
}

#[test]
fn coarser_bars_from_finer_ones() {
    let bench = Bench::new();
    let start = parse_iso("2023-01-01").unwrap() / 1000;
    let row = |bar: i64| format!("{},{},{},9,{},2\n", start + bar * HOUR / 1000, 10 + bar, 40 + bar, 11 + bar);
    let text = format!("time,open,high,low,close,volume\n{}", (0..10).map(row).collect::<String>());
    bench.import(&[bench.file("AUSDT_1h.csv", text)]);
    let four = AggregateRequest { from: Some("1h".parse().unwrap()), ..request("4h") };
    let built = aggregate(&bench, &four);
    assert_eq!((built.symbols[0].source.as_str(), built.symbols[0].bars), ("1h bars", 2));
    let bars = bars(&bench, "4h", "AUSDT");
    assert_eq!((bars.open[1], bars.high[1], bars.low[1], bars.close[1], bars.volume[1]), (14.0, 47.0, 9.0, 18.0, 8.0));
    assert!(aggregate(&bench, &four).symbols[0].skipped);
}

/// A column of a table read from a Parquet file.
fn column(table: &Table, name: &str) -> Vec<f64> {
    match table.get(name).unwrap() {
        Column::F64(values) => values.clone(),
        Column::I64(values) => values.iter().map(|value| *value as f64).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn equals_the_bars_of_freqtrade() {
    let bench = Bench::new();
    let Some(zip) = shared("data/ticks/binance_archive_style/spot/XRPETH/XRPETH-aggTrades-2019-10-11.zip") else {
        return;
    };
    let said = bench.import(&[zip]);
    assert!(said.contains("checksum ok; 5929 rows"), "{said}");
    for (bar, n_bars) in [("1m", 1022), ("5m", 287)] {
        aggregate(&bench, &request(bar));
        let ours = bars(&bench, bar, "XRPETH");
        let golden = shared(&format!("data/golden/freqtrade_candles/XRPETH_{bar}.csv.gz")).unwrap();
        let theirs = Bench::new();
        let mut import = theirs.request(&[golden]);
        import.symbol = Some("XRPETH".to_owned());
        assert!(!theirs.import_as(&import).contains("refused"));
        let theirs = bars(&theirs, bar, "XRPETH");
        assert_eq!(ours.timestamp, theirs.timestamp);
        assert_eq!(ours.len(), n_bars);
        assert_eq!((ours.open, ours.high, ours.low), (theirs.open, theirs.high, theirs.low));
        assert_eq!((ours.close, ours.volume), (theirs.close, theirs.volume));
    }
}

#[test]
fn equals_the_bars_of_the_kit() {
    let bench = Bench::new();
    let Some(zip) = shared("bench/golden/in_GOLDUSDT-aggTrades-100000.zip") else { return };
    let copy = bench.file("GOLDUSDT-aggTrades-100000.zip", std::fs::read(zip).unwrap());
    let said = bench.import(&[copy]);
    assert!(said.contains("GOLDUSDT agg_trades 2024-01: written, 100000 rows"), "{said}");
    for (bar, file, drop_last) in [("1h", "time", 0), ("volume-20", "volume", 1), ("dollar-840000", "dollar", 1)] {
        aggregate(&bench, &request(bar));
        let ours = bars(&bench, bar, "GOLDUSDT");
        let path = shared(&format!("bench/golden/out_w2_{file}_bars.parquet")).unwrap();
        let schema = parquet_file::schema(&path).unwrap();
        let names: Vec<&str> = schema.iter().map(|(name, _)| name.as_str()).collect();
        let theirs = parquet_file::read(&path, &names).unwrap();
        let n = theirs.len() - drop_last;
        // The last hour of the file has no named end, so that it is dropped as unfinished.
        assert!(ours.len() == n || (drop_last == 0 && ours.len() == n - 1), "{bar}: {} of {n}", ours.len());
        for (name, values) in crosscut_model::bar::BAR_COLUMNS.iter().zip(ours.columns()) {
            let expected = column(&theirs, name);
            for (row, (a, b)) in values.iter().zip(&expected).enumerate() {
                assert!(a == b, "{bar} {name} row {row}: {a} against {b}");
            }
        }
    }
}

#[test]
fn rebuilt_hours_equal_the_exchanges_own_bars() {
    let bench = Bench::new();
    let Some(hourly) = shared("data/crypto/resample_check/binance_um_perp_1h.parquet") else { return };
    bench.import(&[hourly]);
    for (bar, n_equal) in [("4h", 26_865), ("1d", 4_464)] {
        let rebuilt = AggregateRequest { from: Some("1h".parse().unwrap()), ..request(bar) };
        assert_eq!(aggregate(&bench, &rebuilt).failures, []);
        let other = Bench::new();
        other.import(&[shared(&format!("data/crypto/resample_check/binance_um_perp_{bar}.parquet")).unwrap()]);
        let mut equal = 0;
        for symbol in bench.hub().bar_symbols("binance", &bar.parse().unwrap()).unwrap() {
            let (ours, theirs) = (bars(&bench, bar, &symbol), bars(&other, bar, &symbol));
            // The first day has hourly bars only from 08:00, so that its bars are partial.
            let whole = ours.timestamp[0] - ours.timestamp[0].rem_euclid(24 * HOUR) + 24 * HOUR;
            for (row, time) in ours.timestamp.iter().enumerate() {
                let Ok(at) = theirs.timestamp.binary_search(time) else { continue };
                let same = (ours.open[row], ours.high[row], ours.low[row], ours.close[row], ours.volume[row])
                    == (theirs.open[at], theirs.high[at], theirs.low[at], theirs.close[at], theirs.volume[at])
                    && ours.tick_count[row] == theirs.tick_count[at];
                assert!(same || *time < whole, "{bar} {symbol} {}", crosscut_model::format_iso(*time));
                equal += usize::from(same);
            }
        }
        assert!(equal >= n_equal, "{bar}: {equal} equal");
    }
}
