//! The content of each file of a run's folder.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::fixture::{names, outcome, record};
use crate::results::{Archive, RunKind};

/// Publishes the fixture and hands its folder to `check`.
fn published(kind: RunKind, check: impl FnOnce(&Path)) {
    let root = tempfile::tempdir().unwrap();
    let published = Archive::new(root.path()).publish(&record(kind), &outcome()).unwrap();
    check(&published.folder);
}

#[test]
fn a_backtest_writes_its_files_and_a_pipeline_three_more() {
    let common = [
        "equity_curve.csv",
        "logs.txt",
        "metrics.json",
        "orders.csv",
        "positions.csv",
        "report.html",
        "run_context.json",
        "trade_summary.csv",
        "trades.csv",
    ];
    published(RunKind::Backtest, |folder| assert_eq!(names(folder), common));
    published(RunKind::Pipeline, |folder| {
        let mut all: Vec<&str> = common.to_vec();
        all.extend(["backtest_summary.json", "nav_history.csv", "trade_log.json"]);
        all.sort_unstable();
        assert_eq!(names(folder), all);
    });
}

#[test]
fn csv_files_have_the_columns_of_the_design() {
    published(RunKind::Pipeline, |folder| {
        let check = |name: &str, expected: &str| {
            assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), expected, "{name}");
        };
        check(
            "equity_curve.csv",
            "timestamp,equity,cash,gross_exposure,net_exposure,drawdown,benchmark\n\
             2024-01-01T00:00:00Z,1000,1000,0,0,0,\n\
             2024-01-02T00:00:00Z,1100,550,0.5,0.5,0,1000\n\
             2024-01-03T00:00:00Z,880,550,0.375,0.375,-0.2,900\n\
             2024-01-04T00:00:00Z,1100,1100,0,0,0,1035\n\
             2024-01-05T00:00:00Z,990,495,0.5,-0.5,-0.1,1035\n",
        );
        check(
            "positions.csv",
            "timestamp,symbol,quantity,price,value,weight\n\
             2024-01-02T00:00:00Z,\"A,\"\"<x>\",5.5,100,550,0.5\n\
             2024-01-04T00:00:00Z,\"A,\"\"<x>\",0,120.25,0,0\n\
             2024-01-05T00:00:00Z,\u{5e01}USDT,-0.0000001,4950000000,-495,-0.5\n",
        );
        check(
            "orders.csv",
            "order_id,timestamp,symbol,side,type,quantity,filled_quantity,price,commission,slippage,status,reason\n\
             1,2024-01-02T00:00:00Z,\"A,\"\"<x>\",buy,market,5.5,5.5,100.03,0.275,0.165,filled,rebalance\n\
             2,2024-01-04T00:00:00Z,\u{5e01}USDT,sell,market,0.0000001,0,,0,0,rejected,\"no price, no trade\"\n",
        );
        check(
            "trade_summary.csv",
            "timestamp,symbol,rank,score,target_weight,filled_weight,excluded_reason\n\
             2024-01-01T00:00:00Z,\"A,\"\"<x>\",1,0.30000000000000004,0.5,0.5,\n\
             2024-01-01T00:00:00Z,\u{5e01}USDT,,,0,0,missing factor\n",
        );
        check(
            "trades.csv",
            "symbol,side,opened_at,closed_at,n_bars,quantity,entry_price,exit_price,pnl,commission,return,mae,mfe\n\
             \"A,\"\"<x>\",long,2024-01-02T00:00:00Z,2024-01-04T00:00:00Z,2,5.5,100.03,120,30,0.5,0.05452909581670953,-55,110\n\
             \u{5e01}USDT,short,2024-01-02T00:00:00Z,2024-01-04T00:00:00Z,2,5.5,100.03,120,-10,0.5,-0.01817636527223651,-55,110\n",
        );
        check(
            "nav_history.csv",
            "timestamp,nav,return\n\
             2024-01-01T00:00:00Z,1000,\n\
             2024-01-02T00:00:00Z,1100,0.10000000000000009\n\
             2024-01-03T00:00:00Z,880,-0.19999999999999996\n\
             2024-01-04T00:00:00Z,1100,0.25\n\
             2024-01-05T00:00:00Z,990,-0.09999999999999998\n",
        );
    });
}

#[test]
fn pipeline_documents() {
    published(RunKind::Pipeline, |folder| {
        let json = |name: &str| -> Value { serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap() };
        let trades = json("trade_log.json");
        assert_eq!(trades.as_array().unwrap().len(), 2);
        assert_eq!(trades[1]["side"], "short");
        assert_eq!(trades[0]["symbol"], "A,\"<x>");
        assert_eq!(trades[0]["closed_at"], "2024-01-04T00:00:00Z");
        assert_eq!((&trades[0]["mae"], &trades[0]["mfe"]), (&(-55.0).into(), &110.0.into()));
        let summary = json("backtest_summary.json");
        assert_eq!(summary["period"]["n_bars"], 5);
        assert_eq!(summary["period"]["last_bar"], "2024-01-05T00:00:00Z");
        assert_eq!(summary["counts"]["fills"], 1);
        assert_eq!(summary["costs"]["commission"], 0.275);
        assert_eq!(summary["factor"], "return_<20>");
        assert_eq!(summary["metrics"]["max_drawdown"], -0.19999999999999996);
    });
}

#[test]
fn the_context_vouches_for_every_other_file() {
    published(RunKind::Pipeline, |folder| {
        let context: Value = serde_json::from_slice(&fs::read(folder.join("run_context.json")).unwrap()).unwrap();
        let files = context["files"].as_object().unwrap();
        let mut listed: Vec<&str> = files.keys().map(String::as_str).collect();
        listed.push("run_context.json");
        listed.sort_unstable();
        assert_eq!(listed, names(folder));
        for (name, file) in files {
            let bytes = fs::read(folder.join(name)).unwrap();
            assert_eq!(file["bytes"], bytes.len(), "{name}");
            assert_eq!(file["blake3"], blake3::hash(&bytes).to_hex().as_str(), "{name}");
        }
        assert_eq!(context["inputs"][0]["name"], "bars/test/1d/A", "inputs are sorted");
        assert_eq!(context["inputs"][0]["sources"][0]["file"], "AB-1d-2024-01.zip");
        assert_eq!(context["config"]["timeframe"], "1d");
        assert_eq!(context["started_at"], "2025-02-04T00:00:00Z");
        assert_eq!(context["durations_seconds"]["replay"], 0.5);
    });
}

#[test]
fn logs_hold_both_clocks() {
    published(RunKind::Backtest, |folder| {
        assert_eq!(
            fs::read_to_string(folder.join("logs.txt")).unwrap(),
            "2025-02-04T00:00:00Z started, code version 0.1.0+abc, 2 threads\n\
             read 2 tables\n\
             load: 0.250 s\n\
             replay: 0.500 s\n\
             \n\
             In simulated time:\n\
             2024-01-01T00:00:00Z info: rebalance\n\
             2024-01-03T00:00:00Z warning: too few names & more\n"
        );
    });
}

#[test]
fn the_report_tells_all_and_escapes_it() {
    published(RunKind::Backtest, |folder| {
        let html = fs::read_to_string(folder.join("report.html")).unwrap();
        for text in [
            "<h1>top_k on return_&lt;20&gt;: run ",
            "2 symbols of test, 1d bars. 2024-01-01 to 2024-01-05, 5 bars",
            "Sharpe ratio",
            "-20.00%",
            "N = 4 (four by decree)",
            "log scale",
            "\u{5e01}USDT held with the same capital",
            "Gross exposure",
            "missing factor",
            "bar 2 of &lt;A&gt; is stale",
            "too few names &amp; more",
            "strategy.params.weighting",
            "bars/test/1d/A",
            "equity_curve.csv",
        ] {
            assert!(html.contains(text), "{text}");
        }
        assert!(!html.contains("<x>") && !html.contains("<20>"), "names are escaped");
        for circumstance in ["2025-02-04", "linux", "0.1.0+abc"] {
            assert!(!html.contains(circumstance), "{circumstance} belongs to run_context.json");
        }
    });
}
