//! Ranks and orders of lists whose values are hard to tell apart: sizes from the smallest to the largest there are,
//! neighbours in the last bit, ties, both zeros, infinite and missing values.

use proptest::prelude::*;

use crate::order::Order;

/// A value of any size and sign, now and then a special one.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-300i32..300, -1.0..1.0f64).prop_map(|(power, x)| x * 10f64.powi(power)),
        4 => (-1.0..1.0f64).prop_map(|x| x * x * x),
        2 => (0i64..50, 0u64..3).prop_map(|(cents, ulps)| f64::from_bits((cents as f64 / 100.0).to_bits() + ulps)),
        1 => prop::sample::select(vec![0.0, -0.0, 5e-324, -5e-324, f64::MAX, f64::MIN, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ranks_count_and_orders_do_not_fall(
        values in prop::collection::vec(value(), 0..700),
        one_sign: bool,
    ) {
        let values: Vec<f64> = values.iter().map(|x| if one_sign { x.abs() } else { *x }).collect();
        let finite: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        let mut order = Order::default();
        let mut ranks = vec![0.0; values.len()];
        order.rank(&values, &mut ranks);
        for (x, rank) in values.iter().zip(&ranks) {
            let smaller = finite.iter().filter(|other| *other < x).count() as f64;
            let equal = finite.iter().filter(|other| *other == x).count() as f64;
            let want = (smaller + (equal + 1.0) / 2.0) / finite.len() as f64;
            prop_assert!(if x.is_finite() { *rank == want } else { rank.is_nan() }, "{x}: {rank} for {want}");
        }
        let sorted: Vec<f64> = order.sort(&values).iter().map(|&at| values[at as usize]).collect();
        prop_assert_eq!(sorted.len(), finite.len());
        prop_assert!(sorted.windows(2).all(|pair| pair[0] <= pair[1]));
    }
}
