//! freqtrade's forms: a file per pair, in Feather (its own choice) or JSON, of times and open, high, low, close, volume.

use crosscut_hub::arrow_file;
use crosscut_model::encode_path;

use super::{Outgoing, Shelf};
use crate::error::IngestError;
use crate::pool::pair;

/// `BTC_USDT-1h.feather`: a column `date` of milliseconds UTC and the five numbers.
pub(super) fn feather(outgoing: &Outgoing<'_>, shelf: &mut Shelf<'_>) -> Result<(), IngestError> {
    let bars = outgoing.bars;
    let times: Vec<i64> = bars.timestamp.iter().map(|time| time / 1000).collect();
    let numbers: [(&str, &[f64]); 5] = [
        ("open", &bars.open),
        ("high", &bars.high),
        ("low", &bars.low),
        ("close", &bars.close),
        ("volume", &bars.volume),
    ];
    shelf.put(&name(outgoing, "feather"), &arrow_file::encode(("date", &times), &numbers))
}

/// `BTC_USDT-1h.json`: rows of milliseconds, open, high, low, close, volume.
pub(super) fn json(outgoing: &Outgoing<'_>, shelf: &mut Shelf<'_>) -> Result<(), IngestError> {
    let bars = outgoing.bars;
    let mut out = String::from("[");
    for row in 0..bars.len() {
        let comma = if row > 0 { "," } else { "" };
        let numbers = [bars.open[row], bars.high[row], bars.low[row], bars.close[row], bars.volume[row]];
        let fields: Vec<String> =
            numbers.iter().map(|value| if value.is_nan() { "null".to_owned() } else { format!("{value:?}") }).collect();
        out.push_str(&format!("{comma}[{},{}]", bars.timestamp[row] / 1000, fields.join(",")));
    }
    out.push(']');
    shelf.put(&name(outgoing, "json"), out.as_bytes())
}

/// The name of a pair's file.
fn name(outgoing: &Outgoing<'_>, ending: &str) -> String {
    let (base, quote) = pair(outgoing.symbol);
    let name =
        if quote.is_empty() { encode_path(base) } else { format!("{}_{}", encode_path(base), encode_path(quote)) };
    format!("{name}-{}.{ending}", outgoing.timeframe)
}
