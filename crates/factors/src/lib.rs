//! Produce factor sets: the factor-set file, its plan, and runs that publish to the hub.
//!
//! [`Config`] is the file checked, [`Plan`] the file resolved (every column, formula and lookback), [`run()`] reads bars
//! from the hub, evaluates and publishes one generation of the set with its metadata, [`update()`] continues it. [`features_of_symbols`]
//! evaluates the built-in features without publishing anything.
//!
//! Knows nothing of backtests or evaluation: they read what is published. Formulas are the formula crate's business,
//! files the hub's. No clock is read here: the time of generation is handed in.
//!
//! Missing values: a factor that cannot be computed is NaN, and a consumer must treat that factor as not tradable on
//! that row. `tradable_flag` speaks of the bar: the tradable expression holds, no input of the set is missing, and the
//! row was not invented by a fill policy. An input that the source has not given up to that row (a kline archive has
//! no median price) does not count as missing; the factors that need it are NaN.

mod alone;
pub mod audit;
mod bars;
mod config;
mod definition;
mod error;
mod evaluate;
mod formula_bars;
mod groups;
mod outliers;
mod plan;
mod produce;
mod rows;
mod run;
mod show;
mod show_factor;
mod source;
mod state;
mod together;
mod update;

pub use config::{Carried, Config, Factors, Family, Fill, Formula, Group, Outliers, Symbols};
pub use crosscut_model::{Progress, Silent};
pub use error::{FactorsError, Place};
pub use formula_bars::{BySymbol, FormulaBars};
pub use plan::{Market, Plan, PlannedColumn};
pub use run::{Outcome, RunOptions, Summary, run, update};
pub use show::features_of_symbols;
pub use show_factor::{
    ColumnCard, FactorCard, LibraryEntry, LookbackCard, MissingRule, NamedFormula, library_entries, library_factors,
    library_names, published_columns, published_factor,
};

#[cfg(test)]
mod tests;
