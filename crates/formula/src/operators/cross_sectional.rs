//! Operators across the symbols that have a row at the same time. Missing values are left out and stay missing.

use super::table::series;
use super::{CrossSection, Operator, Parameter, Run, Stage};

/// Parameters of all of them.
const ONE: &[Parameter] = &[series("x")];

/// An entry.
const fn entry(name: &'static str, summary: &'static str, operator: CrossSection) -> Operator {
    let run = Run::CrossSection(operator);
    Operator { name, aliases: &[], parameters: ONE, stage: Stage::Scorer, summary, run }
}

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    entry("cs_rank", "rank over the number of symbols, ties averaged, in (0, 1]", CrossSection::Rank),
    entry("cs_zscore", "value minus mean over sample deviation (ddof 1)", CrossSection::ZScore),
    entry("cs_demean", "value minus mean", CrossSection::Demean),
];
