//! Files that must not get into the hub: each refused with file, row and reason, every table left as it was.

use std::collections::BTreeMap;
use std::fs;

use crate::world::{Answer, World, shared};

/// A day of aggregated trades, good as it is: the header and eight rows.
const TRADES: &str = "\
agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker
900001,10.50,1.0,900001,900001,1706745600000,true
900002,10.51,2.0,900002,900003,1706745601000,false
900003,10.52,0.5,900004,900004,1706745601000,false
900004,10.50,1.5,900005,900005,1706745700000,true
900005,10.49,1.0,900006,900006,1706749200000,true
900006,10.48,3.0,900007,900009,1706752800000,false
900007,10.47,1.0,900010,900010,1706756400000,true
900008,10.46,1.0,900011,900011,1706760000000,true
";

/// The name of that day's file.
const TRADES_FILE: &str = "BBBUSDT-aggTrades-2024-02-01.csv";

/// Four-hour klines, good as they are: the header and four rows.
const KLINES: &str = "\
open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore
1706745600000,10,12,9,11,100,1706759999999,1050,20,60,630,0
1706760000000,11,13,10,12,110,1706774399999,1270,22,50,577,0
1706774400000,12,14,11,13,120,1706788799999,1500,24,70,875,0
1706788800000,13,15,12,14,130,1706803199999,1750,26,65,875,0
";

/// The name of the klines' file.
const KLINES_FILE: &str = "BBBUSDT-4h-2024-02.csv";

/// A market with the hub's bytes remembered.
struct Guarded {
    /// The market.
    world: World,
    /// The hub before.
    before: BTreeMap<String, Vec<u8>>,
}

impl Guarded {
    /// The small market with the good klines in it.
    fn new() -> Self {
        let world = World::with_market();
        world.write(KLINES_FILE, KLINES);
        world.run(&["data", "import", "--venue", "v", KLINES_FILE]).good();
        let before = world.files("hub");
        Self { world, before }
    }

    /// Imports a file of these bytes; asserts that it is refused with its name and `words`, and that the hub is as it was.
    #[track_caller]
    fn refuses(&self, file: &str, bytes: impl AsRef<[u8]>, words: &[&str]) -> Answer {
        self.world.write(file, bytes);
        self.refuses_file(file, &[], words)
    }

    /// The same for a file that is there, with further options.
    #[track_caller]
    fn refuses_file(&self, file: &str, options: &[&str], words: &[&str]) -> Answer {
        let answer = self.world.run(&[&["data", "import", "--venue", "v", file], options].concat());
        let answer = answer.refused(&[&[file.rsplit('/').next().unwrap()], words].concat());
        assert!(self.world.files("hub") == self.before, "the hub has changed\n{}", answer.err);
        answer
    }
}

/// A text with line `number` (the header is 1) changed.
fn with_line(text: &str, number: usize, change: impl Fn(&str) -> String) -> String {
    let lines = text.lines().enumerate();
    lines.map(|(at, line)| if at + 1 == number { change(line) + "\n" } else { format!("{line}\n") }).collect()
}

/// A line with one of its fields replaced.
fn with_field(line: &str, field: usize, value: &str) -> String {
    let mut fields: Vec<&str> = line.split(',').collect();
    fields[field] = value;
    fields.join(",")
}

#[test]
fn the_files_are_good_before_they_are_damaged() {
    let guarded = Guarded::new();
    guarded.world.write(TRADES_FILE, TRADES);
    let answer = guarded.world.json(&["data", "import", "--venue", "v", TRADES_FILE]);
    assert_eq!(answer["result"]["tables"][0]["added"], 8);
    assert!(guarded.world.files("hub") != guarded.before);
}

#[test]
fn bad_rows_of_trades_are_named() {
    let guarded = Guarded::new();
    for (line, field, value, words) in [
        (5, 1, "0", &["row 5", "price"][..]),
        (5, 1, "-10.5", &["row 5", "price"]),
        (5, 1, "nan", &["row 5", "price"]),
        (5, 1, "inf", &["row 5", "price"]),
        (5, 1, "", &["row 5", "price"]),
        (5, 2, "0", &["row 5", "quantity"]),
        (5, 2, "-1", &["row 5", "quantity"]),
        (5, 2, "1e400", &["row 5"]),
        (5, 5, "1706745700", &["row 5"]),
        (5, 5, "1706745700000000", &["row 5"]),
        (5, 5, "1706745600500", &["row 5"]),
        (5, 5, "soon", &["row 5", "soon"]),
        (6, 0, "900004", &["row 6", "900004"]),
        (6, 0, "900002", &["row 6", "900002"]),
        (9, 5, "1706832000000", &["row 9", "2024-02-02"]),
        (5, 6, "perhaps", &["row 5", "perhaps"]),
    ] {
        let damaged = with_line(TRADES, line, |text| with_field(text, field, value));
        guarded.refuses(TRADES_FILE, damaged, words);
    }
    let cut = with_line(TRADES, 7, |line| line[..9].to_owned());
    guarded.refuses(TRADES_FILE, cut, &["row 7"]);
    let longer = with_line(TRADES, 7, |line| format!("{line},1,2,3"));
    guarded.refuses(TRADES_FILE, longer, &["row 7"]);
}

#[test]
fn bad_rows_of_klines_are_named() {
    let guarded = Guarded::new();
    for (line, field, value, words) in [
        (3, 1, "0", &["row 3", "open"][..]),
        (3, 4, "-1", &["row 3", "close"]),
        (3, 4, "NaN", &["row 3", "close"]),
        (3, 2, "9", &["row 3", "high"]),
        (3, 0, "1706745600000", &["row 3"]),
        (3, 0, "1706774400000", &["row"]),
        (4, 0, "1706774400", &["row 4"]),
        (3, 5, "-5", &["row 3", "volume"]),
    ] {
        let damaged = with_line(KLINES, line, |text| with_field(text, field, value));
        guarded.refuses(KLINES_FILE, damaged, words);
    }
    let conflict = with_line(KLINES, 3, |line| with_field(line, 4, "12.5"));
    let answer = guarded.refuses(KLINES_FILE, conflict, &["12.5", "12"]);
    assert!(answer.err.contains("--replace") || answer.err.contains("hint: "), "{}", answer.err);
}

#[test]
fn wrong_or_missing_columns() {
    let guarded = Guarded::new();
    guarded.refuses(TRADES_FILE, TRADES.replacen(",price,", ",prize,", 1), &["prize", "hint: "]);
    guarded.refuses(KLINES_FILE, KLINES.replacen(",close,", ",klose,", 1), &["klose", "hint: "]);
    guarded.refuses(TRADES_FILE, "", &[]);
    guarded.refuses(TRADES_FILE, "agg_trade_id,price\n", &[]);
    guarded.refuses(TRADES_FILE, "\u{0}\u{1}\u{2}", &[]);
    guarded.refuses("notes.txt.csv", "dear diary\n", &[]);
}

#[test]
fn damaged_containers() {
    let guarded = Guarded::new();
    let raw = guarded.world.files("raw");
    let (name, archive) = raw.iter().find(|(name, _)| name.ends_with(".zip")).unwrap();
    let file = name.rsplit('/').next().unwrap();
    guarded.refuses(file, &archive[..archive.len() / 2], &["hint: "]);
    guarded.refuses(file, &archive[..10], &[]);
    guarded.refuses(file, b"", &[]);
    let mut flipped = archive.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    guarded.refuses(file, flipped, &[]);
    for bytes in [&b""[..], b"PAR1", b"PAR1 and no more PAR1"] {
        guarded.refuses("bars_1h.parquet", bytes, &[]);
    }
    let table = fs::read(guarded.world.path("hub/bars/v/1h/AAAUSDT.parquet")).unwrap();
    guarded.refuses("AAAUSDT_1h.parquet", &table[..table.len() - 100], &[]);
    guarded.refuses("BBBUSDT-aggTrades-2024-02-01.csv.gz", b"\x1f\x8b\x08 nothing", &[]);
}

#[test]
fn a_checksum_that_does_not_fit() {
    let guarded = Guarded::new();
    guarded.world.write(&format!("{TRADES_FILE}.CHECKSUM"), format!("{}  {TRADES_FILE}\n", "0".repeat(64)));
    guarded.refuses(TRADES_FILE, TRADES, &["SHA-256", "CHECKSUM", "hint: "]);
    guarded.world.write(&format!("{TRADES_FILE}.CHECKSUM"), "not a checksum\n");
    guarded.refuses(TRADES_FILE, TRADES, &["CHECKSUM"]);
}

#[test]
fn names_that_would_leave_the_hub() {
    let guarded = Guarded::new();
    guarded.world.write("plain.csv", TRADES);
    for symbol in ["../evil", "/etc/evil", "a/b", "..", ".hidden", "a b", ""] {
        guarded.refuses_file("plain.csv", &["--symbol", symbol], &["symbol"]);
    }
    let rows = "symbol,timestamp,open,high,low,close,volume\n../../evil,2024-02-01T00:00:00Z,1,2,1,2,5\n";
    guarded.world.write("long.csv", rows);
    guarded.refuses_file("long.csv", &["--timeframe", "1h"], &["../../evil"]);
    for venue in ["../v", "a/b", "", "."] {
        let answer = guarded.world.run(&["data", "import", "--venue", venue, "plain.csv"]);
        answer.refused(&["venue"]);
    }
    assert!(!guarded.world.path("../evil").exists() && guarded.world.files("hub") == guarded.before);
    for set in ["../s", "a/b", ""] {
        let text = guarded.world.text("s1.yaml").replace("factor_set: s1", &format!("factor_set: \"{set}\""));
        guarded.world.write("evil.yaml", text);
        guarded.world.run(&["factors", "run", "--config", "evil.yaml"]).refused(&["evil.yaml"]);
    }
    assert!(guarded.world.files("hub") == guarded.before);
}

#[test]
fn one_bad_file_among_good_ones() {
    let guarded = Guarded::new();
    let world = &guarded.world;
    world.write(&format!("several/{TRADES_FILE}"), TRADES);
    world.write("several/CCCUSDT-aggTrades-2024-02-01.csv", with_line(TRADES, 4, |line| with_field(line, 1, "0")));
    let answer = world.run(&["data", "import", "--venue", "v", "several", "--json"]);
    let answer = answer.refused(&["CCCUSDT-aggTrades-2024-02-01.csv", "row 4"]).json();
    assert_eq!(answer["result"]["refusals"].as_array().unwrap().len(), 1);
    assert_eq!(answer["result"]["tables"][0]["added"], 8, "the good file is published");
    let mut after = world.files("hub");
    after.retain(|name, _| name.contains("CCCUSDT"));
    let mut before = guarded.before.clone();
    before.retain(|name, _| name.contains("CCCUSDT"));
    assert!(after == before, "the tables of the bad file are as they were");
}

#[test]
fn files_and_folders_that_are_not_there() {
    let guarded = Guarded::new();
    guarded.refuses_file("none.csv", &[], &["no such file"]);
    guarded.refuses_file("none/", &[], &[]);
    fs::create_dir(guarded.world.path("empty")).unwrap();
    guarded.refuses_file("empty", &[], &[]);
    guarded.world.run(&["data", "import", "raw"]).refused(&["venue", "hint: "]);
    guarded.world.run(&["data", "import", "--venue", "v"]).refused(&["<FILE>"]);
    guarded.world.run(&["features", "none.parquet"]).refused(&["none.parquet", "hint: "]);
}

#[test]
fn factor_set_files_that_make_no_sense() {
    let guarded = Guarded::new();
    let world = &guarded.world;
    for (from, to, words) in [
        ("factor_set: s1", "factr_set: s1", &["factr_set", "factor_set"][..]),
        ("timeframe: 1h", "timeframe: 1x", &["1x"]),
        ("venue: v", "venue: nowhere", &["nowhere"]),
        ("bars: 1h", "bars: 7m", &["7m"]),
        ("delay(close", "delya(close", &["delya", "delay"]),
        ("delay(close, {w})", "delay(close, {w}", &["return_"]),
        ("close / ", "clse / ", &["clse", "close"]),
        ("windows: [5, 20]", "windows: [0]", &["0"]),
        ("windows: [5, 20]", "windows: []", &[]),
        ("tradable: volume > 0", "tradable: volum > 0", &["volum"]),
        ("tradable: volume > 0", "symbols: [AAAUSD]", &["AAAUSD"]),
        ("tradable: volume > 0", "library: [featurse]", &["featurse", "features"]),
        ("name: \"return_{w}\"", "name: \"timestamp\"", &[]),
    ] {
        let text = world.text("s1.yaml");
        assert!(text.contains(from), "{from}");
        world.write("bad.yaml", text.replace(from, to).replace("factor_set: s1", "factor_set: s9"));
        world.run(&["factors", "run", "--config", "bad.yaml"]).refused(&[&["bad.yaml"], words].concat());
        assert!(world.files("hub") == guarded.before, "{to}");
    }
}

#[test]
fn the_recorded_bad_streams_are_refused() {
    let Some(folder) = shared("data/ticks/binance_stream_csv") else { return };
    let guarded = Guarded::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = path.to_string_lossy().into_owned();
        if name.starts_with("test_negative") && name.contains("trade_stream") {
            guarded.refuses_file(&text, &[], &["row"]);
        } else if name.starts_with("test_positive") && name.contains("trade_stream") {
            World::new().run(&["data", "import", "--venue", "v", &text]).good();
        }
    }
}

#[test]
fn real_archives_damaged_in_many_places_never_panic() {
    let Some(file) = shared("data/ticks/binance_archive_style/spot/XRPETH/XRPETH-aggTrades-2019-10-11.zip") else {
        return;
    };
    let guarded = Guarded::new();
    let good = fs::read(file).unwrap();
    for at in (0..good.len()).step_by(good.len() / 40 + 1) {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        guarded.world.write("XRPETH-aggTrades-2019-10-11.zip", &bytes);
        let world = World::new();
        let path = guarded.world.path("XRPETH-aggTrades-2019-10-11.zip");
        let answer = world.run(&["data", "import", "--venue", "v", &path.to_string_lossy()]);
        // A flipped byte in a name or date of the container may be harmless; everything else must be refused.
        if answer.status != 0 {
            answer.refused(&["XRPETH-aggTrades-2019-10-11.zip"]);
            assert!(world.files("hub/ticks").is_empty(), "byte {at}");
        }
    }
}
