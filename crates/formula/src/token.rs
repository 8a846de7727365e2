//! Formula text into tokens, each with its place.

use std::ops::Range;

use crate::error::Fault;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    /// A number.
    Number(f64),
    /// A name of a column, a function, or a word operator (`and`).
    Name(String),
    /// A column written the qlib way, `$close`; the text is without the sign.
    Column(String),
    /// Signs: `+`, `<=`, `(`.
    Sign(&'static str),
    /// The end of the text.
    End,
}

/// A token and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Its characters, by position from 0.
    pub(crate) span: Range<usize>,
}

/// All signs, longer ones first where one begins like another.
const SIGNS: [&str; 22] = [
    "**", "<=", ">=", "==", "!=", "&&", "||", "+", "-", "*", "/", "^", "<", ">", "&", "|", "!", "(", ")", ",", "?", ":",
];

/// Splits a formula into tokens; the last one is the end.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        while chars.get(at).is_some_and(|c| c.is_whitespace()) {
            at += 1;
        }
        let Some(&first) = chars.get(at) else {
            tokens.push(Token { kind: TokenKind::End, span: at..at });
            return Ok(tokens);
        };
        let (kind, end) = if first.is_ascii_digit() || first == '.' {
            number(&chars, at)?
        } else if first.is_ascii_alphabetic() || first == '_' {
            let (name, end) = name(&chars, at);
            (TokenKind::Name(name), end)
        } else if first == '$' && chars.get(at + 1).is_some_and(char::is_ascii_alphabetic) {
            let (name, end) = name(&chars, at + 1);
            (TokenKind::Column(name), end)
        } else {
            sign(&chars, at)?
        };
        tokens.push(Token { kind, span: at..end });
        at = end;
    }
}

/// A name and its end. `IndClass.sector`, as the formulaic alphas have it, is the column `sector`.
fn name(chars: &[char], at: usize) -> (String, usize) {
    let end = run_end(chars, at, |c| c.is_ascii_alphanumeric() || c == '_');
    let name: String = chars[at..end].iter().collect();
    let is_class = name == "IndClass" && chars.get(end) == Some(&'.');
    match chars.get(end + 1) {
        Some(next) if is_class && next.is_ascii_alphabetic() => self::name(chars, end + 1),
        _ => (name, end),
    }
}

/// The end of the run of characters from `at` on for which `holds`.
fn run_end(chars: &[char], at: usize, holds: impl Fn(char) -> bool) -> usize {
    chars[at..].iter().position(|&c| !holds(c)).map_or(chars.len(), |n| at + n)
}

/// A number: digits with a point, and an exponent.
fn number(chars: &[char], at: usize) -> Result<(TokenKind, usize), Fault> {
    let mut end = run_end(chars, at, |c| c.is_ascii_digit() || c == '.');
    if matches!(chars.get(end), Some('e' | 'E')) {
        let signed = usize::from(matches!(chars.get(end + 1), Some('+' | '-')));
        end = run_end(chars, end + 1 + signed, |c| c.is_ascii_digit());
    }
    // Letters that touch a number belong to the mistake: `5x`, `1e`.
    let end = run_end(chars, end.min(chars.len()), |c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    let text: String = chars[at..end].iter().collect();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((TokenKind::Number(value), end)),
        _ => Err(Fault::new(at..end, format!("`{text}` is not a number"))),
    }
}

/// A sign.
fn sign(chars: &[char], at: usize) -> Result<(TokenKind, usize), Fault> {
    let begins = |sign: &&&str| sign.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
    if let Some(sign) = SIGNS.iter().find(begins) {
        return Ok((TokenKind::Sign(sign), at + sign.len()));
    }
    let shown = match chars[at] {
        plain @ ('"' | '\'' | '\\') => plain.to_string(),
        other => other.escape_debug().to_string(),
    };
    let fault = Fault::new(at..at + 1, format!("`{shown}` has no meaning here"));
    Err(match sign_hint(chars[at]) {
        Some(hint) => fault.with_hint(hint),
        None => fault,
    })
}

/// What is meant by a character that no formula has.
fn sign_hint(character: char) -> Option<&'static str> {
    Some(match character {
        '=' => "equality is written `==`",
        '{' | '}' => "`{w}` needs a list of windows",
        '$' => "a column is written `close` or `$close`",
        '"' | '\'' | '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' => {
            "a formula holds no texts; what qlib reads of another instrument is imported as a column beside the bars"
        }
        '#' => "remarks belong under `notes`, or behind a `#` outside the formula's quotes",
        '[' | ']' => "the value some rows before is `delay(x, rows)`",
        '%' => "a remainder is `x - y * floor(x / y)`",
        '~' => "`not` is written `!` or `not`",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "minus is written `-`",
        '\u{d7}' | '\u{b7}' => "times is written `*`",
        _ => return None,
    })
}
