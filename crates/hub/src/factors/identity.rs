//! What names the rows of a factor table, however they are cut into row groups and files: an updated table and one that
//! was computed at once have the same name when their rows are the same to the bit.
//!
//! Each value adds to a sum a product that depends on its bits, its row's number in the table and its column, both
//! halves of the product modulo 2^64 by themselves. Sums of groups add up to the sum of the table, so that a group that
//! is taken over need not be decoded. This tells rows apart that differ by error or by chance; against forgery the
//! files have their own hashes.

use serde::{Deserialize, Serialize};

/// What the name of a table's rows begins with.
const MARK: &str = "crosscut rows 1";

/// The sum of some rows of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RowSum([u64; 2]);

impl RowSum {
    /// The sum of these rows and others.
    pub(super) fn with(self, other: Self) -> Self {
        Self([self.0[0].wrapping_add(other.0[0]), self.0[1].wrapping_add(other.0[1])])
    }

    /// The name of `rows` rows of the columns `names` whose sum this is: 64 lower-case hex digits.
    pub(super) fn name(self, rows: usize, names: &[String]) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{MARK}\n{rows} {} {}\n", self.0[0], self.0[1]).as_bytes());
        names.iter().for_each(|name| {
            hasher.update(format!("{name}\n").as_bytes());
        });
        hasher.finalize().to_hex().to_string()
    }
}

/// A number for each of some neighbouring rows.
#[derive(Debug)]
pub(super) struct RowKeys(Vec<u64>);

impl RowKeys {
    /// Those of `n` rows from row `first` of the table on.
    pub(super) fn new(first: usize, n: usize) -> Self {
        // Odd, so that no value is lost in the lower half of a product.
        Self((first..first + n).map(|row| scatter(row as u64) | 1).collect())
    }

    /// The sum of a factor column's values.
    pub(super) fn values(&self, column: usize, values: &[f64]) -> RowSum {
        self.sum(column as u64 + 4, values.iter().map(|value| value.to_bits()))
    }

    /// The sum of the other columns: times, the numbers of event bars if there are any, and flags.
    pub(super) fn fixed(&self, times: &[Option<&[i64]>; 3], tradable_flag: &[bool]) -> RowSum {
        let sum = self.sum(3, tradable_flag.iter().map(|flag| u64::from(*flag)));
        times.iter().enumerate().fold(sum, |sum, (column, values)| {
            let bits = values.unwrap_or_default().iter().map(|value| value.cast_unsigned());
            sum.with(self.sum(column as u64, bits))
        })
    }

    /// The sum of a column's bits.
    fn sum(&self, column: u64, bits: impl Iterator<Item = u64>) -> RowSum {
        let key = scatter(!column);
        let (mut low, mut high) = (0_u64, 0_u64);
        for (bits, row) in bits.zip(&self.0) {
            let product = u128::from(bits ^ key) * u128::from(*row);
            low = low.wrapping_add(product as u64);
            high = high.wrapping_add((product >> 64) as u64);
        }
        RowSum([low, high])
    }
}

/// A number that looks random (the output step of SplitMix64; Steele, Lea, Flood 2014).
fn scatter(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    //! Any cut gives the same sum, and whatever differs another one.

    use super::*;

    /// The sum of two columns, cut before row `cut`.
    fn sum(a: &[f64], b: &[f64], cut: usize) -> RowSum {
        let (front, back) = (RowKeys::new(0, cut), RowKeys::new(cut, a.len() - cut));
        let columns = [a, b].into_iter().enumerate();
        columns.fold(RowSum::default(), |sum, (at, values)| {
            sum.with(front.values(at, &values[..cut])).with(back.values(at, &values[cut..]))
        })
    }

    #[test]
    fn the_cut_does_not_matter_and_everything_else_does() {
        let a: Vec<f64> = (0..40).map(|row| f64::from(row) * 0.25).collect();
        let mut b: Vec<f64> = a.iter().map(|value| value * value).collect();
        b[7] = f64::NAN;
        let whole = sum(&a, &b, 0);
        assert!((0..=40).all(|cut| sum(&a, &b, cut) == whole));
        assert_ne!(sum(&b, &a, 0), whole, "columns change places");
        let mut other = a.clone();
        for row in 0..39 {
            other.swap(row, row + 1);
            assert_ne!(sum(&other, &b, 3), whole, "rows {row} and the next change places");
            other.swap(row, row + 1);
            other[row] = f64::from_bits(a[row].to_bits() ^ 1);
            assert_ne!(sum(&other, &b, 3), whole, "the last bit of row {row}");
            other[row] = a[row];
        }
        let mut negative = a.clone();
        negative[0] = -0.0;
        assert_ne!(sum(&negative, &b, 0), whole, "zeros have a sign");
        let names = ["a".to_owned(), "b".to_owned()];
        assert_ne!(whole.name(40, &names), whole.name(40, &names[..1]));
        assert_ne!(whole.name(40, &names), whole.name(41, &names));
    }
}
