//! A run's warnings told once each: those that differ only in symbol and numbers are one line with a count and the first
//! and last time. Every single one stays in `logs.txt`.

use crosscut_model::format_iso;

use crate::outcome::{LogLevel, LogLine};

/// Warnings of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated<'a> {
    /// The first of them.
    pub first: &'a LogLine,
    /// Label of the bar the last one is about.
    pub last: i64,
    /// How many there are.
    pub n: usize,
    /// How many symbols they are about; 0 when they name none.
    pub n_symbols: usize,
}

impl Repeated<'_> {
    /// One line: the warning, and how often it came.
    pub fn text(&self) -> String {
        if self.n == 1 {
            return self.first.text.clone();
        }
        let symbols = if self.n_symbols > 1 { format!(", {} symbols", self.n_symbols) } else { String::new() };
        format!("{} ({} such warnings{symbols}, the last at {})", self.first.text, self.n, format_iso(self.last))
    }
}

/// The warnings among log lines by kind, in order of the first of each; `symbols` are sorted.
pub fn repeated<'a>(log: &'a [LogLine], symbols: &[String]) -> Vec<Repeated<'a>> {
    let mut kinds: Vec<Kind<'a>> = Vec::new();
    for line in log.iter().filter(|line| line.level == LogLevel::Warning) {
        let (pattern, symbol) = pattern(&line.text, symbols);
        let at = kinds.iter().position(|kind| kind.pattern == pattern).unwrap_or_else(|| {
            kinds.push(Kind { pattern, first: line, last: line.timestamp, n: 0, symbols: Vec::new() });
            kinds.len() - 1
        });
        let kind = &mut kinds[at];
        kind.n += 1;
        kind.last = kind.last.max(line.timestamp);
        if let Some(symbol) = symbol
            && let Err(at) = kind.symbols.binary_search(&symbol)
        {
            kind.symbols.insert(at, symbol);
        }
    }
    kinds
        .into_iter()
        .map(|kind| Repeated { first: kind.first, last: kind.last, n: kind.n, n_symbols: kind.symbols.len() })
        .collect()
}

/// Warnings of one kind while they are counted.
struct Kind<'a> {
    /// What they have in common.
    pattern: String,
    /// The first.
    first: &'a LogLine,
    /// Label of the last.
    last: i64,
    /// How many.
    n: usize,
    /// Positions of the symbols they name, ascending.
    symbols: Vec<usize>,
}

/// A text without its numbers and its symbol, and the position of that symbol.
fn pattern(text: &str, symbols: &[String]) -> (String, Option<usize>) {
    let mut named = None;
    let words = text.split(' ').map(|word| {
        let bare = word.trim_end_matches([':', ',', '.', ')']);
        if named.is_none()
            && let Ok(at) = symbols.binary_search_by(|symbol| symbol.as_str().cmp(bare))
        {
            named = Some(at);
            return "*";
        }
        if word.bytes().any(|byte| byte.is_ascii_digit()) { "#" } else { word }
    });
    (words.collect::<Vec<&str>>().join(" "), named)
}

#[cfg(test)]
mod tests {
    //! A log of two kinds of warning.

    use super::*;

    #[test]
    fn warnings_that_differ_in_symbol_and_numbers_are_one() {
        let line = |timestamp, level, text: &str| LogLine { timestamp, level, text: text.to_owned() };
        let log = [
            line(0, LogLevel::Warning, "AAA: order 2: max_position lets 0 of 8 through"),
            line(1, LogLevel::Warning, "B1 is delisted: closed at its last close"),
            line(2, LogLevel::Info, "AAA: order 3: max_position lets 0 of 8 through"),
            line(3_600_000_000, LogLevel::Warning, "B1: order 14: max_position lets 1.5 of 9 through"),
            line(3, LogLevel::Warning, "AAA: order 15: max_net lets 1 of 9 through"),
        ];
        let symbols = ["AAA".to_owned(), "B1".to_owned()];
        let told: Vec<String> = repeated(&log, &symbols).iter().map(Repeated::text).collect();
        assert_eq!(
            told,
            [
                "AAA: order 2: max_position lets 0 of 8 through (2 such warnings, 2 symbols, the last at 1970-01-01T01:00:00Z)",
                "B1 is delisted: closed at its last close",
                "AAA: order 15: max_net lets 1 of 9 through",
            ]
        );
        assert!(repeated(&[], &symbols).is_empty());
    }
}
