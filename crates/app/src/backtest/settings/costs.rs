//! What trading and holding cost, and what may be borrowed, as the settings say.

use crosscut_backtest::config::{
    CommissionConfig, CostsConfig, Form, FundingConfig, MarginConfig, SlippageConfig, SpreadsConfig,
};

use crate::config::{Config, plain};
use crate::error::AppError;

/// The models of commission and slippage; none where basis points are given in a higher layer.
pub(super) fn costs(config: &Config) -> Result<CostsConfig, AppError> {
    Ok(CostsConfig {
        commission: model(
            config,
            ("backtest.commission_bps", "backtest.costs.commission"),
            CommissionConfig::from_form,
        )?,
        slippage: model(config, ("backtest.slippage_bps", "backtest.costs.slippage"), SlippageConfig::from_form)?,
    })
}

/// The model of a setting that has a short form.
fn model<T>(
    config: &Config,
    (short, path): (&str, &str),
    read: fn(&Form) -> Result<T, String>,
) -> Result<Option<T>, AppError> {
    let Some(value) = config.model(path) else { return Ok(None) };
    if config.prevailing(path, short)? == short {
        return Ok(None);
    }
    let model = Form::from_value(value).and_then(|form| read(&form));
    let refuse = |expected: String| {
        // A hint of the reader stays the last line.
        let (expected, hint) = expected.split_once("\nhint: ").unwrap_or((&expected, "see `crosscut list costs`"));
        config.refuse(path, &format!("`{}`: expected {expected}", plain(value))).hint(hint)
    };
    model.map(Some).map_err(refuse)
}

/// Spreads by symbol and date.
pub(super) fn spreads(config: &Config) -> Result<SpreadsConfig, AppError> {
    Ok(SpreadsConfig {
        file: config.text("backtest.spreads.file").map(str::to_owned),
        missing: config.parsed("backtest.spreads.missing")?.unwrap_or_default(),
    })
}

/// Funding.
pub(super) fn funding(config: &Config) -> Result<FundingConfig, AppError> {
    let default = FundingConfig::default();
    Ok(FundingConfig {
        source: config.parsed("backtest.funding.source")?.unwrap_or(default.source),
        missing_row: config.parsed("backtest.funding.missing_row")?.unwrap_or(default.missing_row),
        missing_mark: config.parsed("backtest.funding.missing_mark")?.unwrap_or(default.missing_mark),
        mark_bars: config.parsed("backtest.funding.mark_bars")?.unwrap_or(default.mark_bars),
        mark_age_max: config.parsed("backtest.funding.mark_age_max")?.unwrap_or(default.mark_age_max),
    })
}

/// Borrowing against positions.
pub(super) fn margin(config: &Config) -> MarginConfig {
    MarginConfig {
        leverage: config.number("backtest.margin.leverage"),
        initial: config.number("backtest.margin.initial"),
        maintenance: config.number("backtest.margin.maintenance"),
        liquidation_fee: config.number("backtest.margin.liquidation_fee"),
    }
}
