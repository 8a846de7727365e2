//! Operators across the symbols that have a row at the same time. Missing values are left out and stay missing.

use crosscut_kernels::cross_section;

use super::table::{probability, series};
use super::{CrossSection, Missing, Operator, Parameter, ParameterKind, Run, Stage};

/// Parameters of most of them.
const ONE: &[Parameter] = &[series("x")];

/// An entry.
const fn entry(
    name: &'static str,
    aliases: &'static [&'static str],
    parameters: &'static [Parameter],
    summary: &'static str,
    operator: CrossSection,
) -> Operator {
    Operator {
        name,
        aliases,
        parameters,
        stage: Stage::Scorer,
        missing: Missing::LeftOut,
        summary,
        run: Run::CrossSection(operator),
    }
}

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    entry("cs_rank", &["rank"], ONE, "rank over the number of symbols, ties averaged, in (0, 1]", |x, room, out| {
        cross_section::rank(x.series[0], &mut room.rank, out)
    }),
    entry("cs_zscore", &["zscore"], ONE, "value minus mean over sample deviation (ddof 1)", |x, _, out| {
        cross_section::zscore(x.series[0], out)
    }),
    entry("cs_demean", &[], ONE, "value minus mean", |x, _, out| cross_section::demean(x.series[0], out)),
    entry("cs_mean", &[], ONE, "mean of all symbols", |x, _, out| cross_section::mean(x.series[0], out)),
    entry("cs_scale", &["scale"], ONE, "value over the sum of absolute values; missing when all are 0", |x, _, out| {
        cross_section::scale(x.series[0], out)
    }),
    entry(
        "cs_winsorize",
        &["winsorize"],
        &[series("x"), probability("tail")],
        "values beyond the quantiles tail and 1 - tail moved to these, quantiles linear between neighbours",
        |x, room, out| {
            // A share above one half means the same tail seen from the other side.
            let tail = x.numbers[0].min(1.0 - x.numbers[0]);
            cross_section::winsorize(x.series[0], tail, &mut room.rank, out)
        },
    ),
    entry(
        "cs_quantile",
        &["quantile"],
        &[series("x"), Parameter { name: "buckets", kind: ParameterKind::Whole { min: 1 } }],
        "number of the equal-sized bucket, 1 for the smallest values; equal values share a bucket",
        |x, room, out| cross_section::bucket(x.series[0], x.numbers[0], &mut room.rank, out),
    ),
    entry(
        "cs_residual",
        &["regression_neut"],
        &[series("y"), series("x")],
        "what the least-squares line of y on x over all symbols leaves over; missing where x does not vary",
        |x, _, out| cross_section::residual(x.series[0], x.series[1], out),
    ),
];
