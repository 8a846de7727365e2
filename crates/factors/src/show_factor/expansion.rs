//! Formulas with the names they use written out: the names of `let` and earlier factors of the set.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::config::Config;

/// The longest formula that is written out, in characters: a page. Longer ones are easier to read by their names.
const LONGEST: usize = 4000;

/// A name and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedFormula {
    /// The name; of a function with its parameters.
    pub name: String,
    /// Its formula.
    pub formula: String,
}

/// The names that a column of a set uses, in the order of their definition, and its formula with them written out.
/// Calls of the user's functions stay calls; their bodies are among the names.
pub(super) fn expand(config: &Config, column: &str) -> (Vec<NamedFormula>, Option<String>) {
    let mut names = Names::default();
    for entry in &config.lets {
        names.add(&entry.name, &entry.formula);
    }
    for entry in config.factors.iter().take_while(|entry| entry.name != column) {
        names.add(&entry.name, &entry.formula);
    }
    let Some(factor) = config.factors.iter().find(|entry| entry.name == column) else { return (Vec::new(), None) };
    let mut used = BTreeSet::new();
    names.collect(&factor.formula, names.all.len(), &mut used);
    let written = names.written(&factor.formula, names.all.len()).filter(|text| *text != factor.formula);
    (used.into_iter().map(|at| names.all[at].clone()).collect(), written)
}

/// Names by definition; a formula may use those before it.
#[derive(Default)]
struct Names {
    /// All of them.
    all: Vec<NamedFormula>,
    /// Where each is found: functions by the name before the parameters.
    places: BTreeMap<String, usize>,
}

impl Names {
    /// Adds a definition.
    fn add(&mut self, name: &str, formula: &str) {
        let head = name.split('(').next().unwrap_or(name).trim();
        self.places.insert(head.to_owned(), self.all.len());
        self.all.push(NamedFormula { name: name.to_owned(), formula: formula.to_owned() });
    }

    /// The definition that a word of a formula means, which stands before `limit`.
    fn meaning(&self, word: &Word<'_>, limit: usize) -> Option<usize> {
        let at = *self.places.get(word.text)?;
        let is_function = self.all[at].name.contains('(');
        (word.is_name && at < limit && is_function == word.is_called).then_some(at)
    }

    /// Adds what a formula uses, and what that uses.
    fn collect(&self, formula: &str, limit: usize, used: &mut BTreeSet<usize>) {
        for at in words(formula).iter().filter_map(|word| self.meaning(word, limit)) {
            if used.insert(at) {
                self.collect(&self.all[at].formula, at, used);
            }
        }
    }

    /// The formula with names written out; `None` when that is too long.
    fn written(&self, formula: &str, limit: usize) -> Option<String> {
        let mut out = String::new();
        for word in words(formula) {
            match self.meaning(&word, limit).filter(|_| !word.is_called) {
                Some(at) => out.push_str(&format!("({})", self.written(&self.all[at].formula, at)?)),
                None => out.push_str(word.text),
            }
            if out.len() > LONGEST {
                return None;
            }
        }
        Some(out)
    }
}

/// A piece of a formula: a name, or what stands between names.
struct Word<'a> {
    /// Its text.
    text: &'a str,
    /// Whether it is a name rather than a number, a sign, or a column written `$close`.
    is_name: bool,
    /// Whether a parenthesis follows.
    is_called: bool,
}

/// Cuts a formula into names and what stands between them.
fn words(formula: &str) -> Vec<Word<'_>> {
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let mut words = Vec::new();
    let mut rest = formula;
    let mut after_dollar = false;
    while let Some(first) = rest.chars().next() {
        let length = match of_word(first) {
            true => rest.find(|c| !of_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (text, after) = rest.split_at(length);
        let is_name = !after_dollar && (first.is_ascii_alphabetic() || first == '_');
        words.push(Word { text, is_name, is_called: after.trim_start().starts_with('(') });
        after_dollar = first == '$';
        rest = after;
    }
    words
}
