//! One line of CSV as fields: quotes are taken off, white space around fields is cut.

use std::borrow::Cow;

/// Splits a line (without its line end) at commas outside of double quotes. `None` when a quote is never closed.
pub(crate) fn split<'a>(line: &'a [u8], fields: &mut Vec<Cow<'a, [u8]>>) -> Option<()> {
    fields.clear();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let lead = rest.iter().take_while(|b| **b == b' ' || **b == b'\t').count();
        if rest.get(lead) == Some(&b'"') {
            let (field, length) = quoted(&rest[lead + 1..])?;
            fields.push(field);
            at += lead + 1 + length;
            let after = line[at..].iter().take_while(|b| **b == b' ' || **b == b'\t').count();
            at += after;
        } else {
            let length = rest.iter().position(|&b| b == b',').unwrap_or(rest.len());
            fields.push(Cow::Borrowed(rest[..length].trim_ascii()));
            at += length;
        }
        match line.get(at) {
            Some(b',') => at += 1,
            None => return Some(()),
            Some(_) => return None,
        }
    }
}

/// The inside of a quoted field, and the length up to and including the closing quote.
fn quoted(rest: &[u8]) -> Option<(Cow<'_, [u8]>, usize)> {
    let mut end = rest.iter().position(|&b| b == b'"')?;
    if rest.get(end + 1) != Some(&b'"') {
        return Some((Cow::Borrowed(&rest[..end]), end + 1));
    }
    let mut text = Vec::new();
    let mut from = 0;
    loop {
        text.extend_from_slice(&rest[from..end]);
        if rest.get(end + 1) != Some(&b'"') {
            return Some((Cow::Owned(text), end + 1));
        }
        text.push(b'"');
        from = end + 2;
        end = from + rest[from..].iter().position(|&b| b == b'"')?;
    }
}

/// A field for an error message: short, printable, in back quotes.
pub(crate) fn shown(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field);
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    format!("`{}`", short.escape_debug())
}

/// A column name reduced to its lower-case letters and digits, for comparing spellings.
pub(crate) fn plain_name(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    //! Lines as spreadsheets write them.

    use super::*;

    fn fields(line: &str) -> Option<Vec<String>> {
        let mut fields = Vec::new();
        split(line.as_bytes(), &mut fields)?;
        Some(fields.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect())
    }

    #[test]
    fn splits() {
        assert_eq!(fields("a,b,,d\r").unwrap(), ["a", "b", "", "d"]);
        assert_eq!(fields(r#""a" , "b,c","say ""hi""",4"#).unwrap(), ["a", "b,c", "say \"hi\"", "4"]);
        assert_eq!(fields("").unwrap(), [""]);
        assert_eq!(fields("\"open,1"), None);
        assert_eq!(fields("\"a\"b,1"), None);
    }
}
