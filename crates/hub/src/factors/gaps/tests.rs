//! Gaps of pieces put together are the gaps of the whole.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn pieces_make_the_whole(missing in prop::collection::vec(any::<bool>(), 0..60), cuts in prop::collection::vec(0..60_usize, 0..5)) {
        let values: Vec<f64> = missing.iter().map(|gone| if *gone { f64::NAN } else { 1.0 }).collect();
        let mut ends: Vec<usize> = cuts.into_iter().map(|cut| cut.min(values.len())).chain([0, values.len()]).collect();
        ends.sort_unstable();
        let pieces = ends.windows(2).map(|ends| Gaps::of(&values[ends[0]..ends[1]]).unwrap());
        let sum = pieces.fold(Gaps::default(), Gaps::then);
        prop_assert_eq!(sum, Gaps::of(&values).unwrap());
        // The slow and obvious count of the longest run.
        let longest = missing.split(|gone| !gone).map(<[bool]>::len).max().unwrap_or(0);
        prop_assert_eq!(sum.longest, longest as u64);
    }
}

#[test]
fn infinite_values_are_named() {
    assert_eq!(Gaps::of(&[1.0, f64::NAN, f64::NEG_INFINITY]), Err(2));
}
