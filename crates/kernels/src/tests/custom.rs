//! Operations given by a function against the built-in ones that mean the same.

use super::*;
use crate::{Fold, StepFunction, WindowFunction};

/// The smallest of all rows of both operands.
static SMALLEST: WindowFunction = WindowFunction {
    name: "smallest of two",
    n_operands: 2,
    apply: |rows| rows.iter().flat_map(|rows| rows.iter()).copied().fold(f64::INFINITY, f64::min),
};

/// The largest value so far; carries it and whether there was one.
static LARGEST: StepFunction = StepFunction {
    name: "largest so far",
    n_carried: 2,
    warm_up: 0,
    step: |carried, [x, ..]| {
        if !x.is_finite() {
            return f64::NAN;
        }
        carried[0] = if carried[1] == 0.0 || x > carried[0] { x } else { carried[0] };
        carried[1] = 1.0;
        carried[0]
    },
};

proptest! {
    #[test]
    fn a_window_function(columns in two_series(300), window in 1u32..40, cuts in cuts()) {
        let (x, y) = (&columns.0, &columns.1);
        let own = plan(|g, x, y, w| g.over_window(&SMALLEST, &[x, y], w), window);
        let built_in = plan(|g, x, y, w| {
            let (x, y) = (g.rolling_min(x, w), g.rolling_min(y, w));
            g.binary(crate::Binary::Minimum, x, y)
        }, window);
        let want = run(&built_in, [x, y], &[]);
        let got = run(&own, [x, y], &cuts);
        // Which zero is the smaller one is nobody's promise.
        prop_assert!(got.iter().zip(&want).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())), "{got:?} {want:?}");
    }

    #[test]
    fn a_step_function(columns in two_series(300), cuts in cuts()) {
        let (x, y) = (&columns.0, &columns.1);
        let own = plan(|g, x, _, _| g.step_by_step(&LARGEST, &[x]), 1);
        let built_in = plan(|g, x, _, _| {
            let everything = g.constant(0.0);
            g.cumulate(Fold::Maximum, x, everything)
        }, 1);
        prop_assert_eq!(bits(&run(&own, [x, y], &cuts)), bits(&run(&built_in, [x, y], &[])));
    }
}

#[test]
fn how_far_they_look_back() {
    let mut graph = Graph::new();
    let x = graph.input(0);
    let window = graph.over_window(&SMALLEST, &[x, x], 5);
    let step = graph.step_by_step(&LARGEST, &[x]);
    let lookbacks = graph.lookbacks(&[window, step], &[]);
    assert_eq!((lookbacks[0].rows, lookbacks[0].unbounded), (4, false));
    assert_eq!((lookbacks[1].rows, lookbacks[1].unbounded), (0, true));
}
