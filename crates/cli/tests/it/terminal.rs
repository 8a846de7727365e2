//! The program as a citizen of the terminal: help, exit status, streams.

use std::io::Read;
use std::process::Stdio;

use crate::world::World;

#[test]
fn help_names_every_command_and_no_later_one() {
    let world = World::new();
    let help = world.run(&["--help"]).good().out;
    let commands =
        "demo init config data hub aggregate features factors evaluate backtest sweep optimize walkforward stress universe pool runs pipeline bench list"
            .split(' ');
    for command in commands {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
        assert!(world.run(&[command, "--help"]).good().out.contains("Usage: crosscut"));
    }
    for later in ["serve", "live", "sql"] {
        assert!(!help.contains(&format!("\n  {later} ")), "{later}");
        world.run(&[later]).refused(&["unrecognized subcommand"]);
    }
    assert!(world.run(&["--version"]).good().out.starts_with("crosscut "));
}

#[test]
fn help_tells_the_defaults_of_the_command() {
    let world = World::new();
    let default = |command: &[&str], option: &str| {
        let help = world.run(&[command, &["--help"]].concat()).good().out;
        // A line may break anywhere.
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let (_, after) = help.split_once(&format!("--{option} <")).unwrap();
        let words = after.split_once("[default: ").map(|(_, rest)| rest.split(']').next().unwrap().to_owned());
        words.unwrap_or_default()
    };
    assert_eq!(default(&["backtest"], "strategy"), "top_k");
    assert_eq!(default(&["pipeline", "run"], "strategy"), "long_short");
    assert_eq!(default(&["pipeline", "run"], "rebalance"), "W-MON");
    assert_eq!(default(&["pipeline", "run"], "max-position"), "0.1");
    assert_eq!(default(&["pipeline", "run"], "max-drawdown"), "0.3");
}

#[test]
fn slips_of_the_keyboard_name_the_nearest() {
    let world = World::new();
    world.run(&["backtset"]).refused(&["'backtest'"]);
    world.run(&["runs", "lst"]).refused(&["'list'"]);
    world.run(&["backtest", "--rebalanse", "D"]).refused(&["'--rebalance'"]);
    assert_eq!(world.run(&[]).status, 2);
}

#[test]
fn a_wrong_command_line_is_json_too() {
    let world = World::new();
    let error = world.run(&["--json", "backtest", "--bad"]).json();
    assert_eq!(error["status"], 2);
    assert!(error["error"]["message"].as_str().unwrap().contains("--bad"), "{error}");
}

#[test]
fn json_is_alone_on_standard_output() {
    let world = World::with_market();
    let answer = world.backtest(&["--json"]).good();
    let object = answer.json();
    for key in ["command", "version", "status", "result"] {
        assert!(object.get(key).is_some(), "{key}");
    }
    let error = world.backtest(&["--json", "--strategy", "banana"]).refused(&["unknown strategy `banana`"]).json();
    assert_eq!((&error["status"], &error["command"]), (&2.into(), &"backtest".into()));
    assert!(error["error"]["message"].as_str().unwrap().contains("unknown strategy `banana`"));
    let error = world.backtest(&["--json", "--strategy", "top_x"]).json();
    assert_eq!(error["error"]["hint"], "did you mean `top_k`?");
}

#[test]
fn the_log_level_is_obeyed() {
    let world = World::new();
    world.generate("raw");
    let import = ["data", "import", "--venue", "v", "raw"];
    world.run(&import).good();
    world.run(&["aggregate"]).good();
    let run = |level: &str| {
        let pool = ["--top-n", "4", "--long-n", "1", "--short-n", "1", "--log-level", level];
        world.run(&[&["pipeline", "run"], &pool[..]].concat()).good().err
    };
    assert!(run("info").contains("pool: "), "what is being done is told");
    assert_eq!(run("error"), "");
    world.run(&["config", "show", "--log-level", "loud"]).refused(&[
        "log_level",
        "error, warning, info, debug",
        "loud",
    ]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = World::new();
    let mut child = world.command(&["config", "show"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn jobs_on_the_hub_keep_a_log_beside_it() {
    let world = World::with_market();
    let ingest = world.text("logs/ingest.log");
    assert!(ingest.contains("import 1 files or folders for v") && ingest.contains("checksum ok"), "{ingest}");
    assert!(world.text("logs/factors.log").contains("published s1"));
    assert!(world.files("hub").keys().chain(world.files("raw").keys()).all(|name| !name.ends_with(".log")));
}

#[test]
fn strategies_are_listed_with_their_parameters() {
    let world = World::new();
    let listed = world.json(&["list", "strategies"]);
    let names: Vec<_> = listed["result"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names[..4], ["top_k", "long_short", "threshold", "momentum"]);
    assert!(names.contains(&"sma_cross") && names.contains(&"rsi"), "{names:?}");
    let text = world.run(&["list", "strategies"]).good().out;
    for param in ["min_factor", "long_quantile", "hold_max_bars", "lookback_col", "top_n_short"] {
        assert!(text.contains(param), "{param}");
    }
    assert!(text.is_ascii());
}
