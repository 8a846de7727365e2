//! Operators across the symbols that have a row at the same time. Missing values are left out and stay missing.

use super::table::{probability, series};
use super::{CrossSection, Missing, Operator, Parameter, ParameterKind, Run, Stage, Transform};

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
    entry(
        "cs_rank",
        &["rank"],
        ONE,
        "rank over the number of symbols, ties averaged, in (0, 1]",
        CrossSection::Whole(Transform::Rank),
    ),
    entry(
        "cs_zscore",
        &["zscore"],
        ONE,
        "value minus mean over sample deviation (ddof 1)",
        CrossSection::Whole(Transform::ZScore),
    ),
    entry("cs_demean", &[], ONE, "value minus mean", CrossSection::Whole(Transform::Demean)),
    entry("cs_mean", &[], ONE, "mean of all symbols", CrossSection::Whole(Transform::Mean)),
    entry(
        "cs_scale",
        &["scale"],
        ONE,
        "value over the sum of absolute values; missing when all are 0",
        CrossSection::Whole(Transform::Scale),
    ),
    entry(
        "cs_winsorize",
        &["winsorize"],
        &[series("x"), probability("tail")],
        "values beyond the quantiles tail and 1 - tail moved to these, quantiles linear between neighbours",
        CrossSection::Whole(Transform::Winsorize),
    ),
    entry(
        "cs_quantile",
        &["quantile"],
        &[series("x"), Parameter { name: "buckets", kind: ParameterKind::Whole { min: 1 } }],
        "number of the equal-sized bucket, 1 for the smallest values; equal values share a bucket",
        CrossSection::Whole(Transform::Bucket),
    ),
    entry(
        "cs_residual",
        &["regression_neut"],
        &[series("y"), series("x")],
        "what the least-squares line of y on x over all symbols leaves over; missing where x does not vary",
        CrossSection::Residual,
    ),
];
