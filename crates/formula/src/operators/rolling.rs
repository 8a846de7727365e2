//! Delays and rolling windows over a symbol's own rows. A window counts rows, the current one included; it gives a
//! value only when all its rows have one.

use crosscut_kernels::{Binary, Graph, Term, Unary};

use super::table::{probability, rows, series};
use super::{Arguments, Missing, Operator, Parameter, Run, Stage};

/// Parameters of a function of one window.
const WINDOW: &[Parameter] = &[series("x"), rows("window", 1)];
/// Parameters of a sample statistic of one window.
const SAMPLE: &[Parameter] = &[series("x"), rows("window", 2)];
/// Parameters of a sample statistic of two windows.
const PAIR: &[Parameter] = &[series("x"), series("y"), rows("window", 2)];
/// Parameters of a delay.
const DELAY: &[Parameter] = &[series("x"), rows("rows", 0)];
/// Parameters of a quantile.
const QUANTILE: &[Parameter] = &[series("x"), rows("window", 1), probability("q")];

/// An entry for a window function under several names.
const fn entry(
    names: &'static [&'static str],
    parameters: &'static [Parameter],
    summary: &'static str,
    build: fn(&mut Graph, &Arguments<'_>) -> Term,
) -> Operator {
    let (name, aliases) = match names.split_first() {
        Some((name, aliases)) => (*name, aliases),
        None => ("", names),
    };
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
    Operator {
        missing: Missing::Operand,
        ..entry(&["delay", "Ref", "ts_delay"], DELAY, "the value some rows before", |g, a| {
            g.delay(a.terms[0], a.rows(1))
        })
    },
    Operator {
        missing: Missing::Operand,
        ..entry(&["delta", "Delta", "ts_delta"], DELAY, "x minus its value some rows before", |g, a| {
            g.delta(a.terms[0], a.rows(1))
        })
    },
    entry(&["ts_sum", "sum", "Sum"], WINDOW, "sum", |g, a| g.rolling_sum(a.terms[0], a.rows(1))),
    entry(&["ts_product", "product"], WINDOW, "product", |g, a| g.rolling_product(a.terms[0], a.rows(1))),
    entry(&["ts_mean", "mean", "Mean"], WINDOW, "mean", |g, a| g.rolling_mean(a.terms[0], a.rows(1))),
    entry(&["ts_std", "stddev", "Std", "ts_stddev"], SAMPLE, "sample standard deviation (ddof 1)", |g, a| {
        g.rolling_std(a.terms[0], a.rows(1))
    }),
    entry(&["ts_var", "Var"], SAMPLE, "sample variance (ddof 1)", |g, a| g.rolling_var(a.terms[0], a.rows(1))),
    entry(&["ts_mad", "Mad"], WINDOW, "mean absolute deviation from the mean", |g, a| {
        g.rolling_mad(a.terms[0], a.rows(1))
    }),
    entry(
        &["ts_skew", "Skew"],
        &[series("x"), rows("window", 3)],
        "sample skewness; missing where all values are equal",
        |g, a| g.rolling_skew(a.terms[0], a.rows(1)),
    ),
    entry(
        &["ts_kurt", "Kurt"],
        &[series("x"), rows("window", 4)],
        "sample excess kurtosis; missing where all values are equal",
        |g, a| g.rolling_kurt(a.terms[0], a.rows(1)),
    ),
    entry(&["ts_zscore"], SAMPLE, "x minus its mean over its sample deviation", |g, a| {
        let mean = g.rolling_mean(a.terms[0], a.rows(1));
        let deviation = g.rolling_std(a.terms[0], a.rows(1));
        let distance = g.binary(Binary::Subtract, a.terms[0], mean);
        g.binary(Binary::Divide, distance, deviation)
    }),
    entry(&["ts_min", "Min", "Ts_Min"], WINDOW, "smallest value", |g, a| g.rolling_min(a.terms[0], a.rows(1))),
    entry(&["ts_max", "Max", "Ts_Max"], WINDOW, "largest value", |g, a| g.rolling_max(a.terms[0], a.rows(1))),
    entry(
        &["ts_argmin", "IdxMin", "Ts_ArgMin"],
        WINDOW,
        "position of the smallest value, oldest row 1; the oldest on ties",
        |g, a| g.rolling_argmin(a.terms[0], a.rows(1)),
    ),
    entry(
        &["ts_argmax", "IdxMax", "Ts_ArgMax"],
        WINDOW,
        "position of the largest value, oldest row 1; the oldest on ties",
        |g, a| g.rolling_argmax(a.terms[0], a.rows(1)),
    ),
    entry(
        &["ts_age_min"],
        WINDOW,
        "rows since the smallest value, 0 for the current row; the newest on ties",
        |g, a| g.rolling_age_of_min(a.terms[0], a.rows(1)),
    ),
    entry(
        &["ts_age_max"],
        WINDOW,
        "rows since the largest value, 0 for the current row; the newest on ties",
        |g, a| g.rolling_age_of_max(a.terms[0], a.rows(1)),
    ),
    entry(
        &["ts_rank", "Rank", "Ts_Rank"],
        WINDOW,
        "average rank of the newest value over the window length, in (0, 1]",
        |g, a| g.rolling_rank(a.terms[0], a.rows(1)),
    ),
    entry(&["ts_median", "Med"], WINDOW, "median", |g, a| g.rolling_quantile(a.terms[0], a.rows(1), 0.5)),
    entry(&["ts_quantile", "Quantile"], QUANTILE, "quantile q, linear between neighbouring values", |g, a| {
        g.rolling_quantile(a.terms[0], a.rows(1), a.number(2))
    }),
    entry(
        &["ts_corr", "correlation", "Corr"],
        PAIR,
        "Pearson correlation; missing where a side does not vary",
        |g, a| g.rolling_corr(a.terms[0], a.terms[1], a.rows(2)),
    ),
    entry(&["ts_cov", "covariance", "Cov"], PAIR, "sample covariance (ddof 1)", |g, a| {
        g.rolling_cov(a.terms[0], a.terms[1], a.rows(2))
    }),
    entry(
        &["decay_linear", "WMA", "ts_decay_linear"],
        WINDOW,
        "mean with weights from window (newest row) down to 1 (oldest)",
        |g, a| g.rolling_decay(a.terms[0], a.rows(1)),
    ),
    Operator {
        missing: Missing::Own,
        ..entry(
            &["ts_count", "Count"],
            WINDOW,
            "number of rows that have a value; missing in the first rows of the symbol, before the window is full",
            |g, a| {
                let here = g.unary(Unary::HasValue, a.terms[0]);
                g.rolling_sum(here, a.rows(1))
            },
        )
    },
];
