//! Parameter sets, sampled curves, and the parts of a sweep in files of their own.

mod cross;
mod journal;
mod lean;
mod sharing;
mod space;

use crosscut_model::time::{DAY, HOUR};

use super::outcome::{Sampler, sampling_for};
use super::{DAYS, ParameterSet, Sampled, Sampling};

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn values_of_a_set_take_the_place_of_those_before() {
    let set = ParameterSet::new([pair("k", "5"), pair("costs", "1")]).with([pair("k", "6"), pair("seed", "2")]);
    assert_eq!(set.to_string(), "k=6 costs=1 seed=2");
    assert_eq!((set.get("k"), set.get("x")), (Some("6"), None));
}

#[test]
fn days_keep_their_last_row() {
    let labels = [DAY + HOUR, DAY + 2 * HOUR, 3 * DAY, 3 * DAY + HOUR];
    let sampled = Sampler::new(&labels, DAYS).sample(&[90.0, 110.0, 55.0, 66.0]);
    assert_eq!(sampled, Sampled { labels: [DAY, 3 * DAY].into(), equity: vec![110.0, 66.0] });
    let returns = sampled.returns(100.0);
    assert!((returns[0] - 0.1).abs() < 1e-15 && (returns[1] + 0.4).abs() < 1e-15, "{returns:?}");
    assert_eq!(Sampler::new(&labels, Sampling::Rows).sample(&[1.0; 4]).labels[..], labels);
    assert!(Sampler::new(&labels, Sampling::None).sample(&[1.0; 4]).equity.is_empty());
}

#[test]
fn what_is_lost_after_ruin_is_no_gain() {
    // 100 of 200 lost, then 150 more, then 50 and 30 more of what is owed while positions are closed.
    let sampled = Sampled { labels: (0..4).collect(), equity: vec![100.0, -50.0, -100.0, -130.0] };
    let returns = sampled.returns(200.0);
    assert_eq!(returns[..2], [-0.5, -1.5]);
    assert!(returns[2..].iter().all(|r| r.is_nan()), "{returns:?}");
    assert_eq!(sampled.returns_resting(200.0), [-0.5, -1.5, 0.0, 0.0]);
    assert!(Sampled { labels: (0..2).collect(), equity: vec![0.0, 0.0] }.returns(1.0)[1].is_nan());
}

#[test]
fn samples_keep_to_memory() {
    let span = |days: i64| (0, days * DAY);
    assert_eq!(sampling_for(span(20), 480, 1000), Sampling::Rows);
    assert_eq!(sampling_for(span(730), 17_520, 1000), Sampling::Every(8 * HOUR));
    // Ten thousand sets of 139 days of minutes: at most ten million numbers.
    assert_eq!(sampling_for(span(139), 200_000, 10_000), Sampling::Every(4 * HOUR));
    assert_eq!(sampling_for(span(5000), 5000, 10_000), Sampling::Every(8 * DAY));
}
