//! Splits and dividends of a run: where they are read from, what they do to prices, and what readers are told of them.

use crosscut_hub::Hub;
use crosscut_model::CorporateAction;
use crosscut_trading::rules::CorporateActions;

use super::PanelInput;
use crate::error::BacktestError;
use crate::outcome::DataQuality;

/// A symbol's splits and dividends by ex-date, and the table they are from.
///
/// # Errors
/// When the table is damaged.
pub(crate) fn read_actions(
    hub: &Hub,
    venue: &str,
    symbol: &str,
) -> Result<(Vec<CorporateAction>, Option<PanelInput>), BacktestError> {
    let actions = hub.corporate_actions(venue, symbol)?;
    if actions.is_empty() {
        return Ok((actions, None));
    }
    let info = hub.action_info(venue, symbol)?;
    Ok((actions, Some(crate::funding::input(info))))
}

/// Prices as a holder who reinvests splits and dividends sees them; as they are when there is no growth.
pub(crate) fn grown(mut prices: Vec<f64>, growth: &[f64]) -> Vec<f64> {
    prices.iter_mut().zip(growth).for_each(|(price, growth)| *price *= growth);
    prices
}

/// Quantities in units of such prices, so that their value stays.
pub(crate) fn shrunk(mut quantities: Vec<f64>, growth: &[f64]) -> Vec<f64> {
    quantities.iter_mut().zip(growth).for_each(|(quantity, growth)| *quantity /= growth);
    quantities
}

/// Says what became of splits and dividends.
pub(crate) fn note_actions(rule: CorporateActions, inputs: &[PanelInput], quality: &mut DataQuality) {
    let n_symbols = inputs.iter().filter(|input| input.name.starts_with("actions/")).count();
    if n_symbols == 0 {
        return;
    }
    let how = match rule {
        CorporateActions::Book => {
            "orders, positions and cash are at raw prices, and splits and dividends are booked on their ex-dates; what ranks and signals by prices sees total returns"
        }
        CorporateActions::AdjustedPrices => {
            "their prices and quantities are those of a holder who reinvests them, counted from the first bar read"
        }
    };
    quality.add("symbols_with_corporate_actions", n_symbols as u64);
    quality.notes.push(format!("{n_symbols} symbols have splits or dividends: {how}"));
}
