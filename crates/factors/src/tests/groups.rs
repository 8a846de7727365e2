//! Group files: what formulas see of them, what is said of wrong ones, and that a changed one is a changed input.

use std::fs;
use std::path::Path;

use crosscut_hub::Hub;
use crosscut_model::Range;

use super::market::{bars, hub, publish};
use crate::{Config, FactorsError, Outcome, RunOptions, Silent, Summary, run, update};

/// A set with two group columns, one of which changes with time.
const GROUPED: &str = "
factor_set: grouped__1
timeframe: 1h
source: {venue: test, bars: 1h}
groups: {sector: sectors.csv, industry: lists/industries.csv}
library: sessions
factors:
  - {name: code, formula: 'sector + 0'}
  - {name: other, formula: 'industry + 0'}
  - {name: apart, formula: 'group_neutralize(close, sector)', notes: apart from its sector}
";

/// A folder with the files of the set.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lists")).unwrap();
    let sectors = "symbol,category,from\nAAA,tech,\nAAA,energy,2024-01-02\nBBB,\"oil, gas\",\nZZZ,tech,\nCCC,tech,\n\
                   CCC,,2024-01-01T10:00Z\n";
    fs::write(folder.path().join("sectors.csv"), sectors).unwrap();
    fs::write(folder.path().join("lists/industries.csv"), "\u{feff}symbol,category\r\nBBB , mining\r\n\r\n").unwrap();
    fs::write(folder.path().join("set.yaml"), GROUPED).unwrap();
    folder
}

/// Runs the set of a folder.
fn run_in(folder: &Path, root: &Path) -> Result<Summary, FactorsError> {
    run_config(&Config::read(&folder.join("set.yaml"))?, root)
}

/// Runs a set.
fn run_config(config: &Config, root: &Path) -> Result<Summary, FactorsError> {
    let options =
        RunOptions { threads: 2, code_version: "1".to_owned(), generation_time: "2026-01-01T00:00:00Z".to_owned() };
    run(config, root, &options, &Silent)
}

/// A column of the published set.
fn column(root: &Path, symbol: &str, name: &str) -> Vec<f64> {
    let set = Hub::open(root).unwrap().factor_set("1h".parse().unwrap(), "grouped__1").unwrap();
    set.read(symbol, &[name], Range::ALL).unwrap().f64(name).unwrap().to_vec()
}

#[test]
fn categories_are_codes_from_their_time_on() {
    let (root, folder) = (hub(), folder());
    run_in(folder.path(), root.path()).unwrap();
    // Sorted: energy 0, "oil, gas" 1, tech 2. AAA begins at midnight of 2024-01-01.
    let code = column(root.path(), "AAA", "code");
    assert!(code[..24].iter().all(|value| *value == 2.0) && code[24..].iter().all(|value| *value == 0.0));
    assert!(column(root.path(), "BBB", "code").iter().all(|value| *value == 1.0));
    let code = column(root.path(), "CCC", "code");
    // CCC has no bar at hour 7, so that row 9 is hour 10, from which on it has no sector.
    assert!(code[..9].iter().all(|value| *value == 2.0) && code[9..].iter().all(|value| value.is_nan()));
    assert!(column(root.path(), "AAA", "other").iter().all(|value| value.is_nan()));
    assert!(column(root.path(), "BBB", "other").iter().all(|value| *value == 0.0));
    let (a, c) = (column(root.path(), "AAA", "apart"), column(root.path(), "CCC", "apart"));
    let (close_a, close_c) = (bars(1, &[0]).close[0], bars(3, &[0]).close[0]);
    assert!((a[0] - (close_a - close_c) / 2.0).abs() < 1e-9 && (a[0] + c[0]).abs() < 1e-9, "two of one sector");
    assert!(a[30] == 0.0 && c[30].is_nan(), "alone in its sector, and in none");
}

#[test]
fn sessions_need_no_file() {
    let (root, folder) = (hub(), folder());
    run_in(folder.path(), root.path()).unwrap();
    let volume = column(root.path(), "AAA", "session_volume");
    let source = bars(1, &(0..400).collect::<Vec<_>>());
    assert_eq!(volume[23], source.volume[..24].iter().sum::<f64>());
    assert_eq!(volume[24], source.volume[24], "a new day begins anew");
}

#[test]
fn files_are_inputs_and_told() {
    let (root, folder) = (hub(), folder());
    let summary = run_in(folder.path(), root.path()).unwrap();
    assert!(summary.warnings.is_empty(), "{:?}", summary.warnings);
    let set = Hub::open(root.path()).unwrap().factor_set("1h".parse().unwrap(), "grouped__1").unwrap();
    let metadata = set.metadata().clone();
    let tables: Vec<&str> = metadata.inputs.iter().map(|input| input.table.as_str()).collect();
    assert_eq!(tables[3..], ["groups/industry", "groups/sector"]);
    assert_eq!(metadata.inputs[4].rows, 6);
    assert_eq!(metadata.config["groups"], serde_json::json!(["sector", "industry"]));
    let notes = metadata.notes.join("\n");
    assert!(
        notes.contains("groups: sector: 0 = energy, 1 = oil, gas, 2 = tech; 0 symbols without a category"),
        "{notes}"
    );
    assert!(notes.contains("groups: industry: 0 = mining; 2 symbols without a category"), "{notes}");
    // Read back from what was published: the same set, its files, its remarks.
    let again = Config::from_metadata(&metadata).unwrap();
    assert_eq!(run_config(&again, root.path()).unwrap().outcome, Outcome::Unchanged);
    assert_eq!(again.carried.notes, ["apart: apart from its sector"]);
    let path = folder.path().join("lists/industries.csv");
    fs::write(&path, "symbol,category\nBBB,mining\nAAA,banks\n").unwrap();
    assert_eq!(run_config(&again, root.path()).unwrap().outcome, Outcome::Published);
    assert!(column(root.path(), "AAA", "other").iter().all(|value| *value == 0.0), "banks come before mining");
    assert!(column(root.path(), "BBB", "other").iter().all(|value| *value == 1.0), "unchanged bars, changed codes");
    let set = Hub::open(root.path()).unwrap().factor_set("1h".parse().unwrap(), "grouped__1").unwrap();
    assert!(set.metadata().notes.contains(&"apart: apart from its sector".to_owned()));
    fs::write(&path, "symbol,category\nBBB,mining\nAAA,mining\n").unwrap();
    let options =
        RunOptions { threads: 2, code_version: "1".to_owned(), generation_time: "2026-01-01T00:00:00Z".to_owned() };
    let summary = update(&again, root.path(), &options, &Silent).unwrap();
    assert!(summary.full_because.is_some_and(|why| why.contains("group file")), "an update notices it too");
    assert!(column(root.path(), "BBB", "other").iter().all(|value| *value == 0.0));
    fs::remove_file(path).unwrap();
    let message = run_config(&again, root.path()).unwrap_err().to_string();
    assert!(message.contains("groups: industry: cannot read") && message.contains("--config"), "{message}");
}

#[test]
fn wrong_files_name_row_and_symbol() {
    let (root, folder) = (hub(), folder());
    for (text, expected) in [
        ("", ":1: the heading of the group file is ``; expected `symbol,category` or `symbol,category,from`"),
        ("sym,cat\n", ":1: the heading of the group file is `sym,cat`"),
        ("symbol;category\nAAA;a\n", "symbol,category,from`\nhint: the cells are parted by commas"),
        ("symbol,from\nAAA,2020-01-01\n", ":1: the heading of the group file is `symbol,from`"),
        ("symbol,category\nAAA\n", ":2: AAA: the row `AAA` has 1 cells; expected 2"),
        ("symbol,category\n\nAAA,a,b\n", ":3: AAA: the row `AAA,a,b` has 3 cells"),
        ("symbol,category\nA/B,a\n", ":2: symbol: `A/B`"),
        ("symbol,category\nAAA,a\nAAA,b\n", ":3: AAA: the symbol stands in row 2 from the same time on"),
        ("symbol,category,from\nAAA,a,soon\n", ":2: AAA: from: `soon`"),
        ("symbol,category\nAAA,\"a\n", ":2: the row `AAA,\"a` has a quote that is not closed"),
    ] {
        fs::write(folder.path().join("sectors.csv"), text).unwrap();
        let message = run_in(folder.path(), root.path()).unwrap_err().to_string();
        assert!(message.contains("sectors.csv:") && message.contains(expected), "{text:?} gave {message}");
    }
    fs::write(folder.path().join("sectors.csv"), "symbol,sector\nAAA,a\n").unwrap();
    assert!(run_in(folder.path(), root.path()).is_ok(), "the second column may be called as the groups are");
    fs::remove_file(folder.path().join("sectors.csv")).unwrap();
    let message = run_in(folder.path(), root.path()).unwrap_err().to_string();
    assert!(message.contains("set.yaml:5: groups: sector: cannot read"), "{message}");
}

#[test]
fn a_column_of_the_bars_is_a_category_too() {
    let root = hub();
    let mut labelled = bars(4, &(0..60).collect::<Vec<_>>());
    labelled.extra = vec![("subindustry".to_owned(), vec![7.0; 60])];
    publish(root.path(), "DDD", &labelled);
    let mut twin = bars(5, &(0..60).collect::<Vec<_>>());
    twin.extra = vec![("subindustry".to_owned(), vec![7.0; 60])];
    publish(root.path(), "EEE", &twin);
    let text = "factor_set: grouped__1\ntimeframe: 1h\nsource: {venue: test, bars: 1h}\nlibrary: alpha101\n\
                factors: [{name: apart, formula: 'indneutralize(close, subindustry)'}]\n";
    let summary = run_config(&Config::parse(text, "set.yaml").unwrap(), root.path()).unwrap();
    let left_out = summary.warnings.iter().find(|line| line.starts_with("library alpha101")).unwrap();
    assert!(!left_out.contains("subindustry") && left_out.contains("alpha_056 (cap)"), "{left_out}");
    let (d, e) = (column(root.path(), "DDD", "apart"), column(root.path(), "EEE", "apart"));
    assert!(d.iter().zip(&e).all(|(d, e)| (d + e).abs() < 1e-9 && *d != 0.0));
    assert!(column(root.path(), "AAA", "apart").iter().all(|value| value.is_nan()));
    let twice = format!("{text}groups: {{subindustry: a.csv}}\n");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), "symbol,category\nAAA,a\n").unwrap();
    let file = folder.path().join("set.yaml");
    let message = run_config(&Config::parse(&twice, file.to_str().unwrap()).unwrap(), root.path()).unwrap_err();
    assert!(message.to_string().contains("set.yaml:6: groups: the bars have a column `subindustry`"), "{message}");
}

#[test]
fn all_alphas_run_where_categories_and_capitalisation_are_given() {
    let (root, folder) = (hub(), folder());
    for (seed, symbol) in [(1, "AAA"), (2, "BBB"), (3, "CCC")] {
        let mut table = bars(seed, &(0..400).collect::<Vec<_>>());
        table.extra = vec![("cap".to_owned(), vec![1e9 * seed as f64; 400])];
        publish(root.path(), symbol, &table);
    }
    fs::write(folder.path().join("all.csv"), "symbol,category\nAAA,x\nBBB,x\nCCC,x\n").unwrap();
    let text = "factor_set: grouped__1\ntimeframe: 1h\nsource: {venue: test, bars: 1h}\n\
                groups: {sector: all.csv, industry: all.csv, subindustry: all.csv}\nlibrary: alpha101\n";
    fs::write(folder.path().join("set.yaml"), text).unwrap();
    let summary = run_in(folder.path(), root.path()).unwrap();
    assert_eq!(summary.columns.len(), 101, "{:?}", summary.warnings);
    assert!(column(root.path(), "BBB", "alpha_058").iter().any(|value| value.is_finite()));
}

#[test]
fn filled_rows_have_a_time_and_a_category() {
    let (root, folder) = (hub(), folder());
    let text = GROUPED
        .replace("library: sessions", "fill: {forward: 2}")
        .replace("factors:", "factors:\n  - {name: hour, formula: '(timestamp - 1704067200000000) / 3600000000'}");
    fs::write(folder.path().join("set.yaml"), text).unwrap();
    assert_eq!(run_in(folder.path(), root.path()).unwrap().n_filled, 10);
    let hours = column(root.path(), "CCC", "hour");
    assert!(hours[..58].iter().enumerate().all(|(row, hour)| *hour == row as f64), "{:?}", &hours[..60]);
}
