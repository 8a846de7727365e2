//! Searchers on functions whose minimum is known; dominance, rungs and objectives by hand.

use crosscut_kernels::bootstrap::Random;
use crosscut_model::time::DAY;
use serde_json::json;

use super::gaussian::{Process, Seen, Shape, expected_improvement};
use super::{Dimension, EarlyStop, Objective, Rung, SearchMethod, Searcher, Trial, crowding, fronts, generator, rungs};

const REAL: Dimension = Dimension { n_values: None, is_ordered: true };

/// Runs a search of so many trials, `batch` at a time.
fn search(searcher: &dyn Searcher, n: usize, batch: usize, seed: u64, f: &dyn Fn(&[f64]) -> Vec<f64>) -> Vec<Trial> {
    let mut trials: Vec<Trial> = Vec::new();
    while trials.len() < n {
        let points = searcher.propose(&trials, batch, &mut generator(seed, trials.len()));
        assert_eq!(points.len(), batch);
        for point in points {
            assert!(point.iter().all(|place| (0.0..1.0).contains(place)), "{point:?}");
            let losses = Some(f(&point));
            trials.push(Trial { point, losses });
        }
    }
    trials
}

fn best(trials: &[Trial]) -> f64 {
    trials.iter().filter_map(|trial| trial.losses.as_ref().map(|losses| losses[0])).fold(f64::INFINITY, f64::min)
}

/// Branin's function on the unit square, lowest 0.397887 at three places.
fn branin(point: &[f64]) -> Vec<f64> {
    let (x, y) = (15.0 * point[0] - 5.0, 15.0 * point[1]);
    let pi = std::f64::consts::PI;
    let a = y - 5.1 / (4.0 * pi * pi) * x * x + 5.0 / pi * x - 6.0;
    vec![a * a + 10.0 * (1.0 - 1.0 / (8.0 * pi)) * libm::cos(x) + 10.0]
}

/// Three numbers and a name, lowest 0 at 0.3, 0.6, 0.9 and the name 2 of 5.
fn mixed(point: &[f64]) -> Vec<f64> {
    let name = (point[3] * 5.0) as usize;
    let sum: f64 = [0.3, 0.6, 0.9].iter().zip(point).map(|(at, place)| (place - at) * (place - at)).sum();
    vec![sum + if name == 2 { 0.0 } else { 0.5 }]
}

/// The median of the best losses of three searches of so many trials.
fn median(method: SearchMethod, n: usize, dimensions: &[Dimension], f: &dyn Fn(&[f64]) -> Vec<f64>) -> f64 {
    let searcher = method.searcher(dimensions, 10);
    let mut found: Vec<f64> = (0..3).map(|seed| best(&search(&*searcher, n, 8, seed, f))).collect();
    found.sort_by(f64::total_cmp);
    found[1]
}

#[test]
fn searchers_find_what_random_points_do_not() {
    let with_name = [REAL, REAL, REAL, Dimension { n_values: Some(5), is_ordered: false }];
    for (method, n, near) in [
        (SearchMethod::GaussianProcess, 64, 0.001),
        (SearchMethod::Tpe, 64, 0.03),
        (SearchMethod::Evolution, 240, 0.01),
    ] {
        let by_chance = median(SearchMethod::Random, n, &with_name, &mixed);
        let found = median(method, n, &with_name, &mixed);
        assert!(found < near && found < 0.7 * by_chance, "{method:?}: {found} against {by_chance}");
    }
}

#[test]
fn a_process_finds_one_of_three_minima() {
    let found = median(SearchMethod::GaussianProcess, 64, &[REAL, REAL], &branin);
    assert!(found - 0.397_887 < 0.01, "{found}");
}

#[test]
fn a_search_that_was_cut_goes_on_as_if_it_had_not_been() {
    let dimensions =
        [REAL, Dimension { n_values: Some(7), is_ordered: true }, Dimension { n_values: Some(3), is_ordered: false }];
    let f = |point: &[f64]| vec![point[0] + point[1], point[2] - point[0]];
    for method in [SearchMethod::Tpe, SearchMethod::GaussianProcess, SearchMethod::Evolution, SearchMethod::Random] {
        let searcher = method.searcher(&dimensions, 6);
        let whole = search(&*searcher, 24, 4, 11, &f);
        let next = searcher.propose(&whole[..12], 4, &mut generator(11, 12));
        let expected: Vec<Vec<f64>> = whole[12..16].iter().map(|trial| trial.point.clone()).collect();
        assert_eq!(next, expected, "{method:?}");
        assert_ne!(search(&*searcher, 24, 4, 12, &f), whole, "{method:?}: another seed");
    }
}

#[test]
fn searches_live_with_trials_that_all_fail_or_are_all_alike() {
    let dimensions = [REAL, Dimension { n_values: Some(1), is_ordered: false }];
    for method in [SearchMethod::Tpe, SearchMethod::GaussianProcess, SearchMethod::Evolution] {
        let searcher = method.searcher(&dimensions, 2);
        for losses in [None, Some(vec![1.0])] {
            let trials = vec![Trial { point: vec![0.5, 0.5], losses }; 12];
            let points = searcher.propose(&trials, 3, &mut Random::new(1));
            assert!(points.len() == 3 && points.iter().all(|point| point.len() == 2), "{method:?}");
        }
    }
}

#[test]
fn an_evolution_spreads_along_the_front() {
    // Losses x and 1 - sqrt(x) (ZDT1 with one other parameter): the front is where the second place is 0.
    let f = |point: &[f64]| {
        let g = 1.0 + 9.0 * point[1];
        vec![point[0], g * (1.0 - (point[0] / g).sqrt())]
    };
    let trials = search(&*SearchMethod::Evolution.searcher(&[REAL, REAL], 20), 600, 20, 3, &f);
    let losses: Vec<&[f64]> = trials.iter().filter_map(|trial| trial.losses.as_deref()).collect();
    let front_of = fronts(&losses);
    let front: Vec<&[f64]> =
        losses.iter().zip(&front_of).filter(|(_, front)| **front == 0).map(|(loss, _)| *loss).collect();
    assert!(front.len() >= 20, "{}", front.len());
    let off = front.iter().map(|loss| loss[1] - (1.0 - loss[0].sqrt())).fold(0.0, f64::max);
    assert!(off < 0.3, "{off}");
    assert!(front.iter().any(|loss| loss[0] < 0.1) && front.iter().any(|loss| loss[0] > 0.8));
}

#[test]
fn fronts_and_crowding_by_hand() {
    let losses: [&[f64]; 6] = [&[1.0, 4.0], &[2.0, 2.0], &[4.0, 1.0], &[3.0, 3.0], &[4.0, 4.0], &[2.0, 2.0]];
    assert_eq!(fronts(&losses), [0, 0, 0, 1, 2, 0]);
    // Front 0 by the first loss: 1, 2, 2, 4 (extent 3); by the second: 1, 2, 2, 4.
    let distances = crowding(&losses, &[0, 0, 0, 1, 2, 0]);
    assert!(distances[0].is_infinite() && distances[2].is_infinite() && distances[3].is_infinite());
    // The two equal trials: each has its twin on one side, and an end of the front on the other.
    assert!(
        (distances[1] - (1.0 / 3.0 + 2.0 / 3.0)).abs() < 1e-15 || (distances[1] - 2.0 / 3.0).abs() < 1e-15,
        "{distances:?}"
    );
}

#[test]
fn a_process_predicts_what_other_programs_predict() {
    // scikit-learn 1.9.1, GaussianProcessRegressor(1 * Matern([0.3, 0.7], nu=2.5), alpha=1e-4, optimizer=None); its standard
    // deviation is scaled by the variance that fits best, sqrt(y' K^-1 y / n), see docs/validation/search.md.
    let seen = Seen {
        points: vec![vec![0.1, 0.2], vec![0.4, 0.9], vec![0.8, 0.3], vec![0.55, 0.5]],
        losses: vec![-1.2, 0.3, 1.1, -0.2],
    };
    let shape = Shape { lengths: vec![0.3, 0.7], noise: 1e-4 };
    let process = Process::new(&[REAL, REAL], &shape, &seen).expect("a covariance with a root");
    for (point, mean, deviation) in REFERENCE {
        let found = process.predict(&point);
        assert!((found.0 - mean).abs() < 1e-9 && (found.1 - deviation).abs() < 1e-9, "{point:?}: {found:?}");
    }
}

/// Points, means and deviations.
const REFERENCE: [([f64; 2], f64, f64); 3] = [
    ([0.5, 0.5], -0.325_938_646_551_840_4, 0.177_645_969_787_094_88),
    ([0.0, 0.0], -1.080_874_552_582_94, 0.544_896_985_790_450_4),
    ([0.9, 0.9], 0.716_946_235_965_056_1, 0.899_886_580_305_527_4),
];

#[test]
fn expected_improvement_by_hand() {
    // z = 0: deviation / sqrt(2 pi).
    assert!((expected_improvement(1.0, 1.0, 2.0) - 2.0 * 0.398_942_280_401_432_7).abs() < 1e-12);
    assert_eq!(expected_improvement(1.0, 0.25, 0.0), 0.75);
    assert_eq!(expected_improvement(1.0, 3.0, 0.0), 0.0);
}

#[test]
fn rungs_halve_sets_and_double_history() {
    let found = rungs(16, 3, 0.5, (0, 8 * DAY));
    let rung = |n_sets, days| Rung { n_sets, end: days * DAY };
    assert_eq!(found, [rung(16, 2), rung(8, 4), rung(4, 8)]);
    assert_eq!(rungs(1, 2, 0.1, (DAY, 2 * DAY)).iter().map(|rung| rung.n_sets).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn objectives_are_read_and_their_mistakes_told() {
    let metric = |name: &str| match name {
        "sharpe" => Some(2.0),
        "turnover" => Some(0.5),
        "max_drawdown" => Some(-0.25),
        _ => None,
    };
    let losses = |value| Objective::read(&value).expect("a good objective").losses(&metric);
    assert_eq!(losses(json!("sharpe")), Some(vec![-2.0]));
    assert_eq!(losses(json!("turnover")), Some(vec![0.5]), "less turnover is better");
    assert_eq!(losses(json!("maximize turnover")), Some(vec![-0.5]));
    assert_eq!(losses(json!({"sharpe": 1, "turnover": -2})), Some(vec![-1.0]));
    assert_eq!(losses(json!(["sharpe", "max_drawdown"])), Some(vec![-2.0, 0.25]));
    assert_eq!(losses(json!("minimise max_drawdown")), Some(vec![0.25]), "the nearer to 0 the better");
    assert_eq!(losses(json!({"sharpe": 1, "max_drawdown": 2})), Some(vec![-1.5]));
    let goal = |text: &str| Objective::read(&json!(text)).unwrap().goals.remove(0);
    assert_eq!(goal("max_drawdown").text(), "minimise max_drawdown");
    // A drawdown of a tenth is reached at a loss of a tenth, however it is written; others by their direction.
    assert_eq!([0.1, -0.1].map(|value| goal("max_drawdown").target_loss(value)), [0.1, 0.1]);
    assert_eq!((goal("sharpe").target_loss(3.0), goal("turnover").target_loss(0.2)), (-3.0, 0.2));
    assert_eq!(losses(json!("calmar")), None, "undefined");
    let error = |value| Objective::read(&value).expect_err("a bad objective").to_string();
    assert!(error(json!("sharp")).contains("did you mean `sharpe`?"));
    assert!(error(json!({"sharpe": 0})).contains("other than 0"));
    assert!(error(json!({"sharpe": 1, "max_drawdown": -1})).contains("above 0 for `max_drawdown`, found -1"));
    assert!(error(json!("maximise max_drawdown")).contains("a small drawdown"));
    assert!(error(json!([])).contains("empty"));
    assert!(error(json!(3)).contains("found 3"));
}

#[test]
fn searches_end_early_when_nothing_better_comes() {
    let stop = EarlyStop { patience: 3, min_gain: 0.1, target: Some(-5.0) };
    let reason = |losses: &[f64]| {
        let losses: Vec<Option<Vec<f64>>> =
            losses.iter().map(|loss| Some(vec![*loss]).filter(|_| !loss.is_nan())).collect();
        stop.reason(&losses, 2)
    };
    assert_eq!(reason(&[1.0, 0.95, 0.94]), None);
    assert_eq!(reason(&[1.0, 0.95, f64::NAN, 0.93]).as_deref(), Some("3 sets in a row brought nothing better"));
    assert_eq!(reason(&[1.0, 0.95, 0.5, 0.93]), None);
    assert_eq!(reason(&[0.0, -5.0]).as_deref(), Some("set 3 reached the target"));
    assert_eq!(EarlyStop::default().reason(&vec![Some(vec![0.0]); 100], 0), None);
}
