//! Operators across the symbols of one group at the same time. A group is a number, such as a column of sector codes;
//! missing values, and values without a group, are left out and stay missing.

use crosscut_kernels::cross_section::{self, GroupScratch};

use super::table::series;
use super::{AtOneTime, CrossSection, Missing, Operator, Parameter, Run, Scratch, Stage};

/// Parameters of all of them.
const GROUPED: &[Parameter] = &[series("x"), series("group")];

/// An entry.
const fn entry(
    name: &'static str,
    aliases: &'static [&'static str],
    summary: &'static str,
    operator: CrossSection,
) -> Operator {
    let run = Run::CrossSection(operator);
    Operator { name, aliases, parameters: GROUPED, stage: Stage::Scorer, missing: Missing::LeftOut, summary, run }
}

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    entry(
        "group_neutralize",
        &["indneutralize", "IndNeutralize", "group_demean"],
        "value minus the mean of its group",
        |x, room, out| by_group(x, &mut room.group, out, cross_section::demean),
    ),
    entry("group_rank", &[], "rank within the group over its number of symbols, ties averaged", |x, room, out| {
        let Scratch { rank, group } = room;
        by_group(x, group, out, |values, out| cross_section::rank(values, rank, out));
    }),
    entry("group_mean", &[], "mean of the group", |x, room, out| {
        by_group(x, &mut room.group, out, cross_section::mean)
    }),
    entry("group_zscore", &[], "value minus the group's mean over its sample deviation (ddof 1)", |x, room, out| {
        by_group(x, &mut room.group, out, cross_section::zscore)
    }),
    entry("group_scale", &[], "value over the group's sum of absolute values", |x, room, out| {
        by_group(x, &mut room.group, out, cross_section::scale)
    }),
];

/// Runs `operator` group by group.
fn by_group(x: &AtOneTime<'_>, room: &mut GroupScratch, out: &mut [f64], operator: impl FnMut(&[f64], &mut [f64])) {
    cross_section::by_group(x.series[0], x.series[1], room, out, operator);
}
