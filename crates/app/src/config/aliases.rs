//! Second names of settings.

/// Other paths of settings: the rules of `risk` may all be written there.
const ALIASES: &[(&str, &str)] = &[
    ("backtest.risk.max_position", "backtest.max_position"),
    ("backtest.risk.max_gross", "backtest.max_gross"),
    ("backtest.risk.max_drawdown", "backtest.max_drawdown"),
    ("backtest.risk.cash_buffer", "backtest.cash_buffer"),
    ("criteria", "stress.criteria"),
    ("parameter_sets", "sweep.parameter_sets"),
    ("backtest.costs.commission_bps", "backtest.commission_bps"),
    ("backtest.costs.slippage_bps", "backtest.slippage_bps"),
];

/// The path under which a setting is kept.
pub(crate) fn canonical(path: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == path).map_or(path, |(_, path)| path)
}
