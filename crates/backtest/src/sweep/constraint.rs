//! Conditions between parameters: `fast < slow`, `k * 2 <= pool_top_n and execution == 'close'`.
//!
//! A name stands for the value a set gives a key, or the base where the set says nothing. Numbers compare by size; anything
//! else only by `==` and `!=`, as text. `and`, `or`, `not`, parentheses, `+ - * /`, percents (`5%` is 0.05)
//! and the six comparisons are all there is.

use std::fmt;

use crate::error::BacktestError;

/// Deepest nesting.
const DEPTH_MAX: usize = 64;

/// Letters of a condition that an error shows.
const SHOWN: usize = 80;

/// A condition that a set of parameters must meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    /// As it was written.
    text: String,
    /// What it says.
    expression: Expression,
}

/// A part of a condition.
#[derive(Debug, Clone, PartialEq)]
enum Expression {
    /// A number.
    Number(f64),
    /// A text in quotes.
    Text(String),
    /// The value of a key.
    Name(String),
    /// `not`.
    Not(Box<Expression>),
    /// Minus.
    Negative(Box<Expression>),
    /// Two parts joined.
    Joined(Box<Expression>, Operator, Box<Expression>),
}

/// What joins two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// `or`.
    Or,
    /// `and`.
    And,
    /// `==`.
    Equal,
    /// `!=`.
    Different,
    /// `<`.
    Below,
    /// `<=`.
    AtMost,
    /// `>`.
    Above,
    /// `>=`.
    AtLeast,
    /// `+`.
    Plus,
    /// `-`.
    Minus,
    /// `*`.
    Times,
    /// `/`.
    Over,
}

/// Operators by how tightly they bind, the loosest first.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("or", Operator::Or), ("||", Operator::Or)],
    &[("and", Operator::And), ("&&", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::Different),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("<", Operator::Below),
        (">", Operator::Above),
        ("=", Operator::Equal),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
    &[("*", Operator::Times), ("/", Operator::Over)],
];

/// What a part comes to.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    /// A number.
    Number(f64),
    /// A text that is no number.
    Text(String),
    /// Whether something holds.
    Truth(bool),
}

impl Constraint {
    /// Reads a condition.
    ///
    /// # Errors
    /// [`BacktestError::Search`] with the place and what was expected.
    pub fn parse(text: &str) -> Result<Self, BacktestError> {
        let mut reader = Reader { tokens: tokens(text)?, at: 0, text, depth: 0 };
        let expression = reader.level(0)?;
        if let Some(token) = reader.tokens.get(reader.at) {
            return Err(reader.wrong(&format!("the end, found `{token}`")));
        }
        let is_condition = matches!(&expression, Expression::Not(_))
            || matches!(&expression, Expression::Joined(_, operator, _) if operator.is_condition());
        if !is_condition {
            return Err(reader.wrong("a condition such as `fast < slow`"));
        }
        Ok(Self { text: text.to_owned(), expression })
    }

    /// The same condition with its names as `bound` gives them.
    ///
    /// # Errors
    /// What `bound` says of a name.
    pub fn bind<E>(&self, bound: &mut dyn FnMut(&str) -> Result<String, E>) -> Result<Self, E> {
        Ok(Self { text: self.text.clone(), expression: self.expression.bind(bound)? })
    }

    /// The names in it, each as often as it comes.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        // Nothing is bound: the way through all names is what is wanted.
        let all: Result<Self, std::convert::Infallible> = self.bind(&mut |name| {
            names.push(name.to_owned());
            Ok(name.to_owned())
        });
        drop(all);
        names
    }

    /// Whether values meet it; `value` gives that of a name.
    ///
    /// # Errors
    /// [`BacktestError::Search`] for a name without a value, and for texts where numbers are needed.
    pub fn holds(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<bool, BacktestError> {
        match self.expression.evaluate(value) {
            Ok(Value::Truth(holds)) => Ok(holds),
            Ok(_) => Err(self.problem("it is not a condition")),
            Err(problem) => Err(self.problem(&problem)),
        }
    }

    /// An error about this condition.
    fn problem(&self, problem: &str) -> BacktestError {
        wrong(&self.text, problem)
    }
}

/// An error about a condition.
fn wrong(text: &str, problem: &str) -> BacktestError {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    BacktestError::Search { problem: format!("constraint `{shown}`: {problem}") }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Operator {
    /// Whether it gives true or false.
    fn is_condition(self) -> bool {
        !matches!(self, Self::Plus | Self::Minus | Self::Times | Self::Over)
    }

    /// Joins two values.
    fn join(self, a: Value, b: Value) -> Result<Value, String> {
        let truth = |value| Ok(Value::Truth(value));
        match (self, &a, &b) {
            (Self::And, Value::Truth(a), Value::Truth(b)) => truth(*a && *b),
            (Self::Or, Value::Truth(a), Value::Truth(b)) => truth(*a || *b),
            (Self::Equal, _, _) => truth(a == b),
            (Self::Different, _, _) => truth(a != b),
            (_, Value::Number(a), Value::Number(b)) => match self {
                Self::Below => truth(a < b),
                Self::AtMost => truth(a <= b),
                Self::Above => truth(a > b),
                Self::AtLeast => truth(a >= b),
                Self::Plus => Ok(Value::Number(a + b)),
                Self::Minus => Ok(Value::Number(a - b)),
                Self::Times => Ok(Value::Number(a * b)),
                Self::Over if *b == 0.0 => Err(format!("{a} is divided by 0")),
                Self::Over => Ok(Value::Number(a / b)),
                _ => Err("`and` and `or` join conditions, not numbers".to_owned()),
            },
            (Self::And | Self::Or, _, _) => Err("`and` and `or` join conditions".to_owned()),
            _ => Err(format!("numbers are needed, found {} and {}", a.describe(), b.describe())),
        }
    }
}

impl Value {
    /// The value of a text.
    fn of(text: &str) -> Self {
        let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
        number.map_or_else(|| Self::Text(text.to_owned()), Self::Number)
    }

    /// In words.
    fn describe(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("`{text}`"),
            Self::Truth(_) => "a condition".to_owned(),
        }
    }
}

impl Expression {
    /// The same with other names.
    fn bind<E>(&self, bound: &mut dyn FnMut(&str) -> Result<String, E>) -> Result<Self, E> {
        Ok(match self {
            Self::Name(name) => Self::Name(bound(name)?),
            Self::Not(inner) => Self::Not(Box::new(inner.bind(bound)?)),
            Self::Negative(inner) => Self::Negative(Box::new(inner.bind(bound)?)),
            Self::Joined(a, operator, b) => Self::Joined(Box::new(a.bind(bound)?), *operator, Box::new(b.bind(bound)?)),
            other => other.clone(),
        })
    }

    /// What it comes to.
    fn evaluate(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<Value, String> {
        match self {
            Self::Number(number) => Ok(Value::Number(*number)),
            Self::Text(text) => Ok(Value::Text(text.clone())),
            Self::Name(name) => {
                value(name).map(|text| Value::of(&text)).ok_or_else(|| format!("`{name}` has no value"))
            }
            Self::Not(inner) => match inner.evaluate(value)? {
                Value::Truth(truth) => Ok(Value::Truth(!truth)),
                other => Err(format!("`not` is for conditions, found {}", other.describe())),
            },
            Self::Negative(inner) => match inner.evaluate(value)? {
                Value::Number(number) => Ok(Value::Number(-number)),
                other => Err(format!("a number is needed, found {}", other.describe())),
            },
            Self::Joined(a, operator, b) => operator.join(a.evaluate(value)?, b.evaluate(value)?),
        }
    }
}

/// Splits a condition into words, numbers, quoted texts and signs.
fn tokens(text: &str) -> Result<Vec<String>, BacktestError> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            // An exponent may have a sign: 1e-3.
            let is_number = first.is_ascii_digit() || first == '.';
            let has_sign = is_number && rest[..end].ends_with(['e', 'E']) && rest[end..].starts_with(['-', '+']);
            if has_sign {
                end + 1 + rest[end + 1..].find(|c: char| !is_word(c)).unwrap_or(rest.len() - end - 1)
            } else {
                end
            }
        } else if first == '\'' || first == '"' {
            rest[1..].find(first).ok_or_else(|| wrong(text, "a quoted text does not end"))? + 2
        } else if ["==", "!=", "<=", ">=", "&&", "||"].iter().any(|sign| rest.starts_with(sign)) {
            2
        } else if "<>=+-*/()%".contains(first) {
            1
        } else {
            return Err(wrong(text, &format!("`{first}` has no meaning here")));
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token.to_owned());
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// Reads tokens from left to right.
struct Reader<'a> {
    /// The tokens.
    tokens: Vec<String>,
    /// The next one.
    at: usize,
    /// The whole condition, for errors.
    text: &'a str,
    /// Nesting so far.
    depth: usize,
}

impl Reader<'_> {
    /// Reads what binds at least as tightly as a level.
    fn level(&mut self, level: usize) -> Result<Expression, BacktestError> {
        let Some(operators) = LEVELS.get(level) else { return self.single() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            let right = self.level(level + 1)?;
            left = Expression::Joined(Box::new(left), operator, Box::new(right));
        }
        Ok(left)
    }

    /// Takes an operator of a level.
    fn operator(&mut self, operators: &[(&str, Operator)]) -> Option<Operator> {
        let token = self.tokens.get(self.at)?;
        let found = operators.iter().find(|(sign, _)| sign == token)?.1;
        self.at += 1;
        Some(found)
    }

    /// Reads a number, a text, a name, a parenthesis, or one of them after `not` or a minus.
    fn single(&mut self) -> Result<Expression, BacktestError> {
        let Some(token) = self.tokens.get(self.at).cloned() else {
            return Err(self.wrong("a number or a name at the end"));
        };
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("fewer levels"));
        }
        let first = token.chars().next().unwrap_or(' ');
        let read = match token.as_str() {
            "not" => Expression::Not(Box::new(self.level(2)?)),
            "-" => Expression::Negative(Box::new(self.single()?)),
            "(" => {
                let inner = self.level(0)?;
                if self.tokens.get(self.at).map(String::as_str) != Some(")") {
                    return Err(self.wrong("`)`"));
                }
                self.at += 1;
                inner
            }
            _ if first == '\'' || first == '"' => Expression::Text(token[1..token.len() - 1].to_owned()),
            _ if first.is_ascii_digit() || first == '.' => Expression::Number(self.number(&token)?),
            _ if first.is_alphabetic() || first == '_' => Expression::Name(token),
            _ => return Err(self.wrong(&format!("a number or a name, found `{token}`"))),
        };
        self.depth -= 1;
        Ok(read)
    }

    /// A number; behind it there may be a percent sign.
    fn number(&mut self, token: &str) -> Result<f64, BacktestError> {
        let number = token.parse().ok().filter(|number: &f64| number.is_finite());
        let number = number.ok_or_else(|| self.wrong(&format!("a number, found `{token}`")))?;
        let is_percent = self.tokens.get(self.at).is_some_and(|next| next == "%");
        self.at += usize::from(is_percent);
        Ok(if is_percent { number / 100.0 } else { number })
    }

    /// The error for a condition that is written otherwise.
    fn wrong(&self, expected: &str) -> BacktestError {
        wrong(self.text, &format!("expected {expected}"))
    }
}
