//! The cost models, from their own table; defaults are those of the settings that give their parameters.

use crosscut_trading::cost_model::{CostModel, CostParam, MODELS};
use serde::Serialize;

use super::ParameterEntry;
use crate::config;

/// A cost model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostEntry {
    /// Its name.
    pub name: String,
    /// What it is about: `commission`, `slippage` or `carry`.
    pub source: String,
    /// What it is.
    pub summary: String,
    /// What it charges.
    pub formula: String,
    /// Whether the settings of a backtest choose it; the others are for strategies in Rust.
    pub is_setting: bool,
    /// Its parameters.
    pub parameters: Vec<ParameterEntry>,
}

/// All cost models.
pub(super) fn entries() -> Vec<CostEntry> {
    let entry = |model: &CostModel| CostEntry {
        name: model.name.to_owned(),
        source: model.source.word().to_owned(),
        summary: model.doc.to_owned(),
        formula: model.formula.to_owned(),
        is_setting: model.params.iter().all(|param| param.setting.is_some()),
        parameters: model.params.iter().map(parameter).collect(),
    };
    MODELS.iter().map(entry).collect()
}

/// One parameter.
fn parameter(param: &CostParam) -> ParameterEntry {
    let key = param.setting.and_then(config::keys::find);
    let default = key.map(|key| key.default).filter(|text| !text.is_empty());
    let setting = param.setting.map_or_else(String::new, |setting| format!("setting {setting}"));
    ParameterEntry {
        name: param.name.to_owned(),
        kind: "number".to_owned(),
        expects: param.unit.to_owned(),
        default: default.map(str::to_owned),
        is_required: default.is_none(),
        summary: setting,
        ..ParameterEntry::default()
    }
}
