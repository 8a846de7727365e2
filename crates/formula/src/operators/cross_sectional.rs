//! Operators across the symbols that have a row at the same time. Missing values are left out and stay missing.

use crosscut_kernels::cross_section;

use super::table::{positive, probability, series, whole};
use super::{Operator, OperatorFamily, Parameter};

/// Parameters of most of them.
const ONE: &[Parameter] = &[series("x")];

/// The family.
pub(super) const FAMILY: OperatorFamily = OperatorFamily {
    title: "Across symbols",
    about: "From the values of all symbols that have a row at the same time. Missing values are left out and stay \
            missing. The results do not depend on the order of the symbols, but for the rounding of sums.",
    operators: OPERATORS,
    #[cfg(test)]
    slow: &[],
};

/// The table.
const OPERATORS: &[Operator] = &[
    Operator::across("cs_rank", ONE, "rank over the number of symbols, ties averaged, in (0, 1]", |x, room, out| {
        cross_section::rank(x.series[0], &mut room.rank, out);
    })
    .also(&["rank"])
    .source("Kakushadze (2015), appendix A; pandas rank(pct=True)")
    .example("cs_rank(x)", "x: 3 - 1 3 -2", "7/8 - 1/2 7/8 1/4"),
    Operator::across("cs_zscore", ONE, "value minus mean over sample deviation (ddof 1)", |x, _, out| {
        cross_section::zscore(x.series[0], out);
    })
    .also(&["zscore"])
    .example("cs_zscore(x)", "x: 1 2 3 -", "-1 0 1 -"),
    Operator::across("cs_demean", ONE, "value minus mean", |x, _, out| cross_section::demean(x.series[0], out))
        .also(&["demean"])
        .example("cs_demean(x)", "x: 1 2 6 -", "-2 -1 3 -"),
    Operator::across("cs_mean", ONE, "mean of all symbols", |x, _, out| cross_section::mean(x.series[0], out)).example(
        "cs_mean(x)",
        "x: 1 2 6 -",
        "3 3 3 -",
    ),
    Operator::across(
        "cs_median",
        ONE,
        "median of all symbols; of an even number the mean of the middle two",
        |x, room, out| cross_section::median(x.series[0], &mut room.rank, out),
    )
    .example("cs_median(x)", "x: 1 2 6 -", "2 2 2 -"),
    Operator::across("cs_std", ONE, "sample deviation (ddof 1) of all symbols", |x, _, out| {
        cross_section::deviation(x.series[0], out);
    })
    .example("cs_std(x)", "x: 1 2 3 -", "1 1 1 -"),
    Operator::across("cs_sum", ONE, "sum of all symbols", |x, _, out| cross_section::sum(x.series[0], out)).example(
        "cs_sum(x)",
        "x: 1 2 6 -",
        "9 9 9 -",
    ),
    Operator::across("cs_count", ONE, "number of symbols that have a value", |x, _, out| {
        cross_section::count(x.series[0], out);
    })
    .example("cs_count(x)", "x: 1 2 6 -", "3 3 3 -"),
    Operator::across("cs_max", ONE, "largest value of all symbols", |x, _, out| {
        cross_section::maximum(x.series[0], out);
    })
    .example("cs_max(x)", "x: 1 2 6 -", "6 6 6 -"),
    Operator::across("cs_min", ONE, "smallest value of all symbols", |x, _, out| {
        cross_section::minimum(x.series[0], out);
    })
    .example("cs_min(x)", "x: 1 2 6 -", "1 1 1 -"),
    Operator::across("cs_scale", ONE, "value over the sum of absolute values; missing when all are 0", |x, _, out| {
        cross_section::scale(x.series[0], out);
    })
    .also(&["scale"])
    .source("Kakushadze (2015), appendix A, with a = 1")
    .example("cs_scale(x)", "x: 1 -2 5 -", "1/8 -1/4 5/8 -"),
    Operator::across(
        "cs_scale",
        &[series("x"), positive("a")],
        "a times the value over the sum of absolute values; missing when all are 0",
        |x, _, out| {
            cross_section::scale(x.series[0], out);
            out.iter_mut().for_each(|out| *out *= x.numbers[0]);
        },
    )
    .also(&["scale"])
    .source("Kakushadze (2015), appendix A")
    .example("cs_scale(x, 2)", "x: 1 -2 5 -", "1/4 -1/2 5/4 -"),
    Operator::across(
        "cs_winsorize",
        &[series("x"), probability("tail")],
        "values beyond the quantiles tail and 1 - tail moved to these, quantiles linear between neighbours",
        |x, room, out| {
            // A share above one half means the same tail seen from the other side.
            let tail = x.numbers[0].min(1.0 - x.numbers[0]);
            cross_section::winsorize(x.series[0], tail, &mut room.rank, out);
        },
    )
    .also(&["winsorize"])
    .example("cs_winsorize(x, 0.25)", "x: 1 3 4 8 -", "5/2 3 4 5 -"),
    Operator::across(
        "cs_quantile",
        &[series("x"), whole("buckets", 1)],
        "number of the equal-sized bucket, 1 for the smallest values; equal values share a bucket: \
         ceil(average rank * buckets / number of symbols)",
        |x, room, out| cross_section::bucket(x.series[0], x.numbers[0], &mut room.rank, out),
    )
    .also(&["quantile", "bucket"])
    .example("cs_quantile(x, 2)", "x: 10 40 20 30 -", "1 2 1 2 -"),
    Operator::across(
        "cs_residual",
        &[series("y"), series("x")],
        "what the least-squares line of y on x over all symbols leaves over; missing where x does not vary",
        |x, _, out| cross_section::residual(x.series[0], x.series[1], out),
    )
    .also(&["regression_neut"])
    // Means 4 and 1.5; the line through (1, 2) and (2, 6).
    .example("cs_residual(y, x)", "y: 1 3 4 8 5; x: 1 1 2 2 -", "-1 1 -2 2 -"),
];
