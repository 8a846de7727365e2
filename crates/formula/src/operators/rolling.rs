//! Delays and rolling windows over a symbol's own rows. A window counts rows, the current one included; it gives a
//! value only when all its rows have one.

use crosscut_kernels::{Binary, Graph, Term, Unary, WindowFunction};

use super::table::{probability, rows, series};
use super::{Arguments, Missing, Operator, OperatorFamily, Parameter};

/// Parameters of a function of one window.
const WINDOW: &[Parameter] = &[series("x"), rows("window", 1)];
/// Parameters of a sample statistic of one window.
const SAMPLE: &[Parameter] = &[series("x"), rows("window", 2)];
/// Parameters of a sample statistic of two windows.
const PAIR: &[Parameter] = &[series("x"), series("y"), rows("window", 2)];
/// Parameters of a delay.
const DELAY: &[Parameter] = &[series("x"), rows("rows", 0)];

/// The family.
pub(super) const FAMILY: OperatorFamily = OperatorFamily {
    title: "Delays and rolling windows",
    about: "Over a symbol's own rows. A window counts rows, the current one included, and gives a value only when all its \
            rows have one.",
    operators: OPERATORS,
    #[cfg(test)]
    slow: &[],
};

/// The closes of most examples.
const CLOSES: &str = "x: 2 8 4 6";
/// Where the functions of the formulaic alphas are defined.
const ALPHAS: &str = "Kakushadze (2015), 101 Formulaic Alphas, arXiv:1601.00991, appendix A";

/// The table.
const OPERATORS: &[Operator] = &[
    Operator::built("delay", DELAY, "the value some rows before", |g, a| g.delay(a.terms[0], a.rows(1)))
        .over_all("first")
        .also(&["Ref", "ts_delay"])
        .source(ALPHAS)
        .example("delay(x, 1)", CLOSES, "- 2 8 4"),
    Operator::built("delta", DELAY, "x minus its value some rows before", |g, a| g.delta(a.terms[0], a.rows(1)))
        .over_all("cumdelta")
        .also(&["Delta", "ts_delta"])
        .source(ALPHAS)
        .example("delta(x, 2)", CLOSES, "- - 2 -2"),
    entry("ts_sum", WINDOW, "sum of the window", |g, a| g.rolling_sum(a.terms[0], a.rows(1)))
        .over_all("cumsum")
        .also(&["sum", "Sum"])
        .example("ts_sum(x, 2)", "x: 2 8 4 - 6 1", "- 10 12 - - 7"),
    entry("ts_product", WINDOW, "product of the window", |g, a| g.rolling_product(a.terms[0], a.rows(1)))
        .also(&["product"])
        .example("ts_product(x, 3)", CLOSES, "- - 64 192"),
    entry("ts_mean", WINDOW, "mean of the window", |g, a| g.rolling_mean(a.terms[0], a.rows(1)))
        .over_all("cummean")
        .also(&["mean", "Mean"])
        .example("ts_mean(x, 3)", CLOSES, "- - 14/3 6"),
    entry("ts_std", SAMPLE, "sample standard deviation (ddof 1)", |g, a| g.rolling_std(a.terms[0], a.rows(1)))
        .over_all("cumstd")
        .also(&["stddev", "Std", "ts_stddev"])
        .example("ts_std(x, 3)", "x: 1 2 3 5 7", "- - 1 1.5275252316519468 2"),
    entry("ts_var", SAMPLE, "sample variance (ddof 1)", |g, a| g.rolling_var(a.terms[0], a.rows(1)))
        .over_all("cumvar")
        .also(&["Var"])
        .example("ts_var(x, 2)", CLOSES, "- 18 8 2"),
    entry("ts_mad", WINDOW, "mean absolute deviation from the mean", |g, a| g.rolling_mad(a.terms[0], a.rows(1)))
        .also(&["Mad"])
        .source("qlib Mad")
        // Around 14/3: 8/3, 10/3, 2/3; around 6: 2, 2, 0.
        .example("ts_mad(x, 3)", CLOSES, "- - 20/9 4/3"),
    entry("ts_median_deviation", WINDOW, "median of the absolute deviations from the median", |g, a| {
        g.over_window(&MEDIAN_DEVIATION, &a.terms[..1], a.rows(1))
    })
    // Around 4: 2, 4, 0; around 6: 2, 2, 0.
    .example("ts_median_deviation(x, 3)", CLOSES, "- - 2 2"),
    entry(
        "ts_skew",
        &[series("x"), rows("window", 3)],
        "sample skewness; missing where all values are equal",
        |g, a| g.rolling_skew(a.terms[0], a.rows(1)),
    )
    .over_all("cumskew")
    .also(&["Skew"])
    .source("pandas skew: n / ((n - 1) (n - 2)) times the sum of cubes over the cube of the sample deviation")
    // Deviations -8/3 10/3 -2/3: cubes sum to 160/9, variance 28/3; 3/2 of their ratio.
    .example("ts_skew(x, 3)", CLOSES, "- - 0.9352195295828235 0"),
    entry(
        "ts_kurt",
        &[series("x"), rows("window", 4)],
        "sample excess kurtosis; missing where all values are equal",
        |g, a| g.rolling_kurt(a.terms[0], a.rows(1)),
    )
    .over_all("cumkurt")
    .also(&["Kurt"])
    .source("pandas kurt")
    // Deviations -3 3 -1 1: variance 20/3, fourth powers 164; 20/6 * 164 / (20/3)^2 - 27/2.
    .example("ts_kurt(x, 4)", CLOSES, "- - - -6/5"),
    entry("ts_zscore", SAMPLE, "x minus its mean over its sample deviation", |g, a| {
        g.rolling_zscore(a.terms[0], a.rows(1))
    })
    .example("ts_zscore(x, 3)", "x: 1 2 3 1 -1", "- - 1 -1 -1"),
    entry("ts_scale", WINDOW, "place of x between the window's smallest (0) and largest value (1)", |g, a| {
        let low = g.rolling_min(a.terms[0], a.rows(1));
        let high = g.rolling_max(a.terms[0], a.rows(1));
        let (height, range) = (g.binary(Binary::Subtract, a.terms[0], low), g.binary(Binary::Subtract, high, low));
        g.binary(Binary::Divide, height, range)
    })
    .example("ts_scale(x, 3)", CLOSES, "- - 1/3 1/2"),
    entry("ts_min", WINDOW, "smallest value", |g, a| g.rolling_min(a.terms[0], a.rows(1)))
        .over_all("cummin")
        .also(&["Min", "Ts_Min"])
        .example("ts_min(x, 3)", CLOSES, "- - 2 4"),
    entry("ts_max", WINDOW, "largest value", |g, a| g.rolling_max(a.terms[0], a.rows(1)))
        .over_all("cummax")
        .also(&["Max", "Ts_Max"])
        .example("ts_max(x, 3)", CLOSES, "- - 8 8"),
    entry("ts_argmin", WINDOW, "position of the smallest value, oldest row 1; the oldest on ties", |g, a| {
        g.rolling_argmin(a.terms[0], a.rows(1))
    })
    .over_all("cumargmin")
    .also(&["IdxMin", "Ts_ArgMin"])
    .source("qlib IdxMin")
    .example("ts_argmin(x, 3)", "x: 2 8 4 4", "- - 1 2"),
    entry("ts_argmax", WINDOW, "position of the largest value, oldest row 1; the oldest on ties", |g, a| {
        g.rolling_argmax(a.terms[0], a.rows(1))
    })
    .over_all("cumargmax")
    .also(&["IdxMax", "Ts_ArgMax"])
    .source("qlib IdxMax")
    .example("ts_argmax(x, 3)", "x: 2 8 4 8", "- - 2 1"),
    entry("ts_age_min", WINDOW, "rows since the smallest value, 0 for the current row; the newest on ties", |g, a| {
        g.rolling_age_of_min(a.terms[0], a.rows(1))
    })
    .example("ts_age_min(x, 3)", "x: 2 8 4 4", "- - 2 0"),
    entry("ts_age_max", WINDOW, "rows since the largest value, 0 for the current row; the newest on ties", |g, a| {
        g.rolling_age_of_max(a.terms[0], a.rows(1))
    })
    .example("ts_age_max(x, 3)", "x: 2 8 4 8", "- - 1 0"),
    entry("ts_rank", WINDOW, "average rank of the newest value over the window length, in (0, 1]", |g, a| {
        g.rolling_rank(a.terms[0], a.rows(1))
    })
    .also(&["Rank", "Ts_Rank"])
    .source("qlib Rank; pandas rolling.rank(pct=True)")
    .example("ts_rank(x, 3)", "x: 2 8 4 4", "- - 2/3 1/2"),
    entry("ts_median", WINDOW, "median", |g, a| g.rolling_quantile(a.terms[0], a.rows(1), 0.5)).also(&["Med"]).example(
        "ts_median(x, 3)",
        CLOSES,
        "- - 4 6",
    ),
    entry(
        "ts_quantile",
        &[series("x"), rows("window", 1), probability("q")],
        "quantile q, linear between neighbouring values",
        |g, a| g.rolling_quantile(a.terms[0], a.rows(1), a.number(2)),
    )
    .also(&["Quantile"])
    .source("qlib Quantile; pandas rolling.quantile")
    .example("ts_quantile(x, 3, 0.75)", CLOSES, "- - 6 7"),
    entry("ts_corr", PAIR, "Pearson correlation; missing where a side does not vary", |g, a| {
        g.rolling_corr(a.terms[0], a.terms[1], a.rows(2))
    })
    .over_all("cumcorr")
    .also(&["correlation", "Corr"])
    // Deviations -1 0 1 against -1 1 0, then -1 1 0 against 0 -1 1.
    .example("ts_corr(x, y, 3)", "x: 1 2 3 -; y: 1 3 2 4", "- - 1/2 -"),
    entry("ts_cov", PAIR, "sample covariance (ddof 1)", |g, a| g.rolling_cov(a.terms[0], a.terms[1], a.rows(2)))
        .over_all("cumcov")
        .also(&["covariance", "Cov"])
        .example("ts_cov(x, y, 3)", "x: 1 2 3 -; y: 1 3 2 4", "- - 1/2 -"),
    entry("decay_linear", WINDOW, "mean with weights from window (newest row) down to 1 (oldest)", |g, a| {
        g.rolling_decay(a.terms[0], a.rows(1))
    })
    .over_all("cumdecay")
    .also(&["WMA", "ts_decay_linear"])
    .source(ALPHAS)
    // (3 * 4 + 2 * 8 + 2) / 6 and (3 * 6 + 2 * 4 + 8) / 6.
    .example("decay_linear(x, 3)", CLOSES, "- - 5 17/3"),
    entry(
        "ts_count",
        WINDOW,
        "number of rows that have a value; missing in the first rows of the symbol, before the window is full",
        |g, a| {
            let here = g.unary(Unary::HasValue, a.terms[0]);
            g.rolling_sum(here, a.rows(1))
        },
    )
    .over_all("cumcount")
    .also(&["Count"])
    .missing(Missing::Own)
    .source("qlib Count")
    .example("ts_count(x, 2)", "x: 1 2 3 -", "- 2 2 1"),
];

/// An entry for a window function.
const fn entry(
    name: &'static str,
    parameters: &'static [Parameter],
    summary: &'static str,
    build: fn(&mut Graph, &Arguments<'_>) -> Term,
) -> Operator {
    Operator::built(name, parameters, summary, build).missing(Missing::Window)
}

/// The median of the absolute deviations from the median.
static MEDIAN_DEVIATION: WindowFunction = WindowFunction {
    name: "ts_median_deviation",
    n_operands: 1,
    apply: |rows| {
        let mut values = rows[0].to_vec();
        // From the lower of the two values in the middle, so that values near 1e9 lose nothing.
        values.sort_unstable_by(f64::total_cmp);
        let low = values[(values.len() - 1) / 2];
        let half = (values[values.len() / 2] - low) / 2.0;
        values.iter_mut().for_each(|x| *x = ((*x - low) - half).abs());
        values.sort_unstable_by(f64::total_cmp);
        (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
    },
};
