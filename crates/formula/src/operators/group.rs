//! Operators across the symbols of one group at the same time. A group is a number, such as a column of sector codes;
//! missing values, and values without a group, are left out and stay missing.

use super::table::series;
use super::{CrossSection, Missing, Operator, Parameter, Run, Stage, Transform};

/// Parameters of all of them.
const GROUPED: &[Parameter] = &[series("x"), series("group")];

/// An entry.
const fn entry(
    name: &'static str,
    aliases: &'static [&'static str],
    summary: &'static str,
    transform: Transform,
) -> Operator {
    let run = Run::CrossSection(CrossSection::ByGroup(transform));
    Operator { name, aliases, parameters: GROUPED, stage: Stage::Scorer, missing: Missing::LeftOut, summary, run }
}

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    entry(
        "group_neutralize",
        &["indneutralize", "IndNeutralize", "group_demean"],
        "value minus the mean of its group",
        Transform::Demean,
    ),
    entry("group_rank", &[], "rank within the group over its number of symbols, ties averaged", Transform::Rank),
    entry("group_mean", &[], "mean of the group", Transform::Mean),
    entry("group_zscore", &[], "value minus the group's mean over its sample deviation (ddof 1)", Transform::ZScore),
    entry("group_scale", &[], "value over the group's sum of absolute values", Transform::Scale),
];
