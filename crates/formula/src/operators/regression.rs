//! Least-squares lines over a window of a symbol's own rows: on the row number, and of one series on another. A window
//! gives a value only when all its rows have one.

use crosscut_kernels::{Fit, Graph, Term};

use super::table::{rows, series};
use super::{Arguments, Missing, Operator, Parameter, Run, Stage};

/// Parameters of a line on the row number.
const TREND: &[Parameter] = &[series("x"), rows("window", 2)];
/// Parameters of a line of one series on another.
const PAIR: &[Parameter] = &[series("y"), series("x"), rows("window", 2)];

/// An entry.
const fn entry(
    name: &'static str,
    aliases: &'static [&'static str],
    parameters: &'static [Parameter],
    summary: &'static str,
    build: fn(&mut Graph, &Arguments<'_>) -> Term,
) -> Operator {
    Operator {
        name,
        aliases,
        parameters,
        stage: Stage::Transformer,
        missing: Missing::Window,
        summary,
        run: Run::Series(build),
    }
}

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    entry("ts_slope", &["Slope"], TREND, "slope of the line through the window, per row", |g, a| {
        g.rolling_trend(a.terms[0], a.rows(1), Fit::Slope)
    }),
    entry(
        "ts_rsquare",
        &["Rsquare"],
        TREND,
        "share of the variance the line through the window explains; missing where x does not vary",
        |g, a| g.rolling_trend(a.terms[0], a.rows(1), Fit::Rsquare),
    ),
    entry("ts_residual", &["Resi"], TREND, "newest value minus the line through the window", |g, a| {
        g.rolling_trend(a.terms[0], a.rows(1), Fit::Residual)
    }),
    entry("ts_line", &[], TREND, "the line through the window, at the newest row", |g, a| {
        g.rolling_trend(a.terms[0], a.rows(1), Fit::Line)
    }),
    entry("ts_line_start", &[], TREND, "the line through the window, at the oldest row", |g, a| {
        g.rolling_trend(a.terms[0], a.rows(1), Fit::Intercept)
    }),
    entry("ts_beta", &[], PAIR, "slope of the line of y on x; missing where x does not vary", |g, a| {
        g.rolling_fit(a.terms[0], a.terms[1], a.rows(2), Fit::Slope)
    }),
    entry("ts_alpha", &[], PAIR, "the line of y on x where x is 0; missing where x does not vary", |g, a| {
        g.rolling_fit(a.terms[0], a.terms[1], a.rows(2), Fit::Intercept)
    }),
    entry(
        "ts_regression_residual",
        &[],
        PAIR,
        "newest y minus the line of y on x; missing where x does not vary",
        |g, a| g.rolling_fit(a.terms[0], a.terms[1], a.rows(2), Fit::Residual),
    ),
    entry(
        "ts_regression_rsquare",
        &[],
        PAIR,
        "share of the variance of y that x explains; missing where a side does not vary",
        |g, a| g.rolling_fit(a.terms[0], a.terms[1], a.rows(2), Fit::Rsquare),
    ),
];
