//! VWAP bands, for which no file of another library has the same definition, worked out anew in each row: the mean and
//! the deviation of the typical prices, each counted with its volume.

use super::*;

/// Mean and deviation of prices weighted by volumes.
fn weighted(rows: &[(f64, f64)]) -> (f64, f64) {
    let total: f64 = rows.iter().map(|(_, volume)| volume).sum();
    let mean = rows.iter().map(|(price, volume)| price * volume).sum::<f64>() / total;
    let square = rows.iter().map(|(price, volume)| (price - mean).powi(2) * volume).sum::<f64>() / total;
    (mean, square.sqrt())
}

/// Typical price and volume of generated bars, with the bars; every price far from 0.
fn market(n: usize) -> (Vec<Vec<f64>>, Vec<(f64, f64)>) {
    let mut columns = bars(23, n);
    // Halted and missing bars have tests of their own.
    for (at, column) in columns.iter_mut().enumerate() {
        let mut last = if at == 4 { 10.0 } else { 100.0 };
        for value in column.iter_mut() {
            let here = value.is_finite() && *value > 0.0;
            *value = if here || at == 17 { *value } else { last };
            last = *value;
        }
    }
    let typical = |row: usize| (columns[1][row] + columns[2][row] + columns[3][row]) / 3.0;
    let pairs = (0..n).map(|row| (typical(row), columns[4][row])).collect();
    (columns, pairs)
}

/// Asserts the three lines of a family's bands; `begin` is the first of the rows that a row's bands stand on.
fn check(family: &str, names: [&str; 3], begin: impl Fn(&[f64], usize) -> Option<usize>) {
    let mut factors = crate::library::family(family).unwrap().factors(None).unwrap();
    factors.retain(|factor| names.contains(&factor.name.as_str()));
    let program = compile(&factors);
    let (columns, pairs) = market(400);
    let outputs = run(&program, &columns, &[]);
    for row in 0..400 {
        let want = begin(&columns[17], row).map(|begin| weighted(&pairs[begin..=row]));
        for (name, ours) in program.outputs().iter().zip(&outputs) {
            let side = names.iter().position(|of| of == name).unwrap() as f64;
            let want = want.map_or(f64::NAN, |(mean, deviation)| mean + 2.0 * (side - 1.0) * deviation);
            let got = ours[row];
            // The deviation is a root: of a difference of rounded numbers where it is near 0.
            assert!((got - want).abs() < 1e-5 || (got.is_nan() && want.is_nan()), "{name} row {row}: {got} for {want}");
        }
    }
}

#[test]
fn bands_of_a_window_and_of_a_day() {
    check("indicators", ["vwap_20_lower", "vwap_20", "vwap_20_upper"], |_, row| (row + 1).checked_sub(20));
    let day = |time: f64| (time / 86_400e6).floor();
    check("sessions", ["session_vwap_lower", "session_vwap", "session_vwap_upper"], |times, row| {
        Some(times[..row].iter().rposition(|time| day(*time) != day(times[row])).map_or(0, |last| last + 1))
    });
}
