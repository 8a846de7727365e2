//! Study files that cannot be: each is refused with the file, the key and what was expected; none is run in silence as
//! something else.

use crate::world::World;

/// What stands above the lines of a study.
const BASE: &str = "backtest: {strategy: top_k, factor_set: s1, params: {factor: return_5, k: 2}}\n";

/// Runs a command on each study, and looks for the words in what it says.
fn refused(command: &str, above: &str, studies: &[(&str, &[&str])]) {
    let world = World::with_market();
    for (study, words) in studies {
        world.write("study.yaml", format!("{BASE}{above}{study}\n"));
        let answer = world.run(&[command, "--config", "study.yaml"]);
        assert_eq!(answer.status, 2, "{study}\n{}\n{}", answer.out, answer.err);
        answer.refused(words);
    }
}

#[test]
fn ranges_and_lists_that_cannot_be() {
    let parameters = |text: &str| format!("sweep: {{parameters: {text}}}");
    let place = "sweep.parameters (from study.yaml): parameter `backtest.";
    let studies: [(&str, &[&str]); 20] = [
        ("{k: {from: 5, to: 1}}", &[place, "`from` at most `to`, found 5 and 1"]),
        ("{k: {from: 1, to: 5, step: 0}}", &[place, "a step above 0", "found 0"]),
        ("{k: {from: 1, to: 5, step: -1}}", &[place, "a step above 0", "found -1"]),
        ("{k: {from: 1, to: .inf}}", &["study.yaml", ".inf", "line 2"]),
        ("{k: [.nan]}", &["study.yaml", ".nan", "expected a finite number"]),
        ("{k: []}", &[place, "found an empty list"]),
        ("{k: ~}", &[place, "found nothing"]),
        ("{k: [1], params.k: [3]}", &["`backtest.params.k` is given twice"]),
        (
            "{commission_bps: {from: 1, to: 1000000000, step: 1}}",
            &[place, "at most 1000000 steps, found 999999999 of 1"],
        ),
        ("{commission_bps: {from: 1, to: 1000000000}}", &["`step` or `n` beside `from: 1` and `to: 1000000000`"]),
        ("{commission_bps: {from: 0, to: 10, n: 1000000000}}", &[place, "from 1 to 1000000, found 1000000000"]),
        ("{commission_bps: {from: 0, to: 10, n: 2.5}}", &[place, "found 2.5"]),
        (
            "{commission_bps: {from: 0.5, to: 10, n: 90000}, k: {from: 1, to: 99}}",
            &["90000 x 99", "at most 200000", "sobol"],
        ),
        ("{commission_bps: {from: 0, to: 10, scale: log}}", &[place, "above 0, found 0 and 10"]),
        ("{commission_bps: {from: 1, to: 10, scale: cubic}}", &[place, "linear or log"]),
        ("{commission_bps: {from: 1, to: 10, step: 2, n: 3}}", &[place, "not both"]),
        ("{commission_bps: {from: -1e308, to: 1e308, n: 3}}", &[place, "a narrower range"]),
        ("{k: {from: 1.5, to: 3, whole: true}}", &[place, "whole numbers, found 1.5 and 3"]),
        ("{commission_bps: [abc]}", &["sweep.parameters (from study.yaml)", "backtest.commission_bps", "found `abc`"]),
        ("{k: {values: [1], from: 2}}", &[place, "found `values`"]),
    ];
    let studies: Vec<(String, &[&str])> = studies.iter().map(|(text, words)| (parameters(text), *words)).collect();
    let studies: Vec<(&str, &[&str])> = studies.iter().map(|(text, words)| (text.as_str(), *words)).collect();
    refused("sweep", "", &studies);
}

#[test]
fn constraints_methods_and_names_that_cannot_be() {
    let deep = format!("sweep: {{parameters: {{k: [1]}}, constraints: ['{}k > 1']}}", "(".repeat(5000));
    let place = "sweep.constraints (from study.yaml): constraint `";
    refused(
        "sweep",
        "",
        &[
            (
                "sweep: {parameters: {k: [1, 2]}, constraints: [k > 1, k < 2]}",
                &["none of 2 points meets the constraints"],
            ),
            ("sweep: {parameters: {k: [1]}, constraints: ['']}", &[place, "a number or a name at the end"]),
            ("sweep: {parameters: {k: [1]}, constraints: ['k + 1']}", &[place, "a condition such as"]),
            (
                "sweep: {parameters: {k: [1]}, constraints: ['k / 0 > 1']}",
                &["constraint `k / 0 > 1`: 1 is divided by 0"],
            ),
            ("sweep: {parameters: {k: [1]}, constraints: ['factor > 3']}", &["numbers are needed, found `return_5`"]),
            ("sweep: {parameters: {k: [1]}, constraints: ['k > 1e999']}", &[place, "a number, found `1e999`"]),
            ("sweep: {parameters: {k: [1]}, constraints: ['k > nan']}", &[place, "`nan` is nothing a sweep can vary"]),
            (&deep, &[place, "((((...`: expected fewer levels"]),
            ("sweep: {parameters: {k: [1]}, method: random}", &["needs `n`"]),
            ("sweep: {parameters: {k: [1]}, method: random, n: 1000000000}", &["at most 200000 points"]),
            (
                "sweep: {parameters: {k: [1, 2]}, method: random, n: 5, constraints: [k > 2]}",
                &["only 0 of 1000 points"],
            ),
            ("sweep: {parameters: {k: [1]}, out_of_sample: 1}", &["sweep.out_of_sample (from study.yaml)", "found 1"]),
            ("sweep: {parameters: {k: [1]}, by: ''}", &["study.yaml: sweep.by", "found nothing"]),
            ("sweep: 5", &["study.yaml: sweep: expected `key: value` lines, found `5`"]),
            ("sweep: [1]", &["study.yaml: sweep: expected `key: value` lines, found a list"]),
            (
                "parameter_sets: [{name: x, k: 1}, {name: x, k: 2}]",
                &["sweep.parameter_sets (from study.yaml)", "two sets are called `x`"],
            ),
            (
                "parameter_sets: {a: {k: 1, params: {k: 2}}}",
                &["a: `backtest.params.k` is given twice, also as `params.k`"],
            ),
            ("parameter_sets: {'': {k: 1}}", &["a name is empty"]),
            (
                "parameter_sets: {a: {k: 1}}\nsweep: {parameter_sets: {b: {k: 2}}}",
                &["study.yaml", "`sweep.parameter_sets` is given twice"],
            ),
            ("parameter_sets: {a: {k: {from: 1, to: 3}}}", &["a: `k.from` is nothing a sweep can vary"]),
            ("sweep: {parameters: {results: [a, b]}}", &["`results` is nothing a sweep can vary"]),
        ],
    );
}

#[test]
fn sobol_beyond_its_dimensions() {
    let names: Vec<String> = (0..41).map(|nth| format!("w{nth}")).collect();
    let axes: Vec<String> = names.iter().map(|name| format!("{name}: [1, 2]")).collect();
    let terms: Vec<String> = names.iter().map(|name| format!("delay(close, {{{name}}})")).collect();
    let world = World::with_market();
    let (formula, axes) = (terms.join(" + "), axes.join(", "));
    let base = format!("backtest: {{strategy: top_k, timeframe: 1h, formula: '{formula}', params: {{k: 2}}}}");
    world.write("study.yaml", format!("{base}\nsweep: {{method: sobol, n: 4, parameters: {{{axes}}}}}\n"));
    world.run(&["sweep", "--config", "study.yaml"]).refused(&["at most 40 parameters, found 41"]);
}

#[test]
fn searches_that_cannot_be() {
    let space = "sweep: {parameters: {k: {from: 1, to: 6}, commission_bps: {from: 0, to: 10}}}\n";
    let objective = "optimize.objective (from study.yaml): expected";
    let require = "optimize.require (from study.yaml)";
    refused(
        "optimize",
        space,
        &[
            ("optimize: {objective: []}", &[objective, "an empty list"]),
            ("optimize: {objective: {}}", &[objective, "found {}"]),
            ("optimize: {objective: {sharpe: 0}}", &[objective, "a weight other than 0 for `sharpe`"]),
            ("optimize: {objective: minimise}", &[objective, "found `minimise`"]),
            ("optimize: {objective: {sharp: 1}}", &[objective, "did you mean `sharpe`?"]),
            ("optimize: {require: [k > 2]}", &[require, "`k` is no metric"]),
            ("optimize: {require: ['sharpe >']}", &[require, "at the end"]),
            ("optimize: {require: [deflated_sharpe > 0.9]}", &[require, "`deflated_sharpe` is no metric"]),
            ("optimize: {trials: 1000000000}", &["optimize.trials (from study.yaml)", "from 1 to 100000"]),
            ("optimize: {batch: 0}", &["optimize.batch (from study.yaml)", "found 0"]),
            ("optimize: {keep: 0}", &["optimize.keep (from study.yaml)", "found 0"]),
            ("optimize: {min_gain: -1}", &["optimize.min_gain (from study.yaml)", "found -1"]),
            ("optimize: {method: tpx}", &["optimize.method", "did you mean `tpe`?"]),
            (
                "optimize: {method: halving, rungs: 50, trials: 4}",
                &["optimize.rungs (from study.yaml)", "less than two bars"],
            ),
            ("optimize: {unknown: 3}", &["study.yaml: unknown key `optimize.unknown`"]),
        ],
    );
    let varied = "sweep: {parameters: {k: [1, 2]}, constraints: [k > 2]}\n";
    refused(
        "optimize",
        varied,
        &[("optimize: {trials: 4}", &["sweep.constraints (from study.yaml)", "none of 200 points"])],
    );
    let ends = "sweep: {parameters: {end: ['2024-01-09', '2024-01-12']}}\n";
    refused("optimize", ends, &[("optimize: {method: halving}", &["`backtest.end`", "cannot be varied"])]);
}

#[test]
fn what_is_required_means_what_criteria_mean() {
    let world = World::with_market();
    let found = |require: &str| {
        let space = "sweep: {best: 0, parameters: {k: [1, 2, 3, 4, 5, 6]}}";
        world
            .write("study.yaml", format!("{BASE}{space}\noptimize: {{trials: 6, initial: 6, require: [{require}]}}\n"));
        let result = world.json(&["optimize", "--config", "study.yaml"])["result"].clone();
        result["best"]
            .as_array()
            .unwrap()
            .iter()
            .map(|set| set["metrics"]["max_drawdown"].as_f64().unwrap())
            .collect::<Vec<f64>>()
    };
    let mut all = found("n_trades >= 0");
    assert_eq!(all.len(), 6, "{all:?}");
    all.sort_by(f64::total_cmp);
    let middle = -0.5 * (all[2] + all[3]);
    for require in [format!("max_drawdown <= {middle}"), format!("'max_drawdown >= -{}%'", 100.0 * middle)] {
        let left = found(&require);
        assert!(left.len() == 3 && left.iter().all(|drawdown| -drawdown <= middle), "{require}: {left:?}");
    }
    assert!(found("sharpe > 1000").is_empty());
    let answer = world.run(&["optimize", "--config", "study.yaml"]);
    assert!(
        answer.out.contains("no set has all metrics of the objective and meets what is required"),
        "{}",
        answer.out
    );
}

#[test]
fn sets_of_halving_may_meet_again() {
    // Three of three go on to each rung, and all rungs end together.
    let world = World::with_market();
    world.write(
        "study.yaml",
        format!("{BASE}sweep: {{parameters: {{k: [1, 2, 3]}}}}\noptimize: {{method: halving, trials: 3, rungs: 4, keep: 0.9999999999999999}}\n"),
    );
    let result = world.json(&["optimize", "--config", "study.yaml"])["result"].clone();
    assert!(result["n_repeated"].as_u64().unwrap() > 0 && result["n_failed"] == 0, "{result}");
}

#[test]
fn walks_that_cannot_be() {
    refused(
        "walkforward",
        "sweep: {parameters: {k: [1, 2, 3]}}\n",
        &[
            ("walkforward: {train: 0d}", &["walkforward.train (from study.yaml)", "found `0d`"]),
            ("walkforward: {train: 400d}", &["too short for 400.0 days"]),
            (
                "walkforward: {train: 10d, test: 1s}",
                &["walkforward.test (from study.yaml)", "one bar, which is 3600 s long, found 1 s"],
            ),
            ("walkforward: {train: 30m}", &["walkforward.train (from study.yaml)", "found 1800 s"]),
            ("walkforward: {train: 10d, test: 4d, embargo: 30d}", &["too short", "a gap of 31.0"]),
            (
                "walkforward: {train: 10d, test: 4d, embargo: -1d}",
                &["walkforward.embargo (from study.yaml)", "found `-1d`"],
            ),
            ("walkforward: {train: 10d, test: 4d, step: 0}", &["walkforward.step (from study.yaml)", "found `0`"]),
            ("walkforward: {train: 10d, test: 4d, step: 1h}", &["walkforward.step", "overlap"]),
            ("walkforward: {train: 10d, test: 4d, groups: 1}", &["walkforward.groups", "fewer than all"]),
            (
                "walkforward: {train: 10d, test: 4d, groups: 100}",
                &["walkforward.groups", "cannot be cut into 100 groups"],
            ),
            (
                "walkforward: {train: 10d, test: 4d, groups: 24, test_groups: 12}",
                &["walkforward.groups", "more than 20000 splits"],
            ),
            ("walkforward: {train: 10d, test: 4d, groups: 4, test_groups: 0}", &["`test_groups` of at least 1"]),
            (
                "walkforward: {train: 10d, test: 4d, select: 'top:0'}",
                &["walkforward.select (from study.yaml)", "found `top:0`"],
            ),
            ("walkforward: {train: 1M}", &["walkforward.train (from study.yaml)", "found `1M`"]),
            ("walkforward: {by: sharpe}", &["unknown key `walkforward.by`", "`sweep.by`"]),
        ],
    );
    let varied = "sweep: {parameters: {start: ['2024-01-05', '2024-01-07']}}\n";
    refused(
        "walkforward",
        varied,
        &[("walkforward: {train: 10d}", &["`backtest.start` cannot be varied", "windows set it"])],
    );
}

#[test]
fn criteria_that_cannot_be() {
    let world = World::with_market();
    world.backtest(&[]).good();
    for (criteria, words) in [
        ("sharpe > 1 < 2", "a metric, one of"),
        ("win_rate >= 60%%", "a metric, one of"),
        ("win_rate >= %", "a metric, one of"),
        ("sharpe > --1", "a metric, one of"),
        ("SHARPE > 1", "the nearest is `sharpe`"),
        ("deflated_sharp > 0.95", "the nearest is `deflated_sharpe`"),
    ] {
        world.run(&["runs", "judge", "latest", "--criteria", criteria]).refused(&["--criteria", criteria, words]);
    }
    world.write("live.yaml", "stress: {criteria: [sharp > 1]}\n");
    world.run(&["stress", "latest", "--config", "live.yaml"]).refused(&["live.yaml", "`stress.criteria`", "`sharpe`"]);
    world.write("live.yaml", "stress: {criteria: {sharpe: 1}}\n");
    world.run(&["stress", "latest", "--config", "live.yaml"]).refused(&["live.yaml", "stress.criteria", "a mapping"]);
    let percents = world.run(&["runs", "judge", "latest", "--criteria", "win_rate >= 0 %, max_drawdown <= 100%"]);
    assert_eq!(percents.status, 0, "{}", percents.out);
}
