//! Factor columns for a strategy that acts at every bar, and for its universe: read from the hub, known from their
//! `available_at` on.

use crosscut_hub::{FactorSet, Hub};
use crosscut_model::Range;
use crosscut_trading::strategy::{Column, Resolved};
use crosscut_trading::universe::Universe;

use super::FactorRows;
use crate::config::BacktestConfig;
use crate::error::BacktestError;
use crate::panel::{PanelInput, factor_column, factor_input};

/// The factor set of a run and the columns that are read from it.
pub(super) struct FactorTables {
    /// The set.
    pub(super) set: FactorSet,
    /// What the strategy reads.
    pub(super) of_strategy: Vec<String>,
    /// What the universe reads.
    pub(super) of_universe: Vec<String>,
}

impl FactorTables {
    /// The set that a run's strategy and universe read; `None` when neither reads any.
    ///
    /// # Errors
    /// [`BacktestError`] for a set or column that is not there.
    pub(super) fn find(
        hub: &Hub,
        config: &BacktestConfig,
        (strategy, universe): (&Resolved, Option<&Universe>),
    ) -> Result<Option<Self>, BacktestError> {
        let of_universe: Vec<Column> =
            universe.iter().flat_map(|rule| rule.columns()).map(|column| Column::Named(column.to_owned())).collect();
        if strategy.columns().is_empty() && of_universe.is_empty() {
            return Ok(None);
        }
        let set = hub.factor_set(config.timeframe, &config.factor_set)?;
        set.demand_labels()?;
        let names = |columns: &[Column]| -> Result<Vec<String>, BacktestError> {
            columns.iter().map(|column| factor_column(&set, column)).collect()
        };
        let (of_strategy, of_universe) = (names(strategy.columns())?, names(&of_universe)?);
        Ok(Some(Self { set, of_strategy, of_universe }))
    }

    /// Rows of some columns of a symbol; none for a symbol that the set does not have. A value that was not tradable is
    /// missing.
    pub(super) fn rows(&self, symbol: &str, columns: &[String], range: Range) -> Result<FactorRows, BacktestError> {
        if self.set.symbols().binary_search_by(|other| other.as_str().cmp(symbol)).is_err() {
            return Ok(FactorRows { columns: vec![Vec::new(); columns.len()], ..FactorRows::default() });
        }
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let mut table = self.set.read(symbol, &names, range)?;
        let tradable = table.bool("tradable_flag").unwrap_or_default().to_vec();
        let mut values = Vec::with_capacity(columns.len());
        for column in columns {
            let mut column = table.take_f64(column).unwrap_or_default();
            for (value, _) in column.iter_mut().zip(&tradable).filter(|(_, tradable)| !**tradable) {
                *value = f64::NAN;
            }
            values.push(column);
        }
        let mut times = |name| table.take_i64(name).unwrap_or_default();
        Ok(FactorRows { timestamp: times("timestamp"), available_at: times("available_at"), columns: values })
    }

    /// What is recorded of a symbol's table.
    pub(super) fn input(&self, config: &BacktestConfig, symbol: &str) -> PanelInput {
        factor_input(config, &self.set, symbol)
    }
}
