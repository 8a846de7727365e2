//! Functions of the user and derived names: texts that are read in place of a call or a name.
//!
//! A body is read once for each different list of arguments, with the parameters standing for them; a number given as
//! an argument is a number in the body, so that it can be a window. Only earlier functions can be called, so reading
//! comes to an end.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{MAX_DEPTH, Operand, Reader, bounded_tokens, counted};
use crate::error::{Fault, FormulaError};
use crate::expression::{Expression, ExpressionId, Expressions};
use crate::operators;
use crate::scope::{Function, Scope};
use crate::token::{TokenKind, tokens};

/// Names of the formulaic alphas that stand for an expression over bar columns, unless something else has the name:
/// `returns`, and `adv{d}` for the mean volume of `d` rows.
fn derived_text(name: &str) -> Option<String> {
    if name == "returns" {
        return Some("close / delay(close, 1) - 1".to_owned());
    }
    let rows = name.strip_prefix("adv")?;
    let is_number = !rows.is_empty() && !rows.starts_with('0') && rows.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| format!("ts_mean(volume, {rows})"))
}

/// The columns a formula reads if all its names are columns or derived names.
///
/// # Errors
/// A text that is no formula.
pub(crate) fn columns(text: &str) -> Result<BTreeSet<String>, FormulaError> {
    let tokens = bounded_tokens(text).map_err(|fault| fault.in_formula("built-in factor".to_owned(), text))?;
    let mut columns = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_call = tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::Sign("("));
        match &token.kind {
            TokenKind::Column(name) => _ = columns.insert(name.clone()),
            TokenKind::Name(name) if is_call || is_word(name) => {}
            TokenKind::Name(name) => match derived_text(name) {
                Some(text) => columns.append(&mut self::columns(&text)?),
                None => _ = columns.insert(name.clone()),
            },
            _ => {}
        }
    }
    Ok(columns)
}

/// Whether a name is an operator written as a word.
fn is_word(name: &str) -> bool {
    operators::sign(name, 1).or_else(|| operators::sign(name, 2)).is_some()
}

/// A let that is a function, `name(a, b)`; `None` for one that is a plain name.
///
/// # Errors
/// A declaration that cannot be read: parameters that are not names, or named twice.
pub(crate) fn declaration(let_name: &str, body: &str, scope: &Scope) -> Result<Option<Function>, FormulaError> {
    if !let_name.contains('(') {
        return Ok(None);
    }
    let wrong = |problem: &str| {
        let expected = "expected a name and parameters, such as `momentum(x, n)`";
        FormulaError::definition(format!("let `{}`: {problem}; {expected}", let_name.escape_debug()))
    };
    let parts = tokens(let_name).map_err(|fault| wrong(&fault.message))?;
    let mut kinds = parts.into_iter().map(|token| token.kind);
    let (Some(TokenKind::Name(name)), Some(TokenKind::Sign("("))) = (kinds.next(), kinds.next()) else {
        return Err(wrong("this does not begin with a name"));
    };
    let mut parameters: Vec<String> = Vec::new();
    loop {
        match (kinds.next(), kinds.next()) {
            (Some(TokenKind::Name(parameter)), Some(TokenKind::Sign(sign @ ("," | ")")))) => {
                if is_word(&parameter) || parameters.contains(&parameter) {
                    return Err(wrong(&format!("`{parameter}` cannot be a parameter here")));
                }
                parameters.push(parameter);
                if sign == ")" {
                    break;
                }
            }
            _ => return Err(wrong("the parameters cannot be read")),
        }
    }
    if kinds.next() != Some(TokenKind::End) {
        return Err(wrong("something follows the parameters"));
    }
    let usage = format!("{name}({})", parameters.join(", "));
    Ok(Some(Function { number: scope.n_functions(), usage, parameters, body: body.to_owned() }))
}

/// Checks what can be checked of a body without arguments, which may be series or numbers.
pub(crate) fn check_body(function: &Function, scope: &Scope, expressions: &mut Expressions) -> Result<(), Fault> {
    let open = expressions.add(Expression::Column(usize::MAX));
    let locals: Vec<_> = function.parameters.iter().map(|parameter| (parameter.clone(), open)).collect();
    let tokens = bounded_tokens(&function.body)?;
    Reader { tokens, at: 0, depth: 0, scope, locals: &locals, expressions, open: Some(open) }.whole().map(|_| ())
}

impl Reader<'_> {
    /// What a derived name stands for, if it is one.
    pub(super) fn derived(&mut self, name: &str, span: &Range<usize>) -> Result<Option<ExpressionId>, Fault> {
        let Some(text) = derived_text(name) else { return Ok(None) };
        let read = self.read_inner(&text, &[]);
        read.map(Some)
            .map_err(|fault| Fault::new(span.clone(), format!("`{name}` stands for `{text}`, and {}", fault.message)))
    }

    /// A call of a user function; its `(` has been taken.
    pub(super) fn user_function(
        &mut self,
        name: &str,
        function: &Function,
        span: &Range<usize>,
    ) -> Result<Operand, Fault> {
        let arguments = self.arguments()?;
        let span = span.start..self.tokens[self.at - 1].span.end;
        let (seen, wanted) = (arguments.len(), function.parameters.len());
        if seen != wanted {
            let message = format!("`{name}` takes {}, not {seen}", counted(wanted, "argument"));
            return Err(Fault::new(span, message).with_hint(format!("write `{}`", function.usage)));
        }
        if let Some(open) = self.open {
            return Ok(Operand { id: open, span });
        }
        let ids: Vec<ExpressionId> = arguments.into_iter().map(|argument| argument.id).collect();
        if let Some(id) = self.expressions.result_of(function.number, &ids) {
            return Ok(Operand { id, span });
        }
        if self.depth >= MAX_DEPTH {
            return Err(Fault::new(span, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let locals: Vec<_> = function.parameters.iter().cloned().zip(ids.iter().copied()).collect();
        let owner = format!("let `{}`", function.usage);
        let id = self.read_inner(&function.body, &locals).map_err(|fault| fault.in_body(&owner, &function.body))?;
        self.expressions.add_result(function.number, ids, id);
        Ok(Operand { id, span })
    }

    /// Reads another text at this place.
    fn read_inner(&mut self, text: &str, locals: &[(String, ExpressionId)]) -> Result<ExpressionId, Fault> {
        let inner = Reader {
            tokens: bounded_tokens(text)?,
            at: 0,
            depth: self.depth + 1,
            scope: self.scope,
            locals,
            expressions: &mut *self.expressions,
            open: self.open,
        };
        inner.whole()
    }
}
