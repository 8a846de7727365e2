//! Factor-set files, right and wrong. A wrong one names the line, what it saw and what it expected.

use crate::config::{Config, Fill, Outliers, Symbols};

/// The parts every file needs, on lines 1 to 3.
const HEAD: &str = "factor_set: momentum__1\ntimeframe: 1h\nsource: {venue: binance_futures, bars: 1h}\n";

/// The example of design section 9.
const EXAMPLE: &str = r#"
factor_set: core_momentum__2025-10-07        # a version is part of the name
timeframe: 1h
source: {venue: binance_futures, bars: 1h}
symbols: all                                 # or a list, or a pool's name
fill: none                                   # none | {forward: 3}
outliers: keep                               # keep | {winsorize: 0.01} | {drop_beyond_mad: 10}; counted in metadata
tradable: volume > 0
library: [{features: {windows: [5, 10, 20, 60]}}, alpha101]     # built-in families, optional; a single name is allowed
let: {ret1: "close / delay(close, 1) - 1"}
factors:
  - {name: "return_{w}", formula: "close / delay(close, {w}) - 1", windows: [5, 10, 20, 60]}
  - {name: reversal_5_rank, formula: "cs_rank(-ts_sum(ret1, 5))", notes: "short-term reversal"}
"#;

/// The message of a file that must be refused.
fn refused(text: &str) -> String {
    Config::parse(text, "set.yaml").unwrap_err().to_string()
}

/// The file with `rest` after the head and one factor.
fn with(rest: &str) -> Result<Config, String> {
    let text = format!("{HEAD}factors: [{{name: mom, formula: close}}]\n{rest}");
    Config::parse(&text, "set.yaml").map_err(|error| error.to_string())
}

#[test]
fn the_example_of_the_design_reads() {
    let config = Config::parse(EXAMPLE, "set.yaml").unwrap();
    assert_eq!(config.factor_set, "core_momentum__2025-10-07");
    assert_eq!((config.timeframe.to_string(), config.bars.to_string()), ("1h".to_owned(), "1h".to_owned()));
    assert_eq!((config.symbols, config.fill, config.outliers), (Symbols::All, Fill::None, Outliers::Keep));
    assert_eq!(config.tradable.unwrap().formula, "volume > 0");
    assert_eq!(config.library[0].windows.as_deref(), Some(&[5, 10, 20, 60][..]));
    assert_eq!((config.library[1].name.as_str(), config.library[1].line), ("alpha101", 9));
    assert_eq!(config.lets[0].name, "ret1");
    assert_eq!(config.factors[0].windows, [5, 10, 20, 60]);
    assert_eq!(config.factors[1].notes.as_deref(), Some("short-term reversal"));
    assert_eq!(config.factors[1].line, 13);
}

#[test]
fn choices_have_several_shapes() {
    assert_eq!(with("symbols: [B, A]").unwrap().symbols, Symbols::List(vec!["A".to_owned(), "B".to_owned()]));
    assert_eq!(with("symbols: top30").unwrap().symbols, Symbols::Pool("top30".to_owned()));
    assert_eq!(with("fill: {forward: 3}").unwrap().fill, Fill::Forward(3));
    assert_eq!(with("outliers: {winsorize: 0.01}").unwrap().outliers, Outliers::Winsorize(0.01));
    assert_eq!(with("outliers: {drop_beyond_mad: 10}").unwrap().outliers, Outliers::DropBeyondMad(10.0));
    let single = with("library: features").unwrap().library;
    assert_eq!((single[0].name.as_str(), single[0].line), ("features", 5));
    let block = with("library:\n  - features:\n      windows: [7]\n  - kit_w3").unwrap().library;
    assert_eq!((block[0].windows.as_deref(), block[1].name.as_str()), (Some(&[7][..]), "kit_w3"));
    let order = with("let:\n  z: close\n  a: z + 1").unwrap().lets;
    assert_eq!((order[0].name.as_str(), order[1].name.as_str()), ("z", "a"));
}

#[test]
fn unknown_keys_name_the_nearest_and_the_line() {
    let message = with("simbols: all").unwrap_err();
    assert!(
        message.starts_with("set.yaml:5: unknown key `simbols`; expected one of factor_set, timeframe"),
        "{message}"
    );
    assert!(message.ends_with("hint: did you mean `symbols`?"), "{message}");
    let message = refused(&format!("{HEAD}factors:\n  - name: a\n    formulae: close\n"));
    assert!(message.starts_with("set.yaml:6: unknown key `formulae`"), "{message}");
    assert!(message.ends_with("hint: did you mean `formula`?"), "{message}");
    let message = with("library:\n  - features: {window: [5]}").unwrap_err();
    assert!(message.starts_with("set.yaml:6: unknown key `window`"), "{message}");
    let message = refused("factor_set: a\ntimeframe: 1h\nsource: {venu: b, bars: 1h}\nlibrary: features\n");
    assert!(message.starts_with("set.yaml:3: unknown key `venu`; expected one of venue, bars"), "{message}");
}

#[test]
fn missing_and_mistyped_values() {
    for (text, expected) in [
        ("timeframe: 1h\n", "set.yaml:1: the key `factor_set` is missing"),
        ("factor_set: a\ntimeframe: 1h\nlibrary: features\n", "the key `source` is missing"),
        (
            "factor_set: a\ntimeframe: hour\nsource: {venue: b, bars: 1h}\nlibrary: features\n",
            "set.yaml:2: timeframe: `hour` is not a timeframe",
        ),
        (
            "factor_set: a\ntimeframe: 1h\nsource: {venue: b, bars: brick-3}\nlibrary: features\n",
            "set.yaml:3: source.bars: `brick-3` is not a kind of bar",
        ),
        (
            "factor_set: a\ntimeframe: 4h\nsource: {venue: b, bars: 1h}\nlibrary: features\n",
            "set.yaml:2: timeframe is 4h but source.bars are of 1h",
        ),
        (
            "factor_set: A b\ntimeframe: 1h\nsource: {venue: b, bars: 1h}\nlibrary: features\n",
            "set.yaml:1: factor_set: `A b` is not a name",
        ),
        (
            "factor_set: a\ntimeframe: 1h\nsource: {venue: ../b, bars: 1h}\nlibrary: features\n",
            "set.yaml:3: source.venue: `../b` is not a name",
        ),
        ("factor_set: a\ntimeframe: 1h\nsource: {venue: b, bars: 1h}\n", "set.yaml: no factors"),
        ("factor_set: [a\n", "set.yaml:"),
        ("", "the file is empty; expected a factor set"),
        ("# later\n\n", "the file is empty; expected a factor set"),
        ("factor_set: a\nfactors:\n\t- {name: a}\n", "set.yaml:3: a tab; lines are indented with blanks"),
        ("- a\n", "set.yaml:1: expected keys and values, such as {name: value}\n  - a\n  ^"),
    ] {
        let message = refused(text);
        assert!(message.contains(expected), "{text:?} gave {message}");
    }
}

#[test]
fn wrong_choices() {
    for (text, expected) in [
        ("fill: {forward: 0}", "set.yaml:5: fill: `{forward: 0}` is not a choice; expected none or {forward: N}"),
        ("fill: {forward: 1.5}", "fill: `{forward: 1.5}`"),
        ("fill: {backward: 3}", "fill: `{backward: 3}`"),
        ("fill: forward", "fill: `forward`"),
        ("fill: {forward: 3, backward: 1}", "`forward` and `backward` exclude each other"),
        ("outliers: {winsorize: 0.5}", "outliers: `{winsorize: 0.5}`"),
        ("outliers: {drop_beyond_mad: -1}", "outliers: `{drop_beyond_mad: -1}`"),
        ("symbols: []", "the list is empty"),
        ("symbols: [A, B, A]", "`A` is listed twice"),
        ("symbols: ['../A']", "cannot be a symbol"),
        ("symbols: BTCUSDT", "nor the name of a pool\nhint: one symbol is written `symbols: [BTCUSDT]`"),
        ("let: [a]", "expected keys and values, such as {name: value}\n  let: [a]\n       ^"),
        ("symbols: {top: 3}", "`all`, a list of symbols, or the name of a pool"),
        ("library: {features: {windows: [5]}}", "a family name, or a list"),
        ("library: [{features: {windows: []}}]", "windows: the list is empty"),
        ("let: {Ret: close}", "let `Ret` is not a column name"),
        ("let: {a: close, a: open}", "duplicate"),
    ] {
        let message = with(text).unwrap_err();
        assert!(message.contains(expected), "{text:?} gave {message}");
        assert!(message.starts_with("set.yaml:5: "), "{text:?} gave {message}");
    }
    let text =
        "factor_set: a\ntimeframe: 1h\nsource: {venue: b, bars: tick-10}\nfill: {forward: 3}\nlibrary: features\n";
    assert!(refused(text).starts_with("set.yaml:4: fill: `tick-10` bars close on events"), "{}", refused(text));
}

#[test]
fn wrong_factors() {
    for (entry, expected) in [
        ("{name: Return, formula: close}", "factor `Return` is not a column name; expected lower_snake"),
        ("{name: 5_return, formula: close}", "factor `5_return` is not a column name"),
        ("{name: timestamp, formula: close}", "factor `timestamp`: the name is taken"),
        ("{name: a, formula: 'delay(close, {w})', windows: [5]}", "no {w} in the name; write `a_{w}`"),
        ("{name: 'a_{w}', formula: close}", "there are no windows; add `windows: [5, 20]`"),
        ("{name: a, formula: 'delay(close, {w})'}", "there are no windows"),
        ("{name: 'a_{w}', formula: close, windows: [5, 5]}", "5 is listed twice"),
        ("{name: 'a_{w}', formula: close, windows: [0]}", "0 is not a window"),
        (
            "{name: 'a_{w}', formula: close, windows: [-5]}",
            "-5 is not a window; expected a whole number from 1 to 100000",
        ),
        ("{name: 'a_{w}', formula: close, windows: [2.5]}", "2.5 is not a window"),
        ("{name: 'a_{w}', formula: close, windows: [100001]}", "100001 is not a window"),
        ("{name: 'a_{w}', formula: close, windows: [.nan]}", "NaN is not a window"),
        ("{name: 'a_{w}', formula: close, windows: [five]}", "expected a number\n  "),
        (
            "{name: a, formula: [close]}",
            "expected a text\n    - {name: a, formula: [close]}\n                         ^",
        ),
        ("{name: a}", "the key `formula` is missing"),
        ("{name: a, formula: ts_mean(close, 5)}", "hint: between braces a formula that holds commas is put in quotes"),
        ("{name: a, formula: close, windows: 5}", "expected a list, such as [5, 20]"),
    ] {
        let message = refused(&format!("{HEAD}factors:\n  - {entry}\n"));
        assert!(message.contains(expected), "{entry:?} gave {message}");
        assert!(message.starts_with("set.yaml:5: "), "{entry:?} gave {message}");
    }
}

/// The columns of a set of families, or why there is none.
fn columns_of(library: &str) -> Result<Vec<String>, String> {
    let config = with(&format!("library: {library}"))?;
    let available = crosscut_model::bar::BAR_COLUMNS;
    let market = crate::plan::Market { available: &available, periods_per_year: 8760.0 };
    let plan = crate::Plan::new(&config, market).map_err(|error| error.to_string())?;
    Ok(plan.columns.into_iter().map(|column| column.name).collect())
}

#[test]
fn families_may_share_factors() {
    let columns = columns_of("[features, kit_w3]").unwrap();
    for name in ["return_5", "ret_5", "sma_60", "rsi_20"] {
        assert_eq!(columns.iter().filter(|column| *column == name).count(), 1, "{name}");
    }
    // Of one bar, of each window, and the file's own.
    let columns = columns_of("[{features: {windows: [5]}}, {features: {windows: [5, 7]}}]").unwrap();
    assert_eq!(columns.len(), 6 + 2 * 17 + 1, "{columns:?}");
    let message = columns_of("[features, talib]").unwrap_err();
    let expected = "set.yaml:5: library: talib has a factor `ema_5` that a family before it has with another formula: \
                    `ema_seeded(close, 5)`, not `ema(close, 5)`";
    assert_eq!(message, expected);
    // `return_{w}` of one bar is `return_1`, which the family has anyway.
    let message = columns_of("[{features: {windows: [1, 5]}}]").unwrap_err();
    assert!(message.contains("factor `volatility_1`: `window` of `ts_std` is 1"), "{message}");
}
