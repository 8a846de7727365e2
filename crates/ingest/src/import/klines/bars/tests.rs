//! Merging bars by hand.

use super::*;

/// Bars at these hours; the close says whose they are.
fn bars(hours: &[i64], close: f64, premium: bool) -> Bars {
    let mut bars = Bars::default();
    for hour in hours {
        bars.timestamp.push(hour * 3600);
        bars.available_at.push(hour * 3600 + 3600);
        for column in bars.columns_mut() {
            column.push(close);
        }
    }
    if premium {
        bars.extra.push(("premium_open".to_owned(), vec![0.5; hours.len()]));
    }
    bars
}

#[test]
fn bars_interleave_and_keep_extra_columns() {
    let out = merge(&bars(&[1, 3], 1.0, false), &bars(&[2, 4], 2.0, true)).unwrap();
    assert_eq!(out.timestamp, [3600, 7200, 10_800, 14_400]);
    assert_eq!(out.close, [1.0, 2.0, 1.0, 2.0]);
    let premium = out.column("premium_open").unwrap();
    assert!(premium[0].is_nan() && premium[2].is_nan());
    assert_eq!((premium[1], premium[3]), (0.5, 0.5));
}

#[test]
fn missing_equals_missing_and_nothing_else() {
    let (mut a, b) = (bars(&[1], 1.0, false), bars(&[1], 1.0, false));
    assert_eq!(merge(&a, &b).unwrap(), b);
    a.reversals[0] = f64::NAN;
    let conflict = merge(&a, &b).unwrap_err();
    assert_eq!(difference(&a, &b, &conflict), ("reversals NaN".to_owned(), "reversals 1".to_owned()));
    assert!(merge(&a, &a).unwrap().reversals[0].is_nan());
    assert!(merge(&bars(&[1], 1.0, true), &b).is_err(), "a premium that one side lacks is a difference");
}
