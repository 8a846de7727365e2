//! Digests of rows: what is found to be equal, and that nothing else is.

use super::*;

/// Digests of a column of whole numbers and one of floats.
fn digests(values: &[f64]) -> RowDigests {
    let times: Vec<i64> = (0..values.len() as i64).collect();
    RowDigests::of(&[("t", Bits::I64(&times)), ("a", Bits::F64(values))])
}

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| if i % 7 == 3 { f64::NAN } else { i as f64 / 3.0 }).collect()
}

#[test]
fn text_and_bytes_round_trip() {
    for n in [0, 1, 255, 256, 257, 1_000] {
        let written = digests(&numbers(n));
        assert_eq!(RowDigests::from_text(&written.to_text()).as_ref(), Some(&written));
        assert_eq!(RowDigests::from_bytes(&written.to_bytes()), Some(written));
    }
    assert_eq!(RowDigests::from_text("xy"), None);
    assert_eq!(RowDigests::from_text("0"), None);
    assert_eq!(RowDigests::from_bytes(&[1, 0, 0, 0, 0, 0, 0, 0]), None);
    assert_eq!(RowDigests::from_bytes(&[]), None);
}

#[test]
fn equal_rows_at_the_front() {
    let old = digests(&numbers(1_000));
    assert_eq!(old.common_prefix(&old.clone()), 1_000);
    assert_eq!(old.common_prefix(&digests(&numbers(1_024))), 768);
    assert_eq!(old.common_prefix(&digests(&numbers(500))), 256);
    let mut corrected = numbers(1_100);
    corrected[300] += 1.0;
    assert_eq!(old.common_prefix(&digests(&corrected)), 256);
    corrected[0] = -0.0;
    assert_eq!(old.common_prefix(&digests(&corrected)), 0);
}

#[test]
fn the_order_of_columns_does_not_matter_and_their_names_do() {
    let (a, b) = (numbers(300), numbers(299).into_iter().chain([1.0]).collect::<Vec<_>>());
    let of = |first: &str, x: &[f64], second: &str, y: &[f64]| {
        RowDigests::of(&[(first, Bits::F64(x)), (second, Bits::F64(y))])
    };
    assert_eq!(of("x", &a, "y", &b), of("y", &b, "x", &a));
    assert_ne!(of("x", &a, "y", &b), of("y", &a, "x", &b));
    assert_ne!(of("x", &a, "y", &b), RowDigests::of(&[("x", Bits::F64(&a))]));
}
