//! LEAN's folders: a ZIP per symbol of daily or hourly bars, a ZIP per symbol and day of minute bars.

use std::io::Write as _;

use crosscut_model::time::{DAY, HOUR, MINUTE, civil};
use crosscut_model::{Zone, encode_path};
use zip::write::SimpleFileOptions;

use super::{Outgoing, Shelf};
use crate::error::IngestError;

/// What one unit of a share's price stands for, dollars.
const PRICE_UNITS: f64 = 10_000.0;

/// Writes one symbol.
pub(super) fn write(
    outgoing: &Outgoing<'_>,
    venue: &str,
    is_shares: bool,
    shelf: &mut Shelf<'_>,
) -> Result<(), IngestError> {
    let symbol = encode_path(&outgoing.symbol.to_lowercase());
    let market = venue.split(['_', '-', '.']).next().unwrap_or(venue);
    let root = if is_shares { "equity/usa".to_owned() } else { format!("crypto/{market}") };
    match outgoing.timeframe.micros() {
        Some(DAY | HOUR) => {
            let folder = if outgoing.timeframe.micros() == Some(DAY) { "daily" } else { "hour" };
            let rows: Vec<String> = (0..outgoing.bars.len()).map(|row| line(outgoing, row, is_shares, false)).collect();
            let member = if is_shares { format!("{symbol}.csv") } else { format!("{symbol}_trade.csv") };
            let name = if is_shares { symbol } else { format!("{symbol}_trade") };
            shelf.put(&format!("{root}/{folder}/{name}.zip"), &packed(&member, &rows.concat())?)?;
        }
        Some(MINUTE) => {
            let mut at = 0;
            while at < outgoing.bars.len() {
                let day = local(outgoing.bars.timestamp[at], is_shares).div_euclid(DAY);
                let until =
                    outgoing.bars.timestamp.partition_point(|time| local(*time, is_shares).div_euclid(DAY) <= day);
                let rows: Vec<String> = (at..until).map(|row| line(outgoing, row, is_shares, true)).collect();
                let date = date(day * DAY);
                let member = format!("{date}_{symbol}_minute_trade.csv");
                shelf.put(&format!("{root}/minute/{symbol}/{date}_trade.zip"), &packed(&member, &rows.concat())?)?;
                at = until;
            }
        }
        _ => return Err(IngestError::request("LEAN has 1d, 1h and 1m bars; aggregate to one of them first")),
    }
    shelf.note("LEAN has no columns for what else bars hold (buy volume, vwap, counts)");
    Ok(())
}

/// A time on the clock of the market.
fn local(time: i64, is_shares: bool) -> i64 {
    let zone = if is_shares { Zone::NewYork } else { Zone::Utc };
    time - zone.to_utc(time - zone.to_utc(time))
}

/// `20131007`.
fn date(day: i64) -> String {
    let date = civil(day);
    format!("{:04}{:02}{:02}", date.year, date.month, date.day)
}

/// One bar; within the day its time is milliseconds.
fn line(outgoing: &Outgoing<'_>, row: usize, is_shares: bool, within_day: bool) -> String {
    let bars = outgoing.bars;
    // A daily bar is labelled by its date, not by an hour of New York.
    let is_daily = outgoing.timeframe.micros() == Some(DAY);
    let time = if is_daily { bars.timestamp[row] } else { local(bars.timestamp[row], is_shares) };
    let shown = if within_day {
        (time.rem_euclid(DAY) / 1_000).to_string()
    } else {
        let clock = time.rem_euclid(DAY) / MINUTE;
        format!("{} {:02}:{:02}", date(time), clock / 60, clock % 60)
    };
    let price = |value: f64| if is_shares { format!("{}", (value * PRICE_UNITS).round()) } else { format!("{value}") };
    let prices = [bars.open[row], bars.high[row], bars.low[row], bars.close[row]].map(price).join(",");
    format!("{shown},{prices},{}\n", if bars.volume[row].is_nan() { 0.0 } else { bars.volume[row] })
}

/// A ZIP of one member.
fn packed(member: &str, text: &str) -> Result<Vec<u8>, IngestError> {
    let failed = |error: &dyn std::fmt::Display| IngestError::request(format!("cannot pack {member}: {error}"));
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(member, SimpleFileOptions::default()).map_err(|error| failed(&error))?;
    zip.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    Ok(zip.finish().map_err(|error| failed(&error))?.into_inner())
}
