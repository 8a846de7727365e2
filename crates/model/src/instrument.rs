//! Instruments and the safety of their names.

use std::fmt;

/// What is known of an instrument over a stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Instrument {
    /// Instrument id.
    pub symbol: String,
    /// First moment of trading, microseconds UTC; `None` when unknown.
    pub listed_at: Option<i64>,
    /// Moment trading ended, microseconds UTC; `None` while it trades. The end of a data file is not a delisting.
    pub delisted_at: Option<i64>,
    /// Smallest price step, quote units; `None` when unknown.
    pub tick_size: Option<f64>,
    /// Smallest quantity step, base units; `None` when unknown: sizes are then fractional.
    pub lot_size: Option<f64>,
    /// Smallest order value, quote units; `None` when unknown.
    pub min_notional: Option<f64>,
    /// From when these values hold, microseconds UTC; `None` is always.
    pub valid_from: Option<i64>,
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
            "`{}` cannot be a symbol: it is empty, longer than 64 bytes, or holds a path separator, a control character or a leading dot",
            self.text.escape_debug()
        )
    }
}

impl std::error::Error for SymbolError {}

/// Accepts what a venue may list (non-ASCII names included) and refuses what would leave its folder:
/// separators, a leading dot, control characters, white space, empty or overlong texts.
///
/// # Errors
/// [`SymbolError`] naming the text.
pub fn check_symbol(text: &str) -> Result<&str, SymbolError> {
    let bad = |c: char| c == '/' || c == '\\' || c.is_control() || c.is_whitespace() || c == ':';
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
    fn escaping_names_are_refused() {
        for symbol in ["", "..", "../x", "a/b", "a\\b", ".hidden", "a b", "a\nb", "C:x"] {
            assert!(check_symbol(symbol).is_err(), "{symbol:?}");
        }
    }
}
