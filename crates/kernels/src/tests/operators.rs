//! Time-series operators: values against the reference, equal bits for any cut, no look-ahead.

use super::*;
use crate::{Binary, Fit, Fold, Recurrence, Scalar, Unary};

/// How a result may differ from the reference.
#[derive(Clone, Copy)]
enum Tolerance {
    /// By this part of the larger of the two and of the scale of the window's values: rounding of a sum.
    Scale(f64),
    /// By this part of the value itself.
    Relative(f64),
    /// Not at all.
    Exact,
}

/// An operator, its slow version, and how near they must be.
struct Case {
    name: &'static str,
    build: Build,
    reference: fn(&[f64], &[f64], usize, usize) -> f64,
    tolerance: Tolerance,
    min_window: u32,
}

use Tolerance::{Exact, Relative, Scale};

/// All operators with a window.
fn cases() -> Vec<Case> {
    let case = |name, build, reference, tolerance| Case { name, build, reference, tolerance, min_window: 1 };
    let pair = |name, build, reference, tolerance| Case { name, build, reference, tolerance, min_window: 2 };
    vec![
        case("delay", |g, x, _, w| g.delay(x, w), |x, _, i, w| reference::before(x, i, w), Exact),
        case("delta", |g, x, _, w| g.delta(x, w), |x, _, i, w| x[i] - reference::before(x, i, w), Exact),
        case("sum", |g, x, _, w| g.rolling_sum(x, w), |x, _, i, w| reference::sum(x, i, w), Scale(1e-13)),
        case("mean", |g, x, _, w| g.rolling_mean(x, w), |x, _, i, w| reference::sum(x, i, w) / w as f64, Scale(1e-13)),
        case("decay", |g, x, _, w| g.rolling_decay(x, w), |x, _, i, w| reference::decay(x, i, w), Scale(1e-13)),
        pair("std", |g, x, _, w| g.rolling_std(x, w), |x, _, i, w| reference::std(x, i, w), Relative(1e-10)),
        pair("var", |g, x, _, w| g.rolling_var(x, w), |x, _, i, w| reference::cov(x, x, i, w), Relative(1e-10)),
        pair("cov", |g, x, y, w| g.rolling_cov(x, y, w), reference::cov, Scale(1e-10)),
        pair("corr", |g, x, y, w| g.rolling_corr(x, y, w), reference::corr, Scale(1e-9)),
        case("max", |g, x, _, w| g.rolling_max(x, w), |x, _, i, w| reference::max(x, i, w), Exact),
        case("min", |g, x, _, w| g.rolling_min(x, w), |x, _, i, w| reference::min(x, i, w), Exact),
        case(
            "argmax",
            |g, x, _, w| g.rolling_argmax(x, w),
            |x, _, i, w| reference::position(x, i, w, |a, b| a > b),
            Exact,
        ),
        case(
            "argmin",
            |g, x, _, w| g.rolling_argmin(x, w),
            |x, _, i, w| reference::position(x, i, w, |a, b| a < b),
            Exact,
        ),
        case("rank", |g, x, _, w| g.rolling_rank(x, w), |x, _, i, w| reference::rank(x, i, w), Relative(1e-15)),
        case(
            "median",
            |g, x, _, w| g.rolling_quantile(x, w, 0.5),
            |x, _, i, w| reference::quantile(x, i, w, 0.5),
            Relative(1e-14),
        ),
        case(
            "quantile",
            |g, x, _, w| g.rolling_quantile(x, w, 0.8),
            |x, _, i, w| reference::quantile(x, i, w, 0.8),
            Relative(1e-12),
        ),
        case(
            "ema",
            |g, x, _, w| g.ema(x, w),
            |x, _, i, w| reference::exponential(x, i, 2.0 / (w as f64 + 1.0), w),
            Scale(1e-13),
        ),
        case(
            "wilder",
            |g, x, _, w| g.wilder(x, w),
            |x, _, i, w| reference::exponential(x, i, 1.0 / w as f64, w),
            Scale(1e-13),
        ),
        case(
            "cumulative_sum",
            |g, x, _, _| g.cumulative_sum(x),
            |x, _, i, _| reference::cumulative(x, i),
            Scale(1e-12),
        ),
        case("nested", nested, |_, _, _, _| f64::NAN, Exact),
    ]
}

/// Products, ages, lines and shapes of windows.
fn window_cases() -> Vec<Case> {
    let case = |name, build, reference, tolerance| Case { name, build, reference, tolerance, min_window: 1 };
    let pair = |name, build, reference, tolerance| Case { name, build, reference, tolerance, min_window: 2 };
    let shape = |name, build, reference, tolerance| Case { name, build, reference, tolerance, min_window: 4 };
    vec![
        case(
            "product",
            |g, x, _, w| g.rolling_product(x, w),
            |x, _, i, w| reference::product(x, i, w),
            Relative(1e-13),
        ),
        case(
            "age_of_max",
            |g, x, _, w| g.rolling_age_of_max(x, w),
            |x, _, i, w| reference::age(x, i, w, |a, b| a > b),
            Exact,
        ),
        case(
            "age_of_min",
            |g, x, _, w| g.rolling_age_of_min(x, w),
            |x, _, i, w| reference::age(x, i, w, |a, b| a < b),
            Exact,
        ),
        pair(
            "slope",
            |g, x, _, w| g.rolling_trend(x, w, Fit::Slope),
            |x, _, i, w| reference::trend_slope(x, i, w),
            Scale(1e-13),
        ),
        pair(
            "residual",
            |g, x, _, w| g.rolling_trend(x, w, Fit::Residual),
            |x, _, i, w| reference::trend_residual(x, i, w),
            Scale(1e-13),
        ),
        pair(
            "line",
            |g, x, _, w| g.rolling_trend(x, w, Fit::Line),
            |x, _, i, w| x[i] - reference::trend_residual(x, i, w),
            Scale(1e-13),
        ),
        pair(
            "rsquare",
            |g, x, _, w| g.rolling_trend(x, w, Fit::Rsquare),
            |x, _, i, w| reference::trend_rsquare(x, i, w),
            Scale(1e-9),
        ),
        pair("fit_slope", |g, x, y, w| g.rolling_fit(x, y, w, Fit::Slope), reference::fit_slope, Scale(1e-9)),
        pair("fit_residual", |g, x, y, w| g.rolling_fit(x, y, w, Fit::Residual), reference::fit_residual, Scale(1e-9)),
        case("mad", |g, x, _, w| g.rolling_mad(x, w), |x, _, i, w| reference::mad(x, i, w), Scale(1e-13)),
        shape("skew", |g, x, _, w| g.rolling_skew(x, w), |x, _, i, w| reference::skew(x, i, w), Scale(1e-9)),
        shape("kurt", |g, x, _, w| g.rolling_kurt(x, w), |x, _, i, w| reference::kurt(x, i, w), Scale(1e-9)),
    ]
}

/// Further operations with carried numbers.
fn carried_cases() -> Vec<Case> {
    let case = |name, build, reference, tolerance| Case { name, build, reference, tolerance, min_window: 1 };
    let pair = |name, build, reference, tolerance| Case { name, build, reference, tolerance, min_window: 2 };
    vec![
        case(
            "seeded",
            |g, x, _, window| g.recurrence(Recurrence::Seeded { alpha: Scalar(0.25), window }, &[x]),
            |x, _, i, w| reference::seeded(x, i, 0.25, w),
            Scale(1e-13),
        ),
        pair(
            "wilder_sum",
            |g, x, _, window| g.recurrence(Recurrence::WilderSum { window }, &[x]),
            |x, _, i, w| reference::wilder_sum(x, i, w),
            Scale(1e-12),
        ),
        case(
            "weighted",
            |g, x, _, _| g.recurrence(Recurrence::Weighted { alpha: Scalar(0.1) }, &[x]),
            |x, _, i, _| reference::weighted(x, i, 0.1),
            Scale(1e-12),
        ),
        case(
            "session_sum",
            |g, x, y, _| {
                let session = g.unary(Unary::Floor, y);
                g.cumulate(Fold::Sum, x, session)
            },
            |x, y, i, _| reference::since(x, &floors(y), i, |a, b| a + b),
            Scale(1e-12),
        ),
        case(
            "session_max",
            |g, x, y, _| {
                let session = g.unary(Unary::Floor, y);
                g.cumulate(Fold::Maximum, x, session)
            },
            |x, y, i, _| reference::since(x, &floors(y), i, |a, b| if b > a { b } else { a }),
            Exact,
        ),
        case(
            "session_first",
            |g, x, y, _| {
                let session = g.unary(Unary::Floor, y);
                g.cumulate(Fold::First, x, session)
            },
            |x, y, i, _| reference::since(x, &floors(y), i, |a, _| a),
            Exact,
        ),
        case("adaptive", |g, x, y, _| g.recurrence(Recurrence::Adaptive, &[x, y, x]), |_, _, _, _| f64::NAN, Exact),
        case(
            "sar",
            |g, x, y, _| {
                let (acceleration, maximum) = (Scalar(0.02), Scalar(0.2));
                g.recurrence(Recurrence::ParabolicSar { acceleration, maximum }, &[x, y])
            },
            |_, _, _, _| f64::NAN,
            Exact,
        ),
        case(
            "super_trend",
            |g, x, y, _| g.recurrence(Recurrence::SuperTrend, &[x, y, y, x]),
            |_, _, _, _| f64::NAN,
            Exact,
        ),
        case("cycle", |g, x, _, _| g.recurrence(Recurrence::DominantCycle, &[x]), |_, _, _, _| f64::NAN, Exact),
    ]
}

/// The session numbers made of a series.
fn floors(y: &[f64]) -> Vec<f64> {
    y.iter().map(|y| y.floor()).collect()
}

/// Those compared with a slow version elsewhere, or only cut here.
const WITHOUT_REFERENCE: [&str; 5] = ["nested", "adaptive", "sar", "super_trend", "cycle"];

/// All of them.
fn all_cases() -> Vec<Case> {
    cases().into_iter().chain(window_cases()).chain(carried_cases()).collect()
}

/// Several operators on top of one another.
fn nested(graph: &mut Graph, x: Term, y: Term, window: u32) -> Term {
    let ratio = graph.binary(Binary::Divide, x, y);
    let late = graph.delay(ratio, 3);
    let deviation = graph.rolling_std(late, window + 1);
    let smooth = graph.ema(deviation, 4);
    let size = graph.unary(Unary::Absolute, smooth);
    graph.rolling_rank(size, 5)
}

/// The largest finite size seen so far: what rounding of a sum is measured by.
fn scale(x: &[f64]) -> f64 {
    x.iter().copied().filter(|v| v.is_finite()).map(f64::abs).fold(0.0, f64::max)
}

/// Asserts that `got` is `want` within the case's tolerance.
fn check_value(case: &Case, [x, y]: [&[f64]; 2], i: usize, window: usize, got: f64) {
    let want = (case.reference)(x, y, i, window);
    let carries = ["ema", "wilder", "cumulative_sum", "seeded", "wilder_sum", "weighted", "session_sum"];
    let carries = carries.contains(&case.name);
    let begin = if carries { 0 } else { (i + 1).saturating_sub(window) };
    let (x_seen, y_seen) = (&x[begin..=i], &y[begin..=i]);
    let allowed = match (case.tolerance, case.name) {
        (Exact, _) => 0.0,
        (Relative(part), _) => part * want.abs(),
        (Scale(part), "corr" | "rsquare") => part,
        (Scale(part), "skew" | "kurt") => part * (window as f64).powi(3) * (1.0 + want.abs()),
        (Scale(part), "fit_slope" | "fit_residual") => {
            part * reference::std(x, i, window) * (1.0 + 1.0 / reference::std(y, i, window)) * window as f64
        }
        (Scale(part), "cov") => part * reference::std(x, i, window) * reference::std(y, i, window),
        (Scale(part), _) => part * scale(x_seen) * x_seen.len() as f64,
    };
    // Where the definition itself overflows in floating point, the result may be missing or finite: the parts of the
    // computation differ.
    let product = if case.name == "product" { window as f64 * scale(x_seen).max(1.0).log10() } else { 0.0 };
    let overflows = scale(x_seen).max(scale(y_seen)) > 1e150 || product > 290.0;
    let agree = (got.is_nan() && !want.is_finite()) || (got - want).abs() <= allowed;
    // A deviation of exactly zero in one version can be a rounding error in the other; both are no correlation.
    let flat_in = |v: &[f64]| reference::std(v, i, window) <= 1e-14 * scale(v);
    let flat = match case.name {
        "corr" | "rsquare" => (want.abs() <= 1.0 + 1e-9 || want.is_nan()) && (flat_in(x) || flat_in(y)),
        "skew" | "kurt" | "fit_slope" | "fit_residual" => flat_in(x) || flat_in(y),
        _ => false,
    };
    assert!(
        agree || flat || (overflows && case.name != "delay"),
        "{} window {window} row {i}: {got} for {want}",
        case.name
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn operators_equal_their_slow_versions((x, y) in two_series(200), window in 1u32..70) {
        for case in all_cases().iter().filter(|case| !WITHOUT_REFERENCE.contains(&case.name)) {
            let window = window.max(case.min_window);
            let out = run(&plan(case.build, window), [&x, &y], &[]);
            prop_assert_eq!(out.len(), x.len());
            for (i, &got) in out.iter().enumerate() {
                check_value(case, [&x, &y], i, window as usize, got);
            }
        }
    }

    #[test]
    fn any_cut_gives_the_same_bits((x, y) in two_series(400), window in 1u32..70, cuts in cuts()) {
        for case in all_cases() {
            let plan = plan(case.build, window.max(case.min_window));
            prop_assert_eq!(bits(&run(&plan, [&x, &y], &[])), bits(&run(&plan, [&x, &y], &cuts)), "{}", case.name);
        }
    }

    #[test]
    fn later_rows_change_nothing_before((x, y) in two_series(200), window in 1u32..30, at in 0usize..200) {
        let at = at.min(x.len());
        let mut other = x.clone();
        other[at..].iter_mut().rev().for_each(|v| *v = if v.is_nan() { 7.0 } else { f64::NAN });
        for case in all_cases() {
            let plan = plan(case.build, window.max(case.min_window));
            let (one, two) = (run(&plan, [&x, &y], &[]), run(&plan, [&other, &y], &[]));
            prop_assert_eq!(bits(&one[..at]), bits(&two[..at]), "{}", case.name);
        }
    }
}

#[test]
fn blocks_are_a_cut_like_any_other() {
    let x: Vec<f64> = (0..5000).map(|i| f64::from(i * 7919 % 1013) - 500.0).collect();
    let y: Vec<f64> = (0..5000).map(|i| f64::from(i * 104_729 % 997)).collect();
    for case in all_cases() {
        let plan = plan(case.build, 300);
        assert_eq!(bits(&run(&plan, [&x, &y], &[])), bits(&run(&plan, [&x, &y], &[1; 5000])), "{}", case.name);
    }
}

#[test]
fn windows_longer_than_a_block() {
    let x: Vec<f64> = (0..9000).map(|i| f64::from(i * 7919 % 1013)).collect();
    for case in all_cases().iter().filter(|case| !WITHOUT_REFERENCE.contains(&case.name)) {
        let out = run(&plan(case.build, 3001), [&x, &x], &[700, 1, 4000]);
        for i in [0, 2999, 3000, 3001, 5555, 8999] {
            check_value(case, [&x, &x], i, 3001, out[i]);
        }
    }
}

#[test]
fn a_missing_value_is_forgotten_when_it_leaves_the_window() {
    let x = [1.0, 2.0, f64::NAN, 4.0, 5.0, f64::INFINITY, 7.0, 8.0, 9.0];
    let out = run(&plan(|g, x, _, w| g.rolling_sum(x, w), 2), [&x, &x], &[]);
    let want = [f64::NAN, 3.0, f64::NAN, f64::NAN, 9.0, f64::NAN, f64::NAN, 15.0, 17.0];
    for (got, want) in out.iter().zip(want) {
        assert!(*got == want || (got.is_nan() && want.is_nan()), "{out:?}");
    }
}

#[test]
fn infinity_never_comes_back_as_a_number() {
    let x = [0.0, 1.0];
    let y = [1.0, 0.0];
    let builds: [Build; 5] = [
        |g, x, y, _| {
            let bad = g.binary(Binary::Divide, y, x);
            let one = g.constant(1.0);
            g.binary(Binary::Divide, one, bad)
        },
        |g, x, _, _| {
            let bad = g.unary(Unary::Logarithm, x);
            g.unary(Unary::Exponential, bad)
        },
        |g, x, _, _| {
            let bad = g.unary(Unary::Logarithm, x);
            g.unary(Unary::Sign, bad)
        },
        |g, x, y, _| {
            let bad = g.unary(Unary::Logarithm, x);
            g.binary(Binary::Less, bad, y)
        },
        |g, x, y, _| {
            let bad = g.unary(Unary::Logarithm, x);
            g.binary(Binary::Maximum, bad, y)
        },
    ];
    for (i, build) in builds.into_iter().enumerate() {
        let out = run(&plan(build, 1), [&x, &y], &[]);
        assert!(out[0].is_nan(), "case {i}: {out:?}");
    }
}

#[test]
fn equal_expressions_are_one_node() {
    let mut graph = Graph::new();
    let x = graph.input(0);
    let mean = graph.rolling_mean(x, 20);
    let nodes = graph.len();
    let late = graph.delay(x, 4);
    let late_mean = graph.rolling_mean(late, 20);
    assert_eq!(graph.len(), nodes, "a mean of delayed values is a delayed mean");
    assert_eq!(late_mean, graph.delay(mean, 4));
    let three = graph.constant(3.0);
    let half = graph.constant(0.5);
    let folded = graph.binary(Binary::Multiply, three, half);
    assert_eq!(graph.as_constant(folded), Some(1.5));
}

#[test]
fn lookback_follows_from_the_graph() {
    let mut graph = Graph::new();
    let x = graph.input(0);
    let delayed = graph.delay(x, 3);
    let mean = graph.rolling_mean(delayed, 20);
    let rank = graph.rolling_rank(mean, 7);
    let ema = graph.ema(rank, 5);
    let plan = Plan::new(&graph, &[x, mean, rank, ema], &[]);
    let rows: Vec<_> = plan.lookbacks().iter().map(|l| (l.rows, l.unbounded)).collect();
    assert_eq!(rows, [(0, false), (22, false), (28, false), (32, true)]);
}
