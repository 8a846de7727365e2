//! Reads a formula: precedence climbing over tokens, building expressions and checking every call as it goes.
//!
//! From weak to strong: the choice `condition ? a : b`, `or`, `and`, `not`, comparisons (which do not chain), `+ -`, `* /`, sign, power (right to
//! left). There is no syntax tree in between: an expression is checked and shared the moment it is read, and chains
//! of operators need no recursion.

mod functions;
mod hints;

use std::ops::Range;

use crate::error::Fault;
use crate::expression::{ExpressionId, Expressions};
use crate::operators::{self, MAX_WINDOW, Operator, ParameterKind};
use crate::scope::Scope;

use crate::token::{Token, TokenKind, tokens};
pub(crate) use functions::{check_body, columns, declaration};

/// The longest formula, in characters: ten times the longest of the 101 formulaic alphas.
pub const MAX_LENGTH: usize = 10_000;

/// The deepest nesting of parentheses, calls and signs. People stop near ten; the bound keeps reading within the
/// stack of any thread.
pub const MAX_DEPTH: usize = 100;

/// The most different expressions in one program: enough for the published factor libraries together, several times
/// over.
pub const MAX_EXPRESSIONS: usize = 20_000;

/// Strength of a comparison, which does not chain.
const COMPARISON: u8 = 4;
/// Strength of a sign in front of an operand: weaker than power, so that `-x ^ 2` is `-(x ^ 2)`.
const SIGN: u8 = 7;
/// Strength of power.
const POWER: u8 = 8;

/// What an operand begins with, in words.
const AN_OPERAND: &str = "a number, a column, a function or `(`";

/// Strength of an infix operator.
fn strength(operator: &Operator) -> u8 {
    match operator.name {
        "|" => 1,
        "&" => 2,
        "<" | "<=" | ">" | ">=" | "==" | "!=" => COMPARISON,
        "+" | "-" => 5,
        "*" | "/" => 6,
        _ => POWER,
    }
}

/// An expression and the characters it was read from.
#[derive(Debug, Clone)]
struct Operand {
    /// The expression.
    id: ExpressionId,
    /// Its characters.
    span: Range<usize>,
}

/// A formula being read.
struct Reader<'a> {
    /// The text in tokens.
    tokens: Vec<Token>,
    /// The next token.
    at: usize,
    /// Nesting so far.
    depth: usize,
    /// Names that may be used.
    scope: &'a Scope,
    /// Parameters of the function whose body is read; they hide other names.
    locals: &'a [(String, ExpressionId)],
    /// Where expressions go.
    expressions: &'a mut Expressions,
    /// When the body of a function is checked before it is called: what stands for all that follows from its
    /// parameters, which may be series or numbers.
    open: Option<ExpressionId>,
}

/// Reads a whole formula.
pub(crate) fn read(text: &str, scope: &Scope, expressions: &mut Expressions) -> Result<ExpressionId, Fault> {
    Reader { tokens: bounded_tokens(text)?, at: 0, depth: 0, scope, locals: &[], expressions, open: None }.whole()
}

/// The tokens of a formula that is not too long.
fn bounded_tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let length = text.chars().count();
    if length > MAX_LENGTH {
        let message = format!("the formula has {length} characters; expected at most {MAX_LENGTH}");
        return Err(Fault::new(MAX_LENGTH..length, message).with_hint("name its parts under `let`"));
    }
    tokens(text)
}

impl Reader<'_> {
    /// The whole text.
    fn whole(mut self) -> Result<ExpressionId, Fault> {
        if self.peek().kind == TokenKind::End {
            return Err(Fault::new(0..0, "the formula is empty"));
        }
        let operand = self.expression(0)?;
        match self.next() {
            Token { kind: TokenKind::End, .. } => Ok(operand.id),
            token => Err(self.unexpected(&token, "an operator or the end")),
        }
    }

    /// The next token, left in place.
    fn peek(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    /// Takes the next token; the end stays the end.
    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    /// Whether the next token is this sign; if so it is taken.
    fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek().kind, TokenKind::Sign(next) if next == sign);
        self.at += usize::from(found);
        found
    }

    /// The fault of a token that cannot stand here.
    fn unexpected(&self, token: &Token, expected: &str) -> Fault {
        let seen = match &token.kind {
            TokenKind::End => return Fault::new(token.span.clone(), format!("the formula ends; expected {expected}")),
            TokenKind::Number(value) => value.to_string(),
            TokenKind::Name(name) => name.clone(),
            TokenKind::Column(name) => format!("${name}"),
            TokenKind::Sign(sign) => (*sign).to_owned(),
        };
        Fault::new(token.span.clone(), format!("`{seen}` cannot stand here; expected {expected}"))
    }

    /// An expression of operators at least as strong as `weakest`.
    fn expression(&mut self, weakest: u8) -> Result<Operand, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(Fault::new(self.peek().span.clone(), message).with_hint("name its parts under `let`"));
        }
        let mut left = self.operand()?;
        while let Some(operator) = self.infix() {
            let strength = strength(operator);
            if strength < weakest {
                break;
            }
            let token = self.next();
            let right = self.expression(if strength == POWER { strength } else { strength + 1 })?;
            left = self.call((operator, operator.name), &token.span, vec![left, right])?;
            if strength == COMPARISON && self.infix().is_some_and(|next| self::strength(next) == COMPARISON) {
                let fault = Fault::new(self.peek().span.clone(), "comparisons do not chain");
                return Err(fault.with_hint("write `a < b and b < c`"));
            }
        }
        if weakest == 0 && matches!(self.peek().kind, TokenKind::Sign("?")) {
            left = self.choice(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// `? a : b` after a condition.
    fn choice(&mut self, condition: Operand) -> Result<Operand, Fault> {
        let question = self.next();
        let yes = self.expression(0)?;
        if !self.accept(":") {
            let token = self.next();
            let expected = format!("`:` for the `?` at column {}", question.span.start + 1);
            return Err(self.unexpected(&token, &expected));
        }
        let no = self.expression(0)?;
        let operator = operators::function("where").expect("the table has a choice");
        self.call((operator, operator.name), &question.span, vec![condition, yes, no])
    }

    /// The infix operator that comes next, if one does.
    fn infix(&self) -> Option<&'static Operator> {
        match &self.peek().kind {
            TokenKind::Sign(sign) => operators::sign(sign, 2),
            TokenKind::Name(name) => operators::sign(name, 2),
            _ => None,
        }
    }

    /// A number, a name, a call, a parenthesis or a sign with its operand.
    fn operand(&mut self) -> Result<Operand, Fault> {
        let token = self.next();
        match &token.kind {
            TokenKind::Number(value) => Ok(Operand { id: self.expressions.add_number(*value), span: token.span }),
            TokenKind::Sign("(") => {
                let inner = self.expression(0)?;
                self.close(&token.span)?;
                Ok(Operand { id: inner.id, span: token.span.start..self.tokens[self.at - 1].span.end })
            }
            TokenKind::Sign("+") => self.expression(SIGN),
            TokenKind::Sign("-") => self.prefix("-", SIGN, &token.span),
            TokenKind::Sign("!") => self.prefix("!", SIGN, &token.span),
            TokenKind::Name(name) if name == "not" => self.prefix("!", COMPARISON - 1, &token.span),
            TokenKind::Name(name) if operators::sign(name, 2).is_some() => Err(self.unexpected(&token, AN_OPERAND)),
            TokenKind::Name(name) if self.accept("(") => self.function(name, &token.span),
            TokenKind::Name(name) => self.name(name, &token.span),
            TokenKind::Column(name) => self.column(name, &token.span),
            _ => Err(self.unexpected(&token, AN_OPERAND)),
        }
    }

    /// A prefix operator on its operand.
    fn prefix(&mut self, sign: &str, weakest: u8, span: &Range<usize>) -> Result<Operand, Fault> {
        let operator = operators::sign(sign, 1).expect("the table has this prefix operator");
        let operand = self.expression(weakest)?;
        self.call((operator, operator.name), span, vec![operand])
    }

    /// The `)` that belongs to the `(` at `open`.
    fn close(&mut self, open: &Range<usize>) -> Result<(), Fault> {
        if self.accept(")") {
            return Ok(());
        }
        let token = self.next();
        let expected = format!("`)` for the `(` at column {}", open.start + 1);
        Err(self.unexpected(&token, &expected))
    }

    /// A name that stands for a value.
    fn name(&mut self, name: &str, span: &Range<usize>) -> Result<Operand, Fault> {
        if let Some(&(_, id)) = self.locals.iter().find(|(local, _)| local == name) {
            return Ok(Operand { id, span: span.clone() });
        }
        if let Some(id) = self.scope.get(name) {
            return Ok(Operand { id, span: span.clone() });
        }
        if let Some(id) = self.derived(name, span)? {
            return Ok(Operand { id, span: span.clone() });
        }
        let usage = operators::function(name).map(|operator| operator.usage_as(name));
        if let Some(usage) = usage.or_else(|| self.scope.function(name).map(|function| function.usage.clone())) {
            let fault = Fault::new(span.clone(), format!("`{name}` is a function"));
            return Err(fault.with_hint(format!("write `{usage}`")));
        }
        let what = if self.locals.is_empty() { "column or name" } else { "column, parameter or name" };
        let fault = Fault::new(span.clone(), format!("there is no {what} `{name}`"));
        if let Some(hint) = self.scope.later(name).or_else(|| hints::column(name)) {
            return Err(fault.with_hint(hint));
        }
        let locals = self.locals.iter().map(|(local, _)| local.as_str());
        let fault = fault.with_nearest(name, self.scope.names().chain(locals));
        Err(Fault { hint: fault.hint.or_else(|| hints::factor(name)), ..fault })
    }

    /// A column written `$close`.
    fn column(&mut self, name: &str, span: &Range<usize>) -> Result<Operand, Fault> {
        match self.scope.get(name) {
            Some(id) => Ok(Operand { id, span: span.clone() }),
            None => {
                let fault = Fault::new(span.clone(), format!("there is no column `${name}`"));
                Err(fault.with_nearest(name, self.scope.names()))
            }
        }
    }

    /// A function call; its `(` has been taken.
    fn function(&mut self, name: &str, span: &Range<usize>) -> Result<Operand, Fault> {
        if let Some(function) = self.scope.function(name) {
            return self.user_function(name, function, span);
        }
        let Some(simplest) = operators::function(name) else {
            return Err(self.no_function(name, span));
        };
        let mut arguments = self.arguments()?;
        let end = self.tokens[self.at - 1].span.end;
        let seen = arguments.len();
        if let Some(operator) = operators::functions(name).find(|operator| operator.parameters.len() == seen) {
            let over_all = hints::is_of_qlib(name).then(|| operators::function(operator.over_all)).flatten();
            let is_rows = |parameter: &operators::Parameter| matches!(parameter.kind, ParameterKind::Rows { .. });
            if let (Some(over_all), Some(at)) = (over_all, operator.parameters.iter().position(is_rows))
                && self.expressions.number(arguments[at].id) == Some(0.0)
            {
                arguments.remove(at);
                return self.call((over_all, name), &(span.start..end), arguments);
            }
            return self.call((operator, name), &(span.start..end), arguments);
        }
        let mut wanted: Vec<usize> = operators::functions(name).map(|operator| operator.parameters.len()).collect();
        wanted.sort_unstable();
        let fewer: String = wanted[..wanted.len() - 1].iter().map(|n| format!("{n} or ")).collect();
        let most = counted(wanted[wanted.len() - 1], "argument");
        let fault = Fault::new(span.start..end, format!("`{name}` takes {fewer}{most}, not {seen}"));
        Err(fault.with_hint(format!("write `{}`", simplest.usage_as(name))))
    }

    /// The fault of a call of what is no function.
    fn no_function(&self, name: &str, span: &Range<usize>) -> Fault {
        if self.scope.get(name).is_some() || self.locals.iter().any(|(local, _)| local == name) {
            return Fault::new(span.clone(), format!("`{name}` is not a function"));
        }
        let fault = Fault::new(span.clone(), format!("there is no function `{name}`"));
        if let Some(hint) = self.scope.later(name).or_else(|| hints::function(name)) {
            return fault.with_hint(hint);
        }
        let functions = operators::operators().filter(|o| o.is_function());
        let names = functions.flat_map(|o| [o.name].into_iter().chain(o.aliases.iter().copied()));
        fault.with_nearest(name, names.chain(self.scope.functions()))
    }

    /// The arguments of a call and its `)`; the `(` has been taken.
    fn arguments(&mut self) -> Result<Vec<Operand>, Fault> {
        let open = self.tokens[self.at - 1].span.clone();
        let mut arguments = Vec::new();
        if !self.accept(")") {
            arguments.push(self.expression(0)?);
            while self.accept(",") {
                arguments.push(self.expression(0)?);
            }
            self.close(&open)?;
        }
        Ok(arguments)
    }

    /// Applies an operator, called by `name`, to operands after checking each against its parameter. `span` is the
    /// sign, or the whole call of a function.
    fn call(
        &mut self,
        (operator, name): (&'static Operator, &str),
        span: &Range<usize>,
        operands: Vec<Operand>,
    ) -> Result<Operand, Fault> {
        let numbers: Vec<Option<f64>> = operands.iter().map(|operand| self.expressions.number(operand.id)).collect();
        let is_open = |operand: &Operand| Some(operand.id) == self.open;
        for ((parameter, operand), number) in operator.parameters.iter().zip(&operands).zip(&numbers) {
            if is_open(operand) {
                continue;
            }
            if let Some(expected) = mismatch(operator, parameter.kind, *number, &numbers) {
                let seen = number.map_or_else(|| "a series".to_owned(), |number| number.to_string());
                let message = format!("`{}` of `{name}` is {seen}; expected {expected}", parameter.name);
                let hint = hints::rows(operator, name, parameter.kind, *number);
                return Err(Fault { hint, ..Fault::new(operand.span.clone(), message) });
            }
        }
        let begin = operands.iter().map(|operand| operand.span.start).min().unwrap_or(span.start).min(span.start);
        let end = operands.iter().map(|operand| operand.span.end).max().unwrap_or(span.end).max(span.end);
        if let Some(open) = self.open.filter(|_| operands.iter().any(is_open)) {
            return Ok(Operand { id: open, span: begin..end });
        }
        let id = self.expressions.add_call(operator, operands.iter().map(|operand| operand.id).collect());
        if self.expressions.number(id).is_some_and(f64::is_nan) {
            return Err(Fault::new(begin..end, "this has no value"));
        }
        if self.expressions.len() > MAX_EXPRESSIONS {
            let message = format!("the program has more than {MAX_EXPRESSIONS} different expressions");
            return Err(Fault::new(begin..end, message).with_hint("split the factor set"));
        }
        Ok(Operand { id, span: begin..end })
    }
}

/// What a parameter expects, if the argument (`None` for a series) is not that; `all` are the call's arguments.
fn mismatch(operator: &Operator, kind: ParameterKind, number: Option<f64>, all: &[Option<f64>]) -> Option<String> {
    let whole_from = |min: u32, max: f64| number.is_some_and(|n| n.fract() == 0.0 && n >= f64::from(min) && n <= max);
    let fits = match kind {
        ParameterKind::Value => true,
        ParameterKind::Series => number.is_none(),
        ParameterKind::Rows { .. } if number.is_some_and(|n| n < 0.0) => {
            return Some("a number of past rows: a negative one would look ahead".to_owned());
        }
        ParameterKind::Rows { min } | ParameterKind::Whole { min } => whole_from(min, f64::from(MAX_WINDOW)),
        ParameterKind::Probability => number.is_some_and(|n| (0.0..=1.0).contains(&n)),
        ParameterKind::Share => number.is_some_and(|n| n > 0.0 && n <= 1.0),
        ParameterKind::Span => number.is_some_and(|n| n > 0.0 && n < 1.0) || whole_from(1, f64::from(MAX_WINDOW)),
        ParameterKind::Positive => number.is_some_and(|n| n > 0.0),
        ParameterKind::Percent => number.is_some_and(|n| n > 0.0 && n <= 100.0),
        ParameterKind::OneOf { of } => whole_from(1, all[of].unwrap_or(f64::MAX)),
    };
    (!fits).then(|| kind.describe(operator.parameters))
}

/// `1 argument`, `2 arguments`.
fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
