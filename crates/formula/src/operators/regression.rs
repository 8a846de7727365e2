//! Least-squares lines through a window: of a series on the row number, and of one series on another. A window
//! gives a value only when all its rows have one.

use crosscut_kernels::{Fit, Graph, Term};

use super::table::{rows, series};
use super::{Arguments, Missing, Operator, OperatorFamily, Parameter};

/// Parameters of a line on the row number.
const TREND: &[Parameter] = &[series("x"), rows("window", 2)];
/// Parameters of a line of one series on another.
const PAIR: &[Parameter] = &[series("y"), series("x"), rows("window", 2)];

/// The family.
pub(super) const FAMILY: OperatorFamily = OperatorFamily {
    title: "Lines through windows",
    about: "Least-squares lines: of a series on the row number, and of one series on another.",
    operators: OPERATORS,
    #[cfg(test)]
    slow: &[],
};

/// The closes of the examples. The windows 2 8 4 and 8 4 6 have the means 14/3 and 6 and the slopes 1 and -1.
const CLOSES: &str = "x: 2 8 4 6";
/// The same closes as `y` on 1, 2, 3.
const ON_ROWS: &str = "y: 2 8 4 6; x: 1 2 3 -";

/// The table.
const OPERATORS: &[Operator] = &[
    entry("ts_slope", TREND, "slope of the line through the window, per row", |g, a| {
        g.rolling_trend(a.terms[0], a.rows(1), Fit::Slope)
    })
    .over_all("cumslope")
    .also(&["Slope"])
    .example("ts_slope(x, 3)", CLOSES, "- - 1 -1"),
    entry(
        "ts_rsquare",
        TREND,
        "share of the variance the line through the window explains; missing where x does not vary",
        |g, a| g.rolling_trend(a.terms[0], a.rows(1), Fit::Rsquare),
    )
    .over_all("cumrsquare")
    .also(&["Rsquare"])
    // Squares sum to 56/3 and 8 around the means; the lines explain 2 of them.
    .example("ts_rsquare(x, 3)", CLOSES, "- - 3/28 1/4"),
    entry("ts_residual", TREND, "newest value minus the line through the window", |g, a| {
        g.rolling_trend(a.terms[0], a.rows(1), Fit::Residual)
    })
    .over_all("cumresidual")
    .also(&["Resi"])
    .example("ts_residual(x, 3)", CLOSES, "- - -5/3 1"),
    entry("ts_line", TREND, "the line through the window, at the newest row", |g, a| {
        g.rolling_trend(a.terms[0], a.rows(1), Fit::Line)
    })
    .example("ts_line(x, 3)", CLOSES, "- - 17/3 5"),
    entry("ts_line_start", TREND, "the line through the window, at the oldest row", |g, a| {
        g.rolling_trend(a.terms[0], a.rows(1), Fit::Intercept)
    })
    .example("ts_line_start(x, 3)", CLOSES, "- - 11/3 7"),
    entry("ts_beta", PAIR, "slope of the line of y on x; missing where x does not vary", |g, a| {
        g.rolling_fit(a.terms[0], a.terms[1], a.rows(2), Fit::Slope)
    })
    .example("ts_beta(y, x, 3)", ON_ROWS, "- - 1 -"),
    entry("ts_alpha", PAIR, "the line of y on x where x is 0; missing where x does not vary", |g, a| {
        g.rolling_fit(a.terms[0], a.terms[1], a.rows(2), Fit::Intercept)
    })
    .example("ts_alpha(y, x, 3)", ON_ROWS, "- - 8/3 -"),
    entry(
        "ts_regression_residual",
        PAIR,
        "newest y minus the line of y on x; missing where x does not vary",
        |g, a| g.rolling_fit(a.terms[0], a.terms[1], a.rows(2), Fit::Residual),
    )
    .example("ts_regression_residual(y, x, 3)", ON_ROWS, "- - -5/3 -"),
    entry(
        "ts_regression_rsquare",
        PAIR,
        "share of the variance of y that x explains; missing where a side does not vary",
        |g, a| g.rolling_fit(a.terms[0], a.terms[1], a.rows(2), Fit::Rsquare),
    )
    .example("ts_regression_rsquare(y, x, 3)", ON_ROWS, "- - 3/28 -"),
];

/// An entry.
const fn entry(
    name: &'static str,
    parameters: &'static [Parameter],
    summary: &'static str,
    build: fn(&mut Graph, &Arguments<'_>) -> Term,
) -> Operator {
    Operator::built(name, parameters, summary, build).missing(Missing::Window)
}
