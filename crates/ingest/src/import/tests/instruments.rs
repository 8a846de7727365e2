//! Tables of instruments.

use crosscut_model::time::{DAY, HOUR, parse_iso};
use crosscut_model::{BarSpec, Instrument};

use crate::import::ImportRequest;
use crate::testing::{Bench, shared};

#[test]
fn listings_and_sizes() {
    let bench = Bench::new();
    let text = "symbol,listing_time,delisting_time,tick_size,lot_size,min_notional\n\
                AUSDT,2020-01-01T00:00:00Z,,0.01,0.001,5\nBUSDT,1577836800000,2021-06-01,0.1,,\n";
    let file = bench.file("instruments.csv", text);
    assert_eq!(
        bench.import(std::slice::from_ref(&file)),
        "instruments.csv: instruments, plain text, no day or month in its name, no checksum beside it; 2 rows\n\
         instruments of binance: written, 2 rows, 2 added\n"
    );
    let rows = bench.hub().instruments("binance").unwrap();
    assert_eq!(rows[0].tick_size, Some(0.01));
    assert_eq!((rows[0].listed_at, rows[0].delisted_at), (Some(parse_iso("2020-01-01").unwrap()), None));
    assert_eq!((rows[1].listed_at, rows[1].lot_size), (Some(parse_iso("2020-01-01").unwrap()), None));
    assert_eq!(rows[1].delisted_at, Some(parse_iso("2021-06-01").unwrap()));
    let before = bench.hub_bytes();
    assert!(bench.import(&[file]).ends_with("instruments of binance: unchanged, 2 rows, 0 added\n"));
    assert_eq!(bench.hub_bytes(), before);
    let onboard =
        "symbol,base_asset,onboard_time_ms,status\nCUSDT,C,1577836800000,TRADING\nAUSDT,A,1577836800000,TRADING\n";
    let said = bench.import(&[bench.file("onboard.csv", onboard)]);
    assert!(
        said.ends_with("  columns not kept: base_asset, status\ninstruments of binance: written, 3 rows, 1 added\n"),
        "{said}"
    );
    let changed = bench.file("changed.csv", "symbol,tick_size\nAUSDT,0.02\n");
    let said = bench.import(std::slice::from_ref(&changed));
    assert!(said.contains("tick size of AUSDT is 0.02 here and 0.01 in the table"), "{said}");
    let mut request = bench.request(&[changed]);
    request.replace = true;
    assert!(bench.import_as(&request).contains("written, 3 rows, 0 added"));
}

#[test]
fn bad_rows_are_refused() {
    let says = |rows: &str| {
        let bench = Bench::new();
        let head = "symbol,listing_time,delisting_time,tick_size\n";
        let said = bench.import(&[bench.file("instruments.csv", format!("{head}{rows}"))]);
        assert!(bench.hub_bytes().is_empty());
        said.replace("refused `instruments.csv`, ", "").lines().next().unwrap().to_owned()
    };
    assert!(says("../A,,,\n").starts_with("row 2: `../A` cannot be a symbol"));
    assert_eq!(says("A,,,0\n"), "row 2: tick_size is `0`; expected a positive number");
    assert_eq!(says("A,soon,,1\n"), "row 2: listing_time is `soon`; expected a UTC time");
    assert_eq!(says("A,2021-01-02,2021-01-01,1\n"), "row 2: A is delisted before it is listed");
    assert_eq!(says("A,,,1\nA,,,1\n"), "row 3: A was in row 2 already");
    assert_eq!(says("A,,1\n"), "row 2: has 3 fields; expected 4");
}

#[test]
fn lives_may_be_told_by_bars() {
    let bench = Bench::new();
    // Hourly bars from noon of the first day on; B came later, C went, D came and went.
    let at = |text: &str| parse_iso(text).unwrap() / 1000;
    let row = |symbol: &str, first: &str, last: &str, delisted: &str| {
        format!("{symbol},{},{},24,{delisted}\n", at(first), at(last))
    };
    let text = [
        "symbol,first_bar,last_bar,hours,delisted\n".to_owned(),
        row("A", "2021-04-04T12:00", "2023-12-29T23:00", "false"),
        row("B", "2021-06-01T06:00", "2023-12-29T23:00", "False"),
        row("C", "2021-04-04T13:00", "2022-05-13T00:00", "true"),
        row("D", "2021-09-01T00:00", "2022-11-28T02:00", "TRUE"),
    ];
    let said = bench.import(&[bench.file("universe.csv", text.concat())]);
    assert!(
        said.contains(
            "2 listings are first bars more than a day after 2021-04-04T12:00:00Z, where the table begins; 2 delistings are ends"
        ),
        "{said}"
    );
    let time = |text: &str| Some(parse_iso(text).unwrap());
    let lives: Vec<_> = bench.hub().instruments("binance").unwrap();
    let lives: Vec<_> = lives.iter().map(|row| (row.symbol.as_str(), row.listed_at, row.delisted_at)).collect();
    let expected = [
        ("A", None, None),
        ("B", time("2021-06-01T06:00"), None),
        ("C", None, time("2022-05-13T01:00")),
        ("D", time("2021-09-01"), time("2022-11-28T03:00")),
    ];
    assert_eq!(lives, expected);
    // A later table that knows better who held a name takes it apart, in whichever order the two come.
    let again = "symbol,listing_time,delisting_time\nB,2021-06-01T06:00,2022-02-01\nB,2022-03-01,\n";
    let again = bench.file("again.csv", again);
    assert!(bench.import(std::slice::from_ref(&again)).contains("B was listed again"));
    let both: Vec<_> = bench.hub().instruments("binance").unwrap();
    let other = Bench::new();
    other.import(&[again]);
    other.import(&[bench.file("universe.csv", text.concat())]);
    assert_eq!(other.hub().instruments("binance").unwrap(), both);
    let held: Vec<_> = both.iter().map(|row| row.symbol.as_str()).collect();
    assert_eq!(held, ["A", "B", "B~20210601", "C", "D"]);
    let says = |head: &str, row: &str| {
        let bench = Bench::new();
        bench.import(&[bench.file("universe.csv", format!("{head}\n{row}\n"))])
    };
    let refused = says("symbol,first_bar,last_bar,delisted", "A,2021-01-01,2021-02-01,true");
    assert!(refused.contains("row 2: expected a column `hours`, `days` or `minutes`"), "{refused}");
    let refused = says("symbol,first_bar,last_bar,hours,delisted", "A,2021-01-01,2021-02-01,3,maybe");
    assert!(refused.contains("row 2: delisted is `maybe`; expected true or false"), "{refused}");
    let refused = says("symbol,first_bar,last_bar,hours,delisted", "A,soon,2021-02-01,3,true");
    assert!(refused.contains("row 2: first_bar is `soon`; expected a UTC time"), "{refused}");
}

#[test]
fn the_shared_universe_has_its_delistings() {
    let Some(file) = shared("data/crypto/binance_spot_universe_2021_2023.csv") else { return };
    let bench = Bench::new();
    let said = bench.import(&[file]);
    assert!(said.contains("written, 264 rows, 264 added"), "{said}");
    let rows = bench.hub().instruments("binance").unwrap();
    assert_eq!(rows.iter().filter(|row| row.delisted_at.is_some()).count(), 30);
    let ust = rows.iter().find(|row| row.symbol == "USTUSDT").unwrap();
    let time = |text: &str| Some(parse_iso(text).unwrap());
    // Its hourly bars go from 2021-12-24T08:00 to 2022-05-13T00:00.
    assert_eq!((ust.listed_at, ust.delisted_at), (time("2021-12-24T08:00"), time("2022-05-13T01:00")));
}

/// A UTC time.
fn at(text: &str) -> i64 {
    parse_iso(text).unwrap()
}

/// Binance's exchange information of one symbol at a moment.
fn exchange_info(day: &str, tick: &str, notional: &str) -> String {
    format!(
        r#"{{"timezone":"UTC","serverTime":{},"symbols":[{{"symbol":"AUSDT","status":"TRADING","contractType":"PERPETUAL",
        "deliveryDate":4133404800000,"onboardDate":1577836800000,"filters":[{{"filterType":"PRICE_FILTER","tickSize":"{tick}"}},
        {{"filterType":"LOT_SIZE","stepSize":"0.001","minQty":"0.002"}},{{"filterType":"MIN_NOTIONAL","notional":"{notional}"}}]}}]}}"#,
        at(day) / 1000
    )
}

#[test]
fn later_snapshots_begin_where_terms_changed() {
    let bench = Bench::new();
    for (day, tick, notional) in [
        ("2021-06-01", "0.10", "5"),
        ("2021-07-01", "0.10", "5"),
        ("2021-09-01", "0.01", "5"),
        ("2021-10-01", "0.01", "10"),
    ] {
        let said = bench.import(&[bench.file(&format!("{day}.json"), exchange_info(day, tick, notional))]);
        assert!(said.contains("exchange information, JSON"), "{said}");
    }
    let rows = bench.hub().instrument("binance", "AUSDT").unwrap();
    let shown = |row: &Instrument| (row.valid_from.unwrap(), row.seen_at.unwrap(), row.tick_size, row.min_notional);
    assert_eq!(
        rows.iter().map(shown).collect::<Vec<_>>(),
        [
            (at("2021-06-01"), at("2021-07-01"), Some(0.1), Some(5.0)),
            (at("2021-09-01"), at("2021-09-01"), Some(0.01), Some(5.0)),
            (at("2021-10-01"), at("2021-10-01"), Some(0.01), Some(10.0)),
        ]
    );
    assert!(rows.iter().all(|row| row.listed_at == Some(at("2020-01-01")) && row.delisted_at.is_none()));
    assert_eq!((rows[0].lot_size, rows[0].min_quantity), (Some(0.001), Some(0.002)));
    let provenance = bench.hub().instruments_provenance("binance").unwrap().unwrap();
    assert_eq!(provenance.inputs.len(), 4);
    let before = bench.hub_bytes();
    bench.import(&[bench.path("2021-07-01.json")]);
    assert_eq!(bench.hub_bytes(), before);
    let contradiction = exchange_info("2021-10-01", "0.02", "10");
    let said = bench.import(&[bench.file("other.json", contradiction)]);
    assert!(said.contains("row 1: tick size of AUSDT is 0.02 here and 0.01 in the table"), "{said}");
}

#[test]
fn a_symbol_listed_again_takes_its_bars_apart() {
    let bench = Bench::new();
    let table = "symbol,listing_time,delisting_time\nAUSDT,2024-01-01,2024-01-03\nAUSDT,2024-01-04T03:30:00Z,\nBUSDT,2024-01-01,\n";
    let instruments = bench.file("instruments.csv", table);
    let hours: Vec<i64> = (0..120).collect();
    let bars = |symbol: &str| -> String {
        let row = |hour: &i64| format!("{symbol},{},1,1,1,1,1\n", at("2024-01-01") / 1000 + hour * 3_600_000);
        hours.iter().map(row).collect()
    };
    let long = format!("symbol,open_time,open,high,low,close,volume\n{}{}", bars("AUSDT"), bars("BUSDT"));
    let funding = "symbol,funding_time,funding_rate\nAUSDT,1704067200009,0.1\nAUSDT,1704384000001,0.2\n";
    // One import, in whatever order the files are named.
    let said = bench.import(&[bench.file("bars.csv", long), bench.file("funding.csv", funding), instruments]);
    assert!(
        said.contains(
            "AUSDT was listed again: the earlier instrument is AUSDT~20240101 from now on, delisted on 2024-01-03"
        ),
        "{said}"
    );
    let spec: BarSpec = "1h".parse().unwrap();
    let hub = bench.hub();
    let first = hub.bar_info("binance", &spec, "AUSDT~20240101").unwrap();
    let second = hub.bar_info("binance", &spec, "AUSDT").unwrap();
    // The bar in which the second was listed is the second's.
    assert_eq!((first.rows, second.rows, second.first), (75, 45, at("2024-01-04") + 3 * HOUR));
    assert_eq!(hub.bar_info("binance", &spec, "BUSDT").unwrap().rows, 120);
    assert_eq!(hub.read_funding("binance", "AUSDT~20240101").unwrap().rate, [0.1]);
    assert_eq!(hub.read_funding("binance", "AUSDT").unwrap().rate, [0.2]);
    let ids: Vec<String> = hub.instruments("binance").unwrap().into_iter().map(|row| row.symbol).collect();
    assert_eq!(ids, ["AUSDT", "AUSDT~20240101", "BUSDT"]);
}

#[test]
fn answers_of_other_venues() {
    let bench = Bench::new();
    let okx = r#"{"code":"0","ts":"1652458996000","data":[{"instId":"BTC-USDT-SWAP","ctVal":"0.01","ctMult":"1","listTime":"1611916828000","expTime":"","tickSz":"0.1","lotSz":"1","minSz":"1","state":"live"}]}"#;
    let bybit = r#"{"retCode":0,"result":{"list":[{"symbol":"BTCUSDT","status":"Trading","launchTime":"1584230400000","deliveryTime":"0",
        "priceFilter":{"tickSize":"0.50"},"lotSizeFilter":{"qtyStep":"0.001","minOrderQty":"0.001","minNotionalValue":"5"}}]},"time":1672712495660}"#;
    bench.import(&[bench.file("okx.json", okx), bench.file("bybit.json", bybit)]);
    let rows = bench.hub().instruments("binance").unwrap();
    assert_eq!(
        (rows[0].symbol.as_str(), rows[0].multiplier, rows[0].lot_size),
        ("BTC-USDT-SWAP", Some(0.01), Some(1.0))
    );
    assert_eq!((rows[1].tick_size, rows[1].min_notional, rows[1].delisted_at), (Some(0.5), Some(5.0), None));
    let undated = okx.replace(r#""ts":"1652458996000","#, "");
    assert!(bench.import(&[bench.file("undated.json", undated)]).contains("does not say of when it is"));
    assert!(
        bench
            .import(&[bench.file("bad.json", okx.replace("\"0.1\"", "\"-1\""))])
            .contains("row 1: tickSz is `-1`; expected a number of at least 0")
    );
}

/// Imports a shared file at a venue.
fn import(bench: &Bench, venue: &str, path: &str) -> Option<String> {
    let request = ImportRequest { venue: venue.to_owned(), ..bench.request(&[shared(path)?]) };
    Some(bench.import_as(&request))
}

#[test]
fn recorded_exchange_information() {
    let bench = Bench::new();
    let spot = "data/fixtures/recorded_streams/BINANCE.0.gz";
    let Some(said) = import(&bench, "binance", spot) else { return };
    assert!(
        said.contains("recorded exchange information, gzip")
            && said.contains("433 of 1695 instruments were not trading then"),
        "{said}"
    );
    let row = |venue: &str, symbol: &str| bench.hub().instrument(venue, symbol).unwrap().remove(0);
    let eth = row("binance", "ETHBTC");
    assert_eq!((eth.tick_size, eth.lot_size, eth.min_notional), (Some(0.000_001), Some(0.0001), Some(0.0001)));
    assert_eq!((eth.valid_from.unwrap() / DAY * DAY, eth.listed_at), (at("2021-10-12"), None));
    let futures = "data/fixtures/recorded_streams/BINANCE_FUTURES.0.gz";
    import(&bench, "binance_futures", futures).unwrap();
    assert_eq!(bench.hub().instruments("binance_futures").unwrap().len(), 122);
    let quarter = row("binance_futures", "BTCUSDT_210924");
    assert_eq!(
        (quarter.delisted_at, row("binance_futures", "BTCUSDT").delisted_at),
        (Some(at("2021-09-24T08:00:00Z")), None)
    );
    assert_eq!(quarter.valid_from.unwrap() / DAY * DAY, at("2021-07-22"));
    // Five of these were listed again before 2026, after they were seen trading in 2021.
    let said = import(&bench, "binance_futures", "data/crypto/binance_um_perp_onboard_dates.csv").unwrap();
    assert_eq!(said.matches("was listed again").count(), 5, "{said}");
    let rows = bench.hub().instruments("binance_futures").unwrap();
    assert_eq!(rows.len(), 122 + 357 - 55);
    assert!(rows.iter().any(|row| row.symbol == "ICPUSDT~20210511" && row.tick_size.is_some()));
    assert_eq!(row("binance_futures", "ICPUSDT").tick_size, None, "the second holder's terms are not known");
    let before = bench.hub_bytes();
    import(&bench, "binance_futures", futures).unwrap();
    import(&bench, "binance_futures", "data/crypto/binance_um_perp_onboard_dates.csv").unwrap();
    assert_eq!(bench.hub_bytes(), before, "the same again changes nothing");
    for (venue, file, n) in [("okx", "OKX.0.gz", 0), ("bybit", "BYBIT.0.gz", 0)] {
        let said = import(&bench, venue, &format!("data/fixtures/recorded_streams/{file}")).unwrap();
        assert!(said.contains("instruments of"), "{said}");
        assert!(bench.hub().instruments(venue).unwrap().len() > n);
    }
}

#[test]
fn symbol_properties_of_lean() {
    let bench = Bench::new();
    let path = "data/reference/lean_symbol_properties.csv.gz";
    let Some(said) = import(&bench, "binance", path) else { return };
    assert!(said.contains("LEAN symbol properties") && said.contains("taken to hold always"), "{said}");
    let row = |venue: &str, symbol: &str| bench.hub().instrument(venue, symbol).unwrap().remove(0);
    let zero = row("binance", "0GTRY");
    assert_eq!(
        (zero.tick_size, zero.lot_size, zero.min_notional, zero.multiplier),
        (Some(0.001), Some(0.01), Some(10.0), None)
    );
    import(&bench, "binance_futures", path).unwrap();
    assert_eq!(row("binance_futures", "1000BONKUSDT").tick_size, Some(0.000_001));
    import(&bench, "bybit", path).unwrap();
    assert_eq!((row("bybit", "1INCHETH").min_quantity, row("bybit", "1INCHETH").min_notional), (Some(0.01), None));
    let said = import(&bench, "nowhere", path).unwrap();
    assert!(said.contains("has no rows of market `nowhere`, type `crypto`; it has none of that market"), "{said}");
}

#[test]
fn instruments_written_in_yaml() {
    let bench = Bench::new();
    let text = "- {symbol: AUSDT, listing_time: 2020-01-01, tick_size: 0.01, lot_size: 1}\n\
        - {symbol: AUSDT, valid_from: 2021-06-01T00:00:00Z, lot_size: 0.1}\n- symbol: BUSDT\n  multiplier: 10\n";
    let said = bench.import(&[bench.file("instruments.yaml", text)]);
    assert!(said.contains("instruments, YAML") && said.contains("instruments of binance: written, 3 rows"), "{said}");
    let rows = bench.hub().instrument("binance", "AUSDT").unwrap();
    assert_eq!((rows[0].lot_size, rows[1].lot_size, rows[1].tick_size), (Some(1.0), Some(0.1), Some(0.01)));
    assert_eq!(rows[1].listed_at, Some(at("2020-01-01")), "what a later row leaves out stays as it was");
    assert!(bench.import(&[bench.file("bad.yaml", "- {symbol: [}")]).contains("cannot be read as YAML"));
    assert!(bench.import(&[bench.file("none.yaml", "a: 1\n")]).contains("holds no list of records"));
}

#[test]
fn trades_go_to_who_held_the_symbol() {
    let bench = Bench::new();
    // LUNA ended on 2022-05-13; another coin has the name from 2022-05-31 08:00 on.
    let listings =
        "symbol,listing_time,delisting_time\nLUNAUSDT,2020-08-21,2022-05-13\nLUNAUSDT,2022-05-31T08:00:00Z,\n";
    let at = |text: &str| parse_iso(text).unwrap() / 1000;
    let row = |id: i64, price: f64, time: &str| format!("{id},{price},1,{price},{},true,true\n", at(time));
    let first = row(1, 80.0, "2022-05-01") + &row(2, 1.0, "2022-05-12T10:00:00");
    let both = row(3, 0.1, "2022-05-12T23:00:00") + &row(4, 9.0, "2022-05-31T08:00:00");
    let month = format!("{first}{both}");
    let told = bench.import(&[
        bench.file("listings.csv", listings),
        bench.zip("LUNAUSDT-trades-2022-05", &month),
        bench.zip("LUNAUSDT-trades-2022-06", &row(5, 8.0, "2022-06-01")),
    ]);
    assert!(!told.contains("refused"), "{told}");
    let ids = |symbol: &str| bench.trades(symbol, crosscut_model::TradeKind::Trades).trade_id;
    assert_eq!((ids("LUNAUSDT~20200821"), ids("LUNAUSDT")), (vec![1, 2, 3], vec![4, 5]));
    // The same files again change nothing.
    let before = bench.hub_bytes();
    bench.import(&[bench.zip("LUNAUSDT-trades-2022-05", &month)]);
    assert_eq!(before, bench.hub_bytes());
    // A file without a date in its name is taken apart as well.
    let bench = Bench::new();
    let told = bench.import(&[bench.file("listings.csv", listings), bench.file("LUNAUSDT-trades-all.csv", &month)]);
    let ids = |symbol: &str| bench.trades(symbol, crosscut_model::TradeKind::Trades).trade_id;
    assert_eq!((ids("LUNAUSDT~20200821"), ids("LUNAUSDT")), (vec![1, 2, 3], vec![4]), "{told}");
}
