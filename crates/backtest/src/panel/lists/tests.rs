//! Lists of targets and members, and what can be wrong with them.

use std::path::PathBuf;

use crosscut_model::Table;
use crosscut_model::time::{DAY, midnight};

use super::*;

/// A file in a folder of its own.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &[u8]) -> Self {
        let folder = std::env::temp_dir().join(format!("crosscut-lists-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("list"), content).unwrap();
        Self(folder)
    }

    fn path(&self) -> String {
        self.0.join("list").display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn target(day: i64, symbol: &str, weight: f64) -> Target {
    Target { label: midnight(2024, 1, 1) + (day - 1) * DAY, symbol: symbol.to_owned(), weight }
}

#[test]
fn targets_are_read_by_name_and_sorted() {
    let text = "\u{feff}Symbol,Weight,Date\nB,0.25,2024-01-02\n\"A\", -5e-1 ,20240102\nA,1,2024-01-01T00:00:00Z\n\n";
    let file = Scratch::new("targets", text.as_bytes());
    let (targets, input) = read_targets(&file.path()).unwrap();
    assert_eq!(targets, [target(1, "A", 1.0), target(2, "A", -0.5), target(2, "B", 0.25)]);
    assert_eq!((input.name.as_str(), input.content_hash.len()), ("lists/list", 64));
}

#[test]
fn spreads_hold_from_their_dates_and_may_have_none() {
    let text = "from,symbol,spread_bps\n2024-01-03,A,2\n,A,4.5\n2024-01-05,A,\n2024-01-02,B,0\n";
    let file = Scratch::new("spreads", text.as_bytes());
    let (spreads, input) = read_spreads(&file.path()).unwrap();
    let rows = |symbol: &str| spreads[symbol].iter().map(|one| (one.from, one.fraction)).collect::<Vec<_>>();
    let day = |day| midnight(2024, 1, day);
    assert_eq!(rows("A")[..2], [(i64::MIN, 4.5 * 1e-4), (day(3), 2e-4)]);
    assert!(rows("A")[2].0 == day(5) && rows("A")[2].1.is_nan());
    assert_eq!((rows("B"), input.name.as_str()), (vec![(day(2), 0.0)], "lists/list"));
    let forever = Scratch::new("spreads-forever", b"ticker,bps\nA,3\n");
    assert_eq!(read_spreads(&forever.path()).unwrap().0["A"][0].from, i64::MIN);
    for (text, expected) in [
        ("symbol,from\nA,2024-01-01\n", "has no column `spread_bps`; it has symbol, from"),
        ("symbol,spread_bps\nA,-1\n", "row 2: spread_bps is `-1`"),
        ("symbol,spread_bps\nA,x\n", "row 2: spread_bps is `x`"),
        ("symbol,spread_bps\nA,1\nA,2\n", "row 3: A has a spread from then on already"),
        ("symbol,spread_bps,from\nA,1,tomorrow\n", "row 2: `tomorrow` is not a date"),
        ("symbol,spread_bps\n", "it holds no spread"),
    ] {
        let file = Scratch::new("spreads-wrong", text.as_bytes());
        let error = read_spreads(&file.path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_parquet_list_is_the_same() {
    let mut table = Table::default();
    table.push("symbol", Column::Text(vec!["B".to_owned(), "A".to_owned()]));
    table.push("date", Column::I64(vec![midnight(2024, 1, 2), midnight(2024, 1, 1)]));
    table.push("weight", Column::F64(vec![0.1 + 0.2, 1.0]));
    let file = Scratch::new("parquet", b"");
    parquet_file::write(Path::new(&file.path()), &table, &["date"]).unwrap();
    assert_eq!(read_targets(&file.path()).unwrap().0, [target(1, "A", 1.0), target(2, "B", 0.1 + 0.2)]);
    let mut table = Table::default();
    table.push("spread", Column::F64(vec![4.0, f64::NAN]));
    table.push("symbol", Column::Text(vec!["B".to_owned(), "A".to_owned()]));
    parquet_file::write(Path::new(&file.path()), &table, &[]).unwrap();
    let spreads = read_spreads(&file.path()).unwrap().0;
    assert!(spreads["B"] == [Spread { from: i64::MIN, fraction: 4e-4 }] && spreads["A"][0].fraction.is_nan());
}

#[test]
fn wrong_lists_are_told_by_row() {
    for (text, expected) in [
        ("", "has no column `date`; it has no columns at all"),
        ("date,symbol\n", "has no column `weight`; it has date, symbol"),
        ("date,symbol,weight\n", "it holds no target"),
        ("date,symbol,weight\n2024-13-01,A,1\n", "row 2: `2024-13-01` is not a date; expected one such as 2024-01-31"),
        ("date,symbol,weight\n2024-01-01,A,1\n2024-01-01,B,nan\n", "row 3: weight is `nan`; expected a finite number"),
        ("date,symbol,weight\n2024-01-01,A,\n", "row 2: weight is ``; expected a finite number"),
        ("date,symbol,weight\n2024-01-01,,1\n", "row 2: symbol is empty; expected an instrument id"),
        ("date,symbol,weight\n2024-01-01,A\n", "row 2: 2 cells; expected 3, as in the header"),
        (
            "date,symbol,weight\n2024-01-01,A,1\n2024-01-01,B,0\n2024-01-01,A,0.5\n",
            "row 4: 2024-01-01T00:00:00Z has A already, in row 2",
        ),
    ] {
        let file = Scratch::new("wrong", text.as_bytes());
        let error = read_targets(&file.path()).unwrap_err().to_string();
        assert_eq!(error, format!("{}: {expected}", file.path()));
    }
    let error = read_targets("/nowhere/list.csv").unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/list.csv: cannot be read: "), "{error}");
    let file = Scratch::new("bytes", &[0xff, 0xfe, 0, 1]);
    assert!(read_targets(&file.path()).unwrap_err().to_string().ends_with("is neither CSV nor Parquet"));
}

#[test]
fn members_come_and_go() {
    let text = "ticker,start_date,end_date\nA,1996-01-02,2024-01-02\nB,2024-01-02,\nA,2024-01-05,\n";
    let file = Scratch::new("members", text.as_bytes());
    let members = read_members(&file.path()).unwrap().0;
    let at = |day: i64| members.at(midnight(2024, 1, 1) + (day - 1) * DAY);
    assert_eq!((at(1), at(2), at(5)), (vec!["A"], vec!["B"], vec!["A", "B"]));
    let file = Scratch::new("overlap", b"symbol,start,end\nA,2024-01-01,\nA,2024-02-01,\n");
    let error = read_members(&file.path()).unwrap_err().to_string();
    assert!(error.contains("A from 2024-02-01T00:00:00Z to now ends before it starts, or overlaps"), "{error}");
}
