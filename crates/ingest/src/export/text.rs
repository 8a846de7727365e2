//! Text forms: our own CSV and zipline's csvdir.

use std::fmt::Write as _;

use crosscut_model::bar::BAR_COLUMNS;
use crosscut_model::time::{DAY, MINUTE, format_date};
use crosscut_model::{Bars, CorporateAction, encode_path, format_iso};

use super::{Outgoing, Shelf};
use crate::error::IngestError;

/// All columns; missing is empty.
pub(super) fn csv(bars: &Bars) -> Vec<u8> {
    let event = !bars.bar_seq.is_empty();
    let mut out = String::from("timestamp,available_at,");
    if event {
        out.push_str("bar_seq,");
    }
    let extra: Vec<&str> = bars.extra.iter().map(|(name, _)| name.as_str()).collect();
    out.push_str(&BAR_COLUMNS.iter().copied().chain(extra).collect::<Vec<_>>().join(","));
    out.push('\n');
    for row in 0..bars.len() {
        out.push_str(&format!("{},{}", format_iso(bars.timestamp[row]), format_iso(bars.available_at[row])));
        if event {
            out.push_str(&format!(",{}", bars.bar_seq[row]));
        }
        let columns = bars.columns().into_iter().chain(bars.extra.iter().map(|(_, values)| values));
        for value in columns.map(|values| values[row]) {
            out.push(',');
            number(&mut out, value);
        }
        out.push('\n');
    }
    out.into_bytes()
}

/// The shortest decimal that is the number; nothing for a missing one.
fn number(out: &mut String, value: f64) {
    if !value.is_nan() {
        // Writing to a string does not fail.
        let _ = write!(out, "{value}");
    }
}

/// `daily/SYMBOL.csv` or `minute/SYMBOL.csv`: `date,open,high,low,close,volume,dividend,split`, where split is shares after
/// for each before (1: none).
pub(super) fn zipline(outgoing: &Outgoing<'_>, shelf: &mut Shelf<'_>) -> Result<(), IngestError> {
    let folder = match outgoing.timeframe.micros() {
        Some(DAY) => "daily",
        Some(MINUTE) => "minute",
        _ => return Err(IngestError::request("zipline reads 1d and 1m bars; aggregate to one of them first")),
    };
    let bars = outgoing.bars;
    let mut out = String::from("date,open,high,low,close,volume,dividend,split\n");
    for row in 0..bars.len() {
        let time = bars.timestamp[row];
        out.push_str(&if folder == "daily" {
            format_date(time)
        } else {
            format_iso(time).replace('T', " ").replace('Z', "")
        });
        for value in [bars.open[row], bars.high[row], bars.low[row], bars.close[row], bars.volume[row]] {
            out.push(',');
            number(&mut out, value);
        }
        let action = outgoing.actions.iter().find(|action| folder == "daily" && action.timestamp == time);
        let (dividend, split) = action.map_or((0.0, 1.0), |action| (action.dividend, action.split));
        out.push_str(&format!(",{dividend},{split}\n"));
    }
    shelf.note("zipline stores volumes as whole numbers below 2^32 and prices to a thousandth");
    let is_of_a_bar = |action: &&CorporateAction| bars.timestamp.binary_search(&action.timestamp).is_ok();
    let n_lost = outgoing.actions.len() - outgoing.actions.iter().filter(is_of_a_bar).count();
    if folder == "daily" && n_lost > 0 {
        let symbol = outgoing.symbol;
        shelf.note(&format!("{symbol}: {n_lost} splits or dividends fall on days without a bar and are not written"));
    }
    shelf.put(&format!("{folder}/{}.csv", encode_path(outgoing.symbol)), out.as_bytes())
}
