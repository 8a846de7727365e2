//! A run of five days and two symbols with awkward names, small enough to work out by hand.

use std::fs;
use std::path::Path;

use crosscut_hub::InputFile;
use crosscut_model::calendar::Annualisation;
use crosscut_model::time::DAY;
use crosscut_model::{Fill, Order, OrderStatus, OrderType, Side, parse_iso};
use crosscut_trading::account::CashKind;
use serde_json::json;

use crate::outcome::{
    ClosedTrade, DataQuality, Exclusion, LogLevel, LogLine, PositionChange, RunOutcome, Selection, SymbolEnd,
};
use crate::results::{RunContext, RunInput, RunKind, RunRecord, RunSubject};

/// The label of a day of the run, from 0.
pub(super) fn day(n: i64) -> i64 {
    parse_iso("2024-01-01").unwrap() + n * DAY
}

/// What the caller tells.
pub(super) fn record(kind: RunKind) -> RunRecord {
    let input = |name: &str| RunInput {
        name: name.to_owned(),
        content_hash: format!("{}0f", name.len()),
        sources: vec![InputFile {
            n_out_of_order: 0,
            file: "AB-1d-2024-01.zip".to_owned(),
            size: 7,
            sha256: "ab12".to_owned(),
            rows: 5,
            first: day(0),
            last: day(4),
            covers_until: None,
            venue: None,
        }],
    };
    RunRecord {
        kind,
        config: json!({
            "strategy": {"name": "top_k", "params": {"k": 1, "weighting": "equal"}},
            "venue": "test", "timeframe": "1d", "symbols": ["A,\"<x>", "\u{5e01}USDT"], "end": null, "capital": 1000.0,
        }),
        inputs: vec![input("bars/test/1d/B"), input("bars/test/1d/A")],
        subject: RunSubject {
            strategy: "top_k".to_owned(),
            factor: Some("return_<20>".to_owned()),
            universe: "2 symbols of test, 1d bars".to_owned(),
            costs: "commission 5 bps, slippage 3 bps".to_owned(),
            benchmark: Some("\u{5e01}USDT".to_owned()),
            capital: 1000.0,
        },
        context: context(),
    }
}

/// Circumstances.
pub(super) fn context() -> RunContext {
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    RunContext {
        started_at: day(400),
        durations: vec![("load".to_owned(), 0.25), ("replay".to_owned(), 0.5)],
        machine: vec![pair("os", "linux")],
        threads: 2,
        code_version: "0.1.0+abc".to_owned(),
        dependencies: vec![pair("arrow", "59.0.0")],
        settings: vec![pair("hub", "hub")],
        factors: Vec::new(),
        part_of: None,
        log: vec!["read 2 tables".to_owned()],
    }
}

/// Up 10 %, down 20 %, up 25 %, down 10 %, with four periods a year.
pub(super) fn outcome() -> RunOutcome {
    let n = 5;
    RunOutcome {
        symbols: vec!["A,\"<x>".to_owned(), "\u{5e01}USDT".to_owned()],
        timeline: (0..n).map(day).collect(),
        available_at: (1..=n).map(day).collect(),
        equity: vec![1000.0, 1100.0, 880.0, 1100.0, 990.0],
        cash: vec![1000.0, 550.0, 550.0, 1100.0, 495.0],
        gross_exposure: vec![0.0, 0.5, 0.375, 0.0, 0.5],
        net_exposure: vec![0.0, 0.5, 0.375, 0.0, -0.5],
        drawdown: vec![0.0, 0.0, -0.2, 0.0, -0.1],
        benchmark: Some(vec![f64::NAN, 1000.0, 900.0, 1035.0, 1035.0]),
        positions: positions(),
        orders: orders(),
        selections: selections(),
        trades: vec![trade(0, Side::Buy, 30.0), trade(1, Side::Sell, -10.0)],
        turnover: vec![(day(0), 0.5), (day(3), 0.25)],
        n_rebalances: 2,
        ends: vec![
            SymbolEnd { quantity: 0.0, price: 120.25, moved: 0.0 },
            SymbolEnd { quantity: -0.000_000_1, price: 4.95e9, moved: -1.5 },
        ],
        moved: vec![(CashKind::Funding, -1.5)],
        journal: Vec::new(),
        annualisation: Annualisation { periods_per_year: 4.0, basis: "four by decree".to_owned() },
        data_quality: DataQuality {
            counts: [("missing_bars".to_owned(), 3)].into(),
            notes: vec!["bar 2 of <A> is stale".to_owned()],
        },
        log: vec![
            LogLine { timestamp: day(0), level: LogLevel::Info, text: "rebalance".to_owned() },
            LogLine { timestamp: day(2), level: LogLevel::Warning, text: "too few names & more".to_owned() },
        ],
    }
}

/// Three changes: long the first symbol, flat again, short the second.
fn positions() -> Vec<PositionChange> {
    let change = |timestamp, symbol_idx, quantity, price, weight| PositionChange {
        timestamp,
        symbol_idx,
        quantity,
        price,
        value: quantity * price,
        weight,
    };
    vec![
        change(day(1), 0, 5.5, 100.0, 0.5),
        change(day(3), 0, 0.0, 120.25, 0.0),
        change(day(4), 1, -0.000_000_1, 4.95e9, -0.5),
    ]
}

/// One filled, one rejected.
fn orders() -> Vec<Order> {
    let fill = Fill { filled_at: day(1), quantity: 5.5, price: 100.03, commission: 0.275, slippage: 0.165 };
    let order = Order {
        order_id: 1,
        decided_at: day(0),
        symbol_idx: 0,
        side: Side::Buy,
        order_type: OrderType::Market,
        quantity: 5.5,
        status: OrderStatus::Filled,
        reason: "rebalance".to_owned(),
        fill: Some(fill),
    };
    let rejected = Order {
        order_id: 2,
        decided_at: day(3),
        symbol_idx: 1,
        side: Side::Sell,
        quantity: 1e-7,
        status: OrderStatus::Rejected,
        reason: "no price, no trade".to_owned(),
        fill: None,
        ..order.clone()
    };
    vec![order, rejected]
}

/// One chosen, one without a factor.
fn selections() -> Vec<Selection> {
    vec![
        Selection {
            timestamp: day(0),
            symbol_idx: 0,
            rank: Some(1),
            score: 0.1 + 0.2,
            target_weight: 0.5,
            filled_weight: 0.5,
            excluded: None,
        },
        Selection {
            timestamp: day(0),
            symbol_idx: 1,
            rank: None,
            score: f64::NAN,
            target_weight: 0.0,
            filled_weight: -0.0,
            excluded: Some(Exclusion::MissingFactor),
        },
    ]
}

/// A closed trade.
fn trade(symbol_idx: u32, side: Side, pnl: f64) -> ClosedTrade {
    ClosedTrade {
        symbol_idx,
        side,
        opened_at: day(1),
        closed_at: day(3),
        quantity: 5.5,
        entry_price: 100.03,
        exit_price: 120.0,
        pnl,
        commission: 0.5,
        return_: pnl / 550.165,
        n_bars: 2,
        mae: -55.0,
        mfe: 110.0,
    }
}

/// Names of all files of a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
