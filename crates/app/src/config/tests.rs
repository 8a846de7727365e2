//! Layers given as text, the resolved values and origins as text.

use std::fs;

use serde_json::json;

use super::*;

/// Resolves with a YAML text as the one file.
fn with_yaml(yaml: &str, mut sources: Sources) -> Result<Config, AppError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crosscut.yaml");
    fs::write(&file, yaml).unwrap();
    sources.files.push(file);
    let config = Config::resolve(&sources);
    let hide = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
    config.map_err(|error| AppError::new(hide(error.to_string())))
}

/// The error of a YAML text.
fn yaml_error(yaml: &str) -> String {
    with_yaml(yaml, Sources::default()).unwrap_err().to_string()
}

/// A flag.
fn flag(path: &'static str, text: &str) -> Given {
    Given { path, text: text.to_owned() }
}

/// An environment variable.
fn variable(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn the_table_is_sound() {
    for (at, key) in KEYS.iter().enumerate() {
        assert!(!KEYS[..at].iter().any(|other| other.path == key.path), "{} appears twice", key.path);
        let variable = keys::environment_name(key.path);
        assert!(
            !KEYS[..at].iter().any(|other| keys::environment_name(other.path) == variable),
            "{variable} is ambiguous"
        );
        assert!(key.help.is_ascii() && !key.help.ends_with('.'), "{}", key.path);
    }
    assert!(Config::resolve(&Sources::default()).is_ok(), "every default is a value of its kind");
}

#[test]
fn flags_beat_environment_beats_yaml_beats_default() {
    let yaml = "hub: from_yaml\nresults: from_yaml\nbacktest: {capital: 5, seed: 7, commission_bps: 1}\n";
    let sources = Sources {
        flags: vec![flag("hub", "from_flag")],
        set: vec!["hub=from_set".into(), "backtest.slippage_bps=9".into()],
        environment: vec![
            variable("CROSSCUT_RESULTS", "from_env"),
            variable("CROSSCUT_BACKTEST_CAPITAL", "6"),
            variable("HOME", "x"),
        ],
        dot_env: Some((
            ".env".into(),
            "# mine\nexport CROSSCUT_BACKTEST__CAPITAL='4'\nCROSSCUT_BACKTEST_SEED=8\nOTHER=1\n".into(),
        )),
        ..Sources::default()
    };
    let config = with_yaml(yaml, sources).unwrap();
    let origin = |path: &str| {
        let text = config.origin(path).unwrap().to_string();
        text.rsplit('/').next().unwrap().to_owned()
    };
    assert_eq!((config.text("hub"), origin("hub").as_str()), (Some("from_flag"), "--hub"));
    assert_eq!(
        (config.text("results"), origin("results").as_str()),
        (Some("from_env"), "environment: CROSSCUT_RESULTS")
    );
    assert_eq!(config.number("backtest.capital"), Some(6.0));
    assert_eq!(
        (config.count("backtest.seed"), origin("backtest.seed").as_str()),
        (Some(8), ".env: CROSSCUT_BACKTEST_SEED")
    );
    assert_eq!(
        (config.number("backtest.commission_bps"), origin("backtest.commission_bps").as_str()),
        (Some(1.0), "crosscut.yaml")
    );
    assert_eq!(
        (config.number("backtest.slippage_bps"), origin("backtest.slippage_bps").as_str()),
        (Some(9.0), "--set")
    );
    assert_eq!(
        (config.text("backtest.execution"), origin("backtest.execution").as_str()),
        (Some("next_open"), "default")
    );
    assert!(config.is_given("hub") && !config.is_given("backtest.execution"));
}

#[test]
fn named_values_merge_one_by_one() {
    let sources = Sources {
        flags: vec![flag("backtest.params", "k=3"), flag("backtest.params", "min_factor=-0.5")],
        environment: vec![variable("CROSSCUT_BACKTEST_PARAMS_K", "4")],
        ..Sources::default()
    };
    let config = with_yaml("backtest:\n  params:\n    k: 10\n    weighting: score\n", sources).unwrap();
    let pairs: Vec<String> = config.named("backtest.params").iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(pairs, ["k=3", "min_factor=-0.5", "weighting=score"]);
    assert_eq!(config.origin("backtest.params.k").unwrap().to_string(), "--param");
}

#[test]
fn later_files_win_and_command_defaults_lose() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
    fs::write(&first, "threads: 1\nbacktest: {max_gross: 1}\n").unwrap();
    fs::write(&second, "threads: 2\n").unwrap();
    let sources = Sources {
        files: vec![first, second],
        command_defaults: &[
            ("pipeline run", "backtest.max_gross", "2"),
            ("pipeline run", "backtest.max_drawdown", "0.3"),
        ],
        ..Sources::default()
    };
    let config = Config::resolve(&sources).unwrap();
    assert_eq!(config.count("threads"), Some(2));
    assert_eq!(config.number("backtest.max_gross"), Some(1.0));
    assert_eq!(config.number("backtest.max_drawdown"), Some(0.3));
    assert_eq!(config.origin("backtest.max_drawdown").unwrap().to_string(), "default of pipeline run");
}

#[test]
fn empty_sections_and_lists_are_fine() {
    let config = with_yaml("backtest:\nimport:\n  symbol_suffix:\n", Sources::default()).unwrap();
    assert_eq!(config.text("import.symbol_suffix"), None);
    let config =
        with_yaml("backtest: {symbols: [BTCUSDT, ETHUSDT], params: , exclude: 1INCH*}\n", Sources::default()).unwrap();
    assert_eq!(config.list("backtest.symbols"), ["BTCUSDT", "ETHUSDT"]);
    assert_eq!(config.list("backtest.exclude"), ["1INCH*"]);
    assert!(with_yaml("", Sources::default()).is_ok());
}

#[test]
fn a_setting_with_a_default_cannot_be_emptied() {
    let sources = Sources { set: vec!["aggregate.bar=".into()], ..Sources::default() };
    let error = Config::resolve(&sources).unwrap_err().to_string();
    assert!(error.contains("aggregate.bar: expected a value such as `1h`, found nothing"), "{error}");
}

#[test]
fn misshapen_yaml_is_told_plainly() {
    let error = yaml_error("backtest: {capital: {a: 1}}\n");
    assert!(error.contains("`backtest.capital` is one value, found a mapping"), "{error}");
    let error = yaml_error("hub: a\nhub: b\n");
    assert!(error.contains("duplicate") && error.contains("hub") && !error.contains("Policy"), "{error}");
}

#[test]
fn unknown_keys_name_the_nearest() {
    let error = yaml_error("backtest: {captial: 5}\n");
    assert!(
        error.starts_with("crosscut.yaml: unknown key `backtest.captial`\nhint: the nearest key is `backtest.capital`"),
        "{error}"
    );
    let error = yaml_error("capital: 5\n");
    assert!(error.contains("unknown key `capital`\nhint: the nearest key is `backtest.capital`"), "{error}");
    let error = yaml_error("backtset: {capital: 5}\n");
    assert!(error.contains("unknown key `backtset`"), "{error}");
    let sources = Sources { set: vec!["backtest.rebalanse=D".into()], ..Sources::default() };
    let error = Config::resolve(&sources).unwrap_err().to_string();
    assert!(
        error.starts_with("--set: unknown key `backtest.rebalanse`\nhint: the nearest key is `backtest.rebalance`"),
        "{error}"
    );
    let sources = Sources { environment: vec![variable("CROSSCUT_HUBB", "x")], ..Sources::default() };
    let error = Config::resolve(&sources).unwrap_err().to_string();
    assert_eq!(error, "environment: unknown variable `CROSSCUT_HUBB`\nhint: the nearest variable is `CROSSCUT_HUB`");
}

#[test]
fn wrong_types_name_key_and_origin() {
    assert_eq!(
        yaml_error("backtest: {capital: lots}\n"),
        "crosscut.yaml: backtest.capital: expected a number, found `lots`"
    );
    assert_eq!(
        yaml_error("backtest: {execution: nextopen}\n"),
        "crosscut.yaml: backtest.execution: expected one of next_open, close, next_close, next_vwap, found `nextopen`\nhint: did you mean `next_open`?"
    );
    assert_eq!(yaml_error("threads: [1, 2]\n"), "crosscut.yaml: threads: expected one value, found a list");
    assert_eq!(yaml_error("threads: -1\n"), "crosscut.yaml: threads: expected a whole number, 0 or more, found `-1`");
    assert_eq!(yaml_error("- a\n- b\n"), "crosscut.yaml: expected `key: value` lines, found a list");
    assert!(yaml_error("hub: [\n").starts_with("crosscut.yaml: not valid YAML: "));
    assert!(yaml_error("hub: a\nhub: b\n").starts_with("crosscut.yaml: not valid YAML: "));
    let sources = Sources { flags: vec![flag("backtest.params", "k")], ..Sources::default() };
    assert_eq!(Config::resolve(&sources).unwrap_err().to_string(), "--param `k`: expected name=value");
    let sources = Sources { dot_env: Some((".env".into(), "\nnonsense\n".into())), ..Sources::default() };
    assert_eq!(Config::resolve(&sources).unwrap_err().to_string(), ".env:2: expected NAME=value, found `nonsense`");
}

#[test]
fn one_name_has_one_value() {
    let params = ["k=3", "min_factor=0", "k=4"].map(|text| flag("backtest.params", text));
    let sources = Sources { flags: params.to_vec(), ..Sources::default() };
    assert_eq!(
        Config::resolve(&sources).unwrap_err().to_string(),
        "`--param k=3` and `--param k=4` give one name two values\nhint: leave one of the two"
    );
    let set = ["backtest.capital=5", "threads=1", "backtest.capital = 6"].map(str::to_owned).to_vec();
    assert_eq!(
        Config::resolve(&Sources { set, ..Sources::default() }).unwrap_err().to_string(),
        "`--set backtest.capital=5` and `--set backtest.capital=6` give one name two values\nhint: leave one of the two"
    );
    // The same value twice is no contradiction.
    let set = vec!["backtest.capital=5".to_owned(); 2];
    assert!(Config::resolve(&Sources { set, ..Sources::default() }).is_ok());
    // Layers may say it again: an option wins over `--set`, and that over a file.
    let sources = Sources {
        set: vec!["backtest.params.k=5".to_owned()],
        flags: vec![flag("backtest.params", "k=6")],
        ..Sources::default()
    };
    assert_eq!(Config::resolve(&sources).unwrap().named("backtest.params"), [("k".to_owned(), "6".to_owned())]);
}

#[test]
fn models_are_texts_mappings_and_single_parameters() {
    let yaml = "backtest: {costs: {commission: {per_share: {rate: 0.005}}}, risk: {max_position: 0.1}}\n";
    let resolved = |set: &[&str]| {
        let set = set.iter().map(|text| (*text).to_owned()).collect();
        with_yaml(yaml, Sources { set, ..Sources::default() })
    };
    let commission = |set: &[&str]| {
        let config = resolved(set).unwrap();
        config.model("backtest.costs.commission").unwrap().clone()
    };
    assert_eq!(commission(&[]), json!({"per_share": {"rate": 0.005}}));
    assert_eq!(commission(&["backtest.costs.commission={bps: 3}"]), json!({"bps": 3}));
    assert_eq!(commission(&["backtest.costs.commission=bps:3"]), json!("bps:3"));
    let minimum = "backtest.costs.commission.per_share.minimum=1";
    assert_eq!(commission(&[minimum]), json!({"per_share": {"rate": 0.005, "minimum": "1"}}));
    assert_eq!(commission(&[minimum, "backtest.costs.commission.fixed=2"]), json!({"fixed": "2"}));
    let config = resolved(&[]).unwrap();
    assert_eq!(config.number("backtest.max_position"), Some(0.1));
    let error = resolved(&["backtest.costs.commission=[1"]).unwrap_err().to_string();
    assert!(error.contains("not a mapping"), "{error}");
}

#[test]
fn the_higher_layer_wins_over_another_way_of_saying_it() {
    let (short, model) = ("backtest.commission_bps", "backtest.costs.commission");
    let set = |texts: &[&str]| Sources {
        set: texts.iter().map(|text| (*text).to_owned()).collect(),
        flags: vec![Given { path: "backtest.commission_bps", text: "1".to_owned() }],
        ..Sources::default()
    };
    let config = Config::resolve(&set(&["backtest.costs.commission=fixed:1"])).unwrap();
    assert_eq!(config.prevailing(short, model).unwrap(), short);
    let both =
        Sources { flags: Vec::new(), ..set(&["backtest.costs.commission=fixed:1", "backtest.commission_bps=2"]) };
    let error = Config::resolve(&both).unwrap().prevailing(short, model).unwrap_err().to_string();
    assert!(error.contains("says the same thing"), "{error}");
}
