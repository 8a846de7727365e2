//! What the terms of a run need of the bars it trades: without it orders would wait for ever, and nobody would be told.

use crosscut_trading::rules::Execution;

use crate::config::BacktestConfig;
use crate::error::BacktestError;

/// Demands that the bars of a symbol in the run have what its orders wait for; no bars have nothing to wait for.
///
/// # Errors
/// [`BacktestError::Setting`] where orders execute at mean prices and no bar has one, or take a share of volumes that are
/// missing or zero in all bars.
pub(crate) fn demand_terms(
    config: &BacktestConfig,
    symbol: &str,
    (vwap, volume): (&[f64], &[f64]),
) -> Result<(), BacktestError> {
    let has_none = |values: &[f64]| !values.is_empty() && !values.iter().any(|value| *value > 0.0);
    if config.execution == Execution::NextVwap && has_none(vwap) {
        let expected = format!(
            "another price: no bar of {symbol} has a volume-weighted one\nhint: bars built from trades have it (`crosscut aggregate`)"
        );
        return Err(BacktestError::setting("execution", config.execution.to_string(), expected));
    }
    if let Some(share) = config.venue_rules.participation.filter(|_| has_none(volume)) {
        let expected = format!("none: no bar of {symbol} has a volume to take a share of");
        return Err(BacktestError::setting("venue_rules.participation", share.to_string(), expected));
    }
    Ok(())
}
