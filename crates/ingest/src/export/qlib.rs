//! qlib's folder, as its `dump_bin.py` writes it: calendars, instruments, a 32-bit file per field and instrument.

use std::collections::BTreeSet;

use crosscut_model::time::{DAY, format_date};
use crosscut_model::{Timeframe, encode_path, format_iso};

use super::{Outgoing, Shelf};
use crate::error::IngestError;

/// Labels and values of one instrument.
struct Instrument {
    /// The symbol.
    symbol: String,
    /// Labels, microseconds UTC.
    times: Vec<i64>,
    /// Fields by name.
    fields: Vec<(&'static str, Vec<f64>)>,
}

/// All instruments, until the calendar is known.
#[derive(Default)]
pub(super) struct Features {
    /// The instruments in order.
    instruments: Vec<Instrument>,
}

impl Features {
    /// Adds a symbol.
    pub fn add(&mut self, outgoing: &Outgoing<'_>) {
        let bars = outgoing.bars;
        let mut fields = vec![
            ("open", bars.open.clone()),
            ("high", bars.high.clone()),
            ("low", bars.low.clone()),
            ("close", bars.close.clone()),
            ("volume", bars.volume.clone()),
        ];
        fields.extend([("vwap", bars.vwap.clone()), ("amount", bars.dollar_volume.clone())]);
        // qlib multiplies back to traded prices with it; what is written are traded prices.
        fields.push(("factor", vec![1.0; bars.len()]));
        fields.retain(|(_, values)| values.iter().any(|value| !value.is_nan()));
        self.instruments.push(Instrument { symbol: outgoing.symbol.to_owned(), times: bars.timestamp.clone(), fields });
    }

    /// Writes the folder.
    pub fn write(&self, timeframe: Timeframe, shelf: &mut Shelf<'_>) -> Result<(), IngestError> {
        let freq = freq(timeframe)?;
        let labels: BTreeSet<i64> =
            self.instruments.iter().flat_map(|instrument| instrument.times.iter().copied()).collect();
        let labels: Vec<i64> = labels.into_iter().collect();
        let daily = timeframe.micros() == Some(DAY);
        let shown =
            |time: &i64| if daily { format_date(*time) } else { format_iso(*time).replace('T', " ").replace('Z', "") };
        let lines: Vec<String> = labels.iter().map(|time| shown(time) + "\n").collect();
        shelf.put(&format!("calendars/{freq}.txt"), lines.concat().as_bytes())?;
        let mut listing = String::new();
        for instrument in &self.instruments {
            let (Some(first), Some(last)) = (instrument.times.first(), instrument.times.last()) else { continue };
            listing.push_str(&format!("{}\t{}\t{}\n", instrument.symbol.to_uppercase(), shown(first), shown(last)));
            let start = labels.partition_point(|time| time < first);
            let n = labels.partition_point(|time| time <= last) - start;
            let places: Vec<usize> =
                instrument.times.iter().map(|time| labels.partition_point(|label| label < time) - start).collect();
            for (name, values) in &instrument.fields {
                let mut numbers = vec![f32::NAN; n];
                places.iter().zip(values).for_each(|(place, value)| numbers[*place] = *value as f32);
                let mut bytes = (start as f32).to_le_bytes().to_vec();
                numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
                let folder = encode_path(&instrument.symbol.to_lowercase());
                shelf.put(&format!("features/{folder}/{name}.{freq}.bin"), &bytes)?;
            }
        }
        shelf.note("qlib stores 32-bit numbers: about seven digits of each value are left");
        shelf.put("instruments/all.txt", listing.as_bytes())
    }
}

/// The frequency in qlib's names.
fn freq(timeframe: Timeframe) -> Result<String, IngestError> {
    const MINUTE: i64 = crosscut_model::time::MINUTE;
    match timeframe.micros() {
        Some(DAY) => Ok("day".to_owned()),
        Some(micros) if micros % MINUTE == 0 && micros < DAY => Ok(format!("{}min", micros / MINUTE)),
        _ => Err(IngestError::request(format!("qlib has no {timeframe} bars; aggregate to 1d or to minutes first"))),
    }
}
