//! Bars worked out by hand.

use crosscut_model::time::{DAY, HOUR, MINUTE, SECOND, parse_iso};
use crosscut_model::{BarSpec, Bars, Trades};

use super::{build, trades};
use crate::{BarBuilder, BarsError, SideRule, rebuild};

/// Seven trades in two minutes, a minute without any, and one more.
fn sample() -> Trades {
    trades(&[
        (0.0, 10.0, 1.0, 'b'),
        (10.0, 12.0, 2.0, 's'),
        (20.0, 12.0, 1.0, 'b'),
        (59.999999, 11.0, 4.0, '-'),
        (60.0, 13.0, 1.0, 's'),
        (61.0, 12.0, 1.0, '-'),
        (61.0, 12.0, 1.0, '-'),
        (190.0, 15.0, 3.0, 'b'),
    ])
}

#[test]
fn time_bars() {
    let bars = build("1m", SideRule::Venue, &sample(), None);
    // The last minute is still open: nothing says that the data reach its end.
    assert_eq!(bars.timestamp, [0, MINUTE]);
    assert_eq!(bars.available_at, [MINUTE, 2 * MINUTE]);
    assert!(bars.bar_seq.is_empty());
    assert_eq!(bars.open, [10.0, 13.0]);
    assert_eq!(bars.high, [12.0, 13.0]);
    assert_eq!(bars.low, [10.0, 12.0]);
    assert_eq!(bars.close, [11.0, 12.0]);
    assert_eq!(bars.volume, [8.0, 3.0]);
    // The rows without a side follow a fall of the price: sold.
    assert_eq!(bars.buy_volume, [2.0, 0.0]);
    assert_eq!(bars.sell_volume, [6.0, 3.0]);
    assert_eq!(bars.dollar_volume, [90.0, 37.0]);
    assert_eq!(bars.vwap, [90.0 / 8.0, 37.0 / 3.0]);
    assert_eq!(bars.tick_count, [4.0, 3.0]);
    assert_eq!(bars.up_move_ratio, [1.0 / 3.0, 0.0]);
    assert_eq!(bars.medium_price, [11.5, 12.0]);
    // Up, flat, down is one reversal; the fall into the second minute's first move is not counted across bars.
    assert_eq!(bars.reversals, [1.0, 0.0]);
}

#[test]
fn the_end_of_the_data_closes_a_covered_bar() {
    for (covered_until, n_bars) in [(None, 2), (Some(4 * MINUTE - 1), 2), (Some(4 * MINUTE), 3), (Some(DAY), 3)] {
        let bars = build("1m", SideRule::Venue, &sample(), covered_until);
        assert_eq!(bars.len(), n_bars, "{covered_until:?}");
    }
    assert_eq!(
        build("tick-3", SideRule::Venue, &sample(), Some(DAY)).len(),
        2,
        "an event bar closes on its event only"
    );
    assert!(build("1m", SideRule::Venue, &Trades::default(), Some(DAY)).is_empty());
}

#[test]
fn tick_bars() {
    let bars = build("tick-3", SideRule::Venue, &sample(), None);
    assert_eq!(bars.timestamp, [0, 59_999_999]);
    assert_eq!(bars.available_at, [20 * SECOND, 61 * SECOND]);
    assert_eq!(bars.bar_seq, [0, 1]);
    assert_eq!(bars.close, [12.0, 12.0]);
    assert_eq!(bars.reversals, [0.0, 1.0]);
    assert_eq!(bars.up_move_ratio, [0.5, 0.5]);
    let single = build("tick-1", SideRule::Venue, &sample(), None);
    assert_eq!(single.len(), 8);
    assert!(single.up_move_ratio.iter().all(|&ratio| ratio == 0.0));
    assert_eq!(single.medium_price, single.close);
}

#[test]
fn volume_and_dollar_bars_restart_from_zero() {
    let volume = build("volume-4", SideRule::Venue, &sample(), None);
    // 1+2+1 reaches 4 exactly; 4 alone; 1+1+1+3 runs over and the surplus is not carried.
    assert_eq!(volume.volume, [4.0, 4.0, 6.0]);
    assert_eq!(volume.available_at, [20 * SECOND, 59_999_999, 190 * SECOND]);
    let dollar = build("dollar-46", SideRule::Venue, &sample(), None);
    assert_eq!(dollar.dollar_volume, [46.0, 57.0, 69.0]);
    assert_eq!(dollar.bar_seq, [0, 1, 2]);
}

#[test]
fn the_tick_rule_runs_across_bars() {
    let rows = trades(&[
        (0.0, 5.0, 1.0, 'b'),
        (1.0, 5.0, 1.0, 'b'),
        (2.0, 6.0, 1.0, 's'),
        (3.0, 6.0, 1.0, 's'),
        (4.0, 6.0, 1.0, 's'),
        (5.0, 5.0, 1.0, 'b'),
    ]);
    let bars = build("tick-2", SideRule::TickRule, &rows, None);
    // Before the first change there is no side; the two trades at 6 of the third bar's start follow a rise.
    assert_eq!(bars.buy_volume, [0.0, 2.0, 1.0]);
    assert_eq!(bars.sell_volume, [2.0, 0.0, 1.0]);
    let venue = build("tick-2", SideRule::Venue, &rows, None);
    assert_eq!(venue.buy_volume, [2.0, 0.0, 1.0]);
}

#[test]
fn a_late_trade_joins_the_open_bar() {
    let rows = trades(&[(61.0, 1.0, 1.0, 'b'), (59.0, 2.0, 1.0, 'b'), (120.0, 3.0, 1.0, 'b')]);
    let bars = build("1m", SideRule::Venue, &rows, None);
    assert_eq!(bars.timestamp, [MINUTE]);
    assert_eq!(bars.high, [2.0]);
}

#[test]
fn calendar_labels() {
    let mut rows = trades(&[(0.0, 1.0, 1.0, 'b'), (0.0, 2.0, 1.0, 'b'), (0.0, 3.0, 1.0, 'b')]);
    rows.timestamp =
        ["2024-02-29T23:59:59", "2024-03-01T00:00:00", "2024-04-30T00:00:00"].map(|t| parse_iso(t).unwrap()).to_vec();
    let bars = build("1M", SideRule::Venue, &rows, None);
    assert_eq!(bars.timestamp, ["2024-02", "2024-03"].map(|t| parse_iso(t).unwrap()));
    assert_eq!(bars.available_at, ["2024-03", "2024-04"].map(|t| parse_iso(t).unwrap()));
}

#[test]
fn venue_bars_are_refused() {
    for spec in ["mark-1h", "premium-1h"] {
        let spec: BarSpec = spec.parse().unwrap();
        let error = BarBuilder::new(spec, SideRule::Venue).unwrap_err();
        assert_eq!(error, BarsError::NotFromTrades { spec });
        assert!(error.to_string().contains(&spec.to_string()));
    }
}

/// Hourly bars at the given hours; every column is a simple function of the row.
fn hourly(hours: &[i64]) -> Bars {
    let mut bars = Bars::default();
    for (row, hour) in hours.iter().enumerate() {
        bars.timestamp.push(hour * HOUR);
        bars.available_at.push((hour + 1) * HOUR);
        let base = row as f64;
        let values = [base, base + 10.0, base - 10.0, base + 1.0, 0.1, 0.25, 0.05, 7.0, 2.0, 3.0, 0.5, base, 4.0];
        for (column, value) in bars.columns_mut().into_iter().zip(values) {
            column.push(value);
        }
    }
    bars
}

#[test]
fn rebuilding_by_hand() {
    let frame = |text: &str| text.parse().unwrap();
    let mut fine = hourly(&[0, 1, 3, 8, 9, 10, 11]);
    fine.extra =
        vec![("premium_high".to_owned(), vec![0.0, 9.0, 3.0, 1.0, 2.0, 3.0, 2.5]), ("fee".to_owned(), vec![1.0; 7])];
    let bars = rebuild(&fine, frame("1h"), frame("4h"), None).unwrap();
    assert_eq!(bars.timestamp, [0, 8 * HOUR], "no trades from 04:00 to 08:00, no bar");
    assert_eq!(bars.available_at, [4 * HOUR, 12 * HOUR]);
    assert_eq!(bars.open, [0.0, 3.0]);
    assert_eq!(bars.high, [12.0, 16.0]);
    assert_eq!(bars.low, [-10.0, -7.0]);
    assert_eq!(bars.close, [3.0, 7.0]);
    assert_eq!(bars.volume, [0.3, 0.4], "decimal: 0.1 + 0.1 + 0.1 of doubles is not 0.3");
    assert_eq!(bars.tick_count, [9.0, 12.0]);
    assert_eq!(bars.vwap, [6.0 / bars.volume[0], 8.0 / 0.4]);
    assert!(bars.medium_price.iter().chain(&bars.reversals).chain(&bars.up_move_ratio).all(|v| v.is_nan()));
    assert_eq!(bars.extra, [("premium_high".to_owned(), vec![9.0, 3.0])]);
    let open = rebuild(&hourly(&[0, 1, 2, 3, 4, 5]), frame("1h"), frame("4h"), None).unwrap();
    assert_eq!(open.len(), 1, "the bar of 04:00 is still open");
    let covered = rebuild(&hourly(&[0, 1, 2, 3, 4, 5]), frame("1h"), frame("4h"), Some(8 * HOUR)).unwrap();
    assert_eq!(covered.len(), 2);
    assert!(rebuild(&Bars::default(), frame("1h"), frame("1d"), Some(DAY)).unwrap().is_empty());
    assert!(rebuild(&fine, frame("4h"), frame("1h"), None).unwrap_err().to_string().contains("4h"));
}

#[test]
fn rebuilt_sums() {
    let mut fine = hourly(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    fine.volume = vec![0.1, 0.02, 0.003, 1000.0, 81_251_043.670, 0.0, 0.001, 0.2, 3.5, 7.0];
    fine.buy_volume = vec![0.1; 10];
    fine.buy_volume[0] = 1.0 / 3.0;
    fine.dollar_volume = vec![10_000_000_000.0; 10];
    fine.dollar_volume[9] = 10_000_000_000.000_01;
    fine.sell_volume = vec![1e16, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1e16];
    let bars = rebuild(&fine, "1h".parse().unwrap(), "1d".parse().unwrap(), Some(DAY)).unwrap();
    assert_eq!(bars.volume, [81_252_054.494]);
    assert_eq!(bars.buy_volume, [1.0 / 3.0 + 0.9]);
    assert_eq!(bars.dollar_volume, [100_000_000_000.000_01]);
    assert_eq!(bars.sell_volume, [4.0], "too large to be exact, so compensated");
}

#[test]
fn rebuilding_keeps_missing_values_missing() {
    let mut fine = hourly(&[0, 1, 2, 3]);
    fine.buy_volume[1] = f64::NAN;
    fine.high[2] = f64::NAN;
    fine.volume = vec![0.0; 4];
    let bars = rebuild(&fine, "1h".parse().unwrap(), "4h".parse().unwrap(), None).unwrap();
    assert!(bars.buy_volume[0].is_nan() && bars.high[0].is_nan());
    assert!(bars.vwap[0].is_nan(), "no volume has no average price");
    assert_eq!(bars.low[0], -10.0);
}
