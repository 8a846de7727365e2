//! Shares: LEAN's daily files with their factor and map files, vendors' adjustments, calendars.

use std::path::PathBuf;

use crosscut_model::time::{HOUR, parse_iso};
use crosscut_model::{BarSpec, Bars, CorporateAction};

use crate::import::ImportRequest;
use crate::testing::{Bench, shared};

/// A UTC time.
fn at(text: &str) -> i64 {
    parse_iso(text).unwrap()
}

/// A kind of bars.
fn spec(text: &str) -> BarSpec {
    text.parse().unwrap()
}

/// Imports files at the venue `us`.
fn import(bench: &Bench, files: &[PathBuf]) -> String {
    bench.import_as(&ImportRequest { venue: "us".to_owned(), ..bench.request(files) })
}

/// All bars of a symbol.
fn bars(bench: &Bench, kind: &str, symbol: &str) -> Bars {
    bench.hub().read_all_bars("us", &spec(kind), symbol).unwrap()
}

/// Four days of a share that is split 2 for 1 on the third and pays 5 dollars on the fourth.
const DAILY: &str = "20131126 00:00,1000000,1000000,1000000,1000000,10\n20131127 00:00,1000000,1010000,990000,1000000,20\n\
    20131129 00:00,500000,510000,490000,500000,40\n20131202 00:00,450000,450000,450000,450000,40\n";

/// Its factor file: each row holds up to and including its day.
const FACTORS: &str = "20131126,0.9,0.5,1\n20131127,0.9,0.5,100\n20131129,0.9,1,50\n20501231,1,1,0\n";

#[test]
fn splits_and_dividends_by_hand() {
    let bench = Bench::new();
    bench.file("lean/factor_files/abc.csv", FACTORS);
    bench.file("lean/map_files/abc.csv", "20131126,abc,N\n20501231,abc,N\n");
    let hours = r#"{"entries":{"Equity-usa-[*]":{"exchangeTimeZone":"America/New_York",
        "monday":[{"start":"04:00:00","end":"09:30:00","state":"premarket"},{"start":"09:30:00","end":"16:00:00","state":"market"}],
        "wednesday":[{"start":"09:30:00","end":"16:00:00","state":"market"}],"tuesday":[{"start":"09:30:00","end":"16:00:00","state":"market"}],
        "friday":[{"start":"09:30:00","end":"16:00:00","state":"market"}],
        "holidays":["11/28/2013"],"earlyCloses":{"11/29/2013":"13:00:00"}}}}"#;
    let calendar = bench.file("market_hours.json", hours);
    let daily = bench.zip("lean/daily/abc", DAILY);
    let said = import(&bench, &[calendar, daily.clone()]);
    assert!(
        said.contains(
            "LEAN market hours, JSON, no day or month in its name, no checksum beside it, 1 holidays, 1 early closes"
        ),
        "{said}"
    );
    assert!(
        said.contains("ABC 1d bars: written, 4 rows") && said.contains("ABC corporate actions: written, 2 rows"),
        "{said}"
    );
    let raw = bars(&bench, "1d", "ABC");
    assert_eq!(raw.close, [100.0, 100.0, 50.0, 45.0]);
    // The Friday after Thanksgiving closes at one.
    assert_eq!(raw.available_at[1..3], [at("2013-11-27T21:00:00Z"), at("2013-11-29T18:00:00Z")]);
    let action = |day: &str, split, dividend, factor| CorporateAction {
        timestamp: at(day),
        available_at: at(day) + 14 * HOUR + HOUR / 2,
        split,
        dividend,
        factor,
    };
    assert_eq!(
        bench.hub().corporate_actions("us", "ABC").unwrap(),
        [action("2013-11-29", 2.0, 0.0, 0.5), action("2013-12-02", 1.0, 5.0, 0.9)]
    );
    // Nothing was gained or lost: the adjusted price stays, and so does the money that changed hands.
    let adjusted = bars(&bench, "adjusted-1d", "ABC");
    assert!(adjusted.close.iter().all(|price| (price - 100.0).abs() < 1e-12), "{:?}", adjusted.close);
    assert_eq!((adjusted.volume[2], adjusted.available_at.clone()), (20.0, raw.available_at.clone()));
    let row = bench.hub().instrument("us", "ABC").unwrap().remove(0);
    assert_eq!((row.listed_at, row.delisted_at), (Some(at("2013-11-26T14:30:00Z")), None));
    let before = bench.hub_bytes();
    import(&bench, &[daily]);
    assert_eq!(bench.hub_bytes(), before, "the same again changes nothing");
    // What comes later changes no adjusted bar that was there.
    let longer = format!("{DAILY}20131203 00:00,22500,22500,22500,22500,800\n");
    bench.file(
        "lean/factor_files/abc.csv",
        FACTORS
            .replace("20501231", "20131202,1,0.05,45\n20501231")
            .replace(",0.5,", ",0.025,")
            .replace("0.9,1,50", "0.9,0.05,50"),
    );
    let said = import(&bench, &[bench.zip("lean/daily/abc", &longer)]);
    assert!(!said.contains("refused"), "{said}");
    let later = bars(&bench, "adjusted-1d", "ABC");
    assert_eq!(later.close[..4], adjusted.close);
    assert!((later.close[4] - 100.0).abs() < 1e-9, "{:?}", later.close);
}

#[test]
fn a_table_without_rows_says_that_there_were_no_actions() {
    let bench = Bench::new();
    let bars = "symbol,date,open,high,low,close,volume\nABC,2024-01-02,10,10,10,10,5\nABC,2024-01-03,10,10,10,10,5\n";
    import(&bench, &[bench.file("bars.csv", bars)]);
    for (name, text) in [
        ("none.csv", "symbol,ex_date,split,dividend\n"),
        ("bare.csv", "ticker,exdate,factor"),
        ("gap.csv", "symbol,ex_date,factor\n\n"),
    ] {
        let said = import(&bench, &[bench.file(name, text)]);
        assert!(said.contains("a header and no row: no corporate actions") && !said.contains("hint"), "{said}");
        assert!(bench.hub().corporate_actions("us", "ABC").unwrap().is_empty());
    }
}

#[test]
fn bad_files_of_lean() {
    let says = |name: &str, text: &str| {
        let bench = Bench::new();
        bench.file("lean/daily/abc.csv", DAILY);
        let file = bench.file(&format!("lean/{name}"), text);
        let said = import(&bench, &[bench.path("lean/daily/abc.csv"), file]);
        assert!(!said.contains("ABC 1d bars: written") || name.starts_with("daily/x"), "{said}");
        said
    };
    assert!(says("factor_files/abc.csv", "20131126,0.9,oops,1\n").contains("row 1: the split factor is `oops`"));
    let falling = says("factor_files/abc.csv", "20131126,1,1,100\n20501231,0.9,1,0\n");
    assert!(falling.contains("row 1: the price factor 1 is above the next one, 0.9"), "{falling}");
    assert!(
        says("map_files/abc.csv", "20131126,abc,N\n20131026,abc,N\n")
            .contains("row 2: the date 20131026 does not come after")
    );
    assert!(
        says("daily/x.csv", &DAILY.replace("510000", "510000.5"))
            .contains("row 3: high is 510000.5; expected a whole number")
    );
    let bench = Bench::new();
    let said = import(&bench, &[bench.file("factor_files/abc.csv", FACTORS)]);
    assert!(said.contains("is of no use without the daily files"), "{said}");
}

#[test]
fn real_daily_files() {
    let bench = Bench::new();
    let Some(folder) = shared("data/equities/lean_us_daily") else { return };
    let said = import(&bench, &[folder.join("daily"), folder.join("factor_files"), folder.join("map_files")]);
    assert!(!said.contains("refused"), "{said}");
    let hub = bench.hub();
    let symbols = hub.bar_symbols("us", &spec("1d")).unwrap();
    assert_eq!(
        symbols,
        [
            "AAPL",
            "BAC",
            "BAC~19980102",
            "EEM",
            "EEM~19980106",
            "GOOG",
            "GOOGL",
            "IBM",
            "QQQ",
            "SPY",
            "WM",
            "WM~19981209"
        ]
    );
    let apple = bars(&bench, "1d", "AAPL");
    assert_eq!((apple.len(), apple.close[0], apple.close[5848]), (5849, 16.25, 122.15));
    let splits: Vec<(String, f64)> = hub
        .corporate_actions("us", "AAPL")
        .unwrap()
        .into_iter()
        .filter(|action| action.split != 1.0)
        .map(|action| (crosscut_model::time::format_date(action.timestamp), action.split))
        .collect();
    let day = |day: &str, split| (day.to_owned(), split);
    assert_eq!(
        splits,
        [day("2000-06-21", 2.0), day("2005-02-28", 2.0), day("2014-06-09", 7.0), day("2020-08-31", 4.0)]
    );
    let paid = hub
        .corporate_actions("us", "AAPL")
        .unwrap()
        .into_iter()
        .find(|action| action.timestamp == at("2020-11-06"))
        .unwrap();
    assert_eq!(paid.dividend, 0.205);
    // By LEAN's own factors: the total return of SPY over its file.
    let spy = bars(&bench, "adjusted-1d", "SPY");
    let total = spy.close[spy.len() - 1] / spy.close[0];
    assert!((total / (396.33 / (97.36 * 0.656_660_6)) - 1.0).abs() < 1e-9, "{total}");
    // One instrument through a change of ticker: Waste Management was WMI until 2009-08-04 and took over WM, which had been
    // Washington Mutual's; Alphabet's A share was GOOG until its C share took the name.
    let waste = bars(&bench, "1d", "WM");
    assert_eq!((waste.timestamp[0], waste.close[0]), (at("1998-07-17"), 57.5));
    let around = waste.timestamp.partition_point(|day| *day <= at("2009-08-04"));
    assert_eq!((around, waste.close[around - 1], waste.timestamp[around]), (2780, 28.5, at("2009-08-05")));
    let names: Vec<String> = hub
        .instrument("us", "WM")
        .unwrap()
        .iter()
        .map(|row| format!("{:?} {:?}", row.listed_as, row.valid_from.map(crosscut_model::time::format_date)))
        .collect();
    assert_eq!(names, ["Some(\"UW\") None", "Some(\"WMI\") Some(\"1998-07-17\")", "Some(\"WM\") Some(\"2009-08-05\")"]);
    let google = bars(&bench, "1d", "GOOGL");
    assert_eq!((google.timestamp[0], bars(&bench, "1d", "GOOG").timestamp[0]), (at("2004-08-19"), at("2014-04-03")));
    let bank = hub.instrument("us", "WM~19981209").unwrap().remove(0);
    assert_eq!(
        bank.delisted_at,
        Some(at("2008-09-26T20:00:00Z")),
        "the bank failed a year before its ticker was taken"
    );
}

#[test]
fn real_calendar_knows_every_session() {
    let bench = Bench::new();
    let Some(hours) = shared("data/reference/lean_market_hours.json.gz") else { return };
    let prices = shared("data/equities/us_all_daily_2015_2017_prices.parquet").unwrap();
    let said = import(&bench, &[hours, prices]);
    assert!(said.contains("293 holidays, 65 early closes"), "{said}");
    let sessions = bench.hub().sessions("us").unwrap().unwrap();
    let spx = bars(&bench, "1d", "AAPL");
    let mut day = spx.timestamp[0];
    for label in &spx.timestamp[1..] {
        day = sessions.next_day(day).unwrap();
        assert_eq!(*label, day, "the bars of a liquid share are the calendar's sessions");
    }
    let early = spx.timestamp.iter().position(|label| *label == at("2015-11-27")).unwrap();
    assert_eq!(spx.available_at[early], at("2015-11-27T18:00:00Z"));
}

#[test]
fn real_adjustments_of_a_vendor() {
    let bench = Bench::new();
    let Some(prices) = shared("data/equities/us_all_daily_2015_2017_prices.parquet") else { return };
    let factors = shared("data/equities/us_all_daily_2015_2017_adjustments.parquet").unwrap();
    let said = import(&bench, &[factors, prices]);
    assert!(!said.contains("refused"), "{said}");
    assert!(said.contains("NFLX: the prices contradict the split 7 of 2015-07-14, the row was dropped"), "{said}");
    let hub = bench.hub();
    let symbols = hub.action_symbols("us").unwrap();
    let rows: usize = symbols.iter().map(|symbol| hub.corporate_actions("us", symbol).unwrap().len()).sum();
    // By pandas with the same rule: four splits that the prices contradict are left out.
    assert_eq!((symbols.len(), rows), (253, 1_640));
    let netflix = hub.corporate_actions("us", "NFLX").unwrap();
    assert_eq!((netflix.len(), netflix[0].timestamp, netflix[0].split), (1, at("2015-07-15"), 7.0));
    let baxter = hub.corporate_actions("us", "BAX").unwrap();
    let spun = baxter.iter().find(|action| action.timestamp == at("2015-07-01")).unwrap();
    assert_eq!(spun.split, 1.0, "a spin-off is paid out, no split: {spun:?}");
    let adjusted = bars(&bench, "adjusted-1d", "NFLX");
    let largest = adjusted.close.windows(2).map(|pair| (pair[1] / pair[0]).max(pair[0] / pair[1])).fold(0.0, f64::max);
    assert!(largest < 1.25, "{largest}");
    assert_eq!(hub.bar_symbols("us", &spec("adjusted-1d")).unwrap().len(), 372);
}
