//! Bars of mark prices and premium indices.

use crate::import::Kind;
use crate::testing::Bench;

/// Two hours as the archives write them: volumes are zeros that mean nothing.
const MARK: &str = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n\
    1704067200000,42314.0,42603.2,42289.6,42503.5,0,1704070799999,0,3600,0,0,0\n\
    1704070800000,42503.5,42823.9,42450.0,42682.1,0,1704074399999,0,3600,0,0,0\n";

#[test]
fn mark_prices_by_their_folder() {
    let bench = Bench::new();
    let file = bench.zip("data/futures/um/monthly/markPriceKlines/AUSDT/1h/AUSDT-1h-2024-01", MARK);
    let said = bench.import(std::slice::from_ref(&file));
    assert!(said.contains("mark-price klines of AUSDT, header, ZIP, month 2024-01"), "{said}");
    assert!(said.ends_with("AUSDT mark-1h bars: written, 2 rows, 2 added\n"), "{said}");
    let spec = "mark-1h".parse().unwrap();
    let bars = bench.hub().read_all_bars("binance", &spec, "AUSDT").unwrap();
    assert_eq!(bars.close, [42503.5, 42682.1]);
    let others = bars.columns().into_iter().skip(4).flatten();
    assert!(others.clone().count() == 18 && others.into_iter().all(|value| value.is_nan()));
    assert_eq!(bench.hub().bar_kinds("binance").unwrap(), ["mark-1h"]);
    // The same file under --kind says the same, and cannot be traded bars.
    let flat = bench.zip("AUSDT-1h-2024-01", MARK);
    let mut request = bench.request(&[flat]);
    request.kind = Some(Kind::Mark);
    assert!(bench.import_as(&request).contains("AUSDT mark-1h bars: unchanged"));
    let mut request = bench.request(&[file]);
    request.kind = Some(Kind::Klines);
    assert!(bench.import_as(&request).contains("its name or folder says mark-price klines, --kind says klines"));
}

#[test]
fn premium_indices_swing_around_zero() {
    let bench = Bench::new();
    let rows = MARK
        .replace("42314.0,42603.2,42289.6,42503.5", "-0.0001,0.0003,-0.0004,0")
        .replace("42503.5,42823.9,42450.0,42682.1", "0,0,-0.1,-0.1");
    let said = bench.import(&[bench.file("monthly/premiumIndexKlines/AUSDT/1h/AUSDT-1h-2024-01.csv", &rows)]);
    assert!(said.ends_with("AUSDT premium-1h bars: written, 2 rows, 2 added\n"), "{said}");
    let bars = bench.hub().read_all_bars("binance", &"premium-1h".parse().unwrap(), "AUSDT").unwrap();
    assert_eq!((bars.low, bars.close), (vec![-0.0004, -0.1], vec![0.0, -0.1]));
    let said = bench.import(&[bench.file("monthly/markPriceKlines/AUSDT/1h/AUSDT-1h-2024-01.csv", &rows)]);
    assert!(said.contains("row 2: open is -0.0001; expected a positive number"), "{said}");
    let said = bench.import(&[bench.file(
        "monthly/premiumIndexKlines/BUSDT/1h/BUSDT-1h-2024-01.csv",
        rows.replace("0,0,-0.1,-0.1", "0,inf,-0.1,-0.1"),
    )]);
    assert!(said.contains("row 3: high is `inf`") || said.contains("row 3: high is inf"), "{said}");
}
