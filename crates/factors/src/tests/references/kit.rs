//! The benchmark kit's 20 alphas, value by value. Alphas 13 and 16 rank covariances of ranks, many of which are equal:
//! there, and only there, which of them comes out a rounding apart is an implementation's own. Exact arithmetic tells
//! which cells these are.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::*;

/// Inputs of the alphas.
const COLUMNS: [&str; 6] = ["open", "high", "low", "close", "volume", "vwap"];
/// The kit's alphas.
const NUMBERS: [u32; 20] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 19, 20, 39, 57];

/// A fraction in lowest terms with a positive denominator.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fraction {
    top: i128,
    bottom: i128,
}

impl Fraction {
    fn new(top: i128, bottom: i128) -> Self {
        let (mut a, mut b) = (top.abs(), bottom);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self { top: top / a.max(1), bottom: bottom / a.max(1) }
    }

    fn plus(self, other: Self) -> Self {
        Self::new(self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom)
    }

    fn times(self, other: Self) -> Self {
        Self::new(self.top * other.top, self.bottom * other.bottom)
    }

    fn compare(self, other: Self) -> Ordering {
        (self.top * other.bottom).cmp(&(other.top * self.bottom))
    }
}

/// The panel, its dates and the rows of each symbol in the file.
struct Panel {
    symbols: Vec<Rows>,
    names: Vec<String>,
}

/// The kit's equities.
fn panel() -> Option<Panel> {
    let mut names = vec!["symbol", "date"];
    names.extend(COLUMNS);
    let table = parquet_file::read(&shared("bench/golden/in_equity40.parquet")?, &names).unwrap();
    let dates = numbers(&table, "date");
    let columns = COLUMNS.map(|name| numbers(&table, name));
    let (mut symbols, mut names) = (Vec::new(), Vec::new());
    for (name, mut rows) in rows_by_symbol(&table) {
        rows.sort_by(|&a, &b| dates[a].total_cmp(&dates[b]));
        let pick = |values: &Vec<f64>| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let times = rows.iter().map(|&row| dates[row] as i64).collect();
        symbols.push(Rows { times, columns: columns.iter().map(pick).collect() });
        names.push(name);
    }
    Some(Panel { symbols, names })
}

/// The exact percentile ranks of a column at each time: symbol by symbol, row by row.
fn ranks(panel: &Panel, column: usize) -> Vec<Vec<Option<Fraction>>> {
    let mut at_time: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for rows in &panel.symbols {
        for (time, value) in rows.times.iter().zip(&rows.columns[column]).filter(|(_, value)| value.is_finite()) {
            at_time.entry(*time).or_default().push(*value);
        }
    }
    let rank = |time: &i64, value: f64| {
        let all = at_time.get(time).filter(|_| value.is_finite())?;
        let less = all.iter().filter(|v| **v < value).count();
        let equal = all.iter().filter(|v| **v == value).count();
        Some(Fraction::new((2 * less + equal + 1) as i128, 2 * all.len() as i128))
    };
    let of_symbol = |rows: &Rows| rows.times.iter().zip(&rows.columns[column]).map(|(t, v)| rank(t, *v)).collect();
    panel.symbols.iter().map(of_symbol).collect()
}

/// The exact covariance of two windows, times a number that is the same for all.
fn covariance(a: &[Fraction], b: &[Fraction]) -> Fraction {
    let n = Fraction::new(a.len() as i128, 1);
    let zero = Fraction::new(0, 1);
    let sum = |v: &[Fraction]| v.iter().fold(zero, |sum, x| sum.plus(*x));
    let products = a.iter().zip(b).fold(zero, |sum, (a, b)| sum.plus(a.times(*b)));
    let minus = Fraction::new(-1, 1).times(sum(a)).times(sum(b));
    products.times(n).plus(minus)
}

/// Minus the percentile rank of the exact covariance over five rows of the ranks of a column and of the volume, and
/// whether another symbol has the same covariance at the time.
fn exact(panel: &Panel, column: usize) -> Vec<Vec<Option<(f64, bool)>>> {
    let (a, b) = (ranks(panel, column), ranks(panel, 4));
    let of_row = |symbol: usize, row: usize| {
        let begin = (row + 1).checked_sub(5)?;
        let window =
            |ranks: &[Vec<Option<Fraction>>]| ranks[symbol][begin..=row].iter().copied().collect::<Option<Vec<_>>>();
        Some(covariance(&window(&a)?, &window(&b)?))
    };
    let mut at_time: BTreeMap<i64, Vec<Fraction>> = BTreeMap::new();
    let mut values = Vec::new();
    for (symbol, rows) in panel.symbols.iter().enumerate() {
        let own: Vec<Option<Fraction>> = (0..rows.times.len()).map(|row| of_row(symbol, row)).collect();
        for (time, value) in rows.times.iter().zip(&own) {
            at_time.entry(*time).or_default().extend(*value);
        }
        values.push(own);
    }
    let rank = |time: &i64, value: Option<Fraction>| {
        let (value, all) = (value?, &at_time[time]);
        let count = |order: Ordering| all.iter().filter(|v| v.compare(value) == order).count() as f64;
        let (less, equal) = (count(Ordering::Less), count(Ordering::Equal));
        Some((-(less + (equal + 1.0) / 2.0) / all.len() as f64, equal > 1.0))
    };
    let of_symbol = |(rows, values): (&Rows, Vec<Option<Fraction>>)| {
        rows.times.iter().zip(values).map(|(time, value)| rank(time, value)).collect()
    };
    panel.symbols.iter().zip(values).map(of_symbol).collect()
}

/// What the kit has for each symbol, in the order of its dates.
fn theirs(panel: &Panel, names: &[String]) -> Option<Vec<Vec<Vec<f64>>>> {
    let mut columns = vec!["symbol", "date"];
    columns.extend(names.iter().map(String::as_str));
    let table = parquet_file::read(&shared("bench/golden/out_w3b_alphas.parquet")?, &columns).unwrap();
    let (dates, by_symbol) = (numbers(&table, "date"), rows_by_symbol(&table));
    let columns: Vec<Vec<f64>> = names.iter().map(|name| numbers(&table, name)).collect();
    let of_symbol = |(name, own): (&String, &Rows)| {
        let mut rows = by_symbol.iter().find(|(symbol, _)| symbol == name).unwrap().1.clone();
        rows.sort_by(|&a, &b| dates[a].total_cmp(&dates[b]));
        assert_eq!(rows.iter().map(|&row| dates[row] as i64).collect::<Vec<_>>(), own.times);
        columns.iter().map(|values| rows.iter().map(|&row| values[row]).collect()).collect()
    };
    Some(panel.names.iter().zip(&panel.symbols).map(of_symbol).collect())
}

/// How two numbers differ, relative to the larger of the second and a size.
fn error(a: f64, b: f64, size: f64) -> f64 {
    (a - b).abs() / b.abs().max(size)
}

#[test]
fn every_value_of_the_kits_alphas() {
    let Some(panel) = panel() else { return };
    let names = NUMBERS.map(|number| format!("alpha{number}"));
    let Some(theirs) = theirs(&panel, &names) else { return };
    let factors = library::family("alpha101").unwrap().usable(None, &COLUMNS).unwrap().0;
    let program = Program::compile(&[], &factors, &COLUMNS, &[]).unwrap();
    let ours = run_program(&program, &COLUMNS, &panel.symbols);
    for (at, number) in NUMBERS.iter().enumerate() {
        let output = program.outputs().iter().position(|name| *name == format!("alpha_{number:03}")).unwrap();
        let exact = match number {
            13 => Some(exact(&panel, 3)),
            16 => Some(exact(&panel, 1)),
            _ => None,
        };
        let all: Vec<f64> = theirs.iter().flat_map(|columns| columns[at].clone()).filter(|x| x.is_finite()).collect();
        let size = all.iter().map(|x| x.abs()).sum::<f64>() / all.len() as f64;
        let (mut n_values, mut n_different, mut n_tied) = (0, 0, 0);
        for (symbol, columns) in theirs.iter().enumerate() {
            for (row, &b) in columns[at].iter().enumerate() {
                let a = ours[symbol][output][row];
                assert_eq!(a.is_finite(), b.is_finite(), "alpha {number} {} row {row}", panel.names[symbol]);
                if !b.is_finite() {
                    continue;
                }
                n_values += 1;
                let differs = error(a, b, size) > 1e-9;
                n_different += usize::from(differs);
                let Some(exact) = &exact else { continue };
                let (want, is_tied) = exact[symbol][row].unwrap();
                n_tied += usize::from(is_tied);
                assert!(is_tied || error(a, want, size) < 1e-12, "alpha {number}: {a} for {want} and no tie");
                assert!(is_tied || !differs, "alpha {number} {} row {row}: {a} for {b}", panel.names[symbol]);
            }
        }
        println!("alpha {number}: {n_values} values, {n_different} differ, {n_tied} in exact ties");
        assert!(n_different == 0 || exact.is_some(), "alpha {number}: {n_different} values differ");
    }
}
