//! Where things lie in the hub, and which names may become paths. Nothing outside this file builds a hub path.

use std::path::{Path, PathBuf};

use crosscut_model::{BarSpec, Timeframe, TradeKind, check_symbol, encode_path};

use crate::error::HubError;

/// Checks a venue, factor-set or pool name: 1 to 100 of `[a-z0-9_.-]`, not beginning with a dot.
pub(crate) fn check_name<'a>(what: &str, name: &'a str) -> Result<&'a str, HubError> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
    if name.is_empty() || name.len() > 100 || name.starts_with('.') || !name.chars().all(good) {
        return Err(HubError::Name {
            message: format!(
                "`{}` cannot be the name of a {what}; expected up to 100 of a-z, 0-9, `_`, `-`, `.`, not beginning with `.`",
                name.escape_debug()
            ),
        });
    }
    Ok(name)
}

/// Checks a month, `2024-08`.
pub(crate) fn check_month(month: &str) -> Result<&str, HubError> {
    let bytes = month.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
    let shaped = bytes.len() == 7 && bytes[4] == b'-' && digits(0..4) && digits(5..7);
    if !shaped || !("01"..="12").contains(&&month[5..]) {
        return Err(HubError::Name {
            message: format!("`{}` is not a month; expected YYYY-MM such as 2024-08", month.escape_debug()),
        });
    }
    Ok(month)
}

/// The file-name form of a checked symbol.
pub(crate) fn symbol_name(symbol: &str) -> Result<String, HubError> {
    check_symbol(symbol).map(encode_path).map_err(|error| HubError::Name { message: error.to_string() })
}

/// Path inside the hub of a bar table.
pub(crate) fn bar_table(venue: &str, bar: &BarSpec, symbol: &str) -> Result<PathBuf, HubError> {
    let folder = bar_folder(venue, bar)?;
    Ok(folder.join(format!("{}.parquet", symbol_name(symbol)?)))
}

/// Path inside the hub of the folder of one kind of bar.
pub(crate) fn bar_folder(venue: &str, bar: &BarSpec) -> Result<PathBuf, HubError> {
    Ok(Path::new("bars").join(check_name("venue", venue)?).join(bar.to_string()))
}

/// Path inside the hub of the folder of a symbol's tick tables.
pub(crate) fn tick_folder(venue: &str, symbol: &str) -> Result<PathBuf, HubError> {
    Ok(Path::new("ticks").join(check_name("venue", venue)?).join(symbol_name(symbol)?))
}

/// Path inside the hub of a month of ticks.
pub(crate) fn tick_table(venue: &str, symbol: &str, kind: TradeKind, month: &str) -> Result<PathBuf, HubError> {
    Ok(tick_folder(venue, symbol)?.join(format!("{}-{}.parquet", kind.name(), check_month(month)?)))
}

/// Path inside the hub of a venue's instruments.
pub(crate) fn instruments_table(venue: &str) -> Result<PathBuf, HubError> {
    Ok(Path::new("instruments").join(format!("{}.parquet", check_name("venue", venue)?)))
}

/// Path inside the hub of a venue's calendar.
pub(crate) fn calendar_file(venue: &str) -> Result<PathBuf, HubError> {
    Ok(Path::new("calendars").join(format!("{}.json", check_name("venue", venue)?)))
}

/// Path inside the hub of the folder of a venue's tables of one kind: `funding`, `actions`.
pub(crate) fn venue_folder(kind: &str, venue: &str) -> Result<PathBuf, HubError> {
    Ok(Path::new(kind).join(check_name("venue", venue)?))
}

/// Path inside the hub of a symbol's table of such a kind.
pub(crate) fn symbol_table(kind: &str, venue: &str, symbol: &str) -> Result<PathBuf, HubError> {
    Ok(venue_folder(kind, venue)?.join(format!("{}.parquet", symbol_name(symbol)?)))
}

/// Path inside the hub of the lock of those who bring data of a venue in.
pub(crate) fn ingest_lock(venue: &str) -> Result<PathBuf, HubError> {
    Ok(Path::new(".locks").join(check_name("venue", venue)?))
}

/// Path inside the hub of an asset pool snapshot.
pub(crate) fn pool_file(name: &str) -> Result<PathBuf, HubError> {
    Ok(Path::new("pools").join(format!("{}.json", check_name("pool", name)?)))
}

/// Path inside the hub of the provenance of a table.
pub(crate) fn provenance_file(table: &Path) -> PathBuf {
    let mut name = Path::new("provenance").join(table).into_os_string();
    name.push(".json");
    PathBuf::from(name)
}

/// Path inside the hub of a factor set's link.
pub(crate) fn factor_link(timeframe: Timeframe, set: &str) -> Result<PathBuf, HubError> {
    Ok(Path::new("factors").join(timeframe.to_string()).join(check_name("factor set", set)?))
}

/// Name of the file of a saved state inside a generation.
pub(crate) fn state_file(name: &str) -> Result<String, HubError> {
    Ok(format!("{}.state", check_name("state", name)?))
}

/// Path inside the hub of the folder that holds a factor set's generations.
pub(crate) fn generations_folder(timeframe: Timeframe, set: &str) -> Result<PathBuf, HubError> {
    Ok(Path::new(".generations").join(timeframe.to_string()).join(check_name("factor set", set)?))
}

/// Path inside the hub of the link to a factor set's metadata.
pub(crate) fn metadata_link(timeframe: Timeframe, set: &str) -> Result<PathBuf, HubError> {
    Ok(Path::new("metadata").join(timeframe.to_string()).join(format!("{}.json", check_name("factor set", set)?)))
}

#[cfg(test)]
mod tests;
