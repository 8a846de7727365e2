//! Indicators that are programs, by hand.

use super::*;
use crate::{Recurrence, Scalar};

/// Runs a recurrence on two columns.
fn of(recurrence: Recurrence, x: &[f64], y: &[f64]) -> Vec<f64> {
    let mut graph = Graph::new();
    let terms = [graph.input(0), graph.input(1)];
    let term = graph.recurrence(recurrence, &terms);
    run(&Arc::new(Plan::new(&graph, &[term], &[])), [x, y], &[])
}

#[test]
fn parabolic_sar_by_hand() {
    let sar = Recurrence::ParabolicSar { acceleration: Scalar(0.1), maximum: Scalar(0.2) };
    // Up: the stop starts at the first low 9, the extreme is 12. Then 9 + 0.1 (12 - 9) = 9.3; a new extreme 14 makes
    // the factor 0.2: 9.3 + 0.2 (14 - 9.3) = 10.24. The low 8 falls through it: the stop jumps to the extreme 14.
    let high = [10.0, 12.0, 14.0, 13.0, 12.0];
    let low = [9.0, 10.0, 12.0, 8.0, 7.0];
    let got = of(sar, &high, &low);
    // Then 14 + 0.1 (8 - 14) = 13.4, not inside the last two rows' 14 and 13: 14.
    let want = [f64::NAN, 9.0, 9.3, 14.0, 14.0];
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() < 1e-12 || (got.is_nan() && want.is_nan()), "{got} for {want}");
    }
    // The mirror image falls where the other rises.
    let mirrored = of(sar, &low.map(|x| -x), &high.map(|x| -x));
    for (one, two) in got.iter().zip(mirrored) {
        assert!(*one == -two || (one.is_nan() && two.is_nan()), "{one} {two}");
    }
}

#[test]
fn the_cycle_of_a_sine() {
    for period in [12.0, 20.0, 30.0] {
        let wave: Vec<f64> =
            (0..400).map(|i| 100.0 + libm::sin(f64::from(i) * std::f64::consts::TAU / period)).collect();
        let got = of(Recurrence::DominantCycle, &wave, &wave);
        assert!(got[..32].iter().all(|x| x.is_nan()) && got[32].is_finite());
        assert!((got[399] / period - 1.0).abs() < 0.05, "{} for {period}", got[399]);
    }
}

#[test]
fn an_adaptive_mean_by_hand() {
    // From 10: half of the way to 20 is 15, none of the way, all of the way to 7.
    let mut graph = Graph::new();
    let (x, share) = (graph.input(0), graph.input(1));
    let start = graph.constant(10.0);
    let term = graph.recurrence(Recurrence::Adaptive, &[x, share, start]);
    let plan = Arc::new(Plan::new(&graph, &[term], &[]));
    let got = run(&plan, [&[20.0, 30.0, f64::NAN, 7.0], &[0.5, 0.0, 0.5, 1.0]], &[]);
    assert_eq!((got[0], got[1], got[3]), (15.0, 15.0, 7.0));
    assert!(got[2].is_nan());
}

/// The parabolic stop of all rows, both directions spelled out, from the definition.
fn slow_sar(high: &[f64], low: &[f64], step: f64, limit: f64) -> Vec<f64> {
    let mut out = vec![f64::NAN; high.len()];
    if high.len() < 2 {
        return out;
    }
    let (up, down) = (high[1] - high[0], low[0] - low[1]);
    let mut rising = !(down > 0.0 && down > up);
    let mut stop = if rising { low[0] } else { high[0] };
    let mut extreme = if rising { high[1] } else { low[1] };
    let mut factor = step;
    for i in 1..high.len() {
        // The second row is its own predecessor.
        let before = if i == 1 { 1 } else { i - 1 };
        let (top, bottom) = (high[before].max(high[i]), low[before].min(low[i]));
        let turns = if rising { low[i] <= stop } else { high[i] >= stop };
        if turns {
            stop = if rising { extreme.max(top) } else { extreme.min(bottom) };
            out[i] = stop;
            (rising, factor) = (!rising, step);
            extreme = if rising { high[i] } else { low[i] };
        } else {
            out[i] = stop;
            let further = if rising { high[i] > extreme } else { low[i] < extreme };
            if further {
                extreme = if rising { high[i] } else { low[i] };
                factor = (factor + step).min(limit);
            }
        }
        stop += factor * (extreme - stop);
        stop = if rising { stop.min(bottom) } else { stop.max(top) };
    }
    out
}

/// SuperTrend of all rows from the definition: final bands first, then the side.
fn slow_super_trend(upper: &[f64], lower: &[f64], close: &[f64]) -> Vec<f64> {
    let (mut top, mut bottom) = (upper.to_vec(), lower.to_vec());
    let mut out = vec![f64::NAN; close.len()];
    let mut rising = close.get(1).is_some_and(|close| *close >= (upper[1] + lower[1]) / 2.0);
    for i in 1..close.len() {
        if i > 1 {
            top[i] = if upper[i] < top[i - 1] || close[i - 1] > top[i - 1] { upper[i] } else { top[i - 1] };
            bottom[i] = if lower[i] > bottom[i - 1] || close[i - 1] < bottom[i - 1] { lower[i] } else { bottom[i - 1] };
        }
        rising = if rising { close[i] > bottom[i] } else { close[i] > top[i] };
        out[i] = if rising { bottom[i] } else { top[i] };
    }
    out
}

proptest! {
    #[test]
    fn the_parabolic_stop_equals_its_slow_version(steps in prop::collection::vec((-2.0..2.0, 0.0..1.5), 0..300)) {
        let mut price = 100.0;
        let bars: Vec<(f64, f64)> = steps
            .iter()
            .map(|(step, range)| {
                price += step;
                (price + range, price - range)
            })
            .collect();
        let (high, low): (Vec<f64>, Vec<f64>) = bars.into_iter().unzip();
        let got = of(Recurrence::ParabolicSar { acceleration: Scalar(0.02), maximum: Scalar(0.2) }, &high, &low);
        for (got, want) in got.iter().zip(slow_sar(&high, &low, 0.02, 0.2)) {
            prop_assert!((got - want).abs() < 1e-9 || (got.is_nan() && want.is_nan()), "{} for {}", got, want);
        }
    }

    #[test]
    fn the_trend_equals_its_slow_version(steps in prop::collection::vec((-2.0..2.0, 0.1..3.0), 1..300)) {
        let mut graph = Graph::new();
        let (close, range) = (graph.input(0), graph.input(1));
        let upper = graph.binary(crate::Binary::Add, close, range);
        let lower = graph.binary(crate::Binary::Subtract, close, range);
        let before = graph.delay(close, 1);
        let term = graph.recurrence(Recurrence::SuperTrend, &[upper, lower, close, before]);
        let mut price = 100.0;
        let (closes, ranges): (Vec<f64>, Vec<f64>) = steps
            .iter()
            .map(|(step, range)| {
                price += step;
                (price, *range)
            })
            .unzip();
        let got = run(&Arc::new(Plan::new(&graph, &[term], &[])), [&closes, &ranges], &[]);
        let side = |sign: f64| closes.iter().zip(&ranges).map(|(c, r)| c + sign * r).collect::<Vec<f64>>();
        let want = slow_super_trend(&side(1.0), &side(-1.0), &closes);
        for (got, want) in got.iter().zip(want) {
            prop_assert!(*got == want || (got.is_nan() && want.is_nan()), "{} for {}", got, want);
        }
    }
}
