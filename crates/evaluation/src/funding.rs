//! Funding of perpetuals as sums over time: what a long position has paid up to each row of prices.
//!
//! A row that is due at `at` is paid by whoever holds the position through that moment: it counts for the rows of prices
//! that are traded at or after it. Rates are shares of the position's value; that the value moves between entry and
//! payment is left out. A symbol without a funding table pays none, and a note says so.

use crosscut_hub::Hub;

use crate::config::{EvaluationConfig, PriceColumn};
use crate::error::EvaluationError;
use crate::load::Input;
use crate::market::Market;
use crate::matrix::Matrix;

/// Enters the funding of all symbols into the market.
///
/// # Errors
/// When the venue has no funding at all, or a table is damaged.
pub(crate) fn read(
    hub: &Hub,
    config: &EvaluationConfig,
    market: &mut Market,
    (inputs, notes): (&mut Vec<Input>, &mut Vec<String>),
) -> Result<(), EvaluationError> {
    let known = hub.funding_symbols(&config.venue)?;
    if known.is_empty() {
        return Err(EvaluationError::Data(format!(
            "the hub has no funding of venue `{}`\nhint: import it, or leave funding out of --costs",
            config.venue
        )));
    }
    let bars = config.price_bars.unwrap_or(config.timeframe);
    // An open is traded at the label, any other price not before the bar's end.
    let traded_at: Vec<i64> = match config.price {
        PriceColumn::Open => market.price_times.clone(),
        PriceColumn::Close | PriceColumn::Vwap => market.price_times.iter().map(|time| bars.next(*time)).collect(),
    };
    let mut paid = Matrix::filled(traded_at.len(), market.symbols.len(), 0.0);
    let (mut n_without, mut n_missing) = (0, 0);
    let rows: Vec<u32> = (0..traded_at.len() as u32).collect();
    for (name, symbol) in market.symbols.iter().enumerate() {
        if known.binary_search(symbol).is_err() {
            n_without += 1;
            continue;
        }
        let funding = hub.read_funding(&config.venue, symbol)?;
        n_missing += funding.rate.iter().filter(|rate| !rate.is_finite()).count();
        let (mut due, mut sum) = (0, 0.0);
        let sums: Vec<f64> = traded_at
            .iter()
            .map(|at| {
                while due < funding.timestamp.len() && funding.timestamp[due] <= *at {
                    sum += Some(funding.rate[due]).filter(|rate| rate.is_finite()).unwrap_or(0.0);
                    due += 1;
                }
                sum
            })
            .collect();
        paid.fill_columns(name, &[(&rows, &sums)]);
        let info = hub.funding_info(&config.venue, symbol)?;
        let table = format!("funding/{}/{symbol}", config.venue);
        inputs.push(Input { table, content_hash: info.content_hash });
    }
    if n_without > 0 {
        notes.push(format!("{n_without} of {} symbols have no funding table and pay none", market.symbols.len()));
    }
    if n_missing > 0 {
        notes.push(format!("{n_missing} funding rates are missing and count as nothing"));
    }
    market.funding = Some(paid);
    Ok(())
}
