//! What each scenario changes, and what the comparison of strategies finds where the answer is known.

use std::collections::BTreeSet;

use crosscut_model::parse_iso;
use crosscut_model::time::DAY;

use super::*;
use crate::config::{BacktestConfig, CommissionConfig, CostsConfig, SlippageConfig};
use crate::sweep::Sampled;

/// Some options.
const OPTIONS: StressOptions =
    StressOptions { n_parts: 3, n_drops: 4, drop_share: 0.25, noise_bps: 10.0, n_shuffles: 5, seed: 7 };

/// Ten symbols.
fn ten() -> Vec<String> {
    (0..10).map(|n| format!("S{n}")).collect()
}

/// A day.
fn day(text: &str) -> i64 {
    parse_iso(text).unwrap()
}

/// The scenarios of a configuration with ten symbols over ninety days.
fn plan(config: &BacktestConfig) -> Vec<Scenario> {
    let earners = ["S4".to_owned(), "S2".to_owned(), "S9".to_owned()];
    scenarios(config, (day("2024-01-01"), day("2024-03-30")), &ten(), &earners, &OPTIONS)
}

/// The configurations of a kind of scenario.
fn configs(plan: &[Scenario], group: &str) -> Vec<BacktestConfig> {
    let of = |scenario: &Scenario| match &scenario.change {
        Change::Config(config) if scenario.group == group => Some(config.as_ref().clone()),
        _ => None,
    };
    plan.iter().filter_map(of).collect()
}

#[test]
fn parts_follow_one_another_and_cover_the_period() {
    let parts = configs(&plan(&BacktestConfig::default()), "sub-periods");
    assert_eq!(parts.len(), 3);
    assert_eq!(parts[0].start, Some(day("2024-01-01")));
    assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
    assert_eq!(parts[2].end, Some(day("2024-03-30") + 1));
    let narrow = BacktestConfig { start: Some(day("2024-02-01")), end: Some(day("2024-02-10")), ..Default::default() };
    let parts = configs(&plan(&narrow), "sub-periods");
    assert_eq!((parts[0].start, parts[2].end, parts[1].start), (narrow.start, narrow.end, Some(day("2024-02-04"))));
}

#[test]
fn orders_come_so_late_that_they_are_filled_later() {
    let bar = BacktestConfig::default().timeframe.micros().unwrap();
    let latencies = |execution: &str, own: i64| -> Vec<i64> {
        let mut config = BacktestConfig { execution: execution.parse().unwrap(), ..Default::default() };
        config.venue_rules.latency.0 = own;
        configs(&plan(&config), "delayed execution").iter().map(|config| config.venue_rules.latency.0).collect()
    };
    for execution in ["close", "next_open", "next_close"] {
        assert_eq!(latencies(execution, 0), [bar, 2 * bar], "{execution}");
    }
    assert_eq!(latencies("next_vwap", 0), [2 * bar, 3 * bar]);
    assert_eq!(latencies("next_vwap", 5), [bar + 5, 2 * bar + 5]);
}

#[test]
fn symbols_are_halved_dropped_and_left_out() {
    let plan = plan(&BacktestConfig { include: vec!["S*".to_owned()], ..Default::default() });
    let universes = configs(&plan, "universes");
    let both: BTreeSet<&String> = universes[0].symbols.iter().chain(&universes[1].symbols).collect();
    assert_eq!((universes[0].symbols.len(), both.len()), (5, 10));
    assert!(!universes[2].symbols.contains(&"S4".to_owned()) && universes[2].symbols.len() == 9);
    assert_eq!(universes[3].symbols, ["S0", "S1", "S3", "S5", "S6", "S7", "S8"]);
    let drops = configs(&plan, "symbol drop-out");
    assert!(drops.len() == 4 && drops.iter().all(|config| config.symbols.len() == 7 && config.include.is_empty()));
    assert_ne!(drops[0].symbols, drops[1].symbols);
    assert_eq!(
        drops,
        configs(
            &self::plan(&BacktestConfig { include: vec!["S*".to_owned()], ..Default::default() }),
            "symbol drop-out"
        )
    );
}

#[test]
fn costs_and_fills_get_worse() {
    let models = CostsConfig {
        commission: Some(CommissionConfig::PerShare { rate: 0.005, minimum: 1.0, maximum: Some(0.01) }),
        slippage: Some(SlippageConfig::SqrtImpact { coefficient: 0.1, base_bps: 2.0 }),
    };
    let config = BacktestConfig { borrow: Some(0.03), costs: models, ..Default::default() };
    let doubled = &configs(&plan(&config), "costs")[1];
    assert_eq!((doubled.commission_bps, doubled.slippage_bps, doubled.borrow), (10.0, 6.0, Some(0.06)));
    let expected = CommissionConfig::PerShare { rate: 0.01, minimum: 2.0, maximum: Some(0.02) };
    assert_eq!(doubled.costs.commission, Some(expected));
    assert_eq!(doubled.costs.slippage, Some(SlippageConfig::SqrtImpact { coefficient: 0.2, base_bps: 4.0 }));
    let executions: Vec<String> =
        configs(&plan(&config), "execution").iter().map(|config| config.execution.to_string()).collect();
    assert_eq!(executions, ["close", "next_vwap", "next_close"]);
    let turned = plan(&config)
        .into_iter()
        .filter(|one| matches!(one.change, Change::Turned(share) if (0.05..0.95).contains(&share)));
    assert_eq!(turned.count(), 5);
}

/// A curve by days with returns given by their number.
fn curve(n: usize, r: impl Fn(usize) -> f64) -> Sampled {
    let mut equity = 1000.0;
    let labels = (0..n).map(|nth| day("2024-01-01") + nth as i64 * DAY).collect();
    let step = |nth| {
        equity *= 1.0 + r(nth);
        equity
    };
    Sampled { labels, equity: (0..n).map(step).collect() }
}

#[test]
fn a_ruined_history_is_ruined_in_any_order() {
    let drawn = reordered(&[0.1, -0.2, -1.5, 0.3, 0.3], 50, 1);
    let [low, middle, high] = drawn.lines.unwrap();
    assert!(drawn.max_drawdown == Some(-1.4) && low <= middle && middle <= high && high < -1.3, "{drawn:?}");
    let ruined = Sampled { labels: (0..40).map(|nth| nth * DAY).collect(), equity: vec![-5.0; 40] };
    let calm = curve(40, |nth| if nth % 2 == 0 { 0.01 } else { -0.008 });
    let calm = Sampled { labels: ruined.labels.clone(), ..calm };
    let contest = contest(&[("calm".to_owned(), calm, 1000.0), ("ruined".to_owned(), ruined, 1000.0)], 100, 1);
    assert!(contest.pairs[0].mean_difference < 0.0 && contest.pairs[0].p > 0.0, "{contest:?}");
    assert_eq!((contest.pairs[0].sharpe_difference, contest.pairs[0].sharpe_lines), (None, None));
}

#[test]
fn regimes_part_the_days() {
    // Two hundred days; the market rises in even spans of thirty and is turbulent in odd ones.
    let is_even = |nth: usize| (day("2024-01-01") + nth as i64 * DAY).div_euclid(30 * DAY) % 2 == 0;
    let own = curve(200, |nth| if is_even(nth) { 0.01 } else { -0.01 } + if nth % 2 == 0 { 0.001 } else { -0.001 });
    let market: Vec<f64> = (0..200)
        .map(|nth| match (is_even(nth), nth % 2) {
            (true, _) => 0.001,
            (false, 0) => 0.05,
            (false, _) => -0.06,
        })
        .collect();
    let rows = regimes(&own, 1000.0, (&own.labels, &market), Some(1.0));
    let standing: Vec<(&str, Standing)> =
        rows.iter().map(|row| (row.name.split(',').next().unwrap(), row.standing)).collect();
    assert_eq!(
        standing,
        [
            ("rising market", Standing::Holds),
            ("falling market", Standing::Loses),
            ("calm market", Standing::Holds),
            ("turbulent market", Standing::Loses)
        ]
    );
    assert_eq!(regimes(&own, 1000.0, (&own.labels, &[f64::NAN; 200]), None), []);
}

#[test]
fn the_order_of_days_makes_the_drawdown() {
    // Ten losses in a row: any other order is kinder.
    let returns: Vec<f64> = (0..100).map(|nth| if (40..50).contains(&nth) { -0.05 } else { 0.006 }).collect();
    let found = reordered(&returns, 200, 3);
    assert!((found.max_drawdown.unwrap() - (0.95f64.powi(10) - 1.0)).abs() < 1e-12);
    assert_eq!(found.deeper, 0.0);
    assert!(found.lines.unwrap()[0] > found.max_drawdown.unwrap());
    assert_eq!(found, reordered(&returns, 200, 3));
    assert_eq!(reordered(&[], 10, 1).max_drawdown, None);
}

#[test]
fn a_contest_is_on_common_days_and_pairs_them() {
    let noise = |nth: usize| ((nth * 7919) % 101) as f64 / 5050.0 - 0.01;
    let small = |nth: usize| ((nth * 6007) % 97) as f64 / 97_000.0 - 0.0005;
    let first = curve(400, noise);
    let mut later = curve(400, |nth| noise(nth) + small(nth) + 0.0004);
    later.labels = later.labels[50..].into();
    let start = later.equity[49];
    later.equity.drain(..50);
    let far = curve(400, |nth| small(nth) * 20.0);
    let curves = [("a".to_owned(), first, 1000.0), ("b".to_owned(), later, start), ("c".to_owned(), far, 1000.0)];
    let found = contest(&curves, 500, 1);
    assert_eq!((found.n_days, found.pairs.len()), (350, 2));
    let better = &found.pairs[0];
    // 0.0004 a day over 365.25 days, but for the mean of the small noise.
    assert!((better.mean_difference - 0.146).abs() < 0.01, "{better:?}");
    assert!(better.p < 0.01 && better.mean_lines.unwrap()[0] > 0.0, "what both share cancels: {better:?}");
    assert!(better.correlation.unwrap() > 0.99);
    assert!(found.pairs[1].p > 0.05, "an unrelated curve as good as the first is not worse: {:?}", found.pairs[1]);
    assert_eq!(contest(&curves[..1], 10, 1).pairs, []);
    assert_eq!(contest(&[], 10, 1).n_days, 0);
}
