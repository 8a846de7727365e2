//! Rolling window statistics, built from row-by-row operations on lagged values.
//!
//! A window of `n` rows is the union of a newer and an older part. Where the statistic of the whole follows from
//! those of the parts, the window needs about `log2 n` vector operations per row, and windows of the same series
//! share their parts (the sums over 2, 4, 8 and 16 rows serve 5, 10, 20 and 60). There is nothing running: the value
//! at a row is the same arithmetic on the same last `n` values wherever the series was cut or begun, so rounding
//! errors cannot accumulate, a missing value is forgotten when it leaves the window, and no restart is needed.
//!
//! Variances are merged by the pairwise rule of Chan, Golub and LeVeque (1979): `M = M_a + M_b + (mean_b - mean_a)^2
//! a b / (a + b)`, all terms positive. Means are kept as offsets from the last value of the part, so that values near
//! 1e9 with unit noise lose nothing: differences of neighbouring values are exact.

use crate::dispersion::{Dispersion, Shape};
use crate::graph::{Graph, Term};
use crate::operation::{Binary, Operation, Scalar, Unary};
use crate::ordered::{Quantile, Rank};

/// Which part of a window statistic a remembered term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// Sum.
    Sum,
    /// Sum with weights `n .. 1` from the newest to the oldest.
    Decay,
    /// Mean minus the newest value.
    Offset,
    /// Mean of the older part minus mean of the newer part.
    Gap,
    /// Sum of products of deviations.
    Comoment,
    /// Maximum.
    Maximum,
    /// Minimum.
    Minimum,
    /// Rows since the maximum.
    MaximumAge,
    /// Rows since the minimum.
    MinimumAge,
    /// Rows since the latest maximum.
    LatestMaximumAge,
    /// Rows since the latest minimum.
    LatestMinimumAge,
    /// Product.
    Product,
    /// Sum of the products of the deviations with those of the row number.
    Trend,
}

/// The lengths of the newer and the older part of a window of `n >= 2` rows: halves of a power of two, else the
/// largest power of two is the older part. So every part is again a window that others use.
pub(crate) fn split(n: u32) -> (u32, u32) {
    let power = 1 << n.ilog2();
    if power == n { (n / 2, n / 2) } else { (n - power, power) }
}

/// The lag at which two windows of the same length, a power of two, cover `n` rows together, and that length.
fn overlap(n: u32) -> (u32, u32) {
    let length = if n.is_power_of_two() { n / 2 } else { 1 << n.ilog2() };
    (n - length, length)
}

impl Graph {
    /// `x` as it was `rows` rows before.
    pub fn delay(&mut self, x: Term, rows: u32) -> Term {
        self.lagged(x, rows)
    }

    /// `x` minus its value `rows` rows before.
    pub fn delta(&mut self, x: Term, rows: u32) -> Term {
        let before = self.delay(x, rows);
        self.binary(Binary::Subtract, x, before)
    }

    /// Sum of the last `window` values.
    pub fn rolling_sum(&mut self, x: Term, window: u32) -> Term {
        if window == 1 {
            return x;
        }
        self.remember(Part::Sum, [x, x], window, |graph| {
            let (newer, older) = split(window);
            let newer_sum = graph.rolling_sum(x, newer);
            let older_sum = graph.rolling_sum(x, older);
            let older_sum = graph.delay(older_sum, newer);
            graph.binary(Binary::Add, newer_sum, older_sum)
        })
    }

    /// Product of the last `window` values.
    pub fn rolling_product(&mut self, x: Term, window: u32) -> Term {
        if window == 1 {
            return x;
        }
        self.remember(Part::Product, [x, x], window, |graph| {
            let (newer, older) = split(window);
            let newer_product = graph.rolling_product(x, newer);
            let older_product = graph.rolling_product(x, older);
            let older_product = graph.delay(older_product, newer);
            graph.binary(Binary::Multiply, newer_product, older_product)
        })
    }

    /// Mean of the last `window` values.
    pub fn rolling_mean(&mut self, x: Term, window: u32) -> Term {
        let sum = self.rolling_sum(x, window);
        let count = self.constant(f64::from(window));
        self.binary(Binary::Divide, sum, count)
    }

    /// Mean of the last `window` values with linearly falling weights: `window` for the newest, 1 for the oldest.
    pub fn rolling_decay(&mut self, x: Term, window: u32) -> Term {
        let sum = self.decay_sum(x, window);
        let weight = self.constant(f64::from(window) * f64::from(window + 1) / 2.0);
        self.binary(Binary::Divide, sum, weight)
    }

    /// Sum with weights `window .. 1`: the newer part's weights are its own plus the older part's length each.
    fn decay_sum(&mut self, x: Term, window: u32) -> Term {
        if window == 1 {
            return x;
        }
        self.remember(Part::Decay, [x, x], window, |graph| {
            let (newer, older) = split(window);
            let newer_decay = graph.decay_sum(x, newer);
            let older_decay = graph.decay_sum(x, older);
            let older_decay = graph.delay(older_decay, newer);
            let newer_sum = graph.rolling_sum(x, newer);
            graph.node(Operation::AddTwoScaled(Scalar(f64::from(older))), &[newer_decay, older_decay, newer_sum])
        })
    }

    /// Mean of the last `window` values minus the newest one.
    pub(crate) fn offset(&mut self, x: Term, window: u32) -> Term {
        if window == 1 {
            return self.constant(0.0);
        }
        self.remember(Part::Offset, [x, x], window, |graph| {
            let (newer, older) = split(window);
            let newer_offset = graph.offset(x, newer);
            let gap = graph.gap(x, window);
            graph.node(Operation::AddScaled(Scalar(f64::from(older) / f64::from(window))), &[newer_offset, gap])
        })
    }

    /// Mean of the older part of the window minus mean of its newer part.
    pub(crate) fn gap(&mut self, x: Term, window: u32) -> Term {
        self.remember(Part::Gap, [x, x], window, |graph| {
            let (newer, older) = split(window);
            let newer_offset = graph.offset(x, newer);
            let older_offset = graph.offset(x, older);
            let older_offset = graph.delay(older_offset, newer);
            let older_last = graph.delay(x, newer);
            graph.node(Operation::MeanGap, &[newer_offset, older_offset, x, older_last])
        })
    }

    /// Sum over the window of the products of the deviations from the two means.
    pub(crate) fn comoment(&mut self, x: Term, y: Term, window: u32) -> Term {
        if window == 1 {
            return self.constant(0.0);
        }
        self.remember(Part::Comoment, [x, y], window, |graph| {
            let (newer, older) = split(window);
            let newer_moment = graph.comoment(x, y, newer);
            let older_moment = graph.comoment(x, y, older);
            let older_moment = graph.delay(older_moment, newer);
            let (gap_x, gap_y) = (graph.gap(x, window), graph.gap(y, window));
            let weight = f64::from(newer) * f64::from(older) / f64::from(window);
            graph.node(Operation::AddProduct(Scalar(weight)), &[newer_moment, older_moment, gap_x, gap_y])
        })
    }

    /// Sample standard deviation (ddof 1) of the last `window` values, at least 2.
    pub fn rolling_std(&mut self, x: Term, window: u32) -> Term {
        let squares = self.comoment(x, x, window);
        self.node(Operation::RootScaled(Scalar(1.0 / (f64::from(window) - 1.0))), &[squares])
    }

    /// Newest value minus the mean, over the sample standard deviation, of the last `window` values, at least 2. The
    /// distance is that of the parts: a mean near 1e9 is itself rounded by more than 1e-9 of a unit deviation.
    pub fn rolling_zscore(&mut self, x: Term, window: u32) -> Term {
        let offset = self.offset(x, window);
        let deviation = self.rolling_std(x, window);
        let below = self.binary(Binary::Divide, offset, deviation);
        self.unary(Unary::Negate, below)
    }

    /// Sample variance (ddof 1) of the last `window` values, at least 2.
    pub fn rolling_var(&mut self, x: Term, window: u32) -> Term {
        self.rolling_cov(x, x, window)
    }

    /// Sample covariance (ddof 1) over the last `window` rows, at least 2.
    pub fn rolling_cov(&mut self, x: Term, y: Term, window: u32) -> Term {
        let products = self.comoment(x, y, window);
        let freedom = self.constant(f64::from(window) - 1.0);
        self.binary(Binary::Divide, products, freedom)
    }

    /// Pearson correlation over the last `window` rows, at least 2; missing where a side does not vary.
    pub fn rolling_corr(&mut self, x: Term, y: Term, window: u32) -> Term {
        if window == 2 {
            return self.corr_of_two(x, y);
        }
        let products = self.comoment(x, y, window);
        let squares_x = self.comoment(x, x, window);
        let squares_y = self.comoment(y, y, window);
        self.node(Operation::Correlation, &[products, squares_x, squares_y])
    }

    /// Correlation of two rows: 1 or -1 exactly, which a quotient of rounded numbers may miss. Ranks of such values
    /// would otherwise be ranks of rounding errors.
    fn corr_of_two(&mut self, x: Term, y: Term) -> Term {
        let (gap_x, gap_y) = (self.gap(x, 2), self.gap(y, 2));
        let (sign_x, sign_y) = (self.unary(Unary::Sign, gap_x), self.unary(Unary::Sign, gap_y));
        let product = self.binary(Binary::Multiply, sign_x, sign_y);
        let one = self.constant(1.0);
        self.binary(Binary::Divide, one, product)
    }

    /// Largest of the last `window` values.
    pub fn rolling_max(&mut self, x: Term, window: u32) -> Term {
        self.extreme(Binary::Maximum, Part::Maximum, x, window)
    }

    /// Smallest of the last `window` values.
    pub fn rolling_min(&mut self, x: Term, window: u32) -> Term {
        self.extreme(Binary::Minimum, Part::Minimum, x, window)
    }

    /// Largest or smallest of the window; the two parts may overlap, which does not change an extreme.
    fn extreme(&mut self, binary: Binary, part: Part, x: Term, window: u32) -> Term {
        if window == 1 {
            return x;
        }
        self.remember(part, [x, x], window, |graph| {
            let (lag, length) = overlap(window);
            let newer = graph.extreme(binary, part, x, length);
            let older = graph.delay(newer, lag);
            graph.binary(binary, newer, older)
        })
    }

    /// Position of the largest of the last `window` values, 1 for the oldest row and `window` for the newest; the
    /// oldest on ties.
    pub fn rolling_argmax(&mut self, x: Term, window: u32) -> Term {
        let age = self.extreme_age(Part::MaximumAge, x, window);
        self.position(x, age, window)
    }

    /// Position of the smallest of the last `window` values, counted as in [`Self::rolling_argmax`].
    pub fn rolling_argmin(&mut self, x: Term, window: u32) -> Term {
        let age = self.extreme_age(Part::MinimumAge, x, window);
        self.position(x, age, window)
    }

    /// Rows since the largest of the last `window` values, 0 for the newest row; the newest on ties.
    pub fn rolling_age_of_max(&mut self, x: Term, window: u32) -> Term {
        self.age(Part::LatestMaximumAge, x, window)
    }

    /// Rows since the smallest of the last `window` values, 0 for the newest row; the newest on ties.
    pub fn rolling_age_of_min(&mut self, x: Term, window: u32) -> Term {
        self.age(Part::LatestMinimumAge, x, window)
    }

    /// An age; missing with `x` for one row.
    fn age(&mut self, part: Part, x: Term, window: u32) -> Term {
        if window == 1 { self.binary(Binary::Subtract, x, x) } else { self.extreme_age(part, x, window) }
    }

    /// Position from the oldest row, counted from 1, of a row that is `age` rows old; missing with `x` for one row.
    fn position(&mut self, x: Term, age: Term, window: u32) -> Term {
        if window == 1 {
            let zero = self.binary(Binary::Subtract, x, x);
            let one = self.constant(1.0);
            return self.binary(Binary::Add, zero, one);
        }
        let newest = self.constant(f64::from(window));
        self.binary(Binary::Subtract, newest, age)
    }

    /// Rows since the extreme of the window.
    fn extreme_age(&mut self, part: Part, x: Term, window: u32) -> Term {
        if window == 1 {
            return self.constant(0.0);
        }
        self.remember(part, [x, x], window, |graph| {
            let (lag, length) = overlap(window);
            let newer_age = graph.extreme_age(part, x, length);
            let older_age = graph.delay(newer_age, lag);
            let is_maximum = matches!(part, Part::MaximumAge | Part::LatestMaximumAge);
            let newer = if is_maximum { graph.rolling_max(x, length) } else { graph.rolling_min(x, length) };
            let older = graph.delay(newer, lag);
            let lag = Scalar(f64::from(lag));
            let operation = match part {
                Part::MaximumAge => Operation::AgeOfMaximum(lag),
                Part::LatestMaximumAge => Operation::AgeOfLatestMaximum(lag),
                Part::LatestMinimumAge => Operation::AgeOfLatestMinimum(lag),
                _ => Operation::AgeOfMinimum(lag),
            };
            graph.node(operation, &[newer, older, newer_age, older_age])
        })
    }

    /// Average rank of the newest value among the last `window`, over `window`: in (0, 1].
    pub fn rolling_rank(&mut self, x: Term, window: u32) -> Term {
        self.node(Operation::Rank(Rank { window }), &[x])
    }

    /// Quantile of the last `window` values, linear between neighbours; `probability` in [0, 1].
    pub fn rolling_quantile(&mut self, x: Term, window: u32, probability: f64) -> Term {
        self.node(Operation::Quantile(Quantile { window, probability: Scalar(probability) }), &[x])
    }

    /// Mean absolute deviation of the last `window` values from their mean.
    pub fn rolling_mad(&mut self, x: Term, window: u32) -> Term {
        self.node(Operation::Dispersion(Dispersion { window, shape: Shape::MeanAbsolute }), &[x])
    }

    /// Sample skewness of the last `window` values, at least 3, with the usual correction for small samples.
    pub fn rolling_skew(&mut self, x: Term, window: u32) -> Term {
        self.node(Operation::Dispersion(Dispersion { window, shape: Shape::Skewness }), &[x])
    }

    /// Sample excess kurtosis of the last `window` values, at least 4, with the usual correction for small samples.
    pub fn rolling_kurt(&mut self, x: Term, window: u32) -> Term {
        self.node(Operation::Dispersion(Dispersion { window, shape: Shape::Kurtosis }), &[x])
    }

    /// A function of one value.
    pub fn unary(&mut self, unary: Unary, x: Term) -> Term {
        self.node(Operation::Unary(unary), &[x])
    }

    /// A function of two values.
    pub fn binary(&mut self, binary: Binary, a: Term, b: Term) -> Term {
        self.node(Operation::Binary(binary), &[a, b])
    }

    /// `a` where `condition` is not 0, else `b`.
    pub fn select(&mut self, condition: Term, a: Term, b: Term) -> Term {
        self.node(Operation::Select, &[condition, a, b])
    }
}
