//! The factor columns of a run: which they are, and how they come to lie on bars.

use std::collections::BTreeMap;

use crosscut_hub::{FactorSet, Hub};
use crosscut_model::Range;
use crosscut_trading::strategy::Column;

use super::PanelBuilder;
use super::align::{FactorRows, Joined, join};
use crate::config::{Align, BacktestConfig};
use crate::error::BacktestError;

/// The ranking factor of all symbols, computed in memory by a formula instead of read from a factor set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ComputedFactor<'a> {
    /// The formula.
    pub formula: String,
    /// By symbol: bar labels, ascending, and the values at them; NaN where there is none.
    pub rows: BTreeMap<&'a str, (&'a [i64], Vec<f64>)>,
}

/// Where factor columns come from.
#[derive(Debug)]
pub(super) struct FactorColumns<'a> {
    /// How they are joined with bars.
    align: Align,
    /// The factor set; `None`: the run reads bars alone.
    set: Option<FactorSet>,
    /// The columns it reads: those of the strategy, the ranking one first, then those of the universe.
    names: Vec<String>,
    /// How many of them the strategy reads.
    n_ranking: usize,
    /// A ranking factor that was computed in memory.
    computed: Option<&'a ComputedFactor<'a>>,
}

impl<'a> FactorColumns<'a> {
    /// The columns of a configuration.
    ///
    /// # Errors
    /// [`BacktestError`] for a set or column that does not exist; [`BacktestError::PanelLacks`] for a formula that was not
    /// computed.
    pub(super) fn of(
        hub: &Hub,
        config: &BacktestConfig,
        builder: &PanelBuilder,
        computed: Option<&'a ComputedFactor<'a>>,
    ) -> Result<Self, BacktestError> {
        if config.factor_formula.as_ref() != computed.map(|computed| &computed.formula) {
            return Err(BacktestError::PanelLacks { what: "values of this formula" });
        }
        let set = factor_set(hub, config, builder)?;
        let names = read_columns(set.as_ref(), builder)?;
        let n_ranking = builder.n_ranking().min(names.len());
        Ok(Self { align: config.align, set, names, n_ranking, computed })
    }

    /// Without the columns of the universe.
    pub(super) fn ranking(mut self) -> Self {
        self.names.truncate(self.n_ranking);
        self
    }

    /// The factor set; `None`: the run reads bars alone.
    pub(super) fn set(&self) -> Option<&FactorSet> {
        self.set.as_ref()
    }

    /// What the run ranks by: its columns, or a formula.
    pub(super) fn name(&self) -> String {
        self.computed.map_or_else(|| self.names[..self.n_ranking].join(", "), |computed| computed.formula.clone())
    }

    /// The factor rows of a symbol in a range of labels brought together with its bars; `None` when it is to be left out.
    ///
    /// # Errors
    /// [`BacktestError::Disagree`] for tables without a common label; a damaged table.
    pub(super) fn join(&self, symbol: &str, labels: &[i64], range: Range) -> Result<Option<Joined>, BacktestError> {
        if let Some((labels_of, values)) = self.computed.and_then(|computed| computed.rows.get(symbol)) {
            let at = range.positions(labels_of);
            let (timestamps, tradable) = (&labels_of[at.clone()], vec![true; at.len()]);
            let rows = FactorRows { timestamps, values: vec![&values[at]], tradable: &tradable };
            return join(symbol, labels, rows, self.align);
        }
        let Some(set) = &self.set else {
            return Ok(Some(Joined { tradable: vec![true; labels.len()], ..Joined::default() }));
        };
        // A column may rank and choose the universe as well: it is read once.
        let mut columns: Vec<&str> = self.names.iter().map(String::as_str).collect();
        columns.sort_unstable();
        columns.dedup();
        let rows = set.read(symbol, &columns, range)?;
        let factor_rows = FactorRows {
            timestamps: rows.i64("timestamp").unwrap_or_default(),
            values: self.names.iter().map(|column| rows.f64(column).unwrap_or_default()).collect(),
            tradable: rows.bool("tradable_flag").unwrap_or_default(),
        };
        join(symbol, labels, factor_rows, self.align)
    }
}

/// The names of the columns that are read from the factor set.
fn read_columns(set: Option<&FactorSet>, builder: &PanelBuilder) -> Result<Vec<String>, BacktestError> {
    let columns = builder.factor_columns().iter();
    set.map_or_else(|| Ok(Vec::new()), |set| columns.map(|column| factor_column(set, column)).collect())
}

/// The factor set, unless the run reads none and none is named.
pub(super) fn factor_set(
    hub: &Hub,
    config: &BacktestConfig,
    builder: &PanelBuilder,
) -> Result<Option<FactorSet>, BacktestError> {
    if config.factor_set.is_empty() && builder.factor_columns().is_empty() {
        return Ok(None);
    }
    if let Some(formula) = &config.factor_formula {
        if !config.factor_set.is_empty() || builder.factor_columns() != [Column::Only] {
            let expected =
                "no formula: it takes the place of the only column a strategy ranks by, and of the factor set";
            return Err(BacktestError::setting("formula", formula, expected));
        }
        return Ok(None);
    }
    let set = hub.factor_set(config.timeframe, &config.factor_set)?;
    set.demand_labels()?;
    Ok(Some(set))
}

/// The name of a column: the one asked for, or the set's only one.
pub(crate) fn factor_column(set: &FactorSet, asked: &Column) -> Result<String, BacktestError> {
    let columns = set.columns();
    let name = &set.metadata().factor_set;
    match (asked, columns) {
        (Column::Named(column), _) if columns.contains(column) => Ok(column.clone()),
        (Column::Named(column), _) => {
            Err(BacktestError::unknown("factor column", column, format!("factor set `{name}`"), columns))
        }
        (Column::Only, [only]) => Ok(only.clone()),
        (Column::Only, _) => Err(BacktestError::Setting {
            key: "factor",
            value: "not given".to_owned(),
            expected: format!("one of the {} columns of `{name}`\nhint: add --param factor=NAME", columns.len()),
        }),
    }
}
