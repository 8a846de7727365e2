//! Strategies a user can name: one registry of templates.
//!
//! A template makes a cross-sectional rule ([`CrossSection`]), which weighs names against one another at rebalances, or an
//! event strategy, which acts at every bar ([`crate::signal`]). [`Portfolio`] makes a rule a [`crate::Strategy`] too.
//! Neither can tell history from live: no clock, no files, no future.
//!
//! Each template lives in its own file with its parameters beside it; names, help and error texts are derived from
//! there. Start reading at [`resolve`], then `rule`.

pub mod combination;
mod factor_columns;
mod linear_weighted;
mod long_short;
mod momentum;
pub(crate) mod params;
mod portfolio;
pub(crate) mod registry;
mod rotation;
mod rule;
mod target_list;
#[cfg(test)]
mod tests;
mod threshold;
mod top_k;
mod top_k_dropout;
mod weighting;

pub use factor_columns::FactorColumns;
pub use params::{FACTOR, ParamKind, ParamSpec, Values};
pub use portfolio::{Portfolio, PortfolioRules, Scorer};
pub use registry::{Capability, Column, Kind, Made, Resolved, Rule, Template, resolve, template, templates};
pub use rule::{Aim, CrossSection, Exclusion, Holding, Plan, Ranked, Ranking, View, rank};
use weighting::Weighting;
