//! Properties: any cut of the input gives the same bits, and the bars equal a slow and obvious version.

use crosscut_model::time::SECOND;
use crosscut_model::{BarSpec, Bars, Timeframe, Trades};
use proptest::prelude::*;

use super::build;
use crate::{BarBuilder, SideRule, rebuild};

/// Bar kinds that cut a few hundred trades into a handful of bars.
const SPECS: [&str; 7] = ["5s", "1m", "tick-1", "tick-7", "volume-3.3", "dollar-400", "1h"];

/// Trades on a coarse price grid, so that moves, ties and exact thresholds all occur.
fn any_trades() -> impl Strategy<Value = Trades> {
    prop::collection::vec((0_i64..4, 90_i32..110, 1_u32..30, 0_u8..3), 0..300).prop_map(|rows| {
        let mut trades = Trades::default();
        let mut time = 0;
        for (wait, price, quantity, side) in rows {
            time += wait * SECOND;
            trades.timestamp.push(time);
            trades.price.push(f64::from(price) * 0.1);
            trades.quantity.push(f64::from(quantity) * 0.1);
            trades.is_buyer_maker.push([None, Some(false), Some(true)][usize::from(side)]);
        }
        trades
    })
}

/// The bits of every column.
fn bits(bars: &Bars) -> Vec<Vec<u64>> {
    let floats = bars.columns().map(|column| column.iter().map(|v| v.to_bits()).collect());
    let times = [&bars.timestamp, &bars.available_at, &bars.bar_seq];
    let times = times.map(|column| column.iter().map(|v| v.cast_unsigned()).collect());
    floats.into_iter().chain(times).collect()
}

/// The rows of each bar, the last one included even if it is open, by the definitions alone.
fn obvious_groups(spec: BarSpec, trades: &Trades) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut sum = f64::INFINITY;
    for row in 0..trades.len() {
        let label = |frame: Timeframe, row: usize| frame.floor(trades.timestamp[row]);
        let new = match spec {
            BarSpec::Time(frame) => row == 0 || label(frame, row) != label(frame, row - 1),
            BarSpec::Tick(n) => sum >= n as f64,
            BarSpec::Volume(threshold) | BarSpec::Dollar(threshold) => sum >= threshold,
            BarSpec::Mark(_) | BarSpec::Premium(_) | BarSpec::Adjusted(_) => unreachable!("not built from trades"),
        };
        if new {
            groups.push(Vec::new());
            sum = 0.0;
        }
        sum += match spec {
            BarSpec::Volume(_) => trades.quantity[row],
            BarSpec::Dollar(_) => trades.price[row] * trades.quantity[row],
            _ => 1.0,
        };
        groups.last_mut().unwrap().push(row);
    }
    groups
}

/// Side of each trade by the rule's text: the sign of the last non-zero change of price.
fn obvious_tick_rule(trades: &Trades, row: usize) -> bool {
    (1..=row)
        .rev()
        .map(|at| trades.price[at] - trades.price[at - 1])
        .find(|&change| change != 0.0)
        .is_some_and(|change| change > 0.0)
}

/// The thirteen columns of one bar.
fn obvious_bar(trades: &Trades, rows: &[usize], side_rule: SideRule) -> [f64; 13] {
    let prices: Vec<f64> = rows.iter().map(|&row| trades.price[row]).collect();
    let moves: Vec<f64> = prices.windows(2).map(|w| w[1] - w[0]).collect();
    let turns: Vec<f64> = moves.iter().copied().filter(|&m| m != 0.0).collect();
    let mut sorted = prices.clone();
    sorted.sort_by(f64::total_cmp);
    let (mut volume, mut bought, mut dollars) = (0.0, 0.0, 0.0);
    for &row in rows {
        volume += trades.quantity[row];
        dollars += trades.price[row] * trades.quantity[row];
        let buy = match trades.is_buyer_maker[row] {
            Some(maker) if side_rule == SideRule::Venue => !maker,
            _ => obvious_tick_rule(trades, row),
        };
        bought += if buy { trades.quantity[row] } else { 0.0 };
    }
    [
        prices[0],
        sorted[sorted.len() - 1],
        sorted[0],
        prices[prices.len() - 1],
        volume,
        bought,
        volume - bought,
        dollars / volume,
        dollars,
        rows.len() as f64,
        moves.iter().filter(|&&m| m > 0.0).count() as f64 / moves.len().max(1) as f64,
        (sorted[(rows.len() - 1) / 2] + sorted[rows.len() / 2]) / 2.0,
        turns.windows(2).filter(|w| (w[0] > 0.0) != (w[1] > 0.0)).count() as f64,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same_bits(
        trades in any_trades(),
        cuts in prop::collection::vec(1_usize..40, 1..50),
        spec in prop::sample::select(&SPECS[..]),
        by_tick_rule in any::<bool>(),
        covered in prop::option::of(0..1200 * SECOND),
    ) {
        let side_rule = if by_tick_rule { SideRule::TickRule } else { SideRule::Venue };
        let whole = build(spec, side_rule, &trades, covered);
        for cuts in [&cuts[..], &[1]] {
            let mut builder = BarBuilder::new(spec.parse().unwrap(), side_rule).unwrap();
            let mut bars = Bars::default();
            let mut from = 0;
            for cut in cuts.iter().cycle() {
                let to = (from + cut).min(trades.len());
                let mut part = Trades::default();
                part.extend_from(&trades, from..to);
                builder.push(&part, &mut bars);
                from = to;
                if from == trades.len() {
                    break;
                }
            }
            builder.finish(covered, &mut bars);
            prop_assert_eq!(bits(&bars), bits(&whole));
        }
    }

    #[test]
    fn bars_equal_the_obvious_version(
        trades in any_trades(),
        spec in prop::sample::select(&SPECS[..]),
        by_tick_rule in any::<bool>(),
    ) {
        let side_rule = if by_tick_rule { SideRule::TickRule } else { SideRule::Venue };
        let bars = build(spec, side_rule, &trades, Some(i64::MAX));
        let groups = obvious_groups(spec.parse().unwrap(), &trades);
        prop_assert!(bars.len() == groups.len() || bars.len() + 1 == groups.len());
        for (bar, rows) in groups.iter().take(bars.len()).enumerate() {
            let expected = obvious_bar(&trades, rows, side_rule);
            let got = bars.columns().map(|column| column[bar]);
            prop_assert_eq!(got.map(f64::to_bits), expected.map(f64::to_bits), "bar {}: {:?} {:?}", bar, got, expected);
        }
    }

    #[test]
    fn rebuilt_bars_equal_bars_from_trades(trades in any_trades()) {
        let fine = build("5s", SideRule::Venue, &trades, Some(i64::MAX));
        let direct = build("1m", SideRule::Venue, &trades, Some(i64::MAX));
        let rebuilt = rebuild(&fine, "5s".parse().unwrap(), "1m".parse().unwrap(), Some(i64::MAX)).unwrap();
        prop_assert_eq!(&rebuilt.timestamp, &direct.timestamp);
        prop_assert_eq!(&rebuilt.available_at, &direct.available_at);
        for name in ["open", "high", "low", "close", "tick_count"] {
            prop_assert_eq!(rebuilt.column(name), direct.column(name));
        }
        for name in ["volume", "buy_volume", "sell_volume", "dollar_volume", "vwap"] {
            for (a, b) in rebuilt.column(name).unwrap().iter().zip(direct.column(name).unwrap()) {
                prop_assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{}: {} {}", name, a, b);
            }
        }
    }
}
