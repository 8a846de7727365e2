//! Bars in, the same bars out; and everything that must be refused.

use crosscut_model::parse_iso;
use crosscut_model::time::{HOUR, midnight};
use proptest::prelude::*;

use super::*;
use crate::fixtures::{Scratch, assert_same_bars, events, hourly, source, spec};
use crate::provenance::Origin;

fn publish(scratch: &Scratch, symbol: &str, bars: &Bars) -> Result<(), HubError> {
    scratch.publisher.publish_bars("binance", &spec("1h"), symbol, bars, &source(Origin::Klines))
}

fn refusal(bars: &Bars) -> String {
    let scratch = Scratch::new();
    let message = publish(&scratch, "BTCUSDT", bars).unwrap_err().to_string();
    assert!(!scratch.path("bars").exists(), "nothing is left behind");
    message
}

#[test]
fn bars_round_trip() {
    let scratch = Scratch::new();
    let mut bars = hourly(1_000, 100.0);
    bars.extra.push(("premium_close".to_owned(), (0..1_000).map(|i| f64::from(i) * -1e-5).collect()));
    publish(&scratch, "BTCUSDT", &bars).unwrap();
    assert_same_bars(&scratch.hub.read_all_bars("binance", &spec("1h"), "BTCUSDT").unwrap(), &bars);
    let events = events(100);
    let (kind, source) = (spec("volume-0.5"), source(Origin::Ticks));
    scratch.publisher.publish_bars("binance", &kind, "BTCUSDT", &events, &source).unwrap();
    assert_same_bars(&scratch.hub.read_all_bars("binance", &kind, "BTCUSDT").unwrap(), &events);
    assert_eq!(scratch.hub.bar_kinds("binance").unwrap(), ["1h", "volume-0.5"]);
    assert_eq!(scratch.hub.venues().unwrap(), ["binance"]);
}

#[test]
fn chosen_columns_and_range() {
    let scratch = Scratch::new();
    let bars = hourly(1_000, 100.0);
    publish(&scratch, "BTCUSDT", &bars).unwrap();
    let range = Range { start: Some(bars.timestamp[10] - 1), end: Some(bars.timestamp[900]) };
    let table = scratch.hub.read_bars("binance", &spec("1h"), "BTCUSDT", &["volume", "close"], range).unwrap();
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["timestamp", "available_at", "volume", "close"]);
    assert_eq!(table.i64("timestamp").unwrap(), &bars.timestamp[10..900]);
    assert_eq!(table.i64("available_at").unwrap(), &bars.available_at[10..900]);
    assert_eq!(table.f64("close").unwrap(), &bars.close[10..900]);
    let nothing = Range { start: Some(0), end: Some(1) };
    assert!(scratch.hub.read_bars("binance", &spec("1h"), "BTCUSDT", &["close"], nothing).unwrap().is_empty());
}

#[test]
fn many_row_groups_read_as_one() {
    let scratch = Scratch::new();
    let bars = hourly(GROUP_ROWS + 70_000, 100.0);
    publish(&scratch, "X", &bars).unwrap();
    let at = GROUP_ROWS - 5;
    let range = Range { start: Some(bars.timestamp[at]), end: Some(bars.timestamp[at + 10]) };
    let table = scratch.hub.read_bars("binance", &spec("1h"), "X", &["open", "medium_price"], range).unwrap();
    assert_eq!(table.f64("open").unwrap(), &bars.open[at..at + 10]);
    assert_eq!(table.f64("medium_price").unwrap().len(), 10);
    assert_eq!(scratch.hub.bar_info("binance", &spec("1h"), "X").unwrap().last, *bars.timestamp.last().unwrap());
}

#[test]
fn info_needs_no_rows() {
    let scratch = Scratch::new();
    let bars = hourly(48, 100.0);
    publish(&scratch, "BTCUSDT", &bars).unwrap();
    let info = scratch.hub.bar_info("binance", &spec("1h"), "BTCUSDT").unwrap();
    assert_eq!((info.rows, info.first), (48, midnight(2024, 1, 1)));
    assert_eq!((info.last, info.last_available_at), (midnight(2024, 1, 3) - HOUR, midnight(2024, 1, 3)));
    assert_eq!(info.columns.len(), 15);
    assert_eq!(info.provenance.table, "bars/binance/1h/BTCUSDT.parquet");
    assert_eq!(info.provenance.inputs, source(Origin::Klines).inputs);
    let path = scratch.path("bars/binance/1h/BTCUSDT.parquet");
    assert_eq!(info.content_hash, crate::hash_file(&path).unwrap());
    scratch.hub.verify_table("bars/binance/1h/BTCUSDT.parquet").unwrap();
}

#[test]
fn range_must_be_covered() {
    let scratch = Scratch::new();
    publish(&scratch, "BTCUSDT", &hourly(48, 100.0)).unwrap();
    let mut info = scratch.hub.bar_info("binance", &spec("1h"), "BTCUSDT").unwrap();
    let range =
        |start: &str, end: &str| Range { start: Some(parse_iso(start).unwrap()), end: Some(parse_iso(end).unwrap()) };
    require_range(&info, range("2024-01-01", "2024-01-03")).unwrap();
    require_range(&info, Range::ALL).unwrap();
    let error = require_range(&info, range("2024-01-01", "2024-01-03T01:00")).unwrap_err().to_string();
    let expected =
        "requested 2024-01-01..2024-01-03T01:00:00Z but BTCUSDT 1h bars of binance cover 2024-01-01..2024-01-03";
    assert!(error.starts_with(expected), "{error}");
    assert!(require_range(&info, range("2023-12-31", "2024-01-02")).is_err());
    info.provenance.covered_until = Some(parse_iso("2024-02-01").unwrap());
    require_range(&info, range("2024-01-01", "2024-02-01")).unwrap();
}

#[test]
fn what_is_absent_names_the_nearest() {
    let scratch = Scratch::new();
    publish(&scratch, "BTCUSDT", &hourly(5, 100.0)).unwrap();
    let read = |venue: &str, bar: &str, symbol: &str, column: &str| {
        scratch.hub.read_bars(venue, &spec(bar), symbol, &[column], Range::ALL).unwrap_err().to_string()
    };
    assert!(
        read("binance", "1h", "BTCUSD", "close")
            .contains("no 1h bars of BTCUSD at venue `binance`; did you mean `BTCUSDT`?")
    );
    assert!(read("binanse", "1h", "BTCUSDT", "close").contains("no bars of venue `binanse`; did you mean `binance`?"));
    assert!(read("binance", "2h", "BTCUSDT", "close").contains("no 2h bars of venue `binance`; did you mean `1h`?"));
    assert!(read("binance", "1h", "BTCUSDT", "clsoe").contains("no column `clsoe`; did you mean `close`?"));
    assert!(read("binance", "1h", "BTCUSDT", "timestamp").contains("column `timestamp` holds times"));
    let hub = Hub::open(&scratch.path("absent")).unwrap_err().to_string();
    assert!(hub.contains("there is no hub at") && hub.contains("hint:"), "{hub}");
}

#[test]
fn names_that_escape_are_refused() {
    let scratch = Scratch::new();
    let bars = hourly(5, 100.0);
    for symbol in ["../x", "a/b", "..", "", "a\\b", ".x"] {
        assert!(matches!(publish(&scratch, symbol, &bars), Err(HubError::Name { .. })), "{symbol}");
        let read = scratch.hub.read_bars("binance", &spec("1h"), symbol, &["close"], Range::ALL);
        assert!(matches!(read, Err(HubError::Name { .. })), "{symbol}");
    }
    for venue in ["..", "a/b", "Binance", "", ".hidden", "a b", "é"] {
        let outcome = scratch.publisher.publish_bars(venue, &spec("1h"), "X", &bars, &source(Origin::Klines));
        assert!(matches!(outcome, Err(HubError::Name { .. })), "{venue}");
        assert!(matches!(scratch.hub.bar_kinds(venue), Err(HubError::Name { .. })), "{venue}");
    }
    for table in ["../x", "/etc/passwd", "bars/../../x", "provenance/x"] {
        assert!(matches!(scratch.hub.verify_table(table), Err(HubError::Name { .. })), "{table}");
    }
}

#[test]
fn names_outside_ascii_are_encoded() {
    let scratch = Scratch::new();
    let bars = hourly(5, 100.0);
    publish(&scratch, "币安人生USDT", &bars).unwrap();
    publish(&scratch, "LUNAUSDT~20190826", &bars).unwrap();
    assert!(scratch.path("bars/binance/1h/%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT.parquet").exists());
    assert_eq!(scratch.hub.bar_symbols("binance", &spec("1h")).unwrap(), ["LUNAUSDT~20190826", "币安人生USDT"]);
    assert_same_bars(&scratch.hub.read_all_bars("binance", &spec("1h"), "币安人生USDT").unwrap(), &bars);
}

#[test]
fn bad_bars_are_refused() {
    let with = |change: fn(&mut Bars)| {
        let mut bars = hourly(10, 100.0);
        change(&mut bars);
        refusal(&bars)
    };
    let duplicate = with(|bars| bars.timestamp[4] = bars.timestamp[3]);
    assert!(
        duplicate.contains("row 4 (2024-01-01T03:00:00Z): timestamp is 2024-01-01T03:00:00Z, expected strictly after")
    );
    assert!(with(|bars| bars.timestamp[4] = 0).contains("row 4 (1970-01-01T00:00:00Z): timestamp is"));
    assert!(with(|bars| bars.available_at[9] = bars.timestamp[9]).contains("expected after the bar's open"));
    assert!(with(|bars| bars.low[2] = 0.0).contains("row 2 (2024-01-01T02:00:00Z): low is 0, expected positive"));
    assert!(with(|bars| bars.close[2] = f64::NAN).contains("close is NaN"));
    assert!(with(|bars| bars.open[2] = f64::INFINITY).contains("open is inf"));
    assert!(with(|bars| bars.volume[2] = -1.0).contains("volume is -1"));
    assert!(with(|bars| bars.vwap.truncate(3)).contains("column `vwap` has 3 rows, `timestamp` has 10"));
    assert!(with(|bars| bars.bar_seq = vec![1; 10]).contains("time bars carry no bar_seq"));
    assert!(with(|bars| bars.extra.push(("open".to_owned(), vec![1.0; 10]))).contains("`open` is taken"));
    assert!(with(|bars| bars.extra.push(("../x".to_owned(), vec![1.0; 10]))).contains("cannot be a column name"));
    let scratch = Scratch::new();
    let mut bars = events(10);
    bars.bar_seq[1] = 0;
    let outcome = scratch.publisher.publish_bars("binance", &spec("tick-5"), "X", &bars, &source(Origin::Ticks));
    assert!(outcome.unwrap_err().to_string().contains("row 1 (2024-01-01T00:00:00Z): (available_at, bar_seq)"));
}

#[test]
fn premium_bars_may_be_negative() {
    let scratch = Scratch::new();
    let (mut bars, premium) = (hourly(10, 100.0), spec("premium-1h"));
    bars.open[3] = -0.0001;
    bars.close[3] = 0.0;
    scratch.publisher.publish_bars("binance", &premium, "BTCUSDT", &bars, &source(Origin::Klines)).unwrap();
    assert_same_bars(&scratch.hub.read_all_bars("binance", &premium, "BTCUSDT").unwrap(), &bars);
}

#[test]
fn an_empty_table_is_a_table() {
    let scratch = Scratch::new();
    publish(&scratch, "NEWUSDT", &Bars::default()).unwrap();
    let info = scratch.hub.bar_info("binance", &spec("1h"), "NEWUSDT").unwrap();
    assert_eq!((info.rows, info.first, info.last), (0, 0, 0));
    assert!(scratch.hub.read_all_bars("binance", &spec("1h"), "NEWUSDT").unwrap().is_empty());
    let day = Range { start: Some(0), end: Some(1) };
    assert!(require_range(&info, day).unwrap_err().to_string().contains("cover nothing"));
}

#[test]
fn same_bars_same_bytes() {
    let scratch = Scratch::new();
    let bars = hourly(500, 100.0);
    let hash = |symbol: &str| {
        publish(&scratch, symbol, &bars).unwrap();
        scratch.hub.bar_info("binance", &spec("1h"), symbol).unwrap().content_hash
    };
    assert_eq!(hash("A"), hash("B"));
}

#[test]
fn unsorted_rows_on_disk_are_named() {
    let scratch = Scratch::new();
    let mut bars = hourly(10, 100.0);
    bars.timestamp.swap(4, 5);
    // The publisher would refuse these rows, so they are written past it.
    let mut writer =
        SingleWriter::begin(scratch.hub.root(), "bars/binance/1h/X.parquet".into(), &specs(&spec("1h"), &bars))
            .unwrap();
    let mut values = vec![Values::I64(&bars.timestamp), Values::I64(&bars.available_at)];
    values.extend(bars.columns().map(|column| Values::F64(column)));
    writer.write_group(10, &values).unwrap();
    writer.finish(&source(Origin::Klines)).unwrap();
    let error = scratch.hub.read_bars("binance", &spec("1h"), "X", &["close"], Range::ALL).unwrap_err().to_string();
    assert!(error.contains("X.parquet`, row 5: timestamp is 2024-01-01T04:00:00Z, expected strictly after"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_bars_round_trip(steps in prop::collection::vec(1_i64..10_000_000_000, 0..400), cut in 0_usize..400, seed in any::<u32>()) {
        let scratch = Scratch::new();
        let mut bars = Bars::default();
        let mut time = 1_600_000_000_000_000_i64;
        for (i, step) in steps.iter().enumerate() {
            bars.timestamp.push(time);
            bars.available_at.push(time + step);
            time += step;
            for (k, column) in bars.columns_mut().into_iter().enumerate() {
                column.push(f64::from(seed) * 1e-6 + 1.0 + (i * 31 + k) as f64 / 3.0);
            }
        }
        publish(&scratch, "X", &bars).unwrap();
        assert_same_bars(&scratch.hub.read_all_bars("binance", &spec("1h"), "X").unwrap(), &bars);
        let start = bars.timestamp.get(cut).copied();
        let table = scratch.hub.read_bars("binance", &spec("1h"), "X", &["vwap"], Range { start, end: None }).unwrap();
        let from = if start.is_some() { cut } else { 0 };
        prop_assert_eq!(table.f64("vwap").unwrap(), &bars.vwap[from..]);
    }
}
