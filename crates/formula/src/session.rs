//! One symbol's running program.

/// State of a pure time-series program for one symbol. Rows are fed in order, in any cut.
#[derive(Debug, Clone)]
pub struct Session {
    /// Number of results per row.
    n_outputs: usize,
}

impl Session {
    /// A session before its first row.
    pub(crate) fn new(n_outputs: usize) -> Self {
        Self { n_outputs }
    }

    /// Feeds the next rows and appends one value per row to each of `outputs`. `inputs` are the columns
    /// [`crate::Program::inputs`] names, in that order, all of one length; missing is NaN. A value that cannot be
    /// computed is NaN. Feeding and consuming a few thousand rows at a time keeps everything in the processor's cache.
    ///
    /// # Panics
    /// If the number of columns or outputs is not the program's, or the columns differ in length.
    pub fn update(&mut self, inputs: &[&[f64]], outputs: &mut [Vec<f64>]) {
        assert_eq!(outputs.len(), self.n_outputs, "one vector per output");
        let n_rows = inputs.first().map_or(0, |column| column.len());
        for output in outputs {
            output.resize(output.len() + n_rows, f64::NAN);
        }
    }
}
