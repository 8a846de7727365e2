//! Settings that make no sense: one clear error each, exit status 2, nothing written.

use crate::world::{World, answer};

#[test]
fn unknown_keys_name_the_nearest() {
    let world = World::new();
    world.write("a.yaml", "backtest: {captial: 5}\n");
    world.run(&["config", "show", "--config", "a.yaml"]).refused(&["a.yaml", "backtest.captial", "`backtest.capital`"]);
    world.run(&["config", "show", "--set", "backtest.seeed=1"]).refused(&["backtest.seeed", "`backtest.seed`"]);
    let mut command = world.command(&["config", "show"]);
    command.env("CROSSCUT_BACKTEST_CAPITL", "1");
    answer(&mut command).refused(&["CROSSCUT_BACKTEST_CAPITL", "`CROSSCUT_BACKTEST_CAPITAL`"]);
    world.write(".env", "CROSSCUT_HUBB=x\n");
    world.run(&["config", "show"]).refused(&[".env", "CROSSCUT_HUBB", "`CROSSCUT_HUB`"]);
}

#[test]
fn files_that_are_no_settings() {
    let world = World::new();
    world.run(&["config", "show", "--config", "none.yaml"]).refused(&["none.yaml", "hint: "]);
    world.write("broken.yaml", "hub: [\n");
    world.run(&["config", "show", "--config", "broken.yaml"]).refused(&["broken.yaml", "not valid YAML"]);
    world.write("list.yaml", "- 1\n");
    world.run(&["config", "show", "--config", "list.yaml"]).refused(&["list.yaml", "expected `key: value`"]);
    world.write("binary.yaml", [0xff, 0xfe, 0x00]);
    world.run(&["config", "show", "--config", "binary.yaml"]).refused(&["binary.yaml"]);
}

#[test]
fn values_of_the_wrong_kind_name_key_and_value() {
    let world = World::with_market();
    let before = world.files("hub");
    for (options, words) in [
        (&["--capital", "lots"][..], &["capital", "`lots`", "a number"][..]),
        (&["--capital", "-5"], &["capital", "-5"]),
        (&["--capital", "nan"], &["capital", "`nan`"]),
        (&["--execution", "next_opn"], &["execution", "`next_opn`", "hint: did you mean `next_open`?"]),
        (&["--untradable", "sell"], &["untradable", "`sell`", "hold, close_last"]),
        (&["--on-short", "maybe"], &["on_short", "`maybe`"]),
        (&["--align", "left"], &["align", "`left`", "forward_fill"]),
        (&["--rebalance", "W-XXX"], &["rebalance", "`W-XXX`", "W-MON"]),
        (&["--rebalance", "0"], &["rebalance", "`0`"]),
        (&["--start", "yesterday"], &["start", "`yesterday`", "2024-07-21"]),
        (&["--start", "2024-02-30"], &["start", "`2024-02-30`"]),
        (&["--start", "2024-01-10", "--end", "2024-01-05"], &["end", "2024-01-05", "2024-01-10"]),
        (&["--timeframe", "1x"], &["timeframe", "`1x`"]),
        (&["--commission-bps", "-1"], &["commission", "-1"]),
        (&["--slippage-bps", "x"], &["slippage_bps", "`x`"]),
        (&["--max-position", "0"], &["max_position", "0"]),
        (&["--max-drawdown", "1.5"], &["max_drawdown", "1.5"]),
        (&["--cash-buffer", "1"], &["cash_buffer", "1"]),
        (&["--pool-top-n", "0"], &["0"]),
        (&["--pool-lookback", "soon"], &["pool_lookback", "`soon`"]),
        (&["--seed", "-1"], &["seed", "`-1`"]),
        (&["--threads", "many"], &["threads", "`many`"]),
        (&["--param", "k"], &["--param `k`", "name=value"]),
    ] {
        world.backtest(options).refused(words);
    }
    assert!(world.files("hub") == before);
    assert!(world.files("results").is_empty(), "a slip of the keyboard is no run");
}

#[test]
fn what_is_given_twice_is_told_and_not_chosen_from() {
    let world = World::new();
    let twice = ["backtest", "--param", "k=3", "--param", "k=4"];
    world.run(&twice).refused(&["`--param k=3`", "`--param k=4`", "hint: "]);
    world.run(&["config", "show", "--set", "threads=1", "--set", "threads=2"]).refused(&["threads=1", "threads=2"]);
    world.run(&["data", "list", "--hub", "a", "--hub", "b"]).refused(&["--hub", "multiple times"]);
    // The parser alone would take the one behind the command and say nothing.
    for (before, behind) in [("--hub=a", "--hub=b"), ("--set=threads=1", "--set=seed=2"), ("--config=a", "--config=b")]
    {
        let (flag, a) = before.split_once('=').unwrap();
        let b = behind.split_once('=').unwrap().1;
        world.run(&[before, "config", "show", behind]).refused(&[flag, &format!("`{a}`, `{b}`"), "one place"]);
        world.run(&[flag, a, "config", "show", flag, b]).refused(&[flag, "before and behind"]);
    }
    world.run(&["--hub", "a", "config", "show", "--set", "threads=1", "--set", "backtest.capital=5"]).good();
}
