//! Instruments and the safety of their names.

use std::fmt;

use crate::time::format_date;

/// What is known of an instrument over a stretch of time. A symbol has one row per stretch, each with its own
/// `valid_from`; a row holds until the next one begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Instrument {
    /// Instrument id.
    pub symbol: String,
    /// What the venue called it in this stretch; `None` when that is the symbol (without a `~YYYYMMDD`).
    pub listed_as: Option<String>,
    /// First moment of trading, microseconds UTC; `None` when unknown. The same in all rows of a symbol.
    pub listed_at: Option<i64>,
    /// Moment trading ended, microseconds UTC; `None` while it trades. The end of a data file is not a delisting.
    pub delisted_at: Option<i64>,
    /// Smallest price step, quote units; `None` when unknown.
    pub tick_size: Option<f64>,
    /// Smallest quantity step, base units; `None` when unknown: sizes are then fractional.
    pub lot_size: Option<f64>,
    /// Smallest quantity of an order, base units; `None` when unknown.
    pub min_quantity: Option<f64>,
    /// Smallest order value, quote units; `None` when unknown.
    pub min_notional: Option<f64>,
    /// Base units that one unit of quantity stands for (contracts of futures); `None` is 1.
    pub multiplier: Option<f64>,
    /// From when these values hold, microseconds UTC; `None` is always.
    pub valid_from: Option<i64>,
    /// The last moment they are known to have held (a snapshot of the venue showed them), microseconds UTC; `None` when
    /// nothing says so.
    pub seen_at: Option<i64>,
}

impl Instrument {
    /// An instrument of which only the name is known.
    pub fn named(symbol: impl Into<String>) -> Self {
        Self { symbol: symbol.into(), ..Self::default() }
    }

    /// What the venue calls it: the symbol, without the listing day of an earlier holder.
    pub fn venue_symbol(&self) -> &str {
        self.listed_as.as_deref().unwrap_or_else(|| holder_of(&self.symbol))
    }

    /// Whether it was listed at a moment, as far as is known: unknown bounds are open, a delisting is exclusive.
    pub fn is_listed(&self, at: i64) -> bool {
        self.listed_at.is_none_or(|from| at >= from) && self.delisted_at.is_none_or(|until| at < until)
    }

    /// The row of `rows` (of one symbol, ascending by `valid_from`) that holds at a moment; `None` before the first.
    pub fn at(rows: &[Self], at: i64) -> Option<&Self> {
        let after = rows.partition_point(|row| row.valid_from.is_none_or(|from| from <= at));
        after.checked_sub(1).map(|before| &rows[before])
    }
}

/// The venue's symbol behind an instrument id: `LUNAUSDT~20200821` was listed as `LUNAUSDT`.
pub fn holder_of(symbol: &str) -> &str {
    match symbol.split_once('~') {
        Some((name, day)) if day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => symbol,
    }
}

/// The id of an earlier holder of a symbol that was listed at `listed_at` (microseconds UTC).
pub fn earlier_holder(symbol: &str, listed_at: i64) -> String {
    format!("{symbol}~{}", format_date(listed_at).replace('-', ""))
}

/// Why a text cannot be a symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolError {
    /// The text as given.
    pub text: String,
}

impl fmt::Display for SymbolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` cannot be a symbol: it is empty, longer than 64 bytes, or holds a path separator, white space, a colon, a control character, a leading dot or what is no UTF-8",
            shortened(&self.text).escape_debug()
        )
    }
}

impl std::error::Error for SymbolError {}

/// The beginning of a text that is too long to be shown.
fn shortened(text: &str) -> &str {
    let end = text.char_indices().nth(64).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// Accepts what a venue may list (non-ASCII names included) and refuses what would leave its folder:
/// separators, a leading dot, control characters, white space, empty or overlong texts, and names that are no UTF-8, of which
/// several would read alike.
///
/// # Errors
/// [`SymbolError`] naming the text.
pub fn check_symbol(text: &str) -> Result<&str, SymbolError> {
    let bad = |c: char| c == '/' || c == '\\' || c.is_control() || c.is_whitespace() || ":\u{fffd}".contains(c);
    if text.is_empty() || text.len() > 64 || text.starts_with('.') || text.contains(bad) {
        return Err(SymbolError { text: text.to_owned() });
    }
    Ok(text)
}

/// The file-name form of a symbol: every byte outside `[A-Za-z0-9._~-]` is percent-encoded.
pub fn encode_path(symbol: &str) -> String {
    let mut out = String::with_capacity(symbol.len());
    for byte in symbol.bytes() {
        if byte.is_ascii_alphanumeric() || b"._~-".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Inverts [`encode_path`]; `None` when the text is not an encoded name.
pub fn decode_path(name: &str) -> Option<String> {
    let bytes = name.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let hex = name.get(at + 1..at + 3)?;
            out.push(u8::from_str_radix(hex, 16).ok()?);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    //! Names that try to leave their folder, and names that are merely unusual.

    use super::*;

    #[test]
    fn unusual_names_round_trip() {
        for symbol in ["BTCUSDT", "1000SHIBUSDT", "BRK.B", "LUNAUSDT~20190826", "币安人生USDT", "A%B"] {
            assert_eq!(decode_path(&encode_path(check_symbol(symbol).unwrap())).unwrap(), symbol);
        }
        assert_eq!(encode_path("币"), "%E5%B8%81");
    }

    #[test]
    fn earlier_holders_carry_their_listing_day() {
        let id = earlier_holder("LUNAUSDT", crate::time::midnight(2020, 8, 21) + crate::time::HOUR);
        assert_eq!((id.as_str(), holder_of(&id)), ("LUNAUSDT~20200821", "LUNAUSDT"));
        assert_eq!((holder_of("A~B"), holder_of("BTCUSDT")), ("A~B", "BTCUSDT"));
    }

    #[test]
    fn the_row_of_a_date() {
        let row = |from| Instrument { valid_from: from, ..Instrument::named("A") };
        let rows = [row(None), row(Some(10)), row(Some(20))];
        let from = |at| Instrument::at(&rows, at).map(|row| row.valid_from);
        assert_eq!(
            (from(0), from(10), from(19), from(99)),
            (Some(None), Some(Some(10)), Some(Some(10)), Some(Some(20)))
        );
        assert_eq!(Instrument::at(&rows[1..], 9), None);
        let lived = Instrument { listed_at: Some(5), delisted_at: Some(9), ..Instrument::named("A") };
        assert!(lived.is_listed(5) && !lived.is_listed(4) && !lived.is_listed(9));
    }

    #[test]
    fn escaping_names_are_refused() {
        for symbol in ["", "..", "../x", "a/b", "a\\b", ".hidden", "a b", "a\nb", "C:x"] {
            assert!(check_symbol(symbol).is_err(), "{symbol:?}");
        }
    }
}
