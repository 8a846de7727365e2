//! Funding files of every layout, merged, corrected, refused.

use crosscut_model::time::{HOUR, midnight};

use crate::import::Kind;
use crate::testing::{Bench, shared};

/// Funding of two symbols as the venue's REST answers tell it, in an order of its own.
const REST: &str = "symbol,funding_time,funding_rate\n\
    BUSDT,1704096000004,-0.0003\nAUSDT,1704067200009,0.0001\nAUSDT,1704096000000,0.0002\n\
    BUSDT,1704067200000,0.0001\nAUSDT,1704124800017,0.0003\n";

#[test]
fn rows_of_many_symbols() {
    let bench = Bench::new();
    let file = bench.file("funding.csv", REST);
    let said = bench.import(std::slice::from_ref(&file));
    assert_eq!(
        said,
        "funding.csv: funding rates with a symbol column, header, plain text, no day or month in its name, no checksum \
         beside it; 5 rows\nAUSDT funding: written, 3 rows, 3 added\nBUSDT funding: written, 2 rows, 2 added\n"
    );
    let funding = bench.hub().read_funding("binance", "AUSDT").unwrap();
    let start = midnight(2024, 1, 1);
    assert_eq!(funding.timestamp, [start + 9_000, start + 8 * HOUR, start + 16 * HOUR + 17_000]);
    assert_eq!(
        (funding.available_at.clone(), funding.rate.clone()),
        (funding.timestamp.clone(), vec![0.0001, 0.0002, 0.0003])
    );
    assert!(funding.interval_us == [0; 3] && funding.mark_price.iter().all(|price| price.is_nan()));
    let provenance = bench.hub().funding_info("binance", "BUSDT").unwrap().provenance;
    assert_eq!((provenance.inputs[0].rows, provenance.inputs[0].first), (2, start));
    let before = bench.hub_bytes();
    assert!(bench.import(&[file]).ends_with("BUSDT funding: unchanged, 2 rows, 0 added\n"));
    assert_eq!(bench.hub_bytes(), before);
}

#[test]
fn archives_add_what_rest_does_not_say() {
    let bench = Bench::new();
    bench.import(&[bench.file("funding.csv", REST)]);
    let header = "calc_time,funding_interval_hours,last_funding_rate\n";
    // The same moments a few milliseconds off, and a day on which the interval went from eight hours to four.
    let january = format!(
        "{header}1704067200000,8,0.00010000\n1704096000003,8,0.00020000\n1704124800000,8,0.00030000\n\
        1704153600001,8,0.0004\n1704168000000,4,0.0005\n1704182400002,4,-0.0006\n"
    );
    let zip = bench.zip("fundingRate/AUSDT/AUSDT-fundingRate-2024-01", &january);
    bench.checksum(&zip);
    let said = bench.import(std::slice::from_ref(&zip));
    assert!(said.contains("funding rates of AUSDT, header, ZIP, month 2024-01, checksum ok; 6 rows"), "{said}");
    assert!(said.ends_with("AUSDT funding: written, 6 rows, 3 added\n"), "{said}");
    let funding = bench.hub().read_funding("binance", "AUSDT").unwrap();
    assert_eq!(funding.timestamp[0], midnight(2024, 1, 1) + 9_000, "the first source's label stays");
    assert_eq!(funding.interval_us, [8, 8, 8, 8, 4, 4].map(|hours| hours * HOUR));
    let info = bench.hub().funding_info("binance", "AUSDT").unwrap();
    assert_eq!(info.provenance.covered_until, Some(midnight(2024, 2, 1)));
    let names: Vec<&str> = info.provenance.inputs.iter().map(|input| input.file.as_str()).collect();
    assert_eq!(names, ["AUSDT-fundingRate-2024-01.zip", "funding.csv"]);
    // Any order of import gives the same rows.
    let other = Bench::new();
    other.import(&[other.zip("fundingRate/AUSDT/AUSDT-fundingRate-2024-01", &january)]);
    other.import(&[other.file("funding.csv", REST)]);
    let turned = other.hub().read_funding("binance", "AUSDT").unwrap();
    assert_eq!((turned.rate, turned.interval_us), (funding.rate, funding.interval_us));
}

#[test]
fn gaps_are_told() {
    let bench = Bench::new();
    let rows: String = [0, 8, 32, 40, 44, 48, 60]
        .map(|hour| format!("{},0.0001\n", 1_704_067_200_000_i64 + hour * 3_600_000))
        .concat();
    let said = bench.import(&[bench.file("AUSDT.csv", format!("fundingTime,fundingRate\n{rows}"))]);
    assert!(said.contains("  AUSDT: 2 rows missing between 2024-01-01T08:00:00Z and 2024-01-02T08:00:00Z, where rows come every 480 minutes\n"), "{said}");
    assert!(said.contains("  AUSDT: 2 rows missing between 2024-01-03T00:00:00Z and 2024-01-03T12:00:00Z, where rows come every 240 minutes\n"), "{said}");
    let notes = bench.hub().funding_info("binance", "AUSDT").unwrap().provenance.notes;
    assert_eq!(notes.len(), 2);
    // A later file closes a gap, and the note about it goes.
    let closing = "fundingTime,fundingRate\n1704124800000,0.0001\n1704153600000,0.0001\n";
    let said = bench.import(&[bench.file("closing/AUSDT.csv", closing)]);
    assert!(said.contains("written, 9 rows, 2 added") && !said.contains("every 480"), "{said}");
}

#[test]
fn corrections_need_replace() {
    let bench = Bench::new();
    bench.import(&[bench.file("funding.csv", REST)]);
    let before = bench.hub_bytes();
    let again = bench.file("corrected.csv", REST.replace("1704096000000,0.0002", "1704096000000,0.0009"));
    let said = bench.import(std::slice::from_ref(&again));
    assert!(
        said.contains("refused `corrected.csv`: AUSDT: the funding of 2024-01-01T08:00:00Z differs: this file has rate 0.0009, the table has rate 0.0002\nhint: give --replace"),
        "{said}"
    );
    assert!(said.contains("BUSDT funding: unchanged"), "{said}");
    assert_eq!(bench.hub_bytes(), before);
    let mut request = bench.request(&[again]);
    request.replace = true;
    assert!(bench.import_as(&request).contains("AUSDT funding: written, 3 rows, 3 added"));
    assert_eq!(bench.hub().read_funding("binance", "AUSDT").unwrap().rate[1], 0.0009);
}

#[test]
fn repeated_rows_and_contradictions() {
    let says = |rows: &str| {
        let bench = Bench::new();
        let said = bench.import(&[bench.file(
            "AUSDT-fundingRate-2024-01.csv",
            format!("calc_time,funding_interval_hours,last_funding_rate,mark_price\n{rows}"),
        )]);
        (
            said.lines().find(|line| line.starts_with("refused") || line.starts_with("  ")).unwrap_or("").to_owned(),
            bench.hub_bytes().len(),
        )
    };
    let row = "1704067200000,8,0.0001,42000.5\n";
    assert_eq!(
        says(&format!("{row}1704067200009,8,0.0001,\n")),
        ("  1 rows said the same as an earlier one and were dropped".to_owned(), 2)
    );
    assert_eq!(says(&row.replace("42000.5", "0")).0, "  1 mark prices of 0 were taken as unknown");
    let refused = |rows: &str, reason: &str| {
        let (said, files) = says(rows);
        assert!(said.contains(reason) && files == 0, "{said}");
    };
    refused(
        &format!("{row}1704067200009,8,0.0002,\n"),
        "row 3: speaks of the moment of row 2: rate 0.0002 here, rate 0.0001 there",
    );
    refused(
        &format!("{row}1704067200009,4,0.0001,\n"),
        "row 3: speaks of the moment of row 2: interval in hours 4 here",
    );
    refused("1704067200000,8,,1\n", "row 2: the rate is missing");
    refused("1704067200000,8,1.5,1\n", "row 2: the rate is 1.5; expected a fraction such as 0.0001, not percent");
    refused("1704067200000,8,abc,1\n", "row 2: last_funding_rate is `abc`; expected a number");
    refused("1704067200000,-8,0.1,1\n", "row 2: the funding interval is -8");
    refused("1704067200000,8,0.1,-1\n", "row 2: the mark price is -1");
    refused(
        "1706745600000,8,0.1,1\n",
        "row 2: funding of 2024-02-01T00:00:00Z lies outside of what the file is named for",
    );
    refused("yesterday,8,0.1,1\n", "row 2: calc_time is `yesterday`; expected a UTC time or date");
    refused("1704067200000,8,0.1\n", "row 2: has 3 fields; expected 4");
}

#[test]
fn a_refused_file_holds_back_its_symbol_alone() {
    let bench = Bench::new();
    let header = "calc_time,funding_interval_hours,last_funding_rate\n";
    let good = bench.file("AUSDT-fundingRate-2024-01.csv", format!("{header}1704067200000,8,0.0001\n"));
    let bad = bench.file("AUSDT-fundingRate-2024-02.csv", format!("{header}1706745600000,8,oops\n"));
    let other = bench.file("BUSDT-fundingRate-2024-01.csv", format!("{header}1704067200000,8,0.0001\n"));
    let said = bench.import(&[good, bad, other]);
    assert!(said.contains("BUSDT funding: written, 1 rows") && !said.contains("AUSDT funding: written"), "{said}");
    assert!(said.contains("refused `AUSDT-fundingRate-2024-01.csv`: is not imported because"), "{said}");
    assert!(said.contains("refused `AUSDT-fundingRate-2024-02.csv`, row 2: last_funding_rate is `oops`"), "{said}");
    assert_eq!(bench.hub().funding_symbols("binance").unwrap(), ["BUSDT"]);
}

#[test]
fn answers_in_json() {
    let bench = Bench::new();
    let binance = r#"[{"symbol":"AUSDT","fundingTime":1704067200000,"fundingRate":"0.0001","markPrice":"42000.5"},
        {"symbol":"AUSDT","fundingTime":1704096000000,"fundingRate":"0.0002","markPrice":""}]"#;
    let bybit = r#"{"retCode":0,"result":{"category":"linear","list":[{"symbol":"BUSDT","fundingRate":"0.0001","fundingRateTimestamp":"1704067200000"}]}}"#;
    let okx = r#"{"code":"0","data":[{"instId":"BTC-USD-SWAP","instType":"SWAP","fundingRate":"0.0001","realizedRate":"0.0001","fundingTime":"1704067200000","method":"next_period"}],"msg":""}"#;
    for (name, text) in [("a.json", binance), ("b.json", bybit), ("c.json", okx)] {
        let said = bench.import(&[bench.file(name, text)]);
        assert!(said.contains("funding: written"), "{said}");
    }
    assert_eq!(bench.hub().funding_symbols("binance").unwrap(), ["AUSDT", "BTC-USD-SWAP", "BUSDT"]);
    let funding = bench.hub().read_funding("binance", "AUSDT").unwrap();
    assert!(funding.mark_price[0] == 42000.5 && funding.mark_price[1].is_nan());
    let said = bench.import(&[bench.file("error.json", r#"{"code":-1121,"msg":"Invalid symbol."}"#)]);
    assert!(said.contains("holds no list of records"), "{said}");
}

#[test]
fn the_kind_may_be_said_and_must_not_contradict() {
    let bench = Bench::new();
    let mut request = bench.request(&[bench.file("funding.csv", REST)]);
    request.kind = Some(Kind::Klines);
    assert!(bench.import_as(&request).contains("holds funding, --kind says klines"));
    request.kind = Some(Kind::Funding);
    assert!(bench.import_as(&request).contains("AUSDT funding: written"));
}

/// Rows, first and last label and sum of rates of a symbol.
fn figures(bench: &Bench, symbol: &str) -> (usize, i64, i64, f64) {
    let funding = bench.hub().read_funding("binance", symbol).unwrap();
    let (first, last) = (funding.timestamp[0], *funding.timestamp.last().unwrap());
    (funding.len(), first, last, funding.rate.iter().sum())
}

/// Imports a shared file or folder.
fn import(bench: &Bench, path: &str) -> Option<String> {
    Some(bench.import(&[shared(path)?]))
}

#[test]
fn real_tables() {
    let bench = Bench::new();
    let Some(said) = import(&bench, "data/crypto/binance_um_funding_2026.parquet") else { return };
    assert!(!said.contains("refused") && !said.contains("missing"), "{said}");
    assert_eq!(said.matches(" funding: written").count(), 354);
    // By pandas.
    let rows: usize =
        bench.hub().funding_symbols("binance").unwrap().iter().map(|symbol| figures(&bench, symbol).0).sum();
    assert_eq!(rows, 70_455);
    let (n, first, last, sum) = figures(&bench, "BTCUSDT");
    assert_eq!((n, first, last), (200, 1_768_233_600_000_000, 1_773_964_800_002_000));
    assert!((sum - 0.001_441_5).abs() < 1e-12, "{sum}");
    import(&bench, "data/crypto/binance_um_funding_BTCUSDT_2022_2024.parquet").unwrap();
    let (n, first, _, sum) = figures(&bench, "BTCUSDT");
    assert_eq!((n, first), (3_488, 1_640_995_200_006_000));
    assert!((sum - 0.239_875_2 - 0.001_441_5).abs() < 1e-10, "{sum}");
    let gaps = crosscut_model::funding::gaps(&bench.hub().read_funding("binance", "BTCUSDT").unwrap());
    assert_eq!(gaps.len(), 1, "the year between the two files");
}

#[test]
fn real_feather_and_lean_samples() {
    let bench = Bench::new();
    let Some(said) = import(&bench, "data/crypto/freqtrade_futures") else { return };
    assert!(!said.contains("refused"), "{said}");
    for table in [
        "XRPUSDT 1h bars: written, 100 rows",
        "XRPUSDT 5m bars: written, 1999 rows",
        "XRPUSDT mark-1h bars: written, 100 rows",
        "XRPUSDT funding: written, 91 rows",
    ] {
        assert!(said.contains(table), "{said}");
    }
    let (n, first, last, sum) = figures(&bench, "XRPUSDT");
    assert_eq!((n, first, last), (91, 1_637_193_600_017_000, 1_639_785_600_014_000));
    assert!((sum - 0.007_964_12).abs() < 1e-12, "{sum}");
    let mark = bench.hub().read_all_bars("binance", &"mark-1h".parse().unwrap(), "XRPUSDT").unwrap();
    assert!((mark.close.iter().sum::<f64>() - 110.5966).abs() < 1e-9 && mark.volume.iter().all(|v| v.is_nan()));
    import(&bench, "data/crypto/lean_funding").unwrap();
    let btc = bench.hub().read_funding("binance", "BTCUSD").unwrap();
    assert_eq!((btc.timestamp[1], btc.rate[1]), (midnight(2020, 12, 29) + 8 * HOUR, 0.000_460_53));
    assert_eq!(figures(&bench, "ADAUSDT").0, 1);
}
