//! Updates against full runs: whatever has become of the bars, a set that was brought up to date holds the bits of one
//! that was computed from the bars alone.

use std::collections::BTreeMap;
use std::path::Path;

use crosscut_hub::{FactorSet, Hub};
use crosscut_model::time::HOUR;
use crosscut_model::{Bars, Range, encode_path};

use super::market::{VENUE, bars, publish};
use crate::produce::Cuts;
use crate::run::{Mode, produce};
use crate::{Config, FactorsError, Outcome, RunOptions, Silent, Summary};

/// Cuts so small that short histories have many pieces.
const SMALL: Cuts = Cuts { stretch_bars: 37, segment_labels: (3, 5), segment_bytes: 1 << 15, checkpoint_share: 0 };

/// Sets that look at one symbol at a time, after what [`named`] begins them with.
const ALONE: [&str; 2] = [
    "
tradable: volume > 60 and ts_mean(volume, 3) > 0
library: [{features: {windows: [5, 20]}}]
let: {ret1: 'close / delay(close, 1) - 1'}
factors:
  - {name: 'gain_{w}', formula: 'ts_sum(ret1, {w})', windows: [3, 24]}
  - {name: smooth, formula: 'ema(close, 12) - ema(close, 26)'}
  - {name: late, formula: 'ts_mean(medium_price, 4)'}
",
    "
fill: {forward: 3}
factors:
  - {name: dev, formula: 'ts_std(close, 20)'}
  - {name: rank, formula: 'ts_rank(volume, 10)'}
  - {name: clock, formula: 'timestamp - delay(timestamp, 1)'}
",
];

/// Sets that compare symbols.
const TOGETHER: [&str; 4] = [
    "
tradable: volume > 60
factors:
  - {name: base, formula: 'ts_mean(close / delay(close, 1) - 1, 5)'}
  - {name: ranked, formula: 'cs_rank(base)'}
  - {name: smooth, formula: 'ema(ranked, 10)'}
  - {name: again, formula: 'cs_zscore(ts_mean(ranked, 7)) + ts_std(volume, 12)'}
  - {name: late, formula: 'cs_rank(medium_price)'}
",
    "
outliers: {winsorize: 0.2}
factors:
  - {name: ret, formula: 'close / delay(close, 3) - 1'}
  - {name: dev, formula: 'ts_std(close, 15)'}
",
    "
fill: {forward: 2}
outliers: {drop_beyond_mad: 1.5}
tradable: cs_rank(volume) > 0.3
factors:
  - {name: ranked, formula: 'cs_rank(ema(close, 5) / close)'}
  - {name: held, formula: 'ts_mean(ranked, 9)'}
",
    "
fill: {forward: 4}
factors:
  - {name: demeaned, formula: 'close - cs_mean(close)'}
  - {name: alone, formula: 'ts_argmax(high, 30)'}
",
];

/// Random histories for each set.
const N_HISTORIES: u64 = 4;

/// The file of a set of that name.
fn named(text: &str, name: &str) -> String {
    format!("factor_set: {name}\ntimeframe: 1h\nsource: {{venue: test, bars: 1h}}{text}")
}

/// Runs a set.
fn make(root: &Path, text: &str, how: (Mode, Cuts), version: &str) -> Result<Summary, FactorsError> {
    let options =
        RunOptions { threads: 2, code_version: version.to_owned(), generation_time: "2026-01-01T00:00:00Z".to_owned() };
    produce(&Config::parse(text, "set.yaml")?, root, &options, &Silent, how)
}

/// Updates the set `name` of a text.
fn update(root: &Path, text: &str, name: &str) -> Summary {
    make(root, &named(text, name), (Mode::Update, SMALL), "1").unwrap()
}

/// Runs the set `name` of a text from the bars alone.
fn run(root: &Path, text: &str, name: &str) -> Summary {
    make(root, &named(text, name), (Mode::Full, Cuts::USUAL), "1").unwrap()
}

/// A published set.
fn published(root: &Path, name: &str) -> FactorSet {
    Hub::open(root).unwrap().factor_set("1h".parse().unwrap(), name).unwrap()
}

/// Demands that two sets hold the same bits and say the same of themselves.
#[track_caller]
fn same(root: &Path, updated: &str, full: &str, story: &str) {
    let (a, b) = (published(root, updated), published(root, full));
    let told = |set: &FactorSet| {
        let m = set.metadata();
        let tables: Vec<_> = m.tables.iter().map(|(symbol, t)| (symbol.clone(), t.rows, t.first, t.last)).collect();
        (tables, m.quality.clone(), m.notes.clone(), m.warnings.clone(), m.start_time.clone(), m.end_time.clone())
    };
    assert_eq!(told(&a), told(&b), "{story}");
    assert_eq!(a.metadata().inputs, b.metadata().inputs, "{story}");
    let columns: Vec<&str> = a.columns().iter().map(String::as_str).collect();
    for symbol in a.symbols() {
        let (one, two) = (a.read(symbol, &columns, Range::ALL).unwrap(), b.read(symbol, &columns, Range::ALL).unwrap());
        for times in ["timestamp", "available_at"] {
            assert_eq!(one.i64(times), two.i64(times), "{symbol} {times}: {story}");
        }
        assert_eq!(one.bool("tradable_flag"), two.bool("tradable_flag"), "{symbol}: {story}");
        for column in &columns {
            let bits = |table: &crosscut_model::Table| -> Vec<u64> {
                table.f64(column).unwrap().iter().map(|value| value.to_bits()).collect()
            };
            let (one, two) = (bits(&one), bits(&two));
            let row = one.iter().zip(&two).position(|(one, two)| one != two);
            assert_eq!(row, None, "{symbol} {column} differs: {story}");
        }
    }
}

/// Random numbers.
struct Dice(u64);

impl Dice {
    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % n.max(1)
    }

    /// True once in `n`.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// A market whose history changes.
struct History {
    /// Chance.
    dice: Dice,
    /// The bars of each symbol.
    symbols: BTreeMap<String, Bars>,
    /// Symbols that get no more bars.
    delisted: Vec<String>,
    /// The hour that has been reached.
    hour: i64,
    /// What was done last.
    story: Vec<String>,
}

impl History {
    /// Some symbols with some bars.
    fn new(seed: u64) -> Self {
        let mut history = Self {
            dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            symbols: BTreeMap::new(),
            delisted: Vec::new(),
            hour: 90,
            story: Vec::new(),
        };
        for n in 0..2 + history.dice.below(4) {
            history.list(&format!("S{n}"), 0);
        }
        history
    }

    /// Rows of a symbol at the hours from `from` on, with gaps, and columns that begin late or have holes.
    fn rows(&mut self, from: i64, to: i64) -> Bars {
        let mut hours = Vec::new();
        let mut hour = from;
        while hour < to {
            if !self.dice.once_in(7) {
                hours.push(hour);
            } else {
                hour += self.dice.below(6) as i64;
            }
            hour += 1;
        }
        let mut rows = bars(self.dice.below(1000) as u64, &hours);
        for row in 0..rows.len() {
            if self.dice.once_in(9) {
                rows.volume[row] = f64::NAN;
            }
        }
        if self.dice.once_in(2) {
            rows.medium_price.fill(f64::NAN);
        }
        rows
    }

    /// A new symbol with bars from an hour on.
    fn list(&mut self, symbol: &str, from: i64) {
        let rows = self.rows(from, self.hour);
        self.symbols.insert(symbol.to_owned(), rows);
    }

    /// A symbol by chance.
    fn any(&mut self) -> String {
        let at = self.dice.below(self.symbols.len());
        self.symbols.keys().nth(at).unwrap().clone()
    }

    /// Time goes on for some symbols.
    fn go_on(&mut self) {
        let before = self.hour;
        self.hour += 1 + self.dice.below(60) as i64;
        let names: Vec<String> = self.symbols.keys().cloned().collect();
        for name in names {
            if self.delisted.contains(&name) || self.dice.once_in(5) {
                continue;
            }
            let last = self.symbols[&name].timestamp.last().copied();
            let start = crosscut_model::parse_iso("2024-01-01").unwrap();
            let from = last.map_or(before, |last| (last - start) / HOUR + 1).min(self.hour);
            let more = self.rows(from, self.hour);
            let bars = self.symbols.get_mut(&name).unwrap();
            *bars = joined(bars, &more);
        }
        self.story.push(format!("on to hour {}", self.hour));
    }

    /// Something happens.
    fn event(&mut self) {
        let symbol = self.any();
        let n_rows = self.symbols[&symbol].len();
        let row = self.dice.below(n_rows);
        match self.dice.below(9) {
            0..=3 => self.go_on(),
            4 if n_rows > 0 => {
                self.symbols.get_mut(&symbol).unwrap().close[row] *= 1.01;
                self.story.push(format!("{symbol} row {row} corrected"));
            }
            5 if n_rows > 2 => {
                let bars = &self.symbols[&symbol];
                let without = joined(&part(bars, 0..row), &part(bars, row + 1..n_rows));
                self.symbols.insert(symbol.clone(), without);
                self.story.push(format!("{symbol} row {row} gone"));
            }
            6 if n_rows > 0 => self.late_row(&symbol, row),
            7 if self.symbols.len() < 8 => {
                let name = format!("N{}", self.dice.below(100));
                let from = self.dice.below(self.hour as usize) as i64;
                self.list(&name, from);
                self.story.push(format!("{name} listed with bars from hour {from}"));
            }
            8 if self.symbols.len() > 2 => {
                if self.dice.once_in(2) {
                    self.symbols.remove(&symbol);
                    self.story.push(format!("{symbol} removed"));
                } else {
                    self.story.push(format!("{symbol} delisted"));
                    self.delisted.push(symbol);
                }
            }
            _ => {}
        }
    }

    /// A bar comes late: in a gap, or before all others.
    fn late_row(&mut self, symbol: &str, row: usize) {
        let old = &self.symbols[symbol];
        let start = crosscut_model::parse_iso("2024-01-01").unwrap();
        let hours: Vec<i64> = old.timestamp.iter().map(|time| (time - start) / HOUR).collect();
        let Some(at) = (row..hours.len() - 1).find(|&at| hours[at + 1] > hours[at] + 1) else { return };
        let late = bars(7, &[hours[at] + 1]);
        let before = joined(&part(old, 0..at + 1), &late);
        let whole = joined(&before, &part(old, at + 1..old.len()));
        self.symbols.insert(symbol.to_owned(), whole);
        self.story.push(format!("{symbol} hour {} late", hours[at] + 1));
    }

    /// Puts what has changed into the hub.
    fn publish(&self, root: &Path, was: &BTreeMap<String, Bars>) {
        for symbol in was.keys().filter(|symbol| !self.symbols.contains_key(*symbol)) {
            let name = encode_path(symbol);
            std::fs::remove_file(root.join(format!("bars/{VENUE}/1h/{name}.parquet"))).unwrap();
        }
        for (symbol, bars) in &self.symbols {
            if was.get(symbol).map(|was| format!("{was:?}")) != Some(format!("{bars:?}")) {
                publish(root, symbol, bars);
            }
        }
    }
}

/// Some rows of bars.
fn part(bars: &Bars, rows: std::ops::Range<usize>) -> Bars {
    let mut bars = bars.clone();
    bars.timestamp = bars.timestamp[rows.clone()].to_vec();
    bars.available_at = bars.available_at[rows.clone()].to_vec();
    for column in bars.columns_mut() {
        *column = column[rows.clone()].to_vec();
    }
    bars
}

/// Bars one after another.
fn joined(first: &Bars, second: &Bars) -> Bars {
    let (mut bars, mut second) = (first.clone(), second.clone());
    bars.timestamp.append(&mut second.timestamp);
    bars.available_at.append(&mut second.available_at);
    for (column, more) in bars.columns_mut().into_iter().zip(second.columns_mut()) {
        column.append(more);
    }
    bars
}

/// One history through some updates; each is compared with a full run. Returns how many rows were taken over.
fn follow(text: &str, seed: u64) -> u64 {
    let root = tempfile::tempdir().unwrap();
    let mut history = History::new(seed);
    history.publish(root.path(), &BTreeMap::new());
    let first = update(root.path(), text, "updated__1");
    assert_eq!(first.full_because.as_deref(), Some("nothing is published yet"));
    let mut n_kept_rows = 0;
    for step in 0..6 {
        let was = history.symbols.clone();
        history.story.push(format!("step {step}"));
        for _ in 0..=history.dice.below(3) {
            history.event();
        }
        history.publish(root.path(), &was);
        let story = format!("seed {seed}: {}", history.story.join(", "));
        let summary = update(root.path(), text, "updated__1");
        assert_eq!(summary.full_because, None, "{story}");
        let full = run(root.path(), text, &format!("full_{step}__1"));
        same(root.path(), "updated__1", &format!("full_{step}__1"), &story);
        if summary.outcome == Outcome::Published {
            assert_eq!((summary.n_rows, summary.n_filled), (full.n_rows, full.n_filled), "{story}");
            assert_eq!((summary.n_outliers, &summary.warnings), (full.n_outliers, &full.warnings), "{story}");
            n_kept_rows += summary.n_rows - summary.n_new_rows - summary.n_rows_again;
        }
    }
    n_kept_rows
}

#[test]
fn an_update_gives_the_bits_of_a_full_run_symbol_by_symbol() {
    for text in ALONE {
        let n_kept: u64 = (1..=N_HISTORIES).map(|seed| follow(text, seed)).sum();
        assert!(n_kept > 1000, "only {n_kept} rows were taken over");
    }
}

#[test]
fn an_update_gives_the_bits_of_a_full_run_of_symbols_together() {
    for text in TOGETHER {
        let n_kept: u64 = (1..=N_HISTORIES).map(|seed| follow(text, seed)).sum();
        assert!(n_kept > 1000, "only {n_kept} rows were taken over");
    }
}

/// A market of three symbols and a set over it.
fn market(text: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (seed, symbol) in [(1, "AAA"), (2, "BBB"), (3, "CCC")] {
        publish(root.path(), symbol, &bars(seed, &(0..700).collect::<Vec<_>>()));
    }
    update(root.path(), text, "set__1");
    root
}

/// Ten hours more for all.
fn ten_hours_more(root: &Path) {
    for (seed, symbol) in [(1, "AAA"), (2, "BBB"), (3, "CCC")] {
        publish(root, symbol, &bars(seed, &(0..710).collect::<Vec<_>>()));
    }
}

#[test]
fn new_bars_cost_no_old_rows() {
    for text in [ALONE[0], TOGETHER[0]] {
        let root = market(text);
        ten_hours_more(root.path());
        let summary = update(root.path(), text, "set__1");
        let start = crosscut_model::parse_iso("2024-01-01").unwrap();
        assert_eq!((summary.n_new_rows, summary.n_rows_again, summary.n_kept), (30, 0, 0));
        assert_eq!((summary.n_rows, summary.from), (2130, Some(start + 700 * HOUR)));
        assert_eq!(update(root.path(), text, "set__1").outcome, Outcome::Unchanged);
    }
}

#[test]
fn a_late_bar_reopens_no_more_than_twice_its_distance() {
    let root = market(TOGETHER[0]);
    let mut changed = bars(2, &(0..700).collect::<Vec<_>>());
    // The digests tell blocks of 256 rows apart; the row is the first of one.
    changed.close[512] *= 1.5;
    publish(root.path(), "BBB", &changed);
    let summary = update(root.path(), TOGETHER[0], "set__1");
    assert_eq!((summary.full_because, summary.n_new_rows), (None, 0));
    let again = summary.n_rows_again / 3;
    assert!((188..=400).contains(&again), "{again} rows of each symbol were computed again");
    run(root.path(), TOGETHER[0], "full__1");
    same(root.path(), "set__1", "full__1", "one correction");
}

#[test]
fn a_state_that_cannot_be_continued_is_told_and_the_run_is_full() {
    for text in [ALONE[0], TOGETHER[0]] {
        let root = market(text);
        let set = published(root.path(), "set__1");
        let names: Vec<String> = set.metadata().states.keys().cloned().collect();
        assert!(names.len() >= 2, "{names:?}");
        for name in names {
            ten_hours_more(root.path());
            let folder = root.path().join("factors/1h/set__1");
            let now = published(root.path(), "set__1");
            let Some(state) = now.metadata().states.get(&name) else { continue };
            let path = folder.join(&state.file);
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            publish(root.path(), "DDD", &bars(4, &(0..5).collect::<Vec<_>>()));
            let summary = update(root.path(), text, "set__1");
            if let Some(reason) = &summary.full_because {
                assert!(reason.contains("state"), "{reason}");
            }
            std::fs::remove_file(root.path().join(format!("bars/{VENUE}/1h/DDD.parquet"))).unwrap();
            update(root.path(), text, "set__1");
            run(root.path(), text, "full__1");
            same(root.path(), "set__1", "full__1", &format!("{name} damaged"));
            std::fs::remove_dir_all(root.path().join("factors/1h")).unwrap();
            std::fs::remove_dir_all(root.path().join(".generations/1h")).unwrap();
            update(root.path(), text, "set__1");
        }
    }
}

#[test]
fn another_version_of_the_program_begins_anew() {
    let root = market(ALONE[0]);
    ten_hours_more(root.path());
    let text = named(ALONE[0], "set__1");
    let summary = make(root.path(), &text, (Mode::Update, SMALL), "2").unwrap();
    assert_eq!(summary.full_because.as_deref(), Some("it was made by version 1, this is 2"));
    assert_eq!(summary.n_kept, 0);
}

#[test]
fn a_failed_symbol_leaves_the_published_generation() {
    for text in [ALONE[0], TOGETHER[0]] {
        let root = market(text);
        ten_hours_more(root.path());
        let path = root.path().join(format!("bars/{VENUE}/1h/BBB.parquet"));
        let mut bytes = std::fs::read(&path).unwrap();
        // The times lie in front.
        bytes[4..300].fill(0x55);
        std::fs::write(&path, &bytes).unwrap();
        let text = named(text, "set__1");
        for mode in [Mode::Update, Mode::Full] {
            let failed = make(root.path(), &text, (mode, SMALL), "1").unwrap_err().to_string();
            assert!(failed.contains("BBB"), "{failed}");
        }
        let set = published(root.path(), "set__1");
        assert_eq!((set.metadata().generation, set.metadata().tables["AAA"].rows), (1, 700));
    }
}
