//! The same bars under other factor columns. Bars, timeline and what is chosen by them are held once by all such panels.

use std::sync::Arc;

use rayon::prelude::*;

use super::Panel;
use super::series::Scores;
use crate::error::BacktestError;

impl Panel {
    /// The same market without any factor column.
    #[must_use]
    pub fn without_factor(&self) -> Self {
        let scores = vec![Scores::default(); self.symbols().len()];
        Self { bars: Arc::clone(&self.bars), scores, factor: String::new() }
    }

    /// The same market with one factor column: `column` gives the values of a symbol by its position in the sorted list, one
    /// per bar, NaN where there is none.
    ///
    /// # Errors
    /// [`BacktestError::Series`] for a symbol with more or fewer values than bars.
    pub fn with_factor(&self, factor: &str, column: impl Fn(u32) -> Vec<f64> + Sync) -> Result<Self, BacktestError> {
        let one = |symbol_idx: u32| Ok(Scores { first: column(symbol_idx), others: Vec::new() });
        self.rescored(factor.to_owned(), one)
    }

    /// The same market with the factor columns that `scores` gives for each symbol by its position.
    ///
    /// # Errors
    /// Those of `scores`; [`BacktestError::Series`] for a column with more or fewer values than bars.
    pub(super) fn rescored(
        &self,
        factor: String,
        scores: impl Fn(u32) -> Result<Scores, BacktestError> + Sync,
    ) -> Result<Self, BacktestError> {
        let one = |symbol_idx: u32| {
            let found = scores(symbol_idx)?;
            let n_bars = self.series(symbol_idx).n_bars();
            match std::iter::once(&found.first).chain(&found.others).find(|column| column.len() != n_bars) {
                None => Ok(found),
                Some(column) => {
                    let problem = format!("a factor column has {} rows; expected {n_bars}, one per bar", column.len());
                    Err(BacktestError::series(&self.symbols()[symbol_idx as usize], problem))
                }
            }
        };
        let scores = (0..self.symbols().len() as u32).into_par_iter().map(one).collect::<Result<_, _>>()?;
        Ok(Self { bars: Arc::clone(&self.bars), scores, factor })
    }
}

#[cfg(test)]
mod tests {
    //! Against panels made with their columns.

    use super::*;
    use crate::config::BacktestConfig;
    use crate::panel::{Extras, PanelBuilder, SeriesInput, SymbolRules};

    /// Two symbols of which B has no bar on the second day, ranked by a column.
    fn panel(factor: &str, column: &(dyn Fn(usize) -> f64 + Sync)) -> Panel {
        let config = BacktestConfig {
            timeframe: "1d".parse().unwrap(),
            params: [("k".to_owned(), "1".to_owned())].into(),
            ..BacktestConfig::default()
        };
        let builder = PanelBuilder::new(&config).unwrap();
        let one = |(symbol, days): (&str, &[i64])| {
            let input = SeriesInput {
                symbol: symbol.to_owned(),
                timestamps: days.iter().map(|day| day * crosscut_model::time::DAY).collect(),
                close: days.iter().map(|&day| 10.0 + day as f64).collect(),
                open: vec![10.0; days.len()],
                factor: (0..days.len()).map(column).collect(),
                ..SeriesInput::default()
            };
            builder.series(input, SymbolRules::default()).unwrap()
        };
        let series = [("A", &[1, 2, 3][..]), ("B", &[1, 3])].map(one);
        builder.build(series.into(), Extras { factor: factor.to_owned(), ..Extras::default() }).unwrap()
    }

    #[test]
    fn another_column_is_the_panel_made_with_it() {
        let column = |pos: usize| [0.25, f64::NAN, -1.0][pos];
        let (first, wanted) = (panel("a", &|pos| pos as f64), panel("b", &column));
        let lengths = [3, 2];
        let found = first.with_factor("b", |symbol| (0..lengths[symbol as usize]).map(column).collect()).unwrap();
        assert_eq!(found.factor(), "b");
        for row in 0..3 {
            for symbol in 0..2 {
                let bits = |panel: &Panel| panel.value(0, symbol, row).to_bits();
                assert_eq!(bits(&found), bits(&wanted), "row {row}, symbol {symbol}");
            }
        }
        assert_eq!(first.value(0, 0, 2), 2.0, "the first panel keeps its column");
        assert!(Arc::ptr_eq(&first.bars, &found.bars) && Arc::ptr_eq(&first.bars, &first.without_factor().bars));
        assert!(first.without_factor().series(0).factor().is_empty() && first.without_factor().factor().is_empty());
    }

    #[test]
    fn a_column_has_a_value_per_bar() {
        let error = panel("a", &|_| 0.0).with_factor("b", |_| vec![1.0; 3]).unwrap_err().to_string();
        assert!(error.contains("B") && error.contains("3 rows; expected 2"), "{error}");
    }
}
