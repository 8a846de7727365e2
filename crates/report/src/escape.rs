//! Text and numbers as they may stand in HTML and in the JSON that the page's script reads.

/// Appends `text` so that it is the same text in an HTML element or a quoted attribute. Control characters other than
/// tab and line feed, which HTML cannot hold, become U+FFFD.
pub fn push_html(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(c),
            c if c.is_control() => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
}

/// Appends `text` as a JSON string literal that is also safe inside a `<script>` element: `<`, `>` and `&` are
/// written as `\u` escapes, so no `</script>` or `<!--` can end the data early.
pub fn push_json_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => push_unicode_escape(out, c),
            c if c.is_control() => push_unicode_escape(out, c),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends a character of the basic plane as `\u003c`.
fn push_unicode_escape(out: &mut String, c: char) {
    out.push_str(&format!("\\u{:04x}", u32::from(c)));
}

/// Appends a number with eight significant digits, which is more than a screen can show; `null` when it is not finite.
pub fn push_json_number(out: &mut String, value: f64) {
    if !value.is_finite() {
        out.push_str("null");
        return;
    }
    // Through the decimal text, so that the digits are those of correct rounding on every machine.
    let rounded: f64 = format!("{value:.7e}").parse().unwrap_or(value);
    if rounded == 0.0 {
        out.push('0');
    } else if (1e-4..1e15).contains(&rounded.abs()) {
        out.push_str(&format!("{rounded}"));
    } else {
        out.push_str(&format!("{rounded:e}"));
    }
}
