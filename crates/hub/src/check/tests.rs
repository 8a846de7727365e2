//! The fast rules against the obvious ones.

use proptest::prelude::*;

use super::*;

#[test]
fn extremes() {
    for (values, good) in [
        (vec![i64::MAX, i64::MIN], false),
        (vec![i64::MIN, i64::MAX], true),
        (vec![1, i64::MIN], false),
        (vec![i64::MAX - 1, i64::MAX], true),
        (vec![i64::MAX, i64::MAX], false),
        (vec![], true),
        (vec![5], true),
    ] {
        assert_eq!(increasing("t", &values).is_ok(), good, "{values:?}");
    }
}

#[test]
fn special_numbers() {
    for (value, good) in [(0.0, false), (-0.0, false), (5e-324, true), (f64::MAX, true), (f64::INFINITY, false)] {
        assert_eq!(positive("p", &[1.0, value]).is_ok(), good, "{value}");
    }
    for value in [f64::NAN, -f64::NAN, f64::NEG_INFINITY, -1.0, f64::MIN, -5e-324] {
        assert!(positive("p", &[value]).is_err(), "{value}");
    }
}

#[test]
fn rows_are_named() {
    assert_eq!(increasing("t", &[1, 2, 2]).err().map(|broken| broken.row), Some(2));
    assert_eq!(not_decreasing("t", &[1, 2, 2, 1]).err().map(|broken| broken.row), Some(3));
    assert_eq!(positive("p", &[1.0, f64::NAN]).err().map(|broken| broken.row), Some(1));
    assert_eq!(amount("v", &[0.0, f64::NAN, f64::INFINITY]).err().map(|broken| broken.row), Some(2));
}

proptest! {
    #[test]
    fn fast_agrees_with_obvious(
        values in prop::collection::vec(prop_oneof![-3_i64..3, any::<i64>(), Just(i64::MAX), Just(i64::MIN)], 0..12),
        sort in any::<bool>(),
    ) {
        let mut values = values;
        if sort {
            values.sort_unstable();
        }
        let obvious = |good: fn(i64, i64) -> bool| (1..values.len()).find(|&row| !good(values[row - 1], values[row]));
        prop_assert_eq!(increasing("t", &values).err().map(|b| b.row), obvious(|a, b| a < b));
        prop_assert_eq!(not_decreasing("t", &values).err().map(|b| b.row), obvious(|a, b| a <= b));
    }

    #[test]
    fn positive_agrees_with_obvious(values in prop::collection::vec(prop_oneof![0.1..9.0, any::<f64>()], 0..12)) {
        let obvious = values.iter().position(|v: &f64| !(v.is_finite() && *v > 0.0));
        prop_assert_eq!(positive("p", &values).err().map(|b| b.row), obvious);
    }
}
