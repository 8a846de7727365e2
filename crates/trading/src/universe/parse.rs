//! Conditions as text.

use crosscut_model::{Timeframe, nearest};

use super::{Condition, Measure, Relation, Test};
use crate::error::TradingError;

/// What a condition may begin with.
const WORDS: [&str; 8] = ["age", "price", "bars", "dollar_volume", "factor", "member", "include", "exclude"];

/// Reads conditions separated by commas or `and`.
pub(super) fn conditions(text: &str) -> Result<Vec<Condition>, TradingError> {
    let parts = split(text)?;
    if parts.is_empty() {
        return Err(wrong(text, "it holds no condition; expected one such as `dollar_volume(30d) top 100`"));
    }
    parts.iter().map(|part| condition(part)).collect()
}

/// The error for a condition.
fn wrong(condition: &str, problem: impl Into<String>) -> TradingError {
    TradingError::BadUniverse { condition: condition.trim().to_owned(), problem: problem.into() }
}

/// The texts between commas and the word `and`, those in brackets left alone.
fn split(text: &str) -> Result<Vec<String>, TradingError> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or_else(|| wrong(text, "a bracket closes that was not opened"))?,
            _ => {}
        }
        if depth == 0 && (c == ',' || c == '\n' || c == ';') {
            parts.push(String::new());
            continue;
        }
        let part = parts.last_mut().expect("there is always a part");
        part.push(c);
        if depth == 0 && part.to_lowercase().ends_with(" and ") {
            part.truncate(part.len() - 5);
            parts.push(String::new());
        }
    }
    if depth > 0 {
        return Err(wrong(text, "a bracket is not closed"));
    }
    Ok(parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect())
}

/// Reads one condition.
fn condition(text: &str) -> Result<Condition, TradingError> {
    let (is_not, body) = match text.split_once(char::is_whitespace) {
        Some((word, rest)) if word.eq_ignore_ascii_case("not") => (true, rest.trim_start()),
        _ => (false, text),
    };
    let end = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(body.len());
    let (word, rest) = (body[..end].to_lowercase(), body[end..].trim_start());
    let (argument, rest) = match rest.strip_prefix('(').and_then(|rest| rest.rsplit_once(')')) {
        Some((argument, rest)) => (Some(argument.trim()).filter(|argument| !argument.is_empty()), rest.trim()),
        None => (None, rest),
    };
    let needs = |what: &str| argument.ok_or_else(|| wrong(text, format!("expected {what} in brackets")));
    let plain = |condition: Condition| {
        if rest.is_empty() { Ok(condition) } else { Err(wrong(text, format!("`{rest}` is too much"))) }
    };
    let patterns = |belongs: bool| {
        let list = needs("patterns, such as (BTC* ETH*)")?;
        let patterns = list.split([' ', ',', '|']).filter(|pattern| !pattern.is_empty()).map(str::to_owned).collect();
        plain(Condition::Named { patterns, belongs })
    };
    let measure = match word.as_str() {
        "member" => {
            let file = needs("a file, such as (sp500.csv)")?.to_owned();
            return plain(Condition::Member { file, belongs: !is_not });
        }
        "include" => return patterns(!is_not),
        "exclude" => return patterns(is_not),
        _ if is_not => return Err(wrong(text, "`not` goes with member, include and exclude alone")),
        "age" => Measure::Age,
        "price" => Measure::Price,
        "bars" => Measure::Bars(span(text, needs("a span, such as (30d)")?)?),
        "dollar_volume" => Measure::DollarVolume(span(text, needs("a span, such as (30d)")?)?),
        "factor" => Measure::Factor(needs("a factor column, such as (liquidity)")?.to_owned()),
        _ => {
            let near = nearest(&word, WORDS).map_or_else(String::new, |near| format!("\nhint: did you mean `{near}`?"));
            return Err(wrong(text, format!("`{word}` is not one of {}{near}", WORDS.join(", "))));
        }
    };
    if argument.is_some() && matches!(measure, Measure::Age | Measure::Price) {
        return Err(wrong(text, format!("`{word}` takes nothing in brackets")));
    }
    let test = test(text, rest, measure == Measure::Age)?;
    Ok(Condition::Measured(measure, test))
}

/// A span of fixed length.
fn span(text: &str, span: &str) -> Result<Timeframe, TradingError> {
    let read = span.parse::<Timeframe>().ok().filter(|span| span.micros().is_some_and(|micros| micros > 0));
    read.ok_or_else(|| wrong(text, format!("`{span}` is not a span of fixed length, such as 30d, 12h, 4w")))
}

/// What a measured value must be.
fn test(text: &str, test: &str, is_age: bool) -> Result<Test, TradingError> {
    let expected = "expected a comparison, such as >= 1, or top 100, bottom 10%";
    for (sign, relation) in
        [(">=", Relation::AtLeast), ("<=", Relation::AtMost), (">", Relation::Above), ("<", Relation::Below)]
    {
        if let Some(number) = test.strip_prefix(sign) {
            let number = number.trim();
            let value = if is_age {
                span(text, number)?.micros().unwrap_or_default() as f64
            } else {
                let value = number.replace('_', "").parse::<f64>().ok().filter(|value| value.is_finite());
                value.ok_or_else(|| wrong(text, format!("`{number}` is not a finite number")))?
            };
            return Ok(Test::Is(relation, value));
        }
    }
    let Some((word, number)) = test.split_once(char::is_whitespace) else {
        return Err(wrong(text, expected));
    };
    let from_top = match word.to_lowercase().as_str() {
        "top" => true,
        "bottom" => false,
        _ => return Err(wrong(text, expected)),
    };
    let number = number.trim();
    if let Some(percent) = number.strip_suffix('%') {
        let share = percent.trim().parse::<f64>().ok().filter(|percent| *percent > 0.0 && *percent <= 100.0);
        let share =
            share.ok_or_else(|| wrong(text, format!("`{number}` is not a percentage above 0, at most 100%")))?;
        return Ok(if from_top { Test::TopShare(share / 100.0) } else { Test::BottomShare(share / 100.0) });
    }
    let n_names = number.parse::<usize>().ok().filter(|n| *n > 0);
    let n_names = n_names.ok_or_else(|| wrong(text, format!("`{number}` is not a number of symbols of at least 1")))?;
    Ok(if from_top { Test::Top(n_names) } else { Test::Bottom(n_names) })
}
