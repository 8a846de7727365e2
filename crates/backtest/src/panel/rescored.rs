//! The same bars under other factor columns. Bars, timeline and what is chosen by them are held once by all such panels.

use std::sync::Arc;

use crosscut_hub::{FactorSet, Hub};
use crosscut_model::Range;
use rayon::prelude::*;

use super::columns::FactorColumns;
use super::series::Scores;
use super::{ComputedFactor, Panel, PanelBuilder, check_cover, factor_input};
use crate::config::BacktestConfig;
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
        let one = |symbol_idx: u32| Scores { first: column(symbol_idx), others: Vec::new() };
        let scores: Vec<Scores> = (0..self.symbols().len() as u32).into_par_iter().map(one).collect();
        for (scores, bars) in scores.iter().zip(&self.bars.series) {
            if scores.first.len() != bars.n_bars() {
                let (n_rows, n_bars) = (scores.first.len(), bars.n_bars());
                let problem = format!("column `{factor}` has {n_rows} rows; expected {n_bars}, one per bar");
                return Err(BacktestError::series(&bars.symbol, problem));
            }
        }
        Ok(Self { bars: Arc::clone(&self.bars), scores, factor: factor.to_owned() })
    }

    /// Labels of a symbol's bars.
    fn labels(&self, symbol_idx: u32) -> Vec<i64> {
        let series = self.series(symbol_idx);
        let stretches = &series.bars().stretches;
        let mut labels = Vec::with_capacity(series.n_bars());
        for (nth, stretch) in stretches.all().iter().enumerate() {
            let row = self.row_of(stretch.slot);
            labels.extend(&self.timeline()[row..row + stretches.end(nth) - stretch.pos as usize]);
        }
        labels
    }
}

/// The panel of a configuration over the bars of another one's: what [`load_with`](super::load_with) would give, where both
/// ask for the same bars. `None` where the factor tables are not those that were there when the bars were read, or do not
/// belong to these bars: then all has to be loaded.
///
/// # Errors
/// As [`load_with`](super::load_with).
pub(crate) fn load_scores(
    hub: &Hub,
    panel: &Panel,
    config: &BacktestConfig,
    computed: Option<&ComputedFactor<'_>>,
) -> Result<Option<Panel>, BacktestError> {
    let range = config.prepare()?.range;
    let columns = FactorColumns::of(hub, config, &PanelBuilder::new(config)?, computed)?.ranking();
    let is_known = |set: &FactorSet| {
        let of_symbol = panel.symbols().iter().map(|symbol| factor_input(config, set, symbol));
        let known = panel.inputs();
        let place = |name: &str| known.binary_search_by(|other| other.name.as_str().cmp(name)).ok();
        of_symbol.into_iter().all(|input| place(&input.name).is_some_and(|at| known[at] == input))
    };
    if !columns.set().is_none_or(is_known) {
        return Ok(None);
    }
    let one = |symbol_idx: u32| -> Result<Option<Scores>, BacktestError> {
        let labels = panel.labels(symbol_idx);
        let within = Range { start: labels.first().copied(), end: labels.last().map(|last| last + 1) };
        let Some(joined) = columns.join(&panel.symbols()[symbol_idx as usize], &labels, within)? else {
            return Ok(None);
        };
        let is_whole = joined.factors.iter().all(|column| column.len() == labels.len());
        let mut found = joined.factors.into_iter();
        let scores = Scores { first: found.next().unwrap_or_default(), others: found.collect() };
        Ok(Some(scores).filter(|_| is_whole))
    };
    let scores: Vec<Option<Scores>> =
        (0..panel.symbols().len() as u32).into_par_iter().map(one).collect::<Result<_, _>>()?;
    let Some(scores) = scores.into_iter().collect() else { return Ok(None) };
    let found = Panel { bars: Arc::clone(&panel.bars), scores, factor: columns.name() };
    check_cover(&found, range)?;
    Ok(Some(found))
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
