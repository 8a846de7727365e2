//! Delays and rolling windows over a symbol's own rows. A window counts rows, the current one included; it gives a
//! value only when all its rows have one.

use crosscut_kernels::{Graph, Term};

use super::table::{rows, series};
use super::{Arguments, Operator, Parameter, ParameterKind, Run, Stage};

/// Parameters of a function of one window.
const WINDOW: &[Parameter] = &[series("x"), rows("window", 1)];
/// Parameters of a sample statistic of one window.
const SAMPLE: &[Parameter] = &[series("x"), rows("window", 2)];
/// Parameters of a sample statistic of two windows.
const PAIR: &[Parameter] = &[series("x"), series("y"), rows("window", 2)];
/// Parameters of a delay.
const DELAY: &[Parameter] = &[series("x"), rows("rows", 0)];
/// Parameters of a quantile.
const QUANTILE: &[Parameter] =
    &[series("x"), rows("window", 1), Parameter { name: "q", kind: ParameterKind::Probability }];

/// An entry for a window function.
const fn entry(
    name: &'static str,
    parameters: &'static [Parameter],
    summary: &'static str,
    build: fn(&mut Graph, &Arguments<'_>) -> Term,
) -> Operator {
    Operator { name, aliases: &[], parameters, stage: Stage::Transformer, summary, run: Run::Series(build) }
}

/// The table.
pub(super) const OPERATORS: &[Operator] = &[
    entry("delay", DELAY, "the value some rows before", |g, a| g.delay(a.terms[0], a.rows(1))),
    entry("delta", DELAY, "x minus its value some rows before", |g, a| g.delta(a.terms[0], a.rows(1))),
    entry("ts_sum", WINDOW, "sum", |g, a| g.rolling_sum(a.terms[0], a.rows(1))),
    entry("ts_mean", WINDOW, "mean", |g, a| g.rolling_mean(a.terms[0], a.rows(1))),
    entry("ts_std", SAMPLE, "sample standard deviation (ddof 1)", |g, a| g.rolling_std(a.terms[0], a.rows(1))),
    entry("ts_var", SAMPLE, "sample variance (ddof 1)", |g, a| g.rolling_var(a.terms[0], a.rows(1))),
    entry("ts_min", WINDOW, "smallest value", |g, a| g.rolling_min(a.terms[0], a.rows(1))),
    entry("ts_max", WINDOW, "largest value", |g, a| g.rolling_max(a.terms[0], a.rows(1))),
    entry("ts_argmin", WINDOW, "position of the smallest value, oldest row 1; the oldest on ties", |g, a| {
        g.rolling_argmin(a.terms[0], a.rows(1))
    }),
    entry("ts_argmax", WINDOW, "position of the largest value, oldest row 1; the oldest on ties", |g, a| {
        g.rolling_argmax(a.terms[0], a.rows(1))
    }),
    entry("ts_rank", WINDOW, "average rank of the newest value over the window length, in (0, 1]", |g, a| {
        g.rolling_rank(a.terms[0], a.rows(1))
    }),
    entry("ts_median", WINDOW, "median", |g, a| g.rolling_quantile(a.terms[0], a.rows(1), 0.5)),
    entry("ts_quantile", QUANTILE, "quantile q, linear between neighbouring values", |g, a| {
        g.rolling_quantile(a.terms[0], a.rows(1), a.number(2))
    }),
    entry("ts_corr", PAIR, "Pearson correlation; missing where a side does not vary", |g, a| {
        g.rolling_corr(a.terms[0], a.terms[1], a.rows(2))
    }),
    entry("ts_cov", PAIR, "sample covariance (ddof 1)", |g, a| g.rolling_cov(a.terms[0], a.terms[1], a.rows(2))),
    entry("decay_linear", WINDOW, "mean with weights from window (newest row) down to 1 (oldest)", |g, a| {
        g.rolling_decay(a.terms[0], a.rows(1))
    }),
];
