//! qlib's data folders: `features/<instrument>/<field>.<freq>.bin` beside `calendars/<freq>.txt`, an instrument's fields
//! together as one file.
//!
//! A `.bin` file is 32-bit floating-point numbers, little-endian: the place of the first value in the calendar, then the
//! values (qlib `data/storage/file_storage.py`, `FileFeatureStorage`). NaN is a day without a value. Numbers become the
//! shortest decimal that is the same 32-bit number, so that 0.1 stays 0.1.

use std::path::{Path, PathBuf};

use crosscut_model::{Timeframe, time};

use crate::error::{AGAIN, Fault};

use super::container::cannot_read;
use super::name::NameFacts;

/// The field that stands for all of an instrument.
const FIRST: &str = "close.";

/// A feature file has at most this many bytes.
const BYTES_MAX: u64 = 256 << 20;

/// A calendar has at most this many bytes.
const CALENDAR_MAX: u64 = 64 << 20;

/// Fields that bars have, in the order in which they are written; others are kept under their own names behind them.
const FIELDS: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Whether a path is the close of an instrument in a qlib folder.
pub(crate) fn is_first(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.starts_with(FIRST) && is_feature(path)
}

/// Whether a path is a feature of qlib's.
pub(crate) fn is_feature(path: &Path) -> bool {
    let folder = |up: usize| path.ancestors().nth(up).and_then(Path::file_name);
    path.extension().is_some_and(|ending| ending == "bin") && folder(2).is_some_and(|name| name == "features")
}

/// The frequency in a feature's name: `day` of `close.day.bin`.
fn freq(path: &Path) -> String {
    let stem = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    stem.split_once('.').map(|(_, freq)| freq.to_owned()).unwrap_or_default()
}

/// What the folders say.
///
/// # Errors
/// When the frequency is none.
pub(crate) fn facts(path: &Path) -> Result<NameFacts, Fault> {
    let freq = freq(path);
    let written = match freq.as_str() {
        "day" => "1d".to_owned(),
        "week" => "1w".to_owned(),
        "month" => "1M".to_owned(),
        other => other.replace("min", "m"),
    };
    let timeframe: Timeframe = written.parse().map_err(|_| {
        Fault::file(format!("its frequency is `{}`; expected day, week, month or 5min", freq.escape_debug()))
    })?;
    let symbol = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().to_uppercase());
    Ok(NameFacts { symbol, timeframe: Some(timeframe), ..NameFacts::default() })
}

/// The files of an instrument with this frequency, sorted by name.
///
/// # Errors
/// When the folder cannot be listed.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>, Fault> {
    let (folder, ending) = (path.parent().unwrap_or(Path::new(".")), format!(".{}.bin", freq(path)));
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| cannot_read(&error))? {
        let path = entry.map_err(|error| cannot_read(&error))?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&ending)) {
            out.push(path);
        }
    }
    out.sort();
    Ok(out)
}

/// One field.
struct Field {
    /// Its name.
    name: String,
    /// Place of the first value in the calendar.
    start: usize,
    /// The values.
    values: Vec<f32>,
}

/// Reads a field.
fn read_field(path: &Path) -> Result<Field, Fault> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default().to_owned();
    let of = |reason: String| Fault::file(format!("{name}: {reason}")).hint(AGAIN);
    let size = std::fs::metadata(path).map_err(|error| cannot_read(&error))?.len();
    if size > BYTES_MAX || size % 4 != 0 || size < 4 {
        return Err(of(format!("has {size} bytes; expected whole numbers of 4 bytes, at most {BYTES_MAX}")));
    }
    let bytes = std::fs::read(path).map_err(|error| cannot_read(&error))?;
    let mut numbers = bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk));
    let start = numbers.next().unwrap_or(f32::NAN);
    // Whole 32-bit numbers beyond 2^24 are not all there.
    if !(start >= 0.0 && start.fract() == 0.0 && start < 16_777_216.0) {
        return Err(of(format!("begins at place {start} of the calendar; expected a whole number")));
    }
    Ok(Field { name, start: start as usize, values: numbers.collect() })
}

/// The calendar beside the features, and whether its rows have a clock.
fn calendar(path: &Path) -> Result<Vec<String>, Fault> {
    let root = path.ancestors().nth(3).unwrap_or(Path::new("."));
    let file = root.join("calendars").join(format!("{}.txt", freq(path)));
    let shown = format!("calendars/{}.txt", freq(path));
    let size = std::fs::metadata(&file)
        .map_err(|error| Fault::file(format!("{shown}: {error}")).hint("qlib's folder has calendars beside features"))?
        .len();
    if size > CALENDAR_MAX {
        return Err(Fault::file(format!("{shown}: has {size} bytes; expected at most {CALENDAR_MAX}")));
    }
    let text = std::fs::read_to_string(&file).map_err(|error| Fault::file(format!("{shown}: {error}")))?;
    let mut days: Vec<String> = Vec::new();
    let mut before = i64::MIN;
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |reason: &str| Fault::file(format!("{shown}, row {}: `{}` {reason}", at + 1, line.escape_debug()));
        let here = time::parse_iso(line.trim()).map_err(|_| wrong("is no date"))?;
        if here <= before {
            return Err(wrong("does not come after the row above"));
        }
        before = here;
        days.push(line.trim().to_owned());
    }
    Ok(days)
}

/// An instrument as CSV: a row for each day of the calendar on which it has a close.
///
/// # Errors
/// When a file cannot be read or is none, or goes beyond the calendar.
pub(crate) fn text(path: &Path) -> Result<Vec<u8>, Fault> {
    let days = calendar(path)?;
    let mut fields: Vec<Field> = files(path)?.iter().map(|file| read_field(file)).collect::<Result<_, _>>()?;
    let place = |name: &str| FIELDS.iter().position(|known| *known == name).unwrap_or(FIELDS.len());
    fields.sort_by(|a, b| (place(&a.name), &a.name).cmp(&(place(&b.name), &b.name)));
    for field in &fields {
        let end = field.start + field.values.len();
        if end > days.len() {
            let reason = format!("{}: reaches place {end} of a calendar of {}", field.name, days.len());
            return Err(Fault::file(reason).hint("the calendar is of another data set"));
        }
    }
    let close = fields.iter().position(|field| field.name == "close").ok_or_else(|| Fault::file("has no close"))?;
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let mut out = format!("date,{}\n", names.join(",")).into_bytes();
    let value = |field: &Field, at: usize| at.checked_sub(field.start).and_then(|at| field.values.get(at)).copied();
    for (at, day) in days.iter().enumerate() {
        if value(&fields[close], at).is_none_or(f32::is_nan) {
            continue;
        }
        out.extend_from_slice(day.as_bytes());
        for field in &fields {
            out.push(b',');
            if let Some(number) = value(field, at).filter(|number| !number.is_nan()) {
                out.extend_from_slice(number.to_string().as_bytes());
            }
        }
        out.push(b'\n');
    }
    Ok(out)
}
