//! Operators across the symbols of one group at the same time. A group is a number, such as a column of sector codes;
//! missing values, and values without a group, are left out and stay missing.

use crosscut_kernels::cross_section::{self, GroupScratch};

use super::table::{series, whole};
use super::{AtOneTime, Operator, OperatorFamily, Parameter, Scratch};

/// Parameters of most of them.
const GROUPED: &[Parameter] = &[series("x"), series("group")];

/// The family.
pub(super) const FAMILY: OperatorFamily = OperatorFamily {
    title: "Within groups of symbols",
    about: "As across symbols, but from the symbols of one's own group. A group is a number: a column of category codes, \
            or any expression. Values without a group are left out and stay missing.",
    operators: OPERATORS,
    #[cfg(test)]
    slow: &[],
};

/// The columns of the examples: two groups, a value without a group, a missing value.
const TWO_GROUPS: &str = "x: 1 3 10 4 6 - ; sector: 1 1 2 2 - 1";

/// The table.
const OPERATORS: &[Operator] = &[
    Operator::across("group_neutralize", GROUPED, "value minus the mean of its group", |x, room, out| {
        by_group(x, &mut room.group, out, cross_section::demean);
    })
    .also(&["indneutralize", "IndNeutralize", "group_demean"])
    .source("Kakushadze (2015), appendix A")
    .example("group_neutralize(x, sector)", TWO_GROUPS, "-1 1 3 -3 - -"),
    Operator::across(
        "group_rank",
        GROUPED,
        "rank within the group over its number of symbols, ties averaged",
        |x, room, out| {
            let Scratch { rank, group } = room;
            by_group(x, group, out, |values, out| cross_section::rank(values, rank, out));
        },
    )
    .example("group_rank(x, sector)", TWO_GROUPS, "1/2 1 1 1/2 - -"),
    Operator::across("group_mean", GROUPED, "mean of the group", |x, room, out| {
        by_group(x, &mut room.group, out, cross_section::mean);
    })
    .example("group_mean(x, sector)", TWO_GROUPS, "2 2 7 7 - -"),
    Operator::across("group_median", GROUPED, "median of the group", |x, room, out| {
        let Scratch { rank, group } = room;
        by_group(x, group, out, |values, out| cross_section::median(values, rank, out));
    })
    .example("group_median(x, sector)", TWO_GROUPS, "2 2 7 7 - -"),
    Operator::across("group_std", GROUPED, "sample deviation (ddof 1) of the group", |x, room, out| {
        by_group(x, &mut room.group, out, cross_section::deviation);
    })
    .example("group_std(x, sector)", "x: 1 2 3 7 -; sector: 1 1 1 2 1", "1 1 1 - -"),
    Operator::across("group_sum", GROUPED, "sum of the group", |x, room, out| {
        by_group(x, &mut room.group, out, cross_section::sum);
    })
    .example("group_sum(x, sector)", TWO_GROUPS, "4 4 14 14 - -"),
    Operator::across("group_count", GROUPED, "number of the group's symbols that have a value", |x, room, out| {
        by_group(x, &mut room.group, out, cross_section::count);
    })
    .example("group_count(x, sector)", TWO_GROUPS, "2 2 2 2 - -"),
    Operator::across("group_max", GROUPED, "largest value of the group", |x, room, out| {
        by_group(x, &mut room.group, out, cross_section::maximum);
    })
    .example("group_max(x, sector)", TWO_GROUPS, "3 3 10 10 - -"),
    Operator::across("group_min", GROUPED, "smallest value of the group", |x, room, out| {
        by_group(x, &mut room.group, out, cross_section::minimum);
    })
    .example("group_min(x, sector)", TWO_GROUPS, "1 1 4 4 - -"),
    Operator::across(
        "group_zscore",
        GROUPED,
        "value minus the group's mean over its sample deviation (ddof 1)",
        |x, room, out| by_group(x, &mut room.group, out, cross_section::zscore),
    )
    .example("group_zscore(x, sector)", "x: 1 2 3 7 -; sector: 1 1 1 2 1", "-1 0 1 - -"),
    Operator::across("group_scale", GROUPED, "value over the group's sum of absolute values", |x, room, out| {
        by_group(x, &mut room.group, out, cross_section::scale);
    })
    .example("group_scale(x, sector)", TWO_GROUPS, "1/4 3/4 5/7 2/7 - -"),
    Operator::across(
        "group_quantile",
        &[series("x"), series("group"), whole("buckets", 1)],
        "number of the equal-sized bucket within the group, as cs_quantile",
        |x, room, out| {
            let Scratch { rank, group } = room;
            by_group(x, group, out, |values, out| cross_section::bucket(values, x.numbers[0], rank, out));
        },
    )
    .example("group_quantile(x, sector, 2)", TWO_GROUPS, "1 2 2 1 - -"),
];

/// Runs `operator` group by group.
fn by_group(x: &AtOneTime<'_>, room: &mut GroupScratch, out: &mut [f64], operator: impl FnMut(&[f64], &mut [f64])) {
    cross_section::by_group(x.series[0], x.series[1], room, out, operator);
}
