//! Parameter sets and sampled curves.

use super::{ParameterSet, Sampled, Sampling};
use crosscut_model::time::{DAY, HOUR};

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
    let sampled = Sampled::of(&labels, &[90.0, 110.0, 55.0, 66.0], Sampling::Days);
    assert_eq!(sampled, Sampled { labels: vec![DAY, 3 * DAY], equity: vec![110.0, 66.0] });
    let returns = sampled.returns(100.0);
    assert!((returns[0] - 0.1).abs() < 1e-15 && (returns[1] + 0.4).abs() < 1e-15, "{returns:?}");
    assert_eq!(Sampled::of(&labels, &[1.0; 4], Sampling::Rows).labels, labels);
    assert!(Sampled::of(&labels, &[1.0; 4], Sampling::None).equity.is_empty());
}
