//! Runs on small hubs: what is published, what is skipped, what is refused, and that neither threads nor later bars
//! change a number.

use std::collections::BTreeMap;
use std::path::Path;

use crosscut_hub::{FactorSet, Hub};
use crosscut_model::time::HOUR;
use crosscut_model::{Range, Table};

use super::market::{VENUE, bars, hourly, hub, publish, publish_as};
use crate::{Config, FactorsError, Outcome, RunOptions, Silent, Summary, run, update};

/// A set of plain, windowed, stateful and let-using factors.
const PLAIN: &str = "
factor_set: plain__1
timeframe: 1h
source: {venue: test, bars: 1h}
tradable: volume > 0
library: features
let: {ret1: \"close / delay(close, 1) - 1\"}
factors:
  - {name: 'gain_{w}', formula: 'ts_sum(ret1, {w})', windows: [3, 24], notes: summed returns}
";

/// A set that compares symbols.
const RANKED: &str = "
factor_set: ranked__1
timeframe: 1h
source: {venue: test, bars: 1h}
tradable: volume > 0
factors:
  - {name: strength, formula: 'cs_rank(close / delay(close, 5) - 1)'}
  - {name: change, formula: 'delta(close, 2)'}
";

/// Runs the text of a set.
fn run_text(root: &Path, text: &str, threads: usize) -> Result<Summary, FactorsError> {
    let options =
        RunOptions { threads, code_version: "1.2.3".to_owned(), generation_time: "2026-01-01T00:00:00Z".to_owned() };
    run(&Config::parse(text, "set.yaml")?, root, &options, &Silent)
}

/// Updates the set of a text.
fn update_text(root: &Path, text: &str, threads: usize) -> Result<Summary, FactorsError> {
    let options =
        RunOptions { threads, code_version: "1.2.3".to_owned(), generation_time: "2026-01-01T00:00:00Z".to_owned() };
    update(&Config::parse(text, "set.yaml")?, root, &options, &Silent)
}

/// The published set.
fn published(root: &Path, name: &str) -> FactorSet {
    Hub::open(root).unwrap().factor_set("1h".parse().unwrap(), name).unwrap()
}

/// All columns of a published symbol.
fn table(set: &FactorSet, symbol: &str) -> Table {
    let columns: Vec<&str> = set.columns().iter().map(String::as_str).collect();
    set.read(symbol, &columns, Range::ALL).unwrap()
}

/// All files of a folder by relative path, links included.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut out = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                out.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    out
}

#[test]
fn a_run_publishes_columns_flags_and_metadata() {
    let root = hub();
    let summary = run_text(root.path(), PLAIN, 2).unwrap();
    assert_eq!((summary.outcome, summary.n_symbols, summary.n_rows), (Outcome::Published, 3, 400 + 300 + 386));
    assert!(summary.warnings.is_empty(), "{:?}", summary.warnings);
    let set = published(root.path(), "plain__1");
    assert_eq!(set.symbols(), ["AAA", "BBB", "CCC"]);
    assert_eq!(set.columns(), summary.columns);
    let metadata = set.metadata();
    assert_eq!(metadata.source_data_path, "bars/test/1h");
    assert_eq!(metadata.inputs.len(), 3);
    assert_eq!(metadata.inputs[0].table, "bars/test/1h/AAA.parquet");
    assert!(metadata.notes.contains(&"periods_per_year = 8760".to_owned()), "{:?}", metadata.notes);
    assert!(metadata.notes.contains(&"gain_{w}: summed returns".to_owned()), "{:?}", metadata.notes);
    assert_eq!(metadata.config["tradable"], "volume > 0");
    let quality = metadata.quality["gain_24"];
    assert_eq!(quality.missing_ratio, 3.0 * 24.0 / 1086.0, "24 rows of warm-up per symbol");
    let table = table(&set, "CCC");
    let source = bars(3, &(0..400).filter(|h| h % 50 != 7 && !(200..206).contains(h)).collect::<Vec<_>>());
    assert_eq!(table.i64("timestamp").unwrap(), source.timestamp);
    let gain = table.f64("gain_3").unwrap();
    let ret = |row: usize| source.close[row] / source.close[row - 1] - 1.0;
    assert!(gain[2].is_nan(), "the first return is unknown");
    assert!((gain[100] - (ret(98) + ret(99) + ret(100))).abs() < 1e-12);
    assert!(table.bool("tradable_flag").unwrap().iter().all(|&flag| flag));
}

#[test]
fn an_unchanged_set_is_skipped_and_a_changed_one_is_not() {
    let root = hub();
    run_text(root.path(), PLAIN, 2).unwrap();
    let before = files(root.path());
    let again = run_text(root.path(), PLAIN, 1).unwrap();
    assert_eq!((again.outcome, again.n_symbols, again.n_rows), (Outcome::Unchanged, 3, 1086));
    assert_eq!(files(root.path()), before);
    publish(root.path(), "BBB", &bars(2, &(100..410).collect::<Vec<_>>()));
    let third = update_text(root.path(), PLAIN, 2).unwrap();
    assert_eq!((third.outcome, third.n_kept, third.n_rows), (Outcome::Published, 2, 1096));
    assert_eq!((third.n_new_rows, third.n_rows_again, third.full_because), (10, 0, None));
    assert_eq!(published(root.path(), "plain__1").metadata().generation, 2);
    let fresh = hub();
    publish(fresh.path(), "BBB", &bars(2, &(100..410).collect::<Vec<_>>()));
    run_text(fresh.path(), PLAIN, 2).unwrap();
    let (kept, made) = (published(root.path(), "plain__1"), published(fresh.path(), "plain__1"));
    for symbol in made.symbols() {
        let (a, b) = (table(&kept, symbol), table(&made, symbol));
        assert_eq!(format!("{a:?}"), format!("{b:?}"), "an update gives what a full run gives");
    }
    assert_eq!(kept.metadata().quality, made.metadata().quality);
}

#[test]
fn another_definition_asks_for_another_name() {
    let root = hub();
    run_text(root.path(), PLAIN, 2).unwrap();
    for changed in [PLAIN.replace("[3, 24]", "[3, 25]"), PLAIN.replace("volume > 0", "volume > 1")] {
        let message = run_text(root.path(), &changed, 2).unwrap_err().to_string();
        assert!(message.contains("plain__1"), "{message}");
        assert_eq!(published(root.path(), "plain__1").metadata().generation, 1);
    }
    let noted = PLAIN.replace("summed returns", "other words");
    assert_eq!(run_text(root.path(), &noted, 2).unwrap().outcome, Outcome::Unchanged, "a note changes no number");
}

#[test]
fn threads_do_not_change_a_byte() {
    for text in [PLAIN, RANKED] {
        let (one, two) = (hub(), hub());
        run_text(one.path(), text, 1).unwrap();
        run_text(two.path(), text, 2).unwrap();
        assert_eq!(files(one.path()), files(two.path()));
    }
}

#[test]
fn later_bars_change_nothing_earlier() {
    for (text, name) in [(PLAIN, "plain__1"), (RANKED, "ranked__1")] {
        let (before, after) = (hub(), hub());
        run_text(before.path(), text, 2).unwrap();
        let mut changed = bars(1, &(0..400).collect::<Vec<_>>());
        for column in changed.columns_mut() {
            let last = column.len() - 1;
            column[last] *= 3.0;
        }
        publish(after.path(), "AAA", &changed);
        run_text(after.path(), text, 2).unwrap();
        let (old, new) = (published(before.path(), name), published(after.path(), name));
        let last = old.metadata().tables["AAA"].last;
        let past = Range { start: None, end: Some(last) };
        let columns: Vec<&str> = old.columns().iter().map(String::as_str).collect();
        let mut n_different = 0;
        for symbol in old.symbols() {
            let (a, b) = (old.read(symbol, &columns, past).unwrap(), new.read(symbol, &columns, past).unwrap());
            assert_eq!(format!("{a:?}"), format!("{b:?}"), "{name} {symbol}");
            let (a, b) = (table(&old, symbol), table(&new, symbol));
            n_different += usize::from(format!("{a:?}") != format!("{b:?}"));
        }
        assert!(n_different > 0, "the change must be visible at its own time");
    }
}

#[test]
fn ranks_compare_the_symbols_that_have_a_bar() {
    let root = hub();
    run_text(root.path(), RANKED, 2).unwrap();
    let set = published(root.path(), "ranked__1");
    let at = |symbol: &str, hour: i64| {
        let start = crosscut_model::parse_iso("2024-01-01").unwrap() + hour * HOUR;
        let range = Range { start: Some(start), end: Some(start + HOUR) };
        set.read(symbol, &["strength"], range).unwrap().f64("strength").unwrap().first().copied()
    };
    // Hour 50: AAA and CCC trade, BBB is not listed; ranks of two are some order of a low and a high one.
    let (a, c) = (at("AAA", 50).unwrap(), at("CCC", 50).unwrap());
    assert!(a != c && at("BBB", 50).is_none());
    // Hour 203: CCC has no bar.
    assert!(at("CCC", 203).is_none() && at("AAA", 203).unwrap() != at("BBB", 203).unwrap());
}

#[test]
fn missing_bars_are_filled_only_when_asked() {
    let root = hub();
    let text = PLAIN.replace("plain__1", "filled__1").replace("tradable:", "fill: {forward: 2}\ntradable:");
    let summary = run_text(root.path(), &text, 2).unwrap();
    // CCC lacks hour 7 of every 50, eight times, and six hours from 200, of which two are filled.
    assert_eq!((summary.n_filled, summary.n_rows), (10, 1096));
    let set = published(root.path(), "filled__1");
    assert!(set.metadata().notes.contains(&"fill: 10 rows invented, never tradable".to_owned()));
    let table = table(&set, "CCC");
    let flags = table.bool("tradable_flag").unwrap();
    assert_eq!(flags.iter().filter(|flag| !**flag).count(), 10);
    assert!(!flags[7] && flags[8]);
    assert!(table.f64("return_1").unwrap()[7] == 0.0, "the price stood still");
}

#[test]
fn outliers_are_dropped_and_counted() {
    let root = hub();
    let mut wild = bars(3, &(0..400).collect::<Vec<_>>());
    wild.close[300] *= 2.0;
    wild.high[300] *= 2.0;
    publish(root.path(), "CCC", &wild);
    publish(root.path(), "DDD", &bars(4, &(0..400).collect::<Vec<_>>()));
    let text = "
factor_set: clean__1
timeframe: 1h
source: {venue: test, bars: 1h}
outliers: {drop_beyond_mad: 40}
factors: [{name: return_1, formula: 'close / delay(close, 1) - 1'}]
";
    let summary = run_text(root.path(), text, 2).unwrap();
    let set = published(root.path(), "clean__1");
    let dropped = table(&set, "CCC").f64("return_1").unwrap()[300];
    assert!(dropped.is_nan());
    let note = format!("outliers: {} values of return_1 changed or dropped", summary.n_outliers);
    assert!(summary.n_outliers >= 1 && set.metadata().notes.contains(&note), "{:?}", set.metadata().notes);
}

#[test]
fn missing_inputs_block_trading_and_unknown_ones_do_not() {
    let root = hub();
    let mut holes = bars(9, &(0..50).collect::<Vec<_>>());
    holes.medium_price.fill(f64::NAN);
    holes.buy_volume[20] = f64::NAN;
    holes.volume[30] = 0.0;
    publish(root.path(), "HHH", &holes);
    run_text(root.path(), PLAIN, 2).unwrap();
    let set = published(root.path(), "plain__1");
    let table = table(&set, "HHH");
    let blocked: Vec<usize> = (0..50).filter(|&row| !table.bool("tradable_flag").unwrap()[row]).collect();
    assert_eq!(blocked, [20, 30], "a median price that the source never gives blocks nothing");
    assert!(table.f64("vwap_median_dev").unwrap().iter().all(|value| value.is_nan()));
}

#[test]
fn columns_without_values_are_told() {
    let root = tempfile::tempdir().unwrap();
    let mut short = bars(1, &[0, 1, 2, 3]);
    short.medium_price.fill(f64::NAN);
    publish(root.path(), "AAA", &short);
    let text = "
factor_set: short__1
timeframe: 1h
source: {venue: test, bars: 1h}
factors:
  - {name: far, formula: 'delay(close, 10)'}
  - {name: median, formula: 'medium_price + 0'}
  - {name: near, formula: 'delay(close, 1)'}
";
    let warnings = run_text(root.path(), text, 1).unwrap().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("columns without a value") && warnings[0].ends_with(": far, median"));
}

#[test]
fn one_row_and_no_row_are_runs_too() {
    let root = tempfile::tempdir().unwrap();
    publish(root.path(), "AAA", &bars(1, &[5]));
    let summary = run_text(root.path(), RANKED, 2).unwrap();
    assert_eq!((summary.n_rows, summary.n_symbols), (1, 1));
}

#[test]
fn formulas_and_families_are_checked_with_their_place() {
    let root = hub();
    for (from, to, expected) in [
        (
            "library: features",
            "library: featurs",
            "set.yaml:6: library: there is no family `featurs`; there are features, kit_w3, alpha101, alpha158, alpha360, talib, indicators, charting, sessions\nhint: did you mean `features`?",
        ),
        ("ts_sum(ret1, {w})", "ts_summ(ret1, {w})", "set.yaml:9: factor `gain_3`"),
        ("ts_sum(ret1, {w})", "ts_sum(ret1, {w}", "set.yaml:9: factor `gain_3`"),
        ("volume > 0", "volum > 0", "set.yaml:5: factor `tradable`"),
        ("delay(close, 1) - 1\"", "delay(clos, 1) - 1\"", "set.yaml:7: let `ret1`"),
        (
            "windows: [3, 24]",
            "windows: [3, 24]}\n  - {name: return_20, formula: ret1",
            "set.yaml:10: factor `return_20` is defined twice",
        ),
    ] {
        let message = run_text(root.path(), &PLAIN.replace(from, to), 1).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn symbols_that_are_not_there() {
    let root = hub();
    let with = |symbols: &str| PLAIN.replace("tradable:", &format!("symbols: {symbols}\ntradable:"));
    let message = run_text(root.path(), &with("[AAA, BBX]"), 1).unwrap_err().to_string();
    assert!(message.contains("BBX") && message.contains("BBB"), "{message}");
    let message = run_text(root.path(), &with("top5"), 1).unwrap_err().to_string();
    assert!(message.contains("top5"), "{message}");
    let message = run_text(root.path(), &PLAIN.replace("venue: test", "venue: tset"), 1).unwrap_err().to_string();
    assert!(message.contains("tset") && message.contains("test"), "{message}");
    let two = run_text(root.path(), &with("[BBB, AAA]"), 1).unwrap();
    assert_eq!(two.n_symbols, 2);
}

#[test]
fn features_can_be_looked_at_without_publishing() {
    let root = hub();
    let hub = Hub::open(root.path()).unwrap();
    let symbols = ["CCC".to_owned(), "AAA".to_owned()];
    let both = crate::features_of_symbols(&hub, (VENUE, hourly()), &symbols, "features", Some(vec![7])).unwrap();
    assert_eq!(both.len(), 400 + 386);
    assert_eq!((both.text("symbol").unwrap()[0].as_str(), both.text("symbol").unwrap()[400].as_str()), ("AAA", "CCC"));
    let alone = crate::features_of_symbols(&hub, (VENUE, hourly()), &symbols[1..], "features", Some(vec![7])).unwrap();
    let (whole, part) = (both.f64("return_7").unwrap(), alone.f64("return_7").unwrap());
    assert_eq!(format!("{:?}", &whole[..400]), format!("{part:?}"));
    assert!(hub.factor_sets().unwrap().is_empty());
    let message =
        crate::features_of_symbols(&hub, (VENUE, hourly()), &symbols, "feature", None).unwrap_err().to_string();
    assert!(message.contains("did you mean `features`?"), "{message}");
}

#[test]
fn event_bars_that_share_labels_have_factors() {
    let root = tempfile::tempdir().unwrap();
    // Bars 4 to 8 open and close at one moment, as those of one large trade do.
    let events = |n: i64| {
        let mut events = bars(1, &(0..n).collect::<Vec<_>>());
        events.bar_seq = (0..n).collect();
        for row in 4..9 {
            (events.timestamp[row], events.available_at[row]) = (events.timestamp[8], events.timestamp[8]);
        }
        events
    };
    let text = "
factor_set: events__1
timeframe: 1h
source: {venue: test, bars: dollar-1000}
factors: [{name: change, formula: 'delta(close, 1)'}, {name: smooth, formula: 'ema(close, 5)'}]
";
    let full = text.replace("events__1", "full__1");
    let mut corrected = events(50);
    corrected.close[6] = corrected.high[6];
    let mut gone = events(50);
    for column in gone.columns_mut() {
        column.remove(5);
    }
    for times in [&mut gone.timestamp, &mut gone.available_at, &mut gone.bar_seq] {
        times.remove(5);
    }
    for (at, bars) in [events(30), events(50), corrected, gone, events(9), events(400)].iter().enumerate() {
        publish_as(root.path(), "dollar-1000", "AAA", bars);
        update_text(root.path(), text, 2).unwrap();
        let _ = std::fs::remove_file(root.path().join("factors/1h/full__1"));
        run_text(root.path(), &full, 1).unwrap();
        let (updated, whole) = (published(root.path(), "events__1"), published(root.path(), "full__1"));
        let (rows, expected) = (table(&updated, "AAA"), table(&whole, "AAA"));
        assert_eq!(rows.i64("bar_seq").unwrap(), bars.bar_seq, "{at}");
        assert_eq!(format!("{rows:?}"), format!("{expected:?}"), "{at}");
        assert_eq!(updated.content_hash("AAA"), whole.content_hash("AAA"), "{at}");
        assert_eq!(updated.metadata().quality, whole.metadata().quality, "{at}");
        let moments = rows.i64("timestamp").unwrap().iter().filter(|time| **time == bars.timestamp[4]).count();
        assert!(moments >= 4, "{moments} rows share a label");
    }
    let ranked = text.replace("events__1", "events__2").replace("delta(close, 1)", "cs_rank(close)");
    let message = run_text(root.path(), &ranked, 2).unwrap_err().to_string();
    assert!(message.contains("use time bars"), "{message}");
}

#[test]
fn columns_that_compare_symbols_stand_among_those_that_do_not() {
    let root = hub();
    let text = "
factor_set: mixed__1
timeframe: 1h
source: {venue: test, bars: 1h}
tradable: high_rank > 0.4
let: {ret1: 'close / delay(close, 1) - 1'}
factors:
  - {name: base, formula: 'ts_mean(ret1, 5)'}
  - {name: ranked, formula: 'cs_rank(base)'}
  - {name: twice, formula: 'base * 2'}
  - {name: high_rank, formula: 'ts_mean(ranked, 3)'}
  - {name: inline, formula: 'ts_mean(cs_rank(ts_mean(close / delay(close, 1) - 1, 5)), 3)'}
";
    run_text(root.path(), text, 2).unwrap();
    let set = published(root.path(), "mixed__1");
    assert_eq!(set.columns(), ["base", "ranked", "twice", "high_rank", "inline"]);
    for symbol in set.symbols() {
        let table = table(&set, symbol);
        let (base, twice) = (table.f64("base").unwrap(), table.f64("twice").unwrap());
        assert!(base.iter().zip(twice).all(|(a, b)| 2.0 * a == *b || a.is_nan() && b.is_nan()));
        let (named, inline) = (table.f64("high_rank").unwrap(), table.f64("inline").unwrap());
        assert_eq!(format!("{named:?}"), format!("{inline:?}"));
        let flags = table.bool("tradable_flag").unwrap();
        assert!(flags.iter().zip(named).all(|(flag, value)| *flag == (*value > 0.4)));
        assert!(flags.contains(&true) && table.f64("ranked").unwrap().iter().any(|rank| rank.is_finite()));
    }
}

#[test]
fn a_family_leaves_out_what_the_bars_lack_and_says_so() {
    let root = hub();
    let text = "factor_set: alphas__1\ntimeframe: 1h\nsource: {venue: test, bars: 1h}\nlibrary: alpha101\n\
                let: {'spread(a, b)': 'a / b - 1'}\nfactors: [{name: gap, formula: 'spread(close, open)'}]\n";
    let summary = run_text(root.path(), text, 2).unwrap();
    let told = summary.warnings.iter().find(|line| line.starts_with("library alpha101: left out")).unwrap();
    assert!(told.contains("alpha_048 (subindustry)"), "{told}");
    let set = published(root.path(), "alphas__1");
    assert!(set.columns().iter().any(|column| column == "alpha_101"), "{:?}", set.columns());
    assert!(!set.columns().iter().any(|column| column == "alpha_048"));
    let table = set.read("AAA", &["gap"], Range::ALL);
    assert!(table.is_ok_and(|table| table.f64("gap").unwrap().iter().any(|value| value.is_finite())));
}
