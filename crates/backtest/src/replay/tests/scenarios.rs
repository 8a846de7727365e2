//! One rule each, in markets of a few bars worked out by hand.

use super::market::{Market, config, equity, orders};
use crate::outcome::RunOutcome;

/// Compares text line by line, white space at line ends ignored.
#[track_caller]
fn expect(found: &str, expected: &str) {
    let lines = |text: &str| text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    let (found, expected): (Vec<String>, Vec<String>) = (lines(found), lines(expected));
    assert_eq!(found, expected);
}

/// Symbol and reason of every selection of the rebalance number `at`.
fn reasons(outcome: &RunOutcome, at: usize) -> String {
    let n_symbols = outcome.symbols.len();
    let rows = &outcome.selections[at * n_symbols..(at + 1) * n_symbols];
    let words: Vec<String> = rows
        .iter()
        .map(|row| {
            let symbol = &outcome.symbols[row.symbol_idx as usize];
            let rank = row.rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
            let why = row.excluded.map_or_else(String::new, |why| format!(" {}", why.reason()));
            format!("{symbol} {rank} {:.3} {:.3}{why}", row.target_weight, row.filled_weight)
        })
        .collect();
    words.join("; ")
}

#[test]
fn close_executes_on_the_bar_just_seen() {
    let market = Market::default().with("A", "10@1 20@1 20@0").with("B", "10@0 10@0 10@1");
    let outcome = market.run(&config("top_k", "k=1 rebalance=2"));
    expect(
        &orders(&outcome),
        "0: buy 100.0000 A, filled at 10.0000 in 0
         2: sell 100.0000 A, filled at 20.0000 in 2
         2: buy 200.0000 B, filled at 10.0000 in 2",
    );
    assert_eq!(equity(&outcome), "1000.00 2000.00 2000.00");
    assert_eq!(reasons(&outcome, 0), "A 1 1.000 1.000; B 2 0.000 0.000 not selected");
    assert_eq!(outcome.trades.len(), 1);
    assert_eq!((outcome.trades[0].pnl, outcome.trades[0].n_bars), (1000.0, 2));
    assert_eq!(outcome.turnover.iter().map(|(_, turnover)| *turnover).collect::<Vec<_>>(), [0.5, 1.0]);
}

#[test]
fn next_open_fixes_the_quantity_at_the_decision() {
    let market = Market::default().with("A", "10@1 20/25@1 25@1");
    let outcome = market.run(&config("top_k", "k=1 rebalance=100 execution=next_open"));
    // 1000 / 10 units are wanted; at 20 the cash buys 50.
    expect(&orders(&outcome), "0: buy 100.0000 A, partial at 20.0000 in 1 (insufficient cash)");
    assert_eq!(equity(&outcome), "1000.00 1250.00 1250.00");
    let borrowing =
        crate::BacktestConfig { allow_negative_cash: true, ..config("top_k", "k=1 rebalance=100 execution=next_open") };
    let outcome = market.run(&borrowing);
    expect(&orders(&outcome), "0: buy 100.0000 A, filled at 20.0000 in 1");
    assert_eq!(outcome.cash, [1000.0, -1000.0, -1000.0]);
}

#[test]
fn every_execution_has_its_price() {
    let market = Market::default().with("A", "10@1 8/6@1 9@1");
    for (execution, price) in [("next_open", "8.0000"), ("next_close", "6.0000"), ("next_vwap", "7.0000")] {
        let outcome = market.run(&config("top_k", &format!("k=1 rebalance=100 execution={execution}")));
        expect(&orders(&outcome), &format!("0: buy 100.0000 A, filled at {price} in 1"));
    }
}

#[test]
fn filled_weights_are_known_when_every_bar_decides() {
    // Regression: the fill of a decision meets the next decision at the same bar, and was told to nobody.
    let market = Market::default().with("A", "10@1 10/20@1 20@0 20@0").with("B", "10@0 10@0 10@1 10@1");
    let outcome = market.run(&config("top_k", "k=1 rebalance=1 execution=next_open"));
    let per_row: Vec<String> = (0..4).map(|at| reasons(&outcome, at)).collect();
    assert_eq!(
        per_row,
        [
            "A 1 1.000 1.000; B 2 0.000 0.000 not selected",
            "A 1 1.000 1.000; B 2 0.000 0.000 not selected",
            "A 2 0.000 0.000 not selected; B 1 1.000 1.000",
            "A 2 0.000 0.000 not selected; B 1 1.000 1.000",
        ]
    );
}

#[test]
fn no_bar_that_began_before_the_decision_executes_it() {
    // The bars of hour 0 are known at the end of hour 1 only: the open of hour 1 has passed by then.
    let mut market = Market::default().with("A", "10@1 8@1 7/6@1 9@1");
    let timestamps = market.symbols[0].0.timestamps.clone();
    market.symbols[0].0.available_at = timestamps.iter().map(|at| at + 2 * crosscut_model::time::HOUR).collect();
    let outcome = market.run(&config("top_k", "k=1 rebalance=100 execution=next_open"));
    expect(&orders(&outcome), "0: buy 100.0000 A, filled at 7.0000 in 2");
}

#[test]
fn an_order_waits_for_the_symbols_own_next_bar() {
    let market = Market::default().with("A", "10@1 - - 8/6@1").with("B", "1@0 1@0 1@0 1@0");
    let outcome = market.run(&config("top_k", "k=1 rebalance=100 execution=next_open"));
    expect(&orders(&outcome), "0: buy 100.0000 A, filled at 8.0000 in 3");
    assert_eq!(reasons(&outcome, 0), "A 1 1.000 0.750; B 2 0.000 0.000 not selected");
    // A new decision cancels what still waits.
    let outcome = market.run(&config("top_k", "k=1 rebalance=2 execution=next_open"));
    expect(
        &orders(&outcome),
        "0: buy 100.0000 A, cancelled (superseded)
         2: buy 1000.0000 B, filled at 1.0000 in 3",
    );
}

#[test]
fn untradable_names_are_held_or_closed_at_the_last_close() {
    let market = Market::default().with("A", "10@1 12@nan 14@1! - 20@5").with("B", "1@0 1@0 1@0 1@0 1@0");
    let outcome = market.run(&config("top_k", "k=1"));
    // While A cannot be traded it is kept, and B gets no cash; then A is the best again.
    expect(&orders(&outcome), "0: buy 100.0000 A, filled at 10.0000 in 0");
    assert_eq!(equity(&outcome), "1000.00 1200.00 1400.00 1400.00 2000.00");
    assert_eq!(reasons(&outcome, 1), "A - 1.000 1.000 missing factor; B 1 0.000 0.000");
    assert_eq!(reasons(&outcome, 2), "A - 1.000 1.000 not tradable; B 1 0.000 0.000");
    assert_eq!(reasons(&outcome, 3), "A - 1.000 1.000 no bar; B 1 0.000 0.000");
    assert_eq!(outcome.data_quality.counts["untradable_held"], 3);

    let market = Market::default().with("A", "10@1 - 14@1! 20@5").with("B", "1@0 1@0 1@0 1@0");
    let outcome = market.run(&config("top_k", "k=1 untradable=close_last rebalance=1"));
    expect(
        &orders(&outcome),
        "0: buy 100.0000 A, filled at 10.0000 in 0
         1: sell 100.0000 A, filled at 10.0000 in 1 (untradable: closed at last close (stale, of 2024-01-01T00:00:00Z))
         1: buy 1000.0000 B, filled at 1.0000 in 1
         3: sell 1000.0000 B, filled at 1.0000 in 3
         3: buy 50.0000 A, filled at 20.0000 in 3",
    );
}

#[test]
fn too_few_names() {
    let market = || Market::default().with("A", "10@1 10@1 10@1").with("B", "10@2 10@nan 10@nan");
    let at = |on_short: &str| orders(&market().run(&config("top_k", &format!("k=2 rebalance=1 on_short={on_short}"))));
    let bought = "0: buy 50.0000 A, filled at 10.0000 in 0\n0: buy 50.0000 B, filled at 10.0000 in 0";
    expect(&at("skip"), bought);
    // B cannot be traded, so that flat closes only A; scale keeps A at its half.
    expect(&at("flat"), &format!("{bought}\n1: sell 50.0000 A, filled at 10.0000 in 1"));
    expect(&at("scale"), bought);
    let outcome = market().run(&config("top_k", "k=2 rebalance=1 on_short=flat untradable=close_last"));
    assert_eq!(outcome.data_quality.counts["short_rebalances"], 2);
    assert_eq!(outcome.log.len(), 2);
    assert_eq!(reasons(&outcome, 1), "A 1 0.000 0.000 too few names; B - 0.000 0.000 missing factor");
    assert_eq!(*outcome.cash.last().unwrap(), 1000.0);
}

#[test]
fn fees_fit_in_cash() {
    let market = Market::default().with("A", "10@1 10@1").with("B", "20@1 20@1");
    let outcome = market.run(&config("top_k", "k=2 commission=100 rebalance=100"));
    assert!(outcome.cash[0] >= 0.0 && outcome.cash[0] < 1e-6, "{}", outcome.cash[0]);
    assert!((outcome.equity[0] - 1000.0 / 1.01).abs() < 1e-6, "{}", outcome.equity[0]);
    let outcome = market.run(&config("top_k", "k=2 commission=100 rebalance=100 cash_buffer=0.1"));
    assert!((outcome.cash[0] - 100.0).abs() < 1e-6, "{}", outcome.cash[0]);
    let outcome = market.run(&config("top_k", "k=2 rebalance=100 max_position=0.2"));
    assert!((outcome.cash[0] - 600.0).abs() < 1e-9, "{}", outcome.cash[0]);
}

#[test]
fn long_and_short_cancel() {
    let market = Market::default().with("A", "10@1 11@1").with("B", "20@0 20@0").with("C", "40@-1 38@-1");
    let outcome = market.run(&config("long_short", "long_count=1 short_count=1 rebalance=100"));
    expect(
        &orders(&outcome),
        "0: sell 12.5000 C, filled at 40.0000 in 0
         0: buy 50.0000 A, filled at 10.0000 in 0",
    );
    assert_eq!((outcome.net_exposure[0], outcome.gross_exposure[0]), (0.0, 1.0));
    // 50 units earn 1 each, 12.5 short units 2 each.
    assert_eq!(equity(&outcome), "1000.00 1075.00");
}

#[test]
fn threshold_flips() {
    let market = Market::default().with("A", "10@2 10@0 10@-2 10@-2 10@2");
    let long_only = config("threshold", "buy_threshold=1 sell_threshold=-1 position_size=0.5");
    expect(
        &orders(&market.run(&long_only)),
        "0: buy 50.0000 A, filled at 10.0000 in 0
         2: sell 50.0000 A, filled at 10.0000 in 2
         4: buy 50.0000 A, filled at 10.0000 in 4",
    );
    let both = config("threshold", "buy_threshold=1 sell_threshold=-1 position_size=0.5 allow_short=true");
    let outcome = market.run(&both);
    expect(
        &orders(&outcome),
        "0: buy 50.0000 A, filled at 10.0000 in 0
         2: sell 100.0000 A, filled at 10.0000 in 2
         4: buy 100.0000 A, filled at 10.0000 in 4",
    );
    assert_eq!(outcome.trades.len(), 2);
    assert_eq!(reasons(&outcome, 1), "A 1 0.500 0.500");
}

#[test]
fn holding_times_count_the_symbols_own_bars() {
    let market = Market::default().with("A", "10@2 10@0 - 10@0 10@0 10@0").with("B", "1@0 1@0 1@0 1@0 1@0 1@0");
    let words = "buy_threshold=1 sell_threshold=-1 position_size=0.5 hold_max_bars=2 rebalance=100";
    expect(
        &orders(&market.run(&config("threshold", words))),
        "0: buy 50.0000 A, filled at 10.0000 in 0
         3: sell 50.0000 A, filled at 10.0000 in 3 (hold_max_bars)",
    );
    // Bought at the open of hour 1, the second bar after it is hour 4: decided at the close of hour 3.
    expect(
        &orders(&market.run(&config("threshold", &format!("{words} execution=next_open")))),
        "0: buy 50.0000 A, filled at 10.0000 in 1
         3: sell 50.0000 A, filled at 10.0000 in 4 (hold_max_bars)",
    );
    // Where the end meets a decision, the end wins; the next decision may buy again.
    let market = Market::default().with("A", "10@2 10@2 10@2 10@2");
    let every_bar = "buy_threshold=1 sell_threshold=-1 position_size=0.5 hold_max_bars=2";
    expect(
        &orders(&market.run(&config("threshold", every_bar))),
        "0: buy 50.0000 A, filled at 10.0000 in 0
         2: sell 50.0000 A, filled at 10.0000 in 2 (hold_max_bars)
         3: buy 50.0000 A, filled at 10.0000 in 3",
    );
}

#[test]
fn delisting_closes_at_the_last_price() {
    let market = Market::default().with("A", "10@1 12@1 - -").delisted(2).with("B", "1@0 1@0 1@0 1@0");
    let outcome = market.run(&config("top_k", "k=1 rebalance=100 execution=next_open commission=100"));
    expect(
        &orders(&outcome),
        "0: buy 99.0099 A, filled at 10.0000 in 1
         2: sell 99.0099 A, filled at 12.0000 in 2 (delisted: closed at last close (stale, of 2024-01-01T01:00:00Z))",
    );
    assert_eq!(outcome.data_quality.counts["delisted_while_held"], 1);
    let last = outcome.equity.last().unwrap();
    // 1000 / 1.01 units of 10 sold at 12, 1 % commission each way.
    assert!((last - 1000.0 / 10.1 * 12.0 * 0.99).abs() < 1e-6, "{last}");
    // The end of the data is no delisting: without a date the position stays.
    let outcome = Market::default()
        .with("A", "10@1 12@1 - -")
        .with("B", "1@0 1@0 1@0 1@0")
        .run(&config("top_k", "k=1 rebalance=100"));
    assert_eq!(equity(&outcome), "1000.00 1200.00 1200.00 1200.00");
    // A date at the very end of the data closes on the last bar; a later one does nothing.
    for (at, n_orders) in [(2, 2), (3, 1)] {
        let market = Market::default().with("A", "10@1 12@1").delisted(at);
        assert_eq!(market.run(&config("top_k", "k=1 rebalance=100")).orders.len(), n_orders);
    }
}

#[test]
fn a_drawdown_halt_latches() {
    let market = Market::default().with("A", "10@1 12@1 9/8@1 7/7@1 20@1 30@1");
    let words = "k=1 rebalance=2 max_drawdown=0.3";
    let outcome = market.run(&config("top_k", words));
    // The high is 1200, 800 is a third below.
    expect(
        &orders(&outcome),
        "0: buy 100.0000 A, filled at 10.0000 in 0
         2: sell 100.0000 A, filled at 8.0000 in 2 (halted)",
    );
    assert_eq!(equity(&outcome), "1000.00 1200.00 800.00 800.00 800.00 800.00");
    assert_eq!(reasons(&outcome, 2), "A - 0.000 0.000 halted");
    let outcome = market.run(&config("top_k", &format!("{words} execution=next_open")));
    expect(
        &orders(&outcome),
        "0: buy 100.0000 A, filled at 10.0000 in 1
         2: sell 100.0000 A, filled at 7.0000 in 3 (halted)",
    );
}

#[test]
fn a_lost_account_stays_lost() {
    // The short of 100 at 10 owes 2100 at 21 and has 2000 in cash; the fall to 1 comes too late.
    let market = Market::default().with("A", "10@2 10@2 10@2").with("B", "10@1 21@1 1@1");
    let outcome = market.run(&config("long_short", "long_count=1 short_count=1 gross_exposure=2 rebalance=100"));
    assert_eq!(equity(&outcome), "1000.00 -100.00 -100.00");
    assert_eq!(outcome.data_quality.counts["halts"], 1);
    assert!(outcome.log.iter().any(|line| line.text.contains("equity is gone")));
}

#[test]
fn sizes_are_whole_lots_where_there_are_lots() {
    let market = Market::default().with("A", "30@1 40@1 50@nan").lot(2.0);
    let config = config("top_k", "k=1 untradable=close_last on_short=flat");
    let outcome = market.run(&crate::BacktestConfig { steps: true, ..config });
    // 33.33 units are 32; at 40 the target is 1320 / 40 = 33, a change below one lot.
    expect(
        &orders(&outcome),
        "0: buy 32.0000 A, filled at 30.0000 in 0
         2: sell 32.0000 A, filled at 50.0000 in 2 (untradable: closed at last close)",
    );
    assert_eq!(outcome.data_quality.counts["changes_below_one_lot"], 1);
}

#[test]
fn a_calendar_rebalance_belongs_to_the_first_bar_of_its_period() {
    // Hours 22 to 26 of a Monday and Tuesday; no symbol has the bar of Tuesday 00:00.
    let bars = format!("{} 10@1 10@1 - 10@1 10@1", "- ".repeat(22));
    let market = Market::default().with("A", &bars);
    let decided = |words: &str| {
        let outcome = market.run(&config("top_k", &format!("k=1 rebalance=D {words}")));
        let mut hours: Vec<i64> = outcome.selections.iter().map(|row| row.timestamp / 3_600_000_000 % 24).collect();
        hours.dedup();
        hours
    };
    assert_eq!(decided(""), [22, 1]);
    // Data before the start tell that its first bar does not begin the day.
    assert_eq!(decided("start=23"), [1]);
    assert_eq!(decided("start=26"), [0i64; 0]);
}

#[test]
fn the_pool_holds_the_most_traded_names() {
    // Volume follows the price: on the second day the pool is chosen from the first.
    let first_day = |price: &str, factor: &str| format!("{price}@{factor} ").repeat(24);
    let market = Market::default()
        .with("A", &format!("{} 10@9 10@9", first_day("10", "9")))
        .with("B", &format!("{} 1@1 1@1", first_day("20", "1")))
        .with("C", &format!("{} 1@2 1@2", first_day("30", "2")));
    let mut config = config("top_k", "k=1 rebalance=D start=24");
    config.pool = Some(crate::config::PoolConfig {
        top_n: 2,
        reselect: "D".parse().unwrap(),
        lookback: "1d".parse().unwrap(),
        min_bars: 24,
    });
    let outcome = market.run(&config);
    assert_eq!(reasons(&outcome, 0), "A - 0.000 0.000 not in pool; B 2 0.000 0.000 not selected; C 1 1.000 1.000");
}

#[test]
fn what_cannot_be_run() {
    let market = Market::default().with("A", "10@1 10@1").with("B", "10@1 10@1");
    let error = |config: &crate::BacktestConfig| {
        crate::replay(&market.panel(&super::market::config("top_k", "k=1")), config).unwrap_err().to_string()
    };
    assert_eq!(
        error(&config("top_k", "k=3")),
        "strategy `top_k` wants 3 names (`k`), but only 2 symbols are configured"
    );
    assert_eq!(
        error(&config("top_k", "k=1 execution=next_open")),
        "the panel holds no open prices, which this configuration needs\nhint: load it again with this configuration"
    );
    assert_eq!(
        error(&config("top_k", "k=1 start=48")),
        "the run asks for 2024-01-03T00:00:00Z to the end, where there is no bar, but the data cover 2024-01-01T00:00:00Z to 2024-01-01T02:00:00Z\nhint: choose a range that holds bars"
    );
    assert_eq!(
        error(&config("top_k", "k=1 end=240")),
        "the run asks for an end at 2024-01-11T00:00:00Z, but the data cover 2024-01-01T00:00:00Z to 2024-01-01T02:00:00Z\nhint: end at 2024-01-01T02:00:00Z or earlier, or import later data"
    );
}
