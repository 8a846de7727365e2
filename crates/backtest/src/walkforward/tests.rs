//! Windows, splits and selections, by hand and against another library.

use super::{Combinatorial, Selection, Span, Tried, Walk, mean_curve, stitch, walk_trial};

const WALK: Walk = Walk { train: 10, test: 4, step: 4, is_anchored: false, label: 1, embargo: 2 };

#[test]
fn windows_walk_and_the_last_test_is_cut() {
    let spans = |walk: Walk| -> Vec<[i64; 4]> {
        let windows = walk.windows(Span { start: 100, end: 123 }).expect("windows");
        windows.iter().map(|w| [w.train.start, w.train.end, w.test.start, w.test.end]).collect()
    };
    assert_eq!(spans(WALK), [[100, 110, 113, 117], [104, 114, 117, 121], [108, 118, 121, 123]]);
    let anchored = spans(Walk { is_anchored: true, ..WALK });
    assert_eq!(anchored, [[100, 110, 113, 117], [100, 114, 117, 121], [100, 118, 121, 123]]);
}

#[test]
fn windows_that_cannot_be_are_refused() {
    let error = |walk: Walk, end| walk.windows(Span { start: 0, end }).expect_err("refused").to_string();
    assert!(error(Walk { step: 3, ..WALK }, 100).contains("overlap"));
    assert!(error(WALK, 13).contains("too short"));
    assert!(error(Walk { train: 0, ..WALK }, 100).contains("above 0"));
}

#[test]
fn splits_are_those_of_another_library() {
    // skfolio: CombinatorialPurgedCV(n_folds, n_test_folds, purged_size, embargo_size), see docs/validation/search.md.
    for line in include_str!("splits.txt").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(';').collect();
        let numbers = |text: &str| -> Vec<usize> {
            text.split_whitespace().map(|number| number.parse().expect("a number")).collect()
        };
        let [n_samples, n_groups, n_test_groups, n_purged, n_embargoed, n_paths] = numbers(fields[0])[..] else {
            panic!("{line}")
        };
        let cut = Combinatorial { n_groups, n_test_groups, n_purged, n_embargoed };
        let found = cut.splits(n_samples).expect("splits");
        assert_eq!(found.n_paths, n_paths, "{line}");
        assert_eq!(found.splits.len(), fields.len() - 1, "{line}");
        for (split, expected) in found.splits.iter().zip(&fields[1..]) {
            let parts: Vec<Vec<usize>> = expected.split('|').map(numbers).collect();
            assert_eq!(split.train, parts[0], "train of {line}");
            let test: Vec<Vec<usize>> =
                split.test_groups.iter().map(|&group| found.groups[group].clone().collect()).collect();
            assert_eq!(test, parts[1..1 + n_test_groups], "tests of {line}");
            assert_eq!(split.paths, parts[1 + n_test_groups], "paths of {line}");
        }
    }
}

#[test]
fn no_sample_of_training_has_a_label_in_its_test() {
    let cut = Combinatorial { n_groups: 6, n_test_groups: 2, n_purged: 3, n_embargoed: 5 };
    let found = cut.splits(103).expect("splits");
    assert_eq!((found.splits.len(), found.n_paths), (15, 5));
    for split in &found.splits {
        for &group in &split.test_groups {
            let test = &found.groups[group];
            for &sample in &split.train {
                assert!(sample + 3 < test.start || sample >= test.end + 3 + 5, "{sample} beside {test:?}");
            }
        }
    }
    let mut of_path = vec![vec![false; 6]; 5];
    for split in &found.splits {
        for (&group, &path) in split.test_groups.iter().zip(&split.paths) {
            assert!(!std::mem::replace(&mut of_path[path][group], true), "each path has each group once");
        }
    }
    assert!(of_path.iter().flatten().all(|is_there| *is_there));
}

#[test]
fn splits_that_cannot_be_are_refused() {
    let error = |n_groups, n_test_groups, n_purged, n| {
        let cut = Combinatorial { n_groups, n_test_groups, n_purged, n_embargoed: 0 };
        cut.splits(n).expect_err("refused").to_string()
    };
    assert!(error(5, 5, 0, 100).contains("fewer than all"));
    assert!(error(5, 0, 0, 100).contains("at least 1"));
    assert!(error(5, 2, 0, 4).contains("4 samples"));
    assert!(error(40, 20, 0, 100).contains("fewer groups"));
    assert!(error(4, 2, 50, 100).contains("nothing to train on"));
}

#[test]
fn a_plateau_is_chosen_over_a_spike() {
    let values = [Some(5.0), Some(0.0), Some(3.0), Some(3.5), Some(3.2), Some(3.1), Some(3.0), None];
    let parameters: Vec<Vec<String>> =
        ["0", "1", "5", "6", "7", "8", "9", "10"].iter().map(|text| vec![(*text).to_owned()]).collect();
    assert_eq!(Selection::Best.choose(&values, &parameters), [0]);
    // Beside 3.5 lie 3 and 3.2, 3.1 in the middle; beside 3.2 lie 3.5 and 3.1, so that it stands at 3.2.
    assert_eq!(Selection::Plateau.choose(&values, &parameters), [4]);
    assert_eq!(Selection::Top(3).choose(&values, &parameters), [0, 3, 4]);
    assert!(Selection::Best.choose(&[None], &parameters[..1]).is_empty());
    let words: Vec<Vec<String>> = (0..3).map(|nth| vec![format!("word {nth}")]).collect();
    assert_eq!(Selection::Plateau.choose(&[Some(1.0), Some(2.0), None], &words), [1], "words have no neighbours");
    assert_eq!(Selection::named("top:3"), Some(Selection::Top(3)));
    assert_eq!((Selection::named("top:0"), Selection::named("worst")), (None, None));
}

#[test]
fn a_walk_is_as_many_trials_as_it_has_sets() {
    let mut tried = Tried::new(3);
    // Set 0: 1 and 3, mean 2; set 1: 1; set 2 has no ratio.
    for (set, ratio) in [(0, Some(1.0)), (1, Some(1.0)), (0, Some(3.0)), (1, None), (2, Some(f64::NAN))] {
        tried.add(set, ratio);
    }
    let curve = stitch(100.0, &[(1.0, &[1, 2, 3], &[1.1, 1.21, 1.21])]).trial(100.0, 365.0);
    // Returns of 0.1, 0.1 and 0.
    assert!((curve.sharpe.expect("they vary") - 2.0 / 3.0f64.sqrt() * 365f64.sqrt()).abs() < 1e-9, "{curve:?}");
    let trial = walk_trial(&tried, &[0, 1, 2], &curve);
    assert_eq!((trial.n_sets, trial.n_effective, trial.n_periods), (3, 3.0, 3));
    assert_eq!(trial.curve.map(|of| (of.sharpe, of.shape)), Some((curve.sharpe, curve.shape)));
    assert_eq!((trial.sharpe, trial.sharpe_best), (Some(1.5), Some(2.0)));
    assert!((trial.sharpe_deviation.expect("two ratios") - 0.5f64.sqrt()).abs() < 1e-15);
}

#[test]
fn runs_in_a_row_go_on_with_what_the_one_before_left() {
    let runs: [(f64, &[i64], &[f64]); 2] = [(100.0, &[1, 2], &[110.0, 120.0]), (50.0, &[3, 4], &[25.0, 100.0])];
    let found = stitch(1000.0, &runs);
    assert_eq!(found.labels, [1, 2, 3, 4]);
    assert_eq!(found.equity, [1100.0, 1200.0, 600.0, 2400.0]);
    assert_eq!(found.starts, [0, 2]);
    let ruined: [(f64, &[i64], &[f64]); 2] = [(100.0, &[1], &[-10.0]), (50.0, &[2, 3], &[100.0, 25.0])];
    let found = stitch(1000.0, &ruined);
    assert_eq!((&found.equity[..], found.starts.len()), (&[-100.0, -100.0, -100.0][..], 2), "a debt does not grow");
    assert_eq!(found.trial(1000.0, 365.0).sharpe, None);
    assert_eq!(mean_curve(&[(100.0, &[125.0, 150.0]), (8.0, &[6.0, 8.0])]), [1.0, 1.25]);
}
