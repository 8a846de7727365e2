//! Statistics of all values so far. A missing value leaves what is carried as it is and gives a missing result.
//!
//! Deviations are taken from the first value, which differences of neighbouring values make exact for prices, and
//! moments are moved from row to row as Pebay (2008), Formulas for Robust, One-Pass Parallel Computation of
//! Covariances, has it.

use crosscut_kernels::StepFunction;

use super::table::series;
use super::{Missing, Operator, OperatorFamily, Parameter, Stage};

/// Parameters of a statistic of one series.
const ONE: &[Parameter] = &[series("x")];
/// Parameters of a statistic of two series.
const PAIR: &[Parameter] = &[series("x"), series("y")];

/// The family.
pub(super) const FAMILY: OperatorFamily = OperatorFamily {
    title: "All values so far",
    about: "As the windows, but from the symbol's first value on. They are what qlib's names mean with a window of 0: \
            `Mean($close, 0)` is `cummean(close)`. In qlib's `Med`, `Mad`, `Rank` and `Quantile` such a window would \
            have to keep all rows; here it is refused.",
    operators: OPERATORS,
    #[cfg(test)]
    slow: &[],
};

/// The values of the examples.
const SO_FAR: &str = "x: 2 8 - 4 6";
/// The same with a second series.
const TWO: &str = "x: 1 2 - 3; y: 1 3 9 2";

/// The table.
const OPERATORS: &[Operator] = &[
    entry("cummean", ONE, "mean of all values so far", &MEAN).example("cummean(x)", SO_FAR, "2 5 - 14/3 5"),
    entry("cumvar", ONE, "sample variance (ddof 1) of all values so far", &VARIANCE).example(
        "cumvar(x)",
        SO_FAR,
        "- 18 - 28/3 20/3",
    ),
    entry("cumstd", ONE, "sample standard deviation (ddof 1) of all values so far", &DEVIATION).example(
        "cumstd(x)",
        "x: 1 2 - 3",
        "- 0.7071067811865476 - 1",
    ),
    // The numbers of ts_skew and ts_kurt.
    entry("cumskew", ONE, "sample skewness of all values so far; missing while all are equal", &SKEWNESS).example(
        "cumskew(x)",
        SO_FAR,
        "- - - 0.9352195295828235 0",
    ),
    entry("cumkurt", ONE, "sample excess kurtosis of all values so far; missing while all are equal", &KURTOSIS)
        .example("cumkurt(x)", SO_FAR, "- - - - -6/5"),
    entry("cumcount", ONE, "number of values so far, that of the row counted; never missing", &COUNT)
        .missing(Missing::Own)
        .example("cumcount(x)", SO_FAR, "1 2 2 3 4"),
    entry(
        "cumargmax",
        ONE,
        "position of the largest value so far, the first value 1; the oldest on ties",
        &PLACE_OF_MAX,
    )
    .example("cumargmax(x)", "x: 2 8 - 8 9", "1 2 - 2 4"),
    entry(
        "cumargmin",
        ONE,
        "position of the smallest value so far, the first value 1; the oldest on ties",
        &PLACE_OF_MIN,
    )
    .example("cumargmin(x)", "x: 3 2 - 2 1", "1 2 - 2 4"),
    entry("cumdelta", ONE, "x minus the first value", &SINCE_FIRST).example("cumdelta(x)", SO_FAR, "0 6 - 2 4"),
    // (3 * 4 + 2 * 8 + 2) / 6 and (4 * 6 + 3 * 4 + 2 * 8 + 2) / 10.
    entry("cumdecay", ONE, "mean of all values so far with weights from 1 (first) up to their number", &DECAY).example(
        "cumdecay(x)",
        SO_FAR,
        "2 6 - 5 27/5",
    ),
    // The lines through 2 8, 2 8 4 and 2 8 4 6: deviations -8/3 10/3 -2/3, then -3 3 -1 1.
    entry("cumslope", ONE, "slope of the line through all values so far, per value", &SLOPE).example(
        "cumslope(x)",
        SO_FAR,
        "- 6 - 1 4/5",
    ),
    entry(
        "cumrsquare",
        ONE,
        "share of the variance that the line through all values so far explains; missing while all are equal",
        &RSQUARE,
    )
    .example("cumrsquare(x)", SO_FAR, "- 1 - 3/28 4/25"),
    entry("cumresidual", ONE, "x minus the line through all values so far", &RESIDUAL).example(
        "cumresidual(x)",
        SO_FAR,
        "- 0 - -5/3 -1/5",
    ),
    entry("cumcov", PAIR, "sample covariance (ddof 1) of all pairs so far", &COVARIANCE).example(
        "cumcov(x, y)",
        TWO,
        "- 1 - 1/2",
    ),
    entry("cumcorr", PAIR, "Pearson correlation of all pairs so far; missing while a side does not vary", &CORRELATION)
        .example("cumcorr(x, y)", TWO, "- 1 - 1/2"),
];

/// An entry.
const fn entry(
    name: &'static str,
    parameters: &'static [Parameter],
    summary: &'static str,
    step: &'static StepFunction,
) -> Operator {
    Operator::stepped(name, parameters, summary, step).stage(Stage::Accumulator).missing(Missing::Carried)
}

/// A statistic that is missing in the first `warm_up` values.
const fn statistic(
    name: &'static str,
    n_carried: usize,
    warm_up: u32,
    step: fn(&mut [f64], [f64; 4]) -> f64,
) -> StepFunction {
    StepFunction { name, n_carried, warm_up, step }
}

/// Mean.
static MEAN: StepFunction = statistic("cummean", MOMENTS, 0, |c, [x, ..]| of_moments(c, x, |m| m.first + m.mean));
/// Sample variance.
static VARIANCE: StepFunction = statistic("cumvar", MOMENTS, 1, |c, [x, ..]| of_moments(c, x, Moments::variance));
/// Sample deviation.
static DEVIATION: StepFunction =
    statistic("cumstd", MOMENTS, 1, |c, [x, ..]| of_moments(c, x, |m| m.variance().sqrt()));
/// Sample skewness.
static SKEWNESS: StepFunction = statistic("cumskew", MOMENTS, 2, |c, [x, ..]| {
    of_moments(c, x, |m| {
        let deviation = m.variance().sqrt();
        m.n / ((m.n - 1.0) * (m.n - 2.0)) * (m.cubes / (deviation * deviation * deviation))
    })
});
/// Sample excess kurtosis.
static KURTOSIS: StepFunction = statistic("cumkurt", MOMENTS, 3, |c, [x, ..]| {
    of_moments(c, x, |m| {
        let (n, below) = (m.n, (m.n - 2.0) * (m.n - 3.0));
        let ratio = m.fourths / (m.variance() * m.variance());
        n * (n + 1.0) / ((n - 1.0) * below) * ratio - 3.0 * (n - 1.0) * (n - 1.0) / below
    })
});
/// Carries the number of values.
static COUNT: StepFunction = statistic("cumcount", 1, 0, |c, [x, ..]| {
    c[0] += f64::from(u8::from(x.is_finite()));
    c[0]
});
/// Where the largest stands.
static PLACE_OF_MAX: StepFunction = statistic("cumargmax", 3, 0, |c, [x, ..]| place(c, x));
/// Where the smallest stands.
static PLACE_OF_MIN: StepFunction = statistic("cumargmin", 3, 0, |c, [x, ..]| place(c, -x));
/// Distance from the first value: carries it, and whether there is one.
static SINCE_FIRST: StepFunction = statistic("cumdelta", 2, 0, |c, [x, ..]| {
    if c[1] == 0.0 && x.is_finite() {
        (c[0], c[1]) = (x, 1.0);
    }
    x - c[0]
});
/// Carries the number of values, the first, and the weighted sum of the distances from it.
static DECAY: StepFunction = statistic("cumdecay", 3, 0, |c, [x, ..]| {
    if !x.is_finite() {
        return f64::NAN;
    }
    c[0] += 1.0;
    if c[0] == 1.0 {
        c[1] = x;
    }
    c[2] += c[0] * (x - c[1]);
    c[1] + c[2] / (c[0] * (c[0] + 1.0) / 2.0)
});
/// Slope on the number of the value.
static SLOPE: StepFunction = statistic("cumslope", PAIRS, 1, |c, [y, ..]| of_trend(c, y, Pairs::slope));
/// What the line on the number of the value explains.
static RSQUARE: StepFunction = statistic("cumrsquare", PAIRS, 1, |c, [y, ..]| {
    of_trend(c, y, |p| p.products * p.products / (p.squares_x * p.squares_y))
});
/// What the line on the number of the value leaves over.
static RESIDUAL: StepFunction = statistic("cumresidual", PAIRS, 1, |c, [y, ..]| {
    of_trend(c, y, |p| (p.last_y - p.mean_y) - p.slope() * (p.last_x - p.mean_x))
});
/// Sample covariance.
static COVARIANCE: StepFunction =
    statistic("cumcov", PAIRS, 1, |c, [x, y, ..]| of_pairs(c, [x, y], |p| p.products / (p.n - 1.0)));
/// Correlation.
static CORRELATION: StepFunction = statistic("cumcorr", PAIRS, 1, |c, [x, y, ..]| {
    of_pairs(c, [x, y], |p| (p.products / (p.squares_x * p.squares_y).sqrt()).clamp(-1.0, 1.0))
});

/// Carries the number of values, the largest, and where it stands.
fn place(carried: &mut [f64], x: f64) -> f64 {
    if !x.is_finite() {
        return f64::NAN;
    }
    carried[0] += 1.0;
    if carried[0] == 1.0 || x > carried[1] {
        (carried[1], carried[2]) = (x, carried[0]);
    }
    carried[2]
}

/// Numbers that [`Moments`] carries.
const MOMENTS: usize = 6;

/// Moments of the values so far, which are taken from the first one.
struct Moments {
    /// Number of values.
    n: f64,
    /// The first one.
    first: f64,
    /// Mean of the distances from it.
    mean: f64,
    /// Sums of the powers of the deviations from the mean: of squares.
    squares: f64,
    /// Of cubes.
    cubes: f64,
    /// Of fourth powers.
    fourths: f64,
}

impl Moments {
    /// Sample variance.
    fn variance(&self) -> f64 {
        self.squares / (self.n - 1.0)
    }
}

/// Takes a value in, and tells a statistic of all so far.
fn of_moments(carried: &mut [f64], x: f64, statistic: impl Fn(&Moments) -> f64) -> f64 {
    if !x.is_finite() {
        return f64::NAN;
    }
    let [before, first, mean, squares, cubes, fourths] = std::array::from_fn(|at| carried[at]);
    let (n, first) = (before + 1.0, if before == 0.0 { x } else { first });
    let distance = (x - first) - mean;
    let step = distance / n;
    let grown = distance * step * before;
    let moments = Moments {
        n,
        first,
        mean: mean + step,
        squares: squares + grown,
        cubes: cubes + (grown * step * (n - 2.0) - 3.0 * step * squares),
        fourths: fourths
            + (grown * step * step * (n * n - 3.0 * n + 3.0) + 6.0 * step * step * squares - 4.0 * step * cubes),
    };
    carried.copy_from_slice(&[n, first, moments.mean, moments.squares, moments.cubes, moments.fourths]);
    statistic(&moments)
}

/// Numbers that [`Pairs`] carries.
const PAIRS: usize = 8;

/// Moments of the pairs so far. Means are distances from the first pair.
struct Pairs {
    /// Number of pairs.
    n: f64,
    /// Mean of x.
    mean_x: f64,
    /// Mean of y.
    mean_y: f64,
    /// The newest x.
    last_x: f64,
    /// The newest y.
    last_y: f64,
    /// Sum of the products of the deviations.
    products: f64,
    /// Sum of the squares of those of x.
    squares_x: f64,
    /// Sum of the squares of those of y.
    squares_y: f64,
}

impl Pairs {
    /// Slope of y on x.
    fn slope(&self) -> f64 {
        self.products / self.squares_x
    }
}

/// Takes a pair in, and tells a statistic of all so far.
fn of_pairs(carried: &mut [f64], [x, y]: [f64; 2], statistic: impl Fn(&Pairs) -> f64) -> f64 {
    if !x.is_finite() || !y.is_finite() {
        return f64::NAN;
    }
    let [before, first_x, first_y, mean_x, mean_y, products, squares_x, squares_y] =
        std::array::from_fn(|at| carried[at]);
    let n = before + 1.0;
    let (first_x, first_y) = if before == 0.0 { (x, y) } else { (first_x, first_y) };
    let (last_x, last_y) = (x - first_x, y - first_y);
    let (distance_x, distance_y) = (last_x - mean_x, last_y - mean_y);
    let share = before / n;
    let pairs = Pairs {
        n,
        mean_x: mean_x + distance_x / n,
        mean_y: mean_y + distance_y / n,
        last_x,
        last_y,
        products: products + distance_x * distance_y * share,
        squares_x: squares_x + distance_x * distance_x * share,
        squares_y: squares_y + distance_y * distance_y * share,
    };
    carried.copy_from_slice(&[
        n,
        first_x,
        first_y,
        pairs.mean_x,
        pairs.mean_y,
        pairs.products,
        pairs.squares_x,
        pairs.squares_y,
    ]);
    statistic(&pairs)
}

/// Takes a value in as a pair with its number, and tells a statistic of all so far.
fn of_trend(carried: &mut [f64], y: f64, statistic: impl Fn(&Pairs) -> f64) -> f64 {
    let number = carried[0];
    of_pairs(carried, [number, y], statistic)
}
