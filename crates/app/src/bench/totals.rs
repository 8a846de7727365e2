//! Check figures of a table of factors: the sum and the number of the finite values of each column.

use crosscut_formula::RowSink;

/// Sums of finite values and their counts, one pair per output of a program.
#[derive(Debug, Clone)]
pub struct Totals {
    /// Sum of finite values of each column.
    pub sums: Vec<f64>,
    /// Number of finite values of each column.
    pub counts: Vec<u64>,
    /// Rows.
    pub n_rows: u64,
}

impl Totals {
    /// Nothing yet.
    pub fn new(n_columns: usize) -> Self {
        Self { sums: vec![0.0; n_columns], counts: vec![0; n_columns], n_rows: 0 }
    }

    /// Adds another symbol's totals.
    pub fn add(&mut self, other: &Self) {
        self.n_rows += other.n_rows;
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            *sum += more;
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }
}

/// Adds rows.
impl RowSink for Totals {
    fn take(&mut self, columns: &[&[f64]]) {
        self.n_rows += columns.first().map_or(0, |column| column.len() as u64);
        for ((sum, count), column) in self.sums.iter_mut().zip(&mut self.counts).zip(columns) {
            let (finite_sum, n_finite) = sum_finite(column);
            *sum += finite_sum;
            *count += n_finite;
        }
    }
}

/// Sum and number of the finite values, in eight lanes so that the additions need not wait for one another.
fn sum_finite(values: &[f64]) -> (f64, u64) {
    let mut sums = [0.0; 8];
    let mut counts = [0u64; 8];
    let mut add = |chunk: &[f64]| {
        for ((sum, count), &value) in sums.iter_mut().zip(&mut counts).zip(chunk) {
            let finite = value.is_finite();
            *sum += if finite { value } else { 0.0 };
            *count += u64::from(finite);
        }
    };
    let chunks = values.chunks_exact(8);
    let rest = chunks.remainder();
    chunks.for_each(&mut add);
    add(rest);
    (sums.iter().sum(), counts.iter().sum())
}
