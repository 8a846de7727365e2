//! What must hold in any market: markets full of gaps, missing factors, halts and delistings, made from seeds.

use std::collections::{BTreeMap, BTreeSet};

use crosscut_model::time::DAY;
use crosscut_model::{Order, Side};
use crosscut_trading::account::{CashKind, Funds};
use crosscut_trading::journal::Entry;
use crosscut_trading::steps::Step;

use super::market::{Market, START, config};
use crate::config::{BacktestConfig, FundingConfig, FundingSource, MarginConfig, PoolConfig, RiskConfig, VenueConfig};
use crate::outcome::{PositionChange, RunOutcome, Selection};
use crate::panel::SeriesInput;
use crate::replay::{Driving, ReplayOptions, replay, replay_with};

/// Hours in a random market: two weeks and a bit.
const N_HOURS: i64 = 400;

/// Configurations that between them use every rule.
fn configs() -> Vec<BacktestConfig> {
    let pool = |top_n| {
        let (reselect, lookback) = ("W-MON".parse().unwrap(), "3d".parse().unwrap());
        Some(PoolConfig { top_n, reselect, lookback, min_bars: 20 })
    };
    let mut configs = vec![
        config("top_k", "k=3 rebalance=24 commission=10 slippage=5"),
        config("top_k", "k=4 rebalance=D commission=10 slippage=5 execution=next_open untradable=close_last"),
        config(
            "top_k",
            "k=3 weighting=score min_factor=-2 rebalance=7 commission=20 execution=next_vwap on_short=scale",
        ),
        config("long_short", "rebalance=12 commission=5 slippage=3 untradable=close_last on_short=flat"),
        config(
            "long_short",
            "long_count=2 short_count=3 hedge_ratio=0.5 rebalance=D execution=next_close weighting=score",
        ),
        config("threshold", "buy_threshold=4 sell_threshold=-4 position_size=0.2 hold_max_bars=9 commission=10"),
        config(
            "threshold",
            "buy_threshold=3 sell_threshold=0 allow_short=true hold_max_bars=1 execution=next_open rebalance=5",
        ),
        config("momentum", "top_n_long=3 rebalance=W-MON max_drawdown=0.05 commission=10 execution=next_open start=60"),
        config("momentum", "top_n_long=2 top_n_short=2 rebalance=6 max_drawdown=0.03 max_position=0.2 end=300"),
    ];
    let mut pooled = config("long_short", "rebalance=D commission=5 slippage=3 untradable=close_last on_short=flat");
    pooled.pool = pool(5);
    configs.push(pooled);
    let mut pooled = config("top_k", "k=2 rebalance=10 execution=next_open start=100 commission=5");
    pooled.pool = pool(4);
    configs.push(pooled);
    configs.extend(realistic());
    configs
}

/// Configurations that between them use every cost, rule of the guard and rule of the venue.
fn realistic() -> Vec<BacktestConfig> {
    let base = |strategy, words: &str| {
        let funding = FundingConfig { source: FundingSource::Table, ..FundingConfig::default() };
        BacktestConfig { steps: true, borrow: Some(0.3), funding, ..config(strategy, words) }
    };
    let stops = RiskConfig {
        stop_loss: Some(0.03),
        take_profit: Some(0.05),
        trailing_stop: Some(0.04),
        cooldown: Some("5h".parse().unwrap()),
        ..RiskConfig::default()
    };
    let rules = RiskConfig {
        max_order: Some(150.0),
        max_net: Some(0.4),
        max_positions: Some(4),
        daily_loss: Some(0.02),
        turnover: Some(0.8),
        ..RiskConfig::default()
    };
    let thin = VenueConfig { participation: Some(0.1), ..VenueConfig::default() };
    let slow = VenueConfig { participation: Some(0.3), latency: "90m".parse().unwrap(), ..VenueConfig::default() };
    let margin = MarginConfig {
        leverage: Some(3.0),
        maintenance: Some(0.32),
        liquidation_fee: Some(0.01),
        ..Default::default()
    };
    let mut thin_book = base("top_k", "k=3 rebalance=12 execution=next_open commission=10");
    (thin_book.venue_rules, thin_book.risk) = (thin, stops.clone());
    thin_book.cash_buffer = Some(0.2);
    thin_book.costs.slippage = Some("volume_share:0.1".parse().unwrap());
    let mut levered = base("long_short", "rebalance=12 gross_exposure=2.9 execution=next_open untradable=close_last");
    (levered.margin, levered.costs.commission) = (margin, Some("fixed:0.05".parse().unwrap()));
    let mut stopped = base("long_short", "long_count=2 short_count=2 rebalance=6 slippage=5");
    (stopped.risk, stopped.costs.commission) = (stops, Some("maker_taker:maker_bps=-1,taker_bps=5".parse().unwrap()));
    let mut guarded = base("long_short", "rebalance=5 execution=next_close max_drawdown=0.2 commission=3");
    (guarded.risk, guarded.venue_rules) = (rules, slow);
    guarded.risk.no_trade = vec!["S03".to_owned()];
    guarded.max_gross = Some(0.7);
    let mut threshold = base("threshold", "buy_threshold=3 sell_threshold=-3 hold_max_bars=7 execution=next_vwap");
    (threshold.venue_rules, threshold.cash_buffer) = (thin, Some(0.2));
    threshold.costs.commission = Some("per_share:rate=0.01,minimum=0.02".parse().unwrap());
    vec![thin_book, levered, stopped, guarded, threshold]
}

/// Calls `check` for every configuration in several markets.
pub(super) fn for_all(mut check: impl FnMut(&Market, &BacktestConfig)) {
    for seed in 0..12 {
        let market = Market::random(seed * 77 + 1, 9, N_HOURS);
        for config in configs() {
            check(&market, &config);
        }
    }
}

/// Debug text, in which NaN equals NaN.
fn bytes(outcome: &RunOutcome) -> String {
    format!("{outcome:?}")
}

#[test]
fn symbols_and_sides_add_up_to_the_runs_profit() {
    for_all(|market, config| {
        let outcome = market.run(config);
        let profits = crate::results::attribution::by_symbol(&outcome);
        let total: f64 = profits.iter().map(|profit| profit.total()).sum();
        let profit = outcome.equity.last().unwrap() - config.capital;
        assert!((total - profit).abs() <= 1e-9 * config.capital, "{total} instead of {profit}");
        let is_of_trades = |kind: CashKind| kind == CashKind::CashInLieu;
        let moved: f64 = outcome.moved.iter().filter(|(kind, _)| !is_of_trades(*kind)).map(|(_, amount)| amount).sum();
        let closed = outcome.trades.iter().map(|trade| trade.pnl).sum::<f64>() + moved;
        if outcome.ends.iter().all(|end| end.quantity == 0.0) {
            assert!((closed - profit).abs() <= 1e-9 * config.capital, "closed trades make {closed}, not {profit}");
        }
    });
}

#[test]
fn cash_and_positions_are_equity_at_every_bar() {
    for_all(|market, config| {
        let outcome = market.run(config);
        let (mut cash, mut lieu) = (config.capital, 0.0);
        let mut held = vec![0.0; outcome.symbols.len()];
        let mut lines = outcome.journal.iter().peekable();
        for (row, &label) in outcome.timeline.iter().enumerate() {
            while let Some(line) = lines.next_if(|line| line.timestamp <= label) {
                match line.record.entry {
                    Entry::Filled { quantity, price, commission, .. } => {
                        let signed = line.record.side.sign() * quantity;
                        cash -= signed * price + commission;
                        held[line.record.symbol_idx as usize] += signed;
                    }
                    Entry::Cash { amount, .. } => cash += amount,
                    // The prices of the row are in the new units; fractions of a lot come as cash.
                    Entry::Split { ratio, quantity, price } => {
                        let held = &mut held[line.record.symbol_idx as usize];
                        let paid = (*held * ratio - quantity) * price;
                        assert!(quantity.abs() <= (*held * ratio).abs() * (1.0 + 1e-9));
                        lieu += paid;
                        *held = quantity;
                    }
                    _ => {}
                }
            }
            let value = |symbol_idx: usize| {
                let (input, _) = market.symbol(&outcome.symbols[symbol_idx]);
                let pos = input.timestamps.partition_point(|&other| other <= label);
                if held[symbol_idx].abs() < 1e-9 { 0.0 } else { held[symbol_idx] * input.close[pos - 1] }
            };
            let equity = cash + (0..held.len()).map(value).sum::<f64>();
            assert!((equity - outcome.equity[row]).abs() < 1e-7, "{equity} {}", outcome.equity[row]);
            assert!((cash - outcome.cash[row]).abs() < 1e-7);
        }
        assert!(lines.next().is_none());
        let told = outcome.moved.iter().filter(|(kind, _)| *kind == CashKind::CashInLieu).map(|(_, paid)| paid);
        assert!((told.sum::<f64>() - lieu).abs() < 1e-7);
        let realised: f64 = outcome.trades.iter().map(|trade| trade.pnl).sum();
        let moved: f64 = outcome.moved.iter().map(|(_, amount)| amount).sum();
        assert!((moved - outcome.ends.iter().map(|end| end.moved).sum::<f64>()).abs() < 1e-7);
        if outcome.ends.iter().all(|end| end.quantity == 0.0) {
            // What was paid out in lieu of fractions is in the closed trades.
            assert!((cash - config.capital - realised - (moved - lieu)).abs() < 1e-7);
        }
    });
}

#[test]
fn nothing_is_filled_outside_its_bar() {
    for_all(|market, config| {
        let outcome = market.run(config);
        for line in &outcome.journal {
            let Entry::Filled { quantity, price, slippage, .. } = line.record.entry else { continue };
            let reference = price - line.record.side.sign() * slippage / quantity;
            let (input, _) = market.symbol(&outcome.symbols[line.record.symbol_idx as usize]);
            // A symbol without a bar there is closed at its last one.
            let pos = input.timestamps.partition_point(|&label| label <= line.timestamp) - 1;
            let range = |pos: usize| input.low[pos] * (1.0 - 1e-12)..=input.high[pos] * (1.0 + 1e-12);
            let is_close = |pos: usize| (input.close[pos] - reference).abs() < 1e-9 * reference;
            let is_last = pos > 0 && is_close(pos - 1);
            assert!(range(pos).contains(&reference) || is_last, "{reference} {:?} {config:?}", range(pos));
        }
    });
}

#[test]
fn every_rule_has_something_to_do() {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for_all(|market, config| {
        let outcome = market.run(config);
        for line in &outcome.journal {
            let word = match line.record.entry {
                Entry::Limited { rule, .. } | Entry::Weighed { rule, .. } => rule.text(),
                Entry::Cash { kind, .. } => kind.name(),
                Entry::Liquidated { .. } => "liquidated",
                Entry::Rounded { .. } => "rounded",
                Entry::Split { .. } => "split",
                Entry::Adjusted { .. } => "adjusted",
                _ => continue,
            };
            *counts.entry(word.to_owned()).or_default() += 1;
        }
        let partial =
            outcome.orders.iter().filter(|order| order.status == crosscut_model::OrderStatus::Partial).count();
        *counts.entry("partial".to_owned()).or_default() += partial as u64;
    });
    for word in [
        "stop_loss",
        "take_profit",
        "trailing_stop",
        "cooldown",
        "max_order",
        "max_net",
        "max_positions",
        "max_gross",
        "max_position",
        "cash_buffer",
        "daily_loss",
        "turnover",
        "no_trade",
        "max_drawdown",
        "funding",
        "borrow",
        "liquidation_fee",
        "liquidated",
        "rounded",
        "split",
        "adjusted",
        "dividend",
        "cash_in_lieu",
        "partial",
        "fits in cash",
    ] {
        assert!(counts.get(word).is_some_and(|count| *count > 0), "{word} {counts:?}");
    }
}

#[test]
fn cash_is_never_negative_without_shorts() {
    for_all(|market, config| {
        let prepared = config.prepare().unwrap();
        let owes = prepared.funds != Funds::Cash || config.funding.source == FundingSource::Table;
        let outcome = market.run(config);
        let least = outcome.cash.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(owes || least >= -1e-9, "{least}");
    });
}

#[test]
fn driving_every_bar_gives_the_same_bytes() {
    for_all(|market, config| {
        let panel = market.panel(config);
        let events = replay(&panel, config).unwrap();
        let every_bar = ReplayOptions { driving: Driving::EveryBar, ..ReplayOptions::default() };
        assert_eq!(bytes(&events), bytes(&replay_with(&panel, config, every_bar).unwrap()));
        assert_eq!(bytes(&events), bytes(&replay(&panel, config).unwrap()));
    });
}

#[test]
fn splits_alone_change_no_equity() {
    let mut n_splits = 0;
    for seed in 0..12 {
        let mut raw = Market::random(seed * 77 + 1, 9, N_HOURS);
        for (_, rules) in &mut raw.symbols {
            rules.steps.clear();
            rules.funding.clear();
            rules.actions.iter_mut().for_each(|action| (action.dividend, action.factor) = (0.0, 1.0 / action.split));
        }
        let mut adjusted = raw.clone();
        for (input, rules) in &mut adjusted.symbols {
            let growth = crosscut_model::action::growth(&input.timestamps, &rules.actions);
            let SeriesInput { open, high, low, close, vwap, volume, .. } = input;
            for column in [open, high, low, close, vwap] {
                column.iter_mut().zip(&growth).for_each(|(price, growth)| *price *= growth);
            }
            volume.iter_mut().zip(&growth).for_each(|(volume, growth)| *volume /= growth);
            rules.actions.clear();
        }
        // A fee per share knows how many shares there are.
        for config in configs().iter().filter(|config| !format!("{:?}", config.costs.commission).contains("PerShare")) {
            let (booked, other) = (raw.run(config), adjusted.run(config));
            for (row, (ours, theirs)) in booked.equity.iter().zip(&other.equity).enumerate() {
                assert!((ours - theirs).abs() < 1e-9 * theirs.abs(), "{seed} {row}: {ours} {theirs} {config:?}");
            }
            n_splits += booked.data_quality.counts.get("splits_booked").copied().unwrap_or_default();
        }
    }
    assert!(n_splits > 50, "{n_splits}");
}

#[test]
fn recording_selections_changes_nothing_else() {
    for_all(|market, config| {
        let panel = market.panel(config);
        let mut with = replay(&panel, config).unwrap();
        let options = ReplayOptions { records_selections: false, ..ReplayOptions::default() };
        let without = replay_with(&panel, config, options).unwrap();
        assert!(without.selections.is_empty() && !with.selections.is_empty());
        with.selections.clear();
        assert_eq!(bytes(&with), bytes(&without));
    });
}

#[test]
fn the_order_of_symbols_changes_nothing() {
    for_all(|market, config| {
        let mut turned = market.clone();
        turned.symbols.reverse();
        turned.symbols.swap(0, 3);
        assert_eq!(bytes(&market.run(config)), bytes(&turned.run(config)));
    });
}

#[test]
fn a_week_later_everything_is_a_week_later() {
    let week = 7 * DAY;
    for_all(|market, config| {
        let (mut later, mut later_config) = (market.clone(), config.clone());
        for (input, rules) in &mut later.symbols {
            input.timestamps.iter_mut().for_each(|label| *label += week);
            rules.delisted_at = rules.delisted_at.map(|at| at + week);
            rules.funding.iter_mut().for_each(|due| due.at += week);
            rules.steps.iter_mut().for_each(|step| step.from = step.from.saturating_add(week));
            rules.actions.iter_mut().for_each(|action| action.timestamp += week);
        }
        later_config.start = config.start.map(|at| at + week);
        later_config.end = config.end.map(|at| at + week);
        let (a, b) = (market.run(config), later.run(&later_config));
        assert_eq!((&a.equity, &a.cash), (&b.equity, &b.cash));
        assert_eq!(format!("{:?}", a.trades.len()), format!("{:?}", b.trades.len()));
        let labels: Vec<i64> = a.timeline.iter().map(|label| label + week).collect();
        assert_eq!(labels, b.timeline);
        let scores = |outcome: &RunOutcome| -> Vec<String> {
            let rows = outcome.selections.iter();
            rows.map(|row| format!("{} {:?} {} {:?}", row.symbol_idx, row.rank, row.score, row.excluded)).collect()
        };
        assert_eq!(scores(&a), scores(&b));
    });
}

/// Everything known at `until`, as text.
fn known(outcome: &RunOutcome, until: i64) -> String {
    let rows = outcome.timeline.partition_point(|&label| label <= until);
    let selections: Vec<(i64, u32, Option<u32>, String, f64)> = outcome
        .selections
        .iter()
        .filter(|row| row.timestamp <= until)
        .map(|row: &Selection| (row.timestamp, row.symbol_idx, row.rank, row.score.to_string(), row.target_weight))
        .collect();
    let positions: Vec<&PositionChange> = outcome.positions.iter().filter(|row| row.timestamp <= until).collect();
    let journal: Vec<_> = outcome.journal.iter().filter(|line| line.timestamp <= until).collect();
    format!("{:?} {:?} {selections:?} {positions:?} {journal:?}", &outcome.equity[..rows], &outcome.cash[..rows])
}

#[test]
fn what_comes_later_changes_nothing_before() {
    let start = crosscut_model::parse_iso(START).unwrap();
    for_all(|market, config| {
        for until_hour in [130, 205, 290] {
            let until = start + until_hour * crosscut_model::time::HOUR;
            let mut other = market.clone();
            for (at, (input, rules)) in other.symbols.iter_mut().enumerate() {
                let known_at = until + crosscut_model::time::HOUR;
                rules.funding.iter_mut().filter(|due| due.at > known_at).for_each(|due| {
                    (due.rate, due.mark) = (due.rate * -7.0, Some(1e6));
                });
                rules.actions.iter_mut().filter(|action| action.timestamp > until).for_each(|action| {
                    (action.split, action.dividend) = (action.split * 3.0, 1e3);
                });
                let from = rules.steps.partition_point(|step| step.from <= known_at);
                rules.steps.truncate(from);
                rules.steps.push(Step { from: known_at + 1, lot_size: Some(3.0), ..Step::default() });
                let from = input.timestamps.partition_point(|&label| label <= until);
                for pos in from..input.timestamps.len() {
                    input.close[pos] *= 1.0 + 0.5 * ((pos * 7 + at) % 5) as f64;
                    input.open[pos] *= 3.0;
                    input.high[pos] = input.open[pos].max(input.close[pos]) * 1.5;
                    input.low[pos] = input.open[pos].min(input.close[pos]) * 0.5;
                    input.volume[pos] = f64::NAN;
                    input.vwap[pos] = f64::NAN;
                    input.factor[pos] = -input.factor[pos];
                    input.tradable[pos] = !input.tradable[pos];
                    input.dollar_volume[pos] *= (at + 1) as f64;
                }
            }
            assert_eq!(known(&market.run(config), until), known(&other.run(config), until), "{config:?}");
        }
    });
}

#[test]
fn dropping_later_bars_changes_nothing_before() {
    let start = crosscut_model::parse_iso(START).unwrap();
    for_all(|market, config| {
        let until = start + 301 * crosscut_model::time::HOUR;
        let mut other = market.clone();
        for (input, rules) in &mut other.symbols {
            let n_bars = input.timestamps.partition_point(|&label| label <= until);
            let SeriesInput { open, high, low, close, vwap, volume, factor, .. } = input;
            for column in [open, high, low, close, vwap, volume, factor] {
                column.truncate(n_bars);
            }
            rules.funding.retain(|due| due.at <= until + crosscut_model::time::HOUR);
            input.dollar_volume.truncate(n_bars);
            input.tradable.truncate(n_bars);
            input.timestamps.truncate(n_bars);
            // At the very end of the data a delisting would close on the last bar.
            rules.delisted_at = rules.delisted_at.filter(|&at| at <= until);
        }
        let config = BacktestConfig { end: None, ..config.clone() };
        assert_eq!(known(&market.run(&config), until), known(&other.run(&config), until), "{config:?}");
    });
}

/// Signed quantity held of each symbol before each order's fill, and the orders.
fn fills_with_positions(outcome: &RunOutcome) -> Vec<(f64, &Order)> {
    let mut held = vec![0.0; outcome.symbols.len()];
    let splits = outcome.journal.iter().filter_map(|line| match line.record.entry {
        Entry::Split { quantity, .. } => Some((line.timestamp, line.record.symbol_idx as usize, quantity)),
        _ => None,
    });
    let mut splits = splits.peekable();
    let mut fills: Vec<&Order> = outcome.orders.iter().filter(|order| order.fill.is_some()).collect();
    fills.sort_by_key(|order| order.fill.unwrap().filled_at);
    fills
        .into_iter()
        .map(|order| {
            while let Some((_, symbol_idx, quantity)) = splits.next_if(|(at, ..)| *at <= order.fill.unwrap().filled_at)
            {
                held[symbol_idx] = quantity;
            }
            let before = held[order.symbol_idx];
            held[order.symbol_idx] += order.side.sign() * order.fill.unwrap().quantity;
            (before, order)
        })
        .collect()
}

#[test]
fn what_cannot_be_traded_is_never_opened_or_increased() {
    for_all(|market, config| {
        let outcome = market.run(config);
        for (before, order) in fills_with_positions(&outcome) {
            let signed = order.side.sign() * order.fill.unwrap().quantity;
            if (before + signed).abs() <= before.abs() {
                continue;
            }
            let name = &outcome.symbols[order.symbol_idx];
            let (input, rules) = market.symbols.iter().find(|(input, _)| &input.symbol == name).unwrap();
            let pos = input.timestamps.binary_search(&order.decided_at).expect("the symbol has a bar at the decision");
            assert!(input.factor[pos].is_finite() && input.tradable[pos], "{order:?}");
            assert!(rules.delisted_at.is_none_or(|at| order.decided_at < at), "{order:?}");
        }
    });
}

#[test]
fn top_k_holds_k_names_when_there_are_k() {
    for seed in 0..20 {
        let market = Market::random(seed, 12, N_HOURS);
        let outcome = market.run(&config("top_k", "k=3 rebalance=6 untradable=close_last commission=10"));
        let mut by_time: Vec<Vec<&Selection>> = Vec::new();
        for rows in outcome.selections.chunks(outcome.symbols.len()) {
            by_time.push(rows.iter().collect());
        }
        for rows in by_time {
            let eligible = rows.iter().filter(|row| row.rank.is_some()).count();
            let held = rows.iter().filter(|row| row.filled_weight > 0.0).count();
            let chosen: BTreeSet<Option<u32>> =
                rows.iter().filter(|row| row.excluded.is_none()).map(|row| row.rank).collect();
            if eligible >= 3 {
                assert_eq!(held, 3, "{seed} {rows:#?} {:?}", outcome.log);
                assert_eq!(chosen, BTreeSet::from([Some(1), Some(2), Some(3)]));
            }
        }
    }
}

#[test]
fn long_and_short_weights_cancel() {
    for seed in 0..20 {
        let market = Market::random(seed, 12, N_HOURS);
        for words in ["", "weighting=score", "long_count=2 short_count=4", "gross_exposure=2.5"] {
            let outcome = market.run(&config("long_short", &format!("rebalance=9 untradable=close_last {words}")));
            for rows in outcome.selections.chunks(outcome.symbols.len()) {
                let net: f64 = rows.iter().filter(|row| row.rank.is_some()).map(|row| row.target_weight).sum();
                let skipped = rows.iter().any(|row| row.excluded == Some(crate::outcome::Exclusion::TooFewNames));
                assert!(skipped || net.abs() < 1e-12, "{net}");
            }
        }
    }
}

#[test]
fn threshold_never_crosses_its_thresholds() {
    for seed in 0..20 {
        let market = Market::random(seed, 6, N_HOURS);
        let words = "buy_threshold=4 sell_threshold=-4 allow_short=true position_size=0.1 commission=10";
        let outcome = market.run(&config("threshold", words));
        let mut flips = 0;
        for (before, order) in fills_with_positions(&outcome) {
            let name = &outcome.symbols[order.symbol_idx];
            let (input, _) = market.symbols.iter().find(|(input, _)| &input.symbol == name).unwrap();
            if let Ok(pos) = input.timestamps.binary_search(&order.decided_at)
                && order.reason == "rebalance"
            {
                let score = input.factor[pos];
                assert!(score >= 4.0 || score <= -4.0, "{score}");
                let after = before + order.side.sign() * order.quantity;
                assert_eq!(after > 0.0, score >= 4.0);
                flips += u32::from(before * after < 0.0);
                assert!(before != 0.0 || (order.side == Side::Buy) == (score >= 4.0));
            }
        }
        assert!(flips > 0);
    }
}
