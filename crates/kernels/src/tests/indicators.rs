//! Indicators that are programs, by hand. The language compares them with slow versions, which are its tests'.

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
