//! What a venue publishes of a perpetual besides its trades: mark prices by the hour, and funding at intervals that differ
//! by contract.
//!
//! Both follow from the contract's path and draw no random number: the trades are the same with and without them.

use std::fmt::Write as _;

use crosscut_model::time::{DAY, HOUR};

use super::MarketConfig;
use super::contract::Contract;

/// First line of a file of mark-price klines.
const MARK_HEADER: &str = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n";

/// First line of a file of funding rates.
const FUNDING_HEADER: &str = "calc_time,funding_interval_hours,last_funding_rate\n";

/// First line of the table of what the archive does not hold yet.
pub const RECENT_HEADER: &str = "symbol,funding_time,funding_rate\n";

/// The mark price over one hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarkHour {
    /// Its start, microseconds.
    pub time: i64,
    /// Price at its start.
    open: f64,
    /// Highest price.
    high: f64,
    /// Lowest price.
    low: f64,
    /// Price at its end.
    close: f64,
}

/// Adds a minute to the hours of a contract: the logarithms of the price at its start and end.
pub fn add_minute(hours: &mut Vec<MarkHour>, time: i64, from: f64, to: f64) {
    let (hour, open, close) = (time - time.rem_euclid(HOUR), libm::exp(from), libm::exp(to));
    match hours.last_mut() {
        Some(last) if last.time == hour => {
            (last.high, last.low, last.close) = (last.high.max(close), last.low.min(close), close);
        }
        _ => hours.push(MarkHour { time: hour, open, high: open.max(close), low: open.min(close), close }),
    }
}

/// Mark-price klines as the archive writes them; `None` when there is none.
pub fn mark_text(hours: &[MarkHour]) -> Option<String> {
    let mut text = MARK_HEADER.to_owned();
    for hour in hours {
        let (open_ms, close_ms) = (hour.time / 1000, (hour.time + HOUR) / 1000 - 1);
        let MarkHour { open, high, low, close, .. } = hour;
        writeln!(text, "{open_ms},{open:.8},{high:.8},{low:.8},{close:.8},0,{close_ms},0,3600,0,0,0")
            .expect("writing to memory cannot fail");
    }
    (!hours.is_empty()).then_some(text)
}

/// One funding rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FundingRate {
    /// When it was due, microseconds.
    pub due: i64,
    /// When the venue says it was, milliseconds: some are late.
    time_ms: i64,
    /// Its interval, hours.
    hours: i64,
    /// Fraction of the position's value that the long pays.
    rate: f64,
}

/// The funding rates of a contract: those who are on the side of the last move pay.
pub fn funding(config: &MarketConfig, contract: &Contract, hours: &[MarkHour]) -> Vec<FundingRate> {
    /// What longs pay when nothing moves, for eight hours.
    const BASE: f64 = 1e-4;
    /// Rate per log return.
    const PULL: f64 = 1e-2;
    /// Largest rate.
    const CAP: f64 = 0.0075;
    let middle = config.start + config.n_days / 2 * DAY;
    let mut rates = Vec::new();
    let close_at = |time: i64| {
        let after = hours.partition_point(|hour| hour.time + HOUR <= time);
        after.checked_sub(1).map(|before| hours[before].close)
    };
    let end = contract.delisted_at.unwrap_or(config.start + config.n_days * DAY);
    let mut due = contract.listed_at;
    loop {
        let interval = interval_hours(contract, due >= middle) * HOUR;
        due = due - due.rem_euclid(interval) + interval;
        if due >= end {
            return rates;
        }
        if let Some(now) = close_at(due) {
            let before = close_at(due - interval).unwrap_or(hours[0].open);
            let base = BASE * interval as f64 / (8 * HOUR) as f64;
            let rate = (base + PULL * libm::log(now / before)).clamp(-CAP, CAP);
            let late = (contract.number as i64 * 7 + rates.len() as i64 * 13) % 20;
            rates.push(FundingRate { due, time_ms: due / 1000 + late, hours: interval / HOUR, rate });
        }
    }
}

/// Hours between the rates of a contract: every fourth has four, one goes from eight to four in the middle.
fn interval_hours(contract: &Contract, is_late: bool) -> i64 {
    let changed = contract.number == 2 && is_late;
    if contract.number.is_multiple_of(4) || changed { 4 } else { 8 }
}

/// Funding rates as the archive writes them; `None` when there is none.
pub fn funding_text(rates: &[FundingRate]) -> Option<String> {
    let mut text = FUNDING_HEADER.to_owned();
    for FundingRate { time_ms, hours, rate, .. } in rates {
        writeln!(text, "{time_ms},{hours},{rate:.8}").expect("writing to memory cannot fail");
    }
    (!rates.is_empty()).then_some(text)
}

/// Funding rates as the venue's answers give them, a row each.
pub fn recent_text(symbol: &str, rates: &[FundingRate]) -> String {
    rates.iter().map(|FundingRate { time_ms, rate, .. }| format!("{symbol},{time_ms},{rate:.8}\n")).collect()
}
