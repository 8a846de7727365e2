//! A table of numbers by time and symbol: the rows are times, so that a cross-section lies together.

/// Values by time (row) and symbol (column); missing is NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix<T = f64> {
    /// Symbols.
    width: usize,
    /// Row after row.
    values: Vec<T>,
}

impl<T: Copy> Matrix<T> {
    /// A matrix filled with one value.
    pub fn filled(n_rows: usize, width: usize, value: T) -> Self {
        Self { width, values: vec![value; n_rows * width] }
    }

    /// Number of symbols.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of times.
    pub fn n_rows(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// The values of all symbols at one time.
    pub fn row(&self, row: usize) -> &[T] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// The values of all symbols at one time, to be changed.
    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.values[row * self.width..(row + 1) * self.width]
    }

    /// One value.
    pub fn at(&self, row: usize, symbol: usize) -> T {
        self.values[row * self.width + symbol]
    }

    /// Sets one value.
    pub fn set(&mut self, row: usize, symbol: usize, value: T) {
        self.values[row * self.width + symbol] = value;
    }

    /// All values, row after row.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// Sets the values of neighbouring symbols, the first of which is `first`: for each a row of each value, in time
    /// order, and the values. Several symbols at once touch each line of memory once instead of once per symbol.
    pub fn fill_columns(&mut self, first: usize, columns: &[(&[u32], &[T])]) {
        /// Rows filled for all columns before going on.
        const BAND: u32 = 256;
        let mut next = vec![0usize; columns.len()];
        let n_rows = self.n_rows() as u32;
        let mut end = 0;
        while end < n_rows {
            end = end.saturating_add(BAND).min(n_rows);
            for (offset, ((rows, values), next)) in columns.iter().zip(&mut next).enumerate() {
                while *next < rows.len() && rows[*next] < end {
                    self.values[rows[*next] as usize * self.width + first + offset] = values[*next];
                    *next += 1;
                }
            }
        }
    }
}
